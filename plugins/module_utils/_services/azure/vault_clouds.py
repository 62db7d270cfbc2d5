# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: reads of the clouds of a vault, and of their associations with policies.

Only lists of a server are read: the built-in roles of Site Recovery do not allow those of the whole vault.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..._azure.clients import Azure
from ..._azure.wire import Document
from ..._model.azure.cloud import Association, Cloud
from ..._model.azure.vmm_server import is_vmm
from .vault_lists import list_of_vault


def vmm_fabrics(azure: Azure, resource_group: str, vault_name: str) -> list[Document]:
    """Return the VMM servers of a vault."""
    client = azure.site_recovery.replication_fabrics
    fabrics = list_of_vault("servers", lambda: client.list(resource_group, vault_name))
    return [fabric for fabric in fabrics if is_vmm(fabric)]


def list_clouds(azure: Azure, resource_group: str, vault_name: str) -> list[Cloud]:
    """Return the clouds of all VMM servers of a vault."""
    return list(_clouds(azure, resource_group, vault_name))


def _clouds(azure: Azure, resource_group: str, vault_name: str) -> Iterator[Cloud]:
    containers = azure.site_recovery.replication_protection_containers
    for fabric in vmm_fabrics(azure, resource_group, vault_name):
        name = str(fabric["name"])

        def of_server(name: str = name) -> list[Document]:
            return list_of_vault(
                "clouds", lambda: containers.list_by_replication_fabrics(resource_group, vault_name, name)
            )

        for document in of_server():
            yield Cloud.from_wire(name, document)


def list_associations(
    azure: Azure, resource_group: str, vault_name: str, fabric: str, container: str
) -> list[Association]:
    """Return the associations of a cloud, also those that failed."""
    mappings = azure.site_recovery.replication_protection_container_mappings
    return [
        Association.from_wire(document)
        for document in list_of_vault(
            "associations",
            lambda: mappings.list_by_replication_protection_containers(resource_group, vault_name, fabric, container),
        )
    ]
