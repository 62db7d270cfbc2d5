# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a vault can replicate to, read from Azure: scope, candidates, rules, and what it costs (T1 to T3, P7)."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.lab.arm import oracle
from tests.unit.plugins.modules.conftest import GROUP, Ended, Subscription

RIGHTS = (
    "create-machines",
    "join-networks",
    "create-networks",
    "create-storage",
    "read-account-keys",
    "create-vaults",
    "make-vault-keys",
)
#: One of each, however large the subscription is.
CALLS = [
    "GET resourcegroups/rg-dr",
    "GET subscriptions/00000000-0000-0000-0000-000000000000",
    "GET Microsoft.Authorization/permissions",
    "GET Microsoft.Authorization/locks",
    "GET providers/Microsoft.Compute",
    "GET providers/Microsoft.Network",
    "GET providers/Microsoft.RecoveryServices",
    "GET providers/Microsoft.Storage",
    "GET vaults/vault-dr",
    "GET vault-dr/replicationPolicies",
    "GET Microsoft.Storage/storageAccounts",
    "GET Microsoft.Network/virtualNetworks",
]


@pytest.fixture
def filled(subscription: Subscription) -> Subscription:
    """A vault, and accounts and networks in two groups and two regions."""
    state = subscription.state
    state.seed_vault(GROUP, "vault-dr", "westeurope")
    state.seed_account(GROUP, "stgood", "westeurope")
    state.seed_account("rg-2", "stfar", "northeurope")
    state.seed_account("rg-2", "stpremium", "westeurope", sku="Premium_LRS")
    state.seed_network(GROUP, "vnet-good", "westeurope", ["10.1.0.0/16"], {"machines": "10.1.1.0/24"})
    state.seed_network("rg-2", "vnet-gateway", "westeurope", ["10.2.0.0/16"], {"GatewaySubnet": "10.2.1.0/24"})
    return subscription


def target(subscription: Subscription, **given: Any) -> Ended:
    return subscription.run("target_info", **{"vault_name": "vault-dr", "resource_group": GROUP, **given})


def rows(holder: dict[str, Any], verdict: str) -> list[str]:
    return [row["rule"] for row in holder["rules"] if row["verdict"] == verdict]


def named(ended: Ended, name: str) -> dict[str, Any]:
    found = ended.result["target"]
    (entry,) = [entry for entry in (*found["storage_accounts"], *found["virtual_networks"]) if entry["name"] == name]
    return dict(entry)


@pytest.mark.parametrize(
    ("given", "accounts", "networks"),
    [
        ({}, {"stgood": "ok", "stfar": "refused", "stpremium": "ok"}, {"vnet-good": "ok", "vnet-gateway": "refused"}),
        (
            {"allow_other_region": True},
            {"stgood": "ok", "stfar": "warn", "stpremium": "ok"},
            {"vnet-good": "ok", "vnet-gateway": "refused"},
        ),
        ({"target_resource_group": "rg-2"}, {"stfar": "refused", "stpremium": "warn"}, {"vnet-gateway": "refused"}),
        ({"target_resource_group": GROUP}, {"stgood": "ok"}, {"vnet-good": "ok"}),
        ({"target_resource_group": "rg-none"}, {}, {}),
        (
            {"vault_name": "vault-9"},
            {"stgood": "ok", "stfar": "ok", "stpremium": "ok"},
            {"vnet-good": "ok", "vnet-gateway": "refused"},
        ),
    ],
)
def test_candidates(
    given: dict[str, Any], accounts: dict[str, str], networks: dict[str, str], filled: Subscription
) -> None:
    ended = target(filled, **given)
    found = ended.result["target"]
    assert {entry["name"]: entry["verdict"] for entry in found["storage_accounts"]} == accounts
    assert {entry["name"]: entry["verdict"] for entry in found["virtual_networks"]} == networks
    assert found["compatible"] == {
        "storage_accounts": sum(verdict != "refused" for verdict in accounts.values()),
        "virtual_networks": sum(verdict != "refused" for verdict in networks.values()),
    }
    assert filled.writes == []
    assert [entry["step"] for entry in ended.result["evidence"]] == ["T1", "T2", "T3"]
    assert bool(ended.result["warnings"]) == ("vault_name" in given)
    for entry in (*found["storage_accounts"], *found["virtual_networks"]):
        assert bool(entry["reasons"]) == (entry["verdict"] != "ok")


