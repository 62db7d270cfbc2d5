# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the plan of a network and the request bodies. They keep all properties that the options do not name."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..common.errors import InvalidInput, Refused
from ..common.plan import UNKNOWN, Change, Plan, creation, merged_tags
from .address_ranges import as_range, contained, overlap, overlapping
from .operation_states import is_broken, is_failed
from .properties import differing, merged, write_properties
from .resource_group import ResourceState, group_change, provider_change
from .subnet import Subnet, describe_change, describe_subnet, refuse_loss, write_subnet
from .virtual_network import PROPERTIES, PROVIDER, DesiredNetwork, VirtualNetwork

_STATE = "provisioning_state"


def plan_network(state: ResourceState[VirtualNetwork], desired: DesiredNetwork) -> Plan:
    """Plan one network. Raises Refused for a missing group, another region, conflicting ranges and losses in use."""
    network = state.resource
    if not desired.present:
        return _removal(network, desired)
    if network is None:
        provider = provider_change(state, PROVIDER, desired.subscription_id, desired.register_resource_provider)
        group = group_change(state, desired.resource_group, desired.create_resource_group)
        return Plan.of([provider, group, *_creation(desired)])
    _require_location(network, desired)
    after = network_after(network, desired)
    _refuse_misplaced(network, after)
    was, will = network.to_result(), after.to_result()
    reasons = {
        "address_prefixes": _describe_ranges(network, after),
        "subnets": _describe_subnets(network, after),
        _STATE: f"write network {network.name} again, because its last operation"
        f" {'failed' if is_failed(network.provisioning_state) else 'was canceled'}",
    }
    changed = (path for path in was if was[path] != will[path])
    return Plan(tuple(Change(path, was[path], will[path], reasons.get(path, "")) for path in changed))


def network_after(network: VirtualNetwork, desired: DesiredNetwork) -> VirtualNetwork:
    """Return the network after the change. Raises Refused and InvalidInput for impossible changes."""
    return replace(
        network,
        address_prefixes=_prefixes_after(network, desired),
        subnets=_subnets_after(network, desired),
        tags=merged_tags(network.tags, desired.tags, desired.purge_tags),
        settings=merged(PROPERTIES, network.settings, desired.values),
        provisioning_state="Succeeded" if is_broken(network.provisioning_state) else network.provisioning_state,
    )


def without_repair(plan: Plan) -> Plan:
    """Return a plan without the repair of a failed network."""
    return Plan(tuple(change for change in plan.changes if change.path != _STATE))


def creation_body(desired: DesiredNetwork) -> dict[str, Any]:
    """Return the body that creates the network."""
    empty, new = _empty(desired), _new(desired)
    body: dict[str, Any] = {
        "location": desired.location,
        "properties": {
            "addressSpace": {"addressPrefixes": list(new.address_prefixes)},
            "subnets": [write_subnet(subnet, None, None) for subnet in new.subnets],
        },
        "tags": dict(new.tags),
    }
    return write_properties(PROPERTIES, differing(PROPERTIES, empty.settings, new.settings), body)


