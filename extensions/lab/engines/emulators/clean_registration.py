# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulator of clean_registration: exports registry keys, then removes them and certificates."""

from __future__ import annotations

from itertools import count
from typing import Any

from ...windows import layout, programs
from ...windows.machine import Machine
from .base import (
    Run,
    ScriptFailed,
    confirm_cluster_owner,
    emulator,
    interrupted_jobs,
    restored,
    service_status,
    stop_vmm,
)
from .protected_folder import protect_folder


@emulator
def clean_registration(run: Run) -> dict[str, Any]:
    folder, machine = run.need("ExportFolder"), run.machine
    result: dict[str, Any] = {"running_jobs": None, "exports": [], "removed_keys": [], "removed_certificates": []}
    if run.check_mode:
        return result
    confirm_cluster_owner(run)
    if run.switch("WhenIdle", default=False):
        result["running_jobs"] = interrupted_jobs(run)
        if result["running_jobs"]:
            return result
    found = []
    for full in run.texts("RegistryKeys"):
        path = full if full.upper().startswith(layout.HKLM + "\\") else f"{layout.HKLM}\\{full}"
        key = path.split("\\", 1)[1]
        if machine.registry.find(path) is None:
            continue
        protect_folder(machine, folder)
        file = next(name for n in count(1) if not machine.exists(name := f"{folder}\\registration-{n}.reg"))
        code = programs.run(machine, layout.REG, f'export "HKLM\\{key}" "{file}" /y')
        if code != 0 or not machine.exists(file):
            raise ScriptFailed(
                f"The registry key '{key}' could not be exported to '{file}' (reg.exe ended with {code}): nothing was"
                " removed."
            )
        run.changed = True
        result["exports"].append(file)
        found.append(key)
    wanted = {each.lower() for each in run.texts("Thumbprints")}
    certificates = [each for each in machine.certificates if each.thumbprint.lower() in wanted]
    for certificate in certificates:
        run.changed = True
        protect_folder(machine, folder)
        file = f"{folder}\\registration-{certificate.thumbprint}.cer"
        machine.write_file(file, b"")
        machine.append_file(file, certificate.raw)
        result["exports"].append(file)
    if result["exports"]:
        before = service_status(machine, layout.VMM_SERVICE)
        try:
            if before == "Running":
                stop_vmm(run)
            for key in found:
                _remove(machine, f"{layout.HKLM}\\{key}")
                result["removed_keys"].append(f"HKLM\\{key}")
            for certificate in certificates:
                machine.remove_certificate(certificate.thumbprint)
                result["removed_certificates"].append(certificate.thumbprint)
        finally:
            restored(run, before)
    return result


def _remove(machine: Machine, path: str) -> None:
    for child in machine.registry.children(path):
        _remove(machine, f"{path}\\{child}")
    if not machine.administrator:
        key = path.split("\\", 1)[1]
        raise ScriptFailed(f"The registry key '{key}' cannot be removed (error 5).")
    machine.remove_key(path)