@pytest.mark.needs("contracts")
def test_what_is_asked_and_answered_is_defined(filled: Subscription) -> None:
    filled.state.seed_policy(next(iter(filled.state.vaults.values())), "old", encryption="Enabled")
    assert not target(filled, inspect_accounts=["stgood"]).failed
    assert oracle.validate(filled.azure.server.traffic) == []


@pytest.mark.parametrize("page", [1, 3, 100])
def test_calls_grow_with_pages_only(page: int, filled: Subscription) -> None:
    filled.state.page_size = page
    for check in (False, True):
        target(filled, check=check)
        assert list(dict.fromkeys(filled.requests)) == CALLS
    if page == 100:
        assert filled.requests == CALLS


def test_500_accounts_and_networks_cost_the_calls_of_one(filled: Subscription) -> None:
    few = target(filled)
    filled.state.page_size = 1000
    for number in range(497):
        filled.state.seed_account("rg-2", f"st{number:03}", "westeurope")
        filled.state.seed_network("rg-2", f"vnet-{number:03}", "westeurope", ["10.3.0.0/16"], {"a": "10.3.0.0/24"})
    many = target(filled)
    assert filled.requests == CALLS
    assert len(many.result["target"]["storage_accounts"]) == 500
    assert len(many.result["target"]["virtual_networks"]) == 499
    assert many.result["target"]["compatible"] == {"storage_accounts": 499, "virtual_networks": 498}
    assert named(many, "stgood") == named(few, "stgood")
    filled.state.page_size = 100
    assert target(filled).result["target"] == many.result["target"]
    # Five full pages of accounts and an empty one; four full ones of networks and a rest.
    pages = Counter(filled.requests)
    assert {request: count for request, count in pages.items() if count > 1} == {CALLS[-2]: 6, CALLS[-1]: 5}


@pytest.mark.parametrize(
    ("rule", "hardness", "made"),
    [
        ("sku", "hard", {"sku": "Standard_ZRS"}),
        ("sku", "hard", {"sku": "Standard_GZRS"}),
        ("kind", "hard", {"kind": "BlobStorage", "accessTier": "Hot"}),
        ("kind", "hard", {"kind": "FileStorage", "sku": "Premium_LRS"}),
        ("old-kind", "note", {"kind": "Storage"}),
        ("access-tier", "hard", {"accessTier": "Cool"}),
        ("hierarchical-namespace", "hard", {"isHnsEnabled": True}),
        ("sftp", "hard", {"isHnsEnabled": True, "isSftpEnabled": True}),
        ("nfs", "hard", {"isHnsEnabled": True, "isNfsV3Enabled": True}),
        ("firewall", "hard", {"networkAcls": {"defaultAction": "Deny", "bypass": "None"}}),
        ("public-network-access", "warn", {"publicNetworkAccess": "Disabled"}),
        ("shared-key", "hard", {"allowSharedKeyAccess": False}),
    ],
)
def test_an_account_of_the_world_that_breaks_a_rule(
    rule: str, hardness: str, made: dict[str, Any], filled: Subscription
) -> None:
    filled.state.seed_account(GROUP, "stbad", "westeurope", **made)
    found = {row["rule"]: row for row in named(target(filled), "stbad")["rules"]}
    assert (found[rule]["verdict"], found[rule]["hardness"]) == ("fail", hardness)
    assert found[rule]["reason"]


def test_a_vault_with_an_identity_can_do_without_shared_keys(filled: Subscription) -> None:
    filled.state.seed_account(GROUP, "stbad", "westeurope", allowSharedKeyAccess=False)
    vault = next(iter(filled.state.vaults.values()))
    vault.document["identity"] = {"type": "SystemAssigned", "principalId": "1", "tenantId": "2"}
    assert named(target(filled), "stbad")["verdict"] == "ok"


