# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of machine states and calls in which every script must do what its emulator does."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from lab.windows.states import all_of, without_empty_outputs
from tests.lab.emulators.cases import (
    agent,
    background_tasks,
    cluster,
    connectivity,
    fabric,
    files,
    host_machines,
    languages,
    node_pauses,
    observe,
    probes,
    provider,
    registration,
    removal,
    services,
    symptoms,
    virtual_machines,
    vmm,
)
from tests.lab.emulators.harness import Case

_ENGLISH: Final = (
    *observe.CASES,
    *connectivity.CASES,
    *files.CASES,
    *provider.CASES,
    *registration.CASES,
    *removal.CASES,
    *services.CASES,
    *vmm.CASES,
    *agent.CASES,
    *background_tasks.CASES,
    *cluster.CASES,
    *probes.CASES,
    *fabric.CASES,
    *node_pauses.CASES,
    *symptoms.CASES,
    *virtual_machines.CASES,
    *host_machines.CASES,
)
# One state of every script; the errors that Windows itself words come in addition.
_ONE_EACH: Final = {case.script: case for case in reversed(_ENGLISH)}


def _without_outputs(case: Case) -> Case:
    prepare = without_empty_outputs if case.prepare is None else all_of(case.prepare, without_empty_outputs)
    return replace(case, name=f"{case.name}, without empty outputs", prepare=prepare)


CASES: Final[tuple[Case, ...]] = (
    *_ENGLISH,
    *(case for language in languages.LANGUAGES for case in languages.of(language, _ENGLISH)),
    *(languages.abroad(case, "de-DE") for case in _ONE_EACH.values()),
    *map(_without_outputs, _ONE_EACH.values()),
)
