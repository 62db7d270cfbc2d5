# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Long work that outlives the connection: begun, watched, lost and taken over (P1, H4, X2)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import (
    DeadlineExceeded,
    InvalidInput,
    Refused,
    RemoteFailure,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows import background_task as model
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._windows import background_task as detached
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._windows.session import ConnectionLost, source
from lab.engines.scripts import identify
from lab.windows import layout
from lab.windows.errors import MachineRestarted
from lab.windows.machine import Machine
from lab.windows.states import STAGING, all_of, fetched
from lab.windows.tasks import ENDED_BY_SHUTDOWN, HAS_NOT_RUN, READY
from tests.lab.emulators.cases.background_tasks import background_task
from tests.unit.plugins.plugin_utils.bench import Bench
from tests.unit.plugins.plugin_utils.conftest import MakeBench
from tests.unit.plugins.plugin_utils.test_installing import BOTH, ONE, Installed

PLACE = STAGING + r"\work"
LOST = "the connection was lost while a script ran"


def watched(found: Bench) -> list[str]:
    """What was told of the work itself: its installer is fetched first."""
    return [line for line in found.told if not line.startswith("fetched ")]


@pytest.fixture(params=BOTH, ids=["provider", "agent"])
def what(request: pytest.FixtureRequest) -> Installed:
    found: Installed = request.param
    return found


