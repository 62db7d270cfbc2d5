# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: VMM servers of a vault, in one read of the vault and five list calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from ..._azure.clients import Azure
from ..._azure.failures import Absent, read
from ..._azure.wire import Document, documents
from ..._model.azure.vmm_server import (
    VmmServer,
    encrypting,
    encryption_warning,
    is_vmm,
    missing_clouds,
    missing_networks,
    progress,
    require_names,
    require_unique,
    select,
    servers_from_wire,
    servers_result,
    warnings,
)
from ..._model.common.resource import Evidence
from .vault import find


@dataclass(frozen=True, slots=True)
class Seen:
    """What the vault shows of its VMM servers, and which of its policies have the ended data encryption on."""

    servers: list[VmmServer]
    encrypting: list[str]


def read_servers(options: Mapping[str, Any], azure: Azure) -> dict[str, Any]:
    """The result's keys. A vault that does not exist has no servers."""
    names, clouds, networks = options["names"], options["vmm_clouds"], options["networks"]
    require_names(names, clouds, options["wait"], networks)
    vault = find(azure, options["resource_group"], options["vault_name"]).resource
    seen = look(azure, options["resource_group"], options["vault_name"]) if vault else Seen([], [])
    selected = select(seen.servers, names)
    require_unique(selected, clouds, networks)
    return {
        "vault_id": vault.id if vault else None,
        "servers": servers_result(selected),
        "missing": [name for name, server in selected.items() if server is None],
        "missing_clouds": missing_clouds(selected, clouds),
        "missing_networks": missing_networks(selected, networks),
        "encrypting_policies": seen.encrypting,
        "progress": [entry.to_result() for entry in progress(selected, clouds, networks)],
        "waited": False,
        "evidence": [entry.to_result() for entry in evidence(selected)],
        "warnings": [*warnings(selected), *encryption_warning(seen.encrypting)]
        if vault
        else [f"vault '{options['vault_name']}' does not exist, so no server is registered in it"],
    }


def look(azure: Azure, resource_group: str, vault_name: str) -> Seen:
    """All VMM servers with provider, clouds and VM networks: one list call a kind, however many there are."""
    client = azure.site_recovery
    fabrics = _list("servers", lambda: client.replication_fabrics.list(resource_group, vault_name))
    if not any(is_vmm(fabric) for fabric in fabrics):
        return Seen([], [])
    servers = servers_from_wire(
        fabrics,
        _list("providers", lambda: client.replication_recovery_services_providers.list(resource_group, vault_name)),
        _list("clouds", lambda: client.replication_protection_containers.list(resource_group, vault_name)),
        _list("VM networks", lambda: client.replication_networks.list(resource_group, vault_name)),
        datetime.now(timezone.utc),
    )
    policies = _list("policies", lambda: client.replication_policies.list(resource_group, vault_name))
    return Seen(servers, encrypting(policies))


def evidence(selected: Mapping[str, VmmServer | None]) -> list[Evidence]:
    """P10, one line per server."""
    told = [server.describe() if server else f"{name}: not registered" for name, server in selected.items()]
    return [Evidence("P10", line, "nothing to do", line) for line in told or ["no VMM server is registered"]]


def _list(what: str, call: Callable[[], Iterable[Any]]) -> list[Document]:
    answer = read(f"list the vault's {what}", lambda: documents(call()))
    # The vault was there a moment ago; one that has just gone has nothing in it.
    return [] if isinstance(answer, Absent) else answer
