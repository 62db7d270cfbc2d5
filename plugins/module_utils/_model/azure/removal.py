# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the objects to remove from a vault, in their order, and the reasons that block a removal.

The order and the blocks are those of "Remove servers and disable protection" in the documentation of Site Recovery.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..common.names import same_name
from .vmm_server import VmmServer

Document = Mapping[str, Any]
PLANS, ITEMS, MAPPINGS = "recovery_plans", "protected_items", "network_mappings"
ASSOCIATIONS, POLICIES, SERVERS = "policy_associations", "replication_policies", "servers"
PROGRAMS, VAULT = "programs", "vault"
#: The documented order.
ORDER = (PLANS, ITEMS, MAPPINGS, ASSOCIATIONS, POLICIES, SERVERS, PROGRAMS, VAULT)
_DISABLE = "DisableProtection"
_IN_USE = {ITEMS: "protected item", MAPPINGS: "network mapping", ASSOCIATIONS: "association"}


@dataclass(frozen=True, slots=True)
class Contents:
    """The documents of a vault, or of one server of it, by kind. Kinds that were not read are missing."""

    documents: Mapping[str, Sequence[Document]] = field(default_factory=dict)
    servers: tuple[VmmServer, ...] = ()

    def of(self, kind: str) -> Sequence[Document]:
        return self.documents.get(kind, ())

    def below(self, kind: str, fabric_name: str) -> list[Document]:
        """Return the objects of a kind that belong to a server."""
        return [each for each in self.of(kind) if same_name(id_part(each, "replicationFabrics"), fabric_name)]


@dataclass(frozen=True, slots=True)
class Entry:
    """One object to remove, and what blocks its removal."""

    name: str
    id: str
    server: str | None = None
    blocked_by: tuple[str, ...] = ()

    def to_result(self) -> dict[str, Any]:
        return {"name": self.name, "id": self.id, "server": self.server, "blocked_by": list(self.blocked_by)}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the removal, with its objects."""

    name: str
    entries: tuple[Entry, ...]

    def to_result(self) -> dict[str, Any]:
        return {"step": self.name, "objects": [entry.to_result() for entry in self.entries]}

    def describe(self) -> str:
        blocked = [f"{entry.name}: {', '.join(entry.blocked_by)}" for entry in self.entries if entry.blocked_by]
        names = ", ".join(entry.name for entry in self.entries)
        return f"{self.name}: {names or 'nothing'}{' (blocked: ' + '; '.join(blocked) + ')' if blocked else ''}"


def id_part(document: Document, kind: str) -> str:
    """Return the name after a kind in the id of an object. The service changes the case of ids."""
    parts = str(document.get("id") or "").split("/")
    folded = [part.casefold() for part in parts]
    place = folded.index(kind.casefold()) + 1 if kind.casefold() in folded else len(parts)
    return parts[place] if place < len(parts) else ""


def uses_of_server(contents: Contents, fabric_name: str) -> tuple[str, ...]:
    """Return what blocks the removal of a server, as `2 protected items (web01, db01)`."""
    found = []
    for kind, noun in _IN_USE.items():
        names = [shown_name(each) for each in contents.below(kind, fabric_name)]
        if names:
            found.append(f"{len(names)} {noun}{'s' if len(names) > 1 else ''} ({', '.join(names)})")
    return tuple(found)


def removal_steps(contents: Contents, vault: Entry) -> tuple[Step, ...]:
    """Return all steps in the documented order. A step without objects is done."""
    entries = {
        PLANS: _plain(contents, PLANS),
        ITEMS: [_item(contents, each) for each in contents.of(ITEMS)],
        MAPPINGS: _plain(contents, MAPPINGS),
        ASSOCIATIONS: [_association(contents, each) for each in contents.of(ASSOCIATIONS)],
        POLICIES: [_policy(contents, each) for each in contents.of(POLICIES)],
        SERVERS: [_server(contents, each) for each in contents.servers],
        PROGRAMS: [_programs(each) for each in contents.servers],
        VAULT: [vault],
    }
    return tuple(Step(name, tuple(entries[name])) for name in ORDER)


def vault_entry(name: str, vault_id: str, contents: Contents, others: str) -> Entry:
    """Return the vault. `others` describes its contents besides Site Recovery."""
    blocks = [f"{len(contents.of(kind))} {kind.replace('_', ' ')}" for kind in ORDER if contents.of(kind)]
    servers = [f"servers: {', '.join(server.name for server in contents.servers)}"] if contents.servers else []
    return Entry(name, vault_id, None, (*blocks, *servers, *([others] if others else [])))


def shown_name(document: Document) -> str:
    return str((document.get("properties") or {}).get("friendlyName") or document.get("name") or "?")


def _entry(contents: Contents, document: Document, *blocked_by: str) -> Entry:
    fabric = id_part(document, "replicationFabrics")
    server = next((each.name for each in contents.servers if same_name(each.fabric_name, fabric)), None)
    return Entry(shown_name(document), str(document.get("id") or ""), server, blocked_by)


def _plain(contents: Contents, kind: str) -> list[Entry]:
    return [_entry(contents, each) for each in contents.of(kind)]


def _item(contents: Contents, document: Document) -> Entry:
    properties = document.get("properties") or {}
    allowed = [str(each).casefold() for each in properties.get("allowedOperations") or ()]
    if _DISABLE.casefold() in allowed:
        return _entry(contents, document)
    state = properties.get("protectionState") or "unknown"
    return _entry(contents, document, f"its state {state} does not allow to disable the protection")


def _association(contents: Contents, document: Document) -> Entry:
    cloud = id_part(document, "replicationProtectionContainers")
    inside = contents.below(ITEMS, id_part(document, "replicationFabrics"))
    names = [shown_name(each) for each in inside if same_name(id_part(each, "replicationProtectionContainers"), cloud)]
    return _entry(contents, document, *([f"protected items of its cloud: {', '.join(names)}"] if names else []))


def _policy(contents: Contents, document: Document) -> Entry:
    users = [
        shown_name(each)
        for each in contents.of(ASSOCIATIONS)
        if same_name(str((each.get("properties") or {}).get("policyId") or ""), str(document.get("id") or ""))
    ]
    return _entry(contents, document, *([f"associations: {', '.join(users)}"] if users else []))


def _server(contents: Contents, server: VmmServer) -> Entry:
    blocks = uses_of_server(contents, server.fabric_name)
    lost = () if server.connected else ("it is not connected, so it can only be purged",)
    return Entry(server.name, server.fabric_id, server.name, (*blocks, *lost))


def _programs(server: VmmServer) -> Entry:
    return Entry(f"Provider of {server.name}", "", server.name, (f"{server.name} is registered",))
