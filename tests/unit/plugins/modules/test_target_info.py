# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Possible targets of a vault, read from Azure: scope, candidates, checks, and the number of calls (T1 to T3, P7)."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.target_checks import count_compatible
from tests.lab.arm import oracle
from tests.unit.plugins.modules.conftest import GROUP, Ended, Subscription

RIGHTS = (
    "create-machines",
    "join-networks",
    "create-networks",
    "create-storage",
    "read-account-keys",
    "create-vaults",
    "create-registration-keys",
)
#: One call of each, regardless of the size of the subscription.
CALLS = [
    "GET vaults/vault-dr",
    "GET resourcegroups/rg-dr",
    "GET subscriptions/00000000-0000-0000-0000-000000000000",
    "GET Microsoft.Authorization/permissions",
    "GET Microsoft.Authorization/locks",
    "GET Microsoft.Authorization/denyAssignments",
    "GET providers/Microsoft.Compute",
    "GET providers/Microsoft.Network",
    "GET providers/Microsoft.RecoveryServices",
    "GET providers/Microsoft.Storage",
    "GET vault-dr/replicationPolicies",
    "GET Microsoft.Storage/storageAccounts",
    "GET Microsoft.Network/virtualNetworks",
]


@pytest.fixture
def filled(subscription: Subscription) -> Subscription:
    """Return a subscription with a vault, and accounts and networks in two groups and two regions."""
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


def test_deny_assignments_and_conditions_limit_the_rights(filled: Subscription) -> None:
    filled.state.seed_deny_assignment("Stack landing-zone", ["Microsoft.Storage/*/write"], GROUP)
    found = {check["id"]: check for check in target(filled).result["target"]["scope"]["checks"]}
    assert "the deny assignment 'Stack landing-zone' at" in found["create-storage"]["message"]
    assert [name for name in RIGHTS if found[name]["status"] != "pass"] == ["create-storage"]
    filled.state.role_condition = "@Resource[Microsoft.Storage/storageAccounts:location] StringEquals 'westeurope'"
    found = {check["id"]: check for check in target(filled).result["target"]["scope"]["checks"]}
    assert [name for name in RIGHTS if found[name]["status"] == "unknown"] == [
        name for name in RIGHTS if name != "create-storage"
    ]


def ids(holder: dict[str, Any], status: str) -> list[str]:
    return [row["id"] for row in holder["checks"] if row["status"] == status]


def named(ended: Ended, name: str) -> dict[str, Any]:
    found = ended.result["target"]
    (entry,) = [entry for entry in (*found["storage_accounts"], *found["virtual_networks"]) if entry["name"] == name]
    return dict(entry)


