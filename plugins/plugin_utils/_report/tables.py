# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the tables of a report."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ...module_utils._model.common.check import Check
from ...module_utils._model.common.resource import PLANNED, Evidence
from ...module_utils._model.common.text_table import Cells, table

_NOTHING = "nothing recorded"
#: The first letters of step ids, in the order of the setup guide.
_PHASES = "BTSPHNX"
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
    return table(heading, rows, width, flexible=(2, 3, 4))


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
        # One problem can fail several checks, such as a proxy that rejects the login for each address. The first one
        # stands for all.
        cells: dict[Cells, str] = {}
        for check in shown:
            cells.setdefault((check.step, check.overall, check.describe()), check.id)
        lines: list[Cells] = [(step, id, status, text) for (step, status, text), id in cells.items()]
        passed = len(records) - len(shown)
        if passed:
            lines.append(("", "", "pass", "1 check passed" if passed == 1 else f"{passed} checks passed"))
        rows.extend(_host_rows(host, lines or [("", "", "", _NOTHING)]))
    return table(("host", "step", "check", "status", "message"), rows, width, flexible=(4,))


def removal_table(rows: Sequence[Cells], *, width: int) -> list[str]:
    """Return a table of what goes and what stays: place, step, object, and its removal."""
    places = list(dict.fromkeys(row[0] for row in rows))
    shown = [cells for place in places for cells in _host_rows(place, [row[1:] for row in rows if row[0] == place])]
    return table(("where", "step", "object", "removal"), shown, width, flexible=(2, 3))


def _host_rows(host: str, rows: Sequence[Cells]) -> list[Cells]:
    """Name the host in its first row only."""
    if not rows:
        return [(host, "", _NOTHING)]
    return [(host if number == 0 else "", *row) for number, row in enumerate(rows)]
