# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task of a Windows noun shows: results, diff, check mode, failures, and never a secret."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.facts import STAGING_DIR
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils import _action
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._windows import background_task as work
from lab.engines.results import error_record
from lab.windows import layout
from lab.windows.agent import AgentProxy
from lab.windows.installers import catalogue
from lab.windows.states import (
    STAGING,
    Prepare,
    agent_proxy,
    hyperv_host,
    registered,
    stopped,
    vmm_server,
)
from tests.lab.emulators.internet import PROXY_NAME, PROXY_PASSWORD, PROXY_USER
from tests.unit.plugins.action.conftest import NOUNS, Runner
from tests.unit.plugins.model.keys import VAULT_ID, key_file

MakeRunner = Callable[..., Runner]
PACKAGES = catalogue({})
CUSTOM = {"mode": "custom", "address": "http://proxy", "port": 8080}
CANARY = "canary-p4ssw0rd"
LOGIN = {**CUSTOM, "username": "u", "password": CANARY}


def installer(kind: str) -> dict[str, Any]:
    package = PACKAGES[kind]
    return {"source": package.url, "checksum": package.sha256, "version": package.version}


#: For each noun a machine on which it has something to do, and its options.
WORK: dict[str, tuple[dict[str, Any], Prepare | None, dict[str, Any]]] = {
    "provider": (vmm_server(), None, installer("provider")),
    "provider_registration": (vmm_server(provider={}), None, {"vault_id": VAULT_ID}),
    "vmm_cloud_sync": (vmm_server(), None, {"vmm_clouds": ["all"]}),
    "mars_agent": (hyperv_host(), None, installer("agent")),
    "mars_proxy": (hyperv_host(agent={}), None, {"proxy": LOGIN}),
}
RESULT = {
    "provider": "provider",
    "provider_registration": "registration",
    "vmm_cloud_sync": "clouds",
    "mars_agent": "agent",
    "mars_proxy": "proxy",
}


MORE = {"vmm_cloud_sync": ["warnings"]}


def options(noun: str, folder: Path) -> dict[str, Any]:
    more: dict[str, Any] = {}
    if noun == "provider_registration":
        path = folder / "vault-asr.VaultCredentials"
        path.write_bytes(key_file())
        more = {"key_path": str(path)}
    return {**WORK[noun][2], **more}


# ---- results ----


@pytest.mark.parametrize("noun", WORK)
def test_a_changing_noun(runner: MakeRunner, noun: str, tmp_path: Path) -> None:
    found = runner(*WORK[noun][:2])
    before = found.machine.machine.snapshot()
    given = options(noun, tmp_path)
    planned = found.run(noun, check=True, diff=True, **given)
    assert (found.scripts, found.machine.machine.snapshot()) == (["observe"], before)
    done = found.run(noun, diff=True, **given)
    more = {"reboot_required", "rebooted"} if noun in ("provider", "mars_agent") else set()
    assert (
        set(done) == set(planned) == {"changed", "plan", "evidence", "diff", RESULT[noun], *more, *MORE.get(noun, ())}
    )
    assert (planned["changed"], done["changed"], done["plan"]) == (True, True, planned["plan"])
    shown = done[RESULT[noun]]
    assert done["diff"]["after"] == (shown if noun != "vmm_cloud_sync" else {"clouds": shown})
    assert done["diff"]["before"] != done["diff"]["after"]
    again = found.run(noun, **given)
    assert (again["changed"], again["plan"], again[RESULT[noun]]) == (False, [], shown)
    assert (found.scripts, "diff" in again) == (["observe"], False)
    assert set(found.modules) == {"ansible.windows.win_powershell"}
    steps = [entry["step"] for entry in done["evidence"]]
    assert [entry["step"] for entry in again["evidence"]] == steps
    assert all(set(entry) == {"step", "found", "done", "verified"} for entry in done["evidence"])


