# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can't work in a wanted target (T2, T4 to T7)."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.siterecovery.hyperv.plugins.filter.target import FilterModule, target_checks, target_refusals

STANDARD = {"name": "stlogs", "sku": "Standard_LRS"}
PREMIUM = {"name": "stfast", "sku": "Premium_LRS"}
ABROAD = {"name": "far", "location": "northeurope"}
OVERLAPPING = {"name": "vnet-dr", "address_prefixes": ["10.1.0.0/16", "10.1.2.0/24"]}
OUTSIDE = {
    "name": "vnet-dr",
    "address_prefixes": ["10.1.0.0/16"],
    "subnets": [{"name": "machines", "address_prefix": "10.9.0.0/24"}],
}

_RULES = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/networkSecurityGroups/nsg"
WHOLE: dict[str, Any] = {
    "name": "vnet-dr",
    "address_prefixes": ["10.1.0.0/16"],
    "purge_address_prefixes": True,
    "subnets": [{"name": "machines", "address_prefix": "10.1.0.0/24", "network_security_group": _RULES}],
    "purge_subnets": "yes",
    "dns_servers": ["10.1.0.4"],
    "flow_timeout_in_minutes": "10",
    "encryption": {"enabled": True},
    "ddos_protection_plan": "",
}


@pytest.mark.parametrize(
    ("name", "accounts", "options"),
    [
        ("nothing asked for", [], {}),
        ("the vault's region by default", [{"name": "stdr"}], {}),
        ("a display name of the same region", [{"name": "stdr", "location": "West Europe"}], {}),
        ("another region, allowed", [ABROAD], {"allow_other_region": True}),
        ("premium with a standard account", [PREMIUM, STANDARD], {}),
        ("premium with an account that is standard by default", [PREMIUM, {"name": "stdr"}], {}),
        ("a network by its name", [], {"virtual_networks": [{"name": "vnet-dr"}]}),
        ("a network with all that there is", [], {"virtual_networks": [WHOLE]}),
        ("words for false", [], {"virtual_networks": [{"name": "vnet-dr", "purge_subnets": "no"}]}),
        ("premium with a log account of its own", [{**PREMIUM, "log_account": {"name": "stlogs"}}], {}),
        ("a firewall", [{"name": "stdr", "network_acls": {"default_action": "deny"}}], {}),
        ("the model by name", [], {"deployment_model": "resource_manager"}),
        ("the model as the portal writes it", [], {"deployment_model": "Resource Manager"}),
    ],
)
def test_what_works_is_not_refused(name: str, accounts: list[dict[str, Any]], options: dict[str, Any]) -> None:
    assert target_refusals(accounts, location="westeurope", **options) == []


@pytest.mark.parametrize(
    ("accounts", "options", "step", "words"),
    [
        ([], {"deployment_model": "classic"}, "T2", "classic model is retired"),
        ([], {"deployment_model": "Classic"}, "T2", "classic model is retired"),
        ([], {"deployment_model": "bicep"}, "T2", "'bicep' is unknown"),
        ([ABROAD], {}, "T4", "storage account far: location: northeurope is not the vault's region, westeurope"),
        ([PREMIUM], {}, "T5", "azure_target_storage_accounts: premium account stfast needs a standard account"),
        ([{"name": "Upper"}], {}, "T4", "storage account Upper: name"),
        ([{"name": "stdr", "sku": "Standard_ZRS"}], {}, "T4", "storage account stdr: sku"),
        (
            [{"name": "stdr", "network_acls": {"default_action": "deny", "bypass": []}}],
            {},
            "T4",
            "storage account stdr: network_acls: with default_action deny",
        ),
        (
            [{**PREMIUM, "log_account": {"name": "stfast"}}],
            {},
            "T4",
            "log_account.name: 'stfast' is the account",
        ),
        ([], {"virtual_networks": [ABROAD]}, "T6", "network far: location: northeurope"),
        ([], {"virtual_networks": [OVERLAPPING]}, "T6", "10.1.0.0/16 and 10.1.2.0/24 overlap"),
        ([], {"virtual_networks": [OUTSIDE]}, "T6", "network vnet-dr: subnets (machines): 10.9.0.0/24 lies outside"),
    ],
)
def test_what_cannot_work_is_refused_with_its_step(
    accounts: list[dict[str, Any]], options: dict[str, Any], step: str, words: str
) -> None:
    (refusal,) = target_refusals(accounts, location="westeurope", **options)
    assert (refusal["step"], refusal["verdict"]) == (step, "fail")
    assert words in refusal["message"]


def test_every_reason_is_named_at_once() -> None:
    refusals = target_refusals([{**ABROAD, "sku": "Premium_LRS"}], location="westeurope", deployment_model="classic")
    assert [refusal["step"] for refusal in refusals] == ["T2", "T4", "T5"]


def test_an_entry_without_a_name_is_an_error() -> None:
    with pytest.raises(AnsibleFilterError, match="storage account: every entry needs a name"):
        target_refusals([{"location": "northeurope"}], location="westeurope")


def test_the_filter_has_its_documented_name() -> None:
    assert set(FilterModule().filters()) == {"target_refusals", "target_checks"}


def test_a_region_that_is_not_offered_is_refused_for_the_vault_and_for_what_lies_there() -> None:
    refusals = target_refusals([STANDARD], location="South Central India")
    assert [refusal["step"] for refusal in refusals] == ["B1", "T4"]
    assert refusals[0]["message"].startswith("azure_target_location: Site Recovery is not offered in southcentralindia")


def row(verdict: str, hardness: str = "warn", reason: str = "why") -> dict[str, str]:
    return {"rule": "r", "hardness": hardness, "verdict": verdict, "reason": reason}


@pytest.mark.parametrize(
    ("scope", "policies", "expected"),
    [
        (
            [row("pass")],
            [row("pass", reason="none")],
            [("T1", "pass", "subscription Prod, group rg-dr"), ("P7", "pass", "none")],
        ),
        (
            [row("unknown", "hard")],
            [],
            [("T1", "pass", "subscription Prod, group rg-dr; not known: why"), ("P7", "pass", "")],
        ),
        (
            [row("fail"), row("pass"), row("fail", "hard", "off")],
            [],
            [("T1", "warn", "why"), ("T1", "fail", "off"), ("P7", "pass", "")],
        ),
        ([], [row("fail", "hard", "old")], [("T1", "pass", "subscription Prod, group rg-dr"), ("P7", "fail", "old")]),
    ],
)
def test_what_was_found_as_checks(
    scope: list[dict[str, str]], policies: list[dict[str, str]], expected: list[tuple[str, str, str]]
) -> None:
    place = {"subscription_id": "1", "subscription_name": "Prod", "resource_group": "rg-dr"}
    found = target_checks({"scope": {**place, "rules": scope}, "policies": {"rules": policies}})
    assert [(check["step"], check["verdict"], check["message"]) for check in found] == expected


def test_only_the_target_of_target_info_becomes_checks() -> None:
    with pytest.raises(AnsibleFilterError, match="give it the target that target_info returns"):
        target_checks({"storage_accounts": []})
