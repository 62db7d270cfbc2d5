# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: failover, commit, failback and reversal of protected machines, one step of them in each run."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..._azure import jobs
from ..._azure.clients import Azure
from ..._azure.consistency import DIFFERENT_SECONDS, UNKNOWN_PARENT
from ..._azure.failures import translated
from ..._azure.wire import documents, payload
from ..._model.azure.failover import (
    Decision,
    DesiredFailover,
    Subject,
    decide,
    loss_warning,
    place_after,
    plan_failover,
    refusals,
    require_some,
    running_of,
)
from ..._model.azure.failover_evidence import FailoverRun
from ..._model.azure.jobs import Job, failure_of
from ..._model.azure.plan_failover import decide_plan
from ..._model.azure.protected_item import ProtectedItem
from ..._model.azure.recovery_plan import RecoveryPlan
from ..._model.azure.recovery_point import RecoveryPoint
from ..._model.common.errors import DeadlineExceeded, Refused, RemoteFailure
from ..._model.common.plan import Plan
from ..._model.common.resource import Applied, ManagedResource
from ..._model.common.waiting import interval, is_passing
from .item_jobs import Operation, Results, run_all
from .plan_failover import COMMENT, follow_plan, need_plan, start_plan
from .protected_machines import Address, find_machine, get_machine, list_machines
from .vault import find

_PROVIDER = "HyperVReplicaAzure"
_TO_AZURE, _TO_PREMISES = "PrimaryToRecovery", "RecoveryToPrimary"
_ACTIONS = {
    "failover": "fail over",
    "commit": "commit the failover of",
    "failback": "fail back",
    "reverse": "reverse the replication of",
}
_RESUME = "the replication continues in Azure: run again to resume the wait, or increase wait_timeout"


@dataclass(frozen=True, slots=True)
class FailoverState:
    """The machines of a task."""

    subjects: tuple[Subject, ...]
    plan: RecoveryPlan | None = None


@dataclass(frozen=True, slots=True)
class FailoverApplied(Applied):
    """The operations of this run."""

    runs: tuple[FailoverRun, ...] = ()
    #: The job of the recovery plan.
    job: Job | None = None


