# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the rules of eligibility as functions of the facts of a machine. A missing fact is never a good one."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from .candidate import AdapterFact, Candidate, DiskFact, Where
from .check import Severity, Status

_GIB: Final = 1024**3
#: The largest disk of the operating system by generation, in GiB.
SYSTEM_DISK_GIB: Final = {1: 2048, 2: 4095}
_SMALLEST_GIB, _LARGEST_GIB = 1, 32767
_MOST_DISKS, _MOST_DISKS_BEFORE = 64, 17
_MOST_ADAPTERS: Final = 2
_NATIVE_SECTOR: Final = 4096
_ENOUGH_SPACE: Final = 0.5
_AZURE_NAME: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_PLANNER_REFUSES: Final = frozenset("\"'[]`")
# VMM chooses the name from its own list of systems, which is in English.
_WINDOWS, _OF_32_BITS, _WITH_32_BITS = "windows", "32-bit", "windows server 2008 "
_ASK_HOST: Final = "read the machines of the host with host_vm_info"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The finding of a rule. `severity` replaces the one of the rule."""

    status: Status
    message: str
    fix: str = ""
    where: Where | None = None
    severity: Severity | None = None


def _unknown(what: str, fix: str = "") -> Verdict:
    return Verdict("unknown", f"{what} is not known", fix)


# ---- disks ----


def system_disk(candidate: Candidate) -> Verdict:
    """Check the size of the disk of the operating system, where it is known which one that is."""
    generation, _where = candidate.read("generation")
    disks, where = candidate.read("disks")
    if disks is None or generation not in SYSTEM_DISK_GIB:
        return _unknown("the size of the disk of the operating system")
    limit = SYSTEM_DISK_GIB[generation]
    first = first_disk(disks, generation)
    sizes = [disk.size_bytes for disk in ([first] if first else disks)]
    if all(size is not None and size <= limit * _GIB for size in sizes) and sizes:
        return Verdict("pass", f"no disk that can hold the operating system has more than {limit} GiB", where=where)
    if first is None or first.size_bytes is None:
        return _unknown("which disk holds the operating system, or its size,", _ASK_HOST)
    return Verdict(
        "fail",
        f"the disk of the operating system has {_gib(first)} GiB, and generation {generation} allows {limit}",
        "move data to another disk, and shrink it",
        where,
    )


def first_disk(disks: Sequence[DiskFact], generation: int | None) -> DiskFact | None:
    """Return the disk that a machine starts from: the only one, or the first one of generation 1."""
    if len(disks) == 1:
        return disks[0]
    if generation != 1:
        # Generation 2 starts from an entry of its firmware.
        return None
    places = [disk for disk in disks if (disk.bus, disk.controller, disk.place) == ("IDE", 0, 0)]
    return places[0] if len(places) == 1 else None


def disk_count(candidate: Candidate) -> Verdict:
    """Check the number of disks."""
    disks, where = candidate.read("disks")
    if disks is None:
        return _unknown("the number of disks")
    count = len(disks)
    if count > _MOST_DISKS:
        return Verdict("fail", f"the machine has {count} disks, and {_MOST_DISKS} are allowed", "remove some", where)
    if count > _MOST_DISKS_BEFORE:
        return Verdict(
            "fail",
            f"the machine has {count} disks, and older agents allow {_MOST_DISKS_BEFORE}",
            "use the newest agent",
            where,
            "warning",
        )
    return Verdict("pass", f"number of disks: {count}", where=where)


def data_disks(candidate: Candidate) -> Verdict:
    """Check the sizes of data disks. Without a known disk of the operating system, all disks count."""
    disks, where = candidate.read("disks")
    if disks is None:
        return _unknown("the sizes of data disks")
    generation, _where = candidate.read("generation")
    first = first_disk(disks, generation)
    others = [disk for disk in disks if disk is not first]
    bad = [disk for disk in others if disk.size_bytes is not None and not _fits(disk.size_bytes)]
    if bad:
        return Verdict(
            "fail",
            f"data disks need {_SMALLEST_GIB} to {_LARGEST_GIB} GiB: {_sized(bad)}",
            "resize or exclude them",
            where,
        )
    if any(disk.size_bytes is None for disk in others):
        return _unknown("the size of a data disk", _ASK_HOST)
    return Verdict("pass", f"all data disks have {_SMALLEST_GIB} to {_LARGEST_GIB} GiB", where=where)


def _fits(size: int) -> bool:
    return _SMALLEST_GIB * _GIB <= size <= _LARGEST_GIB * _GIB


def _gib(disk: DiskFact) -> str:
    return f"{(disk.size_bytes or 0) / _GIB:g}"


def _sized(disks: Sequence[DiskFact]) -> str:
    return ", ".join(f"{disk.name} ({_gib(disk)})" for disk in disks)


def native_sectors(candidate: Candidate) -> Verdict:
    """Check the sectors of disks. 512e is supported."""
    disks = next(
        (
            (found, where)
            for found, where in candidate.readings("disks")
            if found and all(disk.sector_bytes is not None for disk in found)
        ),
        None,
    )
    if disks is None:
        return _unknown("the sector size of the disks", _ASK_HOST)
    bad = [disk.name for disk in disks[0] if disk.sector_bytes == _NATIVE_SECTOR]
    if bad:
        return Verdict("fail", f"disks have sectors of 4096 bytes: {', '.join(bad)}", "convert them to 512e", disks[1])
    return Verdict("pass", "no disk has sectors of 4096 bytes", where=disks[1])


def disks_in_azure(candidate: Candidate) -> Verdict:
    """Compare the disks of Azure's copy with those of VMM or the host. A changed disk ends a protection."""
    found = {where: disks for disks, where in candidate.readings("disks")}
    own = found.get("host") or found.get("vmm")
    azure = found.get("azure")
    if own is None or azure is None:
        return _unknown("whether Azure knows the present disks")
    if sorted(_megabytes(own)) != sorted(_megabytes(azure)):
        return Verdict(
            "fail",
            f"Azure knows {len(azure)} disks of other number or size than the machine has now ({len(own)})",
            "refresh the server in Azure; if the machine is protected, disable and enable its protection",
            "azure",
        )
    return Verdict("pass", "Azure knows the present disks", where="azure")


