# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: conversion of variables from inventories, surveys and command lines to the types of a specification."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from typing import Any

from ansible.module_utils.common.validation import check_type_dict
from ansible.module_utils.common.yaml import yaml_load
from ansible.module_utils.parsing.convert_bool import boolean
from yaml import YAMLError

from ...module_utils._model.common.errors import InvalidInput
from ...module_utils._model.common.secret_options import FIX, is_other_than_text
from .specs import CLEARED_BY_EMPTY_TEXT, Option, Options, is_secret

_SEPARATORS = re.compile(r"[,\r\n]+")
_LONGEST_SHOWN = 60
_FIX_LIST = "write a YAML list, or text with commas or line breaks between the entries"
_FIX_DICTIONARIES = "write a YAML list of dictionaries, or the same as YAML or JSON text"
_FIX_DICTIONARY = "write a dictionary, or the same as YAML, JSON or key=value text"
_NAMED = 3


PLAIN = (str, int, float, type(None))


class NotGiven:
    """The type of NOT_GIVEN."""


#: Replaces the value of an option that is missing, null or empty text.
NOT_GIVEN = NotGiven()


#: Replaces a secret of the wrong type, so that no rule reports it as missing. It is too short to be hidden in messages.
REFUSED_SECRET = "-"


def is_blank(value: Any) -> bool:
    """Tell whether a value is null or empty text. Surveys pass unanswered questions in this way."""
    return value is None or (isinstance(value, str) and not value.strip())


def plain(value: Any) -> Any:
    """Return a value in plain types. Encrypted text is decrypted, and lazy values are evaluated."""
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value if isinstance(value, PLAIN) else str(value)


