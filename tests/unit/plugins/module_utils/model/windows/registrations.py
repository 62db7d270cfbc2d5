# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Desired registrations and observed ones, for tests of the model and of the service."""

from __future__ import annotations

from typing import Any

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.registration import DesiredRegistration
from tests.unit.plugins.module_utils.model.windows.keys import VAULT_ID

CANARY = "canary-p4ssw0rd"
CUSTOM: dict[str, Any] = {"mode": "custom", "address": "http://proxy", "port": 8080}
LOGIN = {**CUSTOM, "username": "u", "password": CANARY}
OWN = {"vault_name": "Vault-ASR"}
LEFTOVERS = {"orphaned_key_files": [r"C:\S\old.VaultCredentials"]}
PLACE = {"key": r"HKLM\A\Registration", "vault_name": "Vault-ASR"}
OLD_PLACE = {"key": r"HKLM\B\Registration", "vault_name": "old"}
PREVIEW = {"key": r"HKLM\C", "vault_name": None}
#: A server that uses a registration of its vault.
REGISTERED: dict[str, Any] = {**OWN, "hive": PLACE["key"], "places": [PLACE], "thumbprints": ["AB"]}
CONFIRMED, NOT_CONFIRMED = ({"azure_registration": {"registered": registered}} for registered in (True, False))
VMM_ID = "11111111-0000-0000-0000-000000000001"


def absent(vmm_id: str = VMM_ID, **changed: Any) -> dict[str, Any]:
    """Return the options of a server whose absence from its vault is proven. `changed` are parts of the lookup."""
    lookup = {"vault_id": VAULT_ID, "vmm_id": vmm_id, "other_servers": [], "same_named_vaults": [], **changed}
    return {"azure_registration": {"registered": False, "lookup": lookup}}


ABSENT = absent()
CLEAN_UP = {"remove_stale_registration": True}
DIRECT = {"proxy": {"mode": "direct"}}


def registration_options(**changed: Any) -> dict[str, Any]:
    """Return the options of the module provider_registration with their defaults."""
    return {
        "vault_id": VAULT_ID,
        "name": None,
        "key_path": None,
        "azure_registration": None,
        "proxy": None,
        "update_password": "on_create",
        "tenant_id": None,
        "remove_stale_registration": False,
        "restart_vmm": True,
        "running_jobs": "wait",
        "running_jobs_timeout": 3600,
        "registration_timeout": 1800,
        "setup_logon": "s4u",
        "setup_password": None,
        **changed,
    }


def desired(**changed: Any) -> DesiredRegistration:
    """Return a desired registration."""
    return DesiredRegistration.from_options(registration_options(**changed))