def test_host_info(runner: MakeRunner) -> None:
    found = runner(hyperv_host())
    result = found.run("host_info", kind="hyperv_host", check_connectivity=False)
    assert (set(result), result["changed"]) == ({"changed", "host", "checks", "evidence"}, False)
    assert (result["host"]["host"]["name"], found.scripts) == ("hv01", ["observe"])
    assert found.run("host_info", kind="hyperv_host", check_connectivity=False, check=True) == {
        **result,
        "host": {**result["host"], "host": {**result["host"]["host"], "utc_now": _moment(found)}},
    }


def _moment(found: Runner) -> str:
    return found.machine.machine.now().strftime("%Y-%m-%dT%H:%M:%SZ")


def test_warnings_are_shown(runner: MakeRunner) -> None:
    result = runner(hyperv_host()).run("mars_agent", minimum_cache_gb=1, **installer("agent"))
    assert result["warnings"] == ["minimum_cache_gb is below the 5 GB that the walkthrough asks for"]


# ---- options ----

NEEDED: dict[str, dict[str, Any]] = {
    "host_info": {"kind": "hyperv_host"},
    "mars_agent": {"source": "C:\\a.exe"},
    "mars_proxy": {"proxy": {"mode": "direct"}},
    "provider": {"source": "C:\\a.exe"},
    "provider_registration": {"vault_id": VAULT_ID},
    "vmm_cloud_sync": {"vmm_clouds": ["all"]},
}


@pytest.mark.parametrize(
    ("noun", "given", "words"),
    [
        *((noun, {**NEEDED[noun], "nonsense": 1}, "nonsense") for noun in NOUNS),
        ("provider", {}, "missing required arguments: source"),
        ("mars_agent", {"source": "C:\\a.exe", "minimum_cache_gb": "much"}, "minimum_cache_gb"),
        ("vmm_cloud_sync", {}, "missing required arguments: vmm_clouds"),
        ("provider_registration", {}, "missing required arguments: vault_id"),
        ("mars_proxy", {}, "missing required arguments: proxy"),
        ("mars_proxy", {"proxy": {"address": "http://p"}}, "missing required arguments: mode"),
        ("mars_proxy", {"proxy": {"mode": "socks"}}, "value of mode must be one of: direct, system, custom"),
        ("mars_proxy", {"proxy": {**LOGIN, "port": "http"}}, "port"),
        ("mars_proxy", {"proxy": LOGIN, "update_password": "never"}, "value of update_password must be one of"),
        ("mars_proxy", {"proxy": {**LOGIN, "realm": "x"}}, "realm"),
        ("mars_proxy", {"proxy": None}, "proxy"),
        ("host_info", {"kind": "laptop"}, "value of kind must be one of: vmm_server, hyperv_host"),
    ],
)
def test_options_are_checked_by_the_spec(runner: MakeRunner, noun: str, given: dict[str, Any], words: str) -> None:
    found = runner(hyperv_host())
    with pytest.raises(AnsibleActionFail, match=words) as refused:
        found.run(noun, **given)
    assert found.machine.executions == []
    assert CANARY not in str(refused.value)


@pytest.mark.parametrize(
    ("noun", "given", "line"),
    [
        (
            "provider",
            {"source": "http://m.test/a.exe"},
            "source: 'http' addresses are not fetched; give an https address or a path",
        ),
        (
            "mars_proxy",
            {"proxy": {**LOGIN, "address": "https://p"}},
            "proxy.address: Site Recovery supports no HTTPS proxies; give a proxy that listens on http://",
        ),
        (
            "provider_registration",
            {"vault_id": "vault"},
            "vault_id: is not a resource id; give the id that the module vault returns",
        ),
        ("vmm_cloud_sync", {"vmm_clouds": []}, "vmm_clouds: is empty; name the clouds to synchronize, or give 'all'"),
        (
            "mars_agent",
            {"source": "C:\\a.exe", "cache_path": "Cache"},
            r"cache_path: 'Cache' is not a full path on a drive; give one like D:\Agent",
        ),
        (
            "host_info",
            {"kind": "vmm_server", "endpoints": ["x y"]},
            "endpoints: 'x y' is no https address; give one, or a host name",
        ),
    ],
)
def test_options_are_checked_by_the_model(runner: MakeRunner, noun: str, given: dict[str, Any], line: str) -> None:
    found = runner(hyperv_host())
    for check in (True, False):
        result = found.run(noun, check=check, **given)
        assert result == {
            "failed": True,
            "changed": False,
            "msg": line,
            "error": {"kind": "invalid_input", "option": line.partition(":")[0]},
        }
        assert found.machine.executions == []


