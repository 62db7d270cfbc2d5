# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin over VMM servers of the lab, connected to as a user's inventory says."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

import pytest
import yaml

from lab.lab import Lab, find_document, read_document
from tests.e2e.cells import Cell
from tests.support.guides import Shell, console_lines
from tests.support.inventories import Answer, ansible_inventory
from tests.support.playbook import Controller
from tests.tools.paths import ROOT

PLUGIN = {"plugin": "siterecovery.hyperv.vmm"}
STRICT = {"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"}
# The other environments do not have its library; winrm is tested twice there.
WITH_PSRP = ("main", "newest")
MakeLab = Callable[[str], Lab]


@pytest.fixture(scope="module")
def labs() -> Iterator[MakeLab]:
    """Labs by their name, each VMM with an id of its own. No test here changes a lab."""
    started: dict[str, Lab] = {}

    def start(name: str) -> Lab:
        if name not in started:
            document = read_document(find_document(name))
            for machine in document["machines"]:
                if "vmm" in machine:
                    machine["vmm"] = {**machine["vmm"], "vmm_id": str(uuid5(NAMESPACE_DNS, name))}
            started[name] = Lab(document, engine="python", time_scale=0.01, directory=None).start()
        return started[name]

    yield start
    for lab in started.values():
        lab.stop()


class Inventory:
    """A copy of a lab's inventory, to which a test adds a configuration of the plugin."""

    def __init__(self, lab: Lab, cell: Cell, folder: Path, *, with_hosts: bool = False) -> None:
        self.lab, self.cell, self.folder = lab, cell, folder
        self.path = folder / "inventory"
        shutil.copytree(lab.inventory, self.path)
        if not with_hosts:
            hosts = yaml.safe_load((self.path / "hosts.yml").read_text())
            hosts["all"]["children"]["windows"]["children"].pop("hyperv_hosts")
            (self.path / "hosts.yml").write_text(yaml.safe_dump(hosts))
        lab.context.journal.clear()

    def write(self, name: str, content: Any) -> None:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(content, allow_unicode=True))

    def over(self, connection: str) -> None:
        """Choose the connection for all machines, by its full name as the documentation recommends."""
        psrp = {
            "ansible_psrp_auth": "ntlm",
            "ansible_psrp_ca_cert": str(self.lab.authority_path),
            "ansible_psrp_ignore_proxy": True,
        }
        self.write("group_vars/windows/own.yml", {"ansible_connection": f"ansible.builtin.{connection}", **psrp})

    def run(self, *arguments: str, **environment: str) -> Answer:
        return ansible_inventory(
            self.cell.python,
            self.cell.collections_path,
            self.folder,
            *("-i", str(self.path), *arguments),
            environment={**self.lab.environment, **STRICT, **environment},
        )

    @property
    def executions(self) -> dict[str, int]:
        counts = self.lab.context.journal.counts
        return {name: counts[name] for name in ("execution", "script:list_vmm_fabric") if name in counts}


def tree(answer: Answer) -> dict[str, list[str]]:
    """The members of every group that the plugin made."""
    assert answer.returncode == 0, answer.errors
    groups = {name: group for name, group in answer.listing.items() if name.startswith(("vmm_", "hyperv_"))}
    return {name: sorted(group.get("hosts", []) + group.get("children", [])) for name, group in groups.items()}


SMALL = {
    "hyperv_hosts": ["hv01.lab.example", "hv02.lab.example"],
    "vmm_agent_10_19_2445_0": ["hv01.lab.example", "hv02.lab.example"],
    "vmm_cloud_bronze": ["hv01.lab.example", "hv02.lab.example"],
    "vmm_cloud_gold": ["hv01.lab.example"],
    "vmm_cloud_silver": ["hv02.lab.example"],
    "vmm_host_group_all_hosts": ["vmm_host_group_datacenter_1", "vmm_host_group_datacenter_2"],
    "vmm_host_group_datacenter_1": ["hv01.lab.example"],
    "vmm_host_group_datacenter_2": ["hv02.lab.example"],
    "vmm_not_protected": ["hv01.lab.example", "hv02.lab.example"],
    "vmm_servers": ["vmm01"],
    "vmm_state_ok": ["hv01.lab.example", "hv02.lab.example"],
}


