# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the network that failed-over machines join: what it is, what is wanted, what to change.

Rules: Azure Virtual Network FAQ, API description of virtualNetworks, pages on peering and on encryption.
"""

from __future__ import annotations

import copy
import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from ..common.errors import InvalidInput, Refused
from ..common.names import ResourceId, region, require_network_name, same_id, same_name
from ..common.plan import UNKNOWN, Change, Plan, checked_tags, creation, merged_tags
from . import target_rules as target
from .address_ranges import as_range, contained, overlap, overlapping, require_ranges
from .resource_group import Grouped, group_change
from .subnet import DesiredSubnet, Subnet, addition, difference, refuse_loss, written

_FLOW_TIMEOUT = range(4, 31)
_DDOS_PLANS = "Microsoft.Network/ddosProtectionPlans"


@dataclass(frozen=True, slots=True)
class Peering:
    """Another network that this one is joined with; it is not managed here, but it limits what can be done."""

    name: str
    in_sync: bool
    remote_prefixes: tuple[str, ...]

    @classmethod
    def from_wire(cls, document: Mapping[str, Any]) -> Peering:
        properties = document.get("properties") or {}
        # Older API versions tell nothing of synchrony.
        level = properties.get("peeringSyncLevel") or "FullyInSync"
        spaces = properties.get("remoteVirtualNetworkAddressSpace") or properties.get("remoteAddressSpace") or {}
        return cls(str(document.get("name")), level == "FullyInSync", tuple(spaces.get("addressPrefixes") or []))


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
    dns_servers: tuple[str, ...] = ()
    flow_timeout_in_minutes: int | None = None
    encryption: Mapping[str, Any] | None = None
    ddos_protection_plan: str | None = None
    peerings: tuple[Peering, ...] = field(default=(), compare=False)
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
            dns_servers=tuple((properties.get("dhcpOptions") or {}).get("dnsServers") or []),
            flow_timeout_in_minutes=properties.get("flowTimeoutInMinutes"),
            encryption=_encryption(properties.get("encryption")),
            ddos_protection_plan=(properties.get("ddosProtectionPlan") or {}).get("id"),
            peerings=tuple(map(Peering.from_wire, properties.get("virtualNetworkPeerings") or [])),
            document=document,
        )

    @property
    def etag(self) -> str | None:
        """The mark of what was read: a write that carries it fails when somebody else wrote in between."""
        return self.document.get("etag")

    def to_result(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "resource_group": self.resource_group,
            "subscription_id": self.subscription_id,
            "location": self.location,
            "address_prefixes": list(self.address_prefixes),
            "subnets": [subnet.to_result() for subnet in self.subnets],
            "dns_servers": list(self.dns_servers),
            "flow_timeout_in_minutes": self.flow_timeout_in_minutes,
            "encryption": None if self.encryption is None else dict(self.encryption),
            "ddos_protection_plan": self.ddos_protection_plan,
            "provisioning_state": self.provisioning_state,
            "tags": dict(self.tags),
        }


@dataclass(frozen=True, slots=True)
class DesiredNetwork:
    """A network as the playbook wants it. None: nobody wrote it, so it is left alone.

    Ranges and subnets that it does not name are kept, unless their purging is asked for.
    """

    name: str
    resource_group: str
    subscription_id: str
    location: str | None
    present: bool = True
    allow_delete: bool = False
    create_resource_group: bool = False
    address_prefixes: tuple[str, ...] = ()
    purge_address_prefixes: bool = False
    subnets: tuple[DesiredSubnet, ...] = ()
    purge_subnets: bool = False
    dns_servers: tuple[str, ...] | None = None
    flow_timeout_in_minutes: int | None = None
    encryption: Mapping[str, Any] | None = None
    ddos_protection_plan: str | None = None
    tags: Mapping[str, str] | None = None
    append_tags: bool = True

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> DesiredNetwork:
        """Checked offline: names, region, ranges, ids. Raises InvalidInput."""
        require_network_name(options["name"])
        prefixes = options["address_prefixes"] or []
        subnets = [
            DesiredSubnet.from_options(entry, options["subscription_id"] or "") for entry in options["subnets"] or []
        ]
        _require_location(options)
        require_ranges("address_prefixes", prefixes)
        _require_subnets(subnets)
        if prefixes:
            _require_containment(subnets, prefixes)
        _require_purge("address_prefixes", options["purge_address_prefixes"], written=bool(prefixes))
        _require_purge("subnets", options["purge_subnets"], written=options["subnets"] is not None)
        _require_settings(options)
        servers = options["dns_servers"]
        return cls(
            name=options["name"],
            resource_group=options["resource_group"],
            subscription_id=options["subscription_id"],
            location=region(options["location"]) if options["location"] else None,
            present=options["state"] == "present",
            allow_delete=options["allow_delete"],
            create_resource_group=options["create_resource_group"],
            address_prefixes=tuple(prefixes),
            purge_address_prefixes=options["purge_address_prefixes"],
            subnets=tuple(subnets),
            purge_subnets=options["purge_subnets"],
            dns_servers=None if servers is None else tuple(servers),
            flow_timeout_in_minutes=options["flow_timeout_in_minutes"],
            encryption=options["encryption"],
            ddos_protection_plan=options["ddos_protection_plan"],
            tags=checked_tags(options["tags"]),
            append_tags=options["append_tags"],
        )

    @property
    def reserved(self) -> list[str]:
        return [subnet.name for subnet in self.subnets if target.is_reserved(subnet.name)]


def plan_network(found: Grouped[VirtualNetwork], desired: DesiredNetwork) -> Plan:
    """Raises Refused for a missing group, another region, ranges that collide, and the loss of what is in use."""
    network = found.resource
    if not desired.present:
        return _removal(network, desired)
    if network is None:
        return Plan.of(
            [group_change(found, desired.resource_group, desired.create_resource_group), *_creation(desired)]
        )
    _require_place(network, desired)
    after = network_after(network, desired)
    _refuse_misplaced(network, after)
    was, will = network.to_result(), after.to_result()
    reasons = {
        "address_prefixes": _told_ranges(network, after),
        "subnets": _told_subnets(network, after),
    }
    changed = (path for path in was if was[path] != will[path])
    return Plan(tuple(Change(path, was[path], will[path], reasons.get(path, "")) for path in changed))


def network_after(network: VirtualNetwork, desired: DesiredNetwork) -> VirtualNetwork:
    """The network with what is wanted over it. Raises Refused and InvalidInput for what can't be."""
    prefixes = _prefixes_after(network, desired)
    return VirtualNetwork(
        id=network.id,
        name=network.name,
        resource_group=network.resource_group,
        subscription_id=network.subscription_id,
        location=network.location,
        address_prefixes=prefixes,
        subnets=_subnets_after(network, desired),
        provisioning_state=network.provisioning_state,
        tags=merged_tags(network.tags, desired.tags, desired.append_tags),
        dns_servers=network.dns_servers if desired.dns_servers is None else desired.dns_servers,
        flow_timeout_in_minutes=desired.flow_timeout_in_minutes or network.flow_timeout_in_minutes,
        encryption=_encryption_after(network.encryption, desired.encryption),
        ddos_protection_plan=_ddos_after(network.ddos_protection_plan, desired.ddos_protection_plan),
        peerings=network.peerings,
    )


