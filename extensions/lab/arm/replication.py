# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The course of a replication: a job that enables it, a copy without a job, and a job that no request started.

The states and their order are recorded (azure-cli-extensions, test_siterecovery_H2A_E2A, 40 GB). Times are those of
the recordings; the clock scales them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..context import ReplicationRefused, VirtualMachineFacts
from .messages import Json
from .protection_documents import adapter_document
from .protection_records import COPYING, READY, ProtectedItem, Scenario
from .protection_rules import Broken, check_target, chosen_disks, is_true, network_of, system_disk, target_of
from .records import Fabric, Vault, guid
from .state import AzureState
from .virtual_machines import machine_id

# recorded: 15 minutes for 40 GB; a third of it before the service waits for the first recovery point.
_SECONDS_PER_GB = 22.5
_SHORTEST_COPY = 60.0
# recorded: the percentage that stayed on a machine that became ready.
_FROZEN = 23


@dataclass(frozen=True, slots=True)
class Place:
    """Where an item is: the state of the lab, its vault and its server."""

    state: AzureState
    vault: Vault
    fabric: Fabric

    @property
    def location(self) -> str:
        return str(self.vault.document["location"])

    def holds(self, item: ProtectedItem) -> bool:
        return self.vault.items.get(item.key) is item


def new_item(place: Place, machine: VirtualMachineFacts, name: str, policy: str, given: Json) -> ProtectedItem:
    """Return the item that a request asks for. Raises Broken."""
    disks, system = chosen_disks(given, machine), system_disk(given, machine)
    check_target(place.state, given, place.location)
    return ProtectedItem(
        name=name,
        fabric=place.fabric.name,
        container=machine.cloud_id.lower(),
        machine=machine,
        policy=policy,
        enabled=place.state.context.clock.now(),
        correlation=guid(),
        disks=disks,
        os_disk=system.id,
        target=target_of(given, machine, str(given.get("targetAzureVmName") or machine.name)),
        network=given.get("targetAzureNetworkId"),
        subnet=given.get("targetAzureSubnetId"),
        seeds=_seed_disks(given, machine, [disk.id.lower() for disk in disks]),
    )


def _seed_disks(given: Json, machine: VirtualMachineFacts, disks: list[str]) -> dict[str, tuple[str, str]]:
    """Return the managed disks that the service creates at once in the target group (recorded: their names)."""
    if not is_true(given.get("useManagedDisksForReplication")):
        return {}
    root = f"{given['targetAzureV2ResourceGroupId']}/providers/Microsoft.Compute/disks"
    kinds = {
        str(entry.get("diskId")).lower(): entry.get("diskType")
        for entry in given.get("disksToIncludeForManagedDisks") or []
    }
    part = machine.name.lower()[:9]
    return {
        disk: (
            f"{root}/asrseeddisk-{part}-{part}-{guid()}",
            str(kinds.get(disk) or given.get("diskType") or "Standard_LRS"),
        )
        for disk in disks
    }


def name_taken(place: Place, item: ProtectedItem) -> bool:
    """Tell whether the target group has a virtual machine of that name, or will have one (recorded: 28061).

    inferred: the items of all vaults count, because they share the group.
    """
    group, name = str(item.target["recoveryAzureResourceGroupId"]), str(item.target["recoveryAzureVmName"])
    return machine_id(group, name).casefold() in place.state.machines or any(
        other.target["recoveryAzureVmName"].casefold() == name.casefold()
        and str(other.target["recoveryAzureResourceGroupId"]).casefold() == group.casefold()
        for vault in place.state.vaults.values()
        for other in vault.items.values()
        if other is not item
    )


def ask_fabric(place: Place, ask: Callable[[str, str], None], machine: VirtualMachineFacts) -> None:
    """Call the server of an item. Raises ReplicationRefused, also for a server without a connection."""
    server = place.fabric.server
    if not place.fabric.connected:
        # documented: error 25018: the server has no connection to the service; inferred: the text.
        raise ReplicationRefused(
            "25018", 0, f"The server '{server.friendly_name}' is not connected to the Azure Site Recovery service."
        )
    ask(server.vmm_id, machine.id)


# The first copy ------------------------------------------------------------------------------------------------------


def copy_seconds(item: ProtectedItem) -> float:
    return max(_SHORTEST_COPY, sum(disk.size_mb for disk in item.disks) / 1024 * _SECONDS_PER_GB)


def begin_copy(place: Place, item: ProtectedItem, complete: Callable[[], None]) -> None:
    """Copy the disks without any job; `complete` starts the job that finishes the protection."""
    seconds = copy_seconds(item)

    def wait_for_point() -> None:
        if place.holds(item):
            item.protection_state = "InitialReplicationRecoveryCompletionPending"
            item.progress = _FROZEN

    def end() -> None:
        if place.holds(item):
            complete()

    place.state.later(seconds / 3, wait_for_point)
    place.state.later(seconds, end)


# The job that finishes the protection --------------------------------------------------------------------------------


def announce(place: Place, item: ProtectedItem, job: str) -> None:
    item.scenario = Scenario("EnableProtection", job, place.state.context.clock.now())
    item.operations = ()


def replica_complete(place: Place, item: ProtectedItem) -> None:
    """Show the item as protected while its replica is still being configured, with adapters and a recovery point."""
    item.protection_state, item.vm_state = "Protected", "ReplicaConfigurationInProgress"
    item.first_point = place.state.context.clock.now()
    networks = {network.id.lower(): network.name for network in place.fabric.server.networks}
    item.adapters = []
    for adapter in item.machine.adapters:
        source = (adapter.network_id or "").lower()
        target = item.network or mapped_network(place, source)
        subnet = _subnet(place, target, item.subnet if item.network else None, adapter.subnet)
        item.adapters.append(adapter_document(item, adapter, networks.get(source), target, subnet))
    used = [adapter for adapter in item.adapters if adapter["recoveryVMNetworkId"]]
    item.target["selectedRecoveryAzureNetworkId"] = used[0]["recoveryVMNetworkId"] if used else None
    item.target["selectedSourceNicId"] = item.adapters[0]["nicId"] if item.adapters else None
    item.target["targetNicTags"] = item.target["targetNicTags"] or {}


def _subnet(place: Place, network: str | None, wanted: str | None, source: str | None) -> str | None:
    """Return the subnet of an adapter: that of the request, one with the source's name, or the first (documented)."""
    for name in (wanted, source, None):
        try:
            return network_of(place.state, network, name, place.location)
        except Broken:
            continue
    return None


def mapped_network(place: Place, network: str) -> str | None:
    """Return the Azure network to which a VM network is mapped."""
    for mapping in place.vault.network_mappings.values():
        properties = mapping["properties"]
        if network and str(properties["primaryNetworkId"]).lower().endswith(f"/{network}"):
            return str(properties["recoveryNetworkId"])
    return None


def replica_configured(item: ProtectedItem) -> None:
    item.vm_state = "Protected"


def ready(item: ProtectedItem) -> None:
    item.scenario, item.operations = None, READY


def not_completed(item: ProtectedItem) -> None:
    """Show the item after a job that could not finish the protection."""
    # inferred: the item stays where it was, and can only be disabled.
    item.scenario, item.operations = None, COPYING
