# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Background tasks: started, waited for, lost and resumed (P1, H4, X2)."""

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
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._windows.session import ConnectionLost, source
from lab.windows import layout
from lab.windows.errors import MachineRestarted
from lab.windows.machine import Machine
from lab.windows.states import STAGING, all_of, fetched
from lab.windows.tasks import ENDED_BY_SHUTDOWN, HAS_NOT_RUN, READY
from tests.lab.emulators.cases.background_tasks import background_task
from tests.unit.plugins.plugin_utils.background_runs import PLACE, clock, gone, held, what
from tests.unit.plugins.plugin_utils.clock import Time
from tests.unit.plugins.plugin_utils.conftest import MakeHarness
from tests.unit.plugins.plugin_utils.harness import ScriptHarness, at
from tests.unit.plugins.plugin_utils.setups import ONE, Installed

__all__ = ["clock", "what"]

LOST = "the connection was lost while a script ran"


def progress(found: ScriptHarness) -> list[str]:
    """Return the progress lines of the task, without those of the transfer."""
    return [line for line in found.shown if not line.startswith("fetched ")]


Execute = Callable[..., Mapping[str, Any]]


# ---- states ----


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
    assert model.task_state(task, code, folder=folder, finished=finished) == state


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0x80070569, "'Log on as a batch job'"),
        (0x8007052E, "user name or password is wrong"),
        (0x80070005, "denied access"),
        (0x41306, "ended by a person"),
        (1, "PowerShell ended before the task could write its answer"),
        (1, "Application Control (constrained language mode) or an antivirus program restricts PowerShell"),
        (0xFFFD0000, "PowerShell could not run the task's command"),
        (0xFFFD0000, "AppLocker, Windows Defender Application Control or an antivirus program blocks PowerShell"),
        (0x8007ABCD, "result 0x8007ABCD of the scheduled task"),
        (ENDED_BY_SHUTDOWN, "was interrupted, by a restart of the machine"),
    ],
)
def test_a_task_that_cannot_run_names_its_result(harness: MakeHarness, what: Installed, code: int, words: str) -> None:
    """A hardened domain takes the right to log on as a batch job, and the task never runs (0x80070569)."""
    found = harness(what.entry("none"))
    found.fail(f"task siterecovery.hyperv-{what.name}", times=99, exit_code=code)
    with pytest.raises(RemoteFailure) as failure:
        found.run(what.resource())
    assert words in failure.value.message
    assert ("restart of the machine" in failure.value.message) == (code == ENDED_BY_SHUTDOWN)
    assert failure.value.details["task_result"] == code
    assert gone(found)


def test_a_negative_timeout_is_rejected_before_anything_is_sent(harness: MakeHarness, what: Installed) -> None:
    found = harness(what.entry("none"))
    with pytest.raises(InvalidInput, match=r"^wait_timeout must not be negative"):
        found.run(what.resource(wait_timeout=-1))
    assert found.executions == []


# ---- one run ----


def test_the_task_runs_the_script_unchanged(harness: MakeHarness, what: Installed) -> None:
    found = harness(what.entry("none"))
    found.run(what.resource())
    sent = found.sent("start_background_task")["parameters"]
    assert (sent["Script"], sent["Runner"]) == (source(what.script), source("run_background_task"))
    assert (sent["Name"], sent["StagingDir"]) == (what.name, STAGING)
    (made,) = (entry for entry in found.lab.context.journal.entries if entry.verb == "task.register")
    assert (made.detail["logon_type"], made.detail["run_level"]) == ("S4U", "Highest")
    assert "SYSTEM" not in made.detail["user"]
    assert gone(found)
    assert not found.exists(what.staged)


@pytest.mark.parametrize(
    "policy", [{"EnableScripts": 1, "ExecutionPolicy": "AllSigned"}, {"EnableScripts": 0}], ids=["signed", "disabled"]
)
def test_a_policy_on_script_files_does_not_stop_the_task(
    harness: MakeHarness, what: Installed, policy: dict[str, str | int]
) -> None:
    """A policy outranks -ExecutionPolicy and stops every file, but not a command that reads the text."""
    found = harness(what.entry("none"))
    for name, data in policy.items():
        found.machine.registry.set(layout.SHELL_POLICY_KEY, name, data)
    outcome = found.run(what.resource())
    assert (outcome.changed, outcome.after["installed"], gone(found)) == (True, True, True)


