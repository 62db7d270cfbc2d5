# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: a table as lines of text, the one form in which this collection prints tables."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from itertools import zip_longest

from .shown_text import one_line

Cells = tuple[str, ...]

#: A narrower column would break every word.
_NARROWEST = 10
_GAP = "  "


def table(heading: Cells, rows: Sequence[Cells], width: int, *, flexible: tuple[int, ...]) -> list[str]:
    """Return the lines of a table, without rows none. The columns of `flexible` share the width that the others leave.

    A line exceeds `width` only for a word that cannot be broken.
    """
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
