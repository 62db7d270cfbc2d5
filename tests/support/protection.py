# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Protected machines in a simulated vault, without the requests that protect them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from lab.arm.failover_records import COMMITTED, TO_COMMIT, TO_COMMIT_BACK, TO_REVERSE
from lab.arm.protection_documents import item_id
from lab.arm.protection_records import READY, ProtectedItem
from lab.arm.records import Fabric, Vault, fabric_name, guid
from lab.arm.replication import Place, new_item, replica_complete
from lab.arm.state import AzureState
from lab.arm.virtual_machines import NewMachine, make_machine
from lab.context import AdapterFacts, CloudFacts, DiskFacts, VirtualMachineFacts, VmmServerFacts

GROUP, VAULT, TARGET = "rg-dr", "vault-dr", "rg-target"
#: By the place of a machine: whether it runs on premises again, and what is allowed then.
PLACES: dict[str, tuple[bool, tuple[str, ...]]] = {
    "failed_over": (False, TO_COMMIT),
    "failover_committed": (False, COMMITTED),
    "failed_back": (True, TO_COMMIT_BACK),
    "failback_committed": (True, TO_REVERSE),
}
CLOUD = CloudFacts("28A7B9EB-C2F9-47E8-91FF-697D0D719963", "Gold")
SERVER = VmmServerFacts(
    vmm_id="9A54CF2C-9EA0-48CA-82E9-70FBFF7771E7",
    fqdn="vmm01.contoso.example",
    friendly_name="vmm01.contoso.example",
    provider_version="5.24.814.1",
    server_version="10.22.1287.0",
    clouds=(CLOUD,),
)


@dataclass(frozen=True)
class Protection:
    """A vault with one server and its protected machines."""

    state: AzureState
    vault: Vault
    fabric: Fabric

    def item(self, name: str) -> ProtectedItem:
        return next(item for item in self.vault.items.values() if item.machine.name == name)

    def path(self, name: str) -> str:
        return item_id(self.vault, self.fabric, self.item(name))

    def move(self, name: str, place: str) -> ProtectedItem:
        """Put a machine in a place on the way to Azure and back, without the jobs that lead there."""
        item = self.item(name)
        back, item.operations = PLACES[place]
        item.location = "Primary" if back else "Recovery"
        item.protection_state = item.vm_state = (
            "PlannedFailoverCommitRequired" if "Commit" in item.operations else "PlannedFailoverStatesBegin"
        )
        if item.operations != TO_REVERSE:
            group = str(item.target["recoveryAzureResourceGroupId"])
            new = NewMachine(name, "westeurope", "Standard_B1s", "Windows", None)
            item.azure_machine = make_machine(self.state, group, new)
        return item

    def machines(self) -> list[str]:
        """Return the names of the virtual machines in Azure."""
        return sorted(str(machine["name"]) for machine in self.state.machines.values())


def machine(name: str, number: int = 1) -> VirtualMachineFacts:
    digits = f"{number:012d}"
    return VirtualMachineFacts(
        id=f"A5246033-3AF5-4905-8889-{digits}",
        hyperv_id=f"B5246033-3AF5-4905-8889-{digits}",
        name=name,
        cloud_id=CLOUD.id,
        host_id=f"C5246033-3AF5-4905-8889-{digits}",
        host_fqdn="host01.contoso.example",
        operating_system="Windows Server 2022 Datacenter",
        disks=(DiskFacts(f"D5246033-3AF5-4905-8889-{digits}", f"{name}-os", 40 * 1024),),
        adapters=(AdapterFacts(f"E5246033-3AF5-4905-8889-{digits}", "NIC", None, "machines"),),
    )


def protect(state: AzureState, *names: str, production: str | None = None) -> Protection:
    """Create the vault and protected machines that are ready. `production` is the network of their failover."""
    state.seed_group(TARGET, "westeurope")
    vault = state.seed_vault(GROUP, VAULT, "westeurope")
    now = state.context.clock.now()
    fabric = Fabric(fabric_name(vault, SERVER.vmm_id), SERVER, now, visible=True, last_heartbeat=now)
    fabric.containers[CLOUD.id.lower()] = CLOUD
    vault.fabrics[fabric.name.lower()] = fabric
    state.seed_policy(vault, "policy-dr")
    place = Place(state, vault, fabric)
    given: dict[str, Any] = {
        "instanceType": "HyperVReplicaAzure",
        "osType": "Windows",
        "targetAzureV2ResourceGroupId": state.group_id(TARGET),
        "targetAzureNetworkId": production,
    }
    account = f"{state.group_id(TARGET)}/providers/Microsoft.Storage/storageAccounts/stlogs"
    state.seed_account(TARGET, "stlogs", "westeurope")
    for number, name in enumerate(names, 1):
        facts = machine(name, number)
        fabric.machines[facts.id.lower()] = facts
        disk = {"vhdId": facts.disks[0].id.lower(), "targetStorageAccountId": account}
        item = new_item(place, facts, guid(), "policy-dr", {**given, **disk})
        vault.items[item.key] = item
        replica_complete(place, item)
        item.vm_state, item.operations, item.progress = "Protected", READY, 23
        item.first_point = now - timedelta(minutes=2)
    return Protection(state, vault, fabric)


def boot_group(protection: Protection, *names: str) -> dict[str, Any]:
    """Return a group of a recovery plan with machines."""
    entries = [
        {"id": protection.path(name), "virtualMachineId": protection.item(name).machine.id.lower()} for name in names
    ]
    empty: dict[str, Any] = {"startGroupActions": [], "endGroupActions": []}
    return {"groupType": "Boot", "replicationProtectedItems": entries, **empty}
