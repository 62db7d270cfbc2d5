# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules for the requests that enable and update the replication of a virtual machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..context import DiskFacts, VirtualMachineFacts
from .messages import ArmError, Call, Json, document, member, objects
from .protection_documents import SIZES, proposed_size
from .protection_records import ProtectedItem
from .state import AzureState

PROVIDER = "HyperVReplicaAzure"
# documented: HyperVReplicaAzureEnableProtectionInput: every scalar is a text, also the ones that mean yes or no.
_TEXTS = (
    "hvHostVmId",
    "vmName",
    "osType",
    "vhdId",
    "targetStorageAccountId",
    "targetAzureNetworkId",
    "targetAzureSubnetId",
    "enableRdpOnTargetOption",
    "targetAzureVmName",
    "logStorageAccountId",
    "targetAzureV1ResourceGroupId",
    "targetAzureV2ResourceGroupId",
    "useManagedDisks",
    "targetAvailabilitySetId",
    "targetAvailabilityZone",
    "licenseType",
    "sqlServerLicenseType",
    "linuxLicenseType",
    "targetVmSize",
    "targetProximityPlacementGroupId",
    "useManagedDisksForReplication",
    "diskType",
    "diskEncryptionSetId",
)
# documented: the enumerations of the API definition.
_VALUES = {
    "osType": ("Windows", "Linux"),
    "enableRdpOnTargetOption": ("Never", "OnlyOnTestFailover", "Always"),
    "licenseType": ("NotSpecified", "NoLicenseType", "WindowsServer"),
    "sqlServerLicenseType": ("NotSpecified", "NoLicenseType", "PAYG", "AHUB"),
    "diskType": (
        "Standard_LRS",
        "Premium_LRS",
        "StandardSSD_LRS",
        "PremiumV2_LRS",
        "UltraSSD_LRS",
        "StandardSSD_ZRS",
        "Premium_ZRS",
    ),
}
_TRUE = "true"


