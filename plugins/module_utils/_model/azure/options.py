# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: argument specs that several resources share, and what an entry is when only some of its options are set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from ..common.errors import InvalidInput

#: An argument spec.
Spec: TypeAlias = Mapping[str, Mapping[str, Any]]

TAG_OPTIONS: dict[str, dict[str, Any]] = {
    "tags": {"type": "dict"},
    "purge_tags": {"type": "bool", "default": False},
}
GROUP_OPTIONS: dict[str, dict[str, Any]] = {
    "resource_group": {"type": "str", "required": True},
    "create_resource_group": {"type": "bool", "default": False},
}
REGION_OPTIONS: dict[str, dict[str, Any]] = {
    "location": {"type": "str", "required": True},
    "vault_location": {"type": "str"},
    "allow_other_region": {"type": "bool", "default": False},
}
WAIT_OPTIONS: dict[str, dict[str, Any]] = {
    "wait_timeout": {"type": "int", "default": 1800},
}
# Ansible's own words for booleans.
_BOOLEANS = {
    **dict.fromkeys(("true", "yes", "on", "y", "t", "1"), True),
    **dict.fromkeys(("false", "no", "off", "n", "f", "0"), False),
}


def with_defaults(spec: Spec, given: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return the options of a module as Ansible would pass them, for an entry that was not passed to a module.

    Options that are not set have their default. Text becomes a boolean or a number where the spec demands one.
    `prefix` precedes the option in messages. Raises InvalidInput for values that the spec does not accept.
    """
    return {name: _value(f"{prefix}{name}", option, given.get(name)) for name, option in spec.items()}


def _value(name: str, option: Mapping[str, Any], value: Any) -> Any:
    if value is None:
        if option.get("required"):
            raise InvalidInput(name, "is required", "set it")
        return option.get("default")
    kind = option.get("type")
    if kind in ("dict", "list"):
        return _container(name, option, value)
    found = _scalar(name, str(kind), value)
    _require_choice(name, option, found)
    return found


def _container(name: str, option: Mapping[str, Any], value: Any) -> Any:
    inner = option.get("options")
    if option["type"] == "dict":
        if not isinstance(value, Mapping):
            raise InvalidInput(name, "must be a dictionary", f"correct '{value}'")
        return with_defaults(inner, value, f"{name}.") if inner else value
    if isinstance(value, (str, Mapping)) or not isinstance(value, Iterable):
        raise InvalidInput(name, "must be a list", f"correct '{value}'")
    entry = {"type": option.get("elements"), "options": inner, "choices": option.get("choices"), "required": True}
    return [_value(name, entry, item) for item in value]


def _scalar(name: str, kind: str, value: Any) -> Any:
    if not isinstance(value, str) or kind not in ("bool", "int"):
        return value
    text = value.strip().casefold()
    if kind == "bool" and text in _BOOLEANS:
        return _BOOLEANS[text]
    if kind == "int" and text.removeprefix("-").isdecimal():
        return int(text)
    raise InvalidInput(name, f"must be {'true or false' if kind == 'bool' else 'a whole number'}", f"correct '{value}'")


def _require_choice(name: str, option: Mapping[str, Any], value: Any) -> None:
    choices = option.get("choices")
    if choices and value not in choices:
        raise InvalidInput(name, f"must be one of {', '.join(map(str, choices))}", f"correct '{value}'")
