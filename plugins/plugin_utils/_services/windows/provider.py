# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: has the Site Recovery Provider on a VMM server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....module_utils._model.common.errors import RemoteFailure
from ....module_utils._model.common.plan import Plan
from ....module_utils._model.common.resource import Noun
from ....module_utils._model.windows import provider as model
from ....module_utils._model.windows.background_task import found, timeout_of
from ....module_utils._model.windows.facts import Machine
from ....module_utils._model.windows.installer import require_success
from ....module_utils._model.windows.provider import OPT_IN, SETUP, DesiredProvider
from ..._windows.background_task import DetachedWork
from ..._windows.observation import observe
from ..._windows.session import Session
from .staging import staged

# usrsRegistrationPending of the Windows Update Agent.
_PENDING = 2


class Provider(Noun[Machine]):
    """The Provider: installed, upgraded, never downgraded; the VMM service runs afterwards (S3, P1, P2, P3)."""

    steps = ("S3", "P1", "P2", "P3")

    def __init__(self, session: Session, desired: DesiredProvider, timeout: float) -> None:
        self._session = session
        self._desired = desired
        self._staging = desired.installer.staging_dir
        self._setup = DetachedWork(session, SETUP, self._staging, timeout)
        self._opt_in = DetachedWork(session, OPT_IN, self._staging, timeout)
        self._restart = False
        self._last: Machine | None = None
        self._notes: list[str] = []

    def observe(self) -> Machine:
        self._last = observe(self._session, self._desired.sections, staging_dir=self._staging)
        return self._last

    def settled(self, state: Machine) -> Machine:
        works = [
            (work, judge)
            for job, work, judge in (
                (SETUP, self._setup, self._judge),
                (OPT_IN, self._opt_in, _judge_opt_in),
            )
            if found(state.work, job.name) is not None
        ]
        self._notes += [work.taken_over(judge) for work, judge in works]
        return self.observe() if works else state

    def plan(self, state: Machine) -> Plan:
        return model.plan_provider(state, self._desired)

    def apply(self, plan: Plan, state: Machine) -> None:
        if model.installs(plan):
            self._notes += model.warnings(state, self._desired)
            self._install(model.cluster_resource(state.vmm))
        elif plan.touches("vmm_service"):
            resource = model.cluster_resource(state.vmm)
            self._session.run("start_service", {"Name": "SCVMMService", "ClusterResource": resource})
        if plan.touches("microsoft_update"):
            _judge_opt_in(self._opt_in.run({"OptIn": self._desired.microsoft_update}))

    def _install(self, resource: str | None) -> None:
        installer = self._desired.installer
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
            self._judge(answer)

    def _setup_wanted(self) -> bool:
        """Whether the next run would still install, whatever this one was told."""
        return model.installs(self.plan(self.observe()))

    def project(self, state: Machine) -> dict[str, Any]:
        return model.project_provider(state, self._desired)

    def describe(self, state: Machine) -> str:
        return model.told("P1", state, self._desired)

    def told(self, step: str, state: Machine) -> str:
        return model.told(step, state, self._desired)

    def part(self, step: str, plan: Plan) -> Plan:
        return model.part(step, plan, self._desired)

    def warnings(self, state: Machine) -> tuple[str, ...]:  # noqa: ARG002
        restart = ("the Provider's setup asks for a restart of the server (3010)",) if self._restart else ()
        return (*self._notes, *restart)

    @property
    def restart_wanted(self) -> bool:
        host = self._last.host if self._last else None
        return self._restart or bool(host and host.pending_restart)

    def _judge(self, answer: Mapping[str, Any]) -> None:
        log = answer["log_tail"]
        if answer["setup_exit"] is None:
            require_success("the Provider's package", answer["extract_exit"], {}, log)
        self._restart = require_success("setupdr.exe", answer["setup_exit"], model.SETUP_CODES, log)
        left = model.left_stopped(self._last.vmm if self._last else None, answer)
        if left is not None:
            raise RemoteFailure(
                f"setup ended well, but service SCVMMService is {left}; look at its event log, start it, then run again"
            )


def _judge_opt_in(answer: Mapping[str, Any]) -> None:
    if answer["registration"] == _PENDING:
        raise RemoteFailure(
            "microsoft_update: Windows Update keeps the opt-in as pending, because it can't reach its service now; let"
            " the server reach Windows Update, then run again"
        )


def build(options: Mapping[str, Any], session: Session) -> Provider:
    """The noun of the action's options; raises InvalidInput."""
    return Provider(session, DesiredProvider.from_options(options), timeout_of(options))
