# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: programs that run on the machine as a scheduled task, so that a lost connection does not end them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..common.waiting import require_timeout

#: The task runs; its result can be fetched; it ended without a result; it has not started; it does not exist.
RUNNING, FINISHED, LOST, PENDING, ABSENT = "running", "finished", "lost", "pending", "absent"
_ACTIVE = ("Running", "Queued")
# "Task Scheduler error and success constants": the task is running, the task has not yet run.
_IS_RUNNING, _HAS_NOT_RUN = 0x41301, 0x41303


@dataclass(frozen=True, slots=True)
class BackgroundTask:
    """One kind of background task. Messages call it `what`; progress lines begin with `step`.

    `timeout_option` is the option that limits how long a run waits.
    """

    name: str
    script: str
    what: str
    step: str
    timeout_option: str = "wait_timeout"


@dataclass(frozen=True, slots=True)
class BackgroundTaskFacts:
    """A background task of an earlier run that was not cleaned up yet."""

    name: str
    state: str

    @classmethod
    def from_observation(cls, raw: Mapping[str, Any]) -> BackgroundTaskFacts:
        """Build the facts from one entry of section `background_tasks`."""
        return cls(raw["name"], task_state(raw["task"], raw["task_result"], folder=True, finished=raw["finished"]))

    @property
    def active(self) -> bool:
        """Tell whether the task runs or is about to run."""
        return self.state in (RUNNING, PENDING)


#: The tasks that run DRConfigurator. The first one has the registration key on the disk while it runs.
REGISTRATION = BackgroundTask(
    "registration", "register_vmm_server", "the registration of the VMM server", "P4", "registration_timeout"
)
CONFIGURATION = BackgroundTask(
    "configuration", "configure_provider", "the change of the Provider's proxy", "P6", "registration_timeout"
)


def checked_timeout(options: Mapping[str, Any]) -> int:
    """Return how many seconds a run waits for a background task. Raises InvalidInput."""
    seconds: int = options["wait_timeout"]
    require_timeout(seconds)
    return seconds


def task_state(task: str | None, code: int | None, *, folder: bool, finished: bool) -> str:
    """Derive the state of a background task from its scheduled task and its folder.

    `code` is the result of the last run of the scheduled task. A task that stopped without a result is lost: its
    process ended together with the machine, or failed before the end.
    """
    if finished:
        return FINISHED
    if task is None:
        return LOST if folder else ABSENT
    if task in _ACTIVE or code == _IS_RUNNING:
        return RUNNING
    return PENDING if code == _HAS_NOT_RUN else LOST


# The message of the script start_background_task.
_REFUSED_LOGIN = re.compile(r"Task Scheduler refused the password of the task \(0x(?P<code>[0-9A-F]{8})\)")
_WRONG_PASSWORD = 0x8007052E

# Results of a task that could not log on, or whose process could not start or was ended. The sources are "System Error
# Codes", "Task Scheduler error and success constants" and the NTSTATUS values in the reference of Windows.
_ENDED_BY_SHUTDOWN = 0x40010004
_RESULTS: dict[int, tuple[str, str]] = {
    0x80070569: (
        "the user has not the right 'Log on as a batch job' on the machine",
        "grant the right to the connecting user (a group policy can deny it), or connect as another administrator",
    ),
    0x8007052E: ("the logon of the task failed: user name or password is wrong", "correct the login of the task"),
    0x80070005: (
        "the task was denied access",
        "check whether a policy, AppLocker or an antivirus program blocks PowerShell for the connecting user",
    ),
    0x80070002: ("the task did not find PowerShell", "repair Windows PowerShell on the machine"),
    0x80070775: ("the account of the connecting user is locked out", "unlock it"),
    0x80070520: (
        "a policy of the machine forbids to store passwords ('Network access: Do not allow storage of passwords and"
        " credentials for network authentication')",
        "set setup_logon to s4u, or exempt the machine from the policy",
    ),
    0x80070533: ("the account of the connecting user is disabled", "enable it"),
    0x80070532: ("the password of the connecting user has expired", "change it"),
    0x41306: ("the task was ended by a person", "run again"),
    0x800710E0: (
        "Task Scheduler refused to run the task",
        "check the policies of the machine for scheduled tasks",
    ),
    0xFFFD0000: (
        "PowerShell could not run the task's command",
        "check whether AppLocker, Windows Defender Application Control or an antivirus program blocks PowerShell for"
        " the connecting user",
    ),
    1: (
        "PowerShell ended before the task could write its answer",
        "check whether AppLocker, Windows Defender Application Control (constrained language mode) or an antivirus"
        " program restricts PowerShell for the connecting user",
    ),
}


def result_reason(code: int) -> tuple[str, str] | None:
    """Return the cause and the fix for the result of a scheduled task, or None for an unknown result."""
    return _RESULTS.get(code)


def describe_refused_login(message: str) -> str | None:
    """Return why Task Scheduler refused the login of a task, or None if a message does not report that."""
    found = _REFUSED_LOGIN.search(message)
    if found is None:
        return None
    code = int(found["code"], 16)
    cause, fix = _RESULTS.get(code, ("Task Scheduler does not accept it", "look up the code"))
    if code == _WRONG_PASSWORD:
        cause = "the scheduler does not accept it for the connecting user"
        fix = "correct it, before repeated attempts lock the account"
    return f"setup_password: {cause} (0x{code:08X}), so nothing was started; {fix}, then run again"


def describe_lost(what: str, code: int | None) -> str:
    """Return why a background task ended without an answer, with the remedy. `code` is the task's last result.

    A task without a result, or one that a shutdown ended, was interrupted.
    """
    cause, fix = _RESULTS.get(code or 0, ("", ""))
    if cause:
        return (
            f"{what} did not run to its end: {cause} (result 0x{code:08X} of the scheduled task); {fix}, then run again"
        )
    if code in (None, 0, _ENDED_BY_SHUTDOWN, _IS_RUNNING, _HAS_NOT_RUN):
        return (
            f"{what} was interrupted, by a restart of the machine or by a person; its files were removed, so run again"
        )
    return (
        f"{what} ended without an answer (result 0x{code:08X} of the scheduled task); look up the code in the history"
        " of Task Scheduler, then run again"
    )


def find_task(tasks: Iterable[BackgroundTaskFacts], task: BackgroundTask) -> BackgroundTaskFacts | None:
    """Return the observed background task of this kind, or None."""
    return next((observed for observed in tasks if observed.name == task.name), None)


def is_active(tasks: Iterable[BackgroundTaskFacts], task: BackgroundTask) -> bool:
    """Tell whether a background task of this kind runs or is about to run."""
    observed = find_task(tasks, task)
    return observed is not None and observed.active
