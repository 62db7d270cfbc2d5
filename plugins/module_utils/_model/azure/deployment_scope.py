# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the deployment scope: subscription, resource group, permissions, locks and resource providers (T1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..common.check import Check, worst
from ..common.names import region
from .deny_assignments import DenyAssignment, denying
from .permissions import Permissions
from .remedies import ADVICE
from .resource_group import ResourceState

#: Resource providers of Site Recovery and of failed-over machines.
PROVIDERS = ("Microsoft.Compute", "Microsoft.Network", "Microsoft.RecoveryServices", "Microsoft.Storage")
_STEP = "T1"
# Documented states of a subscription. A subscription in arrears still works for a while.
_WORKING = ("enabled",)
_IN_ARREARS = ("warned", "pastdue")


@dataclass(frozen=True, slots=True)
class Subscription:
    """An observed subscription."""

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
    """An observed resource group. Its resources can be in other regions than the group itself."""

    name: str
    location: str
    state: str

    @classmethod
    def from_wire(cls, document: Mapping[str, Any]) -> ResourceGroup:
        properties = document.get("properties") or {}
        return cls(document["name"], region(document["location"]), properties.get("provisioningState") or "Succeeded")


@dataclass(frozen=True, slots=True)
class Lock:
    """A management lock and its scope."""

    name: str
    level: str
    scope: str

    @classmethod
    def from_wire(cls, document: Mapping[str, Any]) -> Lock:
        scope = str(document.get("id") or "").casefold().partition("/providers/microsoft.authorization/locks/")[0]
        return cls(document.get("name") or "", (document.get("properties") or {}).get("level") or "", scope)

    def covers(self, resource_id: str) -> bool:
        """Tell whether the lock is on a resource or above it. A list has locks of other groups and resources, too."""
        return f"{resource_id}/".casefold().startswith(f"{self.scope}/")


@dataclass(frozen=True, slots=True)
class Right:
    """A task that the identity should be allowed to do, with the least privileged built-in role for it."""

    id: str
    task: str
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
        "connect machines to networks",
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
        "create-registration-keys",
        "create registration keys",
        ("Microsoft.RecoveryServices/vaults/certificates/write",),
        "Site Recovery Contributor",
    ),
)
_CREATE_GROUPS = "Microsoft.Resources/subscriptions/resourceGroups/write"


@dataclass(frozen=True, slots=True)
class Scope:
    """The observed scope. None marks data that the identity cannot read; no conclusions are drawn from it."""

    subscription_id: str
    group_name: str
    subscription: Subscription | None
    group: ResourceState[ResourceGroup] | None
    permissions: Permissions | None
    providers: Mapping[str, str | None]
    locks: tuple[Lock, ...] | None = ()
    deny_assignments: tuple[DenyAssignment, ...] | None = ()
    #: Whether another task creates a missing resource group.
    creates_group: bool = False

    @property
    def id(self) -> str:
        """The id of the resource group."""
        return f"/subscriptions/{self.subscription_id}/resourceGroups/{self.group_name}"

    @property
    def place(self) -> str:
        """The scope of the permissions. A resource group that does not exist yet has those of its subscription."""
        missing = self.group is not None and self.group.group_missing
        return f"subscription {self.subscription_id}" if missing else f"resource group {self.group_name}"

    def registered(self, provider: str) -> bool:
        """Tell whether a resource provider can have resources. An unknown registration counts as registered."""
        return (self.providers.get(provider) or "").casefold() not in ("notregistered", "unregistered")

    def checks(self) -> list[Check]:
        return [
            _subscription_check(self),
            _group_check(self),
            *(_right_check(self, right) for right in RIGHTS),
            *_provider_checks(self.providers),
            *_lock_checks(self),
        ]

    def to_result(self) -> dict[str, Any]:
        checks = self.checks()
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
            "status": worst(checks),
            "checks": [check.to_result() for check in checks],
        }

    def summary(self) -> str:
        """Describe the scope in one line, for evidence."""
        subscription = self.subscription
        named = f"{subscription.name} ({subscription.state})" if subscription else f"{self.subscription_id}"
        parts = [_describe_group(self), _describe_rights(self), _describe_providers(self)]
        return "; ".join([f"subscription {named}", *parts])

    def verified(self) -> str:
        """Describe the failed checks in one line, for evidence."""
        return "; ".join(check.describe() for check in self.checks() if check.status == "fail") or "no problem found"


def _subscription_check(scope: Scope) -> Check:
    name, subscription = "subscription-state", scope.subscription
    if subscription is None:
        return Check.unknown(
            name, _STEP, "the identity cannot read the subscription", "give it the role Reader on the subscription"
        )
    state = subscription.state.casefold()
    message = f"subscription {subscription.name or subscription.id} is in state {subscription.state}"
    if state in _WORKING:
        return Check.passed(name, _STEP, message)
    if state in _IN_ARREARS:
        return Check.warning(name, _STEP, message, "pay the open invoice before the subscription is disabled")
    return Check.failed(
        name, _STEP, f"{message}, so no resources can be created in it", "have its owner enable it again"
    )


