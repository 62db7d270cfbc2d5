# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory of one or more VMM servers: which hosts, which groups, which variables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import InvalidInput
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.fabric import Fabric
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.fabric_hosts import Coverage, Scope
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.fabric_inventory import (
    FabricInventory,
    InventoryHost,
    Naming,
    build_inventory,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.fabric_names import KnownHosts
from tests.unit.plugins.module_utils.model.windows.fabrics import Document, cloud, document, host

NOTHING = Coverage()
TREE = document(
    [cloud("Gold", "DC 1"), cloud("Silver", "DC 1\\Rack 2", synchronized=False)],
    {
        "DC 1\\Rack 1": [host("hv01.corp.test", cluster="hvc01"), host("hv02.corp.test", maintenance=True)],
        "DC 1\\Rack 2": ["hv03.corp.test", host("esx01.corp.test", platform="VMwareESX")],
        "DC 2": ["hv04.corp.test"],
    },
    ["hvc01"],
)


def build(
    *documents: Document,
    scope: Scope = Scope(),  # noqa: B008 (frozen)
    naming: Naming = Naming(),  # noqa: B008 (frozen)
    coverage: Coverage = NOTHING,
    known: Mapping[str, list[str]] | None = None,
) -> FabricInventory:
    fabrics = [Fabric.from_document(each, "x") for each in documents]
    return build_inventory(fabrics, scope, naming, coverage, KnownHosts(known or {}))


def hosts(found: FabricInventory) -> dict[str, InventoryHost]:
    """The Hyper-V hosts by name."""
    return {each.name: each for each in found.hosts if each.variables}


def names(found: FabricInventory) -> list[str]:
    return list(hosts(found))


def facts(found: FabricInventory, name: str) -> dict[str, Any]:
    variables: dict[str, Any] = hosts(found)[name].variables["vmm_host"]
    return variables


def groups(found: FabricInventory, name: str) -> set[str]:
    return {group for each in found.hosts if each.name == name for group in each.groups}


def test_hosts_of_clouds_with_their_groups() -> None:
    found = build(TREE)
    assert names(found) == ["hv01.corp.test", "hv02.corp.test", "hv03.corp.test"]
    common = {"hyperv_hosts", "vmm_state_ok", "vmm_agent_10_19_2445_0", "vmm_cloud_gold"}
    assert groups(found, "hv01.corp.test") == {*common, "vmm_host_group_dc_1_rack_1", "vmm_cluster_hvc01"}
    assert groups(found, "hv02.corp.test") == {*common, "vmm_host_group_dc_1_rack_1", "vmm_maintenance"}
    assert groups(found, "hv03.corp.test") == {*common, "vmm_host_group_dc_1_rack_2", "vmm_cloud_silver"}
    assert found.parents == {
        "vmm_host_group_dc_1_rack_1": "vmm_host_group_dc_1",
        "vmm_host_group_dc_1_rack_2": "vmm_host_group_dc_1",
        "vmm_host_group_dc_1": "vmm_host_group_all_hosts",
    }


def test_the_variables_keep_the_names_of_vmm() -> None:
    assert facts(build(TREE), "hv03.corp.test") == {
        "fqdn": "hv03.corp.test",
        "id": "host-hv03.corp.test",
        "vmm_servers": ["vmm01.corp.test"],
        "host_group": "All Hosts\\DC 1\\Rack 2",
        "cluster": None,
        "state": "OK",
        "communication_state": "Responding",
        "maintenance": False,
        "vmm_agent_version": "10.19.2445.0",
        "operating_system": "Microsoft Windows Server 2019 Datacenter",
        "clouds": ["Gold", "Silver"],
        "synchronized_clouds": ["Gold"],
        "protected": True,
        "covered": None,
        "uncovered_reason": None,
    }


def test_a_host_directly_below_the_root() -> None:
    found = build(document([cloud("Everything", "")], {"": ["hv01.corp.test"], "DC": ["hv02.corp.test"]}))
    assert "vmm_host_group_all_hosts" in groups(found, "hv01.corp.test")
    assert "vmm_host_group_all_hosts" not in groups(found, "hv02.corp.test")
    assert found.parents == {"vmm_host_group_dc": "vmm_host_group_all_hosts"}


# ---- scope ----


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (Scope(("silver",)), ["hv03"]),
        (Scope(("Gold", "Silver")), ["hv01", "hv02", "hv03"]),
        (Scope(include_hosts_without_cloud=True), ["hv01", "hv02", "hv03", "hv04"]),
        (Scope(("Silver",), include_hosts_without_cloud=True), ["hv01", "hv02", "hv03", "hv04"]),
        (Scope(host_groups=("rack 1",)), ["hv01", "hv02"]),
        (Scope(host_groups=(r"All Hosts\DC 1\Rack 2", "DC 2")), ["hv03"]),
        (Scope(("Gold",), ("DC 2",)), []),
        (Scope(host_groups=("DC 2",), include_hosts_without_cloud=True), ["hv04"]),
    ],
)
def test_which_hosts_a_scope_takes(scope: Scope, expected: list[str]) -> None:
    assert [name.partition(".")[0] for name in names(build(TREE, scope=scope))] == expected