def creation_body(desired: DesiredNetwork) -> dict[str, Any]:
    """The body of the call that makes the network."""
    new = _new(desired)
    body: dict[str, Any] = {
        "location": desired.location,
        "properties": {
            "addressSpace": {"addressPrefixes": list(new.address_prefixes)},
            "subnets": [written(subnet, None, None) for subnet in new.subnets],
        },
        "tags": dict(new.tags),
    }
    _write_settings(body["properties"], _new(DesiredNetwork(new.name, "", "", new.location)), new)
    return body


def merged_body(network: VirtualNetwork, desired: DesiredNetwork) -> dict[str, Any]:
    """The whole network, with what is wanted over what was read.

    The service replaces a network by what it is sent: what is left out is gone. So all that was read goes back,
    fields that we know nothing of included.
    """
    after = network_after(network, desired)
    body = copy.deepcopy(dict(network.document))
    properties = body.setdefault("properties", {})
    if after.address_prefixes != network.address_prefixes:
        properties.setdefault("addressSpace", {})["addressPrefixes"] = list(after.address_prefixes)
    if after.subnets != network.subnets:
        before = {subnet.name: subnet for subnet in network.subnets}
        documents = {entry["name"]: entry for entry in properties.get("subnets") or []}
        properties["subnets"] = [
            written(subnet, before.get(subnet.name), documents.get(subnet.name)) for subnet in after.subnets
        ]
    _write_settings(properties, network, after)
    if after.tags != network.tags:
        body["tags"] = dict(after.tags)
    return body


