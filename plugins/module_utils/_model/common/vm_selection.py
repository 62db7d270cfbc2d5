# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the machines that groups select, the checks of them, and the tasks that protect them.

Facts come from VMM and from Azure. An error while reading is never the absence of a machine: a server that was not read
is a failed check, and so is a group that selects nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from .check import Check
from .names import same_name
from .vm_group import Machine, VmGroup
from .vm_settings import HOSTS, MACHINES, Entry, OwnSettings, names_machine, settings_in

STEP: Final = "N3"
SELECTION: Final = "protection-selection"
_READ: Final = "protection-read"
#: Settings that one task has for all of its machines.
_OF_TASK: Final = ("policy", "log_account", "target_resource_group")
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Reading:
    """The answer of one VMM server of the inventory. `failure` is empty if it was read.

    `stopped` stands for a node on which VMM does not run, such as the passive node of a cluster.
    """

    host: str
    groups: tuple[VmGroup, ...]
    machines: tuple[Machine, ...] = ()
    failure: str = ""
    stopped: bool = False
    own: OwnSettings = field(default_factory=OwnSettings)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A machine that a group selects, with the settings of the user for it."""

    group: VmGroup
    machine: Machine
    settings: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.machine["name"])

    @property
    def protected(self) -> bool:
        return self.machine.get("protected") is True

    @property
    def blocking(self) -> list[Mapping[str, Any]]:
        """Return the failed rules that forbid the protection. A machine that is protected already has passed them."""
        return [] if self.protected else [check for check in self._failed if check["severity"] == "error"]

    @property
    def _failed(self) -> list[Mapping[str, Any]]:
        return [check for check in self.machine.get("checks") or () if check["status"] == "fail"]

    @property
    def noted(self) -> list[Mapping[str, Any]]:
        """Return the rules that warn, or that could not be evaluated."""
        if self.protected:
            return []
        return [check for check in self.machine.get("checks") or () if check not in self.blocking]


@dataclass(frozen=True, slots=True)
class Selection:
    """The result: the checks, the machines to protect, and the machines of each task."""

    checks: tuple[Check, ...]
    chosen: tuple[Chosen, ...]
    left_out: tuple[Chosen, ...] = ()
    servers: Mapping[str, str] = field(default_factory=dict)

    def tasks(self) -> list[dict[str, Any]]:
        """Return the options of protected_vm, one entry for each cloud. Groups with other settings have their own."""
        tasks: dict[tuple[Any, ...], dict[str, Any]] = {}
        for one in self.chosen:
            shared = {name: one.group.settings.get(name) for name in _OF_TASK}
            server = one.group.vmm_server or self.servers.get(_id(one.machine))
            key = (server, one.group.cloud.casefold(), *shared.values())
            task = tasks.setdefault(
                key,
                {"cloud": one.group.cloud, "vmm_server": server, **shared, "machines": [], "vmm_machines": []},
            )
            task["machines"].append(_entry(one))
            task["vmm_machines"].append(one.machine)
        return [{name: value for name, value in task.items() if value is not None} for task in tasks.values()]

    def to_result(self) -> dict[str, Any]:
        return {
            "checks": [check.to_result() for check in self.checks],
            "tasks": self.tasks(),
            "machines": [_shown(one) for one in self.chosen],
            "left_out": [_shown(one) for one in self.left_out],
        }


def select(
    readings: Sequence[Reading], azure: Sequence[Machine], *, skip_ineligible: bool, only: Sequence[str] = ()
) -> Selection:
    """Select the machines of all groups, or of those in `only`. `azure` are the machines that the vault shows."""
    unread = list(_unread(readings, azure))
    problems = [*_unknown_groups(readings, only), *unread, *_contradictions(readings)]
    servers = {_id(each): str(each["vmm_server"]) for each in azure if each.get("vmm_server")}
    chosen: list[Chosen] = []
    for group, machines in _machines_by_group(readings):
        found, wrong = _of_group(group, [each for each in machines if _is_in(each, group, servers)])
        chosen += found
        problems += wrong
    problems += _overlaps(chosen)
    problems += _wrong_settings(readings, chosen, complete=not unread)
    chosen = [_with_settings(readings, one) for one in chosen]
    chosen = [one for one in chosen if not only or any(same_name(one.group.name, name) for name in only)]
    ready = [one for one in chosen if not one.blocking]
    left_out = [one for one in chosen if one.blocking] if skip_ineligible else []
    checks = [
        *problems,
        *_groups(readings, chosen),
        *_blocked(chosen, skip=skip_ineligible),
        *_missing_in_azure(ready),
        *_notes(ready),
    ]
    return Selection(tuple(checks), tuple(ready if skip_ineligible else chosen), tuple(left_out), servers)


def _id(machine: Machine) -> str:
    return str(machine["id"]).lower()


def _machines_by_group(readings: Sequence[Reading]) -> Iterator[tuple[VmGroup, list[Machine]]]:
    """Yield each group with the machines of all servers that have it. Servers can share the variable."""
    found: dict[str, tuple[VmGroup, list[Machine]]] = {}
    for reading in readings:
        if not reading.failure and not reading.stopped:
            for group in reading.groups:
                _group, machines = found.setdefault(group.name.casefold(), (group, []))
                machines += [each for each in reading.machines if "vmm" in each["read_from"]]
    yield from found.values()


# One group -----------------------------------------------------------------------------------------------------------


def _of_group(group: VmGroup, machines: Sequence[Machine]) -> tuple[list[Chosen], list[Check]]:
    """Return the machines of a group, and what is wrong with it."""
    problems = []
    named: dict[str, Mapping[str, Any]] = {}
    for entry in group.machines:
        found = [each for each in machines if names_machine(entry, each)]
        if len(found) == 1:
            named[str(found[0]["id"])] = entry
        else:
            problems.append(_wrong_entry(group, entry, len(found)))
    chosen = []
    for machine in machines:
        entry = named.get(str(machine["id"]), {})
        if not entry and not any(condition.fulfilled(machine) for condition in group.include):
            continue
        excluded = any(condition.fulfilled(machine) for condition in group.exclude)
        if unknown := next((key for each in group.exclude if (key := each.unknown(machine))), None):
            problems.append(_undecided(group, machine, unknown))
        elif excluded and entry:
            problems.append(
                Check.failed(
                    SELECTION,
                    STEP,
                    f"group {group.name}: {machine['name']} is in machines and fulfills a condition of exclude",
                    "remove one of the two",
                )
            )
        elif not excluded:
            chosen.append(Chosen(group, machine, entry))
    if not chosen and not problems and not group.allow_empty:
        problems.append(
            Check.failed(
                SELECTION,
                STEP,
                f"group {group.name} selects none of the {len(machines)} machines of cloud {group.cloud}",
                "correct the conditions, or set allow_empty of the group to true",
            )
        )
    return chosen, problems


def _is_in(machine: Machine, group: VmGroup, servers: Mapping[str, str]) -> bool:
    """Tell whether a machine is in the cloud of a group. Several VMM servers can have a cloud of this name."""
    server = servers.get(_id(machine))
    if group.vmm_server and server and not same_name(group.vmm_server, server):
        return False
    return machine.get("cloud") is not None and same_name(str(machine["cloud"]), group.cloud)


def _wrong_entry(group: VmGroup, entry: Mapping[str, Any], found: int) -> Check:
    if found:
        message = f"group {group.name}: cloud {group.cloud} has several machines with the name {entry['name']}"
        return Check.failed(SELECTION, STEP, message, "add the id of the machine, as vm_info shows it")
    message = f"group {group.name}: cloud {group.cloud} has no machine {entry.get('id') or entry['name']}"
    return Check.failed(SELECTION, STEP, message, "correct the entry in machines, or remove it")


def _undecided(group: VmGroup, machine: Machine, key: str) -> Check:
    return Check.failed(
        SELECTION,
        STEP,
        f"group {group.name}: it is not known whether {key} excludes {machine['name']}, because VMM does not show it",
        "exclude the machine by its name, or name the machines to protect",
    )


# Settings of machines and hosts --------------------------------------------------------------------------------------


def _with_settings(readings: Sequence[Reading], one: Chosen) -> Chosen:
    """Return a machine with its own settings, which take precedence over those of its host."""
    own, host = _entries(readings, one)
    found: dict[str, Any] = {}
    for entry in (*host, *own, one.settings):
        found.update(settings_in(entry))
    return replace(one, settings=found)


def _entries(readings: Sequence[Reading], one: Chosen) -> tuple[list[Entry], list[Entry]]:
    """Return the entries of the machine and those of its host, on the servers that have the machine."""
    own: list[Entry] = []
    host: list[Entry] = []
    for reading in _with_machine(readings, one):
        own += [entry for entry in reading.own.of_machine(one.machine) if entry not in own]
        host += [entry for entry in reading.own.of_host(one.machine) if entry not in host]
    return own, host


def _with_machine(readings: Sequence[Reading], one: Chosen) -> list[Reading]:
    return [each for each in readings if (each.own.machines or each.own.hosts) and one.machine in each.machines]


def _wrong_settings(readings: Sequence[Reading], chosen: Sequence[Chosen], *, complete: bool) -> Iterator[Check]:
    """Yield the checks of entries for machines and hosts. `complete` is false if a server was not read."""
    used: list[tuple[Entry, set[str]]] = []
    for one in chosen:
        own, host = _entries(readings, one)
        if len(own) + bool(settings_in(one.settings)) > 1:
            message = f"{one.name} has several entries with settings in {MACHINES} and the machines of its group"
            yield Check.failed(SELECTION, STEP, message, "merge the entries")
        if len(host) > 1:
            message = f"host {one.machine['host']} has several entries in {HOSTS}"
            yield Check.failed(SELECTION, STEP, message, "merge the entries")
        hosts_have_settings = any(each.own.hosts for each in _with_machine(readings, one))
        if one.machine.get("host") is None and hosts_have_settings:
            message = (
                f"it is not known which entry of {HOSTS} applies to {one.name}, because VMM does not show its host"
            )
            yield Check.failed(SELECTION, STEP, message, "refresh the machine in VMM, or exclude it")
        for entry in (*own, *host):
            ids = next((ids for known, ids in used if known == entry), None)
            if ids is None:
                used.append((entry, ids := set()))
            ids.add(_id(one.machine))
    yield from _unused(readings, used, complete=complete)


def _unused(readings: Sequence[Reading], used: Sequence[tuple[Entry, set[str]]], *, complete: bool) -> Iterator[Check]:
    """Yield a check for each entry that names no selected machine, or several. An idle host is only a warning."""
    seen: list[Entry] = []
    for entry in (entry for reading in readings for entry in (*reading.own.machines, *reading.own.hosts)):
        if entry in seen:
            continue
        seen.append(entry)
        count = len(next((ids for known, ids in used if known == entry), ()))
        if "host" in entry:
            if not count and complete:
                message = f"{HOSTS}: no selected machine is on host {entry['host']}"
                yield Check.warning(SELECTION, STEP, message, "correct the name, unless its machines are elsewhere")
        elif count > 1:
            message = f"{MACHINES}: several selected machines have the name {entry['name']}"
            yield Check.failed(SELECTION, STEP, message, "add the id of the machine, as vm_info shows it")
        elif not count and complete:
            message = f"{MACHINES}: no group selects a machine {entry.get('id') or entry['name']}"
            yield Check.failed(SELECTION, STEP, message, "correct the entry, select the machine, or remove the entry")


# Checks of all groups ------------------------------------------------------------------------------------------------


def _unknown_groups(readings: Sequence[Reading], only: Sequence[str]) -> Iterator[Check]:
    names = list(dict.fromkeys(group.name for reading in readings for group in reading.groups))
    if not names:
        hosts = ", ".join(reading.host for reading in readings) or "no VMM server"
        fix = "set it for a VMM server or in the group vmm_servers"
        yield Check.failed(SELECTION, STEP, f"protection_groups is not set ({hosts})", fix)
        return
    for name in only:
        if not any(same_name(name, known) for known in names):
            fix = f"choose among {', '.join(names)}"
            yield Check.failed(SELECTION, STEP, f"there is no group {name} in protection_groups", fix)


def _unread(readings: Sequence[Reading], azure: Sequence[Machine]) -> Iterator[Check]:
    """Yield a failed check for each server that was not read, as far as VMM and Azure know the servers."""
    for reading in readings:
        if reading.failure:
            yield Check.failed(_READ, STEP, f"{reading.host}: {reading.failure}", "")
    stopped = [reading.host for reading in readings if reading.stopped]
    if stopped and len(stopped) == len([reading for reading in readings if reading.groups]):
        message = f"VMM runs on none of {', '.join(stopped)}"
        yield Check.failed(_READ, STEP, message, "include the node that runs VMM, or start VMM")
        return
    if not stopped:
        return
    read = {_id(each) for reading in readings for each in reading.machines if "vmm" in each["read_from"]}
    for server in dict.fromkeys(str(each.get("vmm_server")) for each in azure):
        ids = {_id(each) for each in azure if str(each.get("vmm_server")) == server}
        if not ids & read:
            message = f"Azure shows {len(ids)} machines of VMM server {server}, of which no server of this run has one"
            yield Check.failed(_READ, STEP, message, f"start VMM on the right node, or include {server} in the run")


def _contradictions(readings: Sequence[Reading]) -> Iterator[Check]:
    """Yield a failed check for each group that is not the same on all servers that have it."""
    first: dict[str, tuple[str, VmGroup]] = {}
    for reading in readings:
        for group in reading.groups:
            host, known = first.setdefault(group.name.casefold(), (reading.host, group))
            if known != group:
                message = f"group {group.name} is not the same on {host} and {reading.host}"
                yield Check.failed(SELECTION, STEP, message, "give the groups of each server names of their own")


def _overlaps(chosen: Sequence[Chosen]) -> Iterator[Check]:
    """Yield a failed check for each machine of several groups, because their settings could contradict each other."""
    groups: dict[str, list[Chosen]] = {}
    for one in chosen:
        groups.setdefault(_id(one.machine), []).append(one)
    for several in groups.values():
        if len(several) > 1:
            names = " and ".join(one.group.name for one in several)
            message = f"{several[0].name} is in the groups {names}"
            yield Check.failed(SELECTION, STEP, message, "exclude it from all of them but one")


def _groups(readings: Sequence[Reading], chosen: Sequence[Chosen]) -> Iterator[Check]:
    for group in dict.fromkeys(group.name for reading in readings for group in reading.groups):
        names = [one.name for one in chosen if one.group.name == group]
        if names:
            yield Check.passed(SELECTION, STEP, f"group {group}: {_count(names)}: {_listed(names)}")


def _blocked(chosen: Iterable[Chosen], *, skip: bool) -> Iterator[Check]:
    """Yield the checks of machines that cannot be protected. Each names its machine."""
    kind = Check.warning if skip else Check.failed
    for one in chosen:
        for check in one.blocking:
            message = f"{one.name}: {check['message']}"
            fix = check["fix"] if skip else f"{check['fix']}; or exclude the machine from group {one.group.name}"
            yield kind(check["id"], STEP, f"{message}; it is left out" if skip else message, fix.removeprefix("; "))


def _missing_in_azure(chosen: Iterable[Chosen]) -> Iterator[Check]:
    names = [one.name for one in chosen if "azure" not in one.machine["read_from"]]
    if names:
        yield Check.failed(
            _READ,
            STEP,
            f"Azure does not show {_count(names)} of VMM: {_listed(names)}",
            "wait until Azure shows them, or refresh the VMM server in the vault; then run again",
        )


def _notes(chosen: Iterable[Chosen]) -> Iterator[Check]:
    """Yield one check for each rule that warns or is unknown, because a line for each machine would hide the others.

    An unknown fact is for the record: only hosts know some of them.
    """
    found: dict[tuple[str, str], list[tuple[str, Mapping[str, Any]]]] = {}
    for one in chosen:
        for check in one.noted:
            if check["status"] != "pass":
                found.setdefault((check["id"], check["status"]), []).append((one.name, check))
    for (rule, status), entries in found.items():
        names = [name for name, _check in entries]
        first = entries[0][1]
        message = f"{_listed(names)}: {first['message']}"
        if status == "fail":
            yield Check(rule, STEP, first["severity"], "fail", message, first["fix"])
        else:
            yield Check.unknown(rule, STEP, message, first["fix"], severity="info")


def _count(names: Sequence[str]) -> str:
    return f"{len(names)} {'machine' if len(names) == 1 else 'machines'}"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names) if more <= 1 else f"{', '.join(names[:_SHOWN])} and {more} more"


# Tasks ---------------------------------------------------------------------------------------------------------------


def _entry(one: Chosen) -> dict[str, Any]:
    """Return the entry of a machine for protected_vm. Its own settings take precedence over those of the group."""
    shared = {name: value for name, value in one.group.settings.items() if name not in _OF_TASK}
    own = {name: value for name, value in one.settings.items() if value is not None}
    return {**shared, **own, "name": one.name, "id": str(one.machine["id"])}


def _shown(one: Chosen) -> dict[str, Any]:
    return {
        "group": one.group.name,
        "name": one.name,
        "id": str(one.machine["id"]),
        "cloud": one.group.cloud,
        "host": one.machine.get("host"),
        "protected": one.machine.get("protected"),
        "status": one.machine.get("status"),
    }
