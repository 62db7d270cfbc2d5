# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The VMM servers of a lab as the vault's service reaches them: machines, their replication, and the unregistration.

Documented: the support matrix for Hyper-V lists the machines that Site Recovery does not protect.
Recorded in a public issue: 70094 with the Provider's 31389, behind which Hyper-V answered 32768.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..context import AdapterFacts, DiskFacts, ReplicationRefused, VirtualMachineFacts
from . import layout
from .guests import Guest, Replication, described_guest
from .machine import Machine
from .vmm import Placed, VmHost, Vmm, VmmCloud

_MIB: Final = 1024**2
_GIB: Final = 1024**3
# Documented (support matrix, 2026): sizes of the disk with the operating system by generation, of data disks, and the
# number of disks.
_SYSTEM_DISK: Final = {1: 2048 * _GIB, 2: 4095 * _GIB}
_DATA_DISK: Final = (_GIB, 32767 * _GIB)
_DISKS: Final = 64
_NATIVE_SECTOR: Final = 4096
# Inferred: how long a relationship waits for the end of the initial replication.
_INITIAL_REPLICATION: Final = 900.0
# Documented: codes of failed protection. Inferred: which of them a stopped service or an unprepared host causes.
NOT_CONNECTED, MIGRATING, HYPERV_REFUSED, HOST_FAILED = "25018", "23848", "70094", "40003"
PROVIDER_REFUSED, PROVIDER_HOST = 31389, 31218
# The Provider's texts contain line ends of Windows (recorded).
_REFUSED: Final = "The operation failed on the Hyper-V host {host}.\r\nError 0x80004005: {reason} (32768)."


