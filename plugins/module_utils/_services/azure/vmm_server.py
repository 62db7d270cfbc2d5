# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: reads the VMM servers of a vault with one GET of the vault and five list calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from ..._azure.clients import Azure
from ..._model.azure.expected_server import ExpectedServers, lookup
from ..._model.azure.replication_policy import ReplicationPolicy, encrypting, encryption_check, policies_from_wire
from ..._model.azure.vmm_server import (
    VmmServer,
    is_vmm,
    missing_clouds,
    missing_networks,
    progress,
    require_names,
    require_unique,
    select,
    server_checks,
    servers_from_wire,
    servers_result,
)
from ..._model.common.errors import AccessDenied
from ..._model.common.names import same_name, vault_id
from ..._model.common.resource import NOTHING_TO_DO, Evidence
from .vault import find, list_vaults
from .vault_lists import list_of_vault


@dataclass(frozen=True, slots=True)
class VaultServers:
    """The VMM servers of a vault, and its replication policies. None: there is no server, so they were not read."""

    servers: list[VmmServer]
    policies: list[ReplicationPolicy] | None


def read_servers(options: Mapping[str, Any], azure: Azure) -> dict[str, Any]:
    """Return the result keys. A vault that does not exist has no servers."""
    clouds, networks = options["vmm_clouds"], options["networks"]
    group, vault_name = options["resource_group"], options["vault_name"]
    expected = ExpectedServers.from_options(options["names"], options["servers"])
    require_names(expected.names, clouds, options["wait"], networks)
    vault = find(azure, group, vault_name).resource
    found = observe(azure, group, vault_name) if vault else VaultServers([], None)
    selected = select(found.servers, expected.names, expected.vmm_ids)
    require_unique(selected, clouds, networks, expected.clouds)
    checks = server_checks(selected, expected.vmm_ids)
    if found.policies is not None:
        checks.append(encryption_check(found.policies))
    missing_vault = f"vault '{vault_name}' does not exist, so no server is registered in it"
    own_id = vault.id if vault else vault_id(azure.subscription_id, group, vault_name)
    others = [server for server in found.servers if server not in selected.values()]
    # One more list, and only for a server that the vault does not show. While the run waits, nothing needs it.
    absent = None in selected.values() and not options["wait"]
    namesakes = _same_named_vaults(azure, vault_name, own_id) if absent else None
    return {
        "vault_id": own_id,
        "exists": vault is not None,
        "servers": {
            name: {**shown, "lookup": lookup(name, own_id, expected, others, namesakes)}
            for name, shown in servers_result(selected).items()
        },
        "missing": [name for name, server in selected.items() if server is None],
        "missing_clouds": missing_clouds(selected, clouds),
        "missing_networks": missing_networks(selected, networks),
        "encrypting_policies": encrypting(found.policies or ()),
        "progress": [entry.to_result() for entry in progress(selected, clouds, networks, expected.clouds)],
        "waited": False,
        "checks": [check.to_result() for check in checks],
        "evidence": [entry.to_result() for entry in evidence(selected)],
        "warnings": [check.describe() for check in checks if check.overall != "pass"] if vault else [missing_vault],
    }


def _same_named_vaults(azure: Azure, name: str, own_id: str) -> list[str] | None:
    """Return the ids of other vaults with the same name: a server knows only the name of its vault.

    Only the subscription is read. None means that the login may not list its vaults.
    """
    try:
        vaults = list_vaults(azure, None)
    except AccessDenied:
        return None
    return [vault.id for vault in vaults if same_name(vault.name, name) and not same_name(vault.id, own_id)]


def observe(azure: Azure, resource_group: str, vault_name: str) -> VaultServers:
    """Read all VMM servers with Provider, clouds and VM networks, with one list call for each type of object."""
    client = azure.site_recovery
    fabrics = list_of_vault("servers", lambda: client.replication_fabrics.list(resource_group, vault_name))
    if not any(is_vmm(fabric) for fabric in fabrics):
        return VaultServers([], None)
    servers = servers_from_wire(
        fabrics,
        list_of_vault(
            "providers", lambda: client.replication_recovery_services_providers.list(resource_group, vault_name)
        ),
        list_of_vault("clouds", lambda: client.replication_protection_containers.list(resource_group, vault_name)),
        list_of_vault("VM networks", lambda: client.replication_networks.list(resource_group, vault_name)),
        datetime.now(timezone.utc),
    )
    policies = list_of_vault("policies", lambda: client.replication_policies.list(resource_group, vault_name))
    return VaultServers(servers, policies_from_wire(policies))


def evidence(selected: Mapping[str, VmmServer | None]) -> list[Evidence]:
    """Return one line for each server (P10)."""
    lines = [server.describe() if server else f"{name}: not registered" for name, server in selected.items()]
    return [Evidence("P10", line, NOTHING_TO_DO, line) for line in lines or ["no VMM server is registered"]]
