# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The firewall of a storage account: accepted rules, rules that are kept, and access for Site Recovery."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.resource_group import ResourceState
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.storage_account import (
    creation_body,
    plan_account,
    update_body,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.storage_firewall import (
    DesiredAcls,
    NetworkAcls,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import InvalidInput, Refused
from tests.unit.plugins.module_utils.resources import SUBSCRIPTION, short
from tests.unit.plugins.module_utils.test_storage_account import ACCOUNT, desired

NETWORK = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-net/providers/Microsoft.Network/virtualNetworks/hub"
JUMP, OTHER = f"{NETWORK}/subnets/jump", f"{NETWORK}/subnets/other"
INSTANCE = {"tenantId": SUBSCRIPTION, "resourceId": f"{NETWORK}/x/y"}
SHUT = NetworkAcls("deny", ("azure_services", "logging"), ("203.0.113.0/24", "198.51.100.7"), (JUMP,))


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"ip_rules": ["10.1.2.3"]}, "private range"),
        ({"ip_rules": ["172.31.0.0/16"]}, "private range"),
        ({"ip_rules": ["192.168.7.0/24"]}, "private range"),
        ({"ip_rules": ["0.0.0.0/0"]}, "private range"),
        ({"ip_rules": ["203.0.113.7/32"]}, "does not accept /31 and /32 ranges; give 203.0.113.7"),
        ({"ip_rules": ["203.0.113.6/31"]}, "give 203.0.113.6 and 203.0.113.7"),
        ({"ip_rules": ["203.0.113.7/24"]}, "is not an IPv4 address or range"),
        ({"ip_rules": ["2001:db8::1"]}, "is not an IPv4 address or range"),
        ({"ip_rules": ["office"]}, "is not an IPv4 address or range"),
        ({"ip_rules": ["203.0.113.0/33"]}, "is not an IPv4 address or range"),
        ({"ip_rules": [f"198.51.{n // 250}.{n % 250}" for n in range(401)]}, "401 rules, but an account supports 400"),
        ({"virtual_network_rules": ["jump"]}, "not the id of a subnet"),
        ({"virtual_network_rules": [NETWORK]}, "not the id of a subnet"),
        ({"virtual_network_rules": [f"{JUMP}\n"]}, "not the id of a subnet"),
        ({"bypass": ["azure"]}, "bypass 'azure' is unknown"),
        ({"default_action": "maybe"}, "'maybe' is unknown"),
        ({"default_action": "deny", "bypass": []}, "trusted services; add azure_services to bypass"),
        ({"default_action": "deny", "bypass": ["logging"]}, "trusted services; add azure_services to bypass"),
    ],
)
def test_refused_before_any_call(given: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        desired(network_acls=given)
    assert caught.value.details == {"option": "network_acls"}
    assert text in caught.value.message


@pytest.mark.parametrize(
    ("name", "actual", "given", "expected"),
    [
        ("not set", SHUT, None, {}),
        ("empty", SHUT, {}, {}),
        ("no difference", SHUT, {"default_action": "deny", "bypass": ["logging", "azure_services"]}, {}),
        ("another order", SHUT, {"ip_rules": ["198.51.100.7", "203.0.113.0/24"]}, {}),
        ("an id in another case", SHUT, {"virtual_network_rules": [JUMP.lower() + "/"]}, {}),
        (
            "rules are added",
            SHUT,
            {"ip_rules": ["192.0.2.1", "192.0.2.1"], "virtual_network_rules": [OTHER]},
            {
                "network_acls.ip_rules": ["203.0.113.0/24", "198.51.100.7", "192.0.2.1"],
                "network_acls.virtual_network_rules": [JUMP, OTHER],
            },
        ),
        ("an empty list without purge", SHUT, {"ip_rules": []}, {}),
        (
            "other rules are purged",
            SHUT,
            {"ip_rules": ["198.51.100.7", "192.0.2.1"], "purge": True},
            {"network_acls.ip_rules": ["198.51.100.7", "192.0.2.1"]},
        ),
        ("all rules are purged", SHUT, {"ip_rules": [], "purge": True}, {"network_acls.ip_rules": []}),
        ("a list that is not set is not purged", SHUT, {"default_action": "deny", "purge": True}, {}),
        ("opened", SHUT, {"default_action": "allow"}, {"network_acls.default_action": "allow"}),
        ("shut", NetworkAcls(), {"default_action": "deny"}, {"network_acls.default_action": "deny"}),
        ("bypass is replaced", SHUT, {"bypass": ["azure_services"]}, {"network_acls.bypass": ["azure_services"]}),
        (
            "no bypass while it is open",
            NetworkAcls(),
            {"bypass": []},
            {"network_acls.bypass": []},
        ),
        (
            "rules of an account that already blocks replication",
            replace(SHUT, bypass=()),
            {"virtual_network_rules": [OTHER]},
            {"network_acls.virtual_network_rules": [JUMP, OTHER]},
        ),
    ],
)
def test_plan(name: str, actual: NetworkAcls, given: dict[str, Any] | None, expected: dict[str, Any]) -> None:
    purge = given.pop("purge", False) if given else False
    requested = desired(network_acls=given, purge_network_rules=purge)
    assert short(plan_account(ResourceState(replace(ACCOUNT, network_acls=actual)), requested)) == expected


@pytest.mark.parametrize(
    ("actual", "given"),
    [
        (replace(SHUT, bypass=()), {"default_action": "deny"}),
        (replace(NetworkAcls(), bypass=("logging",)), {"default_action": "deny"}),
        (SHUT, {"bypass": ["metrics"]}),
    ],
)
def test_a_change_must_not_block_site_recovery(actual: NetworkAcls, given: dict[str, Any]) -> None:
    with pytest.raises(Refused, match=r"^network_acls: storage account stdr: .*; add azure_services to bypass$"):
        plan_account(ResourceState(replace(ACCOUNT, network_acls=actual)), desired(network_acls=given))


def test_an_update_sends_the_complete_firewall_with_unmanaged_rules_unchanged() -> None:
    wire = {
        "defaultAction": "Deny",
        "bypass": "Logging, AzureServices",
        "ipRules": [{"value": "203.0.113.0/24", "action": "Allow"}],
        "virtualNetworkRules": [{"id": JUMP, "action": "Allow", "state": "Succeeded"}],
        "resourceAccessRules": [INSTANCE],
        "ipv6Rules": [{"value": "2001:db8::/64", "action": "Allow"}],
    }
    account = replace(ACCOUNT, network_acls=NetworkAcls.from_wire(wire))
    requested = desired(network_acls={"ip_rules": ["192.0.2.1"]})
    assert update_body(plan_account(ResourceState(account), requested), account, requested) == {
        "properties": {
            "networkAcls": {
                **wire,
                "bypass": "AzureServices, Logging",
                "ipRules": [
                    {"value": "203.0.113.0/24", "action": "Allow"},
                    {"value": "192.0.2.1", "action": "Allow"},
                ],
                "virtualNetworkRules": [{"id": JUMP, "action": "Allow"}],
            }
        }
    }
    other = desired(https_only=False, network_acls={"default_action": "deny"})
    assert update_body(plan_account(ResourceState(account), other), account, other) == {
        "properties": {"supportsHttpsTrafficOnly": False}
    }


def test_a_rule_of_a_deleted_subnet_is_only_sent_if_it_is_set() -> None:
    """The service refuses such a rule in a request."""
    wire = {
        "defaultAction": "Deny",
        "bypass": "AzureServices",
        "virtualNetworkRules": [{"id": JUMP, "action": "Allow", "state": "NetworkSourceDeleted"}],
    }
    account = replace(ACCOUNT, network_acls=NetworkAcls.from_wire(wire))
    for given, expected in (
        ({"ip_rules": ["192.0.2.1"]}, []),
        ({"virtual_network_rules": [JUMP]}, [{"id": JUMP, "action": "Allow"}]),
    ):
        requested = desired(network_acls=given)
        body = update_body(plan_account(ResourceState(account), requested), account, requested)
        assert body["properties"]["networkAcls"]["virtualNetworkRules"] == expected
    assert not plan_account(ResourceState(account), desired(network_acls={"default_action": "deny"})).changed


def test_a_new_account_has_only_a_firewall_that_is_set() -> None:
    assert "networkAcls" not in creation_body(desired())["properties"]
    assert creation_body(desired(network_acls={"default_action": "deny"}))["properties"]["networkAcls"] == {
        "defaultAction": "Deny",
        "bypass": "AzureServices",
        "ipRules": [],
        "virtualNetworkRules": [],
    }


@pytest.mark.parametrize(
    ("bypass", "expected"),
    [
        (None, ["azure_services"]),
        ("None", []),
        ("AzureServices", ["azure_services"]),
        ("Metrics,azureservices , Logging", ["azure_services", "logging", "metrics"]),
    ],
)
def test_bypass_is_read_from_one_text(bypass: str | None, expected: list[str]) -> None:
    assert NetworkAcls.from_wire({"bypass": bypass, "defaultAction": "Deny"}).to_result() == {
        "default_action": "deny",
        "bypass": expected,
        "ip_rules": [],
        "virtual_network_rules": [],
    }


def test_an_account_without_a_firewall() -> None:
    assert NetworkAcls.from_wire(None) == NetworkAcls.from_wire({}) == NetworkAcls()


ADDRESSES = st.lists(st.sampled_from(["192.0.2.1", "192.0.2.2", "203.0.113.0/24", "198.51.100.0/30"]), unique=True)
SUBNETS = st.lists(st.sampled_from([JUMP, OTHER, OTHER.upper()]), unique_by=str.casefold)
ACLS = st.builds(
    NetworkAcls,
    st.sampled_from(["allow", "deny"]),
    st.just(("azure_services",)),
    ADDRESSES.map(tuple),
    SUBNETS.map(tuple),
)


@drawn(ACLS, st.none() | ADDRESSES, st.none() | SUBNETS, st.booleans())
def test_a_second_run_changes_nothing_and_other_rules_are_kept(
    actual: NetworkAcls, addresses: list[str] | None, subnets: list[str] | None, purge: bool
) -> None:
    requested = DesiredAcls.from_options({"ip_rules": addresses, "virtual_network_rules": subnets}, purge)
    after = requested.merge_into(actual)
    assert requested.merge_into(after) == after
    if not purge:
        assert set(actual.ip_rules) <= set(after.ip_rules)
        assert set(actual.virtual_network_rules) <= set(after.virtual_network_rules)
    elif addresses is not None:
        assert set(after.ip_rules) == set(addresses)
