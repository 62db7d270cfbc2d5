# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run other programs, and show their output only when they fail."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from .paths import ROOT, say

Command = Sequence[str | Path]


def finished(
    command: Command, *, cwd: Path = ROOT, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def passes(command: Command, *, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> bool:
    """Run a program and return whether it succeeds. Print its output otherwise."""
    done = finished(command, cwd=cwd, env=env)
    if done.returncode:
        say(done.stdout + done.stderr)
    return done.returncode == 0


def answer(command: Command, what: str, *, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> str:
    """Return the output of a program. Exit with the name in `what` and the output when it fails."""
    done = finished(command, cwd=cwd, env=env)
    if done.returncode:
        say(done.stdout + done.stderr)
        raise SystemExit(f"{what} failed: see the lines above")
    return done.stdout.strip()