@pytest.mark.parametrize(
    ("given", "accounts", "networks"),
    [
        ({}, {"stgood": "pass", "stfar": "error", "stpremium": "pass"}, {"vnet-good": "pass", "vnet-gateway": "error"}),
        (
            {"allow_other_region": True},
            {"stgood": "pass", "stfar": "warning", "stpremium": "pass"},
            {"vnet-good": "pass", "vnet-gateway": "error"},
        ),
        ({"target_resource_group": "rg-2"}, {"stfar": "error", "stpremium": "warning"}, {"vnet-gateway": "error"}),
        ({"target_resource_group": GROUP}, {"stgood": "pass"}, {"vnet-good": "pass"}),
        ({"target_resource_group": "rg-none"}, {}, {}),
        (
            {"vault_name": "vault-9"},
            {"stgood": "pass", "stfar": "pass", "stpremium": "pass"},
            {"vnet-good": "pass", "vnet-gateway": "error"},
        ),
    ],
)
def test_candidates(
    given: dict[str, Any], accounts: dict[str, str], networks: dict[str, str], filled: Subscription
) -> None:
    ended = target(filled, **given)
    found = ended.result["target"]
    assert {entry["name"]: entry["status"] for entry in found["storage_accounts"]} == accounts
    assert {entry["name"]: entry["status"] for entry in found["virtual_networks"]} == networks
    assert found["compatible"] == {
        "storage_accounts": sum(status != "error" for status in accounts.values()),
        "virtual_networks": sum(status != "error" for status in networks.values()),
    }
    assert filled.writes == []
    assert [entry["step"] for entry in ended.result["evidence"]] == ["B1", "T1", "T2", "T3"]
    assert bool(ended.result["warnings"]) == ("vault_name" in given)
    for entry in (*found["storage_accounts"], *found["virtual_networks"]):
        assert (entry["status"] == "pass") == (ids(entry, "fail") == [])


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
    ("rule", "severity", "made"),
    [
        ("sku", "error", {"sku": "Standard_ZRS"}),
        ("sku", "error", {"sku": "Standard_GZRS"}),
        ("kind", "error", {"kind": "BlobStorage", "accessTier": "Hot"}),
        ("kind", "error", {"kind": "FileStorage", "sku": "Premium_LRS"}),
        ("old-kind", "info", {"kind": "Storage"}),
        ("access-tier", "error", {"accessTier": "Cool"}),
        ("hierarchical-namespace", "error", {"isHnsEnabled": True}),
        ("sftp", "error", {"isHnsEnabled": True, "isSftpEnabled": True}),
        ("nfs", "error", {"isHnsEnabled": True, "isNfsV3Enabled": True}),
        ("firewall", "error", {"networkAcls": {"defaultAction": "Deny", "bypass": "None"}}),
        ("public-network-access", "warning", {"publicNetworkAccess": "Disabled"}),
        ("shared-key", "error", {"allowSharedKeyAccess": False}),
    ],
)
def test_an_existing_account_that_breaks_a_rule(
    rule: str, severity: str, made: dict[str, Any], filled: Subscription
) -> None:
    filled.state.seed_account(GROUP, "stbad", "westeurope", **made)
    found = {row["id"]: row for row in named(target(filled), "stbad")["checks"]}
    assert (found[rule]["status"], found[rule]["severity"]) == ("fail", severity)
    assert found[rule]["message"].startswith("storage account stbad ")
    assert set(found[rule]) == {"id", "step", "severity", "status", "message", "fix"}


def test_a_vault_with_an_identity_needs_no_shared_keys(filled: Subscription) -> None:
    filled.state.seed_account(GROUP, "stbad", "westeurope", allowSharedKeyAccess=False)
    vault = next(iter(filled.state.vaults.values()))
    vault.document["identity"] = {"type": "SystemAssigned", "principalId": "1", "tenantId": "2"}
    assert named(target(filled), "stbad")["status"] == "pass"


def test_a_premium_account_names_its_log_accounts(filled: Subscription) -> None:
    ended = target(filled)
    assert named(ended, "stpremium")["log_accounts"] == ["stgood"]
    assert named(ended, "stgood")["log_accounts"] == []


def test_blob_settings_are_read_for_named_accounts_only(filled: Subscription) -> None:
    filled.state.seed_account(GROUP, "stsoft", "westeurope", soft_delete=True)
    assert {"soft-delete", "versioning"} <= set(ids(named(target(filled), "stsoft"), "unknown"))
    ended = target(filled, inspect_accounts=["stsoft", "stgone"])
    assert [request for request in filled.requests if request not in CALLS] == ["GET blobServices/default"]
    assert (named(ended, "stsoft")["status"], named(ended, "stgood")["status"]) == ("error", "pass")
    assert ids(named(ended, "stsoft"), "fail") == ["soft-delete"]
    assert ended.result["warnings"] == ["inspect_accounts: stgone not found among the storage accounts"]
    assert named(target(filled, inspect_accounts=["stsoft"], allow_soft_delete=True), "stsoft")["status"] == "warning"


def test_an_invalid_account_name_is_refused_before_any_call(filled: Subscription) -> None:
    ended = target(filled, inspect_accounts=["Not-a-name"])
    assert (ended.error, filled.requests) == ({"kind": "invalid_input", "option": "inspect_accounts"}, [])


# T1 -------------------------------------------------------------------------------------------------------------------


