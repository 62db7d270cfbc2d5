# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event log of VMM, Microsoft-VirtualMachineManager-Server/Admin, which public scripts read with Get-WinEvent."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

VMM_LOG: Final = "Microsoft-VirtualMachineManager-Server/Admin"


@dataclass(frozen=True, slots=True)
class Event:
    """An event. Documented levels: 1 is critical, 2 an error, 3 a warning, 4 an information."""

    time: datetime
    level: int
    id: int
    message: str


def newest(events: Iterable[Event], since: datetime, levels: Collection[int], count: int) -> list[Event]:
    """Return the last events, the newest first, as Get-WinEvent does."""
    found = [event for event in events if event.time >= since and event.level in levels]
    return sorted(found, key=lambda event: event.time, reverse=True)[:count]
