# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulator of list_vmm_fabric: reads the clouds, host groups, clusters and hosts of a VMM server."""

from __future__ import annotations

import json
from typing import Any

from ...windows import layout
from ...windows.machine import Machine
from ...windows.vmm import HostGroup, VmHost, Vmm, cluster_id
from .base import Run, connect_vmm, emulator, node_name, service_status


@emulator
def list_vmm_fabric(run: Run) -> str:
    machine = run.machine
    server = _server(machine)
    fabric: dict[str, Any] = {
        "server": server,
        "clouds": None,
        "host_groups": None,
        "clusters": None,
        "hosts": None,
    }
    if server["service"] == "Running" and server["product_version"] is not None:
        fabric |= _lists(connect_vmm(machine, 120))
    return json.dumps(fabric, ensure_ascii=False, separators=(",", ":"))


def _server(machine: Machine) -> dict[str, Any]:
    setup = layout.VMM_SETUP_KEY
    server: dict[str, Any] = {
        "fqdn": machine.fqdn,
        "node": node_name(machine),
        "product_version": machine.registry.get(setup, "ProductVersion") or None,
        "vmm_id": machine.registry.get(setup, "VmmID") or None,
        "ha_name": machine.registry.get(setup, "HAVMMName") or None,
        "service": service_status(machine, layout.VMM_SERVICE),
        "nodes": None,
        "owner_node": None,
    }
    if server["ha_name"] is not None and service_status(machine, layout.CLUSTER_SERVICE) == "Running":
        cluster = machine.need_cluster()
        server |= {"nodes": list(cluster.nodes), "owner_node": cluster.owner}
    return server


def _lists(vmm: Vmm) -> dict[str, Any]:
    groups = vmm.groups()
    parents = {child.id: group.id for group in groups for child in group.children}
    return {
        "clouds": [
            {
                "id": cloud.id,
                "name": cloud.name,
                "synchronized": cloud.published if vmm.flag_shown else None,
                "host_group_ids": [group.id for group in cloud.host_groups],
            }
            for cloud in vmm.clouds
        ],
        "host_groups": [
            {"id": group.id, "name": group.name, "path": group.path, "parent_id": parents.get(group.id)}
            for group in groups
        ],
        "clusters": [{"id": cluster_id(name), "name": name} for name in vmm.clusters()],
        "hosts": [_host(group, host) for group in groups for host in group.hosts],
    }


def _host(group: HostGroup, host: VmHost) -> dict[str, Any]:
    return {
        "id": host.id,
        "fqdn": host.fqdn,
        "platform": host.platform,
        "host_group_id": group.id,
        "cluster_id": None if host.cluster is None else cluster_id(host.cluster),
        "state": host.state,
        "communication_state": host.communication_state,
        "maintenance": host.maintenance,
        "agent_version": host.agent_version,
        "operating_system": host.operating_system,
    }
