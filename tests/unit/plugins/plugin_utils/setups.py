# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The resources provider and mars_agent, described by their differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.resource import ManagedResource
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.facts import MachineFacts
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._services.windows import mars_agent, provider
from lab.windows import layout
from lab.windows.installers import catalogue
from lab.windows.states import (
    STAGING,
    hyperv_host,
    vmm_server,
)
from tests.unit.plugins.plugin_utils.harness import Build

PROVIDER, AGENT = catalogue({})["provider"], catalogue({})["agent"]
INSTALL = [
    "observe",
    "inspect_file",
    "fetch_file",
    "start_background_task",
    "poll_background_task",
    "end_background_task",
    "remove_file",
    "observe",
]
PROVIDER_EXE, AGENT_EXE = STAGING + r"\AzureSiteRecoveryProvider.exe", STAGING + r"\MARSAgentInstaller.exe"


class Installed:
    """The differences of both resources, so that one table covers both."""

    def __init__(
        self,
        name: str,
        package: Any,
        build: Callable[..., ManagedResource[MachineFacts, Any]],
        older: str,
        more: dict[str, Any],
    ) -> None:
        self.name = name
        self.script = f"install_{name}"
        self.staged = f"{STAGING}\\{package.url.rsplit('/', 1)[-1]}"
        self.program = package.url.rsplit("/", 1)[-1]
        self.package = package
        self.older = older
        self._build = build
        self._more = more

    def resource(self, **changed: Any) -> Build[MachineFacts]:
        options = {
            "source": self.package.url,
            "checksum": self.package.sha256,
            "version": self.package.version,
            "staging_dir": STAGING,
            "wait_timeout": 60,
            "setup_logon": "s4u",
            "setup_password": None,
            "install_path": None,
            **self._more,
            **changed,
        }
        return lambda session: self._build(options, session)

    def entry(self, version: str | None = None, **more: Any) -> dict[str, Any]:
        has = {self.name: {"version": version or self.package.version}} if version != "none" else {}
        return (vmm_server if self.name == "provider" else hyperv_host)(**has, **more)

    @property
    def service(self) -> str:
        return layout.VMM_SERVICE if self.name == "provider" else layout.AGENT_SERVICE

    def scripts(self) -> list[str]:
        return list(INSTALL)


BOTH = [
    Installed(
        "provider",
        PROVIDER,
        provider.build,
        "5.1.7882.0",
        {"microsoft_update": None, "running_jobs": "wait", "running_jobs_timeout": 3600},
    ),
    Installed("agent", AGENT, mars_agent.build, "1.0.0.0", {"cache_path": None, "minimum_cache_gb": 5}),
]
ONE, OTHER = BOTH
