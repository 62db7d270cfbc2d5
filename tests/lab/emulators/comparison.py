# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a script in a real PowerShell and as its twin, each on a machine of its own in the same state, and compares.

Compared are what the script left in $Ansible, the message of the error that ended it, the machine's state afterwards,
the journal of both worlds, and what reached Azure.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import copy
import functools
import re
import socket
import socketserver
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any

from lab.certificates import Certificates
from lab.engines.cmdlet_server import CmdletServer
from lab.engines.emulators import EMULATORS
from lab.engines.scripts import assembled
from lab.windows.build import build_machine
from lab.windows.installers import catalogue
from lab.windows.languages import speaking
from lab.windows.machine import Machine
from lab.world import CloudFacts, Login, ProxyAccount, RegistrationRefused, VmmServerFacts, World

from .warm import WarmPwsh

LOGIN = Login("tenant", "subscription", "client", "unused", "CORP\\asr-admin", "unused")
PROXY_USER, PROXY_PASSWORD = "svc-proxy", 'p"w\\'
PROXY_NAME = "proxy.lab.test"
# The comparison's own proxy: its real port is known only when it runs, so cases carry this one.
PROXY_PORT = -1
# Seen through: it is the moment of the run.
_MOMENT = "utc_now"
# What the far end's clock shows, always.
FAR_DATE = "Sun, 01 Mar 2026 12:00:00 GMT"


@dataclass(frozen=True, slots=True)
class Case:
    """One script on one machine: an entry of a lab's document, and what `prepare` does to its state."""

    name: str
    script: str
    machine: Mapping[str, Any]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    # SecureString: text; PSCredential: (user, password).
    secrets: Mapping[str, str | tuple[str, str]] = field(default_factory=dict)
    prepare: Callable[[Machine], object] | None = None
    check_mode: bool = False
    # PowerShell words the refusal of a parameter itself; then only that both fail is compared.
    same_message: bool = True
    # A vault that refuses: code and message.
    refused: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that a run leaves."""

    result: Any
    changed: bool
    failed: bool
    message: str | None
    state: dict[str, Any]
    journal: list[tuple[str, dict[str, Any]]]
    azure: list[Any]


class RecordingAzure:
    """Stands for the vault's service: keeps what a server tells it, or refuses."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.refused: tuple[str, str] | None = None

    def register_vmm_server(self, thumbprint: str, vault_number: str, server: VmmServerFacts) -> None:
        if self.refused is not None:
            raise RegistrationRefused(*self.refused)
        self.told.append((thumbprint, vault_number, server))

    def publish_clouds(self, vmm_id: str, clouds: Iterable[CloudFacts]) -> None:
        self.told.append((vmm_id, clouds))

    def withdraw_clouds(self, vmm_id: str, clouds: Iterable[CloudFacts]) -> None:
        self.told.append(("withdrawn", vmm_id, clouds))


@functools.cache
def _far_end_tls() -> ssl.SSLContext:
    with tempfile.TemporaryDirectory() as folder:
        return Certificates().server_context(Path(folder))


def _head(stream: Any) -> list[bytes]:
    """The lines of one request's head."""
    lines = []
    while (line := stream.readline(4096).strip()) != b"":
        lines.append(line)
    return lines


class FarEnd(socketserver.BaseRequestHandler):
    """Any public address: answers through TLS with the status that the path names, and 401 to all else."""

    def handle(self) -> None:
        answer_far_end(self.request)


def answer_far_end(connection: socket.socket) -> None:
    # Who only wanted to know whether there is a way is gone by now.
    with contextlib.suppress(OSError), _far_end_tls().wrap_socket(connection, server_side=True) as secure:
        with secure.makefile("rb") as stream:
            path = _head(stream)[0].split()[1].decode()
        status = HTTPStatus(int(path[1:]) if path[1:].isdigit() else 401)
        date = "" if status is HTTPStatus.GONE else f"Date: {FAR_DATE}\r\n"
        secure.sendall(f"HTTP/1.1 {status.value} {status.phrase}\r\n{date}Location: https://x/\r\n\r\n".encode())


class ProxyHandler(socketserver.StreamRequestHandler):
    """CONNECT with one login to public names."""

    def handle(self) -> None:
        first, *lines = _head(self.rfile)
        login = base64.b64encode(f"{PROXY_USER}:{PROXY_PASSWORD}".encode())
        known = any(line.lower().startswith(b"proxy-authorization:") and line.endswith(login) for line in lines)
        answer = HTTPStatus.OK if known else HTTPStatus.PROXY_AUTHENTICATION_REQUIRED
        if known and not is_public(first.split()[1].decode().rpartition(":")[0]):
            answer = HTTPStatus.BAD_GATEWAY
        self.wfile.write(f"HTTP/1.1 {answer.value} {answer.phrase}\r\n\r\n".encode())
        if answer is HTTPStatus.OK:
            answer_far_end(self.connection)


def is_public(host: str) -> bool:
    return host == "aka.ms" or host.endswith(
        (".azure.com", ".microsoft.com", ".microsoftonline.com", ".windowsazure.com")
    )


class Internet:
    """What lies outside of the machines: a far end for all public names, and the proxy that leads there."""

    def __init__(self) -> None:
        self._servers = [
            socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) for handler in (FarEnd, ProxyHandler)
        ]
        self._threads = []
        for server in self._servers:
            server.daemon_threads = True
            self._threads.append(threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True))
            self._threads[-1].start()
        self._far_end, self.proxy_port = (int(server.server_address[1]) for server in self._servers)

    def resolve(self, host: str) -> tuple[str, int] | None:
        return ("127.0.0.1", self._far_end) if is_public(host) else None

    def close(self) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()
        for thread in self._threads:
            thread.join(5)


