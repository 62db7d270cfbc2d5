# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft.Network: virtual networks and their subnets."""

from __future__ import annotations

import copy
import ipaddress
from collections.abc import Callable

from . import authorization
from .common import GROUP, ROOT, keep_location, need_group, need_location, need_operation, not_found, page, signed
from .documents import etag, network_document, same_network, set_network_state, subnet_document
from .messages import Answer, Call, Json, document, member, string_map
from .network_rules import (
    NETWORK_NAME,
    RESERVED_ADDRESSES,
    bad_name,
    check_network,
    check_references,
    joins,
    make_private,
    parse,
    prefixes_of,
    refuse_change,
    refuse_lost,
    refuse_peer_overlap,
    refuse_used,
    refused,
)
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

Finish = Callable[[bool], None]


def find_network(state: AzureState, call: Call) -> Json | None:
    return state.networks.get(state.resource_id(call["group"], TYPE, call["network"]).casefold())


def need_network(state: AzureState, call: Call) -> Json:
    network = find_network(state, call)
    if network is None:
        need_group(state, call["group"])
        raise not_found(call["group"], TYPE, call["network"])
    return network


def _require_match(call: Call, resource: Json) -> None:
    """Refuse a write that names an outdated state (documented: Azure REST guidelines, conditional requests).

    inferred: the text, and that the network provider honors the header on every write of networks and subnets.
    """
    wanted = call.headers.get("if-match")
    if wanted and wanted not in ("*", str(resource["etag"])):
        raise refused(
            412,
            "PreconditionFailed",
            f"Etag provided in if-match header {wanted} does not match etag {resource['etag']} of resource "
            f"{resource['id']} in NRP data store.",
        )


def _mark(network: Json) -> None:
    """Give a network and its subnets a new etag, which they share (recorded: Azure CLI, H2A-E2A)."""
    network["etag"] = etag()
    for subnet in network["properties"]["subnets"]:
        subnet["etag"] = network["etag"]


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
    """Answer 201 for a new network and 200 for an existing one, with an Azure-AsyncOperation (recorded: Azure CLI).

    Only the subnets of the body remain. A PUT that changes nothing answers Succeeded at once, and still with the link
    (recorded: azure-cli-extensions, test_siterecovery_H2A_B2A_selfcreated_scenarios).
    """
    body, name, group = document(call), call["network"], call["group"]
    need_group(state, group)
    location = need_location(body, TYPE, state.cloud.regions)
    string_map(body, "tags")
    resource_id = state.resource_id(group, TYPE, name)
    existing = find_network(state, call)
    if existing is None and not NETWORK_NAME.fullmatch(name):
        raise refused(400, "InvalidResourceName", bad_name(name))
    if existing is not None:
        keep_location(existing, location, name, group)
        _refuse_parallel(state, resource_id)
        _require_match(call, existing)
    authorization.check_linked(state, call, f"{TYPE}/write", joins(body))
    check_network(body, name, resource_id)
    check_references(state, body, existing)
    names = {
        entry["name"].casefold() for entry in (existing or {"properties": {"subnets": []}})["properties"]["subnets"]
    }
    make_private((body.get("properties") or {}).get("subnets") or [], names, call.api_version)
    made = network_document(str(existing["id"]) if existing else resource_id, name, body, existing)
    if existing is not None:
        refuse_lost(existing, made)
        refuse_peer_overlap(existing, made)
        # documented ("Troubleshoot ... failed provisioning state"): a write without a change repairs a failed network.
        if same_network(existing, made) and existing["properties"]["provisioningState"] != "Failed":
            operation = state.begin("PUT", resource_id, 0.0, lambda _done: None)
            return Answer(200, existing, _async(state, call, location, operation))
    state.networks[resource_id.casefold()] = made

    def finish(done: bool) -> None:
        set_network_state(made, "Succeeded" if done else "Failed")
        _mark(made)

    operation = state.begin("PUT", resource_id, state.context.delays.network_create, finish)
    return Answer(200 if existing else 201, made, _async(state, call, location, operation))


