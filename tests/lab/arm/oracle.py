# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds recorded traffic against the published API definitions (OpenAPI 2.0 of Azure/azure-rest-api-specs).

`validate(traffic)` gives one line for each thing that the definitions do not allow: an operation that does not exist, a
status or header that is not described, a body, of request or answer, whose members, types, formats, enumerations or
required members differ. `ACCEPTED` names the differences that are right nevertheless, each with its reason.

`validate_requests(traffic)` is about what a client sends, whatever it was answered: method, address, api-version, the
query's members, and the body with what must not be sent: unknown and read-only members.

The folder of definitions is named by the environment variable SITERECOVERY_CONTRACTS; below it lie
`<namespace>/<api-version>/<file>.json` with the files of the specification repository.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

VARIABLE = "SITERECOVERY_CONTRACTS"

Json = dict[str, Any]
Traffic = str | os.PathLike[str] | Iterable[Any]

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_FAILED = 400
_HTTP_METHODS = ("get", "put", "patch", "post", "delete", "head")


@dataclass(frozen=True, slots=True)
class Accepted:
    """A difference that is right: what its line looks like, and why it is right."""

    line: re.Pattern[str]
    reason: str


def _accepted(line: str, reason: str) -> Accepted:
    return Accepted(re.compile(line), reason)


# Differences between the service, as it is recorded or as newer clients know it, and the definitions at hand.
ACCEPTED: tuple[Accepted, ...] = (
    _accepted(
        r"networkAcls\.bypass: '(AzureServices|Logging|Metrics)(, (AzureServices|Logging|Metrics))+' is not one of ",
        "the definition's own text: any combination of the values, for example 'Logging, Metrics'",
    ),
    _accepted(
        r"/certificates/\{certificateName\} request: unknown member certificateCreateOptions$",
        "the portal and Terraform send it; its absence from the definition is azure-rest-api-specs issue 22572",
    ),
    _accepted(
        r"/extendedInformation/vaultExtendedInfo 404: .*",
        "recorded (Azure PowerShell, A2ANewAsrFabric): the 404 of a new vault is not in the common error form",
    ),
    _accepted(
        r"/locations/[^/]+/deletedVaults(/[^/]+(/undelete|/operations/[^/]+)?)?: no definition has this operation$",
        "soft-deleted vaults came with later definitions than 2024-04-01; azure-mgmt-recoveryservices 4.3.0 has them",
    ),
    _accepted(
        r"/vaults(/\{vaultName\})? (request|\d+): .*immutabilitySettings: unknown member configuration$",
        "came with a later definition than 2024-04-01; azure-mgmt-recoveryservices 4.3.0 has it",
    ),
    _accepted(
        r"^GET /subscriptions/[^/]+(/resourceGroups/[^/]+)?/providers/Microsoft\.Authorization/"
        r"(permissions|locks|denyAssignments): no definition has this operation$",
        "the definition of Microsoft.Authorization is not among these; test_authorization looks at the form",
    ),
    _accepted(
        r"^GET /subscriptions/[^/]+(/locations)?: no definition has this operation$",
        "the definition of subscriptions is not among these",
    ),
)

