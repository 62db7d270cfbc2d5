# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulator of set_microsoft_update: sets whether Windows Update covers other Microsoft products."""

from __future__ import annotations

from typing import Any

from .base import Run, emulator

_REGISTERED = 3


@emulator
def set_microsoft_update(run: Run) -> dict[str, Any]:
    machine, wanted, registration = run.machine, run.switch("OptIn", default=False), None
    if machine.microsoft_update != wanted and not run.check_mode:
        machine.opt_in(wanted)
        registration = _REGISTERED if wanted else None
        run.changed = True
    return {"microsoft_update": machine.microsoft_update, "registration": registration}
