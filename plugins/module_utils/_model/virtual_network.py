# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the network that failed-over machines join: what it is, what is wanted, what to change.

Rules: Azure Virtual Network FAQ (smallest subnets, ranges that can't be used), API description of virtualNetworks.
"""

from __future__ import annotations

import copy
import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, TypeAlias

from . import target
from .errors import InvalidInput, Refused
from .group import Grouped, group_change
from .names import ResourceId, region, require_network_name, require_subnet_name, same_name
from .plan import UNKNOWN, Change, Plan, checked_tags, compare, creation, merged_tags

Range: TypeAlias = "ipaddress.IPv4Network | ipaddress.IPv6Network"

_SMALLEST_IPV4 = 29
_FORBIDDEN = {
    ipaddress.ip_network("224.0.0.0/4"): "multicast",
    ipaddress.ip_network("255.255.255.255/32"): "broadcast",
    ipaddress.ip_network("127.0.0.0/8"): "loopback",
    ipaddress.ip_network("169.254.0.0/16"): "link-local",
    ipaddress.ip_network("168.63.129.16/32"): "Azure's own DNS",
}


@dataclass(frozen=True, slots=True)
class Subnet:
    """A subnet; `delegations` are the services that own it."""

    name: str
    prefixes: tuple[str, ...]
    delegations: tuple[str, ...] = ()

    @classmethod
    def from_wire(cls, document: Mapping[str, Any]) -> Subnet:
        properties = document.get("properties") or {}
        single = properties.get("addressPrefix")
        delegations = (entry.get("properties") or {} for entry in properties.get("delegations") or [])
        return cls(
            document["name"],
            tuple(properties.get("addressPrefixes") or ([single] if single else [])),
            tuple(str(entry.get("serviceName")) for entry in delegations),
        )

    def project(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "address_prefix": self.prefixes[0] if self.prefixes else None,
            "address_prefixes": list(self.prefixes),
        }


@dataclass(frozen=True, slots=True)
class VirtualNetwork:
    """A network as Azure shows it; `document` is all that the service said, to be written back without loss."""

    id: str
    name: str
    resource_group: str
    subscription_id: str
    location: str
    address_prefixes: tuple[str, ...]
    subnets: tuple[Subnet, ...]
    provisioning_state: str
    tags: Mapping[str, str]
    document: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_wire(cls, document: Mapping[str, Any]) -> VirtualNetwork:
        where = ResourceId.parse(document["id"])
        properties = document.get("properties") or {}
        return cls(
            id=document["id"],
            name=document["name"],
            resource_group=where.resource_group,
            subscription_id=where.subscription_id,
            location=region(document["location"]),
            address_prefixes=tuple((properties.get("addressSpace") or {}).get("addressPrefixes") or []),
            subnets=tuple(Subnet.from_wire(subnet) for subnet in properties.get("subnets") or []),
            provisioning_state=properties.get("provisioningState") or "",
            tags=dict(document.get("tags") or {}),
            document=document,
        )

    def project(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "resource_group": self.resource_group,
            "subscription_id": self.subscription_id,
            "location": self.location,
            "address_prefixes": list(self.address_prefixes),
            "subnets": [subnet.project() for subnet in self.subnets],
            "provisioning_state": self.provisioning_state,
            "tags": dict(self.tags),
        }


@dataclass(frozen=True, slots=True)
class DesiredNetwork:
    """A network as the playbook wants it; ranges and subnets that it does not name are left alone."""

    name: str
    resource_group: str
    subscription_id: str
    location: str
    create_resource_group: bool = False
    address_prefixes: tuple[str, ...] = ()
    subnets: tuple[Subnet, ...] = ()
    tags: Mapping[str, str] | None = None
    append_tags: bool = True

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> DesiredNetwork:
        """Checked offline: names, region, ranges. Raises InvalidInput."""
        require_network_name(options["name"])
        target.require_same_region(options["location"], options["vault_location"], options["allow_other_region"])
        prefixes = options["address_prefixes"] or []
        subnets = [Subnet(entry["name"], (entry["address_prefix"],)) for entry in options["subnets"] or []]
        _require_ranges(prefixes)
        _require_subnets(subnets)
        if prefixes:
            _require_containment(subnets, prefixes)
        return cls(
            name=options["name"],
            resource_group=options["resource_group"],
            subscription_id=options["subscription_id"],
            location=region(options["location"]),
            create_resource_group=options["create_resource_group"],
            address_prefixes=tuple(prefixes),
            subnets=tuple(subnets),
            tags=checked_tags(options["tags"]),
            append_tags=options["append_tags"],
        )

    @property
    def reserved(self) -> list[str]:
        return [subnet.name for subnet in self.subnets if target.is_reserved(subnet.name)]


def plan_network(found: Grouped[VirtualNetwork], desired: DesiredNetwork) -> Plan:
    """Raises Refused for a missing group, another region, resized subnets and ranges that collide."""
    network = found.resource
    if network is None:
        return Plan.of(
            [group_change(found, desired.resource_group, desired.create_resource_group), *_creation(desired)]
        )
    if network.location != desired.location:
        raise Refused(
            f"location: network {network.name} is in {network.location} and can't be moved to {desired.location};"
            " give its location, or another name for a new network"
        )
    prefixes = _missing_prefixes(network, desired)
    subnets = _missing_subnets(network, desired, prefixes)
    return Plan.of(
        [
            _addition("address_prefixes", list(network.address_prefixes), prefixes, f"add {', '.join(prefixes)}"),
            _addition(
                "subnets",
                [subnet.project() for subnet in network.subnets],
                [subnet.project() for subnet in subnets],
                f"add subnet {', '.join(f'{subnet.name} ({subnet.prefixes[0]})' for subnet in subnets)}",
            ),
            compare("tags", dict(network.tags), merged_tags(network.tags, desired.tags, desired.append_tags)),
        ]
    )


def creation_body(desired: DesiredNetwork) -> dict[str, Any]:
    """The body of the call that makes the network."""
    return {
        "location": desired.location,
        "properties": {
            "addressSpace": {"addressPrefixes": list(desired.address_prefixes)},
            "subnets": [_subnet_body(subnet) for subnet in desired.subnets],
        },
        "tags": dict(desired.tags or {}),
    }


def merged_body(network: VirtualNetwork, plan: Plan) -> dict[str, Any]:
    """The whole network with the plan's additions.

    The service replaces a network by what it is sent: what is left out is gone. So all that was read goes back,
    fields that we know nothing of included.
    """
    after = {change.path: change.after for change in plan.changes}
    body = copy.deepcopy(dict(network.document))
    properties = body.setdefault("properties", {})
    if "address_prefixes" in after:
        properties.setdefault("addressSpace", {})["addressPrefixes"] = after["address_prefixes"]
    if "subnets" in after:
        known = len(network.subnets)
        added = [Subnet(entry["name"], tuple(entry["address_prefixes"])) for entry in after["subnets"][known:]]
        properties["subnets"] = [*(properties.get("subnets") or []), *(_subnet_body(subnet) for subnet in added)]
    if "tags" in after:
        body["tags"] = after["tags"]
    return body


def only_tags(plan: Plan) -> bool:
    return all(change.path == "tags" for change in plan.changes)


def _creation(desired: DesiredNetwork) -> list[Change]:
    if not any(_range(prefix).version == 4 for prefix in desired.address_prefixes):
        raise InvalidInput(
            "address_prefixes",
            f"network {desired.name} does not exist yet, and a new one needs an IPv4 range",
            "give one",
        )
    return creation(
        f"create network {desired.name} ({', '.join(desired.address_prefixes)}) in {desired.location}",
        {
            "id": UNKNOWN,
            "name": desired.name,
            "resource_group": desired.resource_group,
            "subscription_id": desired.subscription_id,
            "location": desired.location,
            "address_prefixes": list(desired.address_prefixes),
            "subnets": [subnet.project() for subnet in desired.subnets],
            "provisioning_state": "Succeeded",
            "tags": dict(desired.tags or {}),
        },
    )


def _addition(path: str, actual: list[Any], added: list[Any], reason: str) -> Change | None:
    return Change(path, actual, [*actual, *added], reason) if added else None


def _missing_prefixes(network: VirtualNetwork, desired: DesiredNetwork) -> list[str]:
    existing = {_range(prefix): prefix for prefix in network.address_prefixes}
    missing = [prefix for prefix in desired.address_prefixes if _range(prefix) not in existing]
    for prefix in missing:
        clash = _overlapping(_range(prefix), existing)
        if clash:
            raise Refused(
                f"address_prefixes: {prefix} overlaps {existing[clash]} of network {network.name};"
                " name the existing range, or a range beside it"
            )
    return missing


def _missing_subnets(network: VirtualNetwork, desired: DesiredNetwork, prefixes: Sequence[str]) -> list[Subnet]:
    missing = []
    for wanted in desired.subnets:
        existing = next((subnet for subnet in network.subnets if same_name(subnet.name, wanted.name)), None)
        if existing is None:
            _refuse_misplaced(network, wanted, prefixes)
            missing.append(wanted)
        elif _range(wanted.prefixes[0]) not in {_range(prefix) for prefix in existing.prefixes}:
            raise Refused(
                f"subnets: {existing.name} of network {network.name} is {', '.join(existing.prefixes)}, not"
                f" {wanted.prefixes[0]}; a subnet is not resized here: give its range, or another name for a new subnet"
            )
    return missing


def _refuse_misplaced(network: VirtualNetwork, wanted: Subnet, prefixes: Sequence[str]) -> None:
    place = _range(wanted.prefixes[0])
    taken = {_range(prefix): subnet.name for subnet in network.subnets for prefix in subnet.prefixes}
    clash = _overlapping(place, taken)
    if clash:
        raise Refused(
            f"subnets: {wanted.name} ({place}) overlaps {taken[clash]} ({clash}) of network {network.name};"
            " give a free range"
        )
    spaces = [*network.address_prefixes, *prefixes]
    if not _contained(place, spaces):
        raise Refused(
            f"subnets: {wanted.name} ({place}) lies outside of network {network.name} ({', '.join(spaces)});"
            " give a range inside, or add one to address_prefixes"
        )


def _require_ranges(prefixes: Sequence[str]) -> None:
    ranges = {_parsed("address_prefixes", prefix): prefix for prefix in prefixes}
    if len(ranges) < len(prefixes):
        raise InvalidInput("address_prefixes", "a range stands there twice", "name each once")
    for place in ranges:
        _require_allowed("address_prefixes", place)
    for left, right in combinations(ranges, 2):
        if _overlap(left, right):
            raise InvalidInput(
                "address_prefixes", f"{left} and {right} overlap", "give ranges that lie beside each other"
            )


def _require_subnets(subnets: Sequence[Subnet]) -> None:
    seen: set[str] = set()
    for subnet in subnets:
        option = f"subnets ({subnet.name})"
        require_subnet_name(subnet.name, option)
        if subnet.name.casefold() in seen:
            raise InvalidInput(
                option, "stands there twice (case does not tell names apart)", "give each subnet its own name"
            )
        seen.add(subnet.name.casefold())
        _require_usable(option, _parsed(option, subnet.prefixes[0]))
    for left, right in combinations(subnets, 2):
        if _overlap(_range(left.prefixes[0]), _range(right.prefixes[0])):
            raise InvalidInput(
                "subnets",
                f"{left.name} ({left.prefixes[0]}) and {right.name} ({right.prefixes[0]}) overlap",
                "give ranges that lie beside each other",
            )


def _require_usable(option: str, place: Range) -> None:
    if place.version == 6:
        raise InvalidInput(option, f"{place} is IPv6, and failed-over machines need IPv4", "give an IPv4 range")
    if place.prefixlen > _SMALLEST_IPV4:
        raise InvalidInput(option, f"{place} is too small, Azure's smallest subnet is /29", "give a larger range")
    _require_allowed(option, place)


def _require_containment(subnets: Sequence[Subnet], prefixes: Sequence[str]) -> None:
    for subnet in subnets:
        if not _contained(_range(subnet.prefixes[0]), prefixes):
            raise InvalidInput(
                f"subnets ({subnet.name})",
                f"{subnet.prefixes[0]} lies outside of {', '.join(prefixes)}",
                "give a range inside, or add one to address_prefixes",
            )


def _require_allowed(option: str, place: Range) -> None:
    for forbidden, purpose in _FORBIDDEN.items():
        if _overlap(place, forbidden):
            raise InvalidInput(
                option, f"{place} touches {forbidden} ({purpose}), which Azure does not allow", "give another range"
            )


def _parsed(option: str, text: str) -> Range:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        pass
    try:
        meant = ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise InvalidInput(option, f"'{text}' is no address range", "write it like 10.20.0.0/16") from error
    raise InvalidInput(option, f"'{text}' is an address inside a range", f"if the whole range is meant, write {meant}")


def _range(text: str) -> Range:
    """A range that was checked before, or that Azure gave."""
    return ipaddress.ip_network(text, strict=False)


def _overlap(left: Range, right: Range) -> bool:
    return left.version == right.version and left.overlaps(right)


def _overlapping(place: Range, others: Iterable[Range]) -> Range | None:
    return next((other for other in others if _overlap(place, other)), None)


def _contained(place: Range, prefixes: Iterable[str]) -> bool:
    spaces = [_range(prefix) for prefix in prefixes]
    return any(
        (
            isinstance(place, ipaddress.IPv4Network)
            and isinstance(space, ipaddress.IPv4Network)
            and place.subnet_of(space)
        )
        or (
            isinstance(place, ipaddress.IPv6Network)
            and isinstance(space, ipaddress.IPv6Network)
            and place.subnet_of(space)
        )
        for space in spaces
    )


def _subnet_body(subnet: Subnet) -> dict[str, Any]:
    return {"name": subnet.name, "properties": {"addressPrefix": subnet.prefixes[0]}}
