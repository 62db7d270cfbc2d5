# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life cycle of vaults (B1): settings, deletion, soft-deleted vaults, and subscriptions without vaults."""

from __future__ import annotations

import os
from typing import Any

import pytest
from azure.mgmt.recoveryservices import models

from tests.lab.arm import oracle
from tests.lab.arm.conftest import LOGIN, SERVER, SUBSCRIPTION
from tests.unit.plugins.modules.conftest import GROUP, Ended, Subscription

# Some tests exist in two versions. The generation of the installed SDK decides which one is defined.
NEWER = hasattr(models, "ImmutabilityConfiguration")


def newer(test: Any) -> Any:
    return test if NEWER else None


def older(test: Any) -> Any:
    return None if NEWER else test


ROOT = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers"
ONE, TWO = (f"{ROOT}/Microsoft.ManagedIdentity/userAssignedIdentities/{name}" for name in ("one", "two"))
VAULT = "GET vaults/vault-dr"
# The module lists deleted vaults when the vault does not exist. Older SDKs cannot list them.
DELETED = ["GET westeurope/deletedVaults"] if NEWER else []
CONTENTS = ["GET vault-dr/usages", "GET vault-dr/replicationUsages", "GET vault-dr/replicationFabrics"]
ALWAYS = 99


def run(subscription: Subscription, *, check: bool = False, **options: Any) -> Ended:
    """Run the module, and check its requests and responses with the API definitions."""
    given = {"name": "vault-dr", "resource_group": GROUP, "location": "westeurope", **options}
    ended = subscription.run("vault", check=check, **given)
    if os.environ.get(oracle.VARIABLE):
        assert oracle.validate(subscription.azure.server.traffic) == []
    return ended


def delete(subscription: Subscription, **options: Any) -> Ended:
    return run(subscription, **{"state": "absent", "location": None, "allow_delete": True, **options})


@pytest.fixture
def vault(subscription: Subscription) -> Any:
    return subscription.state.seed_vault(GROUP, "vault-dr", "westeurope")


# Settings ------------------------------------------------------------------------------------------------------------

USERS = {"identity": {"user_assigned": [ONE, TWO]}}
KEY = {"encryption": {"key_uri": "https://keys.vault.azure.net/keys/k/1", "identity": ONE}}
# Consecutive steps on one vault: the options, the expected result, and the number of writes.
STEPS: list[tuple[dict[str, Any], dict[str, Any], int]] = [
    ({"public_network_access": "disabled"}, {"public_network_access": "disabled"}, 1),
    (
        {"identity": {"system_assigned": True}},
        {"identity": {"system_assigned": True, "user_assigned": []}},
        1,
    ),
    (USERS, {"identity": {"system_assigned": True, "user_assigned": [ONE, TWO]}}, 1),
    (
        {"identity": {"user_assigned": [ONE.upper()], "purge_user_assigned": True}},
        {"identity": {"system_assigned": True, "user_assigned": [ONE]}},
        1,
    ),
    (
        {"identity": {"system_assigned": False}},
        {"identity": {"system_assigned": False, "user_assigned": [ONE], "principal_id": None}},
        1,
    ),
    (
        {**KEY, "allow_irreversible": True},
        {"encryption": {"key_uri": "https://keys.vault.azure.net/keys/k/1", "identity": ONE, "infrastructure": None}},
        1,
    ),
    (
        {"redundancy": {"storage": "geo_redundant", "cross_region_restore": "enabled"}, "allow_irreversible": True},
        {"redundancy": {"storage": "geo_redundant", "cross_region_restore": "enabled"}},
        1,
    ),
    ({"soft_delete": {"days": 30}}, {"soft_delete": {"state": "enabled", "days": 30, "hybrid_state": None}}, 1),
    (
        {"soft_delete": {"state": "always_on", "hybrid_state": "enabled"}, "allow_irreversible": True},
        {"soft_delete": {"state": "always_on", "days": 30, "hybrid_state": "enabled"}},
        1,
    ),
    (
        {"monitoring": {"job_failures": "disabled", "classic_site_recovery": "enabled"}, "tags": {"a": "1"}},
        {
            "monitoring": {
                "job_failures": "disabled",
                "replication_issues": None,
                "failover_issues": None,
                "classic_critical": None,
                "classic_site_recovery": "enabled",
            },
            "tags": {"a": "1"},
        },
        1,
    ),
    ({"cross_subscription_restore": "disabled"}, {"cross_subscription_restore": "disabled"}, 1),
    (
        {"immutability": "locked", "allow_irreversible": True},
        {
            "immutability": "locked",
            "soft_delete": {"state": "always_on", "days": 30, "hybrid_state": "enabled"},
            "public_network_access": "disabled",
        },
        2,
    ),
]


