# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failovers of single machines to Azure and back, their commit, and the reversal of the replication.

The order is documented ("Run a failback for Hyper-V VMs"): failover, commit, planned failover back, commit, reverse.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from .drills import require_allowed
from .failover_records import COMMITTED, TO_COMMIT, TO_COMMIT_BACK, TO_REVERSE, Failback, Failover, Leg
from .job_answers import accepted
from .job_engine import start_job
from .job_trees import tasks_of
from .jobs import Job, JobError, JobTask, TaskFailed
from .messages import Answer, Call, Json, member
from .protected_items import ITEM, affected, job_target, need_item
from .protection_documents import item_id
from .protection_records import READY, ProtectedItem, Scenario
from .protection_rules import properties_of, refused
from .recovery_services import need_vault
from .replication import Place, ask_fabric
from .routes import Routes
from .site_recovery import SiteRecoveryError
from .state import AzureState
from .versions import SITE_RECOVERY
from .virtual_machines import remove_machine

ROUTES = Routes(SITE_RECOVERY)
TO_RECOVERY, TO_PRIMARY = "PrimaryToRecovery", "RecoveryToPrimary"
FAILOVER_INPUT, FAILBACK_INPUT = "HyperVReplicaAzure", "HyperVReplicaAzureFailback"
# documented: the values in the API definition and in Azure PowerShell.
_SYNCHRONIZATIONS = ("ForSynchronization", "ForDownTime")
_CREATIONS = ("NoAction", "CreateVmIfNotFound")
_SOURCE_OPERATIONS = ("Required", "NotRequired")
# inferred: the seconds in which the changes since the failback are copied again.
_DELTA_SECONDS: Final = 120.0
Scenarios = Literal["PlannedFailover", "UnplannedFailover", "CommitFailover", "FinalizeFailback"]


@dataclass(frozen=True, slots=True)
class Request:
    """A write about a protected item: where it is, and what the body says."""

    call: Call
    place: Place
    item: ProtectedItem
    properties: Json

    @classmethod
    def of(cls, state: AzureState, call: Call, *, body: bool = True) -> Request:
        vault = need_vault(state, call)
        fabric, item = need_item(vault, call)
        return cls(call, Place(state, vault, fabric), item, properties_of(call) if body else {})

    @property
    def provider(self) -> Json:
        found: Json = member(self.properties, "providerSpecificDetails", dict) or {}
        return found

    def require_direction(self, wanted: str) -> None:
        """Refuse the wrong direction (recorded: Azure PowerShell: 400 with an inner code; inferred: the text)."""
        if self.properties.get("failoverDirection") != wanted:
            raise self.wrong_direction()

    def wrong_direction(self) -> SiteRecoveryError:
        text = f"The failover direction is not valid for the virtual machine '{self.item.machine.name}'."
        return SiteRecoveryError(self.call, 400, "BadRequest", "InvalidFailoverDirection", text)

    def require_input(self, wanted: str) -> None:
        if self.provider.get("instanceType") != wanted:
            raise refused(f"The property 'providerSpecificDetails' must have the instance type {wanted}.")

    def require_value(self, holder: Json, name: str, allowed: tuple[str, ...]) -> str:
        value = holder.get(name)
        if value not in allowed:
            raise refused(f"The value '{value}' of '{name}' is not valid. Allowed: {', '.join(allowed)}.")
        return str(value)

    def require_operation(self, name: str) -> None:
        """Refuse what the state of the machine does not allow. While a job runs, the job of the request collides."""
        if self.item.scenario is None:
            require_allowed(self.item.operations, name, self.item.machine.name)

    def start(
        self, scenario: str, tasks: list[JobTask], end: Callable[[Job, bool], None], details: Json | None = None
    ) -> Answer:
        """Start the job of the request, which shows itself on the item while it runs."""
        place, item = self.place, self.item

        def finish(done: bool) -> None:
            if not job.collided:
                item.scenario = None
                end(job, done)

        job = start_job(
            place.state,
            place.vault,
            scenario,
            job_target(place, item.machine, item_id(place.vault, place.fabric, item)),
            tasks=tasks,
            finish=finish,
            affected=affected(place, item.machine, str(item.target["recoveryAzureVmName"])),
            details=details,
        )
        return accepted(place.state, self.call, job)

    def showing(self, scenario: str, work: Callable[[Job], None] | None = None) -> Callable[[Job], None]:
        """Return the work of a first task: the item shows the job, and allows nothing while it runs."""

        def show(job: Job) -> None:
            self.item.scenario = Scenario(scenario, job.id, self.place.state.context.clock.now())
            self.item.operations = ()
            if work is not None:
                work(job)

        return show


