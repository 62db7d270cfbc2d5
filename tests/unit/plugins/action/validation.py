# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of the action validate_variables, and variables that are valid."""

from __future__ import annotations

from collections.abc import Mapping
from tempfile import NamedTemporaryFile
from types import SimpleNamespace
from typing import Any

from ansible.parsing.dataloader import DataLoader
from ansible.playbook.task import Task
from ansible.template import Templar

from ansible_collections.siterecovery.hyperv.plugins.action.validate_variables import ActionModule

VAULT = "/subscriptions/s/resourceGroups/rg-dr/providers/Microsoft.RecoveryServices/vaults/vault-dr"
AZURE = {
    "azure_target_resource_group": "rg-dr",
    "azure_target_vault_name": "vault-dr",
    "azure_target_location": "westeurope",
}
VMM = {"vmm_server_provider_source": r"C:\provider.exe", "vmm_server_vault_id": VAULT}
HOST = {"hyperv_host_agent_source": r"C:\agent.exe"}
SECRET = "S3cret of the proxy"
PROXY = f"""
vmm_server_proxy:
  mode: custom
  address: http://proxy
  port: 8080
  username: svc
  password: {SECRET}
"""


def loaded(text: str) -> dict[str, Any]:
    """Read variables as Ansible reads them from a file."""
    with NamedTemporaryFile("w", suffix=".yml") as file:
        file.write(text)
        file.flush()
        variables: dict[str, Any] = DataLoader().load_from_file(file.name, cache="none", trusted_as_template=True)
    return variables


def run(variables: Mapping[str, Any], *, check: bool = False, **options: Any) -> dict[str, Any]:
    loader = DataLoader()
    task = Task()
    task.action, task.args, task.check_mode = "siterecovery.hyperv.validate_variables", options, check
    plugin = ActionModule(
        task=task,
        connection=SimpleNamespace(_shell=SimpleNamespace(tmpdir=None)),
        play_context=SimpleNamespace(check_mode=check, diff=False),
        loader=loader,
        templar=Templar(loader=loader, variables=dict(variables)),
        shared_loader_obj=None,
    )
    plugin._load_name = task.action
    result: dict[str, Any] = plugin.run(task_vars=dict(variables))
    return result


def lines(roles: list[str], variables: Mapping[str, Any], **options: Any) -> list[str]:
    result = run({**AZURE, **VMM, **HOST, **variables}, roles=roles, stop=False, **options)
    assert not result.get("failed")
    assert all(check["id"] == "variables" and check["status"] == "fail" for check in result["checks"])
    return [f"{check['step']} {check['message']}; {check['fix']}" for check in result["checks"]]
