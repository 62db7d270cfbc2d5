# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the proxy of the Recovery Services agent."""

from __future__ import annotations

from typing import Any

from ..common.plan import Change, Plan
from . import proxy as proxies
from .agent_facts import AgentFacts
from .expectation import HYPERV_HOST, Expectation
from .facts import MachineFacts
from .host_facts import HostFacts, describe_system_proxy
from .operations import agent_proxy_operations
from .proxy import SYSTEM, Proxy
from .requirements import require_for

SECTIONS = ("host", "agent")
_RESTART = "restart_due"


def plan_agent_proxy(machine: MachineFacts, desired: Proxy, *, always_password: bool, check_mode: bool = False) -> Plan:
    """Plan the changes of the agent's proxy. Raises Refused.

    In check mode an agent that is missing or stopped counts as installed and started by an earlier step.
    """
    agent = machine.agent
    expected = Expectation(proxy=desired, always_password=always_password, planned=check_mode)
    due = agent_proxy_operations(agent, expected)
    require_for(HYPERV_HOST, machine, expected, due)
    if agent is None or not agent.proxy_known:
        return Plan(tuple(_changes(None, desired, always_password=False)))
    if "restart_service" in due:
        reason = "restart the agent's service, which has not read the changed proxy yet"
        return Plan((Change(_RESTART, True, False, reason),))
    return Plan(tuple(_changes(agent, desired, always_password=always_password)))


def restarts_only(plan: Plan) -> bool:
    """Tell whether an earlier run changed the proxy, but ended before it restarted the service."""
    return plan.touches(_RESTART)


def login_may_be_lost(agent: AgentFacts | None, desired: Proxy, plan: Plan) -> bool:
    """Tell whether a change without a login affects a build that does not show whether there is one."""
    hidden = agent is not None and agent.proxy is not None and not agent.proxy.login_shown
    return hidden and desired.custom and desired.username is None and plan.changed


def agent_proxy_result(agent: AgentFacts | None, desired: Proxy) -> dict[str, Any]:
    """Return the agent's proxy as results show it. A missing agent has none."""
    due = agent is not None and agent.restart_due
    return {**proxies.to_result(agent.proxy if agent else None, desired.mode), _RESTART: due}


def describe_proxy(agent: AgentFacts | None, desired: Proxy, host: HostFacts | None = None) -> str:
    """Describe the agent's proxy. For mode system, `host` adds the proxy that its account uses."""
    if agent is None:
        return "no agent"
    if agent.setting_error is not None:
        return f"unknown, because the agent's settings cannot be read: {agent.setting_error}"
    if not agent.proxy_known:
        return f"unknown while service obengine is {agent.service or 'missing'}"
    described = proxies.describe(agent.proxy, desired.mode)
    if host is None or agent.proxy is not None or desired.mode != SYSTEM:
        return described
    return f"{described}; {describe_system_proxy(host.system_proxy)} (not verified on a live system)"


def _changes(agent: AgentFacts | None, desired: Proxy, *, always_password: bool) -> list[Change]:
    stored = agent.comparable_proxy(desired.username) if agent else None
    reason = "set the agent's proxy and restart its service"
    return proxies.diff(stored, desired, always_password=always_password, update_reason=reason)