def test_each_setting_is_planned_changed_and_kept_as_it_is(vault: Any, subscription: Subscription) -> None:
    for asked, expected, writes in STEPS:
        planned = run(subscription, check=True, **asked)
        assert subscription.writes == []
        done = run(subscription, **asked)
        assert not done.failed, done.msg
        assert subscription.writes == ["patch vault-dr"] * writes
        assert _holds(done.result["vault"], expected)
        assert _holds(planned.result["vault"], expected)
        assert planned.result["plan"] == done.result["plan"]
        again = run(subscription, **asked)
        assert (again.result["changed"], subscription.writes) == (False, [])
    selections: list[dict[str, Any]] = [{"name": "vault-dr", "resource_group": GROUP}, {"resource_group": GROUP}, {}]
    for selection in selections:
        assert subscription.run("vault_info", **selection).result["vaults"] == [done.result["vault"]]


def _holds(found: Any, expected: Any) -> bool:
    if isinstance(expected, dict):
        return isinstance(found, dict) and all(_holds(found[name], value) for name, value in expected.items())
    return bool(found == expected)


def test_a_new_vault_with_all_that_takes_a_second_call(subscription: Subscription) -> None:
    asked: dict[str, Any] = {**USERS, **KEY, "immutability": "locked", "allow_irreversible": True, "tags": {"a": "1"}}
    made = run(subscription, **asked)
    assert subscription.writes == ["put vault-dr", "patch vault-dr"], made.msg
    shown = made.result["vault"]
    assert (shown["immutability"], shown["identity"]["user_assigned"]) == ("locked", [ONE, TWO])
    assert shown["encryption"]["identity"] == ONE
    assert not run(subscription, **asked).result["changed"]


def test_stronger_soft_delete_that_azure_sets_by_itself_meets_the_request(subscription: Subscription) -> None:
    subscription.state.soft_delete_of_new_vaults = "AlwaysON"
    made = run(subscription, create_resource_group=True, soft_delete={"state": "enabled"})
    assert not made.failed, made.msg
    assert made.result["vault"]["soft_delete"]["state"] == "always_on"
    assert not run(subscription, soft_delete={"state": "enabled"}).result["changed"]
    assert subscription.writes == []


def test_soft_delete_that_the_region_keeps_enabled_is_explained(vault: Any, subscription: Subscription) -> None:
    ended = run(subscription, soft_delete={"state": "disabled"})
    assert ended.failed
    assert "omit soft_delete, or set it to enabled; the vault may exist now" in ended.msg
    assert not run(subscription, soft_delete={"state": "enabled"}).result["changed"]


@newer
def test_days_of_immutability(vault: Any, subscription: Subscription) -> None:
    for days in (30, 0):
        assert run(subscription, immutability="unlocked", immutability_days=days).result["changed"]
        assert run(subscription, immutability_days=days).result["vault"]["immutability_days"] == days
        assert not subscription.writes


@older
@pytest.mark.parametrize("asked", [{"immutability_days": 30}, {"undelete": True}])
def test_options_that_an_older_sdk_does_not_support_are_reported_and_not_sent(
    asked: dict[str, Any], vault: Any, subscription: Subscription
) -> None:
    ended = run(subscription, **asked)
    assert ended.error == {"kind": "invalid_input", "option": next(iter(asked))}
    assert subscription.requests == []