def test_a_premium_account_names_its_log_accounts(filled: Subscription) -> None:
    ended = target(filled)
    assert named(ended, "stpremium")["log_accounts"] == ["stgood"]
    assert named(ended, "stgood")["log_accounts"] == []


def test_blob_settings_are_asked_for_named_accounts_only(filled: Subscription) -> None:
    filled.state.seed_account(GROUP, "stsoft", "westeurope", soft_delete=True)
    assert {"soft-delete", "versioning"} <= set(rows(named(target(filled), "stsoft"), "unknown"))
    ended = target(filled, inspect_accounts=["stsoft", "stgone"])
    assert [request for request in filled.requests if request not in CALLS] == ["GET blobServices/default"]
    assert (named(ended, "stsoft")["verdict"], named(ended, "stgood")["verdict"]) == ("refused", "ok")
    assert "soft delete" in named(ended, "stsoft")["reasons"][0]
    assert ended.result["warnings"] == ["inspect_accounts: stgone not found among the storage accounts"]
    assert named(target(filled, inspect_accounts=["stsoft"], allow_soft_delete=True), "stsoft")["verdict"] == "warn"


def test_a_name_that_no_account_can_have_is_refused_before_any_call(filled: Subscription) -> None:
    ended = target(filled, inspect_accounts=["Not-a-name"])
    assert (ended.error, filled.requests) == ({"kind": "invalid_input", "option": "inspect_accounts"}, [])


# T1 -------------------------------------------------------------------------------------------------------------------


def scope(subscription: Subscription, **given: Any) -> dict[str, Any]:
    return dict(target(subscription, **given).result["target"]["scope"])


def test_a_contributor_may_do_everything(filled: Subscription) -> None:
    shown = scope(filled)
    assert (shown["verdict"], shown["reasons"]) == ("ok", [])
    assert (shown["subscription_state"], shown["resource_group"], shown["location"]) == (
        "Enabled",
        GROUP,
        "westeurope",
    )
    assert set(shown["providers"].values()) == {"Registered"}


@pytest.mark.parametrize(
    ("role", "missing"),
    [
        ("Reader", RIGHTS),
        ("Owner", ()),
        # It may write network cards and join networks; what it lacks is the account and network.
        ("Network Contributor", tuple(name for name in RIGHTS if "network" not in name)),
        ("Storage Account Contributor", tuple(name for name in RIGHTS if name not in RIGHTS[3:5])),
        ("Virtual Machine Contributor", RIGHTS[2:4] + RIGHTS[5:]),
    ],
)
def test_what_a_role_on_the_group_lacks(role: str, missing: tuple[str, ...], filled: Subscription) -> None:
    filled.state.give_role("Reader", only=True)
    filled.state.give_role(role, GROUP)
    shown = scope(filled)
    assert rows(shown, "fail") == list(missing)
    assert all("give it the role " in reason for reason in shown["reasons"])
    assert shown["verdict"] == ("warn" if missing else "ok")


def test_a_role_on_the_group_alone(filled: Subscription) -> None:
    """It may not ask for resource providers: not known, and never a no. Lists show what it may see."""
    filled.state.give_role("Contributor", GROUP, only=True)
    ended = target(filled)
    shown = ended.result["target"]["scope"]
    assert (shown["verdict"], rows(shown, "fail")) == ("ok", [])
    assert rows(shown, "unknown") == [
        f"provider-{name}" for name in ("compute", "network", "recoveryservices", "storage")
    ]
    assert [entry["name"] for entry in ended.result["target"]["storage_accounts"]] == ["stgood"]


def test_permissions_that_can_t_be_read_are_not_known(filled: Subscription) -> None:
    filled.fault("GET", "microsoft.authorization/permissions", "fail", times=9, status=403, code="AuthorizationFailed")
    shown = scope(filled)
    assert (rows(shown, "unknown"), shown["verdict"]) == (list(RIGHTS), "ok")


def test_permissions_that_fail_otherwise_are_an_error(filled: Subscription) -> None:
    filled.fault("GET", "microsoft.authorization/permissions", "fail", times=9, status=500)
    ended = target(filled)
    assert ended.error["status"] == 500
    assert ended.msg.startswith("could not read the login's permissions")


