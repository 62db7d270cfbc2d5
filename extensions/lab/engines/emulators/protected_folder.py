# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of the emulators that create a protected folder, check it, and open an installer in it."""

from __future__ import annotations

import re
from typing import Final

from ...windows.cim import owner_sid
from ...windows.machine import Machine
from .base import ScriptFailed, folder_of

PROTECTED_FOLDER: Final = "O:BAG:BAD:PAI(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)"
PROTECTED_FILE: Final = "O:BAG:BAD:PAI(A;;FA;;;BA)(A;;FA;;;SY)"
_CLOSED = re.compile(r"O:(BA|SY)G:[^:]+D:P(AI|AR)*(\(A;[A-Z]*;[A-Z0-9x]+;;;(BA|SY)\))+(S:.*)?", re.IGNORECASE)
_OWNER = re.compile(r"O:([^:]+)G:")
_USERS = re.compile(r"\(A;([A-Z]*);([^;]*);;;(?:WD|AU|BU|IU|BG|AN|NU)\)")
_REPLACING = re.compile(r"(..)*(GA|FA|SD|WD|WO|DT)")
_ADMINISTRATORS = ("BA", "SY", "LA", "DA", "EA")
# DELETE, WRITE_DAC, WRITE_OWNER and FILE_DELETE_CHILD.
_REPLACING_BITS = 0xD0040


def protect_folder(machine: Machine, path: str) -> None:
    """Create a folder that only administrators and the system can open; an existing one must be as restricted."""
    if not machine.exists(path):
        machine.make_folder(path, PROTECTED_FOLDER)
    confirm_protected_folder(machine, path)


def confirm_protected_folder(machine: Machine, path: str) -> None:
    """Raise ScriptFailed when others can change the folder, what is in it, or the way to it."""
    parts = path.rstrip("\\").split("\\")
    for depth in range(1, len(parts) + 1):
        each = "\\".join(parts[:depth]) + ("\\" if depth == 1 else "")
        file = machine.files.need(each)
        if depth > 1 and file.link:
            raise ScriptFailed(
                f"The folder '{each}' is a link or a mount point, which can lead elsewhere at any time: name a folder "
                "whose path has none."
            )
        if depth < len(parts) and _replaceable(file.sddl):
            raise ScriptFailed(
                f"The folder '{each}' lets users rename or replace '{path}': name a folder below one that only "
                "administrators can change, or restrict it."
            )
    if not _CLOSED.fullmatch(machine.files.need(path).sddl):
        raise ScriptFailed(
            f"The folder '{path}' is open to others than administrators: name one that does not exist yet, or restrict "
            "it to Administrators and SYSTEM."
        )
    for child in machine.files.listing(path):
        found = _OWNER.match(child.sddl)
        owner = child.sddl if found is None else found[1]
        if owner not in (*_ADMINISTRATORS, owner_sid(machine, None)):
            raise ScriptFailed(
                f"'{child.path}' belongs to another user ({owner}), who can change it: move it elsewhere, or give it "
                "to Administrators if you trust it."
            )


def _replaceable(sddl: str) -> bool:
    """Tell whether ordinary users can delete, rename or take over a folder, or delete what is in it."""
    for flags, rights in _USERS.findall(sddl):
        if "IO" in re.findall("..", flags):
            continue
        if rights.startswith("0x"):
            if int(rights, 16) & _REPLACING_BITS:
                return True
        elif _REPLACING.match(rights):
            return True
    return False


def open_installer(machine: Machine, path: str, sha256: str) -> None:
    """Check the installer and its folder right before it runs. Raises ScriptFailed."""
    file = machine.files.find(path)
    if file is None or file.is_folder:
        raise ScriptFailed(
            f"The installer '{path}' is missing: another run, a person or an antivirus program removed it after it was "
            "verified. Run again."
        )
    machine.open_file(path)
    confirm_protected_folder(machine, folder_of(path))
    if file.sha256.lower() != sha256.lower():
        raise ScriptFailed(
            f"The installer '{path}' was replaced after it was verified, and was not started: find out who did it, "
            "then run again."
        )
