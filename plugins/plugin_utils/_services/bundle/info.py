# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: verifies a bundle, and returns the variables that install from it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ....module_utils._model.common.errors import InvalidInput
from ....module_utils._model.common.versions import numbers
from ....module_utils._model.windows.bundle_build import to_result
from ....module_utils._model.windows.bundle_manifest import (
    AGENT,
    MANIFEST,
    PROVIDER,
    SIGNATURE,
    BundleFile,
    Manifest,
    require_unchanged,
)
from ....module_utils._model.windows.bundle_steps import Steps, plan_steps, unsupported_warnings
from .build import read_manifest
from .files import hashes_of, require_served, seen_in
from .tools import require_signature

_WEB = re.compile(r"https://[^\s/?#@\\]+(/[^\s?#\\]*)?", re.IGNORECASE)
_SHARE = re.compile(r"\\\\[^<>:\"|?*/\x00-\x1f]+")
_ROLES = {PROVIDER: "vmm_server", AGENT: "hyperv_host"}
#: The beginnings of the variables of the installers.
_VARIABLES = {program: f"{role}_{program}" for program, role in _ROLES.items()}


def verify(options: Mapping[str, Any]) -> dict[str, Any]:
    """Verify a bundle and return the result of the module bundle_info. Raises InvalidInput and Refused."""
    folder, address = Path(options["path"]), _checked_address(options["address"])
    if bool(options["allowed_signers"]) != bool(options["signer"]):
        raise InvalidInput("signer", "must be set together with allowed_signers", "set both, or remove both")
    manifest = read_manifest(folder)
    if options["allowed_signers"]:
        signer, namespace = options["signer"], options["signature_namespace"]
        require_signature(folder / MANIFEST, Path(options["allowed_signers"]), signer, namespace)
    require_unchanged(manifest, hashes_of(folder), str(folder))
    allowed = bool(options["allow_unsupported_upgrade"])
    steps = plan_steps(seen_in(options["versions_file"]), _offered(manifest), allow_unsupported=allowed)
    if address and not _is_share(address):
        require_served(folder, manifest.files, address, options["ca_path"])
    signed = (folder / SIGNATURE).is_file()
    return {
        "bundle": to_result(str(folder), manifest, signed=signed),
        "manifest": manifest.to_result(),
        "steps": [each.to_result() for each in steps],
        "lines": [_line(each) for each in steps],
        "variables": _newest(manifest, address) if address else {},
        "inventory": _inventory(manifest, address, steps) if address else {},
        "warnings": [*_warnings(options, address, signed=signed), *unsupported_warnings(steps)],
    }


def _checked_address(address: str | None) -> str | None:
    if not address:
        return None
    plain = address.rstrip("/\\")
    if not _WEB.fullmatch(plain) and not _SHARE.fullmatch(plain):
        raise InvalidInput(
            "address", f"must be an https address without a login, or a share, not '{address}'", "correct it"
        )
    return plain


def _is_share(address: str) -> bool:
    return address.startswith("\\")


def _offered(manifest: Manifest) -> dict[str, list[str]]:
    return {program: list(manifest.installers(program)) for program in _VARIABLES}


def _line(steps: Steps) -> str:
    """Describe the steps of a machine."""
    seen = steps.seen
    now = f"{seen.program} {seen.version}" if seen.version else f"no {seen.program}"
    return f"{seen.host}: {now}" + "".join(
        f" -> {version}{' (not supported)' if version in steps.unsupported else ''}" for version in steps.versions
    )


def _newest(manifest: Manifest, address: str) -> dict[str, str]:
    """Return the variables of the newest installers."""
    found: dict[str, str] = {}
    for program in _VARIABLES:
        installers = manifest.installers(program)
        if installers:
            found.update(_variables(installers[max(installers, key=numbers)], address))
    return found


def _inventory(manifest: Manifest, address: str, steps: tuple[Steps, ...]) -> dict[str, Any]:
    """Return an inventory with the installer of the next step of each machine, or the newest one."""
    hosts: dict[str, dict[str, Any]] = {}
    for each in steps:
        installers = manifest.installers(each.seen.program)
        if installers:
            version = each.next or max(installers, key=numbers)
            variables = hosts.setdefault(each.seen.host, {})
            variables.update(_variables(installers[version], address))
            if version in each.unsupported:
                variables[f"{_ROLES[each.seen.program]}_allow_unsupported_upgrade"] = True
    return {"all": {"hosts": hosts}} if hosts else {}


def _variables(file: BundleFile, address: str) -> dict[str, str]:
    beginning, mark = _VARIABLES[file.kind], "\\" if _is_share(address) else "/"
    return {
        f"{beginning}_source": mark.join([address, *file.path.split("/")]),
        f"{beginning}_checksum": file.sha256,
        f"{beginning}_version": str(file.version),
    }


def _warnings(options: Mapping[str, Any], address: str | None, *, signed: bool) -> list[str]:
    found = []
    if signed and not options["allowed_signers"]:
        found.append("the signature of the bundle was not verified; set allowed_signers")
    if address and _is_share(address):
        found.append(f"{address} was not read from the controller; every machine verifies the hash of its installer")
    return found
