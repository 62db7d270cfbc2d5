# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The failover cluster after the end of its VMM service, a restart of its node, or a move of its role."""

from __future__ import annotations

import pytest

from lab.context import LabContext, ProxyAccount
from lab.lab import find_document, read_document
from lab.windows import layout
from lab.windows.build import build_machines
from lab.windows.errors import MachineError
from lab.windows.machine import Machine
from lab.windows.states import cluster_node
from tests.lab.emulators.harness import LOGIN


@pytest.fixture
def nodes() -> dict[str, Machine]:
    context = LabContext(login=LOGIN, proxy=ProxyAccount("proxy", 1, "u", "p"), scale=0.0)
    return build_machines(context, {"machines": [cluster_node(), cluster_node(name="vmm02")]})


def running(nodes: dict[str, Machine]) -> list[str]:
    return [name for name, machine in nodes.items() if machine.is_running(layout.VMM_SERVICE)]


def test_a_service_that_ends_is_started_again_then_fails_over(nodes: dict[str, Machine]) -> None:
    found = []
    for _ in range(2):
        nodes["vmm01"].stop_service(layout.VMM_SERVICE)
        found.append(running(nodes))
    assert found == [["vmm01"], ["vmm02"]]


def test_a_node_that_restarts_loses_the_role(nodes: dict[str, Machine]) -> None:
    nodes["vmm01"].restart()
    assert running(nodes) == ["vmm02"]
    assert nodes["vmm01"].need_cluster().nodes == {"vmm01": "Up", "vmm02": "Up"}


def test_a_stopped_resource_stays_stopped_wherever_the_role_goes(nodes: dict[str, Machine]) -> None:
    cluster = nodes["vmm01"].need_cluster()
    cluster.stop(nodes["vmm02"])
    cluster.move(nodes["vmm01"], "vmm02")
    assert (running(nodes), cluster.state) == ([], "Offline")
    cluster.start(nodes["vmm01"])
    assert running(nodes) == ["vmm02"]


def test_the_last_node_that_is_up(nodes: dict[str, Machine]) -> None:
    cluster = nodes["vmm01"].need_cluster()
    cluster.node_down(nodes["vmm02"])
    with pytest.raises(MachineError, match="is not up"):
        cluster.move(nodes["vmm01"], "vmm02")
    cluster.node_down(nodes["vmm01"])
    assert (running(nodes), cluster.state) == ([], "Failed")
    cluster.node_up(nodes["vmm01"])
    assert running(nodes) == ["vmm01"]


def test_checkpoints_go_with_the_role(nodes: dict[str, Machine]) -> None:
    nodes["vmm01"].registry.set(layout.REGISTRATION_KEY, "ResourceName", "vault")
    nodes["vmm01"].need_cluster().move(nodes["vmm01"], "vmm02")
    assert nodes["vmm02"].registry.get(layout.REGISTRATION_KEY, "ResourceName") == "vault"


def test_the_lab_with_a_cluster() -> None:
    document = read_document(find_document("cluster"))
    context = LabContext(login=LOGIN, proxy=ProxyAccount("proxy", 1, "u", "p"), scale=0.0)
    machines = build_machines(context, document)
    servers = {name: machine for name, machine in machines.items() if machine.kind == "vmm_server"}
    assert (len(machines), sorted(servers), running(servers)) == (18, ["vmm01", "vmm02"], ["vmm02"])
    assert servers["vmm01"].vmm is servers["vmm02"].vmm
    known = (
        {host.fqdn for cloud in servers["vmm01"].vmm.clouds for host in cloud.hosts()}
        if servers["vmm01"].vmm
        else set()
    )
    assert known == {machine.fqdn for machine in machines.values() if machine.kind == "hyperv_host"}
    # A host is a node of the cluster that VMM shows for it.
    assert machines["hv05"].need_cluster() is machines["hv08"].need_cluster()
    assert machines["hv05"].need_cluster().nodes == {"hv05": "Up", "hv06": "Up", "hv07": "Up", "hv08": "Paused"}
    assert machines["hv13"].cluster is None
