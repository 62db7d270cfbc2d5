# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the controller. The module of the same name has its documentation."""

from __future__ import annotations

from typing import Any, ClassVar

from ..plugin_utils._action import ResourceAction
from ..plugin_utils._services.windows.vmm_cloud_sync import build


class ActionModule(ResourceAction):
    """Synchronize the metadata of VMM clouds with the vault."""

    OPTIONS: ClassVar[dict[str, dict[str, Any]]] = {
        "azure_registration": {"type": "dict"},
        "vmm_clouds": {"type": "list", "elements": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    }
    build = staticmethod(build)
