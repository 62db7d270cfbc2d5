# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Error responses of Azure, or none: an error never counts as absence, and its message names the fix."""

from __future__ import annotations

import sys
import time
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._azure import clients
from ansible_collections.siterecovery.hyperv.plugins.module_utils._module import report_errors
from tests.lab.arm.conftest import LOGIN, SERVER
from tests.unit.plugins.modules.conftest import GROUP, Ended, Subscription

#: Every Azure module: its options, and the address that it reads first.
MODULES: dict[str, tuple[dict[str, Any], str]] = {
    "vault": ({"name": "vault-dr", "resource_group": GROUP, "location": "westeurope"}, "vaults/vault-dr"),
    "vault_info": ({"name": "vault-dr", "resource_group": GROUP}, "vaults/vault-dr"),
    "vault_registration_key": ({"vault_name": "vault-dr", "resource_group": GROUP}, "vaults/vault-dr"),
    "storage_account": ({"name": "stdr", "resource_group": GROUP, "location": "westeurope"}, "storageaccounts/stdr"),
    "virtual_network": (
        {"name": "vnet-dr", "resource_group": GROUP, "location": "westeurope", "address_prefixes": ["10.1.0.0/16"]},
        "virtualnetworks/vnet-dr",
    ),
    "target_info": ({"vault_name": "vault-dr", "resource_group": GROUP}, "vaults/vault-dr"),
    "vmm_server_info": ({"vault_name": "vault-dr", "resource_group": GROUP}, "vaults/vault-dr"),
    "replication_policy": (
        {"name": "gold", "vault_name": "vault-dr", "resource_group": GROUP},
        "replicationpolicies/gold",
    ),
}
every_module = pytest.mark.parametrize("module", MODULES)
ALWAYS = 99


@pytest.fixture
def run(subscription: Subscription, tmp_path: Any) -> Any:
    """Run a module of the table."""

    def call(module: str, **changed: Any) -> Ended:
        options, _ = MODULES[module]
        own = {"path": str(tmp_path / "a.VaultCredentials")} if module == "vault_registration_key" else {}
        return subscription.run(module, **{**options, **own, **changed})

    return call


# Missing packages -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("missing", "package"),
    [
        ("azure", "azure-identity"),
        ("azure.mgmt.storage.models", "azure-mgmt-storage"),
        ("cryptography", "cryptography"),
    ],
)
def test_a_missing_package_is_named_with_the_command_that_installs_it(missing: str, package: str) -> None:
    messages: list[str] = []

    def work() -> None:
        raise ModuleNotFoundError(name=missing)

    module: Any = SimpleNamespace(fail_json=lambda **result: messages.append(result["msg"]))
    report_errors(module, work)
    assert len(messages) == 1
    assert f"required Python library ({package})" in messages[0]
    assert f"run '{sys.executable} -m pip install -r requirements.txt'" in messages[0]


# Signing in -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "code", "words"),
    [
        ({"secret": "canary~secret"}, "AADSTS7000215", "the client secret is wrong: give the value of the secret"),
        ({"client_id": "33333333-4444-4555-8666-000000000000"}, "AADSTS700016", "check client_id and tenant"),
        ({"tenant": "11111111-2222-4333-8444-000000000000"}, "AADSTS90002", "the tenant is unknown: check tenant"),
    ],
)
@every_module
def test_a_refused_sign_in(
    module: str, changed: dict[str, str], code: str, words: str, run: Any, subscription: Subscription
) -> None:
    ended = run(module, **changed)
    assert (ended.error["kind"], ended.error["code"]) == ("access_denied", code)
    assert words in ended.msg
    assert "\n" not in ended.msg
    assert "canary" not in str(ended.result)
    assert subscription.writes == []


def test_another_subscription_does_not_count_as_an_empty_one(run: Any, subscription: Subscription) -> None:
    for module in MODULES:
        ended = run(module, subscription_id="00000000-0000-0000-0000-000000000009")
        assert (ended.error["code"], subscription.writes) == ("SubscriptionNotFound", [])
        assert ended.msg.endswith("; check subscription_id, and that the identity has a role on it")


@pytest.mark.parametrize("option", ["subscription_id", "tenant", "client_id", "secret"])
def test_an_incomplete_login_sends_no_request(option: str, run: Any, subscription: Subscription) -> None:
    ended = run("vault_info", **{option: None})
    assert ended.error == {"kind": "invalid_input", "option": option}
    assert "AZURE_" in ended.msg
    assert subscription.requests == []