def test_texts_become_what_the_spec_says(runner: MakeRunner) -> None:
    """Ansible hands an action plugin templated texts, and converts nothing itself."""
    found = runner(hyperv_host(agent={}))
    result = found.run("mars_proxy", proxy={**CUSTOM, "port": "8080", "bypass": "a.test,b.test"})
    assert result["proxy"]["port"] == 8080
    assert result["proxy"]["bypass"] == ["a.test", "b.test"]


# ---- failures ----


def test_a_refusal(runner: MakeRunner) -> None:
    found = runner(vmm_server(provider={}), registered("other"))
    result = found.run("provider_registration", diff=True, vault_id=VAULT_ID)
    assert (result["failed"], result["changed"], "diff" in result) == (True, False, False)
    assert result["error"] == {"kind": "refused", "registered": "other", "wanted": "vault-asr"}
    assert result["msg"].startswith("this server is registered in vault other, asked for was vault-asr; ")


def test_a_failure_after_a_change(runner: MakeRunner) -> None:
    found = runner(hyperv_host())
    found.machine.fail("MARSAgentInstaller.exe", exit_code=1612)
    result = found.run("mars_agent", **installer("agent"))
    assert (result["failed"], result["changed"]) == (True, True)
    assert (result["error"]["kind"], result["error"]["exit_code"]) == ("remote_failure", 1612)
    assert "\n" not in result["msg"]


def test_a_failure_before_a_change(runner: MakeRunner) -> None:
    found = runner(hyperv_host())
    source = PACKAGES["agent"].url.replace(".exe", "2.exe")
    result = found.run("mars_agent", source=source)
    assert (result["failed"], result["changed"], result["error"]["status"]) == (True, False, 404)


def test_a_machine_that_lies(runner: MakeRunner) -> None:
    found = runner(hyperv_host(agent={}))
    found.machine.lies["set_agent_proxy"] = {"applied": True}
    result = found.run("mars_proxy", proxy=LOGIN)
    assert (result["failed"], result["changed"], result["error"]["kind"]) == (True, True, "not_converged")
    assert [change["path"] for change in result["error"]["plan"]] == ["mode", "address", "port", "username"]


def test_a_message_of_many_lines_is_one_line(runner: MakeRunner) -> None:
    found = runner(hyperv_host())
    found.machine.fail("observe", message="one\r\n  two")
    assert found.run("mars_agent", **installer("agent"))["msg"] == "script observe failed: one two"


@pytest.mark.parametrize(
    "answer", [{"failed": True, "msg": "module not found"}, {"failed": True, "module_stderr": "x"}]
)
def test_a_module_that_did_not_run(runner: MakeRunner, answer: dict[str, Any]) -> None:
    found = runner(hyperv_host())
    found.twist = lambda _: answer
    result = found.run("mars_agent", **installer("agent"))
    assert result["msg"] == f"script observe failed: {answer.get('msg') or answer['module_stderr']}"
    assert (result["failed"], result["changed"]) == (True, False)


def test_a_skipped_script_is_no_observation(runner: MakeRunner) -> None:
    found = runner(hyperv_host())
    found.twist = lambda answer: {**answer, "msg": "skipped, running in check mode", "result": {}}
    result = found.run("mars_agent", check=True, **installer("agent"))
    assert "this is a bug of the collection" in result["msg"]


# ---- secrets ----


def echo(answer: dict[str, Any]) -> dict[str, Any]:
    """A machine that repeats all it was given, in every place that reaches a result."""
    text = json.dumps(answer["invocation"]["module_args"].get("sensitive_parameters") or [])
    spread = [secret.get(key) for secret in json.loads(text) for key in ("value", "password") if secret.get(key)]
    if not spread:
        return answer
    words = " and ".join(spread)
    return {**answer, "failed": True, "error": [error_record(f"I was given {words}")], "host_out": words}


