# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the controller. The module of the same name has its documentation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ..plugin_utils._action import ResourceAction
from ..plugin_utils._services.windows.symptom_repair import SymptomRepair, build
from ..plugin_utils._windows.session import Session


class ActionModule(ResourceAction):
    """Repair symptoms of a machine with consent, or undo such repairs."""

    OPTIONS: ClassVar[dict[str, dict[str, Any]]] = {
        "kind": {"type": "str", "choices": ["vmm_server", "hyperv_host"], "required": True},
        "symptoms": {"type": "list", "elements": "str"},
        "undo": {"type": "bool", "default": False},
        "undo_file": {"type": "path", "required": True},
    }
    RESULT = "services"

    def build(self, options: Mapping[str, Any], session: Session) -> SymptomRepair:
        """Build the resource for the machine of the task. Raises InvalidInput and Refused."""
        return build(options, session, str(self._task_vars.get("inventory_hostname", "")))
