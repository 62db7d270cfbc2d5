# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a vault can replicate to: one rule broken at a time (T1 to T7)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.candidates import (
    Candidate,
    compatible,
    judge_accounts,
    judge_networks,
    worst,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.storage_account import StorageAccount
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.storage_firewall import NetworkAcls
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.subnet import Subnet
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.target_rules import (
    ACCOUNT_RULES,
    GENERAL,
    NETWORK_RULES,
    PLACE_RULES,
    RESERVED_SUBNETS,
    SHAPE_RULES,
    Around,
    BlobSettings,
    ReplicationPolicy,
    account_findings,
    network_findings,
    policy_findings,
    region_findings,
    require_same_region,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.virtual_network import VirtualNetwork
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import InvalidInput
from tests.unit.plugins.module_utils.nouns import SUBSCRIPTION
from tests.unit.plugins.module_utils.test_storage_account import ACCOUNT, PREMIUM
from tests.unit.plugins.module_utils.test_virtual_network import NETWORK

MACHINES = Subnet("machines", ("10.1.1.0/24",))
GATEWAY = Subnet("GatewaySubnet", ("10.1.2.0/24",))
GOOD = replace(NETWORK, subnets=(MACHINES,), document={})
PLAIN = BlobSettings(soft_delete=False, versioning=False, change_feed=False, point_in_time_restore=False)
FAST = ReplicationPolicy("fast", 30, encryption=False)
KNOWN = Around(
    vault_location="West Europe",
    vault_subscription=SUBSCRIPTION.upper(),
    vault_identity=False,
    whole_subscription=True,
    policies=(),
    blob_settings={ACCOUNT.id.casefold(): PLAIN},
)
ELSEWHERE = "11111111-0000-0000-0000-000000000000"


def account(**changed: Any) -> StorageAccount:
    return replace(ACCOUNT, **changed)


def blob(**changed: Any) -> Around:
    return replace(KNOWN, blob_settings={ACCOUNT.id.casefold(): replace(PLAIN, **changed)})


def rules(candidate: Candidate, verdict: str) -> list[str]:
    return [finding.rule for finding in candidate.findings if finding.verdict == verdict]


SHUT = NetworkAcls(default_action="deny", bypass=("logging",))
# The rule, how hard it is, what it says, and the account that breaks it.
ACCOUNTS: list[tuple[str, str, str, StorageAccount, Around]] = [
    ("region", "hard", "is in northeurope, the vault in westeurope", account(location="northeurope"), KNOWN),
    ("target-region", "hard", "not offered in southcentralindia", account(location="southcentralindia"), KNOWN),
    ("target-region", "hard", "not offered in northeastus5", account(location="northeastus5"), KNOWN),
    ("target-region", "hard", "germanycentral was closed", account(location="germanycentral"), KNOWN),
    ("subscription", "warn", f"is in subscription {ELSEWHERE}", account(subscription_id=ELSEWHERE), KNOWN),
    (
        "deployment-model",
        "hard",
        "classic deployment model, which is retired",
        account(id=ACCOUNT.id.replace("Microsoft.Storage", "Microsoft.ClassicStorage")),
        KNOWN,
    ),
    ("state", "hard", "is in state Creating", account(provisioning_state="Creating"), KNOWN),
    ("state", "hard", "is in state unknown", account(provisioning_state=""), KNOWN),
    *(
        ("sku", "hard", f"{sku} replicates over zones", account(sku=sku), KNOWN)
        for sku in ("Standard_ZRS", "Standard_GZRS", "Standard_RAGZRS", "Premium_ZRS")
    ),
    *(
        ("sku", "hard", f"{sku} is not among the supported ones", account(sku=sku), KNOWN)
        for sku in ("StandardV2_LRS", "StandardV2_GRS", "PremiumV2_LRS", "")
    ),
    *(
        ("kind", "hard", f"{kind} accounts offer no page blobs", account(kind=kind), KNOWN)
        for kind in ("BlobStorage", "BlockBlobStorage", "FileStorage")
    ),
    ("old-kind", "note", "general-purpose v1", account(kind="Storage", access_tier=None), KNOWN),
    *(
        ("access-tier", "hard", f"access tier {tier} is not supported", account(access_tier=tier), KNOWN)
        for tier in ("Cool", "Cold", "Smart")
    ),
    ("primary", "hard", "a primary that is unavailable", account(primary_status="unavailable"), KNOWN),
    ("log-account", "hard", "no standard account in westeurope can keep its replication logs", PREMIUM, KNOWN),
    ("log-account", "warn", "have one as well", PREMIUM, replace(KNOWN, whole_subscription=False)),
    ("hierarchical-namespace", "hard", "offers no page blobs", account(hierarchical_namespace=True), KNOWN),
    ("sftp", "hard", "SFTP", account(sftp_enabled=True), KNOWN),
    ("nfs", "hard", "NFS 3.0", account(nfs_v3_enabled=True), KNOWN),
    ("soft-delete", "hard", "blob soft delete on", ACCOUNT, blob(soft_delete=True)),
    ("soft-delete", "warn", "blob soft delete on", ACCOUNT, replace(blob(soft_delete=True), allow_soft_delete=True)),
    ("versioning", "warn", "has versioning on", ACCOUNT, blob(versioning=True)),
    (
        "versioning",
        "warn",
        "change feed and point-in-time restore on",
        ACCOUNT,
        blob(change_feed=True, point_in_time_restore=True),
    ),
    ("firewall", "hard", "without the exception for trusted", account(network_acls=SHUT), KNOWN),
    ("public-network-access", "warn", "needs private endpoints", account(public_network_access="disabled"), KNOWN),
    ("shared-key", "hard", "the vault has no identity", account(allow_shared_key_access=False), KNOWN),
    (
        "customer-managed-key",
        "warn",
        "managed disks only",
        account(encryption_key_source="Microsoft.Keyvault"),
        KNOWN,
    ),
]
NETWORKS: list[tuple[str, str, str, VirtualNetwork]] = [
    ("region", "hard", "is in northeurope, the vault in westeurope", replace(GOOD, location="northeurope")),
    ("target-region", "hard", "not offered in northeastus5", replace(GOOD, location="northeastus5")),
    ("subscription", "warn", f"is in subscription {ELSEWHERE}", replace(GOOD, subscription_id=ELSEWHERE)),
    (
        "deployment-model",
        "hard",
        "classic deployment model",
        replace(GOOD, id=GOOD.id.replace("Microsoft.Network", "Microsoft.ClassicNetwork")),
    ),
    ("state", "hard", "is in state Failed", replace(GOOD, provisioning_state="Failed")),
    ("subnet", "hard", "has no subnet", replace(GOOD, subnets=())),
    (
        "subnet",
        "hard",
        "machines is delegated to Microsoft.Web",
        replace(GOOD, subnets=(replace(MACHINES, delegations=("Microsoft.Web",)),)),
    ),
    (
        "subnet",
        "hard",
        "machines has no IPv4 range",
        replace(GOOD, subnets=(replace(MACHINES, prefixes=("fd::/64",)),)),
    ),
    ("subnet", "hard", "machines has no IPv4 range", replace(GOOD, subnets=(replace(MACHINES, prefixes=()),))),
    *(
        ("subnet", "hard", "is reserved for Azure", replace(GOOD, subnets=(replace(MACHINES, name=name.lower()),)))
        for name in RESERVED_SUBNETS
    ),
    (
        "subnet-choice",
        "warn",
        "first subnet, GatewaySubnet, that is reserved",
        replace(GOOD, subnets=(GATEWAY, MACHINES)),
    ),
    (
        "free-addresses",
        "warn",
        "no free address in machines",
        replace(
            GOOD,
            subnets=(replace(MACHINES, prefixes=("10.1.1.0/29",)),),
            document={"properties": {"subnets": [{"name": "machines", "properties": {"ipConfigurations": [{}] * 3}}]}},
        ),
    ),
]


def only_one_speaks(candidate: Candidate, rule: str, hardness: str, told: str) -> None:
    shown = candidate.to_result()
    (found,) = [row for row in shown["rules"] if row["verdict"] == "fail" and row["rule"] not in _follow(rule)]
    assert (found["rule"], found["hardness"]) == (rule, hardness)
    assert told in found["reason"]
    assert found["reason"] in shown["reasons"]
    assert shown["verdict"] == {"hard": "refused", "warn": "warn", "note": "ok"}[hardness]
    assert compatible([candidate]) == (hardness != "hard")


def _follow(rule: str) -> Iterable[str]:
    """A region that is not offered is not the vault's either; a premium sku of another sort wants a log account."""
    return {"target-region": ("region",), "sku": ("log-account",)}.get(rule, ())


@pytest.mark.parametrize(("rule", "hardness", "told", "broken", "around"), ACCOUNTS)
def test_one_rule_for_accounts(rule: str, hardness: str, told: str, broken: StorageAccount, around: Around) -> None:
    (candidate,) = judge_accounts([broken], around)
    only_one_speaks(candidate, rule, hardness, told)


@pytest.mark.parametrize(("rule", "hardness", "told", "broken"), NETWORKS)
def test_one_rule_for_networks(rule: str, hardness: str, told: str, broken: VirtualNetwork) -> None:
    (candidate,) = judge_networks([broken], KNOWN)
    only_one_speaks(candidate, rule, hardness, told)


def test_every_rule_has_been_seen_broken() -> None:
    places = [rule.name for rule in PLACE_RULES]
    names = [*places, *(rule.name for rule in SHAPE_RULES), *(rule.name for rule in ACCOUNT_RULES)]
    # Two have a test of their own below.
    assert set(names) - {"copy-frequency", "premium-region"} == {row[0] for row in ACCOUNTS}
    assert {*places, *(rule.name for rule in NETWORK_RULES)} == {row[0] for row in NETWORKS}
    assert len(names) == len(set(names))
    assert not {note.rule for note in GENERAL} & set(names)


@pytest.mark.parametrize(
    "good",
    [
        ACCOUNT,
        *(account(sku=sku) for sku in ("Standard_GRS", "Standard_RAGRS")),
        account(network_acls=NetworkAcls(default_action="deny")),
    ],
)
def test_a_good_account_passes_every_rule(good: StorageAccount) -> None:
    (candidate,) = judge_accounts([good], KNOWN)
    assert (candidate.verdict, candidate.to_result()["reasons"]) == ("ok", [])
    assert {finding.verdict for finding in candidate.findings} == {"pass"}


@pytest.mark.parametrize(
    "subnets",
    [(MACHINES,), (MACHINES, GATEWAY), (replace(MACHINES, prefixes=("fd00::/64", "10.1.1.0/24")),)],
)
def test_a_good_network_passes_every_rule(subnets: tuple[Subnet, ...]) -> None:
    (candidate,) = judge_networks([replace(GOOD, subnets=subnets)], KNOWN)
    assert {finding.verdict for finding in candidate.findings} == {"pass"}


def test_what_was_not_looked_at_is_not_known_and_refuses_nothing() -> None:
    closed = account(allow_shared_key_access=False, primary_status=None)
    (candidate,) = judge_accounts([closed], Around())
    assert rules(candidate, "unknown") == [
        "region",
        "subscription",
        "primary",
        "soft-delete",
        "versioning",
        "shared-key",
    ]
    assert (candidate.verdict, rules(candidate, "fail")) == ("ok", [])
    (fast,) = judge_accounts([PREMIUM], Around())
    assert "copy-frequency" in rules(fast, "unknown")
    (network,) = judge_networks([replace(GOOD, subnets=())], Around())
    assert rules(network, "unknown") == ["region", "subscription", "subnet-choice", "free-addresses"]


def test_an_identity_makes_up_for_shared_keys() -> None:
    around = replace(KNOWN, vault_identity=True)
    (candidate,) = judge_accounts([account(allow_shared_key_access=False)], around)
    assert candidate.verdict == "ok"
    assert "has shared keys off; the vault's identity needs roles on it" in [row.message for row in candidate.findings]


LOGS = account(id="/logs", name="stlogs")


@pytest.mark.parametrize(
    ("others", "able", "verdict"),
    [
        ([], (), "refused"),
        ([LOGS, account(id="/more", name="stmore", sku="Standard_GRS")], ("stlogs", "stmore"), "ok"),
        ([replace(LOGS, location="northeurope")], (), "refused"),
        ([replace(LOGS, hierarchical_namespace=True)], (), "refused"),
        ([replace(PREMIUM, id="/2")], (), "refused"),
    ],
)
def test_a_premium_account_names_the_standard_ones_for_its_logs(
    others: list[StorageAccount], able: tuple[str, ...], verdict: str
) -> None:
    candidate = judge_accounts([PREMIUM, *others], KNOWN)[0]
    assert (candidate.log_accounts, candidate.verdict) == (able, verdict)


@pytest.mark.parametrize(("sku", "location", "told"), [
    ("Premium_LRS", "centralindia", True), ("Premium_LRS", "southindia", True),
    ("Premium_LRS", "westeurope", False), ("Standard_LRS", "southindia", False),
])  # fmt: skip
def test_premium_in_india_is_doubtful(sku: str, location: str, told: bool) -> None:
    (candidate,) = judge_accounts([account(sku=sku, location=location)], KNOWN)
    assert ("premium-region" in rules(candidate, "fail")) is told


def test_a_fast_policy_and_a_premium_account_don_t_go_together() -> None:
    around = replace(KNOWN, policies=(FAST, ReplicationPolicy("slow", 300, encryption=False)))
    premium, standard = judge_accounts([PREMIUM, LOGS], around)
    assert "with policy fast, which copies every 30 s" in "".join(premium.to_result()["reasons"])
    assert (premium.verdict, "copy-frequency" in rules(standard, "pass")) == ("ok", True)


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        (
            {"instanceType": "HyperVReplicaAzure", "replicationInterval": 30},
            ReplicationPolicy("p", 30, encryption=False),
        ),
        (
            {"instanceType": "HyperVReplicaAzure", "encryption": "Disabled"},
            ReplicationPolicy("p", None, encryption=False),
        ),
        (
            {"instanceType": "HyperVReplicaAzure", "encryption": "Enabled"},
            ReplicationPolicy("p", None, encryption=True),
        ),
        ({"instanceType": "InMageRcm"}, None),
        (None, None),
    ],
)
def test_a_policy_from_the_service(details: Any, expected: ReplicationPolicy | None) -> None:
    document = {"name": "p", "properties": {"providerSpecificDetails": details}}
    assert ReplicationPolicy.from_wire(document) == expected


