# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: where a target lies: subscription, resource group, what the login may do there, resource providers (T1)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..common.names import region
from .candidates import worst
from .resource_group import Grouped
from .target_rules import Finding, failed

#: What Site Recovery and the machines after a failover are made of.
PROVIDERS = ("Microsoft.Compute", "Microsoft.Network", "Microsoft.RecoveryServices", "Microsoft.Storage")
# Documented states of a subscription: it works in the first, and for a while in the second two.
_WORKING = ("enabled",)
_IN_ARREARS = ("warned", "pastdue")


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription as Azure shows it."""

    id: str
    name: str
    state: str
    tenant: str | None

    @classmethod
    def from_wire(cls, document: Mapping[str, Any]) -> Subscription:
        return cls(
            id=document.get("subscriptionId") or "",
            name=document.get("displayName") or "",
            state=document.get("state") or "unknown",
            tenant=document.get("tenantId"),
        )


@dataclass(frozen=True, slots=True)
class ResourceGroup:
    """A resource group as Azure shows it. Its location says nothing about where its resources are."""

    name: str
    location: str
    state: str

    @classmethod
    def from_wire(cls, document: Mapping[str, Any]) -> ResourceGroup:
        properties = document.get("properties") or {}
        return cls(document["name"], region(document["location"]), properties.get("provisioningState") or "Succeeded")


@dataclass(frozen=True, slots=True)
class Permission:
    """What one role gives: actions, and of these the ones that it leaves out. Both may hold wildcards."""

    actions: tuple[str, ...]
    not_actions: tuple[str, ...]

    def allows(self, action: str) -> bool:
        return _matches(self.actions, action) and not _matches(self.not_actions, action)


@dataclass(frozen=True, slots=True)
class Permissions:
    """All that the login's roles give at one scope. `whole` is False when the service had more to say."""

    roles: tuple[Permission, ...]
    whole: bool = True

    @classmethod
    def from_wire(cls, document: Mapping[str, Any]) -> Permissions:
        return cls(
            tuple(
                Permission(tuple(entry.get("actions") or ()), tuple(entry.get("notActions") or ()))
                for entry in document.get("value") or ()
            ),
            whole=not document.get("nextLink"),
        )

    def allows(self, action: str) -> bool | None:
        """One role is enough; another one's exceptions don't take it away. None is not known."""
        if any(role.allows(action) for role in self.roles):
            return True
        return False if self.whole else None


@dataclass(frozen=True, slots=True)
class Lock:
    """A management lock, and what it was put on."""

    name: str
    level: str
    scope: str

    @classmethod
    def from_wire(cls, document: Mapping[str, Any]) -> Lock:
        scope = str(document.get("id") or "").casefold().partition("/providers/microsoft.authorization/locks/")[0]
        return cls(document.get("name") or "", (document.get("properties") or {}).get("level") or "", scope)

    @property
    def above_resources(self) -> bool:
        """On a subscription or a group; one on a single resource is no matter of the scope."""
        return "/providers/" not in self.scope


@dataclass(frozen=True, slots=True)
class Right:
    """Something that the login should be able to do, with the least built-in role that gives it."""

    rule: str
    words: str
    actions: tuple[str, ...]
    role: str


# Actions and roles: Azure built-in roles; Site Recovery, "Manage access with Azure role-based access control".
RIGHTS = (
    Right(
        "create-machines",
        "create machines",
        (
            "Microsoft.Compute/virtualMachines/write",
            "Microsoft.Compute/disks/write",
            "Microsoft.Network/networkInterfaces/write",
        ),
        "Virtual Machine Contributor",
    ),
    Right(
        "join-networks",
        "put machines in networks",
        ("Microsoft.Network/virtualNetworks/subnets/join/action",),
        "Virtual Machine Contributor",
    ),
    Right(
        "create-networks",
        "create networks",
        ("Microsoft.Network/virtualNetworks/write", "Microsoft.Network/virtualNetworks/subnets/write"),
        "Network Contributor",
    ),
    Right(
        "create-storage",
        "create storage accounts",
        ("Microsoft.Storage/storageAccounts/write",),
        "Storage Account Contributor",
    ),
    Right(
        "read-account-keys",
        "read the keys of storage accounts",
        ("Microsoft.Storage/storageAccounts/listKeys/action",),
        "Storage Account Contributor",
    ),
    Right("create-vaults", "create vaults", ("Microsoft.RecoveryServices/vaults/write",), "Contributor"),
    Right(
        "make-vault-keys",
        "make vault keys",
        ("Microsoft.RecoveryServices/vaults/certificates/write",),
        "Site Recovery Contributor",
    ),
)
_MAKE_GROUPS = "Microsoft.Resources/subscriptions/resourceGroups/write"


