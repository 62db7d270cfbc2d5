# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: how to wait for operations that take minutes: how often to poll, and which failures are transient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import InvalidInput

_FIRST = 2.0
_LONGEST = 30.0
# Each pause is a fifth of the time that has passed, so the end is noticed at most a fifth too late.
_SHARE = 5
# A write of this run is usually visible within a second.
_SOON = 0.5
LONGEST_TIMEOUT = 30 * 24 * 3600


def interval(elapsed: float, left: float) -> float:
    """Return the seconds until the next poll. They grow with the elapsed time and never pass the deadline."""
    return max(0.0, min(left, max(_FIRST, min(_LONGEST, elapsed / _SHARE))))


def early_interval(elapsed: float, left: float) -> float:
    """Return the seconds until the next look for a write of this run. They begin short and grow like `interval`."""
    return max(0.0, min(left, max(_SOON, min(_LONGEST, elapsed / 2))))


def require_timeout(seconds: int, option: str = "wait_timeout") -> None:
    """Raise InvalidInput for a negative number of seconds, and for one that no wait needs and no clock may take."""
    if seconds < 0:
        raise InvalidInput(option, "must not be negative", "give a number of seconds")
    if seconds > LONGEST_TIMEOUT:
        raise InvalidInput(option, f"must be at most {LONGEST_TIMEOUT}, which is 30 days", "give fewer seconds")


def is_passing(error: Mapping[str, Any]) -> bool:
    """Tell whether a failure (the `error` of a result) is transient: no answer, throttling or a server error."""
    status = error.get("status")
    return error.get("kind") == "unreachable" or (isinstance(status, int) and (status in (408, 429) or status >= 500))
