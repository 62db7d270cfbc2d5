# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulator of install_provider: unpacks the package and runs its setup while the VMM service is stopped."""

from __future__ import annotations

from typing import Any

from ...windows import layout, programs
from ...windows.machine import Machine
from .base import (
    Run,
    clustered,
    emulator,
    interrupted_jobs,
    node_name,
    remove_present,
    service_status,
    setup_log,
    start_vmm,
    stop_vmm,
    vmm_events,
)
from .observed_host import installed_product
from .protected_folder import open_installer

_GOOD = (0, 3010)
_TURN = 5


@emulator
def install_provider(run: Run) -> dict[str, Any]:
    installer, folder = run.need("InstallerPath"), run.need("ExtractDir")
    sha256 = run.need("InstallerSha256")
    machine = run.machine
    before = service_status(machine, layout.VMM_SERVICE)
    result: dict[str, Any] = {
        "extract_exit": None,
        "setup_exit": None,
        "service_before": before,
        "service_after": None,
        "resource_after": None,
        "running_jobs": None,
        "log_tail": [],
        "events": [],
    }
    began = machine.now()
    if not run.check_mode:
        open_installer(machine, installer, sha256)
        run.changed = True
        here = before is not None and not run.text("ClusterResource")
        try:
            result["extract_exit"] = programs.run(machine, installer, f'/x:"{folder.rstrip(chr(92))}" /q')
            if result["extract_exit"] == 0:
                cluster = clustered(run)
                if cluster is not None:
                    here = cluster.owner.lower() == node_name(machine).lower()
                result["running_jobs"] = _jobs_in_the_way(run) if here else None
                if result["running_jobs"]:
                    here = False
                else:
                    if here:
                        stop_vmm(run)
                    result["setup_exit"] = programs.run(machine, f"{folder}\\setupdr.exe", "/i")
                    _wait_for_product(
                        machine, result["setup_exit"], run.text("EarlierVersion"), run.number("ProductTimeout", 600)
                    )
        finally:
            try:
                if here:
                    start_vmm(run)
            finally:
                if machine.exists(folder):
                    machine.remove_file(folder, recurse=True)
                if run.switch("RemoveInstaller", default=False) and result["setup_exit"] in _GOOD:
                    remove_present(machine, installer)
        result["log_tail"] = setup_log(machine)
        result["events"] = [] if result["setup_exit"] is None else vmm_events(machine, result["setup_exit"], began)
        cluster = clustered(run) if here else None
        if cluster is not None:
            result["resource_after"] = cluster.state
    result["service_after"] = service_status(machine, layout.VMM_SERVICE)
    return result


def _wait_for_product(machine: Machine, setup_exit: int, earlier: str | None, limit: int) -> None:
    waited = 0
    while setup_exit in _GOOD and waited < limit and not _has_product(machine, earlier):
        machine.sleep(_TURN)
        waited += _TURN


def _has_product(machine: Machine, earlier: str | None) -> bool:
    if machine.registry.find(layout.ADAPTER_KEY) is None:
        return False
    return not earlier or _shown_version(machine) not in (None, earlier)


def _shown_version(machine: Machine) -> str | None:
    """Return the Provider's own value, else the version in "Programs and Features"."""
    product = installed_product(machine, layout.PROVIDER_PRODUCT, layout.PROVIDER_SHORT_PRODUCT)
    return machine.registry.text(layout.PROVIDER_KEY, "Version") or (product[1] if product else None)


def _jobs_in_the_way(run: Run) -> list[dict[str, Any]] | None:
    return interrupted_jobs(run) if run.switch("WhenIdle", default=False) else None
