# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: what of a subscription a vault can replicate to (T1 to T3); the number of calls doesn't grow with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..._azure.clients import Azure
from ..._azure.failures import Absent, read
from ..._azure.wire import Document, documents, raw
from ..._model.azure.candidates import Candidate, compatible, judge_accounts, judge_networks, worst
from ..._model.azure.deployment_scope import Scope
from ..._model.azure.storage_account import StorageAccount
from ..._model.azure.target_rules import (
    GENERAL,
    POLICY_RULE,
    Around,
    BlobSettings,
    Finding,
    ReplicationPolicy,
    policy_findings,
)
from ..._model.azure.vault import Vault
from ..._model.common.names import require_account_name
from ..._model.common.resource import Evidence
from . import resource_groups as groups
from .deployment_scope import if_allowed, read_scope
from .storage_account import list_accounts
from .virtual_network import list_networks


@dataclass(frozen=True, slots=True)
class _SeenVault:
    vault: Vault
    identity: bool


def read_target(options: Mapping[str, Any], azure: Azure) -> dict[str, Any]:
    """The result's keys. Raises InvalidInput."""
    named = _named(options["inspect_accounts"] or ())
    group = options["target_resource_group"]
    scope = read_scope(azure, group or options["resource_group"])
    seen = _find_vault(azure, scope, options["resource_group"], options["vault_name"])
    vault = seen.vault if seen else None
    policies = if_allowed(lambda: _policies(azure, vault)) if vault else None
    accounts = _accounts(azure, scope, group)
    around = Around(
        vault_location=vault.location if vault else None,
        vault_subscription=vault.subscription_id if vault else None,
        vault_identity=seen.identity if seen else None,
        allow_other_region=options["allow_other_region"],
        allow_soft_delete=options["allow_soft_delete"],
        whole_subscription=group is None,
        policies=policies,
        blob_settings=_blob_settings(azure, accounts, named),
    )
    judged = judge_accounts(accounts, around), judge_networks(_networks(azure, scope, group), around)
    problems = policy_findings(policies or ())
    return {
        "checks": _integration(scope, policies, vault, judged),
        "target": {
            "vault_id": vault.id if vault else _planned_id(azure, options),
            "exists": vault is not None,
            "vault_location": around.vault_location,
            "scope": scope.to_result(),
            "storage_accounts": [
                {**candidate.to_result(), "log_accounts": list(candidate.log_accounts)} for candidate in judged[0]
            ],
            "virtual_networks": [candidate.to_result() for candidate in judged[1]],
            "compatible": {"storage_accounts": compatible(judged[0]), "virtual_networks": compatible(judged[1])},
            "policies": {
                "verdict": worst(problems),
                "reasons": [finding.message for finding in problems],
                "rules": [finding.to_result() for finding in _policy_rows(policies)],
            },
            "notes": [{"rule": note.rule, "hardness": note.hardness, "reason": note.message} for note in GENERAL],
        },
        "evidence": [entry.to_result() for entry in _evidence(scope, vault, problems, *judged)],
        "warnings": [
            *([] if vault else [f"vault '{options['vault_name']}' does not exist, so regions were not compared"]),
            *(finding.message for finding in problems),
            *_not_found(accounts, named),
        ],
    }


def _named(names: Sequence[str]) -> set[str]:
    for name in names:
        require_account_name(name, "inspect_accounts")
    return set(names)


def _find_vault(azure: Azure, scope: Scope, group: str, name: str) -> _SeenVault | None:
    """A subscription that is not registered for vaults has none, and would refuse the question."""
    if not scope.registered("Microsoft.RecoveryServices"):
        return None
    vaults = azure.recovery_services.vaults

    def convert(document: Document) -> _SeenVault:
        kind = str((document.get("identity") or {}).get("type") or "None")
        return _SeenVault(Vault.from_wire(document), kind.casefold() != "none")

    return groups.find(f"read vault {name}", lambda: vaults.get(group, name, cls=raw), convert).resource


def _policies(azure: Azure, vault: Vault) -> list[ReplicationPolicy]:
    policies = azure.site_recovery.replication_policies
    answer = read(
        "list the vault's replication policies",
        lambda: documents(policies.list(vault.resource_group, vault.name)),
    )
    # The vault was there a moment ago; one that has just gone has no policy.
    found = [] if isinstance(answer, Absent) else [ReplicationPolicy.from_wire(document) for document in answer]
    return [policy for policy in found if policy]