# Addresses that long-running operations hand out: headers lead there, no definition describes them.
_POLLING = (
    re.compile(r"/subscriptions/[^/]+/operationresults/[^/]+", re.IGNORECASE),
    re.compile(r"/subscriptions/[^/]+/providers/Microsoft\.Network/locations/[^/]+/operation(s|Results)/[^/]+", re.I),
    re.compile(r"/subscriptions/[^/]+/providers/Microsoft\.Storage/locations/[^/]+/asyncoperations/[^/]+", re.I),
    re.compile(r".*/vaults/[^/]+/replicationOperationStatus/[^/]+", re.IGNORECASE),
    re.compile(r".*/vaults/[^/]+/replication.*/operationresults/[^/]+", re.IGNORECASE),
)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a definition file."""

    method: str
    template: str
    segments: tuple[str, ...]
    body: Json
    file: Path

    def fits(self, method: str, segments: tuple[str, ...]) -> bool:
        return (
            self.method == method
            and len(self.segments) == len(segments)
            and all(
                wanted.startswith("{") or wanted.casefold() == given.casefold()
                for wanted, given in zip(self.segments, segments, strict=True)
            )
        )

    def holes(self) -> int:
        return sum(segment.startswith("{") for segment in self.segments)

    @property
    def name(self) -> str:
        """The end of the template that tells operations apart."""
        return f"{self.method} {self.template.partition('/providers/')[2] or self.template}"


class Definitions:
    """Every definition file below a folder."""

    def __init__(self, folder: Path) -> None:
        self._files: dict[Path, Json] = {}
        self.operations = [
            operation
            for path in sorted(folder.glob("Microsoft.*/*/*.json"))
            for operation in _operations(path.resolve(), self.load(path.resolve()))
        ]
        surface = folder / "sdk-surface"
        self.surface = dict(_surface(surface))
        self.versions = dict(_versions(surface))
        self._later = dict(_later_values(surface))
        self._models = _later_models(surface)

    def load(self, path: Path) -> Json:
        if path not in self._files:
            self._files[path] = json.loads(path.read_text(encoding="utf-8"))
        return self._files[path]

    def allowed(self, schema: Json, file: Path) -> set[str] | None:
        """The values of an enumeration, in lower case; None where every value is allowed.

        One that is "modelled as string" may grow in later versions (autorest's x-ms-enum): there the values that the
        installed client knows are right, too.
        """
        values = schema.get("enum")
        if values is None:
            return None
        extension = schema.get("x-ms-enum") or {}
        later = (
            self._later.get((_namespace(file), str(extension.get("name")))) if extension.get("modelAsString") else None
        )
        return {str(value).casefold() for value in (*values, *(later or ()))}

    def later_member(self, model: str | None, file: Path, name: str) -> Json | None:
        """A member that the installed client's model has and the (older) definition does not: its type and marks."""
        return self._models.get((_namespace(file), str(model)), {}).get(name)

    @lru_cache(maxsize=4096)  # noqa: B019 - there are two of them at most
    def find_cached(self, method: str, path: str) -> Operation | None:
        return self.find(method, path)

    def find(self, method: str, path: str) -> Operation | None:
        segments = tuple(segment for segment in path.split("/") if segment)
        fitting = [operation for operation in self.operations if operation.fits(method, segments)]
        return min(fitting, key=Operation.holes, default=None)

    def resolve(self, schema: Json, file: Path) -> tuple[Json, Path]:
        """Follow references until a schema of its own stands there, with the file it stands in."""
        while "$ref" in schema:
            target, _, pointer = str(schema["$ref"]).partition("#")
            file = (file.parent / target).resolve() if target else file
            found: Any = self.load(file)
            for part in pointer.strip("/").split("/"):
                found = found[part.replace("~1", "/").replace("~0", "~")]
            schema = found
        return schema, file

    def actual(self, schema: Json, file: Path, value: Any) -> tuple[Json, Path]:
        """The schema that a discriminator chooses for a value."""
        schema, file = self.resolve(schema, file)
        name = schema.get("discriminator")
        if not name or not isinstance(value, dict) or not isinstance(value.get(name), str):
            return schema, file
        for key, candidate in self.load(file).get("definitions", {}).items():
            if candidate.get("x-ms-discriminator-value", key) == value[name] and self._refines(candidate, schema, file):
                return candidate, file
        return schema, file

    def _refines(self, candidate: Json, schema: Json, file: Path) -> bool:
        """Whether a schema builds on another one: unrelated ones may have the same discriminator value."""
        bases = [self.resolve(part, file)[0] for part in candidate.get("allOf", ())]
        return any(base is schema or self._refines(base, schema, file) for base in bases)

    def members(self, schema: Json, file: Path) -> tuple[dict[str, tuple[Json, Path]], set[str], Any]:
        """Members, required ones and the rule for others, with those of every part of `allOf`."""
        members = {name: (item, file) for name, item in schema.get("properties", {}).items()}
        required = set(schema.get("required", ()))
        rest = schema.get("additionalProperties")
        for part in schema.get("allOf", ()):
            base, base_file = self.resolve(part, file)
            more, needed, other = self.members(base, base_file)
            members = more | members
            required |= needed
            rest = other if rest is None else rest
        return members, required, rest


def _operations(path: Path, document: Json) -> Iterator[Operation]:
    for template, methods in document.get("paths", {}).items():
        segments = tuple(segment for segment in template.split("/") if segment)
        for method, body in methods.items():
            if method in _HTTP_METHODS:
                yield Operation(method.upper(), template, segments, body, path)


def _surface(folder: Path) -> Iterator[tuple[tuple[str, str], set[int]]]:
    """Which statuses the installed clients take, by method and template in lower case."""
    for path in sorted(folder.glob("*.json")):
        for operation in json.loads(path.read_text(encoding="utf-8"))["operations"]:
            key = (operation["http"], _bare(operation["url"]))
            yield key, set(operation["accepted_status"])


def _later_values(folder: Path) -> Iterator[tuple[tuple[str, str], list[str]]]:
    """The enumerations of the installed clients by namespace and name."""
    for path in sorted(folder.glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        urls = " ".join(operation["url"] for operation in document["operations"])
        for namespace in set(re.findall(r"/providers/(Microsoft\.\w+)/", urls)):
            for name, definition in document["definitions"].items():
                if "enum" in definition:
                    yield (namespace, name), definition["enum"]


def _versions(folder: Path) -> Iterator[tuple[tuple[str, str], str]]:
    """The api-version that the newest clients speak, by method and template in lower case."""
    for path in sorted(folder.glob("*.json")):
        for operation in json.loads(path.read_text(encoding="utf-8"))["operations"]:
            yield (operation["http"], _bare(operation["url"])), operation["api_version"]


def _later_models(folder: Path) -> dict[tuple[str, str], dict[str, Json]]:
    """The members of the installed clients' models by namespace and name."""
    found: dict[tuple[str, str], dict[str, Json]] = {}
    for path in sorted(folder.glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        urls = " ".join(operation["url"] for operation in document["operations"])
        for namespace in set(re.findall(r"/providers/(Microsoft\.\w+)/", urls)):
            for name, definition in document["definitions"].items():
                found.setdefault((namespace, name), {}).update(definition.get("fields") or {})
    return found


def _namespace(file: Path) -> str:
    return ".".join(file.parents[1].name.split(".")[:2])


def _bare(template: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", template).casefold()


@lru_cache(maxsize=2)
def definitions(folder: Path) -> Definitions:
    return Definitions(folder)


def read(file: Path) -> list[Json]:
    """The exchanges of a traffic file: one JSON document a line."""
    found = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    if not found:
        raise ValueError(f"{file} holds no traffic")
    return found


def validate(traffic: Traffic, folder: Path | None = None) -> list[str]:
    """What the definitions do not allow, one line each, without duplicates and without `ACCEPTED`.

    `traffic`: the path of a traffic file (`world.traffic_file`), its documents, or the exchanges of a server's log.
    `folder`: where the definitions lie; by default SITERECOVERY_CONTRACTS.
    A file that is missing or empty is an error: nothing would have been judged.
    """
    lines = differences(traffic, folder)
    return [line for line in lines if not any(accepted.line.search(line) for accepted in ACCEPTED)]


def differences(traffic: Traffic, folder: Path | None = None) -> list[str]:
    """The same with those that are accepted."""
    known = definitions(folder or Path(os.environ[VARIABLE]))
    exchanges = read(Path(traffic)) if isinstance(traffic, (str, os.PathLike)) else traffic
    return list(dict.fromkeys(line for exchange in exchanges for line in _problems(known, _plain(exchange))))


def validate_requests(traffic: Traffic, folder: Path | None = None) -> list[str]:
    """What a client must not send, one line each, without duplicates and without `ACCEPTED`.

    Judged whatever the answer was. A read-only member may go back as the service wrote it, last or before somebody
    else's change: that is how a whole resource is replaced (Resource Manager's RPC contract: a PUT of what was read is
    no error).
    """
    known = definitions(folder or Path(os.environ[VARIABLE]))
    exchanges = read(Path(traffic)) if isinstance(traffic, (str, os.PathLike)) else traffic
    answered: dict[str, list[Json]] = {}
    lines: dict[str, None] = {}
    for exchange in map(_plain, exchanges):
        seen = answered.setdefault(exchange["path"].casefold(), [])
        lines.update(dict.fromkeys(_least_wrong(known, exchange, seen)))
        if exchange["status"] < _FAILED and isinstance(exchange["response"], dict):
            seen.append(exchange["response"])
    return [line for line in lines if not any(accepted.line.search(line) for accepted in ACCEPTED)]


def _least_wrong(known: Definitions, exchange: Json, seen: Iterable[Json]) -> list[str]:
    """Against the answer that a request was made from, whichever it was."""
    return min((list(_wrong_request(known, exchange, before)) for before in (None, *seen)), key=len)


def _wrong_request(known: Definitions, exchange: Json, before: Any) -> Iterator[str]:
    method, path = exchange["method"], exchange["path"]
    if method == "HEAD" and not exchange["query"]:
        # No question to Resource Manager: a machine tries whether an address of its registration can be reached.
        return
    operation = known.find_cached(method, path)
    if operation is None:
        if not any(pattern.fullmatch(path) for pattern in (*_POLLING, *_UNDEFINED)):
            yield f"{method} {path}: no definition has this operation"
        return
    yield from _check_query(known, operation, exchange["query"])
    version = {name.casefold(): value for name, value in exchange["query"].items()}.get("api-version")
    newest = known.versions.get((method, _bare(operation.template)))
    for parameter in operation.body.get("parameters", ()):
        resolved, file = known.resolve(parameter, operation.file)
        if resolved.get("in") == "body":
            sent = _Sent(before, later=version == newest)
            if exchange["request"] is not None:
                for line in _check(known, resolved["schema"], file, exchange["request"], "", sent):
                    yield f"{operation.name} request: {line}"
            elif resolved.get("required"):
                yield f"{operation.name} request: the body is missing"
            return
    if exchange["request"] not in (None, {}):
        yield f"{operation.name} request: a body where the definition has none"


# Addresses that no definition describes: a machine that asks whether Azure can be reached at all looks at the root.
_UNDEFINED = (re.compile(r"/"),)
# What pages and signed links carry beyond the definitions.
_OF_LINKS = {"$skiptoken", "t", "c", "s", "h", "monitor"}


def _check_query(known: Definitions, operation: Operation, query: Mapping[str, str]) -> Iterator[str]:
    declared: dict[str, bool] = {}
    for parameter in (*_shared(known, operation), *operation.body.get("parameters", ())):
        resolved, _file = known.resolve(parameter, operation.file)
        if resolved.get("in") == "query":
            declared[str(resolved["name"]).casefold()] = bool(resolved.get("required"))
    given = {name.casefold(): value for name, value in query.items()}
    for name in sorted(given.keys() - declared.keys() - _OF_LINKS):
        yield f"{operation.name} request: unknown query member {name}"
    for name, required in declared.items():
        if required and not given.get(name):
            yield f"{operation.name} request: query member {name} is missing"
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", given.get("api-version", "")):
        yield f"{operation.name} request: '{given.get('api-version')}' is no released api-version"


def _shared(known: Definitions, operation: Operation) -> Iterable[Json]:
    """Parameters that stand beside a path's methods."""
    found = known.load(operation.file)["paths"][operation.template].get("parameters") or []
    return [dict(parameter) for parameter in found]


@dataclass(frozen=True, slots=True)
class _Sent:
    """What judges a request's body harder than an answer's: the resource as it was, and whether it may be newer."""

    before: Any
    later: bool

    def inside(self, name: str | int) -> _Sent:
        if isinstance(self.before, dict):
            return _Sent(self.before.get(name), self.later)
        if isinstance(self.before, list) and isinstance(name, int) and name < len(self.before):
            return _Sent(self.before[name], self.later)
        return _Sent(None, self.later)


def _plain(exchange: Any) -> Json:
    if isinstance(exchange, Mapping):
        return dict(exchange)
    names = ("method", "path", "query", "request", "status", "headers", "response")
    return {name: getattr(exchange, name) for name in names}


def _problems(known: Definitions, exchange: Json) -> Iterator[str]:
    method, path, status = exchange["method"], exchange["path"], exchange["status"]
    operation = known.find(method, path)
    if operation is None:
        if not any(pattern.fullmatch(path) for pattern in _POLLING) and status < _FAILED:
            yield f"{method} {path}: no definition has this operation"
        return
    yield from _check_headers(operation, exchange)
    yield from _check_status(known, operation, status)
    if status < _FAILED:
        yield from _check_request(known, operation, exchange["request"])
    yield from _check_response(known, operation, status, exchange["response"])


def _check_headers(operation: Operation, exchange: Json) -> Iterator[str]:
    status = exchange["status"]
    headers = {name.casefold(): value for name, value in exchange["headers"].items()}
    if operation.body.get("x-ms-long-running-operation") and status == 202:
        links = [headers[name] for name in ("location", "azure-asyncoperation") if name in headers]
        if not links:
            yield f"{operation.name} {status}: no link to the running operation"
        if any(not link.startswith("https://") for link in links):
            yield f"{operation.name} {status}: a link is not absolute"
    after = headers.get("retry-after")
    if after is not None and not re.fullmatch(r"[1-9]\d*", after):
        yield f"{operation.name} {status}: Retry-After is no positive whole number"


def _check_status(known: Definitions, operation: Operation, status: int) -> Iterator[str]:
    if status >= _FAILED:
        return
    if str(status) not in operation.body["responses"]:
        yield f"{operation.name} {status}: the definition has no such status"
    taken = known.surface.get((operation.method, _bare(operation.template)))
    if taken is not None and status not in taken:
        yield f"{operation.name} {status}: the client does not take this status"


def _check_request(known: Definitions, operation: Operation, body: Any) -> Iterator[str]:
    for parameter in operation.body.get("parameters", ()):
        resolved, file = known.resolve(parameter, operation.file)
        if resolved.get("in") != "body":
            continue
        if body is None:
            if resolved.get("required"):
                yield f"{operation.name} request: the body is missing"
            return
        for line in _check(known, resolved["schema"], file, body, ""):
            yield f"{operation.name} request: {line}"


def _check_response(known: Definitions, operation: Operation, status: int, body: Any) -> Iterator[str]:
    responses = operation.body["responses"]
    response = (
        responses.get(str(status)) or responses.get("default") if status >= _FAILED else responses.get(str(status))
    )
    if response is None:
        if status >= _FAILED and body is not None and not _is_arm_error(body):
            yield f"{operation.name} {status}: the body is not in the common error form"
        return
    resolved, file = known.resolve(response, operation.file)
    schema = resolved.get("schema")
    if schema is None:
        if body is not None and status < _FAILED:
            yield f"{operation.name} {status}: a body where the definition has none"
        return
    if body is None:
        if operation.method != "HEAD" and not (operation.body.get("x-ms-long-running-operation") and status == 202):
            yield f"{operation.name} {status}: the body is missing"
        return
    for line in _check(known, schema, file, body, ""):
        yield f"{operation.name} {status}: {line}"


def _is_arm_error(body: Any) -> bool:
    error = body.get("error") if isinstance(body, dict) else None
    return isinstance(error, dict) and {"code", "message"} <= set(error)


# Schemas --------------------------------------------------------------------------------------------------------------


def _check(
    known: Definitions, schema: Json, file: Path, value: Any, where: str, sent: _Sent | None = None
) -> Iterator[str]:
    model = str(schema.get("$ref", "")).rpartition("/")[2] or None
    schema, file = known.actual(schema, file, value)
    if value is None:
        # Services write null for members that have no value (recorded throughout); only required ones must have one.
        return
    members, required, rest = known.members(schema, file)
    kind = schema.get("type") or ("object" if members or "allOf" in schema else None)
    if kind == "object" or members:
        yield from _check_object(known, (members, required, rest), value, where, _Unknown(model, file), sent)
    elif kind == "array":
        if not isinstance(value, list):
            yield f"{_at(where)}not a list"
            return
        for number, item in enumerate(value):
            inner = sent.inside(number) if sent else None
            yield from _check(known, schema["items"], file, item, f"{where}[{number}]", inner)
    elif kind is not None:
        yield from _check_simple(known, schema, file, value, where)


def _at(where: str) -> str:
    return f"{where}: " if where else ""


def _check_object(
    known: Definitions,
    shape: tuple[dict[str, tuple[Json, Path]], set[str], Any],
    value: Any,
    where: str,
    unknown: _Unknown,
    sent: _Sent | None = None,
) -> Iterator[str]:
    members, required, rest = shape
    if not isinstance(value, dict):
        yield f"{_at(where)}not an object"
        return
    for name in sorted(required):
        if value.get(name) is None and not (members.get(name, ({}, None))[0]).get("readOnly"):
            yield f"{_at(where)}required member {name} is missing"
    for name, item in value.items():
        inner = f"{where}.{name}" if where else name
        within = sent.inside(name) if sent else None
        if within is not None and item is not None and within.before == item:
            # Written back as the service wrote it.
            continue
        if name in members:
            schema, file = members[name]
            if within is not None and schema.get("readOnly"):
                yield f"{inner}: a read-only member is sent"
            yield from _check(known, schema, file, item, inner, within)
        elif isinstance(rest, dict):
            if rest.get("type") == "string" and not isinstance(item, str):
                yield f"{inner}: not a string"
        elif members and not rest:
            yield from unknown.judge(known, name, item, where, sent)


@dataclass(frozen=True, slots=True)
class _Unknown:
    """Members that a schema does not have: of which model it is, and in which file it stands."""

    model: str | None
    file: Path

    def judge(self, known: Definitions, name: str, item: Any, where: str, sent: _Sent | None) -> Iterator[str]:
        later = known.later_member(self.model, self.file, name) if sent else None
        if later is None:
            yield f"{_at(where)}unknown member {name}"
        elif sent is not None and not sent.later:
            yield f"{_at(where)}member {name} is newer than the api-version of the request"
        elif later.get("readonly"):
            yield f"{_at(where)}{name}: a read-only member is sent"
        elif not _fits(str(later.get("type", "")), item):
            yield f"{_at(where)}{name}: not a {later.get('type')}"


def _fits(kind: str, value: Any) -> bool:
    """Whether a value is of a type as the installed client's models write it; their own classes are objects."""
    inner = re.sub(r"^(Optional|Union)\[(str, )?(.*?)(, NoneType)?\]$", r"\2\3", kind).strip("'\"")
    for prefix, types in (("str", str), ("int", int), ("float", (int, float)), ("bool", bool), ("list", list)):
        if inner.startswith(prefix):
            return isinstance(value, types) and (prefix == "bool" or not isinstance(value, bool))
    return isinstance(value, dict) or not inner


_KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


def _check_simple(known: Definitions, schema: Json, file: Path, value: Any, where: str) -> Iterator[str]:
    kind = str(schema["type"])
    wrong = not isinstance(value, _KINDS.get(kind, (object,))) or (kind != "boolean" and isinstance(value, bool))
    if wrong:
        yield f"{_at(where)}not a {kind}"
        return
    allowed = known.allowed(schema, file)
    if allowed is not None and str(value).casefold() not in allowed:
        yield f"{_at(where)}'{value}' is not one of {', '.join(map(str, schema['enum']))}"
    if kind != "string":
        return
    if schema.get("format") == "date-time" and not _DATE_TIME.fullmatch(value):
        yield f"{_at(where)}not a date-time"
    if schema.get("format") == "byte" and not _is_base64(value):
        yield f"{_at(where)}not base64"
    pattern = schema.get("pattern")
    if pattern and not re.search(pattern, value):
        yield f"{_at(where)}does not match {pattern}"
    if len(value) > schema.get("maxLength", len(value)) or len(value) < schema.get("minLength", 0):
        yield f"{_at(where)}too short or too long"


def _is_base64(value: str) -> bool:
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def main(files: list[str]) -> int:
    """Judge traffic files: `python -m tests.lab.arm.oracle FILE ...`; the exit code is 1 when something is wrong."""
    exchanges = [exchange for name in files for exchange in read(Path(name))]
    problems = validate(exchanges)
    print(*problems, f"{len(exchanges)} exchanges, {len(problems)} problems", sep="\n")
    return 1 if problems or not exchanges else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
