# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks in Azure (T6): settings that are sent back unchanged, concurrent writers, and deletion."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from azure.mgmt.network import models

from ansible_collections.siterecovery.hyperv.plugins.module_utils._services.azure.virtual_network import (
    VirtualNetworkResource,
    knows_private_subnets,
)
from tests.lab.arm import oracle
from tests.lab.arm.conftest import SUBSCRIPTION
from tests.support.properties import unaccounted
from tests.unit.plugins.modules.conftest import GROUP, Ended, Subscription

ROOT = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.Network"
PATH = "virtualnetworks/vnet-dr"
ALWAYS = 99
NEW = {"name": "new", "address_prefix": "10.20.2.0/24"}

# Properties -----------------------------------------------------------------------------------------------------------

SUBNET = "properties.subnets[]"
OPTIONS = {
    "location": "location",
    "tags": "tags",
    "properties.addressSpace.addressPrefixes": "address_prefixes",
    "properties.dhcpOptions.dnsServers": "dns_servers",
    "properties.flowTimeoutInMinutes": "flow_timeout_in_minutes",
    "properties.encryption": "encryption",
    "properties.ddosProtectionPlan": "ddos_protection_plan",
    "properties.enableDdosProtection": "ddos_protection_plan",
    f"{SUBNET}.name": "subnets.name",
    f"{SUBNET}.properties.addressPrefix": "subnets.address_prefix",
    f"{SUBNET}.properties.addressPrefixes": "subnets.address_prefixes",
    f"{SUBNET}.properties.networkSecurityGroup.id": "subnets.network_security_group",
    f"{SUBNET}.properties.routeTable.id": "subnets.route_table",
    f"{SUBNET}.properties.natGateway.id": "subnets.nat_gateway",
    f"{SUBNET}.properties.serviceEndpoints[].service": "subnets.service_endpoints",
    f"{SUBNET}.properties.delegations[].properties.serviceName": "subnets.delegations",
    f"{SUBNET}.properties.defaultOutboundAccess": "subnets.default_outbound_access",
    f"{SUBNET}.properties.privateEndpointNetworkPolicies": "subnets.private_endpoint_network_policies",
}
_OTHER = "a resource of its own, which the subnet only refers to by id; what was read is sent back"
_IPAM = "addresses from a pool of Network Manager; such a network is made there, and what was read is sent back"
_NAMED = "Azure derives it from the names"
LEFT_OUT = {
    "id": _NAMED,
    "extendedLocation": "edge zones are no regions of Site Recovery",
    "properties.addressSpace.ipamPoolPrefixAllocations": _IPAM,
    "properties.summarizedGatewayPrefixes": "of gateways to other sites; what was read is sent back",
    "properties.bgpCommunities": "of ExpressRoute, which Site Recovery does not ask for; what was read is sent back",
    "properties.enableVmProtection": "a switch of the service that nothing documents; what was read is sent back",
    "properties.ipAllocations": "of services that bring their own addresses; what was read is sent back",
    "properties.privateEndpointVNetPolicies": "of very many private endpoints; what was read is sent back",
    "properties.virtualNetworkPeerings": "peerings belong to both networks and are not managed; they are sent back",
    f"{SUBNET}.id": _NAMED,
    f"{SUBNET}.properties.applicationGatewayIPConfigurations": "the application gateway writes it",
    f"{SUBNET}.properties.delegations[].id": _NAMED,
    f"{SUBNET}.properties.delegations[].name": "only its name in the list; it is made from the service's",
    f"{SUBNET}.properties.delegations[].type": _NAMED,
    f"{SUBNET}.properties.ipAllocations": "of services that bring their own addresses; what was read is sent back",
    f"{SUBNET}.properties.ipamPoolPrefixAllocations": _IPAM,
    f"{SUBNET}.properties.networkSecurityGroup.location": _OTHER,
    f"{SUBNET}.properties.networkSecurityGroup.properties": _OTHER,
    f"{SUBNET}.properties.networkSecurityGroup.tags": _OTHER,
    f"{SUBNET}.properties.routeTable.location": _OTHER,
    f"{SUBNET}.properties.routeTable.properties": _OTHER,
    f"{SUBNET}.properties.routeTable.tags": _OTHER,
    f"{SUBNET}.properties.privateLinkServiceNetworkPolicies": "of subnets that offer services, not of targets",
    f"{SUBNET}.properties.serviceEndpointPolicies": "limits which accounts are reached; what was read is sent back",
    f"{SUBNET}.properties.serviceEndpoints[].locations": "Azure fills it in",
    f"{SUBNET}.properties.serviceEndpoints[].networkIdentifier": "of public addresses; what was read is sent back",
    f"{SUBNET}.properties.serviceGateway": "newer than the oldest SDK that is declared; what was read is sent back",
    f"{SUBNET}.properties.sharingScope": "newer than the oldest SDK that is declared; what was read is sent back",
}


