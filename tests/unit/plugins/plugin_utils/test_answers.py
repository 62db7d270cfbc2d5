# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Odd answers of a machine end in one line that names script and field, never in an exception of Python."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import (
    RemoteFailure,
    SiteRecoveryError,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.answers import require_shape
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.facts import MachineFacts
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._windows.observation import observe_raw
from lab.windows.states import hyperv_host, registered, vmm_server
from tests.unit.plugins.plugin_utils.conftest import MakeHarness

ODD: tuple[Any, ...] = (None, "x", "", 7, -1, 1.5, True, [], {}, [None], ["x"], {"a": 1}, "\x1b[2J")
MACHINES = {
    "host": (hyperv_host(agent={}), None, ("host", "agent", "hyperv", "updates", "background_tasks", "connectivity")),
    "server": (vmm_server(provider={}), registered(), ("host", "vmm", "provider", "registration")),
}


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value of a document."""
    yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        yield from places(member, (*path, name))


def twisted(document: Any) -> Iterator[tuple[str, Any]]:
    """Yield copies of a document, each with one odd or missing value."""
    for path in places(document):
        for odd in (*ODD, KeyError):
            if not path:
                continue
            copied = copy.deepcopy(document)
            parent = copied
            for name in path[:-1]:
                parent = parent[name]
            if odd is not KeyError:
                parent[path[-1]] = odd
            elif isinstance(parent, dict):
                del parent[path[-1]]
            yield f"{path}: {odd!r}", copied


@pytest.mark.parametrize("name", MACHINES)
def test_every_odd_field_is_read_or_named(harness: MakeHarness, name: str) -> None:
    entry, prepare, sections = MACHINES[name]
    found = harness(entry, prepare)
    raw = observe_raw(found.session, sections)
    require_shape("observe", raw)
    exceptions = []
    count = 0
    for case, answer in twisted(raw):
        count += 1
        try:
            require_shape("observe", json.loads(json.dumps(answer)))
            MachineFacts.from_observation(answer)
        except RemoteFailure as error:
            if not error.message.startswith("script observe returned ") or "\x1b" in error.message:
                exceptions.append(f"{case}: {error!r}")
        except Exception as error:
            exceptions.append(f"{case}: {error!r}")
    assert exceptions == []
    assert count > 500


def test_nothing_is_read_that_nothing_decides_on(harness: MakeHarness, collection_root: Path) -> None:
    """A reading costs time on the machine and can fail, so each one has a reader in the code or in a play."""
    files = [*collection_root.glob("plugins/**/*.py"), *collection_root.glob("playbooks/**/*.yml")]
    readers = [path for path in files if path.name != "answers.py" and "modules" not in path.parts[-2:]]
    words = set(re.findall(r"(?<=[\"'.])[a-z_0-9]+\b", "".join(path.read_text(encoding="utf-8") for path in readers)))
    names = {
        part
        for entry, prepare, sections in MACHINES.values()
        for path in places(observe_raw(harness(entry, prepare).session, sections))
        for part in path
        if isinstance(part, str)
    }
    assert len(names) > 90
    assert names - words == set()


def test_the_message_names_script_and_field(harness: MakeHarness) -> None:
    found = harness(hyperv_host(agent={}))
    raw = observe_raw(found.session, ("host",))
    found.lies["observe"] = {**raw, "host": {**raw["host"], "volumes": raw["host"]["volumes"][0]}}
    with pytest.raises(RemoteFailure) as failed:
        observe_raw(found.session, ("host",))
    assert failed.value.message == (
        "script observe returned host.volumes as an object instead of a list; check what changes the answers of this"
        " machine, then run again, and report a bug if it remains"
    )
    assert failed.value.details == {"script": "observe"}


@pytest.mark.parametrize("answer", ["", "{", "[]", "null", "{}", '{"failed": 1}', '{"failed": false}'])
def test_a_forged_result_of_a_background_task(harness: MakeHarness, answer: str) -> None:
    from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.agent import SETUP
    from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._windows.background_task import (
        BackgroundTaskRunner,
        Ended,
    )

    runner = BackgroundTaskRunner(harness(hyperv_host(agent={})).session, SETUP, "C:\\x", 60)
    with pytest.raises(SiteRecoveryError, match=r"^script install_agent returned "):
        runner._result(Ended(answer, 0))
