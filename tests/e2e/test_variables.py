# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables as users write them, with every supported ansible-core: encrypted values and answers of surveys."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret

from lab.lab import Lab
from tests.e2e.cells import Cell
from tests.e2e.conftest import MakeLab
from tests.support.playbook import Controller, Run
from tests.support.plays import VAULT_ID, Play, write

PASSWORD = "correct horse"
#: Optional variables as a survey passes them: empty answers, and text for all others.
SURVEY = {
    "azure_target_storage_accounts": '[{"name": "stsurvey", "sku": "Standard_LRS", "access_tier": ""}]',
    "azure_target_virtual_networks": "- name: vnet-survey\n  address_prefixes: 10.9.0.0/16, 10.10.0.0/16\n",
    "azure_target_create_resource_group": "yes",
    "azure_target_send_certificate_chain": "",
    "azure_target_key_path": "",
    "azure_target_vault_tags": None,
    "vmm_server_clouds": "Gold\nSilver",
    "vmm_server_name": "",
    "vmm_server_wait_timeout": "",
    "vmm_server_microsoft_update": None,
    "vmm_server_download_proxy": "",
    "hyperv_host_minimum_cache_gb": None,
    "hyperv_host_throttle": "",
    "hyperv_host_upload_threads": "",
}
# The plays have no module_defaults. Before 2.19, ansible-core evaluates them for every task, even for the one that
# reports undefined variables.
PLAYS: tuple[Play, ...] = (
    {"hosts": "localhost", "gather_facts": False},
    {
        "hosts": "vmm_servers",
        "gather_facts": False,
        "vars": {"vmm_server_vault_id": VAULT_ID, "vmm_server_key_path": ""},
    },
    {"hosts": "hyperv_hosts", "gather_facts": False},
)
ROLES = ("azure_target", "vmm_server", "hyperv_host")


class Vaulted(str):
    """Text in the form that `ansible-vault encrypt_string` writes."""


class Dumper(yaml.SafeDumper):
    """Write encrypted text with its tag."""


Dumper.add_representer(Vaulted, lambda dumper, text: dumper.represent_scalar("!vault", str(text), style="|"))


@pytest.fixture(scope="module")
def lab(make_shared_lab: MakeLab) -> Lab:
    return make_shared_lab()


def encrypted(text: str) -> Vaulted:
    secret = VaultSecret(PASSWORD.encode())
    return Vaulted(VaultLib([("default", secret)]).encrypt(text, secret).decode())


def controller(cell: Cell, lab: Lab, folder: Path) -> Controller:
    """Return a controller whose inventory encrypts each secret separately, where it is used."""
    inventory = folder / "inventory"
    shutil.copytree(lab.inventory, inventory)
    variables = inventory / "group_vars" / "all"
    secrets = yaml.safe_load((variables / "secrets.yml").read_text())
    content = yaml.safe_load((variables / "main.yml").read_text())
    for role in ("vmm_server", "hyperv_host"):
        content[f"{role}_proxy"]["password"] = encrypted(secrets["proxy_password"])
    for path, values in (
        ("main.yml", content),
        ("secrets.yml", {name: encrypted(text) for name, text in secrets.items()}),
    ):
        (variables / path).write_text(yaml.dump(values, Dumper=Dumper))
    (folder / "password").write_text(PASSWORD)
    return Controller(cell, inventory, lab.environment)


def run(cell: Cell, lab: Lab, folder: Path, plays: list[Play], extra: dict[str, Any]) -> Run:
    book = write(folder, *plays)
    vault = ["--vault-password-file", str(folder / "password")]
    return controller(cell, lab, folder).run(book, "--check", "-vvv", *vault, "-e", json.dumps(extra))


def by_keyword() -> list[Play]:
    """List the roles in plays. Ansible validates the arguments first, with the specification of the role."""
    return [{**each, "roles": [f"siterecovery.hyperv.{role}"]} for each, role in zip(PLAYS, ROLES, strict=True)]


def by_task() -> list[Play]:
    """Include the roles as the playbooks of this collection do."""
    return [
        {
            **each,
            "tasks": [
                {
                    "ansible.builtin.include_role": {
                        "name": f"siterecovery.hyperv.{role}",
                        "rolespec_validate": False,
                    }
                }
            ],
        }
        for each, role in zip(PLAYS, ROLES, strict=True)
    ]


def secrets(lab: Lab) -> tuple[str, ...]:
    return lab.context.login.secret, lab.context.login.windows_password, lab.context.proxy.password


def test_separately_encrypted_secrets_work_and_stay_secret(cell: Cell, lab: Lab, tmp_path: Path) -> None:
    done = run(cell, lab, tmp_path, by_keyword(), {})
    assert done.returncode == 0, done.output
    assert len(done.of("validate_variables")) == len(done.recap)
    assert not [secret for secret in secrets(lab) if secret in done.output or secret in done.record]


def test_answers_of_a_survey_are_understood(cell: Cell, lab: Lab, tmp_path: Path) -> None:
    done = run(cell, lab, tmp_path, by_task(), SURVEY)
    assert done.returncode == 0, done.output
    accounts = [task.result["storage_account"]["name"] for task in done.of("storage_account")]
    assert set(accounts) == {"stsurvey"}
    validated = {task.host: task.result["values"] for task in done.of("validate_variables")}
    assert validated["vmm01"]["vmm_server_clouds"] == ["Gold", "Silver"]
    assert not [secret for secret in secrets(lab) if secret in done.output or secret in done.record]


def test_every_mistake_is_reported_in_one_line_with_the_name_of_the_variable(
    cell: Cell, lab: Lab, tmp_path: Path
) -> None:
    wrong = {
        "azure_target_storage_accounts": [{"name": "stone", "skuu": "Standard_LRS"}],
        "azure_target_vault_name": "x",
        "azure_target_locations": "westeurope",
        "azure_target_client_id": "{{ nowhere }}",
    }
    done = run(cell, lab, tmp_path, by_task()[:1], wrong)
    (failed,) = done.failures()
    assert [check["message"].partition(" must ")[0].partition(":")[0] for check in failed.result["checks"]] == [
        "azure_target_client_id",
        "azure_target_storage_accounts[0].skuu",
        "azure_target_vault_name",
        "azure_target_locations",
    ]
    assert failed.result["checks"][0]["message"] == "azure_target_client_id: uses nowhere, which is not defined"
    assert "did you mean azure_target_location?" in failed.result["msg"]
    assert "\n" not in failed.result["msg"]
    assert len(failed.result["msg"]) < 800
