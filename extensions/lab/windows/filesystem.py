# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files and folders of a machine: content, access as SDDL, version and signature; names without regard to case."""

from __future__ import annotations

import fnmatch
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from .errors import MachineError, path_not_found

ROOT_SDDL = "O:BAG:SYD:PAI(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)(A;OICI;0x1200a9;;;BU)"
_ACE = re.compile(r"\((?P<kind>[A-Z]+);(?P<flags>[A-Z]*);(?P<rights>[^;]*);;;(?P<trustee>[^)]+)\)")


@dataclass(slots=True)
class File:
    """A file or a folder. `program` names what runs when it is started."""

    path: str
    content: bytes | None
    sddl: str
    modified: datetime
    version: str | None = None
    signer: str | None = None
    signature: str = "NotSigned"
    program: str | None = None
    #: Whether it is a link or a mount point (a reparse point), which leads elsewhere.
    link: bool = False

    @property
    def is_folder(self) -> bool:
        return self.content is None

    @property
    def name(self) -> str:
        return self.path.rsplit("\\", 1)[-1]

    @property
    def size(self) -> int:
        return len(self.content or b"")

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content or b"").hexdigest()


def tidy(path: str) -> str:
    """Return one spelling of a path, `C:\\a\\b`; a drive keeps its backslash."""
    straight = path.replace("/", "\\")
    lead = "\\\\" if straight.startswith("\\\\") else ""
    parts = [part for part in straight.split("\\") if part]
    if len(parts) == 1 and parts[0].endswith(":"):
        return parts[0] + "\\"
    return lead + "\\".join(parts)


def parent_of(path: str) -> str:
    return tidy(tidy(path).rsplit("\\", 1)[0])


def inherited(sddl: str, *, folder: bool) -> str:
    """Return the access that a new file or folder inherits from its folder."""
    entries = []
    for ace in _ACE.finditer(sddl):
        flags = ace["flags"]
        if ("CI" if folder else "OI") not in flags:
            continue
        kept = ("OI" if "OI" in flags else "") + "CI" if folder else ""
        entries.append(f"({ace['kind']};{kept}ID;{ace['rights']};;;{ace['trustee']})")
    return "O:BAG:SYD:AI" + "".join(entries)


class FileSystem:
    """All drives of one machine. The machine writes the journal, not this class."""

    def __init__(self, drives: list[str], now: datetime) -> None:
        self._files: dict[str, File] = {}
        for drive in drives:
            root = tidy(drive + ":\\")
            self._files[root.lower()] = File(root, None, ROOT_SDDL, now)

    def find(self, path: str) -> File | None:
        return self._files.get(tidy(path).lower())

    def need(self, path: str) -> File:
        found = self.find(path)
        if found is None:
            raise path_not_found(path)
        return found

    def folder(self, path: str, now: datetime, sddl: str | None = None) -> File:
        """Return a folder, and create it with its parents if it does not exist.

        All new folders get the access `sddl`, or inherit their access if it is None.
        """
        clean = tidy(path)
        found = self.find(clean)
        if found is not None:
            return found
        above = parent_of(clean)
        if above == clean or (len(clean) <= 3 and clean.endswith("\\")):
            raise path_not_found(path)
        parent = self.folder(above, now, sddl)
        made = File(clean, None, sddl or inherited(parent.sddl, folder=True), now)
        self._files[clean.lower()] = made
        return made

    def write(self, path: str, content: bytes, now: datetime, *, like: File | None = None) -> File:
        """Write a new or existing file. `like` provides version, signer, signature and program."""
        clean = tidy(path)
        found = self.find(clean)
        if found is not None and found.is_folder:
            raise MachineError(f"Access to the path '{clean}' is denied.", "System.UnauthorizedAccessException")
        if found is None:
            parent = self.find(parent_of(clean))
            if parent is None:
                raise MachineError(
                    f"Could not find a part of the path '{clean}'.", "System.IO.DirectoryNotFoundException"
                )
            found = File(clean, content, inherited(parent.sddl, folder=False), now)
            self._files[clean.lower()] = found
        found.content, found.modified = content, now
        if like is not None:
            found.version, found.signer = like.version, like.signer
            found.signature, found.program = like.signature, like.program
        return found

    def remove(self, path: str, *, recurse: bool = False) -> list[File]:
        found = self.need(path)
        below = self.below(found)
        if below and not recurse:
            raise MachineError(f"The directory '{found.path}' is not empty.", "System.IO.IOException")
        gone = [*below, found]
        for each in gone:
            del self._files[each.path.lower()]
        return gone

    def move(self, source: str, target: str, now: datetime) -> File:
        """Move a file and replace the target. The file keeps its access, as on one volume."""
        moved = self.need(source)
        clean = tidy(target)
        if self.find(parent_of(clean)) is None:
            raise MachineError(f"Could not find a part of the path '{clean}'.", "System.IO.DirectoryNotFoundException")
        del self._files[moved.path.lower()]
        self._files[clean.lower()] = replace(moved, path=clean, modified=now)
        return self._files[clean.lower()]

    def below(self, folder: File) -> list[File]:
        lead = folder.path.lower().rstrip("\\") + "\\"
        return [
            file
            for lower, file in sorted(self._files.items())
            if lower.startswith(lead) and lower != folder.path.lower()
        ]

    def listing(self, path: str, pattern: str = "*", *, files_only: bool = False) -> list[File]:
        folder = self.need(path)
        depth = folder.path.rstrip("\\").count("\\") + 1
        return [
            file
            for file in self.below(folder)
            if file.path.count("\\") == depth
            and fnmatch.fnmatchcase(file.name.lower(), pattern.lower())
            and not (files_only and file.is_folder)
        ]

    def used(self, drive: str) -> int:
        """Return the size of all files on a drive."""
        lead = f"{drive.lower()}:"
        return sum(file.size for lower, file in self._files.items() if lower.startswith(lead))

    def share(self, path: str, content: bytes, now: datetime) -> File:
        """Write a file on another server, \\\\server\\share\\name, with the folders above it."""
        clean = tidy(path)
        parts = clean[2:].split("\\")
        for depth in range(2, len(parts)):
            above = "\\\\" + "\\".join(parts[:depth])
            self._files.setdefault(above.lower(), File(above, None, ROOT_SDDL, now))
        return self.write(clean, content, now)

    def __iter__(self) -> Iterator[File]:
        return iter([self._files[lower] for lower in sorted(self._files)])
