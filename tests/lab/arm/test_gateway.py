# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks of Resource Manager before a call reaches its provider, and the headers of every answer."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.recoveryservices import RecoveryServicesClient
from azure.mgmt.resource.resources import ResourceManagementClient

from lab.arm import versions

from .conftest import SUBSCRIPTION, Azure

ROOT = f"/subscriptions/{SUBSCRIPTION}"
GROUP = f"{ROOT}/resourceGroups/rg"
VAULT = f"{GROUP}/providers/Microsoft.RecoveryServices/vaults/vault1"
ELSEWHERE = "/subscriptions/99999999-0000-0000-0000-000000000000"


@pytest.mark.parametrize(
    ("call", "status", "code"),
    [
        (("GET", GROUP, None), 400, "MissingApiVersionParameter"),
        (("GET", GROUP, "2099-01-01"), 400, "InvalidApiVersionParameter"),
        (("GET", VAULT, "2099-01-01"), 400, "NoRegisteredProviderFound"),
        (("GET", VAULT, "yesterday"), 400, "InvalidApiVersionParameter"),
        (("GET", f"{VAULT}/replicationFabrics", "2019-05-13"), 400, "NoRegisteredProviderFound"),
        (("GET", f"{ELSEWHERE}/resourceGroups/rg", "2025-04-01"), 404, "SubscriptionNotFound"),
        (("GET", "/subscriptions/mine/resourceGroups/rg", "2025-04-01"), 400, "InvalidSubscriptionId"),
        (("GET", f"{GROUP}/providers/Microsoft.Nowhere/things/x", "2025-04-01"), 404, "InvalidResourceNamespace"),
        (("GET", f"{GROUP}/providers/Microsoft.Storage/things/x", "2023-05-01"), 404, "InvalidResourceType"),
        (("POST", VAULT, "2024-04-01"), 405, "MethodNotAllowed"),
        (("GET", "/nothing/here", "2025-04-01"), 501, "NotSimulatedByLab"),
        (("HEAD", VAULT, "2024-04-01"), 404, None),
        (("GET", f"{GROUP}/providers/Microsoft.KeyVault/vaults/x", "2023-07-01"), 501, "NotSimulatedByLab"),
        (
            ("GET", f"{GROUP}/providers/Microsoft.Network/networkSecurityGroups/x", "2024-05-01"),
            501,
            "NotSimulatedByLab",
        ),
        (("GET", f"{ROOT}/providers/Microsoft.Authorization/roleAssignments", "2022-04-01"), 501, "NotSimulatedByLab"),
        (("GET", f"{ROOT}/tagNames", "2025-04-01"), 501, "NotSimulatedByLab"),
        (("PUT", f"{VAULT}/replicationAlertSettings/p", "2025-08-01"), 501, "NotSimulatedByLab"),
        (("PUT", f"{VAULT}/replicationVaultSettings/p", "2025-08-01"), 501, "NotSimulatedByLab"),
        (("PUT", f"{VAULT}/replicationEvents/e", "2025-08-01"), 405, "MethodNotAllowed"),
        (("GET", f"{VAULT}/backupstorageconfig/vaultstorageconfig", "2026-05-01"), 501, "NotSimulatedByLab"),
        (("GET", f"{VAULT}/replicationThings", "2025-08-01"), 404, "InvalidResourceType"),
    ],
)
def test_a_call_that_fits_nothing_is_refused(
    azure: Azure, call: tuple[str, str, str | None], status: int, code: str | None
) -> None:
    answer = azure.send(*call)
    assert (answer.status_code, answer.json()["error"]["code"] if answer.content else None) == (status, code)


def test_the_refusal_of_a_version_names_those_that_exist(azure: Azure) -> None:
    text = azure.send("GET", VAULT, "2099-01-01").json()["error"]["message"]
    assert "for type 'vaults'" in text
    assert all(version in text for version in versions.RECOVERY_SERVICES.versions)


@pytest.mark.parametrize("raw", [b"{", b"[]", b'"text"', b""])
def test_a_body_that_is_no_object_is_refused(azure: Azure, raw: bytes) -> None:
    azure.state.seed_group("rg", "westeurope")
    answer = azure.send("PUT", VAULT, raw=raw)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidRequestContent")
    assert not azure.context.journal.entries
    assert azure.context.journal.counts["azure.refused"] == 1


