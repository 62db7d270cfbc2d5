# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the hosts that a run includes, and the parts that it lacks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

LOCALHOST = "localhost"
AZURE, VMM_SERVERS, HYPERV_HOSTS = "azure", "vmm_servers", "hyperv_hosts"
PARTS = (AZURE, VMM_SERVERS, HYPERV_HOSTS)
_NOUNS = {VMM_SERVERS: "VMM servers", HYPERV_HOSTS: "Hyper-V hosts"}


@dataclass(frozen=True, slots=True)
class Group:
    """The hosts of one pattern: those of the inventory, and those within the limit."""

    pattern: str
    hosts: tuple[str, ...]
    included: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """The hosts of the inventory and those within the limit. `limit` is empty without --limit."""

    parts: tuple[str, ...]
    groups: Mapping[str, Group]
    localhost: bool
    limit: str = ""
    #: The patterns that the limit consists of.
    terms: tuple[str, ...] = ()
    #: Terms of the limit that match neither a host nor a group of the inventory.
    unmatched: tuple[str, ...] = ()

    @property
    def azure(self) -> bool:
        """Tell whether the run includes Azure."""
        return AZURE in self.parts and self.localhost

    def included(self, part: str) -> tuple[str, ...]:
        """Return the hosts of a part that are within the run."""
        return self.groups[part].included if part in self.parts else ()


def missing(scope: Scope, required: Collection[str]) -> str | None:
    """Describe in one line the first part that the run lacks. Return None if it lacks none.

    Azure is called from localhost, so a VMM server requires it.
    """
    if scope.unmatched:
        names = " and ".join(f"'{term}'" for term in scope.unmatched)
        return f"--limit {scope.limit} contains {names}, which matches no host and no group; correct or remove it"
    for part, group in scope.groups.items():
        if not group.hosts and (part in required or (part in scope.parts and part == VMM_SERVERS)):
            return (
                f"the inventory has no host in '{group.pattern}'; put the {_NOUNS[part]} into the group {part},"
                f" or name another group in site_{part}"
            )
        if part in required and not group.included:
            return _left_out(scope, part, group)
    if not scope.localhost and (AZURE in required or scope.included(VMM_SERVERS)):
        return (
            f"localhost is not within --limit {scope.limit}, but this playbook also runs there;"
            f" {_advice_for_localhost(scope.terms)}"
        )
    if not scope.localhost and not any(map(scope.included, scope.groups)):
        patterns = " and ".join(f"'{group.pattern}'" for part, group in scope.groups.items() if part in scope.parts)
        return f"--limit {scope.limit} leaves out localhost and every host of {patterns}; name at least one of them"
    return None


def _left_out(scope: Scope, part: str, group: Group) -> str:
    example = group.hosts[0] if part == HYPERV_HOSTS else f"localhost,{group.hosts[0]}"
    return (
        f"--limit {scope.limit} leaves out every host of '{group.pattern}'; name at least one of them,"
        f" for example --limit {example}"
    )


def _advice_for_localhost(terms: Sequence[str]) -> str:
    """Return how to include localhost. A limit that only excludes hosts starts from all hosts."""
    if any(term.startswith("&") for term in terms):
        return "an intersection with & excludes localhost, so name localhost and the hosts without &"
    kept = [term for term in terms if term != f"!{LOCALHOST}"]
    selects = [] if any(not term.startswith("!") for term in kept) else ["all"]
    return f"use --limit {','.join([LOCALHOST, *selects, *kept])}"