def merged_body(network: VirtualNetwork, desired: DesiredNetwork) -> dict[str, Any]:
    """Return the body that updates the network: the complete document that was read, with the changes in it.

    The service replaces a network by what it receives and drops what is missing. So everything that was read is sent
    back, including members that are unknown here.
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
            write_subnet(subnet, before.get(subnet.name), documents.get(subnet.name)) for subnet in after.subnets
        ]
    if after.tags != network.tags:
        body["tags"] = dict(after.tags)
    return write_properties(PROPERTIES, differing(PROPERTIES, network.settings, after.settings), body)


@dataclass(frozen=True, slots=True)
class SubnetWrite:
    """The write of one subnet. `etag` is empty for a new one."""

    before: Subnet | None
    after: Subnet
    body: Mapping[str, Any] = field(compare=False)
    etag: str = field(compare=False)


def subnet_writes(network: VirtualNetwork, desired: DesiredNetwork) -> tuple[SubnetWrite, ...]:
    """Return the writes of single subnets that have the same effect as the update of the network.

    There are none if anything else changes, or if a subnet is removed. The update of a network repeats the references
    of all of its subnets, and thus needs permissions on all of these resources.
    """
    after = network_after(network, desired)
    before = {subnet.name: subnet for subnet in network.subnets}
    if replace(after, subnets=network.subnets) != network or not before.keys() <= {each.name for each in after.subnets}:
        return ()
    documents = {entry["name"]: entry for entry in (network.document.get("properties") or {}).get("subnets") or []}
    return tuple(
        SubnetWrite(
            before.get(subnet.name),
            subnet,
            write_subnet(subnet, before.get(subnet.name), documents.get(subnet.name)),
            str(documents.get(subnet.name, {}).get("etag") or ""),
        )
        for subnet in after.subnets
        if subnet != before.get(subnet.name)
    )


def only_tags(plan: Plan) -> bool:
    """Tell whether a plan changes nothing but tags."""
    return all(change.path == "tags" for change in plan.changes)


def peering_problems(network: VirtualNetwork) -> list[str]:
    """Describe the peerings that do not know the ranges of the network yet. Only their owner can synchronize them."""
    return [
        f"peering {peering.name} does not have the present ranges of the network; synchronize it, so that traffic is"
        " routed to all of them"
        for peering in network.peerings
        if not peering.in_sync
    ]


def _creation(desired: DesiredNetwork) -> list[Change]:
    if not any(as_range(prefix).version == 4 for prefix in desired.address_prefixes):
        raise InvalidInput(
            "address_prefixes",
            f"network {desired.name} does not exist yet, and a new network needs an IPv4 range",
            "give one",
        )
    return creation(
        f"create network {desired.name} ({', '.join(desired.address_prefixes)}) in {desired.location}",
        _new(desired).to_result(),
    )


def _empty(desired: DesiredNetwork) -> VirtualNetwork:
    return VirtualNetwork(
        id=UNKNOWN,
        name=desired.name,
        resource_group=desired.resource_group,
        subscription_id=desired.subscription_id,
        location=desired.location or "",
        address_prefixes=(),
        subnets=(),
        provisioning_state="Succeeded",
        tags={},
        settings={row.path: row.initial for row in PROPERTIES},
    )


def _new(desired: DesiredNetwork) -> VirtualNetwork:
    return network_after(_empty(desired), desired)


def _removal(network: VirtualNetwork | None, desired: DesiredNetwork) -> Plan:
    """Plan the deletion of an empty network that the user confirmed. Raises Refused for any other network."""
    if network is None:
        return Plan()
    if desired.location:
        _require_location(network, desired)
    used = [f"subnet {subnet.name} by {subnet.used_by}" for subnet in network.subnets if subnet.users]
    if used:
        raise Refused(f"state: network {network.name} is in use ({'; '.join(used)}); move or delete these first")
    if network.peerings:
        names = ", ".join(peering.name for peering in network.peerings)
        raise Refused(f"state: network {network.name} is peered ({names}); delete the peerings on both sides first")
    if not desired.allow_delete:
        raise Refused(
            f"state: network {network.name} exists and is unused, but a deletion cannot be undone;"
            " set allow_delete to true to confirm it"
        )
    empty = ", ".join(subnet.name for subnet in network.subnets) or "none"
    return Plan((Change("state", "present", "absent", f"delete network {network.name} (empty subnets: {empty})"),))


def _require_location(network: VirtualNetwork, desired: DesiredNetwork) -> None:
    if network.location != desired.location:
        raise Refused(
            f"location: network {network.name} is in {network.location} and cannot be moved to {desired.location};"
            " use its location, or choose another name for a new network"
        )


def _prefixes_after(network: VirtualNetwork, desired: DesiredNetwork) -> tuple[str, ...]:
    existing = {as_range(prefix): prefix for prefix in network.address_prefixes}
    wanted = {as_range(prefix): prefix for prefix in desired.address_prefixes}
    kept = {key: prefix for key, prefix in existing.items() if key in wanted or not desired.purge_address_prefixes}
    added = {key: prefix for key, prefix in wanted.items() if key not in existing}
    for key, prefix in added.items():
        clash = overlapping(key, kept)
        if clash:
            raise Refused(
                f"address_prefixes: {prefix} overlaps {kept[clash]} of network {network.name}; give the existing range,"
                " or a free range, or all ranges together with purge_address_prefixes"
            )
        _refuse_peer_overlap(network, prefix)
    return (*kept.values(), *added.values())


def _refuse_peer_overlap(network: VirtualNetwork, prefix: str) -> None:
    for peering in network.peerings:
        clash = overlapping(as_range(prefix), map(as_range, peering.remote_prefixes))
        if clash:
            raise Refused(
                f"address_prefixes: {prefix} overlaps {clash} of the network behind peering {peering.name} of network"
                f" {network.name}; give a range that is free in both"
            )


def _subnets_after(network: VirtualNetwork, desired: DesiredNetwork) -> tuple[Subnet, ...]:
    wanted = {subnet.name.casefold(): subnet for subnet in desired.subnets}
    known = {subnet.name.casefold() for subnet in network.subnets}
    after = []
    for before in network.subnets:
        requested = wanted.get(before.name.casefold())
        if requested is None and desired.purge_subnets:
            refuse_loss(network.name, before, None)
            continue
        subnet = requested.merge_into(before) if requested else before
        refuse_loss(network.name, before, subnet)
        after.append(subnet)
    return (*after, *(subnet.merge_into(None) for name, subnet in wanted.items() if name not in known))


def _refuse_misplaced(network: VirtualNetwork, after: VirtualNetwork) -> None:
    """Raise Refused for subnets that the plan places wrongly or leaves without a range. Earlier faults are ignored."""
    before = {subnet.name: subnet for subnet in network.subnets}
    for subnet in after.subnets:
        old = before.get(subnet.name)
        placed = [text for text in subnet.prefixes if old is None or text not in old.prefixes]
        for text in placed:
            _refuse_overlap(network, subnet, text, after.subnets)
            if not contained(as_range(text), after.address_prefixes):
                raise Refused(
                    f"subnets: {subnet.name} ({text}) is outside of network {network.name}"
                    f" ({', '.join(after.address_prefixes)}); give a range inside, or add one to address_prefixes"
                )
        for text in set(subnet.prefixes).difference(placed):
            if contained(as_range(text), network.address_prefixes) and not contained(
                as_range(text), after.address_prefixes
            ):
                raise Refused(
                    f"address_prefixes: subnet {subnet.name} ({text}) would be outside of the ranges of network"
                    f" {network.name}; give a range around it, or remove the subnet with purge_subnets"
                )


def _refuse_overlap(network: VirtualNetwork, subnet: Subnet, text: str, others: Sequence[Subnet]) -> None:
    for other in others:
        clash = overlapping(as_range(text), map(as_range, other.prefixes)) if other.name != subnet.name else None
        if clash:
            rename = ""
            if clash == as_range(text):
                rename = ", or replace the subnet with purge_subnets (it cannot be renamed)"
            raise Refused(
                f"subnets: {subnet.name} ({text}) overlaps {other.name} ({clash}) of network {network.name};"
                f" give a free range{rename}"
            )


def _describe_ranges(network: VirtualNetwork, after: VirtualNetwork) -> str:
    added = [prefix for prefix in after.address_prefixes if prefix not in network.address_prefixes]
    removed = [prefix for prefix in network.address_prefixes if prefix not in after.address_prefixes]
    parts = [f"remove {', '.join(removed)}"] if removed else []
    return "; ".join([*parts, *([f"add {', '.join(added)}"] if added else [])])


def _describe_subnets(network: VirtualNetwork, after: VirtualNetwork) -> str:
    before = {subnet.name: subnet for subnet in network.subnets}
    names = {subnet.name for subnet in after.subnets}
    removed = [subnet for subnet in network.subnets if subnet.name not in names]
    added = [subnet for subnet in after.subnets if subnet.name not in before]
    parts = [f"remove subnet {', '.join(describe_subnet(subnet) for subnet in removed)}"] if removed else []
    if added:
        parts.append(f"add subnet {', '.join(describe_subnet(subnet) for subnet in added)}")
    parts += [f"{new.name} replaces {old.name}" for old in removed for new in added if _share_a_range(old, new)]
    parts += [
        describe_change(before[subnet.name], subnet)
        for subnet in after.subnets
        if subnet.name in before and before[subnet.name] != subnet
    ]
    return "; ".join(parts)


def _share_a_range(left: Subnet, right: Subnet) -> bool:
    return any(overlap(as_range(one), as_range(other)) for one in left.prefixes for other in right.prefixes)