def _group_check(scope: Scope) -> Check:
    name = "resource-group"
    if scope.group is None:
        return Check.unknown(
            name,
            _STEP,
            f"the identity cannot read resource group {scope.group_name}",
            "give it the role Reader on the resource group",
        )
    group = scope.group.resource
    if group is None:
        allowed = scope.permissions.allows(_CREATE_GROUPS) if scope.permissions else None
        if allowed is False:
            fix = "have an identity with the role Contributor on the subscription create it"
        elif scope.creates_group:
            return Check.passed(name, _STEP, f"resource group {scope.group_name} does not exist yet, and is created")
        else:
            fix = "create it, or set create_resource_group to true"
        return Check.warning(name, _STEP, f"resource group {scope.group_name} does not exist", fix)
    if group.state != "Succeeded":
        return Check.failed(
            name, _STEP, f"resource group {group.name} is in state {group.state}", "wait until its operation has ended"
        )
    return Check.passed(name, _STEP, f"resource group {group.name} is in {group.location}")


def _right_check(scope: Scope, right: Right) -> Check:
    """Check one right. A missing right is a warning: existing resources need no creation, and others may replicate."""
    if scope.permissions is None:
        return Check.unknown(right.id, _STEP, f"the identity cannot read its permissions on {scope.place}")
    answers = {action: scope.permissions.allows(action) for action in right.actions}
    missing = [action for action, allowed in answers.items() if allowed is False]
    if missing:
        return Check.warning(
            right.id,
            _STEP,
            f"the identity cannot {right.task} in {scope.place}: it lacks {', '.join(missing)}",
            f"give it the role {right.role} there",
        )
    if scope.deny_assignments is None:
        return Check.unknown(right.id, _STEP, f"not all deny assignments of {scope.place} could be read")
    denials = denying(scope.deny_assignments, right.actions, scope.id)
    if denials and denials[0].everyone:
        return Check.warning(
            right.id,
            _STEP,
            f"the identity cannot {right.task} in {scope.place}: the deny assignment '{denials[0].name}' at"
            f" {denials[0].scope} forbids it",
            ADVICE["DenyAssignmentAuthorizationFailed"],
        )
    if any(scope.permissions.conditional(action) for action, allowed in answers.items() if allowed is None):
        return Check.unknown(
            right.id,
            _STEP,
            f"a condition of a role assignment decides whether the identity can {right.task} in {scope.place}",
        )
    if None in answers.values():
        return Check.unknown(right.id, _STEP, f"the identity has more permissions on {scope.place} than were read")
    if denials:
        return Check.unknown(
            right.id,
            _STEP,
            f"the deny assignment '{denials[0].name}' at {denials[0].scope} decides whether the identity can"
            f" {right.task} in {scope.place}",
        )
    return Check.passed(right.id, _STEP, f"the identity can {right.task} in {scope.place}")


def _provider_checks(providers: Mapping[str, str | None]) -> Iterator[Check]:
    for provider, state in providers.items():
        name = f"provider-{provider.partition('.')[2].lower()}"
        if state is None:
            yield Check.unknown(name, _STEP, f"the identity cannot read whether {provider} is registered")
        elif state.casefold() in ("registered", "registering"):
            yield Check.passed(name, _STEP, f"resource provider {provider} is {state}")
        else:
            yield Check.warning(
                name,
                _STEP,
                f"resource provider {provider} is {state}",
                f"register it (az provider register --namespace {provider}), which requires the role Contributor on the"
                " subscription",
            )


def _lock_checks(scope: Scope) -> Iterator[Check]:
    """Check management locks. Source: "Lock your resources to protect your infrastructure"."""
    if scope.locks is None:
        yield Check.unknown("locks", _STEP, f"the identity cannot read the locks of {scope.place}")
        return
    found = [lock for lock in scope.locks if lock.covers(scope.id)]
    read_only = [lock.name for lock in found if lock.level.casefold() == "readonly"]
    undeletable = [lock.name for lock in found if lock.level.casefold() == "cannotdelete"]
    if read_only:
        yield Check.failed(
            "locks",
            _STEP,
            f"no resources can be created in {scope.place}, because it is read-only",
            f"remove the lock {', '.join(read_only)}, which requires the role User Access Administrator",
        )
    elif undeletable:
        yield Check(
            "locks",
            _STEP,
            "info",
            "fail",
            f"no resources can be deleted in {scope.place}, including those of a test failover, because of the lock"
            f" {', '.join(undeletable)}",
        )
    else:
        yield Check.passed("locks", _STEP, f"{scope.place} has no lock")


def _describe_group(scope: Scope) -> str:
    if scope.group is None:
        return f"resource group {scope.group_name} is not readable"
    group = scope.group.resource
    return (
        f"resource group {group.name} in {group.location}"
        if group
        else f"resource group {scope.group_name} does not exist"
    )


def _describe_rights(scope: Scope) -> str:
    if scope.permissions is None:
        return "the permissions of the identity are unknown"
    tasks = {right.id: right.task for right in RIGHTS}
    open_checks = [check for check in scope.checks() if check.id in tasks and check.status != "pass"]
    refused = [tasks[check.id] for check in open_checks if check.status == "fail"]
    if refused:
        return f"the identity cannot {', '.join(refused)} there"
    if open_checks:
        return "the permissions of the identity are not completely known"
    return "the identity has all required permissions"


def _describe_providers(scope: Scope) -> str:
    states = {
        name.partition(".")[2]: (state or "unknown")
        for name, state in scope.providers.items()
        if (state or "").casefold() != "registered"
    }
    if not states:
        return "all resource providers are registered"
    return f"resource providers: {', '.join(f'{name} {state}' for name, state in states.items())}"
