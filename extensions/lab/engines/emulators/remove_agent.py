# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulator of remove_agent: runs the agent's installer, which removes the agent, and waits for the end."""

from __future__ import annotations

from typing import Any

from ...windows import layout, programs
from .base import Run, emulator, lines_of, remove_present, service_status
from .protected_folder import open_installer

_TURN = 5
_GOOD = (0, 3010)


@emulator
def remove_agent(run: Run) -> dict[str, Any]:
    installer, sha256 = run.need("InstallerPath"), run.need("InstallerSha256")
    machine = run.machine
    result: dict[str, Any] = {"exit_code": None, "service": None, "log_tail": []}
    if not run.check_mode:
        open_installer(machine, installer, sha256)
        run.changed = True
        result["exit_code"] = programs.run(machine, installer, "/q /d")
        waited, limit = 0, run.number("ServiceTimeout", 600)
        while result["exit_code"] in _GOOD and waited < limit and machine.service(layout.AGENT_SERVICE) is not None:
            machine.sleep(_TURN)
            waited += _TURN
        if run.switch("RemoveInstaller", default=False) and result["exit_code"] in _GOOD:
            remove_present(machine, installer)
        result["log_tail"] = lines_of(machine.files.find(layout.AGENT_LOG))
    result["service"] = service_status(machine, layout.AGENT_SERVICE)
    return result
