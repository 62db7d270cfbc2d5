# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the controller. The module of the same name has its documentation."""

from __future__ import annotations

from typing import Any, ClassVar

from ..plugin_utils._action import PROXY_OPTIONS, ResourceAction
from ..plugin_utils._services.windows.mars_proxy import build


class ActionModule(ResourceAction):
    """Configure the proxy of the Recovery Services agent."""

    OPTIONS: ClassVar[dict[str, dict[str, Any]]] = {
        **PROXY_OPTIONS,
        "proxy": {**PROXY_OPTIONS["proxy"], "required": True},
    }
    RESULT = "proxy"
    build = staticmethod(build)