def test_every_writable_property_is_an_option_or_left_out_for_a_reason() -> None:
    assert unaccounted(models.VirtualNetwork, OPTIONS, LEFT_OUT) == []


def test_the_options_are_the_modules() -> None:
    from ansible_collections.siterecovery.hyperv.plugins.modules.virtual_network import OPTIONS as known

    subnet = known["subnets"]["options"]
    assert set(OPTIONS.values()) <= known.keys() | {f"subnets.{name}" for name in subnet}
    assert {f"subnets.{name}" for name in subnet} <= set(OPTIONS.values())


# One network ----------------------------------------------------------------------------------------------------------


def run(subscription: Subscription, **options: Any) -> Ended:
    given = {"name": "vnet-dr", "resource_group": GROUP, "location": "westeurope", **options}
    return subscription.run("virtual_network", **given)


@pytest.fixture
def parts(subscription: Subscription) -> dict[str, str]:
    kinds = {
        "network_security_group": "networkSecurityGroups",
        "route_table": "routeTables",
        "nat_gateway": "natGateways",
    }
    return {name: subscription.state.seed_network_part(GROUP, kind, "x") for name, kind in kinds.items()}


@pytest.fixture
def network(subscription: Subscription, parts: dict[str, str]) -> dict[str, Any]:
    """Create a network with a value in every property, including properties that no version of the SDK has."""
    found = subscription.state.seed_network(
        GROUP, "vnet-dr", "westeurope", ["10.20.0.0/16", "fd00:20::/48"], {"old": "10.20.1.0/24", "own": "10.20.9.0/24"}
    )
    found["tags"] = {"owner": "it"}
    found["properties"] |= {
        "dhcpOptions": {"dnsServers": ["10.20.1.4"]},
        "flowTimeoutInMinutes": 10,
        "bgpCommunities": {"virtualNetworkCommunity": "12076:20000"},
        "futureSetting": {"depth": [1, {"two": None}]},
        "virtualNetworkPeerings": [
            {
                "name": "hub",
                "id": f"{found['id']}/virtualNetworkPeerings/hub",
                "properties": {
                    "peeringState": "Connected",
                    "peeringSyncLevel": "FullyInSync",
                    "remoteVirtualNetwork": {"id": f"{ROOT}/virtualNetworks/hub"},
                    "remoteAddressSpace": {"addressPrefixes": ["10.8.0.0/16"]},
                },
            }
        ],
    }
    old, own = (subnet["properties"] for subnet in found["properties"]["subnets"])
    old |= {
        "networkSecurityGroup": {"id": parts["network_security_group"]},
        "routeTable": {"id": parts["route_table"]},
        "natGateway": {"id": parts["nat_gateway"]},
        "serviceEndpoints": [
            {"service": "Microsoft.Storage", "locations": ["westeurope"], "provisioningState": "Succeeded"}
        ],
        "serviceEndpointPolicies": [{"id": f"{ROOT}/serviceEndpointPolicies/p"}],
        "privateEndpointNetworkPolicies": "Enabled",
        "privateLinkServiceNetworkPolicies": "Disabled",
        "defaultOutboundAccess": False,
        "futureSetting": "kept",
    }
    subscription.state.seed_subnet_user(GROUP, "vnet-dr", "old", "nic-1")
    own["delegations"] = [
        {
            "name": "d",
            "id": f"{found['id']}/subnets/own/delegations/d",
            "etag": found["etag"],
            "properties": {
                "provisioningState": "Succeeded",
                "serviceName": "Microsoft.Web/serverFarms",
                "actions": ["Microsoft.Network/virtualNetworks/subnets/action"],
            },
            "type": "Microsoft.Network/virtualNetworks/subnets/delegations",
        }
    ]
    return found


def stored(subscription: Subscription) -> dict[str, Any]:
    (found,) = subscription.state.networks.values()
    return found


def bare(value: Any) -> Any:
    """Remove the values that change with every write."""
    if isinstance(value, dict):
        return {key: bare(item) for key, item in value.items() if key not in ("etag", "actions")}
    return [bare(item) for item in value] if isinstance(value, list) else value