def test_paths_compare_without_case_and_keep_what_was_first_written(azure: Azure) -> None:
    azure.resources.resource_groups.create_or_update("Rg-Mixed", {"location": "West Europe"})
    group = azure.resources.resource_groups.get("RG-MIXED")
    assert (group.name, group.location) == ("Rg-Mixed", "westeurope")
    made = azure.recovery.vaults.begin_create_or_update(
        "rg-mixed", "Vault-A", {"location": "westeurope", "sku": {"name": "RS0"}, "properties": {}}
    ).result()
    again = azure.send("GET", str(made.id).upper().replace("/SUBSCRIPTIONS/", "/Subscriptions/")).json()
    assert again["id"] == f"{ROOT}/resourceGroups/Rg-Mixed/providers/Microsoft.RecoveryServices/vaults/Vault-A"


def test_every_answer_carries_the_headers_of_resource_manager(azure: Azure) -> None:
    sent = {"x-ms-correlation-request-id": "abc", "x-ms-client-request-id": "def"}
    answer = azure.send("GET", GROUP, "2025-04-01", headers=sent)
    assert answer.headers["x-ms-correlation-request-id"] == "abc"
    assert answer.headers["x-ms-client-request-id"] == "def"
    assert answer.headers["x-ms-failure-cause"] == "gateway"
    for name in ("x-ms-request-id", "x-ms-routing-request-id", "x-ms-ratelimit-remaining-subscription-reads"):
        assert answer.headers[name]


