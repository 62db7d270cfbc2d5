# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: starts writes of Site Recovery, and follows their jobs to the end.

The pollers of the SDK read replicationOperationStatus, which the role Site Recovery Operator does not allow. It allows
to read the job, which has the same name and says more.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .._model.azure.jobs import Job, failure_of, job_name, progress_of
from .._model.common.errors import DeadlineExceeded, RemoteFailure
from .._model.common.waiting import early_interval, interval, is_passing
from . import consistency
from .clients import Azure
from .failures import Absent, read, translated
from .operations import retry_while_busy
from .wire import documents, payload, raw

#: The filter of the service for jobs that have not ended.
RUNNING = "( JobStatus eq 'InProgress' or JobStatus eq 'NotStarted' )"

#: The most seconds to wait until jobs have started, and show their targets. They take about a second.
_UNSTARTED_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Vault:
    """A vault and the login to its subscription."""

    azure: Azure
    resource_group: str
    name: str


def start(
    call: Callable[..., Any], action: str, timeout: float, unknown: tuple[str, ...] = (), *, removes: bool = False
) -> str | None:
    """Send a write of Site Recovery, and return the name of its job. None: the write was complete when answered.

    A write that `removes` a resource is complete as well if the service says that the resource is absent: a list shows
    it for some time after its removal.

    `call` passes its keywords to a `begin_` function of the SDK, so that no poller is started and the answer's headers
    are seen. `timeout` limits the wait for concurrent writes. `unknown` are codes that contradict what this run read.
    """

    def once() -> str | None:
        answers: list[Any] = []

        def send() -> None:
            call(polling=False, raw_response_hook=answers.append)

        if removes and isinstance(read(action, send, unknown), Absent):
            return None
        if not removes:
            with translated(action):
                send()
        return job_name(answers[-1].http_response.headers) if answers else None

    return retry_while_busy(once, action, timeout, unknown)


def resume(vault: Vault, name: str, comment: str, action: str, timeout: float) -> None:
    """Continue a job that waits for a person, with a comment for the people who read the job."""
    client, body = vault.azure.site_recovery.replication_jobs, payload({"properties": {"comments": comment}})
    start(lambda **more: client.begin_resume(vault.resource_group, vault.name, name, body, **more), action, timeout)


def get(vault: Vault, name: str) -> Job | None:
    """Read one job with its tasks. None: the vault has no such job."""
    found = read(
        f"read the job '{name}'",
        lambda: vault.azure.site_recovery.replication_jobs.get(vault.resource_group, vault.name, name, cls=raw),
    )
    return None if isinstance(found, Absent) else Job.from_wire(found)


def list_jobs(vault: Vault, query: str | None = None) -> list[Job]:
    """Return the newest jobs, at most 200 of them (recorded: the list is cut without a sign), without their errors.

    `query` is a filter of the service.
    """
    client = vault.azure.site_recovery.replication_jobs
    with translated("list the jobs of the vault"):
        return [Job.from_wire(item) for item in documents(client.list(vault.resource_group, vault.name, filter=query))]


def running_jobs(vault: Vault) -> list[Job]:
    """Return the jobs that have not ended, without their errors.

    Machines and recovery plans show a job only when its first task has ended, and a list shows it before. A job that
    has not started shows neither its scenario nor its target (recorded), so its start is awaited for a short time.
    """
    started = time.monotonic()
    while True:
        running = [job for job in list_jobs(vault) if not job.is_final]
        elapsed = time.monotonic() - started
        left = _UNSTARTED_SECONDS - elapsed
        if left <= 0 or all(job.scenario for job in running):
            return running
        time.sleep(early_interval(elapsed, left))


def follow(vault: Vault, name: str, deadline: float) -> Job:
    """Return the job when it has ended, or when it waits for a person, like `follow_all`."""
    resume = f"the job {name} continues in Azure: run again to resume the wait, or increase wait_timeout"
    return follow_all(vault, [name], deadline, resume)[name]


def follow_all(
    vault: Vault, names: Iterable[str], deadline: float, resume: str, places: Mapping[str, str] | None = None
) -> dict[str, Job]:
    """Return jobs by name when each has ended or waits for a person. One loop reads those that have not.

    It reports the progress of all of them. `places` says by the name of a job where it runs.

    `deadline` is a time of `time.monotonic`, and `resume` explains how to continue after it. A failure to read that
    passes does not end the wait. Raises DeadlineExceeded with the last states.
    """
    started = time.monotonic()
    open_jobs: dict[str, str] = {name: f"job {name} was not readable yet" for name in names}
    seen: dict[str, Job] = {}
    ended: dict[str, Job] = {}
    while open_jobs:
        for name in list(open_jobs):
            job = _look(vault, name, started, deadline)
            if job is None:
                continue
            seen[name] = job
            open_jobs[name] = job.describe()
            if job.is_final or job.is_suspended:
                ended[name] = job
                del open_jobs[name]
        vault.azure.report(progress_of(seen.values(), places))
        now = time.monotonic()
        if open_jobs and now >= deadline:
            state = "; ".join(open_jobs.values())
            raise DeadlineExceeded("the end of jobs", now - started, state, resume, jobs=list(open_jobs))
        if open_jobs:
            time.sleep(interval(now - started, deadline - now))
    return ended


def _look(vault: Vault, name: str, started: float, deadline: float) -> Job | None:
    """Read the job. None: it is not visible yet, or the failure to read it passes."""
    try:
        job = get(vault, name)
    except RemoteFailure as error:
        if is_passing(error.to_result()["error"]):
            return None
        raise
    if job is None and time.monotonic() - started > consistency.visibility_limit(deadline - started, absent=False):
        raise RemoteFailure(f"could not follow the job {name}: the vault has no such job; run again", job=name)
    return job


def require_success(job: Job, action: str) -> Job:
    """Return a job that succeeded. Raises RemoteFailure with the errors of one that did not."""
    if job.succeeded:
        return job
    message, details = failure_of(job, action)
    raise RemoteFailure(message, **details)
