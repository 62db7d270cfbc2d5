# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VMM servers from the lists of the vault, and the outstanding parts of their registration (P10)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.expected_server import ExpectedServers
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.vmm_server import (
    UNREGISTERED,
    NamedItem,
    VmmServer,
    missing_clouds,
    missing_networks,
    progress,
    require_names,
    require_unique,
    select,
    server_checks,
    servers_from_wire,
    servers_result,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import InvalidInput, Refused

VAULT = "/Subscriptions/s/resourceGroups/rg/providers/Microsoft.RecoveryServices/vaults/v"


def fabric(name: str, kind: str = "VMM", **properties: Any) -> dict[str, Any]:
    return {
        "id": f"{VAULT}/replicationFabrics/{name}",
        "name": name,
        "properties": {"friendlyName": f"{name}.example", "customDetails": {"instanceType": kind}, **properties},
    }


def child(fabric: str, kind: str, name: str, **properties: Any) -> dict[str, Any]:
    return {"id": f"{VAULT}/replicationFabrics/{fabric}/{kind}/{name}", "name": name, "properties": properties}


def provider(fabric: str, name: str, **properties: Any) -> dict[str, Any]:
    return child(fabric, "replicationRecoveryServicesProviders", name, **properties)


def cloud(fabric: str, name: str, **properties: Any) -> dict[str, Any]:
    return child(fabric, "replicationProtectionContainers", name, **properties)


def network(fabric: str, name: str, **properties: Any) -> dict[str, Any]:
    return child(fabric, "replicationNetworks", name, **properties)


NOW = datetime(2026, 3, 9, 0, 1, tzinfo=timezone.utc)
SERVER = VmmServer("vmm01", "/id", "f1", "Normal", "5.1", True, "2026-03-01T09:30:00Z", ("Gold", "Silver"))
DEAF = replace(SERVER, connected=False)


def test_servers_are_built_from_the_lists() -> None:
    fabrics = [
        fabric("F1", health="Normal"),
        fabric("site", "HyperVSite"),
        fabric("azure", "Azure"),
        {"id": f"{VAULT}/replicationFabrics/odd", "name": "odd"},
        fabric("f2", "vmm", friendlyName=None),
    ]
    providers = [
        provider("f1", "p1", connectionStatus="NotConnected", lastHeartBeat="2026-03-09", providerVersion="5.0"),
        provider("f1", "p2", connectionStatus="Connected", lastHeartBeat="2026-03-01", providerVersion="5.1"),
        provider("site", "p3", connectionStatus="Connected"),
    ]
    clouds = [cloud("f1", "c1", friendlyName="Silver"), cloud("f1", "c2", friendlyName="Gold"), cloud("f1", "c3")]
    networks = [network("F1", "n1", friendlyName="corp"), network("site", "n2", friendlyName="other")]
    first, second = servers_from_wire(fabrics, providers, clouds, networks, NOW)
    assert (first.name, first.fabric_id, first.fabric_name) == ("F1.example", f"{VAULT}/replicationFabrics/F1", "F1")
    assert (first.health, first.provider_version, first.connected) == ("Normal", "5.1", True)
    assert (first.last_heartbeat, first.heartbeat_age) == ("2026-03-01", 8 * 86400 + 60)
    assert first.clouds == ("Gold", "Silver", "c3")
    assert [item.name for item in first.networks] == ["corp"]
    assert second == VmmServer("f2", f"{VAULT}/replicationFabrics/f2", "f2", None, None, False, None, ())
    shown = second.to_result()
    assert (shown["provider_support"], shown["heartbeat_age"], shown["key_encryption"]) == (None, None, None)


def test_the_latest_heartbeat_decides_among_disconnected_providers() -> None:
    providers = [
        provider("f1", "p1", lastHeartBeat="2026-03-01", providerVersion="old"),
        provider("f1", "p2", lastHeartBeat="2026-03-02", providerVersion="new"),
        {"id": f"{VAULT}/replicationFabrics/f1/replicationRecoveryServicesProviders/p3"},
    ]
    (server,) = servers_from_wire([fabric("f1")], providers, [], [], NOW)
    assert (server.provider_version, server.connected) == ("new", False)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (None, {"vmm01": SERVER}),
        ([], {"vmm01": SERVER}),
        (["VMM01"], {"VMM01": SERVER}),
        (["vmm02"], {"vmm02": None}),
        (["vmm02", "vmm01"], {"vmm02": None, "vmm01": SERVER}),
    ],
)
def test_names_ignore_case_and_keep_their_spelling(
    names: list[str] | None, expected: dict[str, VmmServer | None]
) -> None:
    assert select([SERVER], names) == expected


