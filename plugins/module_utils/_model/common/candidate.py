# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: a virtual machine that may be protected, as Azure, VMM and its host show it. None means unknown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final, Literal

Where = Literal["azure", "vmm", "host"]
#: The order in which a fact is believed: the host has the machine, VMM refreshes its copy, Azure has the copy of VMM.
ORDER: Final[tuple[Where, ...]] = ("host", "vmm", "azure")


@dataclass(frozen=True, slots=True)
class DiskFact:
    """A virtual disk; `bus`, `controller` and `place` are its place on the controllers."""

    name: str
    size_bytes: int | None = None
    bus: str | None = None
    controller: int | None = None
    place: int | None = None
    sector_bytes: int | None = None

    def to_result(self) -> dict[str, Any]:
        return {each.name: getattr(self, each.name) for each in fields(self)}


@dataclass(frozen=True, slots=True)
class AdapterFact:
    """A network adapter; `network` is None where it is not connected."""

    name: str
    network: str | None = None
    subnet: str | None = None
    addresses: tuple[str, ...] = ()

    def to_result(self) -> dict[str, Any]:
        return {**{each.name: getattr(self, each.name) for each in fields(self)}, "addresses": list(self.addresses)}


@dataclass(frozen=True, slots=True)
class Observed:
    """The facts of a machine in one place."""

    generation: int | None = None
    disks: tuple[DiskFact, ...] | None = None
    adapters: tuple[AdapterFact, ...] | None = None
    operating_system: str | None = None
    #: `windows` or `linux`.
    os_type: str | None = None
    shared_disk: bool | None = None
    physical_disk: bool | None = None
    fibre_channel: bool | None = None
    secure_boot: bool | None = None
    #: Whether the machine is shielded or has a virtual TPM.
    protected_keys: bool | None = None
    in_cluster: bool | None = None
    highly_available: bool | None = None
    migrating: bool | None = None
    #: Whether Hyper-V replicates the machine.
    replicates: bool | None = None
    #: Whether Azure protects the machine.
    protected: bool | None = None
    additions: bool | None = None
    backup_service: bool | None = None
    checkpoints: int | None = None
    #: Of the host: its switches, its vault of Azure Backup (empty: none), and whether its cluster has a broker.
    switch_names: tuple[str, ...] | None = None
    backup_vault: str | None = None
    replica_broker: bool | None = None
    #: The smallest free share of a volume, compared with the size of the machine's disks on it.
    free_share: float | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """A machine in one place. The ids are compared without case; the host only has its own one."""

    id: str | None
    hyperv_id: str | None
    name: str
    observed: Observed
    cloud: str | None = None
    host: str | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A machine with its facts from every place where it was read."""

    id: str | None
    hyperv_id: str | None
    name: str
    cloud: str | None = None
    host: str | None = None
    observed: Mapping[Where, Observed] = field(default_factory=dict)
    #: The name of the machine in Azure, if the user chose one.
    target_name: str | None = None

    def read(self, name: str) -> tuple[Any, Where | None]:
        """Return a fact and where it was read; None and None where no place has it."""
        return next(self.readings(name), (None, None))

    def readings(self, name: str) -> Iterator[tuple[Any, Where]]:
        """Yield a fact from every place that has it, the most trusted one first."""
        for where in ORDER:
            facts = self.observed.get(where)
            value = None if facts is None else getattr(facts, name)
            if value is not None:
                yield value, where


def joined(places: Mapping[Where, Sequence[Known]]) -> list[Candidate]:
    """Return one candidate per machine, joined by its ids, in the order of VMM.

    A machine that only Azure has stays a candidate. One that only the host has is of another cloud, or of none.
    """
    azure, host = _by_id(places.get("azure", ())), _by_id(places.get("host", ()))
    found, seen = [], set()
    for known in places.get("vmm", ()):
        views: dict[Where, Observed] = {"vmm": known.observed}
        for where, others in (("azure", azure), ("host", host)):
            other = _of(others, known)
            if other is not None:
                seen.add(id(other))
                views[where] = other.observed  # type: ignore[index]
        found.append(Candidate(known.id, known.hyperv_id, known.name, known.cloud, known.host, views))
    for known in places.get("azure", ()):
        if id(known) in seen:
            continue
        views = {"azure": known.observed}
        other = _of(host, known)
        if other is not None:
            views["host"] = other.observed
        found.append(Candidate(known.id, known.hyperv_id, known.name, known.cloud, known.host, views))
    return found


def _by_id(machines: Iterable[Known]) -> dict[str, Known]:
    return {
        identifier.casefold(): known for known in machines for identifier in (known.id, known.hyperv_id) if identifier
    }


def _of(others: Mapping[str, Known], known: Known) -> Known | None:
    for identifier in (known.id, known.hyperv_id):
        found = others.get(identifier.casefold()) if identifier else None
        if found is not None:
            return found
    return None
