# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failovers of single machines to Azure and back, their commit, and the reversal of the replication.

The order is documented ("Run a failback for Hyper-V VMs"): failover, commit, planned failover back, commit, reverse.
"""

from __future__ import annotations

from dataclasses import dataclass

from .drills import require_allowed
from .failover_jobs import commit_machine, fail_back, fail_over, reverse_machine
from .failover_records import COMMITTED, Failback, Failover
from .job_answers import accepted
from .jobs import Job
from .messages import Answer, Call, Json, member
from .protected_items import ITEM, need_item
from .protection_records import READY, ProtectedItem
from .protection_rules import properties_of, refused
from .recovery_services import need_vault
from .replication import Place
from .routes import Routes
from .site_recovery import SiteRecoveryError
from .state import AzureState
from .versions import SITE_RECOVERY

ROUTES = Routes(SITE_RECOVERY)
TO_RECOVERY, TO_PRIMARY = "PrimaryToRecovery", "RecoveryToPrimary"
FAILOVER_INPUT, FAILBACK_INPUT = "HyperVReplicaAzure", "HyperVReplicaAzureFailback"
SOURCE_OPERATIONS = ("Required", "NotRequired")
# documented: the values in the API definition and in Azure PowerShell.
_SYNCHRONIZATIONS = ("ForSynchronization", "ForDownTime")
_CREATIONS = ("NoAction", "CreateVmIfNotFound")


def require_value(holder: Json, name: str, allowed: tuple[str, ...]) -> str:
    value = holder.get(name)
    if value not in allowed:
        raise refused(f"The value '{value}' of '{name}' is not valid. Allowed: {', '.join(allowed)}.")
    return str(value)


def check_failback(provider: Json) -> tuple[bool, bool]:
    """Check the input of a failback.

    Return whether the data is copied before the machine is shut down in Azure, and whether a lost machine is created.
    """
    creates = require_value(provider, "recoveryVmCreationOption", _CREATIONS) == "CreateVmIfNotFound"
    return require_value(provider, "dataSyncOption", _SYNCHRONIZATIONS) == "ForSynchronization", creates


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

    def require_operation(self, name: str) -> None:
        """Refuse what the state of the machine does not allow. While a job runs, the job of the request collides."""
        if self.item.scenario is None:
            require_allowed(self.item.operations, name, self.item.machine.name)

    def accept(self, job: Job) -> Answer:
        return accepted(self.place.state, self.call, job)


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
    return request.accept(fail_over(work))


@ROUTES.action(ITEM + "/unplannedFailover")
def unplanned_failover(state: AzureState, call: Call) -> Answer:
    request = Request.of(state, call)
    request.require_direction(TO_RECOVERY)
    request.require_input(FAILOVER_INPUT)
    stops = require_value(request.properties, "sourceSiteOperations", SOURCE_OPERATIONS) == "Required"
    request.require_operation("UnplannedFailover")
    point = request.provider.get("recoveryPointId")
    return request.accept(fail_over(Failover(request.place, request.item, point, planned=False, stops=stops)))


def _fail_back(request: Request) -> Answer:
    request.require_direction(TO_PRIMARY)
    request.require_input(FAILBACK_INPUT)
    work = Failback(request.place, request.item, *check_failback(request.provider))
    if request.item.scenario is None and request.item.operations != COMMITTED:
        # documented: the failover has to be committed first; inferred: status, code and text.
        raise refused(f"The failover of the virtual machine '{request.item.machine.name}' is not committed.")
    return request.accept(fail_back(work))


@ROUTES.action(ITEM + "/failoverCancel")
def cancel_failover(state: AzureState, call: Call) -> Answer:
    # documented: the operation exists; recorded: no machine of this provider ever allowed it.
    request = Request.of(state, call, body=False)
    require_allowed(request.item.operations, "CancelFailover", request.item.machine.name)
    raise refused("The operation CancelFailover is not available for this provider.")


# Commit and reversal -------------------------------------------------------------------------------------------------


@ROUTES.action(ITEM + "/failoverCommit")
def commit(state: AzureState, call: Call) -> Answer:
    request = Request.of(state, call, body=False)
    return request.accept(commit_machine(request.place, request.item))


@ROUTES.action(ITEM + "/reProtect")
def reverse(state: AzureState, call: Call) -> Answer:
    """Replicate to Azure again after a failback: only the changes since then are copied (documented)."""
    request = Request.of(state, call)
    item = request.item
    if item.scenario is None and item.operations in (READY, COMMITTED):
        # recorded: Azure PowerShell: the wrong direction is refused at once. inferred: that a machine which runs in
        # Azure counts as one, because its failback is the next step that is documented.
        raise request.wrong_direction()
    request.require_direction(TO_RECOVERY)
    request.require_input(FAILOVER_INPUT)
    return request.accept(reverse_machine(request.place, item))
