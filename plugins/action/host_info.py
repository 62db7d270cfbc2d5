# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the controller. The module of the same name has its documentation."""

from __future__ import annotations

from typing import Any, ClassVar

from ..module_utils._model.windows.host_facts import STAGING_DIR
from ..plugin_utils._action import LIMIT_OPTIONS, PROXY_OPTIONS, Options, WindowsAction
from ..plugin_utils._services.windows.host_info import read_host


class ActionModule(WindowsAction):
    """Gather facts and readiness checks from a VMM server or a Hyper-V host."""

    OPTIONS: ClassVar[dict[str, dict[str, Any]]] = {
        "kind": {"type": "str", "choices": ["vmm_server", "hyperv_host"], "required": True},
        "vault_id": {"type": "str"},
        "name": {"type": "str"},
        **PROXY_OPTIONS,
        "restart_vmm": {"type": "bool", "default": True},
        "running_jobs": {"type": "str", "choices": ["wait", "refuse", "ignore"], "default": "wait"},
        "version": {"type": "str"},
        "allow_unsupported_upgrade": {"type": "bool", "default": False},
        "install_path": {"type": "str"},
        "vmm_clouds": {"type": "list", "elements": "str"},
        "check_connectivity": {"type": "bool", "default": True},
        "cloud_environment": {"type": "str", "default": "AzureCloud"},
        "storage_accounts": {"type": "list", "elements": "str"},
        "endpoints": {"type": "list", "elements": "str"},
        "cache_path": {"type": "str"},
        "minimum_cache_gb": {"type": "int", "default": 5},
        "source": {"type": "str"},
        "staging_dir": {"type": "str", "default": STAGING_DIR},
        **LIMIT_OPTIONS,
        "option_names": {"type": "dict", "default": {}},
    }
    execute = staticmethod(read_host)

    def _with_local_source(self, options: Options) -> Options:
        """Return the options. A host that has the agent needs no installer, so the file need not exist."""
        return options
