# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: reads the virtual machines of VMM clouds in a vault, with one list for each cloud."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._azure.clients import Azure
from ..._model.azure.cloud import Cloud, select_clouds
from ..._model.azure.protectable_item import SourceMachine
from ..._model.azure.protectable_vms import machine_result
from ..._model.common.errors import Refused
from .vault import find
from .vault_clouds import list_clouds
from .vault_lists import list_of_vault


def read_protectable_machines(options: Mapping[str, Any], azure: Azure) -> dict[str, Any]:
    """Return the keys of the result. Raises Refused for a vault or a cloud that does not exist."""
    group, vault_name = options["resource_group"], options["vault_name"]
    vault = find(azure, group, vault_name).resource
    if vault is None:
        raise Refused(f"vault '{vault_name}' does not exist in the resource group '{group}'")
    names = list(dict.fromkeys(options["clouds"]))
    chosen = select_clouds(list_clouds(azure, group, vault_name), names, options["vmm_server"])
    machines = [
        machine_result(machine, cloud) for cloud in chosen for machine in read_machines(azure, group, vault_name, cloud)
    ]
    return {"vault_id": vault.id, "machines": machines}


def read_machines(azure: Azure, group: str, vault_name: str, cloud: Cloud) -> list[SourceMachine]:
    """Return the machines of one cloud."""
    items = azure.site_recovery.replication_protectable_items
    documents = list_of_vault(
        "virtual machines",
        lambda: items.list_by_replication_protection_containers(group, vault_name, cloud.fabric, cloud.key),
    )
    return [SourceMachine.from_wire(document) for document in documents]
