# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs ansible-inventory as a user does and reads its answer."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_DEADLINE = 300


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished ansible-inventory."""

    returncode: int
    output: str
    errors: str

    @property
    def listing(self) -> dict[str, Any]:
        """The answer of --list."""
        found: dict[str, Any] = json.loads(self.output)
        return found

    @property
    def variables(self) -> dict[str, dict[str, Any]]:
        """Variables by host."""
        found: dict[str, dict[str, Any]] = self.listing["_meta"]["hostvars"]
        return found

    def hosts(self, group: str) -> list[str]:
        """Return the direct members of a group."""
        return list(self.listing.get(group, {}).get("hosts", []))

    @property
    def warnings(self) -> str:
        """Everything on the error output as one line: Ansible breaks lines where it likes."""
        return " ".join(self.errors.split())


def ansible_inventory(
    python: Path,
    collections: Path,
    folder: Path,
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    before: Sequence[str] = (),
) -> Answer:
    """Run ansible-inventory with a home of its own; `before` are options of the interpreter."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "SITERECOVERY_"))
    }
    home = folder / "home"
    home.mkdir(exist_ok=True)
    done = subprocess.run(
        [str(python), *before, "-m", "ansible", "inventory", *arguments],
        env={
            **inherited,
            "ANSIBLE_COLLECTIONS_PATH": str(collections),
            "ANSIBLE_HOME": str(home / "ansible"),
            "ANSIBLE_NOCOLOR": "true",
            "ANSIBLE_DEPRECATION_WARNINGS": "false",
            "COLUMNS": "1000",
            "HOME": str(home),
            "LC_ALL": "C.UTF-8",
            **(environment or {}),
        },
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_DEADLINE,
        check=False,
    )
    return Answer(done.returncode, done.stdout, done.stderr)
