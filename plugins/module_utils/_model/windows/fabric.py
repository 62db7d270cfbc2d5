# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the fabric of a VMM server: its clouds, host groups, clusters and hosts, and the document that carries them.

The same document is the result of a module, an export file and a cache entry. One table describes its records: the
check of a document and the published JSON schema derive from it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..common.errors import InvalidInput, Refused, RemoteFailure
from ..common.names import same_name

SCHEMA_VERSION = 1
#: As VMM writes the platform of a Hyper-V host.
HYPER_V = "HyperV"
RUNNING = "Running"
_FIX = "export the fabric again with the module vmm_fabric_info"


@dataclass(frozen=True, slots=True)
class Field:
    """A member of a record: its JSON type, and whether it may be null."""

    type: str
    nullable: bool = False

    def problem(self, value: Any) -> str | None:
        """Return the rule that a value breaks, or None."""
        if value is None:
            return None if self.nullable else f"must be {_WORDS[self.type]}, not null"
        if self.type == "texts":
            valid = isinstance(value, list) and all(isinstance(each, str) for each in value)
        else:
            valid = isinstance(value, _TYPES[self.type]) and not (self.type == "count" and isinstance(value, bool))
        return None if valid else f"must be {_WORDS[self.type]}"

    def to_schema(self) -> dict[str, Any]:
        """Return the field as JSON schema."""
        if self.type == "texts":
            return {"type": ["array", "null"] if self.nullable else "array", "items": {"type": "string"}}
        name = {"text": "string", "flag": "boolean", "count": "integer"}[self.type]
        return {"type": [name, "null"] if self.nullable else name}


_TYPES: Mapping[str, type] = {"text": str, "flag": bool, "count": int}
_WORDS: Mapping[str, str] = {
    "text": "a string",
    "flag": "true or false",
    "count": "a number",
    "texts": "a list of strings",
}
_TEXT, _TEXT_OR_NULL = Field("text"), Field("text", nullable=True)

SERVER: Mapping[str, Field] = {
    "fqdn": _TEXT,
    "node": _TEXT,
    "product_version": _TEXT,
    "vmm_id": _TEXT_OR_NULL,
    "ha_name": _TEXT_OR_NULL,
    "service": _TEXT_OR_NULL,
    "nodes": Field("texts", nullable=True),
    "owner_node": _TEXT_OR_NULL,
}
LISTS: Mapping[str, Mapping[str, Field]] = {
    "clouds": {
        "id": _TEXT,
        "name": _TEXT,
        "synchronized": Field("flag", nullable=True),
        "host_group_ids": Field("texts"),
    },
    "host_groups": {"id": _TEXT, "name": _TEXT, "path": _TEXT, "parent_id": _TEXT_OR_NULL},
    "clusters": {"id": _TEXT, "name": _TEXT},
    "hosts": {
        "id": _TEXT,
        "fqdn": _TEXT,
        "platform": _TEXT,
        "host_group_id": _TEXT,
        "cluster_id": _TEXT_OR_NULL,
        "state": _TEXT_OR_NULL,
        "communication_state": _TEXT_OR_NULL,
        "maintenance": Field("flag"),
        "agent_version": _TEXT_OR_NULL,
        "operating_system": _TEXT_OR_NULL,
    },
}


@dataclass(frozen=True, slots=True)
class FabricServer:
    """The VMM server that described the fabric. `nodes` and `owner_node` are known of a highly available one only."""

    fqdn: str
    node: str
    product_version: str
    vmm_id: str | None
    ha_name: str | None
    service: str | None
    nodes: tuple[str, ...] | None
    owner_node: str | None

    @classmethod
    def from_document(cls, raw: Mapping[str, Any]) -> FabricServer:
        """Read a checked record."""
        members = {name: raw[name] for name in SERVER}
        return cls(**{**members, "nodes": None if raw["nodes"] is None else tuple(raw["nodes"])})

    def to_result(self) -> dict[str, Any]:
        """Return the record, as the document has it."""
        return {
            **{name: getattr(self, name) for name in SERVER},
            "nodes": None if self.nodes is None else list(self.nodes),
        }

    @property
    def name(self) -> str:
        """The name of this VMM: of the cluster role, or of the machine."""
        return self.ha_name or self.fqdn

    @property
    def passive(self) -> bool:
        """Whether another node of a highly available VMM runs the service."""
        return self.owner_node is not None and not same_name(self.owner_node, self.node)

    def same_vmm(self, other: FabricServer) -> bool:
        """Tell whether both describe one VMM: nodes of a highly available one share the database and its id."""
        if self.vmm_id is not None and other.vmm_id is not None:
            return same_name(self.vmm_id, other.vmm_id)
        return same_name(self.name, other.name)


@dataclass(frozen=True, slots=True)
class FabricCloud:
    """A cloud; `synchronized` is None where VMM does not show whether it sends the cloud's metadata to the vault."""

    id: str
    name: str
    synchronized: bool | None
    host_group_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FabricHostGroup:
    """A host group; the path names every group from the root down, separated by backslashes."""

    id: str
    name: str
    path: str
    parent_id: str | None


@dataclass(frozen=True, slots=True)
class FabricHost:
    """A host as VMM knows it; states are VMM's own words, which no language changes."""

    id: str
    fqdn: str
    platform: str
    host_group_id: str
    cluster_id: str | None
    state: str | None
    communication_state: str | None
    maintenance: bool
    agent_version: str | None
    operating_system: str | None