@ROUTES.patch(NET)
def patch_network(state: AzureState, call: Call) -> Answer:
    # documented: Virtual Networks - Update Tags; the new tags replace all tags.
    network, body = need_network(state, call), document(call)
    _require_match(call, network)
    tags = string_map(body, "tags")
    network.pop("tags", None)
    if tags:
        network["tags"] = tags
    _mark(network)
    return Answer(200, network)


@ROUTES.delete(NET)
def delete_network(state: AzureState, call: Call) -> Answer:
    """Answer 202 with both links, or 204 for a missing network (recorded: Azure CLI, test_network_vnet)."""
    network = find_network(state, call)
    if network is None:
        return Answer(204)
    _require_match(call, network)
    for subnet in network["properties"]["subnets"]:
        refuse_used(subnet)
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
    inside = any(address in parse(prefix) for prefix in network["properties"]["addressSpace"]["addressPrefixes"])
    return Answer(200, {"available": inside, "availableIPAddresses": []})


@ROUTES.get(NET + "/usages")
def list_usages(state: AzureState, call: Call) -> Answer:
    # documented: example VirtualNetworkListUsage.
    items: list[Json] = []
    for subnet in need_network(state, call)["properties"]["subnets"]:
        prefix = parse(prefixes_of(subnet["properties"])[0])
        items.append(
            {
                "currentValue": float(len(subnet["properties"].get("ipConfigurations", []))),
                "id": subnet["id"],
                "limit": float(prefix.num_addresses - RESERVED_ADDRESSES),
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
    own = {"properties": {"subnets": [{"name": name, "properties": properties}]}}
    authorization.check_linked(state, call, f"{TYPE}/subnets/write", joins(own))
    check_network(body_like, str(network["name"]), network_id)
    check_references(state, body_like, network)
    make_private([{"name": name, "properties": properties}], {name.casefold()} if existing else (), call.api_version)
    made = subnet_document(network_id, existing["name"] if existing else name, properties, etag(), existing)
    if existing is not None:
        refuse_change(existing, made)
    subnets = network["properties"]["subnets"]
    if existing is None:
        subnets.append(made)
    else:
        subnets[subnets.index(existing)] = made

    def finish(done: bool) -> None:
        made["properties"]["provisioningState"] = "Succeeded" if done else "Failed"
        _mark(network)

    operation = state.begin("PUT", str(made["id"]), state.context.delays.network_create, finish)
    return Answer(200 if existing else 201, made, _async(state, call, str(network["location"]), operation))


@ROUTES.delete(SUBNET)
def delete_subnet(state: AzureState, call: Call) -> Answer:
    network = find_network(state, call)
    subnet = _find_subnet(network, call["subnet"]) if network else None
    if network is None or subnet is None:
        return Answer(204)
    _refuse_parallel(state, str(network["id"]))
    _require_match(call, subnet)
    refuse_used(subnet)
    subnet["properties"]["provisioningState"] = "Deleting"

    def finish(done: bool) -> None:
        if done:
            network["properties"]["subnets"].remove(subnet)
        _mark(network)

    return _accepted(state, call, network, str(subnet["id"]), finish)


# Operations --------------------------------------------------------------------------------------------------------


@ROUTES.poll(OPERATIONS + "/operations/{operation}")
def network_operation(state: AzureState, call: Call) -> Answer:
    """Answer with a document that only has a status (recorded: Azure CLI, test_network_subnet_set)."""
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
    operation = state.begin("DELETE", target, state.context.delays.network_create, finish)
    headers = _async(state, call, str(network["location"]), operation)
    path = f"/subscriptions/{call['subscription']}/providers/Microsoft.Network/locations/{network['location']}"
    headers["Location"] = signed(call, f"{path}/operationResults/{operation.id}", operation)
    return Answer(202, None, headers)


def _refuse_parallel(state: AzureState, network_id: str) -> None:
    """Refuse parallel writes on one network (recorded in public threads, e.g. azure-rest-api-specs issue 14202)."""
    if state.busy(network_id):
        raise refused(
            429,
            "RetryableError",
            f"A retryable error occurred. Another operation on this or dependent resource {network_id} is in progress.",
        )
