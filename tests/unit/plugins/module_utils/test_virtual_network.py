# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks: ranges checked offline, what is added, and that nothing is lost that was not named (T6)."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.resource_group import Grouped
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.subnet import Subnet
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.virtual_network import (
    DesiredNetwork,
    VirtualNetwork,
    creation_body,
    merged_body,
    only_tags,
    peering_findings,
    plan_network,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import InvalidInput, Refused
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.plan import UNKNOWN, apply_changes
from tests.unit.plugins.module_utils.nouns import GROUP, options_of, short

NSG = f"{GROUP}/providers/Microsoft.Network/networkSecurityGroups/nsg"
RT = f"{GROUP}/providers/Microsoft.Network/routeTables/rt"
NAT = f"{GROUP}/providers/Microsoft.Network/natGateways/nat"
DDOS = f"{GROUP}/providers/Microsoft.Network/ddosProtectionPlans/plan"

DOCUMENT: dict[str, Any] = {
    "id": f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet-dr",
    "name": "vnet-dr",
    "location": "West Europe",
    "etag": 'W/"1"',
    "tags": {"owner": "it"},
    "properties": {
        "provisioningState": "Succeeded",
        "addressSpace": {"addressPrefixes": ["10.1.0.0/16", "fd00::/48"]},
        "dhcpOptions": {"dnsServers": ["10.1.0.4"]},
        "futureSetting": {"kept": True},
        "subnets": [
            {
                "name": "Machines",
                "etag": 'W/"1"',
                "properties": {
                    "addressPrefix": "10.1.1.0/24",
                    "routeTable": {"id": RT},
                    "serviceEndpoints": [{"service": "Microsoft.Storage", "locations": ["westeurope"]}],
                    "sharingScope": "Tenant",
                },
            },
            {
                "name": "dual",
                "properties": {
                    "addressPrefixes": ["10.1.2.0/24", "fd00::/64"],
                    "delegations": [{"name": "d", "properties": {"serviceName": "Microsoft.Web/serverFarms"}}],
                },
            },
        ],
        "virtualNetworkPeerings": [
            {"name": "hub", "properties": {"remoteAddressSpace": {"addressPrefixes": ["10.8.0.0/16"]}}},
        ],
    },
}
NETWORK = VirtualNetwork.from_wire(DOCUMENT)


def subnet(name: str, prefix: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "address_prefix": prefix, **more}


def dual(name: str, *prefixes: str) -> dict[str, Any]:
    return {"name": name, "address_prefixes": list(prefixes)}


def used(**inner: Any) -> VirtualNetwork:
    """The network with somebody in its first subnet."""
    document = copy.deepcopy(DOCUMENT)
    users = [
        {"id": f"{GROUP}/providers/Microsoft.Network/networkInterfaces/nic{n}/ipConfigurations/c"} for n in "12345"
    ]
    document["properties"]["subnets"][0]["properties"].update(inner or {"ipConfigurations": users})
    return VirtualNetwork.from_wire(document)


def desired(**given: Any) -> DesiredNetwork:
    return DesiredNetwork.from_options(
        options_of("virtual_network", **{"name": "vnet-dr", "location": "westeurope", **given})
    )


@pytest.mark.parametrize(
    ("option", "given", "told"),
    [
        ("name", {"name": "v"}, "2 to 64"),
        ("location", {"vault_location": "northeurope"}, "not the vault's region"),
        ("address_prefixes", {"address_prefixes": ["ten"]}, "'ten' is no address range; write it like"),
        ("address_prefixes", {"address_prefixes": [""]}, "no address range"),
        ("address_prefixes", {"address_prefixes": ["10.0.0.0/33"]}, "no address range"),
        ("address_prefixes", {"address_prefixes": ["10.0.0.1/16"]}, "if the whole range is meant, write 10.0.0.0/16"),
        ("address_prefixes", {"address_prefixes": ["10.0.0.0/16"] * 2}, "twice"),
        ("address_prefixes", {"address_prefixes": ["10.0.0.0/16", "10.0.0.0/255.255.0.0"]}, "twice"),
        ("address_prefixes", {"address_prefixes": ["10.0.0.0/16", "10.0.128.0/17"]}, "overlap"),
        ("address_prefixes", {"address_prefixes": ["127.0.0.0/8"]}, "loopback"),
        ("address_prefixes", {"address_prefixes": ["0.0.0.0/0"]}, "which Azure does not allow"),
        ("address_prefixes", {"address_prefixes": ["168.63.129.0/24"]}, "Azure's own DNS"),
        ("subnets (a b)", {"subnets": [subnet("a b", "10.1.0.0/24")]}, "1 to 80"),
        ("subnets (a)", {"subnets": [subnet("a", "10.1.0.0/30")]}, "smallest subnet is /29"),
        ("subnets (a)", {"subnets": [subnet("a", "fd00::/64")]}, "need IPv4"),
        ("subnets (a)", {"subnets": [subnet("a", "0.0.0.0/1")]}, "largest subnet is /2"),
        ("subnets (a)", {"subnets": [dual("a")]}, "need IPv4"),
        ("subnets (a)", {"subnets": [dual("a", "10.1.0.0/24", "fd00::/63")]}, "is no /64"),
        ("subnets (a)", {"subnets": [dual("a", "10.1.0.0/24", "fd00::/65")]}, "is no /64"),
        ("subnets (a)", {"subnets": [dual("a", "10.1.0.0/24", "10.1.0.0/24")]}, "twice"),
        ("subnets (a)", {"subnets": [dual("a", "10.1.0.0/24", "10.1.0.0/25")]}, "overlap"),
        (
            "subnets",
            {"subnets": [dual("a", "10.1.0.0/24", "fd00::/64"), dual("b", "10.1.1.0/24", "fd00::/64")]},
            "a (fd00::/64) and b (fd00::/64) overlap",
        ),
        (
            "subnets (a)",
            {"address_prefixes": ["10.1.0.0/16", "fd00::/56"], "subnets": [dual("a", "10.1.0.0/24", "fd00:1::/64")]},
            "fd00:1::/64 lies outside",
        ),
        ("subnets (a) route_table", {"subnets": [subnet("a", "10.1.0.0/24", route_table="rt")]}, "'rt' is not the id"),
        ("subnets (a) route_table", {"subnets": [subnet("a", "10.1.0.0/24", route_table=NSG)]}, "routeTables/<name>"),
        (
            "subnets (a) nat_gateway",
            {"subnets": [subnet("a", "10.1.0.0/24", nat_gateway=NAT.replace("0000-", "1111-"))]},
            "it is in subscription",
        ),
        (
            "subnets (a) service_endpoints",
            {"subnets": [subnet("a", "10.1.0.0/24", service_endpoints=["storage"])]},
            "'storage' is no service; write it like Microsoft.Storage",
        ),
        (
            "subnets (a) service_endpoints",
            {"subnets": [subnet("a", "10.1.0.0/24", service_endpoints=["Microsoft.Sql", "microsoft.sql"])]},
            "twice",
        ),
        (
            "subnets (a) delegations",
            {"subnets": [subnet("a", "10.1.0.0/24", delegations=["Microsoft.Web"])]},
            "write it like Microsoft.Web/serverFarms",
        ),
        (
            "subnets (GatewaySubnet) network_security_group",
            {"subnets": [subnet("GatewaySubnet", "10.1.0.0/24", network_security_group=NSG)]},
            "supports none on GatewaySubnet",
        ),
        ("purge_subnets", {"purge_subnets": True}, "would take all away"),
        ("purge_address_prefixes", {"purge_address_prefixes": True, "address_prefixes": []}, "would take all away"),
        ("dns_servers", {"dns_servers": ["dns.example.com"]}, "names don't work"),
        ("dns_servers", {"dns_servers": ["10.1.0.4", "10.1.0.4"]}, "twice"),
        ("flow_timeout_in_minutes", {"flow_timeout_in_minutes": 3}, "4 to 30"),
        ("flow_timeout_in_minutes", {"flow_timeout_in_minutes": 31}, "4 to 30"),
        ("ddos_protection_plan", {"ddos_protection_plan": "plan"}, "is not the id of one"),
        ("ddos_protection_plan", {"ddos_protection_plan": NSG}, "ddosProtectionPlans/<name>"),
        ("location", {"location": None}, "needed unless"),
        ("subnets (a)", {"subnets": [subnet("a", "10.1.0.4/29")]}, "write 10.1.0.0/29"),
        ("subnets (A)", {"subnets": [subnet("a", "10.1.0.0/24"), subnet("A", "10.1.1.0/24")]}, "twice"),
        ("subnets", {"subnets": [subnet("a", "10.1.0.0/24"), subnet("b", "10.1.0.128/25")]}, "overlap"),
        (
            "subnets (a)",
            {"address_prefixes": ["10.2.0.0/16", "fd00::/48"], "subnets": [subnet("a", "10.1.0.0/24")]},
            "lies outside of 10.2.0.0/16, fd00::/48",
        ),
        ("tags", {"tags": {"": "x"}}, "another name"),
    ],
)
def test_refused_before_any_call(option: str, given: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        desired(**given)
    assert caught.value.details == {"option": option}
    assert told in caught.value.message
    assert "; " in caught.value.message


def test_a_new_network_needs_an_ipv4_range() -> None:
    for prefixes in (None, [], ["fd00::/48"]):
        with pytest.raises(InvalidInput, match=r"^address_prefixes: network vnet-dr does not exist yet.*; give one$"):
            plan_network(Grouped(None), desired(address_prefixes=prefixes))


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("as wanted", {}, {}),
        ("what is there", {"address_prefixes": ["10.1.0.0/16"], "subnets": [subnet("machines", "10.1.1.0/24")]}, {}),
        ("one of two ranges", {"subnets": [subnet("dual", "10.1.2.0/24")]}, {}),
        (
            "a range",
            {"address_prefixes": ["10.2.0.0/16"]},
            {"address_prefixes": ["10.1.0.0/16", "fd00::/48", "10.2.0.0/16"]},
        ),
        ("tags", {"tags": {"a": 1}}, {"tags": {"owner": "it", "a": "1"}}),
        ("tags replaced", {"tags": {"a": 1}, "append_tags": False}, {"tags": {"a": "1"}}),
        ("tags removed", {"tags": {}, "append_tags": False}, {"tags": {}}),
        ("the same DNS", {"dns_servers": ["10.1.0.4"]}, {}),
        ("other DNS", {"dns_servers": ["10.1.0.5", "10.1.0.4"]}, {"dns_servers": ["10.1.0.5", "10.1.0.4"]}),
        ("Azure's DNS", {"dns_servers": []}, {"dns_servers": []}),
        ("flow timeout", {"flow_timeout_in_minutes": 10}, {"flow_timeout_in_minutes": 10}),
        ("no encryption", {"encryption": {"enabled": False}}, {}),
        (
            "encryption",
            {"encryption": {"enabled": True, "enforcement": None}},
            {"encryption": {"enabled": True, "enforcement": "AllowUnencrypted"}},
        ),
        ("a plan", {"ddos_protection_plan": DDOS}, {"ddos_protection_plan": DDOS}),
        ("no plan", {"ddos_protection_plan": ""}, {}),
        ("the same endpoint", {"subnets": [{"name": "machines", "service_endpoints": ["microsoft.storage"]}]}, {}),
        ("the same table", {"subnets": [{"name": "machines", "route_table": RT.upper()}]}, {}),
        ("no group", {"subnets": [{"name": "machines", "network_security_group": ""}]}, {}),
        ("all ranges in another order", {"subnets": [dual("dual", "fd00::/64", "10.1.2.0/24")]}, {}),
        (
            "only these ranges",
            {"address_prefixes": ["10.1.0.0/16", "fd00::/48"], "purge_address_prefixes": True},
            {},
        ),
        (
            "a larger range",
            {"address_prefixes": ["10.0.0.0/14", "fd00::/48"], "purge_address_prefixes": True},
            {"address_prefixes": ["fd00::/48", "10.0.0.0/14"]},
        ),
    ],
)
def test_plan_of_a_network_that_is_there(name: str, given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert short(plan_network(Grouped(NETWORK), desired(**given))) == expected


def test_a_subnet_is_added_behind_the_others_also_into_a_new_range() -> None:
    asked = desired(
        address_prefixes=["10.1.0.0/16", "10.2.0.0/16"],
        subnets=[subnet("a", "10.1.9.0/24"), subnet("b", "10.2.0.0/24")],
    )
    plan = plan_network(Grouped(NETWORK), asked)
    assert [entry["name"] for entry in short(plan)["subnets"]] == ["Machines", "dual", "a", "b"]
    assert "add subnet a (10.1.9.0/24), b (10.2.0.0/24)" in plan.describe()


@pytest.mark.parametrize(
    ("option", "given", "told"),
    [
        ("location", {"location": "northeurope"}, "can't be moved to northeurope"),
        ("address_prefixes", {"address_prefixes": ["10.0.0.0/8"]}, "overlaps 10.1.0.0/16"),
        ("address_prefixes", {"address_prefixes": ["10.8.128.0/17"]}, "overlaps 10.8.0.0/16 of the network behind"),
        (
            "address_prefixes",
            {"address_prefixes": ["10.9.0.0/16", "fd00::/48"], "purge_address_prefixes": True},
            r"range of subnet Machines \(10.1.1.0/24\) of network vnet-dr would be left without one",
        ),
        ("subnets", {"subnets": [subnet("renamed", "10.1.1.0/24")]}, "can't be renamed, only replaced"),
        ("subnets", {"subnets": [dual("a", "10.1.4.0/24", "fd00::/64")]}, r"\(fd00::/64\) overlaps dual"),
        ("subnets", {"subnets": [subnet("machines", "10.1.0.0/22")]}, "overlaps dual"),
        ("subnets", {"subnets": [subnet("new", "10.1.1.128/25")]}, r"overlaps Machines \(10.1.1.0/24\)"),
        ("subnets", {"subnets": [subnet("new", "10.9.0.0/24")]}, "lies outside of network vnet-dr"),
    ],
)
def test_what_would_harm_the_network_is_refused(option: str, given: dict[str, Any], told: str) -> None:
    with pytest.raises(Refused, match=rf"^{option}: .*{told}"):
        plan_network(Grouped(NETWORK), desired(**given))


def test_a_missing_group_is_made_only_when_allowed() -> None:
    nothing: Grouped[VirtualNetwork] = Grouped(None, group_missing=True)
    with pytest.raises(Refused, match=r"^resource_group: "):
        plan_network(nothing, desired(address_prefixes=["10.1.0.0/16"]))
    plan = plan_network(nothing, desired(address_prefixes=["10.1.0.0/16"], create_resource_group=True))
    assert plan.changes[0].path == "resource_group"


def test_an_update_sends_all_that_was_read() -> None:
    before = copy.deepcopy(DOCUMENT)
    asked = desired(address_prefixes=["10.2.0.0/16"], subnets=[subnet("new", "10.2.0.0/24")], tags={"a": 1})
    added = {"name": "new", "properties": {"addressPrefix": "10.2.0.0/24"}}
    assert merged_body(NETWORK, asked) == {
        **before,
        "tags": {"owner": "it", "a": "1"},
        "properties": {
            **before["properties"],
            "addressSpace": {"addressPrefixes": ["10.1.0.0/16", "fd00::/48", "10.2.0.0/16"]},
            "subnets": [*before["properties"]["subnets"], added],
        },
    }
    assert before == DOCUMENT


STORAGE = {"service": "Microsoft.Storage", "locations": ["westeurope"]}
WEB = {"name": "Microsoft.Web.serverFarms", "properties": {"serviceName": "Microsoft.Web/serverFarms"}}
GONE: Any = object()


@pytest.mark.parametrize(
    ("which", "asked", "changed"),
    [
        # What is asked of one of the two subnets, and the only members of its properties that are then others.
        (0, {"address_prefix": "10.1.4.0/24"}, {"addressPrefix": "10.1.4.0/24"}),
        (
            0,
            {"address_prefixes": ["10.1.1.0/24", "fd00:0:0:9::/64"]},
            {"addressPrefix": GONE, "addressPrefixes": ["10.1.1.0/24", "fd00:0:0:9::/64"]},
        ),
        (1, {"address_prefix": "10.1.4.0/24"}, {"addressPrefixes": ["10.1.4.0/24", "fd00::/64"]}),
        (1, {"address_prefixes": ["10.1.2.0/24"]}, {"addressPrefixes": ["10.1.2.0/24"]}),
        (0, {"network_security_group": NSG}, {"networkSecurityGroup": {"id": NSG}}),
        (0, {"nat_gateway": NAT}, {"natGateway": {"id": NAT}}),
        (0, {"route_table": ""}, {"routeTable": GONE}),
        (0, {"route_table": f"{RT}2"}, {"routeTable": {"id": f"{RT}2"}}),
        (
            0,
            {"service_endpoints": ["Microsoft.Sql", "microsoft.storage"]},
            {"serviceEndpoints": [STORAGE, {"service": "Microsoft.Sql"}]},
        ),
        (0, {"service_endpoints": []}, {"serviceEndpoints": []}),
        (0, {"delegations": ["Microsoft.Web/serverFarms"]}, {"delegations": [WEB]}),
        (1, {"delegations": []}, {"delegations": []}),
        (0, {"default_outbound_access": False}, {"defaultOutboundAccess": False}),
        (0, {"private_endpoint_network_policies": "Enabled"}, {"privateEndpointNetworkPolicies": "Enabled"}),
    ],
)
def test_only_what_is_asked_of_a_subnet_changes_in_its_body(
    which: int, asked: dict[str, Any], changed: dict[str, Any]
) -> None:
    wanted = desired(subnets=[{"name": NETWORK.subnets[which].name.upper(), **asked}])
    expected = copy.deepcopy(DOCUMENT)
    inner = expected["properties"]["subnets"][which]["properties"]
    inner.update(changed)
    for name in [name for name, value in changed.items() if value is GONE]:
        del inner[name]
    assert merged_body(NETWORK, wanted) == expected
    assert plan_network(Grouped(NETWORK), wanted).changed
    assert not plan_network(Grouped(VirtualNetwork.from_wire(expected)), wanted).changed


@pytest.mark.parametrize(
    ("asked", "changed"),
    [
        ({"dns_servers": []}, {"dhcpOptions": {"dnsServers": []}}),
        ({"flow_timeout_in_minutes": 4}, {"flowTimeoutInMinutes": 4}),
        (
            {"encryption": {"enabled": True}},
            {"encryption": {"enabled": True, "enforcement": "AllowUnencrypted"}},
        ),
        ({"ddos_protection_plan": DDOS}, {"ddosProtectionPlan": {"id": DDOS}, "enableDdosProtection": True}),
    ],
)
def test_only_the_setting_that_is_asked_for_changes_in_the_body(asked: dict[str, Any], changed: dict[str, Any]) -> None:
    expected = {**DOCUMENT, "properties": {**DOCUMENT["properties"], **changed}}
    assert merged_body(NETWORK, desired(**asked)) == expected
    assert not plan_network(Grouped(VirtualNetwork.from_wire(expected)), desired(**asked)).changed


def test_a_plan_is_taken_off_with_its_switch() -> None:
    document = {**DOCUMENT, "properties": {**DOCUMENT["properties"], "ddosProtectionPlan": {"id": DDOS}}}
    body = merged_body(VirtualNetwork.from_wire(document), desired(ddos_protection_plan=""))
    assert body == {**DOCUMENT, "properties": {**DOCUMENT["properties"], "enableDdosProtection": False}}


def test_purging_replaces_a_subnet_and_tells_it() -> None:
    asked = desired(subnets=[subnet("machines", "10.1.1.0/24"), subnet("new", "10.1.2.0/25")], purge_subnets=True)
    plan = plan_network(Grouped(NETWORK), asked)
    assert plan.describe() == (
        "take away subnet dual (10.1.2.0/24, fd00::/64); add subnet new (10.1.2.0/25); new is made in place of dual"
    )
    names = [entry["name"] for entry in merged_body(NETWORK, asked)["properties"]["subnets"]]
    assert names == ["Machines", "new"]


def test_an_empty_list_with_purging_takes_all_subnets() -> None:
    assert short(plan_network(Grouped(NETWORK), desired(subnets=[], purge_subnets=True))) == {"subnets": []}


NICS = "used by networkInterfaces/nic1, networkInterfaces/nic2, networkInterfaces/nic3 and 2 more"


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"subnets": [], "purge_subnets": True}, f"Machines of network vnet-dr is {NICS} and can't be taken away"),
        (
            {"subnets": [subnet("machines", "10.1.0.0/23")]},
            f"{NICS}, so its range 10.1.1.0/24 can't become 10.1.0.0/23",
        ),
    ],
)
def test_a_subnet_in_use_stays_and_its_users_are_named(asked: dict[str, Any], told: str) -> None:
    with pytest.raises(Refused) as caught:
        plan_network(Grouped(used()), desired(**asked))
    assert told in caught.value.message


