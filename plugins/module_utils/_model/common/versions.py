# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: product versions and how to compare them."""

from __future__ import annotations

import re


def numbers(version: str | None) -> tuple[int, ...]:
    """Return a version in comparable form. Missing parts count as zero; an unknown version is the oldest."""
    if not version:
        return ()
    parts = [int(part) for part in re.findall(r"\d+", version)][:4]
    return tuple(parts + [0] * (4 - len(parts)))


def older(version: str | None, wanted: str | None) -> bool:
    """Tell whether an upgrade to the requested version is due. None requests no version."""
    return wanted is not None and numbers(version) < numbers(wanted)
