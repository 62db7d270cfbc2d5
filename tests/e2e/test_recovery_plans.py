# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a recovery plan, test its failover with the role Site Recovery Operator, and delete the plan (N4)."""

from __future__ import annotations

from pathlib import Path

from lab.lab import Lab
from tests.support.playbook import Controller
from tests.support.plays import module_task, play, write
from tests.support.protection import GROUP, TARGET, VAULT, protect

WHERE = {"vault_name": VAULT, "resource_group": GROUP}
GROUPS = [{"machines": ["sql01"]}, {"machines": ["web01"]}]
ENSURE = module_task("recovery_plan", {**WHERE, "name": "shop", "groups": GROUPS})
TEST = module_task(
    "test_failover", {**WHERE, "recovery_plan": "shop", "network": "vnet-test", "network_resource_group": TARGET}
)
DELETE = module_task("recovery_plan", {**WHERE, "name": "shop", "state": "absent"})


def test_a_plan_is_made_tested_and_deleted(controller: Controller, lab: Lab, tmp_path: Path) -> None:
    protection = protect(lab.azure, "web01", "sql01")
    lab.azure.seed_network(TARGET, "vnet-test", "westeurope", ["10.9.0.0/16"], {"machines": "10.9.1.0/24"})
    made = controller.run(write(tmp_path, play("localhost", ENSURE, ENSURE, connection="local")))
    assert [task.changed for task in made.of("recovery_plan")] == [True, False], made.output
    lab.azure.give_role("Site Recovery Operator", only=True)
    run = controller.run(write(tmp_path, play("localhost", TEST, TEST, DELETE, connection="local")))
    assert len(run.of("test_failover")) == 2, run.output
    tested, again = run.of("test_failover")
    assert (tested.changed, again.changed) == (True, False), run.output
    (shown,) = tested.result["test_failover"]["runs"]
    assert [(each["name"], each["group"]) for each in shown["machines"]] == [("sql01", 1), ("web01", 2)]
    assert [group["state"] for group in shown["groups"]] == ["Succeeded"] * 3
    assert protection.machines() == []
    # An Operator drills, and does not delete.
    (denied,) = run.of("recovery_plan")
    assert denied.result["error"]["kind"] == "access_denied"
    assert "replicationRecoveryPlans/delete" in denied.result["msg"]
    assert list(protection.vault.plans) == ["shop"]
