# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failover, commit, failback and reversal of recovery plans: a job for the plan, and one for each of its machines.

inferred: everything but the requests, because no such job was recorded: machines in another state are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from .drills import require_allowed
from .failover_jobs import commit_machine, fail_back, fail_over, reverse_machine
from .failover_records import COMMITTED, TO_REVERSE, Failback, Failover
from .failovers import (
    FAILBACK_INPUT,
    FAILOVER_INPUT,
    SOURCE_OPERATIONS,
    TO_PRIMARY,
    TO_RECOVERY,
    check_failback,
    require_value,
)
from .job_answers import accepted
from .job_trees import TREES
from .jobs import Job, JobError, JobTask, TaskFailed
from .messages import Answer, Call, Json, objects
from .plan_drills import PlanOfMachines
from .plan_trees import Course, machine_task, machines_task, name_job, plan_tasks, skip
from .protection_documents import recovery_points
from .protection_records import ProtectedItem
from .protection_rules import properties_of, refused
from .recovery_plans import PLAN, need_plan, operations_of, plan_job
from .recovery_services import need_vault
from .routes import Routes
from .state import AzureState
from .versions import SITE_RECOVERY

ROUTES = Routes(SITE_RECOVERY)
_POINTS = ("Latest", "LatestProcessed", "LatestApplicationConsistent")
_START_SECONDS = TREES["PlannedFailover"].tasks[-1][3]
StartJob = Callable[[ProtectedItem, Job], Job]
Fits = Callable[[ProtectedItem], bool]


