# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: requirements on VMM clouds whose metadata is synchronized."""

from __future__ import annotations

from collections import Counter

from ..common.check import Check
from .expectation import all_clouds
from .requirement_context import Context
from .vmm_facts import CloudHost, VmmCloud

# As VMM spells the platform of a host and the capability profile for it, in lower case.
_PLATFORM, _PROFILE = "hyperv", "hyper-v"
# As a public recording of Get-SCVMHost shows a healthy host.
_HEALTHY, _RESPONDING = "OK", "Responding"
# The number of hosts that a message names.
_SHOWN = 5


def cloud_flag(context: Context) -> Check | None:
    """Check that this release of VMM can send the metadata of its clouds."""
    vmm, clouds = context.machine.vmm, _clouds(context)
    if vmm is None or clouds is None:
        return None
    if vmm.flag_supported:
        return Check.passed("cloud-flag", "P9", f"clouds: {', '.join(cloud.name for cloud in clouds) or 'none'}")
    return Check.failed(
        "cloud-flag",
        "P9",
        "this release of VMM cannot send the metadata of clouds by a cmdlet (Set-SCCloud has no"
        " DisasterRecoverySupported)",
        "enable it on the General page of the properties of each cloud in VMM, and do not set O(vmm_clouds)",
    )


def cloud_flag_hidden(context: Context) -> Check | None:
    """Warn of clouds that do not show the flag. It is set nevertheless, and Azure proves it."""
    vmm, clouds = context.machine.vmm, _requested(context)
    if vmm is None or not vmm.flag_supported or not clouds:
        return None
    hidden = [cloud.name for cloud in clouds if cloud.published is None]
    if not hidden:
        return None
    return Check.unknown(
        "cloud-flag-hidden",
        "P9",
        f"VMM does not show whether it sends the metadata of {', '.join(hidden)}; the parameter is set, and the cloud"
        " in the vault proves it (P10)",
        severity="warning",
    )


def cloud_unknown(context: Context) -> Check | None:
    """Check that VMM has a cloud of every requested name."""
    clouds, names = _clouds(context), context.expected.clouds
    if clouds is None or not names or all_clouds(names):
        return None
    known = {cloud.name.casefold() for cloud in clouds}
    unknown = [name for name in names if name.casefold() not in known]
    if not unknown:
        return Check.passed("cloud-unknown", "P9", f"VMM has the clouds {', '.join(names)}")
    return Check.failed(
        "cloud-unknown",
        "P9",
        f"VMM does not have the {'clouds' if unknown[1:] else 'cloud'} {', '.join(unknown)}; its clouds are"
        f" {', '.join(sorted(cloud.name for cloud in clouds)) or 'none'}",
        "correct O(vmm_clouds), for each server if their clouds differ",
    )


def cloud_ambiguous(context: Context) -> Check | None:
    """Check that every requested name belongs to one cloud only."""
    clouds, names = _clouds(context), context.expected.clouds
    if clouds is None or not names or all_clouds(names):
        return None
    counts = Counter(cloud.name.casefold() for cloud in clouds)
    ambiguous = [name for name in names if counts[name.casefold()] > 1]
    if not ambiguous:
        return Check.passed("cloud-ambiguous", "P9", "every requested name belongs to one cloud at most")
    return Check.failed(
        "cloud-ambiguous",
        "P9",
        f"VMM has more than one cloud with the name {', '.join(ambiguous)}",
        "rename the clouds in VMM",
    )


def cloud_hosts(context: Context) -> Check | None:
    """Check that each requested cloud has a Hyper-V host."""
    clouds = _requested(context)
    if clouds is None:
        return None
    empty = [cloud.name for cloud in clouds if not any(host.platform.casefold() == _PLATFORM for host in cloud.hosts)]
    if not empty:
        return Check.passed("cloud-hosts", "P9", "every cloud has Hyper-V hosts")
    return Check.warning(
        "cloud-hosts",
        "P9",
        f"clouds without a Hyper-V host, whose machines cannot be protected: {', '.join(empty)}",
        "add a host group with Hyper-V hosts",
    )


def cloud_host_state(context: Context) -> Check | None:
    """Warn of Hyper-V hosts of the clouds that VMM cannot manage now. Their machines cannot be protected meanwhile."""
    clouds = _requested(context)
    if clouds is None:
        return None
    hosts = {host.id: host for cloud in clouds for host in cloud.hosts if host.platform.casefold() == _PLATFORM}
    troubled = [f"{host.fqdn} ({', '.join(reasons)})" for host in hosts.values() if (reasons := _troubles(host))]
    if not troubled:
        return Check.passed("cloud-host-state", "P9", "VMM manages the Hyper-V hosts of every cloud")
    more = f" and {len(troubled) - _SHOWN} more" if len(troubled) > _SHOWN else ""
    return Check.warning(
        "cloud-host-state",
        "P9",
        f"hosts whose machines cannot be protected now: {', '.join(troubled[:_SHOWN])}{more}",
        "look at the hosts in VMM: refresh them, repair their VMM agent, or end the maintenance mode",
    )


def _troubles(host: CloudHost) -> list[str]:
    """Return what VMM reports about a host that it cannot manage. A state that it does not show is not a trouble."""
    found = []
    if host.maintenance:
        found.append("in maintenance mode")
    if host.communication_state not in (None, _RESPONDING):
        found.append(f"VMM agent: {host.communication_state}")
    elif host.state not in (None, _HEALTHY) and not host.maintenance:
        found.append(f"state: {host.state}")
    return found


def capability(context: Context) -> Check | None:
    """Check that each requested cloud has the capability profile for Hyper-V, if VMM shows the profiles."""
    clouds = _requested(context)
    if clouds is None:
        return None
    lacking = [
        f"{cloud.name} (has {', '.join(cloud.capability_profiles) or 'none'})"
        for cloud in clouds
        if cloud.capability_profiles is not None
        and _PROFILE not in (profile.casefold() for profile in cloud.capability_profiles)
    ]
    if not lacking:
        return Check.passed("capability", "P9", "every cloud has the capability profile Hyper-V")
    return Check.warning(
        "capability",
        "P9",
        f"clouds without the capability profile Hyper-V: {', '.join(lacking)}",
        "add it, unless another profile of the cloud is for Hyper-V",
    )


def _clouds(context: Context) -> tuple[VmmCloud, ...] | None:
    return context.machine.vmm.clouds if context.machine.vmm else None


def _requested(context: Context) -> tuple[VmmCloud, ...] | None:
    """Return the requested clouds, or all clouds if no name was set."""
    clouds, names = _clouds(context), context.expected.clouds
    if clouds is None or not names or all_clouds(names):
        return clouds
    wanted = {name.casefold() for name in names}
    return tuple(cloud for cloud in clouds if cloud.name.casefold() in wanted)