class VmmServers:
    """The VMM servers and Hyper-V hosts of a lab. It implements the protocol FabricService."""

    def __init__(self, machines: Mapping[str, Machine]) -> None:
        self._machines = machines

    # ---- reads ----

    def virtual_machines(self, vmm_id: str) -> tuple[VirtualMachineFacts, ...]:
        """Return the virtual machines of all published clouds."""
        _server, vmm = self._connected(vmm_id)
        return tuple(
            _facts(vmm, placed, placed.cloud)
            for placed in vmm.placed()
            if placed.cloud is not None and placed.cloud.published and placed.host.platform == "HyperV"
        )

    # ---- clouds ----

    def prepare_cloud(self, vmm_id: str, cloud_id: str) -> list[tuple[str, ReplicationRefused]]:
        """Configure all hosts of a cloud, and return those that refuse (documented: each host needs the agent)."""
        server, vmm = self._connected(vmm_id)
        refused = []
        for host in _hosts(vmm, cloud_id):
            reason = _unfit(host)
            if reason is not None:
                message = f"The Hyper-V host {host.fqdn} could not be prepared.\r\n{reason}"
                refused.append((host.fqdn, ReplicationRefused(HOST_FAILED, PROVIDER_HOST, message)))
            elif cloud_id.lower() not in host.machine.replicated_clouds:
                host.machine.replicated_clouds.add(cloud_id.lower())
                host.machine.note("replication.prepare", cloud=cloud_id, server=server.name)
        cloud = vmm.cloud(cloud_id)
        if cloud is not None:
            cloud.paired = True
        return refused

    def release_cloud(self, vmm_id: str, cloud_id: str) -> None:
        """Undo `prepare_cloud`."""
        server, vmm = self._connected(vmm_id)
        for host in _hosts(vmm, cloud_id):
            if host.machine is not None and cloud_id.lower() in host.machine.replicated_clouds:
                host.machine.replicated_clouds.discard(cloud_id.lower())
                host.machine.note("replication.release", cloud=cloud_id, server=server.name)
        cloud = vmm.cloud(cloud_id)
        if cloud is not None:
            cloud.paired = False

    # ---- machines ----

    def enable_replication(self, vmm_id: str, vm_id: str, vault_number: str) -> None:
        """Create the relationship of Hyper-V Replica on the owner host."""
        placed, machine = self._owner(vmm_id, vm_id)
        guest, host = placed.guest, placed.host
        if guest.migrating:
            raise ReplicationRefused(MIGRATING, 0, f"The virtual machine {guest.name} is being migrated.")
        reason = _unfit(host) or _unprepared(placed, machine) or ineligible(placed)
        fault = None if reason else machine.fault_at(f"replicate {guest.name}")
        if fault is not None:
            reason = str(fault.detail.get("message", "Hyper-V failed to enable replication"))
        if reason is not None:
            raise ReplicationRefused(
                HYPERV_REFUSED, PROVIDER_REFUSED, _REFUSED.format(host=host.fqdn, reason=reason.rstrip("."))
            )
        guest.replication, guest.marked = Replication(vault=vault_number), True
        machine.note("replication.enable", machine=guest.name, vault=vault_number)
        machine.later(_INITIAL_REPLICATION, lambda: _replicating(guest))

    def disable_replication(self, vmm_id: str, vm_id: str) -> None:
        """Remove the relationship from the owner host, and the mark of disaster recovery from VMM."""
        placed, machine = self._owner(vmm_id, vm_id)
        guest = placed.guest
        if machine.fault_at(f"stop replicating {guest.name}") is not None:
            raise ReplicationRefused(HYPERV_REFUSED, PROVIDER_REFUSED, f"Replication of {guest.name} was not removed.")
        if guest.replication is not None or guest.marked:
            guest.replication, guest.marked = None, False
            machine.note("replication.disable", machine=guest.name)

    def set_running(self, vmm_id: str, vm_id: str, running: bool) -> None:
        """Start or shut down a virtual machine."""
        placed, machine = self._owner(vmm_id, vm_id)
        wanted = "running" if running else "off"
        if placed.guest.state == wanted:
            return
        if machine.fault_at(f"{'start' if running else 'shut down'} {placed.guest.name}") is not None:
            raise ReplicationRefused(
                HYPERV_REFUSED, PROVIDER_REFUSED, f"The state of {placed.guest.name} is unchanged."
            )
        placed.guest.state = "running" if running else "off"
        machine.note("guest.state", machine=placed.guest.name, state=wanted)

    def knows_machine(self, vmm_id: str, vm_id: str) -> bool:
        """Tell whether VMM has a virtual machine."""
        _server, vmm = self._connected(vmm_id)
        return _placed(vmm, vm_id) is not None

    def create_machine(self, vmm_id: str, machine: VirtualMachineFacts) -> None:
        """Create a virtual machine on the first host of its cloud that can replicate.

        Documented: VMM places it. Inferred: which host it chooses, and that the machine keeps both of its ids.
        """
        _server, vmm = self._connected(vmm_id)
        host = next((each for each in _hosts(vmm, machine.cloud_id) if _unfit(each) is None), None)
        if host is None:
            raise ReplicationRefused(HOST_FAILED, PROVIDER_HOST, f"No host can take the machine {machine.name}.")
        host.machine.guests.append(_remade(vmm, host, machine))
        host.machine.note("guest.create", machine=machine.name)

    # ---- the server itself ----

    def unregister(self, vmm_id: str) -> None:
        """Clear the registration.

        Documented: the service tells the Provider to clear its registration. Inferred: VMM's row, the registry values
        of the registration and the flags of the clouds go; proxy settings, certificate and Run As account stay.
        """
        server, vmm = self._connected(vmm_id)
        vmm.registration = None
        for cloud in vmm.clouds:
            cloud.published = cloud.paired = False
        members = [server] if server.cluster is None else list(server.cluster.members.values())
        for node in members:
            # Inferred: the registration is a checkpoint of the cluster's role, so every node loses it.
            if isinstance(node, Machine):
                node.remove_key(layout.REGISTRATION_KEY)
        server.note("vmm.unregister", server=vmm_id)

    # ---- finding ----

    def _connected(self, vmm_id: str) -> tuple[Machine, Vmm]:
        """Return the machine that runs a VMM. Raise ReplicationRefused when none does."""
        known = [
            machine
            for machine in self._machines.values()
            if machine.vmm is not None and machine.vmm.vmm_id.lower() == vmm_id.lower()
        ]
        for machine in known:
            machine.settle()
            if machine.vmm is not None and machine.is_running(layout.VMM_SERVICE):
                return machine, machine.vmm
        raise ReplicationRefused(NOT_CONNECTED, 0, f"The VMM server {vmm_id} is not connected.")

    def _owner(self, vmm_id: str, vm_id: str) -> tuple[Placed, Machine]:
        """Return a virtual machine by its id in VMM, with the machine of its owner host."""
        _server, vmm = self._connected(vmm_id)
        placed = _placed(vmm, vm_id)
        if placed is None:
            raise ReplicationRefused(HYPERV_REFUSED, PROVIDER_REFUSED, f"VMM does not know the machine {vm_id}.")
        if placed.host.machine is None:
            raise ReplicationRefused(NOT_CONNECTED, 0, f"The Hyper-V host {placed.host.fqdn} is not connected.")
        machine: Machine = placed.host.machine
        machine.settle()
        return placed, machine


def _placed(vmm: Vmm, vm_id: str) -> Placed | None:
    return next((each for each in vmm.placed() if each.guest.vmm_id == vm_id.lower()), None)


