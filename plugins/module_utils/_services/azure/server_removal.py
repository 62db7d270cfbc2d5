# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: removes a VMM server from its vault."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ..._azure import jobs
from ..._azure.clients import Azure
from ..._azure.consistency import visibility_limit
from ..._model.azure import server_removal as model
from ..._model.azure.removal import Contents, uses_of_server
from ..._model.azure.server_removal import PURGE, DesiredRemoval, ServerState
from ..._model.azure.vmm_server import VmmServer
from ..._model.common.plan import Plan
from ..._model.common.resource import Applied, ManagedResource
from .removal import STEP, Reader
from .site_recovery_writes import run


class ServerRemoval(ManagedResource[ServerState, Applied]):
    """A VMM server of a vault, which is removed with its registration or purged without it (X1)."""

    steps = (STEP,)

    def __init__(self, azure: Azure, desired: DesiredRemoval, timeout: float) -> None:
        self._desired = desired
        self._timeout = timeout
        self._vault = jobs.Vault(azure, desired.resource_group, desired.vault_name)
        self._reader = Reader(azure, desired.resource_group, desired.vault_name)

    def observe(self) -> ServerState:
        """Read the server, what uses it, and a job of an earlier run that removes it."""
        fabrics = self._reader.fabrics()
        # The names and ids of servers need no other list.
        known = model.find_server((_named(each) for each in fabrics), self._desired)
        if known is None:
            return ServerState()
        fabric = next(each for each in fabrics if each["name"] == known.fabric_name)
        server, found = self._reader.server(fabric)
        uses = uses_of_server(Contents(found, (server,)), server.fabric_name)
        return ServerState(server, uses, model.removing_job(jobs.list_jobs(self._vault, jobs.RUNNING), server))

    def wait_until_settled(self, state: ServerState) -> tuple[ServerState, Applied]:
        """Follow a job that an earlier run started."""
        if state.job is None:
            return state, Applied()
        jobs.follow(self._vault, state.job, time.monotonic() + self._timeout)
        note = f"the removal that an earlier run started (job {state.job}) has ended"
        return self.observe(), Applied((note,), acted=True)

    def is_settled(self, state: ServerState) -> bool:
        """Tell whether no job of an earlier run removes the server."""
        return state.job is None

    def plan(self, state: ServerState) -> Plan:
        """Plan the removal. Raises Refused."""
        return model.plan_server_removal(state, self._desired)

    def apply(self, plan: Plan, state: ServerState) -> Applied:  # noqa: ARG002
        """Start the removal, and follow its job to success."""
        if state.server is None:
            return Applied()
        fabrics, name = self._vault.azure.site_recovery.replication_fabrics, state.server.fabric_name
        begin = fabrics.begin_purge if self._desired.method == PURGE else fabrics.begin_delete
        place = (self._desired.resource_group, self._desired.vault_name, name)
        action = f"{self._desired.method} VMM server {state.server.name}"
        job = run(self._vault, lambda **keywords: begin(*place, **keywords), action, self._timeout, removes=True)
        return Applied(() if job is None else (job.describe(),))

    def visibility_limit(self, state: ServerState) -> float:  # noqa: ARG002
        """Return how long the list may still show the server."""
        return visibility_limit(self._timeout, absent=False)

    def to_result(self, state: ServerState) -> dict[str, Any]:
        """Return the server as results show it."""
        return state.to_result()

    def describe(self, state: ServerState) -> str:
        """Describe the server."""
        return state.describe()


def _named(fabric: Mapping[str, Any]) -> VmmServer:
    """Return a server as its own document shows it."""
    properties = fabric.get("properties") or {}
    return VmmServer(
        name=str(properties.get("friendlyName") or fabric["name"]),
        fabric_id=str(fabric["id"]),
        fabric_name=str(fabric["name"]),
        health=None,
        provider_version=None,
        connected=False,
        last_heartbeat=None,
        clouds=(),
        vmm_id=properties.get("internalIdentifier"),
    )


def build(options: Mapping[str, Any], azure: Azure) -> ServerRemoval:
    """Build the resource from the options of the module. Raises InvalidInput."""
    return ServerRemoval(azure, DesiredRemoval.from_options(options), options["wait_timeout"])
