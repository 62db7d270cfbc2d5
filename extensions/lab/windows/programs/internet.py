# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine's way to the internet: direct where its egress allows it, or through the lab's real proxy.

Whatever leaves a machine is real traffic. Public names lead where `World.resolve` says, and nowhere else.
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
class ProxyWish:
    """A proxy as a command line gives it: `address` with http:// in front."""

    address: str
    port: int
    username: str | None = None
    password: str | None = None


@dataclass(frozen=True, slots=True)
class WebAnswer:
    """What came back for a request: `error` in the words of .NET, `method` is CONNECT where the proxy answered.

    `failure` is the name of the error in .NET's WebExceptionStatus, `date` the header of an answer.
    """

    status: int | None
    method: str
    error: str | None
    failure: str | None = None
    date: str | None = None


class NoWay(Exception):
    """No connection came about, in the words of .NET; `status` where the proxy refused with one."""

    def __init__(self, message: str, failure: str = "ConnectFailure", status: int | None = None) -> None:
        super().__init__(message)
        self.failure = failure
        self.status = status


def check_form(wish: ProxyWish) -> None:
    """Only HTTP proxies (documented); the range of ports is inferred from Microsoft's public setup source."""
    if not wish.address.lower().startswith("http://"):
        raise Refusal("Only HTTP proxies are supported: the address begins with http://.", key="InvalidProxySettings")
    if not 1 <= wish.port <= _HIGHEST_PORT:
        raise Refusal("The port of the proxy is not valid.", key="InvalidPort")
    if (wish.username is None) != (wish.password is None):
        raise Refusal("The proxy's user name and password go together.")


def reach(machine: Machine, host: str, wish: ProxyWish | None) -> None:
    """What registration tests before it goes on. Raises Refusal when there is no way."""
    try:
        pass_through(machine, host, wish or system_proxy(machine))
    except NoWay as exc:
        if exc.status == _LOGIN_WANTED:
            raise Refusal(
                "The proxy asks for a login, or does not take the one that was given (407).",
                key="Netfailure_ProxyAuthenticationRequired",
            ) from exc
        raise Refusal(_UNREACHABLE, key="NotConnectedToInternet") from exc


def head(machine: Machine, url: str, wish: ProxyWish | None) -> WebAnswer:
    """A HEAD request through TLS."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    fault = machine.fault_at(f"reach {host}")
    if fault is not None:
        message = str(fault.detail.get("message", "Unable to connect to the remote server"))
        return WebAnswer(None, "HEAD", message, str(fault.detail.get("failure", "ConnectFailure")))
    # The lab's certificate does not carry the public names that lead to it.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        connection = _connect(machine, host, parts.port or 443, wish)
        with connection, context.wrap_socket(connection, server_hostname=host) as secure:
            request = f"HEAD {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n"
            secure.sendall(request.encode())
            status, reason, date = _answer(secure)
    except NoWay as exc:
        return WebAnswer(exc.status, "CONNECT", str(exc), exc.failure)
    except TimeoutError:
        return WebAnswer(None, "HEAD", "The operation has timed out", "Timeout")
    except OSError:
        text = "The underlying connection was closed: An unexpected error occurred on a send."
        return WebAnswer(None, "HEAD", text, "SendFailure")
    if status < _ERROR:
        return WebAnswer(status, "HEAD", None, None, date)
    return WebAnswer(status, "HEAD", _protocol_error(status, reason), "ProtocolError", date)


def _protocol_error(status: int, reason: str) -> str:
    return f"The remote server returned an error: ({status}) {reason}."


def pass_through(machine: Machine, host: str, wish: ProxyWish | None) -> None:
    """That a connection to a public name comes about. Raises NoWay."""
    _connect(machine, host, 443, wish).close()


def system_proxy(machine: Machine) -> ProxyWish | None:
    """With no proxy of its own the service most likely uses the one of its account (inferred)."""
    key = f"{layout.HKU}\\{machine.service_owner_sid()}\\{layout.INTERNET_SETTINGS}"
    server = machine.registry.text(key, "ProxyServer")
    return proxy_at(server) if machine.system_proxy_enabled() and server is not None else None


def proxy_at(address: str, username: str | None = None, password: str | None = None) -> ProxyWish:
    """A proxy from `host:port`, with or without a scheme in front."""
    host, _colon, port = address.split("://", 1)[-1].strip("/").partition(":")
    return ProxyWish(f"http://{host}", int(port) if port.isdigit() else 80, username, password)


def _connect(machine: Machine, host: str, port: int, wish: ProxyWish | None) -> socket.socket:
    """A connection to a public name. Raises NoWay."""
    if wish is not None:
        return _tunnel(machine, host, port, wish)
    if machine.identity.egress == "proxy":
        raise NoWay("Unable to connect to the remote server")
    address = machine.world.resolve(host)
    if address is None:
        raise NoWay(f"The remote name could not be resolved: '{host}'", "NameResolutionFailure")
    return _open(*address)


def _tunnel(machine: Machine, host: str, port: int, wish: ProxyWish) -> socket.socket:
    """The same through a proxy."""
    name = wish.address.split("://", 1)[-1].strip("/").lower()
    if name not in {machine.world.proxy.name.lower(), "127.0.0.1", "localhost"}:
        raise NoWay(f"The proxy name could not be resolved: '{name}'", "ProxyNameResolutionFailure")
    lines = [f"CONNECT {host}:{port} HTTP/1.1", f"Host: {host}:{port}"]
    if wish.username is not None:
        login = base64.b64encode(f"{wish.username}:{wish.password}".encode()).decode()
        lines.append(f"Proxy-Authorization: Basic {login}")
    connection = _open("127.0.0.1", wish.port)
    try:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        status, reason, _date = _answer(connection)
        if status != _OK:
            raise NoWay(_protocol_error(status, reason), "ProtocolError", status)
    except OSError as exc:
        connection.close()
        raise NoWay("Unable to connect to the remote server") from exc
    except NoWay:
        connection.close()
        raise
    return connection


def _open(host: str, port: int) -> socket.socket:
    try:
        return socket.create_connection((host, port), timeout=_TIMEOUT)
    except (OSError, OverflowError) as exc:
        raise NoWay("Unable to connect to the remote server") from exc


def _answer(connection: socket.socket) -> tuple[int, str, str | None]:
    """The status, its phrase and the header Date; reads to the end of the head and not a byte further."""
    received = b""
    while not received.endswith(b"\r\n\r\n") and (byte := connection.recv(1)):
        received += byte
    first, *headers = received.decode("latin-1").split("\r\n")
    words = first.split(" ", 2)
    if len(words) < 2 or not words[1].isdigit():
        raise ConnectionError("no HTTP answer")
    dates = [line.partition(":")[2].strip() for line in headers if line.lower().startswith("date:")]
    return int(words[1]), words[2] if len(words) > 2 else "", dates[0] if dates else None
