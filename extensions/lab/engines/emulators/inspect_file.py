# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Twin of inspect_file: says what a file is."""

from __future__ import annotations

from typing import Any

from .base import Run, file_facts, twin


@twin
def inspect_file(run: Run) -> dict[str, Any]:
    facts = file_facts(run.machine, run.need("Path"))
    return {**facts, "exists": facts["size"] is not None}
