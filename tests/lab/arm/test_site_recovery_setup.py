# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies, mappings of networks and associations of clouds: their rules, their jobs, and what blocks what."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import requests

from lab.arm.protection_records import ProtectedItem
from lab.arm.records import Vault
from lab.context import (
    AdapterFacts,
    CloudFacts,
    ReplicationRefused,
    VirtualMachineFacts,
    VmNetworkFacts,
)

from .conftest import SERVER, SUBSCRIPTION, Azure
from .test_site_recovery import register

ROOT = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.RecoveryServices/vaults/vault1"
VERSION = "2025-08-01"
CORP = VmNetworkFacts("68A19C46-18A9-47EC-9829-E814038FF99D", "corp")
CLOUD = SERVER.clouds[0]
Json = dict[str, Any]


@dataclass
class Servers:
    """Stands in for the VMM servers."""

    machines: list[VirtualMachineFacts] = field(default_factory=list)
    unfit: list[str] = field(default_factory=list)
    prepared: set[str] = field(default_factory=set)
    registered: bool = True
    connected: bool = True

    def _look(self) -> None:
        if not self.connected:
            raise ReplicationRefused("25018", 0, "The server is not connected.")

    def virtual_machines(self, _vmm_id: str) -> tuple[VirtualMachineFacts, ...]:
        self._look()
        return tuple(self.machines)

    def prepare_cloud(self, _vmm_id: str, cloud_id: str) -> list[tuple[str, ReplicationRefused]]:
        self._look()
        self.prepared.add(cloud_id)
        return [(host, ReplicationRefused("40003", 31218, f"Host {host} has no agent")) for host in self.unfit]

    def release_cloud(self, _vmm_id: str, cloud_id: str) -> None:
        self._look()
        self.prepared.discard(cloud_id)

    def enable_replication(self, _vmm_id: str, _vm_id: str, _vault_number: str) -> None:
        self._look()

    def disable_replication(self, _vmm_id: str, _vm_id: str) -> None:
        self._look()

    def set_running(self, _vmm_id: str, _vm_id: str, _running: bool) -> None:
        self._look()

    def knows_machine(self, _vmm_id: str, _vm_id: str) -> bool:
        self._look()
        return True

    def create_machine(self, _vmm_id: str, _machine: VirtualMachineFacts) -> None:
        self._look()

    def unregister(self, _vmm_id: str) -> None:
        self._look()
        self.registered = False


@dataclass
class Site:
    """A vault with a server, a cloud, a VM network and a network of Azure."""

    azure: Azure
    vault: Vault
    servers: Servers

    @property
    def fabric(self) -> str:
        (fabric,) = self.vault.fabrics.values()
        return f"replicationFabrics/{fabric.name}"

    @property
    def association(self) -> str:
        return (
            f"{self.fabric}/replicationProtectionContainers/{CLOUD.id.lower()}/replicationProtectionContainerMappings"
        )

    @property
    def mapping(self) -> str:
        return f"{self.fabric}/replicationNetworks/{CORP.id.lower()}/replicationNetworkMappings"

    def send(self, method: str, path: str, body: Json | None = None) -> requests.Response:
        return self.azure.send(method, f"{ROOT}/{path}", VERSION, body)

    def get(self, path: str) -> Json:
        answer = self.send("GET", path)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def do(self, method: str, path: str, body: Json | None = None) -> Json:
        """Send a write, and return its job when it has ended."""
        answer = self.send(method, path, body)
        assert answer.status_code == 202, answer.text
        name = answer.headers["Azure-AsyncOperation"].split("?")[0].rsplit("/", 1)[-1]
        return dict(self.get(f"replicationJobs/{name}")["properties"])

    def policy(self, name: str, **settings: Any) -> Json:
        return self.do(
            "PUT", f"replicationPolicies/{name}", {"properties": {"providerSpecificInput": SETTINGS | settings}}
        )

    def associate(self, name: str, policy: str = "gold") -> Json:
        return self.do("PUT", f"{self.association}/{name}", self.association_body(policy))

    def association_body(self, policy: str = "gold") -> Json:
        return {
            "properties": {
                "targetProtectionContainerId": "Microsoft Azure",
                "policyId": f"{ROOT}/replicationPolicies/{policy}",
                "providerSpecificInput": {"instanceType": "HyperVReplicaAzure"},
            }
        }

    def map(self, name: str, network: str = "vnet-dr") -> Json:
        return self.do("PUT", f"{self.mapping}/{name}", mapping_body(network))

    def protect(self) -> None:
        """Protect a virtual machine that has two adapters, one of them in the VM network."""
        adapters = (AdapterFacts("A1", "one", CORP.id), AdapterFacts("A2", "two"))
        machine = VirtualMachineFacts("V1", "H1", "web", CLOUD.id, "host", "hv01", adapters=adapters)
        self.servers.machines.append(machine)
        self.vault.items[("f", CLOUD.id.lower(), "v1")] = protected(self.vault, machine)


