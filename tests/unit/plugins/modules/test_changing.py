# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules that change resources: creation, no change, plan and correction, and the requests of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from azure.mgmt.recoveryservices import models

from ansible_collections.siterecovery.hyperv.plugins.module_utils._services.azure.virtual_network import (
    knows_private_subnets,
)
from tests.unit.plugins.modules.conftest import GROUP, Ended, Subscription

UNKNOWN = "(known after apply)"


@dataclass(frozen=True)
class Case:
    """A module, its options, and the place of its resource."""

    module: str
    options: dict[str, Any]
    place: str
    step: str
    expected: dict[str, Any]
    asks: tuple[str, ...] = ()
    options_more: dict[str, Any] = field(default_factory=dict)

    def run(self, subscription: Subscription, *, check: bool = False, **changed: Any) -> Ended:
        return subscription.run(
            self.module, check=check, **{"resource_group": GROUP, "location": "West Europe", **self.options, **changed}
        )

    def shown(self, ended: Ended) -> dict[str, Any]:
        found: dict[str, Any] = ended.result[self.module]
        return found

    @property
    def shown_as(self) -> str:
        """The name of the resource in messages."""
        return {"virtual_network": "network"}.get(self.module, self.module.replace("_", " "))

    @property
    def read(self) -> str:
        return f"GET {self.place}"

    @property
    def created(self) -> str:
        return f"put {self.options['name']}"


CASES = {
    case.module: case
    for case in (
        Case(
            "vault",
            {"name": "vault-dr", "tags": {"cost": 7}},
            "vaults/vault-dr",
            "B1",
            {"location": "westeurope", "provisioning_state": "Succeeded", "public_network_access": "enabled"},
            # The module checks whether a soft-deleted vault still has the name.
            asks=("GET westeurope/deletedVaults",) if hasattr(models, "DeletedVault") else (),
        ),
        Case(
            "storage_account",
            {"name": "stdr", "vault_location": "westeurope", "tags": {"cost": 7}},
            "storageAccounts/stdr",
            "T4",
            {
                "location": "westeurope",
                "provisioning_state": "Succeeded",
                "sku": "Standard_LRS",
                "kind": "StorageV2",
                "https_only": True,
                "minimum_tls_version": "TLS1_2",
                "allow_blob_public_access": False,
            },
            # Whether the name can be had: account names are unique in all of Azure.
            asks=("POST Microsoft.Storage/checkNameAvailability",),
        ),
        Case(
            "virtual_network",
            {
                "name": "vnet-dr",
                "address_prefixes": ["10.20.0.0/16"],
                "subnets": [{"name": "machines", "address_prefix": "10.20.1.0/24"}],
                "tags": {"cost": 7},
            },
            "virtualNetworks/vnet-dr",
            "T6",
            {"location": "westeurope", "provisioning_state": "Succeeded", "address_prefixes": ["10.20.0.0/16"]},
        ),
    )
}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def agree(preview: Any, real: Any) -> bool:
    """Whether what check mode shows is what was there afterwards, where check mode could know it."""
    if isinstance(preview, dict) and isinstance(real, dict):
        return preview.keys() == real.keys() and all(agree(preview[name], real[name]) for name in preview)
    if isinstance(preview, list) and isinstance(real, list):
        return len(preview) == len(real) and all(map(agree, preview, real))
    return preview in (UNKNOWN, real)


@every_case
def test_made_once(case: Case, subscription: Subscription) -> None:
    planned = case.run(subscription, check=True)
    assert (subscription.writes, subscription.requests) == ([], [case.read, *case.asks])
    made = case.run(subscription)
    assert subscription.writes == [case.created]
    shown = case.shown(made)
    assert {name: shown[name] for name in case.expected} == case.expected
    assert shown["tags"] == {"cost": "7"}
    assert agree(case.shown(planned), shown), (case.shown(planned), shown)
    assert planned.result["plan"] == made.result["plan"]
    assert planned.result["changed"] is made.result["changed"] is True
    assert made.result["diff"] == {"before": {}, "after": shown}
    again = case.run(subscription)
    assert (subscription.requests, subscription.writes) == ([case.read], [])
    assert (again.result["changed"], again.result["plan"], case.shown(again)) == (False, [], shown)
    assert again.result["diff"] == {"before": shown, "after": shown}
    assert [entry["done"] for entry in again.result["evidence"]] == ["nothing to do"]
    evidence = [ended.result["evidence"][0] for ended in (planned, made)]
    assert [(entry["step"], entry["verified"] == "known after the run") for entry in evidence] == [
        (case.step, True),
        (case.step, False),
    ]


