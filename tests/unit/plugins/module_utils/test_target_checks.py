# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of a target are validated without a call to Azure (T2, B1, T4 to T7)."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.check import Check
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._variables.validation import validate

NEEDED = {"azure_target_resource_group": "rg-dr", "azure_target_vault_name": "vault-dr"}


def checks_of(accounts: list[Any], *, location: str = "westeurope", **options: Any) -> tuple[Check, ...]:
    given = {"storage_accounts": accounts, "location": location, **options}
    variables = {f"azure_target_{name}": value for name, value in given.items()}
    return validate(["azure_target"], {**NEEDED, **variables}, lambda value: value).checks


STANDARD = {"name": "stlogs", "sku": "Standard_LRS"}
PREMIUM = {"name": "stfast", "sku": "Premium_LRS"}
ABROAD = {"name": "far", "location": "northeurope"}
OVERLAPPING = {"name": "vnet-dr", "address_prefixes": ["10.1.0.0/16", "10.1.2.0/24"]}
OUTSIDE = {
    "name": "vnet-dr",
    "address_prefixes": ["10.1.0.0/16"],
    "subnets": [{"name": "machines", "address_prefix": "10.9.0.0/24"}],
}

_NSG = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/networkSecurityGroups/nsg"
COMPLETE: dict[str, Any] = {
    "name": "vnet-dr",
    "resource_group": "rg-net",
    "address_prefixes": ["10.1.0.0/16"],
    "purge_address_prefixes": True,
    "subnets": [{"name": "machines", "address_prefix": "10.1.0.0/24", "network_security_group": _NSG}],
    "purge_subnets": "yes",
    "dns_servers": ["10.1.0.4"],
    "flow_timeout_in_minutes": "10",
    "encryption": {"enabled": True},
    "ddos_protection_plan": "",
    "tags": {"owner": "it"},
    "purge_tags": "no",
}


@pytest.mark.parametrize(
    ("name", "accounts", "options"),
    [
        ("nothing", [], {}),
        ("the vault's region by default", [{"name": "stdr"}], {}),
        ("a display name of the same region", [{"name": "stdr", "location": "West Europe"}], {}),
        ("another region, allowed", [ABROAD], {"allow_other_region": True}),
        ("premium with a standard account", [PREMIUM, STANDARD], {}),
        ("premium with an account that is standard by default", [PREMIUM, {"name": "stdr"}], {}),
        ("a network with only its name", [], {"virtual_networks": [{"name": "vnet-dr"}]}),
        ("a network with all options", [], {"virtual_networks": [COMPLETE]}),
        ("text for false", [], {"virtual_networks": [{"name": "vnet-dr", "purge_subnets": "no"}]}),
        ("null is not set", [{"name": "stdr", "sku": None, "location": None, "https_only": None}], {}),
        ("premium with a log account of its own", [{**PREMIUM, "log_account": {"name": "stlogs"}}], {}),
        ("a firewall", [{"name": "stdr", "network_acls": {"default_action": "deny"}}], {}),
        ("the model by name", [], {"deployment_model": "resource_manager"}),
        ("the model as the portal writes it", [], {"deployment_model": "Resource Manager"}),
    ],
)
def test_a_valid_target_has_no_problems(name: str, accounts: list[dict[str, Any]], options: dict[str, Any]) -> None:
    assert checks_of(accounts, location="westeurope", **options) == ()


@pytest.mark.parametrize(
    ("accounts", "options", "step", "text"),
    [
        ([], {"deployment_model": "classic"}, "T2", "classic model is retired"),
        ([], {"deployment_model": "Classic"}, "T2", "classic model is retired"),
        ([], {"deployment_model": "bicep"}, "T2", "'bicep' is unknown"),
        (
            [ABROAD],
            {},
            "T4",
            "azure_target_storage_accounts[0].location: northeurope is not the vault's region, westeurope",
        ),
        ([PREMIUM], {}, "T4", "storage account stfast: a premium account needs a standard account"),
        ([{"name": "Upper"}], {}, "T4", "azure_target_storage_accounts[0].name must have"),
        ([{"name": "stdr", "sku": "Standard_ZRS"}], {}, "T4", "azure_target_storage_accounts[0].sku: Standard_ZRS"),
        (
            [{"name": "stdr", "network_acls": {"default_action": "deny", "bypass": []}}],
            {},
            "T4",
            "azure_target_storage_accounts[0].network_acls: with default_action deny",
        ),
        (
            [{**PREMIUM, "log_account": {"name": "stfast"}}],
            {},
            "T4",
            "log_account.name: 'stfast' is the account",
        ),
        ([], {"virtual_networks": [ABROAD]}, "T6", "azure_target_virtual_networks[0].location: northeurope"),
        ([], {"virtual_networks": [OVERLAPPING]}, "T6", "10.1.0.0/16 and 10.1.2.0/24 overlap"),
        (
            [],
            {"virtual_networks": [OUTSIDE]},
            "T6",
            "azure_target_virtual_networks[0].subnets (machines): 10.9.0.0/24 is outside",
        ),
        # Values that a module's argument spec refuses.
        ([{"location": "westeurope"}], {}, "T4", "azure_target_storage_accounts[0].name is required"),
        (["stdr"], {}, "T4", "azure_target_storage_accounts[0] must be a dictionary"),
        ([{"name": "stdr", "https_only": "maybe"}], {}, "T4", "[0].https_only must be true or false"),
        ([{"name": "stdr", "minimum_tls_version": "TLS1_0"}], {}, "T4", "must be one of TLS1_2, TLS1_3"),
        ([{"name": "stdr", "network_acls": "deny"}], {}, "T4", "network_acls must be a dictionary"),
        ([{"name": "stdr", "network_acls": {"bypass": ["all"]}}], {}, "T4", "network_acls.bypass[0] must be one of"),
        ([{**PREMIUM, "log_account": {"sku": "Standard_LRS"}}], {}, "T4", "log_account.name is required"),
        (
            [],
            {"virtual_networks": [{"name": "vnet-dr", "subnets": "machines"}]},
            "T6",
            "subnets must be a list of dictionaries",
        ),
        ([], {"virtual_networks": [{"name": "vnet-dr", "subnets": [{}]}]}, "T6", "subnets[0].name is required"),
        (
            [],
            {"virtual_networks": [{"name": "vnet-dr", "flow_timeout_in_minutes": "soon"}]},
            "T6",
            "flow_timeout_in_minutes must be a whole number",
        ),
    ],
)
def test_a_problem_is_reported_with_its_step(
    accounts: list[dict[str, Any]], options: dict[str, Any], step: str, text: str
) -> None:
    (check,) = checks_of(accounts, location="westeurope", **options)
    assert (check.step, check.blocks) == (step, True)
    assert text in check.message
    assert check.fix


def test_all_problems_are_reported_at_once() -> None:
    checks = checks_of([{**ABROAD, "sku": "Premium_LRS"}], location="westeurope", deployment_model="classic")
    assert [check.step for check in checks] == ["T2", "T4", "T4"]


def test_a_region_that_is_not_offered_is_refused_once() -> None:
    checks = checks_of([STANDARD], location="South Central India")
    assert [check.step for check in checks] == ["B1"]
    assert checks[0].message == "azure_target_location: Site Recovery is not offered in southcentralindia"
