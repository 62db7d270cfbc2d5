# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service and both engines, as Ansible's own winrm connection sees them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lab.certificates import Certificates
from lab.engines.base import Engine
from lab.engines.cmdlet_server import CmdletServer
from lab.engines.pwsh import PwshEngine
from lab.engines.python import PythonEngine
from lab.engines.scripts import digest
from lab.windows.machine import Machine
from tests.lab.winrm.service import ACCOUNT, Service

# The interpreter whose Ansible is the client; the service runs in the tests' own.
PYTHON = os.environ.get("SITERECOVERY_CELL_PYTHON") or sys.executable
MARKER = "# siterecovery.hyperv script: probe\n"
# Both engines must give the same answer to parameters of every type, secrets, check mode, and results of every type.
PROBE = (
    MARKER
    + """[CmdletBinding(SupportsShouldProcess)]
param([string[]] $Names, [int] $Number, [bool] $Flag, [hashtable] $Table, [securestring] $Secret, [pscredential] $Login)
Set-StrictMode -Version 2.0
$Ansible.Changed = $false
$network = [System.Net.NetworkCredential]::new('', $Secret)
$Ansible.Result = @{
    names = @($Names)
    number = $Number
    flag = $Flag
    table = $Table
    secret_length = $network.Password.Length
    login = $Login.UserName
    check_mode = $Ansible.CheckMode
    nothing = $null
    empty = @()
    text = "gr$([char]0xfc)n"
}
"""
)
THROWING = (
    MARKER.replace("probe", "throwing") + "[CmdletBinding(SupportsShouldProcess)] param()\nthrow 'it went wrong'\n"
)
READING = MARKER.replace("probe", "reading") + "$Ansible.Result = 1\n"
BINDINGS = {name: digest(text) for name, text in {"probe": PROBE, "throwing": THROWING, "reading": READING}.items()}


@dataclass
class Outcome:
    result: Any
    changed: bool = False
    failed: bool = False
    errors: list[str] = field(default_factory=list)


def _probe(_machine: Machine, parameters: dict[str, Any], check_mode: bool) -> Outcome:
    return Outcome(
        {
            "names": parameters["Names"],
            "number": parameters["Number"],
            "flag": parameters["Flag"],
            "table": parameters["Table"],
            "secret_length": len(parameters["Secret"]),
            "login": parameters["Login"][0],
            "check_mode": check_mode,
            "nothing": None,
            "empty": [],
            "text": "grün",
        }
    )


def _throwing(_machine: Machine, _parameters: dict[str, Any], _check_mode: bool) -> Outcome:
    return Outcome({}, changed=True, failed=True, errors=["it went wrong"])


def _reading(_machine: Machine, _parameters: dict[str, Any], _check_mode: bool) -> Outcome:
    return Outcome(1, changed=True)


EMULATORS: dict[str, Any] = {"probe": _probe, "throwing": _throwing, "reading": _reading}


def make_python(machines: Mapping[str, Machine], executor: ThreadPoolExecutor, _directory: Path) -> Engine:
    return PythonEngine(machines, executor, emulators=EMULATORS, bindings=BINDINGS)


@pytest.fixture
def python(tmp_path: Path) -> Iterator[Service]:
    started = Service(tmp_path, make_python).start()
    yield started
    started.stop()


class PwshService(Service):
    """The service with the real PowerShell: its cmdlet server must start before the engine."""

    async def _start(self) -> None:
        server = await self.start_cmdlets()
        self._make_engine = make_pwsh(server)
        await super()._start()


def make_pwsh(server: CmdletServer) -> Callable[[Mapping[str, Machine], ThreadPoolExecutor, Path], Engine]:
    def make(machines: Mapping[str, Machine], executor: ThreadPoolExecutor, directory: Path) -> Engine:
        return PwshEngine(machines, executor, server, directory / "pwsh")

    return make


