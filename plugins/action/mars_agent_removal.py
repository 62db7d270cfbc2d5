# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the controller. The module of the same name has its documentation."""

from __future__ import annotations

from typing import Any, ClassVar

from ..plugin_utils._action import INSTALLER_OPTIONS, SETUP_LOGON_OPTIONS, ResourceAction
from ..plugin_utils._services.windows.agent_removal import build


class ActionModule(ResourceAction):
    """Remove the Recovery Services agent from a Hyper-V host."""

    OPTIONS: ClassVar[dict[str, dict[str, Any]]] = {
        **INSTALLER_OPTIONS,
        **SETUP_LOGON_OPTIONS,
        "wait_timeout": {"type": "int", "default": 3600},
    }
    RESULT = "agent"
    build = staticmethod(build)
