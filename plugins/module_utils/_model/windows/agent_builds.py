# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: builds of the Recovery Services agent: what an old one can't do, and how far an upgrade may reach at once.

Sources: "What's new in Azure Site Recovery" (table of supported updates, revisions 2023-08 to 2025-01), "Service
updates in Azure Site Recovery" (N-4), "Set up disaster recovery of Hyper-V VMs to Azure" (2.0.9214.0), the notices
of the sign-in service's change of 2018-03-19 (2.0.9083.0).
"""

from __future__ import annotations

from dataclasses import dataclass

from ..common.errors import Refused
from ..common.versions import numbers

#: Older builds can't sign in since 2018-03-19.
LEAST = "2.0.9083.0"
#: Older builds know neither failback from managed disks nor disks up to 32 TB.
ADVISED = "2.0.9214.0"
#: An upgrade is supported from N-4 to N.
REACH = 4


@dataclass(frozen=True, slots=True)
class Build:
    """A build and the update rollup that first had it for Hyper-V hosts, or without saying for which hosts."""

    version: str
    rollup: int


#: Oldest first. Rollups 67, 68 and 73 had the build of the one before, 69 to 71 none for Hyper-V.
BUILDS = (
    Build("2.0.9249.0", 63),
    Build("2.0.9257.0", 64),
    Build("2.0.9259.0", 65),
    Build("2.0.9260.0", 66),
    Build("2.0.9917.0", 72),
    Build("2.0.9919.0", 74),
    Build("2.0.9932.0", 75),
    Build("2.0.9938.0", 76),
)


def shortcoming(version: str | None) -> str | None:
    """What an old build can't do, in a sentence; None where nothing is known against it."""
    if version is None or numbers(version) >= numbers(ADVISED):
        return None
    if numbers(version) < numbers(LEAST):
        return f"the agent {version} can't sign in to Azure any more, which takes {LEAST} or newer; upgrade it"
    return f"the agent {version} knows neither failback from managed disks nor disks over 4 TB; upgrade it to {ADVISED}"


def require_reach(version: str | None, wanted: str | None) -> None:
    """Raises Refused for an upgrade over more than four builds. One older than the table counts as just before it."""
    if version is None or wanted is None:
        return
    start, end = _place(version), _place(wanted)
    if end - start <= REACH:
        return
    step = BUILDS[end - REACH]
    raise Refused(
        f"version: from {version} to {wanted} is more than {REACH} builds, which is no supported upgrade (N-{REACH});"
        f" upgrade to {step.version} (update rollup {step.rollup}) first"
    )


def _place(version: str) -> int:
    """Of the newest build that is not newer; -1 before the first."""
    return sum(numbers(build.version) <= numbers(version) for build in BUILDS) - 1
