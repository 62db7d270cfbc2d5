# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules above roles: Azure Policy, deny assignments, and regions that are closed to a subscription."""

from __future__ import annotations

import re
from typing import Any

from .common import GROUP, ROOT, need_group
from .filters import honors_filter
from .messages import Answer, ArmError, Call, Json, not_simulated
from .records import EVERYONE, Policy
from .regions import canonical
from .routes import Routes
from .state import AzureState
from .versions import DENY_ASSIGNMENTS

ROUTES = Routes(DENY_ASSIGNMENTS)

_DENY_ASSIGNMENTS = "/providers/Microsoft.Authorization/denyAssignments"
_ENFORCED = {"PUT", "PATCH"}


def enforce(state: AzureState, call: Call, segments: tuple[str, ...]) -> None:
    """Apply policies and closed regions to a write of a resource before its provider receives it."""
    body = call.body
    if call.method not in _ENFORCED or not isinstance(body, dict):
        return
    kind = _kind(segments)
    name = segments[-1]
    if call.method == "PUT" and canonical(str(body.get("location") or "")) in state.closed_regions:
        # recorded: public reports of 2026, for example Azure/azure-cli issue 32913.
        raise ArmError(
            403,
            "RequestDisallowedByAzure",
            f"Resource '{name}' was disallowed by Azure: This policy maintains a set of best available regions where"
            " your subscription can deploy resources. Should you need additional or different regions,"
            " contact support.",
            gateway=True,
        )
    policies = [policy for policy in state.policies if policy.kind == kind]
    # documented: order of evaluation: append and modify first, deny after them.
    for policy in policies:
        if policy.effect == "modify":
            _set(body, policy.path, policy.value)
    for policy in policies:
        given = _get(body, policy.path)
        refused = given not in policy.allowed if policy.allowed else given is None
        if policy.effect == "deny" and call.method == "PUT" and refused:
            raise _Disallowed(state, policy, name, given)


class _Disallowed(ArmError):
    """The refusal of a policy (documented: RequestDisallowedByPolicy, with additionalInfo of type PolicyViolation)."""

    def __init__(self, state: AzureState, policy: Policy, name: str, given: Any) -> None:
        reason = f" Reasons: '{policy.reason}'." if policy.reason else ""
        text = f"Resource '{name}' was disallowed by policy.{reason} See error details for policy resource IDs."
        super().__init__(403, "RequestDisallowedByPolicy", text, gateway=True)
        root = f"/subscriptions/{state.context.login.subscription_id}/providers/Microsoft.Authorization"
        expression: Json = {
            "result": "True",
            "expressionKind": "Field",
            "expression": policy.path,
            "path": policy.path,
            "expressionValue": given,
            "targetValue": list(policy.allowed) if policy.allowed else "false",
            "operator": "NotIn" if policy.allowed else "Exists",
        }
        self._info = {
            "type": "PolicyViolation",
            "info": {
                "policyDefinitionDisplayName": policy.name,
                "policyDefinitionId": f"{root}/policyDefinitions/{policy.name}",
                "policyDefinitionEffect": "deny",
                "policyAssignmentId": f"{root}/policyAssignments/{policy.name}",
                "evaluationDetails": {"evaluatedExpressions": [expression]},
            },
        }

    def answer(self) -> Answer:
        answer = super().answer()
        answer.body["error"]["additionalInfo"] = [self._info]
        return answer


def check_deny_assignments(state: AzureState, action: str, path: str) -> None:
    """Refuse an action that a deny assignment forbids (documented: they take precedence over role assignments)."""
    login = state.context.login
    for entry in state.deny_assignments:
        properties = entry["properties"]
        excluded = {principal["id"] for principal in properties["excludePrincipals"]}
        named = {principal["id"] for principal in properties["principals"]}
        if login.client_id in excluded or not named & {EVERYONE, login.client_id}:
            continue
        scope = str(properties["scope"])
        if not f"{path}/".casefold().startswith(f"{scope}/".casefold()):
            continue
        if any(
            _fits(one["actions"], action) and not _fits(one["notActions"], action) for one in properties["permissions"]
        ):
            # documented: text of DenyAssignmentAuthorizationFailed ("Deployment stacks").
            raise ArmError(
                403,
                "DenyAssignmentAuthorizationFailed",
                f"The client '{login.client_id}' with object id '{login.client_id}' has permission to perform action"
                f" '{action}' on scope '{path}'; however, the access is denied because of the deny assignment with name"
                f" '{properties['denyAssignmentName']}' and Id '{entry['name']}' at scope '{scope}'.",
                gateway=True,
            )


@ROUTES.get(ROOT + _DENY_ASSIGNMENTS)
@honors_filter
def subscription_deny_assignments(state: AzureState, call: Call) -> Answer:
    # documented: REST reference, Deny Assignments - List.
    return _listed(state, call, f"/subscriptions/{call['subscription']}")


@ROUTES.get(GROUP + _DENY_ASSIGNMENTS)
@honors_filter
def group_deny_assignments(state: AzureState, call: Call) -> Answer:
    # documented: REST reference, Deny Assignments - List For Resource Group.
    return _listed(state, call, str(need_group(state, call["group"])["id"]))


def _listed(state: AzureState, call: Call, scope: str) -> Answer:
    """List deny assignments: with the filter `atScope()` those at or above the scope, without it also those below."""
    text = call.query.get("$filter", "")
    exact = text.casefold() == "atscope()"
    if text and not exact:
        raise not_simulated(f"the filter '{text}'")
    shown = [
        entry
        for entry in state.deny_assignments
        if _covers(str(entry["properties"]["scope"]), scope)
        or (not exact and _covers(scope, str(entry["properties"]["scope"])))
    ]
    return Answer(200, {"value": shown})


def _covers(above: str, below: str) -> bool:
    return f"{below}/".casefold().startswith(f"{above}/".casefold())


def _fits(patterns: list[str], action: str) -> bool:
    return any(
        re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), action, re.IGNORECASE)
        for pattern in patterns
    )


def _kind(segments: tuple[str, ...]) -> str:
    """Return the resource type of a path in lower case."""
    lowered = [segment.casefold() for segment in segments]
    if "providers" not in lowered:
        return "microsoft.resources/subscriptions/resourcegroups"
    place = lowered.index("providers") + 1
    return "/".join([lowered[place], *lowered[place + 1 :: 2]])


def _get(body: Json, path: str) -> Any:
    place: Any = body
    for part in path.split("."):
        if not isinstance(place, dict):
            return None
        place = place.get(part)
    return place


def _set(body: Json, path: str, value: Any) -> None:
    *parents, leaf = path.split(".")
    place = body
    for part in parents:
        if not isinstance(place.get(part), dict):
            place[part] = {}
        place = place[part]
    place[leaf] = value
