# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the commands of a guide as a reader does."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


def console_blocks(guide: Path) -> list[str]:
    """Return the blocks of commands of a guide in their order."""
    return re.findall(r"^ *```console\n(.*?)^ *```", guide.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def console_lines(guide: Path) -> list[str]:
    """Return all commands of a guide in their order."""
    return [line.strip() for block in console_blocks(guide) for line in block.splitlines()]


@dataclass(frozen=True)
class Shell:
    """A shell in one folder. Programs are found on the PATH of its environment."""

    folder: Path
    environment: Mapping[str, str]

    def run(self, command: str, *, code: int = 0) -> str:
        """Run a command and return its output. It must end with the exit code."""
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=900,
            check=False,
        )
        assert done.returncode == code, f"{command}\n{done.stdout}"
        return done.stdout