def test_a_run_waits_for_the_end(harness: MakeHarness, what: Installed) -> None:
    found = harness(what.entry("none"))
    release = held(found)
    at(found, "poll_background_task", None, None, release)
    outcome = found.run(what.resource())
    assert outcome.changed
    assert found.scripts.count("poll_background_task") == 3
    # The line is shown once, because the state did not change.
    assert [line for line in found.shown if "running" in line] == [progress(found)[0]]
    assert progress(found)[0].endswith("running (0 s of 1 min)")


def test_the_last_line_of_the_log_is_shown(harness: MakeHarness) -> None:
    found = harness(ONE.entry("none"))
    release = held(found)
    at(
        found,
        "poll_background_task",
        lambda: found.machine.log_lines(layout.SETUP_LOGS, "DRASetupWizard", ["one", " two "]),
        release,
    )
    found.run(ONE.resource())
    assert progress(found) == ["P1 the Provider's setup: running; log: two (0 s of 1 min)"]


def test_after_a_timeout_the_next_run_resumes_the_wait(harness: MakeHarness, what: Installed, clock: Time) -> None:
    found = harness(what.entry("none"))
    release = held(found)
    at(found, "poll_background_task", *[lambda: clock.sleep(20)] * 9)
    with pytest.raises(DeadlineExceeded) as late:
        found.run(what.resource(wait_timeout=30))
    assert late.value.message.startswith("timed out after ")
    assert late.value.message.endswith("run again to continue waiting, or set a longer wait_timeout")
    assert (found.session.changed, gone(found)) == (True, False)
    release()
    assert not found.run(what.resource()).changed
    assert found.scripts == ["observe", "poll_background_task", "end_background_task", "observe"]
    assert gone(found)
    assert not found.exists(what.staged)


def test_a_lost_connection_is_opened_again(harness: MakeHarness, what: Installed) -> None:
    found = harness(what.entry("none"))
    at(found, "poll_background_task", ConnectionLost(LOST), ConnectionLost(LOST))
    assert found.run(what.resource()).changed
    assert found.reconnected == 2
    assert "the connection is lost; trying again" in progress(found)[0]


def test_a_connection_that_stays_lost_does_not_end_the_task(harness: MakeHarness, what: Installed) -> None:
    found = harness(what.entry("none"))
    at(found, "poll_background_task", *[ConnectionLost(LOST)] * 99)
    with pytest.raises(ConnectionLost, match="where it may still be running; run again when the machine responds"):
        found.run(what.resource())
    assert not gone(found)


def test_a_start_without_an_answer_is_followed(harness: MakeHarness, what: Installed) -> None:
    found = harness(what.entry("none"))
    really = found.execute

    def execute(arguments: dict[str, Any], *, check_mode: bool = False) -> Mapping[str, Any]:
        answer = really(arguments, check_mode=check_mode)
        if found.scripts[-1] == "start_background_task":
            raise ConnectionLost(LOST)
        return answer

    found.execute = execute  # type: ignore[method-assign]
    assert found.run(what.resource()).changed
    assert (found.reconnected, gone(found)) == (1, True)


def test_a_start_that_never_arrived(harness: MakeHarness, what: Installed) -> None:
    found = harness(what.entry("none"))
    at(found, "start_background_task", ConnectionLost(LOST))
    with pytest.raises(ConnectionLost, match=LOST):
        found.run(what.resource())
    assert gone(found)


def test_a_restart_during_the_task_is_cleaned_up(harness: MakeHarness, what: Installed) -> None:
    found = harness(what.entry("none"))
    held(found)
    at(found, "poll_background_task", None, found.machine.restart)
    with pytest.raises(RemoteFailure, match="was interrupted, by a restart of the machine or by a person"):
        found.run(what.resource())
    assert gone(found)
    # The installer stays for the next run.
    assert found.exists(what.staged)


