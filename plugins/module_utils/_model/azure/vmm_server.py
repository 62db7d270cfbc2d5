# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: VMM servers as the vault shows them (P10): fabric, provider, clouds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..common.errors import InvalidInput, Refused
from ..common.provider_support import Support, judge, moment

ALL = "all"
_VMM = "VMM"
_ON = ("enabled", "true")


@dataclass(frozen=True, slots=True)
class Item:
    """Something of a server that people know by a friendly name: a cloud or a VM network."""

    name: str
    id: str
    facts: tuple[tuple[str, Any], ...] = ()

    def to_result(self) -> dict[str, Any]:
        return {"name": self.name, "id": self.id, **dict(self.facts)}


@dataclass(frozen=True, slots=True)
class KeyEncryption:
    """The key encryption key that each VMM server makes at registration; no sign of the ended data encryption."""

    state: str | None
    thumbprint: str | None
    expires: str | None

    def to_result(self) -> dict[str, Any]:
        return {"state": self.state, "thumbprint": self.thumbprint, "expires": self.expires}


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
    heartbeat_age: int | None = None
    support: Support | None = None
    vmm_version: str | None = None
    protected_items: int | None = None
    health_errors: tuple[str, ...] = ()
    key_encryption: KeyEncryption | None = None
    cloud_items: tuple[Item, ...] = ()
    networks: tuple[Item, ...] = ()

    def to_result(self) -> dict[str, Any]:
        return {
            "registered": True,
            "fabric_id": self.fabric_id,
            "fabric_name": self.fabric_name,
            "provider_version": self.provider_version,
            "provider_support": self.support.to_result() if self.support else None,
            "connected": self.connected,
            "last_heartbeat": self.last_heartbeat,
            "heartbeat_age": self.heartbeat_age,
            "health": self.health,
            "health_errors": list(self.health_errors),
            "vmm_version": self.vmm_version,
            "protected_items": self.protected_items,
            "key_encryption": self.key_encryption.to_result() if self.key_encryption else None,
            "clouds": list(self.clouds),
            "protection_containers": [item.to_result() for item in self.cloud_items],
            "networks": [item.to_result() for item in self.networks],
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

    def to_result(self) -> dict[str, Any]:
        return {"server": self.server, "reached": self.reached, "outstanding": list(self.outstanding)}


UNREGISTERED: Mapping[str, Any] = {
    "registered": False,
    "fabric_id": None,
    "fabric_name": None,
    "provider_version": None,
    "provider_support": None,
    "connected": False,
    "last_heartbeat": None,
    "heartbeat_age": None,
    "health": None,
    "health_errors": [],
    "vmm_version": None,
    "protected_items": None,
    "key_encryption": None,
    "clouds": [],
    "protection_containers": [],
    "networks": [],
}


def require_names(
    names: Sequence[str] | None,
    clouds: Sequence[str] | None,
    wait: bool,
    networks: Sequence[str] | None = None,
) -> None:
    """Offline. Raises InvalidInput."""
    for option, given in (("names", names), ("vmm_clouds", clouds), ("networks", networks)):
        if any(not name.strip() for name in given or []):
            raise InvalidInput(option, "has an empty name", "leave it out")
    folded = [name.casefold() for name in names or []]
    if len(set(folded)) < len(folded):
        raise InvalidInput("names", "a name stands there twice", "name each server once")
    if wait and not names:
        raise InvalidInput("names", "is needed to wait", "name the servers that must show up")
    if clouds and ALL in clouds and len(clouds) > 1:
        raise InvalidInput("vmm_clouds", "'all' stands with other names", "give 'all' alone, or only names")


def servers_from_wire(
    fabrics: Iterable[Mapping[str, Any]],
    providers: Iterable[Mapping[str, Any]],
    containers: Iterable[Mapping[str, Any]],
    networks: Iterable[Mapping[str, Any]],
    now: datetime,
) -> list[VmmServer]:
    """VMM servers out of the vault's four lists; fabrics of other kinds (Hyper-V sites, Azure) are left out."""
    by_kind = (_grouped(providers), _grouped(containers), _grouped(networks))
    return [_server(fabric, *by_kind, now) for fabric in fabrics if is_vmm(fabric)]


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
            ids = ", ".join(server.fabric_id for server in found[name.casefold()])
            raise Refused(
                f"names: the vault has more than one VMM server named '{name}' ({ids});"
                " remove the dead one from the vault"
            )
    return {name: next(iter(found.get(name.casefold(), [])), None) for name in wanted}


def require_unique(
    selected: Mapping[str, VmmServer | None], clouds: Sequence[str] | None, networks: Sequence[str] | None
) -> None:
    """Names that were asked for must mean one thing on each server. Raises Refused with the ids of all that bear it."""
    for server in filter(None, selected.values()):
        for option, what, wanted, items in (
            ("clouds", "cloud", clouds, server.cloud_items),
            ("networks", "VM network", networks, server.networks),
        ):
            for name in wanted or []:
                same = [item.id for item in items if item.name.casefold() == name.casefold()]
                if len(same) > 1:
                    raise Refused(
                        f"{option}: VMM server {server.name} has more than one {what} named '{name}'"
                        f" ({', '.join(same)}); rename one in VMM, or remove it from the vault"
                    )


def warnings(selected: Mapping[str, VmmServer | None]) -> list[str]:
    """What whoever keeps the servers should know: Providers near or past their end, names that mean two things."""
    told = []
    for server in filter(None, selected.values()):
        support = server.support
        if support and support.verdict in ("upgrade_recommended", "unsupported"):
            state = "is not supported any more" if support.verdict == "unsupported" else "should be upgraded"
            told.append(f"VMM server {server.name}: Provider {server.provider_version} {state}: {support.reason}")
        for what, items in (("clouds", server.cloud_items), ("VM networks", server.networks)):
            spelled = {item.name.casefold(): item.name for item in reversed(items)}
            counted = Counter(item.name.casefold() for item in items)
            told += [
                f"VMM server {server.name} has {count} {what} named '{spelled[name]}'"
                for name, count in sorted(counted.items())
                if count > 1
            ]
    return told


def encrypting(policies: Iterable[Mapping[str, Any]]) -> list[str]:
    """Names of the policies that have the ended data encryption on (P7)."""
    found = []
    for policy in policies:
        properties = policy.get("properties") or {}
        details = properties.get("providerSpecificDetails") or {}
        if str(details.get("encryption")).casefold() in _ON:
            found.append(str(properties.get("friendlyName") or policy.get("name")))
    return sorted(found)


def encryption_warning(names: Sequence[str]) -> list[str]:
    """One line (P7; "Deprecation of Site Recovery data encryption feature")."""
    if not names:
        return []
    which = f"policy {names[0]} has" if len(names) == 1 else f"policies {', '.join(names)} have"
    return [
        f"P7: {which} data encryption on, which ended on 2022-04-30: machines under it can't fail over;"
        " end their protection, make a policy without it and protect them again"
    ]


def missing_networks(selected: Mapping[str, VmmServer | None], networks: Sequence[str] | None) -> list[str]:
    """Expected VM networks that no server shows."""
    shown = {item.name.casefold() for server in selected.values() if server for item in server.networks}
    return [name for name in networks or [] if name.casefold() not in shown]


def servers_result(selected: Mapping[str, VmmServer | None]) -> dict[str, dict[str, Any]]:
    return {name: server.to_result() if server else _unregistered() for name, server in selected.items()}


def _unregistered() -> dict[str, Any]:
    """A fresh one each time: its lists are nobody else's."""
    return {key: list(value) if isinstance(value, list) else value for key, value in UNREGISTERED.items()}


def progress(
    selected: Mapping[str, VmmServer | None], clouds: Sequence[str] | None, networks: Sequence[str] | None = None
) -> list[Progress]:
    """Servers that are not yet there as expected. An expected cloud or network may be on any of the servers."""
    rows = [
        Progress(name, _reached(server), tuple(outstanding))
        for name, server in selected.items()
        if (outstanding := _outstanding(server))
    ]
    missing = [
        *(f"cloud {name}" for name in missing_clouds(selected, clouds)),
        *(f"VM network {name}" for name in missing_networks(selected, networks)),
    ]
    if missing and not rows:
        rows = [Progress(", ".join(selected), "registered, provider connected", tuple(missing))]
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


def is_vmm(fabric: Mapping[str, Any]) -> bool:
    details = (fabric.get("properties") or {}).get("customDetails") or {}
    return str(details.get("instanceType")).casefold() == _VMM.casefold()


Children = Mapping[str, Sequence[Mapping[str, Any]]]


def _server(
    fabric: Mapping[str, Any], providers: Children, containers: Children, networks: Children, now: datetime
) -> VmmServer:
    properties = fabric["properties"]
    key = fabric["name"].casefold()
    provider = _best(providers.get(key, []))
    clouds = _items(containers.get(key, []), _cloud_facts)
    return VmmServer(
        name=properties.get("friendlyName") or fabric["name"],
        fabric_id=fabric["id"],
        fabric_name=fabric["name"],
        health=properties.get("health"),
        provider_version=provider.get("providerVersion"),
        connected=provider.get("connectionStatus") == "Connected",
        last_heartbeat=provider.get("lastHeartBeat"),
        clouds=tuple(item.name for item in clouds),
        heartbeat_age=_age(provider.get("lastHeartBeat"), now),
        support=judge(provider, now) if provider else None,
        vmm_version=provider.get("serverVersion"),
        protected_items=provider.get("protectedItemCount"),
        health_errors=(*_errors(properties), *_errors(provider)),
        key_encryption=_key_encryption(properties.get("encryptionDetails")),
        cloud_items=clouds,
        networks=_items(networks.get(key, []), _network_facts),
    )


def _age(heartbeat: Any, now: datetime) -> int | None:
    """Whole seconds since a heartbeat; never negative, clocks differ."""
    heard = moment(heartbeat)
    return max(0, int((now - heard).total_seconds())) if heard and heard.year > 1 else None


def _errors(properties: Mapping[str, Any]) -> list[str]:
    """What the service says is wrong, a line each: its code, its words and what it recommends."""
    lines = []
    for error in properties.get("healthErrorDetails") or []:
        parts = [
            error.get("errorCode") or error.get("errorId"),
            error.get("errorMessage") or error.get("summaryMessage"),
        ]
        line = ": ".join(str(part) for part in parts if part)
        advice = error.get("recommendedAction")
        lines.append(" ".join((f"{line}; {advice}" if advice else line).split()))
    return [line for line in lines if line]


def _key_encryption(details: Any) -> KeyEncryption | None:
    if not isinstance(details, Mapping):
        return None
    return KeyEncryption(details.get("kekState"), details.get("kekCertThumbprint"), details.get("kekCertExpiryDate"))


def _items(
    children: Iterable[Mapping[str, Any]], facts: Callable[[Mapping[str, Any]], dict[str, Any]]
) -> tuple[Item, ...]:
    found = [
        Item(
            str((child.get("properties") or {}).get("friendlyName") or child["name"]),
            str(child["id"]),
            tuple(facts(child.get("properties") or {}).items()),
        )
        for child in children
    ]
    return tuple(sorted(found, key=lambda item: (item.name, item.id)))


def _cloud_facts(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "paired": str(properties.get("pairingStatus")).casefold() == "paired",
        "protected_items": properties.get("protectedItemCount"),
    }


def _network_facts(properties: Mapping[str, Any]) -> dict[str, Any]:
    subnets = [subnet for subnet in properties.get("subnets") or [] if isinstance(subnet, Mapping)]
    return {
        "type": properties.get("networkType"),
        "subnets": [
            {
                "name": subnet.get("friendlyName") or subnet.get("name"),
                "address_prefixes": [_prefix(entry) for entry in subnet.get("addressList") or []],
            }
            for subnet in subnets
        ],
    }


def _prefix(entry: Any) -> str:
    """The range alone: the service writes `192.168.1.0/24-0 0`."""
    return str(entry).partition("-")[0].strip()


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
