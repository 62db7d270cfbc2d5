# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: tables of properties. One row holds everything that the collection knows about one property of a resource.

The argument spec, the parser of options, the view of the service's document, the result, the creation body, the update
body and the comparison derive from the rows. A new option is a new row and its documentation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeAlias

from ..common.errors import InvalidInput
from ..common.names import parse_resource_id, same_id
from ..common.plan import Change

#: Values by the path of their property.
Values: TypeAlias = Mapping[str, Any]


def _same(value: Any) -> Any:
    return value


def _same_wire(value: Any, _before: Any) -> Any:
    return value


def _accept(_option: str, value: Any) -> Any:
    return value


def _replace(_before: Any, desired: Any) -> Any:
    return desired


def _diff(path: str, before: Any, after: Any, reason: str) -> list[Change]:
    return [] if before == after else [Change(path, before, after, reason)]


def _always(_before: Any, _after: Any) -> bool:
    return True


_AS_UNSET: Any = object()


@dataclass(frozen=True, slots=True)
class Property:
    """One row. `path` is the key in options and results; dots separate the levels of suboptions."""

    path: str
    #: The dotted place in the service's document.
    wire: str
    #: The entry of the argument spec. None: the collection only reads this property.
    spec: Mapping[str, Any] | None = None
    #: The meaning of a document without this property.
    unset: Any = None
    #: The value of a new resource when the option is not set; by default the value of `unset`.
    new: Any = _AS_UNSET
    #: Whether that value is sent. Otherwise the service itself chooses it.
    send_new: bool = False
    #: From the service's value to ours.
    read: Callable[[Any], Any] = _same
    #: From our value and the service's present one to the service's new one. None removes the property.
    write: Callable[[Any, Any], Any] = _same_wire
    #: Another member of the document that follows the value: its place, and its value from ours.
    also: tuple[str, Callable[[Any], Any]] | None = None
    #: Returns the checked and normalized value of an option. Raises InvalidInput.
    check: Callable[[str, Any], Any] = _accept
    #: From the observed and the desired value to the value after the change. Equal means: nothing to change.
    merge: Callable[[Any, Any], Any] = _replace
    #: From a value to its form in results.
    show: Callable[[Any], Any] = _same
    #: From path, value before, value after (both as shown) and reason to changes.
    diff: Callable[[str, Any, Any, str], list[Change]] = _diff
    #: Whether Azure can change one value into another, and why not otherwise.
    can_change: Callable[[Any, Any], bool] = _always
    fixed: str = ""
    #: The value that Azure never changes again.
    final: Any = None
    #: Describes the change in the plan.
    reason: str = ""
    #: The resource type that the value refers to by id.
    refers_to: str = ""

    @property
    def initial(self) -> Any:
        """The value of a new resource when the option is not set."""
        return self.unset if self.new is _AS_UNSET else self.new


Table: TypeAlias = Sequence[Property]


# Kinds of rows --------------------------------------------------------------------------------------------------------


def words(names: Mapping[str, str]) -> dict[str, Any]:
    """Return the parts of a row whose values are a few words. A word of a newer service is shown as it is."""
    known = {wire.casefold(): name for name, wire in names.items()}
    return {
        "spec": {"type": "str", "choices": list(names)},
        "read": lambda wire: known.get(str(wire).casefold(), str(wire).lower()),
        "write": lambda value, _before: names[value],
    }


def spelled(names: Iterable[str]) -> Callable[[str, Any], Any]:
    """Return a check that accepts names in any case and returns them in the service's spelling."""
    known = {name.casefold(): name for name in names}

    def check(option: str, value: Any) -> str:
        found = known.get(str(value).casefold())
        if found is None:
            raise InvalidInput(option, f"'{value}' is unknown", f"choose one of: {', '.join(known.values())}")
        return found

    return check


def reference(path: str, wire: str, provider_type: str, noun: str) -> Property:
    """Return a row that refers to another resource by its id. An empty text removes the reference."""

    def check(option: str, value: Any) -> Any:
        if value:
            parse_resource_id(option, value, provider_type, noun)
        return value

    return Property(
        path,
        wire,
        {"type": "str"},
        read=lambda document: document.get("id"),
        write=lambda value, _before: {"id": value} if value else None,
        check=check,
        merge=lambda before, desired: before if same_id(before, desired) else desired or None,
        refers_to=provider_type,
    )


# Functions that derive from a table -----------------------------------------------------------------------------------