def _remade(vmm: Vmm, host: VmHost, machine: VirtualMachineFacts) -> Guest:
    """Return a virtual machine with the disks and adapters that the service knows."""
    cloud = vmm.cloud(machine.cloud_id)
    networks = {network.id.lower(): network.name for network in vmm.networks}
    return described_guest(
        {
            "name": machine.name,
            "id": machine.hyperv_id,
            "vmm_id": machine.id,
            "generation": machine.generation,
            "os": machine.operating_system,
            "processors": machine.processors,
            "memory_mb": machine.memory_mb,
            "state": "off",
            "clustered": host.cluster is not None,
            "cloud": "" if cloud is None else cloud.name,
            "disks": [
                {"id": disk.id, "name": disk.name, "size_gb": disk.size_mb * _MIB / _GIB} for disk in machine.disks
            ],
            "adapters": [
                {
                    "id": each.id,
                    "name": each.name,
                    "network": networks.get((each.network_id or "").lower()),
                    "subnet": each.subnet,
                    "addresses": each.addresses,
                }
                for each in machine.adapters
            ],
        }
    )


def _hosts(vmm: Vmm, cloud_id: str) -> list[VmHost]:
    cloud = vmm.cloud(cloud_id)
    if cloud is None:
        raise ReplicationRefused(HOST_FAILED, PROVIDER_HOST, f"VMM does not know the cloud {cloud_id}.")
    return [host for host in cloud.hosts() if host.platform == "HyperV"]


def _unfit(host: VmHost) -> str | None:
    """Return why a host cannot replicate to Azure at all. Inferred: the texts."""
    machine = host.machine
    if machine is None:
        return "The host does not answer."
    if not machine.is_running(layout.HYPERV_SERVICE):
        return "The Hyper-V Virtual Machine Management service does not run."
    if machine.agent is None:
        return "The Microsoft Azure Recovery Services agent is not installed."
    if not machine.is_running(layout.AGENT_SERVICE):
        return "The Microsoft Azure Recovery Services agent does not run."
    if machine.fault_at("prepare replication") is not None:
        return "The host refused the configuration."
    return None


def _unprepared(placed: Placed, machine: Machine) -> str | None:
    """Return whether the host joined the cloud after its preparation (documented: replication stops there)."""
    cloud = placed.cloud
    if cloud is not None and cloud.id.lower() in machine.replicated_clouds:
        return None
    return f"The host is not configured for the cloud of {placed.guest.name}"


def ineligible(placed: Placed) -> str | None:
    """Return the first reason for which Hyper-V does not replicate a virtual machine. Inferred: the texts."""
    guest, host = placed.guest, placed.host
    sizes = [disk.size_bytes or 0 for disk in guest.virtual_disks]
    # 7, 8, 9, 11, 12, 30, 32, 1, 4, 3, 20: the rules of the support matrix.
    rules = (
        (guest.replication is not None, "A replication relationship exists already"),
        (guest.shared_disks > 0, "A virtual hard disk is shared"),
        (guest.pass_through_disks > 0, "A physical disk is attached"),
        (guest.fibre_channel, "A virtual Fibre Channel adapter is attached"),
        (guest.shielded or guest.tpm, "The machine is shielded or has a virtual TPM"),
        (guest.generation == 2 and guest.secure_boot, "Secure Boot is on"),
        (host.cluster is not None and not guest.clustered, "The machine of a cluster is not highly available"),
        (len(sizes) > _DISKS, "The machine has too many disks"),
        (bool(sizes) and sizes[0] > _SYSTEM_DISK[guest.generation], "The disk of the operating system is too large"),
        (any(not _DATA_DISK[0] <= size <= _DATA_DISK[1] for size in sizes[1:]), "A data disk has a wrong size"),
        (any(disk.sector_bytes == _NATIVE_SECTOR for disk in guest.virtual_disks), "A disk has sectors of 4096 bytes"),
    )
    return next((text for broken, text in rules if broken), None)


def _replicating(guest: Guest) -> None:
    if guest.replication is not None:
        guest.replication.state = 3


def _facts(vmm: Vmm, placed: Placed, cloud: VmmCloud) -> VirtualMachineFacts:
    guest = placed.guest
    return VirtualMachineFacts(
        id=guest.vmm_id,
        hyperv_id=guest.id,
        name=guest.name,
        cloud_id=cloud.id,
        host_id=placed.host.id,
        host_fqdn=placed.host.fqdn,
        generation=guest.generation,
        operating_system=guest.system or "",
        processors=guest.processors,
        memory_mb=guest.memory_mb,
        disks=tuple(
            DiskFacts(disk.id, disk.name, (disk.size_bytes or 0) // _MIB, "_".join(guest.place_of(disk)))
            for disk in guest.virtual_disks
        ),
        adapters=tuple(
            AdapterFacts(
                each.id,
                each.name,
                None if (network := vmm.network(each.network)) is None else network.id,
                each.subnet,
                each.addresses,
            )
            for each in guest.adapters
        ),
        physical_disk="Present" if guest.pass_through_disks else "NotPresent",
        fibre_channel="Present" if guest.fibre_channel else "NotPresent",
        shared_disk="Present" if guest.shared_disks else "NotPresent",
        running=guest.state == "running",
    )