def only_tags(plan: Plan) -> bool:
    return all(change.path == "tags" for change in plan.changes)


def peering_findings(network: VirtualNetwork) -> list[str]:
    """Peerings that don't know the network's ranges yet; nobody but their owner synchronizes them."""
    return [
        f"peering {peering.name} does not have the network's present ranges; synchronize it, so that traffic finds them"
        for peering in network.peerings
        if not peering.in_sync
    ]


def _creation(desired: DesiredNetwork) -> list[Change]:
    if not any(as_range(prefix).version == 4 for prefix in desired.address_prefixes):
        raise InvalidInput(
            "address_prefixes",
            f"network {desired.name} does not exist yet, and a new one needs an IPv4 range",
            "give one",
        )
    return creation(
        f"create network {desired.name} ({', '.join(desired.address_prefixes)}) in {desired.location}",
        _new(desired).to_result(),
    )


def _new(desired: DesiredNetwork) -> VirtualNetwork:
    nothing = VirtualNetwork(
        id=UNKNOWN,
        name=desired.name,
        resource_group=desired.resource_group,
        subscription_id=desired.subscription_id,
        location=desired.location or "",
        address_prefixes=(),
        subnets=(),
        provisioning_state="Succeeded",
        tags={},
    )
    return network_after(nothing, desired)


def _removal(network: VirtualNetwork | None, desired: DesiredNetwork) -> Plan:
    """An empty network, when somebody said that this is meant. Raises Refused for all others."""
    if network is None:
        return Plan()
    if desired.location:
        _require_place(network, desired)
    used = [f"subnet {subnet.name} by {subnet.used_by}" for subnet in network.subnets if subnet.users]
    if used:
        raise Refused(f"state: network {network.name} is in use ({'; '.join(used)}); move or delete these first")
    if network.peerings:
        names = ", ".join(peering.name for peering in network.peerings)
        raise Refused(f"state: network {network.name} is peered ({names}); delete the peerings on both sides first")
    if not desired.allow_delete:
        raise Refused(
            f"state: network {network.name} exists and nobody uses it, but deleting can't be undone;"
            " set allow_delete to true if that is meant"
        )
    empty = ", ".join(subnet.name for subnet in network.subnets) or "none"
    return Plan((Change("state", "present", "absent", f"delete network {network.name} (empty subnets: {empty})"),))


def _require_place(network: VirtualNetwork, desired: DesiredNetwork) -> None:
    if network.location != desired.location:
        raise Refused(
            f"location: network {network.name} is in {network.location} and can't be moved to {desired.location};"
            " give its location, or another name for a new network"
        )


def _prefixes_after(network: VirtualNetwork, desired: DesiredNetwork) -> tuple[str, ...]:
    existing = {as_range(prefix): prefix for prefix in network.address_prefixes}
    wanted = {as_range(prefix): prefix for prefix in desired.address_prefixes}
    kept = {
        place: prefix for place, prefix in existing.items() if place in wanted or not desired.purge_address_prefixes
    }
    added = {place: prefix for place, prefix in wanted.items() if place not in existing}
    for place, prefix in added.items():
        clash = overlapping(place, kept)
        if clash:
            raise Refused(
                f"address_prefixes: {prefix} overlaps {kept[clash]} of network {network.name}; name the existing range,"
                " or a range beside it, or all ranges and set purge_address_prefixes"
            )
        _refuse_peer_overlap(network, prefix)
    return (*kept.values(), *added.values())


