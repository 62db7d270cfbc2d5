# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Storage accounts."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError

from .conftest import SUBSCRIPTION, Azure

BODY: dict[str, Any] = {"location": "westeurope", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
ACCOUNTS = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts"
ACCOUNT = f"{ACCOUNTS}/account1"


SUBNETS = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/net1/subnets"


def acls(**members: Any) -> dict[str, Any]:
    return {"properties": {"networkAcls": members}}


def code_of(error: HttpResponseError) -> str | None:
    return error.error.code if error.error else None


def test_an_account_is_made_in_the_recorded_steps(slow: Azure) -> None:
    slow.state.seed_group("rg", "westeurope")
    first = slow.send("PUT", ACCOUNT, "2026-09-01", BODY)
    assert (first.status_code, first.content, first.headers["Retry-After"]) == (202, b"", "17")
    link = first.headers["Location"]
    assert "/Microsoft.Storage/locations/westeurope/asyncoperations/" in link
    assert link.endswith("&monitor=true")
    poll = slow.send("GET", link, None)
    assert (poll.status_code, poll.content) == (202, b"")
    slow.state.hurry()
    last = slow.send("GET", link, None)
    assert (last.status_code, last.json()["name"]) == (200, "account1")


def test_the_sdk_makes_an_account(azure: Azure) -> None:
    azure.state.seed_group("rg", "westeurope")
    wanted = BODY | {"tags": {"a": "1"}, "properties": {"minimumTlsVersion": "TLS1_2", "allowBlobPublicAccess": False}}
    made = azure.storage.storage_accounts.begin_create("rg", "account1", wanted).result()
    assert (made.provisioning_state, made.kind, made.sku.name, made.sku.tier) == (
        "Succeeded",
        "StorageV2",
        "Standard_LRS",
        "Standard",
    )
    assert (made.access_tier, made.tags, made.status_of_primary) == ("Hot", {"a": "1"}, "available")


@pytest.mark.parametrize(
    ("sku", "secondary", "readable"),
    [("Standard_LRS", None, False), ("Standard_GRS", "northeurope", False), ("Standard_RAGRS", "northeurope", True)],
)
def test_geo_redundant_accounts_name_their_second_region(
    azure: Azure, sku: str, secondary: str | None, readable: bool
) -> None:
    account = azure.state.seed_account("rg", "account1", "westeurope", sku=sku)
    assert account["properties"].get("secondaryLocation") == secondary
    assert ("secondaryEndpoints" in account["properties"]) is readable


def test_a_second_put_answers_at_once_and_resets_what_it_leaves_out(azure: Azure) -> None:
    azure.state.seed_account("rg", "account1", "westeurope", accessTier="Cool", allowBlobPublicAccess=True)
    answer = azure.send("PUT", ACCOUNT, "2026-09-01", BODY | {"properties": {"accessTier": "Cool"}})
    assert answer.status_code == 200
    assert answer.json()["properties"]["accessTier"] == "Cool"
    assert answer.json()["properties"]["allowBlobPublicAccess"] is False


def test_the_same_put_changes_nothing_and_is_a_write(azure: Azure) -> None:
    azure.state.seed_account("rg", "account1", "westeurope")
    before = azure.state.snapshot()
    azure.send("PUT", ACCOUNT, "2026-09-01", BODY)
    assert azure.state.snapshot() == before
    assert azure.writes() == [("put", "account1")]


def test_an_update_changes_what_it_names(azure: Azure) -> None:
    azure.state.seed_account("rg", "account1", "westeurope")
    wanted = {
        "sku": {"name": "Standard_GRS"},
        "tags": {"a": "1"},
        "properties": {"networkAcls": {"defaultAction": "Deny"}},
    }
    changed = azure.storage.storage_accounts.update("rg", "account1", wanted)
    assert (changed.sku.name, changed.secondary_location, changed.tags) == ("Standard_GRS", "northeurope", {"a": "1"})
    assert changed.network_rule_set is not None
    assert (changed.network_rule_set.default_action, changed.network_rule_set.bypass) == ("Deny", "AzureServices")


def test_rules_of_the_firewall_are_shown_with_their_state(azure: Azure) -> None:
    azure.state.seed_account("rg", "account1", "westeurope")
    network = azure.state.seed_network("rg", "net1", "westeurope", ["10.0.0.0/16"], {"jump": "10.0.0.0/24"})
    subnet = network["properties"]["subnets"][0]["properties"]
    subnet["serviceEndpoints"] = [{"service": "Microsoft.Storage"}]
    foreign = SUBNETS.replace(SUBSCRIPTION, "99999999-0000-0000-0000-000000000000")
    rules = [{"id": f"{SUBNETS}/jump"}, {"id": f"{foreign}/any"}]
    body = acls(ipRules=[{"value": "203.0.113.0/24"}], virtualNetworkRules=rules)
    azure.storage.storage_accounts.update("rg", "account1", body)
    shown = azure.send("GET", ACCOUNT, "2026-09-01").json()["properties"]["networkAcls"]
    assert shown["ipRules"] == [{"value": "203.0.113.0/24", "action": "Allow"}]
    assert shown["virtualNetworkRules"] == [{**rule, "action": "Allow", "state": "Succeeded"} for rule in rules]
    subnet["provisioningState"] = "Updating"
    refused = azure.send("PATCH", ACCOUNT, "2026-09-01", body)
    assert refused.json()["error"]["code"] == "NetworkAclsValidationFailure"
    assert "SubnetsNotProvisioned" in refused.json()["error"]["message"]


def test_a_second_layer_of_encryption_stays_for_ever(azure: Azure) -> None:
    azure.state.seed_group("rg", "westeurope")
    wanted = {"encryption": {"requireInfrastructureEncryption": True, "keySource": "Microsoft.Storage"}}
    azure.storage.storage_accounts.begin_create("rg", "account1", BODY | {"properties": wanted}).result()
    azure.storage.storage_accounts.update("rg", "account1", {"properties": wanted})
    encryption = azure.send("GET", ACCOUNT, "2026-09-01").json()["properties"]["encryption"]
    assert encryption["requireInfrastructureEncryption"] is True
    assert encryption["services"]["blob"]["enabled"] is True


def test_a_region_holds_so_many_accounts(azure: Azure) -> None:
    for number in range(250):
        azure.state.seed_account("rg", f"account{number}x", "westeurope")
    refused = azure.send("PUT", ACCOUNT, "2026-09-01", BODY)
    assert (refused.status_code, refused.json()["error"]["code"]) == (
        409,
        "MaxStorageAccountsCountPerSubscriptionExceeded",
    )
    assert azure.send("PUT", ACCOUNT, "2026-09-01", BODY | {"location": "northeurope"}).status_code == 202


def test_a_general_purpose_account_can_be_upgraded(azure: Azure) -> None:
    azure.state.seed_account("rg", "account1", "westeurope", kind="Storage")
    changed = azure.storage.storage_accounts.update("rg", "account1", {"kind": "StorageV2"})
    assert (changed.kind, changed.access_tier) == ("StorageV2", "Hot")


@pytest.mark.parametrize(
    ("name", "body", "status", "code"),
    [
        ("Account1", BODY, 400, "AccountNameInvalid"),
        ("ab", BODY, 400, "AccountNameInvalid"),
        ("account1", {"kind": "StorageV2"}, 400, "LocationRequired"),
        ("account1", BODY | {"location": "atlantis"}, 400, "LocationNotAvailableForResourceType"),
        ("account1", {"location": "westeurope", "kind": "StorageV2"}, 400, "InvalidRequestContent"),
        ("account1", BODY | {"kind": None}, 400, "InvalidRequestContent"),
        ("account1", BODY | {"sku": {"name": "Standard_XRS"}}, 400, "InvalidRequestPropertyValue"),
        ("account1", BODY | {"kind": "Bag"}, 400, "InvalidRequestPropertyValue"),
        ("account1", BODY | {"kind": "BlockBlobStorage"}, 400, "InvalidValuesForRequestParameters"),
        ("account1", BODY | {"properties": {"accessTier": "Warm"}}, 400, "InvalidRequestPropertyValue"),
        ("account1", BODY | {"properties": {"isHnsEnabled": "no"}}, 400, "InvalidRequestContent"),
        ("account1", BODY | {"properties": {"publicNetworkAccess": "Maybe"}}, 400, "InvalidRequestPropertyValue"),
        (
            "account1",
            {**BODY, "kind": "BlobStorage", "properties": {"encryption": {"requireInfrastructureEncryption": True}}},
            400,
            "FeatureNotSupportedForAccount",
        ),
        ("account1", BODY | {"kind": "Storage"}, 400, "AccountKindNotSupported"),
        ("foreign1", BODY, 409, "StorageAccountAlreadyTaken"),
        ("elsewhere1", BODY, 409, "StorageAccountInAnotherResourceGroup"),
        ("moved1", BODY, 409, "InvalidResourceLocation"),
        (
            "moved1",
            BODY | {"location": "eastus", "sku": {"name": "Standard_GRS"}},
            400,
            "InvalidValuesForRequestParameters",
        ),
        ("moved1", BODY | {"location": "eastus", "kind": "Storage"}, 400, "InvalidValuesForRequestParameters"),
        (
            "moved1",
            BODY | {"location": "eastus", "properties": {"isHnsEnabled": True}},
            400,
            "AccountPropertyCannotBeUpdated",
        ),
    ],
)
def test_a_bad_put_is_refused(azure: Azure, name: str, body: dict[str, Any], status: int, code: str) -> None:
    azure.state.seed_foreign_account("foreign1")
    azure.state.seed_account("rg2", "elsewhere1", "westeurope")
    azure.state.seed_account("rg", "moved1", "eastus")
    before = azure.state.snapshot()
    answer = azure.send("PUT", f"{ACCOUNTS}/{name}", "2026-09-01", body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert azure.state.snapshot() == before
    assert not azure.context.journal.entries


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"kind": "BlobStorage"}, "StorageAccountTypeConversionNotAllowed"),
        ({"sku": {"name": "Premium_LRS"}}, "StorageAccountTypeConversionNotAllowed"),
        ({"sku": {"name": "Standard_XRS"}}, "InvalidRequestPropertyValue"),
        ({"properties": {"minimumTlsVersion": "SSL3"}}, "InvalidRequestPropertyValue"),
        ({"properties": {"isHnsEnabled": True}}, "AccountPropertyCannotBeUpdated"),
        ({"properties": {"encryption": {"requireInfrastructureEncryption": True}}}, "AccountPropertyCannotBeUpdated"),
        ({"properties": {"encryption": {"requireInfrastructureEncryption": False}}}, "AccountPropertyCannotBeUpdated"),
        (acls(defaultAction="Maybe"), "InvalidRequestPropertyValue"),
        (acls(bypass="AzureServices, Friends"), "InvalidRequestPropertyValue"),
        (acls(bypass="None, Logging"), "InvalidRequestPropertyValue"),
        (acls(ipRules=[{"value": "192.168.0.0/24"}]), "InvalidValuesForRequestParameters"),
        (acls(ipRules=[{"value": "203.0.113.7/32"}]), "InvalidValuesForRequestParameters"),
        (acls(ipRules=[{"value": "2001:db8::1"}]), "InvalidValuesForRequestParameters"),
        (
            acls(ipRules=[{"value": f"203.0.{n // 200}.{n % 200}"} for n in range(401)]),
            "InvalidValuesForRequestParameters",
        ),
        (acls(virtualNetworkRules=[{"id": "jump"}]), "InvalidValuesForRequestParameters"),
        (acls(virtualNetworkRules=[{"id": f"{SUBNETS}/none"}]), "NetworkAclsValidationFailure"),
        (acls(virtualNetworkRules=[{"id": f"{SUBNETS}/bare"}]), "NetworkAclsValidationFailure"),
    ],
)
def test_a_bad_update_is_refused(azure: Azure, body: dict[str, Any], code: str) -> None:
    azure.state.seed_account("rg", "account1", "westeurope")
    azure.state.seed_network("rg", "net1", "westeurope", ["10.0.0.0/16"], {"bare": "10.0.0.0/24"})
    before = azure.state.snapshot()
    with pytest.raises(HttpResponseError) as refused:
        azure.storage.storage_accounts.update("rg", "account1", body)
    assert azure.state.snapshot() == before
    assert (refused.value.status_code, code_of(refused.value)) == (400, code)


