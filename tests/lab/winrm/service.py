# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A WinRM service with engines made for tests, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar, cast

import winrm.protocol

from lab.certificates import Certificates
from lab.context import LabContext, Login, ProxyAccount
from lab.engines.base import CommandOutput, CommandRequest, ConnectionDropped, Engine
from lab.engines.cmdlet_server import CmdletServer
from lab.windows.machine import Machine
from lab.windows.state import MachineIdentity, Volume
from lab.winrm.auth import Account, Authenticator
from lab.winrm.server import WinRmServer

ACCOUNT = Account("LAB\\svc-ansible", "Pa55 wörd")
T = TypeVar("T")


def make_world() -> LabContext:
    return LabContext(
        login=Login("tenant", "subscription", "client", "secret", ACCOUNT.user, ACCOUNT.password),
        proxy=ProxyAccount("proxy.lab.example", 8080, "svc-proxy", "proxy password"),
    )


def make_machine(context: LabContext, name: str = "hv01") -> Machine:
    identity = MachineIdentity(
        name=name,
        fqdn=f"{name}.lab.example",
        kind="hyperv_host",
        os_version="10.0.17763",
        os_caption="Microsoft Windows Server 2019 Datacenter",
        domain_role=3,
        account_domain="LAB",
        account_user="svc-ansible",
        egress="any",
    )
    return Machine(context, identity, [Volume("C", 100 * 2**30, 50 * 2**30)])


@dataclass
class WordEngine:
    """Answers by the first word of the line; it needs no PowerShell."""

    name: str = "words"
    cancelled: list[str] = field(default_factory=list)
    seen: list[CommandRequest] = field(default_factory=list)

    async def run(self, machine: Machine, request: CommandRequest) -> CommandOutput:
        self.seen.append(request)
        word, *arguments = request.line.split()
        if word == "echo":
            return CommandOutput(" ".join(arguments).encode())
        if word == "stdin":
            return CommandOutput(request.stdin, b"", 0)
        if word == "both":
            return CommandOutput(b"o" * int(arguments[0]), b"e" * int(arguments[0]), 3)
        if word == "environment":
            return CommandOutput(str(dict(request.environment)).encode())
        if word == "defect":
            raise ZeroDivisionError("a defect of the engine")
        if word == "vanish":
            raise ConnectionDropped(word)
        if word == "sleep":
            try:
                await asyncio.sleep(float(arguments[0]))
            except asyncio.CancelledError:
                self.cancelled.append(request.line)
                raise
            return CommandOutput(b"slept")
        return CommandOutput(b"", f"no command {word}".encode(), 9009)

    async def close(self) -> None:
        """Do nothing: the engine has no resources."""


EngineMaker = Callable[[Mapping[str, Machine], ThreadPoolExecutor, Path], Engine]


class Service:
    """The started service of one machine; `call` runs coroutines on its loop."""

    def __init__(self, directory: Path, make_engine: EngineMaker | None = None, *, idle: float = 60.0) -> None:
        self.context = make_world()
        self.machine = make_machine(self.context)
        self.machines = {self.machine.name: self.machine}
        self.directory = directory
        self.certificates = Certificates(["hv01.lab.example"])
        self.authority = directory / "ca.pem"
        self.authority.write_bytes(self.certificates.authority_pem)
        self.engine: Engine = WordEngine()
        self._make_engine = make_engine
        self._idle = idle
        self._executor = ThreadPoolExecutor(8)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._cmdlets: CmdletServer | None = None
        self._clients: list[winrm.protocol.Protocol] = []
        self.server = cast("WinRmServer", None)

    @property
    def words(self) -> WordEngine:
        assert isinstance(self.engine, WordEngine)
        return self.engine

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.server.port}/wsman"

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def start(self) -> Service:
        self._thread.start()
        self.call(self._start())
        return self

    async def _start(self) -> None:
        if self._make_engine is not None:
            self.engine = self._make_engine(self.machines, self._executor, self.directory)
        accounts = self.directory / "accounts"
        ACCOUNT.store(accounts)
        self.server = WinRmServer(
            self.machine.name,
            self.machine,
            self.context,
            self.engine,
            authenticator=Authenticator(ACCOUNT, accounts, self.certificates.server_der),
            tls=self.certificates.server_context(self.directory),
            idle=self._idle,
        )
        await self.server.start()

    async def start_cmdlets(self) -> CmdletServer:
        self._cmdlets = CmdletServer(self.machines, self._executor)
        await self._cmdlets.start()
        return self._cmdlets

    def stop(self) -> None:
        for client in self._clients:
            client.transport.close_session()
        self.call(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
        self._executor.shutdown(wait=True)

    async def _stop(self) -> None:
        await self.server.stop()
        await self.engine.close()
        if self._cmdlets is not None:
            await self._cmdlets.stop()
        # One more turn of the loop: connections that were cut are closed in it.
        await asyncio.sleep(0.05)

    def client(self, transport: Any = "basic", **options: Any) -> winrm.protocol.Protocol:
        """Return a real pywinrm client that verifies the certificate."""
        settings = {
            "username": ACCOUNT.user,
            "password": ACCOUNT.password,
            "ca_trust_path": str(self.authority),
            "operation_timeout_sec": 20,
            "read_timeout_sec": 30,
            "proxy": None,
            **options,
        }
        client = winrm.protocol.Protocol(self.url, transport=transport, **settings)
        self._clients.append(client)
        return client


def run_line(client: winrm.protocol.Protocol, line: str, *arguments: str) -> SimpleNamespace:
    """Open a shell, run a line without input, close the shell."""
    shell = client.open_shell(codepage=65001)
    try:
        command = client.run_command(shell, line, arguments, skip_cmd_shell=True)
        stdout, stderr, code = client.get_command_output(shell, command)
        client.cleanup_command(shell, command)
    finally:
        client.close_shell(shell)
    return SimpleNamespace(stdout=stdout, stderr=stderr, code=code)