def sent(subscription: Subscription, method: str) -> Any:
    (request,) = (exchange.request for exchange in subscription.azure.server.traffic if exchange.method == method)
    return request


def read(subscription: Subscription) -> Any:
    """Return the network that the run read before its write."""
    answers = [exchange.response for exchange in subscription.azure.server.traffic if exchange.method == "GET"]
    return next(answer for answer in answers if answer.get("type") == "Microsoft.Network/virtualNetworks")


def test_all_settings_are_sent_back_and_kept(subscription: Subscription, network: dict[str, Any]) -> None:
    before = copy.deepcopy(network)
    assert run(subscription, subnets=[NEW], dns_servers=[]).result["changed"]
    expected = copy.deepcopy(read(subscription))
    assert expected == before
    expected["properties"]["dhcpOptions"] = {"dnsServers": []}
    expected["properties"]["subnets"].append(
        {
            "name": "new",
            "properties": {
                "addressPrefix": "10.20.2.0/24",
                **({"defaultOutboundAccess": True} if knows_private_subnets() else {}),
            },
        }
    )
    assert sent(subscription, "PUT") == expected
    after = copy.deepcopy(stored(subscription))
    assert after["properties"].pop("dhcpOptions") == {"dnsServers": []}
    assert after["properties"]["subnets"].pop()["name"] == "new"
    before["properties"].pop("dhcpOptions")
    assert bare(after) == bare(before)


@pytest.mark.skipif(not knows_private_subnets(), reason="an older API version has no private subnets")
@pytest.mark.parametrize("asked", [None, True, False])
def test_the_outbound_access_of_a_new_subnet_does_not_depend_on_the_api_version(
    asked: bool | None, subscription: Subscription, network: dict[str, Any]
) -> None:
    ended = run(subscription, subnets=[{**NEW, "default_outbound_access": asked}])
    assert not ended.failed, ended.msg
    (made,) = [one for one in ended.result["virtual_network"]["subnets"] if one["name"] == "new"]
    assert made["default_outbound_access"] is (asked is not False)
    assert not run(subscription, subnets=[NEW]).result["changed"]


FULL = {
    "name": "full",
    "address_prefixes": ["10.20.4.0/24", "fd00:20:0:4::/64"],
    "service_endpoints": ["Microsoft.Storage"],
    "default_outbound_access": False,
    "private_endpoint_network_policies": "NetworkSecurityGroupEnabled",
}


@pytest.mark.needs("contracts")
def test_every_option_of_a_new_network_is_set_and_removed(subscription: Subscription, parts: dict[str, str]) -> None:
    asked: dict[str, Any] = {
        "address_prefixes": ["10.20.0.0/16", "fd00:20::/48"],
        "subnets": [
            {**FULL, **parts},
            {"name": "app", "address_prefix": "10.20.5.0/24", "delegations": ["Microsoft.Web/serverFarms"]},
        ],
        "dns_servers": ["10.20.4.4", "fd00:20:0:4::4"],
        "flow_timeout_in_minutes": 20,
        "encryption": {"enabled": True},
        "ddos_protection_plan": f"{ROOT}/ddosProtectionPlans/p",
    }
    made = run(subscription, **asked)
    assert not made.failed, made.msg
    shown = made.result["virtual_network"]
    assert {name: shown["subnets"][0][name] for name in (*FULL, *parts)} == {**FULL, **parts}
    assert shown["subnets"][1]["delegations"] == ["Microsoft.Web/serverFarms"]
    assert shown["encryption"] == {"enabled": True, "enforcement": "AllowUnencrypted"}
    names = ("dns_servers", "flow_timeout_in_minutes", "ddos_protection_plan")
    assert {name: shown[name] for name in names} == {name: asked[name] for name in names}
    assert oracle.validate(subscription.azure.server.traffic) == []
    assert not run(subscription, **asked).result["changed"]
    off = {"dns_servers": [], "encryption": {"enabled": False}, "ddos_protection_plan": ""}
    nothing = {**dict.fromkeys(parts, ""), "service_endpoints": [], "address_prefixes": ["10.20.4.0/24"]}
    gone = run(subscription, subnets=[{"name": "full", **nothing}], **off)
    assert gone.paths == ["subnets", "dns_servers", "encryption", "ddos_protection_plan"]
    shown = gone.result["virtual_network"]
    assert {shown["subnets"][0][name] for name in parts} == {None}
    assert (shown["dns_servers"], shown["ddos_protection_plan"], shown["encryption"]["enabled"]) == ([], None, False)
    assert oracle.validate(subscription.azure.server.traffic) == []