# Deleting ------------------------------------------------------------------------------------------------------------


def test_deleted_once_and_only_with_consent(vault: Any, subscription: Subscription) -> None:
    refused = delete(subscription, allow_delete=False, check=True)
    assert (refused.error["kind"], subscription.requests) == ("refused", [VAULT])
    assert refused.msg.startswith("state: absent would delete vault vault-dr; set allow_delete to true")
    planned = delete(subscription, check=True)
    assert (subscription.requests, subscription.writes) == ([VAULT, *CONTENTS], [])
    done = delete(subscription)
    assert subscription.writes == ["delete vault-dr"]
    assert (done.result["vault"], planned.result["vault"]) == ({}, {})
    assert planned.result["plan"] == done.result["plan"]
    assert done.result["diff"]["before"]["name"] == "vault-dr"
    assert [entry["verified"] for entry in done.result["evidence"]] == ["no vault"]
    again = delete(subscription, allow_delete=False)
    assert (again.result["changed"], subscription.requests) == (False, [VAULT])
    assert not delete(subscription, resource_group="rg-none").result["changed"]


def _endpoint(subscription: Subscription, vault: Any) -> None:
    subscription.state.seed_private_endpoint(vault, "pe-dr")


def _server(subscription: Subscription, vault: Any) -> None:
    path = f"{vault.id}/certificates/CN=CB_x-vaultcredentials"
    key = subscription.azure.send("PUT", path, body={"certificateCreateOptions": {"validityInHours": 120}}).json()
    subscription.state.register_vmm_server(key["properties"]["thumbprint"], str(vault.number), SERVER)
    subscription.state.hurry()


def _backups(_subscription: Subscription, vault: Any) -> None:
    vault.backup_items, vault.backup_servers = 3, 1


@pytest.mark.parametrize(
    ("fill", "words"),
    [
        (_endpoint, "private endpoints: pe-dr"),
        (_server, "registered servers: vmm01.contoso.example"),
        (_backups, "backup servers: 1; backup items: 3"),
    ],
)
@pytest.mark.parametrize("check", [False, True], ids=["run", "check"])
def test_a_vault_that_holds_something_is_not_deleted(
    fill: Any, words: str, check: bool, vault: Any, subscription: Subscription
) -> None:
    fill(subscription, vault)
    ended = delete(subscription, check=check)
    assert (ended.error["kind"], subscription.writes) == ("refused", [])
    assert ended.msg == f"vault vault-dr is not empty, it still has {words}; remove them, then delete it"


def test_contents_that_only_azure_knows_are_reported_in_its_words(vault: Any, subscription: Subscription) -> None:
    subscription.fault(
        "DELETE",
        "vaults/vault-dr",
        "fail",
        status=400,
        code="ServiceResourceNotEmptyWithContainerDetails",
        message="there are soft-deleted items",
    )
    ended = delete(subscription)
    assert ended.error["code"] == "ServiceResourceNotEmptyWithContainerDetails"
    assert "could not delete vault vault-dr: " in ended.msg
    assert "there are soft-deleted items" in ended.msg


@pytest.mark.parametrize("path", ["usages", "replicationusages", "replicationfabrics"])
def test_a_failed_read_does_not_count_as_an_empty_vault(path: str, vault: Any, subscription: Subscription) -> None:
    subscription.fault("GET", f"vaults/vault-dr/{path}", "fail", times=ALWAYS, status=403, code="AuthorizationFailed")
    assert delete(subscription).error["kind"] == "access_denied"
    assert subscription.writes == []


