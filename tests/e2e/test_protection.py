# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks protect and drill, from the selection to the evidence and the cleanup."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from lab.lab import Lab
from tests.support.playbook import SITE, Controller, Run

PROTECT, DRILL, REPORT = (f"siterecovery.hyperv.{name}" for name in ("protect", "drill", "report"))
VARIABLES: dict[str, Any] = {
    "replication_network_mappings": [{"vm_network": "VM Network", "azure_network": "vnet-dr"}],
    "replication_policies": [{"name": "policy-gold", "copy_frequency": 300, "clouds": ["Gold", "Silver"]}],
    "protection_groups": [
        {
            "name": "shop",
            "cloud": "Gold",
            "policy": "policy-gold",
            "network": "vnet-dr",
            "include": [{"names": ["web*"], "tags": ["production"], "properties": {"owner": "shop"}}],
            "machines": [{"name": "app01"}],
            "rdp": "always",
        },
        {
            "name": "databases",
            "cloud": "Silver",
            "policy": "policy-gold",
            "include": [{"host_groups": ["Datacenter 2"]}],
            "exclude": [{"names": ["db0*"]}],
            "allow_empty": True,
        },
    ],
    "protection_settings": [{"name": "app01", "os_disk": "app01-0", "os_type": "windows", "rdp": "test_failover"}],
    "protection_host_settings": [{"host": "hv01", "rdp": "never"}],
    "drill_machines": ["web01"],
    "drill_without_network": True,
}


def problems(run: Run) -> list[str]:
    return [line for task in run.of("report") for line in task.result.get("problems", [])]


def test_machines_are_selected_protected_and_tested(lab: Lab, controller: Controller, tmp_path: Path) -> None:
    file = tmp_path / "vars.yml"
    file.write_text(yaml.safe_dump(VARIABLES), encoding="utf-8")
    given = ("-e", f"@{file}")

    def run(playbook: str | Path, *arguments: str, code: int = 0) -> Run:
        lab.journal.clear()
        done = controller.run(playbook, *given, *arguments)
        assert done.returncode == code, done.output
        return done

    run(SITE)
    # Check mode shows the plan, and writes nothing.
    planned = run(PROTECT, "--check")
    [task] = planned.of("protected_vm")
    assert [line["reason"].partition(":")[0] for line in task.result["plan"]] == ["web01", "app01"]
    assert list(lab.journal.entries) == []

    first = run(PROTECT)
    [task] = first.of("protected_vm")
    machines = task.result["protected_vm"]["machines"]
    assert [(machine["name"], machine["phase"]) for machine in machines] == [("web01", "ready"), ("app01", "ready")]
    # The settings of the machine precede those of its host, and these precede those of the group.
    assert [machine["rdp"] for machine in machines] == ["never", "test_failover"]
    # One remote execution on the VMM server, and one list of machines for each cloud.
    assert len(first.of("vm_info")) == 1
    second = run(PROTECT)
    assert (second.changed, list(lab.journal.entries)) == (0, [])

    # The reminder fails while a drill is due, and tests nothing.
    due = run(DRILL, "--check", code=2)
    assert [line for line in problems(due) if "a test failover is due" not in line] == []
    assert list(lab.journal.entries) == []
    kept = tmp_path / "drill.json"
    run(DRILL, "-e", f"site_drill_file={kept}")
    [evidence] = json.loads(kept.read_text(encoding="utf-8"))
    assert (evidence["name"], evidence["succeeded"], evidence["problems"]) == ("web01", True, [])
    assert [machine["deleted"] for machine in evidence["machines"]] == [True]
    assert lab.azure.machines == {}
    run(DRILL, "--check")

    # The report includes both steps, and finds everything in order.
    report = run(REPORT)
    assert {"N3", "N4"} <= report.evidence()["localhost"]
    assert list(lab.journal.entries) == []
