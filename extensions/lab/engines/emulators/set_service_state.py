# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulator of set_service_state: sets the startup type of a service, or starts or stops it."""

from __future__ import annotations

from typing import Any

from ...windows import cim
from .base import ParameterRefused, Run, ScriptFailed, emulator, remove_restart_mark


@emulator
def set_service_state(run: Run) -> dict[str, Any]:
    name, machine = run.need("Name"), run.machine
    mode, status = run.text("StartMode"), run.text("Status")
    if mode not in ("", "Auto", "Manual", "Disabled") or status not in ("", "Running", "Stopped"):
        raise ParameterRefused("Cannot validate argument on parameter.")
    service = machine.service(name)
    if service is None:
        raise ScriptFailed(f"There is no service '{name}' on this machine.")
    if mode and service.start_mode != mode and not run.check_mode:
        wanted = "Automatic" if mode == "Auto" else mode
        code = int(cim.method(machine, "Win32_Service", "ChangeStartMode", {"StartMode": wanted}, name)["ReturnValue"])
        if code:
            raise ScriptFailed(f"The startup type of service '{name}' cannot be set (error {code}).")
        run.changed = True
    if status and service.status != status and not run.check_mode:
        if status == "Running":
            machine.start_service(name)
            remove_restart_mark(machine, name)
        else:
            machine.stop_service(name)
        run.changed = True
    return {"status": service.status, "start_mode": service.start_mode}
