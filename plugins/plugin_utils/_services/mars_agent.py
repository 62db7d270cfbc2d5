# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: has the Recovery Services agent on a Hyper-V host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...module_utils._model import agent as model
from ...module_utils._model.agent import DesiredAgent
from ...module_utils._model.errors import RemoteFailure
from ...module_utils._model.installer import require_success
from ...module_utils._model.lifecycle import Noun
from ...module_utils._model.machine import RUNNING, Machine
from ...module_utils._model.plan import Plan
from .._windows.observation import observe
from .._windows.session import Session
from .staging import staged


class MarsAgent(Noun[Machine]):
    """The agent: installed, upgraded in place, never downgraded; its service runs afterwards (H1, H3, H4)."""

    steps = ("H1", "H3", "H4")

    def __init__(self, session: Session, desired: DesiredAgent) -> None:
        self._session = session
        self._desired = desired
        self._restart = False

    def observe(self) -> Machine:
        return observe(self._session, model.SECTIONS)

    def plan(self, state: Machine) -> Plan:
        return model.plan_agent(state, self._desired)

    def apply(self, plan: Plan, state: Machine) -> None:
        if not model.installs(plan):
            self._session.run("start_service", {"Name": "obengine"})
            return
        new = state.agent is None
        with staged(self._session, self._desired.installer) as path:
            answer = self._session.run(
                "install_agent",
                {
                    "InstallerPath": path,
                    "InstallPath": self._desired.install_path if new else None,
                    "CachePath": self._desired.cache_path if new else None,
                },
            )
            self._judge(answer)

    def project(self, state: Machine) -> dict[str, Any]:
        return model.project_agent(state)

    def describe(self, state: Machine) -> str:
        return model.told("H4", state, self._desired)

    def told(self, step: str, state: Machine) -> str:
        return model.told(step, state, self._desired)

    def part(self, step: str, plan: Plan) -> Plan:
        return model.part(step, plan)

    def warnings(self, state: Machine) -> tuple[str, ...]:  # noqa: ARG002
        restart = ("the agent's installer asks for a restart of the host (3010)",) if self._restart else ()
        return restart + model.warnings(self._desired)

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
    return MarsAgent(session, DesiredAgent.from_options(options))
