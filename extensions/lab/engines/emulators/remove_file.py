# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulator of remove_file: removes the files that exist."""

from __future__ import annotations

from typing import Any

from .base import ParameterRefused, Run, emulator


@emulator
def remove_file(run: Run) -> dict[str, Any]:
    paths = run.texts("Paths")
    if not paths:
        raise ParameterRefused("Cannot bind argument to parameter 'Paths' because it is an empty array.")
    removed: list[str] = []
    for path in paths:
        file = run.machine.files.find(path)
        if file is not None and not file.is_folder and not run.check_mode:
            run.machine.remove_file(path)
            run.changed = True
            removed.append(path)
    return {"removed": removed}
