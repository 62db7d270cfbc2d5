# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: runs the same operation for many machines: some jobs at once, followed with one list call per interval."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from ..._azure import jobs
from ..._model.azure.jobs import Job, failure_of
from ..._model.azure.protection_plan import counted
from ..._model.common.errors import AccessDenied, DeadlineExceeded, RemoteFailure
from ..._model.common.waiting import interval, is_passing


@dataclass(frozen=True, slots=True)
class Operation:
    """One write: the key of its machine, its action in words, and the call that returns the name of its job.

    `resume` continues a job that waits for a person. `label` is the name of the machine, if its key is another one.
    """

    machine: str
    action: str
    start: Callable[[], str | None]
    resume: Callable[[str], None] | None = None
    label: str = ""

    @property
    def name(self) -> str:
        return self.label or self.machine


@dataclass(slots=True)
class Results:
    """The failures, ended jobs and notes of the operations. A failure of one machine does not stop the others."""

    failures: dict[str, RemoteFailure] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    #: Names of jobs that waited for a person and were resumed.
    resumed: set[str] = field(default_factory=set)

    def fail(self, machine: str, error: RemoteFailure) -> None:
        self.failures[machine] = error


def run_all(
    vault: jobs.Vault, operations: Sequence[Operation], parallel: int, deadline: float, results: Results
) -> None:
    """Run operations, at most `parallel` at once, and follow all of their jobs to the end.

    `deadline` is a time of `time.monotonic`. Raises DeadlineExceeded, and AccessDenied, which no other machine escapes.
    """
    waiting, running, started = deque(operations), dict[str, Operation](), time.monotonic()
    changed = started
    while waiting or running:
        while waiting and len(running) < parallel:
            _start(waiting.popleft(), running, results)
            # The pauses are short again, so that a place that becomes free is used soon.
            changed = time.monotonic()
            _report(vault, operations, waiting, running, results)
        if not running:
            continue
        now = time.monotonic()
        if now >= deadline:
            names = ", ".join(operation.name for operation in running.values())
            raise DeadlineExceeded(
                f"the jobs of {len(running)} machines ({names})",
                now - started,
                f"{len(waiting)} more were not started",
                "the jobs continue in Azure: run again to resume, or increase wait_timeout",
            )
        time.sleep(interval(now - changed, deadline - now))
        _look(vault, running, results)
        _report(vault, operations, waiting, running, results)


def _report(
    vault: jobs.Vault,
    operations: Sequence[Operation],
    waiting: Collection[Operation],
    running: Collection[str],
    results: Results,
) -> None:
    failures = {one.name: results.failures[one.machine] for one in operations if one.machine in results.failures}
    done = len(operations) - len(waiting) - len(running) - len(failures)
    counts = {"done": done, "running": len(running), "to start": len(waiting)}
    vault.azure.report([f"jobs: {counted(counts, codes_of(failures))}"])


def codes_of(failures: Mapping[str, RemoteFailure]) -> dict[str, str]:
    """Return the codes of failures by machine."""
    return {name: str(error.details.get("code") or error.kind) for name, error in failures.items()}


def _start(operation: Operation, running: dict[str, Operation], results: Results) -> None:
    try:
        name = operation.start()
    except AccessDenied:
        raise
    except RemoteFailure as error:
        results.fail(operation.machine, error)
    else:
        if name is not None:
            running[name] = operation


def _look(vault: jobs.Vault, running: dict[str, Operation], results: Results) -> None:
    """Read the list of jobs once, and each job that has ended, because a list has no errors."""
    try:
        seen = {job.name: job for job in jobs.list_jobs(vault)}
        for name in list(running):
            listed = seen.get(name)
            if listed is not None and listed.is_suspended and name not in results.resumed:
                _resume(name, running, results)
            if listed is not None and not listed.is_final:
                continue
            job = jobs.get(vault, name)
            if job is not None and job.is_final:
                _note(job, running.pop(name), results)
    except RemoteFailure as error:
        if not is_passing(error.to_result()["error"]):
            raise


def _resume(name: str, running: dict[str, Operation], results: Results) -> None:
    """Continue a job that waits. Once only, because a list can be outdated."""
    operation = running[name]
    if operation.resume is None:
        return
    results.resumed.add(name)
    try:
        operation.resume(name)
    except AccessDenied:
        raise
    except RemoteFailure as error:
        results.fail(operation.machine, error)
        del running[name]


def _note(job: Job, operation: Operation, results: Results) -> None:
    results.jobs[operation.machine] = job
    if not job.succeeded:
        message, details = failure_of(job, operation.action)
        results.fail(operation.machine, RemoteFailure(message, **details))
        return
    for error in job.all_errors():
        results.notes.append(f"machine '{operation.name}': {error.describe()}; {error.fix}")
