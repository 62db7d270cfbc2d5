# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the virtual machines of a vault in the form in which modules pass them on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..common.candidate import Known
from ..common.candidate_documents import known_to_azure
from .cloud import Cloud
from .protectable_item import SourceMachine

_PRESENCES: Final[Mapping[str, bool]] = {"Present": True, "NotPresent": False}


def machine_result(machine: SourceMachine, cloud: Cloud) -> dict[str, Any]:
    """Return a machine as a document. A presence that Azure does not know is null."""
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


def known(machine: SourceMachine, cloud: Cloud) -> Known:
    """Return a machine with the facts for the rules of eligibility."""
    return known_to_azure(machine_result(machine, cloud))
