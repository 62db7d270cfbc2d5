# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the end of a change window, after which nothing begins."""

from __future__ import annotations

from datetime import datetime

from .errors import InvalidInput, Refused


def parse_window_end(option: str, text: str) -> datetime:
    """Return the end of a change window. A time without an offset is one of the controller. Raises InvalidInput."""
    try:
        return datetime.fromisoformat(text.strip().replace("Z", "+00:00")).astimezone()
    except ValueError:
        raise InvalidInput(
            option,
            f"must be a date and a time in ISO 8601, not '{text}'",
            "write a time such as 2026-12-05T05:00:00+01:00",
        ) from None


def closed_reason(end: datetime | None, now: datetime) -> str:
    """Return why nothing may begin; empty inside the window or without one."""
    return "" if end is None or now < end else f"the change window ended at {end.isoformat(' ', 'minutes')}"


def require_open(option: str, text: str | None, now: datetime) -> None:
    """Raise Refused after the end of the change window, and InvalidInput for a text that is not a time."""
    reason = closed_reason(parse_window_end(option, text) if text else None, now)
    if reason:
        raise Refused(f"not begun, because {reason}; run again in the next window")