@dataclass(frozen=True, slots=True)
class Fabric:
    """Everything that one VMM server manages."""

    server: FabricServer
    clouds: tuple[FabricCloud, ...]
    host_groups: Mapping[str, FabricHostGroup]
    clusters: Mapping[str, str]
    hosts: tuple[FabricHost, ...]

    @classmethod
    def from_document(cls, raw: Any, source: str) -> Fabric:
        """Read a document. Raises InvalidInput that names `source`."""
        problem = next(_problems(raw), None)
        if problem is not None:
            raise InvalidInput(source, problem, _FIX)
        return cls(
            FabricServer.from_document(raw["server"]),
            tuple(
                FabricCloud(each["id"], each["name"], each["synchronized"], tuple(each["host_group_ids"]))
                for each in raw["clouds"]
            ),
            {
                each["id"]: FabricHostGroup(each["id"], each["name"], each["path"], each["parent_id"])
                for each in raw["host_groups"]
            },
            {each["id"]: each["name"] for each in raw["clusters"]},
            tuple(FabricHost(**{name: each[name] for name in LISTS["hosts"]}) for each in raw["hosts"]),
        )

    @classmethod
    def from_json(cls, text: str, source: str) -> Fabric:
        """Read the text of an export file. Raises InvalidInput that names `source`."""
        try:
            raw = json.loads(text)
        except ValueError:
            raise InvalidInput(source, "must be a JSON document", _FIX) from None
        return cls.from_document(raw, source)

    def ancestors(self, group_id: str) -> Iterator[FabricHostGroup]:
        """Return a host group and every group above it, the root last. An unknown id has none."""
        visited: set[str] = set()
        group = self.host_groups.get(group_id)
        while group is not None and group.id not in visited:
            visited.add(group.id)
            yield group
            group = None if group.parent_id is None else self.host_groups.get(group.parent_id)


def _problems(raw: Any) -> Iterator[str]:
    """Return the broken rules of a document, one line each."""
    if not isinstance(raw, Mapping):
        yield "must be a JSON object"
        return
    version = raw.get("schema_version")
    if isinstance(version, bool) or version != SCHEMA_VERSION:
        yield f"schema_version must be {SCHEMA_VERSION}"
    yield from record_problems("server", raw.get("server"), SERVER)
    for name, fields in LISTS.items():
        records = raw.get(name)
        if not isinstance(records, list):
            yield f"{name} must be a list"
            continue
        for index, record in enumerate(records):
            yield from record_problems(f"{name}[{index}]", record, fields)


def record_problems(path: str, record: Any, fields: Mapping[str, Field]) -> Iterator[str]:
    """Return the broken rules of one record, one line each."""
    if not isinstance(record, Mapping):
        yield f"{path} must be an object"
        return
    for name, field in fields.items():
        problem = "is missing" if name not in record else field.problem(record[name])
        if problem is not None:
            yield f"{path}.{name} {problem}"


# ---- what the script observed ----


@dataclass(frozen=True, slots=True)
class FabricObservation:
    """The answer of one VMM server: the document is None on a passive node of a highly available VMM."""

    server: FabricServer
    document: Mapping[str, Any] | None

    @classmethod
    def from_observation(cls, text: str) -> FabricObservation:
        """Read the script's answer. Raises Refused on a machine that does not run VMM."""
        try:
            raw = json.loads(text)
        except ValueError:
            raise RemoteFailure("script list_vmm_fabric did not return a JSON document") from None
        described = raw["server"]
        if described["product_version"] is None:
            raise Refused(
                f"{described['fqdn']} is not a VMM server; run this on a machine that has System Center VMM installed"
            )
        server = FabricServer.from_document(described)
        if raw["hosts"] is None:
            _require_passive(server)
            return cls(server, None)
        return cls(server, _normalize({"schema_version": SCHEMA_VERSION, **raw}))


def _require_passive(server: FabricServer) -> None:
    """Raise Refused for a stopped service, unless another node of a highly available VMM runs it."""
    if server.passive:
        return
    state = server.service or "missing"
    raise Refused(f"the VMM service (SCVMMService) on {server.fqdn} is {state}; start it, then run again")


def _normalize(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with null for blank strings where null is allowed, each list in the order of its ids."""
    for name, fields in LISTS.items():
        optional = [member for member, field in fields.items() if field.nullable]
        document[name] = sorted(
            (_without_blanks(record, optional) for record in document[name]), key=lambda record: str(record["id"])
        )
    return document


def _without_blanks(record: Mapping[str, Any], optional: Sequence[str]) -> dict[str, Any]:
    blank = [name for name in optional if isinstance(record[name], str) and not record[name].strip()]
    return {**record, **dict.fromkeys(blank)}


def require_active_nodes(observations: Sequence[FabricObservation]) -> None:
    """Raise Refused for a passive node whose active node is not among the observations."""
    active = [each.server for each in observations if each.document is not None]
    for each in observations:
        if each.document is None and not any(each.server.same_vmm(server) for server in active):
            raise Refused(
                f"{each.server.fqdn} is a passive node of {each.server.name}, which {each.server.owner_node} runs;"
                f" add {each.server.owner_node} to the VMM servers, or name the role {each.server.name} instead"
            )


# ---- the published schema ----


def json_schema() -> dict[str, Any]:
    """Return the JSON schema of the document."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Fabric of a VMM server, version {SCHEMA_VERSION}",
        "type": "object",
        "required": ["schema_version", "server", *LISTS],
        "properties": {
            "schema_version": {"const": SCHEMA_VERSION},
            "server": record_schema(SERVER),
            **{name: {"type": "array", "items": record_schema(fields)} for name, fields in LISTS.items()},
        },
    }


def record_schema(fields: Mapping[str, Field]) -> dict[str, Any]:
    """Return the JSON schema of one record."""
    return {
        "type": "object",
        "required": list(fields),
        "properties": {name: field.to_schema() for name, field in fields.items()},
    }


def to_json(document: Mapping[str, Any]) -> str:
    """Return a document as the text of an export file: the same fabric is the same text."""
    return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
