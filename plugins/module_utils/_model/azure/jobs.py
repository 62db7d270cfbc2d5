# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the jobs of Site Recovery: tasks, targets and errors.

The state of a job is the truth. A job that is running or has succeeded may hold errors, its tasks may lag behind, and
the status of its operation says Succeeded for a job that succeeded in part.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..common.durations import duration
from ..common.names import same_name
from ..common.provider_support import moment
from ..common.shown_text import foreign
from .job_remedies import COLLISIONS, HARMLESS, JOB_REMEDIES

#: Unset dates are of year 1, 1601 or 1753.
_FIRST_YEAR = 1900
_SUCCEEDED = ("succeeded", "completedwithinformation")
_FAILED = ("failed", "cancelled", "canceled", "partiallysucceeded")
_SUSPENDED = ("suspended",)
_SKIPPED = "skipped"
_NO_PROVIDER_ERROR = ("", "0")
#: More jobs than these are counted, so that a line of progress stays readable.
_SHOWN_JOBS = 5


@dataclass(frozen=True, slots=True)
class JobError:
    """One error of a job: what the service says, and what the Provider or Azure behind it says."""

    code: str = ""
    message: str = ""
    causes: str = ""
    action: str = ""
    provider_code: str = ""
    provider_message: str = ""
    provider_causes: str = ""
    provider_action: str = ""
    level: str = ""
    task_id: str = ""

    @classmethod
    def from_wire(cls, document: Mapping[str, Any]) -> JobError:
        service = document.get("serviceErrorDetails") or {}
        provider = document.get("providerErrorDetails") or {}
        number = _text(provider.get("errorCode"))
        return cls(
            _text(service.get("code")),
            _text(service.get("message")),
            _text(service.get("possibleCauses")),
            _text(service.get("recommendedAction")),
            "" if number in _NO_PROVIDER_ERROR else number,
            _text(provider.get("errorMessage")),
            _text(provider.get("possibleCauses")),
            _text(provider.get("recommendedAction")),
            _text(document.get("errorLevel")),
            _text(document.get("taskId")),
        )

    @property
    def is_harmless(self) -> bool:
        return self.code in HARMLESS

    @property
    def cause(self) -> str:
        """Return the cause: of the Provider, of our table, or of the service, in this order."""
        known = JOB_REMEDIES.get(self.provider_code) or JOB_REMEDIES.get(self.code)
        # The causes of the service name the running operation, which our table cannot know.
        own = "" if known is None or self.code in COLLISIONS else known.cause
        return self.provider_causes or own or self.causes

    @property
    def fix(self) -> str:
        """Return the remedy: of our table, of the Provider, or of the service, in this order."""
        known = JOB_REMEDIES.get(self.provider_code) or JOB_REMEDIES.get(self.code)
        return known.fix if known else self.provider_action or self.action

    def describe(self) -> str:
        """Return the error in one line. The text of the Provider is the useful part, so it is first."""
        service = _coded(self.code, self.message)
        provider = _coded(self.provider_code, self.provider_message)
        text = f"{provider.rstrip('.')} ({service.rstrip('.')})" if provider else service.rstrip(".")
        if self.cause and self.cause not in text:
            text = f"{text}; cause: {self.cause.rstrip('.')}"
        return text

    def to_result(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "message": self.message,
            "provider_code": self.provider_code or None,
            "provider_message": self.provider_message or None,
            "cause": self.cause,
            "fix": self.fix,
            "level": self.level,
            "task": self.task_id or None,
        }


@dataclass(frozen=True, slots=True)
class JobTask:
    """One task of a job, with the tasks for single machines below a group."""

    id: str
    name: str
    title: str
    state: str
    description: str
    started: datetime | None
    ended: datetime | None
    errors: tuple[JobError, ...]
    children: tuple[JobTask, ...]
    #: The type and the name of the group of a recovery plan whose machines are the children.
    group: str = ""
    group_name: str = ""
    #: The job of a machine in a group.
    job: str = ""
    #: The work of a person for a manual action, in the words of the plan.
    instructions: str = ""

    @classmethod
    def from_wire(cls, document: Mapping[str, Any]) -> JobTask:
        group, details = document.get("groupTaskCustomDetails") or {}, document.get("customDetails") or {}
        return cls(
            _text(document.get("taskId")),
            _text(document.get("name")),
            _text(document.get("friendlyName")) or _text(document.get("name")),
            _text(document.get("state")),
            _text(document.get("stateDescription")),
            set_moment(document.get("startTime")),
            set_moment(document.get("endTime")),
            _errors(document.get("errors")),
            tuple(cls.from_wire(child) for child in group.get("childTasks") or ()),
            _text(group.get("rpGroupType")),
            _text(group.get("name")),
            _text((details.get("jobTask") or {}).get("jobId")),
            _text(details.get("instructions")),
        )

    @property
    def shown_state(self) -> str:
        """Return the state. The service reports Other for a task that was never run."""
        return self.description if self.description.casefold() == _SKIPPED else self.state

    def to_result(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "title": self.title,
            "state": self.shown_state,
            "started": shown_moment(self.started),
            "ended": shown_moment(self.ended),
            "seconds": seconds_between(self.started, self.ended),
            "group": self.group or None,
            "job": self.job or None,
            "errors": [error.to_result() for error in self.errors],
            "tasks": [child.to_result() for child in self.children],
        }


