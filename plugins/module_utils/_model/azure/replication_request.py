# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: rules over all mappings and policies of one request. Entries that contradict change in each run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from ..common.errors import InvalidInput

Entry: TypeAlias = Mapping[str, Any]
#: An entry of a request, as the place in a list, the name and the server. None: the server is not named.
_Named: TypeAlias = tuple[str, str, str | None]


def contradictions(mappings: Sequence[Entry], policies: Sequence[Entry], prefix: str = "") -> Iterator[InvalidInput]:
    """Yield a problem for each VM network, policy and cloud that has two entries.

    A name without a server can be the one of any server, so it is the same as one with a server.
    """
    networks = [
        (f"{prefix}network_mappings[{number}].vm_network", str(entry["vm_network"]), entry.get("vmm_server"))
        for number, entry in enumerate(mappings)
        if entry.get("vm_network")
    ]
    yield from _repeated(networks, "VM network", "keep one of its mappings")
    names = [
        (f"{prefix}policies[{number}].name", str(entry["name"]), None)
        for number, entry in enumerate(policies)
        if entry.get("name")
    ]
    yield from _repeated(names, "policy", "keep one of its entries")
    yield from _repeated(
        list(_clouds(policies, prefix)), "cloud", "a cloud has one policy, so keep it in one of the lists"
    )


def _clouds(policies: Iterable[Entry], prefix: str) -> Iterator[_Named]:
    """Yield the clouds of policies that stay. A cloud can leave one policy and join another in the same run."""
    for number, entry in enumerate(policies):
        # A list that names a cloud twice is refused on its own.
        for name in {} if entry.get("state") == "absent" else dict.fromkeys(entry.get("clouds") or ()):
            yield f"{prefix}policies[{number}].clouds", str(name), entry.get("vmm_server")


def _repeated(entries: Sequence[_Named], noun: str, fix: str) -> Iterator[InvalidInput]:
    for number, (place, name, server) in enumerate(entries):
        for earlier, other, of in entries[:number]:
            if _same(name, other) and (server is None or of is None or _same(server, of)) and place != earlier:
                yield InvalidInput(place, f"{noun} '{name}' is already in {earlier}", fix)
                break


def _same(left: str, right: str) -> bool:
    return left.casefold() == right.casefold()