def scope(subscription: Subscription, **given: Any) -> dict[str, Any]:
    return dict(target(subscription, **given).result["target"]["scope"])


def test_a_contributor_has_all_permissions(filled: Subscription) -> None:
    shown = scope(filled)
    assert (shown["status"], ids(shown, "fail")) == ("pass", [])
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
        # It can write network adapters and join networks, but lacks accounts and machines.
        ("Network Contributor", tuple(name for name in RIGHTS if "network" not in name)),
        ("Storage Account Contributor", tuple(name for name in RIGHTS if name not in RIGHTS[3:5])),
        ("Virtual Machine Contributor", RIGHTS[2:4] + RIGHTS[5:]),
    ],
)
def test_missing_permissions_of_a_role_on_the_group(role: str, missing: tuple[str, ...], filled: Subscription) -> None:
    filled.state.give_role("Reader", only=True)
    filled.state.give_role(role, GROUP)
    shown = scope(filled)
    assert ids(shown, "fail") == list(missing)
    assert all(row["fix"].startswith("give it the role ") for row in shown["checks"] if row["status"] == "fail")
    assert shown["status"] == ("warning" if missing else "pass")


def test_a_role_only_on_the_group(filled: Subscription) -> None:
    """It cannot read resource providers, so their state is unknown and not a failure. Lists show the readable part."""
    filled.state.give_role("Contributor", GROUP, only=True)
    ended = target(filled)
    shown = ended.result["target"]["scope"]
    assert (shown["status"], ids(shown, "fail")) == ("warning", [])
    assert ids(shown, "unknown") == [
        f"provider-{name}" for name in ("compute", "network", "recoveryservices", "storage")
    ]
    assert [entry["name"] for entry in ended.result["target"]["storage_accounts"]] == ["stgood"]


def test_unreadable_permissions_are_unknown(filled: Subscription) -> None:
    filled.fault("GET", "microsoft.authorization/permissions", "fail", times=9, status=403, code="AuthorizationFailed")
    shown = scope(filled)
    assert (ids(shown, "unknown"), shown["status"]) == (list(RIGHTS), "warning")


def test_permissions_that_fail_otherwise_are_an_error(filled: Subscription) -> None:
    filled.fault("GET", "microsoft.authorization/permissions", "fail", times=9, status=500)
    ended = target(filled)
    assert ended.error["status"] == 500
    assert ended.msg.startswith("could not read the permissions of the identity")


def test_a_group_that_does_not_exist(filled: Subscription) -> None:
    filled.state.give_role("Reader", only=True)
    shown = scope(filled, target_resource_group="rg-new")
    assert (shown["resource_group_exists"], shown["location"]) == (False, None)
    group, right = [row for row in shown["checks"] if row["status"] == "fail"][:2]
    assert group["fix"] == "have an identity with the role Contributor on the subscription create it"
    assert "in subscription 00000000-0000-0000-0000-000000000000" in right["message"]


def test_a_group_that_another_task_creates_is_not_missing(filled: Subscription) -> None:
    def groups(**given: Any) -> list[tuple[str, str]]:
        shown = scope(filled, target_resource_group="rg-new", **given)
        return [(row["status"], row["fix"]) for row in shown["checks"] if row["id"] == "resource-group"]

    assert groups() == [("fail", "create it, or set create_resource_group to true")]
    assert groups(create_resource_group=True) == [("pass", "")]
    filled.state.give_role("Reader", only=True)
    assert groups(create_resource_group=True)[0][0] == "fail"


def test_a_disabled_subscription(filled: Subscription) -> None:
    filled.state.subscription_state = "Disabled"
    shown = scope(filled)
    assert (shown["status"], ids(shown, "fail")) == ("error", ["subscription-state"])


