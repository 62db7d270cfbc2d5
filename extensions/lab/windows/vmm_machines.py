# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual machines as Get-SCVirtualMachine shows them.

Recorded: disks and adapters with their properties (ManageIQ, scvmm_data). Public scripts name the properties of the
machine itself. None of them has a name for shared disks, a virtual TPM or shielding, so the lab shows none either.
"""

from __future__ import annotations

from typing import Any, Final

from .guests import Guest, GuestAdapter, GuestDisk
from .vmm import Placed

Row = dict[str, Any]

#: Public scripts compare with Running, PowerOff, Saved and Paused.
STATES: Final = {"running": "Running", "off": "PowerOff", "saved": "Saved", "paused": "Paused"}


def machine_row(placed: Placed) -> Row:
    """Return a machine as the cmdlet does, with what belongs to it."""
    guest, host, cloud = placed.guest, placed.host, placed.cloud
    mode = 0 if guest.replication is None or guest.replication.vault is not None else guest.replication.mode
    return {
        "ID": guest.vmm_id,
        "VMId": guest.id.lower(),
        "Name": guest.name,
        "Cloud": {"ID": None if cloud is None else cloud.id, "Name": None if cloud is None else cloud.name},
        "VMHost": {"ID": host.id},
        "HostName": host.fqdn,
        "Cluster": host.cluster,
        "HostGroup": placed.group.path,
        "VirtualizationPlatform": host.platform,
        "Generation": guest.generation,
        "SecureBootEnabled": guest.secure_boot,
        "HasPassthroughDisk": guest.pass_through_disks > 0,
        "HasVirtualFibreChannelAdapters": guest.fibre_channel,
        # Recorded: "Unknown" where the integration services have not reported it.
        "OperatingSystem": guest.system or "Unknown",
        "CPUCount": guest.processors,
        "Memory": guest.memory_mb,
        "VirtualMachineState": STATES[guest.state],
        "IsHighlyAvailable": host.cluster is not None and guest.clustered,
        "IsUndergoingLiveMigration": guest.migrating,
        "IsPrimaryVM": mode == 1,
        "IsRecoveryVM": mode == 2,
        "HasVMAdditions": guest.additions is not None,
        "BackupEnabled": guest.backup_service,
        "VMCheckpoints": list(guest.checkpoints),
        "Tag": guest.tag,
        "CustomProperty": [{"Name": name, "Value": value} for name, value in guest.properties.items()],
        "VirtualDiskDrives": [*(_drive(disk) for disk in guest.virtual_disks), *_physical(guest)],
        "VirtualNetworkAdapters": [_adapter(guest, each) for each in guest.adapters],
    }


def _drive(disk: GuestDisk) -> Row:
    return {
        "BusType": disk.bus,
        "Bus": disk.controller,
        "Lun": disk.place,
        "VirtualHardDisk": {
            "ID": disk.id,
            "Name": disk.name,
            "MaximumSize": disk.size_bytes,
            "VHDType": disk.kind,
            "Location": disk.path,
        },
    }


def _physical(guest: Guest) -> list[Row]:
    return [
        {"BusType": "SCSI", "Bus": guest.scsi_controllers - 1, "Lun": guest.disks + number, "VirtualHardDisk": None}
        for number in range(guest.pass_through_disks)
    ]


def _adapter(guest: Guest, adapter: GuestAdapter) -> Row:
    return {
        # Recorded: VMM names an adapter after its machine, and the id of Hyper-V's device has both.
        "Name": guest.name,
        "DeviceID": f"Microsoft:{guest.id}\\{adapter.id}",
        "VMNetwork": adapter.network,
        "VMSubnet": adapter.subnet,
        "IPv4Addresses": [each for each in adapter.addresses if ":" not in each],
        "IPv6Addresses": [each for each in adapter.addresses if ":" in each],
    }