# Failover and failback -----------------------------------------------------------------------------------------------


@ROUTES.action(ITEM + "/plannedFailover")
def planned_failover(state: AzureState, call: Call) -> Answer:
    request = Request.of(state, call)
    if request.item.location == "Recovery":
        return _fail_back(request)
    request.require_direction(TO_RECOVERY)
    request.require_input(FAILOVER_INPUT)
    request.require_operation("PlannedFailover")
    work = Failover(request.place, request.item, request.provider.get("recoveryPointId"), planned=True)
    steps: dict[str, Any] = {
        "PlannedFailoverPreflightChecksTask": request.showing("PlannedFailover", work.check),
        "ShutdownVmOnPrimary": work.shut_down,
        "FailoverTask": work.switch,
    }
    return _run(request, "PlannedFailover", tasks_of("PlannedFailover", steps), work)


@ROUTES.action(ITEM + "/unplannedFailover")
def unplanned_failover(state: AzureState, call: Call) -> Answer:
    request = Request.of(state, call)
    request.require_direction(TO_RECOVERY)
    request.require_input(FAILOVER_INPUT)
    stops = request.require_value(request.properties, "sourceSiteOperations", _SOURCE_OPERATIONS) == "Required"
    request.require_operation("UnplannedFailover")
    work = Failover(request.place, request.item, request.provider.get("recoveryPointId"), planned=False)
    steps: dict[str, Any] = {
        "UnplannedFailoverPreflightChecksTask": request.showing("UnplannedFailover", work.check),
        "ShutdownVmOnPrimaryForUFO": work.try_to_shut_down if stops else None,
        "FailoverTask": work.switch,
    }
    return _run(request, "UnplannedFailover", tasks_of("UnplannedFailover", steps), work)


def _run(request: Request, scenario: str, tasks: list[JobTask], work: Leg) -> Answer:
    details: Json = {"instanceType": "FailoverJobDetails", "protectedItemDetails": []}

    def end(job: Job, done: bool) -> None:
        work.end(done, canceled=job.state == "Cancelled")
        if done:
            details["protectedItemDetails"] = [work.document()]

    return request.start(scenario, tasks, end, details)


def _fail_back(request: Request) -> Answer:
    request.require_direction(TO_PRIMARY)
    request.require_input(FAILBACK_INPUT)
    early = request.require_value(request.provider, "dataSyncOption", _SYNCHRONIZATIONS) == "ForSynchronization"
    request.require_value(request.provider, "recoveryVmCreationOption", _CREATIONS)
    if request.item.scenario is None and request.item.operations != COMMITTED:
        # documented: the failover has to be committed first; inferred: status, code and text.
        raise refused(f"The failover of the virtual machine '{request.item.machine.name}' is not committed.")
    work = Failback(request.place, request.item)
    steps: dict[str, Any] = {
        "PlannedFailoverPreflightChecksTask": request.showing("PlannedFailover", work.check),
        "ShutdownVmOnPrimary": work.shut_down,
        "StartVmOnSecondary": work.start,
    }
    tasks = tasks_of("PlannedFailover", steps)
    if early:
        # documented: the data is copied while the machine runs in Azure, and the job then waits for "Complete
        # Failover"; recorded: it may also run through. inferred: the order of the tasks.
        tasks[1], tasks[2] = tasks[2], tasks[1]
        tasks[1].waits = request.place.state.failback_waits
    return _run(request, "PlannedFailover", tasks, work)


