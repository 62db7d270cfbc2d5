# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The section `vmm` of an observation: VMM, its clouds, hosts, networks and running jobs."""

from __future__ import annotations

from ...windows import layout
from ...windows.errors import MachineError
from ...windows.machine import Machine
from ...windows.vmm import VmHost
from .base import Run, ScriptFailed, connect_vmm, node_name, vmm_connection
from .observed_host import Section, restart_due, text_of


def _cluster(machine: Machine) -> Section | None:
    service = machine.service(layout.CLUSTER_SERVICE)
    if service is None:
        return None
    facts: Section = {
        "service": service.status,
        "node": node_name(machine),
        "nodes": None,
        "resource": None,
        "resource_state": None,
        "owner_node": None,
    }
    if service.status != "Running":
        return facts
    cluster = machine.need_cluster()
    facts["nodes"] = [{"name": name, "state": state} for name, state in cluster.nodes.items()]
    facts |= {"resource": cluster.resource, "resource_state": cluster.state, "owner_node": cluster.owner}
    return facts


def vmm_section(machine: Machine, run: Run) -> Section | None:
    """Read VMM. None on a machine without VMM."""
    if machine.registry.find(layout.VMM_SETUP_KEY) is None:
        return None
    get = machine.registry.get
    section: Section = {
        "product_version": text_of(get(layout.VMM_SETUP_KEY, "ProductVersion")),
        "vmm_id": text_of(get(layout.VMM_SETUP_KEY, "VmmID")),
        "ha_name": text_of(get(layout.VMM_SETUP_KEY, "HAVMMName")),
        "cluster": None,
        "install_path": text_of(get(layout.VMM_SETUP_KEY, "InstallPath")),
        "service": None,
        "restart_due": restart_due(machine, layout.VMM_SERVICE),
        "connection_error": None,
        "running_jobs": None,
        "flag_supported": None,
        "clouds": None,
        "networks": None,
    }
    service = machine.service(layout.VMM_SERVICE)
    if service is not None:
        section["service"] = {
            "status": service.status,
            "start_mode": service.start_mode,
        }
    if section["ha_name"] is not None:
        section["cluster"] = _cluster(machine)
    if vmm_connection(run) is None:
        return section
    try:
        section |= _inventory(machine)
    except MachineError as exc:
        if not is_lost(run, exc):
            raise
    return section


def is_lost(run: Run, problem: MachineError) -> bool:
    """Tell whether VMM stopped answering while it was read, and note it."""
    if run.machine.is_running(layout.VMM_SERVICE):
        try:
            connect_vmm(run.machine)
        except ScriptFailed:
            pass
        else:
            return False
    run.vmm = f"VMM does not answer: {problem}"
    return True


def _inventory(machine: Machine) -> Section:
    section: Section = {}
    vmm = machine.read_vmm("jobs")
    section["running_jobs"] = [job.to_facts(machine.now()) for job in vmm.jobs]
    section["flag_supported"] = vmm.flag_supported
    machine.read_vmm("hosts")
    machine.read_vmm("clouds")
    section["clouds"] = [
        {
            "id": cloud.id,
            "name": cloud.name,
            "published": cloud.published if vmm.flag_shown else None,
            "capability_profiles": list(cloud.capability_profiles),
            "hosts": [_cloud_host(host) for host in cloud.hosts()],
        }
        for cloud in vmm.clouds
    ]
    machine.read_vmm("networks")
    section["networks"] = [
        {"name": each.name, "logical_network": each.logical_network or None} for each in vmm.networks
    ]
    return section


def _cloud_host(host: VmHost) -> Section:
    return {
        "id": host.id,
        "fqdn": host.fqdn,
        "platform": host.platform,
        "state": host.state or None,
        "communication_state": host.communication_state or None,
        "maintenance": host.maintenance,
    }
