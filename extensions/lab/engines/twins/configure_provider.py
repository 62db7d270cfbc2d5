# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Twin of configure_provider: changes the Provider's proxy."""

from __future__ import annotations

from typing import Any

from ...windows import layout
from .base import Run, proxy_arguments, setup_log, twin


@twin
def configure_provider(run: Run) -> dict[str, Any]:
    configurator = run.need("ConfiguratorPath")
    result: dict[str, Any] = {"exit_code": None, "log_tail": []}
    if run.check_mode:
        return result
    proxy, secret = proxy_arguments(run)
    run.changed = True
    result["exit_code"] = run.machine.run_process(configurator, "/configure" + proxy)
    result["log_tail"] = setup_log(run.machine, secret)
    if result["exit_code"] == 0 and run.switch("RestartService", default=True):
        run.machine.restart_service(layout.VMM_SERVICE)
    return result
