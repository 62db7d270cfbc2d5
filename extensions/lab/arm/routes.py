# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables that lead from a request to the function that answers it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from .messages import Answer, Call
from .state import AzureState

Handler = Callable[[AzureState, Call], Answer]


@dataclass(frozen=True, slots=True)
class Family:
    """The operations of one API definition: the namespace that serves them, and its published versions."""

    namespace: str
    versions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """One operation: method, path template, and whether it changes anything."""

    family: Family
    method: str
    segments: tuple[str, ...]
    handler: Handler
    writes: bool
    counts: str

    def match(self, segments: tuple[str, ...]) -> dict[str, str] | None:
        """Return the path parameters when the path fits; literal segments ignore case (documented for ARM)."""
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
        """Add a GET that polls a long-running operation; it does not count as reading a resource."""
        return self.add("GET", template, writes=False, counts="azure.poll")

    def put(self, template: str) -> Callable[[Handler], Handler]:
        return self.add("PUT", template, writes=True, counts="")

    def patch(self, template: str) -> Callable[[Handler], Handler]:
        return self.add("PATCH", template, writes=True, counts="")

    def delete(self, template: str) -> Callable[[Handler], Handler]:
        return self.add("DELETE", template, writes=True, counts="")

    def action(self, template: str) -> Callable[[Handler], Handler]:
        """Add a POST that changes something."""
        return self.add("POST", template, writes=True, counts="")

    def question(self, template: str, *, counts: str) -> Callable[[Handler], Handler]:
        """Add a POST that only reads."""
        return self.add("POST", template, writes=False, counts=counts)


def split_path(raw_path: str) -> tuple[str, ...]:
    """Return the decoded segments of a raw path; doubled slashes (a base address that ends in one) do not count.

    A client that sends a whole scope as one parameter escapes its slashes (azure-mgmt-resource, locks by scope).
    """
    segments = [unquote(segment) for segment in raw_path.split("/") if segment]
    if segments and segments[0].strip("/").casefold().startswith("subscriptions/"):
        segments[:1] = segments[0].strip("/").split("/")
    return tuple(segments)
