# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: builds of the Recovery Services agent: limitations of old ones, and the supported span of an upgrade.

Sources: "What's new in Azure Site Recovery" (table of supported updates, revisions 2023-08 to 2025-01), "Service
updates in Azure Site Recovery" (N-4), "Set up disaster recovery of Hyper-V VMs to Azure" (2.0.9214.0), the notices
of the sign-in service's change of 2018-03-19 (2.0.9083.0).
"""

from __future__ import annotations

from dataclasses import dataclass

from ..common.versions import numbers

#: Older builds cannot sign in since 2018-03-19.
LEAST = "2.0.9083.0"
#: Older builds support neither failback from managed disks nor disks up to 32 TB.
ADVISED = "2.0.9214.0"
#: Upgrades are supported from N-4 to N.
SPAN = 4


@dataclass(frozen=True, slots=True)
class Build:
    """A build, and the first update rollup that lists it for Hyper-V hosts or does not name a kind of host."""

    version: str
    rollup: int


#: Oldest first. Rollups 67, 68 and 73 have the build of the rollup before; 69 to 71 have none for Hyper-V.
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


def limitation(version: str | None) -> str | None:
    """Describe the known limitation of an old build. Return None if there is none, or the version is unknown."""
    if version is None or numbers(version) >= numbers(ADVISED):
        return None
    if numbers(version) < numbers(LEAST):
        return f"agent {version} cannot sign in to Azure, which requires {LEAST} or newer"
    return f"agent {version} supports neither failback from managed disks nor disks larger than 4 TB"


def intermediate_build(version: str, desired: str) -> Build | None:
    """Return the build to install first if an upgrade spans more than four builds, else None.

    A version that is older than the table counts as the build just before it.
    """
    start, end = _position(version), _position(desired)
    return None if end - start <= SPAN else BUILDS[end - SPAN]


def _position(version: str) -> int:
    """Return the index of the newest build that is not newer than a version, or -1 before the first."""
    return sum(numbers(build.version) <= numbers(version) for build in BUILDS) - 1