def test_a_group_that_does_not_exist(filled: Subscription) -> None:
    filled.state.give_role("Reader", only=True)
    shown = scope(filled, target_resource_group="rg-new")
    assert (shown["resource_group_exists"], shown["location"]) == (False, None)
    assert "let somebody with the role Contributor on the subscription create it" in shown["reasons"][0]
    assert "in subscription 00000000-0000-0000-0000-000000000000" in shown["reasons"][1]


def test_a_disabled_subscription(filled: Subscription) -> None:
    filled.state.subscription_state = "Disabled"
    shown = scope(filled)
    assert (shown["verdict"], rows(shown, "fail")) == ("refused", ["subscription-state"])


@pytest.mark.parametrize(
    "name", ["Microsoft.Compute", "Microsoft.Network", "Microsoft.RecoveryServices", "Microsoft.Storage"]
)
def test_a_provider_that_is_not_registered(name: str, filled: Subscription) -> None:
    """Without it there is nothing to list, and the question would be refused."""
    filled.state.unregister_provider(name)
    ended = target(filled)
    assert not ended.failed
    assert rows(ended.result["target"]["scope"], "fail") == [f"provider-{name.split('.')[1].lower()}"]
    assert name in ended.result["evidence"][0]["verified"]


@pytest.mark.parametrize(
    ("level", "place", "verdict", "told"),
    [
        ("ReadOnly", GROUP, "refused", "nothing can be made in resource group rg-dr while it is read-only"),
        ("ReadOnly", None, "refused", "remove the lock keep, which the role User Access Administrator allows"),
        ("CanNotDelete", GROUP, "ok", "also not what a test failover leaves behind, because of the lock keep"),
        ("ReadOnly", "rg-2", "ok", None),
    ],
)
def test_locks(level: str, place: str | None, verdict: str, told: str | None, filled: Subscription) -> None:
    filled.state.seed_lock("keep", level, place)
    shown = scope(filled)
    assert (shown["verdict"], rows(shown, "fail")) == (verdict, ["locks"] if told else [])
    assert (told or "") in "".join(shown["reasons"])


def test_evidence_names_subscription_group_and_rights(filled: Subscription) -> None:
    found = target(filled).result["evidence"][0]
    assert found["found"].startswith(
        "subscription Site Recovery rehearsal (Enabled); resource group rg-dr in westeurope"
    )
    assert "; the login may make there what is needed; all resource providers are registered" in found["found"]
    assert found["verified"] == "nothing speaks against it"


# Policies -------------------------------------------------------------------------------------------------------------


def test_a_policy_with_data_encryption_is_told_in_one_line(filled: Subscription) -> None:
    vault = next(iter(filled.state.vaults.values()))
    filled.state.seed_policy(vault, "new")
    assert target(filled).result["target"]["policies"]["verdict"] == "ok"
    filled.state.seed_policy(vault, "old", encryption="Enabled")
    ended = target(filled)
    (line,) = ended.result["warnings"]
    assert line.startswith("policy old encrypts data itself, a feature that ended on 2022-04-30")
    assert ended.result["target"]["policies"] == {
        "verdict": "refused",
        "reasons": [line],
        "rules": [{"rule": "data-encryption", "hardness": "hard", "verdict": "fail", "reason": line}],
    }
    assert ended.result["evidence"][-1]["step"] == "P7"


def test_a_policy_that_copies_every_30_seconds(filled: Subscription) -> None:
    vault = next(iter(filled.state.vaults.values()))
    filled.state.seed_policy(vault, "fast", interval=30)
    ended = target(filled)
    assert rows(named(ended, "stpremium"), "fail") == ["copy-frequency"]
    assert (named(ended, "stpremium")["verdict"], rows(named(ended, "stgood"), "fail")) == ("ok", [])


def test_policies_that_may_not_be_read_are_not_known(filled: Subscription) -> None:
    filled.fault("GET", "vault-dr/replicationpolicies", "fail", times=9, status=403, code="AuthorizationFailed")
    ended = target(filled)
    assert ended.result["target"]["policies"]["rules"][0]["verdict"] == "unknown"
    assert "copy-frequency" in rows(named(ended, "stpremium"), "unknown")
