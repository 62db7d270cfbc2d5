# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: Hyper-V hosts of chosen clouds that a run does not cover, and machines with two names in the inventory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .records import Record

_HYPERV = "hyperv"


@dataclass(frozen=True, slots=True)
class Uncovered:
    """A Hyper-V host of chosen clouds that the inventory lacks, or that has no agent."""

    host: str
    vmm_clouds: tuple[str, ...]
    reason: Literal["missing", "no_agent"]

    def to_result(self) -> dict[str, Any]:
        return {"host": self.host, "vmm_clouds": list(self.vmm_clouds), "reason": self.reason}

    def describe(self, group: str) -> str:
        """Return the finding and its fix as one line."""
        noun = "cloud" if len(self.vmm_clouds) == 1 else "clouds"
        subject = f"{self.host} ({noun} {', '.join(self.vmm_clouds)})"
        if self.reason == "missing":
            return f"{subject} is not in the group {group}; add it to the inventory and run again"
        return f"{subject} has no Recovery Services agent; see what stopped its installation, then run again"


@dataclass(frozen=True, slots=True)
class Duplicate:
    """One machine under several names of the inventory."""

    machine: str
    hosts: tuple[str, ...]

    def to_result(self) -> dict[str, Any]:
        return {"machine": self.machine, "hosts": list(self.hosts)}

    def describe(self) -> str:
        names = " and ".join(self.hosts)
        return f"{names} are the same machine, {self.machine}; remove all names but one from the inventory"


def find_uncovered(servers: Iterable[Record], machines: Sequence[Record]) -> list[Uncovered]:
    """Return each Hyper-V host of a chosen cloud that is not among the machines, or that has no agent.

    A machine that was not read counts as covered: its agent is unknown. Hosts of another virtualization platform are
    ignored.
    """
    clouds: dict[str, list[str]] = {}
    for name, cloud in _chosen_hosts(servers):
        names = clouds.setdefault(name, [])
        if cloud not in names:
            names.append(cloud)
    uncovered, candidates = [], _by_short_name(machines)
    for host, names in clouds.items():
        known = [machine for machine in candidates.get(_short(host), ()) if _is(machine, host)]
        if not known:
            uncovered.append(Uncovered(host, tuple(names), "missing"))
        elif all(_lacks_agent(machine) for machine in known):
            uncovered.append(Uncovered(host, tuple(names), "no_agent"))
    return uncovered


def find_duplicates(records: Iterable[Record]) -> list[Duplicate]:
    """Return each machine that reports the same full name under several names of the inventory."""
    names: dict[str, list[str]] = {}
    for record in records:
        # A short name does not identify a machine.
        if "." in record.fqdn:
            hosts = names.setdefault(_normalized(record.fqdn), [])
            if record.host not in hosts:
                hosts.append(record.host)
    return [Duplicate(machine, tuple(hosts)) for machine, hosts in names.items() if len(hosts) > 1]


def _chosen_hosts(servers: Iterable[Record]) -> Iterator[tuple[str, str]]:
    """Yield host and cloud. Each host has one name, even if VMM shows several."""
    known: dict[str, str] = {}
    for _server, cloud in chosen_clouds(servers):
        for host in cloud.get("hosts") or []:
            if str(host["platform"]).casefold() == _HYPERV:
                yield known.setdefault(str(host["id"]), str(host["fqdn"])), str(cloud["name"])


def chosen_clouds(servers: Iterable[Record]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield each chosen cloud as VMM shows it, after the name of its server in the inventory."""
    for server in servers:
        chosen = {name.casefold() for name in server.vmm_clouds}
        for cloud in (server.observation.get("vmm") or {}).get("clouds") or []:
            if str(cloud["name"]).casefold() in chosen:
                yield server.host, cloud


def _by_short_name(machines: Iterable[Record]) -> dict[str, list[Record]]:
    """Return the machines by each of their short names, because comparing all pairs of a large fleet takes long."""
    found: dict[str, list[Record]] = {}
    for machine in machines:
        for name in {_short(name) for name in (*machine.names, machine.fqdn) if name}:
            found.setdefault(name, []).append(machine)
    return found


def _is(machine: Record, host: str) -> bool:
    """Tell whether a machine is this host, by the full name that it reports, or else by its names in the inventory."""
    names = [machine.fqdn] if "." in machine.fqdn else [*machine.names, machine.fqdn]
    return any(_same(name, host) for name in names if name)


def _same(left: str, right: str) -> bool:
    """Tell whether two names are the same. A short name matches any domain."""
    left, right = _normalized(left), _normalized(right)
    if "." in left and "." in right:
        return left == right
    return _short(left) == _short(right)


def _short(name: str) -> str:
    return _normalized(name).partition(".")[0]


def _normalized(name: str) -> str:
    return name.casefold().rstrip(".")


def _lacks_agent(machine: Record) -> bool:
    if machine.evidence:
        return False
    return "host" in machine.observation and not machine.set_up
