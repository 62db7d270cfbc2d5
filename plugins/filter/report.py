# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters that turn what a run recorded into lines for people."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from ansible.errors import AnsibleFilterError

Record = Mapping[str, Any]
Cells = tuple[str, ...]

#: Narrower columns tear every word apart.
_NARROWEST = 10
_GAP = "  "
_VERDICTS = ("pass", "warn", "fail")


def evidence_table(evidence: Mapping[str, Sequence[Record]], planned: bool = False, width: int = 120) -> list[str]:
    """Lines of a table that says per host and step what was found, done and verified.

    `evidence` maps a host to records with the keys step, found, done and verified. In check mode (`planned`) the
    heading says that nothing was changed. No line without spaces to break at exceeds `width` by more than one word.
    Raises AnsibleFilterError for another shape.
    """
    rows = [cells for host, records in _hosts(evidence) for cells in _host_rows(host, _evidence_cells(host, records))]
    heading = ("host", "step", "found", "planned" if planned else "done", "verified")
    return _table(heading, rows, width, flexible=(2, 3, 4))


def verdict_table(checks: Mapping[str, Sequence[Record]], problems_only: bool = False, width: int = 120) -> list[str]:
    """Lines of a table of checks: per host and step the verdict and its message.

    `checks` maps a host to records with the keys step, verdict (pass, warn or fail) and message. With
    `problems_only` passed checks are counted instead of listed. Raises AnsibleFilterError for another shape.
    """
    rows: list[Cells] = []
    for host, records in _hosts(checks):
        found = [_verdict_cells(host, record) for record in records]
        shown = [cells for cells in found if not (problems_only and cells[1] == "pass")]
        passed = len(found) - len(shown)
        if passed:
            shown.append(("", "pass", "1 check passed" if passed == 1 else f"{passed} checks passed"))
        rows.extend(_host_rows(host, shown))
    return _table(("host", "step", "verdict", "message"), rows, width, flexible=(3,))


def failed_checks(checks: Mapping[str, Sequence[Record]]) -> list[str]:
    """One line for each check whose verdict is fail: host, step and message.

    Raises AnsibleFilterError for another shape than the one of verdict_table.
    """
    lines = []
    for host, records in _hosts(checks):
        for record in records:
            step, verdict, message = _verdict_cells(host, record)
            if verdict == "fail":
                lines.append(f"{host} {step}: {message}")
    return lines


def _hosts(records: Mapping[str, Sequence[Record]]) -> Iterable[tuple[str, Sequence[Record]]]:
    if not isinstance(records, Mapping):
        raise AnsibleFilterError(f"give a dictionary from host to its records, not {type(records).__name__}")
    for host, found in records.items():
        if isinstance(found, str) or not isinstance(found, Sequence):
            raise AnsibleFilterError(f"{host}: give a list of records, not {type(found).__name__}")
        yield str(host), found


def _evidence_cells(host: str, records: Sequence[Record]) -> list[Cells]:
    return [tuple(_text(host, record, key) for key in ("step", "found", "done", "verified")) for record in records]


def _verdict_cells(host: str, record: Record) -> tuple[str, str, str]:
    step, verdict, message = (_text(host, record, key) for key in ("step", "verdict", "message"))
    if verdict not in _VERDICTS:
        raise AnsibleFilterError(f"{host}: verdict '{verdict}' is none of {', '.join(_VERDICTS)}")
    return step, verdict, message


def _text(host: str, record: Record, key: str) -> str:
    if not isinstance(record, Mapping) or key not in record:
        raise AnsibleFilterError(f"{host}: a record lacks '{key}'")
    # A message of several lines would tear the table.
    return " ".join(str(record[key]).split())


def _host_rows(host: str, rows: Sequence[Cells]) -> list[Cells]:
    """The host's name stands in its first row only."""
    if not rows:
        return [(host, "", "nothing recorded")]
    return [(host if number == 0 else "", *row) for number, row in enumerate(rows)]


def _table(heading: Cells, rows: Sequence[Cells], width: int, flexible: tuple[int, ...]) -> list[str]:
    if not rows:
        return []
    full = [row + ("",) * (len(heading) - len(row)) for row in (heading, *rows)]
    widths = _widths(full, width, flexible)
    lines = [line for row in full for line in _row_lines(row, widths)]
    return [lines[0], _GAP.join("-" * size for size in widths), *lines[1:]]


def _widths(rows: Sequence[Cells], width: int, flexible: tuple[int, ...]) -> list[int]:
    """Each column as wide as its content; flexible ones share what is left, narrow ones giving to wide ones."""
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


class FilterModule:
    """The filters of this file by their names."""

    def filters(self) -> dict[str, Callable[..., list[str]]]:
        return {"evidence_table": evidence_table, "failed_checks": failed_checks, "verdict_table": verdict_table}
