# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: VMM clouds and whether VMM sends their metadata to the vault."""

from __future__ import annotations

from collections.abc import Sequence

from .errors import InvalidInput, Refused
from .machine import Cloud, VmmFacts
from .plan import UNKNOWN, Change, Plan

ALL = "all"


def require_readable(vmm: VmmFacts) -> tuple[Cloud, ...]:
    """The clouds of a running VMM that can send metadata. Raises Refused."""
    if vmm.clouds is None:
        raise Refused(
            f"VMM's clouds can't be read: service SCVMMService is {vmm.service or 'missing'}; start it, then run again"
        )
    if not vmm.flag_supported or any(cloud.published is None for cloud in vmm.clouds):
        raise Refused(
            "this VMM version has no switch DisasterRecoverySupported on its clouds;"
            " set it by hand on the General page of each cloud's properties, and leave the clouds out here"
        )
    return vmm.clouds


def require_cloud_names(names: Sequence[str]) -> None:
    """Offline: at least one name, and 'all' only alone."""
    if not names:
        raise InvalidInput("clouds", "is empty", "name the clouds to synchronise, or give 'all'")
    if ALL in names and len(names) > 1:
        raise InvalidInput("clouds", "'all' stands with other names", "give 'all' alone, or only names")


def wanted_clouds(clouds: Sequence[Cloud], names: Sequence[str]) -> list[Cloud]:
    """The named clouds. Raises Refused for a name that VMM does not know; nothing is done then."""
    if list(names) == [ALL]:
        return list(clouds)
    by_name = {cloud.name.casefold(): cloud for cloud in clouds}
    unknown = [name for name in names if name.casefold() not in by_name]
    if unknown:
        known = ", ".join(sorted(cloud.name for cloud in clouds)) or "none"
        raise Refused(f"clouds: VMM has no cloud named {', '.join(unknown)}; it has: {known}; correct the names")
    return [by_name[name] for name in dict.fromkeys(name.casefold() for name in names)]


def plan_unread(names: Sequence[str]) -> Plan:
    """What is to be done where the clouds can't be read yet."""
    told = "all clouds" if list(names) == [ALL] else ", ".join(names)
    return Plan((Change("clouds", UNKNOWN, UNKNOWN, f"send metadata of {told} to the vault"),))


def plan_clouds(clouds: Sequence[Cloud], names: Sequence[str]) -> Plan:
    """Switch the metadata flag on for named clouds; it is never switched off. A change's path is the cloud's id."""
    return Plan(
        tuple(
            Change(cloud.id, False, True, f"send metadata of cloud {cloud.name} to the vault")
            for cloud in wanted_clouds(clouds, names)
            if not cloud.published
        )
    )
