# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The resource provider_registration and its machines, for the tests of the service."""

from __future__ import annotations

from typing import Any

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.facts import MachineFacts
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._services.windows.provider_registration import build
from lab.windows.machine import Machine
from lab.windows.states import (
    STAGING,
    Prepare,
    all_of,
    provider_proxy,
    proxy_account,
    registered,
    vmm_server,
)
from tests.lab.emulators.internet import PROXY_NAME, PROXY_PASSWORD, PROXY_USER
from tests.unit.plugins.module_utils.model.windows.registrations import (
    registration_options,
)
from tests.unit.plugins.plugin_utils.harness import Build, ScriptHarness

ANSWER = {"running_jobs": [], "started": False, "exit_code": 0, "log_tail": [], "service": "Running"}
KEY_PATH = STAGING + r"\siterecovery.hyperv-vault-asr.VaultCredentials"
SERVER = vmm_server(provider={})
ADDRESS = f"http://{PROXY_NAME}"


def registration(**changed: Any) -> Build[MachineFacts]:
    return lambda session: build(registration_options(**changed), session)


def custom(found: ScriptHarness, **changed: Any) -> dict[str, Any]:
    return {"mode": "custom", "address": ADDRESS, "port": found.lab.context.proxy.port, **changed}


def login(found: ScriptHarness, **changed: Any) -> dict[str, Any]:
    return custom(found, username=PROXY_USER, password=PROXY_PASSWORD, **changed)


def behind_proxy(*more: Prepare) -> Prepare:
    """Return a registered server that uses the lab's proxy with a login."""

    def prepare(machine: Machine) -> None:
        all_of(registered(), proxy_account)(machine)
        values = {"ProxyAddress": ADDRESS, "ProxyPort": str(machine.context.proxy.port), "ProxyUserName": PROXY_USER}
        all_of(provider_proxy(**values), *more)(machine)

    return prepare
