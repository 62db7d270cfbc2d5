# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: how a bundle is built: its desired content, what the folder has, and the plan of changes between both."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..common.errors import InvalidInput, Refused
from ..common.plan import Change, Plan
from ..common.shown_text import shown_address
from ..common.versions import numbers
from .bundle_manifest import (
    COLLECTIONS,
    INSTALLERS,
    MANIFEST,
    PROGRAMS,
    SIGNATURE,
    WHEELS,
    BundleFile,
    Manifest,
    Requested,
)

_SHA256 = re.compile(r"[0-9a-f]{64}", re.IGNORECASE)
_VERSION = re.compile(r"[0-9]+(\.[0-9]+){1,3}")
_ADDRESS = re.compile(r"https://[^\s/?#@\\]+(/[^\s\x00-\x1f]*)?", re.IGNORECASE)
#: pip and ansible-galaxy would take it as an option.
_OPTION = "-"


@dataclass(frozen=True, slots=True)
class WantedInstaller:
    """An installer that a bundle must have. The source is an https address or a path on the controller."""

    program: str
    version: str
    source: str
    sha256: str

    @classmethod
    def from_options(cls, option: str, raw: Mapping[str, Any]) -> WantedInstaller:
        """Build an installer from its suboptions. Raises InvalidInput."""
        if not _VERSION.fullmatch(raw["version"]):
            raise InvalidInput(
                f"{option}.version", f"must be a version like 5.1.8095.0, not '{raw['version']}'", "correct it"
            )
        if not _SHA256.fullmatch(raw["checksum"]):
            raise InvalidInput(
                f"{option}.checksum", "must be a SHA-256 hash of 64 hexadecimal digits", "calculate it with sha256sum"
            )
        if "://" in raw["source"] and not _ADDRESS.fullmatch(raw["source"]):
            raise InvalidInput(
                f"{option}.source",
                "must be an https address with a host, and without a login or blanks, or a path on the controller",
                "correct the address",
            )
        return cls(raw["program"], raw["version"], raw["source"], raw["checksum"].lower())

    @property
    def path(self) -> str:
        """Return the path in the bundle."""
        return f"{INSTALLERS}/{self.program}/{self.version}/{PROGRAMS[self.program]}"

    @property
    def from_web(self) -> bool:
        """Tell whether the source is an address."""
        return "://" in self.source

    @property
    def shown_source(self) -> str:
        """Return the source without its query, which may hold a signature that grants access to a private mirror."""
        return shown_address(self.source.partition("?")[0].partition("#")[0]) if self.from_web else self.source

    def record(self, size: int, signer: str | None) -> BundleFile:
        """Return the record of the manifest."""
        name = PROGRAMS[self.program]
        return BundleFile(self.path, self.program, name, self.version, size, self.sha256, self.shown_source, signer)


@dataclass(frozen=True, slots=True)
class WantedBundle:
    """The content that the options describe. `update` resolves collections and wheels again."""

    path: str
    collection: str
    version: str
    installers: tuple[WantedInstaller, ...]
    requested: Requested
    update: bool = False
    signs: bool = False

    @property
    def has_wheels(self) -> bool:
        return self.requested.requirements_sha256 is not None


def checked_installers(raw: Sequence[Mapping[str, Any]]) -> tuple[WantedInstaller, ...]:
    """Return the installers in the order of their paths. Raises InvalidInput."""
    found = [WantedInstaller.from_options(f"installers[{index}]", each) for index, each in enumerate(raw)]
    keys = [(each.program, numbers(each.version)) for each in found]
    for each, key in zip(found, keys, strict=True):
        if keys.count(key) > 1:
            raise InvalidInput(
                "installers", f"must not have two installers of the {each.program} {each.version}", "remove one of them"
            )
    return tuple(sorted(found, key=lambda each: (each.program, numbers(each.version))))


