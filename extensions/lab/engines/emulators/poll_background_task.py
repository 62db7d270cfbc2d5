# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulator of poll_background_task: reads the progress of a background task."""

from __future__ import annotations

from typing import Any

from ...windows import layout
from ...windows.machine import Machine
from .base import Run, emulator

_TURN = 2
_LOGS = {"provider": (layout.SETUP_LOGS, "DRASetupWizard*.log"), "agent": (r"C:\Windows\Temp", "OBMsi.log")}


@emulator
def poll_background_task(run: Run) -> dict[str, Any]:
    name, staging = run.need("Name"), run.need("StagingDir")
    machine, folder = run.machine, rf"{staging}\work\{name}"
    work, waited, limit = _work(machine, name, folder), 0, run.number("Seconds")
    while work["answer"] is None and work["task"] == "Running" and waited < limit:
        machine.sleep(_TURN)
        waited += _TURN
        work = _work(machine, name, folder)
    return {**work, "log": _last_line(machine, name, folder)}


def _work(machine: Machine, name: str, folder: str) -> dict[str, Any]:
    machine.settle()
    task = machine.tasks.get(f"siterecovery.hyperv-{name}".lower())
    state, code = (None, None) if task is None else (task.state, task.last_result)
    answer = machine.files.find(rf"{folder}\result.json")
    return {
        "task": state,
        "task_result": code,
        "folder": machine.exists(folder),
        "answer": None if answer is None else (answer.content or b"").decode(),
    }


def _last_line(machine: Machine, name: str, folder: str) -> str | None:
    place, begun = _LOGS.get(name), machine.files.find(rf"{folder}\script.ps1")
    if place is None or begun is None or machine.files.find(place[0]) is None:
        return None
    logs = machine.files.listing(*place, files_only=True)
    newest = max(logs, key=lambda log: (log.modified, log.name.lower()), default=None)
    if newest is None or newest.modified < begun.modified:
        return None
    lines = (newest.content or b"").decode().splitlines()
    return lines[-1] if lines else None