def _refuse_peer_overlap(network: VirtualNetwork, prefix: str) -> None:
    for peering in network.peerings:
        clash = overlapping(as_range(prefix), map(as_range, peering.remote_prefixes))
        if clash:
            raise Refused(
                f"address_prefixes: {prefix} overlaps {clash} of the network behind peering {peering.name} of network"
                f" {network.name}; give a range that neither has"
            )


def _subnets_after(network: VirtualNetwork, desired: DesiredNetwork) -> tuple[Subnet, ...]:
    wanted = {subnet.name.casefold(): subnet for subnet in desired.subnets}
    known = {subnet.name.casefold() for subnet in network.subnets}
    after = []
    for before in network.subnets:
        asked = wanted.get(before.name.casefold())
        if asked is None and desired.purge_subnets:
            refuse_loss(network.name, before, None)
            continue
        subnet = asked.over(before) if asked else before
        refuse_loss(network.name, before, subnet)
        after.append(subnet)
    return (*after, *(subnet.over(None) for name, subnet in wanted.items() if name not in known))


def _refuse_misplaced(network: VirtualNetwork, after: VirtualNetwork) -> None:
    """What the plan places or uncovers; what lay askew before is not judged."""
    before = {subnet.name: subnet for subnet in network.subnets}
    for subnet in after.subnets:
        old = before.get(subnet.name)
        placed = [text for text in subnet.prefixes if old is None or text not in old.prefixes]
        for text in placed:
            _refuse_overlap(network, subnet, text, after.subnets)
            if not contained(as_range(text), after.address_prefixes):
                raise Refused(
                    f"subnets: {subnet.name} ({text}) lies outside of network {network.name}"
                    f" ({', '.join(after.address_prefixes)}); give a range inside, or add one to address_prefixes"
                )
        for text in set(subnet.prefixes).difference(placed):
            if contained(as_range(text), network.address_prefixes) and not contained(
                as_range(text), after.address_prefixes
            ):
                raise Refused(
                    f"address_prefixes: the range of subnet {subnet.name} ({text}) of network {network.name} would be"
                    " left without one; name a range around it, or take the subnet away with purge_subnets"
                )


def _refuse_overlap(network: VirtualNetwork, subnet: Subnet, text: str, others: Sequence[Subnet]) -> None:
    for other in others:
        clash = overlapping(as_range(text), map(as_range, other.prefixes)) if other.name != subnet.name else None
        if clash:
            rename = "; a subnet can't be renamed, only replaced with purge_subnets" if clash == as_range(text) else ""
            raise Refused(
                f"subnets: {subnet.name} ({text}) overlaps {other.name} ({clash}) of network {network.name};"
                f" give a free range{rename}"
            )


def _told_ranges(network: VirtualNetwork, after: VirtualNetwork) -> str:
    added = [prefix for prefix in after.address_prefixes if prefix not in network.address_prefixes]
    gone = [prefix for prefix in network.address_prefixes if prefix not in after.address_prefixes]
    told = [f"take away {', '.join(gone)}"] if gone else []
    return "; ".join([*told, *([f"add {', '.join(added)}"] if added else [])])


def _told_subnets(network: VirtualNetwork, after: VirtualNetwork) -> str:
    before = {subnet.name: subnet for subnet in network.subnets}
    names = {subnet.name for subnet in after.subnets}
    gone = [subnet for subnet in network.subnets if subnet.name not in names]
    added = [subnet for subnet in after.subnets if subnet.name not in before]
    told = [f"take away subnet {', '.join(addition(subnet) for subnet in gone)}"] if gone else []
    if added:
        told.append(f"add subnet {', '.join(addition(subnet) for subnet in added)}")
    told += [f"{new.name} is made in place of {old.name}" for old in gone for new in added if _same_place(old, new)]
    told += [
        difference(before[subnet.name], subnet)
        for subnet in after.subnets
        if subnet.name in before and before[subnet.name] != subnet
    ]
    return "; ".join(told)


def _same_place(left: Subnet, right: Subnet) -> bool:
    return any(overlap(as_range(one), as_range(other)) for one in left.prefixes for other in right.prefixes)


