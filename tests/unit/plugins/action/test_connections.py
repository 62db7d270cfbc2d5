# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Installers on the controller, restarts, and connections that break."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleAuthenticationFailure, AnsibleConnectionFailure, AnsibleError

from ansible_collections.siterecovery.hyperv.plugins.plugin_utils import _action
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._windows import background_task
from lab.windows.states import (
    cluster_node,
    hyperv_host,
    vmm_server,
)
from tests.unit.plugins.action.conftest import Runner
from tests.unit.plugins.action.due import (
    PACKAGES,
    MakeRunner,
    installer,
)

# ---- an installer on the controller ----


@pytest.mark.parametrize("source", ["/srv/nothing/a.exe", "nothing/a.exe"])
@pytest.mark.parametrize("check", [False, True])
def test_a_missing_file_on_the_controller_is_detected_before_anything_is_sent(
    runner: MakeRunner, source: str, check: bool
) -> None:
    found = runner(hyperv_host())
    result = found.run("mars_agent", check=check, source=source)
    assert result["msg"] == (
        f"source: the controller does not have the file '{source}'; correct the path, or use an https address"
    )
    assert found.scripts == []


def test_a_file_on_the_controller_is_searched_as_ansible_does(runner: MakeRunner, tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "MARSAgentInstaller.exe").write_bytes(PACKAGES["agent"].content)
    found = runner(hyperv_host(egress="proxy"))
    found.folder = tmp_path
    result = found.run("mars_agent", source="MARSAgentInstaller.exe")
    assert (result["changed"], result["agent"]["installed"]) == (True, True)
    assert "append_file" in found.scripts


def test_a_setup_after_the_change_window_does_not_begin(runner: MakeRunner) -> None:
    found = runner(hyperv_host())
    result = found.run("mars_agent", begin_before="2026-01-31T05:00:00Z", **installer("agent"))
    assert (result["failed"], result["error"]["kind"], result["changed"]) == (True, "refused", False)
    assert found.scripts == []


# ---- restarts ----


class Connection(SimpleNamespace):
    """Counts how often it is opened again, and first raises the given errors."""

    def __init__(self, *problems: Exception) -> None:
        super().__init__(_shell=SimpleNamespace(tmpdir="C:\\tmp"), always_pipeline_modules=True)
        self.problems = list(problems)
        self.resets = 0

    def reset(self) -> None:
        self.resets += 1
        if self.problems:
            raise self.problems.pop(0)


class Loader:
    """Returns an action that restarts the machine, or fails."""

    def __init__(self, runner: Runner, answer: dict[str, Any]) -> None:
        self.action_loader = self
        self.arguments: list[dict[str, Any]] = []
        self._runner, self._answer = runner, answer

    def get(self, name: str, *, task: Any, **_more: Any) -> Any:
        assert name == task.action == "ansible.windows.win_reboot"

        def run(*, task_vars: Any) -> dict[str, Any]:
            self.arguments.append(task.args)
            if not self._answer.get("failed"):
                self._runner.machine.machine.restart()
            return self._answer

        return SimpleNamespace(run=run)


def asks_for_restart(found: Runner) -> None:
    def twist(answer: dict[str, Any]) -> dict[str, Any]:
        if isinstance(answer["result"], dict) and answer["result"].get("answer"):
            text = re.sub(r'"(setup_exit|exit_code)":0', r'"\1":3010', answer["result"]["answer"])
            return {**answer, "result": {**answer["result"], "answer": text}}
        return answer

    found.twist = twist


@pytest.mark.parametrize("allowed", [False, True])
def test_the_machine_is_restarted_only_if_allowed(runner: MakeRunner, allowed: bool) -> None:
    found = runner(vmm_server())
    asks_for_restart(found)
    found.connection, found.loader = Connection(), Loader(found, {"rebooted": True, "changed": True})
    result = found.run("provider", reboot=allowed, wait_timeout=77, **installer("provider"))
    assert (result["changed"], result["rebooted"], result["reboot_required"]) == (True, allowed, not allowed)
    assert [args["reboot_timeout"] for args in found.loader.arguments] == [77] * allowed
    assert (found.connection.resets > 0, result["provider"]["vmm_service"]) == (allowed, "Running")
    assert [warning for warning in result["warnings"] if "3010" in warning]


@pytest.mark.parametrize(
    ("name", "machine", "reason"),
    [
        (
            "mars_agent",
            hyperv_host(vms=[{"name": "web"}, {"name": "off", "state": "off"}, {"name": "kept", "state": "saved"}]),
            "a virtual machine runs on it: web;",
        ),
        (
            "mars_agent",
            hyperv_host(vms=[{"name": f"vm{number}", "state": "paused"} for number in range(7)]),
            "7 virtual machines run on it: vm0, vm1, vm2, vm3, vm4 and 2 more;",
        ),
        (
            "provider",
            cluster_node(provider=False, nodes=["vmm01", {"name": "vmm02", "state": "Paused"}]),
            "other nodes of its cluster are not up: vmm02 (Paused);",
        ),
    ],
)
def test_a_machine_that_others_need_is_not_restarted(
    runner: MakeRunner, name: str, machine: dict[str, Any], reason: str
) -> None:
    found = runner(machine)
    asks_for_restart(found)
    found.loader = Loader(found, {"rebooted": True, "changed": True})
    result = found.run(name, reboot=True, **installer("agent" if name == "mars_agent" else name))
    assert (result["changed"], result["rebooted"], result["reboot_required"]) == (True, False, True)
    assert found.loader.arguments == []
    assert [warning for warning in result["warnings"] if f"was not restarted, because {reason}" in warning]


