# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Describes a fleet: one VMM server and any number of Hyper-V hosts. Equal seeds describe equal fleets."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any, Final

Description = dict[str, Any]

_SYSTEMS: Final = {
    "10.0.14393": "Microsoft Windows Server 2016 Datacenter",
    "10.0.17763": "Microsoft Windows Server 2019 Datacenter",
    "10.0.20348": "Microsoft Windows Server 2022 Datacenter",
}
_LANGUAGES: Final = ("de-DE", "ja-JP")
#: Faults of machines that cannot be set up as they are.
_FAULTS: Final[tuple[Description, ...]] = (
    {"administrator": False},
    {"language_mode": "ConstrainedLanguage"},
    {"agent": None, "volumes": [{"drive": "C", "size_gb": 127, "free_gb": 2}]},
)
_PROPERTIES: Final = ("translated", "missing", "older", "waiting", "slow", "broken")
_GROUPS: Final = 10


def described(document: Mapping[str, Any], hosts: int | None = None, seed: int | None = None) -> Description:
    """Return a document with its fleet added to the machines. `hosts` and `seed` replace those of the document.

    The part `fleet` has the number of `hosts` and of `machines` on each of them, the `seed`, and the percentages of the
    hosts with a property.
    """
    part: Mapping[str, Any] = document["fleet"]
    random = Random(part["seed"] if seed is None else seed)
    names = [f"hv{number:05}" for number in range(1, (part["hosts"] if hosts is None else hosts) + 1)]
    machines = [_host(name, str(document["domain"]), part, random) for name in names]
    server, *others = document["machines"]
    vmm = {**server["vmm"], "host_groups": _host_groups([machine["fqdn"] for machine in machines])}
    return {**document, "machines": [{**server, "vmm": vmm}, *others, *machines]}


def _host_groups(names: list[str]) -> list[Description]:
    """Return host groups with equal numbers of hosts."""
    return [{"name": f"Rack {number + 1}", "hosts": names[number::_GROUPS]} for number in range(_GROUPS)]


def _host(name: str, domain: str, part: Mapping[str, Any], random: Random) -> Description:
    version = random.choice(sorted(_SYSTEMS))
    host: Description = {
        "name": name,
        "fqdn": f"{name}.{domain}",
        "kind": "hyperv_host",
        "egress": "proxy",
        "os": {"version": version, "caption": _SYSTEMS[version]},
        "agent": {"version": part["version"]},
        "vms": [{"name": f"{name}-vm{each + 1}"} for each in range(int(part.get("machines", 0)))],
        "latency_seconds": round(random.expovariate(1 / part["latency_seconds"]), 3),
    }
    chosen = {each for each in _PROPERTIES if _falls(part, each, random)}
    if "translated" in chosen:
        host["os"]["language"] = random.choice(_LANGUAGES)
    if "older" in chosen:
        host["agent"] = {"version": part["older_version"]}
    if "missing" in chosen:
        host["agent"] = None
    if "waiting" in chosen:
        host["pending_restart"] = ["windows_update"]
    if "slow" in chosen:
        host["latency_seconds"] = part["slow_seconds"]
    fault = random.choice(_FAULTS)
    return {**host, **fault} if "broken" in chosen else host


def _falls(part: Mapping[str, Any], name: str, random: Random) -> bool:
    """Tell whether a host has a property. Each one takes a number, so that one percentage does not move the others."""
    return random.uniform(0, 100) < float(part["percent"].get(name, 0))
