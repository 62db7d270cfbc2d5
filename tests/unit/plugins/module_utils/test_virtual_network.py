# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks: ranges checked offline, what is added, and that nothing is ever taken away (T6)."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.errors import InvalidInput, Refused
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.group import Grouped
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.plan import UNKNOWN, overlaid
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.virtual_network import (
    DesiredNetwork,
    Subnet,
    VirtualNetwork,
    creation_body,
    merged_body,
    only_tags,
    plan_network,
)
from tests.unit.plugins.module_utils.nouns import GROUP, options_of, short

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
            {"name": "Machines", "properties": {"addressPrefix": "10.1.1.0/24", "routeTable": {"id": "/rt"}}},
            {
                "name": "dual",
                "properties": {
                    "addressPrefixes": ["10.1.2.0/24", "fd00::/64"],
                    "delegations": [{"name": "d", "properties": {"serviceName": "Microsoft.Web/serverFarms"}}],
                },
            },
        ],
    },
}
NETWORK = VirtualNetwork.from_wire(DOCUMENT)


def subnet(name: str, prefix: str) -> dict[str, str]:
    return {"name": name, "address_prefix": prefix}


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
        ("subnets", {"subnets": [subnet("machines", "10.1.1.0/25")]}, "not resized here"),
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
    plan = plan_network(
        Grouped(NETWORK),
        desired(address_prefixes=["10.2.0.0/16"], subnets=[subnet("new", "10.2.0.0/24")], tags={"a": 1}),
    )
    body = merged_body(NETWORK, plan)
    added = {"name": "new", "properties": {"addressPrefix": "10.2.0.0/24"}}
    assert body == {
        **before,
        "tags": {"owner": "it", "a": "1"},
        "properties": {
            **before["properties"],
            "addressSpace": {"addressPrefixes": ["10.1.0.0/16", "fd00::/48", "10.2.0.0/16"]},
            "subnets": [*before["properties"]["subnets"], added],
        },
    }
    assert before == DOCUMENT


def test_tags_alone_need_no_update_of_the_network() -> None:
    assert only_tags(plan_network(Grouped(NETWORK), desired(tags={"a": 1})))
    assert not only_tags(plan_network(Grouped(NETWORK), desired(tags={"a": 1}, address_prefixes=["10.2.0.0/16"])))


def test_plan_and_body_of_a_new_network() -> None:
    asked = desired(address_prefixes=["10.1.0.0/16"], subnets=[subnet("GatewaySubnet", "10.1.1.0/24")], tags={"a": 1})
    assert short(plan_network(Grouped(None), asked)) == {
        **NETWORK.project(),
        "id": UNKNOWN,
        "address_prefixes": ["10.1.0.0/16"],
        "subnets": [
            {"name": "GatewaySubnet", "address_prefix": "10.1.1.0/24", "address_prefixes": ["10.1.1.0/24"]},
        ],
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
        ("single", DOCUMENT["properties"]["subnets"][0], Subnet("Machines", ("10.1.1.0/24",))),
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
    assert expected.project() == {"name": expected.name, "address_prefix": first, "address_prefixes": prefixes}


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


@given(PREFIXES, SUBNETS, st.none() | st.dictionaries(st.sampled_from(["owner", "a"]), st.text("xy")), st.booleans())
def test_the_plan_of_the_network_after_its_plan_is_empty(
    prefixes: list[str], subnets: list[dict[str, str]], tags: dict[str, str] | None, new: bool
) -> None:
    network = None if new else NETWORK
    try:
        asked = desired(address_prefixes=prefixes, subnets=subnets, tags=tags)
        plan = plan_network(Grouped(network), asked)
    except (InvalidInput, Refused):
        assume(False)
    shown = overlaid(network.project() if network else {}, plan.changes)
    ranges = tuple(Subnet(entry["name"], tuple(entry["address_prefixes"])) for entry in shown.pop("subnets"))
    after = VirtualNetwork(**{**shown, "subnets": ranges, "address_prefixes": tuple(shown["address_prefixes"])})
    assert not plan_network(Grouped(after), asked).changed
    if network is not None:
        # What goes to the service holds the same as the preview.
        written = VirtualNetwork.from_wire(merged_body(network, plan))
        assert written.project() == replace(after, provisioning_state="Succeeded").project()
