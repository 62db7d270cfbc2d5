# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: removes the Recovery Services agent from a Hyper-V host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....module_utils._model.common.errors import RemoteFailure
from ....module_utils._model.common.plan import Plan
from ....module_utils._model.common.resource import Applied, ManagedResource
from ....module_utils._model.windows import agent, agent_removal
from ....module_utils._model.windows.agent_removal import REMOVAL
from ....module_utils._model.windows.background_task import checked_timeout, find_task
from ....module_utils._model.windows.facts import MachineFacts
from ....module_utils._model.windows.installer import Installer, require_success
from ....module_utils._model.windows.removal import STEP
from ....module_utils._model.windows.setup_logon import checked_logon
from ..._windows.background_task import BackgroundTaskRunner, OtherRun
from ..._windows.observation import observe
from ..._windows.session import Session
from .staging import staged

RESTART_NOTE = "the agent's installer asks for a restart of the host (exit code 3010)"


class AgentRemoval(ManagedResource[MachineFacts, Applied]):
    """The agent, which its own installer removes (X1)."""

    steps = (STEP,)

    def __init__(self, session: Session, options: Mapping[str, Any]) -> None:
        self._session = session
        self._installer = Installer.from_options(options, agent.PACKAGE)
        self._removal = BackgroundTaskRunner(
            session, REMOVAL, self._installer.folder, checked_timeout(options), checked_logon(options)
        )

    def observe(self) -> MachineFacts:
        """Read the machine."""
        return observe(self._session, agent_removal.SECTIONS, staging_dir=self._installer.folder)

    def wait_until_settled(self, state: MachineFacts) -> tuple[MachineFacts, Applied]:
        """Wait for a removal that an earlier run started."""
        if find_task(state.background_tasks, REMOVAL) is None:
            return state, Applied()
        ended = self._removal.resume(_require_removed)
        return self.observe(), ended

    def plan(self, state: MachineFacts) -> Plan:
        """Plan the removal. Raises Refused."""
        return agent_removal.plan_agent_removal(state)

    def apply(self, plan: Plan, state: MachineFacts) -> Applied:  # noqa: ARG002
        """Remove the agent."""
        with staged(self._session, self._installer, self._still_needed) as verified:
            try:
                answer = self._removal.run({**verified, "RemoveInstaller": not self._installer.stays})
            except OtherRun as other:
                return Applied((other.message,))
            restart = _require_removed(answer)
        return Applied((RESTART_NOTE,) if restart else (), restart)

    def _still_needed(self) -> bool:
        """Tell whether the next run would remove the agent again, although this one was reported as failed."""
        return self.plan(self.observe()).changed

    def to_result(self, state: MachineFacts) -> dict[str, Any]:
        """Return the agent as results show it."""
        return agent_removal.removal_result(state)

    def describe(self, state: MachineFacts) -> str:
        """Describe the agent and its service."""
        return agent_removal.describe(state)


def _require_removed(answer: Mapping[str, Any]) -> bool:
    """Return whether the installer asks for a restart. Raises RemoteFailure when it failed or left the service."""
    restart = require_success("MARSAgentInstaller.exe", answer["exit_code"], agent.CODES, answer["log_tail"])
    if answer["service"] is not None:
        raise RemoteFailure(
            f"the installer succeeded, but service obengine is still {answer['service']}; restart the host, then run"
            " again"
        )
    return restart


def build(options: Mapping[str, Any], session: Session) -> AgentRemoval:
    """Build the resource from the task's options. Raises InvalidInput."""
    return AgentRemoval(session, options)
