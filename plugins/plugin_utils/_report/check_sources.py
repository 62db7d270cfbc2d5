# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the public source of each check, by its id."""

from __future__ import annotations

from typing import Final

_SOURCES: Final[dict[str, str]] = {}


def source_of(id: str) -> str:
    """Return the public source of a check; empty for the id of no check."""
    return _SOURCES.get(id, "")
