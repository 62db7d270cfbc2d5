# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the removal of a VMM server from its vault."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..common.errors import InvalidInput, Refused
from ..common.names import is_guid, same_name
from ..common.plan import Change, Plan
from .jobs import Job
from .vmm_server import VmmServer, select

REMOVE, PURGE = "remove", "purge"
_SCENARIOS = ("UnregisterFabric", "PurgeVMM")


@dataclass(frozen=True, slots=True)
class DesiredRemoval:
    """The server to remove from a vault, and how."""

    resource_group: str
    vault_name: str
    name: str
    vmm_id: str | None
    method: str

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> DesiredRemoval:
        """Build the desired removal from the options and validate it offline. Raises InvalidInput."""
        if not options["name"].strip():
            raise InvalidInput("name", "must not be empty", "name the server as the vault does")
        if options["vmm_id"] is not None and not is_guid(options["vmm_id"]):
            raise InvalidInput("vmm_id", f"must be a GUID, not '{options['vmm_id']}'", "use the id of VMM")
        if options["method"] == PURGE and options["purge_consent"] != options["vault_name"]:
            raise InvalidInput(
                "purge_consent",
                "must be the name of the vault for a purge, which leaves the registration on the server",
                f"set it to {options['vault_name']}, or use the method {REMOVE}",
            )
        return cls(
            options["resource_group"], options["vault_name"], options["name"], options["vmm_id"], options["method"]
        )


@dataclass(frozen=True, slots=True)
class ServerState:
    """The server as the vault shows it, or None. `uses` block its removal; `job` removes it already."""

    server: VmmServer | None = None
    uses: tuple[str, ...] = ()
    job: str | None = None

    def to_result(self) -> dict[str, Any]:
        server = self.server
        return {
            "registered": server is not None,
            "name": server.name if server else None,
            "vmm_id": server.vmm_id if server else None,
            "fabric_id": server.fabric_id if server else None,
            "connected": server.connected if server else None,
        }

    def describe(self) -> str:
        return self.server.describe() if self.server else "not registered"


def find_server(servers: Iterable[VmmServer], desired: DesiredRemoval) -> VmmServer | None:
    """Return the server to remove. With an id only the id counts: a name can be that of another server."""
    known = list(servers)
    if desired.vmm_id is not None:
        return next((each for each in known if same_name(each.vmm_id or "", desired.vmm_id)), None)
    return select(known, [desired.name])[desired.name]


def removing_job(jobs: Iterable[Job], server: VmmServer) -> str | None:
    """Return the name of a running job that removes the server already."""
    for job in jobs:
        if job.scenario in _SCENARIOS and not job.is_final and same_name(job.target.id, server.vmm_id or ""):
            return job.name
    return None


def plan_server_removal(state: ServerState, desired: DesiredRemoval) -> Plan:
    """Plan to remove the server. Raises Refused while anything uses it."""
    server = state.server
    if server is None:
        return Plan()
    if state.uses:
        raise Refused(
            f"VMM server {server.name} is in use: {', '.join(state.uses)}; remove these first, in the order of"
            " siterecovery.hyperv.removal_info",
            blocked_by=list(state.uses),
        )
    if desired.method == REMOVE and not server.connected and state.job is None:
        raise Refused(
            f"VMM server {server.name} is not connected, so the service cannot clear its registration; start the"
            " server and its VMM service, or use the method purge",
            blocked_by=["it is not connected"],
        )
    verb = "purge" if desired.method == PURGE else "remove"
    left = "; its registration stays on the server" if desired.method == PURGE else ""
    reason = f"{verb} VMM server {server.name} from vault {desired.vault_name}{left}"
    before, after = state.to_result(), ServerState().to_result()
    return Plan(tuple(Change(name, before[name], after[name], reason) for name in after if before[name] != after[name]))
