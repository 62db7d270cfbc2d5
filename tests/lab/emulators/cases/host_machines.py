# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases of the script that reads the virtual machines of a host."""

from __future__ import annotations

from typing import Any, Final

from lab.windows import layout
from lab.windows.machine import Machine
from lab.windows.states import hyperv_host
from tests.lab.emulators.harness import Case

VMS: Final[list[dict[str, Any]]] = [
    {"name": "web 1", "generation": 1, "disks": 6, "shared_disks": 1, "pass_through_disks": 1},
    {"name": "Größe", "secure_boot": True, "tpm": True, "disks": [{"sector": 4096}, {"path": r"D:\a\set.vhds"}]},
    {"name": "shielded", "shielded": True, "replica": "primary"},
    {"name": "offline", "first_disk_gb": None},
    {"name": "bare", "disks": 0},
]
_CLASSES: Final = (
    "Msvm_VirtualEthernetSwitch",
    "Msvm_VirtualSystemSettingData",
    "Msvm_ComputerSystem",
    "Msvm_StorageAllocationSettingData",
    "Msvm_ResourceAllocationSettingData",
    "Msvm_SecuritySettingData",
    "Msvm_ImageManagementService",
)


def _case(name: str, machine: dict[str, Any], **more: Any) -> Case:
    return Case(f"list_host_machines {name}", "list_host_machines", machine, **more)


def _unreadable(name: str) -> Case:
    def prepare(machine: Machine) -> None:
        machine.context.faults.plan(f"windows:{machine.name}:class {name}", "fail", times=9)

    return _case(f"without {name}", hyperv_host(vms=VMS), prepare=prepare)


CASES: Final[tuple[Case, ...]] = (
    _case("of a host", hyperv_host(vms=VMS, agent={"backup_vault": "vault-b"}, switches=["LAN #1", "Zwei"])),
    _case("of one machine in check mode", hyperv_host(vms=VMS[:1], agent={}), check_mode=True),
    _case("of an empty host", hyperv_host()),
    _case(
        "while Hyper-V is stopped", hyperv_host(vms=VMS), prepare=lambda each: each.stop_service(layout.HYPERV_SERVICE)
    ),
    _case("on a machine without Hyper-V", {"name": "vmm01", "kind": "vmm_server"}),
    *(_unreadable(name) for name in _CLASSES),
)
