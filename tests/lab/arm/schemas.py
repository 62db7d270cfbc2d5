# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares a JSON value with a schema of the API definitions."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab.arm.definitions import Definitions, Json

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
# Recorded: the time of a task that has not begun or ended, without a zone.
_NEVER = "0001-01-01T00:00:00"


@dataclass(frozen=True, slots=True)
class Sent:
    """The stricter rules of a request's body: the resource before it, and whether the body may be newer than it."""

    before: Any
    later: bool

    def inside(self, name: str | int) -> Sent:
        if isinstance(self.before, dict):
            return Sent(self.before.get(name), self.later)
        if isinstance(self.before, list) and isinstance(name, int) and name < len(self.before):
            return Sent(self.before[name], self.later)
        return Sent(None, self.later)


def check(
    known: Definitions, schema: Json, file: Path, value: Any, where: str, sent: Sent | None = None
) -> Iterator[str]:
    model = str(schema.get("$ref", "")).rpartition("/")[2] or None
    schema, file = known.actual(schema, file, value)
    if value is None:
        # Services write null for members without a value (recorded throughout); only required members need one.
        return
    members, required, rest = known.members(schema, file)
    kind = schema.get("type") or ("object" if members or "allOf" in schema else None)
    if kind == "object" or members:
        yield from _check_object(known, (members, required, rest), value, where, _Unknown(model, file), sent)
    elif kind == "array":
        if not isinstance(value, list):
            yield f"{_at(where)}not a list"
            return
        for number, item in enumerate(value):
            inner = sent.inside(number) if sent else None
            yield from check(known, schema["items"], file, item, f"{where}[{number}]", inner)
    elif kind is not None:
        yield from _check_simple(known, schema, file, value, where)


def _at(where: str) -> str:
    return f"{where}: " if where else ""


def _check_object(
    known: Definitions,
    shape: tuple[dict[str, tuple[Json, Path]], set[str], Any],
    value: Any,
    where: str,
    unknown: _Unknown,
    sent: Sent | None = None,
) -> Iterator[str]:
    members, required, rest = shape
    if not isinstance(value, dict):
        yield f"{_at(where)}not an object"
        return
    for name in sorted(required):
        if value.get(name) is None and not (members.get(name, ({}, None))[0]).get("readOnly"):
            yield f"{_at(where)}required member {name} is missing"
    for name, item in value.items():
        inner = f"{where}.{name}" if where else name
        within = sent.inside(name) if sent else None
        if within is not None and item is not None and within.before == item:
            # The client sends back what the service wrote.
            continue
        if name in members:
            schema, file = members[name]
            if within is not None and schema.get("readOnly"):
                yield f"{inner}: a read-only member is sent"
            yield from check(known, schema, file, item, inner, within)
        elif isinstance(rest, dict):
            if rest.get("type") == "string" and not isinstance(item, str):
                yield f"{inner}: not a string"
        elif members and not rest:
            yield from unknown.check(known, name, item, where, sent)


@dataclass(frozen=True, slots=True)
class _Unknown:
    """The members that a schema does not have; `model` is its model, `file` its definition."""

    model: str | None
    file: Path

    def check(self, known: Definitions, name: str, item: Any, where: str, sent: Sent | None) -> Iterator[str]:
        later = known.later_member(self.model, self.file, name) if sent else None
        if later is None:
            yield f"{_at(where)}unknown member {name}"
        elif sent is not None and not sent.later:
            yield f"{_at(where)}member {name} is newer than the api-version of the request"
        elif later.get("readonly"):
            yield f"{_at(where)}{name}: a read-only member is sent"
        elif not _fits(str(later.get("type", "")), item):
            yield f"{_at(where)}{name}: not a {later.get('type')}"


def _fits(kind: str, value: Any) -> bool:
    """Tell whether a value has a type of the installed client's models; their own classes are objects."""
    inner = re.sub(r"^(Optional|Union)\[(str, )?(.*?)(, NoneType)?\]$", r"\2\3", kind).strip("'\"")
    for prefix, types in (("str", str), ("int", int), ("float", (int, float)), ("bool", bool), ("list", list)):
        if inner.startswith(prefix):
            return isinstance(value, types) and (prefix == "bool" or not isinstance(value, bool))
    return isinstance(value, dict) or not inner


_KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


def _check_simple(known: Definitions, schema: Json, file: Path, value: Any, where: str) -> Iterator[str]:
    kind = str(schema["type"])
    wrong = not isinstance(value, _KINDS.get(kind, (object,))) or (kind != "boolean" and isinstance(value, bool))
    if wrong:
        yield f"{_at(where)}not a {kind}"
        return
    allowed = known.allowed(schema, file)
    if allowed is not None and str(value).casefold() not in allowed:
        yield f"{_at(where)}'{value}' is not one of {', '.join(map(str, schema['enum']))}"
    if kind != "string":
        return
    if schema.get("format") == "date-time" and value != _NEVER and not _DATE_TIME.fullmatch(value):
        yield f"{_at(where)}not a date-time"
    if schema.get("format") == "byte" and not _is_base64(value):
        yield f"{_at(where)}not base64"
    pattern = schema.get("pattern")
    if pattern and not re.search(pattern, value):
        yield f"{_at(where)}does not match {pattern}"
    if len(value) > schema.get("maxLength", len(value)) or len(value) < schema.get("minLength", 0):
        yield f"{_at(where)}too short or too long"


def _is_base64(value: str) -> bool:
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True
