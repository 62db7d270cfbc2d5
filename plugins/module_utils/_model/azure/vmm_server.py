# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: VMM servers as the vault shows them (P10): fabric, Provider, clouds and VM networks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..common.check import Check
from ..common.errors import InvalidInput, Refused
from ..common.names import same_name
from ..common.provider_support import ProviderSupport, evaluate_support, moment

ALL = "all"
_VMM = "VMM"


@dataclass(frozen=True, slots=True)
class NamedItem:
    """A cloud or a VM network of a server, with the friendly name that people use."""

    name: str
    id: str
    facts: tuple[tuple[str, Any], ...] = ()

    def to_result(self) -> dict[str, Any]:
        return {"name": self.name, "id": self.id, **dict(self.facts)}


@dataclass(frozen=True, slots=True)
class KeyEncryption:
    """The key encryption key that each VMM server creates at registration. It does not indicate data encryption."""

    state: str | None
    thumbprint: str | None
    expires: str | None

    def to_result(self) -> dict[str, Any]:
        return {"state": self.state, "thumbprint": self.thumbprint, "expires": self.expires}


@dataclass(frozen=True, slots=True)
class VmmServer:
    """A registered VMM server. `name` is its friendly name; `fabric_name` is an id.

    `vmm_id` is the fabric's `internalIdentifier`. In recorded traffic it equals the name of the Provider. That it is
    the VmmID of the server's registry is not verified on a live system.
    """

    name: str
    fabric_id: str
    fabric_name: str
    health: str | None
    provider_version: str | None
    connected: bool
    last_heartbeat: str | None
    clouds: tuple[str, ...]
    heartbeat_age: int | None = None
    support: ProviderSupport | None = None
    vmm_version: str | None = None
    protected_items: int | None = None
    health_errors: tuple[str, ...] = ()
    key_encryption: KeyEncryption | None = None
    cloud_items: tuple[NamedItem, ...] = ()
    networks: tuple[NamedItem, ...] = ()
    vmm_id: str | None = None

    def to_result(self) -> dict[str, Any]:
        return {
            "registered": True,
            "name": self.name,
            "vmm_id": self.vmm_id,
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
        """Describe the server in one line, for evidence."""
        version = self.provider_version or "of unknown version"
        connection = "connected" if self.connected else "not connected"
        return f"{self.name}: registered, Provider {version} {connection}, clouds: {', '.join(self.clouds) or 'none'}"


@dataclass(frozen=True, slots=True)
class RegistrationProgress:
    """The state that a server has reached, and the outstanding parts of its registration."""

    server: str
    reached: str
    outstanding: tuple[str, ...]

    def to_result(self) -> dict[str, Any]:
        return {"server": self.server, "reached": self.reached, "outstanding": list(self.outstanding)}


UNREGISTERED: Mapping[str, Any] = {
    "registered": False,
    "name": None,
    "vmm_id": None,
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
    """Check the names offline. Raises InvalidInput."""
    for option, given in (("names", names), ("vmm_clouds", clouds), ("networks", networks)):
        if any(not name.strip() for name in given or []):
            raise InvalidInput(option, "must not contain an empty name", "remove it")
    folded = [name.casefold() for name in names or []]
    if len(set(folded)) < len(folded):
        raise InvalidInput("names", "a name is a duplicate", "list each server once")
    if wait and not names:
        raise InvalidInput("names", "is required when wait is true", "list the servers to wait for")
    if clouds and ALL in clouds and len(clouds) > 1:
        raise InvalidInput("vmm_clouds", "'all' cannot be combined with other names", "use either 'all' or names")


def servers_from_wire(
    fabrics: Iterable[Mapping[str, Any]],
    providers: Iterable[Mapping[str, Any]],
    containers: Iterable[Mapping[str, Any]],
    networks: Iterable[Mapping[str, Any]],
    now: datetime,
) -> list[VmmServer]:
    """Build the VMM servers from four lists of the vault. Fabrics of other types (Hyper-V sites, Azure) are ignored."""
    by_kind = (_grouped(providers), _grouped(containers), _grouped(networks))
    return [_server(fabric, *by_kind, now) for fabric in fabrics if is_vmm(fabric)]


def select(
    servers: Sequence[VmmServer], names: Sequence[str] | None, vmm_ids: Mapping[str, str] | None = None
) -> dict[str, VmmServer | None]:
    """Return each requested name with its server or None; without names every server. Case is ignored.

    A server with the id in `vmm_ids` precedes a server with the name: a server keeps the friendly name that it was
    registered with, which can differ from the requested one. Raises Refused when a name matches more than one server.
    """
    found: dict[str, list[VmmServer]] = {}
    for server in servers:
        found.setdefault(server.name.casefold(), []).append(server)
    selected: dict[str, VmmServer | None] = {}
    for name in names if names else [server.name for server in servers]:
        vmm_id = (vmm_ids or {}).get(name)
        known = next((server for server in servers if vmm_id and same_name(server.vmm_id or "", vmm_id)), None)
        named = found.get(name.casefold(), [])
        if known is None and len(named) > 1:
            ids = ", ".join(server.fabric_id for server in named)
            raise Refused(
                f"names: the vault has more than one VMM server named '{name}' ({ids});"
                " remove the stale one from the vault"
            )
        selected[name] = known or next(iter(named), None)
    return selected


def require_unique(
    selected: Mapping[str, VmmServer | None],
    clouds: Sequence[str] | None,
    networks: Sequence[str] | None,
    own_clouds: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Raise Refused when an expected name is ambiguous on a server. The message has the ids of all matches."""
    for requested, server in selected.items():
        if server is None:
            continue
        own = (own_clouds or {}).get(requested, ())
        for option, noun, expected, items in (
            ("vmm_clouds", "cloud", (*(clouds or ()), *own), server.cloud_items),
            ("networks", "VM network", networks, server.networks),
        ):
            for name in expected or []:
                same = [item.id for item in items if item.name.casefold() == name.casefold()]
                if len(same) > 1:
                    raise Refused(
                        f"{option}: VMM server {server.name} has more than one {noun} named '{name}'"
                        f" ({', '.join(same)}); rename one in VMM, or remove it from the vault"
                    )


def server_checks(selected: Mapping[str, VmmServer | None], vmm_ids: Mapping[str, str] | None = None) -> list[Check]:
    """Check the support of each Provider, that names are unique on each server, and that its id is the expected one."""
    checks = []
    for name, server in selected.items():
        vmm_id = (vmm_ids or {}).get(name)
        if server and server.vmm_id and vmm_id and not same_name(server.vmm_id, vmm_id):
            checks.append(
                Check.warning(
                    "server-identity",
                    "P10",
                    f"VMM server {name} has the VMM id {vmm_id}, but the vault's server of this name has the id"
                    f" {server.vmm_id}",
                    "if the vault shows an earlier installation, remove that server from the vault",
                )
            )
    for server in filter(None, selected.values()):
        if server.support:
            subject = f"VMM server {server.name}: Provider {server.provider_version or 'of unknown version'}"
            checks.append(server.support.check(subject))
        for noun, items in (("clouds", server.cloud_items), ("VM networks", server.networks)):
            spelled = {item.name.casefold(): item.name for item in reversed(items)}
            counted = Counter(item.name.casefold() for item in items)
            checks += [
                Check.warning(
                    "unique-names",
                    "P10",
                    f"VMM server {server.name} has {count} {noun} named '{spelled[name]}'",
                    "rename one of them in VMM",
                )
                for name, count in sorted(counted.items())
                if count > 1
            ]
    return checks


def missing_networks(selected: Mapping[str, VmmServer | None], networks: Sequence[str] | None) -> list[str]:
    """Return the expected VM networks, names or ids in VMM, that no server has."""
    items = [item for server in selected.values() if server for item in server.networks]
    shown = {text.casefold() for item in items for text in (item.name, item.id.rpartition("/")[2])}
    return [name for name in networks or [] if name.casefold() not in shown]


def servers_result(selected: Mapping[str, VmmServer | None]) -> dict[str, dict[str, Any]]:
    """Return the result of each selected server, including those that are not registered."""
    return {name: server.to_result() if server else _unregistered() for name, server in selected.items()}


def _unregistered() -> dict[str, Any]:
    """Return a new dictionary with lists of its own."""
    return {key: list(value) if isinstance(value, list) else value for key, value in UNREGISTERED.items()}


def progress(
    selected: Mapping[str, VmmServer | None],
    clouds: Sequence[str] | None,
    networks: Sequence[str] | None = None,
    own_clouds: Mapping[str, Sequence[str]] | None = None,
) -> list[RegistrationProgress]:
    """Return the servers that are not ready yet.

    A cloud of `own_clouds` must be on its own server: names of clouds are unique within one VMM only. Other expected
    clouds and networks can be on any of the servers.
    """
    rows = [
        RegistrationProgress(name, _reached(server), tuple(outstanding))
        for name, server in selected.items()
        if (outstanding := _outstanding(server, (own_clouds or {}).get(name)))
    ]
    missing = [
        *(f"cloud {name}" for name in missing_clouds(selected, clouds)),
        *(f"VM network {name}" for name in missing_networks(selected, networks)),
    ]
    if missing and not rows:
        rows = [RegistrationProgress(", ".join(selected), "registered, provider connected", tuple(missing))]
    return rows


def missing_clouds(selected: Mapping[str, VmmServer | None], clouds: Sequence[str] | None) -> list[str]:
    """Return the expected clouds that no server has. Only VMM knows how many `all` are, so it expects at least one."""
    shown = {cloud.casefold() for server in selected.values() if server for cloud in server.clouds}
    if list(clouds or []) == [ALL]:
        return [] if shown else ["of any name"]
    return [cloud for cloud in clouds or [] if cloud.casefold() not in shown]


def _reached(server: VmmServer | None) -> str:
    if server is None:
        return "not registered"
    return "registered, provider connected" if server.connected else "fabric registered"


def _outstanding(server: VmmServer | None, clouds: Sequence[str] | None = None) -> list[str]:
    if server is None:
        return ["registration"]
    if not server.connected:
        return ["provider heartbeat"]
    return [f"cloud {name}" for name in missing_clouds({server.name: server}, clouds)]


def is_vmm(fabric: Mapping[str, Any]) -> bool:
    """Tell whether a fabric is a VMM server."""
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
        support=evaluate_support(provider, now) if provider else None,
        vmm_version=provider.get("serverVersion"),
        protected_items=provider.get("protectedItemCount"),
        health_errors=(*_errors(properties), *_errors(provider)),
        key_encryption=_key_encryption(properties.get("encryptionDetails")),
        cloud_items=clouds,
        networks=_items(networks.get(key, []), _network_facts),
        vmm_id=properties.get("internalIdentifier"),
    )


def _age(heartbeat: Any, now: datetime) -> int | None:
    """Return whole seconds since a heartbeat. Clocks differ, so the result is never negative."""
    beat = moment(heartbeat)
    return max(0, int((now - beat).total_seconds())) if beat and beat.year > 1 else None


def _errors(properties: Mapping[str, Any]) -> list[str]:
    """Return the health errors of the service, one line each: code, message and recommended action."""
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
) -> tuple[NamedItem, ...]:
    found = [
        NamedItem(
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
    """Return the range of an address list entry, which the service writes as `192.168.1.0/24-0 0`."""
    return str(entry).partition("-")[0].strip()


def _best(providers: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the properties of the Provider that represents a fabric: a connected one, else the latest heartbeat."""
    all_properties = [provider.get("properties") or {} for provider in providers]
    empty: Mapping[str, Any] = {}
    return max(
        all_properties,
        key=lambda found: (found.get("connectionStatus") == "Connected", found.get("lastHeartBeat") or ""),
        default=empty,
    )


def _grouped(children: Iterable[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Group the children of fabrics by the name of the fabric, which is part of their ids."""
    grouped: dict[str, list[Mapping[str, Any]]] = {}
    for child in children:
        parts = child["id"].split("/")
        folded = [part.casefold() for part in parts]
        fabric = folded[folded.index("replicationfabrics") + 1]
        grouped.setdefault(fabric, []).append(child)
    return grouped
