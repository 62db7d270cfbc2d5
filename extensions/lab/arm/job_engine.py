# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs Site Recovery's jobs: tasks one after the other, collisions, planned faults, cancel, restart and resume."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..context import Fault, ReplicationRefused
from .job_trees import TREES, tasks_of
from .jobs import Job, JobError, JobState, JobTarget, JobTask, NotedError, TaskFailed
from .messages import Json
from .records import Vault, guid
from .state_core import StateCore

# inferred: the time for which a job is `NotStarted`; recorded: that a first poll sometimes shows it.
QUEUED = 1.0


def start_job(
    state: StateCore,
    vault: Vault,
    scenario: str,
    target: JobTarget,
    *,
    tasks: Iterable[JobTask] | None = None,
    finish: Callable[[bool], None] | None = None,
    affected: Json | None = None,
    details: Json | None = None,
    seconds: float = 0.0,
    queued: float = QUEUED,
    title: str | None = None,
    holds: Iterable[str] = (),
    parent: Job | None = None,
) -> Job:
    """Start a job; `tasks` are those that are recorded for the scenario, unless given.

    `finish` receives whether the job succeeded, at least partially. Planned faults at
    `job:<scenario>:<id of the task>:<name of the target>` change the course of a task: fail (code, message, causes,
    action, provider_code, provider_message, state), hang, delay (seconds). A task with a random id has its name there.
    `holds` are the keys of other targets whose jobs collide with this one; a job never collides with its `parent`.
    """
    job = Job(
        guid(),
        scenario,
        title or TREES[scenario].title,
        state.context.clock.now(),
        target,
        vault.site_id,
        list(tasks if tasks is not None else tasks_of(scenario)),
        finish,
        affected=affected or {},
        details=details or {},
        seconds=seconds,
        holds=frozenset(holds),
        parent=parent,
    )
    vault.jobs[job.id] = job
    if queued:
        _later(state, job, queued, lambda: _begin(state, vault, job))
    else:
        _begin(state, vault, job)
    return job


def cancel_job(state: StateCore, job: Job) -> None:
    """End a running job. The effects of its finished tasks stay (documented for a canceled failover)."""
    for task in job.leaves():
        if task.state == "InProgress":
            # inferred: the state of the task that was running.
            task.state, task.ended = "Cancelled", state.context.clock.now()
            if task.child is not None and task.child.running:
                task.child.on_end = None
                cancel_job(state, task.child)
    _end(state, job, "Cancelled")


def restart_job(state: StateCore, job: Job) -> None:
    """Run a job again, from its first task that has not succeeded (inferred; documented: that jobs are restarted)."""
    job.run += 1
    job.state, job.ended, job.outcome = "InProgress", None, "Succeeded"
    job.errors.clear()
    for task in job.leaves():
        if task.state != "Succeeded":
            task.state, task.started, task.ended = "NotStarted", None, None
    _advance(state, job)


def resume_job(state: StateCore, job: Job) -> None:
    """Go on with a job that waits for a person (documented: manual actions of plans, completion of a failback)."""
    job.state = "InProgress"
    task = next(task for task in job.leaves() if task.state == "InProgress" and task.waits)
    _finish_task(state, job, task)


def refused(error: ReplicationRefused) -> JobError:
    """Return the error of a job for a refusal of a VMM server or a host."""
    return JobError(error.code, "The operation failed on the server.", error.provider_code, error.message)


def _begin(state: StateCore, vault: Vault, job: Job) -> None:
    job.started = state.context.clock.now()
    holder = next(
        (other for other in vault.jobs.values() if other is not job and _holds(other) and _collide(other, job)),
        None,
    )
    job.state = "InProgress"
    if holder is None:
        _advance(state, job)
        return
    # recorded: Azure PowerShell, AsrE2ETests, TestPlannedFailover: code, texts, no task.
    job.collided = True
    error = JobError(
        "532",
        "The operation couldn't be completed.",
        causes=f"An operation {holder.target.name} ({holder.title}) is in progress.",
        action="Either wait for the operation in progress to complete, or cancel it and then retry the operation that "
        "couldn't complete. For details see http://aka.ms/asr-err-inprogress. ",
    )
    job.errors.append(NotedError(error, state.context.clock.now()))
    _end(state, job, "Failed")


def _holds(job: Job) -> bool:
    return job.state in ("InProgress", "Suspended")


