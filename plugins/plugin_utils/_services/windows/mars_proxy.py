# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: has the proxy of the Recovery Services agent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....module_utils._model.common.errors import RemoteFailure
from ....module_utils._model.common.plan import Plan
from ....module_utils._model.common.resource import Applied, ManagedResource
from ....module_utils._model.windows import agent as model
from ....module_utils._model.windows.facts import RUNNING, MachineFacts
from ....module_utils._model.windows.proxy import Proxy
from ..._windows.observation import observe
from ..._windows.session import Session

LOGIN_LOST = (
    "this build of the agent does not show whether its proxy had a login; a change without one removes it:"
    " set proxy.username and proxy.password"
)


class MarsProxy(ManagedResource[MachineFacts, Applied]):
    """The agent's own proxy setting (H5); its service is restarted only when it has not read it."""

    steps = ("H5",)

    def __init__(self, session: Session, wanted: Proxy, *, always_password: bool) -> None:
        self._session = session
        self._wanted = wanted
        self._always_password = always_password

    def observe(self) -> MachineFacts:
        return observe(self._session, model.PROXY_SECTIONS)

    def plan(self, state: MachineFacts) -> Plan:
        return model.plan_agent_proxy(
            state.agent, self._wanted, always_password=self._always_password, check_mode=self._session.check_mode
        )

    def apply(self, plan: Plan, state: MachineFacts) -> Applied:
        if not model.restarts_only(plan):
            self._set(state)
        answer = self._session.run("restart_service", {"Name": "obengine"})
        if answer["status"] != RUNNING:
            raise RemoteFailure(
                f"the proxy is set, but service obengine is {answer['status'] or 'missing'} after its restart; start"
                " it, then run again"
            )
        lost = model.login_may_be_lost(state.agent, self._wanted, plan)
        return Applied((LOGIN_LOST,) if lost else ())

    def _set(self, state: MachineFacts) -> None:
        wanted = self._wanted
        present = state.agent.proxy if state.agent else None
        # The command sets everything at once: what nobody asked to change goes along as it is.
        bypass = wanted.bypass if wanted.bypass is not None else present.bypass if present else ()
        if not wanted.custom:
            self._session.run("set_agent_proxy", {"Mode": "none"})
            return
        self._session.run(
            "set_agent_proxy",
            {
                "Mode": "proxy",
                "ProxyServer": wanted.address,
                "ProxyPort": wanted.port,
                "ProxyUsername": wanted.username,
                "BypassUrls": list(bypass) or None,
            },
            {"ProxyPassword": wanted.password},
        )

    def to_result(self, state: MachineFacts) -> dict[str, Any]:
        return model.agent_proxy_result(state.agent, self._wanted)

    def warnings(self, state: MachineFacts) -> tuple[str, ...]:
        lost = model.login_may_be_lost(state.agent, self._wanted, self.plan(state))
        return (LOGIN_LOST,) if lost else ()

    def describe(self, state: MachineFacts) -> str:
        return model.told_proxy(state.agent, self._wanted, state.host)


def build(options: Mapping[str, Any], session: Session) -> MarsProxy:
    """The noun of the action's options; raises InvalidInput."""
    return MarsProxy(session, Proxy.required(options["proxy"]), always_password=options["update_password"] == "always")