@pytest.mark.parametrize("connection", ["winrm", "psrp"])
def test_hosts_and_groups_in_every_environment(labs: MakeLab, cell: Cell, tmp_path: Path, connection: str) -> None:
    if connection == "psrp" and cell.name not in WITH_PSRP:
        connection = "winrm"
    inventory = Inventory(labs("small"), cell, tmp_path)
    inventory.over(connection)
    inventory.write("vmm.yml", PLUGIN)
    assert tree(inventory.run("--list")) == SMALL
    assert inventory.executions == {"execution": 1, "script:list_vmm_fabric": 1}
    assert inventory.lab.context.journal.entries == []
    assert [name for name, server in inventory.lab.servers.items() if len(server.shells)] == []


@pytest.mark.needs("pwsh")
@pytest.mark.parametrize("connection", ["winrm", "psrp"])
def test_the_scripts_own_text_in_powershell(main_cell: Cell, tmp_path: Path, connection: str) -> None:
    """Ansible's own wrapper runs here: it refuses arguments that emulators do not look at."""
    with Lab.load("small", engine="pwsh", time_scale=0.01) as lab:
        inventory = Inventory(lab, main_cell, tmp_path)
        inventory.over(connection)
        inventory.write("vmm.yml", PLUGIN)
        assert tree(inventory.run("--list")) == SMALL


def test_the_graph(labs: MakeLab, main_cell: Cell, tmp_path: Path) -> None:
    inventory = Inventory(labs("small"), main_cell, tmp_path)
    inventory.write("vmm.yml", PLUGIN)
    found = inventory.run("--graph", "vmm_host_group_all_hosts")
    assert found.output.splitlines() == [
        "@vmm_host_group_all_hosts:",
        "  |--@vmm_host_group_datacenter_1:",
        "  |  |--hv01.lab.example",
        "  |--@vmm_host_group_datacenter_2:",
        "  |  |--hv02.lab.example",
    ]


@pytest.mark.parametrize("connection", ["winrm", "psrp"])
def test_a_highly_available_vmm(labs: MakeLab, main_cell: Cell, tmp_path: Path, connection: str) -> None:
    inventory = Inventory(labs("cluster"), main_cell, tmp_path)
    inventory.over(connection)
    inventory.write("vmm.yml", {**PLUGIN, "hostnames": "short"})
    found = tree(inventory.run("--list"))
    assert inventory.executions == {"execution": 2, "script:list_vmm_fabric": 2}
    assert found["vmm_servers"] == ["vmm01", "vmm02"]
    assert found["vmm_cluster_hvc02_lab_example"] == ["hv05", "hv06", "hv07", "hv08"]
    assert found["vmm_maintenance"] == ["hv08"]
    assert found["vmm_host_group_datacenter_1"] == [
        "vmm_host_group_datacenter_1_rack_1",
        "vmm_host_group_datacenter_1_rack_2",
    ]
    assert len(found["hyperv_hosts"]) == 16


