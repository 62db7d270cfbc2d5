# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the controller. The module of the same name has its documentation."""

from __future__ import annotations

from typing import Any, ClassVar

from ..plugin_utils._action import PROXY_OPTIONS, WindowsAction
from ..plugin_utils._services.windows.assumption_info import read_assumptions


class ActionModule(WindowsAction):
    """Examine the collection's assumptions about a VMM server or a Hyper-V host."""

    OPTIONS: ClassVar[dict[str, dict[str, Any]]] = {
        "kind": {"type": "str", "choices": ["vmm_server", "hyperv_host"], "required": True},
        "check_connectivity": {"type": "bool", "default": True},
        "proxy": PROXY_OPTIONS["proxy"],
    }
    execute = staticmethod(read_assumptions)
