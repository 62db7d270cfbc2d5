# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: long work that goes on without a session, as a scheduled task of the machine: what has become of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..common.waiting import require_timeout

#: It goes on; its answer waits to be taken; it was cut short (a restart); it has not begun yet; there is none.
RUNNING, FINISHED, LOST, PENDING, ABSENT = "running", "finished", "lost", "pending", "absent"
_GOING_ON = ("Running", "Queued")
# "Task Scheduler error and success constants": the task is running, the task has not yet run.
_IS_RUNNING, _HAS_NOT_RUN = 0x41301, 0x41303


@dataclass(frozen=True, slots=True)
class Job:
    """One kind of long work. `what` names it in messages, `step` in what a person sees meanwhile."""

    name: str
    script: str
    what: str
    step: str


@dataclass(frozen=True, slots=True)
class WorkFacts:
    """Work that was begun on a machine and that nobody has ended yet."""

    name: str
    state: str

    @classmethod
    def from_observation(cls, raw: Mapping[str, Any]) -> WorkFacts:
        return cls(raw["name"], state_of(raw["task"], raw["task_result"], folder=True, finished=raw["finished"]))

    @property
    def goes_on(self) -> bool:
        return self.state in (RUNNING, PENDING)


def timeout_of(options: Mapping[str, Any]) -> int:
    """Seconds that a run waits for the end of long work. Raises InvalidInput."""
    seconds: int = options["wait_timeout"]
    require_timeout(seconds)
    return seconds


def state_of(task: str | None, code: int | None, *, folder: bool, finished: bool) -> str:
    """From the state of the task and of its folder; `code` is how the task's last run ended.

    A task that does not run any more and left no answer is lost: its process was ended with the machine, or never got
    to its end.
    """
    if finished:
        return FINISHED
    if task is None:
        return LOST if folder else ABSENT
    if task in _GOING_ON or code == _IS_RUNNING:
        return RUNNING
    return PENDING if code == _HAS_NOT_RUN else LOST


def found(works: Iterable[WorkFacts] | None, name: str) -> WorkFacts | None:
    return next((work for work in works or () if work.name == name), None)
