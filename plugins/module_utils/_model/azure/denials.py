# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: explanations of Resource Manager's refusals: permissions, roles that grant them, deny assignments, locks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import policy_denials
from .remedies import ADVICE, REGION_CLOSED, RESOURCE_GUARD, is_authorization, is_resource_guard

# The least privileged built-in role for an action; the first match counts ("Manage Site Recovery access with Azure
# role-based access control", "Azure built-in roles"). Site Recovery's own roles cannot create or delete a vault.
_ROLES: tuple[tuple[str, str], ...] = (
    (r"microsoft\.recoveryservices/vaults/(write|delete)", "Contributor on the resource group"),
    (
        r"microsoft\.recoveryservices/.*/(testfailover|testfailovercleanup|plannedfailover|unplannedfailover"
        r"|failovercommit|reprotect)/action",
        "Site Recovery Operator on the vault",
    ),
    (r"microsoft\.recoveryservices/register/action", "Contributor on the subscription"),
    (r"microsoft\.recoveryservices/locations/deletedvaults/undelete/.*", "Contributor on the subscription"),
    (r"microsoft\.recoveryservices/locations/deletedvaults/.*", "Reader on the subscription"),
    (r"microsoft\.recoveryservices/locations/.*", "Contributor on the resource group"),
    (r"microsoft\.recoveryservices/.*read", "Site Recovery Reader on the vault"),
    (r"microsoft\.recoveryservices/.*", "Site Recovery Contributor on the vault"),
    (r"microsoft\.storage/register/action", "Contributor on the subscription"),
    (r"microsoft\.storage/.*read", "Reader on the resource group"),
    (r"microsoft\.storage/.*", "Storage Account Contributor on the resource group"),
    (r"microsoft\.network/register/action", "Contributor on the subscription"),
    (r"microsoft\.network/.*read", "Reader on the resource group"),
    (r"microsoft\.network/virtualnetworks/.*join\w*/action", "Network Contributor on the network"),
    (r"microsoft\.network/.*/join/action", "Network Contributor on that resource"),
    (r"microsoft\.network/.*", "Network Contributor on the resource group"),
    (r"microsoft\.compute/.*read", "Reader on the resource group"),
    (r"microsoft\.compute/.*", "Virtual Machine Contributor on the resource group"),
    (r"microsoft\.managedidentity/.*/assign/action", "Managed Identity Operator on the identity"),
    (r"microsoft\.authorization/(roleassignments|locks)/(write|delete)", "User Access Administrator there"),
    (r"microsoft\.resources/subscriptions/resourcegroups/(write|delete)", "Contributor on the subscription"),
    (r"microsoft\.resources/.*read", "Reader on the subscription"),
    (r"microsoft\.resources/.*", "Contributor on the subscription"),
    (r".*/register/action", "Contributor on the subscription"),
    (r"microsoft\.authorization/.*read", "Reader there"),
)
_ANY_ROLE = ""

_ACTION = re.compile(r"authorization to perform action '([^']+)'|perform action '([^']+)'", re.IGNORECASE)
_SCOPE = re.compile(r"over scope '([^']+)'", re.IGNORECASE)
_HELD_ON = re.compile(r"has permission to perform action '[^']+' on scope '([^']+)'", re.IGNORECASE)
_LINKED = re.compile(
    r"does not have permission to perform action(?:\(s\))? '([^']+)' on the linked scope(?:\(s\))? ?'([^']+)'",
    re.IGNORECASE,
)
_LOCKED = re.compile(r"scope\(?s?\)? (?:is|are) locked: '([^']+)'", re.IGNORECASE)
_LOCK_NAME = re.compile(r"/providers/Microsoft\.Authorization/locks/([^/']+)$", re.IGNORECASE)
# documented: "Understand Azure deny assignments" and "Deployment stacks", text of DenyAssignmentAuthorizationFailed.
_DENY_ASSIGNMENT = re.compile(
    r"deny assignment with name '(?P<name>.+?)' and id '(?P<id>[^']+)'"
    r"(?: at scope '(?P<scope>[^']+)')?",
    re.IGNORECASE,
)
_DENIED_ACTION = re.compile(
    r"perform action '(?P<action>[^']+)'(?: (?:on|over) scope '(?P<scope>[^']+)')?", re.IGNORECASE
)
_LONGEST_TEXT = 400


@dataclass(frozen=True, slots=True)
class Denial:
    """The cause of a refusal and its remedy. `access`: the identity is refused, not the request."""

    code: str
    reason: str
    advice: str
    access: bool = False


