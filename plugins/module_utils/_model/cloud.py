# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: VMM clouds and whether VMM sends their metadata to the vault."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import InvalidInput, Refused
from .plan import Change, Plan

ALL = "all"


@dataclass(frozen=True, slots=True)
class CloudHost:
    """A host that serves a cloud."""

    id: str
    fqdn: str
    platform: str


@dataclass(frozen=True, slots=True)
class Cloud:
    """A VMM cloud; `published` means that VMM sends its metadata to Site Recovery."""

    id: str
    name: str
    published: bool
    hosts: tuple[CloudHost, ...] = ()

    @classmethod
    def from_observation(cls, raw: Mapping[str, Any]) -> Cloud:
        hosts = (CloudHost(host["id"], host["fqdn"], host["platform"]) for host in raw.get("hosts") or [])
        return cls(raw["id"], raw["name"], bool(raw["published"]), tuple(hosts))

    def project(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "synchronized": self.published,
            "hosts": [host.fqdn for host in self.hosts],
        }


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
    return [by_name[name.casefold()] for name in names]


def plan_clouds(clouds: Sequence[Cloud], names: Sequence[str]) -> Plan:
    """Switch the metadata flag on for named clouds; it is never switched off. A change's path is the cloud's id."""
    return Plan(
        tuple(
            Change(cloud.id, False, True, f"send metadata of cloud {cloud.name} to the vault")
            for cloud in wanted_clouds(clouds, names)
            if not cloud.published
        )
    )
