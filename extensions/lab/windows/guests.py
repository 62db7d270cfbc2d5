# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual machines of a Hyper-V host, and how a document describes them.

vms: a list of
  name, id (of Hyper-V), vmm_id, cloud (name; null: in none; by default the first cloud that has the host),
  generation, secure_boot, tpm, shielded, state (running | off | saved | paused), clustered, processors, memory_mb,
  os (as VMM shows it), additions (version of the integration services; null: none), backup_service (of these),
  disks (a number, or [{size_gb, kind (Dynamic | Fixed | Differencing), sector, shared, path, id, name, bus, place}]),
  first_disk_gb (null: unreadable), shared_disks (the last ones), pass_through_disks, scsi_controllers,
  adapters ([{name, network, subnet, addresses}] or a number; one on the first VM network by default),
  fibre_channel, checkpoints (a number), migrating, replica (primary | recovery: replication to another host),
  tag, properties {name: value}.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

GuestState = Literal["running", "off", "saved", "paused"]
Bus = Literal["IDE", "SCSI"]

NAMES: Final = uuid.UUID("5b0a3a5e-4c8e-4b0c-9f0e-0e6f2d7a9c11")
_GIB: Final = 1024**3
#: The controllers of generation 1, of which each has two places.
_IDE_PLACES: Final = 4
#: Recorded: the id of the IDE controllers.
IDE_CONTROLLER: Final = "83F8638B-8DCA-4152-9EDA-2CA8B33039B4"
DEFAULT_SYSTEM: Final = "64-bit edition of Windows Server 2019 Datacenter"


@dataclass(frozen=True, slots=True)
class GuestDisk:
    """A virtual disk; `size_bytes` is None where its file cannot be read."""

    id: str
    name: str
    size_bytes: int | None
    bus: Bus
    controller: int
    place: int
    path: str
    # As Get-SCVirtualHardDisk spells VHDType (documented: DynamicallyExpanding, FixedSize, Differencing).
    kind: str = "DynamicallyExpanding"
    sector_bytes: int = 512
    shared: bool = False
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class GuestAdapter:
    """A network adapter; `network` is None where it is not connected."""

    id: str
    name: str
    network: str | None = None
    subnet: str | None = None
    addresses: tuple[str, ...] = ()


@dataclass(slots=True)
class Replication:
    """A relationship of Hyper-V Replica; `vault` is None for one with another host.

    Documented: ReplicationMode 1 is primary and 2 is recovery; ReplicationState 2 waits for the end of the initial
    replication, 3 replicates.
    """

    mode: int = 1
    state: int = 2
    vault: str | None = None


@dataclass(slots=True, eq=False)
class Guest:
    """A virtual machine. `id` is that of Hyper-V, `vmm_id` the one in VMM's database."""

    id: str
    vmm_id: str
    name: str
    generation: int = 2
    secure_boot: bool = False
    tpm: bool = False
    shielded: bool = False
    state: GuestState = "running"
    #: Whether the machine is a role of its host's cluster.
    clustered: bool = True
    virtual_disks: tuple[GuestDisk, ...] = ()
    pass_through_disks: int = 0
    fibre_channel: bool = False
    #: The SCSI controllers, to which all disks belong but the first four of generation 1.
    scsi_controllers: int = 1
    adapters: tuple[GuestAdapter, ...] = ()
    checkpoints: tuple[str, ...] = ()
    system: str | None = DEFAULT_SYSTEM
    processors: int = 2
    memory_mb: int = 4096
    additions: str | None = "10.0.17763"
    backup_service: bool = True
    migrating: bool = False
    tag: str = ""
    properties: dict[str, str] = field(default_factory=dict)
    #: The name of the cloud that the document gives; an empty name means the first cloud that has the host.
    cloud: str | None = ""
    replication: Replication | None = None
    #: Whether VMM has the mark of a protected machine (documented: Set-SCVirtualMachine -ClearDRProtection removes it).
    marked: bool = False

    def place_of(self, disk: GuestDisk) -> tuple[str, str, str]:
        """Return the id of a disk's controller, the number below it, and the unit (recorded for generation 1)."""
        if disk.bus == "IDE":
            return IDE_CONTROLLER, str(disk.controller), str(disk.place)
        controller = uuid.uuid5(uuid.NAMESPACE_OID, f"{self.id}/{disk.controller}")
        return str(controller).upper(), "0", str(disk.place)

    @property
    def disks(self) -> int:
        return len(self.virtual_disks)

    @property
    def first_disk_bytes(self) -> int | None:
        return self.virtual_disks[0].size_bytes if self.virtual_disks else None

    @property
    def shared_disks(self) -> int:
        return sum(disk.shared for disk in self.virtual_disks)


