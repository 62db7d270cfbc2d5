# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: groups of virtual machines: the conditions that select them, and the settings of their protection.

A condition never selects all machines by accident. It has at least one key, each key has at least one value,
and a value is never blank. The pattern `*` stands for all machines of a cloud.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from .errors import InvalidInput
from .names import same_name

Machine = Mapping[str, Any]
_SEPARATOR: Final = "\\"
#: The keys of a condition, and the fact of a machine that each one reads.
FACTS: Final[Mapping[str, str]] = {
    "names": "name",
    "hosts": "host",
    "clusters": "cluster",
    "host_groups": "host_group",
    "tags": "tag",
    "properties": "properties",
}
#: Facts without which it is unknown whether a condition applies. A machine without a tag or a cluster simply has none.
_NEEDED: Final = ("hosts", "host_groups")
_EXAMPLE: Final = "give at least one of names, tags, properties, host_groups, clusters and hosts"


@dataclass(frozen=True, slots=True)
class Condition:
    """One entry of `include` or `exclude`. A machine must fulfill all of its keys, with one value of each key."""

    patterns: Mapping[str, tuple[str, ...]]
    properties: Mapping[str, str]

    @classmethod
    def from_options(cls, given: Mapping[str, Any], place: str) -> Condition:
        """Return the condition. Raises InvalidInput for one that could select machines by accident."""
        written = {key: given[key] for key in FACTS if given.get(key) is not None}
        if not written:
            raise InvalidInput(place, "must have a condition, because it would select all machines", _EXAMPLE)
        for key, values in written.items():
            _require_value(f"{place}.{key}", values)
        properties = written.pop("properties", {})
        return cls(
            {key: tuple(str(value) for value in values) for key, values in written.items()},
            {str(name): str(value) for name, value in properties.items()},
        )

    def fulfilled(self, machine: Machine) -> bool:
        """Tell whether a machine, as vm_info returns it, fulfills the condition."""
        return all(
            any(_MATCHES.get(key, _matches)(pattern, machine.get(FACTS[key])) for pattern in patterns)
            for key, patterns in self.patterns.items()
        ) and all(_has(machine.get("properties") or {}, name, value) for name, value in self.properties.items())

    def unknown(self, machine: Machine) -> str | None:
        """Return the key whose fact of the machine is not known; None if all are."""
        return next((key for key in _NEEDED if key in self.patterns and machine.get(FACTS[key]) is None), None)


@dataclass(frozen=True, slots=True)
class VmGroup:
    """Machines of one cloud that are protected in the same way."""

    name: str
    cloud: str
    vmm_server: str | None
    include: tuple[Condition, ...]
    exclude: tuple[Condition, ...]
    #: The settings of single machines. An entry also selects its machine.
    machines: tuple[Mapping[str, Any], ...]
    #: The settings of all machines of the group.
    settings: Mapping[str, Any]
    allow_empty: bool

    @classmethod
    def from_options(cls, given: Mapping[str, Any], place: str) -> VmGroup:
        """Return the group. Raises InvalidInput."""
        include = _conditions(given, "include", place)
        machines = tuple(given.get("machines") or ())
        if not include and not machines:
            raise InvalidInput(
                f"{place}.include", "is required unless machines are listed, because a group has no default", _EXAMPLE
            )
        own = ("name", "cloud", "vmm_server", "include", "exclude", "machines", "allow_empty")
        settings = {key: value for key, value in given.items() if key not in own and value is not None}
        return cls(
            given["name"],
            given["cloud"],
            given.get("vmm_server"),
            include,
            _conditions(given, "exclude", place),
            machines,
            settings,
            bool(given.get("allow_empty")),
        )


def groups_from_options(entries: Sequence[Mapping[str, Any]], variable: str) -> list[VmGroup]:
    """Return the groups of a list. Raises InvalidInput for the first wrong one, and for two of the same name."""
    groups = [VmGroup.from_options(entry, f"{variable}[{number}]") for number, entry in enumerate(entries)]
    for number, group in enumerate(groups):
        if any(same_name(group.name, other.name) for other in groups[:number]):
            raise InvalidInput(f"{variable}[{number}].name", f"'{group.name}' is a duplicate", "name each group once")
    return groups


def require_written(entries: Any, variable: str) -> None:
    """Raise InvalidInput for a key of a condition without a value, in groups as the user wrote them.

    Elsewhere a blank value counts as not set. Here it would drop a part of a condition, and select more machines.
    """
    for number, entry in enumerate(entries if isinstance(entries, list) else []):
        for part in ("include", "exclude"):
            conditions = entry.get(part) if isinstance(entry, Mapping) else None
            for index, condition in enumerate(conditions if isinstance(conditions, list) else []):
                for key, value in condition.items() if isinstance(condition, Mapping) else ():
                    _require_value(f"{variable}[{number}].{part}[{index}].{key}", value)


def _require_value(place: str, value: Any) -> None:
    values = _values(value) if isinstance(value, (list, Mapping)) else [value]
    if not values or any(not str("" if each is None else each).strip() for each in values):
        raise InvalidInput(
            place,
            "must not be empty or have a blank value",
            "remove the key, or give it a value; the pattern * stands for everything",
        )


def _conditions(given: Mapping[str, Any], key: str, place: str) -> tuple[Condition, ...]:
    entries = given.get(key) or ()
    return tuple(Condition.from_options(entry, f"{place}.{key}[{number}]") for number, entry in enumerate(entries))


def _values(values: Any) -> Sequence[Any]:
    return [*values.keys(), *values.values()] if isinstance(values, Mapping) else values


def _has(properties: Mapping[str, Any], name: str, pattern: str) -> bool:
    """Tell whether a machine has a custom property. The custom properties of VMM are compared without case."""
    return any(same_name(str(key), name) and _matches(pattern, value) for key, value in properties.items())


def _matches(pattern: str, value: Any) -> bool:
    """Compare without case. Only * and ? are wildcards, because names of machines can have brackets."""
    if value is None:
        return False
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, str(value), re.IGNORECASE | re.DOTALL) is not None


def _is_host(pattern: str, value: Any) -> bool:
    """Compare with the full name of a host, or with its first part if the pattern has no domain."""
    if value is None:
        return False
    return _matches(pattern, value) or ("." not in pattern and _matches(pattern, str(value).partition(".")[0]))


def _is_below(pattern: str, value: Any) -> bool:
    """Tell whether a host group is the one of the pattern, or below it. A path begins at the root, as in VMM."""
    if value is None:
        return False
    found, wanted = str(value).split(_SEPARATOR), pattern.strip(_SEPARATOR).split(_SEPARATOR)
    if len(wanted) == 1:
        return any(_matches(wanted[0], part) for part in found)
    beginning = found[: len(wanted)]
    return len(beginning) == len(wanted) and all(map(_matches, wanted, beginning))


#: Keys whose values are not compared entirely.
_MATCHES: Final[Mapping[str, Callable[[str, Any], bool]]] = {
    "hosts": _is_host,
    "clusters": _is_host,
    "host_groups": _is_below,
}
