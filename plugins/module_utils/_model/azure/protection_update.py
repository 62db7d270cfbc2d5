# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the settings of a protected item: what differs from the desired ones, and the update that changes it.

An update sends every present value again: no recording shows what the service does with a value that is left out, and
Azure PowerShell leaves out none. Only licenses are sent as they are, and never raised.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..common.errors import Refused
from ..common.names import same_id, same_name
from ..common.plan import Change, merged_tags
from .protectable_item import SCENARIO, SourceMachine
from .protected_item import ProtectedItem, TargetNic
from .protection_request import LICENSES, RDP, SQL_LICENSES, DesiredMachine, DesiredNic, chosen_disks, system_disk

_UNSET_LICENSES = ("", "notspecified")
_ADDRESS_PARTS = (
    "isPrimary",
    "isSeletedForFailover",
    "recoverySubnetName",
    "recoveryStaticIPAddress",
    "recoveryPublicIPAddressId",
    "recoveryLBBackendAddressPoolIds",
    "tfoSubnetName",
    "tfoStaticIPAddress",
    "tfoPublicIPAddressId",
    "tfoLBBackendAddressPoolIds",
)
#: By the name of the update, that of the item.
_NIC_PARTS = {
    "nicId": "nicId",
    "selectionType": "selectionType",
    "recoveryNetworkSecurityGroupId": "recoveryNetworkSecurityGroupId",
    "enableAcceleratedNetworkingOnRecovery": "enableAcceleratedNetworkingOnRecovery",
    "tfoNetworkSecurityGroupId": "tfoNetworkSecurityGroupId",
    "enableAcceleratedNetworkingOnTfo": "enableAcceleratedNetworkingOnTfo",
    "recoveryNicName": "recoveryNicName",
    "recoveryNicResourceGroupName": "recoveryNicResourceGroupName",
    "reuseExistingNic": "reuseExistingNic",
    "tfoNicName": "tfoRecoveryNicName",
    "tfoNicResourceGroupName": "tfoRecoveryNicResourceGroupName",
    "tfoReuseExistingNic": "tfoReuseExistingNic",
    "targetNicName": "targetNicName",
}


@dataclass(frozen=True, slots=True)
class _Setting:
    """One setting: its option, its member in the item, its place in the update, and how values compare."""

    option: str
    shown: str
    sent: str
    #: Whether the place in the update is among the details of the provider.
    of_provider: bool = False
    same: Callable[[Any, Any], bool] = same_name
    wire: Mapping[str, str] | None = None

    def desired(self, machine: DesiredMachine) -> Any:
        value = machine.group if self.option == "target_resource_group" else getattr(machine, self.option)
        return value if value is None or self.wire is None else self.wire[str(value)]

    def read(self, item: ProtectedItem) -> Any:
        return item.details.get(self.shown) or None


def _same_id(left: Any, right: Any) -> bool:
    return same_id(left or "", right or "")


def _same_text(left: Any, right: Any) -> bool:
    return same_name(left or "", right or "")


_SETTINGS = (
    _Setting("target_name", "recoveryAzureVmName", "recoveryAzureVMName", same=_same_text),
    _Setting("size", "recoveryAzureVMSize", "recoveryAzureVMSize", same=_same_text),
    _Setting("target_resource_group", "recoveryAzureResourceGroupId", "recoveryAzureV2ResourceGroupId", True, _same_id),
    _Setting("network", "selectedRecoveryAzureNetworkId", "selectedRecoveryAzureNetworkId", same=_same_id),
    _Setting("availability_set", "recoveryAvailabilitySetId", "recoveryAvailabilitySetId", same=_same_id),
    _Setting("rdp", "enableRdpOnTargetOption", "enableRdpOnTargetOption", same=_same_text, wire=RDP),
    _Setting("license", "licenseType", "licenseType", same=_same_text, wire=LICENSES),
    _Setting("sql_license", "sqlServerLicenseType", "sqlServerLicenseType", True, _same_text, SQL_LICENSES),
    _Setting(
        "managed_disks", "useManagedDisks", "useManagedDisks", True, _same_text, {"True": "true", "False": "false"}
    ),
)


