# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One request, one answer, one error, and the table that leads from the first to the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from .state import AzureState

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
        """An absolute address at this server with the api-version of the request."""
        extra = "".join(f"&{name}={quote(value, safe='')}" for name, value in query.items())
        return f"{self.base_url}{path}?api-version={self.api_version}{extra}"


@dataclass(slots=True)
class Answer:
    """What goes back: status, body (None: empty) and headers beyond those that every answer has."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


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

    def answer(self) -> Answer:
        error: Json = {"code": self.code, "message": self.message}
        if self.details is not None:
            error["details"] = self.details
        # recorded: answers that Resource Manager itself gives say so in this header (virtual network and vault 404s).
        headers = {"x-ms-failure-cause": "gateway"} if self.gateway else {}
        return Answer(self.status, {"error": error}, headers | self.headers)


Handler = Callable[["AzureState", Call], Answer]


@dataclass(frozen=True, slots=True)
class Family:
    """The operations of one API definition: which namespace serves them and in which published versions."""

    namespace: str
    versions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """One operation: method and path template, and whether a call of it changes the world."""

    family: Family
    method: str
    segments: tuple[str, ...]
    handler: Handler
    writes: bool
    counts: str

    def match(self, segments: tuple[str, ...]) -> dict[str, str] | None:
        """The path parameters when the path fits; literal segments compare without case (documented for ARM)."""
        found: dict[str, str] = {}
        for wanted, given in zip(self.segments, segments, strict=True):
            if wanted.startswith("{"):
                found[wanted[1:-1]] = given
            elif wanted.casefold() != given.casefold():
                return None
        return found


class Routes:
    """The operations of one family, filled by decorators: `@ROUTES.get("/subscriptions/{subscription}/...")`."""

    def __init__(self, family: Family) -> None:
        self.family = family
        self._routes: list[Route] = []

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes)

    def add(self, method: str, template: str, *, writes: bool, counts: str) -> Callable[[Handler], Handler]:
        segments = tuple(segment for segment in template.split("/") if segment)

        def register(handler: Handler) -> Handler:
            self._routes.append(Route(self.family, method, segments, handler, writes, counts))
            return handler

        return register

    def head(self, template: str) -> Callable[[Handler], Handler]:
        return self.add("HEAD", template, writes=False, counts="azure.get")

    def get(self, template: str, *, counts: str = "azure.get") -> Callable[[Handler], Handler]:
        return self.add("GET", template, writes=False, counts=counts)

    def poll(self, template: str) -> Callable[[Handler], Handler]:
        """A GET that asks how far a long-running operation is: not counted as reading a resource."""
        return self.add("GET", template, writes=False, counts="azure.poll")

    def put(self, template: str) -> Callable[[Handler], Handler]:
        return self.add("PUT", template, writes=True, counts="")

    def patch(self, template: str) -> Callable[[Handler], Handler]:
        return self.add("PATCH", template, writes=True, counts="")

    def delete(self, template: str) -> Callable[[Handler], Handler]:
        return self.add("DELETE", template, writes=True, counts="")

    def action(self, template: str) -> Callable[[Handler], Handler]:
        """A POST that changes something."""
        return self.add("POST", template, writes=True, counts="")

    def question(self, template: str, *, counts: str) -> Callable[[Handler], Handler]:
        """A POST that only asks."""
        return self.add("POST", template, writes=False, counts=counts)


def split_path(raw_path: str) -> tuple[str, ...]:
    """The decoded segments of a raw path; doubled slashes (a base address that ends in one) do not count."""
    return tuple(unquote(segment) for segment in raw_path.split("/") if segment)


def document(call: Call) -> Json:
    """The body as an object, or the refusal that Resource Manager sends for anything else."""
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
    """An optional member of a body: absent and null are the same, another type is refused."""
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


def objects(holder: Json, name: str) -> list[Json]:
    """An optional list of objects."""
    items = member(holder, name, list) or []
    for item in items:
        member({name: item}, name, dict)
        if item is None:
            raise ArmError(400, "InvalidRequestContent", f"The list '{name}' holds an empty entry.", gateway=True)
    return list(items)


def string_map(holder: Json, name: str) -> dict[str, str]:
    """Tags: an object of strings."""
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
