# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: symptoms of known problems: what shows them, the cause, the fix and its public source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .errors import InvalidInput
from .shown_text import one_line

Side = Literal["vmm_server", "hyperv_host", "azure"]
#: The kind of a sign: a check of host_info, the log of a program, an event, the result of a scheduled task, a failed
#: job of Site Recovery, a health error of the vault, or the list of its VMM servers.
Place = Literal["check", "log", "event", "task", "job", "health", "vault"]
_MOST_DAYS = 3650


def require_days(days: int) -> None:
    """Raise InvalidInput for a number of days that cannot be searched."""
    if not 1 <= days <= _MOST_DAYS:
        raise InvalidInput("days", f"must be at least 1 and at most {_MOST_DAYS}", "give the number of days to search")


@dataclass(frozen=True, slots=True)
class Symptom:
    """One row of the table. An id is never given again.

    `keys` are what a program compares: the id of a check, patterns of a log or an event, or codes. `sign` describes
    the same for a person. `repair` is the service that a repair starts, with the consent of the user; it is empty if
    the symptom has no automatic repair.
    """

    id: str
    sides: tuple[Side, ...]
    step: str
    place: Place
    sign: str
    keys: tuple[str, ...]
    cause: str
    fix: str
    source: str
    repair: str = ""

    def found(self, seen: str, *, cause: str = "", fix: str = "", step: str = "") -> FoundSymptom:
        """Return the symptom as it was found. A cause and a fix from the observed state replace the general ones."""
        return FoundSymptom(
            self, one_line(seen), one_line(cause or self.cause), one_line(fix or self.fix), step or self.step
        )


@dataclass(frozen=True, slots=True)
class FoundSymptom:
    """A symptom that a system shows. `seen` is where and when."""

    symptom: Symptom
    seen: str
    cause: str
    fix: str
    step: str

    def to_result(self, side: Side) -> dict[str, Any]:
        row = self.symptom
        return {
            "id": row.id,
            "side": side,
            "step": self.step,
            "place": row.place,
            "sign": row.sign,
            "seen": self.seen,
            "cause": self.cause,
            "fix": self.fix,
            "source": row.source,
            "repairable": bool(row.repair),
        }


def by_key(rows: Iterable[Symptom], place: Place, side: Side) -> Mapping[str, Symptom]:
    """Return the rows of one place and side by their keys."""
    return {key: row for row in rows if row.place == place and side in row.sides for key in row.keys}
