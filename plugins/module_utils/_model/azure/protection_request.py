# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the desired protection of machines: options, and the request that enables the replication of one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..common.errors import InvalidInput, Refused
from ..common.known_to_vmm import KnownToVmm, machines_of_vmm
from ..common.names import ResourceId, parse_resource_id, require_group_name, require_subnet_name, same_name
from ..common.plan import checked_tags
from .protectable_item import SCENARIO, SourceDisk, SourceMachine

LICENSES = {"none": "NoLicenseType", "windows_server": "WindowsServer"}
SQL_LICENSES = {"none": "NoLicenseType", "payg": "PAYG", "ahub": "AHUB"}
RDP = {"never": "Never", "test_failover": "OnlyOnTestFailover", "always": "Always"}
DISK_TYPES = [
    "Standard_LRS",
    "StandardSSD_LRS",
    "StandardSSD_ZRS",
    "Premium_LRS",
    "Premium_ZRS",
    "PremiumV2_LRS",
    "UltraSSD_LRS",
]
ACCOUNT_TYPE, NETWORK_TYPE = "Microsoft.Storage/storageAccounts", "Microsoft.Network/virtualNetworks"
SET_TYPE = "Microsoft.Compute/availabilitySets"
# "Naming rules and restrictions for Azure resources": virtual machines.
_VM_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")

NIC_OPTIONS: dict[str, Any] = {
    "id": {"type": "str"},
    "vm_network": {"type": "str"},
    "subnet": {"type": "str"},
    "address": {"type": "str"},
    "used": {"type": "bool"},
}
#: Options for one machine, which are also defaults for all machines of the task.
SHARED_OPTIONS: dict[str, Any] = {
    "target_resource_group": {"type": "str"},
    "network": {"type": "str"},
    "subnet": {"type": "str"},
    "size": {"type": "str"},
    "os_type": {"type": "str", "choices": ["windows", "linux"]},
    "disk_type": {"type": "str", "choices": DISK_TYPES},
    "managed_disks": {"type": "bool"},
    "license": {"type": "str", "choices": list(LICENSES)},
    "sql_license": {"type": "str", "choices": list(SQL_LICENSES)},
    "availability_set": {"type": "str"},
    "rdp": {"type": "str", "choices": list(RDP)},
    "tags": {"type": "dict"},
}
MACHINE_OPTIONS: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "id": {"type": "str"},
    "target_name": {"type": "str"},
    "os_disk": {"type": "str"},
    "include_disks": {"type": "list", "elements": "str"},
    "exclude_disks": {"type": "list", "elements": "str"},
    "nics": {"type": "list", "elements": "dict", "options": NIC_OPTIONS},
    **SHARED_OPTIONS,
}
OPTIONS: dict[str, Any] = {
    "resource_group": {"type": "str", "required": True},
    "vault_name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "vmm_server": {"type": "str"},
    "cloud": {"type": "str", "required": True},
    "machines": {"type": "list", "elements": "dict", "required": True, "options": MACHINE_OPTIONS},
    "vmm_machines": {"type": "list", "elements": "dict"},
    "policy": {"type": "str"},
    "log_account": {"type": "str"},
    **SHARED_OPTIONS,
    "skip_ineligible": {"type": "bool", "default": False},
    "resynchronize": {"type": "bool", "default": False},
    "allow_disable": {"type": "bool", "default": False},
    "purge": {"type": "bool", "default": False},
    "parallel": {"type": "int", "default": 10},
    "wait": {"type": "str", "choices": ["ready", "enabled"], "default": "ready"},
    "wait_timeout": {"type": "int", "default": 14400},
}


@dataclass(frozen=True, slots=True)
class DesiredNic:
    """The desired state of a network adapter, which its id or its VM network names. None: unchanged."""

    id: str | None
    vm_network: str | None
    subnet: str | None
    address: str | None
    used: bool | None


@dataclass(frozen=True, slots=True)
class DesiredMachine:
    """The desired protection of one machine. None: the user did not set it."""

    name: str
    id: str | None
    target_name: str | None
    os_disk: str | None
    include_disks: tuple[str, ...] | None
    exclude_disks: tuple[str, ...]
    nics: tuple[DesiredNic, ...]
    group: str | None
    network: str | None
    subnet: str | None
    size: str | None
    os_type: str | None
    disk_type: str | None
    managed_disks: bool | None
    license: str | None
    sql_license: str | None
    availability_set: str | None
    rdp: str | None
    tags: Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class Desired:
    """The desired protection of all machines of a task."""

    machines: tuple[DesiredMachine, ...]
    absent: bool
    cloud: str
    policy: str | None
    log_account: str | None
    skip_ineligible: bool
    resynchronize: bool
    allow_disable: bool
    purge: bool
    #: The facts of VMM by the ids of machines in lower case. None: VMM was not read.
    vmm: Mapping[str, KnownToVmm] | None = None


