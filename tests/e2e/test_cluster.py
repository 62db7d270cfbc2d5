# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run site.yml on a highly available VMM: owner first, Provider on every node, one registration (P1, P4, P8)."""

from __future__ import annotations

from typing import Any

import pytest

from lab.lab import Lab, find_document, read_document
from lab.windows.states import STAGING, all_of, leftover, staged
from tests.e2e.cells import Cell
from tests.e2e.conftest import controller_of
from tests.support.fleet import Fleets
from tests.support.playbook import SITE

DOCUMENT = read_document(find_document("cluster"))


def nodes_of(**cluster: Any) -> list[dict[str, Any]]:
    """Describe the two nodes without the hosts."""
    found = [machine for machine in DOCUMENT["machines"] if machine["kind"] == "vmm_server"]
    groups = [{"name": group["name"], "hosts": []} for group in found[0]["vmm"]["host_groups"]]
    vmm = {**found[0]["vmm"], "host_groups": groups, "cluster": {**found[0]["vmm"]["cluster"], **cluster}}
    return [{**node, "vmm": vmm} for node in found]


def versions(lab: Lab) -> dict[str, Any]:
    key = r"HKLM\SOFTWARE\Microsoft\Azure Site Recovery"
    return {name: machine.registry.get(key, "Version") for name, machine in lab.machines.items()}


VERSION = DOCUMENT["installers"]["provider"]["version"]


def test_site_over_two_nodes(main_cell: Cell, tmp_path_factory: pytest.TempPathFactory) -> None:
    with Fleets(tmp_path_factory.mktemp("fleet")) as start:
        lab = start(machines=nodes_of())
        run = controller_of(main_cell, lab).run(SITE)
        assert run.returncode == 0, run.output
        assert [task.host for task in run.of("provider")] == ["vmm02", "vmm01"]
        assert [task.host for task in run.of("provider_registration")] == ["vmm02"]
        assert [task.host for task in run.of("vmm_cloud_sync")] == ["vmm02"]
        cluster = [(each.target, each.verb) for each in lab.journal.entries if each.verb.startswith("cluster.")]
        assert cluster == [("vmm02", "cluster.stop"), ("vmm02", "cluster.start")]
        assert versions(lab) == {"vmm01": VERSION, "vmm02": VERSION}


def test_a_node_that_is_down_is_set_up_later(main_cell: Cell, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Register the other node meanwhile. After the role has moved, the run only removes a key that was left behind."""
    with Fleets(tmp_path_factory.mktemp("fleet")) as start:
        lab = start(machines=nodes_of(nodes=[{"name": "vmm01", "state": "Down"}, "vmm02"]))
        lab.context.faults.plan("winrm:vmm01:*", "drop", times=1000)
        controller = controller_of(main_cell, lab)
        first = controller.run(SITE, "--limit", "vmm02,localhost")
        assert first.returncode == 0, first.output
        assert "vmm01 is down" in " ".join(first.output.split()), first.output
        assert versions(lab) == {"vmm01": None, "vmm02": VERSION}

        lab.context.faults.clear()
        cluster = lab.machines["vmm02"].cluster
        assert cluster is not None
        cluster.nodes["vmm01"] = "Up"
        cluster.move(lab.machines["vmm02"], "vmm01")
        all_of(staged, leftover)(lab.machines["vmm02"])
        begun = len(lab.journal.entries)
        second = controller.run(SITE)
        assert second.returncode == 0, second.output
        assert versions(lab) == {"vmm01": VERSION, "vmm02": VERSION}
        verbs = [each.verb for each in lab.journal.entries[begun:]]
        assert "azure.register" not in verbs
        assert [task.host for task in second.of("provider_registration") if task.changed] == ["vmm02"]
        assert not lab.machines["vmm02"].exists(STAGING + r"\siterecovery.hyperv-old.VaultCredentials")
        assert [verb for verb in verbs if verb.startswith("cluster.")] == ["cluster.stop", "cluster.start"]
