# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: explanations of a refusal by Azure Policy: the policy, its own words, and the values that it rejects.

Source: "Azure Policy: details of the error RequestDisallowedByPolicy" (`additionalInfo` of type PolicyViolation).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

_POLICIES = re.compile(r"Policy identifiers: '(\[.*\])'", re.DOTALL)
_REASONS = re.compile(r"Reasons?: '(?P<quoted>.*?)'(?: ?\.| See |$)|Reasons?: (?P<plain>[^'].*)", re.DOTALL)
_FOLLOWED_BY = re.compile(r"See (?:error details|https?://).*|Policy identifiers:.*", re.DOTALL | re.IGNORECASE)
_GENERIC = re.compile(r"Resource '[^']*' was disallowed by policy\.?", re.IGNORECASE)
# These expressions select the kind of resource and are not about its values.
_SELECTORS = ("type", "kind")
_NAMED, _SHOWN, _LONGEST = 3, 3, 300


def describe(message: str, error: Mapping[str, Any]) -> str:
    """Describe the policies that refused a request, with their reason and the rejected values."""
    names = list(dict.fromkeys([*_violations(error), *_identified(message)]))
    reason = _reason(message, named=bool(names))
    shown = " and ".join(names[:_NAMED]) or "a policy of the organization"
    rejected = list(dict.fromkeys(_rejected(error)))[:_SHOWN]
    return (
        f"Azure Policy forbids it: {shown}"
        + (f": {reason}" if reason else "")
        + (f"; it rejects {', '.join(rejected)}" if rejected else "")
    )


def advice(message: str, error: Mapping[str, Any]) -> str:
    """Return the remedy: other values, or a sign-in that satisfies the policy."""
    if re.search(r"\bMFA\b|multi-?factor", f"{message} {_texts(error)}", re.IGNORECASE):
        return (
            "sign in with multifactor authentication, or use a service principal or a managed identity, which the"
            " policy does not cover, then run again"
        )
    return "choose values that the policy allows, or ask its owner for an exemption, then run again"


def _infos(error: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    for entry in error.get("additionalInfo") or []:
        info = entry.get("info") if isinstance(entry, Mapping) else None
        if isinstance(info, Mapping):
            yield info


def _texts(error: Mapping[str, Any]) -> str:
    return " ".join(str(info.get("policyDefinitionDisplayName") or "") for info in _infos(error))


def _violations(error: Mapping[str, Any]) -> Iterable[str]:
    """Read policies from the structured part of the error."""
    for info in _infos(error):
        name = info.get("policyDefinitionDisplayName") or info.get("policyDefinitionName")
        if name:
            yield _policy(str(name), info.get("policyAssignmentId"))


def _rejected(error: Mapping[str, Any]) -> Iterable[str]:
    """Read the values that the policy rejects: their place in the request, the value, and what it was compared with."""
    for info in _infos(error):
        details = info.get("evaluationDetails")
        expressions = details.get("evaluatedExpressions") if isinstance(details, Mapping) else None
        for entry in expressions if isinstance(expressions, list) else []:
            if not isinstance(entry, Mapping) or str(entry.get("result", "True")).casefold() != "true":
                continue
            path = str(entry.get("path") or entry.get("expression") or "")
            if path and path.casefold() not in _SELECTORS:
                yield _cut(
                    f"{path} {_value(entry.get('expressionValue'))} ({entry.get('operator') or 'compared with'}"
                    f" {_value(entry.get('targetValue'))})",
                    120,
                )


def _value(value: Any) -> str:
    if value is None:
        return "(not set)"
    return str(value) if isinstance(value, str) else json.dumps(value)


def _reason(message: str, *, named: bool) -> str:
    """Return the organization's own message. Without any policy's name, return the service's text."""
    found = _REASONS.search(message)
    if found:
        text = found["quoted"] if found["quoted"] is not None else _FOLLOWED_BY.sub("", found["plain"])
    elif named:
        return ""
    else:
        text = _FOLLOWED_BY.sub("", _GENERIC.sub("", message))
    return _cut(" ".join(text.split()).strip("' ").rstrip("."), _LONGEST)


def _identified(message: str) -> Iterable[str]:
    """Read policies from the JSON list in the message. Newer answers of some services have nothing else."""
    found = _POLICIES.search(message)
    try:
        listed = json.loads(found.group(1).replace('\\"', '"')) if found else []
    except ValueError:
        return
    for entry in listed if isinstance(listed, list) else []:
        if not isinstance(entry, Mapping):
            continue
        definition, assignment = entry.get("policyDefinition") or {}, entry.get("policyAssignment") or {}
        name = definition.get("name") or assignment.get("name")
        if name:
            yield _policy(str(name), assignment.get("id"))


def _policy(name: str, assignment: Any) -> str:
    return f"'{name}'" + (f" (assignment {assignment})" if assignment else "")


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 3]}..."
