# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: programs that run on the machine as a scheduled task, so that a lost connection does not end them."""

from __future__ import annotations

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
    """One kind of background task. Messages call it `what`; progress lines begin with `step`."""

    name: str
    script: str
    what: str
    step: str


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


def find_task(tasks: Iterable[BackgroundTaskFacts], task: BackgroundTask) -> BackgroundTaskFacts | None:
    """Return the observed background task of this kind, or None."""
    return next((observed for observed in tasks if observed.name == task.name), None)