class Conversion:
    """Converts values of options, and collects a problem for each value that cannot be converted."""

    def __init__(self) -> None:
        self.problems: list[InvalidInput] = []

    def convert(self, path: str, value: Any, option: Option) -> Any:
        """Return a plain value in the type of the option, or NOT_GIVEN for a blank, empty or invalid value.

        `path` names the value as the user wrote it: `vmm_server_proxy.port`.
        """
        name = path.rpartition(".")[2]
        if is_blank(value):
            return "" if value is not None and name in CLEARED_BY_EMPTY_TEXT else NOT_GIVEN
        try:
            converted = self._typed(path, value, option)
        except _Wrong as error:
            found = (
                "" if is_secret(name, option) else f", not {_kind(value) if _holds_options(option) else _shown(value)}"
            )
            self.problems.append(InvalidInput(path, f"must be {error.expected}{found}", error.fix))
            return REFUSED_SECRET if is_secret(name, option) else NOT_GIVEN
        return self._chosen(path, converted, option)

    def _typed(self, path: str, value: Any, option: Option) -> Any:
        if is_secret(path.rpartition(".")[2], option) and is_other_than_text(value):
            raise _Wrong("text", FIX)
        kind = option.get("type", "str")
        if kind == "list":
            return self._list(path, value, option)
        if kind == "dict":
            return self._dictionary(path, value, option.get("options"))
        return _SCALARS[kind](value)

    def _list(self, path: str, value: Any, option: Option) -> list[Any]:
        kind, inner = option.get("elements", "str"), option.get("options")
        if kind == "dict":
            entries = _parsed(value)
            if not isinstance(entries, list):
                raise _Wrong("a list of dictionaries", _FIX_DICTIONARIES)
        else:
            entries = [entry for entry in _entries(value) if not is_blank(entry)]
        element = {"type": kind, "options": inner, "choices": option.get("choices")}
        converted = [self._entry(f"{path}[{number}]", entry, element) for number, entry in enumerate(entries)]
        return [entry for entry in converted if entry is not NOT_GIVEN]

    def _entry(self, path: str, value: Any, option: Option) -> Any:
        """Convert an entry of a list. An empty dictionary is an entry that lacks its required options."""
        inner = option.get("options")
        return self._options(path, {}, inner) if value == {} and inner else self.convert(path, value, option)

    def _dictionary(self, path: str, value: Any, inner: Options | None) -> Any:
        found = _as_mapping(value, list(inner or ())[:_NAMED])
        if inner is None:
            return {str(name): item for name, item in found.items()}
        if not found:
            return NOT_GIVEN
        unexpected = [str(name) for name in found if name not in inner]
        self.problems.extend(unknown(f"{path}.{name}", name, inner) for name in unexpected)
        return self._options(path, found, inner)

    def _options(self, path: str, found: Mapping[str, Any], inner: Options) -> dict[str, Any]:
        converted = {}
        for name, option in inner.items():
            known = len(self.problems)
            value = self.convert(f"{path}.{name}", found.get(name), option)
            if value is NOT_GIVEN and "default" in option:
                value = option["default"]
            if value is not NOT_GIVEN:
                converted[name] = value
            elif option.get("required") and len(self.problems) == known:
                self.problems.append(missing(f"{path}.{name}"))
        return converted

    def _chosen(self, path: str, value: Any, option: Option) -> Any:
        choices = option.get("choices")
        if not choices or isinstance(value, list) or value in choices:
            return value
        names = [str(choice) for choice in choices]
        near = nearest(str(value), names)
        fix = f"did you mean {near}?" if near else "choose one of them"
        rule = f"must be one of {', '.join(names)}, not {_shown(value)}"
        self.problems.append(InvalidInput(path, rule, fix))
        return NOT_GIVEN


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the most similar known name. The comparison ignores case."""
    spelled = {each.casefold(): each for each in known}
    near = get_close_matches(name.casefold(), spelled, 1, cutoff)
    return spelled[near[0]] if near else None


def missing(path: str, fix: str = "set it") -> InvalidInput:
    """Return the problem of a required option that is not set."""
    return InvalidInput(path, "is required", fix)


def unknown(path: str, name: str, known: Mapping[str, Any]) -> InvalidInput:
    """Return the problem of an unknown suboption; `path` ends with its name."""
    near = nearest(name, known)
    fix = f"did you mean {near}?" if near else f"remove it; known are {', '.join(known)}"
    return InvalidInput(path, f"must be an option of {path.removesuffix(f'.{name}')}", fix)


class _Wrong(Exception):
    """A value has the wrong type. The error has the expected type and the fix."""

    def __init__(self, expected: str, fix: str) -> None:
        super().__init__(expected)
        self.expected = expected
        self.fix = fix


def _text(value: Any) -> str:
    if isinstance(value, (Mapping, list)):
        raise _Wrong("text", "write text")
    return str(value)


def _path(value: Any) -> str:
    return os.path.expanduser(os.path.expandvars(_text(value)))


def _integer(value: Any) -> int:
    number = value if isinstance(value, (int, str)) and not isinstance(value, bool) else None
    if isinstance(value, float) and value.is_integer():
        number = int(value)
    try:
        return int(number)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise _Wrong("a whole number", "write digits") from None


def _boolean(value: Any) -> bool:
    try:
        return bool(boolean(value))
    except TypeError:
        raise _Wrong("true or false", "write one of them") from None


def _raw(value: Any) -> Any:
    return value


_SCALARS = {"str": _text, "path": _path, "int": _integer, "bool": _boolean, "raw": _raw}


def _entries(value: Any) -> list[Any]:
    """Return the entries of a list of texts. Text is split only at commas and line breaks: names can have spaces."""
    if isinstance(value, list):
        return value
    if isinstance(value, (Mapping, bool)):
        raise _Wrong("a list", _FIX_LIST)
    text = str(value).strip()
    if text.startswith(("[", "- ")):
        found = _parsed(text)
        if isinstance(found, list):
            return found
    return [entry.strip() for entry in _SEPARATORS.split(text)]


def _as_mapping(value: Any, examples: Sequence[str] = ()) -> Mapping[str, Any]:
    """Return a dictionary, also from text. `examples` are options that the advice names. Raises _Wrong."""
    found = _parsed(value)
    if isinstance(found, Mapping):
        return found
    if isinstance(value, str):
        try:
            pairs: dict[str, Any] = check_type_dict(value)
            return pairs
        except TypeError:
            pass
    raise _Wrong("a dictionary", _indent(examples) if examples else _FIX_DICTIONARY)


def _indent(names: Sequence[str]) -> str:
    listed = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    return f"indent {listed} below it, or write the same as YAML, JSON or key=value text"


def _parsed(value: Any) -> Any:
    """Parse JSON or YAML text. Return any other value unchanged."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        pass
    try:
        return _without_dates(yaml_load(str(value)))
    except YAMLError:
        return value


def _without_dates(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _without_dates(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_without_dates(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def _holds_options(option: Option) -> bool:
    """Tell whether the option has suboptions, so that an invalid text for it can contain a password."""
    return option.get("type") == "dict" or option.get("elements") == "dict"


def _kind(value: Any) -> str:
    if isinstance(value, Mapping):
        return "a dictionary"
    if isinstance(value, list):
        return "a list"
    return "text" if isinstance(value, str) else f"'{value}'"


def _shown(value: Any) -> str:
    """Return a value for a message: shortened, in one line, and without the content of lists and dictionaries."""
    if isinstance(value, (Mapping, list)):
        return _kind(value)
    text = " ".join(str(value).split())
    return f"'{text}'" if len(text) <= _LONGEST_SHOWN else f"'{text[:_LONGEST_SHOWN]}…'"
