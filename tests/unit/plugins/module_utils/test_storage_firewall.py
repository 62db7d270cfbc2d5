# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The firewall of a storage account: which rules are taken, what stays, and that Site Recovery is never shut out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.resource_group import Grouped
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
from tests.unit.plugins.module_utils.nouns import SUBSCRIPTION, short
from tests.unit.plugins.module_utils.test_storage_account import ACCOUNT, desired

NETWORK = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-net/providers/Microsoft.Network/virtualNetworks/hub"
JUMP, OTHER = f"{NETWORK}/subnets/jump", f"{NETWORK}/subnets/other"
INSTANCE = {"tenantId": SUBSCRIPTION, "resourceId": f"{NETWORK}/x/y"}
SHUT = NetworkAcls("deny", ("azure_services", "logging"), ("203.0.113.0/24", "198.51.100.7"), (JUMP,))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"ip_rules": ["10.1.2.3"]}, "private range"),
        ({"ip_rules": ["172.31.0.0/16"]}, "private range"),
        ({"ip_rules": ["192.168.7.0/24"]}, "private range"),
        ({"ip_rules": ["0.0.0.0/0"]}, "private range"),
        ({"ip_rules": ["203.0.113.7/32"]}, "no ranges of /31 or /32; give 203.0.113.7"),
        ({"ip_rules": ["203.0.113.6/31"]}, "give 203.0.113.6 and 203.0.113.7"),
        ({"ip_rules": ["203.0.113.7/24"]}, "no IPv4 address or range"),
        ({"ip_rules": ["2001:db8::1"]}, "no IPv4 address or range"),
        ({"ip_rules": ["office"]}, "no IPv4 address or range"),
        ({"ip_rules": ["203.0.113.0/33"]}, "no IPv4 address or range"),
        ({"ip_rules": [f"198.51.{n // 250}.{n % 250}" for n in range(401)]}, "401 rules, an account takes 400"),
        ({"virtual_network_rules": ["jump"]}, "not the id of a subnet"),
        ({"virtual_network_rules": [NETWORK]}, "not the id of a subnet"),
        ({"virtual_network_rules": [f"{JUMP}\n"]}, "not the id of a subnet"),
        ({"bypass": ["azure"]}, "bypass 'azure' is unknown"),
        ({"default_action": "maybe"}, "'maybe' is unknown"),
        ({"default_action": "deny", "bypass": []}, "trusted services; have azure_services in bypass"),
        ({"default_action": "deny", "bypass": ["logging"]}, "trusted services; have azure_services in bypass"),
    ],
)
def test_refused_before_any_call(given: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        desired(network_acls=given)
    assert caught.value.details == {"option": "network_acls"}
    assert told in caught.value.message


@pytest.mark.parametrize(
    ("name", "actual", "given", "expected"),
    [
        ("not written", SHUT, None, {}),
        ("nothing in it written", SHUT, {}, {}),
        ("as it is", SHUT, {"default_action": "deny", "bypass": ["logging", "azure_services"]}, {}),
        ("order says nothing", SHUT, {"ip_rules": ["198.51.100.7", "203.0.113.0/24"]}, {}),
        ("case of an id says nothing", SHUT, {"virtual_network_rules": [JUMP.lower() + "/"]}, {}),
        (
            "rules are added",
            SHUT,
            {"ip_rules": ["192.0.2.1", "192.0.2.1"], "virtual_network_rules": [OTHER]},
            {
                "network_acls.ip_rules": ["203.0.113.0/24", "198.51.100.7", "192.0.2.1"],
                "network_acls.virtual_network_rules": [JUMP, OTHER],
            },
        ),
        ("no rule of a list is dropped", SHUT, {"ip_rules": []}, {}),
        (
            "rules are all there is when asked",
            SHUT,
            {"ip_rules": ["198.51.100.7", "192.0.2.1"], "append": False},
            {"network_acls.ip_rules": ["198.51.100.7", "192.0.2.1"]},
        ),
        ("even none", SHUT, {"ip_rules": [], "append": False}, {"network_acls.ip_rules": []}),
        ("a list that is not written stays", SHUT, {"default_action": "deny", "append": False}, {}),
        ("opened", SHUT, {"default_action": "allow"}, {"network_acls.default_action": "allow"}),
        ("shut", NetworkAcls(), {"default_action": "deny"}, {"network_acls.default_action": "deny"}),
        ("bypass as a whole", SHUT, {"bypass": ["azure_services"]}, {"network_acls.bypass": ["azure_services"]}),
        (
            "no bypass while it is open",
            NetworkAcls(),
            {"bypass": []},
            {"network_acls.bypass": []},
        ),
        (
            "rules of an account that shuts replication out already are not what to refuse",
            replace(SHUT, bypass=()),
            {"virtual_network_rules": [OTHER]},
            {"network_acls.virtual_network_rules": [JUMP, OTHER]},
        ),
    ],
)
def test_plan(name: str, actual: NetworkAcls, given: dict[str, Any] | None, expected: dict[str, Any]) -> None:
    append = given.pop("append", True) if given else True
    asked = desired(network_acls=given, append_network_rules=append)
    assert short(plan_account(Grouped(replace(ACCOUNT, network_acls=actual)), asked)) == expected


@pytest.mark.parametrize(
    ("actual", "given"),
    [
        (replace(SHUT, bypass=()), {"default_action": "deny"}),
        (replace(NetworkAcls(), bypass=("logging",)), {"default_action": "deny"}),
        (SHUT, {"bypass": ["metrics"]}),
    ],
)
def test_site_recovery_is_never_shut_out(actual: NetworkAcls, given: dict[str, Any]) -> None:
    with pytest.raises(Refused, match=r"^network_acls: storage account stdr: .*; have azure_services in bypass$"):
        plan_account(Grouped(replace(ACCOUNT, network_acls=actual)), desired(network_acls=given))


def test_an_update_sends_all_of_the_firewall_and_rules_of_other_sorts_as_they_came() -> None:
    wire = {
        "defaultAction": "Deny",
        "bypass": "Logging, AzureServices",
        "ipRules": [{"value": "203.0.113.0/24", "action": "Allow"}],
        "virtualNetworkRules": [{"id": JUMP, "action": "Allow", "state": "Succeeded"}],
        "resourceAccessRules": [INSTANCE],
        "ipv6Rules": [{"value": "2001:db8::/64", "action": "Allow"}],
    }
    account = replace(ACCOUNT, network_acls=NetworkAcls.from_wire(wire))
    asked = desired(network_acls={"ip_rules": ["192.0.2.1"]})
    assert update_body(plan_account(Grouped(account), asked), account, asked) == {
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
    assert update_body(plan_account(Grouped(account), other), account, other) == {
        "properties": {"supportsHttpsTrafficOnly": False}
    }


def test_a_new_account_has_the_firewall_that_is_written_and_none_otherwise() -> None:
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


def test_no_firewall_said_is_none() -> None:
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
def test_a_second_run_finds_nothing_and_nothing_unnamed_is_lost(
    actual: NetworkAcls, addresses: list[str] | None, subnets: list[str] | None, append: bool
) -> None:
    asked = DesiredAcls.from_options({"ip_rules": addresses, "virtual_network_rules": subnets}, append)
    assert asked is not None
    after = asked.over(actual)
    assert asked.over(after) == after
    if append:
        assert set(actual.ip_rules) <= set(after.ip_rules)
        assert set(actual.virtual_network_rules) <= set(after.virtual_network_rules)
    elif addresses is not None:
        assert set(after.ip_rules) == set(addresses)
