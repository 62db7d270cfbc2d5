# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: product versions and how to compare them."""

from __future__ import annotations

import re


def numbers(version: str | None) -> tuple[int, ...]:
    """A version for comparing: missing parts count as zero, an unknown version is older than all."""
    if not version:
        return ()
    parts = [int(part) for part in re.findall(r"\d+", version)][:4]
    return tuple(parts + [0] * (4 - len(parts)))


def older(version: str | None, wanted: str | None) -> bool:
    """Whether an upgrade is due; nothing is due when no version was asked for."""
    return wanted is not None and numbers(version) < numbers(wanted)
