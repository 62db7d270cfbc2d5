# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: reads the files of a bundle, in a folder and at an address, and fetches installers."""

from __future__ import annotations

import hashlib
import os
import shutil
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import HTTPSHandler, build_opener

from ....module_utils._model.common.errors import InvalidInput, Refused, RemoteFailure, Unreachable
from ....module_utils._model.common.shown_text import foreign, shown_address
from ....module_utils._model.windows.bundle_build import WantedInstaller
from ....module_utils._model.windows.bundle_manifest import MANIFEST, SIGNATURE, BundleFile
from ....module_utils._model.windows.bundle_steps import SeenVersion, read_versions

_BLOCK = 1024 * 1024
#: The seconds without an answer after which a connection is given up.
_SILENCE = 60


def hashes_of(folder: Path, without: str = "") -> dict[str, str | None]:
    """Return the hash of every file below a folder by its path. A link or a device has none.

    Links are not followed, so nothing outside of the folder is read.
    """
    found: dict[str, str | None] = {}
    for place, folders, names in os.walk(folder, onerror=_raise):
        if without and Path(place) == folder and without in folders:
            folders.remove(without)
        linked = [name for name in folders if (Path(place) / name).is_symlink()]
        for name in (*names, *linked):
            path = Path(place) / name
            regular = path.is_file() and not path.is_symlink()
            found[path.relative_to(folder).as_posix()] = sha256_of(path) if regular else None
    return found


def _raise(error: OSError) -> None:
    raise error


def sha256_of(path: Path) -> str:
    """Return the SHA-256 hash of a file."""
    with path.open("rb") as file:
        return _digest(file)


def _digest(stream: IO[bytes], copy: IO[bytes] | None = None) -> str:
    digest = hashlib.sha256()
    while block := stream.read(_BLOCK):
        digest.update(block)
        if copy is not None:
            copy.write(block)
    return digest.hexdigest()


def fetch_installer(installer: WantedInstaller, target: Path, ca_path: str | None) -> None:
    """Copy an installer to a path. Raises Refused for another content than the requested one, without a file then."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as copy:
        if installer.from_web:
            with _opened(installer.source, ca_path) as stream:
                found = _digest(stream, copy)
        else:
            with _readable(installer.source) as stream:
                found = _digest(stream, copy)
    if found != installer.sha256:
        target.unlink()
        raise Refused(
            f"installers: {installer.shown_source} has the SHA-256 hash {found}, not {installer.sha256}; correct source"
            " or checksum"
        )


@contextmanager
def _readable(path: str) -> Iterator[IO[bytes]]:
    try:
        stream = open(path, "rb")  # noqa: SIM115
    except OSError as error:
        raise Refused(
            f"installers: {path} cannot be read: {error.strerror}; correct the path or its permissions"
        ) from None
    with stream:
        yield stream


@contextmanager
def _opened(address: str, ca_path: str | None) -> Iterator[IO[bytes]]:
    """Open an address. Raises Unreachable and RemoteFailure. Proxies are those of the environment."""
    shown = shown_address(address)
    try:
        with build_opener(HTTPSHandler(context=_context(ca_path))).open(address, timeout=_SILENCE) as answer:
            if not answer.url.lower().startswith("https://"):
                raise RemoteFailure(f"{shown} leads to an address without TLS; use another address")
            yield answer
    except HTTPError as error:
        raise RemoteFailure(f"{shown} answered with status {error.code}; correct the address") from None
    except URLError as error:
        raise Unreachable(f"{shown} cannot be reached: {foreign(error.reason)}") from None
    except (TimeoutError, ConnectionError) as error:
        raise Unreachable(f"the connection to {shown} broke: {foreign(error)}; run again") from None


def _context(ca_path: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_path)
    except OSError as error:
        raise InvalidInput(
            "ca_path", f"must be a readable file with certificates: {error.strerror}", "correct the path"
        ) from None


def require_served(folder: Path, files: Iterable[BundleFile], address: str, ca_path: str | None) -> None:
    """Raise Refused that names every file that an address does not serve with the same bytes."""
    wanted = {file.path: file.sha256 for file in files}
    wanted.update((name, sha256_of(folder / name)) for name in (MANIFEST, SIGNATURE) if (folder / name).is_file())
    wrong = []
    for path, sha256 in sorted(wanted.items()):
        try:
            with _opened(f"{address}/{quote(path)}", ca_path) as stream:
                served = _digest(stream)
        except RemoteFailure as error:
            if isinstance(error, Unreachable):
                raise
            wrong.append(f"{path} (missing)")
        else:
            wrong += [] if served == sha256 else [f"{path} (changed)"]
    if wrong:
        raise Refused(f"address: {address} does not serve this bundle: {', '.join(wrong)}; copy the bundle there again")


def free_partial(folder: Path) -> None:
    """Remove the working folder of a build."""
    if folder.exists():
        shutil.rmtree(folder)


def seen_in(path: str | None) -> tuple[SeenVersion, ...]:
    """Read a file of versions; without a path, nothing was seen. Raises InvalidInput."""
    if not path:
        return ()
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InvalidInput("versions_file", f"must be a readable file: {reason}", "correct the path") from None
    return read_versions(text, "versions_file")
