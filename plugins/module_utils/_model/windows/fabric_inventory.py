# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the inventory that fabrics of VMM servers amount to: hosts, variables, groups and their parents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..common.errors import InvalidInput
from .fabric import Fabric, FabricServer
from .fabric_hosts import Coverage, FleetHost, Scope, fleet
from .fabric_names import (
    MAINTENANCE,
    NOT_COVERED,
    NOT_PROTECTED,
    PREFIXES,
    GroupKey,
    KnownHosts,
    group_names,
    host_names,
    is_host_name,
    short_name,
)

#: The variable of a host that holds everything that VMM says about it.
VARIABLE = "vmm_host"


@dataclass(frozen=True, slots=True)
class Naming:
    """How hosts and groups are named, and which groups there are."""

    short_names: bool = False
    prefixes: Mapping[str, str] = field(default_factory=lambda: PREFIXES)
    hosts_group: str = "hyperv_hosts"
    servers_group: str = "vmm_servers"

    @classmethod
    def from_options(
        cls, hostnames: str, group_by: Sequence[str], prefixes: Mapping[str, Any], hosts_group: str, servers_group: str
    ) -> Naming:
        """Read options. Raises InvalidInput."""
        unknown = [name for name in prefixes if name not in PREFIXES]
        if unknown:
            raise InvalidInput("group_prefixes", f"'{unknown[0]}' is not a kind of group", f"use {', '.join(PREFIXES)}")
        chosen = {kind: str(prefixes.get(kind, PREFIXES[kind])) for kind in PREFIXES if kind in group_by}
        return cls(hostnames == "short", chosen, hosts_group, servers_group)


@dataclass(frozen=True, slots=True)
class InventoryHost:
    """A host to add: the address is None where the name itself is the address, or another source has the host."""

    name: str
    address: str | None
    groups: tuple[str, ...]
    variables: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FabricInventory:
    """Everything to add to an inventory. `parents` maps the group of a host group to the one above it."""

    hosts: tuple[InventoryHost, ...]
    parents: Mapping[str, str]
    warnings: tuple[str, ...]


def build_inventory(
    fabrics: Sequence[Fabric], scope: Scope, naming: Naming, coverage: Coverage, known: KnownHosts
) -> FabricInventory:
    """Return the inventory of several VMM servers. Raises InvalidInput for names that VMM does not have."""
    members = fleet(fabrics, scope)
    skipped = [host for host in members if not is_host_name(host.fqdn)]
    members = [host for host in members if is_host_name(host.fqdn)]
    names = host_names([host.fqdn for host in members], short=naming.short_names, known=known)
    members = [coverage.evaluate(host, names[host.fqdn]) for host in members]
    groups = group_names({key for host in members for key in _keys(host, naming)}, naming.prefixes)
    servers = list(_servers([fabric.server for fabric in fabrics], naming, known))
    hosts = [_inventory_host(host, names[host.fqdn], groups, naming, known) for host in members]
    return FabricInventory(
        tuple(_combine(servers, hosts)),
        _parents(members, groups, naming),
        tuple(
            f"VMM's host '{host.fqdn}' (id {host.id}) has a name that an inventory cannot have; it is left out"
            for host in skipped
        ),
    )


def _keys(host: FleetHost, naming: Naming) -> Iterator[GroupKey]:
    """Return the groups of a host that VMM names, the groups above its host group included."""
    members: Mapping[str, Iterable[str | None]] = {
        "clouds": host.clouds,
        "host_groups": host.group_paths,
        "clusters": (host.cluster,),
        "states": (host.state,),
        "agent_versions": (host.agent_version,),
    }
    for kind in naming.prefixes:
        for name in members[kind]:
            if name is not None:
                yield kind, _without_root(name) if kind == "host_groups" else name


def _without_root(path: str) -> str:
    """Return a host group's path without the root, which every path begins with; of the root itself its name."""
    return path.partition("\\")[2] or path


def _inventory_host(
    host: FleetHost, name: str, groups: Mapping[GroupKey, str], naming: Naming, known: KnownHosts
) -> InventoryHost:
    # A host is a member of the groups above its own through these.
    above = {_above(path) for path in host.group_paths}
    inherited = {("host_groups", _without_root(path)) for path in host.group_paths if path in above}
    own = [groups[key] for key in _keys(host, naming) if key not in inherited]
    flags = {
        naming.hosts_group: bool(host.clouds and naming.hosts_group),
        MAINTENANCE: host.maintenance,
        NOT_PROTECTED: host.protected is False,
        NOT_COVERED: host.covered is False,
    }
    return InventoryHost(
        name,
        _address(host.fqdn, name, known),
        (*(group for group, member in flags.items() if member), *dict.fromkeys(own)),
        {VARIABLE: host.to_variables()},
    )


def _address(fqdn: str, name: str, known: KnownHosts) -> str | None:
    return None if name in known.addresses or name == fqdn else fqdn


def _above(path: str) -> str:
    """Return the path of the group above a host group; of the root an empty text."""
    return path.rpartition("\\")[0]


def _parents(members: Sequence[FleetHost], groups: Mapping[GroupKey, str], naming: Naming) -> dict[str, str]:
    if "host_groups" not in naming.prefixes:
        return {}
    paths = {path for host in members for path in host.group_paths}
    named = {path: groups["host_groups", _without_root(path)] for path in sorted(paths)}
    return {
        name: named[_above(path)]
        for path, name in named.items()
        if _above(path) in named and named[_above(path)] != name
    }


def _servers(servers: Sequence[FabricServer], naming: Naming, known: KnownHosts) -> Iterator[InventoryHost]:
    """Return every machine that runs VMM; of a highly available one each node, because each needs the Provider."""
    if not naming.servers_group:
        return
    fqdns = list(dict.fromkeys(fqdn for server in servers for fqdn in _nodes(server) if is_host_name(fqdn)))
    for fqdn, name in host_names(fqdns, short=naming.short_names, known=known).items():
        yield InventoryHost(name, _address(fqdn, name, known), (naming.servers_group,), {})


def _nodes(server: FabricServer) -> Iterator[str]:
    """Return full names: a cluster's nodes are members of one domain, and the cluster knows their short names."""
    domain = server.fqdn.partition(".")[2]
    yield server.fqdn
    for node in server.nodes or ():
        if node.casefold() not in {server.node.casefold(), short_name(server.fqdn).casefold()}:
            yield f"{node.lower()}.{domain}" if domain else node.lower()


def _combine(servers: Sequence[InventoryHost], hosts: Sequence[InventoryHost]) -> Iterator[InventoryHost]:
    """Return each name once: a small site may run VMM on a Hyper-V host."""
    roles = {server.name: server.groups for server in servers}
    named = {host.name for host in hosts}
    yield from (server for server in servers if server.name not in named)
    for host in hosts:
        groups = (*roles.get(host.name, ()), *host.groups)
        yield InventoryHost(host.name, host.address, groups, host.variables)
