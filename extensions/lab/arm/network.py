# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft.Network: virtual networks and their subnets."""

from __future__ import annotations

import copy
import ipaddress
import re
from collections.abc import Callable
from itertools import combinations

from . import regions
from .common import GROUP, ROOT, keep_location, need_group, need_location, need_operation, not_found, page, signed
from .documents import USERS, etag, network_document, same_network, set_network_state, subnet_document
from .messages import Answer, ArmError, Call, Json, document, member, objects, string_map
from .records import Operation
from .routes import Routes
from .state import AzureState
from .versions import NETWORK

ROUTES = Routes(NETWORK)

TYPE = "Microsoft.Network/virtualNetworks"
NETWORKS = GROUP + "/providers/Microsoft.Network/virtualNetworks"
NET = NETWORKS + "/{network}"
SUBNET = NET + "/subnets/{subnet}"
OPERATIONS = ROOT + "/providers/Microsoft.Network/locations/{location}"

Prefix = ipaddress.IPv4Network | ipaddress.IPv6Network
Finish = Callable[[bool], None]

# documented: naming rules.
_NETWORK_NAME = re.compile(r"[A-Za-z0-9]([\w.-]{0,62}\w)?")
_SUBNET_NAME = re.compile(r"[A-Za-z0-9]([\w.-]{0,78}\w)?")
# documented: five addresses of each subnet are reserved.
_RESERVED = 5
# documented: the smallest IPv4 subnet.
_SMALLEST = 29
# documented: IPv6 for Azure Virtual Network.
_ONLY_IPV6 = 64


def find_network(state: AzureState, call: Call) -> Json | None:
    return state.networks.get(state.resource_id(call["group"], TYPE, call["network"]).casefold())


def need_network(state: AzureState, call: Call) -> Json:
    network = find_network(state, call)
    if network is None:
        need_group(state, call["group"])
        raise not_found(call["group"], TYPE, call["network"])
    return network


def refused(status: int, code: str, text: str) -> ArmError:
    """Refusals of the network provider have an empty list of details (recorded: Azure CLI)."""
    return ArmError(status, code, text, details=[])


def _require_match(call: Call, resource: Json) -> None:
    """A write that names the state it knows (documented: Azure REST guidelines, conditional requests).

    inferred: that the network provider heeds the header on every write of networks and subnets; the text.
    """
    wanted = call.headers.get("if-match")
    if wanted and wanted not in ("*", str(resource["etag"])):
        raise refused(
            412,
            "PreconditionFailed",
            f"Etag provided in if-match header {wanted} does not match etag {resource['etag']} of resource "
            f"{resource['id']} in NRP data store.",
        )


# Networks ----------------------------------------------------------------------------------------------------------


@ROUTES.get(NET)
def get_network(state: AzureState, call: Call) -> Answer:
    network = need_network(state, call)
    return Answer(200, network, {"ETag": str(network["etag"])})


@ROUTES.get(NETWORKS)
def list_networks(state: AzureState, call: Call) -> Answer:
    group = str(need_group(state, call["group"])["id"]).casefold()
    return page(state, call, [entry for key, entry in state.networks.items() if key.startswith(f"{group}/")])


@ROUTES.get(ROOT + "/providers/Microsoft.Network/virtualNetworks")
def list_all_networks(state: AzureState, call: Call) -> Answer:
    return page(state, call, list(state.networks.values()))