def test_data_encryption_in_a_policy_is_one_clear_line() -> None:
    """P7: the collection has no option for it, because the feature has ended."""
    (finding,) = policy_findings([FAST, ReplicationPolicy("old", 300, encryption=True)])
    assert (finding.hardness, worst([finding])) == ("hard", "refused")
    assert finding.message.startswith("policy old encrypts data itself, a feature that ended on 2022-04-30")
    assert "\n" not in finding.message


@pytest.mark.parametrize(
    ("vault", "allowed", "verdict"),
    [
        ("North Europe", False, "refused"),
        ("northeurope", True, "warn"),
        (None, False, "ok"),
        ("West Europe", False, "ok"),
    ],
)
def test_the_region_is_the_vaults_unless_another_is_allowed(vault: str | None, allowed: bool, verdict: str) -> None:
    around = replace(KNOWN, vault_location=vault, allow_other_region=allowed)
    assert judge_accounts([ACCOUNT], around)[0].verdict == verdict
    assert judge_networks([GOOD], around)[0].verdict == verdict
    assert [found.hardness for found in region_findings("westeurope", vault, allowed)] == {
        "ok": [],
        "warn": ["warn"],
        "refused": ["hard"],
    }[verdict]
    arguments: tuple[Any, ...] = ("westeurope", vault, allowed)
    if verdict == "refused":
        with pytest.raises(InvalidInput, match=r"^location: westeurope is not the vault's region, northeurope; use"):
            require_same_region(*arguments)
    else:
        require_same_region(*arguments)


