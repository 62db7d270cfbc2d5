# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the controller. The module of the same name has its documentation."""

from __future__ import annotations

from typing import Any, ClassVar

from ..plugin_utils._action import Options, WindowsAction
from ..plugin_utils._services.windows.host_vm_info import read_host_machines
from ..plugin_utils._windows.session import Session


class ActionModule(WindowsAction):
    """Read the virtual machines of a Hyper-V host."""

    OPTIONS: ClassVar[dict[str, dict[str, Any]]] = {}

    def execute(self, _options: Options, session: Session) -> dict[str, Any]:
        """Read the machines. Results show them under the name of the host in the inventory."""
        return read_host_machines(str(self._task_vars.get("inventory_hostname", "")), session)
