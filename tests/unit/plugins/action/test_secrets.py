# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No task result contains a secret."""

from __future__ import annotations

import base64
import importlib
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.host_facts import STAGING_DIR
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils import _action
from lab.engines.results import error_record
from lab.windows import layout
from lab.windows.agent import AgentProxy
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
from tests.unit.plugins.action.conftest import RESOURCES
from tests.unit.plugins.action.due import (
    CANARY,
    LOGIN,
    MakeRunner,
    options,
)
from tests.unit.plugins.module_utils.model.windows.keys import VAULT_ID

# ---- secrets ----

#: The login as a header for a proxy has it.
BASIC = base64.b64encode(f"{LOGIN['username']}:{CANARY}".encode()).decode()


def echo(answer: dict[str, Any]) -> dict[str, Any]:
    """Repeat all secrets in every place that can reach a result, also in the form of a header for a proxy."""
    text = json.dumps(answer["invocation"]["module_args"].get("sensitive_parameters") or [])
    spread = [secret.get(key) for secret in json.loads(text) for key in ("value", "password") if secret.get(key)]
    if not spread:
        return answer
    words = " and ".join((*spread, BASIC))
    return {**answer, "failed": True, "error": [error_record(f"I was given {words}")], "host_out": words}


@pytest.mark.parametrize(
    ("name", "entry", "prepare", "given"),
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
def test_repeated_secrets_are_censored(
    runner: MakeRunner, name: str, entry: dict[str, Any], prepare: Prepare | None, given: dict[str, Any], tmp_path: Path
) -> None:
    found = runner(entry, prepare)
    found.twist = echo
    more = options(name, tmp_path) if name == "provider_registration" else {}
    result = found.run(name, diff=True, **{**more, **given})
    assert result["failed"]
    assert "I was given ********" in result["msg"]
    secrets = [CANARY, BASIC, "ManagementCert", "RSVaultAsrCreds"]
    assert [secret for secret in secrets if secret in json.dumps(result)] == []


def test_a_log_that_repeats_a_password_is_censored(runner: MakeRunner) -> None:
    found = runner(vmm_server(provider={}), registered())
    found.machine.lies["configure_provider"] = {
        "exit_code": 1,
        "log_tail": ["a", f"login u:{CANARY}"],
        "service": "Running",
        "started": False,
        "running_jobs": None,
    }
    result = found.run("provider_registration", vault_id=VAULT_ID, proxy=LOGIN)
    assert result["error"]["log"] == ["a", "login u:********"]
    assert result["msg"].endswith("log: a | login u:********")


def test_a_password_that_a_log_breaks_into_lines_is_censored(runner: MakeRunner) -> None:
    found = runner(vmm_server(provider={}), registered())
    lines = [f"login u:{CANARY[:5]}", f"{CANARY[5:]} was refused", "end"]
    answer = {"exit_code": 1, "log_tail": lines, "service": "Running", "started": False, "running_jobs": None}
    found.machine.lies["configure_provider"] = answer
    result = found.run("provider_registration", vault_id=VAULT_ID, proxy=LOGIN)
    assert result["error"]["log"] == ["login u:******** was refused", "end"]


def test_a_password_in_the_address_is_censored_before_anything_is_sent(runner: MakeRunner) -> None:
    found = runner(hyperv_host())
    result = found.run("mars_proxy", proxy={**LOGIN, "address": f"http://u:{CANARY}@proxy"})
    assert found.machine.executions == []
    line = "proxy.address must not contain a login; set the login in proxy.username and proxy.password"
    assert result["msg"] == line


@pytest.mark.parametrize("value", [[CANARY], {CANARY: 1}, 7, 1.5, True])
def test_a_password_that_is_not_text_is_refused_before_anything_is_sent(runner: MakeRunner, value: object) -> None:
    """Ansible would convert it to another text, which would then be the password."""
    found = runner(hyperv_host(agent={}))
    result = found.run("mars_proxy", proxy={**LOGIN, "password": value})
    assert (found.machine.executions, result["failed"]) == ([], True)
    assert result["msg"] == "proxy.password must be text; put it in quotes"
    assert CANARY not in json.dumps(result)


@pytest.mark.parametrize("check", [True, False])
def test_no_secret_in_a_result(
    runner: MakeRunner, tmp_path: Path, check: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A result must not contain secrets even before censoring."""
    monkeypatch.setattr(_action, "remove_values", lambda value, _secrets: value)
    found = runner(vmm_server(provider={}, egress="proxy"))
    proxy = {
        "mode": "custom",
        "address": f"http://{PROXY_NAME}",
        "port": found.machine.lab.context.proxy.port,
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


@pytest.mark.parametrize("name", RESOURCES)
def test_every_password_of_a_spec_is_marked(name: str) -> None:
    module = importlib.import_module(f"ansible_collections.siterecovery.hyperv.plugins.action.{name}")
    spec = module.ActionModule.OPTIONS
    for option, rule in {**spec, **spec.get("proxy", {}).get("options", {})}.items():
        if option in ("password", "update_password", "key_path"):
            assert rule["no_log"] is (option == "password")


def test_installers_and_keys_share_one_protected_folder() -> None:
    assert _action.INSTALLER_OPTIONS["staging_dir"]["default"] == STAGING == STAGING_DIR


def test_a_lost_connection_differs_from_a_file_of_the_controller(runner: MakeRunner) -> None:
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
    monkeypatch.setitem(
        sys.modules, "pypsrp.exceptions", SimpleNamespace(WinRMError=WinRMError, AuthenticationError=WinRMError)
    )
    with pytest.raises(AnsibleConnectionFailure, match=r"the connection was lost while a script ran .*WinRMError"):
        found.run("mars_proxy", proxy=LOGIN)
