# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes that stop VMM wait for its running jobs, refuse or ignore them (P1, P4, P6)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import (
    DeadlineExceeded,
    InvalidInput,
    Refused,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.vmm_jobs import (
    REFRESHERS,
    VmmJob,
    describe_jobs,
)
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._services.windows import quiet_vmm
from lab.windows.machine import Machine
from lab.windows.states import provider_proxy, vmm_server
from lab.windows.vmm_jobs import described_job
from tests.unit.plugins.plugin_utils.clock import Time
from tests.unit.plugins.plugin_utils.conftest import MakeHarness
from tests.unit.plugins.plugin_utils.harness import Build, ScriptHarness
from tests.unit.plugins.plugin_utils.registration_resource import behind_proxy, login, registration
from tests.unit.plugins.plugin_utils.setups import ONE

Change = Callable[..., Build[Any]]
BUSY: dict[str, Any] = {"running_jobs": [{"name": "Move virtual machine", "owner": "LAB\\ben", "progress": 80}]}
MOVE = "'Move virtual machine' (LAB\\ben, 80 %, for 12 min)"


class Working(Time):
    """A clock during whose pauses people's jobs come to their end."""

    def __init__(self, machine: Machine, pauses: int) -> None:
        super().__init__()
        self._machine, self._pauses = machine, pauses

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self._pauses -= 1
        if self._pauses == 0:
            assert self._machine.vmm is not None
            self._machine.vmm.jobs[:] = [job for job in self._machine.vmm.jobs if job.refreshes]


def interrupted(found: ScriptHarness) -> list[str]:
    return [entry.detail["job"] for entry in found.lab.context.journal.entries if entry.verb == "vmm.job.interrupted"]


def setup(_found: ScriptHarness, _key: str, **changed: Any) -> Build[Any]:
    return ONE.resource(**changed)


def register(_found: ScriptHarness, key: str, **changed: Any) -> Build[Any]:
    return registration(key_path=key, **changed)


def change_proxy(found: ScriptHarness, _key: str, **changed: Any) -> Build[Any]:
    return registration(proxy=login(found), **changed)


#: The change, its script, the machine and what is prepared there.
CHANGES: dict[str, tuple[Change, str, dict[str, Any], Any]] = {
    "setup": (setup, "start_background_task", {}, None),
    "registration": (register, "register_vmm_server", {"provider": {}}, None),
    "proxy": (change_proxy, "configure_provider", {"provider": {}}, behind_proxy(provider_proxy(ProxyPort="1"))),
}


def start(harness: MakeHarness, what: str, **vmm: Any) -> ScriptHarness:
    _change, _script, entry, prepare = CHANGES[what]
    return harness(vmm_server(**entry, vmm=vmm), prepare)


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_waits_for_the_end_of_jobs(
    harness: MakeHarness, monkeypatch: pytest.MonkeyPatch, key: str, what: str
) -> None:
    found = start(harness, what, **BUSY)
    monkeypatch.setattr(quiet_vmm, "time", Working(found.machine, 3))
    change, script, *_ = CHANGES[what]
    assert found.run(change(found, key)).changed is True
    assert found.scripts.count("list_running_jobs") == 3
    assert found.scripts.index("list_running_jobs") < found.scripts.index(script)
    assert interrupted(found) == []
    step = "P1" if what == "setup" else "P4"
    assert found.shown[-1 if what != "setup" else 1].startswith(
        f"{step} 1 VMM job is running: {MOVE}; waiting for the end"
    )


@pytest.mark.parametrize("what", CHANGES)
def test_a_wait_ends_with_the_jobs_and_how_to_continue(
    harness: MakeHarness, monkeypatch: pytest.MonkeyPatch, key: str, what: str
) -> None:
    found = start(harness, what, **BUSY)
    monkeypatch.setattr(quiet_vmm, "time", Time())
    change, script, *_ = CHANGES[what]
    with pytest.raises(DeadlineExceeded) as late:
        found.run(change(found, key, running_jobs_timeout=300))
    assert late.value.message == (
        f"timed out after 5 min waiting for the end of VMM jobs; last state: 1 VMM job is running: {MOVE}; the VMM"
        " service was not stopped: run again when no job runs, set a longer running_jobs_timeout, or set running_jobs"
        " to ignore"
    )
    assert (script in found.scripts, interrupted(found)) == (False, [])


