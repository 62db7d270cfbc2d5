# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that no machine can use are refused with option and reason before anything is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lab.windows.states import VAULT_ID, hyperv_host, vmm_server
from tests.unit.plugins.action.conftest import Runner

SOURCE = {"source": "https://download.lab.test/setup.exe", "checksum": "a" * 64}
FOREVER = 10**20
UNKNOWN_ANSWERS: tuple[dict[str, Any], ...] = ({}, {"registered": None}, {"registered": "maybe"}, {"name": "vmm01"})
ROWS: list[tuple[str, dict[str, Any], str]] = [
    ("mars_agent", {**SOURCE, "wait_timeout": FOREVER}, "wait_timeout"),
    ("mars_agent", {**SOURCE, "download_timeout": FOREVER}, "download_timeout"),
    ("mars_agent", {**SOURCE, "drain_timeout": -1}, "drain_timeout"),
    ("provider", {**SOURCE, "running_jobs_timeout": FOREVER}, "running_jobs_timeout"),
    *(
        (name, {**options, "azure_registration": answer}, "azure_registration")
        for answer in UNKNOWN_ANSWERS
        for name, options in (
            ("provider_registration", {"vault_id": VAULT_ID}),
            ("provider_removal", {}),
            ("registration_removal", {"vault_id": VAULT_ID, "parts": ["registry"]}),
            ("vmm_cloud_sync", {"vmm_clouds": ["Gold"]}),
        )
    ),
    *(("symptom_info", {"kind": "vmm_server", "days": days}, "days") for days in (0, 3651, FOREVER)),
    ("vmm_fabric_info", {"export_path": "a" * 5000}, "export_path"),
]


@pytest.mark.parametrize(("name", "options", "option"), ROWS)
def test_a_module_refuses_it(name: str, options: dict[str, Any], option: str, runner: Callable[..., Runner]) -> None:
    found = runner(hyperv_host() if name == "mars_agent" else vmm_server(provider={}))
    for check in (False, True):
        ended = found.run(name, check=check, **options)
        assert ended["error"] == {"kind": "invalid_input", "option": option}
        assert "; " in ended["msg"]
        assert "\n" not in ended["msg"]
        assert found.scripts == []
