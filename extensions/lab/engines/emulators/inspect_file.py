# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulator of inspect_file: reads size, hash, version and signature of a file."""

from __future__ import annotations

from typing import Any

from .base import Run, emulator, file_facts


@emulator
def inspect_file(run: Run) -> dict[str, Any]:
    facts = file_facts(run.machine, run.need("Path"))
    return {**facts, "exists": facts["size"] is not None}
