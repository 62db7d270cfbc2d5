# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: builds a bundle in a folder of the controller."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ....module_utils._model.common.errors import InvalidInput, Refused
from ....module_utils._model.common.plan import Plan
from ....module_utils._model.common.resource import Applied, ManagedResource
from ....module_utils._model.common.shown_text import shown_address
from ....module_utils._model.windows.bundle_build import (
    BundleState,
    WantedBundle,
    checked_installers,
    checked_names,
    groups_to_resolve,
    names_of,
    obsolete_installers,
    plan_bundle,
    require_own,
    to_result,
)
from ....module_utils._model.windows.bundle_manifest import (
    AGENT,
    COLLECTIONS,
    INSTALLERS,
    MANIFEST,
    PARTIAL,
    PROGRAMS,
    PROVIDER,
    SIGNATURE,
    WHEELS,
    BundleFile,
    Manifest,
    Requested,
)
from ....module_utils._model.windows.bundle_steps import plan_steps, unsupported_warnings
from ....module_utils._model.windows.signer import is_microsoft
from .authenticode import signer_of
from .files import fetch_installer, free_partial, hashes_of, seen_in, sha256_of
from .tools import download_collections, download_wheels, lock_in, resolve_wheels, sign, signed_by_key

_PROGRAM_STEPS = {"S3": PROVIDER, "H1": AGENT}


@dataclass(frozen=True, slots=True)
class Means:
    """The files of the controller with which a bundle is built. `scratch` is a new folder for this task."""

    scratch: Path
    requirements: Path
    collections: tuple[str, ...]
    ca_path: str | None
    signing_key: Path | None
    namespace: str


class Bundle(ManagedResource[BundleState, Applied]):
    """A folder with installers, collections and wheels, and a manifest of their hashes."""

    steps = ("S3", "H1")

    def __init__(self, wanted: WantedBundle, means: Means, notes: tuple[str, ...]) -> None:
        self._wanted = wanted
        self._notes = notes
        self._means = means
        self._folder = Path(wanted.path)
        self._resolved: dict[str, tuple[BundleFile, ...]] | None = None

    def observe(self) -> BundleState:
        """Read the folder. The first time, also resolve what only an index can tell."""
        if self._folder.exists() and not self._folder.is_dir():
            raise Refused(f"path: {self._folder} is not a folder; use another path")
        state = self._read() if self._folder.is_dir() else BundleState(None, {}, False, False, False, {})
        if self._resolved is None:
            require_own(state, self._wanted.path)
            self._resolved = {group: self._resolve(group) for group in groups_to_resolve(state, self._wanted)}
        return replace(state, resolved=self._resolved)

    def _read(self) -> BundleState:
        manifest, signature = self._folder / MANIFEST, self._folder / SIGNATURE
        signed, key = signature.is_file(), self._means.signing_key
        valid = signed and key is not None and manifest.is_file()
        return BundleState(
            read_manifest(self._folder) if manifest.is_file() else None,
            hashes_of(self._folder, without=PARTIAL),
            (self._folder / PARTIAL).exists(),
            signed,
            bool(valid and key and signed_by_key(manifest, key, self._means.namespace, self._means.scratch)),
            {},
        )

    def _resolve(self, group: str) -> tuple[BundleFile, ...]:
        if group == COLLECTIONS:
            return download_collections(self._means.collections, self._means.scratch)
        return resolve_wheels(self._wanted.requested, self._means.requirements, self._means.scratch)

    def plan(self, state: BundleState) -> Plan:
        """Plan the changes. Raises Refused."""
        return plan_bundle(state, self._wanted)

    def apply(self, plan: Plan, state: BundleState) -> Applied:
        """Change the folder. Its working folder marks it as unfinished until the end."""
        partial = self._folder / PARTIAL
        free_partial(partial)
        partial.mkdir(parents=True)
        if any(plan.touches(path) for path in (INSTALLERS, COLLECTIONS, WHEELS, "manifest")):
            self._change_installers(partial, state)
            self._change_group(COLLECTIONS, plan, state, lambda: self._means.scratch / COLLECTIONS)
            self._change_group(WHEELS, plan, state, lambda: self._wheels(partial))
            (self._folder / SIGNATURE).unlink(missing_ok=True)
            self._write_manifest(partial, state)
        if plan.touches("signed") and self._means.signing_key is not None:
            sign(self._folder / MANIFEST, self._means.signing_key, self._means.namespace)
        free_partial(partial)
        return Applied()

    def _change_installers(self, partial: Path, state: BundleState) -> None:
        for installer in self._wanted.installers:
            if state.hashes.get(installer.path) != installer.sha256:
                arrived, target = partial / "installer", self._folder / installer.path
                fetch_installer(installer, arrived, self._means.ca_path)
                target.parent.mkdir(parents=True, exist_ok=True)
                arrived.replace(target)
        for path in obsolete_installers(state, self._wanted):
            obsolete = self._folder / path
            obsolete.unlink()
            for folder in (obsolete.parent, obsolete.parent.parent):
                if not any(folder.iterdir()):
                    folder.rmdir()

    def _change_group(self, group: str, plan: Plan, state: BundleState, content: Callable[[], Path]) -> None:
        """Replace the folder of a group that changes, or remove it if nothing is requested."""
        if not plan.touches(group):
            return
        new = content() if group in state.resolved else None
        free_partial(self._folder / group)
        if new is not None:
            shutil.copytree(new, self._folder / group)

    def _wheels(self, partial: Path) -> Path:
        folder, lock = partial / WHEELS, lock_in(self._means.scratch)
        download_wheels(self._wanted.requested, lock, folder)
        shutil.copy(lock, folder)
        return folder

    def _write_manifest(self, partial: Path, state: BundleState) -> None:
        written = partial / MANIFEST
        written.write_text(self._manifest(state).to_json(), encoding="utf-8")
        os.replace(written, self._folder / MANIFEST)

    def _manifest(self, state: BundleState) -> Manifest:
        """Return the manifest of the files in the folder."""
        wanted = self._wanted
        installers = [each.record(0, signer_of((self._folder / each.path).read_bytes())) for each in wanted.installers]
        kept = [group for group, used in _used(wanted).items() if used]
        old = {group: state.manifest.of(group) if state.manifest else () for group in kept}
        others = [file for group in kept for file in state.resolved.get(group, old[group])]
        files = sorted((*installers, *others), key=lambda file: file.path)
        return Manifest(wanted.collection, wanted.version, wanted.requested, tuple(map(self._measured, files)))

    def _measured(self, file: BundleFile) -> BundleFile:
        path = self._folder / file.path
        if sha256_of(path) != file.sha256:
            raise Refused(f"path: {path} was changed during the build; let no other process write there")
        return replace(file, size=path.stat().st_size)

    def to_result(self, state: BundleState) -> dict[str, Any]:
        """Return the result of a state."""
        return to_result(self._wanted.path, state.manifest, signed=state.signed)

    def preview(self, state: BundleState, plan: Plan) -> dict[str, Any]:
        """Return the expected result. The manifest is not a key of it."""
        expected = ManagedResource.preview(self, state, plan)
        return {name: expected[name] for name in self.to_result(state)}

    def describe(self, state: BundleState) -> str:
        """Describe the bundle."""
        if state.manifest is None:
            return "no bundle"
        counts = {group: len(names_of(state.manifest.of(group))) for group in (INSTALLERS, COLLECTIONS, WHEELS)}
        return f"bundle with {', '.join(f'{count} {group}' for group, count in counts.items())}"

    def summary(self, step: str, state: BundleState) -> str:
        """Describe the installers of one step."""
        program = _PROGRAM_STEPS[step]
        versions = list(state.manifest.installers(program)) if state.manifest else []
        return f"{program}: {', '.join(versions)}" if versions else f"no installer of the {program}"

    def warnings(self, state: BundleState) -> tuple[str, ...]:
        """Return one line for each unsupported step, and for each installer that Windows is going to reject."""
        found = state.manifest.of(INSTALLERS) if state.manifest else ()
        rejected = tuple(
            f"{file.path} is signed by {file.signer or 'no readable certificate'}, not by Microsoft Corporation;"
            " the machines reject it"
            for file in found
            if not is_microsoft(file.signer)
        )
        return (*self._notes, *rejected)


