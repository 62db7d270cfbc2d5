# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file operations of a machine: disk space, files, folders, access and setup logs."""

from __future__ import annotations

from .errors import MachineError
from .filesystem import File, tidy
from .state import MachineState, Volume


class FileOperations(MachineState):
    """A machine whose files can be read and changed; every change goes into the journal."""

    _occupied: dict[str, int] | None = None
    _logs = 0

    # ---- disk space ----

    def count_disks(self) -> None:
        """Count the bytes of new files from now on; the volumes' own figures already include the present ones."""
        self._occupied = {volume.drive: self.files.used(volume.drive) for volume in self.volumes}

    def free_bytes(self, volume: Volume) -> int:
        """Return the free space of a volume."""
        used = self.files.used(volume.drive)
        before = used if self._occupied is None else self._occupied.get(volume.drive, 0)
        return max(0, volume.free_bytes + before - used)

    def need_room(self, path: str, size: int) -> None:
        """Raise MachineError when the drive of `path` has no room for `size` more bytes."""
        volume = next((each for each in self.volumes if tidy(path).lower().startswith(f"{each.drive.lower()}:")), None)
        if self._occupied is not None and volume is not None and self.free_bytes(volume) < size:
            raise MachineError("There is not enough space on the disk.", "System.IO.IOException")

    # ---- files and folders ----

    def exists(self, path: str) -> bool:
        self.settle()
        return self.files.find(path) is not None

    def make_folder(self, path: str, sddl: str | None = None) -> File:
        """Create a folder, with the access `sddl` from its first moment if it is not None."""
        known = self.files.find(path)
        if known is not None:
            return known
        made = self.files.folder(path, self.now(), sddl)
        self.note("folder.create", path=made.path, **({} if sddl is None else {"sddl": sddl}))
        return made

    def write_file(self, path: str, content: bytes, *, like: File | None = None) -> File:
        self.need_room(path, len(content))
        written = self.files.write(path, content, self.now(), like=like)
        self.note("file.write", path=written.path, size=len(content))
        return written

    def append_file(self, path: str, content: bytes) -> File:
        """Append bytes to a file.

        Version and signature are part of the content, so they are known as soon as the file is complete.
        """
        self.need_room(path, len(content))
        before = self.files.need(path).content or b""
        written = self.files.write(path, before + content, self.now())
        self.note("file.append", path=written.path, size=len(content))
        self.recognize(written)
        return written

    def recognize(self, file: File) -> None:
        """Set version, signature and program of a file whose content is that of a package or of a known file."""
        package = next((each for each in self.web.values() if each.content == file.content), None)
        if package is not None:
            file.version, file.signer = package.version, package.signer
            file.signature, file.program = package.signature, package.program
            return
        same = (each for each in self.files if each is not file and each.version and each.content == file.content)
        like = next(same, None)
        if like is not None:
            file.version, file.signer = like.version, like.signer
            file.signature, file.program = like.signature, like.program

    def open_file(self, path: str) -> bytes:
        """Return what a stream for reading returns."""
        clean = tidy(path)
        fault = self.fault_at(f"read {clean}")
        if fault is not None:
            raise MachineError(
                str(fault.detail.get("message", "The network path was not found.")), "System.IO.IOException"
            )
        if any(clean.lower().startswith(share) for share in self.closed_shares):
            raise MachineError(f"Access to the path '{clean}' is denied.", "System.UnauthorizedAccessException")
        found = self.files.find(clean)
        if found is None or found.is_folder:
            raise MachineError(f"Could not find file '{clean}'.", "System.IO.FileNotFoundException")
        return found.content or b""

    def create_file(self, path: str) -> File:
        """Create an empty file; an existing one is an error, as for New-Item without -Force."""
        if self.files.find(path) is not None:
            raise MachineError(f"The file '{tidy(path)}' already exists.", "System.IO.IOException")
        return self.write_file(path, b"")

    def remove_file(self, path: str, *, recurse: bool = False) -> None:
        gone = self.files.remove(path, recurse=recurse)
        self.note("file.remove", path=tidy(path), count=len(gone))

    def copy_file(self, source: str, target: str) -> File:
        found = self.files.need(source)
        return self.write_file(target, found.content or b"", like=found)

    def move_file(self, source: str, target: str) -> File:
        moved = self.files.move(source, target, self.now())
        self.note("file.move", path=moved.path, source=tidy(source))
        return moved

    def set_access(self, path: str, sddl: str) -> None:
        self.files.need(path).sddl = sddl
        self.note("file.access", path=tidy(path), sddl=sddl)

    def log_lines(self, folder: str, prefix: str, lines: list[str]) -> None:
        """Write a new log of a setup; its time and its name make it the newest one."""
        self._logs += 1
        self.files.folder(folder, self.now())
        name = f"{prefix}_{self.now():%Y%m%d%H%M%S}{self._logs:04d}.log"
        self.files.write(f"{folder}\\{name}", "\r\n".join([*lines, ""]).encode(), self.now())

    def content_of(self, path: str) -> bytes:
        """Return the content of a file, which a program or an access control list can keep from others."""
        found = self.files.need(path)
        if self.fault_at(f"read {found.path}") is not None:
            raise MachineError(f"Access to the path '{found.path}' is denied.", "System.UnauthorizedAccessException")
        return found.content or b""

    def import_module(self, path: str) -> None:
        """Import a module by path; raise MachineError when its file is missing."""
        if self.files.find(path) is None:
            raise MachineError(
                f"The specified module '{path}' was not loaded because no valid module file was found in any module "
                "directory.",
                "System.IO.FileNotFoundException",
            )

    def need_program(self, path: str) -> File:
        """Return the file that a process is started from."""
        found = self.files.find(path)
        if found is None or found.program is None:
            raise MachineError(
                "This command cannot be run due to the error: The system cannot find the file specified.",
                "System.InvalidOperationException",
            )
        return found
