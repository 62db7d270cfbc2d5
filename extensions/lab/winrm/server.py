# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The WinRM service of one machine: HTTPS on a port of its own on the loopback address."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from aiohttp import web

from ..context import Fault, LabContext
from ..engines.base import CommandRequest, ConnectionDropped, Engine
from . import soap
from .auth import Authenticator
from .shells import Shells

if TYPE_CHECKING:
    from ..windows.machine import Machine

PATH = "/wsman"
CONTENT_TYPE = "application/soap+xml"
# A put_file chunk is base64 twice: about 446 kB.
MAX_REQUEST = 2 * 1024 * 1024
# A planned hang lasts until the client disconnects. This limit only ends a hang without a client.
HANG = 3600.0

Operations = dict[str, Callable[[soap.Envelope, str], Awaitable[bytes]]]


class WinRmServer:
    """Serves one machine. `close()` makes it unreachable, `open()` reachable again at the same port."""

    def __init__(
        self,
        name: str,
        machine: Machine,
        context: LabContext,
        engine: Engine,
        *,
        authenticator: Authenticator,
        tls: ssl.SSLContext,
        idle: float = 7200.0,
        latency: float = 0.0,
    ) -> None:
        self.name = name
        self.port = 0
        self.shells = Shells(machine, engine)
        self._context = context
        self._authenticator = authenticator
        self._tls = tls
        self._idle = idle
        #: Seconds of the lab's time that the machine takes to start a command.
        self._latency = latency
        self._runner: web.AppRunner | None = None
        self._site: web.SockSite | None = None
        self._reaper: asyncio.Task[None] | None = None
        self._operations: Operations = {
            soap.CREATE: self._create,
            soap.COMMAND: self._command,
            soap.SEND: self._send,
            soap.RECEIVE: self._receive,
            soap.SIGNAL: self._signal,
            soap.DELETE: self._delete,
        }
        self._resources = {soap.CMD_SHELL: self._operations, **_remoting(machine, engine, self.shells, context)}

    async def start(self) -> None:
        app = web.Application(client_max_size=MAX_REQUEST)
        app.router.add_post(PATH, self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await self.open()
        self._reaper = asyncio.get_running_loop().create_task(self._reap())

    async def stop(self) -> None:
        if self._reaper is not None:
            self._reaper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reaper
        self.shells.end()
        if self._runner is not None:
            await self._runner.cleanup()

    async def open(self) -> None:
        """Listen at the port."""
        assert self._runner is not None
        if self._site is not None:
            return
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        self._site = web.SockSite(self._runner, listener, ssl_context=self._tls, backlog=256)
        await self._site.start()

    async def close(self) -> None:
        """Close the listener and every connection, so that the machine is unreachable."""
        if self._site is None or self._runner is None:
            return
        await self._site.stop()
        self._site = None
        server = self._runner.server
        if server is not None:
            for connection in list(server.connections):
                if connection.transport is not None:
                    connection.transport.abort()

    @property
    def reachable(self) -> bool:
        return self._site is not None

    async def _reap(self) -> None:
        while True:
            await asyncio.sleep(min(30.0, self._idle / 2))
            self.shells.reap(self._idle)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        # Read the body even without a login, because the client sends it with every step of a handshake.
        data = await request.read()
        connection = request.transport
        if connection is None:
            return web.Response(status=400)
        verdict = self._authenticator.check(connection, request.headers.get("Authorization"))
        if verdict.principal is None:
            response = web.Response(status=401)
            for challenge in verdict.challenges:
                response.headers.add("WWW-Authenticate", challenge)
            return response
        try:
            response = await self._answer(data, verdict.principal)
        except ConnectionDropped:
            connection.abort()
            return web.Response(status=500)
        if verdict.final_token:
            response.headers["WWW-Authenticate"] = verdict.final_token
        return response

    async def _answer(self, data: bytes, principal: str) -> web.Response:
        relates_to = ""
        try:
            envelope = soap.parse(data)
            relates_to = envelope.message_id
            await self._apply_fault(envelope)
            return _response(200, await self._operate(envelope, principal))
        except soap.Malformed as exc:
            return _response(400, soap.fault("", soap.WsmanFault(str(exc), subcode="w:SchemaValidationError")))
        except soap.WsmanFault as exc:
            return _response(500, soap.fault(relates_to, exc))

    async def _operate(self, envelope: soap.Envelope, principal: str) -> bytes:
        if envelope.action not in self._operations:
            reason = f"The action {envelope.action} is not supported by the service."
            raise soap.WsmanFault(reason, subcode="a:ActionNotSupported")
        resource = self._resources.get(envelope.resource_uri)
        if resource is None:
            reason = f"The resource {envelope.resource_uri} is not offered by this service."
            raise soap.WsmanFault(reason, subcode="a:DestinationUnreachable")
        return await resource[envelope.action](envelope, principal)

    async def _apply_fault(self, envelope: soap.Envelope) -> None:
        fault = self._context.faults.hit(f"winrm:{self.name}:{envelope.operation}")
        if fault is None:
            return
        if fault.action == "delay":
            await asyncio.sleep(float(fault.detail.get("seconds", 1.0)))
        elif fault.action == "hang":
            await asyncio.sleep(HANG)
        elif fault.action == "drop":
            raise ConnectionDropped(self.name)
        else:
            raise _planned(fault)

    async def _create(self, envelope: soap.Envelope, principal: str) -> bytes:
        shell = self.shells.create(principal, soap.shell_environment(envelope))
        self._context.journal.count("shell")
        return soap.created(envelope.message_id, shell.id)

    async def _command(self, envelope: soap.Envelope, principal: str) -> bytes:
        shell = self.shells.get(envelope.shell_id, principal)
        await asyncio.sleep(self._latency * self._context.clock.scale)
        line, arguments = soap.command_line(envelope)
        # WINRS_CONSOLEMODE_STDIN is FALSE when input follows by Send.
        expects_input = envelope.options.get("WINRS_CONSOLEMODE_STDIN", "TRUE").upper() == "FALSE"
        request = CommandRequest(line, arguments, environment=shell.environment)
        command = self.shells.begin(shell, request, expects_input=expects_input)
        self._context.journal.count("execution")
        return soap.command_started(envelope.message_id, command.id)

    async def _send(self, envelope: soap.Envelope, principal: str) -> bytes:
        shell = self.shells.get(envelope.shell_id, principal)
        command_id, chunks = soap.sent_streams(envelope)
        self.shells.send(self.shells.command(shell, command_id), chunks)
        return soap.sent(envelope.message_id)

    async def _receive(self, envelope: soap.Envelope, principal: str) -> bytes:
        shell = self.shells.get(envelope.shell_id, principal)
        command = self.shells.command(shell, soap.desired_command(envelope))
        if not await command.wait(envelope.operation_timeout):
            raise soap.operation_timed_out()
        shell.touch()
        chunks, exit_code = command.take()
        return soap.received(envelope.message_id, command.id, chunks, exit_code)

    async def _signal(self, envelope: soap.Envelope, principal: str) -> bytes:
        shell = self.shells.get(envelope.shell_id, principal)
        command_id, code = soap.signal(envelope)
        if code not in {soap.TERMINATE, soap.CTRL_C}:
            raise soap.invalid_request(f"The signal {code} is not supported.")
        command = self.shells.command(shell, command_id)
        command.end()
        if code == soap.TERMINATE:
            del shell.commands[command.id]
        return soap.signalled(envelope.message_id)

    async def _delete(self, envelope: soap.Envelope, principal: str) -> bytes:
        self.shells.delete(envelope.shell_id, principal)
        return soap.deleted(envelope.message_id)


def _remoting(machine: Machine, engine: Engine, shells: Shells, context: LabContext) -> dict[str, Operations]:
    """Return the operations of PowerShell remoting, if its library is installed."""
    if importlib.util.find_spec("psrpcore") is None:
        return {}
    from .psrp import RunspacePools

    return {soap.POWERSHELL_SHELL: RunspacePools(machine, engine, shells, context).operations}


def _planned(fault: Fault) -> soap.WsmanFault:
    """Return the fault of a plan: `code`, `wmi_code` and `reason` come from its detail."""
    reason = str(fault.detail.get("reason", "The WS-Management service cannot process the request (planned fault)."))
    if fault.action == "throttle":
        return soap.busy()
    code = fault.detail.get("code")
    wmi_code = fault.detail.get("wmi_code")
    return soap.WsmanFault(
        reason,
        code=None if code is None else int(code),
        wmi_code=None if wmi_code is None else int(wmi_code),
    )


def _response(status: int, body: bytes) -> web.Response:
    return web.Response(status=status, body=body, headers={"Content-Type": f"{CONTENT_TYPE};charset=UTF-8"})
