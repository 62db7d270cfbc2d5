# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The expressions of `$filter`: comparisons joined by `and` (documented: Replication Jobs - List)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from .messages import Answer, ArmError, Call, Json, not_simulated

Listing = TypeVar("Listing", bound=Callable[..., Answer])

_COMPARISON = re.compile(r"\s*\(?\s*(\w+)\s+(eq|ne|ge|gt|le|lt)\s+'([^']*)'\s*\)?\s*", re.IGNORECASE)
_AND = re.compile(r"\s+and\s+(?=\w+\s)", re.IGNORECASE)
_COMPARE: Mapping[str, Callable[[str, str], bool]] = {
    "eq": lambda one, other: one == other,
    "ne": lambda one, other: one != other,
    "ge": lambda one, other: one >= other,
    "gt": lambda one, other: one > other,
    "le": lambda one, other: one <= other,
    "lt": lambda one, other: one < other,
}

Value = Callable[[Json], str]
_HONORING: set[Callable[..., Answer]] = set()


def honors_filter(handler: Listing) -> Listing:
    """Mark a list that honors `$filter`. The lab refuses a filter for any other list, and never ignores one."""
    _HONORING.add(handler)
    return handler


def is_honored(handler: Callable[..., Answer]) -> bool:
    """Tell whether a list honors `$filter`."""
    return handler in _HONORING


def filtered(call: Call, items: list[Json], values: Mapping[str, Value]) -> list[Json]:
    """Return the items that the filter of a call selects. `values` has a reader for each known name."""
    text = call.query.get("$filter", "").strip()
    if not text:
        return items
    readers = {name.casefold(): value for name, value in values.items()}
    for part in _AND.split(text):
        found = _COMPARISON.fullmatch(part)
        if found is None:
            # inferred: code and text.
            raise ArmError(
                400, "InvalidFilterInQueryString", f"Invalid $filter '{text}' specified in the query string."
            )
        name, word, wanted = found.groups()
        reader = readers.get(name.casefold())
        if reader is None:
            raise not_simulated(f"the filter '{text}'")
        compare = _COMPARE[word.lower()]
        items = [item for item in items if compare(reader(item).casefold(), wanted.casefold())]
    return items
