# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resource groups and providers."""

from __future__ import annotations

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError

from .conftest import SUBSCRIPTION, Azure


def test_a_group_is_made_once_and_then_kept(azure: Azure) -> None:
    groups = azure.resources.resource_groups
    assert groups.check_existence("rg") is False
    made = groups.create_or_update("rg", {"location": "westeurope", "tags": {"a": "1"}})
    assert (made.id, made.tags) == (f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg", {"a": "1"})
    assert groups.check_existence("rg") is True
    groups.create_or_update("rg", {"location": "West Europe", "tags": {"a": "1"}})
    assert [group.name for group in groups.list()] == ["rg"]
    assert azure.writes() == [("put", "rg"), ("put", "rg")]


def test_a_group_in_another_location_is_refused(azure: Azure) -> None:
    azure.state.seed_group("rg", "westeurope")
    with pytest.raises(ResourceExistsError) as refused:
        azure.resources.resource_groups.create_or_update("rg", {"location": "eastus"})
    assert refused.value.error is not None
    assert refused.value.error.code == "InvalidResourceGroupLocation"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "LocationRequired"),
        ({"location": "atlantis"}, "LocationNotAvailableForResourceGroup"),
        ({"location": "westeurope", "tags": {"a": 1}}, "InvalidRequestContent"),
        ({"location": "westeurope", "tags": ["a"]}, "InvalidRequestContent"),
    ],
)
def test_a_bad_group_body_is_refused(azure: Azure, body: dict[str, object], code: str) -> None:
    answer = azure.send("PUT", f"/subscriptions/{SUBSCRIPTION}/resourcegroups/rg", "2025-04-01", body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


def test_tags_of_a_group_are_patched_as_a_whole(azure: Azure) -> None:
    azure.state.seed_group("rg", "westeurope", {"a": "1"})
    assert azure.resources.resource_groups.update("rg", {"tags": {"b": "2"}}).tags == {"b": "2"}


def test_an_absent_group_is_not_found(azure: Azure) -> None:
    with pytest.raises(ResourceNotFoundError) as absent:
        azure.resources.resource_groups.get("rg")
    assert absent.value.error is not None
    assert absent.value.error.code == "ResourceGroupNotFound"


def test_a_deleted_group_takes_everything_with_it(azure: Azure) -> None:
    azure.state.seed_vault("rg", "vault1", "westeurope")
    azure.state.seed_account("rg", "account1", "westeurope", soft_delete=True)
    azure.state.seed_network("rg", "net1", "westeurope", ["10.0.0.0/16"])
    azure.state.seed_account("rg2", "account2", "westeurope")
    azure.resources.resource_groups.begin_delete("rg").result()
    left = azure.state.snapshot()
    assert (list(left["groups"]), list(left["storage_accounts"])) == (["rg2"], ["rg2/account2"])
    assert (left["vaults"], left["virtual_networks"]) == ({}, {})


def test_a_provider_tells_its_locations(azure: Azure) -> None:
    provider = azure.resources.providers.get("microsoft.recoveryservices")
    assert (provider.namespace, provider.registration_state) == ("Microsoft.RecoveryServices", "Registered")
    assert provider.resource_types is not None
    vaults = next(kind for kind in provider.resource_types if kind.resource_type == "vaults")
    assert "West Europe" in (vaults.locations or [])


def test_an_unknown_provider_is_refused(azure: Azure) -> None:
    with pytest.raises(HttpResponseError) as refused:
        azure.resources.providers.get("Microsoft.Nowhere")
    assert refused.value.error is not None
    assert refused.value.error.code == "InvalidResourceNamespace"


def test_a_client_finds_its_tenant_and_its_subscription(azure: Azure) -> None:
    (tenant,) = azure.send("GET", "/tenants", "2022-12-01").json()["value"]
    (subscription,) = azure.send("GET", "/subscriptions", "2022-12-01").json()["value"]
    assert tenant["tenantId"] == subscription["tenantId"] == azure.context.login.tenant
    assert subscription["subscriptionId"] == azure.context.login.subscription_id
    azure.state.roles.clear()
    assert azure.send("GET", "/subscriptions", "2022-12-01").json()["value"] == []


def test_the_list_of_providers_names_every_provider(azure: Azure) -> None:
    names = {item.namespace for item in azure.resources.providers.list()}
    assert {"Microsoft.Network", "Microsoft.RecoveryServices", "Microsoft.Storage"} <= names