def test_a_task_that_never_starts(harness: MakeHarness, what: Installed) -> None:
    found = harness(what.entry("none"))
    held(found)

    def stuck() -> None:
        for task in found.machine.tasks.values():
            task.state, task.last_result = READY, HAS_NOT_RUN

    at(found, "poll_background_task", stuck)
    with pytest.raises(RemoteFailure, match="was interrupted"):
        found.run(what.resource())
    assert (found.scripts.count("poll_background_task"), gone(found)) == (3, True)


@pytest.mark.parametrize(("times", "good"), [(2, True), (3, False)])
def test_a_machine_that_starts_up_may_fail_twice(harness: MakeHarness, what: Installed, times: int, good: bool) -> None:
    found = harness(what.entry("none"))
    found.fail("poll_background_task", times=times, message="The service is not there yet.")
    if good:
        assert found.run(what.resource()).changed
    else:
        with pytest.raises(RemoteFailure, match="The service is not there yet"):
            found.run(what.resource())


def test_a_start_that_the_scheduler_rejects_leaves_no_files(harness: MakeHarness, what: Installed) -> None:
    found = harness(what.entry("none"))
    found.fail("start task *")
    with pytest.raises(RemoteFailure, match="Task Scheduler service is not available"):
        found.run(what.resource())
    assert gone(found)


def test_a_task_with_another_staging_folder_is_not_touched(harness: MakeHarness, what: Installed) -> None:
    found = harness(what.entry("none"), background_task(what.name))
    found.machine.remove_file(PLACE, recurse=True)
    with pytest.raises(RemoteFailure, match="it was started with another staging_dir"):
        found.run(what.resource())
    assert found.machine.tasks


def test_a_task_that_crashes(harness: MakeHarness, what: Installed) -> None:
    found = harness(what.entry("none"))
    found.fail(f"task siterecovery.hyperv-{what.name}", exit_code=3)
    with pytest.raises(RemoteFailure, match=r"result 0x00000003 of the scheduled task"):
        found.run(what.resource())
    assert gone(found)


# ---- tasks of an earlier run ----


def interrupted(what: Installed, **more: Any) -> Any:
    parameters = {"InstallerPath": what.staged, "InstallerSha256": what.package.sha256}
    if what is ONE:
        parameters["ExtractDir"] = PLACE + r"\provider\package"
    return background_task(what.name, script=what.script, parameters=parameters, **more)


def test_a_running_task_is_waited_for_and_not_repeated(harness: MakeHarness, what: Installed) -> None:
    prepared = all_of(fetched(what.program, what.staged, what.package.version), interrupted(what))
    found = harness(what.entry("none"), prepared)
    # Another run has started the task, with the action that start_background_task writes.
    (task,) = found.machine.tasks.values()
    folder = f"{PLACE}\\{what.name}"
    found.machine.write_file(folder + r"\run.ps1", source("run_background_task").encode())
    task.program, task.arguments = "powershell.exe", f'-File "{folder}\\run.ps1" -Folder "{folder}"'
    runner = found.machine.runner
    assert runner is not None
    at(found, "poll_background_task", None, lambda: found.machine._run_task(task, runner))
    outcome = found.run(what.resource())
    assert found.scripts == [
        "observe",
        "poll_background_task",
        "poll_background_task",
        "end_background_task",
        "observe",
    ]
    assert (outcome.changed, outcome.after["version"], gone(found)) == (False, what.package.version, True)
    assert "was started by an earlier run" in found.shown[0]
    assert [warning for warning in outcome.warnings if "which an earlier run started, succeeded" in warning]


def test_an_interrupted_setup_is_planned_again(harness: MakeHarness, what: Installed) -> None:
    found = harness(what.entry("none"), interrupted(what, state=READY, code=ENDED_BY_SHUTDOWN))
    outcome = found.run(what.resource())
    assert found.scripts == ["observe", "poll_background_task", "end_background_task", *what.scripts()]
    assert (outcome.changed, outcome.after["installed"], gone(found)) == (True, True, True)
    assert "was interrupted" in outcome.warnings[0]


