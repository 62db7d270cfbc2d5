# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The VMM servers of the lab as the vault's service reaches them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lab.context import LabContext, ReplicationRefused, VirtualMachineFacts
from lab.windows import cim, layout
from lab.windows.build import build_machines
from lab.windows.machine import Machine
from lab.windows.replication import VmmServers
from lab.windows.vmm import Vmm

VAULT = "6066914184940990001"
GROUPS = [{"name": "Berlin", "hosts": ["hv01.corp.lab.test", {"fqdn": "hv02.corp.lab.test", "cluster": "hvc"}]}]
NETWORKS = [{"name": "corp", "logical_network": "LAN", "id": "net-1"}]


class Site:
    """A VMM server with the published cloud Gold on two hosts with an agent."""

    def __init__(self, context: LabContext, vms: list[dict[str, Any]], **hosts: dict[str, Any]) -> None:
        clouds = [{"name": "Gold", "host_groups": ["Berlin"], "published": True}, {"name": "Silver"}]
        vmm = {"host_groups": GROUPS, "clouds": clouds, "networks": NETWORKS}
        described = [
            {"name": "vmm01", "kind": "vmm_server", "vmm": vmm, "provider": {}, "registration": {"vault": "v"}},
            {"name": "hv01", "agent": {}, "vms": vms, **hosts.get("hv01", {})},
            {"name": "hv02", "agent": {}, **hosts.get("hv02", {})},
        ]
        self.machines = build_machines(context, {"machines": described})
        self.servers = VmmServers(self.machines)

    @property
    def vmm(self) -> Vmm:
        return self.machines["vmm01"].need_vmm()

    @property
    def host(self) -> Machine:
        return self.machines["hv01"]

    def facts(self) -> tuple[VirtualMachineFacts, ...]:
        return self.servers.virtual_machines(self.vmm.vmm_id)

    def prepare(self) -> list[tuple[str, ReplicationRefused]]:
        return self.servers.prepare_cloud(self.vmm.vmm_id, self.vmm.clouds[0].id)

    def enable(self, name: str) -> None:
        self.servers.enable_replication(self.vmm.vmm_id, self.id(name), VAULT)

    def id(self, name: str) -> str:
        return next(placed.guest.vmm_id for placed in self.vmm.placed() if placed.guest.name == name)

    def replication(self, name: str) -> tuple[int, int]:
        rows = cim.instances(self.host, "Msvm_ComputerSystem", "root/virtualization/v2", None)
        row = next(each for each in rows if each["ElementName"] == name)
        return row["ReplicationMode"], row["ReplicationState"]


def refused(site: Site, name: str) -> tuple[str, int]:
    with pytest.raises(ReplicationRefused) as caught:
        site.enable(name)
    return caught.value.code, caught.value.provider_code


def test_the_machines_of_published_clouds_are_known_by_both_ids(context: LabContext) -> None:
    web = {"name": "web", "generation": 1, "disks": 2, "adapters": [{"network": "corp", "addresses": ["10.0.0.4"]}]}
    site = Site(context, [web, {"name": "lab", "cloud": "Silver"}, {"name": "none", "cloud": None}])
    (found,) = site.facts()
    assert (found.name, found.host_fqdn, found.generation) == ("web", "hv01.corp.lab.test", 1)
    assert found.id != found.hyperv_id.lower()
    assert [disk.place for disk in found.disks] == [
        "83F8638B-8DCA-4152-9EDA-2CA8B33039B4_0_0",
        "83F8638B-8DCA-4152-9EDA-2CA8B33039B4_0_1",
    ]
    assert [disk.size_mb for disk in found.disks] == [127 * 1024, 1024]
    assert [(each.network_id, each.addresses) for each in found.adapters] == [("net-1", ("10.0.0.4",))]


def test_every_host_of_a_cloud_is_prepared_and_the_unfit_ones_are_named(context: LabContext) -> None:
    site = Site(context, [{"name": "web"}], hv02={"agent": None})
    (unfit,) = site.prepare()
    assert (unfit[0], unfit[1].code) == ("hv02.corp.lab.test", "40003")
    assert "agent is not installed" in unfit[1].message
    site.host.stop_service(layout.AGENT_SERVICE)
    assert [name for name, _reason in site.prepare()] == ["hv01.corp.lab.test", "hv02.corp.lab.test"]


def test_replication_begins_on_the_owner_host_and_ends_without_a_trace(context: LabContext) -> None:
    site = Site(context, [{"name": "web"}])
    assert site.prepare() == []
    site.enable("web")
    relationship = site.host.guests[0].replication
    assert relationship is not None
    assert (relationship.state, relationship.vault) == (2, VAULT)
    # Without delays, the initial replication has ended by the next look.
    assert site.replication("web") == (1, 3)
    assert refused(site, "web") == ("70094", 31389), "a relationship that is left makes Hyper-V refuse"
    site.servers.disable_replication(site.vmm.vmm_id, site.id("web"))
    assert site.replication("web") == (0, 0)
    assert not site.host.guests[0].marked


