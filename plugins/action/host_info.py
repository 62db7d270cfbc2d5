# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs where the playbook runs; the module file beside it is its documentation."""

from __future__ import annotations

from typing import Any, ClassVar

from ..plugin_utils._action import PROXY_OPTIONS, WindowsAction
from ..plugin_utils._services.windows.host_info import read_host


class ActionModule(WindowsAction):
    """Read and judge a VMM server or a Hyper-V host."""

    OPTIONS: ClassVar[dict[str, dict[str, Any]]] = {
        "kind": {"type": "str", "choices": ["vmm_server", "hyperv_host"], "required": True},
        "vault_id": {"type": "str"},
        # integration: these are replaced by h-windows
        "name": {"type": "str"},
        "update_password": PROXY_OPTIONS["update_password"],
        "restart_vmm": {"type": "str", "choices": ["when_idle", "always", "never"], "default": "when_idle"},
        "version": {"type": "str"},
        "install_path": {"type": "str"},
        "proxy": PROXY_OPTIONS["proxy"],
        "vmm_clouds": {"type": "list", "elements": "str"},
        "check_connectivity": {"type": "bool", "default": True},
        "cloud_environment": {
            "type": "str",
            "choices": ["AzureCloud", "AzureUSGovernment", "AzureChinaCloud"],
            "default": "AzureCloud",
        },
        "storage_accounts": {"type": "list", "elements": "str"},
        "endpoints": {"type": "list", "elements": "str"},
        "cache_path": {"type": "str"},
        "minimum_cache_gb": {"type": "int", "default": 5},
    }
    work = staticmethod(read_host)
