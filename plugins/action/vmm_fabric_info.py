# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the controller. The module of the same name has its documentation."""

from __future__ import annotations

from typing import Any, ClassVar

from ..plugin_utils._action import Options, WindowsAction
from ..plugin_utils._services.windows.vmm_fabric_info import read_and_export
from ..plugin_utils._windows.session import Session


class ActionModule(WindowsAction):
    """Read the fabric of a VMM server."""

    OPTIONS: ClassVar[dict[str, dict[str, Any]]] = {"export_path": {"type": "str"}}

    def execute(self, options: Options, session: Session) -> dict[str, Any]:
        """Read the fabric, and write it where a relative path of the playbook leads."""
        path = options["export_path"]
        located = None if not path else str(self._loader.path_dwim(path))
        return read_and_export({"export_path": located}, session)
