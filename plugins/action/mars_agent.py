# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the controller. The module of the same name has its documentation."""

from __future__ import annotations

from typing import Any, ClassVar

from ..plugin_utils._action import LIMIT_OPTIONS, SETUP_OPTIONS, SetupAction
from ..plugin_utils._services.windows.mars_agent import build


class ActionModule(SetupAction):
    """Install the Recovery Services agent on a Hyper-V host."""

    OPTIONS: ClassVar[dict[str, dict[str, Any]]] = {
        **SETUP_OPTIONS,
        "drain": {"type": "str", "choices": ["none", "cluster"], "default": "none"},
        "drain_timeout": {"type": "int", "default": 3600},
        "install_path": {"type": "str"},
        "cache_path": {"type": "str"},
        "minimum_cache_gb": {"type": "int", "default": 5},
        **LIMIT_OPTIONS,
    }
    RESULT = "agent"
    STEP = "H3"
    build = staticmethod(build)
