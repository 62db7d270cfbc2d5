# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: installers: their source, how they are pinned, and the meaning of their exit codes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ..common.errors import InvalidInput, Refused, RemoteFailure
from ..common.shown_text import foreign, shown_address
from ..common.text_rules import is_drive_path
from ..common.versions import older
from ..common.waiting import require_timeout
from .proxy import Proxy
from .signer import is_microsoft

# All are matched in full: `$` would accept a final line break.
_SHA256 = re.compile(r"[0-9a-f]{64}", re.IGNORECASE)
_VERSION = re.compile(r"[0-9]+(\.[0-9]+){1,3}")
# Neither backslashes nor colons: a path with one of them is a mistyped Windows path.
_CONTROLLER_PATH = re.compile(r"[^\\:\x00-\x1f]+")
_ADDRESS = re.compile(r"https://[^\s/?#@\\]+(/[^\s\x00-\x1f]*)?", re.IGNORECASE)
_PROGRAM = re.compile(r"[^<>:\"|?*/\\\x00-\x1f]*[^<>:\"|?*/\\\x00-\x1f.]\.exe", re.IGNORECASE)
_WINDOWS_PATH = re.compile(r"([A-Za-z]:\\|\\\\)[^<>:\"|?*\x00-\x1f]+")
#: The folder of the collection in the staging folder. Only this folder's files are replaced and removed.
OWN_FOLDER = "siterecovery.hyperv"
#: The default time limit of a download.
DOWNLOAD_SECONDS = 3600
#: PowerShell's name for a trusted Authenticode signature that matches the file.
_VALID = "Valid"
_OTHER_COPY = "use the installer from Microsoft or an unchanged copy of it"
#: The fix for a chain of certificates that does not end at a trusted root. The file may be genuine.
_MISSING_ROOT = (
    "if the hash of the file is right, this machine lacks a root or intermediate certificate of the signature: install"
    " Microsoft's roots, for example with Windows Update or from another machine, then run again"
)
_ADVICE = {"UnknownError": _MISSING_ROOT, "NotTrusted": _MISSING_ROOT}
_LOG_LINES, _LOG_LINE = 3, 300
_EVENTS = 2
#: Both mean success. The second asks for a restart.
_SUCCESS, _SUCCESS_RESTART = 0, 3010


@dataclass(frozen=True, slots=True)
class Installer:
    """An installer, as the task describes it."""

    source: str
    checksum: str | None
    version: str | None
    staging_dir: str
    #: The file name for a source that does not contain it, such as a short link.
    default_name: str = ""
    proxy: Proxy | None = None
    keep: bool = False
    timeout: float = DOWNLOAD_SECONDS

    @classmethod
    def from_options(cls, options: Mapping[str, Any], default_name: str = "") -> Installer:
        """Build the installer from the task's options and validate it offline. Raises InvalidInput."""
        installer = cls(
            options["source"],
            (options["checksum"] or "").lower() or None,
            checked_version(options["version"]),
            options["staging_dir"].rstrip("\\"),
            default_name,
            Proxy.from_options(options.get("download_proxy"), "download_proxy"),
            bool(options.get("keep_installer")),
            options.get("download_timeout", DOWNLOAD_SECONDS),
        )
        installer._validate()
        return installer

    @property
    def staged_path(self) -> str:
        """Return the path on the machine from which the installer runs."""
        return f"{self.folder}\\{self.file_name}"

    @property
    def folder(self) -> str:
        """Return the folder that the collection uses: its own one in the staging folder, where users may keep files."""
        name = self.staging_dir.rsplit("\\", 1)[-1]
        return self.staging_dir if name.casefold() == OWN_FOLDER else f"{self.staging_dir}\\{OWN_FOLDER}"

    @property
    def file_name(self) -> str:
        """Return the file name on the machine."""
        path = urlsplit(self.source).path if self.from_web else self.source
        name = path.replace("\\", "/").rsplit("/", 1)[-1]
        return self.default_name if self.from_web and not _is_program(name) else name

    @property
    def from_web(self) -> bool:
        """Tell whether the source is an address."""
        return "://" in self.source

    @property
    def from_controller(self) -> bool:
        """Tell whether the source is a file on the controller, which is sent over the connection."""
        return is_controller_path(self.source)

    @property
    def shown_source(self) -> str:
        """Return the source without its query, which may hold a signature that grants access to a private mirror."""
        return shown_address(self.source.partition("?")[0].partition("#")[0]) if self.from_web else self.source

    @property
    def stays(self) -> bool:
        """Tell whether the file stays on the machine after success: it belongs to the user or is kept for later."""
        return self.in_place or self.keep

    @property
    def in_place(self) -> bool:
        """Tell whether the user's own file already is at the staged path. It is never removed."""
        return self.source.casefold() == self.staged_path.casefold()

    @property
    def temporary_files(self) -> list[str]:
        """Return every file that a transfer may leave on the machine."""
        return [self.staged_path, f"{self.staged_path}.partial", f"{self.staged_path}.partial.id"]

    def matches(self, sha256: str | None) -> bool:
        """Tell whether a hash is the pinned one."""
        return self.checksum is not None and sha256 is not None and sha256.lower() == self.checksum

    def _validate(self) -> None:
        scheme = urlsplit(self.source).scheme.lower() if self.from_web else ""
        if self.from_web and scheme != "https":
            raise InvalidInput(
                "source", f"must not be an address with the scheme '{scheme}'", "use an https address or a path"
            )
        if self.from_web and not _ADDRESS.fullmatch(self.source):
            raise InvalidInput(
                "source", "must be an https address with a host, and without a login or blanks", "correct the address"
            )
        if not self.from_web and not self.from_controller and not _WINDOWS_PATH.fullmatch(self.source):
            raise InvalidInput(
                "source",
                f"must be an https address, a full Windows path or a path on the controller, not"
                f" '{shown_address(self.source)}'",
                "correct the path",
            )
        if not _is_program(self.file_name):
            raise InvalidInput("source", "must be the path or address of an .exe file", "name the installer itself")
        if self.checksum is not None and not _SHA256.fullmatch(self.checksum):
            raise InvalidInput(
                "checksum", "must be a SHA-256 hash of 64 hexadecimal digits", "calculate it with Get-FileHash"
            )
        checked_staging_dir(self.staging_dir)
        if self.proxy is not None and not self.from_web:
            raise InvalidInput(
                "download_proxy", "must not be set when source is a path", "remove it or use an https address"
            )
        if self.proxy is not None and self.proxy.bypass:
            raise InvalidInput("download_proxy.bypass", "must not be set", "remove it: there is one address only")
        if self.timeout <= 0:
            raise InvalidInput("download_timeout", "must be positive", "set it to a number of seconds")
        require_timeout(int(self.timeout), "download_timeout")


