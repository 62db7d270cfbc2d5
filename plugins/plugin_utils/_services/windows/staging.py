# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: brings an installer to the machine, and takes it away again."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, Any

from ....module_utils._model.common.errors import Refused, RemoteFailure, SiteRecoveryError
from ....module_utils._model.windows.download import (
    SPACE_FACTOR,
    Progress,
    Transfer,
    progress_line,
    require_time,
    require_way,
)
from ....module_utils._model.windows.installer import Installer, require_genuine
from ..._windows.session import ConnectionLost, Session

#: What one execution carries: some seconds of work on a slow connection, and well below the limits of its memory.
PIECE = 4 * 1024 * 1024
#: How long one execution fetches before it tells how far it came.
SLICE_SECONDS = 60
_BLOCK = 1024 * 1024

Facts = Mapping[str, Any]


def _always() -> bool:
    """A next run is thought to need it."""
    return True


@contextmanager
def staged(session: Session, installer: Installer, needed: Callable[[], bool] = _always) -> Iterator[str]:
    """The path of the checked installer on the machine, for as long as it is needed.

    One that an earlier run left is used again when its checksum fits. When its user fails it stays for the next run,
    if that needs it: `needed` looks. One that is not what was asked for does not stay. Raises Refused, RemoteFailure,
    DeadlineExceeded.
    """
    facts = _bring(session, installer)
    try:
        require_genuine(facts, installer)
    except Refused:
        _remove(session, installer)
        raise
    try:
        yield installer.staged_path
    except RemoteFailure:
        # What says that it failed may have done its work all the same: then no run after this one asks for the file.
        with suppress(SiteRecoveryError, ConnectionLost):
            if not installer.keep and not needed():
                _remove(session, installer)
        raise
    if not installer.keep:
        _remove(session, installer)


def _bring(session: Session, installer: Installer) -> Facts:
    """What lies at the staged path afterwards."""
    if installer.from_controller:
        return _bring_own(session, installer)
    path = installer.staged_path
    there = installer.checksum is not None and installer.fits(_present(session, path))
    # A file that was there is fetched from itself: that checks the folder, and nobody holds the copy open.
    return _fetch(session, installer, path if there else installer.source)


def _present(session: Session, path: str) -> str | None:
    """The hash of the file at the path."""
    sha256: str | None = session.run("inspect_file", {"Path": path})["sha256"]
    return sha256


def _fetch(session: Session, installer: Installer, source: str) -> Facts:
    """The machine pulls, one stretch of time after the other, until the whole file is there."""
    proxy, progress, started = installer.proxy, Progress(installer), time.monotonic()
    parameters = {
        "Source": source,
        "Destination": installer.staged_path,
        "ProxyMode": proxy.mode if proxy else None,
        "ProxyAddress": proxy.address if proxy else None,
        "ProxyPort": proxy.port if proxy else None,
        "SpaceFactor": SPACE_FACTOR,
        "Seconds": SLICE_SECONDS,
    }
    while True:
        facts: Facts = session.run("fetch_file", parameters, {"ProxyCredential": proxy.credential if proxy else None})
        transfer, elapsed = Transfer.of(facts), time.monotonic() - started
        if transfer.complete:
            if source == installer.source:
                session.tell(progress_line(transfer, installer, elapsed))
            return facts
        pause = progress.note(transfer, elapsed)
        session.tell(progress_line(transfer, installer, elapsed))
        time.sleep(min(pause, max(0.0, installer.timeout - elapsed)))


def _bring_own(session: Session, installer: Installer) -> Facts:
    """The controller sends. What the machine has of the same file already, whole or in part, is not sent again.

    Scripts carry it and not the connection's own file transfer: they go on after a drop, and write straight into the
    folder that only administrators can reach, over every kind of connection.
    """
    try:
        with open(installer.source, "rb") as file:
            size, sha256 = _measure(file)
            if size == 0:
                raise Refused(f"source: {installer.source} is empty; give the installer itself")
            if installer.checksum and not installer.fits(sha256):
                raise Refused(
                    f"checksum: {installer.source} has SHA-256 {sha256}, asked for was {installer.checksum}; correct"
                    " source or checksum"
                )
            path = installer.staged_path
            if _present(session, path) == sha256:
                return _fetch(session, installer, path)
            return _send(session, installer, file, size, sha256)
    except OSError as error:
        if error.filename != installer.source:
            # The connection's, and not the file's.
            raise
        raise Refused(f"source: {installer.source} can't be read: {error.strerror}; correct path or rights") from None


def _measure(file: IO[bytes]) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    while block := file.read(_BLOCK):
        size += len(block)
        digest.update(block)
    return size, digest.hexdigest()


def _send(session: Session, installer: Installer, file: IO[bytes], size: int, sha256: str) -> Facts:
    offset, started, tried = 0, time.monotonic(), set[int]()
    while True:
        if offset in tried:
            raise RemoteFailure(f"source: {installer.source} does not get beyond byte {offset} on the machine")
        tried.add(offset)
        file.seek(offset)
        facts: Facts = session.run(
            "append_file",
            {
                "Destination": installer.staged_path,
                "Origin": sha256,
                "Total": size,
                "Offset": offset,
                "Content": base64.b64encode(file.read(PIECE)).decode(),
                "SpaceFactor": SPACE_FACTOR,
            },
        )
        transfer = Transfer.of(facts)
        require_way(transfer, installer)
        session.tell(progress_line(transfer, installer, time.monotonic() - started))
        if transfer.complete:
            return facts
        require_time(transfer, installer, time.monotonic() - started)
        offset = transfer.received


def _remove(session: Session, installer: Installer) -> None:
    if not installer.in_place:
        session.run("remove_file", {"Paths": installer.leftovers})
