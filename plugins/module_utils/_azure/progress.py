# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: lines of progress for the person who waits.

A module cannot print before it ends, so its action plugin names a file in the environment, and shows what is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from .._model.common.progress_file import VARIABLE, encoded

Report = Callable[[Sequence[str]], None]


def silent(_lines: Sequence[str]) -> None:
    """Show no progress."""


class ProgressFile:
    """Appends reports to a file. A report that is the same as the last one is left out."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last: tuple[str, ...] = ()
        self._writable = True

    def __call__(self, lines: Sequence[str]) -> None:
        """Write the lines. A file that cannot be written never stops a task."""
        if not self._writable or tuple(lines) == self._last:
            return
        self._last = tuple(lines)
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(encoded(lines))
        except OSError:
            self._writable = False


def report_to(environment: Mapping[str, str]) -> Report:
    """Return the function that reports progress, as the environment of the module asks for it."""
    path = environment.get(VARIABLE)
    return ProgressFile(Path(path)) if path else silent
