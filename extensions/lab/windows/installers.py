# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two installers at the lab's download addresses: invented bytes with real versions and signers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from .state import Package

MICROSOFT = "CN=Microsoft Corporation, OU=MOPR, O=Microsoft Corporation, L=Redmond, S=Washington, C=US"
# The newest pair with a clear Hyper-V label in the public list of updates: rollup 68, August 2023.
_DEFAULTS = {
    "provider": (
        "AzureSiteRecoveryProvider.exe",
        "https://mirror.lab.test/AzureSiteRecoveryProvider.exe",
        "5.1.8095.0",
    ),
    "agent": ("MARSAgentInstaller.exe", "https://mirror.lab.test/MARSAgentInstaller.exe", "2.0.9260.0"),
}
_SIZE = 64 * 1024


def content(program: str, version: str, size: int = _SIZE) -> bytes:
    """Return the same bytes for the same program and version, so that a pinned hash is valid in every run."""
    head = f"MZ {program} {version}\n".encode()
    block = hashlib.sha256(head).digest()
    return (head + block * (size // len(block)))[:size]


def package(
    program: str,
    url: str,
    version: str,
    *,
    signer: str = MICROSOFT,
    signature: str = "Valid",
    size: int | None = None,
) -> Package:
    data = content(program, version, _SIZE if size is None else size)
    return Package(url, data, hashlib.sha256(data).hexdigest(), version, signer, program, signature)


def catalogue(document: Mapping[str, Any]) -> dict[str, Package]:
    """Return `provider` and `agent` from `installers` in a lab's document, with defaults for a missing one."""
    described = document.get("installers") or {}
    found = {}
    for kind, (program, url, version) in _DEFAULTS.items():
        entry = described.get(kind) or {}
        found[kind] = package(
            program,
            str(entry.get("url", url)),
            str(entry.get("version", version)),
            signer=str(entry.get("signer", MICROSOFT)),
            signature=str(entry.get("signature", "Valid")),
        )
    return found