def test_two_vmm_servers_are_one_inventory(labs: MakeLab, main_cell: Cell, tmp_path: Path) -> None:
    small, cluster = labs("small"), labs("cluster")
    inventory = Inventory(small, main_cell, tmp_path)
    cluster.context.journal.clear()
    login = {
        "ansible_password": cluster.context.login.windows_password,
        "ansible_user": cluster.context.login.windows_user,
    }
    other = {
        **login,
        "ansible_host": "127.0.0.1",
        "ansible_port": cluster.servers["vmm02"].port,
        "ansible_winrm_scheme": "https",
        "ansible_winrm_transport": "ntlm",
        "ansible_winrm_ca_trust_path": str(cluster.authority_path),
    }
    inventory.write("vmm.yml", {**PLUGIN, "vmm_servers": ["vmm01", {"name": "VMMROLE", "variables": other}]})
    found = inventory.run("--list")
    groups = tree(found)
    assert (inventory.executions, cluster.context.journal.counts["execution"]) == (
        {"execution": 1, "script:list_vmm_fabric": 1},
        1,
    )
    assert len(groups["hyperv_hosts"]) == 16
    # hv01 is a host of both.
    assert found.variables["hv01.lab.example"]["vmm_host"]["vmm_servers"] == ["vmm01.lab.example", "VMMROLE"]
    assert found.variables["hv01.lab.example"]["vmm_host"]["clouds"] == ["Bronze", "Gold"]
    assert groups["vmm_servers"] == ["vmm01", "vmm02.lab.example"]


@pytest.mark.parametrize("connection", ["winrm", "psrp"])
def test_wrong_credentials_are_one_clear_line(labs: MakeLab, main_cell: Cell, tmp_path: Path, connection: str) -> None:
    inventory = Inventory(labs("small"), main_cell, tmp_path)
    inventory.over(connection)
    inventory.write("vmm.yml", PLUGIN)
    found = inventory.run("--list", SITERECOVERY_VMM_PASSWORD="not this one")
    assert found.returncode != 0
    assert "vmm01: the server rejected the login (" in found.warnings
    assert "check ansible_user and ansible_password, and that the account may connect remotely" in found.warnings
    assert "not this one" not in found.errors
    assert "Traceback" not in found.errors


def test_a_server_that_does_not_answer(labs: MakeLab, main_cell: Cell, tmp_path: Path) -> None:
    inventory = Inventory(labs("small"), main_cell, tmp_path)
    inventory.write("vmm.yml", {**PLUGIN, "connection_variables": {"ansible_port": 1}})
    found = inventory.run("--list")
    assert found.returncode != 0
    assert "vmm01: the server cannot be reached (" in found.warnings
    assert "check ansible_host, ansible_port and the connection variables" in found.warnings


def test_an_inventory_update_of_awx(labs: MakeLab, main_cell: Cell, tmp_path: Path) -> None:
    """Neither extra variables nor a machine credential arrive there: a credential type sets the environment."""
    lab = labs("small")
    inventory = Inventory(lab, main_cell, tmp_path)
    (inventory.path / "group_vars/all/secrets.yml").unlink()
    inventory.write("vmm.yml", PLUGIN)
    target, login = tmp_path / "output.json", lab.context.login
    found = inventory.run(
        *("--list", "--export", "--output", str(target), "--playbook-dir", str(inventory.path), "-vvv"),
        ANSIBLE_UNSAFE_WRITES="1",
        ANSIBLE_INVENTORY_UNPARSED_FAILED="true",
        INVENTORY_UPDATE_ID="1",
        SITERECOVERY_VMM_USERNAME=login.windows_user,
        SITERECOVERY_VMM_PASSWORD=login.windows_password,
    )
    assert found.returncode == 0, found.errors
    exported = json.loads(target.read_text())
    assert exported["hyperv_hosts"]["hosts"] == SMALL["hyperv_hosts"]
    assert exported["_meta"]["hostvars"]["hv01.lab.example"]["vmm_host"]["cluster"] is None
    everything = target.read_text() + found.output + found.errors
    assert login.windows_password not in everything
    assert "__ansible_unsafe" not in everything


