# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test failovers of recovery plans, and their cleanup: a job for the plan, and one for each of its machines."""

from __future__ import annotations

from dataclasses import dataclass, field

from .drills import (
    CleaningUp,
    DrillNetwork,
    Testing,
    cleanup_details,
    network_of_drill,
    require_allowed,
    start_drill,
    test_details,
)
from .job_answers import accepted
from .job_trees import TREES
from .jobs import Job, JobError, JobTask, TaskFailed
from .messages import Answer, Call, Json, document, member, objects
from .plan_records import RecoveryPlan
from .plan_trees import Course, machine_task, machines_task, name_job, plan_tasks, skip
from .protected_items import job_target
from .protection_documents import recovery_points
from .protection_records import ProtectedItem, Scenario
from .protection_rules import refused
from .records import Vault
from .recovery_plans import PLAN, fabric_of, items_by_id, need_plan, operations_of, plan_job
from .recovery_services import need_vault
from .replication import Place
from .routes import Routes
from .state import AzureState
from .versions import SITE_RECOVERY

ROUTES = Routes(SITE_RECOVERY)
_POINTS = ("Latest", "LatestProcessed", "LatestApplicationConsistent")
_WAITS = "WaitingForCompletion"
# recorded: the seconds for which a test machine starts.
_BOOT_SECONDS = TREES["TestFailover"].tasks[-1][3]


@dataclass(slots=True)
class PlanOfMachines:
    """A plan with the items that it still has, by their ids in lower case."""

    state: AzureState
    vault: Vault
    plan: RecoveryPlan
    items: dict[str, ProtectedItem]

    @classmethod
    def read(cls, state: AzureState, vault: Vault, plan: RecoveryPlan) -> PlanOfMachines:
        known = items_by_id(vault)
        return cls(state, vault, plan, {each: known[each] for each in plan.item_ids() if each in known})

    @property
    def place(self) -> Place:
        fabric = fabric_of(self.vault, self.plan)
        if fabric is None:
            raise refused(f"The source of the recovery plan '{self.plan.name}' does not exist anymore.")
        return Place(self.state, self.vault, fabric)

    def holds(self) -> list[str]:
        return [job_target(self.place, item.machine, "").key for item in self.items.values()]

    def show(self, scenario: str, job: Job) -> None:
        self.plan.scenario = Scenario(scenario, job.id, self.state.context.clock.now())


@dataclass(slots=True)
class PlanTesting:
    """The test failover of a plan: the work of its tasks."""

    machines: PlanOfMachines
    network: DrillNetwork
    point: str
    begun: dict[str, Testing] = field(default_factory=dict)
    started: set[str] = field(default_factory=set)
    tasks: list[JobTask] = field(default_factory=list)
    details: Json = field(default_factory=dict)

    def start(self) -> Job:
        held = self.machines
        course = Course("TestFailover", "PrimaryToRecovery", self._fail_over, self._boot)
        self.tasks = plan_tasks(held.plan, held.items, course, self._check)
        self.details = test_details(self.network)
        # A collision ends the job before `start_job` knows it.
        job = plan_job(
            held.state,
            held.vault,
            held.plan,
            "TestFailover",
            self.tasks,
            finish=lambda _done: None if job.collided else self._end(),
            details=self.details,
            holds=held.holds(),
        )
        return job

    def _check(self, job: Job) -> None:
        held, now = self.machines, self.machines.state.context.clock.now()
        held.show("TestFailover", job)
        held.plan.last_test = now
        lost = len(held.plan.item_ids()) - len(held.items)
        if lost:
            # inferred: the codes of the refusals.
            raise TaskFailed(JobError("150253", f"{lost} machines of the recovery plan are not protected anymore."))
        if self.network.id and self.network.document is None:
            raise TaskFailed(JobError("28092", f"The network '{self.network.name}' could not be found."))
        for item in held.items.values():
            if item.test_state == _WAITS:
                # documented for a failover: another plan's machine is left out; inferred: also in a test failover.
                for leaf in (leaf for task in self.tasks for leaf in task.leaves() if leaf.about == item.machine.name):
                    skip(leaf, "A test failover of the virtual machine is open.")
            elif "TestFailover" not in item.operations:
                name = item.machine.name
                raise TaskFailed(JobError("150254", f"The virtual machine '{name}' does not allow a test failover."))

    def _fail_over(self, item: ProtectedItem) -> JobTask:
        task = machine_task("RecoveryPlanFailoverMachineTask", item)

        def begin(job: Job) -> Job:
            testing = Testing(self.machines.place, item, self.network, self._point_of(item))
            self.begun[item.name] = testing
            # The start of the machine belongs to its group.
            tasks = testing.tasks()[:-1]
            details = test_details(self.network)
            child = start_drill(testing, "TestFailover", details, tasks=tasks, end=None, parent=job)
            name_job(task, child)
            return child

        task.starts = begin
        return task

    def _point_of(self, item: ProtectedItem) -> str | None:
        if self.point != "LatestApplicationConsistent":
            return None
        # inferred: the newest point is not consistent with applications, the others are.
        points = recovery_points(self.machines.state, item)[1:]
        return points[0][0] if points else "none"

    def _boot(self, item: ProtectedItem) -> JobTask:
        task = machine_task("BootTestProtectedEntitiesTask", item, _BOOT_SECONDS)
        task.work = lambda _job: self.started.add(item.name)
        return task

    def _end(self) -> None:
        plan = self.machines.plan
        plan.scenario = None
        for name, testing in self.begun.items():
            testing.end(name in self.started)
        tested = [testing for testing in self.begun.values() if testing.item.test_state == _WAITS]
        ids = {id for id, item in self.machines.items.items() if any(item is each.item for each in tested)}
        plan.testing = frozenset(ids)
        self.details["protectedItemDetails"] = [each.details for each in tested if each.details.get("name")]


