# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create, keep, delete and request a vault again in one playbook (B1)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lab.lab import Lab
from tests.support.playbook import Controller
from tests.support.plays import ENSURE_VAULT, NAMES, module_task, play, write

SETTINGS: dict[str, dict[str, Any]] = {
    "identity": {"system_assigned": True},
    "monitoring": {"job_failures": "enabled"},
    "redundancy": {"storage": "zone_redundant"},
    "soft_delete": {"days": 30},
}
ROLE = {
    "name": "Ensure the target exists",
    "ansible.builtin.include_role": {"name": "siterecovery.hyperv.azure_target"},
    "vars": {
        "azure_target_vault": SETTINGS,
        "azure_target_create_resource_group": True,
        "azure_target_storage_accounts": [],
        "azure_target_virtual_networks": [],
    },
}
DELETE = module_task(
    "vault",
    {"name": NAMES["vault_name"], "resource_group": NAMES["resource_group"], "state": "absent", "allow_delete": True},
)


def test_a_deleted_vault_reserves_its_name(controller: Controller, lab: Lab, tmp_path: Path) -> None:
    run = controller.run(write(tmp_path, play("localhost", ROLE, ROLE, DELETE, ENSURE_VAULT, connection="local")))
    made, kept, deleted, clash = run.of("vault")
    assert [made.changed, kept.changed, deleted.changed] == [True, False, True], run.output
    shown = made.result["vault"]
    for name, setting in SETTINGS.items():
        assert shown[name].items() >= setting.items()
    assert clash.result["error"]["kind"] == "refused"
    assert "set undelete to true" in clash.result["msg"]
    writes = [f"{entry.verb} {entry.target.rsplit('/', 1)[-1]}" for entry in lab.context.journal.entries]
    vault = shown["name"]
    assert writes == [f"put {shown['resource_group']}", f"put {vault}", f"delete {vault}"]
