# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: assumptions about real systems, and what a read-only look at one says about them.

The collection relies on behavior that no public document states. Each such assumption has an id, and most have a
function that decides from what was read. A decision shows forms, counts and names of the product, never a value that
belongs to the owner of the system.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Status = Literal["holds", "does_not_hold", "could_not_look"]
HOLDS: Status = "holds"
DOES_NOT_HOLD: Status = "does_not_hold"
COULD_NOT_LOOK: Status = "could_not_look"

Side = Literal["vmm_server", "hyperv_host", "azure"]
#: Where an assumption comes from: a document or a recording that leaves something open, a report from the field, a
#: script of others, or our own conclusion.
Strength = Literal["documented", "recorded", "field", "script", "inferred"]
Observed: TypeAlias = bool | int | str | list[bool] | list[int] | list[str] | None

_GUID = re.compile(r"\{?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?", re.IGNORECASE)
_VERSION = re.compile(r"v?\d+(\.\d+){1,3}", re.IGNORECASE)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?P<fraction>\.\d+)?(?P<zone>Z|[+-]\d\d:\d\d)?")
_MEMBER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_MOST_MEMBERS = 120


class CouldNotLook(Exception):
    """No fact decides the assumption. The text gives the reason and holds no value of the system."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The result of a look at one assumption, with the facts that decided it."""

    status: Status
    observed: Mapping[str, Observed] = field(default_factory=dict)
    reason: str = ""


def decided(holds: bool, **observed: Observed) -> Decision:
    """Return the decision of a look that settled the question."""
    return Decision(HOLDS if holds else DOES_NOT_HOLD, observed)


def undecided(reason: str, **observed: Observed) -> Decision:
    """Return the decision of a look that settled nothing, with what was seen anyway."""
    return Decision(COULD_NOT_LOOK, observed, reason)


class Readings:
    """The readings of a look. Each has a value or the kind of its failure."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self._answers = answers

    def failure(self, name: str) -> dict[str, Any] | None:
        """Return how a reading failed, or None where it did not fail."""
        answer = self._answers.get(name)
        failure = answer.get("failure") if isinstance(answer, Mapping) else None
        return dict(failure) if isinstance(failure, Mapping) else None

    def get(self, name: str, absent: str = "") -> Any:
        """Return the value of a reading; None where there is nothing to read. Raise CouldNotLook where it failed."""
        answer = self._answers.get(name)
        if not isinstance(answer, Mapping):
            raise CouldNotLook(absent or f"{name} was not read")
        failure = self.failure(name)
        if failure is not None:
            raise CouldNotLook(f"reading {name} failed ({describe_failure(failure)})")
        return answer.get("value")

    def need(self, name: str, absent: str = "") -> Any:
        """Return the value of a reading. Raise CouldNotLook where it failed or there is nothing to read."""
        value = self.get(name, absent)
        if value is None:
            raise CouldNotLook(absent or f"there is no {name} to read")
        return value


def describe_failure(failure: Mapping[str, Any]) -> str:
    """Return the kind of a failure: a name or a number that no display language changes."""
    parts = [failure.get(key) for key in ("type", "code", "status", "number")]
    return " ".join(str(part) for part in parts if part not in (None, "")) or "no kind given"


Decide: TypeAlias = Callable[[Readings], Decision]


@dataclass(frozen=True, slots=True)
class Assumption:
    """One assumption with the modules that rely on it and the way to settle it.

    An id is never given again. An assumption without `decide` needs a change or a person: `needs` is the reason, and
    `command` is the command for the person.
    """

    id: str
    sides: tuple[Side, ...]
    statement: str
    relied_on_by: tuple[str, ...]
    source: str
    strength: Strength
    decide: Decide | None = None
    needs: str = ""
    command: str = ""

    def examine(self, readings: Readings, side: Side) -> Examined:
        """Decide from what was read."""
        return Examined(self.id, side, self.statement, self._decision(readings), self.command)

    def _decision(self, readings: Readings) -> Decision:
        if self.decide is None:
            return undecided(f"a read cannot settle it, {self.needs}")
        try:
            return self.decide(readings)
        except CouldNotLook as missing:
            return undecided(str(missing))


@dataclass(frozen=True, slots=True)
class Examined:
    """An assumption after a look at one machine or subscription."""

    id: str
    side: Side
    statement: str
    decision: Decision
    command: str = ""

    @property
    def message(self) -> str:
        """One line for a person."""
        if self.decision.status == COULD_NOT_LOOK:
            by_hand = f"; run: {self.command}" if self.command else "."
            return f"{self.statement} Not settled: {self.decision.reason}{by_hand}"
        facts = ", ".join(f"{name}={_shown(value)}" for name, value in self.decision.observed.items())
        return f"{self.statement} Observed: {facts}." if facts else self.statement

    def to_result(self) -> dict[str, Any]:
        """Return the keys of the result."""
        return {
            "id": self.id,
            "side": self.side,
            "status": self.decision.status,
            "observed": dict(self.decision.observed),
            "reason": self.decision.reason,
            "message": self.message,
        }


def examine_all(assumptions: Iterable[Assumption], side: Side, readings: Readings) -> list[Examined]:
    """Examine every assumption about one side, in the order of the table."""
    return [each.examine(readings, side) for each in assumptions if side in each.sides]


def _shown(value: Observed) -> str:
    if isinstance(value, list):
        return "[" + " ".join(str(item) for item in value) + "]"
    return str(value)


# ---- forms instead of values ----


def form_of(value: Any) -> str:
    """Return the form of a value, from which the value cannot be derived."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, Mapping):
        return "object"
    if isinstance(value, (list, tuple)):
        return "list"
    text = str(value)
    if text == "":
        return "empty text"
    moment = _MOMENT.fullmatch(text)
    if moment is not None:
        return f"moment, {'fraction, ' if moment['fraction'] else ''}{'zone' if moment['zone'] else 'no zone'}"
    forms = (
        ("guid", _GUID.fullmatch(text)),
        ("digits", text.isdigit()),
        ("version", _VERSION.fullmatch(text)),
        ("https address", text.lower().startswith("https://")),
        ("http address", text.lower().startswith("http://")),
        ("list with semicolons", ";" in text),
    )
    return next((form for form, fits in forms if fits), "text")


def is_guid(value: Any) -> bool:
    """Tell whether a value is the text of a GUID, with or without braces."""
    return isinstance(value, str) and _GUID.fullmatch(value) is not None


def members(names: Iterable[Any]) -> list[str]:
    """Return names of members of a product's objects, sorted. Other texts are left out."""
    found = {str(name) for name in names if _MEMBER.fullmatch(str(name))}
    return sorted(found)[:_MOST_MEMBERS]


def word(value: Any, known: Iterable[str]) -> str:
    """Return a word of the product as it is spelled, where it is a known one in any case; else its form."""
    text = str(value)
    return text if text.casefold() in {each.casefold() for each in known} else form_of(value)