@ROUTES.action(PLAN + "/testFailover")
def test_failover(state: AzureState, call: Call) -> Answer:
    vault = need_vault(state, call)
    plan, network, point = need_plan(vault, call), network_of_drill(state, call), _point(call)
    if plan.scenario is None:
        require_allowed(operations_of(plan), "TestFailover", plan.name)
    return accepted(state, call, PlanTesting(PlanOfMachines.read(state, vault, plan), network, point).start())


def _point(call: Call) -> str:
    """Return the kind of recovery point. documented: RecoveryPlanHyperVReplicaAzureFailoverInput."""
    properties = member(document(call), "properties", dict) or {}
    for given in objects(properties, "providerSpecificDetails"):
        kind = given.get("recoveryPointType") or _POINTS[0]
        if given.get("instanceType") != "HyperVReplicaAzure" or kind not in _POINTS:
            raise refused(f"The recoveryPointType must be one of: {', '.join(_POINTS)}.")
        return str(kind)
    return _POINTS[0]


@dataclass(slots=True)
class PlanCleanup:
    """The end of a test failover of a plan: the work of its tasks."""

    machines: PlanOfMachines
    comments: str

    def start(self) -> Job:
        held = self.machines
        waiting = [item for id, item in held.items.items() if id in held.plan.testing and item.test_state == _WAITS]
        group = machines_task(
            "RecoveryPlanCleanupGroupTask", "Clean up", "Boot", [self._clean_up(item) for item in waiting]
        )
        name = "RecoveryPlanTestFailoverCleanupPreflightChecksTask"
        check = JobTask("", name, "Prerequisites check", 1.0, lambda job: held.show("TestFailoverCleanup", job))
        job = plan_job(
            held.state,
            held.vault,
            held.plan,
            "TestFailoverCleanup",
            [check, group],
            finish=lambda _done: None if job.collided else self._end(),
            details=cleanup_details(self.comments),
            holds=held.holds(),
        )
        return job

    def _clean_up(self, item: ProtectedItem) -> JobTask:
        task = machine_task("RecoveryPlanCleanupMachineTask", item)

        def begin(job: Job) -> Job:
            place = self.machines.place
            work, testing = CleaningUp(place, item), Testing(place, item, DrillNetwork("", None, None))
            details = cleanup_details(self.comments)
            child = start_drill(testing, "TestFailoverCleanup", details, tasks=work.tasks(), end=work.end, parent=job)
            name_job(task, child)
            return child

        task.starts = begin
        return task

    def _end(self) -> None:
        plan, items = self.machines.plan, self.machines.items
        plan.scenario = None
        plan.testing = frozenset(id for id in plan.testing if id in items and items[id].test_state == _WAITS)


@ROUTES.action(PLAN + "/testFailoverCleanup")
def clean_up(state: AzureState, call: Call) -> Answer:
    vault = need_vault(state, call)
    plan = need_plan(vault, call)
    comments = member(member(document(call), "properties", dict) or {}, "comments", str) or ""
    if plan.scenario is None:
        require_allowed(operations_of(plan), "TestFailoverCleanup", plan.name)
    return accepted(state, call, PlanCleanup(PlanOfMachines.read(state, vault, plan), comments).start())
