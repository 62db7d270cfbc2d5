# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulator of read_symptoms: reads the state of a machine, and the lines of its logs and events that hold a sign."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from ...windows import event_logs, layout
from ...windows.errors import MachineError
from ...windows.state import FULL_LANGUAGE
from .base import Run, emulator
from .observe import observation

Fact = dict[str, Any]

_SECTIONS: Final = ("host", "vmm", "provider", "registration", "agent", "hyperv", "background_tasks")
_TAIL, _LONGEST, _MOST, _MOST_EVENTS = 400, 400, 20, 500


def _selected(lines: Iterable[str], signs: Sequence[str]) -> list[str]:
    return [line[:_LONGEST] for line in lines if any(sign in line for sign in signs)][:_MOST]


def _moment(time: datetime) -> str:
    return time.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _log(run: Run, program: str, folder: str, pattern: str) -> Fact | None:
    machine = run.machine
    if machine.files.find(folder) is None:
        return None
    files = machine.files.listing(folder, pattern, files_only=True)
    newest = max(files, key=lambda file: (file.modified, file.name.lower()), default=None)
    if newest is None:
        return None
    fact: Fact = {"program": program, "written": _moment(newest.modified), "lines": [], "error": None}
    try:
        lines = machine.content_of(newest.path).decode().splitlines()[-_TAIL:]
        fact["lines"] = _selected(lines, run.texts("LogSigns"))
    except MachineError as exc:
        fact["error"] = exc.powershell_type
    return fact


def _events(run: Run, log: str) -> Fact:
    fact: Fact = {"log": log, "absent": False, "events": [], "error": None}
    since = run.machine.now() - timedelta(days=run.number("Days", 30))
    try:
        found = event_logs.read(run.machine, log, [1, 2, 3], since, _MOST_EVENTS)
    except event_logs.EventsMissing as exc:
        return {**fact, "absent": exc.id == event_logs.NO_LOG}
    except MachineError as exc:
        return {**fact, "error": exc.powershell_type}
    for event in found:
        lines = _selected(event.message.splitlines(), run.texts("EventSigns"))
        if lines:
            fact["events"].append({"id": event.id, "time": _moment(event.time), "lines": lines})
    return fact


@emulator
def read_symptoms(run: Run) -> Fact:
    found = {**observation(run, _SECTIONS), "logs": [], "event_logs": []}
    if run.machine.language_mode != FULL_LANGUAGE:
        return found
    places = [("setup", layout.SETUP_LOGS, "DRASetupWizard*.log")]
    if found["agent"] is not None:
        folder, _backslash, name = layout.AGENT_LOG.rpartition("\\")
        places.append(("agent_setup", folder, name))
        places.append(("agent", found["agent"]["install_path"] + r"\Temp", "CBEngine*.errlog"))
    logs = [_log(run, *place) for place in places]
    found["logs"] = [log for log in logs if log is not None]
    found["event_logs"] = [_events(run, log) for log in run.texts("EventLogs")]
    return found
