# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine's way to the internet: direct where its egress allows it, or through the estate's real proxy."""

from __future__ import annotations

import base64
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .. import layout
from .outcome import Refusal

if TYPE_CHECKING:
    from ..machine import Machine

_TIMEOUT = 5.0
_OK = 200
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


def check_form(wish: ProxyWish) -> None:
    """Only HTTP proxies (documented); the range of ports is inferred from Microsoft's public setup source."""
    if not wish.address.lower().startswith("http://"):
        raise Refusal("Only HTTP proxies are supported: the address begins with http://.")
    if not 1 <= wish.port <= _HIGHEST_PORT:
        raise Refusal("The port of the proxy is not valid.")
    if (wish.username is None) != (wish.password is None):
        raise Refusal("The proxy's user name and password go together.")


def reach(machine: Machine, host: str, wish: ProxyWish | None) -> None:
    """What registration tests before it goes on. Raises Refusal when there is no way."""
    if wish is None:
        wish = _system_proxy(machine)
    if wish is not None:
        _connect(machine, host, wish)
    elif machine.identity.egress == "proxy":
        raise Refusal(_UNREACHABLE)


def _system_proxy(machine: Machine) -> ProxyWish | None:
    """With no proxy of its own the service most likely uses the one of its account (inferred)."""
    key = f"{layout.HKU}\\{machine.service_owner_sid()}\\{layout.INTERNET_SETTINGS}"
    server = machine.registry.text(key, "ProxyServer")
    if not machine.system_proxy_enabled() or server is None:
        return None
    host, _colon, port = server.removeprefix("http://").partition(":")
    return ProxyWish(f"http://{host}", int(port or 80))


def _connect(machine: Machine, host: str, wish: ProxyWish) -> None:
    name = wish.address.split("://", 1)[-1].strip("/").lower()
    if name not in {machine.world.proxy.name.lower(), "127.0.0.1", "localhost"}:
        raise Refusal(_UNREACHABLE)
    lines = [f"CONNECT {host}:443 HTTP/1.1", f"Host: {host}:443"]
    if wish.username is not None:
        login = base64.b64encode(f"{wish.username}:{wish.password}".encode()).decode()
        lines.append(f"Proxy-Authorization: Basic {login}")
    try:
        with socket.create_connection(("127.0.0.1", wish.port), timeout=_TIMEOUT) as connection:
            connection.sendall("\r\n".join([*lines, "", ""]).encode())
            with connection.makefile("rb") as stream:
                status = stream.readline(1024).split()
    except OSError as exc:
        raise Refusal(_UNREACHABLE) from exc
    code = int(status[1]) if len(status) > 1 and status[1].isdigit() else 0
    if code == _LOGIN_WANTED:
        raise Refusal("The proxy asks for a login, or does not take the one that was given (407).")
    if code != _OK:
        raise Refusal(_UNREACHABLE)
