# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Protected items: enable, update, resynchronize, disable and purge the replication of a virtual machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ..context import VirtualMachineFacts
from .authorization import check_linked
from .filters import Matcher, filtered, honors_filter
from .job_answers import accepted, add_result
from .job_engine import start_job
from .job_trees import tasks_of
from .jobs import Job, JobError, JobTarget, JobTask, TaskFailed
from .messages import Answer, Call, Json, document, member
from .protectable_items import item_of, need_machine
from .protection_documents import (
    item_document,
    item_id,
    point_document,
    protectable_id,
    recovery_points,
    size_documents,
)
from .protection_records import ProtectedItem
from .protection_rules import (
    Broken,
    check_enable,
    check_update,
    links_of,
    properties_of,
    provider_input,
    refused,
    update_target,
)
from .records import Fabric, Vault
from .recovery_services import VAULT, need_vault
from .replication import (
    Place,
    announce,
    ask_fabric,
    begin_copy,
    name_taken,
    new_item,
    not_completed,
    ready,
    replica_complete,
    replica_configured,
)
from .routes import Routes
from .site_recovery import CONTAINER, SiteRecoveryError, list_page, missing, need_container, visible_fabrics
from .state import AzureState
from .versions import SITE_RECOVERY

ROUTES = Routes(SITE_RECOVERY)
ITEMS = CONTAINER + "/replicationProtectedItems"
ITEM = ITEMS + "/{item}"
_WRITE = "/".join(
    (
        "Microsoft.RecoveryServices/vaults/replicationFabrics",
        "replicationProtectionContainers/replicationProtectedItems/write",
    )
)


def need_item(vault: Vault, call: Call) -> tuple[Fabric, ProtectedItem]:
    fabric, cloud = need_container(vault, call)
    item = vault.items.get((fabric.name.lower(), cloud.id.lower(), call["item"].lower()))
    if item is None:
        raise missing(call, "item")
    return fabric, item


# Reads ---------------------------------------------------------------------------------------------------------------


@ROUTES.get(VAULT + "/replicationProtectedItems")
@honors_filter
def list_all_items(state: AzureState, call: Call) -> Answer:
    vault = need_vault(state, call)
    listed = [shown for fabric in visible_fabrics(vault) for shown in _items(state, vault, fabric)]
    # recorded: Azure PowerShell, AsrE2ETests, TestEditRP.
    of_plan = Matcher(lambda item, name: str(item["id"]).lower() in _ids_of_plan(vault, name))
    return list_page(state, call, filtered(call, listed, {"RecoveryPlanName": of_plan}))


def _ids_of_plan(vault: Vault, name: str) -> list[str]:
    plan = vault.plans.get(name.casefold())
    return plan.item_ids() if plan else []


@ROUTES.get(ITEMS)
def list_items(state: AzureState, call: Call) -> Answer:
    vault = need_vault(state, call)
    fabric, cloud = need_container(vault, call)
    return list_page(state, call, _items(state, vault, fabric, cloud.id.lower()))


def _items(state: AzureState, vault: Vault, fabric: Fabric, container: str | None = None) -> list[Json]:
    return [
        item_document(state, vault, fabric, item, single=False)
        for item in vault.items.values()
        if item.fabric == fabric.name and container in (None, item.container)
    ]


@ROUTES.get(ITEM)
def get_item(state: AzureState, call: Call) -> Answer:
    vault = need_vault(state, call)
    fabric, item = need_item(vault, call)
    return Answer(200, item_document(state, vault, fabric, item, single=True))


@ROUTES.get(ITEM + "/recoveryPoints")
def list_recovery_points(state: AzureState, call: Call) -> Answer:
    vault = need_vault(state, call)
    fabric, item = need_item(vault, call)
    points = recovery_points(state, item)
    shown = [point_document(vault, fabric, item, point, point is points[0]) for point in points]
    return list_page(state, call, shown)


@ROUTES.get(ITEM + "/recoveryPoints/{point}")
def get_recovery_point(state: AzureState, call: Call) -> Answer:
    vault = need_vault(state, call)
    fabric, item = need_item(vault, call)
    points = recovery_points(state, item)
    for point in points:
        if point[0] == call["point"].lower():
            return Answer(200, point_document(vault, fabric, item, point, point is points[0]))
    raise missing(call, "point")


@ROUTES.get(ITEM + "/targetComputeSizes")
def list_sizes(state: AzureState, call: Call) -> Answer:
    vault = need_vault(state, call)
    fabric, item = need_item(vault, call)
    return list_page(state, call, size_documents(vault, fabric, item))


# Jobs ----------------------------------------------------------------------------------------------------------------

Work = Callable[[Job], None]


def job_target(place: Place, machine: VirtualMachineFacts, resource_id: str) -> JobTarget:
    """Return the target of a job about a virtual machine. Two jobs collide whatever the name of the item is."""
    busy = protectable_id(place.vault, place.fabric, machine)
    return JobTarget("ProtectionEntity", machine.id.lower(), machine.name, resource_id, busy)