def test_a_subnet_in_use_may_get_more_ranges() -> None:
    asked = desired(subnets=[dual("Machines", "10.1.1.0/24", "fd00:0:0:1::/64")])
    assert (
        "address_prefixes 10.1.1.0/24 -> 10.1.1.0/24, fd00:0:0:1::/64"
        in plan_network(Grouped(used()), asked).describe()
    )


@pytest.mark.parametrize(
    ("inner", "told"),
    [
        (
            {"privateEndpoints": [{"id": f"{GROUP}/providers/Microsoft.Network/privateEndpoints/pe"}]},
            "privateEndpoints/pe",
        ),
        (
            {"serviceAssociationLinks": [{"properties": {"linkedResourceType": "Microsoft.Web/serverfarms"}}]},
            "Microsoft.Web/serverfarms",
        ),
        (
            {"resourceNavigationLinks": [{"properties": {"link": f"{GROUP}/providers/Microsoft.Cache/Redis/r"}}]},
            "Redis/r",
        ),
    ],
)
def test_every_kind_of_user_is_seen(inner: dict[str, Any], told: str) -> None:
    assert used(**inner).subnets[0].users == (told,)


@pytest.mark.parametrize(
    ("name", "prefix", "fits"),
    [
        ("AzureBastionSubnet", "10.1.9.0/27", False),
        ("azurebastionsubnet", "10.1.9.0/26", True),
        ("AzureFirewallSubnet", "10.1.9.0/27", False),
        ("RouteServerSubnet", "10.1.9.0/28", False),
        ("GatewaySubnet", "10.1.9.0/29", True),
    ],
)
def test_a_new_reserved_subnet_has_room_for_what_it_is_for(name: str, prefix: str, fits: bool) -> None:
    asked = desired(subnets=[subnet(name, prefix)])
    if fits:
        assert plan_network(Grouped(NETWORK), asked).changed
        return
    with pytest.raises(InvalidInput, match="is too small, it needs /2"):
        plan_network(Grouped(NETWORK), asked)