def _collide(one: Job, other: Job) -> bool:
    return one is not other.parent and other is not one.parent and bool(one.keys & other.keys)


def _advance(state: StateCore, job: Job) -> None:
    ready = _ready(job.tasks)
    if ready:
        for task in ready:
            _begin_task(state, job, task)
    elif not any(task.state == "InProgress" for task in job.leaves()):
        _later(state, job, 0.0 if job.tasks else job.seconds, lambda: _end(state, job, job.outcome))


def _ready(tasks: Iterable[JobTask]) -> list[JobTask]:
    """Return the tasks that can begin now: the next one, or all members of a parallel group."""
    for task in tasks:
        if task.children is None:
            found = [task] if task.state == "NotStarted" else []
        elif task.parallel:
            found = [leaf for child in task.children for leaf in _ready([child])]
        else:
            found = _ready(task.children)
        if found or not task.ended_well:
            return found
    return []


def _begin_task(state: StateCore, job: Job, task: JobTask) -> None:
    task.state, task.started = "InProgress", state.context.clock.now()
    fault = state.context.faults.hit(f"job:{job.scenario}:{task.point}:{task.about or job.target.name}")
    if fault is not None and fault.action == "hang":
        return
    if task.starts is not None and fault is None:
        child = task.child = task.starts(job)
        child.on_end = lambda: _end_with(state, job, task, child)
        return
    seconds = task.seconds
    if fault is not None and fault.action == "delay":
        seconds += float(fault.detail.get("seconds", seconds))
    if fault is not None and fault.action == "fail":
        planned = fault
        _later(state, job, seconds, lambda: _fail_as_planned(state, job, task, planned))
    elif task.waits:
        _later(state, job, seconds, lambda: _suspend(job))
    else:
        _later(state, job, seconds, lambda: _finish_task(state, job, task))


def _end_with(state: StateCore, job: Job, task: JobTask, child: Job) -> None:
    """End a task with the job that it began."""
    if child.state in ("Failed", "Cancelled"):
        _fail(state, job, task, [noted.error for noted in child.errors])
    else:
        _finish_task(state, job, task)


def _suspend(job: Job) -> None:
    job.state = "Suspended"


def _finish_task(state: StateCore, job: Job, task: JobTask) -> None:
    try:
        if task.work is not None:
            task.work(job)
    except TaskFailed as failure:
        _fail(state, job, task, failure.errors)
    except ReplicationRefused as refusal:
        _fail(state, job, task, (refused(refusal),))
    else:
        task.state, task.ended = "Succeeded", state.context.clock.now()
        _advance(state, job)


def _fail_as_planned(state: StateCore, job: Job, task: JobTask, fault: Fault) -> None:
    detail: dict[str, Any] = dict(fault.detail)
    ending: JobState = detail.pop("state", "Failed")
    error = JobError(
        str(detail.pop("code", "539")), **{name: value for name, value in detail.items() if value is not None}
    )
    _fail(state, job, task, (error,), ending)


def _fail(state: StateCore, job: Job, task: JobTask, errors: Iterable[JobError], ending: JobState = "Failed") -> None:
    now = state.context.clock.now()
    task.state, task.ended = "Failed", now
    job.errors.extend(NotedError(error, now, task.shown_id) for error in errors)
    if _in_parallel(job.tasks, task):
        # inferred: the other machines of a group go on, and no later group begins.
        job.outcome = ending
        _advance(state, job)
    else:
        _end(state, job, ending)


def _in_parallel(tasks: Iterable[JobTask], wanted: JobTask) -> bool:
    return any(
        task.parallel or _in_parallel(task.children, wanted)
        for task in tasks
        if task.children and any(leaf is wanted for leaf in task.leaves())
    )


def _end(state: StateCore, job: Job, ending: JobState) -> None:
    job.run += 1
    job.state, job.ended = ending, state.context.clock.now()
    for task in job.leaves():
        if task.state == "NotStarted":
            task.state = "Skipped"
    if job.finish is not None:
        job.finish(ending not in ("Failed", "Cancelled"))
    if job.on_end is not None:
        job.on_end()


def _later(state: StateCore, job: Job, seconds: float, action: Callable[[], None]) -> None:
    """Plan a step of this run of the job: a job that was canceled or restarted meanwhile forgets it."""
    run = job.run

    def step() -> None:
        if job.run == run:
            action()

    state.later(seconds, step)
