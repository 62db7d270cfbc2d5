# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the Hyper-V hosts of several VMM servers, each once, with the clouds that it serves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..common.errors import InvalidInput
from ..common.names import same_name
from .fabric import HYPER_V, Fabric, FabricCloud, FabricHost

#: Why a host is not covered: it is not in the inventory, or has no agent.
MISSING, NO_AGENT = "missing", "no_agent"
ALL = "all"


@dataclass(frozen=True, slots=True)
class Scope:
    """The hosts to take: of the named clouds (all without names), in or below the named host groups."""

    vmm_clouds: tuple[str, ...] = ()
    host_groups: tuple[str, ...] = ()
    include_hosts_without_cloud: bool = False

    @classmethod
    def from_options(cls, clouds: Sequence[str], host_groups: Sequence[str], *, without_cloud: bool) -> Scope:
        """Read options. Raises InvalidInput."""
        if ALL in clouds and len(clouds) > 1:
            raise InvalidInput("vmm_clouds", "must not combine 'all' with names", "use only 'all', or only names")
        return cls(() if ALL in clouds else tuple(clouds), tuple(host_groups), without_cloud)

    def selects_cloud(self, cloud: FabricCloud) -> bool:
        """Tell whether a cloud is one of the chosen ones."""
        return not self.vmm_clouds or any(same_name(name, cloud.name) for name in self.vmm_clouds)

    def require_known(self, fabrics: Sequence[Fabric]) -> None:
        """Raise InvalidInput for a cloud or host group that no VMM server has."""
        clouds = {cloud.name for fabric in fabrics for cloud in fabric.clouds}
        _require("vmm_clouds", "cloud", self.vmm_clouds, clouds, clouds)
        groups = [group for fabric in fabrics for group in fabric.host_groups.values()]
        paths = {group.path for group in groups}
        _require("host_groups", "host group", self.host_groups, paths | {group.name for group in groups}, paths)


def _require(option: str, kind: str, names: Iterable[str], known: set[str], listed: set[str]) -> None:
    folded = {name.casefold() for name in known}
    unknown = [name for name in names if name.casefold() not in folded]
    if unknown:
        raise InvalidInput(
            option,
            f"VMM has no {kind} named {', '.join(unknown)}",
            f"correct the name; VMM has: {', '.join(sorted(listed)) or 'none'}",
        )


@dataclass(frozen=True, slots=True)
class FleetHost:
    """A Hyper-V host. The paths are those of its host group and of every group above, the own one first."""

    fqdn: str
    id: str
    servers: tuple[str, ...]
    group_paths: tuple[str, ...]
    cluster: str | None
    state: str | None
    communication_state: str | None
    maintenance: bool
    agent_version: str | None
    operating_system: str | None
    #: Chosen clouds, and those of them whose metadata VMM sends to the vault.
    clouds: tuple[str, ...]
    synchronized_clouds: tuple[str, ...]
    #: None: VMM does not show it.
    protected: bool | None
    #: None: no data tells.
    covered: bool | None = None
    uncovered_reason: str | None = None

    def to_variables(self) -> dict[str, Any]:
        """Return the host's variables."""
        return {
            "fqdn": self.fqdn,
            "id": self.id,
            "vmm_servers": list(self.servers),
            "host_group": self.group_paths[0] if self.group_paths else None,
            "cluster": self.cluster,
            "state": self.state,
            "communication_state": self.communication_state,
            "maintenance": self.maintenance,
            "vmm_agent_version": self.agent_version,
            "operating_system": self.operating_system,
            "clouds": list(self.clouds),
            "synchronized_clouds": list(self.synchronized_clouds),
            "protected": self.protected,
            "covered": self.covered,
            "uncovered_reason": self.uncovered_reason,
        }


def fleet(fabrics: Sequence[Fabric], scope: Scope) -> list[FleetHost]:
    """Return the Hyper-V hosts in scope, sorted by name. Raises InvalidInput for names that VMM does not have.

    A host that several servers or clouds have is one host: states are those of the first server that has it.
    """
    scope.require_known(fabrics)
    found: dict[str, FleetHost] = {}
    for fabric in fabrics:
        for host in _hosts(fabric, scope):
            earlier = found.get(host.fqdn.casefold())
            found[host.fqdn.casefold()] = host if earlier is None else _merge(earlier, host)
    return [found[name] for name in sorted(found)]


