# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: every account and network of a target by every rule, and the verdict."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from .target_rules import ACCOUNT_RULES, NETWORK_RULES, PLACE_RULES, SHAPE_RULES, Around, Finding, failed, is_premium

if TYPE_CHECKING:
    from .storage_account import StorageAccount
    from .virtual_network import VirtualNetwork

Verdict = Literal["ok", "warn", "refused"]

_HARDNESS_FIRST = ("hard", "warn", "note")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A storage account or network, judged by every rule."""

    id: str
    name: str
    resource_group: str
    location: str
    findings: tuple[Finding, ...]
    #: Names of standard accounts that can keep the replication logs of a premium one.
    log_accounts: tuple[str, ...] = ()

    @property
    def objections(self) -> list[Finding]:
        """What speaks against it, the decisive first."""
        return sorted(failed(self.findings), key=lambda finding: _HARDNESS_FIRST.index(finding.hardness))

    @property
    def verdict(self) -> Verdict:
        return worst(self.findings)

    def to_result(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "resource_group": self.resource_group,
            "location": self.location,
            "verdict": self.verdict,
            "reasons": [finding.message for finding in self.objections],
            "rules": [finding.to_result() for finding in self.findings],
        }


def worst(findings: Iterable[Finding]) -> Verdict:
    """The verdict over all rules. What is not known speaks neither for nor against."""
    found = {finding.hardness for finding in failed(findings)}
    if "hard" in found:
        return "refused"
    return "warn" if "warn" in found else "ok"


def compatible(candidates: Iterable[Candidate]) -> int:
    """How many can be used, with or without a warning."""
    return sum(candidate.verdict != "refused" for candidate in candidates)


def judge_accounts(accounts: Sequence[StorageAccount], around: Around) -> list[Candidate]:
    """Every account by every rule."""
    alone = replace(around, log_accounts=None)
    logs: dict[str, list[str]] = {}
    for account in accounts:
        if not is_premium(account.sku) and worst(_account_findings(account, alone)) != "refused":
            logs.setdefault(account.location, []).append(account.name)
    known = replace(around, log_accounts={place: sorted(names) for place, names in logs.items()})
    return [
        Candidate(
            account.id,
            account.name,
            account.resource_group,
            account.location,
            _account_findings(account, known),
            tuple(sorted(logs.get(account.location, ()))) if is_premium(account.sku) else (),
        )
        for account in accounts
    ]


def judge_networks(networks: Sequence[VirtualNetwork], around: Around) -> list[Candidate]:
    """Every network by every rule."""
    return [
        Candidate(
            network.id,
            network.name,
            network.resource_group,
            network.location,
            (
                *(rule.judge(network, around) for rule in PLACE_RULES),
                *(rule.judge(network, around) for rule in NETWORK_RULES),
            ),
        )
        for network in networks
    ]


def _account_findings(account: StorageAccount, around: Around) -> tuple[Finding, ...]:
    return (
        *(rule.judge(account, around) for rule in PLACE_RULES),
        *(rule.judge(account, around) for rule in SHAPE_RULES),
        *(rule.judge(account, around) for rule in ACCOUNT_RULES),
    )