def test_a_server_is_found_by_its_id_under_another_name() -> None:
    known = replace(SERVER, name="VMM01", vmm_id="AB-1")
    other = replace(SERVER, name="vmm01.example", vmm_id="CD-2")
    assert select([known], ["vmm01.example"], {"vmm01.example": "ab-1"}) == {"vmm01.example": known}
    assert select([other, known], ["vmm01.example"], {"vmm01.example": "ab-1"}) == {"vmm01.example": known}
    assert select([other, other, known], ["vmm01.example"], {"vmm01.example": "ab-1"}) == {"vmm01.example": known}
    assert known.to_result()["name"] == "VMM01"


def test_a_server_of_the_same_name_with_another_id_is_a_warning() -> None:
    other = replace(SERVER, vmm_id="CD-2")
    (check,) = server_checks(select([other], ["vmm01"], {"vmm01": "ab-1"}), {"vmm01": "ab-1"})
    assert (check.id, check.overall, "CD-2" in check.message) == ("server-identity", "warning", True)
    assert server_checks({"vmm01": other}, {"vmm01": "cd-2"}) == []


def test_a_cloud_of_the_same_name_on_another_server_is_no_proof() -> None:
    first, second = replace(SERVER, clouds=("Gold",)), replace(SERVER, name="vmm02", clouds=())
    selected = {"vmm01": first, "vmm02": second}
    assert progress(selected, ["Gold"]) == []
    rows = progress(selected, None, None, {"vmm01": ("Gold",), "vmm02": ("gold",)})
    assert [row.to_result() for row in rows] == [
        {"server": "vmm02", "reached": "registered, provider connected", "outstanding": ["cloud gold"]}
    ]


def test_expected_servers_merge_the_nodes_of_a_cluster() -> None:
    one = "11111111-0000-0000-0000-000000000001"
    entries: list[dict[str, Any]] = [
        {"name": "ROLE", "vmm_id": one, "vmm_clouds": ["Gold"]},
        {"name": "role", "vmm_id": one.upper(), "vmm_clouds": ["gold", "Silver"]},
        {"name": "vmm02", "vmm_id": None, "vmm_clouds": None},
    ]
    expected = ExpectedServers.from_options([], entries)
    assert (expected.names, expected.clouds) == (("ROLE", "vmm02"), {"ROLE": ("Gold", "Silver"), "vmm02": ()})
    assert expected.vmm_ids == {"ROLE": one.upper()}


