# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resources with a machine on which a change is due, and their options."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from lab.windows.installers import catalogue
from lab.windows.states import (
    Prepare,
    hyperv_host,
    vmm_server,
)
from tests.unit.plugins.action.conftest import Runner
from tests.unit.plugins.module_utils.model.windows.keys import VAULT_ID, key_file

MakeRunner = Callable[..., Runner]
PACKAGES = catalogue({})
CUSTOM = {"mode": "custom", "address": "http://proxy", "port": 8080}
CANARY = "canary-p4ssw0rd"
LOGIN = {**CUSTOM, "username": "u", "password": CANARY}


def installer(kind: str) -> dict[str, Any]:
    package = PACKAGES[kind]
    return {"source": package.url, "checksum": package.sha256, "version": package.version}


#: For each resource a machine on which a change is due, and its options.
DUE: dict[str, tuple[dict[str, Any], Prepare | None, dict[str, Any]]] = {
    "provider": (vmm_server(), None, installer("provider")),
    "provider_registration": (vmm_server(provider={}), None, {"vault_id": VAULT_ID}),
    "vmm_cloud_sync": (vmm_server(), None, {"vmm_clouds": ["all"]}),
    "mars_agent": (hyperv_host(), None, installer("agent")),
    "mars_proxy": (hyperv_host(agent={}), None, {"proxy": LOGIN}),
}
RESULT = {
    "provider": "provider",
    "provider_registration": "registration",
    "vmm_cloud_sync": "clouds",
    "mars_agent": "agent",
    "mars_proxy": "proxy",
}


MORE = {"vmm_cloud_sync": ["warnings"]}


def options(name: str, folder: Path) -> dict[str, Any]:
    more: dict[str, Any] = {}
    if name == "provider_registration":
        path = folder / "vault-asr.VaultCredentials"
        path.write_bytes(key_file())
        more = {"key_path": str(path)}
    return {**DUE[name][2], **more}