def desired_from_options(options: Mapping[str, Any], subscription_id: str) -> Desired:
    """Return the desired state. Names become ids in the target group. Raises InvalidInput."""
    if not options["machines"]:
        raise InvalidInput("machines", "must have at least one entry", "name the machines")
    if options["parallel"] < 1:
        raise InvalidInput("parallel", "must be at least 1", "give a number of machines")
    machines = tuple(_machine(options, one, number, subscription_id) for number, one in enumerate(options["machines"]))
    keys = [(machine.id or machine.name).casefold() for machine in machines]
    for key in keys:
        if keys.count(key) > 1:
            raise InvalidInput("machines", f"'{key}' is a duplicate", "name each machine once")
    group = options["target_resource_group"] or options["resource_group"]
    return Desired(
        machines,
        options["state"] == "absent",
        options["cloud"],
        options["policy"],
        _id("log_account", options["log_account"], (subscription_id, group), ACCOUNT_TYPE, "a storage account"),
        options["skip_ineligible"],
        options["resynchronize"],
        options["allow_disable"],
        options["purge"],
        machines_of_vmm("vmm_machines", options["vmm_machines"]),
    )


def _machine(options: Mapping[str, Any], given: Mapping[str, Any], number: int, subscription: str) -> DesiredMachine:
    def value(name: str) -> Any:
        return options[name] if given.get(name) is None else given[name]

    where = f"machines[{number}]"
    if given.get("include_disks") and given.get("exclude_disks"):
        raise InvalidInput(f"{where}.include_disks", "cannot be combined with exclude_disks", "use one of the two")
    name = given.get("target_name")
    if name is not None and not _VM_NAME.fullmatch(name):
        raise InvalidInput(
            f"{where}.target_name",
            "must have 1 to 63 letters, digits and hyphens, and must not begin or end with a hyphen",
            f"choose another name than {name!r}",
        )
    group = value("target_resource_group")
    if group is not None:
        require_group_name(group, f"{where}.target_resource_group")
    if value("subnet"):
        require_subnet_name(value("subnet"), f"{where}.subnet")
    target = (subscription, group or options["resource_group"])
    return DesiredMachine(
        name=given["name"],
        id=given.get("id"),
        target_name=name,
        os_disk=given.get("os_disk"),
        include_disks=None if given.get("include_disks") is None else tuple(given["include_disks"]),
        exclude_disks=tuple(given.get("exclude_disks") or ()),
        nics=tuple(_nic(nic, f"{where}.nics[{place}]") for place, nic in enumerate(given.get("nics") or ())),
        group=None if group is None else group_id(subscription, group),
        network=_id(f"{where}.network", value("network"), target, NETWORK_TYPE, "a virtual network"),
        subnet=value("subnet"),
        size=value("size"),
        os_type=value("os_type"),
        disk_type=value("disk_type"),
        managed_disks=value("managed_disks"),
        license=value("license"),
        sql_license=value("sql_license"),
        availability_set=_id(f"{where}.availability_set", value("availability_set"), target, SET_TYPE, "a set"),
        rdp=value("rdp"),
        tags=checked_tags(value("tags"), f"{where}.tags"),
    )


def _nic(given: Mapping[str, Any], where: str) -> DesiredNic:
    if (given.get("id") is None) == (given.get("vm_network") is None):
        raise InvalidInput(where, "must have either id or vm_network", "name the adapter by one of the two")
    return DesiredNic(
        given.get("id"), given.get("vm_network"), given.get("subnet"), given.get("address"), given.get("used")
    )


def group_id(subscription_id: str, name: str) -> str:
    return f"/subscriptions/{subscription_id}/resourceGroups/{name}"


def _id(option: str, text: str | None, place: tuple[str, str], kind: str, noun: str) -> str | None:
    """Return the id of a resource, which may be given by its name in the target group."""
    if not text or text.startswith("/"):
        return parse_resource_id(option, text, kind, noun).to_text() if text else text
    return ResourceId(*place, kind, text).to_text()


# The request ---------------------------------------------------------------------------------------------------------


