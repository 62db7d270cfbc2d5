# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulator of start_background_task: registers and starts a scheduled task with a working folder."""

from __future__ import annotations

import base64
import re
from typing import Any

from ...windows import protection
from ...windows.cim import owner, owner_sid
from ...windows.errors import MachineError
from ...windows.layout import SYSTEM_SID
from ...windows.tasks import ScheduledTask
from .base import Run, ScriptFailed, emulator
from .protected_folder import protect_folder

_POWERSHELL = r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe"


@emulator
def start_background_task(run: Run) -> dict[str, Any]:
    name, staging = run.need("Name"), run.need("StagingDir")
    script, parameters, runner = run.need("Script"), run.need("Parameters"), run.need("Runner")
    machine = run.machine
    folder, task = rf"{staging}\work\{name}", f"siterecovery.hyperv-{name}"
    if owner_sid(machine, None) == SYSTEM_SID:
        raise ScriptFailed(
            "This session runs as the system account, which must not run it: connect as, or become, a user who is a "
            "local administrator (and a VMM administrator on a VMM server)."
        )
    if task.lower() in machine.tasks and not machine.exists(folder):
        raise ScriptFailed(
            f"The task '{task}' exists without its folder '{folder}': it was started with another staging_dir, or the "
            "folder was removed. Remove the task if it is not running."
        )
    started = False
    if not machine.exists(folder) and not run.check_mode:
        protect_folder(machine, staging)
        run.changed = True
        try:
            machine.make_folder(folder)
            for file, text in (("script.ps1", script), ("parameters.json", parameters), ("run.ps1", runner)):
                machine.write_file(rf"{folder}\{file}", text.encode())
            secret = run.text("SecretParameters")
            if secret:
                hidden = base64.b64encode(protection.protect(machine.name, secret.encode()))
                machine.write_file(rf"{folder}\secrets.txt", hidden)
            quoted = re.sub("(['\u2018-\u201b])", r"\1\1", folder)
            command = (
                rf"& ([scriptblock]::Create((Get-Content -LiteralPath '{quoted}\run.ps1' -Raw -Encoding UTF8))) "
                f"-Folder '{quoted}'"
            )
            arguments = f'-NoProfile -NonInteractive -ExecutionPolicy Bypass -Command "{command}"'
            domain, user = owner(machine, None)
            made = ScheduledTask(task, f"{domain}\\{user}", "S4U", "Highest", _POWERSHELL, arguments)
            machine.register_task(made)
            password = run.text("LogonPassword")
            if password:
                code = machine.set_task_password(task, made.user, password)
                if code:
                    raise ScriptFailed(f"Task Scheduler refused the password of the task (0x{code:08X}).")
            machine.start_task(task)
            started = True
        except (MachineError, ScriptFailed):
            if task.lower() in machine.tasks:
                machine.unregister_task(task)
            if machine.exists(folder):
                machine.remove_file(folder, recurse=True)
            if machine.exists(rf"{staging}\work") and not machine.files.listing(rf"{staging}\work"):
                machine.remove_file(rf"{staging}\work")
            raise
    return {"task": task, "folder": folder, "started": started}