@ROUTES.action(ITEM + "/failoverCancel")
def cancel_failover(state: AzureState, call: Call) -> Answer:
    # documented: the operation exists; recorded: no machine of this provider ever allowed it.
    request = Request.of(state, call, body=False)
    require_allowed(request.item.operations, "CancelFailover", request.item.machine.name)
    raise refused("The operation CancelFailover is not available for this provider.")


# Commit --------------------------------------------------------------------------------------------------------------


@ROUTES.action(ITEM + "/failoverCommit")
def commit(state: AzureState, call: Call) -> Answer:
    request = Request.of(state, call, body=False)
    item, back = request.item, request.item.location == "Primary"
    scenario: Scenarios = "FinalizeFailback" if back else "CommitFailover"
    ready = "Commit" in item.operations

    def check(_job: Job) -> None:
        if not ready:
            # recorded: Azure PowerShell, V2ATestJob: accepted, and the first task fails.
            text = f"The virtual machine '{item.machine.name}' isn't ready for committing failback."
            raise TaskFailed(JobError("25037", text))

    def end(_job: Job, done: bool) -> None:
        if not done:
            # inferred: a commit that failed can be repeated.
            item.operations = (TO_COMMIT_BACK if back else TO_COMMIT) if ready else item.operations
            return
        kind = "Unplanned" if item.protection_state.startswith("Unplanned") else "Planned"
        # recorded: UnplannedFailoverStatesBegin is "Failover committed"; inferred: that the planned one is alike.
        item.protection_state = item.vm_state = f"{kind}FailoverStatesBegin"
        item.operations = TO_REVERSE if back else COMMITTED
        # documented: the commit drops all recovery points.
        item.first_point = None
        if back and item.azure_machine:
            # documented: the commit of a failback deletes the virtual machine in Azure and its disks.
            remove_machine(request.place.state, item.azure_machine)
            item.azure_machine = None

    tasks = tasks_of(scenario)
    tasks[0].work = request.showing("Commit", check) if ready else check
    return request.start(scenario, tasks, end)


# Reverse -------------------------------------------------------------------------------------------------------------


@ROUTES.action(ITEM + "/reProtect")
def reverse(state: AzureState, call: Call) -> Answer:
    """Replicate to Azure again after a failback: only the changes since then are copied (documented)."""
    request = Request.of(state, call)
    item, place = request.item, request.place
    if item.scenario is None and item.operations in (READY, COMMITTED):
        # recorded: Azure PowerShell: the wrong direction is refused at once. inferred: that a machine which runs in
        # Azure counts as one, because its failback is the next step that is documented.
        raise request.wrong_direction()
    request.require_direction(TO_RECOVERY)
    request.require_input(FAILOVER_INPUT)
    committed = "ReverseReplicate" in item.operations

    def check(_job: Job) -> None:
        if not committed:
            # recorded: Azure PowerShell, AsrB2ATests, TestReprotect: it fails within a second.
            raise TaskFailed(JobError("25038", f"The failover of '{item.machine.name}' has not been committed."))
        # documented: the owner host replicates again, so that its server must be connected.
        ask_fabric(place, lambda _server, _machine: None, item.machine)

    def end(_job: Job, done: bool) -> None:
        if done:
            _copy_changes(place, item)
        elif committed:
            item.operations = TO_REVERSE

    work: Mapping[str, Callable[[Job], None]] = {
        "CreateProtectionTargetTask": request.showing("ReverseReplication", check) if committed else check
    }
    seconds = {} if committed else {"CreateProtectionTargetTask": 1.0}
    return request.start("ReprotectReplicationGroup", tasks_of("ReprotectReplicationGroup", work, seconds), end)


def _copy_changes(place: Place, item: ProtectedItem) -> None:
    """Show the item as copying until the changes are in Azure. inferred: the states, and that no job announces it."""
    item.protection_state, item.vm_state = "InitialReplicationInProgress", "UnprotectedStatesBegin"
    item.operations = ("DisableProtection",)

    def protected() -> None:
        if place.holds(item):
            item.protection_state = item.vm_state = "Protected"
            item.operations, item.first_point = READY, place.state.context.clock.now()

    place.state.later(_DELTA_SECONDS, protected)