def test_an_account_being_made_takes_no_other_call(slow: Azure) -> None:
    slow.state.seed_group("rg", "westeurope")
    slow.send("PUT", ACCOUNT, "2026-09-01", BODY)
    assert slow.storage.storage_accounts.get_properties("rg", "account1").provisioning_state == "Creating"
    with pytest.raises(ResourceExistsError) as busy:
        slow.storage.storage_accounts.begin_create("rg", "account1", BODY)
    assert code_of(busy.value) == "StorageAccountBeingCreated"
    with pytest.raises(ResourceExistsError) as busy:
        slow.storage.storage_accounts.update("rg", "account1", {"tags": {}})
    assert code_of(busy.value) == "StorageAccountIsNotProvisioned"


@pytest.mark.parametrize(
    ("name", "available", "reason"),
    [
        ("free1", True, None),
        ("foreign1", False, "AlreadyExists"),
        ("own1", False, "AlreadyExists"),
        ("No-Name", False, "AccountNameInvalid"),
    ],
)
def test_a_name_can_be_checked(azure: Azure, name: str, available: bool, reason: str | None) -> None:
    azure.state.seed_foreign_account("foreign1")
    azure.state.seed_account("rg", "own1", "westeurope")
    answer = azure.storage.storage_accounts.check_name_availability(
        {"name": name, "type": "Microsoft.Storage/storageAccounts"}
    )
    assert (answer.name_available, answer.reason) == (available, reason)
    assert azure.context.journal.counts["azure.check"] == 1


