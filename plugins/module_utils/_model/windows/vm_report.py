# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the result of vm_info: each machine with its facts and the rules that it does not pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..common import eligibility
from ..common.candidate import Candidate, Known, joined
from ..common.check import worst
from ..common.eligibility import Result
from .virtual_machines import VmmMachine

_NOTHING_SHOWN: Final[Mapping[str, Any]] = {
    "cluster": None,
    "host_group": None,
    "processors": None,
    "memory_mb": None,
    "state": None,
    "tag": None,
    "properties": {},
    "disks": [],
    "adapters": [],
}
#: The status of a machine by its worst check.
STATUSES: Final = {"pass": "eligible", "warning": "to_confirm", "error": "blocked"}


def report(vmm: Sequence[VmmMachine], azure: Sequence[Known], host: Sequence[Known], *, every: bool) -> dict[str, Any]:
    """Return the keys of the result. Without `every`, checks that passed are left out."""
    shown = {machine.known.id: machine.shown for machine in vmm}
    candidates = joined({"vmm": [machine.known for machine in vmm], "azure": azure, "host": host})
    assessed = [(candidate, eligibility.assess(candidate)) for candidate in candidates]
    machines = [
        _machine(candidate, results, shown.get(candidate.id, _NOTHING_SHOWN), every=every)
        for candidate, results in assessed
    ]
    return {
        "machines": machines,
        "summary": {
            **{status: sum(machine["status"] == status for machine in machines) for status in STATUSES.values()},
            "blocked_by": dict(eligibility.counted(results for _candidate, results in assessed)),
        },
        "rules": [rule.to_result() for rule in eligibility.CHECKED],
        "questions": [rule.to_result() for rule in eligibility.QUESTIONS],
    }


def _machine(
    candidate: Candidate, results: Sequence[Result], shown: Mapping[str, Any], *, every: bool
) -> dict[str, Any]:
    places = [where for where in ("azure", "vmm", "host") if where in candidate.observed]
    return {
        "id": candidate.id,
        "hyperv_id": candidate.hyperv_id,
        "name": candidate.name,
        "cloud": candidate.cloud,
        "host": candidate.host,
        "generation": candidate.read("generation")[0],
        "operating_system": candidate.read("operating_system")[0],
        **shown,
        "read_from": places,
        "protected": candidate.read("protected")[0],
        "status": STATUSES[worst(result.check for result in results)],
        "checks": [result.to_result() for result in results if every or result.check.status != "pass"],
    }
