# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks: offline checks, plans, deletion, and networks from the service (T6)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.network_plan import (
    creation_body,
    merged_body,
    only_tags,
    plan_network,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.resource_group import ResourceState
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.subnet import Subnet
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.virtual_network import VirtualNetwork
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import InvalidInput, Refused
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.plan import UNKNOWN, apply_changes
from tests.unit.plugins.module_utils.networks import DDOS, DOCUMENT, NAT, NETWORK, NSG, RT, desired, dual, subnet, used
from tests.unit.plugins.module_utils.resources import short


@pytest.mark.parametrize(
    ("option", "given", "text"),
    [
        ("name", {"name": "v"}, "2 to 64"),
        ("location", {"vault_location": "northeurope"}, "not the vault's region"),
        ("address_prefixes", {"address_prefixes": ["ten"]}, "'ten' is not an address range; write it like"),
        ("address_prefixes", {"address_prefixes": [""]}, "is not an address range"),
        ("address_prefixes", {"address_prefixes": ["10.0.0.0/33"]}, "is not an address range"),
        ("address_prefixes", {"address_prefixes": ["10.0.0.1/16"]}, "write 10.0.0.0/16 for the whole range"),
        ("address_prefixes", {"address_prefixes": ["10.0.0.0/16"] * 2}, "a duplicate"),
        ("address_prefixes", {"address_prefixes": ["10.0.0.0/16", "10.0.0.0/255.255.0.0"]}, "a duplicate"),
        ("address_prefixes", {"address_prefixes": ["10.0.0.0/16", "10.0.128.0/17"]}, "overlap"),
        ("address_prefixes", {"address_prefixes": ["127.0.0.0/8"]}, "loopback"),
        ("address_prefixes", {"address_prefixes": ["0.0.0.0/0"]}, "which Azure does not allow"),
        ("address_prefixes", {"address_prefixes": ["168.63.129.0/24"]}, "Azure's own DNS"),
        ("subnets (a b)", {"subnets": [subnet("a b", "10.1.0.0/24")]}, "1 to 80"),
        ("subnets (a)", {"subnets": [subnet("a", "10.1.0.0/30")]}, "smallest subnet is /29"),
        ("subnets (a)", {"subnets": [subnet("a", "fd00::/64")]}, "need IPv4"),
        ("subnets (a)", {"subnets": [subnet("a", "0.0.0.0/1")]}, "largest subnet is /2"),
        ("subnets (a)", {"subnets": [dual("a")]}, "need IPv4"),
        ("subnets (a)", {"subnets": [dual("a", "10.1.0.0/24", "fd00::/63")]}, "is not a /64"),
        ("subnets (a)", {"subnets": [dual("a", "10.1.0.0/24", "fd00::/65")]}, "is not a /64"),
        ("subnets (a)", {"subnets": [dual("a", "10.1.0.0/24", "10.1.0.0/24")]}, "a duplicate"),
        ("subnets (a)", {"subnets": [dual("a", "10.1.0.0/24", "10.1.0.0/25")]}, "overlap"),
        (
            "subnets",
            {"subnets": [dual("a", "10.1.0.0/24", "fd00::/64"), dual("b", "10.1.1.0/24", "fd00::/64")]},
            "a (fd00::/64) and b (fd00::/64) overlap",
        ),
        (
            "subnets (a)",
            {"address_prefixes": ["10.1.0.0/16", "fd00::/56"], "subnets": [dual("a", "10.1.0.0/24", "fd00:1::/64")]},
            "fd00:1::/64 is outside",
        ),
        (
            "subnets (a) route_table",
            {"subnets": [subnet("a", "10.1.0.0/24", route_table="rt")]},
            "'rt' is not the id of a route table",
        ),
        ("subnets (a) route_table", {"subnets": [subnet("a", "10.1.0.0/24", route_table=NSG)]}, "routeTables/<name>"),
        (
            "subnets (a) nat_gateway",
            {"subnets": [subnet("a", "10.1.0.0/24", nat_gateway=NAT.replace("0000-", "1111-"))]},
            "it is in subscription",
        ),
        (
            "subnets (a) service_endpoints",
            {"subnets": [subnet("a", "10.1.0.0/24", service_endpoints=["storage"])]},
            "'storage' is not a service; write it like Microsoft.Storage",
        ),
        (
            "subnets (a) service_endpoints",
            {"subnets": [subnet("a", "10.1.0.0/24", service_endpoints=["Microsoft.Sql", "microsoft.sql"])]},
            "a duplicate",
        ),
        (
            "subnets (a) delegations",
            {"subnets": [subnet("a", "10.1.0.0/24", delegations=["Microsoft.Web"])]},
            "write it like Microsoft.Web/serverFarms",
        ),
        (
            "subnets (GatewaySubnet) network_security_group",
            {"subnets": [subnet("GatewaySubnet", "10.1.0.0/24", network_security_group=NSG)]},
            "does not support it on GatewaySubnet",
        ),
        ("purge_subnets", {"purge_subnets": True}, "would remove everything"),
        ("purge_address_prefixes", {"purge_address_prefixes": True, "address_prefixes": []}, "would remove everything"),
        ("dns_servers", {"dns_servers": ["dns.example.com"]}, "addresses instead of names"),
        ("dns_servers", {"dns_servers": ["10.1.0.4", "10.1.0.4"]}, "a duplicate"),
        ("flow_timeout_in_minutes", {"flow_timeout_in_minutes": 3}, "must be between 4 and 30"),
        ("flow_timeout_in_minutes", {"flow_timeout_in_minutes": 31}, "must be between 4 and 30"),
        ("ddos_protection_plan", {"ddos_protection_plan": "plan"}, "is not the id of a DDoS protection plan"),
        ("ddos_protection_plan", {"ddos_protection_plan": NSG}, "ddosProtectionPlans/<name>"),
        ("location", {"location": None}, "is required unless"),
        ("subnets (a)", {"subnets": [subnet("a", "10.1.0.4/29")]}, "write 10.1.0.0/29 for the whole range"),
        ("subnets (A)", {"subnets": [subnet("a", "10.1.0.0/24"), subnet("A", "10.1.1.0/24")]}, "a duplicate"),
        ("subnets", {"subnets": [subnet("a", "10.1.0.0/24"), subnet("b", "10.1.0.128/25")]}, "overlap"),
        (
            "subnets (a)",
            {"address_prefixes": ["10.2.0.0/16", "fd00::/48"], "subnets": [subnet("a", "10.1.0.0/24")]},
            "is outside of 10.2.0.0/16, fd00::/48",
        ),
        ("tags", {"tags": {"": "x"}}, "rename the tag"),
    ],
)
def test_refused_before_any_call(option: str, given: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        desired(**given)
    assert caught.value.details == {"option": option}
    assert text in caught.value.message
    assert "; " in caught.value.message


def test_a_new_network_needs_an_ipv4_range() -> None:
    for prefixes in (None, [], ["fd00::/48"]):
        with pytest.raises(InvalidInput, match=r"^address_prefixes: network vnet-dr does not exist yet.*; give one$"):
            plan_network(ResourceState(None), desired(address_prefixes=prefixes))


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("no difference", {}, {}),
        (
            "existing range and subnet",
            {"address_prefixes": ["10.1.0.0/16"], "subnets": [subnet("machines", "10.1.1.0/24")]},
            {},
        ),
        ("one of two ranges", {"subnets": [subnet("dual", "10.1.2.0/24")]}, {}),
        (
            "a range",
            {"address_prefixes": ["10.2.0.0/16"]},
            {"address_prefixes": ["10.1.0.0/16", "fd00::/48", "10.2.0.0/16"]},
        ),
        ("tags", {"tags": {"a": 1}}, {"tags": {"owner": "it", "a": "1"}}),
        ("tags replaced", {"tags": {"a": 1}, "purge_tags": True}, {"tags": {"a": "1"}}),
        ("tags removed", {"tags": {}, "purge_tags": True}, {"tags": {}}),
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
def test_plan_of_an_existing_network(name: str, given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert short(plan_network(ResourceState(NETWORK), desired(**given))) == expected


def test_new_subnets_follow_the_existing_ones_also_in_a_new_range() -> None:
    requested = desired(
        address_prefixes=["10.1.0.0/16", "10.2.0.0/16"],
        subnets=[subnet("a", "10.1.9.0/24"), subnet("b", "10.2.0.0/24")],
    )
    plan = plan_network(ResourceState(NETWORK), requested)
    assert [entry["name"] for entry in short(plan)["subnets"]] == ["Machines", "dual", "a", "b"]
    assert "add subnet a (10.1.9.0/24), b (10.2.0.0/24)" in plan.describe()


@pytest.mark.parametrize(
    ("option", "given", "text"),
    [
        ("location", {"location": "northeurope"}, "cannot be moved to northeurope"),
        ("address_prefixes", {"address_prefixes": ["10.0.0.0/8"]}, "overlaps 10.1.0.0/16"),
        ("address_prefixes", {"address_prefixes": ["10.8.128.0/17"]}, "overlaps 10.8.0.0/16 of the network behind"),
        (
            "address_prefixes",
            {"address_prefixes": ["10.9.0.0/16", "fd00::/48"], "purge_address_prefixes": True},
            r"subnet Machines \(10.1.1.0/24\) would be outside of the ranges of network vnet-dr",
        ),
        ("subnets", {"subnets": [subnet("renamed", "10.1.1.0/24")]}, "replace the subnet with purge_subnets"),
        ("subnets", {"subnets": [dual("a", "10.1.4.0/24", "fd00::/64")]}, r"\(fd00::/64\) overlaps dual"),
        ("subnets", {"subnets": [subnet("machines", "10.1.0.0/22")]}, "overlaps dual"),
        ("subnets", {"subnets": [subnet("new", "10.1.1.128/25")]}, r"overlaps Machines \(10.1.1.0/24\)"),
        ("subnets", {"subnets": [subnet("new", "10.9.0.0/24")]}, "is outside of network vnet-dr"),
    ],
)
def test_a_harmful_change_is_refused(option: str, given: dict[str, Any], text: str) -> None:
    with pytest.raises(Refused, match=rf"^{option}: .*{text}"):
        plan_network(ResourceState(NETWORK), desired(**given))


def test_a_missing_group_is_created_only_when_allowed() -> None:
    nothing: ResourceState[VirtualNetwork] = ResourceState(None, group_missing=True)
    with pytest.raises(Refused, match=r"^resource_group: "):
        plan_network(nothing, desired(address_prefixes=["10.1.0.0/16"]))
    plan = plan_network(nothing, desired(address_prefixes=["10.1.0.0/16"], create_resource_group=True))
    assert plan.changes[0].path == "resource_group"


ABSENT = {"state": "absent", "location": None}
UNPEERED = VirtualNetwork.from_wire(
    {**DOCUMENT, "properties": {**DOCUMENT["properties"], "virtualNetworkPeerings": []}}
)


@pytest.mark.parametrize(
    ("network", "requested", "text"),
    [
        (used(), {"allow_delete": True}, "state: network vnet-dr is in use (subnet Machines by networkInterfaces/nic1"),
        (NETWORK, {"allow_delete": True}, "state: network vnet-dr is peered (hub); delete the peerings"),
        (UNPEERED, {}, "set allow_delete to true to confirm it"),
        (UNPEERED, {"allow_delete": True, "location": "northeurope"}, "location: network vnet-dr is in westeurope"),
    ],
)
def test_a_network_is_deleted_only_when_it_is_empty_and_confirmed(
    network: VirtualNetwork, requested: dict[str, Any], text: str
) -> None:
    with pytest.raises(Refused) as caught:
        plan_network(ResourceState(network), desired(**{**ABSENT, **requested}))
    assert text in caught.value.message


def test_the_deletion_of_an_empty_network() -> None:
    plan = plan_network(ResourceState(UNPEERED), desired(**ABSENT, allow_delete=True))
    assert short(plan) == {"state": "absent"}
    assert plan.describe() == "delete network vnet-dr (empty subnets: Machines, dual)"
    assert not plan_network(ResourceState(None), desired(**ABSENT)).changed
    assert not plan_network(ResourceState(None, group_missing=True), desired(**ABSENT)).changed


def test_a_change_of_tags_needs_no_update_of_the_network() -> None:
    assert only_tags(plan_network(ResourceState(NETWORK), desired(tags={"a": 1})))
    assert not only_tags(plan_network(ResourceState(NETWORK), desired(tags={"a": 1}, address_prefixes=["10.2.0.0/16"])))


def made_of(name: str, *prefixes: str, **settings: Any) -> Subnet:
    """Return a subnet with defaults for the settings that are not given."""
    bare = Subnet.from_wire({"name": name})
    delegations = settings.pop("delegations", ())
    return replace(bare, prefixes=prefixes, delegations=delegations, settings={**bare.settings, **settings})


def test_plan_and_body_of_a_new_network() -> None:
    requested = desired(
        address_prefixes=["10.1.0.0/16"], subnets=[subnet("GatewaySubnet", "10.1.1.0/24")], tags={"a": 1}
    )
    assert short(plan_network(ResourceState(None), requested)) == {
        **NETWORK.to_result(),
        "id": UNKNOWN,
        "address_prefixes": ["10.1.0.0/16"],
        "subnets": [
            {
                **made_of("GatewaySubnet", "10.1.1.0/24").to_result(),
                "default_outbound_access": UNKNOWN,
                "private_endpoint_network_policies": "Disabled",
            },
        ],
        "dns_servers": [],
        "tags": {"a": "1"},
    }
    assert creation_body(requested) == {
        "location": "westeurope",
        "properties": {
            "addressSpace": {"addressPrefixes": ["10.1.0.0/16"]},
            "subnets": [
                {"name": "GatewaySubnet", "properties": {"defaultOutboundAccess": True, "addressPrefix": "10.1.1.0/24"}}
            ],
        },
        "tags": {"a": "1"},
    }
    assert requested.reserved == ["GatewaySubnet"]


@pytest.mark.parametrize(
    ("name", "document", "expected"),
    [
        ("bare", {"name": "s"}, made_of("s")),
        (
            "single",
            DOCUMENT["properties"]["subnets"][0],
            made_of("Machines", "10.1.1.0/24", route_table=RT, service_endpoints=("Microsoft.Storage",)),
        ),
        (
            "several, delegated",
            DOCUMENT["properties"]["subnets"][1],
            made_of("dual", "10.1.2.0/24", "fd00::/64", delegations=("Microsoft.Web/serverFarms",)),
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


def from_result(entry: dict[str, Any]) -> Subnet:
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()}
    name, prefixes = str(values.pop("name")), values.pop("address_prefixes")
    del values["address_prefix"]
    return made_of(name, *prefixes, **values)


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
        requested = desired(
            address_prefixes=prefixes,
            subnets=subnets,
            tags=tags,
            purge_address_prefixes=purge and bool(prefixes),
            purge_subnets=purge_subnets,
        )
        plan = plan_network(ResourceState(network), requested)
    except (InvalidInput, Refused):
        assume(False)
    shown = apply_changes(network.to_result() if network else {}, plan.changes)
    made = tuple(map(from_result, shown.pop("subnets")))
    settings = {name: shown.pop(name) for name in NETWORK.settings}
    settings["dns_servers"] = tuple(settings["dns_servers"])
    prefixes_after = tuple(shown.pop("address_prefixes"))
    after = VirtualNetwork(**shown, address_prefixes=prefixes_after, subnets=made, settings=settings)
    assert not plan_network(ResourceState(after), requested).changed
    if network is not None:
        # The body has the same values as the preview, except those that the service sets.
        sent = VirtualNetwork.from_wire(merged_body(network, requested))
        assert replace(sent, subnets=()) == replace(after, subnets=(), provisioning_state="Succeeded")
        assert [(subnet.name, subnet.prefixes, subnet.settings["route_table"]) for subnet in sent.subnets] == [
            (subnet.name, subnet.prefixes, subnet.settings["route_table"]) for subnet in made
        ]
