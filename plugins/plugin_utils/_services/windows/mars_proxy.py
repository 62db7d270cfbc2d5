# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: manages the proxy of the Recovery Services agent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....module_utils._model.common.errors import RemoteFailure
from ....module_utils._model.common.plan import Plan
from ....module_utils._model.common.resource import Applied, ManagedResource
from ....module_utils._model.windows import agent_proxy as model
from ....module_utils._model.windows.facts import MachineFacts
from ....module_utils._model.windows.host_facts import RUNNING
from ....module_utils._model.windows.proxy import Proxy
from ..._windows.observation import observe
from ..._windows.session import Session

LOGIN_LOST = (
    "this build of the agent does not show whether its proxy has a login, and a change without a login removes it;"
    " set proxy.username and proxy.password"
)


class MarsProxy(ManagedResource[MachineFacts, Applied]):
    """The agent's own proxy (H5). Its service is restarted only if it has not read the current setting."""

    steps = ("H5",)

    def __init__(self, session: Session, desired: Proxy, *, always_password: bool) -> None:
        self._session = session
        self._desired = desired
        self._always_password = always_password

    def observe(self) -> MachineFacts:
        """Read the machine."""
        return observe(self._session, model.SECTIONS)

    def plan(self, state: MachineFacts) -> Plan:
        """Plan the changes. Raises Refused."""
        return model.plan_agent_proxy(
            state, self._desired, always_password=self._always_password, check_mode=self._session.check_mode
        )

    def apply(self, plan: Plan, state: MachineFacts) -> Applied:
        """Set the proxy and restart the service."""
        if not model.restarts_only(plan):
            self._set(state)
        answer = self._session.run("restart_service", {"Name": "obengine"})
        if answer["status"] != RUNNING:
            raise RemoteFailure(
                f"the proxy was set, but service obengine is {answer['status'] or 'missing'} after its restart; start"
                " it, then run again"
            )
        lost = model.login_may_be_lost(state.agent, self._desired, plan)
        return Applied((LOGIN_LOST,) if lost else ())

    def _set(self, state: MachineFacts) -> None:
        desired = self._desired
        stored = state.agent.proxy if state.agent else None
        # The command replaces the whole proxy, so options that are not set keep their stored values.
        bypass = desired.bypass if desired.bypass is not None else stored.bypass if stored else ()
        if not desired.custom:
            self._session.run("set_agent_proxy", {"Mode": "none"})
            return
        if desired.username and desired.password:
            # The name is not part of the secret parameter.
            self._session.hide((desired.username, desired.password))
        self._session.run(
            "set_agent_proxy",
            {
                "Mode": "proxy",
                "ProxyServer": desired.address,
                "ProxyPort": desired.port,
                "ProxyUsername": desired.username,
                "BypassUrls": list(bypass) or None,
            },
            {"ProxyPassword": desired.password},
        )

    def to_result(self, state: MachineFacts) -> dict[str, Any]:
        """Return the proxy as results show it."""
        return model.agent_proxy_result(state.agent, self._desired)

    def warnings(self, state: MachineFacts) -> tuple[str, ...]:
        """Warn of a login that the planned change may remove."""
        lost = model.login_may_be_lost(state.agent, self._desired, self.plan(state))
        return (LOGIN_LOST,) if lost else ()

    def describe(self, state: MachineFacts) -> str:
        """Describe the proxy."""
        return model.describe_proxy(state.agent, self._desired, state.host)


def build(options: Mapping[str, Any], session: Session) -> MarsProxy:
    """Build the resource from the task's options. Raises InvalidInput."""
    return MarsProxy(session, Proxy.required(options["proxy"]), always_password=options["update_password"] == "always")
