# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: removes the Site Recovery Provider from a VMM server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....module_utils._model.common.errors import RemoteFailure
from ....module_utils._model.common.plan import Plan
from ....module_utils._model.common.resource import Applied, ManagedResource
from ....module_utils._model.windows import provider_removal as model
from ....module_utils._model.windows.azure_registration import checked_azure_registration
from ....module_utils._model.windows.background_task import checked_timeout, find_task
from ....module_utils._model.windows.facts import MachineFacts
from ....module_utils._model.windows.host_facts import STAGING_DIR
from ....module_utils._model.windows.installer import require_success
from ....module_utils._model.windows.provider import cluster_resource, left_stopped
from ....module_utils._model.windows.provider_removal import REMOVAL
from ....module_utils._model.windows.removal import INSTALLER_CODES, STEP
from ....module_utils._model.windows.setup_logon import checked_logon
from ....module_utils._model.windows.vmm_jobs import RunningJobs, describe_jobs, jobs_of
from ..._windows.background_task import BackgroundTaskRunner, OtherRun
from ..._windows.observation import observe
from ..._windows.session import Session
from .quiet_vmm import QuietVmm

RESTART_NOTE = "the removal of the Provider asks for a restart of the server (exit code 3010)"


class ProviderRemoval(ManagedResource[MachineFacts, Applied]):
    """The Provider, which is removed by its product code while the VMM service is stopped (X1)."""

    steps = (STEP,)

    def __init__(self, session: Session, options: Mapping[str, Any]) -> None:
        self._session = session
        self._running_jobs = RunningJobs.from_options(options)
        self._azure = checked_azure_registration(options["azure_registration"])
        self._quiet = QuietVmm(session, self._running_jobs, STEP)
        self._removal = BackgroundTaskRunner(
            session, REMOVAL, STAGING_DIR, checked_timeout(options), checked_logon(options)
        )

    def observe(self) -> MachineFacts:
        """Read the machine."""
        return observe(self._session, model.SECTIONS)

    def wait_until_settled(self, state: MachineFacts) -> tuple[MachineFacts, Applied]:
        """Wait for a removal that an earlier run started."""
        if find_task(state.background_tasks, REMOVAL) is None:
            return state, Applied()
        ended = self._removal.resume(lambda answer: _require_removed(answer, state))
        return self.observe(), ended

    def plan(self, state: MachineFacts) -> Plan:
        """Plan the removal. Raises Refused."""
        return model.plan_provider_removal(state, self._running_jobs, self._azure)

    def apply(self, plan: Plan, state: MachineFacts) -> Applied:  # noqa: ARG002
        """Remove the Provider."""
        if state.provider is None:
            return Applied()
        parameters = {
            "ProductCode": model.product_code(state.provider),
            "ClusterResource": cluster_resource(state.vmm),
            **self._quiet.parameters,
        }
        jobs = state.vmm.running_jobs if state.vmm and state.active else None
        try:
            answer = self._quiet.require(lambda: self._removal.run(parameters), jobs)
        except OtherRun as other:
            return Applied((other.message,))
        restart = _require_removed(answer, state)
        return Applied((RESTART_NOTE,) if restart else (), restart)

    def to_result(self, state: MachineFacts) -> dict[str, Any]:
        """Return the Provider as results show it."""
        return model.removal_result(state)

    def describe(self, state: MachineFacts) -> str:
        """Describe the Provider and the VMM service."""
        return model.describe(state)


def _require_removed(answer: Mapping[str, Any], state: MachineFacts) -> bool:
    """Return whether the removal asks for a restart. Raises RemoteFailure when it failed or left VMM stopped."""
    jobs = jobs_of(answer.get("running_jobs"))
    if jobs:
        raise RemoteFailure(f"the removal did not start, because {describe_jobs(jobs)}")
    restart = require_success("msiexec.exe", answer["exit_code"], INSTALLER_CODES, [])
    ran = state.vmm is not None and state.vmm.service == "Running"
    left = left_stopped(state.vmm, answer) if ran else None
    if left is not None:
        raise RemoteFailure(
            f"the Provider was removed, but service SCVMMService is {left}; check its event log, and start it"
        )
    return restart


def build(options: Mapping[str, Any], session: Session) -> ProviderRemoval:
    """Build the resource from the task's options. Raises InvalidInput."""
    return ProviderRemoval(session, options)