def test_a_small_reserved_subnet_that_is_there_is_not_judged() -> None:
    document = copy.deepcopy(DOCUMENT)
    document["properties"]["subnets"][0] = {
        "name": "AzureBastionSubnet",
        "properties": {"addressPrefix": "10.1.9.0/27"},
    }
    network = VirtualNetwork.from_wire(document)
    assert not plan_network(Grouped(network), desired(subnets=[subnet("AzureBastionSubnet", "10.1.9.0/27")])).changed


def test_a_new_subnet_needs_a_range() -> None:
    with pytest.raises(InvalidInput, match=r"^subnets \(new\): it does not exist yet, and a new one needs a range"):
        plan_network(Grouped(NETWORK), desired(subnets=[{"name": "new"}]))


def test_peerings_that_lag_behind_are_told() -> None:
    document = copy.deepcopy(DOCUMENT)
    assert peering_findings(NETWORK) == []
    document["properties"]["virtualNetworkPeerings"][0]["properties"]["peeringSyncLevel"] = "LocalNotInSync"
    (finding,) = peering_findings(VirtualNetwork.from_wire(document))
    assert finding.startswith("peering hub does not have the network's present ranges; synchronize it")


ABSENT = {"state": "absent", "location": None}
LONELY = VirtualNetwork.from_wire({**DOCUMENT, "properties": {**DOCUMENT["properties"], "virtualNetworkPeerings": []}})


