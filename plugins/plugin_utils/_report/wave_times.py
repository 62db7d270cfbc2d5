# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the waves of a run with the times at which they began and ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from .waves import Wave


def read_waves(value: Any) -> tuple[Wave, ...]:
    """Return the waves that the checks of this run planned; empty for any other shape."""
    waves = value if isinstance(value, list) else []
    return tuple(tuple(map(str, wave)) for wave in waves if isinstance(wave, list))


def wave_rows(waves: Sequence[Wave], times: Any) -> list[dict[str, Any]]:
    """Return a row for each wave. `times` has `begun` and `ended` by the number of the wave.

    A wave that did not begin, or whose end the run did not reach, has empty times and no duration.
    """
    # Ansible can turn the keys of a fact into texts.
    found = {str(key): value for key, value in times.items()} if isinstance(times, Mapping) else {}
    return [_row(number, wave, found.get(str(number))) for number, wave in enumerate(waves, 1)]


def _row(number: int, wave: Wave, times: Any) -> dict[str, Any]:
    begun, ended = (_moment(times.get(key)) if isinstance(times, Mapping) else None for key in ("begun", "ended"))
    return {
        "number": number,
        "machines": list(wave),
        "begun": _text(begun),
        "ended": _text(ended),
        "seconds": max(0, round((ended - begun).total_seconds())) if begun and ended else None,
    }


def _moment(value: Any) -> datetime | None:
    """Return a time in the zone of the controller. None: the text is not a time."""
    try:
        return datetime.fromisoformat(str(value)).astimezone()
    except (ValueError, OverflowError):
        return None


def _text(moment: datetime | None) -> str:
    return moment.isoformat(timespec="seconds") if moment else ""