class FailoverResource(ManagedResource[FailoverState, FailoverApplied]):
    """Machines that a run brings one step further on the way to Azure and back."""

    steps = ("N4",)

    def __init__(self, vault: jobs.Vault, desired: DesiredFailover, concurrent: int, wait_timeout: float) -> None:
        self._vault = vault
        self._desired = desired
        self._concurrent = max(1, concurrent)
        self._wait_timeout = wait_timeout

    # Observe

    def observe(self) -> FailoverState:
        vault, desired = self._vault, self._desired
        if find(vault.azure, vault.resource_group, vault.name).resource is None:
            raise Refused(f"vault_name: the vault '{vault.name}' does not exist; correct vault_name or resource_group")
        plan: RecoveryPlan | None = None
        if desired.plan:
            plan, items = need_plan(vault, desired.plan)
        else:
            listed = list_machines(vault, desired.server, desired.cloud)
            items = [get_machine(vault, find_machine(listed, name).id) for name in desired.machines]
        # A machine and a plan show their jobs some seconds late.
        running = jobs.running_jobs(vault)
        subjects = tuple(Subject(item, running_of(item, running)) for item in items)
        return FailoverState(subjects, plan.with_job(running) if plan else None)

    # Plan

    def plan(self, state: FailoverState) -> Plan:
        decisions = self._decisions(state)
        # One job works on all machines of a plan.
        require_some(decisions, all_of_them=state.plan is not None)
        return plan_failover(decisions)

    def _decisions(self, state: FailoverState) -> list[Decision]:
        if state.plan:
            return decide_plan(state.plan, state.subjects, self._desired)
        return [decide(subject, self._desired) for subject in state.subjects]

    # Apply

    def apply(self, plan: Plan, state: FailoverState) -> FailoverApplied:  # noqa: ARG002
        deadline, results = time.monotonic() + self._wait_timeout, Results()
        decisions = self._decisions(state)
        acting = [decision for decision in decisions if decision.acts]
        plan_job = self._run_plan(state.plan, acting, deadline) if state.plan else None
        if state.plan is None:
            jobs_of = [self._operation(decision) for decision in acting if decision.step != "wait"]
            run_all(self._vault, jobs_of, self._concurrent, deadline, results)
        if self._desired.operation == "reverse":
            self._wait_until_ready([each for each in acting if each.subject.item.id not in results.failures], deadline)
        runs = tuple(self._run(decision, results, plan_job) for decision in acting)
        failed = [run for run in runs if run.problem]
        problems = [*(run.describe_problem() for run in failed), *refusals(decisions)]
        if problems:
            errors = [error.details for error in results.failures.values()]
            raise RemoteFailure(
                f"{len(problems)} of {len(decisions)} machines failed: {'; '.join(problems)}",
                code=errors[0].get("code") if errors else None,
                runs=[run.to_result() for run in runs],
            )
        return FailoverApplied(notes=(*self._losses(acting), *results.notes), runs=runs, job=plan_job)

    def _run_plan(self, plan: RecoveryPlan, acting: Sequence[Decision], deadline: float) -> Job | None:
        """Run the operation of a plan. Raises RemoteFailure with the place of each machine."""
        name = plan.job
        if name is None and all(decision.step == "wait" for decision in acting):
            return None
        if name is None:
            name = start_plan(self._vault, plan, self._desired, self._wait_timeout)
        if name is None:
            return None
        job = follow_plan(self._vault, name, [each.subject for each in acting], self._desired, deadline)
        if not job.succeeded:
            message, details = failure_of(job, f"{_ACTIONS[self._desired.operation]} recovery plan '{plan.name}'")
            now = [Subject(get_machine(self._vault, each.subject.item.id)) for each in acting]
            places = "; ".join(subject.describe() for subject in now)
            raise RemoteFailure(f"{message}. The machines now: {places}", **details, recovery_plan_job=job.to_result())
        return job

    def _run(self, decision: Decision, results: Results, plan_job: Job | None) -> FailoverRun:
        item = decision.subject.item
        failure = results.failures.get(item.id)
        return FailoverRun(
            decision,
            self._desired.operation,
            plan_job or results.jobs.get(item.id),
            failure.message if failure else None,
            get_machine(self._vault, item.id),
            of_plan=plan_job is not None,
        )

    def _operation(self, decision: Decision) -> Operation:
        subject = decision.subject
        action = f"{_ACTIONS[self._desired.operation]} machine '{subject.name}'"

        def start() -> str | None:
            if subject.running:
                return subject.running.name
            try:
                return jobs.start(self._call(subject.item), action, self._wait_timeout, UNKNOWN_PARENT)
            except Refused as error:
                raise RemoteFailure(error.message) from error

        return Operation(subject.item.id, action, start, resume=self._complete, label=subject.name)

    def _call(self, item: ProtectedItem) -> Callable[..., Any]:
        """Return the call that starts the operation of this run."""
        vault, place, desired = self._vault, Address.of(item.id), self._desired
        items = vault.azure.site_recovery.replication_protected_items
        where = (vault.resource_group, vault.name, place.fabric, place.container, place.item)
        if desired.operation == "commit":
            return lambda **more: items.begin_failover_commit(*where, **more)
        if desired.operation == "failback":
            body = _body(_TO_PREMISES, desired.failback_input())
            return lambda **more: items.begin_planned_failover(*where, body, **more)
        details = {"instanceType": _PROVIDER}
        if desired.operation == "reverse":
            body = _body(_TO_AZURE, details)
            return lambda **more: items.begin_reprotect(*where, body, **more)
        if desired.kind == "planned":
            body = _body(_TO_AZURE, details)
            return lambda **more: items.begin_planned_failover(*where, body, **more)
        if not desired.point.is_latest:
            details["recoveryPointId"] = self._point(where, item.machine).id
        body = _body(_TO_AZURE, details, sourceSiteOperations=desired.source_operations)
        return lambda **more: items.begin_unplanned_failover(*where, body, **more)

    def _point(self, where: Sequence[str], machine: str) -> RecoveryPoint:
        points = self._vault.azure.site_recovery.recovery_points
        with translated(f"list the recovery points of '{machine}'"):
            listed = documents(points.list_by_replication_protected_items(*where))
        return self._desired.point.choose(map(RecoveryPoint.from_wire, listed), machine)

    def _complete(self, name: str) -> None:
        """Go on with a failback whose data is copied: the machine in Azure is shut down now."""
        jobs.resume(self._vault, name, COMMENT, f"complete the failback (job {name})", self._wait_timeout)

    def _wait_until_ready(self, decisions: Sequence[Decision], deadline: float) -> None:
        """Wait for the copy of the changes since the failback, which has no job."""
        started, pending = time.monotonic(), [decision.subject.item for decision in decisions]
        while pending:
            pending = [item for item in map(self._look, pending) if item.phase != "ready"]
            now = time.monotonic()
            if pending and now >= deadline:
                states = "; ".join(f"{item.machine}: {item.describe()}" for item in pending)
                raise DeadlineExceeded("the replication of the machines", now - started, states, _RESUME)
            if pending:
                time.sleep(interval(now - started, deadline - now))

    def _look(self, item: ProtectedItem) -> ProtectedItem:
        try:
            return get_machine(self._vault, item.id)
        except RemoteFailure as error:
            if not is_passing(error.to_result()["error"]):
                raise
            return item

    # Results

    def visibility_limit(self, state: FailoverState) -> float:  # noqa: ARG002
        return DIFFERENT_SECONDS

    def to_result(self, state: FailoverState) -> dict[str, Any]:
        shown = [{**subject.to_result(), "group": _group_of(subject, state.plan)} for subject in state.subjects]
        return {"machines": shown, "runs": [], "recovery_plan_job": None}

    def preview(self, state: FailoverState, plan: Plan) -> dict[str, Any]:  # noqa: ARG002
        after = {each.subject.item.vm_id: place_after(each.subject) for each in self._decisions(state) if each.acts}
        shown = self.to_result(state)
        machines = [{**each, "place": after.get(each["vm_id"], each["place"])} for each in shown["machines"]]
        return {**shown, "machines": machines}

    def final_result(self, state: FailoverState, applied: FailoverApplied) -> dict[str, Any]:
        job = applied.job.to_result() if applied.job else None
        runs = [run.to_result() for run in applied.runs]
        return {**self.to_result(state), "runs": runs, "recovery_plan_job": job}

    def warnings(self, state: FailoverState) -> tuple[str, ...]:
        decisions = self._decisions(state)
        return (*self._losses(decisions), *refusals(decisions))

    def _losses(self, decisions: Sequence[Decision]) -> tuple[str, ...]:
        found = [loss_warning(each.subject, self._desired) for each in decisions if each.step == "start"]
        return tuple(loss for loss in found if loss)

    def describe(self, state: FailoverState) -> str:
        return "; ".join(subject.describe() for subject in state.subjects)


def _group_of(subject: Subject, plan: RecoveryPlan | None) -> int | None:
    return plan.group_number(subject.item.id) if plan else None


def _body(direction: str, details: Mapping[str, Any], **more: str) -> Any:
    return payload({"properties": {"failoverDirection": direction, **more, "providerSpecificDetails": dict(details)}})


def require_valid(options: Mapping[str, Any]) -> None:
    """Check the options and the consent before the login. Raises InvalidInput."""
    DesiredFailover.from_options(options)


def build(options: Mapping[str, Any], azure: Azure) -> FailoverResource:
    """Build the resource from the options of the module. Raises InvalidInput."""
    desired = DesiredFailover.from_options(options)
    vault = jobs.Vault(azure, options["resource_group"], options["vault_name"])
    return FailoverResource(vault, desired, options["concurrent"], options["wait_timeout"])
