# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the form of a rule about replication targets, and the context in which rules are evaluated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from ..common.check import Check, Severity, Status
from .replication_policy import ReplicationPolicy


@dataclass(frozen=True, slots=True)
class BlobSettings:
    """Settings of an account's blob service, which the document of the account does not show."""

    soft_delete: bool
    versioning: bool
    change_feed: bool
    point_in_time_restore: bool

    @classmethod
    def from_wire(cls, document: Mapping[str, Any]) -> BlobSettings:
        properties = document.get("properties") or {}
        return cls(
            soft_delete=_enabled(properties, "deleteRetentionPolicy"),
            versioning=bool(properties.get("isVersioningEnabled")),
            change_feed=_enabled(properties, "changeFeed"),
            point_in_time_restore=_enabled(properties, "restorePolicy"),
        )


def _enabled(properties: Mapping[str, Any], name: str) -> bool:
    return bool((properties.get(name) or {}).get("enabled"))


@dataclass(frozen=True, slots=True)
class RuleContext:
    """What a candidate is compared with. None: unknown."""

    vault_location: str | None = None
    vault_subscription: str | None = None
    vault_identity: bool | None = None
    allow_other_region: bool = False
    allow_soft_delete: bool = False
    #: Whether all accounts of the subscription were read.
    whole_subscription: bool = False
    #: Names of the standard accounts that can keep replication logs, by region.
    log_accounts: Mapping[str, Sequence[str]] | None = None
    policies: Sequence[ReplicationPolicy] | None = None
    #: By the id of the account in lowercase. Only accounts that the user names are inspected.
    blob_settings: Mapping[str, BlobSettings] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RuleResult:
    """The result of a rule. `message` is a predicate: its subject is the candidate.

    `by_design`: the rule has no answer because nothing was read for it, so it must not look like a problem.
    """

    status: Status
    message: str
    fix: str = ""
    by_design: bool = False


def fail(message: str, fix: str = "") -> RuleResult:
    """Return the result of a rule that the candidate breaks."""
    return RuleResult("fail", message, fix)


def not_evaluated(message: str, fix: str = "") -> RuleResult:
    """Return the result of a rule for which nothing was read on purpose."""
    return RuleResult("unknown", message, fix, by_design=True)


class Labeled(Protocol):
    """What a message can name."""

    @property
    def label(self) -> str: ...


Candidate_contra = TypeVar("Candidate_contra", bound=Labeled, contravariant=True)


def _never(_context: RuleContext) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Rule(Generic[Candidate_contra]):
    """One row of the tables. `pass_message` is a predicate as well."""

    id: str
    severity: Severity
    pass_message: str
    #: None: the candidate keeps the rule.
    evaluate: Callable[[Candidate_contra, RuleContext], RuleResult | None]
    #: When an error is only a warning.
    relaxed: Callable[[RuleContext], bool] = _never
    step: str = "T3"

    def check(self, candidate: Candidate_contra, context: RuleContext) -> Check:
        """Evaluate the rule for a candidate."""
        result = self.evaluate(candidate, context) or RuleResult("pass", self.pass_message)
        severity: Severity = "warning" if self.severity == "error" and self.relaxed(context) else self.severity
        if result.by_design:
            severity = "info"
        return Check(self.id, self.step, severity, result.status, f"{candidate.label} {result.message}", result.fix)
