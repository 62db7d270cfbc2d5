# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual networks and subnets."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from .conftest import SUBSCRIPTION, Azure

NETWORKS = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks"
NETWORK = f"{NETWORKS}/net1"


def body(prefixes: list[str], subnets: dict[str, str] | None = None, location: str = "westeurope") -> dict[str, Any]:
    entries = [{"name": name, "properties": {"addressPrefix": prefix}} for name, prefix in (subnets or {}).items()]
    return {"location": location, "properties": {"addressSpace": {"addressPrefixes": prefixes}, "subnets": entries}}


PLAIN = body(["10.0.0.0/16"], {"one": "10.0.1.0/24", "two": "10.0.2.0/24"})


def code_of(error: HttpResponseError) -> str | None:
    return error.error.code if error.error else None


@pytest.fixture
def net(azure: Azure) -> Azure:
    azure.state.seed_network("rg", "net1", "westeurope", ["10.0.0.0/16"], {"one": "10.0.1.0/24", "two": "10.0.2.0/24"})
    return azure


def test_a_network_is_made_in_the_recorded_steps(slow: Azure) -> None:
    slow.state.seed_group("rg", "westeurope")
    first = slow.send("PUT", NETWORK, "2026-03-01", PLAIN)
    assert (first.status_code, first.json()["properties"]["provisioningState"]) == (201, "Updating")
    assert first.headers["Azure-AsyncNotification"] == "Enabled"
    assert "/Microsoft.Network/locations/westeurope/operations/" in first.headers["Azure-AsyncOperation"]
    assert slow.send("GET", first.headers["Azure-AsyncOperation"], None).json() == {"status": "InProgress"}
    slow.state.hurry()
    assert slow.send("GET", first.headers["Azure-AsyncOperation"], None).json() == {"status": "Succeeded"}
    network = slow.network.virtual_networks.get("rg", "net1")
    assert network.properties is not None
    assert network.properties.provisioning_state == "Succeeded"


def test_the_same_put_answers_succeeded_with_a_link(net: Azure) -> None:
    before = net.state.snapshot()
    answer = net.send("PUT", NETWORK, "2026-03-01", PLAIN)
    assert (answer.status_code, answer.json()["properties"]["provisioningState"]) == (200, "Succeeded")
    assert "Azure-AsyncOperation" in answer.headers
    assert net.state.snapshot() == before
    assert net.writes() == [("put", "net1")]


def test_subnets_that_a_put_leaves_out_are_gone(net: Azure) -> None:
    made = net.network.virtual_networks.begin_create_or_update(
        "rg", "net1", body(["10.0.0.0/16", "10.1.0.0/16"], {"two": "10.0.2.0/24"})
    ).result()
    assert made.properties is not None
    assert [subnet.name for subnet in made.properties.subnets or []] == ["two"]


def test_a_used_subnet_is_kept_and_refuses(net: Azure) -> None:
    net.state.seed_subnet_user("rg", "net1", "one")
    before = net.state.snapshot()
    for call in (
        lambda: net.network.virtual_networks.begin_create_or_update("rg", "net1", body(["10.0.0.0/16"])),
        lambda: net.network.virtual_networks.begin_delete("rg", "net1"),
        lambda: net.network.subnets.begin_delete("rg", "net1", "one"),
    ):
        with pytest.raises(HttpResponseError) as refused:
            call()
        assert code_of(refused.value) == "InUseSubnetCannotBeDeleted"
    assert net.state.snapshot() == before