INELIGIBLE: dict[str, dict[str, Any]] = {
    "shared disk": {"shared_disks": 1},
    "pass-through disk": {"pass_through_disks": 1},
    "Fibre Channel": {"fibre_channel": True},
    "shielded": {"shielded": True},
    "vTPM": {"tpm": True},
    "Secure Boot": {"secure_boot": True},
    "large system disk of generation 1": {"generation": 1, "first_disk_gb": 2049},
    "large system disk of generation 2": {"first_disk_gb": 4096},
    "small data disk": {"disks": [{}, {"size_gb": 0.5}]},
    "65 disks": {"disks": 65},
    "4K disk": {"disks": [{"sector": 4096}]},
    "replica of another host": {"replica": "recovery"},
}


@pytest.mark.parametrize("case", INELIGIBLE)
def test_hyper_v_refuses_what_site_recovery_does_not_protect(context: LabContext, case: str) -> None:
    site = Site(context, [{"name": "web", **INELIGIBLE[case]}])
    site.prepare()
    assert refused(site, "web") == ("70094", 31389)
    assert site.host.guests[0].replication is None or case == "replica of another host"


def test_a_machine_of_a_cluster_must_be_highly_available(context: LabContext) -> None:
    site = Site(context, [], hv02={"vms": [{"name": "web", "clustered": False}, {"name": "db"}]})
    site.prepare()
    assert refused(site, "web") == ("70094", 31389)
    site.enable("db")


def test_an_unprepared_host_a_migration_and_a_fault_refuse_the_machine(context: LabContext) -> None:
    site = Site(context, [{"name": "web"}, {"name": "moves", "migrating": True}])
    assert refused(site, "web") == ("70094", 31389)
    site.prepare()
    assert refused(site, "moves") == ("23848", 0)
    context.faults.plan("windows:hv01:replicate web", "fail")
    assert refused(site, "web") == ("70094", 31389)
    site.enable("web")


def test_a_stopped_vmm_is_not_connected(context: LabContext) -> None:
    site = Site(context, [{"name": "web"}])
    vmm_id = site.vmm.vmm_id
    site.machines["vmm01"].stop_service(layout.VMM_SERVICE)
    with pytest.raises(ReplicationRefused) as caught:
        site.servers.virtual_machines(vmm_id)
    assert caught.value.code == "25018"


def test_a_machine_is_shut_down_and_started(context: LabContext) -> None:
    site = Site(context, [{"name": "web"}])
    for running, state in ((False, "off"), (True, "running")):
        site.servers.set_running(site.vmm.vmm_id, site.id("web"), running)
        assert site.host.guests[0].state == state
        assert site.facts()[0].running is running


def test_a_lost_machine_is_created_on_a_host_that_can_replicate(context: LabContext) -> None:
    site = Site(context, [{"name": "web", "disks": 2}], hv02={"agent": None})
    site.prepare()
    (lost,) = site.facts()
    assert site.servers.knows_machine(site.vmm.vmm_id, lost.id)
    site.host.guests.clear()
    assert not site.servers.knows_machine(site.vmm.vmm_id, lost.id)
    site.servers.create_machine(site.vmm.vmm_id, lost)
    assert site.host.guests[0].disks == 2
    assert site.facts() == (replace(lost, running=False),)
    site.machines["hv01"].stop_service(layout.AGENT_SERVICE)
    with pytest.raises(ReplicationRefused, match="No host can take"):
        site.servers.create_machine(site.vmm.vmm_id, lost)


def test_unregistration_clears_the_registration_and_the_flags_of_clouds(context: LabContext) -> None:
    site = Site(context, [])
    site.prepare()
    site.servers.unregister(site.vmm.vmm_id)
    assert site.machines["vmm01"].registry.find(layout.REGISTRATION_KEY) is None
    assert not any(cloud.published or cloud.paired for cloud in site.vmm.clouds)


def test_a_released_cloud_leaves_its_hosts(context: LabContext) -> None:
    site = Site(context, [{"name": "web"}])
    site.prepare()
    site.servers.release_cloud(site.vmm.vmm_id, site.vmm.clouds[0].id)
    assert not site.host.replicated_clouds
    assert refused(site, "web") == ("70094", 31389)


def test_a_drained_machine_is_on_another_node_and_comes_back(context: LabContext) -> None:
    nodes = {"cluster": {"name": "HVC", "nodes": ["hv01", "hv02"]}}
    site = Site(context, [{"name": "web"}], hv01=nodes, hv02=nodes)
    cluster = site.host.need_cluster()
    cluster.pause(site.host, "hv01")
    site.host.settle()
    assert site.facts()[0].host_fqdn == "hv02.corp.lab.test"
    cluster.resume(site.host, "hv01")
    assert site.facts()[0].host_fqdn == "hv01.corp.lab.test"
