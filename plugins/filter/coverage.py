# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that finds the Hyper-V hosts of clouds that a run leaves out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

Record = Mapping[str, Any]

_HYPERV = "hyperv"


def uncovered_hosts(servers: Sequence[Record], machines: Sequence[Record], group: str = "hyperv_hosts") -> list[str]:
    """One line for each Hyper-V host of a chosen cloud that is not among `machines`, or that carries no agent.

    Both are variables of hosts as `hostvars` has them, with what the role preflight and hyperv_host recorded. A machine
    that nothing was recorded for counts as covered: nothing is known of its agent. Hosts of another virtualization
    platform are left aside. Raises AnsibleFilterError for another shape.
    """
    if any(isinstance(each, str) or not isinstance(each, Sequence) for each in (servers, machines)):
        raise AnsibleFilterError("give the variables of servers and of machines as lists")
    clouds: dict[str, list[str]] = {}
    for name, cloud in _wanted(servers):
        clouds.setdefault(name, [])
        if cloud not in clouds[name]:
            clouds[name].append(cloud)
    lines = []
    for host, names in clouds.items():
        found = [machine for machine in machines if _is(machine, host)]
        of = f"{host} ({'cloud' if len(names) == 1 else 'clouds'} {', '.join(names)})"
        if not found:
            lines.append(f"{of} is not in the group {group}: add it to the inventory and run again")
        elif all(_lacks_agent(machine) for machine in found):
            lines.append(f"{of} carries no Recovery Services agent: see what stopped its installation, then run again")
    return lines


def _wanted(servers: Sequence[Record]) -> Iterator[tuple[str, str]]:
    """Host and cloud, each host by one name however often VMM shows it."""
    known: dict[str, str] = {}
    for server in servers:
        vmm = (server.get("preflight_host") or {}).get("vmm") or {}
        chosen = {str(name).casefold() for name in server.get("preflight_expected_clouds") or []}
        for cloud in vmm.get("clouds") or []:
            if str(cloud["name"]).casefold() in chosen:
                for host in cloud.get("hosts") or []:
                    if str(host["platform"]).casefold() == _HYPERV:
                        yield known.setdefault(str(host["id"]), str(host["fqdn"])), str(cloud["name"])


def _is(machine: Record, host: str) -> bool:
    """By the name that the machine gave itself, else by the inventory's names; a short name stands for any domain."""
    seen = (machine.get("preflight_host") or {}).get("host") or {}
    given = [machine.get("inventory_hostname"), machine.get("ansible_host")]
    names = [seen["fqdn"]] if "." in str(seen.get("fqdn") or "") else [*given, seen.get("fqdn")]
    return any(_same(str(name), host) for name in names if name)


def _same(left: str, right: str) -> bool:
    left, right = left.casefold().rstrip("."), right.casefold().rstrip(".")
    if "." in left and "." in right:
        return left == right
    return left.partition(".")[0] == right.partition(".")[0]


def _lacks_agent(machine: Record) -> bool:
    if machine.get("hyperv_host_evidence"):
        return False
    seen = machine.get("preflight_host") or {}
    return "host" in seen and not seen.get("agent")


class FilterModule:
    """The filter of this file by its name."""

    def filters(self) -> dict[str, Callable[..., list[str]]]:
        return {"uncovered_hosts": uncovered_hosts}