def affected(place: Place, machine: VirtualMachineFacts, recovery_name: str) -> Json:
    """Return what a job says about its virtual machine (recorded: Azure PowerShell)."""
    cloud = place.fabric.containers.get(machine.cloud_id.lower())
    server = place.fabric.server
    return {
        "primaryVmId": machine.id.lower(),
        "primaryVmName": machine.name,
        "recoveryVmId": "",
        "recoveryVmName": recovery_name,
        "primaryCloudId": machine.cloud_id.lower(),
        "primaryCloudName": cloud.name if cloud else "",
        "recoveryCloudId": "d38048d4-b460-4791-8ece-108395ee8478",
        "recoveryCloudName": "Microsoft Azure",
        "primaryVmmId": server.vmm_id.lower(),
        "primaryVmmName": server.friendly_name,
        "recoveryVmmId": "21a9403c-6ec1-44f2-b744-b4e50b792387",
        "recoveryVmmName": "Microsoft Azure",
        "primaryFabricProviderId": "VMM",
        "recoveryFabricProviderId": "Azure",
    }


def item_job(
    place: Place,
    item: ProtectedItem,
    scenario: str,
    work: Mapping[str, Work] | None = None,
    finish: Callable[[bool], None] | None = None,
    *,
    tasks: Iterable[JobTask] | None = None,
    details: Json | None = None,
    parent: Job | None = None,
) -> Job:
    """Start a job about a protected item. Without `tasks`, it has those that are recorded for the scenario."""
    machine = item.machine
    return start_job(
        place.state,
        place.vault,
        scenario,
        job_target(place, machine, item_id(place.vault, place.fabric, item)),
        tasks=tasks_of(scenario, work) if tasks is None else tasks,
        finish=finish,
        affected=affected(place, machine, str(item.target["recoveryAzureVmName"])),
        details=details,
        parent=parent,
    )


def broken(rule: Broken) -> TaskFailed:
    return TaskFailed(JobError(rule.code, rule.message, causes="", action=""))


# Enable --------------------------------------------------------------------------------------------------------------


@ROUTES.put(ITEM)
def enable(state: AzureState, call: Call) -> Answer:
    vault = need_vault(state, call)
    fabric, cloud = need_container(vault, call)
    properties = properties_of(call)
    given = provider_input(properties, "providerSpecificDetails")
    check_enable(given)
    check_linked(state, call, _WRITE, links_of(given))
    policy = _need_policy(vault, call, str(properties.get("policyId") or ""), cloud.id.lower())
    machine = need_machine(state, call, fabric, str(properties.get("protectableItemId") or "").rsplit("/", 1)[-1])
    state.context.journal.write("azure", call.path, "enable replication", machine=machine.name)
    place = Place(state, vault, fabric)
    job = _Enabling(place, call["item"], machine, policy, given).start(call)
    return accepted(state, call, job)


def _need_policy(vault: Vault, call: Call, policy_id: str, container: str) -> str:
    """Return the name of a policy that is associated with the cloud (documented: the order of the setup)."""
    policy = vault.policies.get(policy_id.rsplit("/", 1)[-1].casefold())
    if policy is None:
        raise SiteRecoveryError(
            call, 404, "NotFound", "ArmResourceDoesNotExist", f"Policy '{policy_id}' does not exist."
        )
    if not paired(vault, container, policy_id):
        # inferred: code and text.
        text = f"The protection container is not associated with the policy '{policy_id.rsplit('/', 1)[-1]}'."
        raise SiteRecoveryError(call, 400, "BadRequest", "ProtectionContainerNotPaired", text)
    return policy_id.rsplit("/", 1)[-1]


def paired(vault: Vault, container: str, policy_id: str) -> bool:
    """Tell whether a cloud is associated with a policy. An association that failed stays, and does not count."""
    name = policy_id.rsplit("/", 1)[-1].casefold()
    return any(
        cloud == container
        and association["properties"]["state"] == "Paired"
        and str(association["properties"]["policyId"]).rsplit("/", 1)[-1].casefold() == name
        for (cloud, _name), association in vault.associations.items()
    )