@ROUTES.put(NET)
def put_network(state: AzureState, call: Call) -> Answer:
    """201 for a new network, 200 for one that is there, each with an Azure-AsyncOperation (recorded: Azure CLI).

    The subnets of the body are all that remain; a PUT that changes nothing answers Succeeded at once, still with the
    link (recorded: azure-cli-extensions, test_siterecovery_H2A_B2A_selfcreated_scenarios).
    """
    body, name, group = document(call), call["network"], call["group"]
    need_group(state, group)
    location = need_location(body, TYPE, regions.NAMES)
    string_map(body, "tags")
    resource_id = state.resource_id(group, TYPE, name)
    existing = find_network(state, call)
    if existing is None and not _NETWORK_NAME.fullmatch(name):
        raise refused(400, "InvalidResourceName", _bad_name(name))
    if existing is not None:
        keep_location(existing, location, name, group)
        _refuse_parallel(state, resource_id)
        _require_match(call, existing)
    _check_network(body, name, resource_id)
    _check_references(state, body, existing)
    made = network_document(str(existing["id"]) if existing else resource_id, name, body, existing)
    if existing is not None:
        _refuse_lost(existing, made)
        _refuse_peer_overlap(existing, made)
        if same_network(existing, made):
            operation = state.begin("PUT", resource_id, 0.0, lambda _done: None)
            return Answer(200, existing, _async(state, call, location, operation))
    state.networks[resource_id.casefold()] = made

    def finish(done: bool) -> None:
        set_network_state(made, "Succeeded" if done else "Failed")
        made["etag"] = etag()

    operation = state.begin("PUT", resource_id, state.world.delays.network_create, finish)
    return Answer(200 if existing else 201, made, _async(state, call, location, operation))


@ROUTES.patch(NET)
def patch_network(state: AzureState, call: Call) -> Answer:
    # documented: Virtual Networks - Update Tags; the tags are replaced as a whole.
    network, body = need_network(state, call), document(call)
    _require_match(call, network)
    tags = string_map(body, "tags")
    network.pop("tags", None)
    if tags:
        network["tags"] = tags
    network["etag"] = etag()
    return Answer(200, network)


@ROUTES.delete(NET)
def delete_network(state: AzureState, call: Call) -> Answer:
    """202 with both links, 204 for a network that is not there (recorded: Azure CLI, test_network_vnet)."""
    network = find_network(state, call)
    if network is None:
        return Answer(204)
    _require_match(call, network)
    for subnet in network["properties"]["subnets"]:
        _refuse_used(subnet)
    set_network_state(network, "Deleting")

    def finish(done: bool) -> None:
        if done:
            state.networks.pop(str(network["id"]).casefold(), None)
        else:
            set_network_state(network, "Succeeded")

    return _accepted(state, call, network, str(network["id"]), finish)


@ROUTES.get(NET + "/checkIPAddressAvailability")
def check_address(state: AzureState, call: Call) -> Answer:
    # documented: example VirtualNetworkCheckIPAddressAvailability.
    network = need_network(state, call)
    try:
        address = ipaddress.ip_address(call.query.get("ipaddress", ""))
    except ValueError:
        raise refused(400, "InvalidIPAddress", "The parameter ipAddress is not an IP address.") from None
    inside = any(address in _parse(prefix) for prefix in network["properties"]["addressSpace"]["addressPrefixes"])
    return Answer(200, {"available": inside, "availableIPAddresses": []})


@ROUTES.get(NET + "/usages")
def list_usages(state: AzureState, call: Call) -> Answer:
    # documented: example VirtualNetworkListUsage.
    items: list[Json] = []
    for subnet in need_network(state, call)["properties"]["subnets"]:
        prefix = _parse(_prefixes(subnet["properties"])[0])
        items.append(
            {
                "currentValue": float(len(subnet["properties"].get("ipConfigurations", []))),
                "id": subnet["id"],
                "limit": float(prefix.num_addresses - _RESERVED),
                "name": {"localizedValue": "Subnet size and usage", "value": "SubnetSpace"},
                "unit": "Count",
            }
        )
    return Answer(200, {"value": items})


# Subnets -----------------------------------------------------------------------------------------------------------


def _find_subnet(network: Json, name: str) -> Json | None:
    for subnet in network["properties"]["subnets"]:
        if subnet["name"].casefold() == name.casefold():
            found: Json = subnet
            return found
    return None