def test_an_unregistered_namespace_is_refused_until_it_is_registered(slow: Azure) -> None:
    slow.state.seed_group("rg", "westeurope")
    slow.state.unregister_provider("Microsoft.Storage")
    body: Any = {"location": "westeurope", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
    with pytest.raises(HttpResponseError) as refused:
        slow.storage.storage_accounts.begin_create("rg", "account1", body)
    assert refused.value.status_code == 409
    assert refused.value.error is not None
    assert refused.value.error.code == "MissingSubscriptionRegistration"
    assert slow.resources.providers.register("Microsoft.Storage").registration_state == "Registering"
    slow.state.hurry()
    assert slow.resources.providers.get("Microsoft.Storage").registration_state == "Registered"


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_lists_come_in_pages_and_may_end_with_an_empty_one(azure: Azure, size: int) -> None:
    azure.state.page_size = size
    for number in range(4):
        azure.state.seed_vault("rg", f"vault{number}", "westeurope")
    pages = list(azure.recovery.vaults.list_by_subscription_id().by_page())
    assert [len(list(page)) for page in pages] == {1: [1, 1, 1, 1, 0], 2: [2, 2, 0], 3: [3, 1], 4: [4, 0]}[size]


def test_the_api_versions_of_both_sdk_generations_exist(azure: Azure) -> None:
    """The newest clients prove it in other tests; these are the pinned versions of azure.azcollection."""
    azure.state.seed_vault("rg", "vault1", "westeurope")
    azure.state.seed_account("rg", "account1", "westeurope")
    azure.state.seed_network("rg", "net1", "westeurope", ["10.0.0.0/16"])
    for path, version in (
        ("Microsoft.RecoveryServices/vaults/vault1", "2024-04-01"),
        ("Microsoft.Storage/storageAccounts/account1", "2025-08-01"),
        ("Microsoft.Network/virtualNetworks/net1", "2024-03-01"),
    ):
        assert azure.send("GET", f"{GROUP}/providers/{path}", version).status_code == 200


@pytest.mark.parametrize(
    ("path", "version"),
    [
        ("Microsoft.Network/virtualNetworks/net1", "2024-07-01"),
        ("Microsoft.Network/virtualNetworks/net1", "2025-05-01"),
        ("Microsoft.Network/virtualNetworks/net1", "2025-07-01"),
        ("Microsoft.RecoveryServices/vaults/vault1", "2025-08-01"),
    ],
)
def test_every_version_of_the_supported_sdks_exists(azure: Azure, path: str, version: str) -> None:
    azure.state.seed_group("rg", "westeurope")
    assert azure.send("GET", f"{GROUP}/providers/{path}", version).json()["error"]["code"] == "ResourceNotFound"


def test_a_client_with_an_invented_version_is_refused(azure: Azure) -> None:
    client = RecoveryServicesClient(azure.login, SUBSCRIPTION, **azure.options(api_version="2030-01-01"))
    with pytest.raises(HttpResponseError) as refused:
        client.vaults.get("rg", "vault1")
    assert refused.value.error is not None
    assert refused.value.error.code == "NoRegisteredProviderFound"


# Faults -------------------------------------------------------------------------------------------------------------


def test_the_journal_holds_every_accepted_write_and_nothing_else(azure: Azure) -> None:
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
    vault = f"{group}/providers/Microsoft.RecoveryServices/vaults/vault1"
    body = {"location": "westeurope", "sku": {"name": "RS0"}, "properties": {}}
    for method, path, version, sent in (
        ("PUT", vault, "2024-04-01", body),
        ("PUT", group, "2024-07-01", {"location": "westeurope"}),
        ("GET", group, "2024-07-01", None),
        ("PUT", vault, "2024-04-01", body),
        ("PUT", vault, "2024-04-01", {**body, "sku": {"name": "none"}}),
        ("PATCH", vault, "2024-04-01", {"tags": {"a": "1"}}),
        ("GET", vault, "2024-04-01", None),
        ("DELETE", vault, "2024-04-01", None),
    ):
        azure.send(method, path, version, sent)
    written = [(exchange.method, exchange.path) for exchange in azure.server.traffic if exchange.status < 400]
    entries = azure.context.journal.entries
    assert [(entry.verb.upper(), entry.target) for entry in entries] == [one for one in written if one[0] != "GET"]
    assert len(entries) == 4
    assert azure.context.journal.counts["azure.refused"] == 2


def test_a_planned_failure_is_sent_once(azure: Azure) -> None:
    azure.context.faults.plan(
        "arm:GET:*/resourcegroups/rg",
        "fail",
        status=403,
        code="AuthorizationFailed",
        message="no",
        headers={"x-a": "b"},
    )
    answer = azure.send("GET", GROUP, "2025-04-01")
    assert (answer.status_code, answer.json()["error"]["code"], answer.headers["x-a"]) == (
        403,
        "AuthorizationFailed",
        "b",
    )
    assert azure.send("GET", GROUP, "2025-04-01").status_code == 404


def test_the_sdk_waits_as_a_throttled_answer_says(azure: Azure) -> None:
    azure.state.seed_group("rg", "westeurope")
    azure.context.faults.plan("arm:GET:*/resourcegroups/rg", "throttle", times=2, retry_after=1)
    client = ResourceManagementClient(azure.login, SUBSCRIPTION, **azure.options(retry_total=3))
    assert client.resource_groups.get("rg").name == "rg"
    assert azure.context.faults.planned[0].times == 0


def test_a_throttled_answer_may_come_without_a_time(azure: Azure) -> None:
    azure.context.faults.plan("arm:GET:*/resourcegroups/rg", "throttle", retry_after=None)
    answer = azure.send("GET", GROUP, "2025-04-01")
    assert answer.status_code == 429
    assert "Retry-After" not in answer.headers


@pytest.mark.parametrize(("when", "exists"), [("before", False), ("after", True)])
def test_a_dropped_connection_leaves_the_write_undone_or_done(azure: Azure, when: str, exists: bool) -> None:
    azure.context.faults.plan("arm:PUT:*", "drop", when=when)
    with pytest.raises(Exception, match=r"(?i)abort|reset|eof|closed"):
        azure.resources.resource_groups.create_or_update("rg", {"location": "westeurope"})
    assert azure.resources.resource_groups.check_existence("rg") is exists
    assert bool(azure.context.journal.entries) is exists


def test_a_delayed_call_is_answered_all_the_same(azure: Azure) -> None:
    azure.context.faults.plan("arm:GET:*/resourcegroups/rg", "delay", seconds=0.2)
    assert azure.send("GET", GROUP, "2025-04-01").elapsed.total_seconds() >= 0.2


def test_a_hanging_call_is_cut_by_the_client(azure: Azure) -> None:
    azure.context.faults.plan("arm:HEAD:*", "hang", seconds=2)
    client = ResourceManagementClient(azure.login, SUBSCRIPTION, **azure.options(read_timeout=0.3))
    with pytest.raises(Exception, match=r"(?i)timed out"):
        client.resource_groups.check_existence("rg")