SETTINGS = {
    "instanceType": "HyperVReplicaAzure",
    "recoveryPointHistoryDuration": 2,
    "applicationConsistentSnapshotFrequencyInHours": 1,
    "replicationInterval": 300,
}


def mapping_body(network: str) -> Json:
    id = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/{network}"
    return {"properties": {"recoveryNetworkId": id, "fabricSpecificDetails": {"instanceType": "VmmToAzure"}}}


def protected(vault: Vault, machine: VirtualMachineFacts) -> Any:
    (fabric,) = vault.fabrics.values()
    now = fabric.registered
    return ProtectedItem("v1", fabric.name, CLOUD.id.lower(), machine, "gold", now, "c", (), "", {})


@pytest.fixture
def site(azure: Azure) -> Site:
    vault = azure.state.seed_vault("rg", "vault1", "westeurope")
    register(azure, vault, replace(SERVER, networks=(CORP,)))
    azure.state.hurry()
    azure.context.clock.scale = 0.0
    azure.context.fabric = servers = Servers()
    azure.state.seed_network("rg", "vnet-dr", "westeurope", ["10.0.0.0/16"], {"a": "10.0.0.0/24"})
    azure.state.seed_network("rg", "vnet-far", "eastus", ["10.0.0.0/16"], {"a": "10.0.0.0/24"})
    return Site(azure, vault, servers)


def codes(job: Json) -> list[str]:
    return [error["serviceErrorDetails"]["code"] for error in job["errors"]]


def outcome(job: Json) -> tuple[str, list[str]]:
    return job["state"], codes(job)


DONE: tuple[str, list[str]] = ("Succeeded", [])
POLICIES: list[tuple[Json, tuple[str, list[str]]]] = [
    ({}, DONE),
    ({"recoveryPointHistoryDuration": 24, "applicationConsistentSnapshotFrequencyInHours": 12}, DONE),
    ({"applicationConsistentSnapshotFrequencyInHours": 0, "replicationInterval": 30}, DONE),
    ({"onlineReplicationStartTime": "22:00:00"}, DONE),
    ({"recoveryPointHistoryDuration": 25}, ("Failed", ["150261"])),
    ({"applicationConsistentSnapshotFrequencyInHours": 2}, ("Failed", ["150261"])),
    ({"replicationInterval": 60}, ("Failed", ["150261"])),
    ({"onlineReplicationStartTime": "25:00:00"}, ("Failed", ["150261"])),
    ({"storageAccounts": ["a", "b"]}, ("Failed", ["150261"])),
]


@pytest.mark.parametrize(("settings", "expected"), POLICIES)
def test_only_the_job_tells_what_a_policy_must_not_have(site: Site, settings: Json, expected: Any) -> None:
    assert outcome(site.policy("gold", **settings)) == expected
    assert site.send("GET", "replicationPolicies/gold").status_code == (200 if expected == DONE else 404)


def test_a_policy_has_other_names_in_a_read(site: Site) -> None:
    site.policy("gold", storageAccounts=["/x"])
    details = site.get("replicationPolicies/gold")["properties"]["providerSpecificDetails"]
    assert details == {
        "instanceType": "HyperVReplicaAzure",
        "recoveryPointHistoryDurationInHours": 2,
        "applicationConsistentSnapshotFrequencyInHours": 1,
        "replicationInterval": 300,
        "encryption": "Disabled",
        "activeStorageAccountId": "/x",
    }


def test_a_policy_is_changed_by_a_patch_only(site: Site) -> None:
    site.policy("gold")
    assert outcome(site.policy("gold")) == DONE
    assert outcome(site.policy("gold", replicationInterval=30)) == ("Failed", ["15035"])
    body = {"properties": {"replicationProviderSettings": SETTINGS | {"replicationInterval": 30}}}
    assert outcome(site.do("PATCH", "replicationPolicies/gold", body)) == DONE
    details = site.get("replicationPolicies/gold")["properties"]["providerSpecificDetails"]
    assert details["replicationInterval"] == 30


def test_a_policy_stays_while_a_cloud_is_associated(site: Site) -> None:
    site.policy("gold")
    site.associate("one")
    assert outcome(site.do("DELETE", "replicationPolicies/gold"))[0] == "Failed"
    assert (
        outcome(site.do("POST", f"{site.association}/one/remove", {"properties": {"providerSpecificInput": {}}}))
        == DONE
    )
    assert outcome(site.do("DELETE", "replicationPolicies/gold")) == DONE
    assert site.get("replicationPolicies")["value"] == []


def test_an_association_prepares_the_cloud(site: Site) -> None:
    site.policy("gold")
    job = site.associate("one")
    assert outcome(job) == DONE
    assert [task["name"] for task in job["tasks"]] == [
        "CloudPairingPrerequisitesCheck",
        "CloudPairingPrepareSite",
        "CloudPairingPrepareCloud",
        "CloudPairingPairClouds",
    ]
    found = site.get(f"{site.association}/ONE")["properties"]
    assert (found["state"], found["policyFriendlyName"]) == ("Paired", "gold")
    assert found["sourceProtectionContainerFriendlyName"] == "Gold"
    assert site.servers.prepared == {CLOUD.id}
    cloud = site.get(site.association.rpartition("/")[0])["properties"]
    assert (cloud["pairingStatus"], cloud["role"]) == ("Paired", "Primary")
    assert len(site.get("replicationProtectionContainerMappings")["value"]) == 1


