# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the removal of the Recovery Services agent from a Hyper-V host."""

from __future__ import annotations

from typing import Any

from ..common.plan import Change, Plan
from .background_task import BackgroundTask
from .expectation import HYPERV_HOST, Expectation
from .facts import MachineFacts
from .removal import STEP, refuse, removal_in_progress
from .requirements import require_for

SECTIONS = ("host", "agent", "replication", "background_tasks")
REMOVAL = BackgroundTask("agent_removal", "remove_agent", "the removal of the agent", STEP)
#: How many machines a message names.
_NAMED = 5


def plan_agent_removal(machine: MachineFacts) -> Plan:
    """Plan to remove the agent. Raises Refused while anything uses it."""
    require_for(HYPERV_HOST, machine, Expectation(), frozenset(("remove",)))
    waiting = removal_in_progress(machine, REMOVAL)
    if waiting is not None:
        return waiting
    agent = machine.agent
    if agent is None:
        return Plan()
    if agent.backup_registered:
        raise refuse(
            "the agent is registered for Azure Backup, which it would stop",
            "keep the agent, or stop its backups and unregister it from Azure Backup first",
        )
    _require_no_replication(machine)
    reason = f"remove the agent {agent.version or 'of unknown version'}"
    after, before = removal_result(MachineFacts()), removal_result(machine)
    return Plan(tuple(Change(name, before[name], after[name], reason) for name in after if before[name] != after[name]))


def _require_no_replication(machine: MachineFacts) -> None:
    names = machine.replication.machines if machine.replication else None
    if names is None:
        raise refuse(
            "the replication relationships of the host cannot be read",
            "start the service vmms, check its WMI class Msvm_ComputerSystem, then run again",
        )
    if names:
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        raise refuse(
            f"virtual machines of the host still replicate: {', '.join(names[:_NAMED])}{more}",
            "disable their protection in the vault, or remove the relationships on the host, then run again",
        )


def removal_result(machine: MachineFacts) -> dict[str, Any]:
    """Return the agent as results show it."""
    agent = machine.agent
    return {
        "installed": agent is not None,
        "version": agent.version if agent else None,
        "install_path": agent.install_path if agent else None,
        "service": agent.service if agent else None,
    }


def describe(machine: MachineFacts) -> str:
    """Describe the agent and its service."""
    agent = machine.agent
    if agent is None:
        return "no agent"
    return f"agent {agent.version or 'of unknown version'}, service {agent.service or 'missing'}"
