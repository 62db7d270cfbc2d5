# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulator of register_vmm_server: stores the key in a protected file, runs DRConfigurator, removes the key."""

from __future__ import annotations

from typing import Any

from ...windows import layout
from .base import (
    Run,
    configured,
    confirm_cluster_owner,
    emulator,
    folder_of,
    interrupted_jobs,
    mark_restart,
    new_result,
    proxy_arguments,
    quoted,
    restored,
    run_configurator,
    service_status,
)
from .protected_folder import PROTECTED_FILE, protect_folder


@emulator
def register_vmm_server(run: Run) -> dict[str, Any]:
    configurator, name, path = run.need("ConfiguratorPath"), run.need("FriendlyName"), run.need("KeyPath")
    content = run.need("KeyContent")
    machine = run.machine
    result, began = new_result(), run.machine.now()
    if run.check_mode:
        return result
    confirm_cluster_owner(run)
    if run.switch("WhenIdle", default=False):
        result["running_jobs"] = interrupted_jobs(run)
        if result["running_jobs"]:
            result["service"] = service_status(run.machine, layout.VMM_SERVICE)
            return result
    before = service_status(machine, layout.VMM_SERVICE)
    proxy, secret = proxy_arguments(run)
    try:
        protect_folder(machine, folder_of(path))
        if machine.exists(path):
            machine.remove_file(path)
        machine.create_file(path)
        machine.set_access(path, PROTECTED_FILE)
        machine.append_file(path, content.encode())
        arguments = f"/r /FriendlyName {quoted(name)} /Credentials {quoted(path)}{proxy}"
        run.changed = True
        if run.switch("NeedsRestart", default=False):
            mark_restart(machine, layout.VMM_SERVICE)
        run_configurator(run, configurator, arguments, result)
    finally:
        if machine.exists(path):
            machine.remove_file(path)
        result["started"] = restored(run, before)
    configured(run, secret, result, began)
    return result
