# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What download addresses answer: short links, byte ranges, entity tags, and connections that break in the middle.

The way there is the machine's own, through the lab's real proxy where it has to be; the answer comes from the
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
from .programs.internet import NoWay, ProxyWish, pass_through, proxy_at, system_proxy
from .state import Package

#: Names outside of the company's network.
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
class Answer:
    """One answer. `breaks`: the connection is lost after the content, which is then not all that was announced."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    breaks: bool = False

    @property
    def error(self) -> str | None:
        """What .NET makes an exception of, in its words."""
        if self.status < 400:
            return None
        return f"The remote server returned an error: ({self.status}) {_REASONS.get(self.status, 'Error')}."


@dataclass(frozen=True, slots=True)
class Way:
    """A proxy, or the account's own settings with a login for their proxy, or neither: a direct connection."""

    proxy: ProxyWish | None = None
    system: bool = True
    login: tuple[str, str] | None = None


class NoAnswer(Exception):
    """No answer, in the words of .NET; `reason` is its WebExceptionStatus."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


def is_public(host: str) -> bool:
    return any(host == name or (name.startswith(".") and host.endswith(name)) for name in PUBLIC)


def ask(machine: Machine, url: str, offset: int = 0, validator: str = "", way: Way | None = None) -> Answer:
    """A GET without following redirections, from `offset` on if the content still is what `validator` names.

    Without a `way` it is the one of the account. Raises NoAnswer.
    """
    address = url.partition("?")[0]
    host = (urlsplit(url).hostname or "").lower()
    fault = machine.fault_at(f"download {url}")
    detail = dict(fault.detail) if fault is not None else {}
    if fault is not None and not {"bytes", "status"} & set(detail):
        raise NoAnswer(str(detail.get("message", "Unable to connect to the remote server")), "ConnectFailure")
    try:
        _travel(machine, host, way or Way())
    except NoWay as exc:
        if exc.status is None:
            unknown = "could not be resolved" in str(exc)
            raise NoAnswer(str(exc), "NameResolutionFailure" if unknown else "ConnectFailure") from exc
        return Answer(exc.status)
    if "status" in detail:
        return Answer(int(detail["status"]))
    if address in machine.mirror.links:
        return Answer(302, {"Location": machine.mirror.links[address]})
    package = _package(machine, address)
    if package is None:
        if is_public(host) or any((urlsplit(known).hostname or "") == host for known in machine.web):
            return Answer(404)
        raise NoAnswer(f"The remote name could not be resolved: '{host}'", "NameResolutionFailure")
    answer = _served(package, machine.mirror, offset, validator)
    if "bytes" not in detail:
        return answer
    return Answer(answer.status, answer.headers, answer.content[: int(detail["bytes"])], breaks=True)


def download(machine: Machine, url: str, target: str) -> File:
    """Store a file as Invoke-WebRequest -OutFile does; a download that breaks leaves nothing."""
    try:
        answer = ask(machine, url)
    except NoAnswer as exc:
        raise MachineError(str(exc), _WEB_ERROR) from exc
    if answer.error is not None:
        raise MachineError(answer.error, _WEB_ERROR)
    if "Location" in answer.headers:
        return download(machine, answer.headers["Location"], target)
    written = machine.write_file(target, answer.content)
    machine.recognize(written)
    return written


def login_way(mode: str, proxy: str | None, login: tuple[str, str] | None) -> Way:
    """The way by its mode: direct, system or custom with `proxy` as host:port."""
    if mode == "direct":
        return Way(system=False)
    username, password = login or (None, None)
    if mode == "custom":
        return Way(proxy_at(proxy or "", username, password), system=False)
    return Way(login=login)


def _travel(machine: Machine, host: str, way: Way) -> None:
    """Names of the company are reached without a proxy, unless one is named. Raises NoWay.

    That the account of the connection has the settings of the service's account is inferred.
    """
    wish = way.proxy
    if way.system:
        wish = system_proxy(machine)
        if wish is not None and way.login is not None:
            wish = replace(wish, username=way.login[0], password=way.login[1])
    if way.proxy is not None or is_public(host):
        pass_through(machine, host, wish)


def _package(machine: Machine, address: str) -> Package | None:
    found = machine.web.get(address)
    if found is None and address.startswith(DOWNLOADS):
        name = address.rsplit("/", 1)[-1]
        found = next((package for package in machine.web.values() if package.program == name), None)
    return found


def _validators(package: Package, mirror: Mirror) -> dict[str, str]:
    """What the server calls this very file by."""
    found = {}
    if mirror.tags:
        found["ETag"] = f'{"W/" if mirror.weak else ""}"{package.sha256[:16]}"'
    if mirror.dates:
        found["Last-Modified"] = format_datetime(
            datetime.fromtimestamp(int(package.sha256[:7], 16), timezone.utc), True
        )
    return found


def _served(package: Package, mirror: Mirror, offset: int, validator: str) -> Answer:
    """A range only for the one who has the same file: a weak tag proves nothing (RFC 9110, section 13.1.5)."""
    headers = _validators(package, mirror)
    size = len(package.content)
    same = not validator or (validator in headers.values() and not validator.startswith("W/"))
    if offset == 0 or not mirror.ranges or not same:
        return Answer(200, {**headers, "Content-Length": str(size)}, package.content)
    if offset >= size:
        return Answer(416, {"Content-Range": f"bytes */{size}"})
    part = package.content[offset:]
    where = {"Content-Range": f"bytes {offset}-{size - 1}/{size}", "Content-Length": str(len(part))}
    return Answer(206, {**headers, **where}, part)