def _used(wanted: WantedBundle) -> dict[str, bool]:
    return {COLLECTIONS: bool(wanted.requested.collections), WHEELS: wanted.has_wheels}


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a folder. Raises Refused."""
    try:
        text = (folder / MANIFEST).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise Refused(f"path: {folder} has no readable {MANIFEST}, so it is not a bundle; correct the path") from None
    return Manifest.from_json(text, f"path: {folder}/{MANIFEST}")


def build(options: Mapping[str, Any], own: tuple[str, str], requirements: Path, scratch: Path) -> Bundle:
    """Build the resource from the options. `own` is the name and the version of this collection.

    Raises InvalidInput, and Refused if the installers cannot bridge a gap between the versions on the machines.
    """
    name, version = own
    given = options["collections"]
    collections = (f"{name}:=={version}",) if given is None else checked_names("collections", given)
    packages = checked_names("python_packages", options["python_packages"])
    if options["python_version"] and not options["wheels"]:
        raise InvalidInput("python_version", "must not be set without wheels", "remove it, or set wheels to true")
    requested = Requested(
        tuple(map(shown_address, collections)),
        sha256_of(requirements) if options["wheels"] else None,
        tuple(map(shown_address, packages)) if options["wheels"] else (),
        options["python_version"],
        checked_names("platforms", options["platforms"]) if options["wheels"] else (),
    )
    installers = checked_installers(options["installers"])
    offered = {program: [each.version for each in installers if each.program == program] for program in PROGRAMS}
    allowed = bool(options["allow_unsupported_upgrade"])
    steps = plan_steps(seen_in(options["versions_file"]), offered, allow_unsupported=allowed)
    key = Path(options["signing_key"]) if options["signing_key"] else None
    wanted = WantedBundle(options["path"], name, version, installers, requested, options["update"], key is not None)
    return Bundle(
        wanted,
        Means(scratch, requirements, collections, options["ca_path"], key, options["signature_namespace"]),
        unsupported_warnings(steps),
    )
