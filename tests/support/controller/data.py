# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data of the playbook awx, and the objects that follow from it with the settings of one site."""

from __future__ import annotations

from typing import Any

import yaml

from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._controller.objects import controller_objects
from tests.tools.paths import ROOT

DATA: dict[str, Any] = yaml.safe_load((ROOT / "playbooks" / "parts" / "awx" / "data.yml").read_text())[
    "__awx_setup_data"
]
SETTINGS: dict[str, Any] = {
    "organization": "Recovery",
    "prefix": "Site Recovery",
    "image": "registry.example.com/siterecovery:1",
    "pull": "missing",
    "registry_credential": "",
    "playbooks_url": "https://git.example.com/playbooks.git",
    "playbooks_branch": "main",
    "inventory_url": "https://git.example.com/inventory.git",
    "inventory_branch": "main",
    "inventory_path": "inventory",
    "scm_credential": "",
    "logins": list(DATA["credentials"]),
    "credentials": {},
    "slices": 2,
    "forks": 0,
    "instance_groups": [],
    "mail": {},
    "notification_templates": [],
    "approval_timeout": 0,
    "schedules_enabled": True,
    "preflight_rule": "DTSTART:20270101T020000Z RRULE:FREQ=DAILY;INTERVAL=1",
    "drill_reminder": False,
    "drill_rule": "DTSTART:20270101T040000Z RRULE:FREQ=MONTHLY;INTERVAL=1;BYMONTHDAY=1",
    "drift_rule": "DTSTART:20270103T030000Z RRULE:FREQ=WEEKLY;INTERVAL=1;BYDAY=SU",
}


def objects(**more: Any) -> dict[str, Any]:
    found: dict[str, Any] = controller_objects(DATA, {**SETTINGS, **more})
    return found
