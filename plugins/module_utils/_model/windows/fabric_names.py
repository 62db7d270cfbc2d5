# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: names of hosts and groups in an inventory, made from names that VMM allows and Ansible does not."""

from __future__ import annotations

import hashlib
import ipaddress
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

#: A kind of group, such as `clouds`, and the name that VMM shows.
GroupKey = tuple[str, str]
#: The kinds of groups and the beginnings of their names.
PREFIXES: Mapping[str, str] = {
    "clouds": "vmm_cloud_",
    "host_groups": "vmm_host_group_",
    "clusters": "vmm_cluster_",
    "states": "vmm_state_",
    "agent_versions": "vmm_agent_",
}
MAINTENANCE, NOT_PROTECTED, NOT_COVERED = "vmm_maintenance", "vmm_not_protected", "vmm_not_covered"
_RESERVED = frozenset({"all", "ungrouped", MAINTENANCE, NOT_PROTECTED, NOT_COVERED})
_INVALID = re.compile(r"\W+")
_HOST_NAME = re.compile(r"[\w-]+(\.[\w-]+)*")


# ---- groups ----


def group_names(keys: Iterable[GroupKey], prefixes: Mapping[str, str]) -> dict[GroupKey, str]:
    """Return a group name for each key: lowercase letters, digits and underscores behind the prefix of its kind.

    Names that differ only in case share a group. Other names never do: where two would, each name that lost a
    character gets the beginning of its hash, so that a name without odd characters stays as it is.
    """
    named = {key: _safe(prefixes[key[0]], key[1]) for key in keys}
    everyone: dict[str, set[str]] = {}
    faithful: dict[str, set[str]] = {}
    for key, (name, whole) in named.items():
        everyone.setdefault(name, set()).add(_identity(key))
        if whole:
            faithful.setdefault(name, set()).add(_identity(key))

    def alone(key: GroupKey) -> bool:
        name = named[key][0]
        return len(everyone[name]) == 1 or faithful.get(name) == {_identity(key)}

    return {
        key: name if alone(key) and name not in _RESERVED else f"{name}_{_mark(key)}"
        for key, (name, _whole) in named.items()
    }


def _safe(prefix: str, text: str) -> tuple[str, bool]:
    """Return the name and whether it still says everything that the text says, apart from case."""
    folded = unicodedata.normalize("NFC", text).lower()
    body = _INVALID.sub("_", folded).strip("_")
    name = prefix + body
    whole = body == folded and body != ""
    if body == "":
        name = prefix + hashlib.sha256(folded.encode()).hexdigest()[:8]
    return (f"_{name}" if name[:1].isdigit() else name), whole


def _identity(key: GroupKey) -> str:
    return f"{key[0]}\0{unicodedata.normalize('NFC', key[1]).casefold()}"


def _mark(key: GroupKey) -> str:
    return hashlib.sha256(_identity(key).encode()).hexdigest()[:6]


# ---- hosts ----


def is_host_name(text: str) -> bool:
    """Tell whether a text can be the name of a host in an inventory."""
    return _HOST_NAME.fullmatch(text) is not None


def short_name(name: str) -> str:
    """Return the first label of a name."""
    return name.partition(".")[0]


@dataclass(frozen=True, slots=True)
class KnownHosts:
    """Hosts that other inventory sources have, with their addresses. They keep the names that they have there.

    A full name is compared in full. A short name stands for one machine of any domain.
    """

    addresses: Mapping[str, Sequence[str]]
    _full: dict[str, str] = field(default_factory=dict)
    _short: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, others in self.addresses.items():
            for each in (name, *others):
                if each and not _is_address(each):
                    folded = each.casefold().rstrip(".")
                    (self._full if "." in folded else self._short).setdefault(folded, name)

    def find(self, fqdn: str, *, unique: bool) -> str | None:
        """Return the name of a machine in the other sources. `unique`: no second machine has its short name."""
        folded = fqdn.casefold().rstrip(".")
        if "." not in folded:
            return self._short.get(folded)
        return self._full.get(folded) or (self._short.get(short_name(folded)) if unique else None)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def host_names(fqdns: Sequence[str], *, short: bool, known: KnownHosts) -> dict[str, str]:
    """Return the inventory name of each machine. Machines that share a short name get their full names."""
    counts = Counter(short_name(fqdn).casefold() for fqdn in fqdns)
    names = {}
    for fqdn in fqdns:
        unique = counts[short_name(fqdn).casefold()] == 1
        names[fqdn] = known.find(fqdn, unique=unique) or (short_name(fqdn) if short and unique else fqdn)
    return names
