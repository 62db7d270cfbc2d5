# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab as a whole: what it offers once it is up, and that nothing is left when it ends."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import ssl
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import lab as package
from lab import __main__ as command_line
from lab.engines.scripts import assembled
from lab.lab import TEMPORARY_PREFIX, Lab, LabError, neutral, sweep

EXTENSIONS = Path(package.__path__[0]).parent


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab.load("small", time_scale=0.0) as started:
        yield started


def wait_until(condition: Callable[[], object], seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.05)


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except ConnectionRefusedError:
        return False
    return True


# ---- start and end ----


def test_it_is_ready_within_two_seconds_and_leaves_nothing_behind() -> None:
    started = time.monotonic()
    lab = Lab.load("small")
    lab.start()
    ready = time.monotonic() - started
    directory, ports = lab.directory, [server.port for server in lab.servers.values()]
    assert all(listens(port) for port in ports)
    lab.stop()
    lab.stop()
    assert ready < 2
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
        assert one.world.login.secret != other.world.login.secret
        assert one.world.login.windows_password != other.world.login.windows_password
        assert one.world.proxy.password != other.world.proxy.password
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
    listing = _ansible(lab, "inventory", "--list")
    inventory = json.loads(listing.stdout)
    assert inventory["vmm_servers"]["hosts"] == ["vmm01"]
    assert inventory["hyperv_hosts"]["hosts"] == ["hv01", "hv02"]
    host = inventory["_meta"]["hostvars"]["hv01"]
    assert host["ansible_connection"] == "winrm"
    assert host["ansible_winrm_server_cert_validation"] == "validate"
    assert inventory["_meta"]["hostvars"]["localhost"]["ansible_connection"] == "local"
    assert host["azure_target_cloud_environment"].startswith(lab.arm_url)


def test_secrets_stand_in_their_own_file_only(lab: Lab) -> None:
    world = lab.world
    for path in lab.inventory.rglob("*.yml"):
        found = [
            s for s in (world.login.secret, world.login.windows_password, world.proxy.password) if s in path.read_text()
        ]
        assert len(found) == (3 if path.name == "secrets.yml" else 0), path


def test_every_variable_file_is_yaml_without_anchors(lab: Lab) -> None:
    for path in lab.inventory.rglob("*.yml"):
        assert yaml.safe_load(path.read_text())
        assert "&id" not in path.read_text()


@pytest.mark.parametrize("transport", ["ntlm", "basic"])
def test_every_machine_answers_ansible_with_this_inventory(lab: Lab, transport: str) -> None:
    done = _ansible(
        lab, "adhoc", "windows", "-m", "ansible.windows.win_ping", "-e", f"ansible_winrm_transport={transport}"
    )
    assert done.stdout.count('"ping": "pong"') == 3, done.stdout


@pytest.mark.needs("pwsh")
def test_both_engines_observe_the_same_machines(collection_root: Path, tmp_path: Path) -> None:
    """The collection's own script, sent by Ansible as a task of win_powershell, in check mode and without."""
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
            _ansible(lab, "adhoc", *arguments, "--check", "--tree", str(trees))
            assert lab.journal.entries == []
            assert lab.journal.counts["script:observe"] == 3
        results = {path.name: json.loads(path.read_text()) for path in sorted(trees.iterdir())}
        assert [result.get("failed", False) for result in results.values()] == [False] * 3
        for result in results.values():
            result["result"]["host"].pop("utc_now")
        found.append({name: (result["changed"], result["result"]) for name, result in results.items()})
    assert found[0] == found[1]
    assert set(found[0]) == {"vmm01", "hv01", "hv02"}
    assert [cloud["name"] for cloud in found[0]["vmm01"][1]["vmm"]["clouds"]] == ["Gold", "Silver", "Bronze"]


# ---- the command line ----


