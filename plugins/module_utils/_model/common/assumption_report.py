# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the report of a look at real systems, which its user can send to others.

Results hold forms instead of values. This is the second lock: every text of the report is looked through once more,
and what could name a system or its owner becomes a pseudonym. Pseudonyms are keyed hashes; the key is made for one
report and kept nowhere, so that equal names can be seen within a report and not across reports.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .assumption import COULD_NOT_LOOK, DOES_NOT_HOLD, HOLDS

#: Of the report's form. A change that readers must know of gets the next number.
SCHEMA, SCHEMA_VERSION = "siterecovery.hyperv/assumptions", 1
STATUSES = (HOLDS, DOES_NOT_HOLD, COULD_NOT_LOOK)
SIDES = ("vmm_server", "hyperv_host", "azure")

_DIGITS = 10
#: A name of fewer characters may be a part of any word.
_SHORTEST = 3
# Forms of names of systems, from the most special to the most general.
_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("id", re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)),
    ("id", re.compile(r"\b[0-9a-f]{32,64}\b", re.IGNORECASE)),
    ("id", re.compile(r"S-1-5-21(-\d+)+")),
    ("user", re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+")),
    ("address", re.compile(r"https?://[^\s'\"]+", re.IGNORECASE)),
    ("address", re.compile(r"\\\\[^\s'\"]+")),
    ("address", re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2})?(?![\d.])")),
    ("address", re.compile(r"(?<![0-9a-f:])(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{0,4}(?![0-9a-f:])", re.IGNORECASE)),
)
# Versions have the form of an address.
_VERSIONS = ("os_version", "vmm_version", "provider_version", "agent_version", "version", "agent")


class Anonymizer:
    """Replaces what could name a system. `names` are known ones, in any case; `key` belongs to one report.

    Names of members are the collection's own and stay.
    """

    def __init__(self, key: bytes, names: Iterable[str]) -> None:
        self._key = key
        known = sorted({name for name in names if len(name) >= _SHORTEST}, key=len, reverse=True)
        parts = "|".join(re.escape(name) for name in known)
        self._known = re.compile(rf"(?<![A-Za-z0-9])(?:{parts})(?![A-Za-z0-9])", re.IGNORECASE) if parts else None

    def pseudonym(self, kind: str, value: str) -> str:
        """Return the same name for the same value, in any case."""
        digest = hmac.new(self._key, value.casefold().encode(), hashlib.sha256).hexdigest()
        return f"{kind}-{digest[:_DIGITS]}"

    def clean(self, value: Any, name: str = "") -> Any:
        """Return a value without anything that could name a system. `name` is the member that holds it."""
        if isinstance(value, str):
            return self._clean_text(value, version=name in _VERSIONS)
        if isinstance(value, Mapping):
            return {str(key): self.clean(item, str(key)) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.clean(item, name) for item in value]
        return value

    def _clean_text(self, text: str, *, version: bool) -> str:
        if self._known is not None:
            text = self._known.sub(lambda found: self.pseudonym("name", found[0]), text)
        if version:
            return text
        for kind, pattern in _FORMS:
            text = pattern.sub(lambda found, kind=kind: self.pseudonym(kind, found[0]), text)  # type: ignore[misc]
        return text


def report(results: Sequence[Mapping[str, Any]], *, key: bytes, date: str, collection: str) -> dict[str, Any]:
    """Return the report of several results.

    Each of `results` has the name of a machine (`name`), its `side` and the `result` of the module that looked at it.
    `date` is a day, `collection` the version of this collection.
    """
    anonymizer = Anonymizer(key, _names(results))
    systems = [_system(anonymizer, each) for each in results]
    findings = [finding for system in systems for finding in system["assumptions"]]
    counted = Counter(finding["status"] for finding in findings)
    return {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "collection_version": collection,
        "date": date,
        "summary": {status: counted[status] for status in STATUSES},
        "systems": systems,
    }


def _names(results: Sequence[Mapping[str, Any]]) -> set[str]:
    found: set[str] = set()
    for each in results:
        result = each.get("result") or {}
        name = str(each["name"])
        found |= {name, name.partition(".")[0], *map(str, result.get("identifiers") or ())}
    return {name for name in found if name.casefold() not in ("localhost", "azure", "workgroup")}


def _system(anonymizer: Anonymizer, each: Mapping[str, Any]) -> dict[str, Any]:
    result = each.get("result") or {}
    found = result.get("assumptions")
    return {
        "system": anonymizer.pseudonym("system", str(each["name"])),
        "side": each["side"],
        "state": "read" if found is not None else _state(result),
        "facts": anonymizer.clean(result.get("facts") or {}),
        "assumptions": [_finding(anonymizer, finding) for finding in found or ()],
    }


def _state(result: Mapping[str, Any]) -> str:
    if result.get("unreachable"):
        return "unreachable"
    return "failed" if result.get("failed") else "not_looked_at"


def _finding(anonymizer: Anonymizer, finding: Mapping[str, Any]) -> dict[str, Any]:
    """Return a finding without the message, whose text is in docs/assumptions.md."""
    return {
        "id": str(finding["id"]),
        "status": str(finding["status"]),
        "observed": anonymizer.clean(finding.get("observed") or {}),
        "reason": anonymizer.clean(str(finding.get("reason") or "")),
    }


# ---- the table for a person ----

_WORDS: dict[str, str] = {HOLDS: "holds", DOES_NOT_HOLD: "does not hold", COULD_NOT_LOOK: "could not look"}


def rows(results: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, str]]:
    """Return one row per assumption and status: id, status with the number of systems, one line of text."""
    found: dict[str, dict[str, list[str]]] = {}
    for each in results:
        for finding in (each.get("result") or {}).get("assumptions") or ():
            by_status = found.setdefault(str(finding["id"]), {})
            by_status.setdefault(str(finding["status"]), []).append(str(finding["message"]))
    return [
        (identity, _counted(status, by_status), by_status[status][0])
        for identity, by_status in sorted(found.items())
        for status in STATUSES
        if status in by_status
    ]


def _counted(status: str, by_status: Mapping[str, Sequence[str]]) -> str:
    total = sum(len(messages) for messages in by_status.values())
    number = len(by_status[status])
    return _WORDS[status] if total == 1 else f"{_WORDS[status]} ({number} of {total})"


def unread(results: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return one line per system that brought no result."""
    return [
        f"{each['name']}: {_state(each.get('result') or {}).replace('_', ' ')}"
        for each in results
        if (each.get("result") or {}).get("assumptions") is None
    ]
