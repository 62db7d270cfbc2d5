# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers the calls of the imitated cmdlets of VMM.

Sources: the reference of the cmdlets of System Center 2016 VMM, and a public recording of Get-SCVMHost and
Get-SCVMHostCluster (ManageIQ, spec/tools/scvmm_data of manageiq-providers-scvmm), which has the properties of hosts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from .machine import Machine
from .vmm import HostGroup, VmmCloud, cluster_id
from .vmm_machines import machine_row

Args = Mapping[str, Any]


def _vmm_server(machine: Machine, args: Args) -> Any:
    vmm = machine.connect_vmm(int(args["port"]))
    return {"Name": "localhost", "FQDN": machine.fqdn, "ProductVersion": vmm.version}


def _group_row(group: HostGroup) -> dict[str, Any]:
    return {
        "ID": group.id,
        "Name": group.name,
        "Path": group.path,
        "ChildHostGroups": [_group_row(child) for child in group.children],
    }


def _cloud_row(cloud: VmmCloud, flag_shown: bool) -> dict[str, Any]:
    return {
        "ID": cloud.id,
        "Name": cloud.name,
        **({"DisasterRecoverySupported": cloud.published} if flag_shown else {}),
        "CapabilityProfiles": list(cloud.capability_profiles),
        "HostGroup": [_group_row(group) for group in cloud.host_groups],
    }


def _clouds(machine: Machine, args: Args) -> Any:
    wanted = args.get("id")
    vmm = machine.read_vmm("clouds")
    return [
        _cloud_row(cloud, vmm.flag_shown)
        for cloud in vmm.clouds
        if not wanted or cloud.id.lower() == str(wanted).lower()
    ]


def _hosts(machine: Machine, _args: Args) -> Any:
    return [
        {
            "ID": host.id,
            "FQDN": host.fqdn,
            "VirtualizationPlatform": host.platform,
            "VMHostGroup": {"ID": group.id, "Name": group.name, "Path": group.path},
            "HostCluster": None if host.cluster is None else _cluster_row(host.cluster),
            "OverallState": host.state,
            "CommunicationState": host.communication_state,
            "MaintenanceHost": host.maintenance,
            "AgentVersion": host.agent_version,
            "OperatingSystem": host.operating_system,
        }
        for group in machine.read_vmm("hosts").groups()
        for host in group.hosts
    ]


def _host_groups(machine: Machine, _args: Args) -> Any:
    """Get-SCVMHostGroup: every group with its parent, the root without one."""
    groups = machine.need_vmm().groups()
    parents = {child.id: group.id for group in groups for child in group.children}
    return [
        {"ID": group.id, "Name": group.name, "Path": group.path, "Parent": parents.get(group.id)} for group in groups
    ]


def _cluster_row(name: str) -> dict[str, Any]:
    return {"ID": cluster_id(name), "Name": name, "ClusterName": name.partition(".")[0]}


def _host_clusters(machine: Machine, _args: Args) -> Any:
    return [_cluster_row(name) for name in machine.need_vmm().clusters()]


def _virtual_machines(machine: Machine, _args: Args) -> Any:
    return [machine_row(placed) for placed in machine.need_vmm().placed()]


def _networks(machine: Machine, _args: Args) -> Any:
    return [
        {"Name": each.name, "LogicalNetwork": each.logical_network} for each in machine.read_vmm("networks").networks
    ]


def _jobs(machine: Machine, _args: Args) -> Any:
    return [job.to_row() for job in machine.read_vmm("jobs").jobs]


def _run_as(machine: Machine, _args: Args) -> Any:
    return [
        {"ID": each.id, "Name": each.name, "Domain": each.domain, "UserName": each.user}
        for each in machine.read_vmm("accounts").run_as
    ]


def _set_run_as(machine: Machine, args: Args) -> Any:
    machine.set_run_as(args["name"], args["username"], args["password"])


def _remove_run_as(machine: Machine, args: Args) -> Any:
    machine.remove_run_as(args["name"])


def _publish(machine: Machine, args: Args) -> Any:
    machine.publish_cloud(args["id"], bool(args["value"]))


def _flag_supported(machine: Machine, _args: Args) -> Any:
    return machine.vmm is not None and machine.vmm.flag_supported


CALLS: Final[dict[str, Callable[[Machine, Args], Any]]] = {
    "vmm.server": _vmm_server,
    "vmm.clouds": _clouds,
    "vmm.hosts": _hosts,
    "vmm.host_groups": _host_groups,
    "vmm.host_clusters": _host_clusters,
    "vmm.networks": _networks,
    "vmm.virtual_machines": _virtual_machines,
    "vmm.jobs": _jobs,
    "vmm.run_as": _run_as,
    "vmm.set_run_as": _set_run_as,
    "vmm.remove_run_as": _remove_run_as,
    "vmm.publish": _publish,
    "vmm.flag_supported": _flag_supported,
}