@every_module
def test_a_secret_that_is_not_text_sends_no_request(module: str, run: Any, subscription: Subscription) -> None:
    ended = run(module, secret=["canary"])
    assert ended.error == {"kind": "invalid_input", "option": "secret"}
    assert ended.msg == "secret must be text; put it in quotes"
    assert "canary" not in str(ended.result)
    assert subscription.requests == []


def test_the_environment_signs_in_as_well(
    run: Any, subscription: Subscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscription.state.seed_vault(GROUP, "vault-dr", "westeurope")
    for variable, option in (
        ("AZURE_SUBSCRIPTION_ID", "subscription_id"),
        ("AZURE_TENANT_ID", "tenant"),
        ("AZURE_CLIENT_ID", "client_id"),
        ("AZURE_CLIENT_SECRET", "secret"),
        ("AZURE_CLOUD_ENVIRONMENT", "cloud_environment"),
        ("REQUESTS_CA_BUNDLE", "ca_bundle"),
    ):
        monkeypatch.setenv(variable, subscription.login()[option])
    nothing = dict.fromkeys(subscription.login())
    assert len(run("vault_info", **nothing).result["vaults"]) == 1


# Answers that are errors ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (500, "InternalServerError", "remote_failure"),
        (503, "ServiceUnavailable", "remote_failure"),
        (400, "NoRegisteredProviderFound", "remote_failure"),
        (409, "MissingSubscriptionRegistration", "remote_failure"),
        (404, "SubscriptionNotFound", "remote_failure"),
        (404, "InvalidResourceType", "remote_failure"),
        (403, "AuthorizationFailed", "access_denied"),
    ],
)
@every_module
def test_an_error_is_not_absence(
    module: str, status: int, code: str, kind: str, run: Any, subscription: Subscription
) -> None:
    subscription.fault("GET", MODULES[module][1], "fail", times=ALWAYS, status=status, code=code)
    ended = run(module)
    assert (ended.failed, ended.error["kind"], ended.error["code"]) == (True, kind, code)
    assert ended.error["status"] == status
    assert ended.error["request_id"]
    assert ended.msg.startswith("could not read ")
    assert "; " in ended.msg
    assert "\n" not in ended.msg
    assert subscription.writes == []


@every_module
def test_a_404_of_another_server_is_not_absence(module: str, run: Any, subscription: Subscription) -> None:
    subscription.fault("GET", MODULES[module][1], "fail", times=ALWAYS, status=404, body="<html>" + "x" * 5000)
    ended = run(module)
    assert (ended.error["kind"], ended.error["status"], subscription.writes) == ("remote_failure", 404, [])
    assert "HTTP 404" in ended.msg
    assert len(ended.msg) < 800


@pytest.mark.parametrize("body", ["a captive portal", [], {}, None, {"id": None}, {"value": []}])
@every_module
def test_an_answer_that_is_not_a_document_is_not_absence(
    module: str, body: Any, run: Any, subscription: Subscription
) -> None:
    subscription.fault("GET", MODULES[module][1], "fail", times=ALWAYS, status=200, body=body)
    ended = run(module)
    assert (ended.failed, ended.error["kind"]) == (True, "remote_failure")
    assert ended.msg.startswith("could not read ")
    assert subscription.writes == []


@pytest.mark.parametrize(
    ("module", "path", "action", "grant"),
    [
        (
            "vault",
            "vaults/vault-dr",
            "Microsoft.RecoveryServices/vaults/read",
            "the role Site Recovery Reader on the vault",
        ),
        (
            "vault",
            "vaults/vault-dr",
            "Microsoft.RecoveryServices/vaults/write",
            "the role Contributor on the resource group",
        ),
        (
            "vault",
            "vaults/vault-dr",
            "Microsoft.RecoveryServices/vaults/delete",
            "the role Contributor on the resource group",
        ),
        (
            "vault",
            "vaults/vault-dr",
            "Microsoft.RecoveryServices/register/action",
            "the role Contributor on the subscription",
        ),
        (
            "vault",
            "vaults/vault-dr",
            "Microsoft.RecoveryServices/locations/deletedVaults/read",
            "the role Reader on the subscription",
        ),
        (
            "vault",
            "vaults/vault-dr",
            "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
            "the role Managed Identity Operator on the identity",
        ),
        (
            "vmm_server_info",
            "vaults/vault-dr",
            "Microsoft.RecoveryServices/vaults/replicationFabrics/read",
            "the role Site Recovery Reader on the vault",
        ),
        (
            "storage_account",
            "storageaccounts/stdr",
            "Microsoft.Storage/storageAccounts/write",
            "the role Storage Account Contributor",
        ),
        (
            "virtual_network",
            "virtualnetworks/vnet-dr",
            "Microsoft.Network/virtualNetworks/write",
            "the role Network Contributor",
        ),
        (
            "vault",
            "vaults/vault-dr",
            "Microsoft.Resources/subscriptions/resourcegroups/write",
            "the role Contributor on the subscription",
        ),
        ("vault", "vaults/vault-dr", "Microsoft.Other/things/read", "a role with this action"),
    ],
)
def test_a_missing_right_names_action_scope_and_role(
    module: str, path: str, action: str, grant: str, run: Any, subscription: Subscription
) -> None:
    text = (
        f"The client 'x' with object id 'y' does not have authorization to perform action '{action}' over scope"
        " '/subscriptions/s' or the scope is invalid. If access was recently granted, please refresh your credentials."
    )
    subscription.fault("GET", path, "fail", times=ALWAYS, status=403, code="AuthorizationFailed", message=text)
    ended = run(module)
    reference = f"(request {ended.error['request_id']})"
    assert f"the identity lacks {action} on /subscriptions/s {reference}; give it {grant}" in ended.msg


