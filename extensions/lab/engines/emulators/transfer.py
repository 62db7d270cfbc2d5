# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps that the emulators of file transfers share: the partial file, its mark, and the free space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...windows.machine import Machine
from .base import remove_present

BLOCK = 1048576
#: The mark's validator for a file that only its origin identifies.
NO_VALIDATOR = "-"


@dataclass(frozen=True, slots=True)
class Mark:
    origin: str
    total: int
    validator: str
    length: int


@dataclass(slots=True)
class Transfer:
    """One execution of a transfer, which may need several."""

    machine: Machine
    destination: str
    space_factor: int
    facts: dict[str, Any]

    @property
    def partial(self) -> str:
        return f"{self.destination}.partial"

    def mark(self) -> Mark | None:
        """Return the mark of the partial file at the destination: the file of which it is a part."""
        files = self.machine.files
        partial, note = files.find(self.partial), files.find(f"{self.partial}.id")
        if partial is None or partial.is_folder or note is None or note.is_folder:
            return None
        words = (note.content or b"").decode().split(" ", 2)
        if len(words) != 3 or not words[1].isdigit():
            return None
        return Mark(words[0], int(words[1]), words[2], partial.size)

    def begin(self, text: str) -> None:
        for old in (self.partial, f"{self.partial}.id"):
            if self.machine.exists(old):
                self.machine.remove_file(old)
        self.machine.write_file(f"{self.partial}.id", b"")
        self.machine.append_file(f"{self.partial}.id", text.encode("ascii"))
        self.machine.write_file(self.partial, b"")

    def forget(self) -> None:
        remove_present(self.machine, f"{self.partial}.id")

    def has_room(self, total: int, present: int) -> bool:
        needed = self.facts["needed_bytes"] = self.space_factor * total - present
        for volume in self.machine.volumes:
            if f"{volume.drive}:".lower() == self.destination[:2].lower():
                free = self.facts["free_bytes"] = self.machine.free_bytes(volume)
                return free >= needed
        return True

    def complete(self) -> None:
        self.machine.move_file(self.partial, self.destination)
        self.forget()
        self.facts["complete"] = True


def new_facts(**known: Any) -> dict[str, Any]:
    return {
        "complete": False,
        "host": None,
        "insecure": False,
        "received": None,
        "total": None,
        "resumed_at": None,
        "free_bytes": None,
        "needed_bytes": None,
        "error": None,
        **known,
    }