@pytest.mark.parametrize("check", [False, True], ids=["run", "check"])
def test_storage_stays_once_there_are_backups(check: bool, vault: Any, subscription: Subscription) -> None:
    asked: dict[str, Any] = {"redundancy": {"storage": "locally_redundant"}}
    assert run(subscription, **asked).result["changed"]
    vault.backup_items = 3
    assert not run(subscription, **asked).result["changed"]
    assert subscription.requests == [VAULT]
    ended = run(subscription, check=check, redundancy={"storage": "zone_redundant"})
    assert (ended.error["kind"], subscription.writes) == ("refused", [])
    assert (
        "contains backup items: 3, and Azure changes the storage of a vault only before its first backup" in ended.msg
    )


# Soft-deleted vaults -------------------------------------------------------------------------------------------------


@newer
def test_a_soft_deleted_vault_reserves_its_name_until_it_is_restored(vault: Any, subscription: Subscription) -> None:
    kept = run(subscription, tags={"owner": "it"}).result["vault"]
    assert delete(subscription).result["changed"]
    for check in (True, False):
        refused = run(subscription, check=check)
        assert (refused.error["kind"], subscription.requests) == ("refused", [VAULT, *DELETED])
        assert refused.msg.startswith("name: a vault vault-dr of resource group rg-dr was deleted at 20")
        assert "set undelete to true" in refused.msg
    asked: dict[str, Any] = {"undelete": True, "tags": {"a": "1"}}
    planned = run(subscription, check=True, **asked)
    assert (subscription.writes, planned.result["changed"]) == ([], True)
    back = run(subscription, **asked)
    assert subscription.writes == ["undelete undelete", "patch vault-dr"]
    assert back.result["vault"] == {**kept, "tags": {"owner": "it", "a": "1"}}
    assert not run(subscription, **asked).result["changed"]


@newer
def test_another_group_and_another_region_have_their_own_names(subscription: Subscription) -> None:
    subscription.state.seed_deleted_vault("rg-2", "vault-dr", "westeurope")
    subscription.state.seed_deleted_vault(GROUP, "vault-2", "westeurope")
    assert run(subscription).result["changed"]


@newer
@pytest.mark.parametrize(
    ("status", "code", "undelete", "ends"),
    [
        (403, "AuthorizationFailed", False, None),
        (400, "NoRegisteredProviderFound", False, None),
        (403, "AuthorizationFailed", True, "AuthorizationFailed"),
        (500, "InternalServerError", False, "InternalServerError"),
    ],
)
def test_who_may_not_see_deleted_vaults_finds_out_when_it_creates(
    status: int, code: str, undelete: bool, ends: str | None, subscription: Subscription
) -> None:
    subscription.fault("GET", "deletedvaults", "fail", times=ALWAYS, status=status, code=code)
    if ends is None:
        assert run(subscription, name="vault-1").result["changed"]
        subscription.state.seed_deleted_vault(GROUP, "vault-dr", "westeurope")
        ends = "VaultInSoftDeletedState"
    assert run(subscription, undelete=undelete).error["code"] == ends
    assert subscription.writes == []


@older
def test_an_older_sdk_finds_out_when_it_creates(subscription: Subscription) -> None:
    subscription.state.seed_deleted_vault(GROUP, "vault-dr", "westeurope")
    ended = run(subscription)
    assert ended.error["code"] == "VaultInSoftDeletedState"
    assert "choose another name" in ended.msg


# A subscription that never had a vault -------------------------------------------------------------------------------


@pytest.fixture
def fresh(subscription: Subscription) -> Subscription:
    subscription.state.unregister_provider("Microsoft.RecoveryServices")
    return subscription


def test_the_provider_is_registered_and_waited_for(fresh: Subscription) -> None:
    planned = run(fresh, check=True)
    assert (fresh.writes, planned.paths[0]) == ([], "resource_provider")
    assert "resource_provider" not in planned.result["vault"]
    made = run(fresh)
    assert not made.failed, made.msg
    assert fresh.writes == ["register register", "put vault-dr"]
    assert planned.result["plan"] == made.result["plan"]
    assert not run(fresh).result["changed"]