def role_for(action: str) -> str:
    """Return the least privileged built-in role for an action, and its scope; an empty text for an unknown action."""
    folded = action.casefold()
    return next((role for pattern, role in _ROLES if re.fullmatch(pattern, folded)), _ANY_ROLE)


def explain(error: Mapping[str, Any], *, forbidden: bool) -> Denial | None:
    """Explain an error as a refusal. Return None when it is not a refusal.

    `error` is the error object of the answer, whose details may contain the real error. `forbidden`: the status was
    403. A 403 without a code does not come from Resource Manager.
    """
    holders = [error, *(detail for detail in error.get("details") or [] if isinstance(detail, Mapping))]
    for holder in holders:
        denial = _by_code(str(holder.get("code")), str(holder.get("message")), holder)
        if denial is not None:
            return denial
    if not forbidden or error.get("code") is None:
        return None
    code, message = str(error["code"]), str(error.get("message"))
    return missing_right(code, message) if is_authorization(code, message) else _other(code, message)


def _by_code(code: str, message: str, error: Mapping[str, Any]) -> Denial | None:
    """Explain the codes that have one meaning with any status."""
    if code == "RequestDisallowedByPolicy":
        return Denial(code, policy_denials.describe(message, error), policy_denials.advice(message, error))
    if code == "ScopeLocked":
        return _locked(message)
    if code == "ReadOnlyDisabledSubscription":
        return Denial(
            code,
            "the subscription is disabled, so it can only be read",
            "ask its billing owner to enable it again (spending limit, payment), then run again",
        )
    if code == REGION_CLOSED:
        return Denial(code, _shortened(message), ADVICE[code])
    if code == "DenyAssignmentAuthorizationFailed":
        return _by_deny_assignment(message)
    if is_resource_guard(code):
        return Denial(code, _shortened(message), RESOURCE_GUARD, access=True)
    return None


def _by_deny_assignment(message: str) -> Denial:
    """Extract the action, and the name and scope of the deny assignment, which overrules every role."""
    found, action = _DENY_ASSIGNMENT.search(message), _DENIED_ACTION.search(message)
    if found is None or action is None:
        reason = f"a deny assignment forbids it: {_shortened(message)}"
    else:
        place = f" on {action['scope']}" if action["scope"] else ""
        scope = f" at {found['scope']}" if found["scope"] else ""
        reason = f"the deny assignment '{found['name']}'{scope} forbids {action['action']}{place} (id {found['id']})"
    code = "DenyAssignmentAuthorizationFailed"
    return Denial(code, reason, ADVICE[code], access=True)


def _other(code: str, message: str) -> Denial:
    """Keep the words of a service whose refusal is not about a role."""
    return Denial(code, _shortened(message), ADVICE.get(code, "correct the cause in the message, then run again"))


def _shortened(message: str) -> str:
    line = " ".join(message.split()).rstrip(".")
    return line if len(line) <= _LONGEST_TEXT else f"{line[: _LONGEST_TEXT - 3]}..."


def missing_right(code: str, message: str) -> Denial:
    """Extract the missing action and its scope from the message of Resource Manager."""
    linked = _LINKED.search(message)
    if linked:
        action, scope = _short_list(linked.group(1)), _short_list(linked.group(2))
        held = _HELD_ON.search(message)
        link = f" (linked from {held.group(1)})" if held else ""
        return _lacks(code, action, f" on the linked scope {scope}{link}")
    found, scope_found = _ACTION.search(message), _SCOPE.search(message)
    if found is None:
        return Denial(
            code,
            f"the identity lacks a permission: {message.rstrip('.')}",
            "give it a role there, then run again",
            access=True,
        )
    return _lacks(code, found.group(1) or found.group(2), f" on {scope_found.group(1)}" if scope_found else "")


def _lacks(code: str, action: str, place: str) -> Denial:
    role = role_for(action.partition(",")[0].strip())
    grant = f"the role {role}" if role else "a role with this action"
    return Denial(
        code,
        f"the identity lacks {action}{place}",
        f"give it {grant}, wait a few minutes, then run again",
        access=True,
    )


def _short_list(text: str) -> str:
    return ", ".join(part.strip() for part in text.split(",") if part.strip())


def _locked(message: str) -> Denial:
    found = _LOCKED.search(message)
    place = found.group(1) if found else "its scope"
    name = _LOCK_NAME.search(place)
    lock = f"the lock '{name.group(1)}'" if name else "the lock"
    where = place[: name.start()] if name else place
    return Denial(
        "ScopeLocked",
        f"{lock} on {where} forbids it",
        "ask its owner (az lock list shows name and notes) to remove it, then run again",
    )
