# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the virtual machines of a VMM cloud, as Azure lists them before they are protected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..common.errors import Refused
from ..common.names import same_name

SCENARIO = "HyperVReplicaAzure"


@dataclass(frozen=True, slots=True)
class SourceDisk:
    """A virtual disk. Azure does not tell which one holds the operating system."""

    id: str
    name: str
    size_mb: int | None

    @property
    def size_gib(self) -> float | None:
        return None if self.size_mb is None else self.size_mb / 1024


@dataclass(frozen=True, slots=True)
class SourceMachine:
    """A virtual machine. `name` is its friendly name, `id` its id in VMM, and `hyperv_id` its id on the host."""

    name: str
    id: str
    arm_id: str
    hyperv_id: str
    generation: int | None
    os_type: str | None
    disks: tuple[SourceDisk, ...]
    #: `Present`, `NotPresent` or `Unknown`.
    physical_disk: str
    fibre_channel: str
    shared_disk: str
    protected_item_id: str | None
    readiness_errors: tuple[str, ...] = ()
    replicates_to_azure: bool = True

    @classmethod
    def from_wire(cls, document: Mapping[str, Any]) -> SourceMachine:
        properties = document.get("properties") or {}
        details = properties.get("customDetails") or {}
        providers = properties.get("supportedReplicationProviders") or [SCENARIO]
        return cls(
            name=str(properties.get("friendlyName") or document.get("name")),
            id=str(document.get("name")),
            arm_id=str(document.get("id")),
            hyperv_id=str(details.get("sourceItemId") or ""),
            generation=_generation(details.get("generation")),
            os_type=_os_type(details.get("osDetails") or {}),
            disks=tuple(
                SourceDisk(str(disk.get("vhdId")), str(disk.get("vhdName") or ""), disk.get("maxSizeMB"))
                for disk in details.get("diskDetails") or ()
            ),
            physical_disk=_presence(details.get("hasPhysicalDisk")),
            fibre_channel=_presence(details.get("hasFibreChannelAdapter")),
            shared_disk=_presence(details.get("hasSharedVhd")),
            protected_item_id=properties.get("replicationProtectedItemId"),
            readiness_errors=tuple(
                str(error.get("errorMessage") or error.get("errorCode"))
                for error in properties.get("protectionReadinessErrors") or ()
                if isinstance(error, Mapping)
            ),
            replicates_to_azure=any(same_name(str(name), SCENARIO) for name in providers),
        )


def _generation(value: Any) -> int | None:
    """Return the generation. Azure also sends 0, which means unknown (recorded)."""
    text = str(value or "")
    return int(text) if text in ("1", "2") else None


def _os_type(details: Mapping[str, Any]) -> str | None:
    """Return `windows` or `linux`; None where Azure does not know it, which is usual (recorded)."""
    found = str(details.get("osType") or "").casefold()
    return found if found in ("windows", "linux") else None


def _presence(value: Any) -> str:
    return str(value) if value in ("Present", "NotPresent") else "Unknown"


def find_machine(machines: Sequence[SourceMachine], name: str, machine_id: str | None, cloud: str) -> SourceMachine:
    """Return the machine with a name or an id. Raises Refused for none, and for several of one name."""
    if machine_id is not None:
        found = [machine for machine in machines if same_name(machine.id, machine_id)]
    else:
        found = [machine for machine in machines if same_name(machine.name, name)]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(sorted(machine.id for machine in found))
        raise Refused(f"cloud '{cloud}' has several machines named '{name}': {ids}; give the id of the one you mean")
    raise Refused(
        f"cloud '{cloud}' has no machine '{machine_id or name}' that Azure knows; check the name and the cloud of the"
        " machine in VMM, or refresh the server in Azure, which shows a new machine only after a while"
    )
