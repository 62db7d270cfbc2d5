# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A vault whose cloud is associated with a policy, and virtual machines behind it without any Windows machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from lab.arm.records import Fabric, Vault, VaultCertificate
from lab.context import (
    AdapterFacts,
    CloudFacts,
    DiskFacts,
    ReplicationRefused,
    VirtualMachineFacts,
    VmmServerFacts,
    VmNetworkFacts,
)

from .conftest import Azure

if TYPE_CHECKING:
    from lab.lab import Lab

GROUP, VAULT, POLICY = "rg", "vault1", "hourly"
CLOUD = CloudFacts("28A7B9EB-C2F9-47E8-91FF-697D0D719963", "Gold")
CORP = VmNetworkFacts("68A19C46-18A9-47EC-9829-E814038FF99D", "corp", subnets=(("production", "10.0.1.0/24"),))
SERVER = VmmServerFacts(
    "9A54CF2C-9EA0-48CA-82E9-70FBFF7771E7",
    "vmm01.contoso.example",
    "vmm01.contoso.example",
    "5.24.814.1",
    "10.22.1287.0",
    (CLOUD,),
    (CORP,),
)


def machine(number: int, name: str, *sizes: int, **changed: Any) -> VirtualMachineFacts:
    """Return a virtual machine with disks of some MB, the first of them with the operating system."""
    disks = tuple(
        DiskFacts(f"2F32C91D-22DF-4054-80BC-{number:06d}{place:06d}", f"{name}_disk_{place + 1}", size, f"0_{place}_0")
        for place, size in enumerate(sizes or (40960,))
    )
    facts = VirtualMachineFacts(
        id=f"A5246033-3AF5-4905-8889-{number:012d}",
        hyperv_id=f"FC335DD7-BCF9-4C70-91C8-{number:012d}",
        name=name,
        cloud_id=CLOUD.id,
        host_id="77F7BEC0-B965-49D9-8B30-C4584A0FC9A0",
        host_fqdn="hv01.contoso.example",
        operating_system="Windows Server 2022 Datacenter",
        disks=disks,
        adapters=(AdapterFacts(f"5FA405CC-9D48-488C-9157-{number:012d}", "NIC", CORP.id, "production"),),
    )
    return replace(facts, **changed)


@dataclass
class Fabrics:
    """Stands in for the VMM servers: machines, and what they refuse."""

    machines: dict[str, VirtualMachineFacts] = field(default_factory=dict)
    refusals: dict[str, ReplicationRefused] = field(default_factory=dict)
    #: Machines whose owner host has a relationship, to a vault number.
    relationships: dict[str, str] = field(default_factory=dict)

    def add(self, *machines: VirtualMachineFacts) -> None:
        self.machines |= {machine.id.lower(): machine for machine in machines}

    def virtual_machines(self, _vmm_id: str) -> tuple[VirtualMachineFacts, ...]:
        return tuple(self.machines.values())

    def prepare_cloud(self, _vmm_id: str, _cloud_id: str) -> list[tuple[str, ReplicationRefused]]:
        return []

    def release_cloud(self, _vmm_id: str, _cloud_id: str) -> None:
        return None

    def enable_replication(self, _vmm_id: str, vm_id: str, vault_number: str) -> None:
        refusal = self.refusals.get(self.machines[vm_id.lower()].name)
        if refusal is not None:
            raise refusal
        if vm_id.lower() in self.relationships:
            raise ReplicationRefused("70094", 31389, "The virtual machine has a replication relationship already.")
        self.relationships[vm_id.lower()] = vault_number

    def disable_replication(self, _vmm_id: str, vm_id: str) -> None:
        self.relationships.pop(vm_id.lower(), None)

    def set_running(self, _vmm_id: str, vm_id: str, running: bool) -> None:
        self.machines[vm_id.lower()] = replace(self.machines[vm_id.lower()], running=running)

    def knows_machine(self, _vmm_id: str, vm_id: str) -> bool:
        return vm_id.lower() in self.machines

    def create_machine(self, _vmm_id: str, machine: VirtualMachineFacts) -> None:
        self.add(replace(machine, running=False))

    def unregister(self, _vmm_id: str) -> None:
        return None


