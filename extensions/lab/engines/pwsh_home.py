# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder in which PowerShell runs as if it were on a machine of the lab."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

MODULES = Path(__file__).with_name("pwsh_modules")
# Variables of the lab's own process that PowerShell may need; it inherits no others.
_INHERITED = ("LD_LIBRARY_PATH", "DOTNET_ROOT", "LANG", "TZ")


class PwshMissing(Exception):
    """PowerShell is not on PATH."""


def find_pwsh() -> Path:
    """Return the real program behind `pwsh` on PATH.

    Raises:
        PwshMissing: there is none.
    """
    found = shutil.which("pwsh")
    if found is None:
        raise PwshMissing("The engine pwsh needs PowerShell 7: put pwsh on PATH, or use the engine python.")
    return Path(found).resolve()


class PwshHome:
    """A folder that PowerShell takes for a machine: program links, home and temporary files."""

    def __init__(self, directory: Path) -> None:
        self.pwsh = find_pwsh()
        self.directory = directory
        self.links = directory / "bin"
        self.temp = directory / "temp"
        for folder in (directory, self.links, self.temp):
            folder.mkdir(mode=0o700, exist_ok=True)
        # Windows finds "PowerShell" in any case; Ansible's wrappers use these spellings.
        for name in ("powershell", "PowerShell", "pwsh"):
            link = self.links / name
            if not link.is_symlink():
                link.symlink_to(self.pwsh)

    def environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        system_path = os.defpath if sys.platform == "win32" else "/usr/bin:/bin"
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        return {
            **inherited,
            "PATH": f"{self.links}:{system_path}",
            "HOME": str(self.directory),
            "TEMP": str(self.temp),
            "TMP": str(self.temp),
            "TMPDIR": str(self.temp),
            "LC_ALL": "C.UTF-8",
            # PowerShell's own modules come first: a command of PowerShell itself must not load the imitated module
            # into the session of Ansible's wrapper. Every script first calls a command that only the imitation has.
            "PSModulePath": f"{self.pwsh.parent / 'Modules'}:{MODULES}",
            "POWERSHELL_TELEMETRY_OPTOUT": "1",
            "POWERSHELL_UPDATECHECK": "Off",
            "NO_COLOR": "1",
            **extra,
        }
