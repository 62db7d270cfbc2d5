# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the settings of single machines and of single hosts, which take precedence over those of a group.

The entry of a machine takes precedence over the entry of its host, and this one over the group.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from .errors import InvalidInput
from .names import same_name
from .vm_group import Machine

Entry = Mapping[str, Any]
MACHINES: Final = "protection_settings"
HOSTS: Final = "protection_host_settings"
#: The keys that say to whom an entry applies. All others are settings.
_KEYS: Final = ("name", "id", "host")


@dataclass(frozen=True, slots=True)
class OwnSettings:
    """The entries of both variables of one VMM server."""

    machines: tuple[Entry, ...] = ()
    hosts: tuple[Entry, ...] = ()

    @classmethod
    def from_options(cls, machines: Sequence[Entry] | None, hosts: Sequence[Entry] | None) -> OwnSettings:
        """Return the entries. Raises InvalidInput for two entries of one machine or host."""
        made = cls(tuple(machines or ()), tuple(hosts or ()))
        for problem in made.duplicates():
            raise problem
        return made

    def duplicates(self) -> Iterator[InvalidInput]:
        """Yield an error for each entry whose machine or host has an entry already."""
        for number, entry in enumerate(self.machines):
            if any(_same_machine(entry, other) for other in self.machines[:number]):
                fix = "merge both entries, or give both the id if the machines only share the name"
                yield InvalidInput(f"{MACHINES}[{number}].name", f"'{entry['name']}' is a duplicate", fix)
        for number, entry in enumerate(self.hosts):
            if any(_same_host(entry["host"], other["host"]) for other in self.hosts[:number]):
                yield InvalidInput(f"{HOSTS}[{number}].host", f"'{entry['host']}' is a duplicate", "merge both entries")

    def of_machine(self, machine: Machine) -> list[Entry]:
        """Return the entries that name a machine."""
        return [entry for entry in self.machines if names_machine(entry, machine)]

    def of_host(self, machine: Machine) -> list[Entry]:
        """Return the entries that name the host of a machine. An unknown host has none."""
        host = machine.get("host")
        return [entry for entry in self.hosts if host is not None and _same_host(entry["host"], str(host))]


def names_machine(entry: Entry, machine: Machine) -> bool:
    """Tell whether an entry names a machine, by its id if the entry has one."""
    if entry.get("id"):
        return same_name(str(machine["id"]), entry["id"])
    return same_name(str(machine["name"]), entry["name"])


def settings_in(entry: Entry) -> dict[str, Any]:
    """Return the settings of an entry that the user wrote."""
    return {name: value for name, value in entry.items() if name not in _KEYS and value is not None}


def _same_machine(one: Entry, other: Entry) -> bool:
    if one.get("id") and other.get("id"):
        return same_name(one["id"], other["id"])
    return same_name(one["name"], other["name"])


def _same_host(one: str, other: str) -> bool:
    """Compare two names of hosts. A name without a domain is the first part of a full name."""
    if "." in one and "." in other:
        return same_name(one, other)
    return same_name(one.partition(".")[0], other.partition(".")[0])
