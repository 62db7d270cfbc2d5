# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulator of end_background_task: removes what start_background_task created."""

from __future__ import annotations

from typing import Any

from .base import Run, ScriptFailed, emulator


@emulator
def end_background_task(run: Run) -> dict[str, Any]:
    name, staging = run.need("Name"), run.need("StagingDir")
    machine, removed = run.machine, list[str]()
    parent = rf"{staging}\work"
    folder, task = rf"{parent}\{name}", f"siterecovery.hyperv-{name}"
    machine.settle()
    found = machine.tasks.get(task.lower())
    if found is not None:
        if found.state == "Running" and not machine.exists(rf"{folder}\result.json"):
            raise ScriptFailed(f"The task '{task}' is still running: wait until it ends.")
        if not run.check_mode:
            machine.unregister_task(task)
            removed.append(task)
            run.changed = True
    for path in (folder, parent):
        if machine.files.find(path) is None or (path == parent and machine.files.listing(parent)):
            continue
        if not run.check_mode:
            machine.remove_file(path, recurse=True)
            removed.append(path)
            run.changed = True
    return {"removed": removed}
