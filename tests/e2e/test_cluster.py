# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""site.yml over a highly available VMM: the owner first, the Provider on every node, one registration (P1, P4, P8)."""

from __future__ import annotations

import pytest

from lab.estate import find_document, read_document
from tests.e2e.cells import Cell
from tests.e2e.conftest import controller_of
from tests.support.fleet import Fleets
from tests.support.playbook import SITE


def test_site_over_two_nodes(main_cell: Cell, tmp_path_factory: pytest.TempPathFactory) -> None:
    document = read_document(find_document("cluster"))
    nodes = [machine for machine in document["machines"] if machine["kind"] == "vmm_server"]
    for node in nodes:
        groups = [{"name": group["name"], "hosts": []} for group in node["vmm"]["host_groups"]]
        node["vmm"] = {**node["vmm"], "host_groups": groups}
    with Fleets(tmp_path_factory.mktemp("fleet")) as start:
        estate = start(machines=nodes)
        run = controller_of(main_cell, estate).run(SITE)
        assert run.returncode == 0, run.output
        assert [task.host for task in run.of("provider")] == ["vmm02", "vmm01"]
        assert [task.host for task in run.of("provider_registration")] == ["vmm02"]
        assert [task.host for task in run.of("vmm_cloud_sync")] == ["vmm02"]
        cluster = [(each.target, each.verb) for each in estate.journal.entries if each.verb.startswith("cluster.")]
        assert cluster == [("vmm02", "cluster.stop"), ("vmm02", "cluster.start")]
        versions = {
            name: machine.registry.get(r"HKLM\SOFTWARE\Microsoft\Azure Site Recovery", "Version")
            for name, machine in estate.machines.items()
        }
        assert set(versions.values()) == {document["installers"]["provider"]["version"]}
