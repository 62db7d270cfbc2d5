# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: published versions of the Provider, and how many update rollups one upgrade may span (N-4).

Source: the column "Site Recovery Provider" in the tables of "What's new in Site Recovery" (Azure documentation,
site-recovery-whats-new, editions of 2020-01 to 2024-03), without the versions that are for VMware only. The editions
with rollups 55 to 62 were not available. Rollup 44 brought no Provider. Rollups 69 and later are listed for VMware, or
without a platform. Rule: "Service updates in Site Recovery" (service-updates-how-to) supports N-4; an older version is
upgraded in steps.
"""

from __future__ import annotations

from .versions import numbers

MOST_ROLLUPS = 4
#: Update rollup and version, oldest first.
RELEASES: tuple[tuple[int, str], ...] = (
    (39, "5.1.4600.0"),
    (40, "5.1.4800.0"),
    (41, "5.1.5000.0"),
    (42, "5.1.5200.0"),
    (43, "5.1.5300.0"),
    (45, "5.1.5400.0"),
    (46, "5.1.5900.0"),
    (47, "5.1.6100.0"),
    (48, "5.1.6200.0"),
    (49, "5.1.6315.0"),
    (50, "5.1.6347.0"),
    (51, "5.1.6400.0"),
    (52, "5.1.6458.0"),
    (53, "5.1.6537.0"),
    (54, "5.1.6620.0"),
    (63, "5.1.7626.0"),
    (64, "5.1.7802.0"),
    (65, "5.1.7882.0"),
    (66, "5.1.8095.0"),
    (67, "5.1.8095.0"),
    (68, "5.1.8095.0"),
)


def rollups(version: str) -> tuple[int | None, int | None]:
    """Return the oldest and the newest update rollup that can contain a version. None: the bound is unknown."""
    wanted = numbers(version)
    same = [rollup for rollup, known in RELEASES if numbers(known) == wanted]
    if same:
        return same[0], same[-1]
    below = [rollup for rollup, known in RELEASES if numbers(known) < wanted]
    above = [rollup for rollup, known in RELEASES if numbers(known) > wanted]
    return (below[-1] + 1 if below else None), (above[0] - 1 if above else None)


def too_far(installed: str, wanted: str) -> bool | None:
    """Tell whether an upgrade spans more than four update rollups. None: the published versions do not tell."""
    oldest, newest = rollups(installed)
    first, last = rollups(wanted)
    least = None if first is None or newest is None else first - newest
    most = None if last is None or oldest is None else last - oldest
    # The bounds are ranges, so the answer is certain only when it holds for every pair of rollups.
    if least is not None and least > MOST_ROLLUPS:
        return True
    if most is not None and most <= MOST_ROLLUPS:
        return False
    return None


def next_step(installed: str) -> str:
    """Describe the first step of an upgrade that spans too many rollups."""
    oldest, newest = rollups(installed)
    limit = oldest if oldest is not None else newest
    reachable = [
        (rollup, version)
        for rollup, version in RELEASES
        if limit is not None and limit < rollup <= limit + MOST_ROLLUPS and numbers(version) > numbers(installed)
    ]
    if not reachable:
        return f"a version at most {MOST_ROLLUPS} update rollups later"
    rollup, version = reachable[-1]
    return f"{version} (update rollup {rollup})"
