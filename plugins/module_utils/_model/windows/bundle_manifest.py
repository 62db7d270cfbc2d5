# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the manifest of a bundle: the files of a folder that carries an installation to a network without Internet.

One table describes its records: the check of a manifest and the published JSON schema derive from it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..common.errors import Refused
from .fabric import Field, record_problems, record_schema

SCHEMA_VERSION = 1
MANIFEST, SIGNATURE = "manifest.json", "manifest.json.sig"
#: A build works in this folder, so its presence marks an unfinished build.
PARTIAL = ".partial"
INSTALLERS, COLLECTIONS, WHEELS = "installers", "collections", "wheels"
GROUPS = (INSTALLERS, COLLECTIONS, WHEELS)
PROVIDER, AGENT = "provider", "agent"
#: The programs that a bundle can have, with the name of their file.
PROGRAMS: Mapping[str, str] = {PROVIDER: "AzureSiteRecoveryProvider.exe", AGENT: "MARSAgentInstaller.exe"}
LOCK = f"{WHEELS}/requirements.lock"
_COPY = "copy the bundle again, or build it in a new folder"

_TEXT, _TEXT_OR_NULL = Field("text"), Field("text", nullable=True)
COLLECTION: Mapping[str, Field] = {"name": _TEXT, "version": _TEXT}
REQUESTED: Mapping[str, Field] = {
    "collections": Field("texts"),
    "requirements_sha256": _TEXT_OR_NULL,
    "python_packages": Field("texts"),
    "python_version": _TEXT_OR_NULL,
    "platforms": Field("texts"),
}
FILE: Mapping[str, Field] = {
    "path": _TEXT,
    "kind": _TEXT,
    "name": _TEXT,
    "version": _TEXT_OR_NULL,
    "size": Field("count"),
    "sha256": _TEXT,
    "source": _TEXT_OR_NULL,
    "signer": _TEXT_OR_NULL,
}


@dataclass(frozen=True, slots=True)
class BundleFile:
    """A file of a bundle. `kind` is provider, agent, collection, wheel or list.

    `signer` is the subject of the certificate in an installer. It is not verified here: Windows does this before setup
    runs.
    """

    path: str
    kind: str
    name: str
    version: str | None
    size: int
    sha256: str
    source: str | None = None
    signer: str | None = None

    @property
    def group(self) -> str:
        """Return the folder of the bundle that has the file."""
        return self.path.partition("/")[0]

    def describe(self) -> str:
        """Return the name and the version."""
        return " ".join(filter(None, (self.name, self.version)))

    def to_result(self) -> dict[str, Any]:
        """Return the record, as the manifest has it."""
        return {name: getattr(self, name) for name in FILE}


@dataclass(frozen=True, slots=True)
class Requested:
    """The options of the last build that decide which collections and wheels it gets."""

    collections: tuple[str, ...]
    requirements_sha256: str | None
    python_packages: tuple[str, ...]
    python_version: str | None
    platforms: tuple[str, ...]

    def to_result(self) -> dict[str, Any]:
        """Return the record, as the manifest has it."""
        values = {name: getattr(self, name) for name in REQUESTED}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}

    def same_wheels(self, other: Requested) -> bool:
        """Tell whether both ask for the same wheels."""
        return _wheels(self) == _wheels(other)


def _wheels(requested: Requested) -> tuple[Any, ...]:
    return (
        requested.requirements_sha256,
        requested.python_packages,
        requested.python_version,
        requested.platforms,
    )


