# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: has the Recovery Services agent on a Hyper-V host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....module_utils._model.common.errors import RemoteFailure
from ....module_utils._model.common.plan import Plan
from ....module_utils._model.common.resource import Noun
from ....module_utils._model.windows import agent as model
from ....module_utils._model.windows.agent import SETUP, DesiredAgent
from ....module_utils._model.windows.background_task import found, timeout_of
from ....module_utils._model.windows.facts import RUNNING, Machine
from ....module_utils._model.windows.installer import require_success
from ....module_utils._model.windows.requirements import advice
from ..._windows.background_task import DetachedWork
from ..._windows.observation import observe
from ..._windows.session import Session
from .staging import staged


class MarsAgent(Noun[Machine]):
    """The agent: installed, upgraded in place, never downgraded; its service runs afterwards (H1, H3, H4)."""

    steps = ("H1", "H3", "H4")

    def __init__(self, session: Session, desired: DesiredAgent, timeout: float) -> None:
        self._session = session
        self._desired = desired
        self._setup = DetachedWork(session, SETUP, desired.installer.staging_dir, timeout)
        self._restart = False
        self._last: Machine | None = None
        self._notes: list[str] = []

    def observe(self) -> Machine:
        self._last = observe(self._session, model.SECTIONS, staging_dir=self._desired.installer.staging_dir)
        return self._last

    def settled(self, state: Machine) -> Machine:
        if found(state.work, SETUP.name) is None:
            return state
        self._notes.append(self._setup.taken_over(self._judge))
        return self.observe()

    def plan(self, state: Machine) -> Plan:
        return model.plan_agent(state, self._desired)

    def apply(self, plan: Plan, state: Machine) -> None:
        if model.installs(plan):
            self._install(state)
        elif plan.touches("service"):
            self._session.run("start_service", {"Name": "obengine"})
        touched = model.limited(plan)
        if touched:
            self._limit(self._desired.limits.parameters(touched))

    def _install(self, state: Machine) -> None:
        self._notes += advice(state.host)
        new = state.agent is None
        with staged(self._session, self._desired.installer, self._setup_wanted) as path:
            answer = self._setup.run(
                {
                    "InstallerPath": path,
                    "InstallPath": self._desired.install_path if new else None,
                    "CachePath": self._desired.cache_path if new else None,
                    "RemoveInstaller": not self._desired.installer.stays,
                }
            )
            self._judge(answer)

    def _setup_wanted(self) -> bool:
        """Whether the next run would still install, whatever this one was told."""
        return model.installs(self.plan(self.observe()))

    def project(self, state: Machine) -> dict[str, Any]:
        return model.project_agent(state, self._desired)

    def describe(self, state: Machine) -> str:
        return model.told("H4", state, self._desired)

    def told(self, step: str, state: Machine) -> str:
        return model.told(step, state, self._desired)

    def part(self, step: str, plan: Plan) -> Plan:
        return model.part(step, plan)

    def warnings(self, state: Machine) -> tuple[str, ...]:
        restart = ("the agent's installer asks for a restart of the host (3010)",) if self._restart else ()
        return (*self._notes, *restart, *model.warnings(self._desired, state.agent))

    @property
    def restart_wanted(self) -> bool:
        host = self._last.host if self._last else None
        return self._restart or bool(host and host.pending_restart)

    def _limit(self, parameters: Mapping[str, Any]) -> None:
        answer = self._session.run("set_agent_limits", parameters)
        if answer["service"] != RUNNING:
            raise RemoteFailure(
                f"the agent's limits are set, but service obengine is {answer['service'] or 'missing'} after its"
                " restart; start it, then run again"
            )

    def _judge(self, answer: Mapping[str, Any]) -> None:
        log = answer["log_tail"]
        self._restart = require_success("MARSAgentInstaller.exe", answer["exit_code"], model.CODES, log)
        if answer["service"] != RUNNING:
            raise RemoteFailure(
                f"the installer ended well, but service obengine is {answer['service'] or 'missing'};"
                " look at its event log, start it, then run again"
            )


def build(options: Mapping[str, Any], session: Session) -> MarsAgent:
    """The noun of the action's options; raises InvalidInput."""
    return MarsAgent(session, DesiredAgent.from_options(options), timeout_of(options))