def test_exactly_the_named_ranges_and_subnets(subscription: Subscription) -> None:
    subscription.state.seed_network(
        GROUP, "vnet-dr", "westeurope", ["10.20.0.0/16", "10.21.0.0/16"], {"a": "10.20.1.0/24", "b": "10.21.1.0/24"}
    )
    asked = {
        "address_prefixes": ["10.20.0.0/16"],
        "purge_address_prefixes": True,
        "subnets": [{"name": "renamed", "address_prefix": "10.20.1.0/24"}],
        "purge_subnets": True,
    }
    done = run(subscription, **asked)
    assert subscription.writes == ["put vnet-dr"]
    assert [entry["reason"] for entry in done.result["plan"]] == [
        "remove 10.21.0.0/16",
        "remove subnet a (10.20.1.0/24), b (10.21.1.0/24); add subnet renamed (10.20.1.0/24); renamed replaces a",
    ]
    assert not run(subscription, **asked).result["changed"]


def test_a_subnet_in_use_is_refused_before_any_write(subscription: Subscription, network: dict[str, Any]) -> None:
    ended = run(subscription, subnets=[], purge_subnets=True)
    assert (ended.error["kind"], subscription.writes) == ("refused", [])
    assert ended.msg == (
        "subnets: old of network vnet-dr is used by networkInterfaces/nic-1 and cannot be removed;"
        " move or delete these first, or list the subnet to keep it"
    )


def test_the_service_refuses_a_user_that_the_network_does_not_show(
    subscription: Subscription, network: dict[str, Any]
) -> None:
    text = "Subnet own is in use by /x/y/z and cannot be deleted."
    subscription.fault("PUT", PATH, "fail", status=400, code="InUseSubnetCannotBeDeleted", message=text)
    ended = run(subscription, subnets=[{"name": "old"}], purge_subnets=True)
    assert ended.error["code"] == "InUseSubnetCannotBeDeleted"
    assert text.rstrip(".") in ended.msg
    assert "\n" not in ended.msg


def test_references_of_a_subnet_must_exist(subscription: Subscription, network: dict[str, Any]) -> None:
    ended = run(subscription, subnets=[{"name": "old", "route_table": f"{ROOT}/routeTables/none"}])
    assert ended.error["code"] == "InvalidResourceReference"
    assert "routeTables/none" in ended.msg


def test_an_outdated_peering_is_reported(subscription: Subscription, network: dict[str, Any]) -> None:
    ended = run(subscription, address_prefixes=["10.22.0.0/16"])
    assert [warning for warning in ended.result["warnings"] if "peering" in warning] == [
        "network vnet-dr: peering hub does not have the present ranges of the network; synchronize it, so that traffic"
        " is routed to all of them"
    ]
    refused = run(subscription, address_prefixes=["10.8.1.0/24"])
    assert (refused.error["kind"], subscription.writes) == ("refused", [])


# Two writers ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], None]:
    """Return a function that schedules an event between the read and the write of a run."""

    def plan(event: Callable[[], Any]) -> None:
        send, events = VirtualNetworkResource._send, [event]

        def late(resource: Any, *arguments: Any) -> None:
            if events:
                events.pop()()
            send(resource, *arguments)

        monkeypatch.setattr(VirtualNetworkResource, "_send", late)

    return plan


def other_write(subscription: Subscription, change: Callable[[dict[str, Any]], Any]) -> Callable[[], None]:
    """Return a PUT of the network by another client."""

    def write() -> None:
        body: Any = copy.deepcopy(stored(subscription))
        change(body)
        subscription.azure.network.virtual_networks.begin_create_or_update(GROUP, "vnet-dr", body).result()

    return write


@pytest.mark.parametrize("asked", [{"subnets": [NEW]}, {"tags": {"a": "1"}}], ids=["put", "patch"])
def test_a_concurrent_change_of_another_setting_is_kept(
    asked: dict[str, Any], subscription: Subscription, network: dict[str, Any], meanwhile: Any
) -> None:
    meanwhile(
        other_write(subscription, lambda body: body["properties"].update(dhcpOptions={"dnsServers": ["1.1.1.1"]}))
    )
    ended = run(subscription, **asked)
    assert not ended.failed, ended.msg
    assert stored(subscription)["properties"]["dhcpOptions"] == {"dnsServers": ["1.1.1.1"]}
    assert not run(subscription, **asked).result["changed"]


