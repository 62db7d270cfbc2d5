# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The expressions of `$filter`: comparisons joined by `and` (documented: Replication Jobs - List)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from .messages import ArmError, Call, Json, not_simulated

_COMPARISON = re.compile(r"\s*(\w+)\s+(eq|ne|ge|gt|le|lt)\s+'([^']*)'\s*", re.IGNORECASE)
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
