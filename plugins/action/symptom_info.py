# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the controller. The module of the same name has its documentation."""

from __future__ import annotations

from typing import Any, ClassVar

from ..plugin_utils._action import WindowsAction
from ..plugin_utils._services.windows.symptom_info import read_symptoms


class ActionModule(WindowsAction):
    """Look for symptoms of known problems on a VMM server or a Hyper-V host."""

    OPTIONS: ClassVar[dict[str, dict[str, Any]]] = {
        "kind": {"type": "str", "choices": ["vmm_server", "hyperv_host"], "required": True},
        "days": {"type": "int", "default": 30},
    }
    execute = staticmethod(read_symptoms)
