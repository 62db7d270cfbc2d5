# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the controller. The module of the same name has its documentation."""

from __future__ import annotations

from typing import Any, ClassVar

from ..plugin_utils._action import Options, WindowsAction
from ..plugin_utils._services.windows.vm_info import read_machines
from ..plugin_utils._windows.session import Session


class ActionModule(WindowsAction):
    """Read virtual machines of a VMM server, and check who can be protected."""

    OPTIONS: ClassVar[dict[str, dict[str, Any]]] = {
        "clouds": {"type": "list", "elements": "str", "required": True},
        "azure_machines": {"type": "list", "elements": "dict"},
        "host_machines": {"type": "list", "elements": "dict"},
        "every_check": {"type": "bool", "default": False},
    }

    def execute(self, options: Options, session: Session) -> dict[str, Any]:
        """Read the machines."""
        return read_machines(options, session)