def described_guest(described: Mapping[str, Any], networks: Sequence[str] = ("VM Network",)) -> Guest:
    name = str(described["name"])
    hyperv_id = str(described.get("id") or uuid.uuid5(NAMES, f"vm/{name}")).upper()
    generation = int(described.get("generation", 2))
    guest = Guest(
        hyperv_id,
        str(described.get("vmm_id") or uuid.uuid5(NAMES, f"vmm/vm/{hyperv_id}")).lower(),
        name,
        generation,
        scsi_controllers=int(described.get("scsi_controllers", 1)),
        pass_through_disks=int(described.get("pass_through_disks", 0)),
        state=described.get("state", "running"),
        system=described.get("os", DEFAULT_SYSTEM),
        additions=described.get("additions", "10.0.17763"),
        cloud=described.get("cloud", ""),
        tag=str(described.get("tag", "")),
        properties={str(key): str(value) for key, value in (described.get("properties") or {}).items()},
        checkpoints=tuple(f"Checkpoint {number + 1}" for number in range(int(described.get("checkpoints", 0)))),
    )
    for flag in ("secure_boot", "tpm", "shielded", "clustered", "fibre_channel", "backup_service", "migrating"):
        setattr(guest, flag, bool(described.get(flag, getattr(guest, flag))))
    for number in ("processors", "memory_mb"):
        setattr(guest, number, int(described.get(number, getattr(guest, number))))
    guest.virtual_disks = _disks(guest, described)
    guest.adapters = _adapters(guest, described, networks)
    if described.get("replica"):
        guest.replication = Replication(mode=1 if described["replica"] == "primary" else 2, state=3)
    return guest


def _disks(guest: Guest, described: Mapping[str, Any]) -> tuple[GuestDisk, ...]:
    entries = described.get("disks", 1)
    if isinstance(entries, int):
        shared = int(described.get("shared_disks", 0))
        entries = [
            {
                "size_gb": described.get("first_disk_gb", 127) if number == 0 else 1,
                "shared": entries - number <= shared,
            }
            for number in range(entries)
        ]
    return tuple(_disk(guest, number, entry) for number, entry in enumerate(entries))


_KINDS: Final = {"Dynamic": "DynamicallyExpanding", "Fixed": "FixedSize", "Differencing": "Differencing"}


def _disk(guest: Guest, number: int, entry: Mapping[str, Any]) -> GuestDisk:
    size = entry.get("size_gb", 127)
    bus, controller, place = _place(guest, number)
    kind = _KINDS[str(entry.get("kind", "Dynamic"))]
    return GuestDisk(
        str(entry.get("id") or uuid.uuid5(NAMES, f"disk/{guest.id}/{number}")),
        str(entry.get("name") or f"{guest.name}-{number}"),
        None if size is None else int(float(size) * _GIB),
        bus,
        controller,
        place,
        str(entry.get("path") or rf"C:\VMs\{guest.id}\{number}.vhdx"),
        kind,
        int(entry.get("sector", 512)),
        bool(entry.get("shared", False)),
        rf"C:\VMs\{guest.id}\base.vhdx" if kind == "Differencing" else None,
    )


def _place(guest: Guest, number: int) -> tuple[Bus, int, int]:
    ide = _IDE_PLACES if guest.generation == 1 else 0
    if number < ide:
        return "IDE", number // 2, number % 2
    place, controller = divmod(number - ide, guest.scsi_controllers)
    return "SCSI", controller, place


def _adapters(guest: Guest, described: Mapping[str, Any], networks: Sequence[str]) -> tuple[GuestAdapter, ...]:
    first = networks[0] if networks else None
    entries = described.get("adapters", 1)
    if isinstance(entries, int):
        entries = [{} for _number in range(entries)]
    return tuple(
        GuestAdapter(
            str(entry.get("id") or uuid.uuid5(NAMES, f"nic/{guest.id}/{number}")).upper(),
            str(entry.get("name", "Network Adapter")),
            entry.get("network", first),
            entry.get("subnet"),
            tuple(str(each) for each in entry.get("addresses") or ()),
        )
        for number, entry in enumerate(entries)
    )