@pytest.mark.parametrize(
    ("noun", "entry", "prepare", "given"),
    [
        ("mars_proxy", hyperv_host(agent={}), None, {"proxy": LOGIN}),
        (
            "provider_registration",
            vmm_server(provider={}),
            None,
            {"vault_id": VAULT_ID, "proxy": LOGIN},
        ),
        ("provider_registration", vmm_server(provider={}), registered(), {"vault_id": VAULT_ID, "proxy": LOGIN}),
        ("host_info", hyperv_host(), None, {"kind": "hyperv_host", "proxy": LOGIN}),
    ],
    ids=["mars_proxy", "register", "configure", "host_info"],
)
def test_what_a_machine_repeats_is_censored(
    runner: MakeRunner, noun: str, entry: dict[str, Any], prepare: Prepare | None, given: dict[str, Any], tmp_path: Path
) -> None:
    found = runner(entry, prepare)
    found.twist = echo
    more = options(noun, tmp_path) if noun == "provider_registration" else {}
    result = found.run(noun, diff=True, **{**more, **given})
    assert result["failed"]
    assert "I was given ********" in result["msg"]
    secrets = [CANARY, "ManagementCert", "RSVaultAsrCreds"]
    assert [secret for secret in secrets if secret in json.dumps(result)] == []


def test_a_log_that_repeats_a_password_is_censored(runner: MakeRunner) -> None:
    found = runner(vmm_server(provider={}), registered())
    found.machine.lies["configure_provider"] = {
        "exit_code": 1,
        "log_tail": ["a", f"login u:{CANARY}"],
        "service": "Running",
    }
    result = found.run("provider_registration", vault_id=VAULT_ID, proxy=LOGIN)
    assert result["error"]["log"] == ["a", "login u:********"]
    assert result["msg"].endswith("log: a | login u:********")


def test_a_password_in_a_wrong_place_is_censored_before_anything_is_sent(runner: MakeRunner) -> None:
    found = runner(hyperv_host())
    result = found.run("mars_proxy", proxy={**LOGIN, "address": f"http://u:{CANARY}@proxy"})
    assert (found.machine.executions, result["msg"].partition(" is not of")[0]) == (
        [],
        "proxy.address: 'http://u:********@proxy'",
    )


