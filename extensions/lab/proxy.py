# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's HTTP proxy: it serves only CONNECT with one Basic login, and connects only to the lab."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import fnmatch
import hmac
import logging

from .context import LabContext

LOG = logging.getLogger("lab.proxy")

_MAX_HEADER = 32 * 1024
_REASONS = {
    200: "Connection established",
    400: "Bad Request",
    403: "Forbidden",
    405: "Method Not Allowed",
    407: "Proxy Authentication Required",
    502: "Bad Gateway",
    503: "Service Unavailable",
}


class ProxyServer:
    """Listens on the loopback address; the lab resolves names, not this computer."""

    def __init__(self, context: LabContext) -> None:
        self.port = 0
        self._context = context
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=_MAX_HEADER)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is None:
            return
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while await self._request(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as exc:
            LOG.debug("a client of the proxy closed its connection: %s", exc)
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Serve one request, and tell whether the connection stays open for another."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, headers = _parse(head)
        if method != "CONNECT":
            status = 405 if method else 400
            return await _refuse(writer, status, "This proxy only serves CONNECT.", "Allow: CONNECT")
        if not self._allowed(headers.get("proxy-authorization", "")):
            self._context.journal.count("proxy:407")
            return await _refuse(
                writer, 407, "Log in to the proxy.", f'Proxy-Authenticate: Basic realm="{self._context.proxy.name}"'
            )
        host, _colon, port = target.rpartition(":")
        if self._context.faults.hit(f"proxy:{host}") is not None:
            return await _refuse(writer, 503, f"The proxy does not let anyone reach {host}.")
        if any(fnmatch.fnmatchcase(host.lower(), each) for each in self._context.proxy.refuses):
            return await _refuse(writer, 403, f"{host} is not on the list of this proxy.")
        address = self._context.resolve(host.lower()) if port.isdigit() else None
        if address is None:
            return await _refuse(writer, 502, f"The proxy does not know {host}.")
        self._context.journal.count("proxy:connect")
        await self._tunnel(reader, writer, address)
        return False

    def _allowed(self, authorization: str) -> bool:
        scheme, _space, token = authorization.partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            given = base64.b64decode(token, validate=True)
        except binascii.Error:
            return False
        account = self._context.proxy
        return hmac.compare_digest(given, f"{account.username}:{account.password}".encode())

    async def _tunnel(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: tuple[str, int]
    ) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(*address)
        except OSError:
            await _refuse(writer, 502, "The proxy cannot reach the address.")
            return
        self._writers.add(far_writer)
        writer.write(_status_line(200) + b"\r\n")
        try:
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        finally:
            self._writers.discard(far_writer)
            far_writer.close()


def _parse(head: list[str]) -> tuple[str, str, dict[str, str]]:
    parts = head[0].split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        return "", "", {}
    headers = {}
    for line in head[1:]:
        name, _colon, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return parts[0].upper(), parts[1], headers


def _status_line(status: int) -> bytes:
    return f"HTTP/1.1 {status} {_REASONS[status]}\r\n".encode()


async def _refuse(writer: asyncio.StreamWriter, status: int, text: str, *headers: str) -> bool:
    """Answer with an error; the connection stays open only when the proxy requests a login."""
    body = (text + "\r\n").encode()
    goes_on = status == 407
    lines = [*headers, f"Content-Length: {len(body)}", f"Connection: {'keep-alive' if goes_on else 'close'}", "", ""]
    writer.write(_status_line(status) + "\r\n".join(lines).encode() + body)
    await writer.drain()
    return goes_on


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(64 * 1024):
            writer.write(data)
            await writer.drain()
    # The other side may have closed the connection at the same moment.
    with contextlib.suppress(OSError, RuntimeError):
        if writer.can_write_eof():
            writer.write_eof()