@dataclass(frozen=True, slots=True)
class Manifest:
    """The content of a bundle. The files are in the order of their paths."""

    collection: str
    version: str
    requested: Requested
    files: tuple[BundleFile, ...]

    @classmethod
    def from_json(cls, text: str, path: str) -> Manifest:
        """Read a manifest. Raises Refused that names the path."""
        try:
            raw = json.loads(text)
        except ValueError:
            raise Refused(f"{path}: the manifest is not a JSON document; {_COPY}") from None
        problem = next(_problems(raw), None)
        if problem is not None:
            raise Refused(f"{path}: {problem}; {_COPY}")
        wanted = raw["requested"]
        texts = {name: tuple(wanted[name]) for name, field in REQUESTED.items() if field.type == "texts"}
        return cls(
            raw["collection"]["name"],
            raw["collection"]["version"],
            Requested(**{**{name: wanted[name] for name in REQUESTED}, **texts}),
            tuple(BundleFile(**{name: entry[name] for name in FILE}) for entry in raw["files"]),
        )

    def to_result(self) -> dict[str, Any]:
        """Return the document."""
        return {
            "schema_version": SCHEMA_VERSION,
            "collection": {"name": self.collection, "version": self.version},
            "requested": self.requested.to_result(),
            "files": [file.to_result() for file in self.files],
        }

    def to_json(self) -> str:
        """Return the text of the manifest. The same content has the same text, so that its signature stays valid."""
        return json.dumps(self.to_result(), indent=2, ensure_ascii=False) + "\n"

    def of(self, group: str) -> tuple[BundleFile, ...]:
        """Return the files of one folder."""
        return tuple(file for file in self.files if file.group == group)

    def installers(self, program: str) -> dict[str, BundleFile]:
        """Return the installers of a program by their versions."""
        return {str(file.version): file for file in self.of(INSTALLERS) if file.kind == program}


@dataclass(frozen=True, slots=True)
class Difference:
    """How a folder differs from its manifest: paths that changed, that are missing, or that the manifest lacks."""

    changed: tuple[str, ...]
    missing: tuple[str, ...]
    additional: tuple[str, ...]

    @property
    def found(self) -> bool:
        return bool(self.changed or self.missing or self.additional)

    def describe(self) -> str:
        """Name every path in one line."""
        parts = {"changed": self.changed, "missing": self.missing, "not in the manifest": self.additional}
        return ", ".join(f"{word}: {', '.join(paths)}" for word, paths in parts.items() if paths)


def difference(files: Iterable[BundleFile], hashes: Mapping[str, str | None]) -> Difference:
    """Compare the files of a manifest with the hashes in a folder. The hash of anything but a regular file is None."""
    expected = {file.path: file.sha256 for file in files}
    return Difference(
        tuple(sorted(path for path in expected.keys() & hashes.keys() if hashes[path] != expected[path])),
        tuple(sorted(expected.keys() - hashes.keys())),
        tuple(sorted(hashes.keys() - expected.keys())),
    )


def require_unchanged(manifest: Manifest, hashes: Mapping[str, str | None], path: str) -> None:
    """Raise Refused that names every file that differs from the manifest."""
    own = {name: value for name, value in hashes.items() if name not in (MANIFEST, SIGNATURE)}
    found = difference(manifest.files, own)
    if found.found:
        raise Refused(f"{path} is not the bundle that was built: {found.describe()}; {_COPY}")


def _problems(raw: Any) -> Iterator[str]:
    """Return the broken rules of a manifest, one line each."""
    if not isinstance(raw, Mapping):
        yield "the manifest must be a JSON object"
        return
    version = raw.get("schema_version")
    if isinstance(version, bool) or version != SCHEMA_VERSION:
        yield f"schema_version must be {SCHEMA_VERSION}"
    yield from record_problems("collection", raw.get("collection"), COLLECTION)
    yield from record_problems("requested", raw.get("requested"), REQUESTED)
    files = raw.get("files")
    if not isinstance(files, list):
        yield "files must be a list"
        return
    for index, record in enumerate(files):
        yield from record_problems(f"files[{index}]", record, FILE)
    paths = [record.get("path") if isinstance(record, Mapping) else None for record in files]
    for path in paths:
        if not isinstance(path, str) or not _is_inside(path):
            yield f"files has a path outside of {', '.join(GROUPS)}: '{path}'"
        elif paths.count(path) > 1:
            yield f"files has two entries for {path}"


def _is_inside(path: str) -> bool:
    group, *rest = path.split("/")
    return group in GROUPS and bool(rest) and not {"", ".", ".."} & set(rest) and "\\" not in path


def json_schema() -> dict[str, Any]:
    """Return the JSON schema of the manifest."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Manifest of a bundle, version {SCHEMA_VERSION}",
        "type": "object",
        "required": ["schema_version", "collection", "requested", "files"],
        "properties": {
            "schema_version": {"const": SCHEMA_VERSION},
            "collection": record_schema(COLLECTION),
            "requested": record_schema(REQUESTED),
            "files": {"type": "array", "items": record_schema(FILE)},
        },
    }
