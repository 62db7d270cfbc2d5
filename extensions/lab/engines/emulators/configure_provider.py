# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulator of configure_provider: changes the Provider's proxy."""

from __future__ import annotations

from typing import Any

from ...windows import layout
from .base import (
    Run,
    configured,
    confirm_cluster_owner,
    emulator,
    interrupted_jobs,
    mark_restart,
    new_result,
    proxy_arguments,
    restored,
    run_configurator,
    service_status,
)


@emulator
def configure_provider(run: Run) -> dict[str, Any]:
    configurator = run.need("ConfiguratorPath")
    result, began = new_result(), run.machine.now()
    if run.check_mode:
        return result
    confirm_cluster_owner(run)
    if run.switch("WhenIdle", default=False):
        result["running_jobs"] = interrupted_jobs(run)
        if result["running_jobs"]:
            result["service"] = service_status(run.machine, layout.VMM_SERVICE)
            return result
    before = service_status(run.machine, layout.VMM_SERVICE)
    proxy, secret = proxy_arguments(run, empties=True)
    run.changed = True
    mark_restart(run.machine, layout.VMM_SERVICE)
    try:
        run_configurator(run, configurator, "/configure" + proxy, result)
    finally:
        result["started"] = restored(run, before)
    configured(run, secret, result, began)
    return result
