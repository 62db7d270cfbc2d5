# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: VMM clouds and whether VMM sends their metadata to the vault."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from ..common.errors import InvalidInput, Refused
from ..common.plan import UNKNOWN, Change, Plan
from .facts import Cloud, VmmFacts

ALL = "all"
#: As VMM spells the platform of a host, and the profile that it comes with.
HYPER_V, HYPER_V_PROFILE = "HyperV", "Hyper-V"


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
        raise InvalidInput("vmm_clouds", "is empty", "name the clouds to synchronize, or give 'all'")
    if ALL in names and len(names) > 1:
        raise InvalidInput("vmm_clouds", "'all' stands with other names", "give 'all' alone, or only names")


def require_names_to_withdraw(names: Sequence[str]) -> None:
    """Offline: what is taken away is named."""
    if list(names) == [ALL]:
        raise InvalidInput("vmm_clouds", "'all' is not taken away at once", "name the clouds, or give state present")


def wanted_clouds(clouds: Sequence[Cloud], names: Sequence[str]) -> list[Cloud]:
    """The named clouds. Raises Refused for a name that VMM does not know or knows twice; nothing is done then."""
    if list(names) == [ALL]:
        return list(clouds)
    by_name = {cloud.name.casefold(): cloud for cloud in clouds}
    counts = Counter(cloud.name.casefold() for cloud in clouds)
    twice = [name for name in names if counts[name.casefold()] > 1]
    if twice:
        raise Refused(
            f"clouds: VMM has more than one cloud named {', '.join(twice)}; rename them in VMM, so that a name says"
            " which is meant"
        )
    unknown = [name for name in names if name.casefold() not in by_name]
    if unknown:
        known = ", ".join(sorted(cloud.name for cloud in clouds)) or "none"
        raise Refused(f"clouds: VMM has no cloud named {', '.join(unknown)}; it has: {known}; correct the names")
    return [by_name[name] for name in dict.fromkeys(name.casefold() for name in names)]


def plan_unread(names: Sequence[str], *, publish: bool = True) -> Plan:
    """What is to be done where the clouds can't be read yet."""
    told = "all clouds" if list(names) == [ALL] else ", ".join(names)
    return Plan((Change("clouds", UNKNOWN, UNKNOWN, _reason(told, publish)),))


def plan_clouds(clouds: Sequence[Cloud], names: Sequence[str], *, publish: bool = True) -> Plan:
    """Switch the metadata flag of the named clouds, and of no other. A change's path is the cloud's id."""
    return Plan(
        tuple(
            Change(cloud.id, not publish, publish, _reason(f"cloud {cloud.name}", publish))
            for cloud in wanted_clouds(clouds, names)
            if bool(cloud.published) != publish
        )
    )


def warnings(clouds: Sequence[Cloud]) -> tuple[str, ...]:
    """What keeps machines of these clouds from being protected, although they are in the vault."""
    return tuple(warning for cloud in clouds for warning in _shortcomings(cloud))


def _shortcomings(cloud: Cloud) -> Iterator[str]:
    if not any(host.platform == HYPER_V for host in cloud.hosts):
        yield f"cloud {cloud.name} has no Hyper-V host, so no machine of it can be protected; give it a host group"
    profiles = cloud.capability_profiles
    if profiles is not None and HYPER_V_PROFILE not in profiles:
        has = f"it has {', '.join(profiles)}" if profiles else "it has none"
        yield (
            f"cloud {cloud.name} has no capability profile {HYPER_V_PROFILE} ({has}); add it, unless one of its own is"
            " for Hyper-V"
        )


def _reason(told: str, publish: bool) -> str:
    return f"send metadata of {told} to the vault" if publish else f"send metadata of {told} to the vault no longer"