def test_the_module_exports_what_the_plugin_reads(labs: MakeLab, main_cell: Cell, tmp_path: Path) -> None:
    inventory = Inventory(labs("cluster"), main_cell, tmp_path)
    controller = Controller(main_cell, inventory.path, inventory.lab.environment)
    playbook = tmp_path / "export.yml"
    task = {"siterecovery.hyperv.vmm_fabric_info": {"export_path": "{{ inventory_hostname }}.json"}}
    playbook.write_text(yaml.safe_dump([{"hosts": "vmm_servers", "gather_facts": False, "tasks": [task]}]))
    first, second = controller.run(playbook), controller.run(playbook)
    assert (first.returncode, first.changed, second.returncode, second.changed) == (0, 1, 0, 0), first.output
    assert [task.host for task in first.tasks if task.changed] == ["vmm02"]
    assert not (tmp_path / "vmm01.json").exists()
    inventory.write("vmm.yml", PLUGIN)
    online = inventory.run("--list")
    inventory.write("vmm.yml", {**PLUGIN, "export_files": ["../vmm02.json"]})
    inventory.lab.context.journal.clear()
    offline = inventory.run("--list")
    assert (tree(offline), offline.variables) == (tree(online), online.variables)
    assert inventory.executions == {}


def test_a_play_that_reads_its_inventory_again(labs: MakeLab, main_cell: Cell, tmp_path: Path) -> None:
    inventory = Inventory(labs("small"), main_cell, tmp_path)
    inventory.write("vmm.yml", PLUGIN)
    controller = Controller(main_cell, inventory.path, inventory.lab.environment)
    count = {"ansible.builtin.assert": {"that": "groups['hyperv_hosts'] | length == 2"}}
    tasks = [count, {"ansible.builtin.meta": "refresh_inventory"}, count]
    playbook = tmp_path / "refresh.yml"
    playbook.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    run = controller.run(playbook)
    assert run.returncode == 0, run.output
    assert inventory.executions == {"execution": 2, "script:list_vmm_fabric": 2}


def test_hosts_of_the_inventory_are_covered_and_all_others_are_not(
    labs: MakeLab, main_cell: Cell, tmp_path: Path
) -> None:
    inventory = Inventory(labs("small"), main_cell, tmp_path, with_hosts=True)
    hosts = yaml.safe_load((inventory.path / "hosts.yml").read_text())
    hosts["all"]["children"]["windows"]["children"]["hyperv_hosts"]["hosts"].pop("hv02")
    inventory.write("hosts.yml", hosts)
    inventory.write("vmm.yml", {**PLUGIN, "vmm_clouds": ["Gold", "Silver"]})
    found = tree(inventory.run("--list"))
    assert found["vmm_not_covered"] == ["hv02.lab.example"]
    assert found["hyperv_hosts"] == ["hv01", "hv02.lab.example"]


def test_the_commands_of_the_guide_for_many_hosts(main_cell: Cell, tmp_path: Path) -> None:
    """A host fails in the first run, and the next one continues with it."""
    listed, check, target, servers, plan, setup, again, report = console_lines(ROOT / "docs" / "fleet.md")
    with Lab.load("small", engine="python", time_scale=0.01) as lab:
        inventory = Inventory(lab, main_cell, tmp_path, with_hosts=True)
        inventory.write("vmm.yml", {**PLUGIN, "hostnames": "short"})
        variables = Controller(main_cell, inventory.path, lab.environment).variables(tmp_path, None)
        shell = Shell(tmp_path, {**variables, "PATH": f"{main_cell.python.parent}:{variables['PATH']}"})
        assert "|--hv01" in shell.run(listed)
        for command in (check, target, servers):
            shell.run(command)
        assert "Wave 1 of 2: hv01\nWave 2 of 2: hv02\n" in shell.run(plan)
        lab.context.faults.plan("windows:hv01:MARSAgentInstaller.exe", "fail", exit_code=1603)
        assert "hv02: not set up, because too many hosts of an earlier wave failed: hv01" in shell.run(setup, code=2)
        assert (tmp_path / "left.txt").read_text() == "hv01\nhv02\n"
        assert "Wave 2 of 2: 1 host in " in shell.run(again)
        assert not (tmp_path / "left.txt").exists()
        shell.run(report)
