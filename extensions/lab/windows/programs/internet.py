# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connections of a machine to public names: direct where its egress allows that, or through the lab's real proxy.

The traffic is real. `LabContext.resolve` decides which address is behind a public name.
"""

from __future__ import annotations

import base64
import socket
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from .. import layout
from ..machine import Machine
from .outcome import Refusal

_TIMEOUT = 5.0
_OK = 200
_ERROR = 400
_LOGIN_WANTED = 407
_HIGHEST_PORT = 65534
_UNREACHABLE = "The server cannot connect to the internet with the given settings."


@dataclass(frozen=True, slots=True)
class ProxySettings:
    """A proxy as on a command line; `address` begins with http://."""

    address: str
    port: int
    username: str | None = None
    password: str | None = None


@dataclass(frozen=True, slots=True)
class HeadResult:
    """The result of a HEAD request: `error` is the text of .NET, `method` is CONNECT where the proxy answered.

    `failure` is the name of the error in .NET's WebExceptionStatus, `date` the header of a response.
    """

    status: int | None
    method: str
    error: str | None
    failure: str | None = None
    date: str | None = None


class ConnectionFailed(Exception):
    """The connection failed, with the text of .NET; `status` is that of a proxy that refused it."""

    def __init__(self, message: str, failure: str = "ConnectFailure", status: int | None = None) -> None:
        super().__init__(message)
        self.failure = failure
        self.status = status


def check_form(settings: ProxySettings) -> None:
    """Refuse anything but an HTTP proxy (documented); the range of ports is inferred from Microsoft's public setup."""
    if not settings.address.lower().startswith("http://"):
        raise Refusal("Only HTTP proxies are supported: the address begins with http://.", key="InvalidProxySettings")
    if not 1 <= settings.port <= _HIGHEST_PORT:
        raise Refusal("The port of the proxy is not valid.", key="InvalidPort")
    if (settings.username is None) != (settings.password is None):
        raise Refusal("The proxy's user name and password go together.")


def check_connectivity(machine: Machine, host: str, settings: ProxySettings | None) -> None:
    """Test the connection to a host, as registration does before it continues. Raises Refusal."""
    try:
        test_connection(machine, host, settings or system_proxy(machine))
    except ConnectionFailed as exc:
        if exc.status == _LOGIN_WANTED:
            raise Refusal(
                "The proxy asks for a login, or does not take the one that was given (407).",
                key="Netfailure_ProxyAuthenticationRequired",
            ) from exc
        raise Refusal(_UNREACHABLE, key="NotConnectedToInternet") from exc


def head(machine: Machine, url: str, settings: ProxySettings | None) -> HeadResult:
    """Send a HEAD request through TLS."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    fault = machine.fault_at(f"reach {host}")
    if fault is not None:
        message = str(fault.detail.get("message", "Unable to connect to the remote server"))
        return HeadResult(None, "HEAD", message, str(fault.detail.get("failure", "ConnectFailure")))
    # The lab's certificate does not contain the public names that lead to it.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        connection = _connect(machine, host, parts.port or 443, settings)
        with connection, context.wrap_socket(connection, server_hostname=host) as secure:
            request = f"HEAD {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n"
            secure.sendall(request.encode())
            status, reason, date = _answer(secure)
    except ConnectionFailed as exc:
        return HeadResult(exc.status, "CONNECT", str(exc), exc.failure)
    except TimeoutError:
        return HeadResult(None, "HEAD", "The operation has timed out", "Timeout")
    except OSError:
        text = "The underlying connection was closed: An unexpected error occurred on a send."
        return HeadResult(None, "HEAD", text, "SendFailure")
    if status < _ERROR:
        return HeadResult(status, "HEAD", None, None, date)
    return HeadResult(status, "HEAD", _protocol_error(status, reason), "ProtocolError", date)


def _protocol_error(status: int, reason: str) -> str:
    return f"The remote server returned an error: ({status}) {reason}."


def test_connection(machine: Machine, host: str, settings: ProxySettings | None) -> None:
    """Test the connection to a public name. Raises ConnectionFailed."""
    _connect(machine, host, 443, settings).close()


def system_proxy(machine: Machine) -> ProxySettings | None:
    """Return the proxy of the service's account, which a service without settings of its own uses (inferred)."""
    key = f"{layout.HKU}\\{machine.service_owner_sid()}\\{layout.INTERNET_SETTINGS}"
    server = machine.registry.text(key, "ProxyServer")
    return proxy_at(server) if machine.system_proxy_enabled() and server is not None else None


def proxy_at(address: str, username: str | None = None, password: str | None = None) -> ProxySettings:
    """Return a proxy from `host:port`, with or without a scheme."""
    host, _colon, port = address.split("://", 1)[-1].strip("/").partition(":")
    return ProxySettings(f"http://{host}", int(port) if port.isdigit() else 80, username, password)


def _connect(machine: Machine, host: str, port: int, settings: ProxySettings | None) -> socket.socket:
    """Open a connection to a public name. Raises ConnectionFailed."""
    if settings is not None:
        return _tunnel(machine, host, port, settings)
    if machine.identity.egress == "proxy":
        raise ConnectionFailed("Unable to connect to the remote server")
    address = machine.context.resolve(host)
    if address is None:
        raise ConnectionFailed(f"The remote name could not be resolved: '{host}'", "NameResolutionFailure")
    return _open(*address)


def _tunnel(machine: Machine, host: str, port: int, settings: ProxySettings) -> socket.socket:
    """Open a connection through a proxy."""
    name = settings.address.split("://", 1)[-1].strip("/").lower()
    if name not in {machine.context.proxy.name.lower(), "127.0.0.1", "localhost"}:
        raise ConnectionFailed(f"The proxy name could not be resolved: '{name}'", "ProxyNameResolutionFailure")
    lines = [f"CONNECT {host}:{port} HTTP/1.1", f"Host: {host}:{port}"]
    if settings.username is not None:
        login = base64.b64encode(f"{settings.username}:{settings.password}".encode()).decode()
        lines.append(f"Proxy-Authorization: Basic {login}")
    connection = _open("127.0.0.1", settings.port)
    try:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        status, reason, _date = _answer(connection)
        if status != _OK:
            raise ConnectionFailed(_protocol_error(status, reason), "ProtocolError", status)
    except OSError as exc:
        connection.close()
        raise ConnectionFailed("Unable to connect to the remote server") from exc
    except ConnectionFailed:
        connection.close()
        raise
    return connection


def _open(host: str, port: int) -> socket.socket:
    try:
        return socket.create_connection((host, port), timeout=_TIMEOUT)
    except (OSError, OverflowError) as exc:
        raise ConnectionFailed("Unable to connect to the remote server") from exc


def _answer(connection: socket.socket) -> tuple[int, str, str | None]:
    """Return the status, its phrase and the header Date; read to the end of the head and not a byte further."""
    received = b""
    while not received.endswith(b"\r\n\r\n") and (byte := connection.recv(1)):
        received += byte
    first, *headers = received.decode("latin-1").split("\r\n")
    words = first.split(" ", 2)
    if len(words) < 2 or not words[1].isdigit():
        raise ConnectionError("no HTTP answer")
    dates = [line.partition(":")[2].strip() for line in headers if line.lower().startswith("date:")]
    return int(words[1]), words[2] if len(words) > 2 else "", dates[0] if dates else None