@pytest.mark.parametrize(
    ("name", "machine"),
    [("mars_agent", hyperv_host(vms=[{"name": "old", "state": "off"}])), ("provider", cluster_node(provider=False))],
)
def test_a_machine_that_others_do_not_need_is_restarted(runner: MakeRunner, name: str, machine: dict[str, Any]) -> None:
    found = runner(machine)
    asks_for_restart(found)
    found.connection, found.loader = Connection(), Loader(found, {"rebooted": True, "changed": True})
    assert found.run(name, reboot=True, **installer("agent" if name == "mars_agent" else name))["rebooted"] is True


def test_no_restart_without_a_change(runner: MakeRunner) -> None:
    found = runner(vmm_server(provider={}, pending_restart=["windows_update"]))
    found.loader = Loader(found, {})
    result = found.run("provider", reboot=True, **installer("provider"))
    assert (result["changed"], result["rebooted"], result["reboot_required"]) == (False, False, True)
    assert found.loader.arguments == []


def test_a_restart_that_fails(runner: MakeRunner) -> None:
    found = runner(vmm_server())
    asks_for_restart(found)
    found.loader = Loader(found, {"failed": True, "msg": "timed out"})
    result = found.run("provider", reboot=True, **installer("provider"))
    assert (result["failed"], result["changed"]) == (True, True)
    assert result["msg"] == "the restart of the machine failed: timed out"


# ---- connections that break during setup ----


def breaks_once(found: Runner, error: Exception) -> None:
    left = [error]

    def twist(answer: dict[str, Any]) -> dict[str, Any]:
        if found.scripts[-1] == "poll_background_task" and left:
            raise left.pop()
        return answer

    found.twist = twist


@pytest.mark.parametrize(
    "error", [ConnectionError("Connection aborted."), AnsibleConnectionFailure("winrm send_input failed")]
)
def test_a_setup_continues_after_a_reconnection(
    runner: MakeRunner, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(background_task, "time", SimpleNamespace(monotonic=lambda: 0.0, sleep=lambda _seconds: None))
    found = runner(vmm_server())
    breaks_once(found, error)
    found.connection = Connection(ConnectionError("not yet"), AnsibleConnectionFailure("not yet"))
    assert found.run("provider", **installer("provider"))["changed"]
    assert found.connection.resets == 3


class AuthenticationError(Exception):
    """Stands for the error of pypsrp."""


def refused_by_winrm() -> AnsibleConnectionFailure:
    """Return the error of the winrm connection, which has neither type nor cause."""
    return AnsibleConnectionFailure("ntlm: the specified credentials were rejected by the server")


def refused_by_psrp() -> AnsibleConnectionFailure:
    """Return the error of the psrp connection, which it raises while it handles its library's error."""
    try:
        try:
            raise AuthenticationError("no")
        except AuthenticationError:
            raise AnsibleConnectionFailure("any words") from None
    except AnsibleConnectionFailure as error:
        return error


@pytest.mark.parametrize(
    "error", [refused_by_winrm(), refused_by_psrp(), AnsibleAuthenticationFailure("no")], ids=["winrm", "psrp", "ssh"]
)
def test_a_rejected_login_is_not_tried_again(
    runner: MakeRunner, monkeypatch: pytest.MonkeyPatch, error: AnsibleConnectionFailure
) -> None:
    library = SimpleNamespace(WinRMError=RuntimeError, AuthenticationError=AuthenticationError)
    monkeypatch.setitem(sys.modules, "pypsrp.exceptions", library)
    found = runner(vmm_server())
    breaks_once(found, error)
    with pytest.raises(AnsibleConnectionFailure) as raised:
        found.run("provider", **installer("provider"))
    assert raised.value is error
    assert found.scripts[-1] == "poll_background_task"


# ---- a missing collection ----


def test_a_missing_collection_is_named_with_the_command_that_installs_it(
    runner: MakeRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(_answer: dict[str, Any]) -> dict[str, Any]:
        raise AnsibleError("any text of Ansible")

    found = runner(hyperv_host())
    found.twist = unknown
    with pytest.raises(AnsibleError, match="any text of Ansible"):
        found.run("mars_agent", **installer("agent"))
    monkeypatch.setattr(_action, "_MODULE", "ansible.windows.no_such_module")
    assert found.run("mars_agent", **installer("agent"))["msg"] == (
        "the collection ansible.windows is not installed on the controller; install it with"
        " 'ansible-galaxy collection install ansible.windows'"
    )