def checked_staging_dir(path: str) -> str:
    """Return a valid folder for installers. Raises InvalidInput."""
    folder = path.rstrip("\\")
    if not is_drive_path(folder):
        raise InvalidInput(
            "staging_dir",
            f"must be a full path on a drive, not '{folder}'",
            r"set it to a path like C:\Staging",
        )
    return folder


def checked_version(version: str | None) -> str | None:
    """Return a valid version. Raises InvalidInput."""
    if version is not None and not _VERSION.fullmatch(version):
        raise InvalidInput("version", f"must be a version like 5.1.8095.0, not '{version}'", "correct it")
    return version


def is_controller_path(source: str) -> bool:
    """Tell whether a source is a POSIX path on the controller, absolute or to be searched."""
    return _CONTROLLER_PATH.fullmatch(source) is not None


def _is_program(name: str) -> bool:
    return _PROGRAM.fullmatch(name) is not None


def is_windows_path(text: str) -> bool:
    """Tell whether a text is a full path on a drive or on a share."""
    return _WINDOWS_PATH.fullmatch(text) is not None


def require_genuine(facts: Mapping[str, Any], installer: Installer) -> None:
    """Raise Refused when the file on the machine is not the desired installer."""
    path = facts["path"]
    if facts["sha256"] is None:
        raise Refused(f"source: {installer.shown_source} did not arrive at {path}; check it, then run again")
    if installer.checksum and facts["sha256"].lower() != installer.checksum:
        raise Refused(
            f"checksum: {path} has the SHA-256 hash {facts['sha256']}, not {installer.checksum}; correct source or"
            " checksum"
        )
    if facts["signature_status"] != _VALID:
        raise Refused(
            f"source: the signature of {path} is {facts['signature_status']};"
            f" {_ADVICE.get(facts['signature_status'], _OTHER_COPY)}"
        )
    if not is_microsoft(facts["signer"]):
        raise Refused(
            f"source: {path} is signed by {facts['signer']}, not by Microsoft Corporation; use the installer from"
            " Microsoft"
        )
    if older(facts["version"], installer.version):
        raise Refused(
            f"version: {path} has version {facts['version']}, but at least {installer.version} is required; correct"
            " source or version"
        )


def require_success(
    program: str, code: int, meanings: Mapping[int, str], log: list[str], events: Sequence[str] = ()
) -> bool:
    """Return whether the program asks for a restart.

    Raises RemoteFailure with the code's meaning, the log's end, and the newest of the events in VMM's log.
    """
    if code in (_SUCCESS, _SUCCESS_RESTART):
        return code == _SUCCESS_RESTART
    meaning = meanings.get(code, "the meaning of this code is not published; read the log")
    tail = " | ".join(foreign(line, _LOG_LINE) for line in log[-_LOG_LINES:] if line.strip())
    shown = [foreign(each, _LOG_LINE) for each in events]
    raise RemoteFailure(
        f"{program} ended with exit code {code}: {meaning}"
        + (f"; log: {tail}" if tail else "")
        + (f"; event log of VMM: {' | '.join(shown[:_EVENTS])}" if shown else ""),
        exit_code=code,
        log=log,
        **({"events": shown} if shown else {}),
    )