@pytest.mark.parametrize(
    "name", ["Microsoft.Compute", "Microsoft.Network", "Microsoft.RecoveryServices", "Microsoft.Storage"]
)
def test_a_provider_that_is_not_registered(name: str, filled: Subscription) -> None:
    """Without it there is nothing to list, and Azure would refuse the call."""
    filled.state.unregister_provider(name)
    ended = target(filled)
    assert not ended.failed
    assert ids(ended.result["target"]["scope"], "fail") == [f"provider-{name.split('.')[1].lower()}"]
    assert name in ended.result["evidence"][1]["verified"]


@pytest.mark.parametrize(
    ("level", "place", "status", "text"),
    [
        ("ReadOnly", GROUP, "error", "no resources can be created in resource group rg-dr, because it is read-only"),
        ("ReadOnly", None, "error", "remove the lock keep, which requires the role User Access Administrator"),
        ("CanNotDelete", GROUP, "pass", "including those of a test failover, because of the lock keep"),
        ("ReadOnly", "rg-2", "pass", None),
    ],
)
def test_locks(level: str, place: str | None, status: str, text: str | None, filled: Subscription) -> None:
    filled.state.seed_lock("keep", level, place)
    shown = scope(filled)
    assert (shown["status"], ids(shown, "fail")) == (status, ["locks"] if text else [])
    found = [f"{row['message']}; {row['fix']}" for row in shown["checks"] if row["status"] == "fail"]
    assert (text or "") in "".join(found)


def test_evidence_names_subscription_group_and_rights(filled: Subscription) -> None:
    found = target(filled).result["evidence"][1]
    assert found["found"].startswith("subscription Site Recovery lab (Enabled); resource group rg-dr in westeurope")
    assert "; the identity has all required permissions; all resource providers are registered" in found["found"]
    assert found["verified"] == "no problem found"


# Policies -------------------------------------------------------------------------------------------------------------


def test_a_policy_with_data_encryption_is_reported_in_one_line(filled: Subscription) -> None:
    vault = next(iter(filled.state.vaults.values()))
    filled.state.seed_policy(vault, "new")
    assert target(filled).result["target"]["policies"]["status"] == "pass"
    filled.state.seed_policy(vault, "old", encryption="Enabled")
    ended = target(filled)
    (line,) = ended.result["warnings"]
    assert line.startswith("replication policy old uses data encryption, which was retired on 2022-04-30")
    policies = ended.result["target"]["policies"]
    (check,) = policies["checks"]
    assert (policies["status"], check["id"], check["severity"], check["status"]) == (
        "error",
        "data-encryption",
        "error",
        "fail",
    )
    assert line == f"{check['message']}; {check['fix']}"
    assert ended.result["evidence"][-1]["step"] == "P7"


def test_a_policy_that_copies_every_30_seconds(filled: Subscription) -> None:
    vault = next(iter(filled.state.vaults.values()))
    filled.state.seed_policy(vault, "fast", interval=30)
    ended = target(filled)
    assert ids(named(ended, "stpremium"), "fail") == ["copy-frequency"]
    assert (named(ended, "stpremium")["status"], ids(named(ended, "stgood"), "fail")) == ("pass", [])


def test_unreadable_policies_are_unknown(filled: Subscription) -> None:
    filled.fault("GET", "vault-dr/replicationpolicies", "fail", times=9, status=403, code="AuthorizationFailed")
    ended = target(filled)
    assert ended.result["target"]["policies"]["checks"][0]["status"] == "unknown"
    assert "copy-frequency" in ids(named(ended, "stpremium"), "unknown")


# The checks of the preflight ------------------------------------------------------------------------------------------


def checks(subscription: Subscription, **given: Any) -> list[tuple[str, str, str, str]]:
    """Return the checks that the preflight lists."""
    found = target(subscription, **given).result["checks"]
    return [(row["id"], row["step"], row["status"], row["message"]) for row in found]


def test_the_checks_of_a_target_without_problems(filled: Subscription) -> None:
    found = checks(filled, target_resource_group=GROUP)
    assert found == [
        ("azure-login", "T1", "pass", "the sign-in works, and the vaults of resource group rg-dr can be read"),
        ("vault", "B1", "pass", "vault vault-dr is in westeurope"),
        ("target-scope", "T1", "pass", "subscription Site Recovery lab, resource group rg-dr"),
        ("data-encryption", "P7", "pass", "no replication policy uses data encryption"),
        (
            "compatible-target",
            "T3",
            "pass",
            "1 of 1 storage accounts and 1 of 1 networks can be used; vault vault-dr is in westeurope",
        ),
    ]


