# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The records of Site Recovery's jobs: a target, tasks one after the other, and the errors of both."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from .messages import Json

JobState = Literal[
    "NotStarted",
    "InProgress",
    "Suspended",
    "Succeeded",
    "PartiallySucceeded",
    "CompletedWithInformation",
    "Failed",
    "Cancelled",
]
TaskState = Literal["NotStarted", "InProgress", "Succeeded", "Failed", "Cancelled", "Skipped"]

#: documented: the states in which a job is not over; recorded: all but `Suspended`.
RUNNING: frozenset[JobState] = frozenset({"NotStarted", "InProgress", "Suspended"})


@dataclass(frozen=True, slots=True)
class JobTarget:
    """The object of a job: its kind and id as the job shows them, and its resource.

    `resource_id` is the address of the request. Jobs with the same `busy` (else `resource_id`) collide.
    """

    kind: str
    id: str
    name: str
    resource_id: str
    busy: str = ""

    @property
    def key(self) -> str:
        return (self.busy or self.resource_id).casefold()


@dataclass(frozen=True, slots=True)
class JobError:
    """An error of a job: of the service, and of the Provider (code 0 for none)."""

    code: str
    message: str = "The operation failed."
    provider_code: int = 0
    provider_message: str = ""
    causes: str = "Check the Provider error for more information."
    action: str = "Resolve the issue and retry the operation."
    provider_causes: str = ""
    provider_action: str = ""


class TaskFailed(Exception):
    """The work of a task fails, and its job with it."""

    def __init__(self, *errors: JobError) -> None:
        super().__init__(", ".join(error.code for error in errors))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class NotedError:
    """An error at the time and the task where it happened; a collision has no task (recorded)."""

    error: JobError
    created: datetime
    task_id: str | None = None
    error_id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(slots=True)
class JobTask:
    """One task: its stable id (empty: a random one), and the seconds that it takes on a real subscription.

    `work` runs at the end of the task. It may raise TaskFailed or ReplicationRefused, and may note errors in the job.
    `children` makes it a group; a group without children is skipped. `waits`: it ends when a person resumes the job.
    `parallel`: the members of the group run at the same time, and one that fails does not stop the others.
    `starts` begins another job, with which the task ends. `about` is its object, unless that is the target of the job.
    """

    id: str
    name: str
    title: str
    seconds: float = 1.0
    work: Callable[[Job], None] | None = None
    details: Json = field(default_factory=lambda: {"instanceType": "TaskDetails"})
    children: list[JobTask] | None = None
    waits: bool = False
    parallel: bool = False
    starts: Callable[[Job], Job] | None = None
    about: str = ""
    #: The details of a group, besides its members.
    group: Json = field(default_factory=lambda: {"instanceType": "GroupTaskDetails"})
    child: Job | None = None
    state: TaskState = "NotStarted"
    started: datetime | None = None
    ended: datetime | None = None
    shown_id: str = ""

    def __post_init__(self) -> None:
        self.shown_id = self.id or str(uuid.uuid4())

    @property
    def point(self) -> str:
        """Return the name by which a planned fault finds the task."""
        return self.id or self.name

    @property
    def kind(self) -> str:
        return str((self.details if self.children is None else self.group)["instanceType"])

    def leaves(self) -> Iterator[JobTask]:
        if self.children is None:
            yield self
        else:
            for child in self.children:
                yield from child.leaves()

    @property
    def ended_well(self) -> bool:
        return all(leaf.state in ("Succeeded", "Skipped") for leaf in self.leaves())


@dataclass(slots=True)
class Job:
    """One Site Recovery job. `site_id` is the vault's id as Site Recovery writes it."""

    id: str
    scenario: str
    title: str
    created: datetime
    target: JobTarget
    site_id: str = ""
    tasks: list[JobTask] = field(default_factory=list)
    finish: Callable[[bool], None] | None = None
    state: JobState = "NotStarted"
    started: datetime | None = None
    ended: datetime | None = None
    errors: list[NotedError] = field(default_factory=list)
    #: `affectedObjectDetails` in camel case.
    affected: Json = field(default_factory=dict)
    #: Members of `customDetails`, for a job that is not described by `AsrJobDetails`.
    details: Json = field(default_factory=dict)
    #: The state in which it ends although no task failed.
    outcome: JobState = "Succeeded"
    #: Another job held the target (recorded: such a job can never be restarted).
    collided: bool = False
    #: Other objects that the job holds, by the key of their jobs: the machines of a recovery plan.
    holds: frozenset[str] = frozenset()
    #: The job of which this one is a part, and what it does at the end of this one.
    parent: Job | None = None
    on_end: Callable[[], None] | None = None
    #: Seconds of a job without tasks.
    seconds: float = 0.0
    #: Counts its runs, so that what an earlier run planned is void.
    run: int = 0
    activity: str = field(default_factory=lambda: f"{uuid.uuid4()} ActivityId: {uuid.uuid4()}")

    @property
    def resource_id(self) -> str:
        return f"{self.site_id}/replicationJobs/{self.id}"

    @property
    def running(self) -> bool:
        return self.state in RUNNING

    @property
    def keys(self) -> frozenset[str]:
        return self.holds | {self.target.key}

    def leaves(self) -> Iterator[JobTask]:
        for task in self.tasks:
            yield from task.leaves()

    def note(self, error: JobError, created: datetime, *, outcome: JobState | None = None) -> None:
        """Note an error that does not end the job; `outcome` is the state in which the job ends then."""
        current = next((task.shown_id for task in self.leaves() if task.state == "InProgress"), None)
        self.errors.append(NotedError(error, created, current))
        if outcome is not None:
            self.outcome = outcome
