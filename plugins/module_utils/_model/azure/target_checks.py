# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the checks of an Azure target, as the preflight lists them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..common.check import Check
from .candidates import Candidate, compatible
from .deployment_scope import Scope
from .vault import describe_location, vault_checks


def target_checks(
    *,
    vault_name: str,
    vault_location: str | None,
    scope: Scope,
    encryption: Check,
    accounts: Sequence[Candidate],
    networks: Sequence[Candidate],
) -> list[Check]:
    """Return the checks of an observed target. `vault_location` is None for a vault that does not exist yet."""
    checks = [
        *vault_checks(scope.group_name, vault_name, vault_location),
        *_scope_checks(scope),
        encryption,
    ]
    vault = describe_location(vault_name, vault_location)
    return [*checks, _compatible_check(vault, accounts, networks)] if vault_location else checks


def _scope_checks(scope: Scope) -> Iterator[Check]:
    name = scope.subscription.name if scope.subscription else None
    yield Check.passed(
        "target-scope", "T1", f"subscription {name or scope.subscription_id}, resource group {scope.group_name}"
    )
    seen: set[str] = set()
    for check in scope.checks():
        # Permissions that cannot be read are unknown for every task, which one line says as well.
        if check.status == "fail" or (check.status == "unknown" and check.message not in seen):
            seen.add(check.message)
            yield check


def _compatible_check(vault: str, accounts: Sequence[Candidate], networks: Sequence[Candidate]) -> Check:
    refused = [candidate for candidate in (*accounts, *networks) if candidate.status == "error"]
    reasons = [candidate.problems[0].message for candidate in refused]
    message = "; ".join([f"{count_compatible(accounts, networks)}; {vault}", *reasons])
    name = "compatible-target"
    if compatible(accounts) and compatible(networks):
        return Check.passed(name, "T3", message)
    return Check.warning(
        name, "T3", message, "create a storage account and a network that the vault can use, or correct the listed ones"
    )


def count_compatible(accounts: Sequence[Candidate], networks: Sequence[Candidate]) -> str:
    """Describe how many candidates can be used."""
    if not accounts and not networks:
        return "no storage account or network exists that can be used"
    return (
        f"{compatible(accounts)} of {len(accounts)} storage accounts and"
        f" {compatible(networks)} of {len(networks)} networks can be used"
    )