@pytest.mark.parametrize("what", CHANGES)
def test_jobs_can_be_ignored(harness: MakeHarness, key: str, what: str) -> None:
    found = start(harness, what, **BUSY)
    change, *_ = CHANGES[what]
    assert found.run(change(found, key, running_jobs="ignore")).changed is True
    assert "list_running_jobs" not in found.scripts


@pytest.mark.parametrize("what", CHANGES)
def test_refreshers_do_not_count(harness: MakeHarness, key: str, what: str) -> None:
    names = [{"name": "Host aktualisieren", "command": "Read-SCVMHost"}, {"name": "Refresh host", "command": ""}]
    found = start(harness, what, running_jobs=names)
    change, *_ = CHANGES[what]
    assert found.run(change(found, key, running_jobs="refuse")).changed is True
    assert "list_running_jobs" not in found.scripts


def start_job(found: ScriptHarness, script: str) -> None:
    """Let a job start right before a script runs, after the machine was observed."""
    really = found.execute

    def execute(arguments: dict[str, Any], *, check_mode: bool = False) -> Any:
        if f"script: {script}\n" in arguments["script"] and not execute.__dict__.get("done"):
            execute.__dict__["done"] = True
            found.machine.start_job(described_job(found.machine.now(), BUSY["running_jobs"][0]))
        return really(arguments, check_mode=check_mode)

    found.execute = execute  # type: ignore[method-assign]


@pytest.mark.parametrize("what", CHANGES)
def test_jobs_are_looked_for_again_right_before_the_stop(harness: MakeHarness, key: str, what: str) -> None:
    found = start(harness, what)
    change, script, *_ = CHANGES[what]
    start_job(found, script)
    with pytest.raises(Refused) as refused:
        found.run(change(found, key, running_jobs="refuse"))
    assert refused.value.message == (
        f"1 VMM job is running: {MOVE}, which a stop of the VMM service would interrupt, so it was not stopped; wait"
        " until no job runs, then run again, or set running_jobs to wait or ignore"
    )
    assert interrupted(found) == []
    assert not any(entry.verb == "service.stop" for entry in found.lab.context.journal.entries)


@pytest.mark.parametrize("what", CHANGES)
def test_a_job_that_starts_meanwhile_is_waited_for(
    harness: MakeHarness, monkeypatch: pytest.MonkeyPatch, key: str, what: str
) -> None:
    found = start(harness, what)
    monkeypatch.setattr(quiet_vmm, "time", Working(found.machine, 2))
    change, script, *_ = CHANGES[what]
    start_job(found, script)
    assert found.run(change(found, key)).changed is True
    assert (found.scripts.count(script), interrupted(found)) == (2, [])


def test_the_lab_ends_a_job_after_some_time(harness: MakeHarness) -> None:
    found = harness(vmm_server(vmm={"running_jobs": [{"seconds": 0}, {}]}))
    found.machine.settle()
    assert found.machine.vmm is not None
    assert [job.refreshes for job in found.machine.vmm.jobs] == [True, False]


def test_setup_passes_the_quiet_jobs_to_its_script(harness: MakeHarness) -> None:
    found = harness(vmm_server())
    found.run(ONE.resource())
    sent = json.loads(found.sent("start_background_task")["parameters"]["Parameters"])
    assert (sent["WhenIdle"], sent["QuietJobs"]) == (True, list(REFRESHERS))


@pytest.mark.parametrize("build", [ONE.resource, registration])
def test_a_negative_timeout_is_rejected_before_any_call(harness: MakeHarness, build: Callable[..., Any]) -> None:
    found = harness(vmm_server())
    with pytest.raises(InvalidInput, match=r"^running_jobs_timeout must not be negative; give a number of seconds"):
        found.run(build(running_jobs_timeout=-1))
    assert found.scripts == []


@pytest.mark.parametrize(
    ("jobs", "line"),
    [
        ([VmmJob("Create")], "1 VMM job is running: 'Create'"),
        ([VmmJob("", "New-SCCloud", progress=0)], "1 VMM job is running: 'New-SCCloud' (0 %)"),
        ([VmmJob("a\nb", owner="x", minutes=3)], "1 VMM job is running: 'a b' (x, for 3 min)"),
        ([VmmJob("A")] * 7, "7 VMM jobs are running: 'A', 'A', 'A', 'A', 'A' and 2 more"),
    ],
)
def test_jobs_are_described_in_one_line(jobs: list[VmmJob], line: str) -> None:
    assert describe_jobs(jobs) == line
