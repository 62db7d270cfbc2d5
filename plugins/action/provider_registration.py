# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the controller. The module of the same name has its documentation."""

from __future__ import annotations

from typing import Any, ClassVar

from ..plugin_utils._action import PROXY_OPTIONS, RUNNING_JOBS_OPTIONS, SETUP_LOGON_OPTIONS, ResourceAction
from ..plugin_utils._services.windows.provider_registration import build


class ActionModule(ResourceAction):
    """Register a VMM server in its vault."""

    OPTIONS: ClassVar[dict[str, dict[str, Any]]] = {
        "vault_id": {"type": "str", "required": True},
        "name": {"type": "str"},
        "key_path": {"type": "path", "no_log": False},
        "tenant_id": {"type": "str"},
        "azure_registration": {"type": "dict"},
        "remove_stale_registration": {"type": "bool", "default": False},
        "restart_vmm": {"type": "bool", "default": True},
        **RUNNING_JOBS_OPTIONS,
        **SETUP_LOGON_OPTIONS,
        "registration_timeout": {"type": "int", "default": 1800},
        **PROXY_OPTIONS,
    }
    RESULT = "registration"
    build = staticmethod(build)
