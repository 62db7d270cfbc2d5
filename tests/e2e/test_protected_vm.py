# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines of a cloud from their protection to its end, in tasks of one playbook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lab.context import ReplicationRefused
from lab.lab import Lab
from tests.lab.arm.replicas import CLOUD, POLICY, machine, seed_cloud
from tests.support.playbook import Controller
from tests.support.plays import module_task, play, write

GROUP, VAULT = "rg-machines", "vault-machines"
DB = {"name": "db01", "os_disk": "db01_disk_1", "exclude_disks": ["db01_disk_2"]}
ADDRESSED = {"name": "web01", "nics": [{"vm_network": "corp", "subnet": "production", "address": "10.0.1.9"}]}


def task(title: str, *machines: dict[str, Any], **options: Any) -> dict[str, Any]:
    given = {"vault_name": VAULT, "resource_group": GROUP, "cloud": CLOUD.name, "policy": POLICY, **options}
    made = module_task("protected_vm", {**given, "machines": list(machines)}, ignore_errors=title == "Failing")
    return {"name": title, **made}


TASKS = (
    task("Failing", ADDRESSED, DB, {"name": "bad01"}, network="vnet-dr"),
    task("Again", ADDRESSED, DB, network="vnet-dr"),
    task("Update", DB, size="Standard_D2s_v5"),
    task("Disable", {"name": "web01"}, state="absent", allow_disable=True),
    task("Purge", {"name": "db01"}, state="absent", allow_disable=True, purge=True),
    task("Gone", {"name": "web01"}, {"name": "db01"}, state="absent", allow_disable=True),
)


def test_machines_are_protected_changed_and_released(lab: Lab, controller: Controller, tmp_path: Path) -> None:
    machines = [machine(1, "web01"), machine(2, "db01", 40960, 20480), machine(3, "bad01")]
    fabrics = seed_cloud(lab, GROUP, VAULT, machines)
    fabrics.refusals["bad01"] = ReplicationRefused("70094", 31389, "A virtual disk is busy.")
    run = controller.run(write(tmp_path, play("localhost", *TASKS)))
    assert run.returncode == 0, run.output
    failing, again, update, disable, purge, gone = run.of("protected_vm")

    # One machine fails with its cause and the remedy. The others arrive, also at the address of their adapter.
    message = str(failing.result["msg"])
    assert "1 of 3 machines failed: bad01" in message
    assert "31389" in message
    assert "Hyper-V-VMMS" in message
    assert failing.result["error"]["progress"] == "2 ready, 1 failed: bad01 (70094)"
    # The user sees the way there.
    lines = [line for line in run.output.splitlines() if line.startswith("N3 ")]
    assert any("1 failed: bad01 (70094)" in line for line in lines)
    assert any("copying" in line or "finishing" in line for line in lines)

    assert not again.changed
    web, database = again.result["protected_vm"]["machines"]
    assert (web["nics"][0]["address"], database["disks"]) == ("10.0.1.9", ["db01_disk_1"])
    assert [change["path"] for change in update.result["plan"]] == ["size"]
    assert (disable.changed, purge.changed, gone.changed) == (True, True, False)
    assert any("RemoveReplicationRelationshipEx" in warning for warning in purge.result["warnings"])
    # Only the purge leaves something on a host.
    assert list(fabrics.relationships) == [machines[1].id.lower()]