def argument_spec(table: Table) -> dict[str, Any]:
    """Return the argument spec of a table. Suboptions of one dictionary become one option."""
    options: dict[str, Any] = {}
    for row in table:
        if row.spec is None:
            continue
        *parents, leaf = row.path.split(".")
        place = options
        for name in parents:
            place = place.setdefault(name, {"type": "dict", "options": {}})["options"]
        place[leaf] = dict(row.spec)
    return options


def check_options(table: Table, options: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return the options of a table that are set, checked and normalized. Raises InvalidInput.

    `prefix` precedes the option in messages, such as the subnet that it belongs to.
    """
    found: dict[str, Any] = {}
    for row in table:
        value: Any = options if row.spec is not None else None
        for name in row.path.split("."):
            value = (value or {}).get(name)
        if value is not None:
            found[row.path] = row.check(f"{prefix}{row.path}", value)
    return found


def read_properties(table: Table, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return every property of a document by its path."""
    return {row.path: _read(row, document) for row in table}


def _read(row: Property, document: Mapping[str, Any]) -> Any:
    found = _at(document, row.wire)
    return row.unset if found is None else row.read(found)


def _at(document: Any, wire: str) -> Any:
    for name in wire.split("."):
        document = document.get(name) if isinstance(document, Mapping) else None
    return document


def write_properties(table: Table, values: Values, document: dict[str, Any] | None = None) -> dict[str, Any]:
    """Write values into a document, by default an empty one, and return it. Other members stay as they are."""
    body: dict[str, Any] = {} if document is None else document
    for row in table:
        if row.path not in values:
            continue
        value = values[row.path]
        _put(body, row.wire, row.write(value, _at(body, row.wire)))
        if row.also:
            wire, follow = row.also
            _put(body, wire, follow(value))
    return body


def as_fields(kind: type[Any], values: Values) -> dict[str, Any]:
    """Return values as arguments of a dataclass: those with a field of their own, and the others in `settings`."""
    names = {one.name for one in fields(kind)}
    own = {path: value for path, value in values.items() if path in names}
    return {**own, "settings": {path: value for path, value in values.items() if path not in names}}


def values_of(table: Table, resource: Any) -> dict[str, Any]:
    """Return the values of a dataclass that `as_fields` filled, by their path."""
    return {
        row.path: resource.settings[row.path] if row.path in resource.settings else getattr(resource, row.path)
        for row in table
    }


def _put(body: dict[str, Any], wire: str, value: Any) -> None:
    *parents, leaf = wire.split(".")
    if value is None:
        holder = _at(body, ".".join(parents)) if parents else body
        if isinstance(holder, dict):
            holder.pop(leaf, None)
        return
    place = body
    for name in parents:
        place = place.setdefault(name, {})
    place[leaf] = value


def merged(table: Table, before: Values, desired: Values) -> dict[str, Any]:
    """Return all values after the change."""
    return {
        row.path: row.merge(before[row.path], desired[row.path]) if row.path in desired else before[row.path]
        for row in table
    }


def new_values(table: Table, desired: Values) -> dict[str, Any]:
    """Return the values that a new resource will have."""
    return {row.path: row.merge(row.unset, desired[row.path]) if row.path in desired else row.initial for row in table}


def sent_values(table: Table, desired: Values) -> dict[str, Any]:
    """Return the values that the creation of a resource sends: the desired ones and the defaults of the collection."""
    expected = new_values(table, desired)
    return {row.path: expected[row.path] for row in table if row.path in desired or row.send_new}


def show_values(table: Table, values: Values) -> dict[str, Any]:
    """Return values in the form of results, by their path."""
    return {row.path: row.show(values[row.path]) for row in table}


def differing(table: Table, before: Values, after: Values) -> dict[str, Any]:
    """Return the values after a change that differ from those before it."""
    return {row.path: after[row.path] for row in table if before[row.path] != after[row.path]}


def changes_between(table: Table, before: Values, after: Values) -> list[Change]:
    """Return one change for each value that differs."""
    return [
        change
        for row in table
        for change in row.diff(row.path, row.show(before[row.path]), row.show(after[row.path]), row.reason)
    ]


def nested(values: Values) -> dict[str, Any]:
    """Return values by path as options and results nest them: `soft_delete.state` below `soft_delete`."""
    shown: dict[str, Any] = {}
    for path, value in values.items():
        *parents, leaf = path.split(".")
        place = shown
        for name in parents:
            place = place.setdefault(name, {})
        place[leaf] = value
    return shown
