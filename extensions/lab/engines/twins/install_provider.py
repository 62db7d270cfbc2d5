# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Twin of install_provider: unpacks the package and runs its setup around a stopped VMM service."""

from __future__ import annotations

from typing import Any

from ...windows import layout
from .base import Run, service_status, setup_log, twin

_GOOD = (0, 3010)


@twin
def install_provider(run: Run) -> dict[str, Any]:
    installer, folder = run.need("InstallerPath"), run.need("ExtractDir")
    machine = run.machine
    before = service_status(machine, layout.VMM_SERVICE)
    result: dict[str, Any] = {
        "extract_exit": None,
        "setup_exit": None,
        "service_before": before,
        "service_after": None,
        "log_tail": [],
    }
    if not run.check_mode:
        run.changed = True
        try:
            result["extract_exit"] = machine.run_process(installer, f'/x:"{folder.rstrip(chr(92))}" /q')
            if result["extract_exit"] == 0:
                if before is not None:
                    machine.stop_service(layout.VMM_SERVICE)
                result["setup_exit"] = machine.run_process(f"{folder}\\setupdr.exe", "/i")
        finally:
            try:
                if before is not None:
                    machine.start_service(layout.VMM_SERVICE)
            finally:
                if machine.exists(folder):
                    machine.remove_file(folder, recurse=True)
                if run.switch("RemoveInstaller", default=False) and result["setup_exit"] in _GOOD:
                    machine.remove_file(installer)
        result["log_tail"] = setup_log(machine)
    result["service_after"] = service_status(machine, layout.VMM_SERVICE)
    return result
