# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulator of remove_provider: removes the Provider while the VMM service is stopped."""

from __future__ import annotations

from typing import Any

from ...windows import layout, programs
from .base import Run, clustered, emulator, interrupted_jobs, node_name, service_status, start_vmm, stop_vmm


@emulator
def remove_provider(run: Run) -> dict[str, Any]:
    code, machine = run.need("ProductCode"), run.machine
    before = service_status(machine, layout.VMM_SERVICE)
    result: dict[str, Any] = {"exit_code": None, "service_after": before, "resource_after": None, "running_jobs": None}
    if run.check_mode:
        return result
    cluster = clustered(run)
    here = before is not None if cluster is None else cluster.owner.lower() == node_name(machine).lower()
    if here and run.switch("WhenIdle", default=False):
        result["running_jobs"] = interrupted_jobs(run)
    if not result["running_jobs"]:
        stops = here and before == "Running"
        run.changed = True
        try:
            if stops:
                stop_vmm(run)
            result["exit_code"] = programs.run(machine, layout.MSIEXEC, f"/x {code} /qn /norestart")
        finally:
            if stops:
                start_vmm(run)
        result["resource_after"] = cluster.state if stops and cluster is not None else None
    result["service_after"] = service_status(machine, layout.VMM_SERVICE)
    return result
