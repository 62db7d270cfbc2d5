# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the transfer of an installer to the machine: which failures are retried, and what progress lines say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..common.durations import duration
from ..common.errors import DeadlineExceeded, Refused, RemoteFailure
from ..common.waiting import is_passing
from .installer import Installer

#: Attempts in a row without progress before a transfer fails.
TRIES = 4
#: The required free space, in sizes of the package: once for the package and twice for its unpacked content.
SPACE_FACTOR = 3
_MB = 1000 * 1000
#: WebExceptionStatus of .NET: the certificate or the TLS version is not accepted, which a retry does not change.
_UNTRUSTED = ("TrustFailure", "SecureChannelFailure")
_MISSING = ("System.IO.FileNotFoundException", "System.IO.DirectoryNotFoundException")
_DENIED = "System.UnauthorizedAccessException"
#: Failures of connections, shares and disks, which may be gone at the next attempt.
_PASSING = ("System.Net.WebException", "System.IO.IOException", "System.Net.Sockets.SocketException")
_LOGIN_REQUIRED, _RANGE_GONE = 407, 416


@dataclass(frozen=True, slots=True)
class Transfer:
    """The state of a transfer after one execution of a script."""

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
        """Build the state from the object of a script."""
        raw = facts["transfer"]
        return cls(
            complete=raw["complete"],
            received=raw["received"] or 0,
            total=raw["total"],
            host=raw["host"],
            insecure=raw["insecure"],
            free_bytes=raw["free_bytes"],
            needed_bytes=raw["needed_bytes"],
            error=raw["error"],
        )

    @property
    def short_of_space(self) -> bool:
        """Tell whether the drive has too little free space."""
        return self.free_bytes is not None and self.needed_bytes is not None and self.free_bytes < self.needed_bytes


@dataclass(slots=True)
class Attempts:
    """Counts the attempts of one transfer."""

    installer: Installer
    received: int = 0
    #: Attempts in a row without progress.
    fruitless: int = 0

    def pause_after(self, transfer: Transfer, elapsed: float) -> float:
        """Return the seconds until the next attempt, after one that did not complete the file.

        Raises Refused and RemoteFailure when a retry cannot help, DeadlineExceeded when the time is over.
        """
        require_possible(transfer, self.installer)
        moved = transfer.received > self.received
        self.received = transfer.received
        self.fruitless = 0 if moved and transfer.error is None else 1 if moved else self.fruitless + 1
        if self.fruitless >= TRIES:
            raise RemoteFailure(
                f"source: the download of {_place(transfer, self.installer)} failed {TRIES} times:"
                f" {_complaint(transfer)}; check that the machine can reach it, then run again, which resumes at"
                f" {amount(transfer)}",
                **_details(transfer),
            )
        require_time(transfer, self.installer, elapsed)
        return 2.0**self.fruitless if self.fruitless else 0.0


def require_possible(transfer: Transfer, installer: Installer) -> None:
    """Raise Refused or RemoteFailure for a failure that a retry does not change."""
    if transfer.insecure:
        raise Refused(
            f"source: {installer.shown_source} redirects to {transfer.host} without https; use an address whose"
            " redirections are all https"
        )
    if transfer.short_of_space and not transfer.complete:
        raise Refused(
            f"staging_dir: {installer.staging_dir[:2]} has {_size(transfer.free_bytes)} free, but"
            f" {_size(transfer.needed_bytes)} are required for the package ({_size(transfer.total)}) and its unpacked"
            " content; free up space, or use a folder on another drive"
        )
    if transfer.error is not None:
        _require_passing(transfer, transfer.error, installer)


def require_time(transfer: Transfer, installer: Installer, elapsed: float) -> None:
    """Raise DeadlineExceeded when the transfer has reached its time limit."""
    if elapsed >= installer.timeout:
        raise DeadlineExceeded(
            "the complete installer on the machine", elapsed, amount(transfer), "run again to resume the transfer"
        )


def _require_passing(transfer: Transfer, error: Mapping[str, Any], installer: Installer) -> None:
    place, status = _place(transfer, installer), error["status"]
    if status == _LOGIN_REQUIRED:
        line = (
            "download_proxy: the proxy requires a login, or rejects the given one (407); set"
            " download_proxy.username and download_proxy.password"
        )
    elif status in (401, 403):
        line = f"source: the machine may not read {place} ({status}); grant access, or use another address"
    elif status in (404, 410):
        line = f"source: {place} does not exist ({status}); correct the address"
    elif error["reason"] in _UNTRUSTED:
        line = (
            f"source: the machine does not trust the certificate of {transfer.host}, or shares no TLS version with it"
            f" ({error['reason']}); add the certification authority to the machine's trusted roots"
        )
    elif error["type"] in _MISSING:
        line = f"source: {place} does not exist; correct the path"
    elif error["type"] == _DENIED:
        line = (
            f"source: the account of the connection may not read {place}; a share also requires credentials that the"
            " connection can delegate (CredSSP, or Kerberos with delegation), so use a path on the controller without"
            " them"
        )
    elif _may_pass(error):
        return
    else:
        line = f"source: {place} cannot be downloaded: {error['message']}; correct the address"
    raise RemoteFailure(line, **_details(transfer))


def _may_pass(error: Mapping[str, Any]) -> bool:
    if error["status"] is None:
        return error["type"] in _PASSING
    return error["status"] == _RANGE_GONE or is_passing(error)


def amount(transfer: Transfer) -> str:
    """Describe how much of the file is on the machine."""
    of = f" of {_size(transfer.total)}" if transfer.total is not None else ""
    share = f" ({100 * transfer.received // transfer.total} %)" if transfer.total else ""
    return f"{_size(transfer.received)}{of}{share}"


def progress_line(transfer: Transfer, installer: Installer, elapsed: float) -> str:
    """Return one line about the progress."""
    done = "fetched" if transfer.complete else "fetching"
    origin = f" from {transfer.host}" if transfer.host else ""
    trouble = f"; {_complaint(transfer)}" if transfer.error is not None else ""
    return f"{done} {installer.file_name}{origin}: {amount(transfer)} in {duration(elapsed)}{trouble}"


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