def test_a_host_without_a_chosen_cloud_is_not_among_the_hosts_to_set_up() -> None:
    found = build(TREE, scope=Scope(("Silver",), include_hosts_without_cloud=True))
    assert "hyperv_hosts" not in groups(found, "hv01.corp.test")
    assert facts(found, "hv01.corp.test")["clouds"] == []
    assert "vmm_not_protected" in groups(found, "hv01.corp.test")
    assert "vmm_cloud_gold" not in groups(found, "hv03.corp.test")


@pytest.mark.parametrize(
    ("scope", "message"),
    [
        (
            Scope(("Gold", "Platin")),
            "vmm_clouds: VMM has no cloud named Platin; correct the name; VMM has: Gold, Silver",
        ),
        (
            Scope(host_groups=("Rack 3",)),
            r"host_groups: VMM has no host group named Rack 3; correct the name; VMM has: All Hosts, All Hosts\DC 1,"
            r" All Hosts\DC 1\Rack 1, All Hosts\DC 1\Rack 2, All Hosts\DC 2",
        ),
    ],
)
def test_a_name_that_vmm_does_not_have_is_refused(scope: Scope, message: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        build(TREE, scope=scope)
    assert raised.value.message == message


def test_all_clouds_are_not_combined_with_names() -> None:
    assert Scope.from_options(["all"], [], without_cloud=False) == Scope()
    with pytest.raises(InvalidInput, match="vmm_clouds must not combine 'all' with names"):
        Scope.from_options(["all", "Gold"], [], without_cloud=False)


# ---- protection and coverage ----


@pytest.mark.parametrize(
    ("flags", "protected", "member"),
    [
        ([True, False], True, False),
        ([False, False], False, True),
        ([None, True], True, False),
        ([None, False], None, False),
        ([None], None, False),
    ],
)
def test_whether_a_host_is_protected(flags: list[bool | None], protected: bool | None, member: bool) -> None:
    clouds = [cloud(f"Cloud {number}", "DC", synchronized=flag) for number, flag in enumerate(flags)]
    found = build(document(clouds, {"DC": ["hv01.corp.test"]}))
    assert facts(found, "hv01.corp.test")["protected"] is protected
    assert ("vmm_not_protected" in groups(found, "hv01.corp.test")) is member


@pytest.mark.parametrize(
    ("agents", "listed", "covered", "reason"),
    [
        (None, [], None, None),
        (None, ["hv01.corp.test"], True, None),
        (None, ["hv09"], False, "missing"),
        ({"HV01.corp.test": "2.0.9260.0"}, [], True, None),
        ({"hv01.corp.test": None}, [], False, "no_agent"),
        ({"hv01.corp.test": ""}, [], False, "no_agent"),
        ({}, [], False, "no_agent"),
        ({"hv01.corp.test": "2.0.9260.0"}, ["hv09"], False, "missing"),
        ({"hv01.corp.test": "2.0.9260.0"}, ["hv01.corp.test"], True, None),
    ],
)
def test_whether_a_host_is_covered(
    agents: dict[str, str | None] | None, listed: Iterable[str], covered: bool | None, reason: str | None
) -> None:
    found = build(TREE, coverage=Coverage.from_options(agents, listed))
    verdict = facts(found, "hv01.corp.test")
    assert (verdict["covered"], verdict["uncovered_reason"]) == (covered, reason)
    assert ("vmm_not_covered" in groups(found, "hv01.corp.test")) is (covered is False)


def test_coverage_goes_by_the_name_in_the_inventory_too() -> None:
    coverage = Coverage.from_options({"hv01": "2.0.9260.0"}, ["hv01"])
    found = build(TREE, coverage=coverage, known={"hv01": []})
    assert facts(found, "hv01")["covered"] is True


def test_a_host_without_a_cloud_needs_no_agent() -> None:
    found = build(TREE, scope=Scope(include_hosts_without_cloud=True), coverage=Coverage.from_options({}, []))
    assert facts(found, "hv04.corp.test")["covered"] is None


# ---- several servers ----


def test_a_host_of_two_servers_is_added_once() -> None:
    second = document(
        [cloud("Bronze", "Other", synchronized=False)],
        {"Other": [host("HV01.corp.test", state="NotResponding", cluster="hvc09")]},
        ["hvc09"],
        name="vmm02.corp.test",
    )
    found = build(TREE, second)
    assert names(found) == ["hv01.corp.test", "hv02.corp.test", "hv03.corp.test"]
    merged = facts(found, "hv01.corp.test")
    assert merged["vmm_servers"] == ["vmm01.corp.test", "vmm02.corp.test"]
    assert merged["clouds"] == ["Bronze", "Gold"]
    assert (merged["state"], merged["cluster"], merged["protected"]) == ("OK", "hvc01", True)
    assert {"vmm_host_group_other", "vmm_host_group_dc_1_rack_1"} <= groups(found, "hv01.corp.test")
    assert found.parents["vmm_host_group_other"] == "vmm_host_group_all_hosts"


def test_clouds_and_groups_of_one_name_are_one_group() -> None:
    second = document([cloud("GOLD", "DC 1")], {"DC 1": ["hv11.other.test"]}, name="vmm02.other.test")
    found = build(TREE, second)
    assert "vmm_cloud_gold" in groups(found, "hv11.other.test")
    assert "vmm_host_group_dc_1" in groups(found, "hv11.other.test")


@pytest.mark.parametrize(
    ("changes", "known", "expected"),
    [
        ({}, {}, {"vmm01.corp.test": None}),
        ({}, {"vmm01": ["127.0.0.1"]}, {"vmm01": None}),
        (
            {"ha_name": "VMMROLE", "nodes": ["vmm01", "VMM02"], "owner_node": "vmm01"},
            {},
            {"vmm01.corp.test": None, "vmm02.corp.test": None},
        ),
        (
            {"ha_name": "VMMROLE", "nodes": ["VMM01", "VMM02"], "owner_node": "VMM01"},
            {"VMM02": []},
            {"vmm01.corp.test": None, "VMM02": None},
        ),
    ],
)
def test_every_machine_that_runs_vmm_is_a_server(
    changes: dict[str, Any], known: dict[str, list[str]], expected: dict[str, str | None]
) -> None:
    found = build(document(**changes), known=known)
    assert {each.name: each.address for each in found.hosts} == expected
    assert all(each.groups == ("vmm_servers",) for each in found.hosts)


def test_servers_have_short_names_with_their_address() -> None:
    found = build(document(), naming=Naming(short_names=True))
    assert [(each.name, each.address) for each in found.hosts] == [("vmm01", "vmm01.corp.test")]


def test_a_host_that_runs_vmm_is_in_both_groups() -> None:
    found = build(document([cloud("Gold", "DC")], {"DC": ["vmm01.corp.test"]}))
    assert {"vmm_servers", "hyperv_hosts"} <= groups(found, "vmm01.corp.test")
    assert len(found.hosts) == 1


# ---- naming ----


def test_groups_and_prefixes_are_a_choice() -> None:
    naming = Naming.from_options("fqdn", ["clouds", "clusters"], {"clouds": "", "states": "s_"}, "", "")
    found = build(TREE, naming=naming)
    assert groups(found, "hv01.corp.test") == {"gold", "vmm_cluster_hvc01"}
    assert found.parents == {}
    assert names(found) == [each.name for each in found.hosts]


def test_an_unknown_kind_of_prefix_is_refused() -> None:
    with pytest.raises(InvalidInput, match="group_prefixes: 'cloud' is not a kind of group; use clouds, host_groups"):
        Naming.from_options("fqdn", ["clouds"], {"cloud": "x"}, "a", "b")


def test_an_address_only_where_the_name_is_none_and_the_host_is_new() -> None:
    found = build(TREE, naming=Naming(short_names=True), known={"hv02": ["10.0.0.2"]})
    assert {name: each.address for name, each in hosts(found).items()} == {
        "hv01": "hv01.corp.test",
        "hv02": None,
        "hv03": "hv03.corp.test",
    }


@pytest.mark.parametrize("fqdn", ["", "{{ 1 }}", "a b"])
def test_a_host_without_a_usable_name_is_left_out_with_a_warning(fqdn: str) -> None:
    found = build(document([cloud("Gold", "DC")], {"DC": [host(fqdn), "hv01.corp.test"]}))
    assert names(found) == ["hv01.corp.test"]
    assert found.warnings == (
        f"VMM's host '{fqdn}' (id host-{fqdn}) has a name that an inventory cannot have; it is left out",
    )


def test_a_group_that_vmm_did_not_show_leaves_the_host_in_its_other_groups() -> None:
    whole = document([cloud("Gold", "DC")], {"DC": ["hv01.corp.test"]})
    whole["hosts"][0]["host_group_id"] = "hidden"
    found = build(whole, scope=Scope(include_hosts_without_cloud=True))
    assert facts(found, "hv01.corp.test")["host_group"] is None
    assert groups(found, "hv01.corp.test") >= {"vmm_state_ok", "vmm_not_protected"}
