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
from .cloud import Association
from .protected_item import ProtectedItem
from .replication_policy import ReplicationPolicy
from .vmm_server import VmmServer

Document = Mapping[str, Any]
PLANS, ITEMS, MAPPINGS = "recovery_plans", "protected_items", "network_mappings"
ASSOCIATIONS, POLICIES, SERVERS = "policy_associations", "replication_policies", "servers"
PROGRAMS, VAULT = "programs", "vault"
#: The documented order.
ORDER = (PLANS, ITEMS, MAPPINGS, ASSOCIATIONS, POLICIES, SERVERS, PROGRAMS, VAULT)
#: The steps for which a module removes each object. The others end with these.
REMOVABLE = (PLANS, ITEMS, MAPPINGS, ASSOCIATIONS, POLICIES, SERVERS)
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
class Block:
    """Why an object cannot be removed. It ends with the removal of `objects`; without these, only a person ends it."""

    reason: str
    objects: tuple[str, ...] = ()
    #: Whether a purge needs no end of it.
    purgeable: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One object to remove, and what blocks its removal. `options` are those of the module that removes it."""

    name: str
    id: str
    server: str | None = None
    blocks: tuple[Block, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    #: An object of another scenario of Site Recovery, which no run of this collection removes.
    foreign: bool = False
    #: The name of its server's fabric, which is unique unlike that of the server.
    fabric: str = ""

    @property
    def key(self) -> str:
        """Return the id as it compares. The service changes the case of ids."""
        return self.id.casefold()

    @property
    def blocked_by(self) -> tuple[str, ...]:
        return tuple(block.reason for block in self.blocks)

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
        PLANS: [_plan(contents, each) for each in contents.of(PLANS)],
        ITEMS: [_item(contents, each) for each in contents.of(ITEMS)],
        MAPPINGS: [_mapping(contents, each) for each in contents.of(MAPPINGS)],
        ASSOCIATIONS: [_association(contents, each) for each in contents.of(ASSOCIATIONS)],
        POLICIES: [_policy(contents, each) for each in contents.of(POLICIES)],
        SERVERS: [_server(contents, each) for each in contents.servers],
        PROGRAMS: [_programs(each) for each in contents.servers],
        VAULT: [vault],
    }
    return tuple(Step(name, tuple(entries[name])) for name in ORDER)


def vault_entry(name: str, vault_id: str, contents: Contents, others: str) -> Entry:
    """Return the vault. `others` describes its contents besides Site Recovery."""
    blocks = [
        Block(f"{len(contents.of(kind))} {kind.replace('_', ' ')}", _ids(contents.of(kind)))
        for kind in ORDER
        if contents.of(kind)
    ]
    if contents.servers:
        names = ", ".join(server.name for server in contents.servers)
        blocks.append(Block(f"servers: {names}", tuple(server.fabric_id.casefold() for server in contents.servers)))
    return Entry(name, vault_id, None, (*blocks, *([Block(others)] if others else [])))


def shown_name(document: Document) -> str:
    return str((document.get("properties") or {}).get("friendlyName") or document.get("name") or "?")


def _ids(documents: Sequence[Document]) -> tuple[str, ...]:
    return tuple(str(each.get("id") or "").casefold() for each in documents)


def _owner(contents: Contents, document: Document) -> VmmServer | None:
    fabric = id_part(document, "replicationFabrics")
    return next((each for each in contents.servers if same_name(each.fabric_name, fabric)), None)


def _entry(contents: Contents, document: Document, *blocks: Block, **options: Any) -> Entry:
    server = _owner(contents, document)
    given = {**options, "vmm_server": server.name} if server else options
    return _of_server(server, shown_name(document), str(document.get("id") or ""), blocks, given)


def _of_server(
    server: VmmServer | None,
    name: str,
    id: str,
    blocks: tuple[Block, ...] = (),
    options: Mapping[str, Any] | None = None,
) -> Entry:
    known = (server.name, server.fabric_name.casefold()) if server else (None, "")
    return Entry(name, id, known[0], blocks, options or {}, fabric=known[1])


def _lost(server: VmmServer | None) -> tuple[Block, ...]:
    if server is None or server.connected:
        return ()
    return (Block(f"{server.name} is not connected, so it can only be purged", purgeable=True),)


def _plan(contents: Contents, document: Document) -> Entry:
    primary = {"id": (document.get("properties") or {}).get("primaryFabricId")}
    name = {"name": str(document.get("name") or "")}
    return _of_server(_owner(contents, primary), shown_name(document), str(document.get("id") or ""), (), name)


def _item(contents: Contents, document: Document) -> Entry:
    properties = document.get("properties") or {}
    server = _owner(contents, document)
    allowed = [str(each).casefold() for each in properties.get("allowedOperations") or ()]
    blocks = list(_lost(server))
    if _DISABLE.casefold() not in allowed:
        state = properties.get("protectionState") or "unknown"
        blocks.append(Block(f"its state {state} does not allow to disable the protection"))
    cloud = id_part(document, "replicationProtectionContainers")
    machine = {"name": shown_name(document), "id": ProtectedItem.from_wire(document).vm_id}
    return _entry(contents, document, *blocks, cloud=_cloud_name(server, cloud), machine=machine)


def _mapping(contents: Contents, document: Document) -> Entry:
    return _entry(contents, document, vm_network=id_part(document, "replicationNetworks"))


def _association(contents: Contents, document: Document) -> Entry:
    cloud = id_part(document, "replicationProtectionContainers")
    below = contents.below(ITEMS, id_part(document, "replicationFabrics"))
    inside = [each for each in below if same_name(id_part(each, "replicationProtectionContainers"), cloud)]
    blocks = list(_lost(_owner(contents, document)))
    if inside:
        names = ", ".join(shown_name(each) for each in inside)
        blocks.insert(0, Block(f"protected items of its cloud: {names}", _ids(inside)))
    policy = Association.from_wire(document).policy
    return _entry(contents, document, *blocks, policy=policy, cloud=cloud)


def _cloud_name(server: VmmServer | None, key: str) -> str:
    items = server.cloud_items if server else ()
    return next((each.name for each in items if same_name(each.id.rpartition("/")[2], key)), key)


def _policy(contents: Contents, document: Document) -> Entry:
    users = [
        each
        for each in contents.of(ASSOCIATIONS)
        if same_name(str((each.get("properties") or {}).get("policyId") or ""), str(document.get("id") or ""))
    ]
    blocks = [Block(f"associations: {', '.join(map(shown_name, users))}", _ids(users))] if users else []
    foreign = ReplicationPolicy.from_wire(document) is None
    if foreign:
        blocks.append(Block("it belongs to another scenario than Hyper-V to Azure"))
    known = {"name": str(document.get("name") or "")}
    return Entry(shown_name(document), str(document.get("id") or ""), None, tuple(blocks), known, foreign)


def _server(contents: Contents, server: VmmServer) -> Entry:
    kinds = {kind: contents.below(kind, server.fabric_name) for kind in _IN_USE}
    reasons = uses_of_server(contents, server.fabric_name)
    used = [_ids(found) for found in kinds.values() if found]
    blocks = [Block(reason, objects) for reason, objects in zip(reasons, used, strict=True)]
    options = {"name": server.name, "vmm_id": server.vmm_id}
    return _of_server(server, server.name, server.fabric_id, (*blocks, *_lost(server)), options)


def _programs(server: VmmServer) -> Entry:
    block = Block(f"{server.name} is registered", (server.fabric_id.casefold(),))
    return _of_server(server, f"Provider of {server.name}", "", (block,))
