# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: tables as lines of text."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from itertools import zip_longest

from ...module_utils._model.common.check import Check
from ...module_utils._model.common.resource import PLANNED, Evidence
from ...module_utils._model.common.shown_text import one_line

Cells = tuple[str, ...]

#: A narrower column would break every word.
_NARROWEST = 10
_GAP = "  "
_NOTHING = "nothing recorded"
#: The first letters of step ids, in the order of the setup guide.
_PHASES = "BTSPHX"
_STEP = re.compile(rf"([{_PHASES}])([0-9]+)([a-z]?)")


def evidence_table(evidence: Mapping[str, Sequence[Evidence]], *, planned: bool, width: int) -> list[str]:
    """Return a table of the initial state, the changes and the verified state, per host and step.

    The rows of a host are in the order of the steps. In check mode (`planned`) the heading is `planned` instead of
    `done`. A line exceeds `width` only for a word that cannot be broken.
    """
    rows = [
        cells
        for host, records in evidence.items()
        for cells in _host_rows(host, [_cells(row, planned=planned) for row in sorted(records, key=step_position)])
    ]
    heading = ("host", "step", "found", "planned" if planned else "done", "verified")
    return _table(heading, rows, width, flexible=(2, 3, 4))


def _cells(row: Evidence, *, planned: bool) -> Cells:
    """Return the cells of a row. The heading `planned` makes the same word in each row superfluous."""
    return row.step, row.found, row.done.removeprefix(PLANNED) if planned else row.done, row.verified


def step_position(row: Evidence) -> tuple[int, int, str]:
    """Return the position of a row's step in the setup guide. An unknown step comes last."""
    match = _STEP.match(row.step)
    return (_PHASES.index(match[1]), int(match[2]), match[3]) if match else (len(_PHASES), 0, "")


def check_table(checks: Mapping[str, Sequence[Check]], *, problems_only: bool, width: int) -> list[str]:
    """Return the lines of a table with the status of each check, per host and step.

    With `problems_only` the checks that passed are counted instead of listed.
    """
    rows: list[Cells] = []
    for host, records in checks.items():
        shown = [check for check in records if not (problems_only and check.overall == "pass")]
        # One problem can fail several checks, such as a proxy that rejects the login for each address.
        cells: list[Cells] = list(dict.fromkeys((check.step, check.overall, check.describe()) for check in shown))
        passed = len(records) - len(shown)
        if passed:
            cells.append(("", "pass", "1 check passed" if passed == 1 else f"{passed} checks passed"))
        rows.extend(_host_rows(host, cells or [("", "", _NOTHING)]))
    return _table(("host", "step", "status", "message"), rows, width, flexible=(3,))


def _host_rows(host: str, rows: Sequence[Cells]) -> list[Cells]:
    """Name the host in its first row only."""
    if not rows:
        return [(host, "", _NOTHING)]
    return [(host if number == 0 else "", *row) for number, row in enumerate(rows)]


def _table(heading: Cells, rows: Sequence[Cells], width: int, flexible: tuple[int, ...]) -> list[str]:
    if not rows:
        return []
    full = [tuple(map(one_line, row)) + ("",) * (len(heading) - len(row)) for row in (heading, *rows)]
    widths = _widths(full, width, flexible)
    lines = [line for row in full for line in _row_lines(row, widths)]
    return [lines[0], _GAP.join("-" * size for size in widths), *lines[1:]]


def _widths(rows: Sequence[Cells], width: int, flexible: tuple[int, ...]) -> list[int]:
    """Return the widths of all columns. Flexible columns share the rest; a narrow one leaves width to wider ones."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    fixed = sum(size for column, size in enumerate(widths) if column not in flexible)
    left = width - fixed - len(_GAP) * (len(widths) - 1)
    for position, column in enumerate(sorted(flexible, key=lambda column: widths[column])):
        share = max(left // (len(flexible) - position), _NARROWEST)
        widths[column] = min(widths[column], share)
        left -= widths[column]
    return widths


def _row_lines(row: Cells, widths: Sequence[int]) -> list[str]:
    wrapped = [
        textwrap.wrap(cell, size, break_long_words=False, break_on_hyphens=False)
        for cell, size in zip(row, widths, strict=True)
    ]
    return [
        _GAP.join(part.ljust(size) for part, size in zip(parts, widths, strict=True)).rstrip()
        for parts in zip_longest(*wrapped, fillvalue="")
    ]
