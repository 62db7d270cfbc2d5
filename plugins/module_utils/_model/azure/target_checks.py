# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the checks of an Azure target, as the preflight lists them: observed in Azure, and offline before that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..common.check import Check
from ..common.errors import InvalidInput
from .candidates import Candidate, compatible
from .deployment_scope import Scope
from .options import Spec, with_defaults
from .regions import require_region
from .storage_account import OPTIONS as ACCOUNT_OPTIONS
from .storage_account import DesiredPair
from .target_request import require_deployment_model, require_log_account
from .virtual_network import OPTIONS as NETWORK_OPTIONS
from .virtual_network import DesiredNetwork

Entry = Mapping[str, Any]


# Observed -------------------------------------------------------------------------------------------------------------


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
    group = f"resource group {scope.group_name}"
    vault = f"vault {vault_name} is in {vault_location}" if vault_location else f"vault {vault_name} does not exist yet"
    checks = [
        Check.passed("azure-login", "T1", f"the sign-in works, and the vaults of {group} can be read"),
        Check.passed("vault", "B1", vault),
        *_scope_checks(scope),
        encryption,
    ]
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
    """Say how many candidates can be used."""
    return (
        f"{compatible(accounts)} of {len(accounts)} storage accounts and"
        f" {compatible(networks)} of {len(networks)} networks can be used"
    )


# Offline --------------------------------------------------------------------------------------------------------------


def target_checks_offline(
    storage_accounts: Sequence[Entry],
    virtual_networks: Sequence[Entry] = (),
    *,
    location: str = "",
    deployment_model: str = "",
    allow_other_region: bool = False,
    prefix: str = "azure_target_",
) -> list[Check]:
    """Return a failed check for each problem of a desired target, without asking Azure.

    Entries have the options of the modules `storage_account` and `virtual_network`. `location` is the region of the
    vault and the default region of the entries. `prefix` precedes the names of variables in messages.

    Rules: the classic model is retired (T2, T7); Site Recovery must offer the vault's region (B1); accounts and
    networks must pass the offline checks of their modules (T4, T6); a premium account needs a standard account for logs
    (T5).
    """
    shared = {"location": location, "vault_location": location, "allow_other_region": allow_other_region}
    accounts = [{**shared, **_entry(entry)} for entry in storage_accounts]
    networks = [{**shared, **_entry(entry)} for entry in virtual_networks]
    return [
        *_model_problems(deployment_model, prefix),
        *_region_problems(location, prefix),
        *_problems("T4", "storage account", accounts, ACCOUNT_OPTIONS, DesiredPair.from_options),
        *_log_problems(accounts, prefix),
        *_problems("T6", "network", networks, NETWORK_OPTIONS, DesiredNetwork.from_options),
    ]


def _entry(entry: Any) -> Entry:
    """Return an entry without the options that are null. Anything but a dictionary has no options."""
    if not isinstance(entry, Mapping):
        return {}
    return {name: value for name, value in entry.items() if value is not None}


def _model_problems(model: str, prefix: str) -> Iterator[Check]:
    try:
        require_deployment_model(model, f"{prefix}deployment_model")
    except InvalidInput as error:
        yield Check.failed("deployment-model", "T2", error.problem, error.fix)


def _region_problems(location: str, prefix: str) -> Iterator[Check]:
    if not location:
        return
    try:
        require_region(location, option=f"{prefix}location")
    except InvalidInput as error:
        yield Check.failed("target-region", "B1", error.problem, error.fix)


def _problems(
    step: str, kind: str, entries: Iterable[Entry], spec: Spec, check: Callable[[Entry], object]
) -> Iterator[Check]:
    for entry in entries:
        subject = f"{kind} {entry['name']}" if entry.get("name") else kind
        try:
            # The group of an entry is the role's unless it names another one, and the login has the subscription.
            check({**with_defaults(spec, {"resource_group": "", **entry}), "subscription_id": ""})
        except InvalidInput as error:
            yield Check.failed("target-options", step, f"{subject}: {error.problem}", error.fix)


def _log_problems(accounts: Sequence[Entry], prefix: str) -> Iterator[Check]:
    try:
        require_log_account(accounts, f"{prefix}storage_accounts")
    except InvalidInput as error:
        yield Check.failed("log-account", "T5", error.problem, error.fix)
