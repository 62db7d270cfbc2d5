# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: how to wait for something that takes minutes: how often to look, what to tell, when to give up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import InvalidInput

_FIRST = 2.0
_LONGEST = 30.0
# Looking after each further fifth of the time that has passed finds the end at most a fifth too late.
_SHARE = 5


def interval(elapsed: float, left: float) -> float:
    """Seconds until the next look, growing with the time that has passed; never beyond the deadline."""
    return max(0.0, min(left, max(_FIRST, min(_LONGEST, elapsed / _SHARE))))


def require_timeout(seconds: int, option: str = "wait_timeout") -> None:
    """Raise InvalidInput for a negative number of seconds."""
    if seconds < 0:
        raise InvalidInput(option, "must not be negative", "give a number of seconds")


def is_passing(error: Mapping[str, Any]) -> bool:
    """Whether a failure (a result's `error`) may be gone at the next look: no answer, throttling, a service's fault."""
    status = error.get("status")
    return error.get("kind") == "unreachable" or (isinstance(status, int) and (status in (408, 429) or status >= 500))


def duration(seconds: float) -> str:
    """Seconds as people say them: 40s, 2m10s, 45m, 1h05m."""
    whole = int(seconds)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    if hours:
        return f"{hours}h{minutes:02}m" if minutes else f"{hours}h"
    if minutes:
        return f"{minutes}m{rest:02}s" if rest else f"{minutes}m"
    return f"{rest}s"
