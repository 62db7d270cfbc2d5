# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares recorded traffic with the published API definitions (OpenAPI 2.0 of Azure/azure-rest-api-specs).

`validate(traffic)` returns one line for each difference: an unknown operation, an undescribed status or header, a body
of a request or an answer whose members, types, formats, enumerations or required members differ. `ACCEPTED` lists the
differences that are correct, each with its reason.

`validate_requests(traffic)` checks what a client sends, whatever the answer: method, address, api-version, the members
of the query, and the body, which must not contain unknown or read-only members.

The environment variable SITERECOVERY_CONTRACTS names the folder of definitions, which contains
`<namespace>/<api-version>/<file>.json` with the files of the specification repository.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab.arm.definitions import DefinedOperation, Definitions, Json, bare, definitions
from tests.lab.arm.schemas import Sent, check

VARIABLE = "SITERECOVERY_CONTRACTS"

Traffic = str | os.PathLike[str] | Iterable[Any]

_FAILED = 400


@dataclass(frozen=True, slots=True)
class Accepted:
    """A difference that is correct: the pattern of its line, and the reason."""

    line: re.Pattern[str]
    reason: str


def _accepted(line: str, reason: str) -> Accepted:
    return Accepted(re.compile(line), reason)


# Differences between the definitions at hand and the service, as recorded or as newer clients know it.
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
        r"/storageAccounts(/\{accountName\})? (request|\d+): .*networkAcls: unknown member ipv6Rules$",
        "recorded with 2023-05-01, whose definition lacks it; azure-mgmt-storage 25.3.0 has it",
    ),
    _accepted(
        r"^GET /subscriptions/[^/]+(/resourceGroups/[^/]+)?/providers/Microsoft\.Authorization/"
        r"(permissions|locks|denyAssignments): no definition has this operation$",
        "the definition of Microsoft.Authorization is not among these; test_authorization checks the form",
    ),
    _accepted(
        r"^GET /subscriptions/[^/]+(/locations)?: no definition has this operation$",
        "the definition of subscriptions is not among these",
    ),
    _accepted(
        r"^GET .*/providers/Microsoft\.Compute/virtualMachines/[^/]+: no definition has this operation$",
        "the definition of Microsoft.Compute is not among these; test_drills checks the members that are read",
    ),
)

# Addresses of long-running operations: headers name them, and no definition describes them.
_POLLING = (
    re.compile(r"/subscriptions/[^/]+/operationresults/[^/]+", re.IGNORECASE),
    re.compile(r"/subscriptions/[^/]+/providers/Microsoft\.Network/locations/[^/]+/operation(s|Results)/[^/]+", re.I),
    re.compile(r"/subscriptions/[^/]+/providers/Microsoft\.Storage/locations/[^/]+/asyncoperations/[^/]+", re.I),
    re.compile(r".*/vaults/[^/]+/replicationOperationStatus/[^/]+", re.IGNORECASE),
    re.compile(r".*/vaults/[^/]+/replication.*/operationresults/[^/]+", re.IGNORECASE),
)


def read(file: Path) -> list[Json]:
    """Read the exchanges of a traffic file: one JSON document per line."""
    found = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    if not found:
        raise ValueError(f"{file} holds no traffic")
    return found


def validate(traffic: Traffic, folder: Path | None = None) -> list[str]:
    """Return what the definitions do not allow, one line each, without duplicates and without `ACCEPTED`.

    `traffic`: the path of a traffic file (`context.traffic_file`), its documents, or the exchanges of a server's log.
    `folder`: the folder of the definitions; by default SITERECOVERY_CONTRACTS.
    A missing or empty file is an error, because then nothing was checked.
    """
    lines = differences(traffic, folder)
    return [line for line in lines if not any(accepted.line.search(line) for accepted in ACCEPTED)]


def differences(traffic: Traffic, folder: Path | None = None) -> list[str]:
    """Return the same, including the accepted differences."""
    known = definitions(folder or Path(os.environ[VARIABLE]))
    exchanges = read(Path(traffic)) if isinstance(traffic, (str, os.PathLike)) else traffic
    return list(dict.fromkeys(line for exchange in exchanges for line in _problems(known, _plain(exchange))))


def _parts(document: Json) -> Iterator[Json]:
    """Yield the resources inside of a resource."""
    for value in document.values():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict):
                if isinstance(each.get("id"), str):
                    yield each
                yield from _parts(each)


