# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulator of list_running_jobs: lists the VMM jobs that a stop of VMM would interrupt."""

from __future__ import annotations

from typing import Any

from .base import Run, emulator, interrupted_jobs


@emulator
def list_running_jobs(run: Run) -> dict[str, Any]:
    return {"running_jobs": interrupted_jobs(run)}