@pytest.mark.parametrize(
    ("network", "asked", "told"),
    [
        (used(), {"allow_delete": True}, "state: network vnet-dr is in use (subnet Machines by networkInterfaces/nic1"),
        (NETWORK, {"allow_delete": True}, "state: network vnet-dr is peered (hub); delete the peerings"),
        (LONELY, {}, "set allow_delete to true if that is meant"),
        (LONELY, {"allow_delete": True, "location": "northeurope"}, "location: network vnet-dr is in westeurope"),
    ],
)
def test_a_network_is_deleted_only_when_empty_and_meant(
    network: VirtualNetwork, asked: dict[str, Any], told: str
) -> None:
    with pytest.raises(Refused) as caught:
        plan_network(Grouped(network), desired(**{**ABSENT, **asked}))
    assert told in caught.value.message


def test_the_deletion_of_an_empty_network() -> None:
    plan = plan_network(Grouped(LONELY), desired(**ABSENT, allow_delete=True))
    assert short(plan) == {"state": "absent"}
    assert plan.describe() == "delete network vnet-dr (empty subnets: Machines, dual)"
    assert not plan_network(Grouped(None), desired(**ABSENT)).changed
    assert not plan_network(Grouped(None, group_missing=True), desired(**ABSENT)).changed


def test_tags_alone_need_no_update_of_the_network() -> None:
    assert only_tags(plan_network(Grouped(NETWORK), desired(tags={"a": 1})))
    assert not only_tags(plan_network(Grouped(NETWORK), desired(tags={"a": 1}, address_prefixes=["10.2.0.0/16"])))