@pytest.mark.parametrize(
    ("wanted", "status", "code"),
    [
        ({"properties": PLAIN["properties"]}, 400, "LocationRequired"),
        (body([]), 400, "InvalidRequestFormat"),
        (body(["10.0.0.0"]), 400, "InvalidAddressPrefixFormat"),
        (body(["ten/8"]), 400, "InvalidAddressPrefixFormat"),
        (body(["10.0.0.1/16"]), 400, "InvalidCIDRNotation"),
        (body(["10.0.0.0/16"], {"one": "10.1.0.0/24"}), 400, "NetcfgSubnetRangeOutsideVnet"),
        (body(["10.0.0.0/16"], {"one": "10.0.0.0/15"}), 400, "NetcfgSubnetRangeOutsideVnet"),
        (body(["10.0.0.0/16"], {"one": "fd00::/64"}), 400, "NetcfgSubnetRangeOutsideVnet"),
        (body(["10.0.0.0/16"], {"one": "10.0.0.0/24", "two": "10.0.0.128/25"}), 400, "NetcfgSubnetRangesOverlap"),
        (body(["10.0.0.0/16"], {"one": "10.0.0.0/30"}), 400, "NetcfgInvalidSubnet"),
        (body(["10.0.0.0/16", "fd00::/48"], {"one": "10.0.0.0/24", "six": "fd00::/65"}), 400, "NetcfgInvalidSubnet"),
        (body(["10.0.0.0/16"], {"one": ""}), 400, "NetcfgInvalidSubnet"),
        (body(["10.0.0.0/16"], {"o ne": "10.0.0.0/24"}), 400, "InvalidResourceName"),
        (body(["10.0.0.0/16"], {"one": "10.0.0.0/24", "ONE": "10.0.1.0/24"}), 400, "DuplicateResourceName"),
        (body(["10.0.0.0/16"], location="eastus"), 409, "InvalidResourceLocation"),
    ],
)
def test_a_bad_network_is_refused(net: Azure, wanted: dict[str, Any], status: int, code: str) -> None:
    before = net.state.snapshot()
    answer = net.send("PUT", NETWORK, "2026-03-01", wanted)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert net.state.snapshot() == before
    assert not net.context.journal.entries


def test_a_bad_name_is_refused(net: Azure) -> None:
    answer = net.send("PUT", f"{NETWORKS}/-net", "2026-03-01", PLAIN)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidResourceName")


def test_ipv6_and_ipv4_live_side_by_side(net: Azure) -> None:
    wanted = body(["10.9.0.0/16", "fd00:9::/48"], {"one": "10.9.0.0/24", "six": "fd00:9::/64"})
    made = net.network.virtual_networks.begin_create_or_update("rg", "net2", wanted).result()
    assert made.properties is not None
    assert [subnet.name for subnet in made.properties.subnets or []] == ["one", "six"]


def test_writes_on_one_network_are_serial(slow: Azure) -> None:
    slow.state.seed_network("rg", "net1", "westeurope", ["10.0.0.0/16"])
    slow.network.subnets.begin_create_or_update("rg", "net1", "a", {"properties": {"addressPrefix": "10.0.1.0/24"}})
    with pytest.raises(HttpResponseError) as busy:
        slow.network.subnets.begin_create_or_update("rg", "net1", "b", {"properties": {"addressPrefix": "10.0.2.0/24"}})
    assert (busy.value.status_code, code_of(busy.value)) == (429, "RetryableError")
    slow.state.hurry()
    slow.network.subnets.begin_create_or_update("rg", "net1", "b", {"properties": {"addressPrefix": "10.0.2.0/24"}})
    slow.state.hurry()
    assert [subnet.name for subnet in slow.network.subnets.list("rg", "net1")] == ["a", "b"]


def test_a_subnet_is_made_changed_and_deleted(net: Azure) -> None:
    subnets = net.network.subnets
    made = subnets.begin_create_or_update(
        "rg", "net1", "three", {"properties": {"addressPrefix": "10.0.3.0/24"}}
    ).result()
    assert (made.name, made.properties and made.properties.provisioning_state) == ("three", "Succeeded")
    subnets.begin_create_or_update("rg", "net1", "THREE", {"properties": {"addressPrefix": "10.0.4.0/24"}}).result()
    assert [subnet.name for subnet in subnets.list("rg", "net1")] == ["one", "two", "three"]
    subnets.begin_delete("rg", "net1", "three").result()
    assert [subnet.name for subnet in subnets.list("rg", "net1")] == ["one", "two"]
    assert net.send("DELETE", f"{NETWORK}/subnets/three", "2026-03-01").status_code == 204