def test_a_login_that_must_not_register_gets_the_command(fresh: Subscription) -> None:
    ended = run(fresh, register_resource_provider=False)
    assert (ended.error["kind"], fresh.writes) == ("refused", [])
    command = f"az provider register --namespace Microsoft.RecoveryServices --subscription {LOGIN.subscription_id}"
    assert f"run `{command}`" in ended.msg


def test_nothing_is_registered_to_delete_or_to_read(fresh: Subscription) -> None:
    assert not delete(fresh).result["changed"]
    assert fresh.writes == []
    read = fresh.run("vault_info", name="vault-dr", resource_group=GROUP)
    assert read.error["code"] == "MissingSubscriptionRegistration"
    assert fresh.writes == []


def test_a_missing_group_is_distinguished_there_too(fresh: Subscription) -> None:
    ended = run(fresh, resource_group="rg-new")
    assert ended.msg.startswith("resource_group: 'rg-new' does not exist")
    made = run(fresh, resource_group="rg-new", create_resource_group=True)
    assert (made.failed, fresh.writes) == (False, ["register register", "put rg-new", "put vault-dr"])


@pytest.mark.parametrize("register", [True, False])
def test_a_creation_that_finds_it_out_by_itself(register: bool, subscription: Subscription) -> None:
    """Reads of an unregistered namespace may also answer 404, and the identity may be unable to read its state."""
    subscription.fault(
        "PUT", "vaults/vault-dr", "fail", status=409, code="MissingSubscriptionRegistration", message="not registered"
    )
    subscription.fault("GET", "providers/Microsoft.RecoveryServices", "fail", status=403, code="AuthorizationFailed")
    ended = run(subscription, register_resource_provider=register)
    if register:
        assert (ended.failed, subscription.writes) == (False, ["register register", "put vault-dr"])
    else:
        assert ended.error["kind"] == "refused"
        assert "az provider register" in ended.msg


def test_a_registration_that_does_not_end_is_left_after_the_deadline(
    fresh: Subscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fresh.state, "later", lambda _seconds, _action: None)
    ended = run(fresh, wait_timeout=1)
    assert ended.error["kind"] == "deadline_exceeded"
    assert "resource provider Microsoft.RecoveryServices is Registering" in ended.msg


# Reading -------------------------------------------------------------------------------------------------------------


def test_a_vault_by_its_id(vault: Any, subscription: Subscription) -> None:
    for given in (vault.id, vault.id.upper(), f"{vault.id}/"):
        found = subscription.run("vault_info", id=given).result["vaults"]
        assert [one["id"] for one in found] == [vault.id]
        assert subscription.requests[0].upper() == VAULT.upper()
    assert subscription.run("vault_info", id=f"{vault.id}-2").result["vaults"] == []


def test_an_id_is_read_in_its_own_subscription(vault: Any, subscription: Subscription) -> None:
    """The module sends no request to the subscription of the login."""
    other = "99999999-0000-0000-0000-000000000000"
    found = subscription.run("vault_info", id=vault.id, subscription_id=other).result["vaults"]
    assert [one["id"] for one in found] == [vault.id]
    assert {exchange.path.split("/")[2] for exchange in subscription.azure.server.traffic} == {SUBSCRIPTION}
    ended = subscription.run("vault_info", id=vault.id.replace(SUBSCRIPTION, other))
    assert ended.error["code"] == "SubscriptionNotFound"


@pytest.mark.parametrize(
    ("given", "option"),
    [
        ({"id": "vault-dr"}, "id"),
        ({"id": ONE}, "id"),
        ({"id": f"{ROOT}/Microsoft.RecoveryServices/vaults/v1", "name": "v1"}, "name"),
        ({"id": f"{ROOT}/Microsoft.RecoveryServices/vaults/v1", "resource_group": GROUP}, "resource_group"),
    ],
)
def test_an_invalid_id_sends_no_request(given: dict[str, Any], option: str, subscription: Subscription) -> None:
    ended = subscription.run("vault_info", **given)
    assert ended.error == {"kind": "invalid_input", "option": option}
    assert subscription.requests == []
