# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: VMM servers of a vault, in one read of the vault and three list calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .._azure.clients import Azure
from .._azure.failures import Absent, read
from .._azure.wire import Document, documents
from .._model.lifecycle import Evidence
from .._model.vmm_server import (
    VmmServer,
    missing_clouds,
    progress,
    project_servers,
    require_names,
    select,
    servers_from_wire,
)
from .vault import find


def read_servers(options: Mapping[str, Any], azure: Azure) -> dict[str, Any]:
    """The result's keys. A vault that does not exist has no servers."""
    names, clouds = options["names"], options["clouds"]
    require_names(names, clouds, options["wait"])
    vault = find(azure, options["resource_group"], options["vault_name"]).resource
    servers = list_servers(azure, options["resource_group"], options["vault_name"]) if vault else []
    selected = select(servers, names)
    return {
        "vault_id": vault.id if vault else None,
        "servers": project_servers(selected),
        "missing": [name for name, server in selected.items() if server is None],
        "missing_clouds": missing_clouds(selected, clouds),
        "progress": [entry.project() for entry in progress(selected, clouds)],
        "waited": False,
        "evidence": [entry.to_result() for entry in evidence(selected)],
        "warnings": []
        if vault
        else [f"vault '{options['vault_name']}' does not exist, so no server is registered in it"],
    }


def list_servers(azure: Azure, resource_group: str, vault_name: str) -> list[VmmServer]:
    """All VMM servers with provider and clouds."""
    client = azure.site_recovery
    fabrics = _list("servers", lambda: client.replication_fabrics.list(resource_group, vault_name))
    if not fabrics:
        return []
    return servers_from_wire(
        fabrics,
        _list("providers", lambda: client.replication_recovery_services_providers.list(resource_group, vault_name)),
        _list("clouds", lambda: client.replication_protection_containers.list(resource_group, vault_name)),
    )


def evidence(selected: Mapping[str, VmmServer | None]) -> list[Evidence]:
    """P10, one line per server."""
    told = [server.describe() if server else f"{name}: not registered" for name, server in selected.items()]
    return [Evidence("P10", line, "nothing to do", line) for line in told or ["no VMM server is registered"]]


def _list(what: str, call: Callable[[], Iterable[Any]]) -> list[Document]:
    answer = read(f"list the vault's {what}", lambda: documents(call()))
    # The vault was there a moment ago; one that has just gone has nothing in it.
    return [] if isinstance(answer, Absent) else answer