def system_disk(desired: DesiredMachine, machine: SourceMachine) -> SourceDisk:
    """Return the disk with the operating system, which Azure does not know. Raises Refused.

    Azure PowerShell takes the first disk by default. Here, a machine with several disks needs a name.
    """
    if desired.os_disk is not None:
        return _disk(desired.os_disk, machine, "os_disk")
    if len(machine.disks) == 1:
        return machine.disks[0]
    if not machine.disks:
        raise Refused("Azure shows none of its disks; refresh the server in Azure")
    names = ", ".join(disk.name for disk in machine.disks)
    raise Refused(
        "it has several disks, and Azure does not tell which one holds the operating system:"
        f" {names}; name it in os_disk"
    )


def chosen_disks(desired: DesiredMachine, machine: SourceMachine) -> tuple[SourceDisk, ...]:
    """Return the disks to replicate. Raises Refused for unknown names, and for an excluded system disk."""
    system = system_disk(desired, machine)
    if desired.include_disks is not None:
        wanted = {_disk(name, machine, "include_disks").id for name in desired.include_disks}
    else:
        excluded = {_disk(name, machine, "exclude_disks").id for name in desired.exclude_disks}
        wanted = {disk.id for disk in machine.disks} - excluded
    if system.id not in wanted:
        raise Refused(f"the disk of the operating system, {system.name}, must be replicated; include it")
    return tuple(disk for disk in machine.disks if disk.id in wanted)


def _disk(name: str, machine: SourceMachine, option: str) -> SourceDisk:
    found = [disk for disk in machine.disks if same_name(disk.name, name) or same_name(disk.id, name)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(disk.name for disk in machine.disks)
    problem = "has several disks" if found else "has no disk"
    raise Refused(f"it {problem} '{name}' ({option}); its disks are: {names}; correct the name")


def os_type_of(desired: DesiredMachine, machine: SourceMachine) -> str:
    """Return `Windows` or `Linux`. Raises Refused if neither the user nor Azure names it."""
    found = desired.os_type or machine.os_type
    if found is None:
        raise Refused("Azure does not know its operating system; set os_type to windows or linux")
    return {"windows": "Windows", "linux": "Linux"}[found]


def target_name_of(desired: DesiredMachine, machine: SourceMachine) -> str:
    """Return the name in Azure. Raises Refused for a source name that no machine of Azure may have."""
    name = desired.target_name or machine.name
    if not _VM_NAME.fullmatch(name):
        raise Refused(
            f"it cannot be named '{machine.name}' in Azure, where a name has 1 to 63 letters, digits and"
            " hyphens; set target_name"
        )
    return name


def creation_body(
    desired: DesiredMachine, machine: SourceMachine, *, policy_id: str, group: str, log_account: str
) -> dict[str, Any]:
    """Return the body of the request that enables the replication to managed disks. Every scalar is a text."""
    disks = chosen_disks(desired, machine)
    details: dict[str, Any] = {
        "instanceType": SCENARIO,
        "hvHostVmId": machine.hyperv_id,
        "vmName": machine.name,
        "osType": os_type_of(desired, machine),
        "vhdId": system_disk(desired, machine).id,
        "targetAzureVmName": target_name_of(desired, machine),
        "targetAzureV2ResourceGroupId": desired.group or group,
        "useManagedDisksForReplication": "true",
        "logStorageAccountId": log_account,
        **_optional(desired),
    }
    if len(disks) < len(machine.disks):
        details["disksToIncludeForManagedDisks"] = [_managed(disk, desired, log_account) for disk in disks]
    return {
        "properties": {
            "policyId": policy_id,
            "protectableItemId": machine.arm_id,
            "providerSpecificDetails": details,
        }
    }


def _optional(desired: DesiredMachine) -> dict[str, Any]:
    """Return what only a user sets. A license is never chosen for anyone."""
    found = {
        "targetAzureNetworkId": desired.network,
        "targetAzureSubnetId": f"{desired.network}/subnets/{desired.subnet}"
        if desired.network and desired.subnet
        else None,
        "targetVmSize": desired.size,
        "diskType": desired.disk_type,
        "licenseType": LICENSES.get(desired.license or ""),
        "sqlServerLicenseType": SQL_LICENSES.get(desired.sql_license or ""),
        "targetAvailabilitySetId": desired.availability_set or None,
        "enableRdpOnTargetOption": RDP.get(desired.rdp or ""),
        "targetVmTags": dict(desired.tags) if desired.tags else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _managed(disk: SourceDisk, desired: DesiredMachine, log_account: str) -> dict[str, Any]:
    entry = {"diskId": disk.id, "logStorageAccountId": log_account}
    return {**entry, "diskType": desired.disk_type} if desired.disk_type else entry
