# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operations that clients other than the collection call: locks, the list of resources, existence, keys, containers."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from azure.core.exceptions import HttpResponseError

from .conftest import SUBSCRIPTION, Azure
from .test_site_recovery import register

ROOT = f"/subscriptions/{SUBSCRIPTION}"
GROUP = f"{ROOT}/resourceGroups/rg"
VAULT = f"{GROUP}/providers/Microsoft.RecoveryServices/vaults/vault1"
ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/account1"
LOCKS = "/providers/Microsoft.Authorization/locks"
LOCK: dict[str, Any] = {"properties": {"level": "cannotdelete", "notes": "Ask the recovery team."}}


@pytest.fixture
def filled(azure: Azure) -> Azure:
    """Provide an Azure with one resource of each type, and a login that can write locks."""
    azure.state.seed_vault("rg", "vault1", "westeurope")
    azure.state.seed_account("rg", "account1", "westeurope")
    azure.state.seed_network("rg", "vnet1", "westeurope", ["10.0.0.0/16"], {"a": "10.0.0.0/24"})
    azure.state.give_role("Owner")
    return azure


@pytest.mark.parametrize(
    "scope", [ROOT, GROUP, VAULT, f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet1/subnets/a"]
)
def test_a_lock_is_written_read_and_deleted(filled: Azure, scope: str) -> None:
    path = f"{scope}{LOCKS}/keep"
    assert filled.send("GET", path, "2020-05-01").json()["error"]["code"] == "LockNotFound"
    made = filled.send("PUT", path, "2020-05-01", LOCK)
    assert (made.status_code, made.json()["properties"]) == (
        201,
        {"level": "CanNotDelete", "notes": "Ask the recovery team."},
    )
    assert filled.send("PUT", path, "2020-05-01", {"properties": {"level": "ReadOnly"}}).status_code == 200
    assert [lock["name"] for lock in filled.send("GET", f"{scope}{LOCKS}", "2020-05-01").json()["value"]] == ["keep"]
    assert filled.send("DELETE", path, "2020-05-01").status_code == 200
    assert filled.send("DELETE", path, "2020-05-01").status_code == 204


@pytest.mark.parametrize("scope", [GROUP, GROUP[1:]])
def test_the_slashes_of_a_scope_may_be_escaped(filled: Azure, scope: str) -> None:
    """The client for locks sends a scope as one parameter."""
    path = f"/{quote(scope, safe='')}{LOCKS}/keep"
    assert filled.send("PUT", path, "2020-05-01", LOCK).json()["id"] == f"{GROUP}{LOCKS}/keep"
    assert filled.send("GET", path, "2020-05-01").status_code == 200


def test_a_lock_of_one_resource_does_not_stop_its_neighbors(filled: Azure) -> None:
    assert filled.send("PUT", f"{VAULT}{LOCKS}/keep", "2020-05-01", {"properties": {"level": "ReadOnly"}}).ok
    refused = filled.send("PATCH", VAULT, "2025-08-01", {"tags": {"a": "b"}})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "ScopeLocked")
    assert filled.send("PATCH", ACCOUNT, "2025-08-01", {"tags": {"a": "b"}}).status_code == 200


def test_a_contributor_cannot_write_a_lock(filled: Azure) -> None:
    filled.state.give_role("Contributor", only=True)
    refused = filled.send("PUT", f"{GROUP}{LOCKS}/keep", "2020-05-01", LOCK)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "AuthorizationFailed")


@pytest.mark.parametrize("level", [None, "Nonsense", "NotSpecified", 3, {}])
def test_a_lock_without_a_level_is_refused(filled: Azure, level: Any) -> None:
    assert filled.send("PUT", f"{GROUP}{LOCKS}/keep", "2020-05-01", {"properties": {"level": level}}).status_code == 400


def test_resources_are_listed_by_type_and_by_group(filled: Azure) -> None:
    filled.state.seed_account("other", "account2", "westeurope")
    names = [item.name for item in filled.resources.resources.list_by_resource_group("rg")]
    assert names == ["vault1", "account1", "vnet1"]
    assert len(list(filled.resources.resources.list())) == 4
    of_type = filled.resources.resources.list(filter="resourceType eq 'microsoft.storage/storageaccounts'")
    assert [item.name for item in of_type] == ["account1", "account2"]
    answer = filled.send("GET", f"{GROUP}/resources?$filter=tagName eq 'a'", "2025-04-01")
    assert answer.status_code == 501
    expanded = filled.send("GET", f"{GROUP}/resources?$expand=provisioningState", "2025-04-01").json()["value"]
    assert {item["provisioningState"] for item in expanded} == {"Succeeded"}
    assert filled.send("GET", f"{GROUP}/resources?$expand=mood", "2025-04-01").status_code == 501


def test_a_reader_of_one_group_sees_its_resources_only(filled: Azure) -> None:
    filled.state.seed_account("other", "account2", "westeurope")
    filled.state.give_role("Reader", "other", only=True)
    assert [item.name for item in filled.resources.resources.list()] == ["account2"]


