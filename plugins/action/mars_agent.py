# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the controller. The module of the same name has its documentation."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, ClassVar

from ..module_utils._model.common.change_window import require_open
from ..plugin_utils._action import LIMIT_OPTIONS, SETUP_OPTIONS, Options, SetupAction
from ..plugin_utils._services.windows.mars_agent import build
from ..plugin_utils._windows.session import Session


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
        "begin_before": {"type": "str"},
    }
    RESULT = "agent"
    STEP = "H3"
    build = staticmethod(build)

    def execute(self, options: Options, session: Session) -> dict[str, Any]:
        """Bring the agent to its desired state. Raises Refused after the end of the change window."""
        require_open("begin_before", options["begin_before"], datetime.now(timezone.utc))
        return super().execute(options, session)