class Broken(Exception):
    """A rule that a job finds broken: the code of the service, and its text."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def refused(message: str) -> ArmError:
    # recorded: the code of a wrong body is InvalidParameter or BadRequest; inferred: the text.
    return ArmError(400, "InvalidParameter", message)


def properties_of(call: Call) -> Json:
    found: Json = member(document(call), "properties", dict) or {}
    return found


def provider_input(properties: Json, name: str) -> Json:
    """Return the input of the provider, checked. A missing one is an error (azure-rest-api-specs issue 22769)."""
    given = member(properties, name, dict)
    if not given or given.get("instanceType") != PROVIDER:
        raise refused(f"The property '{name}' must have the instance type {PROVIDER}.")
    return dict(given)


def check_enable(given: Json) -> None:
    """Refuse an input of an enable request that the service cannot read."""
    for name in _TEXTS:
        value = given.get(name)
        if value is not None and not isinstance(value, str):
            raise refused(f"The property '{name}' must be a string.")
    for name, allowed in _VALUES.items():
        _check_value(name, given.get(name), allowed)
    managed = is_true(given.get("useManagedDisksForReplication"))
    if managed and given.get("targetStorageAccountId"):
        # documented: the two exclude each other (Azure PowerShell refuses both before it sends anything).
        raise refused("targetStorageAccountId cannot be combined with useManagedDisksForReplication.")
    if managed and not given.get("logStorageAccountId"):
        raise refused("useManagedDisksForReplication needs logStorageAccountId.")
    if given.get("targetAvailabilitySetId") and given.get("targetAvailabilityZone"):
        # inferred: an availability set and a zone exclude each other.
        raise refused("targetAvailabilitySetId cannot be combined with targetAvailabilityZone.")
    for entry in objects(given, "disksToIncludeForManagedDisks"):
        _check_value("diskType", entry.get("diskType"), _VALUES["diskType"])


def _check_value(name: str, value: Any, allowed: tuple[str, ...]) -> None:
    if value and str(value).casefold() not in (one.casefold() for one in allowed):
        raise refused(f"The value '{value}' of '{name}' is not valid. Allowed: {', '.join(allowed)}.")


def links_of(given: Json) -> Iterator[tuple[str, str]]:
    """Yield the actions on resources of the target that a request needs, with the ids of the resources.

    documented: "Manage Site Recovery access with Azure role-based access control", permissions to enable replication.
    """
    if given.get("targetAzureV2ResourceGroupId"):
        yield "Microsoft.Compute/virtualMachines/write", str(given["targetAzureV2ResourceGroupId"])
    for name in ("targetStorageAccountId", "logStorageAccountId"):
        if given.get(name):
            yield "Microsoft.Storage/storageAccounts/listKeys/action", str(given[name])
    if given.get("targetAzureNetworkId"):
        yield "Microsoft.Network/virtualNetworks/subnets/join/action", str(given["targetAzureNetworkId"])


def is_true(value: Any) -> bool:
    """Tell whether a text of the API means yes (recorded: `True` of PowerShell, `true` of the portal)."""
    return isinstance(value, str) and value.casefold() == _TRUE


def chosen_disks(given: Json, machine: VirtualMachineFacts) -> tuple[DiskFacts, ...]:
    """Return the disks that a request replicates. Raises Broken for an unknown disk, or one without the system."""
    names = list(member(given, "disksToInclude", list) or [])
    names += [str(entry.get("diskId")) for entry in objects(given, "disksToIncludeForManagedDisks")]
    wanted = {str(name).lower() for name in names} or {disk.id.lower() for disk in machine.disks}
    known = {disk.id.lower(): disk for disk in machine.disks}
    for name in wanted:
        if name not in known:
            # inferred: code and text.
            raise Broken("150097", f"The disk '{name}' does not belong to the virtual machine '{machine.name}'.")
    disk = system_disk(given, machine)
    if disk.id.lower() not in wanted:
        # documented: "Exclude disks": the disk with the operating system cannot be excluded; inferred: code and text.
        raise Broken("150098", f"The operating system disk of '{machine.name}' must be included.")
    return tuple(disk for disk in machine.disks if disk.id.lower() in wanted)


def system_disk(given: Json, machine: VirtualMachineFacts) -> DiskFacts:
    name = str(given.get("vhdId") or "").lower()
    if not name and machine.disks:
        return machine.disks[0]
    for disk in machine.disks:
        if disk.id.lower() == name:
            return disk
    raise Broken("150097", f"The disk '{name}' does not belong to the virtual machine '{machine.name}'.")


def check_target(state: AzureState, given: Json, location: str) -> None:
    """Check that everything that an enable request names exists in the right place. Raises Broken."""
    group = given.get("targetAzureV2ResourceGroupId")
    if not group or str(group).rstrip("/").rsplit("/", 1)[-1].casefold() not in state.groups:
        # inferred: codes and texts of all refusals of a job for its target.
        raise Broken("28020", f"The target resource group '{group}' does not exist.")
    for name in ("targetStorageAccountId", "logStorageAccountId"):
        _check_account(state, given, name, location)
    network_of(state, given.get("targetAzureNetworkId"), given.get("targetAzureSubnetId"), location)


def _check_account(state: AzureState, given: Json, name: str, location: str) -> None:
    wanted = given.get(name)
    if not wanted:
        return
    account = state.accounts.get(str(wanted).casefold())
    if account is None:
        raise Broken("28021", f"The storage account '{wanted}' does not exist.")
    if account["location"] != location:
        raise Broken("28022", f"The storage account '{wanted}' must be in the region of the vault, {location}.")
    if name == "logStorageAccountId" and str(account["sku"]["name"]).startswith("Premium"):
        raise Broken("28023", f"The log storage account '{wanted}' must be a standard account.")


def network_of(state: AzureState, network: Any, subnet: Any, location: str) -> str | None:
    """Return the name of the subnet of a target network; the first one where none is named. Raises Broken."""
    if not network:
        return None
    found = state.networks.get(str(network).casefold())
    if found is None:
        raise Broken("28024", f"The virtual network '{network}' does not exist.")
    if found["location"] != location:
        raise Broken("28025", f"The virtual network '{network}' must be in the region of the vault, {location}.")
    names = [str(one["name"]) for one in found["properties"].get("subnets") or []]
    # recorded: the request names the subnet by its full id; an update names it by its name.
    wanted = str(subnet or "").rsplit("/", 1)[-1]
    if not wanted:
        return names[0] if names else None
    for name in names:
        if name.casefold() == wanted.casefold():
            return name
    raise Broken("28026", f"The subnet '{wanted}' does not exist in the virtual network '{network}'.")


def target_of(given: Json, machine: VirtualMachineFacts, machine_name: str) -> Json:
    """Return the settings of the target that a new item shows."""
    managed = is_true(given.get("useManagedDisksForReplication")) or is_true(given.get("useManagedDisks"))
    # recorded: empty maps and null differ between clients; the members are those of the item's document.
    return {
        "recoveryAzureVmName": machine_name,
        "recoveryAzureVMSize": given.get("targetVmSize") or proposed_size(machine),
        "recoveryAzureStorageAccount": given.get("targetStorageAccountId"),
        "recoveryAzureLogStorageAccountId": given.get("logStorageAccountId"),
        "osType": given.get("osType") or "Windows",
        "enableRdpOnTargetOption": given.get("enableRdpOnTargetOption") or "Never",
        "recoveryAzureResourceGroupId": given.get("targetAzureV2ResourceGroupId"),
        "recoveryAvailabilitySetId": given.get("targetAvailabilitySetId"),
        "targetAvailabilityZone": given.get("targetAvailabilityZone"),
        "targetProximityPlacementGroupId": given.get("targetProximityPlacementGroupId"),
        "useManagedDisks": "true" if managed else "false",
        "licenseType": given.get("licenseType") or "NotSpecified",
        "sqlServerLicenseType": given.get("sqlServerLicenseType") or "NotSpecified",
        "targetVmTags": given.get("targetVmTags") or {},
        "seedManagedDiskTags": given.get("seedManagedDiskTags"),
        "targetManagedDiskTags": given.get("targetManagedDiskTags"),
        "targetNicTags": given.get("targetNicTags"),
    }


# Updates -------------------------------------------------------------------------------------------------------------


def check_update(properties: Json, details: Json, item: ProtectedItem) -> None:
    """Refuse an update that the service cannot read, or that comes too early."""
    for name in ("licenseType",):
        _check_value(name, properties.get(name), _VALUES[name])
    _check_value("sqlServerLicenseType", details.get("sqlServerLicenseType"), _VALUES["sqlServerLicenseType"])
    adapters = objects(properties, "vmNics")
    if adapters and not item.adapters:
        # inferred: an item shows no adapters before the first copy ended, so none can be named.
        raise refused("The network adapters of the virtual machine are not known before the initial replication ended.")
    known = {str(adapter["nicId"]).casefold() for adapter in item.adapters}
    for adapter in adapters:
        if str(adapter.get("nicId")).casefold() not in known:
            raise refused(f"The network adapter '{adapter.get('nicId')}' does not belong to the virtual machine.")
    if adapters and not properties.get("selectedRecoveryAzureNetworkId"):
        # documented: Azure PowerShell demands the network together with the adapters.
        raise refused("The network adapters need selectedRecoveryAzureNetworkId.")
    size = properties.get("recoveryAzureVMSize")
    if size and size not in SIZES:
        raise refused(f"The size '{size}' is not available for the virtual machine.")


def update_target(state: AzureState, item: ProtectedItem, properties: Json, details: Json, location: str) -> None:
    """Apply an update. Values that it omits go back to their defaults, except licenses. Raises Broken.

    inferred: no recording omits a value; Azure PowerShell sends every value again, so that none may be kept.
    """
    network = properties.get("selectedRecoveryAzureNetworkId") or None
    given = {str(adapter["nicId"]).casefold(): adapter for adapter in objects(properties, "vmNics")}
    adapters = [
        _updated_adapter(state, one, given.get(str(one["nicId"]).casefold()), network, location)
        for one in item.adapters
    ]
    network_of(state, network, None, location)
    group = details.get("recoveryAzureV2ResourceGroupId") or item.target["recoveryAzureResourceGroupId"]
    if str(group).rstrip("/").rsplit("/", 1)[-1].casefold() not in state.groups:
        raise Broken("28020", f"The target resource group '{group}' does not exist.")
    item.adapters = adapters
    item.target |= {
        "recoveryAzureVmName": properties.get("recoveryAzureVMName") or item.machine.name,
        "recoveryAzureVMSize": properties.get("recoveryAzureVMSize") or proposed_size(item.machine),
        "selectedRecoveryAzureNetworkId": network,
        "selectedTfoAzureNetworkId": properties.get("selectedTfoAzureNetworkId") or None,
        "selectedSourceNicId": properties.get("selectedSourceNicId") or item.target.get("selectedSourceNicId"),
        "enableRdpOnTargetOption": properties.get("enableRdpOnTargetOption") or "Never",
        "recoveryAvailabilitySetId": properties.get("recoveryAvailabilitySetId") or "",
        "recoveryAzureResourceGroupId": group,
        "useManagedDisks": "true" if is_true(details.get("useManagedDisks")) else "false",
        "targetAvailabilityZone": details.get("targetAvailabilityZone") or "",
        "targetProximityPlacementGroupId": details.get("targetProximityPlacementGroupId") or "",
        "targetVmTags": details.get("targetVmTags") or {},
        "targetManagedDiskTags": details.get("targetManagedDiskTags") or {},
        "targetNicTags": details.get("targetNicTags") or {},
    }
    for holder, name in ((properties, "licenseType"), (details, "sqlServerLicenseType")):
        if holder.get(name):
            item.target[name] = holder[name]


def _updated_adapter(state: AzureState, before: Json, given: Json | None, network: Any, location: str) -> Json:
    if given is None:
        # inferred: an adapter that an update does not list is not used any more.
        return {**before, "selectionType": "NotSelected"}
    if given.get("selectionType") == "NotSelected":
        return {**before, "selectionType": "NotSelected", "recoveryVMNetworkId": network}
    configuration = before["ipConfigs"][0] | (objects(given, "ipConfigs") or [{}])[0]
    subnet = network_of(state, network, configuration.get("recoverySubnetName"), location)
    address = configuration.get("recoveryStaticIPAddress") or ""
    shown = configuration | {
        "recoverySubnetName": subnet,
        "recoveryStaticIPAddress": address,
        "recoveryIPAddressType": "Static" if address else "Dynamic",
    }
    kept = {name: given.get(name, before[name]) for name in ("recoveryNetworkSecurityGroupId", "targetNicName")}
    return {
        **before,
        **kept,
        "ipConfigs": [shown],
        "recoveryVMNetworkId": network,
        "selectionType": given.get("selectionType") or "SelectedByUser",
    }
