# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: has the Site Recovery Provider on a VMM server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....module_utils._model.common.errors import RemoteFailure
from ....module_utils._model.common.plan import Plan
from ....module_utils._model.common.resource import Applied, ManagedResource, merged
from ....module_utils._model.windows import provider as model
from ....module_utils._model.windows.background_task import found, timeout_of
from ....module_utils._model.windows.facts import MachineFacts
from ....module_utils._model.windows.installer import require_success
from ....module_utils._model.windows.provider import OPT_IN, SETUP, DesiredProvider
from ..._windows.background_task import DetachedWork
from ..._windows.observation import observe
from ..._windows.session import Session
from .staging import staged

# usrsRegistrationPending of the Windows Update Agent.
_PENDING = 2
RESTART_NOTE = "the Provider's setup asks for a restart of the server (exit code 3010)"


class Provider(ManagedResource[MachineFacts, Applied]):
    """The Provider: installed, upgraded, never downgraded; the VMM service runs afterwards (S3, P1, P2, P3)."""

    steps = ("S3", "P1", "P2", "P3")

    def __init__(self, session: Session, desired: DesiredProvider, timeout: float) -> None:
        self._session = session
        self._desired = desired
        self._staging = desired.installer.staging_dir
        self._setup = DetachedWork(session, SETUP, self._staging, timeout)
        self._opt_in = DetachedWork(session, OPT_IN, self._staging, timeout)

    def observe(self) -> MachineFacts:
        return observe(self._session, self._desired.sections, staging_dir=self._staging)

    def wait_until_settled(self, state: MachineFacts) -> tuple[MachineFacts, Applied]:
        ended: list[Applied] = []
        if found(state.work, SETUP.name) is not None:
            ended.append(self._setup.taken_over(lambda answer: _require_installed(answer, state)))
        if found(state.work, OPT_IN.name) is not None:
            ended.append(self._opt_in.taken_over(_require_opted_in))
        return (self.observe(), merged(ended)) if ended else (state, Applied())

    def plan(self, state: MachineFacts) -> Plan:
        return model.plan_provider(state, self._desired)

    def apply(self, plan: Plan, state: MachineFacts) -> Applied:
        applied = Applied()
        if model.installs(plan):
            applied = self._install(state)
        elif plan.touches("vmm_service"):
            resource = model.cluster_resource(state.vmm)
            self._session.run("start_service", {"Name": "SCVMMService", "ClusterResource": resource})
        if plan.touches("microsoft_update"):
            _require_opted_in(self._opt_in.run({"OptIn": self._desired.microsoft_update}))
        return applied

    def _install(self, state: MachineFacts) -> Applied:
        installer, resource = self._desired.installer, model.cluster_resource(state.vmm)
        with staged(self._session, installer, self._setup_wanted) as path:
            answer = self._setup.run(
                {
                    "InstallerPath": path,
                    # In the folder of the work, that only administrators can write to: it goes with it in any case.
                    "ExtractDir": f"{self._staging}\\work\\{SETUP.name}\\package",
                    "RemoveInstaller": not installer.stays,
                    **({"ClusterResource": resource} if resource else {}),
                }
            )
            restart = _require_installed(answer, state)
        notes = model.warnings(state, self._desired)
        return Applied((*notes, RESTART_NOTE) if restart else notes, restart)

    def _setup_wanted(self) -> bool:
        """Whether the next run would still install, whatever this one was told."""
        return model.installs(self.plan(self.observe()))

    def to_result(self, state: MachineFacts) -> dict[str, Any]:
        return model.provider_result(state, self._desired)

    def describe(self, state: MachineFacts) -> str:
        return model.summary("P1", state, self._desired)

    def summary(self, step: str, state: MachineFacts) -> str:
        return model.summary(step, state, self._desired)

    def changes_for_step(self, step: str, plan: Plan) -> Plan:
        return model.changes_for_step(step, plan, self._desired)

    def restart_pending(self, state: MachineFacts) -> bool:
        return bool(state.host and state.host.pending_restart)


def _require_installed(answer: Mapping[str, Any], state: MachineFacts) -> bool:
    """Return whether setup asks for a restart. Raises RemoteFailure when it failed or left VMM stopped."""
    log = answer["log_tail"]
    if answer["setup_exit"] is None:
        require_success("the Provider's package", answer["extract_exit"], {}, log)
    restart = require_success("setupdr.exe", answer["setup_exit"], model.SETUP_CODES, log)
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
            "microsoft_update: Windows Update keeps the opt-in as pending, because it can't reach its service now; let"
            " the server reach Windows Update, then run again"
        )
    return False


def build(options: Mapping[str, Any], session: Session) -> Provider:
    """The noun of the action's options; raises InvalidInput."""
    return Provider(session, DesiredProvider.from_options(options), timeout_of(options))
