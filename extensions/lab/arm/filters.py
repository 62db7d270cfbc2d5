# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The expressions of `$filter`: comparisons joined by `and`, alternatives by `or` in brackets.

documented: Replication Jobs - List. recorded: brackets and alternatives, in Azure PowerShell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from .messages import Answer, ArmError, Call, Json, not_simulated

Listing = TypeVar("Listing", bound=Callable[..., Answer])

_COMPARISON = re.compile(r"\s*\(?\s*(\w+)\s+(eq|ne|ge|gt|le|lt)\s+'([^']*)'\s*\)?\s*", re.IGNORECASE)
_AND = re.compile(r"\s+and\s+(?=[\w(])(?=(?:[^']*'[^']*')*[^']*$)", re.IGNORECASE)
_OR = re.compile(r"\s+or\s+(?=[\w(])(?=(?:[^']*'[^']*')*[^']*$)", re.IGNORECASE)
_COMPARE: Mapping[str, Callable[[str, str], bool]] = {
    "eq": lambda one, other: one == other,
    "ne": lambda one, other: one != other,
    "ge": lambda one, other: one >= other,
    "gt": lambda one, other: one > other,
    "le": lambda one, other: one <= other,
    "lt": lambda one, other: one < other,
}

Value = Callable[[Json], str]


@dataclass(frozen=True, slots=True)
class Matcher:
    """A test of an item for a name whose comparison does not mean equality."""

    test: Callable[[Json, str], bool]


_HONORING: set[Callable[..., Answer]] = set()


def honors_filter(handler: Listing) -> Listing:
    """Mark a list that honors `$filter`. The lab refuses a filter for any other list, and never ignores one."""
    _HONORING.add(handler)
    return handler


def is_honored(handler: Callable[..., Answer]) -> bool:
    """Tell whether a list honors `$filter`."""
    return handler in _HONORING


def filtered(call: Call, items: list[Json], values: Mapping[str, Value | Matcher]) -> list[Json]:
    """Return the items that the filter of a call selects. `values` has a reader or a test for each known name."""
    text = call.query.get("$filter", "").strip()
    if not text:
        return items
    known = {name.casefold(): value for name, value in values.items()}
    for part in _AND.split(text):
        inner = part.strip().removeprefix("(").removesuffix(")")
        tests = [_test(text, comparison, known) for comparison in _OR.split(inner)]
        items = [item for item in items if any(test(item) for test in tests)]
    return items


def _test(text: str, comparison: str, known: Mapping[str, Value | Matcher]) -> Callable[[Json], bool]:
    found = _COMPARISON.fullmatch(comparison)
    if found is None:
        # inferred: code and text.
        raise ArmError(400, "InvalidFilterInQueryString", f"Invalid $filter '{text}' specified in the query string.")
    name, word, wanted = found.groups()
    value = known.get(name.casefold())
    if value is None:
        raise not_simulated(f"the filter '{text}'")
    if isinstance(value, Matcher):
        test = value.test
        return lambda item: test(item, wanted)
    compare, reader = _COMPARE[word.lower()], value
    return lambda item: compare(reader(item).casefold(), wanted.casefold())
