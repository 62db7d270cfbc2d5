# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: carries out one operation of a failover for a recovery plan, and follows its job."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from ..._azure import jobs
from ..._azure.consistency import UNKNOWN_PARENT
from ..._azure.wire import payload
from ..._model.azure.failover import DesiredFailover, Subject
from ..._model.azure.jobs import Job
from ..._model.azure.plan_failover import plan_input
from ..._model.azure.protected_item import ProtectedItem
from ..._model.azure.recovery_plan import RecoveryPlan
from ..._model.common.errors import DeadlineExceeded, Refused, RemoteFailure
from ..._model.common.names import same_name
from ..._model.common.waiting import interval, is_passing
from .protected_machines import read_machine
from .recovery_plan import require_plan

_RESUME = "the job continues in Azure: run again to follow it, or increase wait_timeout"
#: The comment on a job that a failover continues.
COMMENT = "Completed by siterecovery.hyperv.failover"


def need_plan(vault: jobs.Vault, name: str) -> tuple[RecoveryPlan, list[ProtectedItem]]:
    """Read the plan of a task and its machines, in the order of the plan. Raises Refused."""
    plan = require_plan(vault, name)
    if not plan.fits:
        raise Refused(f"recovery_plan: '{name}' is not about failovers from VMM to Azure; choose another plan")
    found = [(each, read_machine(vault, each)) for each in plan.item_ids]
    lost = [each.rpartition("/")[2] for each, item in found if item is None]
    if lost or not plan.item_ids:
        problem = f"machines that are not protected anymore: {', '.join(lost)}" if lost else "no machines"
        raise Refused(f"recovery_plan: '{name}' has {problem}; correct the plan")
    return plan, [item for _each, item in found if item is not None]


def start_plan(vault: jobs.Vault, plan: RecoveryPlan, desired: DesiredFailover, timeout: float) -> str | None:
    """Start the operation of a plan. Return the name of its job."""
    action = f"take the step of recovery plan '{plan.name}'"
    return jobs.start(_call(vault, plan, desired), action, timeout, UNKNOWN_PARENT)


def _call(vault: jobs.Vault, plan: RecoveryPlan, desired: DesiredFailover) -> Callable[..., Any]:
    plans, where = vault.azure.site_recovery.replication_recovery_plans, (vault.resource_group, vault.name, plan.name)
    if desired.operation == "commit":
        return lambda **more: plans.begin_failover_commit(*where, **more)
    if desired.operation == "reverse":
        return lambda **more: plans.begin_reprotect(*where, **more)
    body = payload({"properties": plan_input(desired)})
    if desired.operation == "failover" and desired.kind == "unplanned":
        return lambda **more: plans.begin_unplanned_failover(*where, body, **more)
    return lambda **more: plans.begin_planned_failover(*where, body, **more)


def follow_plan(
    vault: jobs.Vault, name: str, subjects: Sequence[Subject], desired: DesiredFailover, deadline: float
) -> Job:
    """Return the job of a plan when it has ended.

    The failback of a machine that waits for a confirmation is completed. A manual action waits for a person, unless
    the task completes them.
    """
    started, completed = time.monotonic(), set[tuple[str, str]]()
    while True:
        job = _look(vault, name)
        if job is not None and job.is_final:
            return job
        if job is not None and job.is_suspended and desired.completes_actions:
            _resume(vault, job, completed)
        if desired.operation == "failback":
            for child in _waiting(vault, subjects):
                _resume(vault, child, completed)
        now = time.monotonic()
        if now >= deadline:
            state = job.describe() if job else f"job {name} was not readable"
            person = "; complete its manual action, or set manual_actions=complete" if job and job.is_suspended else ""
            raise DeadlineExceeded("the end of the job of the recovery plan", now - started, state + person, _RESUME)
        time.sleep(interval(now - started, deadline - now))


def _look(vault: jobs.Vault, name: str) -> Job | None:
    try:
        return jobs.get(vault, name)
    except RemoteFailure as error:
        if is_passing(error.to_result()["error"]):
            return None
        raise


def _waiting(vault: jobs.Vault, subjects: Sequence[Subject]) -> list[Job]:
    """Return the jobs of machines that wait for the confirmation of their failback."""
    return [
        job
        for job in jobs.list_jobs(vault)
        if job.is_suspended and any(same_name(job.target.id, subject.item.vm_id) for subject in subjects)
    ]


def _resume(vault: jobs.Vault, job: Job, completed: set[tuple[str, str]]) -> None:
    """Continue a job that waits, once at each of its tasks, because a reading can be outdated."""
    task = job.current_task
    place = (job.name, task.id if task else "")
    if place in completed:
        return
    completed.add(place)
    jobs.resume(vault, job.name, COMMENT, f"continue the job {job.name}", 0.0)
