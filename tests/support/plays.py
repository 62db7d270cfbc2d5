# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks of a few tasks, with the login and the vault of the lab's inventory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

Play = dict[str, Any]

_LOGIN = ("subscription_id", "tenant", "client_id", "secret", "cloud_environment", "ca_bundle")
NAMES = {"vault_name": "{{ azure_target_vault_name }}", "resource_group": "{{ azure_target_resource_group }}"}
KEY_PATH = "{{ azure_target_key_path }}"
VAULT_ID = (
    "/subscriptions/{{ azure_target_subscription_id }}/resourceGroups/{{ azure_target_resource_group }}"
    "/providers/Microsoft.RecoveryServices/vaults/{{ azure_target_vault_name }}"
)


def module_task(name: str, options: Mapping[str, Any], **keywords: Any) -> dict[str, Any]:
    """Return a task that runs a module of the collection, with the keywords of the task."""
    return {f"siterecovery.hyperv.{name}": dict(options), **keywords}


ENSURE_VAULT = module_task(
    "vault",
    {
        "name": NAMES["vault_name"],
        "resource_group": NAMES["resource_group"],
        "location": "{{ azure_target_location }}",
        "create_resource_group": True,
    },
)
ENSURE_KEY = module_task("vault_registration_key", {**NAMES, "path": KEY_PATH})
REMOVE_KEY = module_task("vault_registration_key", {**NAMES, "path": KEY_PATH, "state": "absent"})


def play(hosts: str, *tasks: Mapping[str, Any], **keywords: Any) -> Play:
    login = {name: f"{{{{ azure_target_{name} }}}}" for name in _LOGIN}
    return {
        "hosts": hosts,
        "gather_facts": False,
        "module_defaults": {"group/siterecovery.hyperv.azure": login},
        "tasks": [dict(task) for task in tasks],
        **keywords,
    }


def write(folder: Path, *plays: Play) -> Path:
    """Write the plays to a new playbook."""
    file = folder / f"play-{len(list(folder.glob('play-*')))}.yml"
    file.write_text(yaml.safe_dump(list(plays), sort_keys=False), encoding="utf-8")
    return file
