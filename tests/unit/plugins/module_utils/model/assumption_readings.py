# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of readings for tests of decisions. Each helper gives one answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.assumption import (
    COULD_NOT_LOOK,
    DOES_NOT_HOLD,
    HOLDS,
    Assumption,
    Readings,
)

Answers = dict[str, Any]
#: An assumption, what was read, the decision.
Case = tuple[str, Answers, str]
YES, NO, OPEN = HOLDS, DOES_NOT_HOLD, COULD_NOT_LOOK


def read(value: Any) -> Answers:
    """Return a reading that succeeded."""
    return {"value": value, "failure": None}


def failed(kind: str = "System.InvalidOperationException", number: int | None = None) -> Answers:
    """Return a reading that failed on Windows."""
    return {"value": None, "failure": {"type": kind, "number": number}}


def refused(status: int, code: str) -> Answers:
    """Return a reading that Azure refused."""
    return {"value": None, "failure": {"status": status, "code": code}}


def key(_form: str = "value", _subkeys: tuple[str, ...] = (), **values: Any) -> Answers:
    """Return a registry key with values; the type of a value follows from its data."""
    kinds: dict[type, int] = {str: 1, int: 4, list: 7, bytes: 3}
    return {
        "error": 0,
        "entries": {
            name: {
                "type": kinds[type(data)],
                "form": None if isinstance(data, bytes) else "value",
                "data": None if isinstance(data, bytes) else data,
            }
            for name, data in values.items()
        },
        "entries_form": "value" if values else _form,
        "subkeys": list(_subkeys),
        "subkeys_form": "value" if _subkeys else _form,
    }


def registry(keys: Mapping[str, Any] | None = None) -> Answers:
    """Return the reading of the registry: keys by their paths, None for an absent one."""
    return {"registry": read(dict(keys or {}))}


def decide(assumptions: tuple[Assumption, ...], identity: str, answers: Answers) -> Any:
    """Return the decision about one assumption."""
    (found,) = [each for each in assumptions if each.id == identity]
    return found.examine(Readings(answers), found.sides[0]).decision


def statuses(cases: list[Case]) -> dict[str, set[str]]:
    """Return the decisions of a table of cases by assumption."""
    found: dict[str, set[str]] = {}
    for identity, _answers, status in cases:
        found.setdefault(identity, set()).add(status)
    return found