@ROUTES.get(SUBNET)
def get_subnet(state: AzureState, call: Call) -> Answer:
    network = need_network(state, call)
    subnet = _find_subnet(network, call["subnet"])
    if subnet is None:
        # recorded: Azure CLI, test_vm_create_auto_create_subnet.
        raise refused(404, "NotFound", f"Resource {network['id']}/subnets/{call['subnet']} not found.")
    return Answer(200, subnet, {"ETag": str(subnet["etag"])})


@ROUTES.get(NET + "/subnets")
def list_subnets(state: AzureState, call: Call) -> Answer:
    return page(state, call, need_network(state, call)["properties"]["subnets"])


@ROUTES.put(SUBNET)
def put_subnet(state: AzureState, call: Call) -> Answer:
    network, body, name = need_network(state, call), document(call), call["subnet"]
    network_id = str(network["id"])
    _refuse_parallel(state, network_id)
    existing = _find_subnet(network, name)
    if existing is not None:
        _require_match(call, existing)
    properties = member(body, "properties", dict) or {}
    others = [entry for entry in network["properties"]["subnets"] if entry is not existing]
    body_like = {
        "properties": {
            "addressSpace": network["properties"]["addressSpace"],
            "subnets": [*copy.deepcopy(others), {"name": name, "properties": properties}],
        }
    }
    _check_network(body_like, str(network["name"]), network_id)
    _check_references(state, body_like, network)
    made = subnet_document(network_id, existing["name"] if existing else name, properties, etag(), existing)
    if existing is not None:
        _refuse_change(existing, made)
    subnets = network["properties"]["subnets"]
    if existing is None:
        subnets.append(made)
    else:
        subnets[subnets.index(existing)] = made

    def finish(done: bool) -> None:
        made["properties"]["provisioningState"] = "Succeeded" if done else "Failed"
        network["etag"] = made["etag"] = etag()

    operation = state.begin("PUT", str(made["id"]), state.world.delays.network_create, finish)
    return Answer(200 if existing else 201, made, _async(state, call, str(network["location"]), operation))


@ROUTES.delete(SUBNET)
def delete_subnet(state: AzureState, call: Call) -> Answer:
    network = find_network(state, call)
    subnet = _find_subnet(network, call["subnet"]) if network else None
    if network is None or subnet is None:
        return Answer(204)
    _refuse_parallel(state, str(network["id"]))
    _require_match(call, subnet)
    _refuse_used(subnet)
    subnet["properties"]["provisioningState"] = "Deleting"

    def finish(done: bool) -> None:
        if done:
            network["properties"]["subnets"].remove(subnet)

    return _accepted(state, call, network, str(subnet["id"]), finish)


# Operations --------------------------------------------------------------------------------------------------------


@ROUTES.poll(OPERATIONS + "/operations/{operation}")
def network_operation(state: AzureState, call: Call) -> Answer:
    """A document with the status word only (recorded: Azure CLI, test_network_subnet_set)."""
    operation = need_operation(state, call, signature=True)
    body: Json = {"status": operation.shown_status}
    if operation.error is not None:
        body["error"] = {**operation.error, "details": []}
    headers = {"Retry-After": state.retry_after()} if operation.running else {}
    return Answer(200, body, headers)


@ROUTES.poll(OPERATIONS + "/operationResults/{operation}")
def network_result(state: AzureState, call: Call) -> Answer:
    operation = need_operation(state, call, signature=True)
    if operation.running:
        return Answer(202, None, {"Location": signed(call, call.path, operation), "Retry-After": state.retry_after()})
    return Answer(204)


def _async(state: AzureState, call: Call, location: str, operation: Operation) -> dict[str, str]:
    path = f"/subscriptions/{call['subscription']}/providers/Microsoft.Network/locations/{location}/operations"
    return {
        "Azure-AsyncNotification": "Enabled",
        "Azure-AsyncOperation": signed(call, f"{path}/{operation.id}", operation),
        "Retry-After": state.retry_after(),
    }