def test_a_host_without_agent_makes_the_job_succeed_partially(site: Site) -> None:
    site.policy("gold")
    site.servers.unfit = ["hv01", "hv02"]
    job = site.associate("one")
    assert outcome(job) == ("PartiallySucceeded", ["40003", "40003"])
    assert "hv02" in job["errors"][1]["providerErrorDetails"]["errorMessage"]
    assert site.get(f"{site.association}/one")["properties"]["state"] == "Paired"


def test_a_failed_association_stays_beside_a_good_one(site: Site) -> None:
    site.policy("gold")
    site.servers.unfit, site.azure.state.unfit_hosts_fail_pairing = ["hv01"], True
    assert outcome(site.associate("one"))[0] == "Failed"
    site.servers.unfit = []
    assert outcome(site.associate("two")) == DONE
    states = {one["name"]: one["properties"]["state"] for one in site.get(site.association)["value"]}
    assert states == {"one": "PairingFailed", "two": "Paired"}
    assert outcome(site.do("DELETE", f"{site.association}/one")) == DONE
    assert [one["name"] for one in site.get(site.association)["value"]] == ["two"]


def test_a_removal_needs_the_server_and_a_purge_does_not(site: Site) -> None:
    site.policy("gold")
    site.associate("one")
    site.servers.connected = False
    body: Json = {"properties": {"providerSpecificInput": {}}}
    assert outcome(site.do("POST", f"{site.association}/one/remove", body)) == ("Failed", ["25018"])
    assert site.get(f"{site.association}/one")["properties"]["state"] == "Paired"
    assert outcome(site.do("DELETE", f"{site.association}/one")) == DONE
    assert site.servers.prepared == {CLOUD.id}


def test_protected_machines_keep_an_association(site: Site) -> None:
    site.policy("gold")
    site.associate("one")
    site.protect()
    body: Json = {"properties": {"providerSpecificInput": {}}}
    assert outcome(site.do("POST", f"{site.association}/one/remove", body))[0] == "Failed"
    assert site.send("DELETE", f"{site.association}/one").status_code == 400
    assert site.get(f"{site.association}/one")["properties"]["state"] == "Paired"


@pytest.mark.parametrize("member", ["providerSpecificInput", "policyId", "targetProtectionContainerId"])
def test_an_association_needs_every_member(site: Site, member: str) -> None:
    site.policy("gold")
    body = site.association_body()
    del body["properties"][member]
    assert site.send("PUT", f"{site.association}/one", body).status_code == 400


def test_a_mapping_belongs_to_a_vm_network(site: Site) -> None:
    job = site.map("one")
    assert outcome(job) == DONE
    assert [(task["name"], task["state"]) for task in job["tasks"]] == [
        ("ModifyVMNetworksPairingStatusTask", "Succeeded"),
        ("VMNetworksUpdateVMNicsTask", "Other"),
    ]
    found = site.get(f"{site.mapping}/one")["properties"]
    assert (found["state"], found["primaryNetworkFriendlyName"], found["recoveryNetworkFriendlyName"]) == (
        "Paired",
        "corp",
        "vnet-dr",
    )
    assert outcome(site.map("two"))[0] == "Failed"
    assert outcome(site.do("DELETE", f"{site.mapping}/one")) == DONE
    assert site.get(site.mapping)["value"] == site.get("replicationNetworkMappings")["value"] == []


def test_a_mapping_attaches_the_adapters_of_protected_machines(site: Site) -> None:
    site.protect()
    group = site.map("one")["tasks"][1]
    assert (group["friendlyName"], group["taskType"], group["customDetails"]) == (
        "Attach network (1)",
        "GroupTaskDetails",
        None,
    )
    (child,) = group["groupTaskCustomDetails"]["childTasks"]
    assert (child["name"], child["friendlyName"], child["state"]) == ("VmNicUpdateJob", "web", "Succeeded")
    assert child["customDetails"]["nicId"] == "a1"


@pytest.mark.parametrize(("network", "connected"), [("vnet-far", True), ("none", True), ("vnet-dr", False)])
def test_a_mapping_fails_in_its_job(site: Site, network: str, connected: bool) -> None:
    site.servers.connected = connected
    assert outcome(site.map("one", network))[0] == "Failed"
    assert site.get(site.mapping)["value"] == []


def test_other_clouds_have_no_associations(site: Site) -> None:
    (fabric,) = site.vault.fabrics.values()
    fabric.containers["x"] = CloudFacts("x", "Other")
    site.policy("gold")
    site.associate("one")
    assert site.get(site.association.replace(CLOUD.id.lower(), "x"))["value"] == []
