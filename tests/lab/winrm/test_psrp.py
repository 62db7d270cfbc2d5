# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PowerShell remoting: the service as Ansible's psrp connection and its client library see it."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from lab.engines.base import CommandOutput, CommandRequest
from lab.engines.payload import RawScript, recognize
from lab.windows.machine import Machine
from tests.lab.winrm.service import ACCOUNT, Service
from tests.lab.winrm.test_ansible import PROBE, PROBE_OPTIONS, PROBE_RESULT, THROWING, Play, make_python, script

pypsrp = pytest.importorskip("pypsrp")
pytest.importorskip("psrpcore")

from pypsrp.exceptions import AuthenticationError, WSManFaultError  # noqa: E402 (after the question whether it is there)
from pypsrp.powershell import PowerShell, RunspacePool  # noqa: E402
from pypsrp.wsman import WSMan  # noqa: E402


class ScriptEngine:
    """Answers by the first word of a script; it needs no PowerShell."""

    name = "scripts"

    async def run(self, machine: Machine, request: CommandRequest) -> CommandOutput:
        found = recognize(request)
        assert isinstance(found, RawScript)
        word, _space, rest = found.text.partition(" ")
        if word == "input":
            return CommandOutput(request.stdin)
        if word == "long":
            return CommandOutput(("ü" * int(rest)).encode())
        if word == "lines":
            return CommandOutput(rest.replace(",", "\r\n").encode() + b"\r\n")
        return CommandOutput(b"", f"no script {word}\r\n".encode(), 3)

    async def close(self) -> None:
        """Do nothing: the engine has no resources."""


@pytest.fixture
def scripts(tmp_path: Path) -> Iterator[Service]:
    started = Service(tmp_path, lambda *_arguments: ScriptEngine()).start()
    yield started
    started.stop()


@pytest.fixture
def python(tmp_path: Path) -> Iterator[Service]:
    started = Service(tmp_path, make_python).start()
    yield started
    started.stop()


def client(service: Service, **options: Any) -> WSMan:
    settings = {"username": ACCOUNT.user, "password": ACCOUNT.password, "auth": "ntlm", **options}
    return WSMan(
        "127.0.0.1",
        port=service.server.port,
        ssl=True,
        cert_validation=cast("bool", str(service.authority)),
        no_proxy=True,
        **settings,
    )


def invoke(pool: RunspacePool, text: str, values: list[Any] | None = None) -> PowerShell:
    pipeline = PowerShell(pool)
    pipeline.add_script(text)
    pipeline.invoke(input=None if values is None else (value for value in values))
    return pipeline


@pytest.mark.parametrize("auth", ["basic", "ntlm", "negotiate"])
def test_a_pool_runs_one_pipeline_after_the_other_and_leaves_nothing(scripts: Service, auth: str) -> None:
    with client(scripts, auth=auth) as wsman, RunspacePool(wsman) as pool:
        assert invoke(pool, "lines a,b ä,c").output == ["a", "b ä", "c"]
        assert invoke(pool, "input ", ["eins", "zwei 🙂"]).output == ["eins\nzwei 🙂"]
        assert len(scripts.server.shells) == 1
    assert len(scripts.server.shells) == 0
    assert scripts.context.journal.counts["execution"] == 2


def test_what_is_larger_than_a_message_arrives_whole(scripts: Service) -> None:
    text = "ö" * 700_000
    with client(scripts) as wsman, RunspacePool(wsman) as pool:
        assert invoke(pool, "input ", [text]).output == [text]
        assert invoke(pool, "long 700000").output == ["ü" * 700_000]


def test_errors_are_records(scripts: Service) -> None:
    with client(scripts) as wsman, RunspacePool(wsman) as pool:
        pipeline = invoke(pool, "nothing")
        assert [str(record) for record in pipeline.streams.error] == ["no script nothing"]


def test_a_wrong_password_is_refused(scripts: Service) -> None:
    with client(scripts, password="wrong") as wsman, pytest.raises(AuthenticationError):
        RunspacePool(wsman).open()


def test_a_pool_that_is_gone_is_a_fault(scripts: Service) -> None:
    with client(scripts) as wsman:
        pool = RunspacePool(wsman)
        pool.open()
        scripts.call(_forget(scripts))
        with pytest.raises(WSManFaultError):
            invoke(pool, "lines a")


async def _forget(service: Service) -> None:
    service.server.shells.end()


def psrp(service: Service, **more: Any) -> Play:
    return Play(
        service,
        {
            "ansible_connection": "psrp",
            "ansible_psrp_auth": "ntlm",
            "ansible_psrp_ca_cert": str(service.authority),
            "ansible_psrp_ignore_proxy": True,
            **more,
        },
    )


def test_scripts_files_and_failures_through_ansible(python: Service) -> None:
    content = "zwölf 🙂\n".encode() * 50_000
    folder = "C:\\Größe L"
    python.machine.make_folder(folder)
    python.machine.write_file(folder + "\\in.bin", content)
    fetch = {"ansible.builtin.fetch": {"src": folder + "\\in.bin", "dest": "out.bin", "flat": True}}
    results = psrp(python).run(
        {"name": "ping", "ansible.windows.win_ping": {}},
        script(PROBE, **PROBE_OPTIONS),
        {**script(PROBE, "check", **PROBE_OPTIONS), "check_mode": True},
        script(THROWING, "throwing"),
        {"name": "fetch", **fetch},
        {"name": "raw", "ansible.builtin.raw": "dir"},
    )
    assert results["ping"]["ping"] == "pong"
    assert results["script"]["result"] == {**PROBE_RESULT, "check_mode": False}
    assert results["check"]["result"] == {**PROBE_RESULT, "check_mode": True}
    assert results["throwing"]["error"][0]["exception"]["message"] == "it went wrong"
    assert results["fetch"].get("failed") is not True, results["fetch"]
    assert (python.directory / "out.bin").read_bytes() == content
    assert results["raw"]["failed"] is True
    assert "does not execute PowerShell" in json.dumps(results["raw"])


def test_without_the_library_the_service_has_no_such_resource(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "psrpcore" else found(name))
    service = Service(tmp_path).start()
    try:
        with client(service) as wsman, pytest.raises(WSManFaultError, match="not offered by this service"):
            RunspacePool(wsman).open()
    finally:
        service.stop()