@pytest.mark.parametrize("place", ["southcentralindia", "North East US 5", "germanynortheast"])
def test_a_region_that_is_not_offered_is_refused_offline(place: str) -> None:
    for vault in (None, place):
        with pytest.raises(InvalidInput, match=r"^location: .*; choose another region$"):
            require_same_region(place, vault, True)


def test_hard_reasons_come_first() -> None:
    worst_of_all = replace(
        PREMIUM, kind="Storage", location="northeurope", provisioning_state="Creating", public_network_access="disabled"
    )
    (candidate,) = judge_accounts([worst_of_all], KNOWN)
    assert [found.hardness for found in candidate.objections] == ["hard", "hard", "hard", "warn", "note"]
    assert candidate.to_result()["reasons"] == [found.message for found in candidate.objections]


def test_what_an_existing_account_or_network_shows_by_itself() -> None:
    told = account_findings(account(location="southcentralindia", nfs_v3_enabled=True, allow_shared_key_access=False))
    assert [finding.rule for finding in told] == ["target-region", "nfs"]
    assert account_findings(PREMIUM) == []
    assert [finding.rule for finding in network_findings(replace(GOOD, subnets=()))] == ["subnet"]


def test_settings_of_a_blob_service() -> None:
    on = {"enabled": True}
    document = {
        "properties": {
            "deleteRetentionPolicy": on,
            "isVersioningEnabled": True,
            "changeFeed": {"enabled": False},
            "restorePolicy": on,
        }
    }
    assert BlobSettings.from_wire(document) == BlobSettings(
        soft_delete=True, versioning=True, change_feed=False, point_in_time_restore=True
    )
    assert BlobSettings.from_wire({}) == PLAIN