def _hosts(fabric: Fabric, scope: Scope) -> Iterator[FleetHost]:
    chosen = [cloud for cloud in fabric.clouds if scope.selects_cloud(cloud)]
    wanted = {name.casefold() for name in scope.host_groups}
    clouds_of: dict[str, list[FabricCloud]] = {}
    for cloud in chosen:
        for group_id in dict.fromkeys(cloud.host_group_ids):
            clouds_of.setdefault(group_id, []).append(cloud)
    places = {group_id: _Place.of(fabric, group_id, clouds_of) for group_id in fabric.host_groups}
    nowhere = _Place((), frozenset(), ())
    for host in fabric.hosts:
        place = places.get(host.host_group_id, nowhere)
        if host.platform != HYPER_V or (wanted and not wanted & place.names):
            continue
        if place.clouds or scope.include_hosts_without_cloud:
            yield _fleet_host(fabric, host, place)


@dataclass(frozen=True, slots=True)
class _Place:
    """A host group with everything that a host in it inherits: paths, names for the filter, clouds."""

    paths: tuple[str, ...]
    names: frozenset[str]
    clouds: tuple[FabricCloud, ...]

    @classmethod
    def of(cls, fabric: Fabric, group_id: str, clouds_of: Mapping[str, Sequence[FabricCloud]]) -> _Place:
        # A cloud names host groups; the groups below them belong to it as well.
        groups = list(fabric.ancestors(group_id))
        clouds = {cloud.id: cloud for group in groups for cloud in clouds_of.get(group.id, ())}
        names = {text.casefold() for group in groups for text in (group.name, group.path)}
        return cls(tuple(group.path for group in groups), frozenset(names), tuple(clouds.values()))


def _fleet_host(fabric: Fabric, host: FabricHost, place: _Place) -> FleetHost:
    synchronized = [cloud.name for cloud in place.clouds if cloud.synchronized]
    unknown = any(cloud.synchronized is None for cloud in place.clouds)
    return FleetHost(
        fqdn=host.fqdn,
        id=host.id,
        servers=(fabric.server.name,),
        group_paths=place.paths,
        cluster=None if host.cluster_id is None else fabric.clusters.get(host.cluster_id),
        state=host.state,
        communication_state=host.communication_state,
        maintenance=host.maintenance,
        agent_version=host.agent_version,
        operating_system=host.operating_system,
        clouds=_sorted(cloud.name for cloud in place.clouds),
        synchronized_clouds=_sorted(synchronized),
        protected=True if synchronized else None if unknown else False,
    )


def _merge(first: FleetHost, second: FleetHost) -> FleetHost:
    verdicts = {first.protected, second.protected}
    return replace(
        first,
        servers=tuple(dict.fromkeys((*first.servers, *second.servers))),
        group_paths=tuple(dict.fromkeys((*first.group_paths, *second.group_paths))),
        clouds=_sorted((*first.clouds, *second.clouds)),
        synchronized_clouds=_sorted((*first.synchronized_clouds, *second.synchronized_clouds)),
        cluster=first.cluster or second.cluster,
        protected=True if True in verdicts else None if None in verdicts else False,
    )


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names), key=lambda name: (name.casefold(), name)))


@dataclass(frozen=True, slots=True)
class Coverage:
    """Hosts that have an agent and hosts that other inventory sources have; None where no data was given."""

    with_agent: frozenset[str] | None = None
    listed: frozenset[str] | None = None

    @classmethod
    def from_options(cls, agents: Mapping[str, Any] | None, listed: Iterable[str]) -> Coverage:
        """Read versions by host name, empty for a host without an agent, and the names in other sources."""
        names = frozenset(listed)
        with_agent = None
        if agents is not None:
            with_agent = frozenset(str(name).casefold() for name, version in agents.items() if version)
        return cls(with_agent, names or None)

    def evaluate(self, host: FleetHost, name: str) -> FleetHost:
        """Return the host with its coverage; `name` is its name in the inventory.

        Only hosts of clouds need an agent.
        """
        if not host.clouds or (self.listed is None and self.with_agent is None):
            return host
        if self.listed is not None and name not in self.listed:
            return replace(host, covered=False, uncovered_reason=MISSING)
        if self.with_agent is not None and not {host.fqdn.casefold(), name.casefold()} & self.with_agent:
            return replace(host, covered=False, uncovered_reason=NO_AGENT)
        return replace(host, covered=True)