class Started:
    """`python -m lab up` in a process of its own."""

    def __init__(self, *arguments: str, before: str = "") -> None:
        command = [sys.executable, "-m", "lab", "up", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(EXTENSIONS)}
        # With `before`, a shell stands between and is the parent.
        words = ["sh", "-c", f'{before} "$@" & echo $! >&2; wait', "sh", *command] if before else command
        self.process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True
        )
        self.words: list[str] = []
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.words.append(line.strip())
            if line.strip().startswith("directory"):
                break
        self.directory = Path(self.words[-1].split()[-1])
        # Azure, the proxy and three machines; the control endpoint stands in its file.
        access = (self.directory / "control.json").read_text()
        self.ports = {int(port) for port in re.findall(r"127\.0\.0\.1:(\d+)", "\n".join([*self.words, access]))}
        assert len(self.ports) == 6

    def left(self) -> list[object]:
        """What is still there of it."""
        directory = [self.directory] if self.directory.exists() else []
        return [*directory, *(port for port in self.ports if listens(port))]

    def finish(self, seconds: float = 15.0) -> int:
        status = self.process.wait(seconds)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()
        return status


def control(lab: Path, *arguments: str, expect: int = 0) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "lab", *arguments, "--directory", str(lab)],
        env={**os.environ, "PYTHONPATH": str(EXTENSIONS)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == expect, done.stderr
    return json.loads(done.stdout) if done.stdout.strip() else done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_cleanly(number: signal.Signals, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    started = Started("--pid-file", str(pid_file))
    assert int(pid_file.read_text()) == started.process.pid
    assert started.directory.is_dir()
    started.process.send_signal(number)
    assert started.finish() == 0
    assert started.left() == []
    assert not pid_file.exists()


def test_it_says_what_it_listens_on(tmp_path: Path) -> None:
    started = Started("--directory", str(tmp_path / "lab"))
    text = "\n".join(started.words)
    assert started.directory == tmp_path / "lab"
    for word in ("engine python", "azure", "proxy.lab.example", "vmm01", "hv01", "hv02", "inventory"):
        assert word in text
    control(started.directory, "down")
    assert started.finish() == 0


def test_it_ends_with_its_lifetime() -> None:
    started = Started("--lifetime", "0.5")
    assert started.finish() == 0
    assert started.left() == []


def test_it_ends_with_its_parent_even_when_that_is_killed() -> None:
    started = Started("--with-parent", before="env")
    started.process.kill()
    started.finish()
    wait_until(lambda: started.left() == [])


def test_what_a_killed_one_left_is_removed_by_the_next() -> None:
    started = Started()
    started.process.kill()
    started.finish()
    assert started.directory.is_dir()
    with Lab.load("small") as lab:
        assert not started.directory.exists()
        assert lab.directory.is_dir()


def test_folders_of_labs_that_run_are_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / f"{TEMPORARY_PREFIX}{os.getpid()}-x"
    mine.mkdir()
    (tmp_path / f"{TEMPORARY_PREFIX}notes").mkdir()
    assert sweep(tmp_path) == []
    assert mine.is_dir()


def test_the_control_commands_reach_a_started_lab(lab: Lab) -> None:
    directory = lab.directory
    lab.journal.write("azure", "/vault", "put", status=201)
    assert control(directory, "journal", "--clear")["entries"][0]["target"] == "/vault"
    assert lab.journal.entries == []
    planned = control(directory, "faults", "add", "winrm:hv01:create", "--how", "delay", "--detail", '{"seconds": 2}')
    assert planned["detail"] == {"seconds": 2}
    assert len(control(directory, "faults")["faults"]) == 1
    control(directory, "faults", "clear")
    assert lab.world.faults.planned == []
    assert control(directory, "snapshot") == json.loads(json.dumps(lab.snapshot(), default=str))
    assert control(directory, "time", "--offset-seconds", "3600")["offset_seconds"] == 3600
    control(directory, "time", "--offset-seconds", "0")
    assert control(directory, "machine", "hv02", "unreachable") == {
        "port": lab.servers["hv02"].port,
        "reachable": False,
    }
    assert not listens(lab.servers["hv02"].port)
    control(directory, "machine", "hv02", "reachable")
    assert listens(lab.servers["hv02"].port)


def test_a_machine_goes_and_comes_back_at_its_port(lab: Lab) -> None:
    port = lab.servers["hv01"].port
    lab.set_reachable("hv01", False)
    assert not listens(port)
    lab.set_reachable("hv01", True)
    assert listens(port)


def test_a_control_command_without_a_lab_says_so(tmp_path: Path) -> None:
    assert "No lab is up in" in control(tmp_path, "journal", expect=2)


def test_an_unknown_kind_of_fault_is_refused(lab: Lab) -> None:
    status, body = _control(lab, "POST", "/faults", {"point": "x", "action": "explode"})
    assert status == 400
    assert "one of fail, delay, throttle, drop, hang" in body["error"]


def test_control_wants_its_token(lab: Lab) -> None:
    status, body = _control(lab, "GET", "/journal", token="other")
    assert (status, body["error"]) == (401, "the token is missing or wrong")


def test_main_reports_an_error_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["up", "--estate", "huge"]) == 2
    assert capsys.readouterr().err.startswith("error: There is no lab huge")


# ---- the proxy ----

VAULT_HOST = "pod01-rrp1.weu.hypervrecoverymanager.windowsazure.com"


def _login(lab: Lab, password: str | None = None) -> dict[str, str]:
    account = lab.world.proxy
    token = b64encode(f"{account.username}:{password or account.password}".encode()).decode()
    return {"Proxy-Authorization": f"Basic {token}"}


def _connect(lab: Lab, host: str, headers: dict[str, str]) -> tuple[int, dict[str, str], socket.socket]:
    connection = socket.create_connection(("127.0.0.1", lab.world.proxy.port), timeout=10)
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
    connection = socket.create_connection(("127.0.0.1", lab.world.proxy.port), timeout=10)
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
    lab.world.faults.plan(f"proxy:{VAULT_HOST}", "fail")
    status, _, connection = _connect(lab, VAULT_HOST, _login(lab))
    connection.close()
    assert status == 503


def test_the_proxy_only_serves_connect(lab: Lab) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", lab.world.proxy.port, timeout=10)
    connection.request("GET", "http://login.microsoftonline.com/")
    assert connection.getresponse().status == 405
    connection.close()


# ---- the way out of a machine ----


@pytest.mark.parametrize("engine", ["python", pytest.param("pwsh", marks=pytest.mark.needs("pwsh"))])
def test_a_machine_gets_out_through_the_proxy_with_its_login_only(
    engine: Any, collection_root: Path, tmp_path: Path
) -> None:
    """The section reach, sent by Ansible: the answer is the simulated Azure's, and came through the real proxy."""
    with Lab.load("small", engine=engine) as lab:
        proxy = lab.world.proxy
        way = {"ProxyAddress": f"http://{proxy.name}", "ProxyPort": proxy.port}
        url = "https://management.azure.com/"
        results = {}
        for name, parameters, password in (
            ("direct", {}, None),
            ("anonymous", way, None),
            ("wrong", way, "wrong"),
            ("right", way, proxy.password),
            ("unknown", {**way, "ReachUrls": ["https://nowhere.example/"]}, proxy.password),
        ):
            given = {"Sections": ["reach"], "StagingDir": "C:\\x", "ReachUrls": [url], **parameters}
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
            _ansible(lab, "adhoc", *task)
            (reach,) = json.loads((trees / "vmm01").read_text())["result"]["reach"]
            results[name] = (reach["via"], reach["failure"], reach["from_proxy"], reach["status"])
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


def _control(lab: Lab, method: str, path: str, body: Any = None, token: str | None = None) -> tuple[int, Any]:
    access = json.loads((lab.directory / "control.json").read_text())
    request = urllib.request.Request(
        access["url"] + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {token or access['token']}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as exc:
        with exc:
            return exc.code, json.load(exc)


def _ansible(lab: Lab, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")},
        **lab.environment,
        "ANSIBLE_HOME": str(lab.directory / ".private/ansible"),
        "LC_ALL": "C.UTF-8",
    }
    return subprocess.run(
        [sys.executable, "-m", "ansible", program, "-i", str(lab.inventory), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
