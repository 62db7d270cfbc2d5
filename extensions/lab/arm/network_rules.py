# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of the network provider: names, address ranges, references, and what a change must keep."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterable, Iterator
from itertools import combinations

from .documents import USERS
from .messages import ArmError, Json, member, objects
from .state import AzureState

Prefix = ipaddress.IPv4Network | ipaddress.IPv6Network

# documented: naming rules.
NETWORK_NAME = re.compile(r"[A-Za-z0-9]([\w.-]{0,62}\w)?")
_SUBNET_NAME = re.compile(r"[A-Za-z0-9]([\w.-]{0,78}\w)?")
# documented: five addresses of each subnet are reserved.
RESERVED_ADDRESSES = 5
# documented: the smallest IPv4 subnet.
_SMALLEST = 29
# documented: IPv6 for Azure Virtual Network.
_ONLY_IPV6 = 64


def refused(status: int, code: str, text: str) -> ArmError:
    """Return an error of the network provider, with an empty list of details (recorded: Azure CLI)."""
    return ArmError(status, code, text, details=[])


def bad_name(name: str) -> str:
    # recorded in public threads: text of the provider's name check.
    return (
        f"Resource name {name} is invalid. The name can be up to 80 characters long. It must begin with a word "
        "character, and it must end with a word character or with '_'. The name may contain word characters "
        "or '.', '-', '_'."
    )


# documented: "Default outbound access in Azure": subnets are private by default from this api-version on.
_PRIVATE_BY_DEFAULT = "2025-07-01"


def make_private(subnets: Iterable[Json], existing: Collection[str], version: str) -> None:
    """Give new subnets of a body the outbound access that the api-version has as its default.

    Inferred: an older api-version leaves the property out.
    """
    for entry in subnets:
        if version >= _PRIVATE_BY_DEFAULT and str(entry.get("name")).casefold() not in existing:
            if entry.get("properties") is None:
                entry["properties"] = {}
            entry["properties"].setdefault("defaultOutboundAccess", False)


def refuse_used(subnet: Json) -> None:
    used = [user for key in USERS for user in subnet["properties"].get(key, [])]
    if used:
        # recorded: Azure CLI, test_delete_dependent_resources.
        raise refused(
            400,
            "InUseSubnetCannotBeDeleted",
            f"Subnet {subnet['name']} is in use by {used[0]['id']} and cannot be deleted. In order to delete the "
            "subnet, delete all the resources within the subnet. See aka.ms/deletesubnet.",
        )


def refuse_lost(existing: Json, made: Json) -> None:
    """Refuse the removal of subnets and ranges that are in use; the new list removes all others."""
    subnets = {subnet["name"].casefold(): subnet for subnet in made["properties"]["subnets"]}
    for subnet in existing["properties"]["subnets"]:
        kept = subnets.get(subnet["name"].casefold())
        if kept is None:
            refuse_used(subnet)
        else:
            refuse_change(subnet, kept)


def refuse_change(subnet: Json, made: Json) -> None:
    """Refuse to remove what the users of a subnet need: its ranges, and the delegation to their service."""
    before, after = subnet["properties"], made["properties"]
    kept = {parse(text) for text in prefixes_of(after)}
    lost = [text for text in prefixes_of(before) if parse(text) not in kept]
    if before.get("ipConfigurations") and lost:
        # recorded in public threads: code and text (hashicorp/terraform-provider-azurerm issue 11211).
        raise refused(
            400,
            "InUsePrefixCannotBeDeleted",
            f"IpPrefix {lost[0]} on Subnet {subnet['name']} has active allocations and cannot be deleted.",
        )
    services = {str(entry["properties"]["serviceName"]).casefold() for entry in after["delegations"]}
    for link in before.get("serviceAssociationLinks", []):
        service = link["properties"]["linkedResourceType"]
        if service.casefold() not in services:
            # recorded in public threads: code and text.
            raise refused(
                400,
                "SubnetMissingRequiredDelegation",
                f"Subnet {subnet['id']} requires any of the following delegation(s) [{service}] to reference service "
                f"association link {link['id']}.",
            )