@dataclass(frozen=True, slots=True)
class JobTarget:
    """The object that a job is about. `id` is the id of the machine, and not the name of the protected item."""

    kind: str
    id: str
    name: str

    def is_plan(self, name: str) -> bool:
        return same_name(self.kind, "RecoveryPlan") and same_name(self.name, name)

    def to_result(self) -> dict[str, str]:
        return {"type": self.kind, "id": self.id, "name": self.name}


@dataclass(frozen=True, slots=True)
class Job:
    """A job as one reading showed it. Lists show neither tasks nor errors nor details."""

    id: str
    name: str
    activity_id: str
    scenario: str
    title: str
    state: str
    tasks: tuple[JobTask, ...]
    errors: tuple[JobError, ...]
    started: datetime | None
    ended: datetime | None
    allowed_actions: tuple[str, ...]
    target: JobTarget
    details: Mapping[str, Any]

    @classmethod
    def from_wire(cls, document: Mapping[str, Any]) -> Job:
        properties = document.get("properties") or {}
        return cls(
            _text(document.get("id")),
            _text(document.get("name")),
            _text(properties.get("activityId")),
            _text(properties.get("scenarioName")),
            _text(properties.get("friendlyName")) or _text(properties.get("scenarioName")),
            _text(properties.get("state")),
            tuple(JobTask.from_wire(task) for task in properties.get("tasks") or ()),
            _errors(properties.get("errors")),
            set_moment(properties.get("startTime")),
            set_moment(properties.get("endTime")),
            tuple(_text(action) for action in properties.get("allowedActions") or ()),
            JobTarget(
                _text(properties.get("targetInstanceType")),
                _text(properties.get("targetObjectId")),
                _text(properties.get("targetObjectName")),
            ),
            properties.get("customDetails") or {},
        )

    @property
    def succeeded(self) -> bool:
        return self.state.casefold() in _SUCCEEDED

    @property
    def is_suspended(self) -> bool:
        """Tell whether the job waits for a person: a manual action of a plan, or the completion of a failback."""
        return self.state.casefold() in _SUSPENDED

    @property
    def is_final(self) -> bool:
        """Tell whether the job has ended. An unknown state is in progress."""
        return self.succeeded or self.state.casefold() in _FAILED

    @property
    def collided(self) -> bool:
        """Tell whether the job failed, because another operation of its target is running."""
        return self.is_final and not self.succeeded and any(error.code in COLLISIONS for error in self.errors)

    def all_errors(self) -> tuple[JobError, ...]:
        """Return the errors of the job and of its tasks, without duplicates. Tasks may hold more than the job."""
        return tuple(dict.fromkeys([*self.errors, *(error for task in self._all_tasks() for error in task.errors)]))

    def _all_tasks(self) -> Iterator[JobTask]:
        pending = list(self.tasks)
        while pending:
            task = pending.pop(0)
            yield task
            pending[:0] = task.children

    @property
    def current_task(self) -> JobTask | None:
        """Return the task that is running, or the one that failed."""
        return _open_task(self.tasks)

    def place(self) -> str:
        """Return the titles of the task that is running or failed, and of the machine in its group."""
        titles, task = [], self.current_task
        while task is not None:
            titles.append(f"'{task.title}'")
            task = _open_task(task.children)
        return ", ".join(titles)

    @property
    def about(self) -> str:
        """Return the title of the job and the name of its target."""
        title = self.title or "job"
        return f"{title} of '{self.target.name}'" if self.target.name else title

    def describe(self) -> str:
        """Return the job, its state and its task in a few words."""
        task = self.current_task
        where = f" at '{task.title}'" if task else ""
        return f"{self.about}: {self.state or 'unknown'}{where} (job {self.name})"

    def progress(self) -> str:
        """Return the running task and its number for a line of progress."""
        task = self.current_task
        if task is None:
            return self.state or "NotStarted"
        return f"{task.title} ({self.tasks.index(task) + 1} of {len(self.tasks)})"

    def to_result(self, *, tree: bool = True) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "id": self.id,
            "name": self.name,
            "scenario": self.scenario,
            "title": self.title,
            "state": self.state,
            "target": self.target.to_result(),
            "started": shown_moment(self.started),
            "ended": shown_moment(self.ended),
            "seconds": seconds_between(self.started, self.ended),
            "allowed_actions": list(self.allowed_actions),
        }
        if tree:
            shown["activity_id"] = self.activity_id or None
            shown["tasks"] = [task.to_result() for task in self.tasks]
            shown["errors"] = [error.to_result() for error in self.all_errors()]
            shown["details"] = dict(self.details)
        return shown


