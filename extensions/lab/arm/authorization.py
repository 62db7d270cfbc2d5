# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role-based access: lists the actions that the login's roles allow at a scope, and enforces them on every call."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from . import guardrails, locks
from .common import GROUP, ROOT, need_group
from .messages import Answer, ArmError, Call
from .routes import Route, Routes
from .state import AzureState
from .versions import AUTHORIZATION, SITE_RECOVERY

ROUTES = Routes(AUTHORIZATION)

# documented: provider operations; the check of a free name is a read.
_ACTIONS = {"Microsoft.Storage/checkNameAvailability/action": "Microsoft.Storage/checkNameAvailability/read"}
_VERBS = {"GET": "read", "HEAD": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}
_PERMISSIONS = "/providers/Microsoft.Authorization/permissions"
# Reads that any role in the subscription allows (inferred: the subscription itself and the caller's permissions).
_OPEN = ("Microsoft.Resources/subscriptions/read", "Microsoft.Authorization/permissions/read")
# Lists that every caller may read: they show what the caller has a role in (documented: Subscriptions and Tenants).
_FREE = (("subscriptions",), ("tenants",))


@ROUTES.get(ROOT + _PERMISSIONS)
def subscription_permissions(state: AzureState, call: Call) -> Answer:
    """List permissions (documented: Role-based access control with the REST API).

    The definition has this operation only for groups and resources.
    """
    return _permissions(state, f"/subscriptions/{call['subscription']}")


@ROUTES.get(GROUP + _PERMISSIONS)
def group_permissions(state: AzureState, call: Call) -> Answer:
    # documented: REST reference, Permissions - List For Resource Group.
    need_group(state, call["group"])
    return _permissions(state, f"/subscriptions/{call['subscription']}/resourceGroups/{call['group']}")


def _permissions(state: AzureState, scope: str) -> Answer:
    return Answer(
        200,
        {
            "value": [
                {
                    "actions": list(actions),
                    "notActions": list(not_actions),
                    "dataActions": [],
                    "notDataActions": [],
                    # documented: Permission, condition and conditionVersion.
                    **({"condition": state.role_condition, "conditionVersion": "2.0"} if state.role_condition else {}),
                }
                for actions, not_actions in _roles_at(state, scope)
            ]
        },
    )


def _covers(scope: str, path: str) -> bool:
    return f"{path}/".casefold().startswith(f"{scope}/".casefold())


def check(state: AzureState, route: Route, call: Call, segments: tuple[str, ...]) -> None:
    """Raise the errors of Resource Manager before a call reaches its provider."""
    subscription = state.context.login.subscription_id
    if route.writes and state.subscription_state == "Disabled":
        # documented: subscription states; the code is that of Resource Manager.
        raise ArmError(
            409,
            "ReadOnlyDisabledSubscription",
            f"The subscription '{subscription}' is disabled and therefore marked as read only. You cannot perform any "
            "write actions on this subscription until it is re-enabled.",
            gateway=True,
        )
    if (route.counts == "azure.poll" and route.family is not SITE_RECOVERY) or route.segments in _FREE:
        # documented: Site Recovery's built-in roles name the polling addresses; other services' roles do not.
        return
    action = _action(route, call, segments)
    if action in _OPEN and state.roles:
        return
    if _allowed(state, action, call.path) or (_lists_subscription(segments, route) and state.roles):
        guardrails.check_deny_assignments(state, action, call.path)
        if route.writes:
            locks.check_locks(state, route, call)
            guardrails.enforce(state, call, segments)
        return
    login = state.context.login
    # recorded: text of AuthorizationFailed.
    raise ArmError(
        403,
        "AuthorizationFailed",
        f"The client '{login.client_id}' with object id '{login.client_id}' does not have authorization to perform "
        f"action '{action}' over scope '{call.path}' or the scope is invalid. If access was recently granted, please "
        "refresh your credentials.",
        gateway=True,
    )


def check_linked(state: AzureState, call: Call, action: str, links: Iterable[tuple[str, str]]) -> None:
    """Refuse a write whose body refers to a resource that the identity must not use.

    `links` are the actions and ids that the body requires. documented: "Azure permissions for Networking", join
    actions; the text is that of public reports. inferred: references that were there before the write count, too.
    """
    denied = [(needed, scope) for needed, scope in links if not _allowed(state, needed, scope)]
    if not denied:
        return
    login = state.context.login
    needed, scopes = (",".join(dict.fromkeys(parts)) for parts in zip(*denied, strict=True))
    raise ArmError(
        403,
        "LinkedAuthorizationFailed",
        f"The client '{login.client_id}' with object id '{login.client_id}' has permission to perform action "
        f"'{action}' on scope '{call.path}'; however, it does not have permission to perform action(s) '{needed}' on "
        f"the linked scope(s) '{scopes}' (respectively) or the linked scope(s) are invalid.",
        gateway=True,
    )


def visible(state: AzureState, route: Route, call: Call, segments: tuple[str, ...], answer: Answer) -> Answer:
    """Limit a list over the subscription to what the roles allow (documented for lists of resources)."""
    if not _lists_subscription(segments, route) or answer.status != 200:
        return answer
    action = _action(route, call, segments)
    if _allowed(state, action, call.path):
        return answer
    shown = [item for item in answer.body["value"] if _allowed(state, action, str(item["id"]))]
    return Answer(answer.status, {**answer.body, "value": shown}, answer.headers)


def _lists_subscription(segments: tuple[str, ...], route: Route) -> bool:
    """Tell whether a path is `/subscriptions/x/providers/namespace/type` or `/subscriptions/x/resourceGroups`."""
    literal = [segment.casefold() for segment in route.segments[2:]]
    if route.method != "GET":
        return False
    return literal in (["resourcegroups"], ["resources"]) or (
        len(segments) == 5 and literal[0] == "providers" and "{" not in literal[2]
    )


def _action(route: Route, call: Call, segments: tuple[str, ...]) -> str:
    """Return the operation's name: namespace, types and verb (documented: resource provider operations)."""
    names = list(route.segments)
    lowered = [name.casefold() for name in names]
    if "providers" in lowered[:-1] and not names[_last(lowered) + 1].startswith("{"):
        place = _last(lowered)
        types = [names[place + 1], *names[place + 2 :: 2]]
    elif "providers" in lowered:
        given = segments[3] if len(segments) > 3 else ""
        types = [given] if call.method == "POST" else ["Microsoft.Resources", "subscriptions", "providers"]
    else:
        types = [
            "Microsoft.Resources",
            *("resourceGroups" if n.casefold() == "resourcegroups" else n for n in names[::2]),
        ]
    if call.method == "POST":
        last = names[-1]
        types = types if types[-1] == last else [*types, last]
        action = "/".join([*types, "action"])
    else:
        action = "/".join([*types, _VERBS[call.method]])
    return _ACTIONS.get(action, action)


def _last(names: list[str]) -> int:
    return len(names) - 1 - names[::-1].index("providers")


def _allowed(state: AzureState, action: str, path: str) -> bool:
    return any(_fits(actions, action) and not _fits(left_out, action) for actions, left_out in _roles_at(state, path))


def _roles_at(state: AzureState, path: str) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return the roles that were assigned at this scope or above it."""
    for scope, actions, not_actions in state.roles:
        if _covers(scope, path):
            yield actions, not_actions


def _fits(patterns: tuple[str, ...], action: str) -> bool:
    return any(
        re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), action, re.IGNORECASE)
        for pattern in patterns
    )
