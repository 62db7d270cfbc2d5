# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: candidates for replication targets: every account and network, checked against every rule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..common.check import Check, Overall, worst
from .account_rules import ACCOUNT_RULES
from .network_rules import NETWORK_RULES
from .place_rules import PLACE_RULES, REGION_RULE, Placed
from .storage_account import StorageAccount
from .target_limits import is_premium
from .target_rule import RuleContext
from .virtual_network import VirtualNetwork

_SEVERITIES = ("error", "warning", "info")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A storage account or network with the results of all rules."""

    id: str
    name: str
    resource_group: str
    location: str
    checks: tuple[Check, ...]
    #: Names of the standard accounts that can keep the replication logs of a premium account.
    log_accounts: tuple[str, ...] = ()

    @property
    def problems(self) -> list[Check]:
        """The failed checks, most severe first."""
        failed = (check for check in self.checks if check.status == "fail")
        return sorted(failed, key=lambda check: _SEVERITIES.index(check.severity))

    @property
    def status(self) -> Overall:
        return worst(self.checks)

    def to_result(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "resource_group": self.resource_group,
            "location": self.location,
            "status": self.status,
            "checks": [check.to_result() for check in self.checks],
        }


def compatible(candidates: Iterable[Candidate]) -> int:
    """Count the candidates that can be used, with or without a warning."""
    return sum(candidate.status != "error" for candidate in candidates)


def evaluate_accounts(accounts: Sequence[StorageAccount], context: RuleContext) -> list[Candidate]:
    """Check every account against every rule."""
    alone = replace(context, log_accounts=None)
    logs: dict[str, list[str]] = {}
    for account in accounts:
        if not is_premium(account.sku) and worst(account_checks(account, alone)) != "error":
            logs.setdefault(account.location, []).append(account.name)
    known = replace(context, log_accounts={location: sorted(names) for location, names in logs.items()})
    return [
        Candidate(
            account.id,
            account.name,
            account.resource_group,
            account.location,
            account_checks(account, known),
            tuple(sorted(logs.get(account.location, ()))) if is_premium(account.sku) else (),
        )
        for account in accounts
    ]


def evaluate_networks(networks: Sequence[VirtualNetwork], context: RuleContext) -> list[Candidate]:
    """Check every network against every rule."""
    return [
        Candidate(network.id, network.name, network.resource_group, network.location, network_checks(network, context))
        for network in networks
    ]


def account_checks(account: StorageAccount, context: RuleContext) -> tuple[Check, ...]:
    """Check one account against every rule."""
    return (
        *(rule.check(account, context) for rule in PLACE_RULES),
        *(rule.check(account, context) for rule in ACCOUNT_RULES),
    )


def network_checks(network: VirtualNetwork, context: RuleContext) -> tuple[Check, ...]:
    """Check one network against every rule."""
    return (
        *(rule.check(network, context) for rule in PLACE_RULES),
        *(rule.check(network, context) for rule in NETWORK_RULES),
    )


def own_problems(candidate: Placed, checks: Iterable[Check], vault_location: str | None) -> list[Check]:
    """Return the problems that a resource shows by itself, for the warnings of the module that manages it.

    Another region than the vault's was allowed by an option, so it is only a warning here.
    """
    region = REGION_RULE.check(candidate, RuleContext(vault_location=vault_location, allow_other_region=True))
    found = [*(check for check in checks if check.id != REGION_RULE.id), region]
    return [check for check in found if check.status == "fail" and check.severity != "info"]