@pytest.fixture
def pwsh(tmp_path: Path) -> Iterator[Service]:
    started = PwshService(tmp_path).start()
    yield started
    started.stop()


@dataclass(frozen=True)
class Play:
    """A play over the service's machine; results by the tasks' names."""

    service: Service
    variables: dict[str, Any] = field(default_factory=dict)

    def run(self, *tasks: dict[str, Any], arguments: tuple[str, ...] = ()) -> dict[str, dict[str, Any]]:
        folder = self.service.directory
        connection = {
            "ansible_connection": "winrm",
            "ansible_host": "127.0.0.1",
            "ansible_port": self.service.server.port,
            "ansible_user": ACCOUNT.user,
            "ansible_password": ACCOUNT.password,
            "ansible_winrm_transport": "ntlm",
            "ansible_winrm_ca_trust_path": str(self.service.authority),
            **self.variables,
        }
        inventory = {"all": {"hosts": {"hv01": connection}}}
        (folder / "inventory.yml").write_text(json.dumps(inventory))
        (folder / "play.yml").write_text(
            json.dumps(
                [{"hosts": "all", "gather_facts": False, "tasks": [{"ignore_errors": True, **t} for t in tasks]}]
            )
        )
        environment = {
            **{name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")},
            "ANSIBLE_STDOUT_CALLBACK": "results",
            "ANSIBLE_HOME": str(folder / "ansible"),
            "ANSIBLE_LOCAL_TEMP": str(folder / "ansible/tmp"),
            "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callback"),
            "LC_ALL": "C.UTF-8",
        }
        done = subprocess.run(
            [PYTHON, "-m", "ansible", "playbook", "-i", "inventory.yml", "play.yml", *arguments],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        lines = [line for line in done.stdout.splitlines() if line.startswith('{"task"')]
        assert lines, done.stdout
        return {item["task"]: item["result"] for item in map(json.loads, lines)}


def script(text: str, name: str = "script", **options: Any) -> dict[str, Any]:
    return {
        "name": name,
        "ansible.windows.win_powershell": {"script": text, "depth": 6, "error_action": "stop", **options},
    }


PROBE_OPTIONS: dict[str, Any] = {
    "parameters": {"Names": ["a", "grün 🙂"], "Number": 7, "Flag": True, "Table": {"key": ["x", None]}},
    "sensitive_parameters": [
        {"name": "Secret", "value": "geheim"},
        {"name": "Login", "username": "LAB\\user", "password": "pässword"},
    ],
}
PROBE_RESULT = {
    "names": ["a", "grün 🙂"],
    "number": 7,
    "flag": True,
    "table": {"key": ["x", None]},
    "secret_length": 6,
    "login": "LAB\\user",
    "nothing": None,
    "empty": [],
    "text": "grün",
}
PING = {"name": "ping", "ansible.windows.win_ping": {}}


@pytest.fixture(params=["python", pytest.param("pwsh", marks=pytest.mark.needs("pwsh"))])
def engine(request: pytest.FixtureRequest) -> Service:
    """Start the service with each engine."""
    service: Service = request.getfixturevalue(request.param)
    return service


@pytest.mark.parametrize("transport", ["basic", "ntlm"])
def test_win_ping_answers(python: Service, transport: str) -> None:
    results = Play(python, {"ansible_winrm_transport": transport}).run(PING)
    assert results["ping"]["ping"] == "pong"


def test_both_engines_answer_a_script_alike(engine: Service) -> None:
    results = Play(engine).run(
        PING, script(PROBE, **PROBE_OPTIONS), {**script(PROBE, "check", **PROBE_OPTIONS), "check_mode": True}
    )
    assert results["ping"]["ping"] == "pong"
    assert results["script"]["result"] == {**PROBE_RESULT, "check_mode": False}
    assert results["check"]["result"] == {**PROBE_RESULT, "check_mode": True}
    for name in ("script", "check"):
        assert results[name]["changed"] is False
        assert results[name]["error"] == []


def test_both_engines_report_what_a_script_throws(engine: Service) -> None:
    result = Play(engine).run(script(THROWING))["script"]
    assert result["failed"] is True
    assert "msg" not in result or "it went wrong" not in result["msg"]
    assert "error" in result, result
    record = result["error"][0]
    assert record["exception"]["message"] == "it went wrong"
    assert record["category_info"]["category"] == "OperationStopped"
    assert record["fully_qualified_error_id"] == "it went wrong"


def test_both_engines_skip_a_script_without_should_process_in_check_mode(engine: Service) -> None:
    result = Play(engine).run({**script(READING), "check_mode": True})["script"]
    assert result["msg"] == "skipped, running in check mode"
    assert result["changed"] is True
    assert result["result"] == {}


def test_both_engines_serve_files_from_the_machine(engine: Service) -> None:
    content = "zwölf 🙂\n".encode() * 100_000
    engine.machine.make_folder(r"C:\data")
    engine.machine.write_file(r"C:\data\in.bin", content)
    fetch = {"name": "fetch", "ansible.builtin.fetch": {"src": r"C:\data\in.bin", "dest": "out.bin", "flat": True}}
    missing = {"name": "missing", "ansible.builtin.fetch": {"src": r"C:\data\no.bin", "dest": "no.bin", "flat": True}}
    results = Play(engine).run(fetch, missing)
    assert results["fetch"]["failed"] is False
    assert (engine.directory / "out.bin").read_bytes() == content
    assert results["missing"]["failed"] is True


def test_a_planned_fault_fails_the_script_in_both_engines(engine: Service) -> None:
    engine.context.faults.plan("windows:hv01:probe", "fail", message="the disk is full")
    result = Play(engine).run(script(PROBE, **PROBE_OPTIONS))["script"]
    assert result["failed"] is True
    assert result["error"][0]["exception"]["message"] == "the disk is full"


def test_executions_are_counted_and_writes_are_not_invented(engine: Service) -> None:
    Play(engine).run(script(PROBE, **PROBE_OPTIONS))
    assert engine.context.journal.counts["script:probe"] == 1
    assert engine.context.journal.counts["execution"] == 1
    assert engine.context.journal.entries == []


def test_a_script_that_was_changed_is_refused_by_its_name(python: Service) -> None:
    result = Play(python).run(script(PROBE + "# one more line\n", **PROBE_OPTIONS))["script"]
    assert result["failed"] is True
    assert "The script probe is not the text that its emulator is bound to" in result["msg"]


@pytest.mark.parametrize(
    "text", [PROBE.replace("\n", "\r\n"), PROBE.rstrip("\n"), PROBE + "\n\n"], ids=["crlf", "short", "long"]
)
def test_how_a_script_was_read_does_not_matter(python: Service, text: str) -> None:
    assert Play(python).run(script(text, **PROBE_OPTIONS))["script"]["failed"] is False


@pytest.mark.parametrize(
    ("task", "words"),
    [
        (script("Get-Date"), "no marker line"),
        (script(MARKER.replace("probe", "stranger")), "no emulator for the script stranger"),
        (script(PROBE, creates="C:\\x"), "win_powershell with creates"),
        ({"name": "script", "ansible.windows.win_shell": "dir"}, "does not know the module ansible.windows.win_shell"),
        ({"name": "script", "ansible.builtin.raw": "dir"}, "does not execute PowerShell"),
        ({**script(PROBE), "async": 60, "poll": 1}, "does not imitate"),
    ],
    ids=["foreign script", "script without an emulator", "option", "module", "raw", "async"],
)
def test_what_the_python_engine_does_not_know_is_an_error(python: Service, task: dict[str, Any], words: str) -> None:
    result = Play(python).run(task)["script"]
    assert result["failed"] is True
    assert words in result.get("msg", "") + result.get("stderr", "")


@pytest.mark.needs("pwsh")
def test_pwsh_executes_what_arrives_for_real(pwsh: Service) -> None:
    results = Play(pwsh).run(
        script("$Ansible.Result = 6 * 7; [Console]::Error.Write('noise')"),
        {"name": "raw", "ansible.builtin.raw": "Write-Output ('a' + 'b')"},
        {"name": "module", "ansible.windows.win_shell": "dir"},
    )
    assert results["script"]["result"] == 42
    assert results["script"]["host_err"] == "noise"
    assert results["raw"]["stdout"].strip() == "ab"
    assert "does not know the module ansible.windows.win_shell" in results["module"]["msg"]


@pytest.mark.needs("pwsh")
def test_pwsh_leaves_no_process_and_no_file_behind(pwsh: Service) -> None:
    Play(pwsh, {"ansible_winrm_operation_timeout_sec": 1, "ansible_winrm_read_timeout_sec": 3}).run(
        {**script("[System.Threading.Thread]::Sleep(120000)"), "timeout": 6}
    )
    assert isinstance(pwsh.engine, PwshEngine)
    assert not list((pwsh.directory / "pwsh/temp").iterdir())
    listing = subprocess.run(["ps", "-eo", "args"], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert str(pwsh.directory) not in listing


def test_a_wrong_password_makes_the_host_unreachable(python: Service) -> None:
    for transport in ("basic", "ntlm"):
        result = Play(python, {"ansible_winrm_transport": transport, "ansible_password": "wrong"}).run(PING)["ping"]
        assert result["unreachable"] is True
        assert "the specified credentials were rejected by the server" in result["msg"]


def test_an_unknown_authority_makes_the_host_unreachable(python: Service, tmp_path: Path) -> None:
    (tmp_path / "other.pem").write_bytes(Certificates().authority_pem)
    result = Play(python, {"ansible_winrm_ca_trust_path": str(tmp_path / "other.pem")}).run(PING)["ping"]
    assert result["unreachable"] is True
    assert "certificate verify failed" in result["msg"]


def test_a_closed_port_makes_the_host_unreachable(python: Service) -> None:
    python.call(python.server.close())
    assert Play(python).run(PING)["ping"]["unreachable"] is True


def test_a_dropped_create_makes_the_host_unreachable(python: Service) -> None:
    python.context.faults.plan("winrm:hv01:create", "drop")
    assert Play(python).run(PING)["ping"]["unreachable"] is True


@pytest.mark.parametrize("operation", ["command", "receive"])
def test_a_connection_dropped_later_fails_the_task_and_the_next_one_works(python: Service, operation: str) -> None:
    python.context.faults.plan(f"winrm:hv01:{operation}", "drop")
    results = Play(python).run({**PING, "name": "first"}, {**PING, "name": "second"})
    assert results["first"].get("failed") or results["first"].get("unreachable")
    if "second" in results:
        assert results["second"]["ping"] == "pong"


def test_a_quota_fault_is_got_over_by_a_new_shell(python: Service) -> None:
    python.context.faults.plan("winrm:hv01:command", "fail", wmi_code=0x803381A6)
    assert Play(python).run(PING)["ping"]["ping"] == "pong"
    assert python.context.journal.counts["shell"] == 2


def test_waiting_for_the_connection_works(python: Service) -> None:
    task = {"name": "wait", "ansible.builtin.wait_for_connection": {"timeout": 20, "sleep": 1}}
    assert Play(python).run(task)["wait"]["failed"] is False


def test_facts_are_those_of_the_machine(python: Service) -> None:
    facts = Play(python).run({"name": "facts", "ansible.builtin.setup": {}})["facts"]["ansible_facts"]
    assert facts["ansible_fqdn"] == "hv01.lab.example"
    assert facts["ansible_os_family"] == "Windows"


def test_secrets_of_a_payload_stay_out_of_the_journal(python: Service) -> None:
    Play(python).run(script(PROBE, **PROBE_OPTIONS))
    text = repr(python.context.journal)
    assert "geheim" not in text
    assert "pässword" not in text