def refuse_peer_overlap(existing: Json, made: Json) -> None:
    """Refuse ranges that overlap with a peered network.

    documented: the ranges of peered networks must not overlap; inferred: code and text for a change of ranges.
    """
    before = {parse(text) for text in existing["properties"]["addressSpace"]["addressPrefixes"]}
    added = [parse(text) for text in made["properties"]["addressSpace"]["addressPrefixes"]]
    for peering in made["properties"]["virtualNetworkPeerings"]:
        remote = (peering.get("properties") or {}).get("remoteAddressSpace") or {}
        for other in map(parse, map(str, remote.get("addressPrefixes") or [])):
            if any(one.version == other.version and one.overlaps(other) for one in added if one not in before):
                raise refused(
                    400,
                    "VnetAddressSpacesOverlap",
                    f"Cannot update virtual network {existing['id']}: its address space overlaps with that of a "
                    f"network it is peered with. Overlapping address prefixes: {other}.",
                )


# documented: what a subnet refers to; the lab knows resources of these kinds from its seeds.
_REFERENCES = ("networkSecurityGroup", "routeTable", "natGateway")


def check_references(state: AzureState, body: Json, existing: Json | None) -> None:
    known = {text.casefold() for text in state.network_parts} | {
        str(subnet["properties"][key]["id"]).casefold()
        for subnet in (existing or {"properties": {"subnets": []}})["properties"]["subnets"]
        for key in _REFERENCES
        if subnet["properties"].get(key)
    }
    for subnet in objects(member(body, "properties", dict) or {}, "subnets"):
        inner = member(subnet, "properties", dict) or {}
        for key in _REFERENCES:
            wanted = str((member(inner, key, dict) or {}).get("id") or "")
            if wanted and wanted.casefold() not in known:
                # documented: common deployment errors, InvalidResourceReference.
                raise refused(
                    400,
                    "InvalidResourceReference",
                    f"Resource {wanted} referenced by resource {subnet.get('id') or subnet.get('name')} was not found. "
                    "Please make sure that the referenced resource exists, and that both resources are in the same "
                    "region.",
                )


# documented: "Azure permissions for Networking".
_JOINS = {
    "networkSecurityGroup": "networkSecurityGroups",
    "routeTable": "routeTables",
    "natGateway": "natGateways",
    "ddosProtectionPlan": "ddosProtectionPlans",
}


def joins(body: Json) -> Iterator[tuple[str, str]]:
    """Yield the action and the id for each reference in the body of a network."""
    properties = member(body, "properties", dict) or {}
    holders = [properties, *(member(each, "properties", dict) or {} for each in objects(properties, "subnets"))]
    for holder in holders:
        for key, kind in _JOINS.items():
            wanted = (member(holder, key, dict) or {}).get("id")
            if wanted:
                yield f"Microsoft.Network/{kind}/join/action", str(wanted)


def prefixes_of(properties: Json) -> list[str]:
    single = properties.get("addressPrefix")
    return [single] if single else list(properties.get("addressPrefixes") or [])


def parse(text: str) -> Prefix:
    return ipaddress.ip_network(text, strict=False)


def check_network(body: Json, name: str, resource_id: str) -> None:
    properties = member(body, "properties", dict) or {}
    space = member(properties, "addressSpace", dict) or {}
    prefixes = member(space, "addressPrefixes", list) or []
    if not prefixes:
        # inferred: code and text; documented: the address space is required.
        raise refused(
            400,
            "InvalidRequestFormat",
            f"Cannot parse the request. Address space of virtual network {resource_id} must have at least one prefix.",
        )
    ranges = [_check_prefix(str(prefix), resource_id) for prefix in prefixes]
    member(properties, "dhcpOptions", dict)
    for peering in objects(properties, "virtualNetworkPeerings"):
        remote = member(member(peering, "properties", dict) or {}, "remoteAddressSpace", dict) or {}
        for text in member(remote, "addressPrefixes", list) or []:
            _check_prefix(str(text), resource_id)
    _check_subnets(objects(properties, "subnets"), ranges, name, resource_id)


