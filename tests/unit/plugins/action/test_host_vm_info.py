# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual machines of a host of the lab, and how vm_info uses them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lab.windows import layout
from lab.windows.states import hyperv_host
from tests.lab.emulators.cases.host_machines import VMS
from tests.lab.emulators.cases.virtual_machines import vmm_server
from tests.unit.plugins.action.conftest import Runner

MakeRunner = Callable[..., Runner]
MODULE = "host_vm_info"


def test_one_execution_reads_what_vmm_does_not_show(runner: MakeRunner) -> None:
    found = runner(hyperv_host(vms=VMS, agent={"backup_vault": "vault-b"}, switches=["LAN #1"]))
    result = found.run(MODULE)
    assert (found.scripts, result["changed"]) == (["list_host_machines"], False)
    web, sealed, shielded, offline, bare = result["machines"]
    assert (web["shared_disk"], web["physical_disk"], web["generation"]) == (True, True, 1)
    assert {(disk["bus"], disk["controller"], disk["place"]) for disk in web["disks"]} >= {("IDE", 0, 0), ("IDE", 1, 1)}
    assert (sealed["protected_keys"], sealed["secure_boot"], sealed["shared_disk"]) == (True, True, True)
    assert {disk["sector_bytes"] for disk in sealed["disks"]} == {512, 4096}
    assert (shielded["protected_keys"], shielded["replicates"], web["replicates"]) == (True, True, False)
    assert (offline["disks"][0]["size_bytes"], offline["free_percent"]) == (None, None)
    assert (bare["disks"], bare["free_percent"]) == ([], None)
    assert {(machine["backup_vault"], *machine["switch_names"]) for machine in result["machines"]} == {
        ("vault-b", "LAN #1")
    }


def test_the_free_space_is_compared_with_the_disks_of_a_machine(runner: MakeRunner) -> None:
    disks = [{"size_gb": 100}, {"size_gb": 100}]
    csv = [{"path": r"C:\ClusterStorage\Volume1\a.vhdx"}]
    host = hyperv_host(
        vms=[{"name": "web", "disks": disks}, {"name": "csv", "disks": csv}],
        volumes=[{"drive": "C", "size_gb": 500, "free_gb": 80}],
    )
    web, shared = runner(host).run(MODULE)["machines"]
    assert web["free_percent"] in (39, 40)
    assert shared["free_percent"] is None


def test_facts_of_a_host_settle_what_vmm_leaves_open(runner: MakeRunner) -> None:
    vms: list[dict[str, Any]] = [{"name": "web", "tpm": True}, {"name": "db"}]
    host = runner(hyperv_host(vms=vms, agent={}, volumes=[{"drive": "C", "size_gb": 900, "free_gb": 800}]))
    machines = host.run(MODULE)["machines"]
    groups = [{"name": "Berlin", "hosts": [{"fqdn": "hv01.corp.lab.test", "vms": vms}]}]
    server = runner(vmm_server(host_groups=groups))
    before = server.run("vm_info", clouds=["Gold"])["machines"]
    after = server.run("vm_info", clouds=["Gold"], host_machines=machines)["machines"]
    open_before, open_after = (
        {check["id"] for check in found[1]["checks"] if check["status"] == "unknown"} for found in (before, after)
    )
    settled = {
        "vm-shared-disk",
        "vm-shielded",
        "vm-native-sectors",
        "vm-host-backup",
        "vm-log-space",
        "vm-switch-names",
    }
    assert open_before - open_after == settled
    assert next(check for check in after[0]["checks"] if check["id"] == "vm-shielded")["read_from"] == "host"
    assert (after[0]["status"], before[0]["status"]) == ("blocked", "to_confirm")
    refused = server.run("vm_info", clouds=["Gold"], host_machines=[{"name": "web"}])
    assert "host_vm_info returns" in refused["msg"]


@pytest.mark.parametrize("stopped", [True, False])
def test_a_host_that_cannot_be_read_has_no_empty_list(runner: MakeRunner, stopped: bool) -> None:
    found = runner(hyperv_host(vms=VMS))
    machine = found.machine.machine
    if stopped:
        machine.stop_service(layout.HYPERV_SERVICE)
    else:
        machine.context.faults.plan(f"windows:{machine.name}:class Msvm_VirtualSystemSettingData", "fail", times=9)
    result = found.run(MODULE)
    assert result["failed"]
    assert ("is Stopped" if stopped else "cannot be read") in result["msg"]
