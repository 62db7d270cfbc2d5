# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: reads the virtual machines of VMM clouds in a vault, with one list for each cloud.

The lists are those below a server: the built-in roles of Site Recovery do not permit the lists of the whole vault.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._azure.clients import Azure
from ..._model.azure.protectable_item import SourceMachine
from ..._model.azure.protectable_vms import VaultCloud, machine_result, select_clouds, server_name
from ..._model.azure.vmm_server import is_vmm
from ..._model.common.errors import Refused
from ..._model.common.names import same_id, same_name, vault_id
from .vault import find
from .vault_lists import list_of_vault


def read_protectable_machines(options: Mapping[str, Any], azure: Azure) -> dict[str, Any]:
    """Return the keys of the result. Raises Refused for a vault or a cloud that does not exist."""
    group, vault_name = options["resource_group"], options["vault_name"]
    vault = find(azure, group, vault_name).resource
    if vault is None:
        raise Refused(f"vault '{vault_name}' does not exist in the resource group '{group}'")
    clouds = read_clouds(azure, group, vault_name, options["vmm_server"])
    chosen = select_clouds(clouds, options["clouds"])
    return {
        "vault_id": vault.id or vault_id(azure.subscription_id, group, vault_name),
        "machines": [
            machine_result(machine, cloud)
            for cloud in chosen
            for machine in read_machines(azure, group, vault_name, cloud)
        ],
    }


def read_clouds(azure: Azure, group: str, vault_name: str, server: str | None) -> list[VaultCloud]:
    """Return the clouds of all VMM servers, or of one. Raises Refused for a server that the vault does not have."""
    client = azure.site_recovery
    fabrics = [
        fabric
        for fabric in list_of_vault("servers", lambda: client.replication_fabrics.list(group, vault_name))
        if is_vmm(fabric)
    ]
    chosen = [fabric for fabric in fabrics if server is None or _is(fabric, server)]
    if server is not None and not chosen:
        names = ", ".join(server_name(fabric) for fabric in fabrics) or "none"
        raise Refused(f"vmm_server is '{server}', which the vault does not have; it has: {names}")
    return [
        VaultCloud.from_wire(fabric, document)
        for fabric in chosen
        for document in list_of_vault(
            "clouds",
            lambda fabric=fabric: client.replication_protection_containers.list_by_replication_fabrics(  # type: ignore[misc]
                group, vault_name, fabric["name"]
            ),
        )
    ]


def _is(fabric: Mapping[str, Any], server: str) -> bool:
    return same_name(server_name(fabric), server) or same_id(str(fabric["name"]), server)


def read_machines(azure: Azure, group: str, vault_name: str, cloud: VaultCloud) -> list[SourceMachine]:
    """Return the machines of one cloud."""
    items = azure.site_recovery.replication_protectable_items
    documents = list_of_vault(
        "virtual machines",
        lambda: items.list_by_replication_protection_containers(group, vault_name, cloud.fabric, cloud.id),
    )
    return [SourceMachine.from_wire(document) for document in documents]
