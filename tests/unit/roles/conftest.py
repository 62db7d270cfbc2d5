# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run roles and playbooks with stand-ins for every module, to test order, conditions and reports."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

STAND_IN = Path(__file__).with_name("stand_in.py")
AZURE = {
    "azure_target_subscription_id": "11111111-2222-3333-4444-555555555555",
    "azure_target_resource_group": "rg-dr",
    "azure_target_vault_name": "vault-dr",
    "azure_target_location": "westeurope",
    "azure_target_storage_accounts": [{"name": "stdr"}],
    "azure_target_virtual_networks": [{"name": "vnet-dr", "address_prefixes": ["10.1.0.0/16"]}],
    "vmm_server_provider_source": r"C:\provider.exe",
    "vmm_server_clouds": ["Gold"],
    "hyperv_host_agent_source": r"C:\agent.exe",
    "hyperv_host_proxy": {"mode": "direct"},
}
#: The port has no listener, so the connection is refused at once.
UNREACHABLE = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}


@dataclass(frozen=True)
class Run:
    code: int
    output: str

    @property
    def reasons(self) -> dict[str, str]:
        """Return the message of the last failed task of each host."""
        failures = re.findall(r"^fatal: \[(\S+?)(?: -> \S+)?\].*?=> (\{.*\})$", self.output, re.MULTILINE)
        return {host: str(json.loads(result)["msg"]) for host, result in failures}

    @property
    def failed(self) -> set[str]:
        """Return the hosts that the recap shows as failed or unreachable."""
        found = re.findall(r"^(\S+) +: ok=.* unreachable=(\d+) +failed=(\d+)", self.output, re.MULTILINE)
        return {host for host, *numbers in found if numbers != ["0", "0"]}

    @property
    def changed(self) -> int:
        return sum(int(number) for number in re.findall(r"changed=(\d+)", self.output))


class Harness:
    """One folder with a collection of stand-ins, an inventory, and the state that the stand-ins read and change."""

    def __init__(self, folder: Path, source: Path) -> None:
        self.folder = folder
        self.source = source
        self.key = folder / "vault-dr.VaultCredentials"
        self.variables: dict[str, Any] = {**AZURE, "azure_target_key_path": str(self.key)}
        self.hosts: dict[str, dict[str, dict[str, Any]]] = {
            "vmm_servers": {"vmm01": {}},
            "hyperv_hosts": {"hv01": {}, "hv02": {}},
        }
        #: Whether the inventory lists localhost. Otherwise it exists only where it is named.
        self.lists_localhost = False
        self.collection = folder / "collections" / "ansible_collections" / "siterecovery" / "hyperv"
        self._make_collection()
        self.given({})

    def given(self, state: dict[str, Any]) -> None:
        (self.folder / "state.json").write_text(json.dumps(state))

    @property
    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads((self.folder / "state.json").read_text())
        return state

    def journal(self, kind: str) -> list[str]:
        """Return what the last run requested of the stand-ins, as `module name`."""
        return [f"{line['module']} {line['name']}" for line in self._journal() if line["kind"] == kind]

    def clouds(self) -> dict[str, str]:
        """Return the cloud that the last run passed to the check of each machine."""
        return {line["name"]: line["cloud"] for line in self._journal() if line["module"] == "host_info"}

    def _journal(self) -> list[dict[str, Any]]:
        path = self.folder / "journal.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def play(
        self, playbook: str | list[dict[str, Any]], *arguments: str, environment: dict[str, str] | None = None
    ) -> Run:
        (self.folder / "journal.jsonl").unlink(missing_ok=True)
        path = self.collection / "playbooks" / playbook if isinstance(playbook, str) else self._written(playbook)
        command = [sys.executable, "-m", "ansible", "playbook", "-i", str(self._inventory()), str(path), *arguments]
        done = subprocess.run(
            command,
            env={**self._environment(), **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        return Run(done.returncode, done.stdout)

    def _written(self, plays: list[dict[str, Any]]) -> Path:
        path = self.folder / "play.yml"
        path.write_text(yaml.safe_dump(plays))
        return path

    def _make_collection(self) -> None:
        for part in ("roles", "playbooks", "plugins/filter", "plugins/module_utils", "plugins/plugin_utils"):
            shutil.copytree(self.source / part, self.collection / part)
        # An installed collection has the one file, a checkout the other. Reports read the version in it.
        for name in ("MANIFEST.json", "galaxy.yml"):
            if (self.source / name).exists():
                shutil.copy(self.source / name, self.collection)
        (self.collection / "meta").mkdir()
        shutil.copy(self.source / "meta" / "runtime.yml", self.collection / "meta")
        modules = self.collection / "plugins" / "modules"
        modules.mkdir()
        (self.collection / "plugins" / "action").mkdir()
        # They run on the controller and change no machine, so they need no stand-in.
        for name in ("report", "removal_report", "validate_variables", "wave", "bundle", "bundle_info"):
            for folder in ("action", "modules"):
                shutil.copy(self.source / "plugins" / folder / f"{name}.py", self.collection / "plugins" / folder)
        groups = yaml.safe_load((self.source / "meta" / "runtime.yml").read_text())["action_groups"]
        for name in (name for group in groups.values() for name in group):
            # Ansible needs the first line. The stand-in itself lacks it, because test files must not be executable.
            (modules / f"{name}.py").write_text("#!/usr/bin/python\n" + STAND_IN.read_text())

    def _inventory(self) -> Path:
        path = self.folder / "hosts.yml"
        groups = {
            group: {"hosts": {host: {**self._machine(host), **extra} for host, extra in hosts.items()}}
            for group, hosts in self.hosts.items()
        }
        listed: dict[str, Any] = {"hosts": {"localhost": {}}} if self.lists_localhost else {}
        path.write_text(yaml.safe_dump({"all": {"vars": self.variables, "children": groups, **listed}}))
        return path

    def _machine(self, host: str) -> dict[str, Any]:
        return {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "ansible_remote_tmp": str(self.folder / "machines" / host),
        }

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
        return {
            **kept,
            "HOME": str(self.folder),
            "ANSIBLE_HOME": str(self.folder / "ansible"),
            "ANSIBLE_COLLECTIONS_PATH": str(self.folder / "collections"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_RETRY_FILES_ENABLED": "0",
            "ANSIBLE_HOST_KEY_CHECKING": "0",
            "STAND_IN_STATE": str(self.folder),
        }


@pytest.fixture
def harness(tmp_path: Path, collection_root: Path) -> Harness:
    return Harness(tmp_path, collection_root)
