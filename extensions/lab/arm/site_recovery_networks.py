# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Site Recovery: VM networks, and their mappings to networks of Azure."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

from ..context import ReplicationRefused, VirtualMachineFacts, VmNetworkFacts
from .filters import honors_filter
from .job_answers import accepted, add_result
from .job_engine import start_job
from .job_trees import tasks_of
from .jobs import Job, JobError, JobTarget, JobTask, TaskFailed
from .messages import Answer, Call, Json, document, member
from .records import Fabric, Vault
from .recovery_services import VAULT, need_vault
from .routes import Routes
from .site_recovery import FABRIC, SiteRecoveryError, list_page, missing, need_fabric, visible_fabrics
from .site_recovery_documents import KIND, azure_fabric, fabric_id, network_document, sides_of_job
from .state import AzureState
from .versions import SITE_RECOVERY

ROUTES = Routes(SITE_RECOVERY)
NETWORKS = FABRIC + "/replicationNetworks"
NETWORK = NETWORKS + "/{network}"
MAPPINGS = NETWORK + "/replicationNetworkMappings"
MAPPING = MAPPINGS + "/{mapping}"

_KIND = "VmmToAzure"
# recorded: the time of the replicas of one network; inferred: they are attached at the same time.
_ATTACH = 10.0


@ROUTES.get(VAULT + "/replicationNetworks")
def list_all_networks(state: AzureState, call: Call) -> Answer:
    vault = need_vault(state, call)
    return list_page(state, call, list(_networks(vault, visible_fabrics(vault))))


@ROUTES.get(NETWORKS)
def list_networks(state: AzureState, call: Call) -> Answer:
    vault = need_vault(state, call)
    return list_page(state, call, list(_networks(vault, [need_fabric(vault, call)])))


@ROUTES.get(NETWORK)
def get_network(state: AzureState, call: Call) -> Answer:
    vault = need_vault(state, call)
    return Answer(200, network_document(vault, *_need_network(vault, call)))


def _networks(vault: Vault, fabrics: list[Fabric]) -> Iterator[Json]:
    for fabric in fabrics:
        for network in fabric.server.networks:
            yield network_document(vault, fabric, network)


def _need_network(vault: Vault, call: Call) -> tuple[Fabric, VmNetworkFacts]:
    fabric = need_fabric(vault, call)
    for network in fabric.server.networks:
        if network.id.lower() == call["network"].lower():
            return fabric, network
    raise missing(call, "network")


# Mappings ------------------------------------------------------------------------------------------------------------


@ROUTES.get(VAULT + "/replicationNetworkMappings")
@honors_filter
def list_all_mappings(state: AzureState, call: Call) -> Answer:
    return list_page(state, call, list(need_vault(state, call).network_mappings.values()))


@ROUTES.get(MAPPINGS)
@honors_filter
def list_mappings(state: AzureState, call: Call) -> Answer:
    vault = need_vault(state, call)
    _fabric, network = _need_network(vault, call)
    found = [one for (id, _name), one in vault.network_mappings.items() if id == network.id.lower()]
    return list_page(state, call, found)


@ROUTES.get(MAPPING)
def get_mapping(state: AzureState, call: Call) -> Answer:
    vault = need_vault(state, call)
    return Answer(200, _need_mapping(vault, call))


def _need_mapping(vault: Vault, call: Call) -> Json:
    _fabric, network = _need_network(vault, call)
    found = vault.network_mappings.get((network.id.lower(), call["mapping"].casefold()))
    if found is None:
        raise missing(call, "mapping")
    return found


@ROUTES.put(MAPPING)
def put_mapping(state: AzureState, call: Call) -> Answer:
    vault = need_vault(state, call)
    fabric, network = _need_network(vault, call)
    return _map(state, call, vault, fabric, network)


@ROUTES.patch(MAPPING)
def patch_mapping(state: AzureState, call: Call) -> Answer:
    """Map to another network (documented: the same members as those of a new mapping)."""
    vault = need_vault(state, call)
    _need_mapping(vault, call)
    fabric, network = _need_network(vault, call)
    return _map(state, call, vault, fabric, network)


def _map(state: AzureState, call: Call, vault: Vault, fabric: Fabric, network: VmNetworkFacts) -> Answer:
    wanted = _wanted_network(call)
    address = f"{fabric_id(vault, fabric)}/replicationNetworks/{network.id.lower()}/replicationNetworkMappings"
    made = _mapping_document(vault, fabric, network, f"{address}/{call['mapping']}", wanted)
    key = (network.id.lower(), call["mapping"].casefold())
    users = _Users(state, vault, fabric, network)

    def pair(_job: Job) -> None:
        users.require_connection()
        _refuse_target(state, vault, wanted)
        if any(id == key[0] and name != key[1] for id, name in vault.network_mappings):
            # documented: one mapping for a VM network; inferred: code and text.
            raise TaskFailed(JobError("27012", f"The network '{network.name}' is already mapped.", causes=""))
        vault.network_mappings[key] = made

    tasks = [
        *tasks_of("NetworkPairing", {"ModifyVMNetworksPairingStatusTask": pair}),
        users.task("VMNetworksUpdateVMNicsTask", "Attach network"),
    ]
    job = start_job(
        state, vault, "NetworkPairing", _target(network, made), tasks=tasks, affected=_affected(fabric, network, made)
    )
    return accepted(state, call, job)