def _accepted(state: AzureState, call: Call, network: Json, target: str, finish: Finish) -> Answer:
    operation = state.begin("DELETE", target, state.world.delays.network_create, finish)
    headers = _async(state, call, str(network["location"]), operation)
    path = f"/subscriptions/{call['subscription']}/providers/Microsoft.Network/locations/{network['location']}"
    headers["Location"] = signed(call, f"{path}/operationResults/{operation.id}", operation)
    return Answer(202, None, headers)


# Rules -------------------------------------------------------------------------------------------------------------


def _bad_name(name: str) -> str:
    # recorded in public threads: text of the provider's name check.
    return (
        f"Resource name {name} is invalid. The name can be up to 80 characters long. It must begin with a word "
        "character, and it must end with a word character or with '_'. The name may contain word characters "
        "or '.', '-', '_'."
    )


def _refuse_parallel(state: AzureState, network_id: str) -> None:
    """Writes on one network are serial (recorded in public threads, e.g. azure-rest-api-specs issue 14202)."""
    if state.busy(network_id):
        raise refused(
            429,
            "RetryableError",
            f"A retryable error occurred. Another operation on this or dependent resource {network_id} is in progress.",
        )


def _refuse_used(subnet: Json) -> None:
    used = [user for key in USERS for user in subnet["properties"].get(key, [])]
    if used:
        # recorded: Azure CLI, test_delete_dependent_resources.
        raise refused(
            400,
            "InUseSubnetCannotBeDeleted",
            f"Subnet {subnet['name']} is in use by {used[0]['id']} and cannot be deleted. In order to delete the "
            "subnet, delete all the resources within the subnet. See aka.ms/deletesubnet.",
        )


def _refuse_lost(existing: Json, made: Json) -> None:
    """Subnets that the new list leaves out are deleted, and ranges are given up, unless somebody uses them."""
    subnets = {subnet["name"].casefold(): subnet for subnet in made["properties"]["subnets"]}
    for subnet in existing["properties"]["subnets"]:
        kept = subnets.get(subnet["name"].casefold())
        if kept is None:
            _refuse_used(subnet)
        else:
            _refuse_change(subnet, kept)


def _refuse_change(subnet: Json, made: Json) -> None:
    """What those who are in a subnet stand on: its ranges, and the delegation to the service that they belong to."""
    before, after = subnet["properties"], made["properties"]
    kept = {_parse(text) for text in _prefixes(after)}
    lost = [text for text in _prefixes(before) if _parse(text) not in kept]
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


def _refuse_peer_overlap(existing: Json, made: Json) -> None:
    """documented: the ranges of peered networks may not overlap; inferred: code and text for a change of ranges."""
    before = {_parse(text) for text in existing["properties"]["addressSpace"]["addressPrefixes"]}
    added = [_parse(text) for text in made["properties"]["addressSpace"]["addressPrefixes"]]
    for peering in made["properties"]["virtualNetworkPeerings"]:
        remote = (peering.get("properties") or {}).get("remoteAddressSpace") or {}
        for other in map(_parse, map(str, remote.get("addressPrefixes") or [])):
            if any(one.version == other.version and one.overlaps(other) for one in added if one not in before):
                raise refused(
                    400,
                    "VnetAddressSpacesOverlap",
                    f"Cannot update virtual network {existing['id']}: its address space overlaps with that of a "
                    f"network it is peered with. Overlapping address prefixes: {other}.",
                )


# documented: what a subnet refers to; resources of these kinds are known to the lab by their seeds.
_REFERENCES = ("networkSecurityGroup", "routeTable", "natGateway")


def _check_references(state: AzureState, body: Json, existing: Json | None) -> None:
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


def _prefixes(properties: Json) -> list[str]:
    single = properties.get("addressPrefix")
    return [single] if single else list(properties.get("addressPrefixes") or [])


def _parse(text: str) -> Prefix:
    return ipaddress.ip_network(text, strict=False)


def _check_network(body: Json, name: str, resource_id: str) -> None:
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
            raise refused(400, "InvalidResourceName", _bad_name(name))
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
        prefixes = _prefixes(inner)
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
