# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A clock for code that waits. It stands in for the module `time`."""

from __future__ import annotations


class Time:
    """A clock that advances with pauses, and by some seconds with each reading, so that no wait is endless."""

    def __init__(self, reading: float = 0.01) -> None:
        self.now = 0.0
        self._reading = reading

    def monotonic(self) -> float:
        self.now += self._reading
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
