# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: installers: where they come from, how they are pinned, what their exit codes mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ..common.errors import InvalidInput, Refused, RemoteFailure
from ..common.versions import older
from .proxy import Proxy

# All are matched in full: `$` would let a line break pass.
_SHA256 = re.compile(r"[0-9a-f]{64}", re.IGNORECASE)
_VERSION = re.compile(r"[0-9]+(\.[0-9]+){1,3}")
# Neither backslashes nor colons: those make a mistyped Windows path.
_CONTROLLER_PATH = re.compile(r"[^\\:\x00-\x1f]+")
_ADDRESS = re.compile(r"https://[^\s/?#@\\]+(/[^\s\x00-\x1f]*)?", re.IGNORECASE)
_PROGRAM = re.compile(r"[^<>:\"|?*/\\\x00-\x1f]*[^<>:\"|?*/\\\x00-\x1f.]\.exe", re.IGNORECASE)
_WINDOWS_PATH = re.compile(r"([A-Za-z]:\\|\\\\)[^<>:\"|?*\x00-\x1f]+")
#: How long a machine may take to get an installer.
DOWNLOAD_SECONDS = 3600
#: What PowerShell calls an Authenticode signature that fits and is trusted.
_VALID = "Valid"
_LOG_LINES = 3
#: Both count as success; the second wants a restart.
_SUCCESS, _SUCCESS_RESTART = 0, 3010


@dataclass(frozen=True, slots=True)
class Installer:
    """An installer as the playbook names it."""

    source: str
    checksum: str | None
    version: str | None
    staging_dir: str
    #: Its name where the source does not tell: a short link.
    default_name: str = ""
    proxy: Proxy | None = None
    keep: bool = False
    timeout: float = DOWNLOAD_SECONDS

    @classmethod
    def from_options(cls, options: Mapping[str, Any], default_name: str = "") -> Installer:
        """Checked offline. Raises InvalidInput."""
        installer = cls(
            options["source"],
            (options["checksum"] or "").lower() or None,
            options["version"],
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
        """Where it lies on the machine before it runs."""
        return f"{self.staging_dir}\\{self.file_name}"

    @property
    def file_name(self) -> str:
        path = urlsplit(self.source).path if self.from_web else self.source
        name = path.replace("\\", "/").rsplit("/", 1)[-1]
        return self.default_name if self.from_web and not _is_program(name) else name

    @property
    def from_web(self) -> bool:
        return "://" in self.source

    @property
    def from_controller(self) -> bool:
        """Whether it is a file of the controller, which is sent over the connection."""
        return is_controller_path(self.source)

    @property
    def shown_source(self) -> str:
        """An address may carry a signature that opens a private mirror: all behind the question mark stays out."""
        return self.source.partition("?")[0] if self.from_web else self.source

    @property
    def stays(self) -> bool:
        """Whether it lies there after success: it is the user's own, or kept for later."""
        return self.in_place or self.keep

    @property
    def in_place(self) -> bool:
        """Whether the user keeps it in the very place where it is staged: then it is not ours to remove."""
        return self.source.casefold() == self.staged_path.casefold()

    @property
    def leftovers(self) -> list[str]:
        """All that getting it may leave on the machine."""
        return [self.staged_path, f"{self.staged_path}.partial", f"{self.staged_path}.partial.id"]

    def fits(self, sha256: str | None) -> bool:
        """Whether a file with this hash is the pinned one."""
        return self.checksum is not None and sha256 is not None and sha256.lower() == self.checksum

    def _validate(self) -> None:
        scheme = urlsplit(self.source).scheme.lower() if self.from_web else ""
        if self.from_web and scheme != "https":
            raise InvalidInput("source", f"'{scheme}' addresses are not fetched", "give an https address or a path")
        if self.from_web and not _ADDRESS.fullmatch(self.source):
            raise InvalidInput("source", "is an address without a host, or with a login or a blank in it", "correct it")
        if not self.from_web and not self.from_controller and not _WINDOWS_PATH.fullmatch(self.source):
            raise InvalidInput(
                "source",
                f"'{self.source}' is neither an https address, a full Windows path, nor a path of the controller",
                "correct it",
            )
        if not _is_program(self.file_name):
            raise InvalidInput("source", "does not end in the name of an .exe file", "name the installer itself")
        if self.checksum is not None and not _SHA256.fullmatch(self.checksum):
            raise InvalidInput("checksum", "is not a SHA-256 in 64 hexadecimal digits", "take it with Get-FileHash")
        if self.version is not None and not _VERSION.fullmatch(self.version):
            raise InvalidInput("version", f"'{self.version}' is not a version like 5.1.8095.0", "correct it")
        if not _WINDOWS_PATH.fullmatch(self.staging_dir):
            raise InvalidInput(
                "staging_dir", f"'{self.staging_dir}' is not a full Windows path", r"give one like C:\Staging"
            )
        if self.proxy is not None and not self.from_web:
            raise InvalidInput("download_proxy", "has no meaning for a path", "leave it out or give an https address")
        if self.proxy is not None and self.proxy.bypass:
            raise InvalidInput("download_proxy.bypass", "has no meaning for one address", "leave it out")
        if self.timeout <= 0:
            raise InvalidInput("download_timeout", "is not above zero", "give seconds")


def is_controller_path(source: str) -> bool:
    """Whether a source is a path of the controller: of POSIX, absolute or to be searched."""
    return _CONTROLLER_PATH.fullmatch(source) is not None


def _is_program(name: str) -> bool:
    return _PROGRAM.fullmatch(name) is not None


def is_windows_path(text: str) -> bool:
    """Whether it is a full path, on a drive or of a share."""
    return _WINDOWS_PATH.fullmatch(text) is not None


def require_genuine(facts: Mapping[str, Any], installer: Installer) -> None:
    """Raises Refused when what lies on the machine is not the installer that was asked for."""
    path = facts["path"]
    if facts["sha256"] is None:
        raise Refused(f"source: {installer.shown_source} did not arrive at {path}; check it, then run again")
    if installer.checksum and facts["sha256"].lower() != installer.checksum:
        raise Refused(
            f"checksum: {path} has SHA-256 {facts['sha256']}, asked for was {installer.checksum}; correct source or"
            " checksum"
        )
    if facts["signature_status"] != _VALID:
        raise Refused(
            f"source: the signature of {path} is {facts['signature_status']}; take the installer from Microsoft or an"
            " unchanged mirror of it"
        )
    if "O=Microsoft Corporation" not in (facts["signer"] or ""):
        raise Refused(
            f"source: {path} is signed by {facts['signer']}, not by Microsoft Corporation; take the installer from"
            " Microsoft"
        )
    if older(facts["version"], installer.version):
        raise Refused(
            f"version: {path} is version {facts['version']}, asked for was at least {installer.version}; correct"
            " source or version"
        )


def require_success(program: str, code: int, meanings: Mapping[int, str], log: list[str]) -> bool:
    """Whether the program asks for a restart. Raises RemoteFailure with the code's meaning and the end of the log."""
    if code in (_SUCCESS, _SUCCESS_RESTART):
        return code == _SUCCESS_RESTART
    meaning = meanings.get(code, "no meaning of this code is published; read the log")
    tail = " | ".join(line.strip() for line in log[-_LOG_LINES:] if line.strip())
    raise RemoteFailure(
        f"{program} ended with {code}: {meaning}" + (f"; log: {tail}" if tail else ""), exit_code=code, log=log
    )
