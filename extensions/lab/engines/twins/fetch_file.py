# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Twin of fetch_file: brings an installer to the machine."""

from __future__ import annotations

import re
from typing import Any

from .base import Run, file_facts, folder_of, protect_folder, twin


@twin
def fetch_file(run: Run) -> dict[str, Any]:
    source, destination = run.need("Source"), run.need("Destination")
    machine = run.machine
    downloaded = run.switch("Download", default=True) and not run.check_mode
    if downloaded:
        protect_folder(machine, folder_of(destination))
        partial = f"{destination}.partial"
        try:
            if re.match(r"^https?://", source, re.IGNORECASE):
                machine.download(source, partial)
            else:
                machine.copy_file(source, partial)
            machine.move_file(partial, destination)
        finally:
            if machine.exists(partial):
                machine.remove_file(partial)
        run.changed = True
    return {**file_facts(machine, destination), "downloaded": downloaded}