def _encryption(wire: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if not wire else {"enabled": bool(wire.get("enabled")), "enforcement": wire.get("enforcement")}


def _encryption_after(before: Mapping[str, Any] | None, wanted: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    if wanted is None or (before is None and not wanted["enabled"]):
        return before
    kept = (before or {}).get("enforcement") or "AllowUnencrypted"
    return {"enabled": wanted["enabled"], "enforcement": wanted.get("enforcement") or kept}


def _ddos_after(before: str | None, wanted: str | None) -> str | None:
    if wanted is None or same_id(before, wanted):
        return before
    return wanted or None


def _write_settings(properties: dict[str, Any], before: VirtualNetwork, after: VirtualNetwork) -> None:
    if after.dns_servers != before.dns_servers:
        properties.setdefault("dhcpOptions", {})["dnsServers"] = list(after.dns_servers)
    if after.flow_timeout_in_minutes != before.flow_timeout_in_minutes:
        properties["flowTimeoutInMinutes"] = after.flow_timeout_in_minutes
    if after.encryption != before.encryption:
        properties["encryption"] = dict(after.encryption or {})
    if after.ddos_protection_plan != before.ddos_protection_plan:
        properties.pop("ddosProtectionPlan", None)
        if after.ddos_protection_plan:
            properties["ddosProtectionPlan"] = {"id": after.ddos_protection_plan}
        properties["enableDdosProtection"] = bool(after.ddos_protection_plan)


def _require_location(options: Mapping[str, Any]) -> None:
    if options["location"]:
        target.require_same_region(options["location"], options["vault_location"], options["allow_other_region"])
    elif options["state"] == "present":
        raise InvalidInput("location", "is needed unless the network is to be absent", "give the region")


def _require_purge(option: str, purge: bool, *, written: bool) -> None:
    if purge and not written:
        raise InvalidInput(
            f"purge_{option}", f"would take all away when {option} names nothing", f"write {option}, or leave it out"
        )


def _require_subnets(subnets: Sequence[DesiredSubnet]) -> None:
    seen: set[str] = set()
    for subnet in subnets:
        if subnet.name.casefold() in seen:
            raise InvalidInput(
                f"subnets ({subnet.name})",
                "stands there twice (case does not tell names apart)",
                "give each subnet its own name",
            )
        seen.add(subnet.name.casefold())
    for left, right in combinations(subnets, 2):
        for one, other in ((one, other) for one in left.ranges for other in right.ranges):
            if overlap(as_range(one), as_range(other)):
                raise InvalidInput(
                    "subnets",
                    f"{left.name} ({one}) and {right.name} ({other}) overlap",
                    "give ranges that lie beside each other",
                )


def _require_containment(subnets: Sequence[DesiredSubnet], prefixes: Sequence[str]) -> None:
    for subnet in subnets:
        for text in subnet.ranges:
            if not contained(as_range(text), prefixes):
                raise InvalidInput(
                    f"subnets ({subnet.name})",
                    f"{text} lies outside of {', '.join(prefixes)}",
                    "give a range inside, or add one to address_prefixes",
                )


def _require_settings(options: Mapping[str, Any]) -> None:
    servers = options["dns_servers"] or []
    for server in servers:
        try:
            ipaddress.ip_address(server)
        except ValueError:
            raise InvalidInput("dns_servers", f"'{server}' is no address", "give addresses, names don't work") from None
    if len(set(servers)) < len(servers):
        raise InvalidInput("dns_servers", "a server stands there twice", "name each once")
    timeout = options["flow_timeout_in_minutes"]
    if timeout is not None and int(timeout) not in _FLOW_TIMEOUT:
        raise InvalidInput("flow_timeout_in_minutes", f"{timeout} is not between 4 and 30", "give 4 to 30 minutes")
    _require_ddos_plan(options["ddos_protection_plan"])


def _require_ddos_plan(plan: str | None) -> None:
    try:
        fits = not plan or same_name(ResourceId.parse(plan).provider_type, _DDOS_PLANS)
    except ValueError:
        fits = False
    if not fits:
        raise InvalidInput(
            "ddos_protection_plan", f"'{plan}' is not the id of one", f"give an id that ends in {_DDOS_PLANS}/<name>"
        )
