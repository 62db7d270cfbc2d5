# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs other programs; what they say is shown only when they fail."""

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
    """Whether the program ends well; if not, its words are passed on."""
    done = finished(command, cwd=cwd, env=env)
    if done.returncode:
        say(done.stdout + done.stderr)
    return done.returncode == 0


def answer(command: Command, what: str, *, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> str:
    """What the program printed. Ends everything with `what` failed, and its words, when it does not end well."""
    done = finished(command, cwd=cwd, env=env)
    if done.returncode:
        say(done.stdout + done.stderr)
        raise SystemExit(f"{what} failed: see the lines above")
    return done.stdout.strip()
