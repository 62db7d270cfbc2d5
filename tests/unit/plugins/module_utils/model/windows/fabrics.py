# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents of VMM servers for tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

ROOT = "All Hosts"
Document = dict[str, Any]


def server(name: str = "vmm01.corp.test", **changes: Any) -> Document:
    return {
        "fqdn": name,
        "node": name.partition(".")[0].upper(),
        "product_version": "10.19.2445.0",
        "vmm_id": f"id-of-{name}",
        "ha_name": None,
        "service": "Running",
        "nodes": None,
        "owner_node": None,
        **changes,
    }


def host(fqdn: str, path: str = ROOT, *, cluster: str | None = None, **changes: Any) -> Document:
    return {
        "id": f"host-{fqdn}",
        "fqdn": fqdn,
        "platform": "HyperV",
        "host_group_id": f"group-{path}",
        "cluster_id": None if cluster is None else f"cluster-{cluster}",
        "state": "OK",
        "communication_state": "Responding",
        "maintenance": False,
        "agent_version": "10.19.2445.0",
        "operating_system": "Microsoft Windows Server 2019 Datacenter",
        **changes,
    }


def cloud(name: str, *paths: str, synchronized: bool | None = True) -> Document:
    groups = [f"group-{ROOT}\\{path}" if path else f"group-{ROOT}" for path in paths]
    return {"id": f"cloud-{name}", "name": name, "synchronized": synchronized, "host_group_ids": groups}


def document(
    clouds: Sequence[Document] = (),
    groups: Mapping[str, Sequence[Document | str]] | None = None,
    clusters: Sequence[str] = (),
    name: str = "vmm01.corp.test",
    **changes: Any,
) -> Document:
    """Return a document: `groups` maps paths below the root to hosts, as names or as records."""
    groups = groups or {}
    return {
        "schema_version": 1,
        "server": server(name, **changes),
        "clouds": list(clouds),
        "host_groups": list(_groups(groups)),
        "clusters": [{"id": f"cluster-{each}", "name": each} for each in clusters],
        "hosts": [
            host(each, _full(path)) if isinstance(each, str) else {**each, "host_group_id": f"group-{_full(path)}"}
            for path, hosts in groups.items()
            for each in hosts
        ],
    }


def _full(path: str) -> str:
    return f"{ROOT}\\{path}" if path else ROOT


def _groups(groups: Mapping[str, Any]) -> Iterator[Document]:
    paths = {ROOT}
    for path in map(_full, groups):
        parts = path.split("\\")
        paths |= {"\\".join(parts[: length + 1]) for length in range(len(parts))}
    for path in sorted(paths):
        above, _slash, name = path.rpartition("\\")
        yield {"id": f"group-{path}", "name": name, "path": path, "parent_id": f"group-{above}" if above else None}