def test_a_subnet_that_overlaps_is_refused(net: Azure) -> None:
    with pytest.raises(HttpResponseError) as refused:
        net.network.subnets.begin_create_or_update("rg", "net1", "x", {"properties": {"addressPrefix": "10.0.1.0/25"}})
    assert code_of(refused.value) == "NetcfgSubnetRangesOverlap"


def test_absent_networks_and_subnets_have_their_own_bodies(net: Azure) -> None:
    with pytest.raises(ResourceNotFoundError) as absent:
        net.network.subnets.get("rg", "net1", "nine")
    assert code_of(absent.value) == "NotFound"
    with pytest.raises(ResourceNotFoundError) as absent:
        net.network.subnets.get("rg", "net9", "nine")
    assert code_of(absent.value) == "ResourceNotFound"


def test_tags_are_replaced_as_a_whole(net: Azure) -> None:
    net.network.virtual_networks.update_tags("rg", "net1", {"tags": {"a": "1"}})
    assert net.network.virtual_networks.update_tags("rg", "net1", {"tags": {"b": "2"}}).tags == {"b": "2"}


def test_lists_and_usages(net: Azure) -> None:
    net.state.seed_network("rg2", "net2", "westeurope", ["10.0.0.0/16"])
    assert [network.name for network in net.network.virtual_networks.list("rg")] == ["net1"]
    assert [network.name for network in net.network.virtual_networks.list_all()] == ["net1", "net2"]
    limits = [usage.limit for usage in net.network.virtual_networks.list_usage("rg", "net1")]
    assert limits == [251.0, 251.0]
    checked = net.network.virtual_networks.check_ip_address_availability("rg", "net1", ip_address="10.0.1.9")
    assert checked.available is True


def test_a_network_is_deleted(net: Azure) -> None:
    net.network.virtual_networks.begin_delete("rg", "net1").result()
    assert not net.state.networks
    assert net.send("DELETE", NETWORK, "2026-03-01").status_code == 204


# Conditions and references --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "sent"),
    [
        ("PUT", NETWORK, PLAIN),
        ("PATCH", NETWORK, {"tags": {"a": "1"}}),
        ("DELETE", NETWORK, None),
        ("PUT", f"{NETWORK}/subnets/one", {"properties": {"addressPrefix": "10.0.1.0/24"}}),
        ("DELETE", f"{NETWORK}/subnets/one", None),
    ],
)
def test_a_write_that_knows_another_state_is_refused(net: Azure, method: str, path: str, sent: Any) -> None:
    mark = net.send("GET", path, "2026-03-01").json()["etag"]
    before = net.state.snapshot()
    stale = net.send(method, path, "2026-03-01", sent, headers={"If-Match": 'W/"stale"'})
    assert (stale.status_code, stale.json()["error"]["code"]) == (412, "PreconditionFailed")
    assert mark in stale.json()["error"]["message"]
    assert net.state.snapshot() == before
    assert net.send(method, path, "2026-03-01", sent, headers={"If-Match": mark}).status_code < 300


def test_any_state_of_a_network_may_be_meant(net: Azure) -> None:
    assert net.send("PUT", NETWORK, "2026-03-01", PLAIN, headers={"If-Match": "*"}).status_code == 200


def test_a_write_leaves_another_mark(net: Azure) -> None:
    marks = [net.send("GET", NETWORK, "2026-03-01").json()["etag"]]
    for sent in (body(["10.0.0.0/16", "10.1.0.0/16"]), body(["10.0.0.0/16"])):
        net.network.virtual_networks.begin_create_or_update("rg", "net1", sent).result()
        marks.append(net.send("GET", NETWORK, "2026-03-01").json()["etag"])
    assert len(set(marks)) == 3


