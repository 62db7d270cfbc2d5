# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulator of restart_service: restarts a service, so that it reads the latest settings."""

from __future__ import annotations

from typing import Any

from .base import (
    Run,
    clustered,
    confirm_cluster_owner,
    emulator,
    interrupted_jobs,
    remove_restart_mark,
    service_status,
)


@emulator
def restart_service(run: Run) -> dict[str, Any]:
    name, machine = run.need("Name"), run.machine
    result: dict[str, Any] = {"restarted": False, "running_jobs": None, "status": None}
    if not run.check_mode:
        confirm_cluster_owner(run)
        if run.switch("WhenIdle", default=False):
            result["running_jobs"] = interrupted_jobs(run)
        if not result["running_jobs"]:
            run.changed = True
            _restart(run, name)
            result["restarted"] = True
            remove_restart_mark(machine, name)
    result["status"] = service_status(machine, name)
    return result


def _restart(run: Run, name: str) -> None:
    cluster = clustered(run)
    if cluster is None:
        run.machine.restart_service(name)
        return
    try:
        cluster.stop(run.machine)
    finally:
        cluster.start(run.machine)
