# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Storage accounts: comparison, refusals, request bodies (T4, T5)."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.resource_group import ResourceState
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.storage_account import (
    DesiredAccount,
    StorageAccount,
    creation_body,
    plan_account,
    update_body,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.storage_firewall import NetworkAcls
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import InvalidInput, Refused
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.plan import UNKNOWN, apply_changes
from tests.unit.plugins.module_utils.resources import GROUP, SUBSCRIPTION, options_of, short

ACCOUNT = StorageAccount(
    id=f"{GROUP}/providers/Microsoft.Storage/storageAccounts/stdr",
    name="stdr",
    resource_group="rg-dr",
    subscription_id=SUBSCRIPTION,
    location="westeurope",
    sku="Standard_LRS",
    kind="StorageV2",
    access_tier="Hot",
    provisioning_state="Succeeded",
    tags={"owner": "it"},
    settings={
        "https_only": True,
        "minimum_tls_version": "TLS1_2",
        "allow_blob_public_access": False,
        "allow_cross_tenant_replication": False,
        "default_to_oauth_authentication": False,
        "require_infrastructure_encryption": False,
        "identity": "none",
    },
)
OLD = replace(ACCOUNT, kind="Storage", access_tier=None)
PREMIUM = replace(ACCOUNT, sku="Premium_LRS", access_tier=None)


def with_settings(**changed: Any) -> StorageAccount:
    return replace(ACCOUNT, settings={**ACCOUNT.settings, **changed})


def desired(**given: Any) -> DesiredAccount:
    return DesiredAccount.from_options(
        options_of("storage_account", **{"name": "stdr", "location": "westeurope", **given})
    )


def changed_body(account: StorageAccount, requested: DesiredAccount) -> dict[str, Any]:
    return update_body(plan_account(ResourceState(account), requested), account, requested)


@pytest.mark.parametrize(
    ("option", "given", "text"),
    [
        ("name", {"name": "Stdr"}, "3 to 24 lowercase letters"),
        ("location", {"vault_location": "northeurope"}, "westeurope is not the vault's region, northeurope"),
        ("sku", {"sku": "Standard_XRS"}, "'Standard_XRS' is unknown; choose one of: Standard_LRS"),
        ("sku", {"sku": "Standard_ZRS"}, "is zone-redundant"),
        ("sku", {"sku": "standard_ragzrs"}, "Standard_RAGZRS is zone-redundant"),
        ("kind", {"kind": "BlobStorage"}, "do not support page blobs"),
        ("kind", {"kind": "FileStorage", "sku": "Premium_LRS"}, "do not support page blobs"),
        ("kind", {"kind": "StorageV3"}, "unknown"),
        ("access_tier", {"access_tier": "Cool"}, "use access tier Hot"),
        ("access_tier", {"access_tier": "cold"}, "use access tier Hot"),
        ("access_tier", {"access_tier": "warm"}, "unknown"),
        ("access_tier", {"access_tier": "Hot", "sku": "Premium_LRS"}, "only standard general-purpose v2 accounts"),
        ("access_tier", {"access_tier": "Premium", "sku": "Premium_LRS"}, "only standard general-purpose v2 accounts"),
        ("access_tier", {"access_tier": "Premium"}, "'Premium' is the tier of premium accounts"),
        ("access_tier", {"access_tier": "Hot", "kind": "Storage"}, "only standard general-purpose v2 accounts"),
        ("tags", {"tags": {"a": 1, "A": 2}}, "is a duplicate"),
    ],
)
def test_refused_before_any_call(option: str, given: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        desired(**given)
    assert caught.value.details == {"option": option}
    assert text in caught.value.message
    assert "; " in caught.value.message


@pytest.mark.parametrize(
    "given",
    [
        {"vault_location": "West Europe"},
        {"vault_location": "northeurope", "allow_other_region": True},
        {"sku": "premium_lrs"},
        {"kind": "storagev2", "access_tier": "hot"},
        {"kind": "Storage", "sku": "Standard_RAGRS"},
    ],
)
def test_supported_values_are_accepted_in_any_case(given: dict[str, Any]) -> None:
    assert desired(**given).location == "westeurope"


@pytest.mark.parametrize(
    ("name", "account", "given", "expected"),
    [
        ("no difference", ACCOUNT, {}, {}),
        ("options that are not set", with_settings(https_only=False, minimum_tls_version="TLS1_0"), {}, {}),
        ("sku in other case", ACCOUNT, {"sku": "standard_lrs"}, {}),
        ("sku", ACCOUNT, {"sku": "Standard_GRS"}, {"sku": "Standard_GRS"}),
        ("kind upgraded", OLD, {"kind": "StorageV2"}, {"kind": "StorageV2", "access_tier": "Hot"}),
        (
            "kind and tier",
            OLD,
            {"kind": "StorageV2", "access_tier": "Hot"},
            {"kind": "StorageV2", "access_tier": "Hot"},
        ),
        ("tier", replace(ACCOUNT, access_tier="Cool"), {"access_tier": "Hot"}, {"access_tier": "Hot"}),
        ("https", with_settings(https_only=False), {"https_only": True}, {"https_only": True}),
        ("https off", ACCOUNT, {"https_only": False}, {"https_only": False}),
        ("tls", ACCOUNT, {"minimum_tls_version": "TLS1_3"}, {"minimum_tls_version": "TLS1_3"}),
        ("blobs", ACCOUNT, {"allow_blob_public_access": True}, {"allow_blob_public_access": True}),
        ("tags", ACCOUNT, {"tags": {"a": 1}}, {"tags": {"owner": "it", "a": "1"}}),
        ("tags replaced", ACCOUNT, {"tags": {"a": 1}, "purge_tags": True}, {"tags": {"a": "1"}}),
    ],
)
def test_plan_of_an_existing_account(
    name: str, account: StorageAccount, given: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert short(plan_account(ResourceState(account), desired(**given))) == expected


@pytest.mark.parametrize(
    ("option", "account", "given"),
    [
        ("location", ACCOUNT, {"location": "northeurope"}),
        ("sku", ACCOUNT, {"sku": "Premium_LRS"}),
        ("sku", PREMIUM, {"sku": "Standard_LRS"}),
        ("sku", replace(ACCOUNT, sku="Standard_ZRS"), {"sku": "Standard_LRS"}),
        ("kind", None, {"kind": "Storage"}),
        ("kind", None, {"kind": "Storage", "sku": "Premium_LRS"}),
        ("kind", replace(ACCOUNT, kind="BlobStorage"), {"kind": "StorageV2"}),
        ("access_tier", OLD, {"access_tier": "Hot"}),
        ("access_tier", PREMIUM, {"access_tier": "Hot"}),
    ],
)
def test_a_change_that_azure_does_not_support_is_refused(
    option: str, account: StorageAccount | None, given: dict[str, Any]
) -> None:
    with pytest.raises(Refused, match=rf"^{option}: storage account stdr (is|has|does) .*; "):
        plan_account(ResourceState(account), desired(**given))


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("hardened by default", {}, {}),
        (
            "options that are set",
            {"https_only": False, "minimum_tls_version": "TLS1_3"},
            {"https_only": False, "minimum_tls_version": "TLS1_3"},
        ),
        ("premium", {"sku": "Premium_LRS"}, {"sku": "Premium_LRS", "access_tier": UNKNOWN}),
        ("tags", {"tags": {"cost": 7}}, {"tags": {"cost": "7"}}),
    ],
)
def test_plan_of_a_new_account(name: str, given: dict[str, Any], expected: dict[str, Any]) -> None:
    plan = plan_account(ResourceState(None), desired(**given))
    assert short(plan) == {**ACCOUNT.to_result(), "id": UNKNOWN, "tags": {}, **expected}


def test_a_missing_group_is_created_only_when_allowed() -> None:
    nothing: ResourceState[StorageAccount] = ResourceState(None, group_missing=True)
    with pytest.raises(Refused, match=r"^resource_group: "):
        plan_account(nothing, desired())
    assert plan_account(nothing, desired(create_resource_group=True)).changes[0].path == "resource_group"


def test_bodies_use_the_names_of_the_service() -> None:
    assert creation_body(desired(access_tier="Hot", tags={"a": 1})) == {
        "location": "westeurope",
        "sku": {"name": "Standard_LRS"},
        "kind": "StorageV2",
        "properties": {
            "accessTier": "Hot",
            "supportsHttpsTrafficOnly": True,
            "minimumTlsVersion": "TLS1_2",
            "allowBlobPublicAccess": False,
            "allowCrossTenantReplication": False,
        },
        "tags": {"a": "1"},
    }
    requested = desired(kind="StorageV2", sku="Standard_GRS", https_only=False)
    assert changed_body(OLD, requested) == {
        "kind": "StorageV2",
        "sku": {"name": "Standard_GRS"},
        "properties": {"accessTier": "Hot", "supportsHttpsTrafficOnly": False},
    }
    assert changed_body(ACCOUNT, desired(tags={"b": ""})) == {"tags": {"owner": "it", "b": ""}}


@pytest.mark.parametrize(
    ("name", "properties", "expected"),
    [
        (
            "nothing reported",
            {},
            {
                "access_tier": None,
                "https_only": False,
                "minimum_tls_version": "TLS1_0",
                "allow_blob_public_access": False,
                "allow_shared_key_access": True,
                "hierarchical_namespace": False,
                "provisioning_state": "",
            },
        ),
        ("shared keys off", {"allowSharedKeyAccess": False}, {"allow_shared_key_access": False}),
        ("shared keys null", {"allowSharedKeyAccess": None}, {"allow_shared_key_access": True}),
        ("namespace", {"isHnsEnabled": True}, {"hierarchical_namespace": True}),
    ],
)
def test_an_omitted_member_has_its_documented_default(
    name: str, properties: dict[str, Any], expected: dict[str, Any]
) -> None:
    document = {"id": ACCOUNT.id, "name": "stdr", "location": "West Europe", "properties": properties}
    shown = StorageAccount.from_wire(document).to_result()
    assert {key: shown[key] for key in expected} == expected
    assert shown["location"] == "westeurope"
    assert shown.keys() == ACCOUNT.to_result().keys()


SKUS = st.sampled_from(["Standard_LRS", "Standard_GRS", "Standard_RAGRS", "Premium_LRS"])
DESIRED = st.fixed_dictionaries(
    {},
    optional={
        "sku": SKUS,
        "kind": st.sampled_from(["StorageV2", "Storage"]),
        "access_tier": st.just("Hot"),
        "https_only": st.booleans(),
        "minimum_tls_version": st.sampled_from(["TLS1_2", "TLS1_3"]),
        "allow_blob_public_access": st.booleans(),
        "allow_cross_tenant_replication": st.booleans(),
        "allow_shared_key_access": st.booleans(),
        "public_network_access": st.sampled_from(["enabled", "disabled", "secured_by_perimeter"]),
        "network_acls": st.fixed_dictionaries(
            {},
            optional={
                "default_action": st.sampled_from(["allow", "deny"]),
                "bypass": st.lists(st.sampled_from(["azure_services", "logging"]), unique=True),
                "ip_rules": st.lists(st.sampled_from(["192.0.2.1", "203.0.113.0/24"]), unique=True),
            },
        ),
        "purge_network_rules": st.booleans(),
        "require_infrastructure_encryption": st.booleans(),
        "tags": st.dictionaries(st.sampled_from(["owner", "cost"]), st.integers(0, 2)),
        "purge_tags": st.booleans(),
    },
)
ACTUAL = st.sampled_from(
    [
        None,
        ACCOUNT,
        OLD,
        PREMIUM,
        replace(ACCOUNT, access_tier="Cool"),
        replace(with_settings(https_only=False), tags={}),
        replace(ACCOUNT, network_acls=NetworkAcls("deny", (), ("198.51.100.7", "192.0.2.1"))),
    ]
)


@given(DESIRED, ACTUAL)
def test_the_plan_of_the_account_after_its_plan_is_empty(given: dict[str, Any], account: StorageAccount | None) -> None:
    try:
        requested = desired(**given)
        plan = plan_account(ResourceState(account), requested)
    except (InvalidInput, Refused):
        assume(False)
    shown = apply_changes(account.to_result() if account else {}, plan.changes)
    acls = shown["network_acls"]
    firewall = NetworkAcls(
        acls["default_action"], tuple(acls["bypass"]), tuple(acls["ip_rules"]), tuple(acls["virtual_network_rules"])
    )
    own = {field.name for field in fields(StorageAccount)}
    settings = {name: value for name, value in shown.items() if name not in own}
    given_fields = {name: value for name, value in shown.items() if name in own}
    after = replace(StorageAccount(**given_fields, settings=settings), network_acls=firewall)
    assert not plan_account(ResourceState(after), requested).changed