@every_case
def test_a_missing_group_is_refused_or_made_with_it(case: Case, subscription: Subscription) -> None:
    refused = case.run(subscription, resource_group="rg-new")
    assert (refused.error["kind"], subscription.writes) == ("refused", [])
    assert refused.msg.startswith("resource_group: 'rg-new' does not exist; ")
    planned = case.run(subscription, resource_group="rg-new", create_resource_group=True, check=True)
    assert (planned.paths[0], subscription.writes) == ("resource_group", [])
    made = case.run(subscription, resource_group="rg-new", create_resource_group=True)
    assert subscription.writes == ["put rg-new", case.created]
    assert made.result["plan"] == planned.result["plan"]
    assert not case.run(subscription, resource_group="rg-new", create_resource_group=True).result["changed"]


def plain_subnet(name: str, prefix: str) -> dict[str, Any]:
    """A subnet of which nothing but its range was asked for."""
    nothing = dict.fromkeys(("network_security_group", "route_table", "nat_gateway"))
    return {
        "default_outbound_access": True if knows_private_subnets() else None,
        "name": name,
        "address_prefix": prefix,
        "address_prefixes": [prefix],
        "service_endpoints": [],
        "delegations": [],
        "private_endpoint_network_policies": "Disabled",
        **nothing,
    }


DRIFTS: dict[str, tuple[str, dict[str, Any], dict[str, Any], str]] = {
    # The options, the expected result, and the only write.
    "vault tag": ("vault", {"tags": {"a": "1"}}, {"tags": {"cost": "7", "a": "1"}}, "patch vault-dr"),
    "vault tags replaced": (
        "vault",
        {"tags": {"a": "1"}, "purge_tags": True},
        {"tags": {"a": "1"}},
        "patch vault-dr",
    ),
    "vault tags removed": ("vault", {"tags": {}, "purge_tags": True}, {"tags": {}}, "patch vault-dr"),
    "vault access": (
        "vault",
        {"public_network_access": "disabled"},
        {"public_network_access": "disabled", "tags": {"cost": "7"}},
        "patch vault-dr",
    ),
    "account sku": ("storage_account", {"sku": "Standard_GRS"}, {"sku": "Standard_GRS"}, "patch stdr"),
    "account https": ("storage_account", {"https_only": False}, {"https_only": False}, "patch stdr"),
    "account tls": (
        "storage_account",
        {"minimum_tls_version": "TLS1_3"},
        {"minimum_tls_version": "TLS1_3", "https_only": True},
        "patch stdr",
    ),
    "account tags replaced": (
        "storage_account",
        {"tags": {"a": "1"}, "purge_tags": True},
        {"tags": {"a": "1"}, "sku": "Standard_LRS"},
        "patch stdr",
    ),
    "network range": (
        "virtual_network",
        {"address_prefixes": ["10.20.0.0/16", "10.21.0.0/16"]},
        {"address_prefixes": ["10.20.0.0/16", "10.21.0.0/16"], "tags": {"cost": "7"}},
        "put vnet-dr",
    ),
    "network subnet": (
        "virtual_network",
        {"subnets": [{"name": "test", "address_prefix": "10.20.2.0/24"}]},
        {
            "subnets": [
                plain_subnet("machines", "10.20.1.0/24"),
                plain_subnet("test", "10.20.2.0/24"),
            ]
        },
        "put vnet-dr",
    ),
    "network tags": ("virtual_network", {"tags": {"a": "1"}}, {"tags": {"cost": "7", "a": "1"}}, "patch vnet-dr"),
}


@pytest.mark.parametrize("name", DRIFTS)
def test_a_difference_is_planned_and_corrected_by_one_write(name: str, subscription: Subscription) -> None:
    module, changed, expected, write = DRIFTS[name]
    case = CASES[module]
    before = case.shown(case.run(subscription))
    asked = {"tags": None, **changed}
    planned = case.run(subscription, check=True, **asked)
    assert (subscription.writes, subscription.requests) == ([], [case.read])
    done = case.run(subscription, **asked)
    assert subscription.writes == [write]
    shown = case.shown(done)
    assert {path: shown[path] for path in expected} == expected
    assert agree(case.shown(planned), shown), (case.shown(planned), shown)
    assert planned.result["plan"] == done.result["plan"]
    assert done.result["diff"] == {"before": before, "after": shown}
    assert done.paths == sorted(path for path in shown if shown[path] != before[path])
    assert not case.run(subscription, **asked).result["changed"]
    assert subscription.writes == []


def test_an_account_of_the_first_generation_is_upgraded(subscription: Subscription) -> None:
    subscription.state.seed_account(GROUP, "stdr", "westeurope", kind="Storage")
    case, asked = CASES["storage_account"], dict[str, Any](kind="StorageV2", tags=None)
    planned, done = case.run(subscription, check=True, **asked), case.run(subscription, **asked)
    assert case.shown(planned) == case.shown(done)
    assert done.paths == ["kind", "access_tier"]
    assert "cannot be undone" in done.result["plan"][0]["reason"]
    assert not case.run(subscription, **asked).result["changed"]


