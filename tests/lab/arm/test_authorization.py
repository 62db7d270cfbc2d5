# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles of the login: listed at their scopes, and enforced on every call (T1)."""

from __future__ import annotations

from typing import Any

import pytest

from lab.arm.roles import ROLES

from .conftest import LOGIN, SUBSCRIPTION, Azure

ROOT = f"/subscriptions/{SUBSCRIPTION}"
GROUP = f"{ROOT}/resourceGroups/rg"
LOCKS = "/providers/Microsoft.Authorization/locks"
PERMISSIONS = "/providers/Microsoft.Authorization/permissions"
ACCOUNT: dict[str, Any] = {"location": "westeurope", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}


def permissions(azure: Azure, scope: str) -> list[list[str]]:
    """Return the actions of each role, in the form of the published definition (PermissionGetResult)."""
    answer = azure.send("GET", scope + PERMISSIONS, "2022-04-01")
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) <= {"value", "nextLink"}
    for entry in body["value"]:
        assert set(entry) == {"actions", "notActions", "dataActions", "notDataActions"}
        assert all(isinstance(text, str) for texts in entry.values() for text in texts)
    return [entry["actions"] for entry in body["value"]]


def test_permissions_hold_below_their_scope(azure: Azure) -> None:
    azure.state.seed_group("rg", "westeurope")
    azure.state.seed_group("rg2", "westeurope")
    azure.state.give_role("Reader", only=True)
    azure.state.give_role("Network Contributor", "RG")
    network = list(ROLES["Network Contributor"][0])
    assert permissions(azure, ROOT) == [["*/read"]]
    assert permissions(azure, GROUP) == [["*/read"], network]
    assert permissions(azure, f"{GROUP}2") == [["*/read"]]


def test_permissions_of_a_group_that_is_absent(azure: Azure) -> None:
    answer = azure.send("GET", GROUP + PERMISSIONS, "2022-04-01")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "ResourceGroupNotFound")


def test_an_unknown_version_is_refused(azure: Azure) -> None:
    azure.state.seed_group("rg", "westeurope")
    answer = azure.send("GET", GROUP + PERMISSIONS, "2024-07-01")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "NoRegisteredProviderFound")


@pytest.mark.parametrize(
    ("role", "method", "path", "version", "body", "action"),
    [
        (
            "Reader",
            "PUT",
            "/providers/Microsoft.Storage/storageAccounts/a12",
            "2023-05-01",
            ACCOUNT,
            "Microsoft.Storage/storageAccounts/write",
        ),
        (
            "Reader",
            "POST",
            "/providers/Microsoft.Storage/storageAccounts/st1/listKeys",
            "2023-05-01",
            None,
            "Microsoft.Storage/storageAccounts/listKeys/action",
        ),
        (
            "Reader",
            "PUT",
            "",
            "2024-07-01",
            {"location": "westeurope"},
            "Microsoft.Resources/subscriptions/resourceGroups/write",
        ),
        (
            "Network Contributor",
            "GET",
            "/providers/Microsoft.RecoveryServices/vaults/v1/replicationFabrics",
            "2024-04-01",
            None,
            "Microsoft.RecoveryServices/vaults/replicationFabrics/read",
        ),
        (
            "Storage Account Contributor",
            "DELETE",
            "/providers/Microsoft.Network/virtualNetworks/n1",
            "2024-03-01",
            None,
            "Microsoft.Network/virtualNetworks/delete",
        ),
    ],
)
def test_a_missing_right_is_refused_by_its_name(
    azure: Azure, role: str, method: str, path: str, version: str, body: Any, action: str
) -> None:
    azure.state.seed_account("rg", "st1", "westeurope")
    azure.state.seed_network("rg", "n1", "westeurope", ["10.0.0.0/16"])
    azure.state.seed_vault("rg", "v1", "westeurope")
    azure.state.give_role(role, "rg", only=True)
    answer = azure.send(method, GROUP + path, version, body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (403, "AuthorizationFailed")
    assert f"does not have authorization to perform action '{action}' over scope '{GROUP}{path}'" in error["message"]
    assert error["message"].startswith(f"The client '{LOGIN.client_id}'")
    assert azure.writes() == []


def test_a_narrow_role_is_enough_for_its_own(azure: Azure) -> None:
    azure.state.seed_group("rg", "westeurope")
    azure.state.give_role("Storage Account Contributor", "rg", only=True)
    answer = azure.send("PUT", f"{GROUP}/providers/Microsoft.Storage/storageAccounts/a12", "2023-05-01", ACCOUNT)
    assert answer.status_code in (200, 202)


def test_a_list_of_the_subscription_shows_what_may_be_read(azure: Azure) -> None:
    for group in ("rg", "rg2"):
        azure.state.seed_account(group, f"st{group}", "westeurope")
    azure.state.give_role("Reader", "rg2", only=True)
    assert [account.name for account in azure.storage.storage_accounts.list()] == ["strg2"]
    assert [group.name for group in azure.resources.resource_groups.list()] == ["rg2"]
    answer = azure.send("GET", f"{ROOT}/providers/Microsoft.Storage", "2024-07-01")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "AuthorizationFailed")
    assert azure.send("GET", ROOT, "2022-12-01").status_code == 200


def test_without_any_role_nothing_is_shown(azure: Azure) -> None:
    azure.state.roles.clear()
    for path, version in (("", "2022-12-01"), ("/resourcegroups", "2024-07-01"), (PERMISSIONS, "2022-04-01")):
        assert azure.send("GET", ROOT + path, version).status_code == 403


def test_a_disabled_subscription_is_read_only(azure: Azure) -> None:
    azure.state.seed_account("rg", "st1", "westeurope")
    azure.state.subscription_state = "Disabled"
    assert azure.send("GET", ROOT, "2022-12-01").json()["state"] == "Disabled"
    assert len(list(azure.storage.storage_accounts.list())) == 1
    answer = azure.send("PUT", f"{GROUP}/providers/Microsoft.Storage/storageAccounts/a12", "2023-05-01", ACCOUNT)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "ReadOnlyDisabledSubscription")


def test_a_lock_stops_what_its_level_says(azure: Azure) -> None:
    azure.state.seed_account("rg", "st1", "westeurope")
    path = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/st1"
    azure.state.seed_lock("keep", "CanNotDelete", "rg")
    assert azure.send("PATCH", path, "2023-05-01", {"tags": {"a": "1"}}).status_code == 200
    answer = azure.send("DELETE", path, "2023-05-01")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "ScopeLocked")
    azure.state.seed_lock("closed", "ReadOnly")
    answer = azure.send("PATCH", path, "2023-05-01", {"tags": {"a": "2"}})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "ScopeLocked")
    assert [item["name"] for item in azure.send("GET", f"{GROUP}{LOCKS}", "2020-05-01").json()["value"]] == [
        "keep",
        "closed",
    ]


def test_policies_are_listed_and_read(azure: Azure) -> None:
    vault = azure.state.seed_vault("rg", "v1", "westeurope")
    azure.state.seed_policy(vault, "Policy1", interval=30)
    (listed,) = azure.sites.replication_policies.list("rg", "v1")
    single = azure.sites.replication_policies.get("rg", "v1", "policy1")
    assert listed.as_dict() == single.as_dict()
    assert azure.send("GET", f"{vault.id}/replicationPolicies/none", "2024-04-01").status_code == 404
