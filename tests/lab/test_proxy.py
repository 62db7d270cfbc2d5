# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proxy of a lab, the egress of a machine through it, and the cmdlet server."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from lab.engines.scripts import assembled
from lab.lab import Lab
from tests.lab.started import run_ansible

VAULT_HOST = "pod01-rrp1.weu.hypervrecoverymanager.windowsazure.com"


def _login(lab: Lab, password: str | None = None) -> dict[str, str]:
    account = lab.context.proxy
    token = b64encode(f"{account.username}:{password or account.password}".encode()).decode()
    return {"Proxy-Authorization": f"Basic {token}"}


def _connect(lab: Lab, host: str, headers: dict[str, str]) -> tuple[int, dict[str, str], socket.socket]:
    connection = socket.create_connection(("127.0.0.1", lab.context.proxy.port), timeout=10)
    return (*_ask_for(connection, host, headers), connection)


def _ask_for(connection: socket.socket, host: str, headers: dict[str, str]) -> tuple[int, dict[str, str]]:
    lines = [f"CONNECT {host}:443 HTTP/1.1", f"Host: {host}:443", *(f"{k}: {v}" for k, v in headers.items()), "", ""]
    connection.sendall("\r\n".join(lines).encode())
    response = http.client.HTTPResponse(connection, method="CONNECT" if headers else "GET")
    response.begin()
    found = {name.lower(): value for name, value in response.getheaders()}
    if response.status != 200:
        response.read()
    return response.status, found


def test_the_proxy_asks_for_its_login(lab: Lab) -> None:
    status, headers, connection = _connect(lab, VAULT_HOST, {})
    connection.close()
    assert status == 407
    assert headers["proxy-authenticate"].startswith("Basic")


def test_a_client_may_log_in_on_the_same_connection(lab: Lab) -> None:
    connection = socket.create_connection(("127.0.0.1", lab.context.proxy.port), timeout=10)
    with connection:
        assert _ask_for(connection, VAULT_HOST, {})[0] == 407
        assert _ask_for(connection, VAULT_HOST, _login(lab))[0] == 200


def test_a_wrong_password_is_refused_by_the_proxy(lab: Lab) -> None:
    status, _, connection = _connect(lab, VAULT_HOST, _login(lab, "wrong"))
    connection.close()
    assert status == 407


def test_names_of_azure_lead_to_the_simulated_one(lab: Lab) -> None:
    status, _, connection = _connect(lab, VAULT_HOST, _login(lab))
    assert status == 200
    context = ssl.create_default_context(cafile=str(lab.authority_path))
    with context.wrap_socket(connection, server_hostname="localhost") as tls:
        tls.sendall(
            b"GET /metadata/endpoints?api-version=2022-09-01 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )
        assert tls.recv(1024).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("host", ["example.org", "windowsazure.com.example.org", "10.0.0.1"])
def test_the_proxy_leads_nowhere_else(lab: Lab, host: str) -> None:
    status, _, connection = _connect(lab, host, _login(lab))
    connection.close()
    assert status == 502


def test_a_planned_fault_blocks_one_name(lab: Lab) -> None:
    lab.context.faults.plan(f"proxy:{VAULT_HOST}", "fail")
    status, _, connection = _connect(lab, VAULT_HOST, _login(lab))
    connection.close()
    assert status == 503


def test_the_proxy_only_serves_connect(lab: Lab) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", lab.context.proxy.port, timeout=10)
    connection.request("GET", "http://login.microsoftonline.com/")
    assert connection.getresponse().status == 405
    connection.close()


# ---- the egress of a machine ----


@pytest.mark.parametrize("engine", ["python", pytest.param("pwsh", marks=pytest.mark.needs("pwsh"))])
def test_a_machine_connects_through_the_proxy_only_with_its_login(
    engine: Any, collection_root: Path, tmp_path: Path
) -> None:
    """Ansible runs the section for connectivity: the response is the simulated Azure's, through the real proxy."""
    with Lab.load("small", engine=engine) as lab:
        proxy = lab.context.proxy
        way = {"ProxyAddress": f"http://{proxy.name}", "ProxyPort": proxy.port}
        url = "https://management.azure.com/"
        results = {}
        for name, parameters, password in (
            ("direct", {}, None),
            ("anonymous", way, None),
            ("wrong", way, "wrong"),
            ("right", way, proxy.password),
            ("unknown", {**way, "ConnectivityUrls": ["https://nowhere.example/"]}, proxy.password),
        ):
            given = {"Sections": ["connectivity"], "StagingDir": "C:\\x", "ConnectivityUrls": [url], **parameters}
            options: dict[str, Any] = {
                "script": assembled(collection_root / "plugins/plugin_utils/_windows/scripts", "observe"),
                "parameters": given,
                "depth": 6,
                "error_action": "stop",
            }
            if password is not None:
                login = {"name": "ProxyCredential", "username": proxy.username, "password": password}
                options["sensitive_parameters"] = [login]
            trees = tmp_path / name
            task = ["vmm01", "-m", "ansible.windows.win_powershell", "-a", json.dumps(options), "--tree", str(trees)]
            run_ansible(lab, "adhoc", *task)
            (call,) = json.loads((trees / "vmm01").read_text())["result"]["connectivity"]
            results[name] = (call["via"], call["failure"], call["from_proxy"], call["status"])
        via = f"http://{proxy.name}:{proxy.port}"
        assert results == {
            "direct": ("direct", "ConnectFailure", False, None),
            "anonymous": (via, "ProtocolError", True, 407),
            "wrong": (via, "ProtocolError", True, 407),
            "right": (via, "ProtocolError", False, 401),
            "unknown": (via, "ProtocolError", True, 502),
        }
        assert lab.journal.counts["proxy:407"] == 2
        assert lab.journal.counts["proxy:connect"] == 1
        assert lab.journal.entries == []


# ---- the cmdlet server ----


@pytest.mark.needs("pwsh")
def test_the_cmdlet_server_answers_its_own_callers_only() -> None:
    with Lab.load("small", engine="pwsh") as lab:
        server = lab.cmdlet_server
        assert server is not None
        good = {"token": server.token, "machine": "hv01", "call": "no such call", "args": {}}
        assert _call(server.port, {**good, "token": "other"})["error"]["type"] == "Denied"
        assert _call(server.port, {**good, "machine": "hv99"})["error"]["type"] == "UnknownMachine"
        assert _call(server.port, good)["ok"] is False
        assert _call(server.port, "no object")["error"]["type"] == "Denied"


def _call(port: int, request: Any) -> Any:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(json.dumps(request).encode() + b"\n")
        with connection.makefile("rb") as stream:
            return json.loads(stream.readline())