def test_the_ranges_of_a_used_subnet_stay(net: Azure) -> None:
    net.state.seed_subnet_user("rg", "net1", "one")
    moved = {"one": "10.0.9.0/24", "two": "10.0.2.0/24"}
    for path, sent in (
        (NETWORK, body(["10.0.0.0/16"], moved)),
        (f"{NETWORK}/subnets/one", {"properties": {"addressPrefix": "10.0.9.0/24"}}),
    ):
        answer = net.send("PUT", path, "2026-03-01", sent)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InUsePrefixCannotBeDeleted")
    more = {"properties": {"addressPrefixes": ["10.0.1.0/24", "10.0.9.0/24"]}}
    assert net.send("PUT", f"{NETWORK}/subnets/one", "2026-03-01", more).status_code == 200


def test_the_delegation_of_a_service_that_is_there_stays(net: Azure) -> None:
    (network,) = net.state.networks.values()
    one = network["properties"]["subnets"][0]
    link = {"linkedResourceType": "Microsoft.Web/serverfarms"}
    one["properties"]["serviceAssociationLinks"] = [
        {"id": f"{one['id']}/serviceAssociationLinks/a", "properties": link}
    ]
    sent = {"properties": {"addressPrefix": "10.0.1.0/24"}}
    answer = net.send("PUT", f"{NETWORK}/subnets/one", "2026-03-01", sent)
    assert answer.json()["error"]["code"] == "SubnetMissingRequiredDelegation"
    owned = {"name": "d", "properties": {"serviceName": "Microsoft.Web/serverFarms"}}
    sent["properties"]["delegations"] = [owned]  # type: ignore[assignment]
    assert net.send("PUT", f"{NETWORK}/subnets/one", "2026-03-01", sent).status_code == 200
    assert net.send("DELETE", f"{NETWORK}/subnets/one", "2026-03-01").status_code == 400


def test_a_subnet_refers_to_what_exists(net: Azure) -> None:
    known = net.state.seed_network_part("rg", "routeTables", "rt")
    for reference, status in ((known.upper(), 200), (f"{known}2", 400)):
        sent = {"properties": {"addressPrefix": "10.0.1.0/24", "routeTable": {"id": reference}}}
        answer = net.send("PUT", f"{NETWORK}/subnets/one", "2026-03-01", sent)
        assert answer.status_code == status
    assert answer.json()["error"]["code"] == "InvalidResourceReference"


def test_other_ranges_leave_the_peering_behind(net: Azure) -> None:
    (network,) = net.state.networks.values()
    remote = {"peeringSyncLevel": "FullyInSync", "remoteAddressSpace": {"addressPrefixes": ["10.8.0.0/16"]}}
    network["properties"]["virtualNetworkPeerings"] = [{"name": "hub", "properties": remote}]

    def put(*prefixes: str) -> Any:
        sent = net.send("GET", NETWORK, "2026-03-01").json()
        sent["properties"]["addressSpace"]["addressPrefixes"] = list(prefixes)
        return net.send("PUT", NETWORK, "2026-03-01", sent)

    assert put("10.0.0.0/16", "10.8.1.0/24").json()["error"]["code"] == "VnetAddressSpacesOverlap"
    (peering,) = put("10.0.0.0/16", "10.9.0.0/16").json()["properties"]["virtualNetworkPeerings"]
    assert peering["properties"]["peeringSyncLevel"] == "LocalNotInSync"


def test_what_a_put_names_is_kept_and_what_it_leaves_out_is_gone(net: Azure) -> None:
    sent = body(["10.0.0.0/16"], {"one": "10.0.1.0/24"})
    sent["properties"] |= {"flowTimeoutInMinutes": 4, "encryption": {"enabled": True}}
    sent["properties"]["subnets"][0]["properties"]["serviceEndpoints"] = [{"service": "Microsoft.Storage"}]
    shown = net.send("PUT", NETWORK, "2026-03-01", sent).json()["properties"]
    assert (shown["flowTimeoutInMinutes"], shown["encryption"]) == (4, {"enabled": True})
    assert shown["subnets"][0]["properties"]["serviceEndpoints"][0]["provisioningState"] == "Succeeded"
    shown = net.send("PUT", NETWORK, "2026-03-01", PLAIN).json()["properties"]
    assert not {"flowTimeoutInMinutes", "encryption"} & shown.keys()
    assert "serviceEndpoints" not in shown["subnets"][0]["properties"]
