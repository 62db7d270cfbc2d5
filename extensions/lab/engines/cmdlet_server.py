# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Serves the imitated cmdlets inside a real PowerShell: each call reaches the state of its machine.

TCP on the loopback address, one JSON object per line: {"token", "machine", "call", "args"} is answered by
{"ok": true, "value": ...} or {"ok": false, "error": {"type", "message"}}.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import secrets
from collections.abc import Mapping
from concurrent.futures import Executor
from typing import Any

from ..windows import cmdlets
from ..windows.languages import ENGLISH
from ..windows.machine import Machine
from ..windows.state import FULL_LANGUAGE

LOG = logging.getLogger("lab.cmdlets")
# Far more than a vault key or a list of all registry values needs.
MAX_LINE = 8 * 1024 * 1024


class CmdletServer:
    """Serves the calls of every machine's cmdlets."""

    def __init__(self, machines: Mapping[str, Machine], executor: Executor) -> None:
        self.token = secrets.token_urlsafe(24)
        self.port = 0
        self._machines = machines
        self._executor = executor
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=MAX_LINE)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is None:
            return
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await self._server.wait_closed()

    def environment(self, machine: str) -> dict[str, str]:
        """Return the variables with which a PowerShell calls back for one machine."""
        known = self._machines.get(machine)
        return {
            "LAB_CMDLET_SERVER": f"127.0.0.1:{self.port}",
            "LAB_TOKEN": self.token,
            "LAB_MACHINE": machine,
            "LAB_LANGUAGE": ENGLISH if known is None else known.identity.language,
            "LAB_LANGUAGE_MODE": FULL_LANGUAGE if known is None else known.language_mode,
        }

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            async for line in reader:
                answer = await self._answer(line)
                writer.write(json.dumps(answer, ensure_ascii=False).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError) as exc:
            LOG.debug("a cmdlet closed its connection: %s", exc)
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
        except ValueError:
            return _error("BadRequest", "The cmdlet server reads one JSON object per line.")
        if not isinstance(request, dict) or not hmac.compare_digest(str(request.get("token")), self.token):
            return _error("Denied", "The token is not the lab's.")
        machine = self._machines.get(str(request.get("machine")))
        if machine is None:
            return _error("UnknownMachine", f"The lab has no machine {request.get('machine')}.")
        call, args = str(request.get("call")), dict(request.get("args") or {})
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, _call, machine, call, args)


def _call(machine: Machine, call: str, args: dict[str, Any]) -> dict[str, Any]:
    """Answer a call; every failure, also a defect of the lab, becomes an error record in PowerShell."""
    try:
        with machine.process():
            return {"ok": True, "value": cmdlets.answer(machine, call, args)}
    except Exception as exc:
        LOG.debug("call %s on %s failed", call, machine.name, exc_info=exc)
        return _error(getattr(exc, "powershell_type", type(exc).__name__), str(exc))


def _error(kind: str, message: str) -> dict[str, Any]:
    return {"ok": False, "error": {"type": kind, "message": message}}
