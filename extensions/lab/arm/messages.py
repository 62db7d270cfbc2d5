# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One request to Resource Manager, its answer or its error, and the readers of a request's body."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One request after parsing: path parameters as they were written, query and header names in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    base_url: str
    names: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        return self.names[name]

    @property
    def api_version(self) -> str:
        return self.query.get("api-version", "")

    def link(self, path: str, **query: str) -> str:
        """Return an absolute address at this server with the api-version of the request."""
        extra = "".join(f"&{name}={quote(value, safe='')}" for name, value in query.items())
        return f"{self.base_url}{path}?api-version={self.api_version}{extra}"


@dataclass(slots=True)
class Answer:
    """The answer to a request: status, body (None: empty) and headers beyond those that every answer has.

    `outdated`: it comes from a replica that does not know the last write yet.
    """

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    outdated: bool = False


class ArmError(Exception):
    """A refusal in the error form that every resource provider shares."""

    def __init__(
        self, status: int, code: str, message: str, *, details: list[Json] | None = None, gateway: bool = False
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.gateway = gateway
        self.headers: dict[str, str] = {}
        self.outdated = False

    def answer(self) -> Answer:
        error: Json = {"code": self.code, "message": self.message}
        if self.details is not None:
            error["details"] = self.details
        # recorded: this header marks the answers of Resource Manager itself (virtual network and vault 404s).
        headers = {"x-ms-failure-cause": "gateway"} if self.gateway else {}
        return Answer(self.status, {"error": error}, headers | self.headers, self.outdated)


def not_simulated(what: str) -> ArmError:
    """Return the refusal of something that Azure has and the lab lacks; no other answer of the lab has this code."""
    return ArmError(501, "NotSimulatedByLab", f"The lab does not simulate {what}. A real subscription may answer it.")


def document(call: Call) -> Json:
    """Return the body as an object; raise the error that Resource Manager sends for anything else."""
    if not isinstance(call.body, dict):
        # documented: error code of common deployment errors; the text after the code is the JSON library's.
        raise ArmError(
            400,
            "InvalidRequestContent",
            "The request content was invalid and could not be deserialized: 'A JSON object was expected.'.",
            gateway=True,
        )
    return call.body


def member(holder: Json, name: str, kind: type[Any]) -> Any:
    """Return an optional member of a body: absent and null are the same, another type is an error."""
    value = holder.get(name)
    if value is not None and not isinstance(value, kind):
        raise ArmError(
            400,
            "InvalidRequestContent",
            "The request content was invalid and could not be deserialized: "
            f"'Error converting the value of '{name}'.'.",
            gateway=True,
        )
    return value


def canonical_value(value: Any, allowed: Iterable[str]) -> Any:
    """Return the spelling of an enumeration's value that the service shows; any other value as it is.

    Services ignore the case of an enumeration (recorded: the Azure CLI sends `AlwaysOn` and `systemassigned`).
    """
    if not isinstance(value, str):
        return value
    return next((known for known in allowed if known.casefold() == value.casefold()), value)


def objects(holder: Json, name: str) -> list[Json]:
    """Return an optional list of objects."""
    items = member(holder, name, list) or []
    for item in items:
        member({name: item}, name, dict)
        if item is None:
            raise ArmError(400, "InvalidRequestContent", f"The list '{name}' holds an empty entry.", gateway=True)
    return list(items)


def string_map(holder: Json, name: str) -> dict[str, str]:
    """Return tags: an object of strings."""
    tags = member(holder, name, dict) or {}
    for key, value in tags.items():
        if not isinstance(value, str):
            raise ArmError(
                400,
                "InvalidRequestContent",
                f"The request content was invalid and could not be deserialized: 'Error converting the value of "
                f"'{name}.{key}' to a string.'.",
                gateway=True,
            )
    return dict(tags)
