# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: manages the Recovery Services agent on a Hyper-V host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....module_utils._model.common.errors import RemoteFailure
from ....module_utils._model.common.plan import Plan
from ....module_utils._model.common.resource import Applied, ManagedResource, merged
from ....module_utils._model.common.versions import older
from ....module_utils._model.common.waiting import require_timeout
from ....module_utils._model.windows import agent as model
from ....module_utils._model.windows.agent import SETUP, DesiredAgent
from ....module_utils._model.windows.background_task import checked_timeout, find_task
from ....module_utils._model.windows.facts import MachineFacts
from ....module_utils._model.windows.host_facts import RUNNING
from ....module_utils._model.windows.installer import require_success
from ....module_utils._model.windows.setup import installs, restart_pending
from ....module_utils._model.windows.setup_logon import checked_logon
from ..._windows.background_task import BackgroundTaskRunner, OtherRun
from ..._windows.node_restart import resume_node
from ..._windows.observation import observe
from ..._windows.session import Session
from .staging import staged

RESUMED_NOTE = "an earlier run has paused the host's node of its cluster for a restart; this run has resumed it"
UNPAUSED_NOTE = (
    "an earlier run has paused the host's node of its cluster for a restart, and it is not paused anymore; this run has"
    " removed only the mark"
)
PAUSED_NOTE = (
    "an earlier run has paused the host's node of its cluster for a restart; a run without check mode resumes it"
)
#: How long an upgrade may continue after the installer's process has ended. The documentation names minutes.
_UPGRADE_SECONDS = 600.0
#: How long the cluster may take to show a node again.
_JOIN_SECONDS = 300.0
RESTART_NOTE = "the agent's installer asks for a restart of the host (exit code 3010)"


class MarsAgent(ManagedResource[MachineFacts, Applied]):
    """The agent: installed, upgraded in place and never downgraded, with its service running (H1, H3, H4)."""

    steps = ("H1", "H3", "H4")

    def __init__(self, session: Session, desired: DesiredAgent, timeout: float, password: str | None) -> None:
        self._session = session
        self._desired = desired
        self._setup = BackgroundTaskRunner(session, SETUP, desired.installer.folder, timeout, password)

    @property
    def staging_folder(self) -> str:
        """Return the folder of background tasks."""
        return self._desired.installer.folder

    def observe(self) -> MachineFacts:
        """Read the machine."""
        return observe(self._session, model.SECTIONS, staging_dir=self.staging_folder)

    def wait_until_settled(self, state: MachineFacts) -> tuple[MachineFacts, Applied]:
        """Resume a node that an earlier run has paused, and wait for a setup that an earlier run started."""
        records = []
        if state.agent is not None and state.agent.paused_node:
            resumed = resume_node(self._session, "H3", _JOIN_SECONDS)
            note = RESUMED_NOTE if resumed.done else UNPAUSED_NOTE
            records.append(Applied((resumed.warning or note,), acted=resumed.done))
        if find_task(state.background_tasks, SETUP) is not None:
            records.append(self._setup.resume(_require_installed))
        return (self.observe() if records else state), merged(records)

    def is_settled(self, state: MachineFacts) -> bool:
        """Tell whether an earlier run has neither paused the node nor left a setup."""
        paused = state.agent is not None and bool(state.agent.paused_node)
        return not paused and find_task(state.background_tasks, SETUP) is None

    def plan(self, state: MachineFacts) -> Plan:
        """Plan the changes. Raises Refused."""
        return model.plan_agent(state, self._desired)

    def apply(self, plan: Plan, state: MachineFacts) -> Applied:
        """Run setup or start the service, then set the limits."""
        applied = Applied()
        if installs(plan):
            try:
                applied = self._install(state)
            except OtherRun as other:
                applied = Applied((other.message,))
        elif plan.touches("service"):
            self._session.run("start_service", {"Name": "obengine"})
        touched = model.limited(plan)
        if touched:
            self._limit(self._desired.limits.parameters(touched))
        return applied

    def _install(self, state: MachineFacts) -> Applied:
        new = state.agent is None
        with staged(self._session, self._desired.installer, self._still_needed) as verified:
            answer = self._setup.run(
                {
                    **verified,
                    "InstallPath": self._desired.install_path if new else None,
                    "CachePath": self._desired.cache_path if new else None,
                    "RemoveInstaller": not self._desired.installer.stays,
                }
            )
            restart = _require_installed(answer)
        notes = model.setup_notes(state, self._desired)
        return Applied((*notes, RESTART_NOTE) if restart else notes, restart)

    def _still_needed(self) -> bool:
        """Tell whether the next run would run setup again, although this one was reported as failed."""
        return installs(self.plan(self.observe()))

    def to_result(self, state: MachineFacts) -> dict[str, Any]:
        """Return the agent as results show it."""
        return model.agent_result(state, self._desired)

    def describe(self, state: MachineFacts) -> str:
        """Describe the agent and its service."""
        return model.summary("H4", state, self._desired)

    def summary(self, step: str, state: MachineFacts) -> str:
        """Describe the state for one step."""
        return model.summary(step, state, self._desired)

    def changes_for_step(self, step: str, plan: Plan) -> Plan:
        """Return the changes of one step."""
        return model.changes_for_step(step, plan)

    def warnings(self, state: MachineFacts) -> tuple[str, ...]:
        """Return one line for each inadvisable condition."""
        paused = (PAUSED_NOTE,) if self._session.check_mode and state.agent and state.agent.paused_node else ()
        return (*paused, *model.warnings(state, self._desired))

    def visibility_limit(self, state: MachineFacts) -> float:
        """Return how long an upgrade may continue in the background, while the old service runs."""
        outdated = state.agent is not None and older(state.agent.version, self._desired.installer.version)
        return _UPGRADE_SECONDS if outdated else 0.0

    def restart_pending(self, state: MachineFacts) -> bool:
        """Tell whether Windows waits for a restart."""
        return restart_pending(state)

    def _limit(self, parameters: Mapping[str, Any]) -> None:
        answer = self._session.run("set_agent_limits", parameters)
        if answer["service"] != RUNNING:
            raise RemoteFailure(
                f"the agent's limits were set, but service obengine is {answer['service'] or 'missing'} after its"
                " restart; start it, then run again"
            )


def _require_installed(answer: Mapping[str, Any]) -> bool:
    """Return whether the installer asks for a restart. Raises RemoteFailure when it failed or left it stopped."""
    restart = require_success("MARSAgentInstaller.exe", answer["exit_code"], model.CODES, answer["log_tail"])
    if answer["service"] != RUNNING:
        raise RemoteFailure(
            f"the installer succeeded, but service obengine is {answer['service'] or 'missing'};"
            " check its event log, start it, then run again"
        )
    return restart


def build(options: Mapping[str, Any], session: Session) -> MarsAgent:
    """Build the resource from the task's options. Raises InvalidInput."""
    require_timeout(options.get("drain_timeout", 0), "drain_timeout")
    return MarsAgent(session, DesiredAgent.from_options(options), checked_timeout(options), checked_logon(options))
