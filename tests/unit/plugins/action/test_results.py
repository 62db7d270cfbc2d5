# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Task results of the Windows resources: keys, diff, check mode and failures."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail

from lab.windows.states import (
    hyperv_host,
    registered,
    vmm_server,
)
from tests.unit.plugins.action.conftest import RESOURCES
from tests.unit.plugins.action.due import (
    CANARY,
    CUSTOM,
    DUE,
    LOGIN,
    MORE,
    PACKAGES,
    RESULT,
    MakeRunner,
    installer,
    options,
)
from tests.unit.plugins.module_utils.model.windows.keys import VAULT_ID

# ---- results ----


@pytest.mark.parametrize("name", DUE)
def test_a_resource_that_changes(runner: MakeRunner, name: str, tmp_path: Path) -> None:
    found = runner(*DUE[name][:2])
    before = found.machine.machine.snapshot()
    given = options(name, tmp_path)
    planned = found.run(name, check=True, diff=True, **given)
    assert (found.scripts, found.machine.machine.snapshot()) == (["observe"], before)
    done = found.run(name, diff=True, **given)
    more = {"reboot_required", "rebooted"} if name in ("provider", "mars_agent") else set()
    assert (
        set(done) == set(planned) == {"changed", "plan", "evidence", "diff", RESULT[name], *more, *MORE.get(name, ())}
    )
    assert (planned["changed"], done["changed"], done["plan"]) == (True, True, planned["plan"])
    shown = done[RESULT[name]]
    assert done["diff"]["after"] == (shown if name != "vmm_cloud_sync" else {"clouds": shown})
    assert done["diff"]["before"] != done["diff"]["after"]
    again = found.run(name, **given)
    assert (again["changed"], again["plan"], again[RESULT[name]]) == (False, [], shown)
    assert (found.scripts, "diff" in again) == (["observe"], False)
    assert set(found.modules) == {"ansible.windows.win_powershell"}
    steps = [entry["step"] for entry in done["evidence"]]
    assert [entry["step"] for entry in again["evidence"]] == steps
    assert all(set(entry) == {"step", "found", "done", "verified"} for entry in done["evidence"])


def test_host_info(runner: MakeRunner) -> None:
    found = runner(hyperv_host())
    result = found.run("host_info", kind="hyperv_host", check_connectivity=False)
    assert (set(result), result["changed"]) == (
        {"changed", "host", "server_name", "active_node", "expected_clouds", "expected_server", "checks", "evidence"}
        | {"settled"},
        False,
    )
    assert (result["host"]["host"]["name"], found.scripts) == ("hv01", ["observe"])
    in_check_mode = found.run("host_info", kind="hyperv_host", check_connectivity=False, check=True)
    # The clock of the machine goes on between the runs.
    in_check_mode["host"]["host"]["utc_now"] = result["host"]["host"]["utc_now"]
    assert in_check_mode == result


def test_warnings_are_shown(runner: MakeRunner) -> None:
    result = runner(hyperv_host()).run("mars_agent", minimum_cache_gb=1, **installer("agent"))
    assert result["warnings"] == ["minimum_cache_gb is less than the 5 GB that the setup guide requires"]


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
    ("name", "given", "words"),
    [
        *((name, {**NEEDED[name], "nonsense": 1}, "nonsense") for name in RESOURCES),
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
def test_options_are_validated_by_the_spec(runner: MakeRunner, name: str, given: dict[str, Any], words: str) -> None:
    found = runner(hyperv_host())
    with pytest.raises(AnsibleActionFail, match=words) as refused:
        found.run(name, **given)
    assert found.machine.executions == []
    assert CANARY not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "given", "line"),
    [
        (
            "provider",
            {"source": "http://m.test/a.exe"},
            "source must not be an address with the scheme 'http'; use an https address or a path",
        ),
        (
            "mars_proxy",
            {"proxy": {**LOGIN, "address": "https://p"}},
            "proxy.address must not be an https address; Site Recovery supports http:// proxies only",
        ),
        (
            "provider_registration",
            {"vault_id": "vault"},
            "vault_id: 'vault' is not the id of a vault;"
            " give /subscriptions/.../resourceGroups/.../providers/Microsoft.RecoveryServices/vaults/<name>",
        ),
        (
            "vmm_cloud_sync",
            {"vmm_clouds": []},
            "vmm_clouds must not be empty; name the clouds to synchronize, or set it to all",
        ),
        (
            "mars_agent",
            {"source": "C:\\a.exe", "cache_path": "Cache"},
            r"cache_path must be a full path on a drive, not 'Cache'; set it to a path like D:\Agent",
        ),
        (
            "host_info",
            {"kind": "vmm_server", "endpoints": ["x y"]},
            "endpoints must be https addresses or host names, not 'x y'; correct or remove the entry",
        ),
    ],
)
def test_options_are_validated_by_the_model(runner: MakeRunner, name: str, given: dict[str, Any], line: str) -> None:
    found = runner(hyperv_host())
    for check in (True, False):
        result = found.run(name, check=check, **given)
        assert result == {
            "failed": True,
            "changed": False,
            "msg": line,
            "error": {"kind": "invalid_input", "option": re.split("[: ]", line)[0]},
        }
        assert found.machine.executions == []


def test_texts_are_converted_by_the_spec(runner: MakeRunner) -> None:
    """Ansible passes templated texts to an action plugin and does not convert them."""
    found = runner(hyperv_host(agent={}))
    result = found.run("mars_proxy", proxy={**CUSTOM, "port": "8080", "bypass": "a.test,b.test"})
    assert result["proxy"]["port"] == 8080
    assert result["proxy"]["bypass"] == ["a.test", "b.test"]


# ---- failures ----


def test_a_refusal(runner: MakeRunner) -> None:
    found = runner(vmm_server(provider={}), registered("other"))
    result = found.run("provider_registration", diff=True, vault_id=VAULT_ID)
    assert (result["failed"], result["changed"], "diff" in result) == (True, False, False)
    assert result["error"] == {"kind": "refused", "check": "vault"}
    assert result["msg"].startswith("the server is registered in vault other, not in vault-asr; ")


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


def test_a_lie_is_detected(runner: MakeRunner) -> None:
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


def test_a_skipped_script_is_a_bug(runner: MakeRunner) -> None:
    found = runner(hyperv_host())
    found.twist = lambda answer: {**answer, "msg": "any words", "result": {}}
    result = found.run("mars_agent", check=True, **installer("agent"))
    assert "report this as a bug of the collection" in result["msg"]
