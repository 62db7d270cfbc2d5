# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the controller. The module of the same name has its documentation."""

from __future__ import annotations

from typing import Any, ClassVar

from ..plugin_utils._action import RUNNING_JOBS_OPTIONS, SETUP_OPTIONS, SetupAction
from ..plugin_utils._services.windows.provider import build


class ActionModule(SetupAction):
    """Install the Site Recovery Provider on a VMM server."""

    OPTIONS: ClassVar[dict[str, dict[str, Any]]] = {
        **SETUP_OPTIONS,
        **RUNNING_JOBS_OPTIONS,
        "install_path": {"type": "str"},
        "microsoft_update": {"type": "bool"},
    }
    RESULT = "provider"
    STEP = "P1"
    build = staticmethod(build)
