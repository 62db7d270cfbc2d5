# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulator of set_agent_proxy: sets or clears the agent's proxy."""

from __future__ import annotations

from typing import Any

from ...context import digest
from ...windows import layout
from ...windows.agent import AgentProxy
from .base import ParameterRefused, Run, ScriptFailed, emulator, import_agent_module, mark_restart


@emulator
def set_agent_proxy(run: Run) -> dict[str, Any]:
    mode = run.need("Mode")
    if mode not in {"none", "proxy"}:
        raise ParameterRefused("Cannot validate argument on parameter 'Mode'.")
    machine = run.machine
    applied = False
    if not run.check_mode:
        import_agent_module(machine)
        wanted = AgentProxy() if mode == "none" else _wanted(run)
        run.changed = True
        mark_restart(machine, layout.AGENT_SERVICE)
        machine.set_agent_proxy(wanted)
        applied = True
    return {"applied": applied}


def _wanted(run: Run) -> AgentProxy:
    bypass = run.texts("BypassUrls")
    agent = run.machine.agent
    if bypass and not (agent is not None and agent.bypass_supported):
        raise ScriptFailed(
            "This build of the Recovery Services agent does not support a proxy bypass list: upgrade the agent or"
            " remove the list."
        )
    password = run.text("ProxyPassword")
    return AgentProxy(
        True,
        run.text("ProxyServer"),
        run.number("ProxyPort"),
        run.text("ProxyUsername") or None,
        digest(password) if password else None,
        ";".join(bypass) or None,
    )
