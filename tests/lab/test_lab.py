# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab that runs: what it offers after its start, and that nothing remains after its end."""

from __future__ import annotations

import json
import stat
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.engines.scripts import assembled
from lab.lab import Lab, LabError, neutral
from tests.lab.started import listens, run_ansible

# ---- start and end ----


def test_it_starts_with_two_seconds_of_processor_time_and_leaves_nothing_behind() -> None:
    started = time.process_time()
    lab = Lab.load("small")
    lab.start()
    spent = time.process_time() - started
    directory, ports = lab.directory, [server.port for server in lab.servers.values()]
    assert all(listens(port) for port in ports)
    lab.stop()
    lab.stop()
    assert spent < 2
    assert not directory.exists()
    assert not any(listens(port) for port in ports)


def test_only_its_owner_can_read_what_it_writes(lab: Lab) -> None:
    assert stat.S_IMODE(lab.directory.stat().st_mode) == 0o700
    for name in ("inventory/group_vars/all/secrets.yml", "control.json", "ca.pem"):
        assert stat.S_IMODE((lab.directory / name).stat().st_mode) == 0o600, name


def test_no_private_key_of_a_certificate_is_written(lab: Lab) -> None:
    files = [path for path in lab.directory.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if b"PRIVATE KEY" in path.read_bytes()]


def test_two_labs_share_no_secret_and_no_port_but_look_the_same() -> None:
    with Lab.load("small") as one, Lab.load("small") as other:
        assert one.context.login.secret != other.context.login.secret
        assert one.context.login.windows_password != other.context.login.windows_password
        assert one.context.proxy.password != other.context.proxy.password
        assert {server.port for server in one.servers.values()}.isdisjoint(
            {server.port for server in other.servers.values()}
        )
        assert one.snapshot() == other.snapshot()


def test_a_snapshot_carries_names_in_place_of_what_a_run_made_up() -> None:
    names = {"0e5c": "{subscription}", "8123": "{proxy port}"}
    value = {
        "id": "/subscriptions/0e5c/x",
        "port": 8123,
        "text": "p:8123",
        "other": 18123,
        "flag": True,
        "list": ["81234"],
    }
    assert neutral(value, names) == {
        "id": "/subscriptions/{subscription}/x",
        "port": "{proxy port}",
        "text": "p:{proxy port}",
        "other": 18123,
        "flag": True,
        "list": ["81234"],
    }


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"name": "huge"}, "There is no lab huge: use one of"),
        ({"name": "small", "engine": "bash"}, "There is no engine bash: use one of python, pwsh"),
    ],
)
def test_an_unknown_name_is_refused_with_the_known_ones(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(LabError, match=words):
        Lab.load(**arguments)


def test_a_lab_of_ones_own_must_name_its_parts(tmp_path: Path) -> None:
    path = tmp_path / "own.yml"
    path.write_text("machines: []\n")
    with pytest.raises(LabError, match="lacks azure, winrm, proxy, installers"):
        Lab.load(str(path))


def test_the_engine_pwsh_without_pwsh_is_refused_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    lab = Lab.load("small", engine="pwsh")
    with pytest.raises(LabError, match="put pwsh on PATH, or use the engine python"):
        lab.start()
    assert not lab.directory.exists()


def test_a_given_directory_keeps_what_was_in_it(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with Lab.load("small", directory=tmp_path) as lab:
        assert lab.directory == tmp_path
        assert (tmp_path / "inventory/hosts.yml").is_file()
        with pytest.raises(LabError, match="already holds a lab"):
            Lab.load("small", directory=tmp_path).start()
        assert (tmp_path / "inventory/hosts.yml").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_given_directory_with_something_in_the_way_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys/mine").write_text("mine")
    with pytest.raises(LabError, match="keys is in the way"):
        Lab.load("small", directory=tmp_path).start()
    assert [str(path.relative_to(tmp_path)) for path in sorted(tmp_path.rglob("*"))] == ["keys", "keys/mine"]


def test_a_directory_that_was_not_there_goes_again(tmp_path: Path) -> None:
    with Lab.load("small", directory=tmp_path / "a/b") as lab:
        assert lab.directory.is_dir()
    assert not (tmp_path / "a/b").exists()


# ---- inventory ----


def test_the_inventory_is_what_the_playbooks_expect(lab: Lab) -> None:
    listing = run_ansible(lab, "inventory", "--list")
    inventory = json.loads(listing.stdout)
    assert inventory["vmm_servers"]["hosts"] == ["vmm01"]
    assert inventory["hyperv_hosts"]["hosts"] == ["hv01", "hv02"]
    host = inventory["_meta"]["hostvars"]["hv01"]
    assert host["ansible_connection"] == "winrm"
    assert host["ansible_winrm_server_cert_validation"] == "validate"
    assert inventory["_meta"]["hostvars"]["localhost"]["ansible_connection"] == "local"
    assert host["azure_target_cloud_environment"].startswith(lab.arm_url)


def test_secrets_stand_in_their_own_file_only(lab: Lab) -> None:
    context = lab.context
    for path in lab.inventory.rglob("*.yml"):
        found = [
            s
            for s in (context.login.secret, context.login.windows_password, context.proxy.password)
            if s in path.read_text()
        ]
        assert len(found) == (3 if path.name == "secrets.yml" else 0), path


def test_every_variable_file_is_yaml_without_anchors(lab: Lab) -> None:
    for path in lab.inventory.rglob("*.yml"):
        assert yaml.safe_load(path.read_text())
        assert "&id" not in path.read_text()


@pytest.mark.parametrize("transport", ["ntlm", "basic"])
def test_every_machine_answers_ansible_with_this_inventory(lab: Lab, transport: str) -> None:
    done = run_ansible(
        lab, "adhoc", "windows", "-m", "ansible.windows.win_ping", "-e", f"ansible_winrm_transport={transport}"
    )
    assert done.stdout.count('"ping": "pong"') == 3, done.stdout


@pytest.mark.needs("pwsh")
def test_both_engines_observe_the_same_machines(collection_root: Path, tmp_path: Path) -> None:
    """Ansible sends the collection's own script as a task of win_powershell in check mode."""
    script = assembled(collection_root / "plugins/plugin_utils/_windows/scripts", "observe")
    sections = ["host", "vmm", "provider", "registration", "agent", "hyperv"]
    options = {
        "script": script,
        "parameters": {"Sections": sections, "StagingDir": "C:\\ProgramData\\siterecovery.hyperv"},
        "depth": 6,
        "error_action": "stop",
    }
    found = []
    for engine in ("python", "pwsh"):
        with Lab.load("small", engine=engine) as lab:
            trees = tmp_path / engine
            arguments = ["windows", "-m", "ansible.windows.win_powershell", "-a", json.dumps(options)]
            run_ansible(lab, "adhoc", *arguments, "--check", "--tree", str(trees))
            assert lab.journal.entries == []
            assert lab.journal.counts["script:observe"] == 3
        results = {path.name: json.loads(path.read_text()) for path in sorted(trees.iterdir())}
        assert [result.get("failed", False) for result in results.values()] == [False] * 3
        for result in results.values():
            result["result"]["host"].pop("utc_now")
            for job in (result["result"]["vmm"] or {}).get("running_jobs") or ():
                job.pop("minutes")
        found.append({name: (result["changed"], result["result"]) for name, result in results.items()})
    assert found[0] == found[1]
    assert set(found[0]) == {"vmm01", "hv01", "hv02"}
    assert [cloud["name"] for cloud in found[0]["vmm01"][1]["vmm"]["clouds"]] == ["Gold", "Silver", "Bronze"]
