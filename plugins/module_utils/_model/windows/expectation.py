# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the desired state of a machine, as far as requirements depend on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..common.names import ResourceId
from .azure_registration import confirms
from .proxy import DIRECT, Proxy
from .vmm_jobs import WAIT

VMM_SERVER, HYPERV_HOST = "vmm_server", "hyperv_host"
#: The default folder of the agent's installer.
DEFAULT_FOLDER = r"C:\Program Files\Microsoft Azure Recovery Services Agent"
#: The free space in GB that the setup guide of 2017 requires, and the one that it recommends.
LEAST_CACHE_GB, ADVISED_CACHE_GB = 5, 600
_ALL = "all"


@dataclass(frozen=True, slots=True)
class Expectation:
    """Options of all Windows resources that requirements depend on. None means that an option is not set.

    The preflight and the plans of the resources build one from their own options, so that both evaluate the same
    requirements.
    """

    #: The least version of the agent or the Provider.
    version: str | None = None
    #: Consent to an upgrade over more releases than Microsoft supports.
    unsupported_upgrade: bool = False
    install_path: str | None = None
    cache_path: str | None = None
    minimum_cache_gb: int = LEAST_CACHE_GB
    vault: ResourceId | None = None
    vault_id: str = ""
    proxy: Proxy | None = None
    #: True if the password of the proxy is set in every run.
    always_password: bool = False
    #: Whether the VMM service is restarted after a change of the proxy, which it reads only when it starts.
    restart_vmm: bool = True
    #: The reaction of a change that stops the VMM service to running jobs.
    running_jobs: str = WAIT
    #: Names of the VMM clouds whose metadata is synchronized.
    clouds: tuple[str, ...] = ()
    #: Consent to remove a stale registration.
    remove_stale: bool = False
    #: The registration as Azure shows it.
    azure: Mapping[str, Any] | None = None
    #: True before the first step of a run: Azure is asked later.
    azure_open: bool = False
    #: True in check mode and in the preflight: programs and services that earlier steps provide count as provided.
    planned: bool = False

    @property
    def mode(self) -> str:
        """Return how the Provider connects. Without a proxy option it connects directly."""
        return self.proxy.mode if self.proxy else DIRECT

    @property
    def cache_folder(self) -> str:
        """Return the folder of the cache of a new agent."""
        return self.cache_path or (self.install_path or DEFAULT_FOLDER) + r"\Scratch"

    @property
    def azure_confirms(self) -> bool:
        """Tell whether Azure shows the registration."""
        return confirms(self.azure)


def all_clouds(names: tuple[str, ...]) -> bool:
    """Tell whether the names mean every cloud."""
    return any(name.casefold() == _ALL for name in names)
