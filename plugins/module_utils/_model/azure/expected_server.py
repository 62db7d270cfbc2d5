# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: VMM servers that a vault is expected to show, with their ids and clouds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..common.errors import InvalidInput
from ..common.names import is_guid, same_name
from .vmm_server import ALL, VmmServer


@dataclass(frozen=True, slots=True)
class ExpectedServers:
    """The requested names, and for each name the VMM id and the clouds that its server must have."""

    names: tuple[str, ...] = ()
    vmm_ids: Mapping[str, str] | None = None
    clouds: Mapping[str, tuple[str, ...]] | None = None

    @classmethod
    def from_options(cls, names: Sequence[str] | None, servers: Sequence[Mapping[str, Any]] | None) -> ExpectedServers:
        """Build the expectation from two options. Raises InvalidInput.

        Nodes of one cluster have the same name: entries with one name are merged.
        """
        if not servers:
            return cls(tuple(names or ()))
        if names:
            raise InvalidInput("servers", "cannot be combined with names", "use one of them")
        spelled: dict[str, str] = {}
        ids: dict[str, str] = {}
        clouds: dict[str, tuple[str, ...]] = {}
        for entry in servers:
            name = spelled.setdefault(entry["name"].casefold(), entry["name"])
            vmm_id, own = entry.get("vmm_id"), tuple(entry.get("vmm_clouds") or ())
            if vmm_id is not None:
                _require_id(name, vmm_id, ids.get(name))
                ids[name] = vmm_id
            known = {cloud.casefold() for cloud in clouds.get(name, ())}
            clouds[name] = (*clouds.get(name, ()), *(cloud for cloud in own if cloud.casefold() not in known))
            if ALL in clouds[name] and len(clouds[name]) > 1:
                raise InvalidInput(
                    "servers", f"vmm_clouds of {name} has 'all' and other names", "use either 'all' or names"
                )
        return cls(tuple(spelled.values()), ids, clouds)


def _require_id(name: str, vmm_id: str, known: str | None) -> None:
    if not is_guid(vmm_id):
        raise InvalidInput("servers", f"vmm_id of {name} must be a GUID, not '{vmm_id}'", "copy it from host_info")
    if known is not None and not same_name(known, vmm_id):
        raise InvalidInput(
            "servers",
            f"two servers with different VMM ids have the name {name}",
            "give each VMM server a name of its own",
        )


def lookup(
    name: str,
    vault_id: str,
    expected: ExpectedServers,
    others: Sequence[VmmServer],
    same_named_vaults: Sequence[str] | None,
) -> dict[str, Any]:
    """Return how a server was looked for, from which a Windows module decides whether it is really absent.

    `same_named_vaults` are vaults of the subscription with the same name, or None if they were not read.
    """
    return {
        "vault_id": vault_id,
        "vmm_id": (expected.vmm_ids or {}).get(name),
        "other_servers": [server.name for server in others],
        "same_named_vaults": None if same_named_vaults is None else list(same_named_vaults),
    }