def _accounts(azure: Azure, scope: Scope, group: str | None) -> list[StorageAccount]:
    """None where there can be none, as for vaults."""
    return (list_accounts(azure, group) or []) if scope.registered("Microsoft.Storage") else []


def _networks(azure: Azure, scope: Scope, group: str | None) -> Sequence[Any]:
    return (list_networks(azure, group) or []) if scope.registered("Microsoft.Network") else []


def _blob_settings(azure: Azure, accounts: Sequence[StorageAccount], named: set[str]) -> dict[str, BlobSettings]:
    """One question per named account, and none for the others."""
    services = azure.storage.blob_services
    found = {}
    for account in accounts:
        if account.name not in named or account.kind == "FileStorage":
            continue
        answer: Document | Absent | None = if_allowed(partial(_blob_service, services, account))
        if answer is not None and not isinstance(answer, Absent):
            found[account.id.casefold()] = BlobSettings.from_wire(answer)
    return found


def _blob_service(services: Any, account: StorageAccount) -> Document | Absent:
    return read(
        f"read the blob service of storage account {account.name}",
        lambda: services.get_service_properties(account.resource_group, account.name, cls=raw),
    )


def _not_found(accounts: Sequence[StorageAccount], named: set[str]) -> list[str]:
    missing = sorted(named - {account.name for account in accounts})
    return [f"inspect_accounts: {', '.join(missing)} not found among the storage accounts"] if missing else []


def _policy_rows(policies: Sequence[ReplicationPolicy] | None) -> list[Finding]:
    if policies is None:
        return [Finding(POLICY_RULE, "hard", "the vault's policies are not known", "unknown")]
    return policy_findings(policies) or [Finding(POLICY_RULE, "hard", "no policy encrypts data itself", "pass")]


def _evidence(
    scope: Scope,
    vault: Vault | None,
    problems: Sequence[Finding],
    accounts: list[Candidate],
    networks: list[Candidate],
) -> tuple[Evidence, ...]:
    counted = (
        f"{compatible(accounts)} of {len(accounts)} storage accounts and"
        f" {compatible(networks)} of {len(networks)} networks can be used"
    )
    where = f"by vault {vault.name} in {vault.location}" if vault else "(there is no vault yet)"
    return (
        Evidence("T1", scope.summary(), "nothing to do", scope.verified()),
        Evidence("T2", "deployment model Resource Manager", "nothing to do", "the only model there is"),
        Evidence("T3", f"{counted} {where}", "nothing to do", counted),
        *(Evidence("P7", finding.message, "nothing to do", "not usable") for finding in problems),
    )


# integration: replaced by h-azure (vault_id of an absent vault, exists, checks)
def _planned_id(azure: Azure, options: Mapping[str, Any]) -> str:
    group, kind = options["resource_group"], "providers/Microsoft.RecoveryServices/vaults"
    return f"/subscriptions/{azure.subscription_id}/resourceGroups/{group}/{kind}/{options['vault_name']}"


def _integration(
    scope: Scope,
    policies: Sequence[ReplicationPolicy] | None,
    vault: Vault | None,
    judged: tuple[list[Candidate], list[Candidate]],
) -> list[dict[str, str]]:
    shown = [
        *_rows("target-scope", "T1", scope.to_result()["rules"], scope.summary()),
        *_rows("policies", "P7", [finding.to_result() for finding in _policy_rows(policies)], ""),
    ]
    if vault:
        (found,) = (row.found for row in _evidence(scope, vault, [], *judged) if row.step == "T3")
        refused = [each for part in judged for each in part if each.verdict == "refused"]
        words = [found, *(f"{each.name} {each.objections[0].message}" for each in refused)]
        bad = 0 in (compatible(judged[0]), compatible(judged[1]))
        shown.append(_row("compatible-target", "T3", "warning" if bad else "info", bad, "; ".join(words)))
    return shown


def _rows(identity: str, step: str, rules: Sequence[Mapping[str, str]], place: str) -> list[dict[str, str]]:
    failed = [rule for rule in rules if rule["verdict"] == "fail"]
    if failed:
        severity = {"hard": "error"}
        return [
            _row(identity, step, severity.get(rule["hardness"], "warning"), True, rule["reason"]) for rule in failed
        ]
    return [_row(identity, step, "info", False, place or "; ".join(rule["reason"] for rule in rules))]


def _row(identity: str, step: str, severity: str, bad: bool, message: str) -> dict[str, str]:
    status = "fail" if bad else "pass"
    return {"id": identity, "step": step, "severity": severity, "status": status, "message": message, "fix": ""}