def conflicts(desired: DesiredMachine, machine: SourceMachine, item: ProtectedItem, policy: str | None) -> list[str]:
    """Return what differs and cannot be changed while the machine is protected."""
    found = []
    if policy is not None and not same_name(item.policy, policy):
        found.append(f"its policy is '{item.policy}' and not '{policy}'")
    if desired.include_disks is not None or desired.exclude_disks:
        wanted = {disk.id.casefold() for disk in chosen_disks(desired, machine)}
        actual = {str(disk.get("vhdId")).casefold() for disk in item.details.get("azureVmDiskDetails") or ()}
        if wanted != actual:
            names = {disk.id.casefold(): disk.name for disk in machine.disks}
            replicated = ", ".join(sorted(names.get(disk, disk) for disk in actual))
            found.append(f"it replicates the disks {replicated}")
    if desired.os_disk is not None:
        system = system_disk(desired, machine).id
        roles = {str(disk.get("vhdId")): disk.get("vhdType") for disk in item.details.get("azureVmDiskDetails") or ()}
        if not any(same_name(disk, system) and kind == "OperatingSystem" for disk, kind in roles.items()):
            found.append(f"its disk of the operating system is not '{desired.os_disk}'")
    return found


def setting_changes(desired: DesiredMachine, item: ProtectedItem) -> list[Change]:
    """Return the changes of settings. Network and adapters are compared once the item shows them."""
    changes = []
    for setting in _SETTINGS:
        wanted = setting.desired(desired)
        if wanted is None or (setting.option == "network" and not item.has_settings):
            continue
        actual = setting.read(item)
        if not setting.same(actual, wanted):
            changes.append(_change(item, setting.option, actual, wanted or None))
    if desired.tags is not None:
        before = item.details.get("targetVmTags") or {}
        after = merged_tags(before, desired.tags, purge=False)
        if before != after:
            changes.append(_change(item, "tags", before, after))
    return [*changes, *_nic_changes(desired, item)] if item.has_settings else changes


def _change(item: ProtectedItem, option: str, before: Any, after: Any) -> Change:
    shown = [_short(value) for value in (before, after)]
    return Change(option, before, after, f"{item.machine}: {option} {shown[0]} -> {shown[1]}")


def _short(value: Any) -> Any:
    return value.rsplit("/", 1)[-1] if isinstance(value, str) and value.startswith("/") else value


def _nic_changes(desired: DesiredMachine, item: ProtectedItem) -> list[Change]:
    changes = []
    for nic in item.nics:
        after = _desired_nic(desired, nic)
        for part in ("used", "subnet", "address"):
            before, wanted = getattr(nic, part), getattr(after, part)
            if wanted is not None and before != wanted and not (part != "used" and same_name(before, wanted)):
                changes.append(_change(item, f"nics[{nic.vm_network or nic.id}].{part}", before, wanted))
    return changes


def _desired_nic(desired: DesiredMachine, nic: TargetNic) -> DesiredNic:
    """Return what is desired of an adapter. The subnet of the machine is for adapters without one of their own."""
    named = [one for one in desired.nics if _names(one, nic)]
    own = named[0] if named else DesiredNic(nic.id, None, None, None, None)
    used = nic.used if own.used is None else own.used
    subnet = own.subnet or (desired.subnet if used and (nic.used or own.used) else None)
    return DesiredNic(nic.id, None, subnet, own.address, own.used)


def _names(desired: DesiredNic, nic: TargetNic) -> bool:
    return same_name(desired.id, nic.id) or same_name(desired.vm_network, nic.vm_network)


