# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An event of a machine, as Get-WinEvent shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Event:
    """An event; `level` is 1 (critical), 2 (error), 3 (warning) or 4 (information)."""

    log: str
    id: int
    time: datetime
    message: str
    level: int = 2
