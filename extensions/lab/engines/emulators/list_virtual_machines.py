# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulator of list_virtual_machines: reads the clouds of a VMM server and the virtual machines of the chosen ones."""

from __future__ import annotations

import json
from typing import Any, Final

from ...windows import layout
from ...windows.vmm_machines import machine_row
from .base import Run, connect_vmm, emulator, service_status

Row = dict[str, Any]
#: The columns of a machine, and the properties of VMM that fill most of them.
_COLUMNS: Final[dict[str, str | None]] = {
    "id": "ID",
    "hyperv_id": "VMId",
    "name": "Name",
    "cloud_id": None,
    "host_id": None,
    "host": "HostName",
    "cluster": "Cluster",
    "host_group": "HostGroup",
    "platform": "VirtualizationPlatform",
    "generation": "Generation",
    "secure_boot": "SecureBootEnabled",
    "pass_through": "HasPassthroughDisk",
    "fibre_channel": "HasVirtualFibreChannelAdapters",
    "operating_system": "OperatingSystem",
    "processors": "CPUCount",
    "memory_mb": "Memory",
    "state": "VirtualMachineState",
    "highly_available": "IsHighlyAvailable",
    "migrating": "IsUndergoingLiveMigration",
    "primary": "IsPrimaryVM",
    "recovery": "IsRecoveryVM",
    "additions": "HasVMAdditions",
    "backup": "BackupEnabled",
    "checkpoints": None,
    "tag": None,
    "properties": None,
    "disks": None,
    "adapters": None,
}


@emulator
def list_virtual_machines(run: Run) -> str:
    machine = run.machine
    result: Row = {
        "service": service_status(machine, layout.VMM_SERVICE),
        "clouds": None,
        "columns": None,
        "machines": None,
    }
    if result["service"] == "Running":
        vmm = connect_vmm(machine, 120)
        chosen = {each.lower() for each in run.texts("Clouds")}
        wanted = {cloud.id for cloud in vmm.clouds if not chosen or {cloud.id.lower(), cloud.name.lower()} & chosen}
        result |= {
            "clouds": [{"id": cloud.id, "name": cloud.name} for cloud in vmm.clouds],
            "columns": list(_COLUMNS),
            "machines": [
                _row(machine_row(placed)) for placed in vmm.placed() if placed.cloud and placed.cloud.id in wanted
            ],
        }
    return json.dumps(result, ensure_ascii=False, separators=(",", ":"))


def _row(shown: Row) -> list[Any]:
    special = {
        "cloud_id": shown["Cloud"]["ID"],
        "host_id": shown["VMHost"]["ID"],
        "checkpoints": len(shown["VMCheckpoints"]),
        "tag": shown["Tag"] or None,
        "properties": {each["Name"]: each["Value"] for each in shown["CustomProperty"]},
        "disks": [_disk(each) for each in shown["VirtualDiskDrives"] if each["VirtualHardDisk"] is not None],
        "adapters": [_adapter(each) for each in shown["VirtualNetworkAdapters"]],
    }
    return [special[name] if source is None else shown[source] for name, source in _COLUMNS.items()]


def _disk(drive: Row) -> list[Any]:
    disk = drive["VirtualHardDisk"]
    return [
        disk["ID"],
        disk["Name"],
        drive["BusType"],
        drive["Bus"],
        drive["Lun"],
        disk["MaximumSize"],
        disk["VHDType"],
        disk["Location"],
    ]


def _adapter(adapter: Row) -> list[Any]:
    return [
        adapter["Name"],
        adapter["VMNetwork"],
        adapter["VMSubnet"],
        [*adapter["IPv4Addresses"], *adapter["IPv6Addresses"]],
    ]
