# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the playbook over winrm and psrp. Both return the same results and find each other's setup complete."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.lab import Lab
from tests.e2e.cells import Cell
from tests.e2e.conftest import MakeLab, controller_of
from tests.support.playbook import SITE, Run, Task

MODULES = ["provider", "provider_registration", "vmm_cloud_sync", "mars_agent", "mars_proxy", "host_info"]


def over_psrp(lab: Lab, folder: Path, *hosts: str) -> list[str]:
    """Return arguments that switch hosts to psrp. The inventory of the lab uses winrm for all."""
    chosen = {
        "ansible_connection": "psrp",
        "ansible_psrp_auth": "ntlm",
        "ansible_psrp_ca_cert": str(lab.authority_path),
        "ansible_psrp_ignore_proxy": True,
    }
    more = folder / f"psrp-{'-'.join(hosts)}.yml"
    more.write_text(yaml.safe_dump({"windows": {"hosts": dict.fromkeys(hosts, chosen)}}))
    return ["-i", str(more)]


def results(run: Run, host: str) -> list[tuple[str, Any]]:
    """Return the result of each module for a host, with the name of the host replaced."""

    def neutral(task: Task) -> Any:
        kept = {name: task.result.get(name) for name in ("changed", "plan", "evidence", "diff", "warnings")}
        return json.loads(json.dumps(kept).replace(host, "HOST").replace(host.upper(), "HOST"))

    return [(task.action, neutral(task)) for name in MODULES for task in run.of(name) if task.host == host]


def test_psrp_and_winrm_return_the_same_results_and_find_each_others_setup(
    main_cell: Cell, make_lab: MakeLab, tmp_path: Path
) -> None:
    pytest.importorskip("pypsrp")
    pytest.importorskip("psrpcore")
    lab = make_lab()
    controller = controller_of(main_cell, lab)
    first = controller.run(SITE, "--diff", *over_psrp(lab, tmp_path, "vmm01", "hv02"))
    assert first.returncode == 0, first.output
    assert results(first, "hv01")
    assert results(first, "hv02") == results(first, "hv01")
    before = lab.snapshot()
    lab.context.journal.clear()
    # The connections are swapped: each host is read over the one that did not set it up.
    second = controller.run(SITE, *over_psrp(lab, tmp_path, "hv01"))
    assert second.returncode == 0, second.output
    assert second.changed == 0, second.output
    assert lab.context.journal.entries == []
    assert lab.snapshot() == before
    counts = lab.context.journal.counts
    assert counts["execution"] == sum(count for name, count in counts.items() if name.startswith("script:"))
    assert [name for name, server in lab.servers.items() if len(server.shells)] == []
