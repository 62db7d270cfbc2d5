# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: reads the possible targets of a vault (T1 to T3). The number of calls does not grow with the candidates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from ..._azure.clients import Azure
from ..._azure.failures import Absent, read
from ..._azure.wire import Document, raw
from ..._model.azure.candidates import Candidate, compatible, evaluate_accounts, evaluate_networks
from ..._model.azure.deployment_scope import Scope
from ..._model.azure.replication_policy import ReplicationPolicy, encryption_check, policies_from_wire
from ..._model.azure.resource_group import ResourceState
from ..._model.azure.storage_account import StorageAccount
from ..._model.azure.target_checks import count_compatible, target_checks
from ..._model.azure.target_notes import NOTES
from ..._model.azure.target_rule import BlobSettings, RuleContext
from ..._model.azure.vault import PROVIDER, Vault, vault_checks
from ..._model.common.check import Check
from ..._model.common.names import require_account_name, vault_id
from ..._model.common.resource import NOTHING_TO_DO, Evidence
from . import resource_groups as groups
from .deployment_scope import if_allowed, read_scope
from .resource_providers import ResourceProvider
from .storage_account import list_accounts
from .vault import describe
from .vault_lists import list_of_vault
from .virtual_network import list_networks


@dataclass(frozen=True, slots=True)
class _TargetVault:
    vault: Vault
    identity: bool


@dataclass(frozen=True, slots=True)
class _Target:
    """Everything that was read and evaluated."""

    vault: Vault | None
    scope: Scope
    encryption: Check
    accounts: list[Candidate]
    networks: list[Candidate]


def read_target(options: Mapping[str, Any], azure: Azure) -> dict[str, Any]:
    """Return the result keys. Raises InvalidInput."""
    named = _named(options["inspect_accounts"] or ())
    group, vault_name = options["resource_group"], options["vault_name"]
    found = _find_vault(azure, group, vault_name)
    vault = found.vault if found else None
    location = vault.location if vault else None
    about = {
        "vault_id": vault.id if vault else vault_id(azure.subscription_id, group, vault_name),
        "exists": vault is not None,
        "vault_location": location,
    }
    if options["check_target"] not in (("always", "existing") if vault else ("always",)):
        return {
            "target": about,
            "checks": [check.to_result() for check in vault_checks(group, vault_name, location)],
            "evidence": [_vault_evidence(vault).to_result()],
        }
    target = _observe(options, azure, named, found)
    checks = target_checks(
        vault_name=vault_name,
        vault_location=location,
        scope=target.scope,
        encryption=target.encryption,
        accounts=target.accounts,
        networks=target.networks,
    )
    missing = [] if vault else [f"vault '{vault_name}' does not exist yet, so regions were not compared"]
    return {
        "target": {
            **about,
            "scope": target.scope.to_result(),
            "storage_accounts": [
                {**candidate.to_result(), "log_accounts": list(candidate.log_accounts)} for candidate in target.accounts
            ],
            "virtual_networks": [candidate.to_result() for candidate in target.networks],
            "compatible": {
                "storage_accounts": compatible(target.accounts),
                "virtual_networks": compatible(target.networks),
            },
            "policies": {"status": target.encryption.overall, "checks": [target.encryption.to_result()]},
            "notes": [note.to_result() for note in NOTES],
        },
        "checks": [check.to_result() for check in checks],
        "evidence": [entry.to_result() for entry in _evidence(target)],
        "warnings": [
            *missing,
            *([target.encryption.describe()] if target.encryption.status == "fail" else []),
            *_not_found(target.accounts, named),
        ],
    }


def _observe(options: Mapping[str, Any], azure: Azure, named: set[str], found: _TargetVault | None) -> _Target:
    group = options["target_resource_group"]
    scope = read_scope(azure, group or options["resource_group"])
    scope = replace(scope, creates_group=options["create_resource_group"])
    vault = found.vault if found else None
    policies = if_allowed(lambda: _policies(azure, vault)) if vault else None
    accounts = _accounts(azure, scope, group)
    context = RuleContext(
        vault_location=vault.location if vault else None,
        vault_subscription=vault.subscription_id if vault else None,
        vault_identity=found.identity if found else None,
        allow_other_region=options["allow_other_region"],
        allow_soft_delete=options["allow_soft_delete"],
        whole_subscription=group is None,
        policies=policies,
        blob_settings=_blob_settings(azure, accounts, named),
    )
    return _Target(
        vault,
        scope,
        # A vault that does not exist yet has no policies.
        encryption_check(policies if vault else ()),
        evaluate_accounts(accounts, context),
        evaluate_networks(_networks(azure, scope, group), context),
    )


def _named(names: Sequence[str]) -> set[str]:
    for name in names:
        require_account_name(name, "inspect_accounts")
    return set(names)


def _find_vault(azure: Azure, group: str, name: str) -> _TargetVault | None:
    """Read the vault. A subscription that is not registered for vaults has none, and Azure refuses the read."""
    vaults = azure.recovery_services.vaults
    provider = ResourceProvider(azure, PROVIDER, allowed=False, timeout=0)

    def convert(document: Document) -> _TargetVault:
        kind = str((document.get("identity") or {}).get("type") or "None")
        return _TargetVault(Vault.from_wire(document), kind.casefold() != "none")

    def get() -> ResourceState[_TargetVault]:
        return groups.find(f"read vault {name}", lambda: vaults.get(group, name, cls=raw), convert)

    return provider.find(group, get).resource


def _policies(azure: Azure, vault: Vault) -> list[ReplicationPolicy]:
    policies = azure.site_recovery.replication_policies
    return policies_from_wire(
        list_of_vault("replication policies", lambda: policies.list(vault.resource_group, vault.name))
    )


def _accounts(azure: Azure, scope: Scope, group: str | None) -> list[StorageAccount]:
    """List the accounts. A subscription that is not registered for storage has none."""
    return (list_accounts(azure, group) or []) if scope.registered("Microsoft.Storage") else []


def _networks(azure: Azure, scope: Scope, group: str | None) -> Sequence[Any]:
    return (list_networks(azure, group) or []) if scope.registered("Microsoft.Network") else []


def _blob_settings(azure: Azure, accounts: Sequence[StorageAccount], named: set[str]) -> dict[str, BlobSettings]:
    """Read the blob service of each named account with one call, and of no other account."""
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


def _not_found(accounts: Sequence[Candidate], named: set[str]) -> list[str]:
    missing = sorted(named - {account.name for account in accounts})
    return [f"inspect_accounts: {', '.join(missing)} not found among the storage accounts"] if missing else []


def _vault_evidence(vault: Vault | None) -> Evidence:
    found = describe(vault) if vault else "no vault"
    return Evidence("B1", found, NOTHING_TO_DO, found)


def _evidence(target: _Target) -> tuple[Evidence, ...]:
    counted = count_compatible(target.accounts, target.networks)
    vault = target.vault
    by = f"by vault {vault.name} in {vault.location}" if vault else "(there is no vault yet)"
    encryption = target.encryption
    lines = (
        _vault_evidence(vault),
        Evidence("T1", target.scope.summary(), NOTHING_TO_DO, target.scope.verified()),
        Evidence("T2", "deployment model Resource Manager", NOTHING_TO_DO, "the only available model"),
        Evidence("T3", f"{counted} {by}", NOTHING_TO_DO, counted),
    )
    if encryption.status != "fail":
        return lines
    return (*lines, Evidence("P7", encryption.message, NOTHING_TO_DO, encryption.fix))