@pytest.mark.parametrize(
    ("path", "version", "status"),
    [
        (VAULT, "2025-08-01", 204),
        (ACCOUNT, "2025-08-01", 204),
        (f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet1", "2024-05-01", 204),
        (f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet1/subnets/a", "2024-05-01", 204),
        (f"{ACCOUNT}/blobServices/default", "2025-08-01", 204),
        (f"{VAULT}x", "2025-08-01", 404),
        # A vault without Site Recovery refuses to read one object (recorded).
        (f"{VAULT}/replicationFabrics/none", "2025-08-01", 400),
        (f"{VAULT}/replicationFabrics", "2025-08-01", 501),
    ],
)
def test_head_tells_whether_a_resource_exists(filled: Azure, path: str, version: str, status: int) -> None:
    answer = filled.send("HEAD", path, version)
    assert (answer.status_code, answer.content) == (status, b"")


def test_a_renewed_key_replaces_the_old_one(filled: Azure) -> None:
    before = filled.send("POST", f"{ACCOUNT}/listKeys", "2025-08-01").json()["keys"]
    after = filled.send("POST", f"{ACCOUNT}/regenerateKey", "2025-08-01", {"keyName": "key1"}).json()["keys"]
    assert before[0]["value"] != after[0]["value"]
    assert before[1] == after[1]
    with pytest.raises(HttpResponseError, match="keyName"):
        filled.storage.storage_accounts.regenerate_key("rg", "account1", {"keyName": "key9"})


def test_an_account_has_no_containers(filled: Azure) -> None:
    assert not list(filled.storage.blob_containers.list("rg", "account1"))


def test_an_account_takes_an_identity_of_the_user(filled: Azure) -> None:
    user = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id1"
    body = {"identity": {"type": "SystemAssigned,UserAssigned", "userAssignedIdentities": {user: {}}}}
    shown = filled.send("PATCH", ACCOUNT, "2025-08-01", body).json()["identity"]
    assert shown["type"] in ("SystemAssigned,UserAssigned", "SystemAssigned, UserAssigned")
    assert shown["principalId"]
    assert list(shown["userAssignedIdentities"]) == [user]


@pytest.mark.parametrize(("version", "shown"), [("2023-05-01", "TLS1_0"), ("2025-08-01", "TLS1_2")])
def test_the_api_version_decides_the_default_of_tls(azure: Azure, version: str, shown: str) -> None:
    azure.state.seed_group("rg", "westeurope")
    body = {"location": "westeurope", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2", "zones": ["1"]}
    azure.send("PUT", ACCOUNT, version, body)
    azure.state.hurry()
    account = azure.send("GET", ACCOUNT, "2025-08-01").json()
    assert (account["properties"]["minimumTlsVersion"], account["zones"]) == (shown, ["1"])


@pytest.mark.parametrize(
    ("location", "domain", "pair", "other"),
    [
        ("usgovvirginia", "core.usgovcloudapi.net", "usgovtexas", "westeurope"),
        ("chinaeast2", "core.chinacloudapi.cn", "chinanorth2", "usgovvirginia"),
        ("westeurope", "core.windows.net", "northeurope", "chinaeast2"),
    ],
)
def test_the_region_decides_the_cloud(azure: Azure, location: str, domain: str, pair: str, other: str) -> None:
    azure.context.location = location
    properties = azure.state.seed_account("rg", "account1", location, sku="Standard_RAGRS")["properties"]
    assert properties["primaryEndpoints"]["blob"] == f"https://account1.blob.{domain}/"
    assert properties["secondaryLocation"] == pair
    new = {"location": other, "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
    refused = azure.send("PUT", f"{ACCOUNT}0", "2025-08-01", new, token=azure.state.new_token())
    assert refused.json()["error"]["code"] == "LocationNotAvailableForResourceType"
    metadata = azure.send("GET", "/metadata/endpoints", "2022-09-01", token=None).json()
    assert metadata["suffixes"]["storage"] == domain
    assert metadata["authentication"]["audiences"] == list(azure.state.cloud.audiences)


@pytest.fixture
def registered(filled: Azure) -> Azure:
    """Provide the same with a VMM server in the vault."""
    register(filled, filled.state.vaults[VAULT.casefold()])
    filled.state.hurry()
    return filled


@pytest.mark.parametrize(
    "path",
    [
        "replicationPolicies/none",
        "replicationRecoveryPlans/none",
        "replicationJobs/none",
        "replicationAlertSettings/none",
        "replicationEvents/none",
        "replicationFabrics/FABRIC/replicationNetworks/none",
        "replicationFabrics/FABRIC/replicationNetworks/none/replicationNetworkMappings/none",
        "replicationFabrics/FABRIC/replicationLogicalNetworks/none",
        "replicationFabrics/FABRIC/replicationProtectionContainers/none",
        "replicationFabrics/FABRIC/replicationProtectionContainers/CLOUD/replicationProtectableItems/none",
        "replicationFabrics/FABRIC/replicationProtectionContainers/CLOUD/replicationProtectedItems/none",
        "replicationFabrics/FABRIC/replicationProtectionContainers/CLOUD/replicationProtectionContainerMappings/none",
        "replicationFabrics/FABRIC/replicationRecoveryServicesProviders/none",
    ],
)
def test_an_absent_object_of_site_recovery_has_the_recorded_error(registered: Azure, path: str) -> None:
    (vault,) = registered.state.vaults.values()
    (fabric,) = vault.fabrics.values()
    place = path.replace("FABRIC", fabric.name).replace("CLOUD", next(iter(fabric.containers)))
    answer = registered.send("GET", f"{vault.id}/{place}", "2025-08-01", headers={"x-ms-client-request-id": "call-1"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NotFound")
    (detail,) = answer.json()["error"]["details"]
    assert detail.pop("activityId")
    text = "Specified resource with name 'none' does not exist."
    assert detail == {
        "code": "ArmResourceDoesNotExist",
        "message": text,
        "possibleCauses": "Ensure correct resource name was specified.",
        "recommendedAction": "Verify ARM resource name details.",
        "clientRequestId": "call-1",
    }
