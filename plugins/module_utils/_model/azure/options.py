# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: argument specs that several resources share."""

from __future__ import annotations

from typing import Any

TAG_OPTIONS: dict[str, dict[str, Any]] = {
    "tags": {"type": "dict"},
    "purge_tags": {"type": "bool", "default": False},
}
GROUP_OPTIONS: dict[str, dict[str, Any]] = {
    "resource_group": {"type": "str", "required": True},
    "create_resource_group": {"type": "bool", "default": False},
    "register_resource_provider": {"type": "bool", "default": True},
    "resource_group_tags": {"type": "dict"},
}
REGION_OPTIONS: dict[str, dict[str, Any]] = {
    "location": {"type": "str", "required": True},
    "vault_location": {"type": "str"},
    "allow_other_region": {"type": "bool", "default": False},
}
WAIT_OPTIONS: dict[str, dict[str, Any]] = {
    "wait_timeout": {"type": "int", "default": 1800},
}
