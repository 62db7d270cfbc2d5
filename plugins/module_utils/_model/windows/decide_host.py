# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: decide assumptions about a Hyper-V host and its agent from readings."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from ..common.assumption import Decision, Readings, decided, members, undecided
from ..common.versions import numbers
from .decide_machine import agent_version
from .probe_readings import AGENT_CONFIG, EXCLUSIONS, POLICY_EXCLUSIONS, find_key, need_key

_NO_AGENT = "no agent runs on this machine"
_NO_HYPER_V = "Hyper-V does not run on this machine"
_PROXY = ("Enabled", "ProxyServer", "ProxyPort")
_LOGIN = ("ProxyUsername", "BypassUrls")
_LIMITS = ("Enabled", "WorkDay", "StartWorkHour", "EndWorkHour", "WorkHourBandwidth", "NonWorkHourBandwidth")
#: Update rollup 62, which brought private endpoints and their lists of addresses without a proxy.
_BYPASS_SINCE = (2, 0, 9250, 0)
_ID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_DISK = re.compile(rf"(?P<machine>Microsoft:{_ID})\\{_ID}\\(?P<controller>\d+)\\(?P<place>\d+)\\L")


# ---- the agent ----


def agent_shows_its_proxy(readings: Readings) -> Decision:
    """Look whether the agent's cmdlet answers, and for the members of the proxy."""
    failure = readings.failure("agent_setting")
    if failure is not None:
        return decided(False, failure=str(failure.get("type")))
    setting = readings.need("agent_setting", _NO_AGENT)
    shown = members(setting.get("proxy_members") or ())
    return decided(all(name in shown for name in _PROXY), members=shown)


def agent_shows_its_login(readings: Readings) -> Decision:
    """Look for the members that only builds with the newer parameter show."""
    setting = readings.need("agent_setting", _NO_AGENT)
    shown = members(setting.get("proxy_members") or ())
    parameter = bool(setting.get("bypass_parameter"))
    found = [name for name in _LOGIN if name in shown]
    return decided((len(found) == len(_LOGIN)) == parameter, parameter=parameter, shown=found)


def agent_bypass_since(readings: Readings) -> Decision:
    """Look for the parameter of newer builds, and at the build."""
    parameter = bool(readings.need("agent_setting", _NO_AGENT).get("bypass_parameter"))
    version = agent_version(readings)
    return decided(parameter == (numbers(version) >= _BYPASS_SINCE), parameter=parameter, version=version)


def agent_shows_its_limits(readings: Readings) -> Decision:
    """Look for the names under which the agent shows its throttling."""
    setting = readings.need("agent_setting", _NO_AGENT)
    name, shown = setting.get("throttle_name"), setting.get("throttle_members")
    if name is None:
        return decided(False, member="absent", members=members(setting.get("members") or ()))
    if shown is None:
        return undecided("the agent is not throttled, so the member is null", member=str(name))
    names = members(shown)
    missing = [each for each in _LIMITS if each not in names and f"{each}s" not in names]
    return decided(not missing, member=str(name), members=names, missing=missing)


def backup_name_is_not_ours(readings: Readings) -> Decision:
    """Look for the sign of Azure Backup on a host that replicates."""
    config = need_key(readings, AGENT_CONFIG, "the agent is not installed")
    replicating = int(readings.need("replication", _NO_HYPER_V).get("replicating") or 0)
    named = bool(config.text("ServiceResourceName"))
    facts: dict[str, Any] = {
        "named": named,
        "values": members(config.entries),
        "subkeys": members(config.subkeys),
        "replicating": replicating,
    }
    if not replicating:
        return undecided("no virtual machine replicates on this host", **facts)
    return decided(not named, **facts)


# ---- Hyper-V and the machine ----


def disk_ids(readings: Readings) -> Decision:
    """Look at the form of the ids of virtual disks."""
    found = readings.need("guests", _NO_HYPER_V)
    ids = [str(each) for each in found.get("disks") or ()]
    if not ids:
        return undecided("no virtual machine has a virtual disk")
    machines = {str(machine.get("id")).casefold() for machine in found.get("machines") or ()}
    fitting = [match for each in ids if (match := _DISK.fullmatch(each))]
    known = sum(1 for match in fitting if match["machine"].casefold() in machines)
    # Disks of checkpoints belong to no realized machine.
    return decided(len(fitting) == len(ids) and known > 0, disks=len(ids), of_the_form=len(fitting), of_a_machine=known)


def first_disk(readings: Readings) -> Decision:
    """Look whether each virtual machine has exactly one disk on the first place of a controller."""
    found = readings.need("guests", _NO_HYPER_V)
    kinds = {str(each.get("id")).casefold(): str(each.get("kind")).rpartition(":")[2] for each in found["machines"]}
    matches = [match for each in found.get("disks") or () if (match := _DISK.fullmatch(str(each)))]
    disks = [match for match in matches if match["machine"].casefold() in kinds]
    if not disks:
        return undecided("no virtual machine has a virtual disk")
    owners = {match["machine"].casefold() for match in disks}
    first = Counter(
        match["machine"].casefold() for match in disks if (int(match["controller"]), int(match["place"])) == (0, 0)
    )
    wrong = [machine for machine in owners if first[machine] != 1]
    generation_1 = sum(1 for machine in wrong if kinds[machine] == "1")
    return decided(not wrong, machines=len(owners), without_a_single_one=len(wrong), of_generation_1=generation_1)


def guest_members(readings: Readings) -> Decision:
    """Look for the members that show secure boot and shared disks."""
    found = readings.need("guests", _NO_HYPER_V)
    machines, disks = list(found.get("machines") or ()), list(found.get("disks") or ())
    if not machines:
        return undecided("the host has no virtual machine")
    secure = sum(1 for machine in machines if machine.get("secure_boot"))
    shared = int(found.get("disks_with_reservations") or 0)
    return decided(
        secure == len(machines) and shared == len(disks),
        machines=len(machines),
        with_secure_boot_member=secure,
        disks=len(disks),
        with_reservations_member=shared,
    )


def defender_exclusions(readings: Readings) -> Decision:
    """Compare the exclusions in the registry with those that Defender itself tells."""
    told = int(readings.need("defender", "Defender does not run on this machine").get("excluded") or 0)
    keys = [find_key(readings, path) for path in (EXCLUSIONS, POLICY_EXCLUSIONS)]
    counted = len({name.casefold() for key in keys if key is not None for name in key.entries if name})
    return decided(told == counted, told_by_defender=told, in_the_registry=counted)