@dataclass(frozen=True, slots=True)
class Scope:
    """What was read. None is what the login may not read, so nothing is concluded from it."""

    subscription_id: str
    group_name: str
    subscription: Subscription | None
    group: Grouped[ResourceGroup] | None
    permissions: Permissions | None
    providers: Mapping[str, str | None]
    locks: tuple[Lock, ...] | None = ()

    @property
    def place(self) -> str:
        """Where permissions were asked for: a group that doesn't exist yet has those of its subscription."""
        missing = self.group is not None and self.group.group_missing
        return f"subscription {self.subscription_id}" if missing else f"resource group {self.group_name}"

    def registered(self, provider: str) -> bool:
        """Whether it can have resources; what is not known may."""
        return (self.providers.get(provider) or "").casefold() not in ("notregistered", "unregistered")

    def findings(self) -> list[Finding]:
        return [
            _subscription_finding(self),
            _group_finding(self),
            *(_right_finding(self, right) for right in RIGHTS),
            *_provider_findings(self.providers),
            *_lock_findings(self),
        ]

    def to_result(self) -> dict[str, Any]:
        findings = self.findings()
        group = self.group.resource if self.group else None
        return {
            "subscription_id": self.subscription_id,
            "subscription_name": self.subscription.name if self.subscription else None,
            "subscription_state": self.subscription.state if self.subscription else None,
            "tenant": self.subscription.tenant if self.subscription else None,
            "resource_group": self.group_name,
            "resource_group_exists": None if self.group is None else group is not None,
            "location": group.location if group else None,
            "providers": dict(self.providers),
            "verdict": worst(findings),
            "reasons": [finding.message for finding in failed(findings)],
            "rules": [finding.to_result() for finding in findings],
        }

    def summary(self) -> str:
        """One line for evidence."""
        subscription = self.subscription
        named = f"{subscription.name} ({subscription.state})" if subscription else f"{self.subscription_id}"
        return "; ".join([f"subscription {named}", _group_words(self), _rights_words(self), _provider_words(self)])

    def verified(self) -> str:
        open_points = [finding.message for finding in failed(self.findings())]
        return "; ".join(open_points) or "nothing speaks against it"


def _subscription_finding(scope: Scope) -> Finding:
    found = scope.subscription
    if found is None:
        return Finding(
            "subscription-state",
            "hard",
            "the login may not read the subscription (the role Reader on it lets it)",
            "unknown",
        )
    state = found.state.casefold()
    told = f"subscription {found.name or found.id} is in state {found.state}"
    if state in _WORKING:
        return Finding("subscription-state", "hard", told, "pass")
    if state in _IN_ARREARS:
        return Finding("subscription-state", "warn", f"{told}: settle what is owed before it gets disabled")
    return Finding("subscription-state", "hard", f"{told}: nothing can be made in it; let its owner enable it")


def _group_finding(scope: Scope) -> Finding:
    if scope.group is None:
        return Finding(
            "resource-group",
            "warn",
            f"the login may not read resource group {scope.group_name} (the role Reader on it lets it)",
            "unknown",
        )
    group = scope.group.resource
    if group is None:
        may = scope.permissions.allows(_MAKE_GROUPS) if scope.permissions else None
        fix = "create it, or set create_resource_group to true"
        if may is False:
            fix = "let somebody with the role Contributor on the subscription create it"
        return Finding("resource-group", "warn", f"resource group {scope.group_name} does not exist: {fix}")
    if group.state != "Succeeded":
        return Finding("resource-group", "hard", f"resource group {group.name} is in state {group.state}")
    return Finding("resource-group", "warn", f"resource group {group.name} is in {group.location}", "pass")


