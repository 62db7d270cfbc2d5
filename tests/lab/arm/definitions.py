# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The published API definitions (OpenAPI 2.0), and what the installed clients know beyond them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

Json = dict[str, Any]

_HTTP_METHODS = ("get", "put", "patch", "post", "delete", "head")


@dataclass(frozen=True, slots=True)
class DefinedOperation:
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
        """Return the end of the template, which distinguishes operations."""
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
        """Return the values of an enumeration in lower case; None where every value is allowed.

        One that is "modelled as string" may grow in later versions (autorest's x-ms-enum): there the values of the
        installed client are also valid.
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
        """Return type and marks of a member that only the installed client's (newer) model has."""
        return self._models.get((_namespace(file), str(model)), {}).get(name)

    @lru_cache(maxsize=4096)  # noqa: B019 - at most two instances exist
    def find_cached(self, method: str, path: str) -> DefinedOperation | None:
        return self.find(method, path)

    def find(self, method: str, path: str) -> DefinedOperation | None:
        segments = tuple(segment for segment in path.split("/") if segment)
        fitting = [operation for operation in self.operations if operation.fits(method, segments)]
        return min(fitting, key=DefinedOperation.holes, default=None)

    def resolve(self, schema: Json, file: Path) -> tuple[Json, Path]:
        """Follow references to a schema, and return it with its file."""
        while "$ref" in schema:
            target, _, pointer = str(schema["$ref"]).partition("#")
            file = (file.parent / target).resolve() if target else file
            found: Any = self.load(file)
            for part in pointer.strip("/").split("/"):
                found = found[part.replace("~1", "/").replace("~0", "~")]
            schema = found
        return schema, file

    def actual(self, schema: Json, file: Path, value: Any) -> tuple[Json, Path]:
        """Return the schema that a discriminator selects for a value."""
        schema, file = self.resolve(schema, file)
        name = schema.get("discriminator")
        if not name or not isinstance(value, dict) or not isinstance(value.get(name), str):
            return schema, file
        for key, candidate in self.load(file).get("definitions", {}).items():
            if candidate.get("x-ms-discriminator-value", key) == value[name] and self._refines(candidate, schema, file):
                return candidate, file
        return schema, file

    def _refines(self, candidate: Json, schema: Json, file: Path) -> bool:
        """Tell whether a schema extends another one: unrelated ones may share a discriminator value."""
        bases = [self.resolve(part, file)[0] for part in candidate.get("allOf", ())]
        return any(base is schema or self._refines(base, schema, file) for base in bases)

    def members(self, schema: Json, file: Path) -> tuple[dict[str, tuple[Json, Path]], set[str], Any]:
        """Return the members, the required ones and the rule for others, including every part of `allOf`."""
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


def _operations(path: Path, document: Json) -> Iterator[DefinedOperation]:
    for template, methods in document.get("paths", {}).items():
        segments = tuple(segment for segment in template.split("/") if segment)
        for method, body in methods.items():
            if method in _HTTP_METHODS:
                yield DefinedOperation(method.upper(), template, segments, body, path)


def _surface(folder: Path) -> Iterator[tuple[tuple[str, str], set[int]]]:
    """Yield the statuses that the installed clients accept, by method and template in lower case."""
    for path in sorted(folder.glob("*.json")):
        for operation in json.loads(path.read_text(encoding="utf-8"))["operations"]:
            key = (operation["http"], bare(operation["url"]))
            yield key, set(operation["accepted_status"])


def _later_values(folder: Path) -> Iterator[tuple[tuple[str, str], list[str]]]:
    """Yield the enumerations of the installed clients by namespace and name."""
    for path in sorted(folder.glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        urls = " ".join(operation["url"] for operation in document["operations"])
        for namespace in set(re.findall(r"/providers/(Microsoft\.\w+)/", urls)):
            for name, definition in document["definitions"].items():
                if "enum" in definition:
                    yield (namespace, name), definition["enum"]


def _versions(folder: Path) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield the api-version of the newest clients, by method and template in lower case."""
    for path in sorted(folder.glob("*.json")):
        for operation in json.loads(path.read_text(encoding="utf-8"))["operations"]:
            yield (operation["http"], bare(operation["url"])), operation["api_version"]


def _later_models(folder: Path) -> dict[tuple[str, str], dict[str, Json]]:
    """Return the members of the installed clients' models by namespace and name."""
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


def bare(template: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", template).casefold()


@lru_cache(maxsize=2)
def definitions(folder: Path) -> Definitions:
    return Definitions(folder)
