# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: VMM servers as the vault shows them (P10): fabric, provider, clouds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import InvalidInput, Refused

ALL = "all"
_VMM = "VMM"


@dataclass(frozen=True, slots=True)
class VmmServer:
    """A registered VMM server. People know the friendly name; `fabric_name` is an id."""

    name: str
    fabric_id: str
    fabric_name: str
    health: str | None
    provider_version: str | None
    connected: bool
    last_heartbeat: str | None
    clouds: tuple[str, ...]

    def project(self) -> dict[str, Any]:
        return {
            "registered": True,
            "fabric_id": self.fabric_id,
            "fabric_name": self.fabric_name,
            "provider_version": self.provider_version,
            "connected": self.connected,
            "last_heartbeat": self.last_heartbeat,
            "health": self.health,
            "clouds": list(self.clouds),
        }

    def describe(self) -> str:
        version = self.provider_version or "of unknown version"
        heard = "connected" if self.connected else "not connected"
        return f"{self.name}: registered, provider {version} {heard}, clouds: {', '.join(self.clouds) or 'none'}"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a server has come, and what is still to show up."""

    server: str
    reached: str
    outstanding: tuple[str, ...]

    def project(self) -> dict[str, Any]:
        return {"server": self.server, "reached": self.reached, "outstanding": list(self.outstanding)}


UNREGISTERED: Mapping[str, Any] = {
    "registered": False,
    "fabric_id": None,
    "fabric_name": None,
    "provider_version": None,
    "connected": False,
    "last_heartbeat": None,
    "health": None,
    "clouds": [],
}


def require_names(names: Sequence[str] | None, clouds: Sequence[str] | None, wait: bool) -> None:
    """Offline. Raises InvalidInput."""
    folded = [name.casefold() for name in names or []]
    if len(set(folded)) < len(folded):
        raise InvalidInput("names", "a name stands there twice", "name each server once")
    if wait and not names:
        raise InvalidInput("names", "is needed to wait", "name the servers that must show up")
    if clouds and ALL in clouds and len(clouds) > 1:
        raise InvalidInput("clouds", "'all' stands with other names", "give 'all' alone, or only names")


def servers_from_wire(
    fabrics: Iterable[Mapping[str, Any]],
    providers: Iterable[Mapping[str, Any]],
    containers: Iterable[Mapping[str, Any]],
) -> list[VmmServer]:
    """VMM servers out of the vault's three lists; fabrics of other kinds (Hyper-V sites, Azure) are left out."""
    by_fabric = _grouped(providers)
    clouds = _grouped(containers)
    return [_server(fabric, by_fabric, clouds) for fabric in fabrics if _is_vmm(fabric)]


def select(servers: Sequence[VmmServer], names: Sequence[str] | None) -> dict[str, VmmServer | None]:
    """Each wanted name with its server or None; without names every server. Case does not matter.

    Raises Refused when a name fits more than one server: nobody could tell which is meant.
    """
    found: dict[str, list[VmmServer]] = {}
    for server in servers:
        found.setdefault(server.name.casefold(), []).append(server)
    wanted = names if names else [server.name for server in servers]
    for name in wanted:
        if len(found.get(name.casefold(), [])) > 1:
            ids = ", ".join(server.fabric_name for server in found[name.casefold()])
            raise Refused(
                f"names: the vault has more than one VMM server named '{name}' ({ids});"
                " remove the dead one from the vault"
            )
    return {name: next(iter(found.get(name.casefold(), [])), None) for name in wanted}


def project_servers(selected: Mapping[str, VmmServer | None]) -> dict[str, dict[str, Any]]:
    return {name: server.project() if server else dict(UNREGISTERED, clouds=[]) for name, server in selected.items()}


def progress(selected: Mapping[str, VmmServer | None], clouds: Sequence[str] | None) -> list[Progress]:
    """Servers that are not yet there as expected. An expected cloud may be on any of the servers."""
    rows = [
        Progress(name, _reached(server), tuple(outstanding))
        for name, server in selected.items()
        if (outstanding := _outstanding(server))
    ]
    missing = missing_clouds(selected, clouds)
    if missing and not rows:
        rows = [
            Progress(", ".join(selected), "registered, provider connected", tuple(f"cloud {name}" for name in missing))
        ]
    return rows


def missing_clouds(selected: Mapping[str, VmmServer | None], clouds: Sequence[str] | None) -> list[str]:
    """Expected clouds that no server shows. How many `all` are only VMM knows: one at least is expected."""
    shown = {cloud.casefold() for server in selected.values() if server for cloud in server.clouds}
    if list(clouds or []) == [ALL]:
        return [] if shown else ["of any name"]
    return [cloud for cloud in clouds or [] if cloud.casefold() not in shown]


def _reached(server: VmmServer | None) -> str:
    return "fabric registered" if server else "not registered"


def _outstanding(server: VmmServer | None) -> list[str]:
    if server is None:
        return ["registration"]
    return [] if server.connected else ["provider heartbeat"]


def _is_vmm(fabric: Mapping[str, Any]) -> bool:
    details = (fabric.get("properties") or {}).get("customDetails") or {}
    return str(details.get("instanceType")).casefold() == _VMM.casefold()


def _server(
    fabric: Mapping[str, Any],
    providers: Mapping[str, list[Mapping[str, Any]]],
    containers: Mapping[str, list[Mapping[str, Any]]],
) -> VmmServer:
    properties = fabric["properties"]
    key = fabric["name"].casefold()
    provider = _best(providers.get(key, []))
    return VmmServer(
        name=properties.get("friendlyName") or fabric["name"],
        fabric_id=fabric["id"],
        fabric_name=fabric["name"],
        health=properties.get("health"),
        provider_version=provider.get("providerVersion"),
        connected=provider.get("connectionStatus") == "Connected",
        last_heartbeat=provider.get("lastHeartBeat"),
        clouds=tuple(
            sorted(
                (container["properties"].get("friendlyName") or container["name"])
                for container in containers.get(key, [])
            )
        ),
    )


def _best(providers: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The provider that speaks for a fabric: a connected one before others, then the latest heard of."""
    all_properties = [provider.get("properties") or {} for provider in providers]
    empty: Mapping[str, Any] = {}
    return max(
        all_properties,
        key=lambda found: (found.get("connectionStatus") == "Connected", found.get("lastHeartBeat") or ""),
        default=empty,
    )


def _grouped(children: Iterable[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Children of fabrics by the fabric's name, which stands in their ids."""
    grouped: dict[str, list[Mapping[str, Any]]] = {}
    for child in children:
        parts = child["id"].split("/")
        folded = [part.casefold() for part in parts]
        fabric = folded[folded.index("replicationfabrics") + 1]
        grouped.setdefault(fabric, []).append(child)
    return grouped