def validate_requests(traffic: Traffic, folder: Path | None = None) -> list[str]:
    """Return what a client must not send, one line each, without duplicates and without `ACCEPTED`.

    The answer does not matter. A client may send back a read-only member as the service wrote it, also as it was
    before another client's change: that is how a whole resource is replaced (Resource Manager's RPC contract: a PUT of
    what was read is not an error).
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
            # The parts of a resource, such as the subnets of a network, have addresses of their own.
            for part in _parts(exchange["response"]):
                answered.setdefault(part["id"].casefold(), []).append(part)
    return [line for line in lines if not any(accepted.line.search(line) for accepted in ACCEPTED)]


def _least_wrong(known: Definitions, exchange: Json, seen: Iterable[Json]) -> list[str]:
    """Return the problems compared with that earlier answer from which the request was most likely made."""
    return min((list(_wrong_request(known, exchange, before)) for before in (None, *seen)), key=len)


def _wrong_request(known: Definitions, exchange: Json, before: Any) -> Iterator[str]:
    method, path = exchange["method"], exchange["path"]
    if method == "HEAD" and not exchange["query"]:
        # Not a request to Resource Manager: a machine tests the connection to an address of its registration.
        return
    operation = known.find_cached(method, path)
    if operation is None:
        if not any(pattern.fullmatch(path) for pattern in (*_POLLING, *_UNDEFINED)):
            yield f"{method} {path}: no definition has this operation"
        return
    yield from _check_query(known, operation, exchange["query"])
    version = {name.casefold(): value for name, value in exchange["query"].items()}.get("api-version")
    newest = known.versions.get((method, bare(operation.template)))
    for parameter in operation.body.get("parameters", ()):
        resolved, file = known.resolve(parameter, operation.file)
        if resolved.get("in") == "body":
            sent = Sent(before, later=version == newest)
            if exchange["request"] is not None:
                for line in check(known, resolved["schema"], file, exchange["request"], "", sent):
                    yield f"{operation.name} request: {line}"
            elif resolved.get("required"):
                yield f"{operation.name} request: the body is missing"
            return
    if exchange["request"] not in (None, {}):
        yield f"{operation.name} request: a body where the definition has none"


# Addresses that no definition describes: a machine that tests its connection to Azure requests the root.
_UNDEFINED = (re.compile(r"/"),)
# Members of a query in pages and signed links, beyond the definitions.
_OF_LINKS = {"$skiptoken", "t", "c", "s", "h", "monitor"}


def _check_query(known: Definitions, operation: DefinedOperation, query: Mapping[str, str]) -> Iterator[str]:
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
        yield f"{operation.name} request: '{given.get('api-version')}' is not a released api-version"


def _shared(known: Definitions, operation: DefinedOperation) -> Iterable[Json]:
    """Return the parameters that all methods of a path share."""
    found = known.load(operation.file)["paths"][operation.template].get("parameters") or []
    return [dict(parameter) for parameter in found]


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


def _check_headers(operation: DefinedOperation, exchange: Json) -> Iterator[str]:
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
        yield f"{operation.name} {status}: Retry-After is not a positive whole number"


def _check_status(known: Definitions, operation: DefinedOperation, status: int) -> Iterator[str]:
    if status >= _FAILED:
        return
    if str(status) not in operation.body["responses"]:
        yield f"{operation.name} {status}: the definition has no such status"
    taken = known.surface.get((operation.method, bare(operation.template)))
    if taken is not None and status not in taken:
        yield f"{operation.name} {status}: the client does not accept this status"


def _check_request(known: Definitions, operation: DefinedOperation, body: Any) -> Iterator[str]:
    for parameter in operation.body.get("parameters", ()):
        resolved, file = known.resolve(parameter, operation.file)
        if resolved.get("in") != "body":
            continue
        if body is None:
            if resolved.get("required"):
                yield f"{operation.name} request: the body is missing"
            return
        for line in check(known, resolved["schema"], file, body, ""):
            yield f"{operation.name} request: {line}"


def _check_response(known: Definitions, operation: DefinedOperation, status: int, body: Any) -> Iterator[str]:
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
    for line in check(known, schema, file, body, ""):
        yield f"{operation.name} {status}: {line}"


def _is_arm_error(body: Any) -> bool:
    error = body.get("error") if isinstance(body, dict) else None
    return isinstance(error, dict) and {"code", "message"} <= set(error)


def main(files: list[str]) -> int:
    """Check traffic files: `python -m tests.lab.arm.oracle FILE ...`; the exit code is 1 when there are problems."""
    exchanges = [exchange for name in files for exchange in read(Path(name))]
    problems = validate(exchanges)
    print(*problems, f"{len(exchanges)} exchanges, {len(problems)} problems", sep="\n")
    return 1 if problems or not exchanges else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
