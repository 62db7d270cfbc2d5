# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the controller. The module of the same name has its documentation."""

from __future__ import annotations

from typing import Any, ClassVar

from ..plugin_utils._action import RUNNING_JOBS_OPTIONS, SETUP_LOGON_OPTIONS, ResourceAction
from ..plugin_utils._services.windows.provider_removal import build


class ActionModule(ResourceAction):
    """Remove the Site Recovery Provider from a VMM server."""

    OPTIONS: ClassVar[dict[str, dict[str, Any]]] = {
        "azure_registration": {"type": "dict"},
        "wait_timeout": {"type": "int", "default": 3600},
        **RUNNING_JOBS_OPTIONS,
        **SETUP_LOGON_OPTIONS,
    }
    RESULT = "provider"
    build = staticmethod(build)