def test_rights_lost_between_reading_and_writing(run: Any, subscription: Subscription) -> None:
    for module, (_, path) in MODULES.items():
        if module.endswith("_info") or module == "vault_registration_key":
            continue
        subscription.fault("PUT", path, "fail", times=ALWAYS, status=403, code="AuthorizationFailed")
        ended = run(module)
        assert (ended.error["kind"], ended.msg.startswith("could not create ")) == ("access_denied", True)


def test_a_login_that_must_not_check_names_fails_in_the_creation(run: Any, subscription: Subscription) -> None:
    subscription.fault("POST", "checknameavailability", "fail", times=ALWAYS, status=403, code="AuthorizationFailed")
    assert run("storage_account").result["changed"]
    subscription.state.seed_foreign_account("sttaken")
    ended = run("storage_account", name="sttaken")
    assert ended.error["code"] == "StorageAccountAlreadyTaken"
    assert ended.msg.endswith("; another customer has this name: choose another name")


def test_a_failed_list_is_not_an_empty_one(run: Any, subscription: Subscription) -> None:
    subscription.state.seed_vault(GROUP, "vault-dr", "westeurope")
    for module, path in (
        ("vault_info", "providers/microsoft.recoveryservices/vaults"),
        ("target_info", "providers/microsoft.storage/storageaccounts"),
        ("target_info", "providers/microsoft.network/virtualnetworks"),
        ("vmm_server_info", "vaults/vault-dr/replicationfabrics"),
    ):
        subscription.context.faults.clear()
        subscription.fault("GET", path, "fail", times=ALWAYS, status=500)
        ended = run(module, **({"name": None} if module == "vault_info" else {}))
        assert (module, ended.error.get("status")) == (module, 500)
        assert ended.msg.startswith("could not list ")


@pytest.mark.parametrize("body", [{}, {"value": None}, {"value": {}}, [], None, "a captive portal"])
def test_an_answer_that_holds_no_list_is_not_an_empty_one(body: Any, run: Any, subscription: Subscription) -> None:
    subscription.state.seed_vault(GROUP, "vault-dr", "westeurope")
    for module, path in (
        ("vault_info", "providers/microsoft.recoveryservices/vaults"),
        ("target_info", "providers/microsoft.storage/storageaccounts"),
        ("target_info", "providers/microsoft.network/virtualnetworks"),
        ("vmm_server_info", "vaults/vault-dr/replicationfabrics"),
    ):
        subscription.context.faults.clear()
        subscription.fault("GET", path, "fail", times=ALWAYS, status=200, body=body)
        ended = run(module, **({"name": None} if module == "vault_info" else {}))
        assert (module, ended.failed, ended.error["kind"]) == (module, True, "remote_failure")
        assert ended.msg.startswith("could not list ")


@pytest.mark.parametrize(
    "path",
    [
        "replicationrecoveryservicesproviders",
        "replicationprotectioncontainers",
        "replicationnetworks",
        "replicationpolicies",
    ],
)
def test_a_server_is_not_shown_incompletely(path: str, run: Any, subscription: Subscription) -> None:
    vault = subscription.state.seed_vault(GROUP, "vault-dr", "westeurope")
    register(subscription, vault)
    subscription.fault("GET", f"vaults/vault-dr/{path}", "fail", times=ALWAYS, status=500)
    assert run("vmm_server_info").error["status"] == 500
    subscription.context.faults.clear()
    assert run("vmm_server_info").result["servers"].keys() == {SERVER.friendly_name}


