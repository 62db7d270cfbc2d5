# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the result of a run on one screen, for any number of machines."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, Final

from .verdict import states_of, verdict
from .words import phrase

#: Findings that are shown, lines of each of them, and machines that it names.
_FINDINGS: Final = 6
_LINES: Final = 2
_NAMES: Final = 5


def summary(document: Mapping[str, Any], width: int, language: str = "en") -> list[str]:
    """Return at most 22 lines of this width: the result, the numbers of machines by state, and the worst findings."""
    states = ", ".join(
        f"{count} {phrase(language, f'state_{state}').lower()}" for state, count in states_of(document["machines"])
    )
    rows = document["findings"]
    lines = [*_fitted(verdict(document, language), width), *_fitted(states, width)]
    for row in rows[:_FINDINGS]:
        lines += ["", *_finding(row, width, language)]
    if len(rows) > _FINDINGS:
        lines.append(phrase(language, "more_findings", len(rows) - _FINDINGS))
    return lines


def _finding(row: Mapping[str, Any], width: int, language: str) -> list[str]:
    head = " ".join(filter(None, (phrase(language, f"status_{row['status']}"), row["step"])))
    machines = [name for case in row["cases"] for name in case["machines"]]
    more = len(machines) - _NAMES
    names = ", ".join(machines[:_NAMES]) + (f" {phrase(language, 'more', more)}" if more > 0 else "")
    text = "; ".join(filter(None, (row["cases"][0]["message"], row["fix"])))
    return [*_fitted(f"{head} ({names})", width, 1), *_fitted(text, width, _LINES, "  ")]


def _fitted(text: str, width: int, lines: int = 2, indent: str = "") -> Sequence[str]:
    return textwrap.wrap(
        text, width, initial_indent=indent, subsequent_indent=indent, max_lines=lines, placeholder=" ..."
    )
