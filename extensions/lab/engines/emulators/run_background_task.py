# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulator of run_background_task: runs the emulator of the script in the task's folder, and stores its answer."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from ...windows import protection
from ...windows.errors import MachineError
from ...windows.machine import Machine
from ..scripts import identify
from .base import Emulator, Run, ScriptFailed, emulator


def background_task_runner(emulators: Mapping[str, Emulator]) -> Emulator:
    """Return the emulator of the script; it looks up the inner script in `emulators`."""

    @emulator
    def run_background_task(run: Run) -> dict[str, Any]:
        return _run_script(run, emulators)

    return run_background_task


def _run_script(run: Run, emulators: Mapping[str, Emulator]) -> dict[str, Any]:
    folder, machine = run.need("Folder"), run.machine
    # The script never sets $Ansible.Changed, so its default applies.
    run.changed = True
    if run.check_mode:
        return {}
    answer: dict[str, Any] = {"failed": False, "error": None, "changed": True, "result": None}
    try:
        parameters = json.loads(machine.files.need(rf"{folder}\parameters.json").content or b"")
        parameters |= _secrets(machine, rf"{folder}\secrets.txt")
        called = identify((machine.files.need(rf"{folder}\script.ps1").content or b"").decode())
        if called is None:
            raise ScriptFailed("The background task is not a script of the collection.")
        outcome = emulators[called.name](machine, parameters, False)
        answer.update(failed=outcome.failed, changed=outcome.changed)
        if outcome.failed:
            answer["error"] = outcome.errors[0]
        else:
            answer["result"] = outcome.result
    except (MachineError, ScriptFailed) as exc:
        answer.update(failed=True, error=str(exc))
    text = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
    machine.write_file(rf"{folder}\result.json.partial", text.encode())
    machine.move_file(rf"{folder}\result.json.partial", rf"{folder}\result.json")
    return {}


def _secrets(machine: Machine, path: str) -> dict[str, str | tuple[str, str]]:
    """Return the secret parameters, and remove their file."""
    if not machine.exists(path):
        return {}
    stored = machine.files.need(path).content or b""
    machine.remove_file(path)
    found: dict[str, str | tuple[str, str]] = {}
    for line in protection.unprotect(machine.name, base64.b64decode(stored)).decode().split("\n"):
        name, user, secret = (base64.b64decode(word).decode() for word in line.split(" "))
        found[name] = (user, secret) if user else secret
    return found
