# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the plan of changes. Check mode, diff, `changed` and reports are views of the same plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import InvalidInput
from .shown_text import foreign, has_controls

UNKNOWN = "(known after apply)"
HIDDEN = "(hidden)"
_NOT_IN_TAG_NAMES = frozenset("<>%&\\?/")
# "Use tags to organize your Azure resources", Limitations. The names of storage accounts' tags are shorter.
_MOST_TAGS, _LONGEST_TAG_NAME, _LONGEST_TAG_VALUE = 50, 512, 256
LONGEST_ACCOUNT_TAG_NAME = 128


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between the observed and the desired state.

    `path` is the dotted key in the resource's result (`tags.owner`), or the name of an action (`installation`) that has
    no key there. `reason` describes the change in words. The values of a secret are never shown.
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
    """The ordered changes of one resource."""

    changes: tuple[Change, ...] = ()

    @classmethod
    def of(cls, changes: Iterable[Change | None]) -> Plan:
        return cls(tuple(change for change in changes if change is not None))

    @property
    def changed(self) -> bool:
        return bool(self.changes)

    def touches(self, path: str) -> bool:
        """Tell whether a value at or below `path` changes."""
        return any(change.path == path or change.path.startswith(path + ".") for change in self.changes)

    def only(self, *paths: str) -> Plan:
        """Return the changes at or below one of the paths."""
        return Plan(tuple(change for change in self.changes if any(Plan((change,)).touches(path) for path in paths)))

    def to_result(self) -> list[dict[str, Any]]:
        return [change.to_result() for change in self.changes]

    def describe(self) -> str:
        """Return the plan in one line, for evidence and messages."""
        return "; ".join(dict.fromkeys(change.describe() for change in self.changes))


def compare(path: str, actual: Any, desired: Any, reason: str = "") -> Change | None:
    """Return a change when `desired` is set and differs from `actual`."""
    if desired is None or actual == desired:
        return None
    return Change(path, actual, desired, reason)


def creation(reason: str, values: Mapping[str, Any]) -> list[Change]:
    """Return the changes that create a resource: one for each value of its result, all with the same reason."""
    return [Change(path, None, value, reason) for path, value in values.items()]


def checked_tags(
    tags: Mapping[Any, Any] | None, option: str = "tags", *, longest_name: int = _LONGEST_TAG_NAME
) -> dict[str, str] | None:
    """Return tags as Azure takes them, with every value as text. Raises InvalidInput.

    The rules are the tag limits of Azure Resource Manager. Names that differ only in case are the same name.
    """
    texts: dict[str, str] = {}
    if len(tags or {}) > _MOST_TAGS:
        raise InvalidInput(option, f"must have at most {_MOST_TAGS} entries, not {len(tags or {})}", "remove some")
    for name, value in (tags or {}).items():
        text = "" if name is None else str(name)
        _require_plain_tag(text, text, option)
        if not text or _NOT_IN_TAG_NAMES & set(text):
            raise InvalidInput(option, f"'{text}' is empty or contains one of < > % & \\ ? /", "rename the tag")
        if text.casefold() in (known.casefold() for known in texts):
            raise InvalidInput(option, f"'{text}' is a duplicate (tag names ignore case)", "remove one of the two")
        if len(text) > longest_name:
            raise InvalidInput(
                option, f"the name '{text[:20]}...' has more than {longest_name} characters", "use a shorter name"
            )
        texts[text] = _tag_value(text, value, option)
    return None if tags is None else texts


def _require_plain_tag(name: str, text: str, option: str) -> None:
    if has_controls(text):
        raise InvalidInput(
            option,
            f"the name and value of '{foreign(name, 20)}' must not contain line breaks or other control characters",
            "remove them",
        )


def _tag_value(name: str, value: Any, option: str) -> str:
    """Return the value of a tag as text. A structure would become the text of a Python object."""
    if isinstance(value, (Mapping, list, tuple)):
        raise InvalidInput(option, f"the value of '{name}' must be a text", "put it in quotation marks")
    text = "" if value is None else str(value)
    _require_plain_tag(name, text, option)
    if len(text) > _LONGEST_TAG_VALUE:
        raise InvalidInput(
            option, f"the value of '{name}' has more than {_LONGEST_TAG_VALUE} characters", "use a shorter value"
        )
    return text


def merged_tags(actual: Mapping[str, str], desired: Mapping[str, str] | None, purge: bool) -> dict[str, str]:
    """Return the tags after the change. Other tags are kept unless `purge` is set; None leaves all tags unchanged.

    Azure ignores the case of tag names and keeps the first spelling.
    """
    if desired is None:
        return dict(actual)
    kept = {} if purge else dict(actual)
    spelled = {name.casefold(): name for name in actual}
    return {**kept, **{spelled.get(name.casefold(), name): value for name, value in desired.items()}}


def apply_changes(projection: Mapping[str, Any], changes: Iterable[Change]) -> dict[str, Any]:
    """Return a result with the planned changes applied, as check mode shows it. It never contains a secret."""
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
