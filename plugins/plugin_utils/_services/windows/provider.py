# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: manages the Site Recovery Provider on a VMM server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....module_utils._model.common.errors import RemoteFailure
from ....module_utils._model.common.plan import Plan
from ....module_utils._model.common.resource import Applied, ManagedResource, merged
from ....module_utils._model.windows import provider as model
from ....module_utils._model.windows.background_task import checked_timeout, find_task
from ....module_utils._model.windows.facts import MachineFacts
from ....module_utils._model.windows.installer import require_success
from ....module_utils._model.windows.provider import OPT_IN, SETUP, DesiredProvider
from ....module_utils._model.windows.setup import installs, restart_pending
from ....module_utils._model.windows.setup_logon import checked_logon
from ....module_utils._model.windows.vmm_jobs import describe_jobs, jobs_of
from ..._windows.background_task import BackgroundTaskRunner, OtherRun
from ..._windows.observation import observe
from ..._windows.session import Session
from .quiet_vmm import QuietVmm
from .staging import staged

# usrsRegistrationPending of the Windows Update Agent.
_PENDING = 2
RESTART_NOTE = "the Provider's setup asks for a restart of the server (exit code 3010)"


class Provider(ManagedResource[MachineFacts, Applied]):
    """The Provider: installed, upgraded and never downgraded, with the VMM service running (S3, P1, P2, P3)."""

    steps = ("S3", "P1", "P2", "P3")

    def __init__(self, session: Session, desired: DesiredProvider, timeout: float, password: str | None) -> None:
        self._session = session
        self._desired = desired
        self._staging = desired.installer.folder
        self._setup = BackgroundTaskRunner(session, SETUP, self._staging, timeout, password)
        self._quiet = QuietVmm(session, desired.running_jobs, "P1")
        self._opt_in = BackgroundTaskRunner(session, OPT_IN, self._staging, timeout, password)

    def observe(self) -> MachineFacts:
        """Read the machine."""
        return observe(self._session, self._desired.sections, staging_dir=self._staging)

    def wait_until_settled(self, state: MachineFacts) -> tuple[MachineFacts, Applied]:
        """Wait for background tasks that an earlier run started."""
        ended: list[Applied] = []
        if find_task(state.background_tasks, SETUP) is not None:
            ended.append(self._setup.resume(lambda answer: _require_installed(answer, state)))
        if find_task(state.background_tasks, OPT_IN) is not None:
            ended.append(self._opt_in.resume(_require_opted_in))
        return (self.observe(), merged(ended)) if ended else (state, Applied())

    def plan(self, state: MachineFacts) -> Plan:
        """Plan the changes. Raises Refused."""
        return model.plan_provider(state, self._desired)

    def apply(self, plan: Plan, state: MachineFacts) -> Applied:
        """Run setup or start the service, then opt in to Microsoft Update or out of it."""
        applied = Applied()
        if installs(plan):
            try:
                applied = self._install(state)
            except OtherRun as other:
                applied = Applied((other.message,))
        elif plan.touches("vmm_service"):
            resource = model.cluster_resource(state.vmm)
            self._session.run("start_service", {"Name": "SCVMMService", "ClusterResource": resource})
        if plan.touches("microsoft_update"):
            applied = merged([applied, self._set_opt_in()])
        return applied

    def _install(self, state: MachineFacts) -> Applied:
        installer, resource = self._desired.installer, model.cluster_resource(state.vmm)
        with staged(self._session, installer, self._still_needed) as verified:
            parameters = {
                **verified,
                # Only administrators can write to the task's folder, and it is always removed with the task.
                "ExtractDir": f"{self._staging}\\work\\{SETUP.name}\\package",
                "RemoveInstaller": not installer.stays,
                "EarlierVersion": model.earlier_version(state.provider, self._desired),
                **self._quiet.parameters,
                **({"ClusterResource": resource} if resource else {}),
            }
            jobs = state.vmm.running_jobs if state.vmm and state.active else None
            answer = self._quiet.require(lambda: self._setup.run(parameters), jobs)
            restart = _require_installed(answer, state)
        notes = model.setup_notes(state, self._desired)
        return Applied((*notes, RESTART_NOTE) if restart else notes, restart)

    def _set_opt_in(self) -> Applied:
        try:
            _require_opted_in(self._opt_in.run({"OptIn": self._desired.microsoft_update}))
        except OtherRun as other:
            return Applied((other.message,))
        return Applied()

    def _still_needed(self) -> bool:
        """Tell whether the next run would run setup again, although this one was reported as failed."""
        return installs(self.plan(self.observe()))

    def to_result(self, state: MachineFacts) -> dict[str, Any]:
        """Return the Provider as results show it."""
        return model.provider_result(state, self._desired)

    def describe(self, state: MachineFacts) -> str:
        """Describe the Provider and the VMM service."""
        return model.summary("P1", state, self._desired)

    def summary(self, step: str, state: MachineFacts) -> str:
        """Describe the state for one step."""
        return model.summary(step, state, self._desired)

    def changes_for_step(self, step: str, plan: Plan) -> Plan:
        """Return the changes of one step."""
        return model.changes_for_step(step, plan, self._desired)

    def warnings(self, state: MachineFacts) -> tuple[str, ...]:
        """Return one line for a planned upgrade that is not supported."""
        return model.warnings(state, self._desired)

    def restart_pending(self, state: MachineFacts) -> bool:
        """Tell whether Windows waits for a restart."""
        return restart_pending(state)


def _require_installed(answer: Mapping[str, Any], state: MachineFacts) -> bool:
    """Return whether setup asks for a restart. Raises RemoteFailure when it failed or left VMM stopped."""
    log = answer["log_tail"]
    jobs = jobs_of(answer.get("running_jobs"))
    if jobs:
        raise RemoteFailure(f"setup did not start, because {describe_jobs(jobs)}")
    if answer["setup_exit"] is None:
        require_success("the Provider's package", answer["extract_exit"], {}, log)
    restart = require_success("setupdr.exe", answer["setup_exit"], model.SETUP_CODES, log, answer.get("events") or ())
    left = model.left_stopped(state.vmm, answer)
    if left is not None:
        raise RemoteFailure(
            f"setup succeeded, but service SCVMMService is {left}; check its event log, start it, then run again"
        )
    return restart


def _require_opted_in(answer: Mapping[str, Any]) -> bool:
    """Raise RemoteFailure while Windows Update has not accepted the opt-in. It never needs a restart."""
    if answer["registration"] == _PENDING:
        raise RemoteFailure(
            "microsoft_update: the opt-in is pending, because Windows Update cannot reach its service; allow the"
            " server to reach Windows Update, then run again"
        )
    return False


def build(options: Mapping[str, Any], session: Session) -> Provider:
    """Build the resource from the task's options. Raises InvalidInput."""
    return Provider(session, DesiredProvider.from_options(options), checked_timeout(options), checked_logon(options))