class Time:
    """Time that only passes when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        # Looking takes its time, too: no wait is endless.
        self.now += 0.01
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    made = Time()
    monkeypatch.setattr(detached, "time", made)
    return made


Execute = Callable[..., Mapping[str, Any]]


def at(found: Bench, script: str, *happens: Callable[[], object] | Exception | None) -> None:
    """What happens before a script runs: the first time, the second, and so on; an exception instead of an answer."""
    really, left = found.execute, list(happens)

    def execute(arguments: dict[str, Any], *, check_mode: bool = False) -> Mapping[str, Any]:
        called = identify(arguments["script"])
        assert called is not None
        if called.name == script and left:
            event = left.pop(0)
            if isinstance(event, Exception):
                raise event
            if event is not None:
                event()
        return really(arguments, check_mode=check_mode)

    found.execute = execute  # type: ignore[method-assign]


def held(found: Bench) -> Callable[[], None]:
    """The task runs on until the returned is called."""
    runner, found.machine.runner = found.machine.runner, None

    def release() -> None:
        assert runner is not None
        (task,) = found.machine.tasks.values()
        found.machine._run_task(task, runner)

    return release


def gone(found: Bench) -> bool:
    return not found.machine.tasks and not found.exists(PLACE)


# ---- what has become of it ----


@pytest.mark.parametrize(
    ("task", "code", "folder", "finished", "state"),
    [
        ("Running", 0x41301, True, False, model.RUNNING),
        ("Queued", HAS_NOT_RUN, True, False, model.RUNNING),
        ("Ready", 0x41301, True, False, model.RUNNING),
        ("Ready", HAS_NOT_RUN, True, False, model.PENDING),
        ("Ready", 0, True, False, model.LOST),
        ("Ready", ENDED_BY_SHUTDOWN, True, False, model.LOST),
        ("Disabled", 1, True, False, model.LOST),
        (None, None, True, False, model.LOST),
        (None, None, False, False, model.ABSENT),
        ("Running", 0x41301, True, True, model.FINISHED),
        (None, None, True, True, model.FINISHED),
    ],
)
def test_states(task: str | None, code: int | None, folder: bool, finished: bool, state: str) -> None:
    assert model.state_of(task, code, folder=folder, finished=finished) == state


def test_a_negative_wait_is_refused_before_anything_is_sent(bench: MakeBench, what: Installed) -> None:
    found = bench(what.entry("none"))
    with pytest.raises(InvalidInput, match=r"^wait_timeout: can't be negative"):
        found.run(what.noun(wait_timeout=-1))
    assert found.executions == []


# ---- a run of its own ----


def test_the_work_is_the_script_as_it_is_shipped(bench: MakeBench, what: Installed) -> None:
    found = bench(what.entry("none"))
    found.run(what.noun())
    sent = found.sent("start_background_task")["parameters"]
    assert (sent["Script"], sent["Runner"]) == (source(what.script), source("run_background_task"))
    assert (sent["Name"], sent["StagingDir"]) == (what.name, STAGING)
    (made,) = (entry for entry in found.stage.world.journal.entries if entry.verb == "task.register")
    assert (made.detail["logon_type"], made.detail["run_level"]) == ("S4U", "Highest")
    assert "SYSTEM" not in made.detail["user"]
    assert gone(found)
    assert not found.exists(what.staged)


def test_it_is_watched_to_its_end(bench: MakeBench, what: Installed) -> None:
    found = bench(what.entry("none"))
    release = held(found)
    at(found, "poll_background_task", None, None, release)
    outcome = found.run(what.noun())
    assert outcome.changed
    assert found.scripts.count("poll_background_task") == 3
    # Said once, because nothing new was to be said.
    assert [line for line in found.told if "under way" in line] == [watched(found)[0]]
    assert watched(found)[0].endswith("under way (0s of 1m)")


def test_the_last_line_of_the_log_is_told(bench: MakeBench) -> None:
    found = bench(ONE.entry("none"))
    release = held(found)
    at(
        found,
        "poll_background_task",
        lambda: found.machine.log_lines(layout.SETUP_LOGS, "DRASetupWizard", ["one", " two "]),
        release,
    )
    found.run(ONE.noun())
    assert watched(found) == ["P1 setup of the Provider: under way; log: two (0s of 1m)"]


def test_a_deadline_leaves_the_work_to_the_next_run(bench: MakeBench, what: Installed, clock: Time) -> None:
    found = bench(what.entry("none"))
    release = held(found)
    at(found, "poll_background_task", *[lambda: clock.sleep(20)] * 9)
    with pytest.raises(DeadlineExceeded) as late:
        found.run(what.noun(wait_timeout=30))
    assert "was not reached within" in late.value.message
    assert late.value.message.endswith("run again to go on waiting, or give a longer wait_timeout")
    assert (found.session.changed, gone(found)) == (True, False)
    release()
    assert not found.run(what.noun()).changed
    assert found.scripts == ["observe", "poll_background_task", "end_background_task", "observe"]
    assert gone(found)
    assert not found.exists(what.staged)


def test_a_lost_connection_is_made_anew(bench: MakeBench, what: Installed) -> None:
    found = bench(what.entry("none"))
    at(found, "poll_background_task", ConnectionLost(LOST), ConnectionLost(LOST))
    assert found.run(what.noun()).changed
    assert found.reconnected == 2
    assert "the connection is lost; it is tried again" in watched(found)[0]


def test_one_that_stays_away_is_told_and_the_work_goes_on(bench: MakeBench, what: Installed) -> None:
    found = bench(what.entry("none"))
    at(found, "poll_background_task", *[ConnectionLost(LOST)] * 99)
    with pytest.raises(ConnectionLost, match="it may go on there: run again when the machine answers"):
        found.run(what.noun())
    assert not gone(found)


def test_a_start_whose_answer_was_lost_is_followed(bench: MakeBench, what: Installed) -> None:
    found = bench(what.entry("none"))
    really = found.execute

    def execute(arguments: dict[str, Any], *, check_mode: bool = False) -> Mapping[str, Any]:
        answer = really(arguments, check_mode=check_mode)
        if found.scripts[-1] == "start_background_task":
            raise ConnectionLost(LOST)
        return answer

    found.execute = execute  # type: ignore[method-assign]
    assert found.run(what.noun()).changed
    assert (found.reconnected, gone(found)) == (1, True)


def test_a_start_that_never_arrived_is_told(bench: MakeBench, what: Installed) -> None:
    found = bench(what.entry("none"))
    at(found, "start_background_task", ConnectionLost(LOST))
    with pytest.raises(ConnectionLost, match=LOST):
        found.run(what.noun())
    assert gone(found)


def test_a_restart_in_the_middle_is_told_and_cleaned_up(bench: MakeBench, what: Installed) -> None:
    found = bench(what.entry("none"))
    held(found)
    at(found, "poll_background_task", None, found.machine.restart)
    with pytest.raises(RemoteFailure, match="was cut short, by a restart of the machine or by somebody"):
        found.run(what.noun())
    assert gone(found)
    # The installer waits for the next run.
    assert found.exists(what.staged)


def test_a_task_that_never_begins_is_given_up(bench: MakeBench, what: Installed) -> None:
    found = bench(what.entry("none"))
    held(found)

    def stuck() -> None:
        for task in found.machine.tasks.values():
            task.state, task.last_result = READY, HAS_NOT_RUN

    at(found, "poll_background_task", stuck)
    with pytest.raises(RemoteFailure, match="was cut short"):
        found.run(what.noun())
    assert (found.scripts.count("poll_background_task"), gone(found)) == (3, True)


@pytest.mark.parametrize(("times", "good"), [(2, True), (3, False)])
def test_a_machine_that_comes_up_may_fail_twice(bench: MakeBench, what: Installed, times: int, good: bool) -> None:
    found = bench(what.entry("none"))
    found.fail("poll_background_task", times=times, message="The service is not there yet.")
    if good:
        assert found.run(what.noun()).changed
    else:
        with pytest.raises(RemoteFailure, match="The service is not there yet"):
            found.run(what.noun())


def test_a_start_that_the_scheduler_refuses_leaves_nothing(bench: MakeBench, what: Installed) -> None:
    found = bench(what.entry("none"))
    found.fail("start task *")
    with pytest.raises(RemoteFailure, match="Task Scheduler service is not available"):
        found.run(what.noun())
    assert gone(found)


def test_a_task_of_another_place_is_left_alone(bench: MakeBench, what: Installed) -> None:
    found = bench(what.entry("none"), background_task(what.name))
    found.machine.remove_file(PLACE, recurse=True)
    with pytest.raises(RemoteFailure, match="it was begun with another staging_dir"):
        found.run(what.noun())
    assert found.machine.tasks


def test_a_task_that_crashes_is_told(bench: MakeBench, what: Installed) -> None:
    found = bench(what.entry("none"))
    found.fail(f"task siterecovery.hyperv-{what.name}", exit_code=3)
    with pytest.raises(RemoteFailure, match="was cut short"):
        found.run(what.noun())
    assert gone(found)


# ---- what an earlier run left ----


def interrupted(what: Installed, **more: Any) -> Any:
    parameters = {"InstallerPath": what.staged}
    if what is ONE:
        parameters["ExtractDir"] = PLACE + r"\provider\package"
    return background_task(what.name, script=what.script, parameters=parameters, **more)


def test_what_goes_on_is_waited_for_and_nothing_is_done_twice(bench: MakeBench, what: Installed) -> None:
    prepared = all_of(fetched(what.program, what.staged, what.package.version), interrupted(what))
    found = bench(what.entry("none"), prepared)
    # The task was begun by somebody else: its action is what start_background_task writes.
    (task,) = found.machine.tasks.values()
    folder = f"{PLACE}\\{what.name}"
    found.machine.write_file(folder + r"\run.ps1", source("run_background_task").encode())
    task.program, task.arguments = "powershell.exe", f'-File "{folder}\\run.ps1" -Folder "{folder}"'
    runner = found.machine.runner
    assert runner is not None
    at(found, "poll_background_task", None, lambda: found.machine._run_task(task, runner))
    outcome = found.run(what.noun())
    assert found.scripts == [
        "observe",
        "poll_background_task",
        "poll_background_task",
        "end_background_task",
        "observe",
    ]
    assert (outcome.changed, outcome.after["version"], gone(found)) == (False, what.package.version, True)
    assert "was begun by an earlier run" in found.told[0]
    assert [warning for warning in outcome.warnings if "which an earlier run started, succeeded" in warning]


def test_what_was_cut_short_is_planned_again(bench: MakeBench, what: Installed) -> None:
    found = bench(what.entry("none"), interrupted(what, state=READY, code=ENDED_BY_SHUTDOWN))
    outcome = found.run(what.noun())
    assert found.scripts == ["observe", "poll_background_task", "end_background_task", *what.scripts()]
    assert (outcome.changed, outcome.after["installed"], gone(found)) == (True, True, True)
    assert "was cut short" in outcome.warnings[0]


def test_what_failed_is_told_and_planned_again(bench: MakeBench, what: Installed) -> None:
    answer = json.dumps({"failed": True, "error": "It broke.", "changed": True, "result": None})
    found = bench(what.entry("none"), interrupted(what, state=READY, code=0, answer=answer))
    outcome = found.run(what.noun())
    assert outcome.changed
    assert outcome.warnings[0].endswith(f"failed: script {what.script} failed: It broke.")


@pytest.mark.parametrize("state", ["Running", READY])
def test_check_mode_tells_and_waits_for_nothing(bench: MakeBench, what: Installed, state: str) -> None:
    found = bench(what.entry("none"), interrupted(what, state=state, code=0x41301))
    before = found.machine.snapshot()
    outcome = found.run(what.noun(), check=True)
    assert (found.scripts, found.machine.snapshot()) == (["observe"], before)
    assert outcome.plan.describe() == "wait for the end of the setup that an earlier run began, which goes on"


def test_other_work_is_left_alone(bench: MakeBench) -> None:
    found = bench(ONE.entry(), background_task("agent"))
    assert not found.run(ONE.noun()).changed
    assert (found.scripts, found.exists(PLACE + r"\agent")) == (["observe"], True)


# ---- Microsoft Update (P2) ----


@pytest.mark.parametrize("wanted", [True, False])
def test_the_opt_in_is_set_and_read_back(bench: MakeBench, wanted: bool) -> None:
    found = bench(ONE.entry(microsoft_update=not wanted))
    outcome = found.run(ONE.noun(microsoft_update=wanted))
    assert found.scripts == [
        "observe",
        "start_background_task",
        "poll_background_task",
        "end_background_task",
        "observe",
    ]
    assert (found.machine.microsoft_update, outcome.after["microsoft_update"], gone(found)) == (wanted, wanted, True)
    (told,) = (entry for entry in outcome.evidence if entry.step == "P2")
    assert told.done == ("opt in to Microsoft Update" if wanted else "opt out of Microsoft Update")
    assert told.verified == ("opted in to Microsoft Update" if wanted else "not opted in to Microsoft Update")
    assert not found.run(ONE.noun(microsoft_update=wanted)).changed
    assert found.scripts == ["observe"]


def test_the_opt_in_follows_a_setup(bench: MakeBench) -> None:
    found = bench(ONE.entry("none"))
    assert found.run(ONE.noun(microsoft_update=True)).after["microsoft_update"] is True
    assert found.scripts.count("start_background_task") == 2


def test_an_opt_in_that_windows_update_refuses_is_told(bench: MakeBench) -> None:
    found = bench(ONE.entry())
    found.fail("microsoft update")
    with pytest.raises(RemoteFailure, match=r"^script set_microsoft_update failed: .*0x80240438"):
        found.run(ONE.noun(microsoft_update=True))
    assert gone(found)


def test_a_pending_opt_in_is_no_opt_in(bench: MakeBench) -> None:
    found = bench(ONE.entry())
    answer = {"failed": False, "error": None, "result": {"microsoft_update": False, "registration": 2}}
    found.lies["poll_background_task"] = {
        "task": READY,
        "task_result": 0,
        "folder": True,
        "answer": json.dumps(answer),
        "log": None,
    }
    with pytest.raises(RemoteFailure, match="keeps the opt-in as pending"):
        found.run(ONE.noun(microsoft_update=True))


def test_another_folder_is_refused_after_one_look(bench: MakeBench) -> None:
    found = bench(ONE.entry("none"))
    with pytest.raises(Refused, match=r"^install_path: setup of the Provider takes no folder"):
        found.run(ONE.noun(install_path=r"D:\ASR"))
    assert found.scripts == ["observe"]


def test_the_machine_of_the_lab_forgets_a_process_at_a_restart(bench: MakeBench) -> None:
    machine: Machine = bench(ONE.entry("none")).machine
    with machine.process():
        machine.settle()
        machine.restart()
        with pytest.raises(MachineRestarted):
            machine.settle()
    machine.settle()