def _megabytes(disks: Sequence[DiskFact]) -> list[int]:
    return [(disk.size_bytes or 0) // 1024**2 for disk in disks]


# ---- flags that more than one place may know ----


def _absent(candidate: Candidate, name: str, what: str, fix: str, unknown_fix: str = _ASK_HOST) -> Verdict:
    """Check something that a machine must not have. One place that sees it decides."""
    readings = list(candidate.readings(name))
    for value, where in readings:
        if value:
            return Verdict("fail", f"the machine has {what}", fix, where)
    if not readings:
        return _unknown(f"whether the machine has {what}", unknown_fix)
    return Verdict("pass", f"the machine does not have {what}", where=readings[0][1])


def shared_disk(candidate: Candidate) -> Verdict:
    """Check shared virtual disks and VHD sets."""
    return _absent(candidate, "shared_disk", "a shared virtual disk", "detach the shared disk")


def physical_disk(candidate: Candidate) -> Verdict:
    """Check pass-through disks."""
    return _absent(candidate, "physical_disk", "a physical disk", "replace it by a virtual disk")


def fibre_channel(candidate: Candidate) -> Verdict:
    """Check virtual Fibre Channel adapters."""
    return _absent(candidate, "fibre_channel", "a virtual Fibre Channel adapter", "remove the adapter")


def protected_keys(candidate: Candidate) -> Verdict:
    """Check shielding and virtual TPMs."""
    return _absent(candidate, "protected_keys", "shielding or a virtual TPM", "remove shielding and the virtual TPM")


def secure_boot(candidate: Candidate) -> Verdict:
    """Check Secure Boot, which only generation 2 has."""
    generation, where = candidate.read("generation")
    if generation == 1:
        return Verdict("pass", "generation 1 has no Secure Boot", where=where)
    return _absent(candidate, "secure_boot", "Secure Boot", "turn Secure Boot off")


# ---- generation and system ----


def generation(candidate: Candidate) -> Verdict:
    """Record the generation. Both are supported."""
    found, where = candidate.read("generation")
    if found is None:
        return _unknown("the generation")
    return Verdict("pass", f"generation {found} is supported", where=where)


def _system(candidate: Candidate) -> tuple[str | None, Where | None]:
    name, where = candidate.read("operating_system")
    return (None, None) if name is None else (str(name), where)


def linux_generation(candidate: Candidate) -> Verdict:
    """Check Linux on generation 2, which older pages do not support."""
    found, where = candidate.read("generation")
    system = os_type(candidate)
    if found == 1 or system == "windows":
        return Verdict("pass", "the rule does not concern the machine", where=where)
    if found is None or system is None:
        return _unknown("the generation or the system of the machine")
    return Verdict(
        "fail",
        "older support matrices do not list Linux on generation 2",
        "test the failover of this machine first",
        where,
    )


def os_type(candidate: Candidate) -> str | None:
    """Return `windows` or `linux`, as Azure says it or as VMM's name of the system shows it."""
    known, _where = candidate.read("os_type")
    if known is not None:
        return str(known)
    name, _where = _system(candidate)
    return None if name is None else "windows" if _WINDOWS in name.casefold() else "linux"


def operating_system(candidate: Candidate) -> Verdict:
    """Check the operating system: Azure must support it, 32 bits only of Windows Server 2008, and no Nano Server."""
    name, where = _system(candidate)
    if name is None:
        return _unknown("the operating system", "compare the system with the systems that Azure supports")
    text = name.casefold()
    if "nano" in text or (_OF_32_BITS in text and _WITH_32_BITS not in f"{text} "):
        return Verdict("fail", f"Site Recovery does not support {name}", "upgrade the system", where)
    if _WINDOWS in text:
        return Verdict("pass", f"the system is {name}", where=where)
    return Verdict("unknown", f"the system is {name}", "compare it with the Linux systems that Azure supports", where)


def freebsd(candidate: Candidate) -> Verdict:
    """Check FreeBSD, which no page names."""
    name, where = _system(candidate)
    if name is None:
        return _unknown("the operating system")
    if "freebsd" in name.casefold():
        return Verdict("fail", "no page names FreeBSD as supported", "test the failover of this machine first", where)
    return Verdict("pass", "the system is not FreeBSD", where=where)


# ---- names ----


def azure_name(candidate: Candidate) -> Verdict:
    """Check the name in Azure: the chosen one, or that of the machine."""
    name = candidate.target_name or candidate.name
    if _AZURE_NAME.fullmatch(name):
        return Verdict("pass", f"{name} is a valid name in Azure")
    return Verdict(
        "fail",
        f"Azure does not accept the name {name}",
        "choose a name in Azure with 1 to 63 letters, digits and hyphens",
        severity="error" if candidate.target_name else None,
    )


def planner_name(candidate: Candidate) -> Verdict:
    """Check characters that break the deployment planner."""
    if _PLANNER_REFUSES & set(candidate.name):
        return Verdict("fail", "quotes, brackets and back ticks in the name break the deployment planner", "rename it")
    return Verdict("pass", "the deployment planner accepts the name")


def switch_names(candidate: Candidate) -> Verdict:
    """Check the names of switches and VM networks: a number sign breaks the discovery."""
    adapters, vmm = candidate.read("adapters")
    networks = [each.network for each in adapters or () if each.network and "#" in each.network]
    if networks:
        return Verdict("fail", f"the network {networks[0]} has a '#' in its name", "rename the network", vmm)
    switches, where = candidate.read("switch_names")
    if switches is None:
        return _unknown("the names of the host's switches", _ASK_HOST)
    bad = [name for name in switches if "#" in name]
    if bad:
        return Verdict("fail", f"the switch {bad[0]} has a '#' in its name", "rename the switch", where)
    return Verdict("pass", "no name of a switch or network contains '#'", where=where)


# ---- network ----


def adapter_count(candidate: Candidate) -> Verdict:
    """Check the number of network adapters. Surplus ones are dropped in Azure."""
    adapters, where = candidate.read("adapters")
    if adapters is None:
        return _unknown("the number of network adapters")
    if len(adapters) > _MOST_ADAPTERS:
        return Verdict(
            "fail",
            f"the machine has {len(adapters)} adapters, and many sizes in Azure allow {_MOST_ADAPTERS}",
            "choose a size that allows them all; they must be in one virtual network",
            where,
        )
    return Verdict("pass", f"number of network adapters: {len(adapters)}", where=where)


_NO_ADDRESSES: Final = Verdict(
    "unknown", "the addresses of the machine are not known", "start the machine, and refresh it in VMM"
)


def _addresses(adapters: Sequence[AdapterFact] | None) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    found = []
    for text in (address for adapter in adapters or () for address in adapter.addresses):
        try:
            found.append(ipaddress.ip_address(text.partition("%")[0]))
        except ValueError:
            continue
    return found


def ipv6(candidate: Candidate) -> Verdict:
    """Check addresses of IPv6. Every Windows has a link-local one, which does not count."""
    adapters, where = candidate.read("adapters")
    addresses = _addresses(adapters)
    if not addresses:
        return _NO_ADDRESSES
    for address in addresses:
        if address.version == 6 and not address.is_link_local:
            fix = "give the machine an IPv4 address for Azure"
            return Verdict("fail", f"IPv6 is not supported with VMM: {address}", fix, where)
    return Verdict("pass", "the machine has no IPv6 address", where=where)


def apipa(candidate: Candidate) -> Verdict:
    """Check addresses that a machine gave itself."""
    adapters, where = candidate.read("adapters")
    addresses = _addresses(adapters)
    if not addresses:
        return _NO_ADDRESSES
    for address in addresses:
        if address.version == 4 and address.is_link_local:
            return Verdict("fail", f"the machine has an address of APIPA: {address}", "repair its address", where)
    return Verdict("pass", "the machine has no address of APIPA", where=where)


# ---- state of the machine and its host ----


def checkpoints(candidate: Candidate) -> Verdict:
    """Check checkpoints, of which none should exist at failover and failback."""
    count, where = candidate.read("checkpoints")
    if count is None:
        return _unknown("the number of checkpoints")
    if count:
        return Verdict("fail", f"the machine has {count} checkpoints", "delete them before a failover", where)
    return Verdict("pass", "the machine has no checkpoints", where=where)


def replication(candidate: Candidate) -> Verdict:
    """Check a relationship of Hyper-V Replica that is not the one of Site Recovery."""
    if candidate.read("protected")[0]:
        return Verdict("pass", "Site Recovery protects the machine already", where="azure")
    found = [where for value, where in candidate.readings("replicates") if value]
    if found and candidate.read("protected")[0] is None:
        return Verdict(
            "unknown", "Hyper-V replicates the machine, and Azure was not asked whether it protects it", where=found[0]
        )
    return _absent(
        candidate,
        "replicates",
        "a replication relationship of Hyper-V",
        "remove the relationship on its host",
    )


def host_backup(candidate: Candidate) -> Verdict:
    """Check an agent of the host that serves Azure Backup. Pages contradict each other."""
    vault, where = candidate.read("backup_vault")
    if vault is None:
        return _unknown("whether the agent of the host serves Azure Backup", _ASK_HOST)
    if vault:
        return Verdict("fail", f"the agent of the host is registered with {vault} for backup", "move the backup", where)
    return Verdict("pass", "the agent of the host does not serve Azure Backup", where=where)


def availability(candidate: Candidate) -> Verdict:
    """Check a machine of a cluster, which must be highly available."""
    clustered, where = candidate.read("in_cluster")
    if clustered is None:
        return _unknown("whether the host is in a cluster")
    if not clustered:
        return Verdict("pass", "the host is in no cluster", where=where)
    available, where = candidate.read("highly_available")
    if available is None:
        return _unknown("whether the machine is highly available")
    if available:
        return Verdict("pass", "the machine is highly available", where=where)
    return Verdict("fail", "the machine of a cluster is not highly available", "make it a role of the cluster", where)


def replica_broker(candidate: Candidate) -> Verdict:
    """Check the broker of a cluster, which only some pages ask for."""
    clustered, where = candidate.read("in_cluster")
    if clustered is False:
        return Verdict("pass", "the host is in no cluster", where=where)
    broker, where = candidate.read("replica_broker")
    if broker is None:
        return _unknown("whether the cluster has a Hyper-V Replica Broker", "look for this role in the cluster")
    if broker:
        return Verdict("pass", "the cluster has a Hyper-V Replica Broker", where=where)
    return Verdict("fail", "the cluster has no Hyper-V Replica Broker", "add the role if a failover needs it", where)


def migration(candidate: Candidate) -> Verdict:
    """Check a running live migration, which makes the start of protection fail."""
    running, where = candidate.read("migrating")
    if running is None:
        return _unknown("whether the machine is being migrated")
    if running:
        return Verdict("fail", "the machine is being migrated", "wait until the migration ends", where)
    return Verdict("pass", "the machine is not being migrated", where=where)


def log_space(candidate: Candidate) -> Verdict:
    """Check the free space of the volumes with the disks: logs need up to half of the size of the disks."""
    share, where = candidate.read("free_share")
    if share is None:
        return _unknown("the free space of the volumes with the disks", _ASK_HOST)
    if share < _ENOUGH_SPACE:
        return Verdict(
            "fail",
            f"the free space is {share:.0%} of the size of the disks, and logs need up to {_ENOUGH_SPACE:.0%}",
            "free space on the volumes",
            where,
        )
    return Verdict("pass", "the volumes have free space for logs", where=where)


def integration_services(candidate: Candidate) -> Verdict:
    """Check what app-consistent recovery points need: the integration services and their backup service."""
    installed, where = candidate.read("additions")
    backup, backup_where = candidate.read("backup_service")
    if installed is False or backup is False:
        missing = "integration services" if installed is False else "backup integration service"
        decided = where if installed is False else backup_where
        return Verdict("fail", f"the machine has no {missing}", "install or enable them", decided)
    if installed is None or backup is None:
        return _unknown("the state of the integration services")
    return Verdict("pass", "the integration services are installed", where=where)
