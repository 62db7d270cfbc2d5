# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: which clouds of a vault to read for virtual machines, and the result for each machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..common.errors import Refused
from ..common.names import same_name
from .protectable_item import SourceMachine

_PRESENCES: Mapping[str, bool] = {"Present": True, "NotPresent": False}


@dataclass(frozen=True, slots=True)
class VaultCloud:
    """A VMM cloud in a vault, with the names that address it."""

    name: str
    id: str
    server: str
    fabric: str

    @classmethod
    def from_wire(cls, fabric: Mapping[str, Any], document: Mapping[str, Any]) -> VaultCloud:
        shown = document.get("properties") or {}
        return cls(
            str(shown.get("friendlyName") or document["name"]),
            str(document["name"]),
            server_name(fabric),
            str(fabric["name"]),
        )


def server_name(fabric: Mapping[str, Any]) -> str:
    """Return the friendly name of a VMM server."""
    return str((fabric.get("properties") or {}).get("friendlyName") or fabric["name"])


def select_clouds(known: Sequence[VaultCloud], wanted: Sequence[str]) -> list[VaultCloud]:
    """Return the clouds with the names or ids. Raises Refused for an unknown name, and for one of several clouds."""
    return [_one(known, name) for name in dict.fromkeys(wanted)]


def _one(known: Sequence[VaultCloud], name: str) -> VaultCloud:
    found = [cloud for cloud in known if same_name(cloud.id, name) or same_name(cloud.name, name)]
    if len(found) == 1:
        return found[0]
    if found:
        clouds = ", ".join(f"{cloud.id} of {cloud.server}" for cloud in found)
        raise Refused(f"clouds has '{name}', which several clouds are called: {clouds}; give an id or the VMM server")
    names = ", ".join(sorted(cloud.name for cloud in known)) or "none"
    raise Refused(f"clouds has '{name}', which the vault does not have; it has: {names}")


def machine_result(machine: SourceMachine, cloud: VaultCloud) -> dict[str, Any]:
    """Return a machine as modules pass it on. A presence that Azure does not know is null."""
    return {
        "id": machine.id,
        "hyperv_id": machine.hyperv_id or None,
        "arm_id": machine.arm_id,
        "name": machine.name,
        "cloud": cloud.name,
        "vmm_server": cloud.server,
        "generation": machine.generation,
        "os_type": machine.os_type,
        "disks": [{"id": disk.id, "name": disk.name, "size_mb": disk.size_mb} for disk in machine.disks],
        "shared_disk": _PRESENCES.get(machine.shared_disk),
        "physical_disk": _PRESENCES.get(machine.physical_disk),
        "fibre_channel": _PRESENCES.get(machine.fibre_channel),
        "protected": machine.protected_item_id is not None,
        "protected_item_id": machine.protected_item_id,
        "readiness_errors": list(machine.readiness_errors),
    }