@pytest.mark.parametrize("check", [True, False])
def test_no_secret_in_a_result(
    runner: MakeRunner, tmp_path: Path, check: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They must not be there in the first place, before anything is censored."""
    monkeypatch.setattr(_action, "remove_values", lambda value, _secrets: value)
    found = runner(vmm_server(provider={}, egress="proxy"))
    proxy = {
        "mode": "custom",
        "address": f"http://{PROXY_NAME}",
        "port": found.machine.stage.world.proxy.port,
        "username": PROXY_USER,
        "password": PROXY_PASSWORD,
    }
    given = {**options("provider_registration", tmp_path), "proxy": proxy, "update_password": "always"}
    result = found.run("provider_registration", check=check, diff=True, **given)
    assert result["changed"]
    assert PROXY_USER in json.dumps(result)
    shown = json.dumps(result)
    assert [
        secret for secret in (PROXY_PASSWORD, json.dumps(PROXY_PASSWORD)[1:-1], "ManagementCert") if secret in shown
    ] == []


def test_the_inner_invocation_is_dropped(runner: MakeRunner) -> None:
    found = runner(hyperv_host(agent={}), agent_proxy(AgentProxy()))
    assert "invocation" not in found.run("mars_proxy", proxy=LOGIN)


def test_a_stopped_agent_in_check_mode_shows_no_password(runner: MakeRunner) -> None:
    found = runner(hyperv_host(agent={}), stopped(layout.AGENT_SERVICE))
    result = found.run("mars_proxy", check=True, diff=True, proxy=LOGIN, update_password="always")
    assert [change["after"] for change in result["plan"] if change["path"] == "password"] == ["(hidden)"]
    assert "password" not in result["diff"]["after"]
    assert CANARY not in json.dumps(result)


@pytest.mark.parametrize(
    ("spec", "given", "secrets"),
    [
        ({"a": {"no_log": True}}, {"a": "x"}, ["x"]),
        ({"a": {"no_log": True}}, {"a": None}, []),
        ({"a": {"no_log": True}}, {"a": ""}, []),
        ({"a": {}}, {"a": "x"}, []),
        ({"a": {"no_log": False}}, {"a": "x"}, []),
        ({"a": {"options": {"b": {"no_log": True}, "c": {}}}}, {"a": {"b": 5, "c": "x"}}, ["5"]),
        ({"a": {"options": {"b": {"no_log": True}}}}, {"a": None}, []),
        ({"a": {"options": {"b": {"no_log": True}}}}, {}, []),
    ],
)
def test_secrets_of_a_spec(spec: dict[str, Any], given: dict[str, Any], secrets: list[str]) -> None:
    assert list(_action.secret_values(spec, given)) == secrets


@pytest.mark.parametrize("noun", NOUNS)
def test_every_password_of_a_spec_is_marked(noun: str) -> None:
    module = importlib.import_module(f"ansible_collections.siterecovery.hyperv.plugins.action.{noun}")
    spec = module.ActionModule.OPTIONS
    for name, rule in {**spec, **spec.get("proxy", {}).get("options", {})}.items():
        if name in ("password", "update_password", "key_path"):
            assert rule["no_log"] is (name == "password")


def test_installers_and_keys_lie_in_one_closed_folder() -> None:
    assert _action.INSTALLER_OPTIONS["staging_dir"]["default"] == STAGING == STAGING_DIR


def test_a_lost_connection_is_told_from_a_file_of_the_controller(runner: MakeRunner) -> None:
    found = runner(hyperv_host(agent={}))

    def breaks(error: OSError) -> None:
        def twist(answer: dict[str, Any]) -> dict[str, Any]:
            raise error

        found.twist = twist

    breaks(ConnectionError("Connection aborted."))
    with pytest.raises(AnsibleConnectionFailure, match="the connection was lost while a script ran"):
        found.run("mars_proxy", proxy=LOGIN)
    breaks(PermissionError(13, "Permission denied", "win_powershell.ps1"))
    with pytest.raises(PermissionError):
        found.run("mars_proxy", proxy=LOGIN)


def test_a_broken_session_of_psrp_is_a_lost_connection(runner: MakeRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    class WinRMError(Exception):
        pass

    def twist(_answer: dict[str, Any]) -> dict[str, Any]:
        raise WinRMError("Received a WSManFault message. (Code: 2150858843)")

    found = runner(hyperv_host(agent={}))
    found.twist = twist
    monkeypatch.delitem(sys.modules, "pypsrp.exceptions", raising=False)
    with pytest.raises(WinRMError):
        found.run("mars_proxy", proxy=LOGIN)
    monkeypatch.setitem(sys.modules, "pypsrp.exceptions", SimpleNamespace(WinRMError=WinRMError))
    with pytest.raises(AnsibleConnectionFailure, match=r"the connection was lost while a script ran .*WinRMError"):
        found.run("mars_proxy", proxy=LOGIN)


# ---- an installer of the controller ----


@pytest.mark.parametrize("source", ["/srv/nothing/a.exe", "nothing/a.exe"])
@pytest.mark.parametrize("check", [False, True])
def test_a_missing_file_of_the_controller_is_found_before_anything_is_sent(
    runner: MakeRunner, source: str, check: bool
) -> None:
    found = runner(hyperv_host())
    result = found.run("mars_agent", check=check, source=source)
    assert result["msg"] == (
        f"source: there is no file '{source}' on the controller; correct the path, or give an https address"
    )
    assert found.scripts == []


def test_a_file_of_the_controller_is_searched_as_ansible_does(runner: MakeRunner, tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "MARSAgentInstaller.exe").write_bytes(PACKAGES["agent"].content)
    found = runner(hyperv_host(egress="proxy"))
    found.folder = tmp_path
    result = found.run("mars_agent", source="MARSAgentInstaller.exe")
    assert (result["changed"], result["agent"]["installed"]) == (True, True)
    assert "append_file" in found.scripts


# ---- restarts ----


class Connection(SimpleNamespace):
    """Counts how often it is made anew; fails as told first."""

    def __init__(self, *problems: Exception) -> None:
        super().__init__(_shell=SimpleNamespace(tmpdir="C:\\tmp"), always_pipeline_modules=True)
        self.problems = list(problems)
        self.resets = 0

    def reset(self) -> None:
        self.resets += 1
        if self.problems:
            raise self.problems.pop(0)


class Loader:
    """Gives an action that restarts the machine, or says that it could not."""

    def __init__(self, runner: Runner, answer: dict[str, Any]) -> None:
        self.action_loader = self
        self.asked: list[dict[str, Any]] = []
        self._runner, self._answer = runner, answer

    def get(self, name: str, *, task: Any, **_more: Any) -> Any:
        assert name == task.action == "ansible.windows.win_reboot"

        def run(*, task_vars: Any) -> dict[str, Any]:
            self.asked.append(task.args)
            if not self._answer.get("failed"):
                self._runner.machine.machine.restart()
            return self._answer

        return SimpleNamespace(run=run)


def wants_restart(found: Runner) -> None:
    def twist(answer: dict[str, Any]) -> dict[str, Any]:
        if isinstance(answer["result"], dict) and answer["result"].get("answer"):
            text = answer["result"]["answer"].replace('"setup_exit":0', '"setup_exit":3010')
            return {**answer, "result": {**answer["result"], "answer": text}}
        return answer

    found.twist = twist


@pytest.mark.parametrize("asked", [False, True])
def test_the_machine_is_restarted_only_when_asked_for(runner: MakeRunner, asked: bool) -> None:
    found = runner(vmm_server())
    wants_restart(found)
    found.connection, found.loader = Connection(), Loader(found, {"rebooted": True, "changed": True})
    result = found.run("provider", reboot=asked, wait_timeout=77, **installer("provider"))
    assert (result["changed"], result["rebooted"], result["reboot_required"]) == (True, asked, not asked)
    assert [args["reboot_timeout"] for args in found.loader.asked] == [77] * asked
    assert (found.connection.resets > 0, result["provider"]["vmm_service"]) == (asked, "Running")
    assert [warning for warning in result["warnings"] if "3010" in warning]


def test_nothing_done_means_no_restart(runner: MakeRunner) -> None:
    found = runner(vmm_server(provider={}, pending_restart=["windows_update"]))
    found.loader = Loader(found, {})
    result = found.run("provider", reboot=True, **installer("provider"))
    assert (result["changed"], result["rebooted"], result["reboot_required"]) == (False, False, True)
    assert found.loader.asked == []


def test_a_restart_that_fails_is_told(runner: MakeRunner) -> None:
    found = runner(vmm_server())
    wants_restart(found)
    found.loader = Loader(found, {"failed": True, "msg": "timed out"})
    result = found.run("provider", reboot=True, **installer("provider"))
    assert (result["failed"], result["changed"]) == (True, True)
    assert result["msg"] == "the machine was to be restarted, and was not: timed out"


# ---- connections that break while setup goes on ----


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
def test_a_setup_goes_on_when_the_connection_comes_back(
    runner: MakeRunner, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(work, "time", SimpleNamespace(monotonic=lambda: 0.0, sleep=lambda _seconds: None))
    found = runner(vmm_server())
    breaks_once(found, error)
    found.connection = Connection(ConnectionError("not yet"), AnsibleConnectionFailure("not yet"))
    assert found.run("provider", **installer("provider"))["changed"]
    assert found.connection.resets == 3


@pytest.mark.parametrize("words", ["the specified credentials were rejected by the server", "failed to authenticate"])
def test_a_login_that_is_refused_is_not_tried_again(runner: MakeRunner, words: str) -> None:
    found = runner(vmm_server())
    breaks_once(found, AnsibleConnectionFailure(words))
    with pytest.raises(AnsibleConnectionFailure, match=words):
        found.run("provider", **installer("provider"))
    assert found.scripts[-1] == "poll_background_task"
