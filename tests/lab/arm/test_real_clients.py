# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests as the Azure CLI and azure.azcollection send them: other cases, members of later versions, filters."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import SUBSCRIPTION, Azure

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
VAULT = f"{GROUP}/providers/Microsoft.RecoveryServices/vaults/vault1"
ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/account1"
NEW: dict[str, Any] = {"location": "westeurope", "sku": {"name": "standard_grs"}, "kind": "storagev2"}


def test_a_vault_accepts_values_in_any_case_and_keeps_unknown_members(azure: Azure) -> None:
    azure.state.seed_group("rg", "westeurope")
    soft_delete = {
        "softDeleteSettings": {"softDeleteState": "AlwaysOn"},
        "sourceScanConfiguration": {"state": "Enabled"},
    }
    body = {
        "location": "westeurope",
        "sku": {"name": "standard"},
        "identity": {"type": "systemassigned"},
        "properties": {"securitySettings": soft_delete, "costManagementSettings": {"a": 1}},
    }
    assert azure.send("PUT", VAULT, "2026-07-01", body).status_code == 201
    azure.state.hurry()
    shown = azure.send("GET", VAULT, "2026-07-01").json()
    security = shown["properties"]["securitySettings"]
    assert security["softDeleteSettings"]["softDeleteState"] == "AlwaysON"
    assert security["sourceScanConfiguration"] == {"state": "Enabled"}
    assert shown["properties"]["costManagementSettings"] == {"a": 1}
    assert (shown["identity"]["type"], shown["sku"]["name"]) == ("SystemAssigned", "Standard")


def test_an_account_keeps_its_identity_and_unknown_members(azure: Azure) -> None:
    azure.state.seed_group("rg", "westeurope")
    body = NEW | {
        "identity": {"type": "SystemAssigned"},
        "properties": {
            "accessTier": "hot",
            "sasPolicy": {"sasExpirationPeriod": "1.00:00:00"},
            "provisioningState": "Nonsense",
            "encryption": {"services": {"blob": {}}, "keySource": "Microsoft.Storage"},
        },
    }
    assert azure.send("PUT", ACCOUNT, "2025-08-01", body).status_code == 202
    azure.state.hurry()
    shown = azure.send("GET", ACCOUNT, "2025-08-01").json()
    properties = shown["properties"]
    assert shown["identity"]["type"] == "SystemAssigned"
    assert shown["identity"]["principalId"]
    assert (shown["sku"]["name"], shown["kind"]) == ("Standard_GRS", "StorageV2")
    assert (properties["accessTier"], properties["provisioningState"]) == ("Hot", "Succeeded")
    assert properties["sasPolicy"] == {"sasExpirationPeriod": "1.00:00:00"}
    assert properties["privateEndpointConnections"] == properties["networkAcls"]["ipv6Rules"] == []
    blob = properties["encryption"]["services"]["blob"]
    assert (blob["enabled"], blob["keyType"]) == (True, "Account")
    azure.send("PUT", ACCOUNT, "2025-08-01", NEW)
    assert "sasPolicy" not in azure.send("GET", ACCOUNT, "2025-08-01").json()["properties"]


def test_a_premium_account_and_a_second_region_are_shown_as_recorded(azure: Azure) -> None:
    premium = azure.state.seed_account("rg", "premium1", "westeurope", sku="Premium_LRS")["properties"]
    assert (premium["accessTier"], set(premium["primaryEndpoints"])) == ("Hot", {"web", "blob"})
    copied = azure.state.seed_account("rg", "copied1", "southcentralus", sku="Standard_RAGRS")["properties"]
    assert copied["secondaryLocation"] == "northcentralus"
    assert copied["secondaryEndpoints"]


@pytest.mark.parametrize("services", [[], "blob", {"blob": []}])
def test_encryption_of_the_wrong_type_is_refused(azure: Azure, services: Any) -> None:
    azure.state.seed_account("rg", "account1", "westeurope")
    answer = azure.send("PATCH", ACCOUNT, "2025-08-01", {"properties": {"encryption": {"services": services}}})
    assert answer.status_code in {200, 400}
    assert answer.status_code == 400 or services == []


def test_a_certificate_for_ages_is_refused(azure: Azure) -> None:
    azure.state.seed_vault("rg", "vault1", "westeurope")
    body = {"certificateCreateOptions": {"validityInHours": 10**9}}
    assert azure.send("PUT", f"{VAULT}/certificates/CN=x", "2024-04-01", body).status_code == 400


@pytest.mark.parametrize(
    ("text", "states"),
    [
        ("JobStatus eq 'Failed'", []),
        ("JobStatus eq 'inprogress'", ["InProgress"]),
        ("JobStatus ne 'Failed' and AffectedObjectTypes eq 'Vault'", ["InProgress"]),
        ("StartTime eq '2999-01-01T00:00:00Z'", []),
    ],
)
def test_the_filter_of_jobs_is_honored(slow: Azure, text: str, states: list[str]) -> None:
    slow.state.seed_vault("rg", "vault1", "westeurope")
    slow.send("POST", f"{VAULT}/replicationVaultHealth/default/refresh", "2025-08-01")
    slow.state.hurry()
    jobs = slow.send("GET", f"{VAULT}/replicationJobs?$filter={text}", "2025-08-01").json()["value"]
    assert [job["properties"]["state"] for job in jobs] == states


def test_a_filter_is_never_ignored(azure: Azure) -> None:
    azure.state.seed_vault("rg", "vault1", "westeurope")
    jobs = f"{VAULT}/replicationJobs"
    assert azure.send("GET", f"{jobs}?$filter=nonsense", "2025-08-01").status_code == 400
    assert azure.send("GET", f"{jobs}?$filter=Mood eq 'good'", "2025-08-01").status_code == 501
    assert azure.send("GET", f"{GROUP}?$filter=name eq 'x'", "2025-04-01").status_code == 501