@pytest.mark.parametrize(
    ("asked", "change"),
    [
        (
            {"subnets": [NEW]},
            lambda body: body["properties"]["subnets"].append(
                {"name": "theirs", "properties": {"addressPrefix": "10.20.3.0/24"}}
            ),
        ),
        ({"tags": {"a": "1"}}, lambda body: body.update(tags={"owner": "others"})),
    ],
    ids=["put", "patch"],
)
def test_a_concurrent_change_of_the_same_setting_is_never_overwritten(
    asked: dict[str, Any], change: Any, subscription: Subscription, network: dict[str, Any], meanwhile: Any
) -> None:
    theirs: list[Any] = []
    write = other_write(subscription, change)

    def others() -> None:
        write()
        theirs.append(subscription.state.snapshot())

    meanwhile(others)
    ended = run(subscription, **asked)
    assert ended.error["kind"] == "refused"
    assert ended.msg == ("network vnet-dr was modified concurrently, so this run changed nothing; run again")
    assert subscription.state.snapshot() == theirs[0]
    assert not run(subscription, **asked).failed


def test_two_runs_with_the_same_options_both_succeed(
    subscription: Subscription, network: dict[str, Any], meanwhile: Any
) -> None:
    added = {"name": "new", "properties": {"addressPrefix": "10.20.2.0/24"}}
    meanwhile(other_write(subscription, lambda body: body["properties"]["subnets"].append(added)))
    ended = run(subscription, subnets=[NEW])
    assert not ended.failed, ended.msg
    assert subscription.writes == ["put vnet-dr"]


def test_a_change_is_repeated_after_a_lost_response(subscription: Subscription, network: dict[str, Any]) -> None:
    """The module repeats the write with the etag of the previous state, and finds its own first write."""
    subscription.fault("PUT", PATH, "drop", times=1, when="after")
    ended = run(subscription, subnets=[NEW])
    assert not ended.failed, ended.msg
    assert subscription.writes == ["put vnet-dr"]


BUSY = [(409, "AnotherOperationInProgress"), (429, "RetryableError")]


@pytest.mark.parametrize(("status", "code"), BUSY)
def test_the_module_waits_for_another_operation(
    status: int, code: str, subscription: Subscription, network: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{VirtualNetworkResource.__module__}.interval", lambda *_: 0.05)
    subscription.fault("PUT", PATH, "fail", times=3, status=status, code=code)
    assert run(subscription, subnets=[NEW]).result["changed"]


def test_the_wait_for_another_operation_times_out(subscription: Subscription, network: dict[str, Any]) -> None:
    subscription.fault("PUT", PATH, "fail", times=ALWAYS, status=409, code="AnotherOperationInProgress")
    ended = run(subscription, subnets=[NEW], wait_timeout=0)
    assert ended.error["kind"] == "deadline_exceeded"
    assert "timed out after 0 s waiting for its turn to write network vnet-dr" in ended.msg
    assert ended.msg.endswith("; run again")


# Deletion -------------------------------------------------------------------------------------------------------------


@pytest.mark.needs("contracts")
def test_an_empty_network_is_deleted_with_consent(subscription: Subscription) -> None:
    subscription.state.seed_network(GROUP, "vnet-dr", "westeurope", ["10.20.0.0/16"], {"a": "10.20.1.0/24"})
    absent: dict[str, Any] = {"location": None, "state": "absent"}
    refused = run(subscription, **absent)
    assert (refused.error["kind"], subscription.writes) == ("refused", [])
    planned = run(subscription, **absent, allow_delete=True, check=True)
    assert (planned.result["changed"], planned.result["virtual_network"], subscription.writes) == (True, {}, [])
    done = run(subscription, **absent, allow_delete=True)
    assert (done.result["virtual_network"], subscription.writes) == ({}, ["delete vnet-dr"])
    assert done.result["evidence"][0]["verified"] == "no network"
    assert oracle.validate(subscription.azure.server.traffic) == []
    assert not run(subscription, **absent).result["changed"]
    assert not run(subscription, **absent, resource_group="rg-none").result["changed"]


def test_a_machine_that_joins_meanwhile_keeps_its_network(subscription: Subscription, meanwhile: Any) -> None:
    subscription.state.seed_network(GROUP, "vnet-dr", "westeurope", ["10.20.0.0/16"], {"a": "10.20.1.0/24"})
    meanwhile(lambda: subscription.state.seed_subnet_user(GROUP, "vnet-dr", "a"))
    ended = run(subscription, state="absent", allow_delete=True)
    assert ended.error["code"] == "InUseSubnetCannotBeDeleted"
    assert stored(subscription)["name"] == "vnet-dr"