def job_of_machine(jobs: Iterable[Job], vm_id: str) -> Job | None:
    """Return the first job about a machine that has not ended."""
    return next((job for job in jobs if not job.is_final and same_name(job.target.id, vm_id)), None)


def job_of_plan(jobs: Iterable[Job], plan: str) -> Job | None:
    """Return the first job about a recovery plan that has not ended. A machine can have the name of the plan."""
    return next((job for job in jobs if not job.is_final and job.target.is_plan(plan)), None)


def failure_of(job: Job, action: str) -> tuple[str, dict[str, Any]]:
    """Return the message and the details of a job that ended without success."""
    errors = [error for error in job.all_errors() if not error.is_harmless]
    task = job.current_task
    where = f" at {job.place()}" if task and not job.collided else ""
    reasons = ". ".join(error.describe() for error in errors) or "the job has no reason"
    fixes = list(dict.fromkeys(error.fix.rstrip(".") for error in errors if error.fix))
    again = " (Site Recovery can restart the job)" if "Restart" in job.allowed_actions else ""
    advice = ". ".join(fixes) or "check the job in the portal, then run again"
    first = errors[0] if errors else JobError()
    return (
        f"could not {action}: {job.state}{where} (job {job.name}{again}): {reasons}; {advice}",
        {
            "code": first.code or None,
            "provider_code": first.provider_code or None,
            "job": job.name,
            "job_state": job.state,
            "task": task.id if task else None,
            "errors": [error.to_result() for error in errors],
        },
    )


def progress_of(jobs: Iterable[Job], places: Mapping[str, str] | None = None) -> list[str]:
    """Return lines of progress: one for each job that runs, or the numbers of many jobs by their tasks.

    `places` says by the name of a job where it runs, if its target does not.
    """
    where = {name: f" in {place}" for name, place in (places or {}).items()}
    found = list(jobs)
    # A job without a title was accepted, but does not run yet.
    running = [job for job in found if not job.is_final and job.title]
    if len(running) <= _SHOWN_JOBS:
        return [f"{job.about}{where.get(job.name, '')}: {job.progress()}" for job in running]
    counts = Counter(job.progress() for job in running).most_common()
    ended = sum(job.is_final for job in found)
    return [", ".join([*([f"{ended} ended"] if ended else []), *(f"{number} at {task}" for task, number in counts)])]


def job_name(headers: Mapping[str, str]) -> str | None:
    """Return the name of the job that an accepted write started. None: the write has no job.

    Both links end with it. Their other parts depend on the version of the API, and may be signed.
    """
    values = {name.casefold(): value for name, value in headers.items()}
    for header in ("azure-asyncoperation", "location"):
        path = (values.get(header) or "").partition("?")[0].rstrip("/")
        if path:
            return path.rpartition("/")[2]
    return None


def set_moment(value: Any) -> datetime | None:
    """Return a date and time. The service writes a date long ago where none is set."""
    found = moment(value)
    return found if found is not None and found.year >= _FIRST_YEAR else None


def shown_moment(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat(timespec="seconds").replace("+00:00", "Z")


def seconds_between(started: datetime | None, ended: datetime | None) -> float | None:
    """Return the seconds of a period, never fewer than none: the end of a job has whole seconds only."""
    if started is None or ended is None:
        return None
    return max(0.0, round((ended - started).total_seconds(), 1))


def shown_seconds(seconds: float | None) -> str:
    return "unknown" if seconds is None else duration(seconds)


def _open_task(tasks: Iterable[JobTask]) -> JobTask | None:
    return next((task for task in tasks if task.state.casefold() not in (*_SUCCEEDED, "other", "notstarted")), None)


def _errors(documents: Iterable[Mapping[str, Any]] | None) -> tuple[JobError, ...]:
    return tuple(JobError.from_wire(document) for document in documents or ())


def _coded(code: str, message: str) -> str:
    return f"{code}: {message}" if code and message and code not in message else message or code


def _text(value: Any) -> str:
    """Return a text of the service in one line. Recorded ones hold line breaks and non-breaking spaces."""
    return "" if value is None else foreign(value)