def test_the_check_of_a_target_without_accounts_and_networks_does_not_count() -> None:
    assert count_compatible([], []) == "no storage account or network exists that can be used"


def test_the_checks_name_candidates_that_cannot_be_used(filled: Subscription) -> None:
    name, step, status, message = checks(filled)[-1]
    assert (name, step, status) == ("compatible-target", "T3", "pass")
    assert "storage account stfar is in northeurope, but the vault is in westeurope" in message
    assert "network vnet-gateway has no usable subnet: GatewaySubnet is reserved" in message


def test_a_target_without_a_usable_candidate_is_a_warning(filled: Subscription) -> None:
    ended = target(filled, target_resource_group="rg-2")
    check = ended.result["checks"][-1]
    assert (check["id"], check["severity"], check["status"]) == ("compatible-target", "warning", "fail")
    assert check["fix"]


def test_a_vault_that_does_not_exist_has_a_planned_id(filled: Subscription) -> None:
    existing = target(filled).result["target"]
    planned = target(filled, vault_name="vault-9").result["target"]
    assert (existing["exists"], planned["exists"], planned["vault_location"]) == (True, False, None)
    assert planned["vault_id"] == existing["vault_id"].replace("vault-dr", "vault-9")
    found = checks(filled, vault_name="vault-9")
    assert [row[:3] for row in found] == [
        ("azure-login", "T1", "pass"),
        ("vault", "B1", "pass"),
        ("target-scope", "T1", "pass"),
        ("data-encryption", "P7", "pass"),
    ]
    assert found[1][3] == "vault vault-9 does not exist yet"


@pytest.mark.parametrize("check_target", ["existing", "never"])
def test_a_target_that_must_not_be_checked_needs_the_read_of_the_vault_only(
    check_target: str, filled: Subscription
) -> None:
    filled.state.context.journal.clear()
    ended = target(filled, vault_name="vault-9", check_target=check_target)
    assert filled.state.context.journal.counts["azure.get"] == 1
    assert set(ended.result["target"]) == {"vault_id", "exists", "vault_location"}
    assert [check["id"] for check in ended.result["checks"]] == ["azure-login", "vault"]
    assert [row["step"] for row in ended.result["evidence"]] == ["B1"]


def test_existing_reads_the_target_of_an_existing_vault(filled: Subscription) -> None:
    assert target(filled, check_target="existing").result == target(filled).result
    assert set(target(filled, check_target="never").result["target"]) == {"vault_id", "exists", "vault_location"}


@pytest.mark.parametrize("check_target", ["always", "existing"])
def test_a_subscription_without_the_resource_provider_has_no_vault(check_target: str, filled: Subscription) -> None:
    """Azure refuses even the read, and the module that creates the vault registers the provider."""
    filled.state.unregister_provider("Microsoft.RecoveryServices")
    ended = target(filled, check_target=check_target)
    assert not ended.failed, ended.msg
    assert ended.result["target"]["exists"] is False


def test_unreadable_permissions_are_one_check_for_all_tasks(filled: Subscription) -> None:
    filled.fault("GET", "microsoft.authorization/permissions", "fail", times=9, status=403, code="AuthorizationFailed")
    unknown = [row for row in checks(filled) if row[2] == "unknown"]
    assert [row[3] for row in unknown] == ["the identity cannot read its permissions on resource group rg-dr"]


def test_missing_permissions_are_checks_with_their_role(filled: Subscription) -> None:
    filled.state.give_role("Reader", only=True)
    failed = [row for row in target(filled).result["checks"] if row["status"] == "fail"]
    assert [row["id"] for row in failed] == list(RIGHTS)
    assert {row["severity"] for row in failed} == {"warning"}