def _right_finding(scope: Scope, right: Right) -> Finding:
    """It only warns: what exists already need not be made, and somebody else may replicate."""
    if scope.permissions is None:
        return Finding(right.rule, "warn", f"the login may not read its permissions on {scope.place}", "unknown")
    answers = {action: scope.permissions.allows(action) for action in right.actions}
    refused = [action for action, allowed in answers.items() if allowed is False]
    if refused:
        return Finding(
            right.rule,
            "warn",
            f"the login may not {right.words} in {scope.place}: it lacks {', '.join(refused)};"
            f" give it the role {right.role} there",
        )
    if None in answers.values():
        return Finding(right.rule, "warn", f"the login has more permissions on {scope.place} than were read", "unknown")
    return Finding(right.rule, "warn", f"the login may {right.words} in {scope.place}", "pass")


def _provider_findings(providers: Mapping[str, str | None]) -> Iterator[Finding]:
    for name, state in providers.items():
        rule = f"provider-{name.partition('.')[2].lower()}"
        if state is None:
            yield Finding(rule, "warn", f"the login may not read whether {name} is registered", "unknown")
        elif state.casefold() in ("registered", "registering"):
            yield Finding(rule, "warn", f"resource provider {name} is {state}", "pass")
        else:
            yield Finding(
                rule,
                "warn",
                f"resource provider {name} is {state}: register it (az provider register --namespace {name}),"
                " which the role Contributor on the subscription allows",
            )


def _lock_findings(scope: Scope) -> Iterator[Finding]:
    """Rules: "Lock your resources to protect your infrastructure"."""
    if scope.locks is None:
        yield Finding("locks", "hard", f"the login may not read the locks of {scope.place}", "unknown")
        return
    found = [lock for lock in scope.locks if lock.above_resources]
    closed = [lock.name for lock in found if lock.level.casefold() == "readonly"]
    kept = [lock.name for lock in found if lock.level.casefold() == "cannotdelete"]
    if closed:
        yield Finding(
            "locks",
            "hard",
            f"nothing can be made in {scope.place} while it is read-only: remove the lock {', '.join(closed)},"
            " which the role User Access Administrator allows",
        )
    elif kept:
        yield Finding(
            "locks",
            "note",
            f"nothing can be deleted in {scope.place}, also not what a test failover leaves behind,"
            f" because of the lock {', '.join(kept)}",
        )
    else:
        yield Finding("locks", "hard", f"{scope.place} is not locked", "pass")


def _group_words(scope: Scope) -> str:
    if scope.group is None:
        return f"resource group {scope.group_name} can't be read"
    group = scope.group.resource
    return (
        f"resource group {group.name} in {group.location}" if group else f"resource group {scope.group_name} is absent"
    )


def _rights_words(scope: Scope) -> str:
    if scope.permissions is None:
        return "what the login may do there is not known"
    words = {right.rule: right.words for right in RIGHTS}
    open_rules = [finding for finding in scope.findings() if finding.rule in words and finding.verdict != "pass"]
    refused = [words[finding.rule] for finding in failed(open_rules)]
    if refused:
        return f"the login may not {', '.join(refused)} there"
    if open_rules:
        return "what the login may do there is not all known"
    return "the login may make there what is needed"


def _provider_words(scope: Scope) -> str:
    words = {
        name.partition(".")[2]: (state or "not known")
        for name, state in scope.providers.items()
        if (state or "").casefold() != "registered"
    }
    if not words:
        return "all resource providers are registered"
    return f"resource providers: {', '.join(f'{name} {state}' for name, state in words.items())}"


def _matches(patterns: Iterable[str], action: str) -> bool:
    return any(_pattern(pattern).fullmatch(action) for pattern in patterns)


@lru_cache(maxsize=512)
def _pattern(text: str) -> re.Pattern[str]:
    """A `*` stands for anything, slashes included; case does not count (role definitions of Azure)."""
    return re.compile(".*".join(re.escape(part) for part in text.split("*")), re.IGNORECASE)