def _check_prefix(text: str, resource_id: str) -> Prefix:
    try:
        prefix = ipaddress.ip_network(text, strict=False)
    except ValueError:
        prefix = None
    if prefix is None or "/" not in text:
        # recorded: Azure CLI, test_manage_appgw_private_endpoint_without_standard.
        raise refused(
            400,
            "InvalidAddressPrefixFormat",
            f"Address prefix {text} of resource {resource_id} is not formatted correctly. It should follow CIDR "
            "notation, for example 10.0.0.0/24.",
        )
    if str(prefix) != str(ipaddress.ip_network(text.strip(), strict=False)) or _has_host_bits(text, prefix):
        # recorded in public threads: code and text.
        raise refused(
            400,
            "InvalidCIDRNotation",
            f"The address prefix {text} in resource {resource_id} has an invalid CIDR notation. For the given prefix "
            f"length, the address prefix should be {prefix}.",
        )
    return prefix


def _has_host_bits(text: str, prefix: Prefix) -> bool:
    return ipaddress.ip_address(text.split("/", maxsplit=1)[0]) != prefix.network_address


def _inside(inner: Prefix, ranges: list[Prefix]) -> bool:
    for outer in ranges:
        if isinstance(inner, ipaddress.IPv4Network) and isinstance(outer, ipaddress.IPv4Network):
            if inner.subnet_of(outer):
                return True
        elif (
            isinstance(inner, ipaddress.IPv6Network)
            and isinstance(outer, ipaddress.IPv6Network)
            and inner.subnet_of(outer)
        ):
            return True
    return False


def _check_subnets(subnets: list[Json], ranges: list[Prefix], network: str, resource_id: str) -> None:
    seen: list[tuple[str, Prefix]] = []
    names: set[str] = set()
    for subnet in subnets:
        name = member(subnet, "name", str) or ""
        if not _SUBNET_NAME.fullmatch(name):
            raise refused(400, "InvalidResourceName", bad_name(name))
        if name.casefold() in names:
            # documented: common deployment errors, DuplicateResourceName.
            raise refused(
                400,
                "DuplicateResourceName",
                f"Resource {resource_id} has two child resources with the same name ({name}).",
            )
        names.add(name.casefold())
        inner = member(subnet, "properties", dict) or {}
        for delegation in objects(inner, "delegations"):
            member(member(delegation, "properties", dict) or {}, "serviceName", str)
        for endpoint in objects(inner, "serviceEndpoints"):
            member(endpoint, "service", str)
        for key in _REFERENCES:
            member(member(inner, key, dict) or {}, "id", str)
        member(inner, "addressPrefix", str)
        member(inner, "addressPrefixes", list)
        prefixes = prefixes_of(inner)
        if not prefixes:
            # inferred: code and text.
            raise refused(400, "NetcfgInvalidSubnet", f"Subnet '{name}' is not valid in virtual network '{network}'.")
        for text in prefixes:
            prefix = _check_prefix(str(text), f"{resource_id}/subnets/{name}")
            if not _inside(prefix, ranges):
                # recorded in public threads: code and text.
                raise refused(
                    400,
                    "NetcfgSubnetRangeOutsideVnet",
                    f"Subnet '{name}' is not valid because its IP address range is outside the IP address range of "
                    f"virtual network '{network}'.",
                )
            if prefix.prefixlen != _ONLY_IPV6 if prefix.version == 6 else prefix.prefixlen > _SMALLEST:
                # documented: the smallest subnet, and the only size of one with IPv6; inferred: code and text.
                raise refused(
                    400, "NetcfgInvalidSubnet", f"Subnet '{name}' is not valid in virtual network '{network}'."
                )
            seen.append((name, prefix))
    for (_first, one), (second, two) in combinations(seen, 2):
        if one.version == two.version and one.overlaps(two):
            # recorded in public threads: code and text.
            raise refused(
                400,
                "NetcfgSubnetRangesOverlap",
                f"Subnet '{second}' is not valid because its IP address range overlaps with that of an existing subnet "
                f"in virtual network '{network}'.",
            )
