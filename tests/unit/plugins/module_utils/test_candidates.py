# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replication targets: each rule is broken once (T1 to T7)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.account_rules import ACCOUNT_RULES
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.candidates import (
    Candidate,
    account_checks,
    compatible,
    evaluate_accounts,
    evaluate_networks,
    network_checks,
    own_problems,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.network_rules import NETWORK_RULES
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.place_rules import PLACE_RULES
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.regions import require_target_region
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.replication_policy import (
    ReplicationPolicy,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.storage_account import StorageAccount
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.storage_firewall import NetworkAcls
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.subnet import Subnet
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.target_limits import RESERVED_SUBNETS
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.target_notes import NOTES
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.target_rule import (
    BlobSettings,
    RuleContext,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.virtual_network import VirtualNetwork
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import InvalidInput
from tests.unit.plugins.module_utils.networks import NETWORK
from tests.unit.plugins.module_utils.resources import SUBSCRIPTION
from tests.unit.plugins.module_utils.test_storage_account import ACCOUNT, PREMIUM

MACHINES = Subnet.from_wire({"name": "machines", "properties": {"addressPrefix": "10.1.1.0/24"}})
GATEWAY = replace(MACHINES, name="GatewaySubnet", prefixes=("10.1.2.0/24",))
GOOD = replace(NETWORK, subnets=(MACHINES,), document={})
PLAIN = BlobSettings(soft_delete=False, versioning=False, change_feed=False, point_in_time_restore=False)
FAST = ReplicationPolicy("fast", 30, encryption=False)
KNOWN = RuleContext(
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


def blob(**changed: Any) -> RuleContext:
    return replace(KNOWN, blob_settings={ACCOUNT.id.casefold(): replace(PLAIN, **changed)})


def ids(candidate: Candidate, status: str) -> list[str]:
    return [check.id for check in candidate.checks if check.status == status]


SHUT = NetworkAcls(default_action="deny", bypass=("logging",))
# The rule, its severity, its message, and the account that breaks it.
ACCOUNTS: list[tuple[str, str, str, StorageAccount, RuleContext]] = [
    ("region", "error", "is in northeurope, but the vault is in westeurope", account(location="northeurope"), KNOWN),
    ("target-region", "error", "not offered in southcentralindia", account(location="southcentralindia"), KNOWN),
    ("target-region", "error", "not offered in northeastus5", account(location="northeastus5"), KNOWN),
    ("target-region", "error", "germanycentral was closed", account(location="germanycentral"), KNOWN),
    ("subscription", "warning", f"is in subscription {ELSEWHERE}", account(subscription_id=ELSEWHERE), KNOWN),
    (
        "deployment-model",
        "error",
        "classic deployment model, which is retired",
        account(id=ACCOUNT.id.replace("Microsoft.Storage", "Microsoft.ClassicStorage")),
        KNOWN,
    ),
    ("state", "error", "is in state Creating", account(provisioning_state="Creating"), KNOWN),
    ("state", "error", "is in state unknown", account(provisioning_state=""), KNOWN),
    *(
        ("sku", "error", f"{sku} is zone-redundant", account(sku=sku), KNOWN)
        for sku in ("Standard_ZRS", "Standard_GZRS", "Standard_RAGZRS", "Premium_ZRS")
    ),
    *(
        ("sku", "error", f"{sku} is not a supported SKU", account(sku=sku), KNOWN)
        for sku in ("StandardV2_LRS", "StandardV2_GRS", "PremiumV2_LRS", "")
    ),
    *(
        ("kind", "error", f"{kind} accounts do not support page blobs", account(kind=kind), KNOWN)
        for kind in ("BlobStorage", "BlockBlobStorage", "FileStorage")
    ),
    ("old-kind", "info", "general-purpose v1", account(kind="Storage", access_tier=None), KNOWN),
    *(
        ("access-tier", "error", f"access tier {tier} is not supported", account(access_tier=tier), KNOWN)
        for tier in ("Cool", "Cold", "Smart")
    ),
    ("primary", "error", "a primary that is unavailable", account(primary_status="unavailable"), KNOWN),
    ("log-account", "error", "no standard account in westeurope can keep its replication logs", PREMIUM, KNOWN),
    ("log-account", "warning", "no standard account in westeurope", PREMIUM, replace(KNOWN, whole_subscription=False)),
    ("hierarchical-namespace", "error", "does not support page blobs", account(hierarchical_namespace=True), KNOWN),
    ("sftp", "error", "SFTP", account(sftp_enabled=True), KNOWN),
    ("nfs", "error", "NFS 3.0", account(nfs_v3_enabled=True), KNOWN),
    ("soft-delete", "error", "blob soft delete enabled", ACCOUNT, blob(soft_delete=True)),
    (
        "soft-delete",
        "warning",
        "blob soft delete enabled",
        ACCOUNT,
        replace(blob(soft_delete=True), allow_soft_delete=True),
    ),
    ("versioning", "warning", "has versioning enabled", ACCOUNT, blob(versioning=True)),
    (
        "versioning",
        "warning",
        "change feed and point-in-time restore enabled",
        ACCOUNT,
        blob(change_feed=True, point_in_time_restore=True),
    ),
    ("firewall", "error", "without the exception for trusted", account(network_acls=SHUT), KNOWN),
    (
        "public-network-access",
        "warning",
        "does not accept public network access",
        account(public_network_access="disabled"),
        KNOWN,
    ),
    ("shared-key", "error", "the vault has no identity", account(allow_shared_key_access=False), KNOWN),
    (
        "customer-managed-key",
        "warning",
        "only supports failover to managed disks",
        account(encryption_key_source="Microsoft.Keyvault"),
        KNOWN,
    ),
]
NETWORKS: list[tuple[str, str, str, VirtualNetwork]] = [
    ("region", "error", "is in northeurope, but the vault is in westeurope", replace(GOOD, location="northeurope")),
    ("target-region", "error", "not offered in northeastus5", replace(GOOD, location="northeastus5")),
    ("subscription", "warning", f"is in subscription {ELSEWHERE}", replace(GOOD, subscription_id=ELSEWHERE)),
    (
        "deployment-model",
        "error",
        "classic deployment model",
        replace(GOOD, id=GOOD.id.replace("Microsoft.Network", "Microsoft.ClassicNetwork")),
    ),
    ("state", "error", "is in state Failed", replace(GOOD, provisioning_state="Failed")),
    ("subnet", "error", "has no subnet", replace(GOOD, subnets=())),
    (
        "subnet",
        "error",
        "machines is delegated to Microsoft.Web",
        replace(GOOD, subnets=(replace(MACHINES, delegations=("Microsoft.Web",)),)),
    ),
    (
        "subnet",
        "error",
        "machines has no IPv4 range",
        replace(GOOD, subnets=(replace(MACHINES, prefixes=("fd::/64",)),)),
    ),
    ("subnet", "error", "machines has no IPv4 range", replace(GOOD, subnets=(replace(MACHINES, prefixes=()),))),
    *(
        ("subnet", "error", "is reserved for Azure", replace(GOOD, subnets=(replace(MACHINES, name=name.lower()),)))
        for name in RESERVED_SUBNETS
    ),
    (
        "subnet-choice",
        "warning",
        "places machines in GatewaySubnet, which is reserved",
        replace(GOOD, subnets=(GATEWAY, MACHINES)),
    ),
    (
        "free-addresses",
        "warning",
        "no free address in machines",
        replace(
            GOOD,
            subnets=(replace(MACHINES, prefixes=("10.1.1.0/29",)),),
            document={"properties": {"subnets": [{"name": "machines", "properties": {"ipConfigurations": [{}] * 3}}]}},
        ),
    ),
    (
        "outbound-access",
        "warning",
        "a private subnet without a NAT gateway or a route table",
        replace(GOOD, subnets=(replace(MACHINES, settings={"default_outbound_access": False}),)),
    ),
]


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        ({}, "pass"),
        ({"default_outbound_access": True}, "pass"),
        ({"default_outbound_access": False, "nat_gateway": "/nat"}, "pass"),
        ({"default_outbound_access": False, "route_table": "/rt"}, "unknown"),
        ({"default_outbound_access": False}, "fail"),
    ],
)
def test_outbound_access_of_the_first_usable_subnet(settings: dict[str, Any], status: str) -> None:
    reserved = replace(MACHINES, name="GatewaySubnet", settings={"default_outbound_access": False})
    network = replace(GOOD, subnets=(reserved, replace(MACHINES, settings=settings)))
    (candidate,) = evaluate_networks([network], KNOWN)
    (found,) = [check for check in candidate.to_result()["checks"] if check["id"] == "outbound-access"]
    assert (found["status"], found["severity"]) == (status, "info" if status == "unknown" else "warning")


def one_problem(candidate: Candidate, rule: str, severity: str, text: str) -> None:
    shown = candidate.to_result()
    (found,) = [row for row in shown["checks"] if row["status"] == "fail" and row["id"] not in _implied(rule)]
    assert (found["id"], found["severity"]) == (rule, severity)
    assert text in found["message"]
    assert found["message"].startswith(("storage account stdr ", "network vnet-dr "))
    assert found["fix"]
    assert found["message"] in [check.message for check in candidate.problems]
    assert shown["status"] == {"error": "error", "warning": "warning", "info": "pass"}[severity]
    assert compatible([candidate]) == (severity != "error")


def _implied(rule: str) -> Iterable[str]:
    """A region that is not offered is not the vault's either; a premium SKU of another type needs a log account."""
    return {"target-region": ("region",), "sku": ("log-account",)}.get(rule, ())


@pytest.mark.parametrize(("rule", "severity", "text", "broken", "context"), ACCOUNTS)
def test_one_rule_for_accounts(
    rule: str, severity: str, text: str, broken: StorageAccount, context: RuleContext
) -> None:
    (candidate,) = evaluate_accounts([broken], context)
    one_problem(candidate, rule, severity, text)


@pytest.mark.parametrize(("rule", "severity", "text", "broken"), NETWORKS)
def test_one_rule_for_networks(rule: str, severity: str, text: str, broken: VirtualNetwork) -> None:
    (candidate,) = evaluate_networks([broken], KNOWN)
    one_problem(candidate, rule, severity, text)


def test_every_rule_is_broken_once() -> None:
    places = [rule.id for rule in PLACE_RULES]
    names = [*places, *(rule.id for rule in ACCOUNT_RULES)]
    # Two have their own tests below.
    assert set(names) - {"copy-frequency", "premium-region"} == {row[0] for row in ACCOUNTS}
    assert {*places, *(rule.id for rule in NETWORK_RULES)} == {row[0] for row in NETWORKS}
    assert len(names) == len(set(names))
    assert not {note.id for note in NOTES} & set(names)


@pytest.mark.parametrize(
    "good",
    [
        ACCOUNT,
        *(account(sku=sku) for sku in ("Standard_GRS", "Standard_RAGRS")),
        account(network_acls=NetworkAcls(default_action="deny")),
    ],
)
def test_a_good_account_passes_every_rule(good: StorageAccount) -> None:
    (candidate,) = evaluate_accounts([good], KNOWN)
    assert (candidate.status, candidate.problems) == ("pass", [])
    assert {check.status for check in candidate.checks} == {"pass"}


@pytest.mark.parametrize(
    "subnets",
    [(MACHINES,), (MACHINES, GATEWAY), (replace(MACHINES, prefixes=("fd00::/64", "10.1.1.0/24")),)],
)
def test_a_good_network_passes_every_rule(subnets: tuple[Subnet, ...]) -> None:
    (candidate,) = evaluate_networks([replace(GOOD, subnets=subnets)], KNOWN)
    assert {check.status for check in candidate.checks} == {"pass"}


def test_a_rule_without_data_is_unknown_and_excludes_nothing() -> None:
    closed = account(allow_shared_key_access=False, primary_status=None)
    (candidate,) = evaluate_accounts([closed], RuleContext())
    assert ids(candidate, "unknown") == [
        "region",
        "subscription",
        "primary",
        "soft-delete",
        "versioning",
        "shared-key",
    ]
    assert (candidate.status, ids(candidate, "fail")) == ("pass", [])
    (fast,) = evaluate_accounts([PREMIUM], RuleContext())
    assert "copy-frequency" in ids(fast, "unknown")
    (network,) = evaluate_networks([replace(GOOD, subnets=())], RuleContext())
    assert ids(network, "unknown") == [
        "region",
        "subscription",
        "subnet-choice",
        "free-addresses",
        "outbound-access",
    ]


def test_an_identity_replaces_shared_keys() -> None:
    context = replace(KNOWN, vault_identity=True)
    (candidate,) = evaluate_accounts([account(allow_shared_key_access=False)], context)
    assert candidate.status == "pass"
    message = "storage account stdr has shared keys disabled; the vault's identity needs roles on it"
    assert message in [check.message for check in candidate.checks]


LOGS = account(id="/logs", name="stlogs")


@pytest.mark.parametrize(
    ("others", "usable", "status"),
    [
        ([], (), "error"),
        ([LOGS, account(id="/more", name="stmore", sku="Standard_GRS")], ("stlogs", "stmore"), "pass"),
        ([replace(LOGS, location="northeurope")], (), "error"),
        ([replace(LOGS, hierarchical_namespace=True)], (), "error"),
        ([replace(PREMIUM, id="/2")], (), "error"),
    ],
)
def test_a_premium_account_names_the_standard_ones_for_its_logs(
    others: list[StorageAccount], usable: tuple[str, ...], status: str
) -> None:
    candidate = evaluate_accounts([PREMIUM, *others], KNOWN)[0]
    assert (candidate.log_accounts, candidate.status) == (usable, status)


@pytest.mark.parametrize(("sku", "location", "doubtful"), [
    ("Premium_LRS", "centralindia", True), ("Premium_LRS", "southindia", True),
    ("Premium_LRS", "westeurope", False), ("Standard_LRS", "southindia", False),
])  # fmt: skip
def test_premium_accounts_in_india_are_doubtful(sku: str, location: str, doubtful: bool) -> None:
    (candidate,) = evaluate_accounts([account(sku=sku, location=location)], KNOWN)
    assert ("premium-region" in ids(candidate, "fail")) is doubtful


def test_a_premium_account_does_not_support_a_fast_policy() -> None:
    context = replace(KNOWN, policies=(FAST, ReplicationPolicy("slow", 300, encryption=False)))
    premium, standard = evaluate_accounts([PREMIUM, LOGS], context)
    assert "does not support policy fast, which copies every 30 s" in premium.problems[0].message
    assert (premium.status, "copy-frequency" in ids(standard, "pass")) == ("pass", True)


@pytest.mark.parametrize(
    ("vault", "allowed", "status"),
    [
        ("North Europe", False, "error"),
        ("northeurope", True, "warning"),
        (None, False, "pass"),
        ("West Europe", False, "pass"),
    ],
)
def test_the_region_must_be_the_vaults_unless_another_is_allowed(vault: str | None, allowed: bool, status: str) -> None:
    context = replace(KNOWN, vault_location=vault, allow_other_region=allowed)
    for candidate in (*evaluate_accounts([ACCOUNT], context), *evaluate_networks([GOOD], context)):
        assert candidate.status == status
        assert ids(candidate, "fail") == ([] if status == "pass" else ["region"])
    arguments: tuple[Any, ...] = ("westeurope", vault, allowed)
    if status == "error":
        with pytest.raises(InvalidInput, match=r"^location: westeurope is not the vault's region, northeurope; use"):
            require_target_region(*arguments)
    else:
        require_target_region(*arguments)


@pytest.mark.parametrize("place", ["southcentralindia", "North East US 5", "germanynortheast"])
def test_a_region_that_is_not_offered_is_refused_offline(place: str) -> None:
    for vault in (None, place):
        with pytest.raises(InvalidInput, match=r"^location: .*; choose another region$"):
            require_target_region(place, vault, True)


def test_errors_come_first() -> None:
    worst_of_all = replace(
        PREMIUM, kind="Storage", location="northeurope", provisioning_state="Creating", public_network_access="disabled"
    )
    (candidate,) = evaluate_accounts([worst_of_all], KNOWN)
    assert [check.severity for check in candidate.problems] == ["error", "error", "error", "warning", "info"]


def test_the_module_of_a_resource_warns_of_its_own_problems() -> None:
    def own(given: StorageAccount | VirtualNetwork, vault: str | None = None) -> list[tuple[str, str]]:
        checks = (
            account_checks(given, RuleContext())
            if isinstance(given, StorageAccount)
            else network_checks(given, RuleContext())
        )
        return [(check.id, check.severity) for check in own_problems(given, checks, vault)]

    broken = account(location="southcentralindia", nfs_v3_enabled=True, allow_shared_key_access=False)
    assert own(broken) == [("target-region", "error"), ("nfs", "error")]
    assert own(replace(PREMIUM, kind="Storage")) == []
    assert own(ACCOUNT, "northeurope") == [("region", "warning")]
    assert own(replace(GOOD, subnets=())) == [("subnet", "error")]


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
