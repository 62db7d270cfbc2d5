# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulator of start_service: starts a service and waits until it runs."""

from __future__ import annotations

from typing import Any

from .base import Run, ScriptFailed, clustered, emulator, remove_restart_mark, service_status


@emulator
def start_service(run: Run) -> dict[str, Any]:
    name = run.need("Name")
    status = service_status(run.machine, name)
    if status is None:
        raise ScriptFailed(f"There is no service '{name}' on this machine.")
    cluster = clustered(run)
    if cluster is not None:
        if cluster.state != "Online" and not run.check_mode:
            cluster.start(run.machine)
            run.changed = True
            remove_restart_mark(run.machine, name)
    elif status != "Running" and not run.check_mode:
        run.machine.start_service(name)
        run.changed = True
        remove_restart_mark(run.machine, name)
    return {"status": service_status(run.machine, name)}