def test_general_purpose_v1_is_not_created_and_v2_meets_it(subscription: Subscription) -> None:
    case, asked = CASES["storage_account"], dict[str, Any](kind="Storage", tags=None)
    refused = case.run(subscription, **asked)
    assert refused.error["kind"] == "refused"
    assert "since 3 March 2026; set kind to StorageV2, or omit it" in refused.msg
    assert subscription.writes == []
    subscription.state.seed_account(GROUP, "stdr", "westeurope")
    kept = case.run(subscription, **asked)
    assert not kept.result["changed"]
    assert [text for text in kept.result["warnings"] if "meets the request for kind Storage" in text] != []


def test_a_network_keeps_settings_that_the_module_does_not_manage(subscription: Subscription) -> None:
    network = subscription.state.seed_network(GROUP, "vnet-dr", "westeurope", ["10.20.0.0/16"], {"old": "10.20.9.0/24"})
    network["properties"]["dhcpOptions"] = {"dnsServers": ["10.20.0.4"]}
    network["properties"]["subnets"][0]["properties"]["serviceEndpoints"] = [{"service": "Microsoft.Storage"}]
    CASES["virtual_network"].run(subscription)
    (kept,) = subscription.state.networks.values()
    assert kept["properties"]["dhcpOptions"] == {"dnsServers": ["10.20.0.4"]}
    old, new = kept["properties"]["subnets"]
    assert old["properties"]["serviceEndpoints"][0]["service"] == "Microsoft.Storage"
    assert new["name"] == "machines"


Seed = Callable[[Subscription], Any]


@pytest.mark.parametrize(
    ("module", "seed", "changed", "text"),
    [
        (
            "vault",
            lambda s: s.state.seed_vault(GROUP, "vault-dr", "northeurope"),
            {},
            "location: vault vault-dr is in northeurope",
        ),
        (
            "storage_account",
            lambda s: s.state.seed_account(GROUP, "stdr", "northeurope"),
            {},
            "location: storage account",
        ),
        (
            "storage_account",
            lambda s: s.state.seed_account(GROUP, "stdr", "westeurope"),
            {"sku": "Premium_LRS"},
            "sku: ",
        ),
        ("storage_account", lambda s: s.state.seed_foreign_account("stdr"), {}, "name: 'stdr' is not available"),
        (
            "storage_account",
            lambda s: s.state.seed_account("rg-2", "stdr", "westeurope"),
            {},
            "name: 'stdr' is not available",
        ),
        (
            "virtual_network",
            lambda s: s.state.seed_network(GROUP, "vnet-dr", "northeurope", ["10.20.0.0/16"]),
            {},
            "location: network",
        ),
        (
            "virtual_network",
            lambda s: s.state.seed_network(GROUP, "vnet-dr", "westeurope", ["10.0.0.0/8"]),
            {},
            "address_prefixes: ",
        ),
    ],
)
@pytest.mark.parametrize("check", [False, True], ids=["run", "check"])
def test_check_mode_refuses_the_same_changes(
    module: str, seed: Seed, changed: dict[str, Any], text: str, check: bool, subscription: Subscription
) -> None:
    seed(subscription)
    refused = CASES[module].run(subscription, check=check, **changed)
    assert (refused.error["kind"], subscription.writes) == ("refused", [])
    assert refused.msg.startswith(text)


@pytest.mark.parametrize(
    ("module", "changed", "option"),
    [
        ("vault", {"name": "1"}, "name"),
        ("vault", {"subscription_id": "mine"}, "subscription_id"),
        ("vault", {"wait_timeout": -1}, "wait_timeout"),
        ("storage_account", {"sku": "Standard_ZRS"}, "sku"),
        ("storage_account", {"vault_location": "northeurope"}, "location"),
        ("virtual_network", {"address_prefixes": ["10.0.0.1/8"]}, "address_prefixes"),
    ],
)
def test_a_wrong_option_costs_no_call(
    module: str, changed: dict[str, Any], option: str, subscription: Subscription
) -> None:
    ended = CASES[module].run(subscription, **changed)
    assert ended.error == {"kind": "invalid_input", "option": option}
    assert subscription.requests == []
    assert not subscription.state.tokens


@pytest.mark.parametrize(
    ("module", "changed", "text"),
    [
        ("storage_account", {"sku": "Premium_LRS"}, "needs a standard account in the same region"),
        (
            "storage_account",
            {"vault_location": "northeurope", "allow_other_region": True},
            "is in westeurope, but the vault is in northeurope",
        ),
        ("virtual_network", {"subnets": []}, "has no subnet"),
        (
            "virtual_network",
            {"subnets": [{"name": "GatewaySubnet", "address_prefix": "10.20.0.0/24"}]},
            "is reserved by Azure",
        ),
    ],
)
def test_an_allowed_but_unusable_setting_causes_a_warning(
    module: str, changed: dict[str, Any], text: str, subscription: Subscription
) -> None:
    case = CASES[module]
    for _ in range(2):
        assert text in " ".join(case.run(subscription, **changed).result["warnings"])
    assert case.run(subscription, name="plain1").result["warnings"] == []
