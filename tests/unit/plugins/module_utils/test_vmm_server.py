# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VMM servers out of the vault's three lists, and what is still awaited (P10)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.errors import InvalidInput, Refused
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.vmm_server import (
    UNREGISTERED,
    VmmServer,
    missing_clouds,
    progress,
    project_servers,
    require_names,
    select,
    servers_from_wire,
)

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


SERVER = VmmServer("vmm01", "/id", "f1", "Normal", "5.1", True, "2026-03-01T09:30:00Z", ("Gold", "Silver"))
DEAF = replace(SERVER, connected=False)


def test_servers_come_out_of_three_lists() -> None:
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
    first, second = servers_from_wire(fabrics, providers, clouds)
    assert first == VmmServer(
        "F1.example",
        f"{VAULT}/replicationFabrics/F1",
        "F1",
        "Normal",
        "5.1",
        True,
        "2026-03-01",
        ("Gold", "Silver", "c3"),
    )
    assert second == VmmServer("f2", f"{VAULT}/replicationFabrics/f2", "f2", None, None, False, None, ())


def test_of_providers_that_are_not_connected_the_last_heard_of_speaks() -> None:
    providers = [
        provider("f1", "p1", lastHeartBeat="2026-03-01", providerVersion="old"),
        provider("f1", "p2", lastHeartBeat="2026-03-02", providerVersion="new"),
        {"id": f"{VAULT}/replicationFabrics/f1/replicationRecoveryServicesProviders/p3"},
    ]
    (server,) = servers_from_wire([fabric("f1")], providers, [])
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
def test_names_are_found_without_case_and_kept_as_written(
    names: list[str] | None, expected: dict[str, VmmServer | None]
) -> None:
    assert select([SERVER], names) == expected


def test_a_name_of_two_servers_is_refused_only_when_it_is_wanted() -> None:
    twin = replace(SERVER, name="VMM01", fabric_name="f2")
    other = replace(SERVER, name="vmm02")
    with pytest.raises(Refused, match=r"^names: .*'vmm01' \(f1, f2\); remove"):
        select([SERVER, twin, other], ["vmm01"])
    assert select([SERVER, twin, other], ["vmm02"]) == {"vmm02": other}


@pytest.mark.parametrize(
    ("option", "names", "clouds", "wait"),
    [
        ("names", ["vmm01", "VMM01"], None, False),
        ("names", None, None, True),
        ("names", [], None, True),
        ("clouds", ["vmm01"], ["all", "Gold"], True),
    ],
)
def test_names_and_clouds_are_checked_offline(
    option: str, names: list[str] | None, clouds: list[str] | None, wait: bool
) -> None:
    with pytest.raises(InvalidInput, match=rf"^{option}: .*; "):
        require_names(names, clouds, wait)
    require_names(["vmm01"], ["all"], True)
    require_names(None, None, False)


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
    assert all(row.project()["server"] == "vmm01" for row in rows)


def test_a_cloud_may_be_on_any_server() -> None:
    selected = {"vmm01": replace(SERVER, clouds=("Gold",)), "vmm02": replace(SERVER, clouds=("Silver",)), "x": None}
    assert missing_clouds(selected, ["Silver", "GOLD"]) == []
    assert missing_clouds(selected, ["Silver", "Bronze"]) == ["Bronze"]


def test_a_server_that_is_not_registered_has_all_keys() -> None:
    shown = project_servers({"a": SERVER, "b": None})
    assert shown["a"].keys() == shown["b"].keys() == UNREGISTERED.keys()
    assert (shown["a"]["registered"], shown["b"]["registered"]) == (True, False)
    assert shown["b"]["clouds"] is not UNREGISTERED["clouds"]
