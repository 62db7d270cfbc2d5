# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: what is going to change. Check mode, diff, `changed` and reports are views of the same plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import InvalidInput

UNKNOWN = "(known after apply)"
HIDDEN = "(hidden)"
_NOT_IN_TAG_NAMES = frozenset("<>%&\\?/")


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between what is and what was asked for.

    `path` is the dotted place in the noun's projection (`tags.owner`), or the name of an action (`installation`)
    for something that has no place there. `reason` says why in words. A secret's values are never shown.
    """

    path: str
    before: Any
    after: Any
    reason: str = ""
    secret: bool = False

    def describe(self) -> str:
        return self.reason or f"{self.path}: {self.before} -> {self.after}"

    def to_result(self) -> dict[str, Any]:
        before, after = (HIDDEN, HIDDEN) if self.secret else (self.before, self.after)
        return {"path": self.path, "before": before, "after": after, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Plan:
    """Ordered changes of one object."""

    changes: tuple[Change, ...] = ()

    @classmethod
    def of(cls, changes: Iterable[Change | None]) -> Plan:
        return cls(tuple(change for change in changes if change is not None))

    @property
    def changed(self) -> bool:
        return bool(self.changes)

    def touches(self, path: str) -> bool:
        """Whether something at or below `path` changes."""
        return any(change.path == path or change.path.startswith(path + ".") for change in self.changes)

    def only(self, *paths: str) -> Plan:
        """The changes at or below one of the paths."""
        return Plan(tuple(change for change in self.changes if any(Plan((change,)).touches(path) for path in paths)))

    def to_result(self) -> list[dict[str, Any]]:
        return [change.to_result() for change in self.changes]

    def describe(self) -> str:
        """The plan in one line for evidence and messages."""
        return "; ".join(dict.fromkeys(change.describe() for change in self.changes))


def compare(path: str, actual: Any, desired: Any, reason: str = "") -> Change | None:
    """A change if `desired` was written (is not None) and differs."""
    if desired is None or actual == desired:
        return None
    return Change(path, actual, desired, reason)


def creation(reason: str, values: Mapping[str, Any]) -> list[Change]:
    """The changes that make a thing from nothing: one per projected value, all for the same reason."""
    return [Change(path, None, value, reason) for path, value in values.items()]


def checked_tags(tags: Mapping[Any, Any] | None) -> dict[str, str] | None:
    """Tags as they are sent, all of them text. Raises InvalidInput.

    Rules: limits of tags, Azure Resource Manager. Names are told apart without case.
    """
    texts: dict[str, str] = {}
    for name, value in (tags or {}).items():
        text = str(name)
        if not text or _NOT_IN_TAG_NAMES & set(text):
            raise InvalidInput("tags", f"'{text}' is empty or has one of < > % & \\ ? /", "give the tag another name")
        if text.casefold() in (known.casefold() for known in texts):
            raise InvalidInput("tags", f"'{text}' stands there twice (case does not tell tags apart)", "give it once")
        texts[text] = "" if value is None else str(value)
    return None if tags is None else texts


def merged_tags(actual: Mapping[str, str], desired: Mapping[str, str] | None, append: bool) -> dict[str, str]:
    """Tags after the change: unwritten ones are kept, or dropped when not appending. None means: leave alone.

    Azure tells tag names apart without case and keeps the spelling that was there first.
    """
    if desired is None:
        return dict(actual)
    kept = dict(actual) if append else {}
    spelled = {name.casefold(): name for name in actual}
    return {**kept, **{spelled.get(name.casefold(), name): value for name, value in desired.items()}}


def apply_changes(projection: Mapping[str, Any], changes: Iterable[Change]) -> dict[str, Any]:
    """The projection with the planned changes laid over it: what check mode expects to see. A secret is never in it."""
    result = _copy(projection)
    for change in changes:
        if change.secret:
            continue
        *parents, leaf = change.path.split(".")
        place = result
        for name in parents:
            child = place.get(name)
            place[name] = child if isinstance(child, dict) else {}
            place = place[name]
        place[leaf] = change.after
    return result


def _copy(value: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _copy(item) if isinstance(item, Mapping) else item for name, item in value.items()}
