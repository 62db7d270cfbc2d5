# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: progress lines of a wait: shown when they change, and repeated from time to time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..module_utils._model.common.durations import duration


class ProgressLines:
    """Passes lines to `show` when they differ from the last ones, or after `repeat_seconds`.

    Each line ends with the elapsed time, and with the time limit if there is one.
    """

    def __init__(
        self, show: Callable[[str], None], repeat_seconds: float = 60, *, timeout: float | None = None
    ) -> None:
        self._show = show
        self._repeat_seconds = repeat_seconds
        self._limit = "" if timeout is None else f" of {duration(timeout)}"
        self._last: tuple[str, ...] = ()
        self._last_shown = 0.0

    def show(self, lines: Sequence[str], elapsed: float) -> None:
        """Show the current lines, unless they were shown a short time ago."""
        if tuple(lines) == self._last and elapsed - self._last_shown < self._repeat_seconds:
            return
        self._last, self._last_shown = tuple(lines), elapsed
        for line in lines:
            self._show(f"{line} ({duration(elapsed)}{self._limit})")
