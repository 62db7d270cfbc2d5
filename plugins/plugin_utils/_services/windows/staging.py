# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: transfers an installer to the machine and removes it afterwards."""

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
    Attempts,
    Transfer,
    progress_line,
    require_possible,
    require_time,
)
from ....module_utils._model.windows.installer import Installer, require_genuine
from ..._windows.session import ConnectionLost, Session

#: The bytes that one execution carries: seconds on a slow connection, and far below its memory limits.
PIECE = 4 * 1024 * 1024
#: The seconds that one execution downloads before it reports progress.
SLICE_SECONDS = 60
_BLOCK = 1024 * 1024

Facts = Mapping[str, Any]


def _always() -> bool:
    """Assume that the next run needs the installer."""
    return True


@contextmanager
def staged(session: Session, installer: Installer, needed: Callable[[], bool] = _always) -> Iterator[dict[str, Any]]:
    """Provide the verified installer on the machine, and yield the parameters by which setup recognizes it.

    A file of an earlier run is used again if its checksum matches. After a failure the file stays if the next run needs
    it, which `needed` tells. A file that is not the desired installer is removed. Raises Refused, RemoteFailure and
    DeadlineExceeded.
    """
    facts = _transfer(session, installer)
    try:
        require_genuine(facts, installer)
    except Refused:
        _remove(session, installer)
        raise
    try:
        yield {"InstallerPath": installer.staged_path, "InstallerSha256": facts["sha256"]}
    except RemoteFailure:
        # The installer may have succeeded although setup reported an error. Then no later run needs the file.
        with suppress(SiteRecoveryError, ConnectionLost):
            if not installer.keep and not needed():
                _remove(session, installer)
        raise
    if not installer.keep:
        _remove(session, installer)


def _transfer(session: Session, installer: Installer) -> Facts:
    """Transfer the installer and return the facts of the file at the staged path."""
    if installer.from_controller:
        return _send_from_controller(session, installer)
    path = installer.staged_path
    there = installer.checksum is not None and installer.matches(_hash_of(session, path))
    # A file that is there already is its own source: this verifies the folder, and that no process has the file open.
    return _fetch(session, installer, path if there else installer.source)


def _hash_of(session: Session, path: str) -> str | None:
    """Return the hash of a file on the machine."""
    sha256: str | None = session.run("inspect_file", {"Path": path})["sha256"]
    return sha256


def _fetch(session: Session, installer: Installer, source: str) -> Facts:
    """Let the machine download the file, in several executions if it takes long."""
    proxy, attempts, started = installer.proxy, Attempts(installer), time.monotonic()
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
                session.show(progress_line(transfer, installer, elapsed))
            return facts
        pause = attempts.pause_after(transfer, elapsed)
        session.show(progress_line(transfer, installer, elapsed))
        time.sleep(min(pause, max(0.0, installer.timeout - elapsed)))


def _send_from_controller(session: Session, installer: Installer) -> Facts:
    """Send the file from the controller, except for parts that the machine already has.

    Scripts carry the content instead of the connection's own file transfer: they resume after an interruption and
    write into the protected folder directly, over every kind of connection.
    """
    try:
        with open(installer.source, "rb") as file:
            size, sha256 = _measure(file)
            if size == 0:
                raise Refused(f"source: {installer.source} is empty; use the installer itself")
            if installer.checksum and not installer.matches(sha256):
                raise Refused(
                    f"checksum: {installer.source} has the SHA-256 hash {sha256}, not {installer.checksum}; correct"
                    " source or checksum"
                )
            path = installer.staged_path
            if _hash_of(session, path) == sha256:
                return _fetch(session, installer, path)
            return _send(session, installer, file, size, sha256)
    except OSError as error:
        if error.filename != installer.source:
            # The connection failed, not the file.
            raise
        raise Refused(
            f"source: {installer.source} cannot be read: {error.strerror}; correct the path or its permissions"
        ) from None


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
            raise RemoteFailure(f"source: the transfer of {installer.source} does not proceed beyond byte {offset}")
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
        require_possible(transfer, installer)
        session.show(progress_line(transfer, installer, time.monotonic() - started))
        if transfer.complete:
            return facts
        require_time(transfer, installer, time.monotonic() - started)
        offset = transfer.received


def _remove(session: Session, installer: Installer) -> None:
    if not installer.in_place:
        session.run("remove_file", {"Paths": installer.temporary_files})
