# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints what a removal takes, and exports it to a file of the controller. The module of the same name documents it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, ClassVar

from ansible.utils.display import Display

from ..module_utils._model.common.removal_report import PARTS, Machine, begins_in_azure, removal_rows
from ..plugin_utils._local_action import LocalAction
from ..plugin_utils._report.export_file import add_export
from ..plugin_utils._report.tables import removal_table


class ActionModule(LocalAction):
    """Build the rows from the results of the readings."""

    OPTIONS: ClassVar[dict[str, dict[str, Any]]] = {
        "azure": {"type": "dict", "required": True},
        "machines": {"type": "dict", "default": {}},
        "parts": {"type": "list", "elements": "str", "choices": list(PARTS), "default": []},
        "path": {"type": "path"},
        "width": {"type": "int", "default": 120},
    }
    PATHS = ("path",)

    def execute(self, options: Mapping[str, Any], scratch: Path) -> dict[str, Any]:  # noqa: ARG002
        """Print the table. Write the file before anything goes, and not in check mode."""
        azure = options["azure"]
        machines = [
            Machine(str(host), reading if "host" in (reading or {}) else None)
            for host, reading in options["machines"].items()
        ]
        rows = removal_rows(azure, machines, options["parts"])
        lines = removal_table([(row.place, row.step, row.name, row.removal) for row in rows], width=options["width"])
        if lines:
            Display().display("\n".join(lines))
        exported = None
        if options["path"] and not self._task.check_mode and any(row.goes for row in rows):
            exported = str(options["path"])
            content = {
                "vault_id": azure["vault_id"],
                "azure": azure.get("documents") or {},
                "machines": {machine.host: machine.to_document() for machine in machines},
            }
            add_export("path", exported, content, datetime.now(timezone.utc))
        return {
            "changed": False,
            "rows": [row.to_result() for row in rows],
            "lines": lines,
            "azure_goes": begins_in_azure(azure),
            "exported": exported,
        }