def require_nics(desired: DesiredMachine, item: ProtectedItem) -> None:
    """Raise Refused for an adapter that the machine does not have."""
    for one in desired.nics:
        if not any(_names(one, nic) for nic in item.nics):
            known = ", ".join(f"{nic.id} ({nic.vm_network or 'not connected'})" for nic in item.nics) or "none"
            raise Refused(
                f"machine '{item.machine}' has no adapter '{one.id or one.vm_network}'; its adapters are: {known};"
                " correct the name"
            )


def update_body(desired: DesiredMachine, item: ProtectedItem) -> dict[str, Any]:
    """Return the body of the update: all present values, with the desired ones in their place."""
    details = item.details
    nics = item.nics
    test_network = next((nic.document.get("tfoVMNetworkId") for nic in nics if nic.document.get("tfoVMNetworkId")), "")
    properties: dict[str, Any] = {
        "selectedTfoAzureNetworkId": test_network,
        "selectedSourceNicId": details.get("selectedSourceNicId") or "",
        "vmNics": [_nic_body(desired, nic) for nic in nics],
    }
    provider: dict[str, Any] = {
        "instanceType": SCENARIO,
        "targetAvailabilityZone": details.get("targetAvailabilityZone") or "",
        "targetProximityPlacementGroupId": details.get("targetProximityPlacementGroupId") or "",
        "targetVmTags": merged_tags(details.get("targetVmTags") or {}, desired.tags, purge=False),
        "targetManagedDiskTags": details.get("targetManagedDiskTags") or {},
        "targetNicTags": details.get("targetNicTags") or {},
    }
    for setting in _SETTINGS:
        wanted = setting.desired(desired)
        value = setting.read(item) if wanted is None else wanted
        if setting.option in ("license", "sql_license") and str(value or "").casefold() in _UNSET_LICENSES:
            continue
        (provider if setting.of_provider else properties)[setting.sent] = value or ""
    return {"properties": {**properties, "providerSpecificDetails": provider}}


def _nic_body(desired: DesiredMachine, nic: TargetNic) -> dict[str, Any]:
    after = _desired_nic(desired, nic)
    document = nic.document
    body = {sent: document[shown] for sent, shown in _NIC_PARTS.items() if document.get(shown) is not None}
    if after.used is not None or after.subnet or after.address is not None:
        body["selectionType"] = "NotSelected" if after.used is False else "SelectedByUser"
    first, *others = [
        {
            **({"ipConfigName": one["name"]} if one.get("name") else {}),
            **{part: one[part] for part in _ADDRESS_PARTS if one.get(part) is not None},
        }
        for one in document.get("ipConfigs") or [{}]
    ]
    if after.subnet:
        first["recoverySubnetName"] = after.subnet
    if after.address is not None:
        first["recoveryStaticIPAddress"] = after.address
    return {**body, "ipConfigs": [first, *others]}


def shown_settings(item: ProtectedItem) -> dict[str, Any]:
    """Return the settings of the target, as results show them."""
    details = item.details
    licenses = {wire.casefold(): name for name, wire in (*LICENSES.items(), *SQL_LICENSES.items())}
    return {
        "target_name": details.get("recoveryAzureVmName"),
        "target_resource_group": _group(details.get("recoveryAzureResourceGroupId")),
        "size": details.get("recoveryAzureVMSize"),
        "network": details.get("selectedRecoveryAzureNetworkId"),
        "availability_set": details.get("recoveryAvailabilitySetId") or None,
        "rdp": {wire: name for name, wire in RDP.items()}.get(str(details.get("enableRdpOnTargetOption"))),
        "license": licenses.get(str(details.get("licenseType")).casefold()),
        "sql_license": licenses.get(str(details.get("sqlServerLicenseType")).casefold()),
        "managed_disks": same_name(str(details.get("useManagedDisks")), "true"),
        "tags": details.get("targetVmTags") or {},
        "nics": [nic.to_result() for nic in item.nics],
        "disks": [str(disk.get("vhdName")) for disk in details.get("azureVmDiskDetails") or ()],
    }


def _group(group: str | None) -> str | None:
    return group.rstrip("/").rsplit("/", 1)[-1] if group else None
