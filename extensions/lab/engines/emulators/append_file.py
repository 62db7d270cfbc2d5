# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulator of append_file: appends one piece to a file that the controller sends."""

from __future__ import annotations

import base64
from typing import Any

from .base import ParameterRefused, Run, emulator, file_facts, folder_of
from .protected_folder import protect_folder
from .transfer import NO_VALIDATOR, Transfer, new_facts

_MOST = 11184812


@emulator
def append_file(run: Run) -> dict[str, Any]:
    destination, origin, total, offset = (
        run.need("Destination"),
        run.need("Origin"),
        run.number("Total"),
        run.number("Offset"),
    )
    content = run.need("Content")
    if len(content) > _MOST:
        raise ParameterRefused("Cannot validate argument on parameter 'Content'.")
    transfer = Transfer(run.machine, destination, run.number("SpaceFactor", 3), new_facts(received=0, total=total))
    facts = transfer.facts
    if not run.check_mode:
        protect_folder(run.machine, folder_of(destination))
        mark = transfer.mark()
        if mark is not None and (mark.origin, mark.total, mark.validator) == (origin, total, NO_VALIDATOR):
            facts["received"] = mark.length if mark.length < total else 0
        if facts["received"] == offset and transfer.has_room(total, offset):
            run.changed = True
            if offset == 0:
                transfer.begin(f"{origin} {total} {NO_VALIDATOR}")
            piece = base64.b64decode(content)
            run.machine.append_file(transfer.partial, piece)
            facts["received"] = offset + len(piece)
            if facts["received"] == total:
                transfer.complete()
    return {**file_facts(run.machine, destination), "transfer": facts}
