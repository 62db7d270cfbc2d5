# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the controller. The module of the same name has its documentation."""

from __future__ import annotations

from typing import Any, ClassVar

from ..plugin_utils._action import RUNNING_JOBS_OPTIONS, ResourceAction
from ..plugin_utils._services.windows.registration_removal import build


class ActionModule(ResourceAction):
    """Remove what a registration left on a VMM server."""

    OPTIONS: ClassVar[dict[str, dict[str, Any]]] = {
        "vault_id": {"type": "str", "required": True},
        "parts": {
            "type": "list",
            "elements": "str",
            "choices": ["registry", "certificates", "run_as_account"],
            "required": True,
        },
        "azure_registration": {"type": "dict"},
        **RUNNING_JOBS_OPTIONS,
    }
    RESULT = "registration"
    build = staticmethod(build)