def checked_names(option: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return what a tool gets as arguments, without blank ones. Raises InvalidInput for an option of the tool."""
    found = tuple(name.strip() for name in names if name.strip())
    for name in found:
        if name.startswith(_OPTION):
            raise InvalidInput(
                option, f"must have names, not the option '{name}'", "set options in the configuration of the tool"
            )
    return found


@dataclass(frozen=True, slots=True)
class BundleState:
    """The content of the folder of a bundle. `hashes` are those of its files by path, without the working folder.

    `resolved` has the collections and wheels that a new resolution found, by group; a group that was not resolved is
    not in it.
    """

    manifest: Manifest | None
    hashes: Mapping[str, str | None]
    unfinished: bool
    signed: bool
    signature_valid: bool
    resolved: Mapping[str, tuple[BundleFile, ...]]

    def intact(self, group: str) -> bool:
        """Tell whether the folder of a group has exactly the files of the manifest."""
        if self.manifest is None:
            return False
        present = {path: value for path, value in self.hashes.items() if path.startswith(f"{group}/")}
        return present == {file.path: file.sha256 for file in self.manifest.of(group)}


def groups_to_resolve(state: BundleState, wanted: WantedBundle) -> list[str]:
    """Return the groups whose content only an index can tell: new, requested in another way, or changed."""
    manifest, found = state.manifest, []
    requested = None if manifest is None else manifest.requested
    if wanted.requested.collections and (
        wanted.update
        or requested is None
        or requested.collections != wanted.requested.collections
        or not state.intact(COLLECTIONS)
    ):
        found.append(COLLECTIONS)
    if wanted.has_wheels and (
        wanted.update or requested is None or not requested.same_wheels(wanted.requested) or not state.intact(WHEELS)
    ):
        found.append(WHEELS)
    return found


def require_own(state: BundleState, path: str) -> None:
    """Raise Refused for a folder with files of others, which a build never touches."""
    listed = {MANIFEST, SIGNATURE} if state.manifest else set[str]()
    if state.manifest is not None:
        listed |= {file.path for file in state.manifest.files}
    strangers = sorted(state.hashes.keys() - listed)
    if state.unfinished:
        own = (f"{INSTALLERS}/", f"{COLLECTIONS}/", f"{WHEELS}/")
        strangers = [name for name in strangers if not name.startswith(own) and name not in (MANIFEST, SIGNATURE)]
    if strangers and state.manifest is None and not state.unfinished:
        raise Refused(f"path: {path} has other files: {', '.join(strangers)}; use a new folder or a bundle")
    if strangers:
        raise Refused(f"path: {path} has files that are not of the bundle: {', '.join(strangers)}; remove them")


def plan_bundle(state: BundleState, wanted: WantedBundle) -> Plan:
    """Plan the changes. Raises Refused for a folder with files of others."""
    require_own(state, wanted.path)
    changes = [
        *_installer_changes(state, wanted),
        *_group_changes(state, COLLECTIONS, kept=bool(wanted.requested.collections)),
        *_group_changes(state, WHEELS, kept=wanted.has_wheels),
    ]
    if not changes and _same_request(state, wanted) and not state.unfinished:
        return Plan(tuple(_signature_changes(state, wanted, changes=False)))
    if not changes:
        changes.append(Change("manifest", None, None, f"write {MANIFEST}"))
    return Plan((*changes, *_signature_changes(state, wanted, changes=True)))


def _same_request(state: BundleState, wanted: WantedBundle) -> bool:
    """Tell whether the manifest describes this request and these sources."""
    manifest = state.manifest
    if manifest is None:
        return False
    sources = {file.path: file.source for file in manifest.of(INSTALLERS)}
    return (
        manifest.requested == wanted.requested
        and (manifest.collection, manifest.version) == (wanted.collection, wanted.version)
        and sources == {each.path: each.shown_source for each in wanted.installers}
    )


def _installer_changes(state: BundleState, wanted: WantedBundle) -> Iterator[Change]:
    before = names_of(state.manifest.of(INSTALLERS)) if state.manifest else []
    after = [f"{PROGRAMS[each.program]} {each.version}" for each in wanted.installers]
    for each in wanted.installers:
        if state.hashes.get(each.path) != each.sha256:
            reason = f"fetch the installer {PROGRAMS[each.program]} {each.version} from {each.shown_source}"
            yield Change(INSTALLERS, before, after, reason)
    for path in obsolete_installers(state, wanted):
        yield Change(INSTALLERS, before, after, f"remove {path}")


def obsolete_installers(state: BundleState, wanted: WantedBundle) -> list[str]:
    """Return the paths of installers that the options no longer name."""
    kept = {each.path for each in wanted.installers}
    return sorted(path for path in state.hashes if path.startswith(f"{INSTALLERS}/") and path not in kept)


def _group_changes(state: BundleState, group: str, *, kept: bool) -> Iterator[Change]:
    old = state.manifest.of(group) if state.manifest else ()
    new = state.resolved.get(group, old if kept else ())
    if group not in state.resolved and kept:
        return
    before, after = names_of(old), names_of(new)
    present = {path: value for path, value in state.hashes.items() if path.startswith(f"{group}/")}
    if present == {file.path: file.sha256 for file in new}:
        return
    added = [name for name in after if name not in before]
    removed = [name for name in before if name not in after]
    parts = [("add", added), ("remove", removed)]
    words = [f"{verb} {', '.join(names)}" for verb, names in parts if names] or ["restore changed files"]
    yield Change(group, before, after, f"{group}: {'; '.join(words)}")


def _signature_changes(state: BundleState, wanted: WantedBundle, *, changes: bool) -> Iterator[Change]:
    if wanted.signs and (changes or not state.signature_valid):
        yield Change("signed", state.signed, True, "sign the manifest")
    elif changes and state.signed and not wanted.signs:
        yield Change("signed", True, False, "remove the signature of the previous content")


def names_of(files: Iterable[BundleFile]) -> list[str]:
    """Return names and versions, without lists such as the lock file."""
    return [file.describe() for file in files if file.kind != "list"]


def to_result(path: str, manifest: Manifest | None, *, signed: bool) -> dict[str, Any]:
    """Return a bundle as a result shows it."""
    groups = {group: names_of(manifest.of(group)) if manifest else [] for group in (INSTALLERS, COLLECTIONS, WHEELS)}
    return {"path": path, **groups, "signed": signed}