def test_plan_and_body_of_a_new_network() -> None:
    asked = desired(address_prefixes=["10.1.0.0/16"], subnets=[subnet("GatewaySubnet", "10.1.1.0/24")], tags={"a": 1})
    assert short(plan_network(Grouped(None), asked)) == {
        **NETWORK.to_result(),
        "id": UNKNOWN,
        "address_prefixes": ["10.1.0.0/16"],
        "subnets": [
            {
                **Subnet("GatewaySubnet", ("10.1.1.0/24",)).to_result(),
                "default_outbound_access": UNKNOWN,
                "private_endpoint_network_policies": "Disabled",
            },
        ],
        "dns_servers": [],
        "tags": {"a": "1"},
    }
    assert creation_body(asked) == {
        "location": "westeurope",
        "properties": {
            "addressSpace": {"addressPrefixes": ["10.1.0.0/16"]},
            "subnets": [{"name": "GatewaySubnet", "properties": {"addressPrefix": "10.1.1.0/24"}}],
        },
        "tags": {"a": "1"},
    }
    assert asked.reserved == ["GatewaySubnet"]


@pytest.mark.parametrize(
    ("name", "document", "expected"),
    [
        ("bare", {"name": "s"}, Subnet("s", ())),
        (
            "single",
            DOCUMENT["properties"]["subnets"][0],
            Subnet("Machines", ("10.1.1.0/24",), route_table=RT, service_endpoints=("Microsoft.Storage",)),
        ),
        (
            "several, delegated",
            DOCUMENT["properties"]["subnets"][1],
            Subnet("dual", ("10.1.2.0/24", "fd00::/64"), ("Microsoft.Web/serverFarms",)),
        ),
    ],
)
def test_a_subnet_from_the_wire(name: str, document: dict[str, Any], expected: Subnet) -> None:
    assert Subnet.from_wire(document) == expected
    prefixes = list(expected.prefixes)
    first = prefixes[0] if prefixes else None
    shown = expected.to_result()
    assert (shown["name"], shown["address_prefix"], shown["address_prefixes"]) == (expected.name, first, prefixes)


