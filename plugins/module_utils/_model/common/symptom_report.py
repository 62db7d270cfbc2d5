# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the table of symptoms over all machines and Azure, and what could not be read."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from .shown_text import one_line

_TITLES = ("symptom", "seen", "cause", "fix", "repair", "source")
_NARROWEST = 40


def report(looks: Sequence[Mapping[str, Any]], width: int) -> dict[str, Any]:
    """Return the lines for a person, the symptoms as data, and what could not be read.

    A look has `name` and `result`, the result of a task of symptom_info.
    """
    symptoms = [{"machine": look["name"], **row} for look in looks for row in look["result"].get("symptoms") or ()]
    unread = [line for look in looks for line in _unread(look["name"], look["result"])]
    lines = [line for row in symptoms for line in _block(row, width)] or ["no symptom was found"]
    return {
        "lines": [*lines, *(f"not read: {line}" for line in unread)],
        "symptoms": symptoms,
        "unread": unread,
    }


def _unread(name: str, result: Mapping[str, Any]) -> list[str]:
    """Return what is not known of a system. A result without symptoms never counts as healthy."""
    if result.get("unreachable") or result.get("failed") or "symptoms" not in result:
        state = "unreachable" if result.get("unreachable") else "failed"
        return [one_line(f"{name}: {state}: {result.get('msg') or 'no result'}")]
    return [one_line(f"{name}: {line}") for line in result.get("unread") or ()]


def _block(row: Mapping[str, Any], width: int) -> list[str]:
    """Return one symptom: a heading with machine, step and id, and a line for each other column."""
    repair = f"with the consent site_doctor_fix={row['id']}" if row["repairable"] else ""
    cells = {**row, "symptom": row["sign"], "repair": repair}
    first = max(map(len, _TITLES))
    found = [f"{row['machine']}  {row['step']}  {row['id']}"]
    for title in filter(cells.get, _TITLES):
        lead = f"  {title:<{first}}  "
        found += textwrap.wrap(
            str(cells[title]),
            max(width, len(lead) + _NARROWEST),
            initial_indent=lead,
            subsequent_indent=" " * len(lead),
            break_long_words=False,
            break_on_hyphens=False,
        )
    return found
