# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: checks: the one form in which rules report, for the preflight, for refusals and for reports."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from .errors import Refused
from .shown_text import one_line

Severity = Literal["error", "warning", "info"]
Status = Literal["pass", "fail", "unknown"]
#: The status of several checks together: the worst of them.
Overall = Literal["pass", "warning", "error"]

_OPTION = re.compile(r"\bO\(([a-z_]+)((?:\.[a-z_]+)*)\)")


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one rule.

    `id` is stable and names the rule, `step` the step of the setup guide. `severity` is the effect of a failure: an
    error blocks, a warning does not, info is for the record. `status` is unknown when the rule could not be evaluated.
    `message` states the observed state; `fix` is the remedy, empty if none is needed. Both name an option as
    `O(option)` or `O(option.suboption)`, and show it under the name that the user wrote.
    """

    id: str
    step: str
    severity: Severity
    status: Status
    message: str
    fix: str = ""

    def __post_init__(self) -> None:
        """Clean the texts, which quote names that others chose."""
        object.__setattr__(self, "message", one_line(self.message))
        object.__setattr__(self, "fix", one_line(self.fix))

    @classmethod
    def passed(cls, id: str, step: str, message: str) -> Check:
        return cls(id, step, "info", "pass", message)

    @classmethod
    def failed(cls, id: str, step: str, message: str, fix: str = "") -> Check:
        return cls(id, step, "error", "fail", message, fix)

    @classmethod
    def warning(cls, id: str, step: str, message: str, fix: str = "") -> Check:
        return cls(id, step, "warning", "fail", message, fix)

    @classmethod
    def unknown(cls, id: str, step: str, message: str, fix: str = "", *, severity: Severity = "warning") -> Check:
        return cls(id, step, severity, "unknown", message, fix)

    @property
    def blocks(self) -> bool:
        """Whether nothing must be changed while this check stands."""
        return blocks(self.severity, self.status)

    @property
    def overall(self) -> Overall:
        """Reduce severity and status to one word. A rule that could not be evaluated never counts as passed."""
        if self.status == "pass" or self.severity == "info":
            return "pass"
        return "error" if self.blocks else "warning"

    def describe(self) -> str:
        """Return message and fix as one line."""
        shown = self.under({})
        return f"{shown.message}; {shown.fix}" if shown.fix else shown.message

    def under(self, names: Mapping[str, str]) -> Check:
        """Return the check with readable options. `names` are the names that the user knows, by option."""
        return replace(self, message=_named(self.message, names), fix=_named(self.fix, names))

    def to_result(self) -> dict[str, str]:
        shown = self.under({})
        return {
            "id": self.id,
            "step": self.step,
            "severity": self.severity,
            "status": self.status,
            "message": shown.message,
            "fix": shown.fix,
        }


def _named(text: str, names: Mapping[str, str]) -> str:
    return _OPTION.sub(lambda match: names.get(match[1], match[1]) + match[2], text)


def worst(checks: Iterable[Check]) -> Overall:
    """Return the worst status of several checks; `pass` for none."""
    found = {check.overall for check in checks}
    return "error" if "error" in found else "warning" if "warning" in found else "pass"


def blocks(severity: str, status: str) -> bool:
    """Tell whether nothing must be changed while a check with this severity and status stands."""
    return severity == "error" and status == "fail"


def require(checks: Iterable[Check], ids: Collection[str] | None = None) -> None:
    """Raise Refused for the first check that blocks, of those with one of the ids, or of all."""
    for check in checks:
        if check.blocks and (ids is None or check.id in ids):
            raise Refused(check.describe(), check=check.id)