def test_a_failed_setup_is_planned_again(harness: MakeHarness, what: Installed) -> None:
    answer = json.dumps({"failed": True, "error": "It broke.", "changed": True, "result": None})
    found = harness(what.entry("none"), interrupted(what, state=READY, code=0, answer=answer))
    outcome = found.run(what.resource())
    assert outcome.changed
    assert outcome.warnings[0].endswith(f"failed: script {what.script} failed: It broke.")


@pytest.mark.parametrize("state", ["Running", READY])
def test_check_mode_does_not_wait(harness: MakeHarness, what: Installed, state: str) -> None:
    found = harness(what.entry("none"), interrupted(what, state=state, code=0x41301))
    before = found.machine.snapshot()
    outcome = found.run(what.resource(), check=True)
    assert (found.scripts, found.machine.snapshot()) == (["observe"], before)
    assert outcome.plan.describe() == "wait for the setup that an earlier run started"


def test_other_tasks_are_not_touched(harness: MakeHarness) -> None:
    found = harness(ONE.entry(), background_task("agent"))
    assert not found.run(ONE.resource()).changed
    assert (found.scripts, found.exists(PLACE + r"\agent")) == (["observe"], True)


# ---- Microsoft Update (P2) ----


@pytest.mark.parametrize("wanted", [True, False])
def test_the_opt_in_is_set_and_read_back(harness: MakeHarness, wanted: bool) -> None:
    found = harness(ONE.entry(microsoft_update=not wanted))
    outcome = found.run(ONE.resource(microsoft_update=wanted))
    assert found.scripts == [
        "observe",
        "start_background_task",
        "poll_background_task",
        "end_background_task",
        "observe",
    ]
    assert (found.machine.microsoft_update, outcome.after["microsoft_update"], gone(found)) == (wanted, wanted, True)
    (line,) = (entry for entry in outcome.evidence if entry.step == "P2")
    assert line.done == ("opt in to Microsoft Update" if wanted else "opt out of Microsoft Update")
    assert line.verified == ("opted in to Microsoft Update" if wanted else "not opted in to Microsoft Update")
    assert not found.run(ONE.resource(microsoft_update=wanted)).changed
    assert found.scripts == ["observe"]


def test_the_opt_in_follows_a_setup(harness: MakeHarness) -> None:
    found = harness(ONE.entry("none"))
    assert found.run(ONE.resource(microsoft_update=True)).after["microsoft_update"] is True
    assert found.scripts.count("start_background_task") == 2


def test_an_opt_in_that_windows_update_rejects(harness: MakeHarness) -> None:
    found = harness(ONE.entry())
    found.fail("microsoft update")
    with pytest.raises(RemoteFailure, match=r"^script set_microsoft_update failed: .*0x80240438"):
        found.run(ONE.resource(microsoft_update=True))
    assert gone(found)


def test_a_pending_opt_in_is_a_failure(harness: MakeHarness) -> None:
    found = harness(ONE.entry())
    answer = {"failed": False, "error": None, "result": {"microsoft_update": False, "registration": 2}}
    found.lies["poll_background_task"] = {
        "task": READY,
        "task_result": 0,
        "folder": True,
        "answer": json.dumps(answer),
        "log": None,
    }
    with pytest.raises(RemoteFailure, match="the opt-in is pending"):
        found.run(ONE.resource(microsoft_update=True))


def test_another_folder_is_refused_after_one_execution(harness: MakeHarness) -> None:
    found = harness(ONE.entry("none"))
    with pytest.raises(Refused, match=r"^setup always installs the Provider next to VMM"):
        found.run(ONE.resource(install_path=r"D:\ASR"))
    assert found.scripts == ["observe"]


def test_the_machine_of_the_lab_forgets_a_process_at_a_restart(harness: MakeHarness) -> None:
    machine: Machine = harness(ONE.entry("none")).machine
    with machine.process():
        machine.settle()
        machine.restart()
        with pytest.raises(MachineRestarted):
            machine.settle()
    machine.settle()
