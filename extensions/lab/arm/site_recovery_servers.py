# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Site Recovery: the removal of a VMM server from its vault."""

from __future__ import annotations

from collections.abc import Callable

from ..context import ReplicationRefused
from .job_answers import accepted, add_result
from .job_engine import start_job
from .job_trees import tasks_of
from .jobs import Job, JobError, JobTarget, TaskFailed
from .messages import Answer, Call
from .records import Fabric, Vault
from .recovery_services import need_vault
from .routes import Routes
from .site_recovery import FABRIC, get_fabric, need_fabric, need_provider, server_of_job
from .site_recovery_documents import fabric_id
from .state import AzureState
from .versions import SITE_RECOVERY

ROUTES = Routes(SITE_RECOVERY)


# inferred: the Provider of a VMM server goes together with the server, whichever of the two is removed.
_PROVIDER = FABRIC + "/replicationRecoveryServicesProviders/{provider}"


@ROUTES.action(_PROVIDER + "/remove")
@ROUTES.action(FABRIC + "/remove")
def remove(state: AzureState, call: Call) -> Answer:
    """Remove a server, whose Provider clears its registration (recorded: the job and its tasks)."""
    vault = need_vault(state, call)
    fabric = _named(vault, call)
    state.context.journal.write("azure", call.path, "remove server", server=fabric.server.friendly_name)

    def clear(_job: Job) -> None:
        if not fabric.connected:
            # documented: error 25018: the server has no connection to the service; inferred: the text.
            raise ReplicationRefused("25018", 0, f"The server '{fabric.server.friendly_name}' is not connected.")
        state.context.fabric.unregister(fabric.server.vmm_id)

    work = {"UnregisterFabricPreflightChecksTask": _checks(vault, fabric), "CleanupFabricTask": clear}
    return accepted(state, call, _job(state, vault, fabric, "UnregisterFabric", work))


@ROUTES.delete(_PROVIDER)
@ROUTES.delete(FABRIC)
def purge(state: AzureState, call: Call) -> Answer:
    """Forget a server, which keeps its registration (documented); recorded: also a connected one, and at once."""
    vault = need_vault(state, call)
    fabric = _named(vault, call)
    state.context.journal.write("azure", call.path, "purge server", server=fabric.server.friendly_name)
    work = {"PurgeFabricPreflightChecksTask": _checks(vault, fabric)}
    return accepted(state, call, _job(state, vault, fabric, "PurgeVMM", work))


def _named(vault: Vault, call: Call) -> Fabric:
    """Return the server that a request names by itself or by its Provider."""
    return need_provider(vault, call) if "provider" in call.names else need_fabric(vault, call)


def _job(state: AzureState, vault: Vault, fabric: Fabric, scenario: str, work: dict[str, Callable[[Job], None]]) -> Job:
    server = fabric.server
    target = JobTarget("Server", server.vmm_id, server.friendly_name, fabric_id(vault, fabric))

    def finish(done: bool) -> None:
        if done:
            vault.fabrics.pop(fabric.name.lower(), None)

    tasks = tasks_of(scenario, work)
    return start_job(state, vault, scenario, target, tasks=tasks, finish=finish, affected=server_of_job(fabric))


def _checks(vault: Vault, fabric: Fabric) -> Callable[[Job], None]:
    """Return the check of a server that is in use (documented: what blocks it; inferred: the code and the texts)."""

    def check(_job: Job) -> None:
        clouds = {cloud_id.lower() for cloud_id in fabric.containers}
        networks = {network.id.lower() for network in fabric.server.networks}
        uses = {
            "protected items": sum(1 for item in vault.items.values() if item.fabric.lower() == fabric.name.lower()),
            "associated policies": sum(1 for cloud, _name in vault.associations if cloud in clouds),
            "network mappings": sum(1 for network, _name in vault.network_mappings if network in networks),
        }
        used = ", ".join(f"{count} {name}" for name, count in uses.items() if count)
        if used:
            message = f"The server '{fabric.server.friendly_name}' can't be deleted because it has {used}."
            raise TaskFailed(JobError("520", message, causes="", action="Remove them, and then retry the operation."))

    return check


add_result(ROUTES, FABRIC, get_fabric)