@pytest.mark.parametrize(
    ("names", "servers", "rule"),
    [
        (["a"], [{"name": "a"}], "cannot be combined with names"),
        (None, [{"name": "a", "vmm_id": "x"}], "vmm_id of a must be a GUID, not 'x'"),
        (
            None,
            [{"name": "a", "vmm_id": f"11111111-0000-0000-0000-00000000000{end}"} for end in "12"],
            "two servers with different VMM ids have the name a",
        ),
        (None, [{"name": "a", "vmm_clouds": ["all", "Gold"]}], "vmm_clouds of a has 'all' and other names"),
    ],
)
def test_expected_servers_that_are_rejected(names: Any, servers: Any, rule: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        ExpectedServers.from_options(names, servers)
    assert (refused.value.option, refused.value.rule) == ("servers", rule)


def test_the_result_of_a_server() -> None:
    errors = [
        {"errorCode": 31317, "errorMessage": "No heartbeat.", "recommendedAction": "Start\nthe service."},
        {"summaryMessage": "Odd"},
        {},
    ]
    kek = {"kekState": "Enabled", "kekCertThumbprint": "AB", "kekCertExpiryDate": "2029-01-01T00:00:00Z"}
    (server,) = servers_from_wire(
        [fabric("f1", healthErrorDetails=errors[:1], encryptionDetails=kek)],
        [
            provider(
                "f1",
                "p1",
                connectionStatus="Connected",
                lastHeartBeat="2026-03-09T00:02:00.1120039Z",
                providerVersion="5.1.7626.0",
                serverVersion="10.19",
                protectedItemCount=3,
                healthErrorDetails=errors[1:],
            )
        ],
        [cloud("f1", "c1", friendlyName="Gold", pairingStatus="Paired", protectedItemCount=3)],
        [
            network(
                "f1",
                "n1",
                friendlyName="corp",
                networkType="VLANNetwork",
                subnets=[{"name": "s1", "friendlyName": "sub", "addressList": ["192.168.1.0/24-0 0"]}, {"name": "s2"}],
            )
        ],
        NOW,
    )
    shown = server.to_result()
    assert shown["health_errors"] == ["31317: No heartbeat.; Start the service.", "Odd"]
    assert shown["heartbeat_age"] == 0
    assert shown["key_encryption"] == {"state": "Enabled", "thumbprint": "AB", "expires": "2029-01-01T00:00:00Z"}
    assert (shown["vmm_version"], shown["protected_items"]) == ("10.19", 3)
    assert shown["provider_support"]["state"] == "upgrade_recommended"
    (container,) = shown["protection_containers"]
    assert container["id"].endswith("/c1")
    assert (container["name"], container["paired"], container["protected_items"]) == ("Gold", True, 3)
    (shown_network,) = shown["networks"]
    assert shown_network["type"] == "VLANNetwork"
    assert shown_network["subnets"] == [
        {"name": "sub", "address_prefixes": ["192.168.1.0/24"]},
        {"name": "s2", "address_prefixes": []},
    ]
    (check,) = server_checks({"x": server})
    assert (check.id, check.overall) == ("provider-support", "warning")
    assert check.message.startswith("VMM server f1.example: Provider 5.1.7626.0 should be upgraded: 4 releases behind ")


@pytest.mark.parametrize(
    ("option", "clouds", "networks"), [("vmm_clouds", ["GOLD"], None), ("networks", None, ["Corp"])]
)
def test_an_ambiguous_name_is_refused_when_it_is_requested(
    option: str, clouds: list[str] | None, networks: list[str] | None
) -> None:
    twice = replace(
        SERVER,
        cloud_items=(NamedItem("Gold", "/c/1"), NamedItem("gold", "/c/2")),
        networks=(NamedItem("corp", "/n/1"), NamedItem("corp", "/n/2"), NamedItem("dmz", "/n/3")),
    )
    ids = r"\(/c/1, /c/2\)" if clouds else r"\(/n/1, /n/2\)"
    with pytest.raises(Refused, match=rf"^{option}: VMM server vmm01 has more than one .* {ids}; rename"):
        require_unique({"a": None, "b": twice}, clouds, networks)
    require_unique({"b": twice}, ["Silver", "all"], ["dmz"])
    found = server_checks({"a": None, "b": twice})
    assert [check.message for check in found] == [
        "VMM server vmm01 has 2 clouds named 'Gold'",
        "VMM server vmm01 has 2 VM networks named 'corp'",
    ]
    # Two servers can have the same name.
    once = replace(SERVER, networks=(NamedItem("corp", "/n/1"),))
    require_unique({"a": once, "b": once}, None, ["corp"])


def test_expected_networks_are_waited_for() -> None:
    there = replace(SERVER, networks=(NamedItem("corp", "/n/1"),))
    assert missing_networks({"a": there, "b": None}, ["CORP", "dmz"]) == ["dmz"]
    # A mapping can name a network by its id in VMM.
    assert missing_networks({"a": replace(SERVER, networks=(NamedItem("corp", "/n/1AB"),))}, ["1ab"]) == []
    (row,) = progress({"a": there}, ["Gold"], ["dmz"])
    assert row.outstanding == ("VM network dmz",)
    assert progress({"a": there}, None, ["corp"]) == []


def test_a_name_of_two_servers_is_refused_only_when_it_is_requested() -> None:
    twin = replace(SERVER, name="VMM01", fabric_id="/id2", fabric_name="f2")
    other = replace(SERVER, name="vmm02")
    with pytest.raises(Refused, match=r"^names: .*'vmm01' \(/id, /id2\); remove"):
        select([SERVER, twin, other], ["vmm01"])
    assert select([SERVER, twin, other], ["vmm02"]) == {"vmm02": other}


@pytest.mark.parametrize(
    ("option", "names", "clouds", "wait"),
    [
        ("names", ["vmm01", "VMM01"], None, False),
        ("names", None, None, True),
        ("names", [], None, True),
        ("vmm_clouds", ["vmm01"], ["all", "Gold"], True),
    ],
)
def test_names_and_clouds_are_checked_offline(
    option: str, names: list[str] | None, clouds: list[str] | None, wait: bool
) -> None:
    with pytest.raises(InvalidInput, match=rf"^{option}(: | is required).*; "):
        require_names(names, clouds, wait)
    require_names(["vmm01"], ["all"], True)
    require_names(None, None, False)
    for wrong, given in (("names", ([" "], None)), ("vmm_clouds", (None, [""])), ("networks", (None, None, [""]))):
        with pytest.raises(InvalidInput, match=rf"^{wrong} must not contain an empty name; remove it"):
            require_names(given[0], given[1], False, given[2] if len(given) > 2 else None)


@pytest.mark.parametrize(
    ("name", "server", "clouds", "outstanding"),
    [
        ("all there", SERVER, ["gold", "Silver"], []),
        ("no clouds expected", SERVER, None, []),
        ("any cloud", SERVER, ["all"], []),
        ("a cloud that is named All", SERVER, ["All"], ["cloud All"]),
        ("a cloud", SERVER, ["Gold", "Bronze"], ["cloud Bronze"]),
        ("any cloud, none there", replace(SERVER, clouds=()), ["all"], ["cloud of any name"]),
        ("not connected: clouds come later", DEAF, ["Bronze"], ["provider heartbeat"]),
        ("not registered", None, ["Gold"], ["registration"]),
    ],
)
def test_progress(name: str, server: VmmServer | None, clouds: list[str] | None, outstanding: list[str]) -> None:
    rows = progress({"vmm01": server}, clouds)
    assert [list(row.outstanding) for row in rows] == ([outstanding] if outstanding else [])
    assert all(row.to_result()["server"] == "vmm01" for row in rows)


def test_a_cloud_may_be_on_any_server() -> None:
    selected = {"vmm01": replace(SERVER, clouds=("Gold",)), "vmm02": replace(SERVER, clouds=("Silver",)), "x": None}
    assert missing_clouds(selected, ["Silver", "GOLD"]) == []
    assert missing_clouds(selected, ["Silver", "Bronze"]) == ["Bronze"]


def test_a_server_that_is_not_registered_has_all_keys() -> None:
    shown = servers_result({"a": SERVER, "b": None})
    assert shown["a"].keys() == shown["b"].keys() == UNREGISTERED.keys()
    assert (shown["a"]["registered"], shown["b"]["registered"]) == (True, False)
    assert shown["b"]["clouds"] is not UNREGISTERED["clouds"]
