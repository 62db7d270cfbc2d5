# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulator of list_host_machines: reads what VMM does not show of the virtual machines of a host."""

from __future__ import annotations

import json
from typing import Any, Final

from ...windows import cim, layout
from ...windows.errors import MachineError
from ...windows.guests import Guest
from ...windows.machine import Machine
from .base import Run, emulator, service_status

Row = dict[str, Any]
_SPACE: Final = "root/virtualization/v2"
_CLASSES: Final = (
    "Msvm_VirtualEthernetSwitch",
    "Msvm_VirtualSystemSettingData",
    "Msvm_ComputerSystem",
    "Msvm_StorageAllocationSettingData",
    "Msvm_ResourceAllocationSettingData",
    "Msvm_SecuritySettingData",
    "Msvm_ImageManagementService",
)


@emulator
def list_host_machines(run: Run) -> str:
    machine = run.machine
    result: Row = {
        "service": service_status(machine, layout.HYPERV_SERVICE),
        "switch_names": None,
        "backup_vault": None,
        "volumes": None,
        "machines": None,
    }
    if result["service"] == "Running":
        stored = machine.registry.get(layout.AGENT_KEY + r"\Config", "ServiceResourceName")
        volumes = cim.instances(machine, "Win32_LogicalDisk", "root/cimv2", None)
        result["backup_vault"] = "" if stored is None else str(stored)
        result["volumes"] = [{"drive": each["DeviceID"], "free_bytes": each["FreeSpace"]} for each in volumes]
        readable = {name for name in _CLASSES if _can_read(machine, name)}
        if "Msvm_VirtualEthernetSwitch" in readable:
            result["switch_names"] = list(machine.switches)
        if "Msvm_VirtualSystemSettingData" in readable:
            result["machines"] = [_machine(guest, readable) for guest in machine.guests]
    return json.dumps(result, ensure_ascii=False, separators=(",", ":"))


def _can_read(machine: Machine, name: str) -> bool:
    try:
        cim.instances(machine, name, _SPACE, None)
    except MachineError:
        return False
    return True


def _machine(guest: Guest, readable: set[str]) -> Row:
    mode = 0 if guest.replication is None else guest.replication.mode
    return {
        "hyperv_id": guest.id,
        "name": guest.name,
        "generation": guest.generation,
        "secure_boot": guest.secure_boot,
        "protected_keys": guest.tpm or guest.shielded if "Msvm_SecuritySettingData" in readable else None,
        "physical_disk": guest.pass_through_disks > 0 if "Msvm_ResourceAllocationSettingData" in readable else None,
        "replication_mode": mode if "Msvm_ComputerSystem" in readable else None,
        "disks": _disks(guest, readable) if "Msvm_StorageAllocationSettingData" in readable else None,
    }


def _disks(guest: Guest, readable: set[str]) -> list[Row]:
    sized = "Msvm_ImageManagementService" in readable
    return [
        {
            "path": disk.path,
            "place": list(guest.place_of(disk)),
            "size_bytes": disk.size_bytes if sized else None,
            "sector_bytes": disk.sector_bytes if sized and disk.size_bytes is not None else None,
            "shared": disk.shared or disk.path.lower().endswith(".vhds"),
        }
        for disk in reversed(guest.virtual_disks)
    ]