@dataclass(slots=True)
class _Enabling:
    """A request to replicate a virtual machine, and the item that its job makes."""

    place: Place
    name: str
    machine: VirtualMachineFacts
    policy: str
    given: Json
    item: ProtectedItem | None = None

    def start(self, call: Call) -> Job:
        place, machine = self.place, self.machine
        existing = item_of(place.vault, place.fabric, machine)
        steps: dict[str, Work] = {"EnableProtectionPreflightChecksTask": self._already_enabled}
        if existing is None:
            steps = {"CreateProtectionTargetTask": self._identify, "EnableProtectionTask": self._replicate}
        return start_job(
            place.state,
            place.vault,
            "EnableDr",
            job_target(place, machine, call.path),
            tasks=tasks_of("EnableDr", steps),
            finish=self._end if existing is None else None,
            affected=affected(place, machine, str(self.given.get("targetAzureVmName") or machine.name)),
        )

    def _already_enabled(self, job: Job) -> None:
        # recorded: azure-cli-extensions, test_siterecovery_H2A_B2A: the operation succeeds, and has this error.
        self._note(job, "45031", f"Protection is already enabled for the virtual machine '{self.machine.name}'.")

    def _identify(self, job: Job) -> None:
        try:
            self.item = new_item(self.place, self.machine, self.name, self.policy, self.given)
        except Broken as rule:
            raise broken(rule) from rule
        if name_taken(self.place, self.item):
            name = self.item.target["recoveryAzureVmName"]
            self._note(job, "28061", f"The virtual machine name '{name}' is unavailable.")

    def _note(self, job: Job, code: str, message: str) -> None:
        job.note(JobError(code, message, causes="", action=""), self.place.state.context.clock.now())

    def _replicate(self, _job: Job) -> None:
        context, number = self.place.state.context, str(self.place.vault.number)
        ask_fabric(
            self.place, lambda server, machine: context.fabric.enable_replication(server, machine, number), self.machine
        )

    def _end(self, done: bool) -> None:
        # inferred: the vault shows the item when the job has ended, and nothing of a job that failed or was canceled.
        if done and self.item is not None:
            item = self.item
            self.place.vault.items[item.key] = item
            begin_copy(self.place, item, lambda: _complete(self.place, item))


def _complete(place: Place, item: ProtectedItem) -> None:
    """Start the job that finishes the protection, which no request announces."""
    work: dict[str, Work] = {
        "CompleteInitialReplicationTask": lambda _job: replica_complete(place, item),
        "ReplicaConfigurationTask": lambda _job: replica_configured(item),
    }

    def end(done: bool) -> None:
        if place.holds(item):
            (ready if done else not_completed)(item)

    announce(place, item, item_job(place, item, "IrCompletion", work, end).id)


# Update, resynchronize, disable --------------------------------------------------------------------------------------


@ROUTES.patch(ITEM)
def update(state: AzureState, call: Call) -> Answer:
    vault = need_vault(state, call)
    fabric, item = need_item(vault, call)
    place, properties = Place(state, vault, fabric), properties_of(call)
    details = member(properties, "providerSpecificDetails", dict) or {}
    check_update(properties, details, item)
    state.context.journal.write("azure", call.path, "update replication", machine=item.machine.name)

    def work(_job: Job) -> None:
        try:
            update_target(state, item, properties, details, place.location)
        except Broken as rule:
            raise broken(rule) from rule

    return accepted(state, call, item_job(place, item, "UpdateVmProperties", {"UpdateVmPropertiesTask": work}))


@ROUTES.action(ITEM + "/repairReplication")
def resynchronize(state: AzureState, call: Call) -> Answer:
    vault = need_vault(state, call)
    fabric, item = need_item(vault, call)
    if "RepairReplication" not in item.operations:
        raise refused("RepairReplication is not allowed in the present state of the virtual machine.")
    state.context.journal.write("azure", call.path, "resynchronize", machine=item.machine.name)

    def end(done: bool) -> None:
        if done:
            # inferred: the health errors of a replication end when it works again.
            item.health_codes.clear()
            item.operations = tuple(name for name in item.operations if name != "RepairReplication")

    return accepted(state, call, item_job(Place(state, vault, fabric), item, "RepairVMReplication", None, end))


@ROUTES.action(ITEM + "/remove")
def disable(state: AzureState, call: Call) -> Answer:
    """Disable the replication, and clean the host and VMM, which must be connected."""
    vault = need_vault(state, call)
    fabric, item = need_item(vault, call)
    member(document(call), "properties", dict)
    place = Place(state, vault, fabric)
    state.context.journal.write("azure", call.path, "disable replication", machine=item.machine.name)

    def release(_job: Job) -> None:
        ask_fabric(place, state.context.fabric.disable_replication, item.machine)

    work: dict[str, Work] = {"DisableProtectionOnPrimaryTask": release}
    return accepted(state, call, item_job(place, item, "DisableDr", work, _forgets(vault, item)))


@ROUTES.delete(ITEM)
def purge(state: AzureState, call: Call) -> Answer:
    """Forget the item. The service cleans neither the host nor VMM (documented)."""
    vault = need_vault(state, call)
    fabric, item = need_item(vault, call)
    state.context.journal.write("azure", call.path, "purge replication", machine=item.machine.name)
    return accepted(state, call, item_job(Place(state, vault, fabric), item, "PurgeVm", None, _forgets(vault, item)))


def _forgets(vault: Vault, item: ProtectedItem) -> Callable[[bool], None]:
    def end(done: bool) -> None:
        if done:
            vault.items.pop(item.key, None)

    return end


add_result(ROUTES, ITEM, get_item)