def test_lists_show_one_group_or_the_subscription(azure: Azure) -> None:
    azure.state.seed_account("rg", "account1", "westeurope")
    azure.state.seed_account("rg2", "account2", "westeurope")
    accounts = azure.storage.storage_accounts
    assert [account.name for account in accounts.list_by_resource_group("rg")] == ["account1"]
    assert [account.name for account in accounts.list()] == ["account1", "account2"]


def test_keys_are_listed_and_logged_nowhere(azure: Azure) -> None:
    azure.state.seed_account("rg", "account1", "westeurope")
    keys = azure.storage.storage_accounts.list_keys("rg", "account1").keys_property
    assert keys is not None
    assert [key.key_name for key in keys] == ["key1", "key2"]
    again = azure.storage.storage_accounts.list_keys("rg", "account1").keys_property
    assert again is not None
    assert again[0].value == keys[0].value
    assert str(keys[0].value) not in "".join(exchange.line() for exchange in azure.server.traffic)
    assert not azure.context.journal.entries


def test_soft_delete_is_a_setting_of_the_blob_service(azure: Azure) -> None:
    azure.state.seed_account("rg", "account1", "westeurope")
    azure.state.seed_account("rg", "account2", "westeurope", soft_delete=True)
    found = [azure.storage.blob_services.get_service_properties("rg", name) for name in ("account1", "account2")]
    policies = [service.delete_retention_policy for service in found]
    assert [policy.enabled for policy in policies if policy] == [False, True]


def test_an_account_is_deleted_at_once(azure: Azure) -> None:
    azure.state.seed_account("rg", "account1", "westeurope")
    azure.storage.storage_accounts.delete("rg", "account1")
    with pytest.raises(ResourceNotFoundError) as absent:
        azure.storage.storage_accounts.get_properties("rg", "account1")
    assert code_of(absent.value) == "ResourceNotFound"
    assert azure.send("DELETE", ACCOUNT, "2026-09-01").status_code == 204


def test_skus_and_usages_are_listed(azure: Azure) -> None:
    azure.state.seed_account("rg", "account1", "westeurope")
    assert {"Standard_LRS", "Premium_LRS"} <= {sku.name for sku in azure.storage.skus.list()}
    [usage] = list(azure.storage.usages.list_by_location("westeurope"))
    assert (usage.current_value, usage.limit) == (1, 250)