def test_a_bare_network_from_the_wire() -> None:
    bare = VirtualNetwork.from_wire({"id": DOCUMENT["id"], "name": "vnet-dr", "location": "westeurope"})
    assert (bare.address_prefixes, bare.subnets, bare.provisioning_state, bare.tags) == ((), (), "", {})


PREFIXES = st.lists(st.sampled_from(["10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/24", "fd00::/48"]), unique=True)
SUBNETS = st.lists(
    st.sampled_from(
        [
            subnet("Machines", "10.1.1.0/24"),
            subnet("MACHINES", "10.1.1.0/24"),
            subnet("a", "10.1.3.0/24"),
            subnet("b", "10.2.0.0/29"),
            subnet("c", "10.3.0.0/25"),
        ]
    ),
    unique_by=lambda entry: entry["name"].casefold(),
)


def _subnet_shown(entry: dict[str, Any]) -> Subnet:
    plain: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in entry.items()
        if name not in ("address_prefix", "address_prefixes")
    }
    return Subnet(**plain)


@given(
    PREFIXES,
    SUBNETS,
    st.none() | st.dictionaries(st.sampled_from(["owner", "a"]), st.text("xy")),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_the_plan_of_the_network_after_its_plan_is_empty(
    prefixes: list[str],
    subnets: list[dict[str, str]],
    tags: dict[str, str] | None,
    new: bool,
    purge: bool,
    purge_subnets: bool,
) -> None:
    network = None if new else NETWORK
    try:
        asked = desired(
            address_prefixes=prefixes,
            subnets=subnets,
            tags=tags,
            purge_address_prefixes=purge and bool(prefixes),
            purge_subnets=purge_subnets,
        )
        plan = plan_network(Grouped(network), asked)
    except (InvalidInput, Refused):
        assume(False)
    shown = apply_changes(network.to_result() if network else {}, plan.changes)
    entries = [{**entry, "prefixes": tuple(entry["address_prefixes"])} for entry in shown.pop("subnets")]
    made = tuple(map(_subnet_shown, entries))
    lists = {name: tuple(shown[name]) for name in ("address_prefixes", "dns_servers")}
    after = VirtualNetwork(**{**shown, **lists, "subnets": made})
    assert not plan_network(Grouped(after), asked).changed
    if network is not None:
        # What goes to the service holds the same as the preview, apart from what the service fills itself.
        written = VirtualNetwork.from_wire(merged_body(network, asked))
        assert replace(written, subnets=()) == replace(after, subnets=(), provisioning_state="Succeeded")
        assert [(subnet.name, subnet.prefixes, subnet.route_table) for subnet in written.subnets] == [
            (subnet.name, subnet.prefixes, subnet.route_table) for subnet in made
        ]
