# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the shape of an answer, and the first value in it that has another one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: A type, a list of one shape, an object with fields, or `Optional` of a shape. Fields without a shape are ignored.
Shape = Any
TEXT, NUMBER, BOOL = str, int, bool
ANY = object


@dataclass(frozen=True, slots=True)
class Optional:
    """A shape whose value may be null. With `absent` an object may also lack the field."""

    shape: Shape
    absent: bool = False


@dataclass(frozen=True, slots=True)
class Misshapen:
    """A value of an unexpected shape, and the place of its field."""

    field: str
    found: str
    expected: str

    def describe(self) -> str:
        return f"{self.field} as {self.found} instead of {self.expected}"


_ABSENT = object()
_NAMES = {str: "a text", int: "a whole number", bool: "true or false", list: "a list", dict: "an object"}


def kind_of(value: Any) -> str:
    """Return the type of a value in words."""
    if value is None:
        return "null"
    if value is _ABSENT:
        return "nothing"
    return next((name for kind, name in _NAMES.items() if _is_a(value, kind)), f"a {type(value).__name__}")


def _is_a(value: Any, kind: type) -> bool:
    """Tell whether a value is a text, number or boolean. Ansible marks values by subclasses, such as unsafe text."""
    # For Python, true is also a number.
    return isinstance(value, kind) and isinstance(value, bool) == (kind is bool)


def first_misshapen(value: Any, shape: Shape, field: str = "") -> Misshapen | None:
    """Return the first value that does not have its shape, or None."""
    if isinstance(shape, Optional):
        if value is None or (value is _ABSENT and shape.absent):
            return None
        return first_misshapen(value, shape.shape, field)
    if isinstance(shape, list):
        if not isinstance(value, list):
            return Misshapen(field, kind_of(value), "a list")
        found = (first_misshapen(item, shape[0], f"{field}[{number}]") for number, item in enumerate(value))
        return next((each for each in found if each is not None), None)
    if isinstance(shape, Mapping):
        if not isinstance(value, Mapping):
            return Misshapen(field, kind_of(value), "an object")
        members = (
            first_misshapen(value.get(name, _ABSENT), each, f"{field}.{name}" if field else name)
            for name, each in shape.items()
        )
        return next((each for each in members if each is not None), None)
    if shape is ANY:
        return Misshapen(field, kind_of(value), "a value") if value is _ABSENT else None
    return None if _is_a(value, shape) else Misshapen(field, kind_of(value), _NAMES[shape])
