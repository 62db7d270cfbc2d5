# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: follows jobs of recovery plans, which wait for a person at each manual action."""

from __future__ import annotations

import time
from collections.abc import Iterable

from ..._azure import jobs
from ..._model.azure.jobs import Job
from ..._model.common.errors import DeadlineExceeded
from ..._model.common.waiting import interval

_COMMENT = "Completed by siterecovery.hyperv"


def follow_to_end(
    vault: jobs.Vault, names: Iterable[str], deadline: float, resume: str, *, completes: bool
) -> dict[str, Job]:
    """Return jobs by name when each has ended. `completes`: complete each manual action, or else wait for a person.

    Raises DeadlineExceeded with the action that waits.
    """
    started, completed = time.monotonic(), set[tuple[str, str]]()
    ended: dict[str, Job] = {}
    open_jobs = list(names)
    while open_jobs:
        for name, job in jobs.follow_all(vault, open_jobs, deadline, resume).items():
            if not job.is_suspended:
                ended[name] = job
                open_jobs.remove(name)
            elif completes:
                _complete(vault, job, completed, deadline)
        now = time.monotonic()
        if open_jobs and now >= deadline:
            raise DeadlineExceeded(
                "a person to complete " + "; ".join(_action(jobs.get(vault, name)) for name in open_jobs),
                now - started,
                "the job is suspended",
                f"complete it in the portal, or set manual_actions=complete; {resume}",
                jobs=open_jobs,
            )
        if open_jobs:
            time.sleep(interval(now - started, deadline - now))
    return ended


def _complete(vault: jobs.Vault, job: Job, completed: set[tuple[str, str]], deadline: float) -> None:
    """Complete the action at which a job waits, once: a reading can be older than the completion."""
    task = job.current_task
    place = (job.name, task.id if task else "")
    if place not in completed:
        completed.add(place)
        jobs.resume(vault, job.name, _COMMENT, f"resume the job {job.name}", _left(deadline))


def cancel_waiting(vault: jobs.Vault, job: Job, deadline: float) -> None:
    """Cancel a job that waits for a person."""
    client, where = vault.azure.site_recovery.replication_jobs, (vault.resource_group, vault.name, job.name)
    jobs.start(lambda **how: client.begin_cancel(*where, **how), f"cancel the job {job.name}", _left(deadline))


def _left(deadline: float) -> float:
    return max(0.0, deadline - time.monotonic())


def _action(job: Job | None) -> str:
    task = job.current_task if job else None
    if task is None:
        return "a manual action"
    return f"the manual action '{task.title}' ({task.instructions})" if task.instructions else f"'{task.title}'"
