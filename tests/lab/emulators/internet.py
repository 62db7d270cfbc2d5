# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network outside of the machines: a server for all public names, and the proxy that leads there."""

from __future__ import annotations

import base64
import contextlib
import functools
import socket
import socketserver
import ssl
import tempfile
import threading
from http import HTTPStatus
from pathlib import Path
from typing import Any

from lab.certificates import Certificates

PROXY_USER, PROXY_PASSWORD = "svc-proxy", 'p"w\\'
PROXY_NAME = "proxy.lab.test"
# The real port of the proxy is known only when it listens, so cases carry this one.
PROXY_PORT = -1
# The constant time on the clock of the public server.
SERVER_DATE = "Sun, 01 Mar 2026 12:00:00 GMT"


@functools.cache
def _server_tls() -> ssl.SSLContext:
    with tempfile.TemporaryDirectory() as folder:
        return Certificates().server_context(Path(folder))


def _head(stream: Any) -> list[bytes]:
    """Return the lines of a request's head."""
    lines = []
    while (line := stream.readline(4096).strip()) != b"":
        lines.append(line)
    return lines


class PublicServer(socketserver.BaseRequestHandler):
    """Any public address: answers through TLS with the status that the path names, and otherwise with 401."""

    def handle(self) -> None:
        answer_as_server(self.request)


def answer_as_server(connection: socket.socket) -> None:
    # A client that only tests the connection has closed it by now.
    with contextlib.suppress(OSError), _server_tls().wrap_socket(connection, server_side=True) as secure:
        with secure.makefile("rb") as stream:
            path = _head(stream)[0].split()[1].decode()
        status = HTTPStatus(int(path[1:]) if path[1:].isdigit() else 401)
        date = "" if status is HTTPStatus.GONE else f"Date: {SERVER_DATE}\r\n"
        secure.sendall(f"HTTP/1.1 {status.value} {status.phrase}\r\n{date}Location: https://x/\r\n\r\n".encode())


class ProxyHandler(socketserver.StreamRequestHandler):
    """Connects clients that know the login to public names."""

    def handle(self) -> None:
        first, *lines = _head(self.rfile)
        login = base64.b64encode(f"{PROXY_USER}:{PROXY_PASSWORD}".encode())
        known = any(line.lower().startswith(b"proxy-authorization:") and line.endswith(login) for line in lines)
        answer = HTTPStatus.OK if known else HTTPStatus.PROXY_AUTHENTICATION_REQUIRED
        if known and not is_public(first.split()[1].decode().rpartition(":")[0]):
            answer = HTTPStatus.BAD_GATEWAY
        self.wfile.write(f"HTTP/1.1 {answer.value} {answer.phrase}\r\n\r\n".encode())
        if answer is HTTPStatus.OK:
            answer_as_server(self.connection)


def is_public(host: str) -> bool:
    return host == "aka.ms" or host.endswith(
        (".azure.com", ".microsoft.com", ".microsoftonline.com", ".windowsazure.com", "login.windows.net")
    )


class Internet:
    """One server for all public names, and the proxy that leads to it."""

    def __init__(self) -> None:
        self._servers = [
            socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) for handler in (PublicServer, ProxyHandler)
        ]
        self._threads = []
        for server in self._servers:
            server.daemon_threads = True
            self._threads.append(threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True))
            self._threads[-1].start()
        self._server_port, self.proxy_port = (int(server.server_address[1]) for server in self._servers)

    def resolve(self, host: str) -> tuple[str, int] | None:
        return ("127.0.0.1", self._server_port) if is_public(host) else None

    def close(self) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()
        for thread in self._threads:
            thread.join(5)
