# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: how an installer gets to a machine: what is tried again, what is hopeless, and what is told meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..common.errors import DeadlineExceeded, Refused, RemoteFailure
from ..common.waiting import duration, is_passing
from .installer import Installer

#: Tries in a row that bring nothing, before it is given up.
TRIES = 4
#: The room that has to be free, in sizes of the package: the package itself, and twice that for what is unpacked.
SPACE_FACTOR = 3
_MB = 1000 * 1000
#: .NET's WebExceptionStatus: the far end is not who it says it is. That does not get better.
_UNTRUSTED = ("TrustFailure", "SecureChannelFailure")
_MISSING = ("System.IO.FileNotFoundException", "System.IO.DirectoryNotFoundException")
_DENIED = "System.UnauthorizedAccessException"
#: Connections, shares and disks: what may be gone at the next try.
_PASSING = ("System.Net.WebException", "System.IO.IOException", "System.Net.Sockets.SocketException")
_LOGIN_WANTED, _RANGE_GONE = 407, 416


@dataclass(frozen=True, slots=True)
class Transfer:
    """How far one execution came, as the scripts tell it."""

    complete: bool
    received: int
    total: int | None
    host: str | None = None
    insecure: bool = False
    free_bytes: int | None = None
    needed_bytes: int | None = None
    error: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Transfer:
        told = facts["transfer"]
        return cls(
            complete=told["complete"],
            received=told["received"] or 0,
            total=told["total"],
            host=told["host"],
            insecure=told["insecure"],
            free_bytes=told["free_bytes"],
            needed_bytes=told["needed_bytes"],
            error=told["error"],
        )

    @property
    def short_of_room(self) -> bool:
        return self.free_bytes is not None and self.needed_bytes is not None and self.free_bytes < self.needed_bytes


@dataclass(slots=True)
class Progress:
    """The tries so far."""

    installer: Installer
    received: int = 0
    #: Tries in a row that brought nothing.
    fruitless: int = 0

    def note(self, transfer: Transfer, elapsed: float) -> float:
        """Seconds until the next try, after one that did not bring the whole file.

        Raises Refused and RemoteFailure where another try is of no use, DeadlineExceeded when the time is over.
        """
        require_way(transfer, self.installer)
        moved = transfer.received > self.received
        self.received = transfer.received
        self.fruitless = 0 if moved and transfer.error is None else 1 if moved else self.fruitless + 1
        if self.fruitless >= TRIES:
            raise RemoteFailure(
                f"source: {_place(transfer, self.installer)} was tried {TRIES} times in vain:"
                f" {_complaint(transfer)}; what is there is kept ({amount(transfer)}): see that the machine can get"
                " there, then run again",
                **_details(transfer),
            )
        require_time(transfer, self.installer, elapsed)
        return 2.0**self.fruitless if self.fruitless else 0.0


def require_way(transfer: Transfer, installer: Installer) -> None:
    """Raises Refused or RemoteFailure when the file can't come, however often it is tried."""
    if transfer.insecure:
        raise Refused(
            f"source: {installer.shown_source} leads to {transfer.host} without https; give an address that is https"
            " all the way"
        )
    if transfer.short_of_room and not transfer.complete:
        raise Refused(
            f"staging_dir: {installer.staging_dir[:2]} has {_size(transfer.free_bytes)} free, needed are"
            f" {_size(transfer.needed_bytes)} for the package ({_size(transfer.total)}) and what is unpacked from it;"
            " make room, or give a folder on another drive"
        )
    if transfer.error is not None:
        _require_hope(transfer, transfer.error, installer)


def require_time(transfer: Transfer, installer: Installer, elapsed: float) -> None:
    """Raises DeadlineExceeded when it has taken longer than it may."""
    if elapsed >= installer.timeout:
        raise DeadlineExceeded(
            "the whole installer on the machine", elapsed, amount(transfer), "run again: it goes on from there"
        )


def _require_hope(transfer: Transfer, error: Mapping[str, Any], installer: Installer) -> None:
    place, status = _place(transfer, installer), error["status"]
    if status == _LOGIN_WANTED:
        line = (
            "download_proxy: the proxy asks for a login, or does not take the one that was given (407); give"
            " download_proxy.username and download_proxy.password"
        )
    elif status in (401, 403):
        line = f"source: {place} is refused to the machine ({status}); let it read there, or give another address"
    elif status in (404, 410):
        line = f"source: {place} is not there ({status}); correct the address"
    elif error["reason"] in _UNTRUSTED:
        line = (
            f"source: the machine does not trust the certificate of {transfer.host}, or has no TLS version in common"
            f" with it ({error['reason']}); add the authority that signed it to the machine's trusted roots"
        )
    elif error["type"] in _MISSING:
        line = f"source: {place} is not there; correct the path"
    elif error["type"] == _DENIED:
        line = (
            f"source: {place} may not be read by the account of the connection; a share also needs credentials that"
            " the connection can delegate (CredSSP, or Kerberos with delegation): without them give a path of the"
            " controller"
        )
    elif _may_pass(error):
        return
    else:
        line = f"source: {place} can't be fetched: {error['message']}; correct the address"
    raise RemoteFailure(line, **_details(transfer))


def _may_pass(error: Mapping[str, Any]) -> bool:
    if error["status"] is None:
        return error["type"] in _PASSING
    return error["status"] == _RANGE_GONE or is_passing(error)


def amount(transfer: Transfer) -> str:
    """How much there is, in a few words."""
    of = f" of {_size(transfer.total)}" if transfer.total is not None else ""
    share = f" ({100 * transfer.received // transfer.total} %)" if transfer.total else ""
    return f"{_size(transfer.received)}{of}{share}"


def progress_line(transfer: Transfer, installer: Installer, elapsed: float) -> str:
    """One line for the person who waits."""
    done = "fetched" if transfer.complete else "fetching"
    came = f" from {transfer.host}" if transfer.host else ""
    trouble = f"; {_complaint(transfer)}" if transfer.error is not None else ""
    return f"{done} {installer.file_name}{came}: {amount(transfer)} in {duration(elapsed)}{trouble}"


def _place(transfer: Transfer, installer: Installer) -> str:
    shown = installer.shown_source
    return f"{shown} (at {transfer.host})" if transfer.host and f"//{transfer.host}" not in shown.lower() else shown


def _complaint(transfer: Transfer) -> str:
    return "the connection ended early" if transfer.error is None else " ".join(str(transfer.error["message"]).split())


def _details(transfer: Transfer) -> dict[str, Any]:
    error = transfer.error or {}
    return {"status": error.get("status"), "reason": error.get("reason"), "host": transfer.host}


def _size(count: int | None) -> str:
    return "unknown" if count is None else f"{count / _MB:.1f} MB"
