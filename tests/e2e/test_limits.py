# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's wrapper passes lists, times and large numbers to PowerShell unchanged."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.windows import layout
from lab.windows.agent import AgentThrottle
from tests.e2e.cells import Cell
from tests.e2e.conftest import controller_of
from tests.support.fleet import Fleets, hyperv_host
from tests.support.plays import module_task, play, write

THROTTLE = {
    "work_days": ["monday", "saturday"],
    "work_hours_start": "07:30",
    "work_hours_end": "19:00",
    "work_hour_bandwidth": 512,
    "non_work_hour_bandwidth": 1023 * 1024,
}
LIMITS = {"source": "{{ hyperv_host_agent_source }}", "throttle": THROTTLE, "upload_threads": 16}


@pytest.mark.needs("pwsh")
def test_limits_through_powershell(main_cell: Cell, tmp_path: Path) -> None:
    """Set the limits of H4. The module fails when it reads other values back."""
    with Fleets(tmp_path) as make_fleet:
        lab = make_fleet(engine="pwsh", machines=[hyperv_host("hv-a")])
        run = controller_of(main_cell, lab).run(
            write(tmp_path, play("hyperv_hosts", module_task("mars_agent", LIMITS)))
        )
    assert (run.returncode, run.changed) == (0, 1), run.output
    host = lab.machines["hv-a"]
    assert host.agent is not None
    assert host.agent.throttle == AgentThrottle(True, [1, 6], "07:30:00", "19:00:00", 512 * 1024, 1023 * 1024**2)
    assert host.registry.get(layout.AGENT_LIMITS_KEY, "UploadThreadsPerVM") == 16
    (task,) = run.of("mars_agent")
    assert task.result["agent"]["throttle"] == {**THROTTLE, "enabled": True}