@ROUTES.delete(MAPPING)
def delete_mapping(state: AzureState, call: Call) -> Answer:
    vault = need_vault(state, call)
    mapping = _need_mapping(vault, call)
    fabric, network = _need_network(vault, call)
    users = _Users(state, vault, fabric, network)

    def part(_job: Job) -> None:
        users.require_connection()
        vault.network_mappings.pop((network.id.lower(), call["mapping"].casefold()), None)

    tasks = [
        *tasks_of("NetworkUnPairing", {"ModifyVMNetworksUnPairingStatusTask": part}),
        users.task("VMNetworksUpdateVMNicsTaskDetach", "Detach network"),
    ]
    affected = _affected(fabric, network, mapping)
    job = start_job(state, vault, "NetworkUnPairing", _target(network, mapping), tasks=tasks, affected=affected)
    return accepted(state, call, job)


add_result(ROUTES, MAPPING, get_mapping)


class _Users:
    """The virtual machines with a replica and an adapter in a VM network, as VMM knows them when a job begins."""

    def __init__(self, state: AzureState, vault: Vault, fabric: Fabric, network: VmNetworkFacts) -> None:
        self.refusal: ReplicationRefused | None = None
        self._network = network.id.lower()
        replicated = {item.machine.id.lower() for item in vault.items.values() if item.fabric.lower() == fabric.name}
        self._machines: list[VirtualMachineFacts] = []
        try:
            known = state.context.fabric.virtual_machines(fabric.server.vmm_id)
            self._machines = [machine for machine in known if machine.id.lower() in replicated]
        except ReplicationRefused as refusal:
            self.refusal = refusal

    def require_connection(self) -> None:
        """Fail the task for a server that is not connected (documented: a typical error of mappings)."""
        if self.refusal is not None:
            raise self.refusal

    def task(self, name: str, title: str) -> JobTask:
        """Return the group with a task for each adapter."""
        children = list(self._children())
        return JobTask("", name, f"{title} ({len(children)})", children=children)

    def _children(self) -> Iterator[JobTask]:
        seconds = _ATTACH
        for machine in self._machines:
            for adapter in machine.adapters:
                if (adapter.network_id or "").lower() != self._network:
                    continue
                details = {"vmId": machine.id.lower(), "nicId": adapter.id.lower(), "name": machine.name}
                details["instanceType"] = "VmNicUpdatesTaskDetails"
                yield JobTask(str(uuid4()), "VmNicUpdateJob", machine.name, seconds, details=details)
                seconds = 0.0


def _wanted_network(call: Call) -> str:
    properties = member(document(call), "properties", dict) or {}
    wanted = member(properties, "recoveryNetworkId", str)
    kind = (member(properties, "fabricSpecificDetails", dict) or {}).get("instanceType")
    if not wanted or kind != _KIND:
        # inferred: code and text.
        text = "The members 'recoveryNetworkId' and 'fabricSpecificDetails' are required."
        raise SiteRecoveryError(call, 400, "BadRequest", "InvalidParameter", text)
    return str(wanted)


def _refuse_target(state: AzureState, vault: Vault, wanted: str) -> None:
    found = state.networks.get(wanted.casefold())
    if found is None or found["location"] != vault.document["location"]:
        # documented: a network of the vault's region; inferred: code and text.
        text = f"The Azure network '{wanted}' could not be found in the region of the vault."
        raise TaskFailed(JobError("27020", text, causes=""))


def _target(network: VmNetworkFacts, mapping: Json) -> JobTarget:
    # recorded: the target of the job is the VM network.
    busy = str(mapping["properties"]["primaryNetworkId"])
    return JobTarget("Network", network.id.lower(), network.name, str(mapping["id"]), busy)


def _affected(fabric: Fabric, network: VmNetworkFacts, mapping: Json) -> Json:
    recovery = str(mapping["properties"]["recoveryNetworkId"])
    return {
        "primaryNetworkId": network.id.lower(),
        "primaryNetworkName": network.name,
        "recoveryNetworkId": recovery,
        "recoveryNetworkName": recovery.rsplit("/", 1)[-1],
        **sides_of_job(fabric),
    }


def _mapping_document(vault: Vault, fabric: Fabric, network: VmNetworkFacts, address: str, wanted: str) -> Json:
    # recorded: azure-cli-extensions, test_siterecovery_H2A_E2A_scenarios.
    return {
        "type": f"{KIND}/replicationFabrics/replicationNetworks/replicationNetworkMappings",
        "id": address,
        "name": address.rsplit("/", 1)[-1],
        "properties": {
            "state": "Paired",
            "primaryNetworkFriendlyName": network.name,
            "primaryNetworkId": f"{fabric_id(vault, fabric)}/replicationNetworks/{network.id.lower()}",
            "primaryFabricFriendlyName": fabric.server.friendly_name,
            "recoveryNetworkFriendlyName": wanted.rsplit("/", 1)[-1],
            "recoveryNetworkId": wanted,
            "recoveryFabricArmId": azure_fabric(vault),
            "recoveryFabricFriendlyName": "Microsoft Azure",
            "fabricSpecificSettings": {"instanceType": _KIND},
        },
    }