@dataclass
class Site:
    """The vault and the servers behind it."""

    azure: Azure
    vault: Vault
    fabrics: Fabrics

    @property
    def fabric(self) -> Fabric:
        return next(iter(self.vault.fabrics.values()))

    @property
    def cloud(self) -> str:
        fabric = f"{self.vault.site_id}/replicationFabrics/{self.fabric.name}"
        return f"{fabric}/replicationProtectionContainers/{CLOUD.id.lower()}"

    def protectable(self, name: str) -> str:
        found = next(one for one in self.fabrics.machines.values() if one.name == name)
        return f"{self.cloud}/replicationProtectableItems/{found.id.lower()}"

    def resource(self, kind: str, name: str) -> str:
        return self.azure.state.resource_id(GROUP, kind, name)

    def body(self, name: str, **changed: Any) -> dict[str, Any]:
        """Return the request that Azure PowerShell sent in 2024 for a managed replica (recorded)."""
        found = next(one for one in self.fabrics.machines.values() if one.name == name)
        details = {
            "instanceType": "HyperVReplicaAzure",
            "hvHostVmId": found.hyperv_id.lower(),
            "vmName": name,
            "osType": "Windows",
            "vhdId": found.disks[0].id.lower(),
            "targetAzureVmName": name,
            "logStorageAccountId": self.resource("Microsoft.Storage/storageAccounts", "stlogs"),
            "targetAzureV2ResourceGroupId": self.azure.state.group_id(GROUP),
            "useManagedDisksForReplication": "True",
        }
        details |= changed
        return {
            "properties": {
                "policyId": f"{self.vault.site_id}/replicationPolicies/{POLICY}",
                "protectableItemId": self.protectable(name),
                "providerSpecificDetails": {key: value for key, value in details.items() if value is not None},
            }
        }


def associate(vault: Vault, state: str = "Paired", policy: str = POLICY) -> None:
    """Associate the cloud with a policy."""
    vault.associations[(CLOUD.id.lower(), policy)] = {
        "properties": {"state": state, "policyId": f"{vault.site_id}/replicationPolicies/{policy}"}
    }


def make_site(azure: Azure, *machines: VirtualMachineFacts, group: str = GROUP, vault: str = VAULT) -> Site:
    """Create a vault with a server, a policy that is associated with its cloud, an account and a network."""
    fabrics = Fabrics()
    fabrics.add(*machines)
    azure.context.fabric = fabrics
    made = azure.state.seed_vault(group, vault, "westeurope")
    azure.state.seed_policy(made, POLICY)
    azure.state.seed_account(group, "stlogs", "westeurope")
    azure.state.seed_network(
        group, "vnet-dr", "westeurope", ["10.0.0.0/16"], {"first": "10.0.0.0/24", "production": "10.0.1.0/24"}
    )
    key = azure.recovery.vault_certificates.create(group, vault, "CN=x", {})
    assert key.properties is not None
    azure.state.register_vmm_server(str(key.properties.thumbprint), str(made.number), SERVER)
    azure.state.hurry()
    associate(made)
    return Site(azure, made, fabrics)


def seed_cloud(lab: Lab, group: str, vault: str, machines: Sequence[VirtualMachineFacts]) -> Fabrics:
    """Create the same in a lab that is up, and return what stands in for the VMM servers."""
    state, fabrics = lab.azure, Fabrics()
    state.seed_group(group, "westeurope")
    made = state.seed_vault(group, vault, "westeurope")
    state.seed_policy(made, POLICY)
    state.seed_account(group, "stlogs", "westeurope")
    state.seed_network(group, "vnet-dr", "westeurope", ["10.0.0.0/16"], {"production": "10.0.1.0/24"})
    tomorrow = lab.context.clock.now() + timedelta(days=1)
    state.certificates["AA"] = VaultCertificate("AA", made.id.casefold(), tomorrow)
    state.register_vmm_server("AA", str(made.number), SERVER)
    state.hurry()
    associate(made)
    fabrics.add(*machines)
    lab.context.fabric = fabrics
    return fabrics
