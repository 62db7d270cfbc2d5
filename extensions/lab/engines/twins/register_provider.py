# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Twin of register_provider: puts the key down behind tight access, runs DRConfigurator, takes the key away."""

from __future__ import annotations

from typing import Any

from .base import PROTECTED_FILE, Run, folder_of, protect_folder, proxy_arguments, quoted, setup_log, twin


@twin
def register_provider(run: Run) -> dict[str, Any]:
    configurator, name, path = run.need("ConfiguratorPath"), run.need("FriendlyName"), run.need("KeyPath")
    content = run.need("KeyContent")
    machine = run.machine
    result: dict[str, Any] = {"exit_code": None, "log_tail": []}
    if run.check_mode:
        return result
    proxy, secret = proxy_arguments(run)
    try:
        protect_folder(machine, folder_of(path))
        if machine.exists(path):
            machine.remove_file(path)
        machine.create_file(path)
        machine.set_access(path, PROTECTED_FILE)
        machine.write_file(path, content.encode())
        run.changed = True
        arguments = f"/r /FriendlyName {quoted(name)} /Credentials {quoted(path)}{proxy}"
        result["exit_code"] = machine.run_process(configurator, arguments)
    finally:
        if machine.exists(path):
            machine.remove_file(path)
    result["log_tail"] = setup_log(machine, secret)
    return result