@dataclass(slots=True)
class PlanOperation:
    """An operation on a plan: which machines it fits, the job of each of them, and the work of its later start."""

    machines: PlanOfMachines
    scenario: str
    fits: Fits
    begin: StartJob
    direction: str = TO_RECOVERY
    starts: dict[str, Callable[[Job], None]] = field(default_factory=dict)
    works: list[Failover] = field(default_factory=list)
    tasks: list[JobTask] = field(default_factory=list)
    details: Json = field(default_factory=dict)

    def start(self, *, in_groups: bool) -> Job:
        """Start the job. `in_groups`: the machines start in the order of the groups."""
        held = self.machines
        if in_groups:
            course = Course(self.scenario, self.direction, self._task_of, self._boot)
            self.tasks = plan_tasks(held.plan, held.items, course, self._check)
        else:
            name = f"RecoveryPlan{self.scenario}"
            children = [self._task_of(item) for item in held.items.values()]
            check = JobTask("", f"{name}PreflightChecksTask", "Prerequisites check", 1.0, self._check)
            self.tasks = [check, machines_task(f"{name}GroupTask", "All groups", "Failover", children)]
        self.details = {"instanceType": "FailoverJobDetails", "protectedItemDetails": []}
        job = plan_job(
            held.state,
            held.vault,
            held.plan,
            self.scenario,
            self.tasks,
            finish=lambda _done: None if job.collided else self._end(),
            details=self.details,
            holds=held.holds(),
        )
        return job

    def _check(self, job: Job) -> None:
        held = self.machines
        held.show(self.scenario, job)
        fitting = [item for item in held.items.values() if self.fits(item)]
        if not fitting:
            raise TaskFailed(JobError("150255", f"No machine of the recovery plan '{held.plan.name}' is ready for it."))
        left_out = {item.machine.name for item in held.items.values()} - {item.machine.name for item in fitting}
        for leaf in (leaf for task in self.tasks for leaf in task.leaves() if leaf.about in left_out):
            skip(leaf, "The virtual machine is in another state.")

    def _task_of(self, item: ProtectedItem) -> JobTask:
        task = machine_task(f"RecoveryPlan{self.scenario}MachineTask", item)

        def begin(job: Job) -> Job:
            child = self.begin(item, job)
            name_job(task, child)
            return child

        task.starts = begin
        return task

    def _boot(self, item: ProtectedItem) -> JobTask:
        task = machine_task("StartVmOnSecondary", item, _START_SECONDS)

        def work(job: Job) -> None:
            if item.name in self.starts:
                self.starts[item.name](job)

        task.work = work
        return task

    def _end(self) -> None:
        self.machines.plan.scenario = None
        self.details["protectedItemDetails"] = [
            work.document() for work in self.works if work.item.location == "Recovery"
        ]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request about a plan."""

    state: AzureState
    call: Call
    machines: PlanOfMachines
    properties: Json

    @classmethod
    def of(cls, state: AzureState, call: Call, *, body: bool = True) -> Asked:
        vault = need_vault(state, call)
        machines = PlanOfMachines.read(state, vault, need_plan(vault, call))
        return cls(state, call, machines, properties_of(call) if body else {})

    def provider(self, kind: str) -> Json:
        """Return the input of the provider, of which a plan has a list (documented)."""
        for given in objects(self.properties, "providerSpecificDetails"):
            if given.get("instanceType") == kind:
                return given
        raise refused(f"The property 'providerSpecificDetails' must have the instance type {kind}.")

    def require_allowed(self, name: str) -> None:
        plan = self.machines.plan
        if plan.scenario is None:
            require_allowed(operations_of(plan), name, plan.name)

    def accept(self, job: Job) -> Answer:
        return accepted(self.state, self.call, job)


@ROUTES.action(PLAN + "/plannedFailover")
def planned_failover(state: AzureState, call: Call) -> Answer:
    asked = Asked.of(state, call)
    # documented: RecoveryPlanPlannedFailoverInputProperties.
    direction = require_value(asked.properties, "failoverDirection", (TO_RECOVERY, TO_PRIMARY))
    asked.require_allowed("PlannedFailover")
    if direction == TO_PRIMARY:
        return asked.accept(_fail_back(asked))
    asked.provider(FAILOVER_INPUT)
    return asked.accept(_fail_over(asked, planned=True))


@ROUTES.action(PLAN + "/unplannedFailover")
def unplanned_failover(state: AzureState, call: Call) -> Answer:
    asked = Asked.of(state, call)
    require_value(asked.properties, "failoverDirection", (TO_RECOVERY,))
    stops = require_value(asked.properties, "sourceSiteOperations", SOURCE_OPERATIONS) == "Required"
    point = require_value(asked.provider(FAILOVER_INPUT), "recoveryPointType", _POINTS)
    asked.require_allowed("UnplannedFailover")
    return asked.accept(_fail_over(asked, planned=False, stops=stops, point=point))


def _fail_over(asked: Asked, *, planned: bool, stops: bool = True, point: str = _POINTS[0]) -> Job:
    scenario, machines = "PlannedFailover" if planned else "UnplannedFailover", asked.machines
    works: list[Failover] = []

    def begin(item: ProtectedItem, job: Job) -> Job:
        points = recovery_points(asked.state, item)[1:] if point == _POINTS[2] else []
        chosen = points[0][0] if points else None
        works.append(Failover(machines.place, item, chosen, planned, stops))
        return fail_over(works[-1], job)

    operation = PlanOperation(machines, scenario, lambda item: scenario in item.operations, begin, works=works)
    return operation.start(in_groups=True)


def _fail_back(asked: Asked) -> Job:
    how, machines = check_failback(asked.provider(FAILBACK_INPUT)), asked.machines
    operation = PlanOperation(
        machines, "PlannedFailover", lambda item: item.operations == COMMITTED, lambda _item, job: job, TO_PRIMARY
    )

    def begin(item: ProtectedItem, job: Job) -> Job:
        work = Failback(machines.place, item, *how)
        operation.starts[item.name] = work.start
        return fail_back(work, job)

    operation.begin = begin
    return operation.start(in_groups=True)


@ROUTES.action(PLAN + "/failoverCommit")
def commit(state: AzureState, call: Call) -> Answer:
    asked = Asked.of(state, call, body=False)
    place = asked.machines.place
    operation = PlanOperation(
        asked.machines,
        "CommitFailover",
        lambda item: "Commit" in item.operations,
        lambda item, job: commit_machine(place, item, job),
    )
    return asked.accept(operation.start(in_groups=False))


@ROUTES.action(PLAN + "/reProtect")
def reverse(state: AzureState, call: Call) -> Answer:
    asked = Asked.of(state, call, body=False)
    place = asked.machines.place
    operation = PlanOperation(
        asked.machines,
        "ReprotectReplicationGroup",
        lambda item: item.operations == TO_REVERSE,
        lambda item, job: reverse_machine(place, item, job),
    )
    return asked.accept(operation.start(in_groups=False))


@ROUTES.action(PLAN + "/failoverCancel")
def cancel_failover(state: AzureState, call: Call) -> Answer:
    # documented: the operation exists; recorded: no plan of this provider ever allowed it.
    asked = Asked.of(state, call, body=False)
    require_allowed(operations_of(asked.machines.plan), "CancelFailover", asked.machines.plan.name)
    raise refused("The operation CancelFailover is not available for this provider.")
