# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of modules with their defaults, as the action plugins pass them on."""

from __future__ import annotations

from typing import Any

from tests.unit.plugins.module_utils.model.windows.keys import VAULT_ID


def host_info_options(kind: str, **changed: Any) -> dict[str, Any]:
    """Return the options of host_info, without connectivity calls."""
    return {
        "kind": kind,
        "vault_id": VAULT_ID,
        "name": None,
        "proxy": None,
        "update_password": "on_create",
        "restart_vmm": True,
        "running_jobs": "wait",
        "vmm_clouds": None,
        "version": None,
        "install_path": None,
        "cache_path": None,
        "minimum_cache_gb": 5,
        "check_connectivity": False,
        "cloud_environment": "AzureCloud",
        "storage_accounts": None,
        "endpoints": None,
        "option_names": {},
        "source": None,
        "staging_dir": r"C:\ProgramData\siterecovery.hyperv",
        "throttle": None,
        "upload_threads": None,
        "download_threads": None,
        **changed,
    }