def register(subscription: Subscription, vault: Any, server: Any = SERVER) -> None:
    """Register a server with a key of the vault."""
    from lab.arm.records import VaultCertificate

    expires = subscription.context.clock.now().replace(year=2099)
    subscription.state.certificates["AB"] = VaultCertificate("AB", vault.id.casefold(), expires)
    subscription.state.register_vmm_server("AB", str(vault.number), server)


# No answer ------------------------------------------------------------------------------------------------------------


@every_module
def test_a_connection_that_is_cut_once_is_retried(module: str, run: Any, subscription: Subscription) -> None:
    subscription.state.seed_vault(GROUP, "vault-dr", "westeurope")
    subscription.fault("GET", MODULES[module][1], "drop", times=1)
    assert not run(module).failed


@every_module
def test_a_connection_that_is_always_cut(module: str, run: Any, subscription: Subscription) -> None:
    subscription.fault("GET", MODULES[module][1], "drop", times=ALWAYS)
    ended = run(module)
    assert (ended.error["kind"], subscription.writes) == ("unreachable", [])
    assert "no answer from Azure" in ended.msg
    assert ended.msg.endswith("; check network, proxy and ca_bundle, then run again")


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("module", ["vault", "storage_account", "virtual_network"])
def test_a_creation_is_repeated_after_a_lost_response(
    module: str, when: str, run: Any, subscription: Subscription
) -> None:
    """The module repeats the write. It does not mistake its own first write for that of another client."""
    subscription.fault("PUT", MODULES[module][1], "drop", times=1, when=when)
    ended = run(module)
    assert not ended.failed, ended.msg
    assert ended.result["changed"]
    assert not run(module).result["changed"]


def test_a_port_without_a_listener(run: Any, subscription: Subscription) -> None:
    ended = run("vault_info", cloud_environment="https://127.0.0.1:9/metadata/endpoints")
    assert ended.error["kind"] == "unreachable"
    assert ended.msg.startswith("cloud_environment: https://127.0.0.1:9/metadata/endpoints is not readable")


def test_a_certificate_of_an_unknown_authority(run: Any, subscription: Subscription) -> None:
    ended = run("vault_info", ca_bundle=None)
    assert ended.error["kind"] == "unreachable"
    assert "certificate" in ended.msg.lower()
    assert "ca_bundle" in ended.msg


# Throttling -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", ["vault", "storage_account", "virtual_network"])
def test_the_module_waits_until_throttling_ends(module: str, run: Any, subscription: Subscription) -> None:
    subscription.state.seed_vault(GROUP, "vault-dr", "westeurope")
    subscription.fault("GET", MODULES[module][1], "throttle", times=1, retry_after=1)
    started = time.monotonic()
    assert not run(module).failed
    assert time.monotonic() - started >= 1.0


def test_the_number_of_attempts(run: Any, subscription: Subscription, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert clients._RETRIES >= 3
    monkeypatch.setattr(clients, "_RETRIES", 2)
    subscription.fault("GET", "vaults/vault-dr", "throttle", times=ALWAYS, retry_after=1)
    ended = run("vault_info")
    assert ended.error["code"] == "SubscriptionRequestsThrottled"
    assert subscription.requests == ["GET vaults/vault-dr"] * 3
    assert ended.msg.endswith("; wait a minute, then run again")


def test_the_module_does_not_wait_silently_for_minutes(run: Any, subscription: Subscription) -> None:
    """The limits of Site Recovery apply per hour. A module that reports no progress for that long looks dead."""
    subscription.fault(
        "GET",
        "vaults/vault-dr",
        "throttle",
        times=ALWAYS,
        retry_after=324,
        code="ResourceRequestsThrottled",
        message="exceeded the limit of '150' for time interval '01:00:00'. Please try again after '324' seconds",
    )
    ended = run("vmm_server_info")
    assert ended.error["status"] == 429
    assert "'324' seconds" in ended.msg


def test_no_pause_outlasts_the_deadline_of_the_run(run: Any, subscription: Subscription) -> None:
    subscription.fault("GET", MODULES["vault"][1], "throttle", times=ALWAYS, retry_after=30)
    ended = run("vault", wait_timeout=5)
    assert (ended.error["status"], ended.error["retry_after"]) == (429, 30)
    assert subscription.requests == ["GET vaults/vault-dr"]


def test_the_token_is_requested_once(run: Any, subscription: Subscription) -> None:
    run("vault")
    assert len(subscription.state.tokens) == 1
    assert LOGIN.secret not in repr(subscription.azure.server.traffic)
