# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers requests to download addresses: short links, byte ranges, entity tags, and broken connections.

The connection is that of the machine, through the lab's real proxy where necessary; the response comes from the
packages that the lab serves. How ranges and tags work: RFC 9110, sections 13.1.5 and 14.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from email.utils import format_datetime
from typing import Final
from urllib.parse import urlsplit

from .errors import MachineError
from .filesystem import File
from .machine import Machine
from .mirror import DOWNLOADS, Mirror
from .programs.internet import ConnectionFailed, ProxySettings, proxy_at, system_proxy, test_connection
from .state import Package

#: Names outside the company's network.
PUBLIC: Final = ("aka.ms", ".microsoft.com")
_WEB_ERROR: Final = "System.Net.WebException"
_REASONS: Final = {
    200: "OK",
    206: "Partial Content",
    302: "Moved Temporarily",
    404: "Not Found",
    407: "Proxy Authentication Required",
    416: "Requested Range Not Satisfiable",
    503: "Service Unavailable",
}


@dataclass(frozen=True, slots=True)
class WebResponse:
    """A response. With `breaks` the connection is lost after the content, which is then incomplete."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    breaks: bool = False

    @property
    def error(self) -> str | None:
        """The text of the exception that .NET throws for the response; None for a success."""
        if self.status < 400:
            return None
        return f"The remote server returned an error: ({self.status}) {_REASONS.get(self.status, 'Error')}."


@dataclass(frozen=True, slots=True)
class Egress:
    """The egress of a request: a proxy, the account's settings with a login for their proxy, or a direct connection."""

    proxy: ProxySettings | None = None
    system: bool = True
    login: tuple[str, str] | None = None


class RequestFailed(Exception):
    """The request got no response, with the text of .NET; `reason` is its WebExceptionStatus."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


def is_public(host: str) -> bool:
    return any(host == name or (name.startswith(".") and host.endswith(name)) for name in PUBLIC)


def ask(machine: Machine, url: str, offset: int = 0, validator: str = "", egress: Egress | None = None) -> WebResponse:
    """Send a GET without redirections, from `offset` on if `validator` still identifies the content.

    The default egress is that of the account. Raises RequestFailed.
    """
    address = url.partition("?")[0]
    host = (urlsplit(url).hostname or "").lower()
    fault = machine.fault_at(f"download {url}")
    detail = dict(fault.detail) if fault is not None else {}
    if fault is not None and not {"bytes", "status"} & set(detail):
        raise RequestFailed(str(detail.get("message", "Unable to connect to the remote server")), "ConnectFailure")
    try:
        _travel(machine, host, egress or Egress())
    except ConnectionFailed as exc:
        if exc.status is None:
            unknown = exc.failure in {"NameResolutionFailure", "ProxyNameResolutionFailure"}
            raise RequestFailed(str(exc), "NameResolutionFailure" if unknown else "ConnectFailure") from exc
        return WebResponse(exc.status)
    if "status" in detail:
        return WebResponse(int(detail["status"]))
    if address in machine.mirror.links:
        return WebResponse(302, {"Location": machine.mirror.links[address]})
    package = _package(machine, address)
    if package is None:
        if is_public(host) or any((urlsplit(known).hostname or "") == host for known in machine.web):
            return WebResponse(404)
        raise RequestFailed(f"The remote name could not be resolved: '{host}'", "NameResolutionFailure")
    answer = _served(package, machine.mirror, offset, validator)
    if "bytes" not in detail:
        return answer
    return WebResponse(answer.status, answer.headers, answer.content[: int(detail["bytes"])], breaks=True)


def download(machine: Machine, url: str, target: str) -> File:
    """Store a file as Invoke-WebRequest -OutFile does; a download that breaks leaves nothing."""
    try:
        answer = ask(machine, url)
    except RequestFailed as exc:
        raise MachineError(str(exc), _WEB_ERROR) from exc
    if answer.error is not None:
        raise MachineError(answer.error, _WEB_ERROR)
    if "Location" in answer.headers:
        return download(machine, answer.headers["Location"], target)
    written = machine.write_file(target, answer.content)
    machine.recognize(written)
    return written


def egress_of_mode(mode: str, proxy: str | None, login: tuple[str, str] | None) -> Egress:
    """Return the egress of a mode: direct, system, or custom with `proxy` as host:port."""
    if mode == "direct":
        return Egress(system=False)
    username, password = login or (None, None)
    if mode == "custom":
        return Egress(proxy_at(proxy or "", username, password), system=False)
    return Egress(login=login)


def _travel(machine: Machine, host: str, egress: Egress) -> None:
    """Test the connection; names of the company need no proxy, unless one is given. Raises ConnectionFailed.

    Inferred: the account of the connection has the settings of the service's account.
    """
    settings = egress.proxy
    if egress.system:
        settings = system_proxy(machine)
        if settings is not None and egress.login is not None:
            settings = replace(settings, username=egress.login[0], password=egress.login[1])
    if egress.proxy is not None or is_public(host):
        test_connection(machine, host, settings)


def _package(machine: Machine, address: str) -> Package | None:
    found = machine.web.get(address)
    if found is None and address.startswith(DOWNLOADS):
        name = address.rsplit("/", 1)[-1]
        found = next((package for package in machine.web.values() if package.program == name), None)
    return found


def _validators(package: Package, mirror: Mirror) -> dict[str, str]:
    """Return the headers with which the server identifies this file."""
    found = {}
    if mirror.tags:
        found["ETag"] = f'{"W/" if mirror.weak else ""}"{package.sha256[:16]}"'
    if mirror.dates:
        found["Last-Modified"] = format_datetime(
            datetime.fromtimestamp(int(package.sha256[:7], 16), timezone.utc), True
        )
    return found


def _served(package: Package, mirror: Mirror, offset: int, validator: str) -> WebResponse:
    """Serve a range only for the same file; a weak tag does not prove that (RFC 9110, section 13.1.5)."""
    headers = _validators(package, mirror)
    size = len(package.content)
    same = not validator or (validator in headers.values() and not validator.startswith("W/"))
    if offset == 0 or not mirror.ranges or not same:
        return WebResponse(200, {**headers, "Content-Length": str(size)}, package.content)
    if offset >= size:
        return WebResponse(416, {"Content-Range": f"bytes */{size}"})
    part = package.content[offset:]
    where = {"Content-Range": f"bytes {offset}-{size - 1}/{size}", "Content-Length": str(len(part))}
    return WebResponse(206, {**headers, **where}, part)