class Stage:
    """A world with one machine at a time."""

    def __init__(self, internet: Internet | None = None) -> None:
        port = 0 if internet is None else internet.proxy_port
        # No scale: whatever takes time is done at once.
        self.world = World(login=LOGIN, proxy=ProxyAccount(PROXY_NAME, port, PROXY_USER, PROXY_PASSWORD), scale=0.0)
        if internet is not None:
            self.world.resolve = internet.resolve
        self.world.azure = self.azure = RecordingAzure()
        self.machines: dict[str, Machine] = {}

    def set(self, case: Case) -> Machine:
        self.azure.told.clear()
        self.azure.refused = case.refused
        self.world.faults.clear()
        machine = build_machine(self.world, copy.deepcopy(dict(case.machine)))
        machine.web = {package.url: package for package in catalogue({}).values()}
        if case.prepare is not None:
            case.prepare(machine)
        self.machines.clear()
        self.machines[machine.name] = machine
        self.world.journal.clear()
        return machine

    def parameters(self, case: Case) -> dict[str, Any]:
        port = self.world.proxy.port
        return {name: port if value == PROXY_PORT else value for name, value in case.parameters.items()}

    def imitated(self, case: Case) -> Outcome:
        """What the twin does."""
        machine = self.set(case)
        with speaking(machine.identity.language):
            answer = EMULATORS[case.script](machine, {**self.parameters(case), **case.secrets}, case.check_mode)
        message = answer.errors[0] if answer.errors else None
        return self.outcome(machine, answer.result, answer.changed, answer.failed, message)

    def outcome(self, machine: Machine, result: Any, changed: bool, failed: bool, message: str | None) -> Outcome:
        return Outcome(
            result=_timeless(result),
            changed=changed,
            failed=failed,
            message=message,
            state=machine.snapshot(),
            journal=[(entry.verb, entry.detail) for entry in self.world.journal.entries],
            azure=list(self.azure.told),
        )


def _timeless(result: Any) -> Any:
    """Without the moments of the run; what is left of one is its form."""
    if not isinstance(result, dict):
        return result
    seen = dict(result)
    if isinstance(seen.get("host"), dict):
        seen["host"] = {**seen["host"], _MOMENT: _form(seen["host"][_MOMENT])}
    if isinstance(seen.get("reach"), list):
        seen["reach"] = [{**each, "clock": _form(each["clock"])} for each in seen["reach"]]
    return seen


def _form(moment: str | None) -> str | None:
    return None if moment is None else re.sub(r"\d", "0", moment)


class Comparison:
    """Keeps one PowerShell warm for many cases."""

    def __init__(self, scripts: Path, directory: Path) -> None:
        self._scripts = scripts
        self._internet = Internet()
        self._real, self._imitated = Stage(self._internet), Stage(self._internet)
        self._loop = asyncio.new_event_loop()
        self._executor = ThreadPoolExecutor(2, "bridge")
        self._server = CmdletServer(self._real.machines, self._executor)
        self._thread = threading.Thread(target=self._loop.run_forever, name="bridge loop", daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._server.start(), self._loop).result(10)
        self._shell = WarmPwsh(directory)

    def __enter__(self) -> Comparison:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._shell.close()
        asyncio.run_coroutine_threadsafe(self._server.stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._internet.close()
        self._thread.join(5)
        self._loop.close()
        self._executor.shutdown()

    def real(self, case: Case) -> Outcome:
        """The script's own text in PowerShell."""
        machine = self._real.set(case)
        text = assembled(self._scripts, case.script)
        answer = self._shell.run(
            text,
            self._real.parameters(case),
            case.secrets,
            environment=self._server.environment(machine.name),
            check_mode=case.check_mode,
        )
        message = answer.errors[0]["message"] if answer.errors else None
        return self._real.outcome(machine, answer.result, answer.changed, answer.failed, message)

    def differences(self, case: Case) -> list[str]:
        """What differs between both, one line each; nothing when they agree."""
        real, imitated = self.real(case), self._imitated.imitated(case)
        lines = []
        for part in ("result", "changed", "failed", "message", "state", "journal", "azure"):
            if part == "message" and not case.same_message:
                continue
            left, right = getattr(real, part), getattr(imitated, part)
            if left != right:
                lines += [f"{case.name}: {line}" for line in _unlike(part, left, right)]
        return lines


def _unlike(path: str, real: Any, imitated: Any) -> list[str]:
    """The innermost places that differ."""
    if isinstance(real, dict) and isinstance(imitated, dict):
        keys = sorted({*real, *imitated})
        missing = "(absent)"
        return [
            line
            for key in keys
            if real.get(key, missing) != imitated.get(key, missing)
            for line in _unlike(f"{path}.{key}", real.get(key, missing), imitated.get(key, missing))
        ]
    if isinstance(real, list) and isinstance(imitated, list) and len(real) == len(imitated):
        pairs = enumerate(zip(real, imitated, strict=True))
        return [line for index, (a, b) in pairs if a != b for line in _unlike(f"{path}[{index}]", a, b)]
    return [f"{path}: PowerShell has {real!r}, the twin has {imitated!r}"]
