# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulator of set_agent_limits: sets the agent's throttling and threads; only the threads need a restart."""

from __future__ import annotations

from typing import Any

from ...windows import layout
from ...windows.agent import AgentThrottle
from ...windows.machine import Machine
from .base import ParameterRefused, Run, ScriptFailed, emulator, import_agent_module, service_status

_NAME = layout.AGENT_LIMITS_KEY.removeprefix("HKLM\\")
_ACCESS_DENIED = 5


@emulator
def set_agent_limits(run: Run) -> dict[str, Any]:
    mode = run.need("Throttle")
    if mode not in {"keep", "none", "limit"}:
        raise ParameterRefused("Cannot validate argument on parameter 'Throttle'.")
    machine = run.machine
    threads = {"UploadThreadsPerVM": run.number("UploadThreads"), "DownloadThreadsPerVM": run.number("DownloadThreads")}
    asked = {name: count for name, count in threads.items() if count > 0}
    if not run.check_mode:
        if mode != "keep":
            import_agent_module(machine)
            machine.set_agent_throttle(AgentThrottle() if mode == "none" else _wanted(run))
            run.changed = True
        if asked:
            run.changed = True
            machine.stop_service(layout.AGENT_SERVICE)
            try:
                _set_threads(machine, asked)
            finally:
                machine.start_service(layout.AGENT_SERVICE)
    return {"applied": not run.check_mode, "service": service_status(machine, layout.AGENT_SERVICE)}


def _set_threads(machine: Machine, asked: dict[str, int]) -> None:
    for name, count in asked.items():
        if not machine.administrator:
            raise ScriptFailed(f"The registry key '{_NAME}' cannot be made (error {_ACCESS_DENIED}).")
        machine.ensure_key(layout.AGENT_LIMITS_KEY)
        machine.set_value(layout.AGENT_LIMITS_KEY, name, count, "REG_DWORD")


def _wanted(run: Run) -> AgentThrottle:
    days = [int(day) for day in run.parameters.get("WorkDays") or []]
    return AgentThrottle(
        True,
        days,
        run.text("StartWorkHour"),
        run.text("EndWorkHour"),
        run.number("WorkHourBandwidth"),
        run.number("NonWorkHourBandwidth"),
    )
