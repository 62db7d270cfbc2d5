# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Protectable and protected items, recovery points and sizes as JSON documents."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from uuid import NAMESPACE_URL, uuid5

from ..context import AdapterFacts, DiskFacts, VirtualMachineFacts
from .documents import stamp
from .job_documents import whole_seconds
from .messages import Json
from .protection_records import ProtectedItem
from .records import Fabric, Vault
from .site_recovery_documents import KIND, fabric_id
from .state import AzureState

_ITEMS = f"{KIND}/replicationFabrics/replicationProtectionContainers"
# recorded: azure-cli-extensions, test_siterecovery_H2A_E2A: the container on the Azure side, the same in every vault.
_AZURE_FABRIC = "d49858f157601230a6ac5862fbbc6e63bf38d23ecd96cf953767945d457fe9d5"
_AZURE_CONTAINER = "d38048d4-b460-4791-8ece-108395ee8478"
# recorded: the controller in the id of each disk.
_CONTROLLER = "83F8638B-8DCA-4152-9EDA-2CA8B33039B4"
# recorded: the date of a job that does not exist.
NEVER = "1753-01-01T01:01:01Z"
_STATES = {
    "InitialReplicationInProgress": "Initial replication is in progress",
    "InitialReplicationRecoveryCompletionPending": "Waiting for first recovery point",
    "UnprotectedStatesBegin": "Enabling protection",
    "ReplicaConfigurationInProgress": "Configuring the replica",
    "PlannedFailoverCommitRequired": "Planned failover finished",
    "UnplannedFailoverCommitPendingStatesBegin": "Failover completed",
    "UnplannedFailoverStatesBegin": "Failover committed",
}


def container_id(vault: Vault, fabric: Fabric, container: str) -> str:
    return f"{fabric_id(vault, fabric)}/replicationProtectionContainers/{container}"


def protectable_id(vault: Vault, fabric: Fabric, machine: VirtualMachineFacts) -> str:
    cloud = container_id(vault, fabric, machine.cloud_id.lower())
    return f"{cloud}/replicationProtectableItems/{machine.id.lower()}"


def item_id(vault: Vault, fabric: Fabric, item: ProtectedItem) -> str:
    return f"{container_id(vault, fabric, item.container)}/replicationProtectedItems/{item.name}"


def _provider_id(vault: Vault, fabric: Fabric) -> str:
    return f"{fabric_id(vault, fabric)}/replicationRecoveryServicesProviders/{fabric.server.vmm_id.lower()}"


def protectable_document(
    vault: Vault, fabric: Fabric, machine: VirtualMachineFacts, item: ProtectedItem | None
) -> Json:
    # recorded: azure-cli-extensions, test_siterecovery_H2A_E2A: members, and that `name` is the id in VMM.
    return {
        "id": protectable_id(vault, fabric, machine),
        "name": machine.id.lower(),
        "type": f"{_ITEMS}/replicationProtectableItems",
        "properties": {
            "friendlyName": machine.name,
            "protectionStatus": "Protected" if item else "Unprotected",
            "replicationProtectedItemId": item_id(vault, fabric, item) if item else None,
            "recoveryServicesProviderId": _provider_id(vault, fabric),
            # recorded: empty, whatever the machine is.
            "protectionReadinessErrors": [],
            "supportedReplicationProviders": ["HyperVReplicaAzure"],
            "customDetails": {
                "instanceType": "HyperVVirtualMachine",
                "sourceItemId": machine.hyperv_id.lower(),
                "generation": str(machine.generation),
                "osDetails": _os_details(machine),
                "diskDetails": [_disk_detail(disk) for disk in machine.disks],
                "hasPhysicalDisk": machine.physical_disk,
                "hasFibreChannelAdapter": machine.fibre_channel,
                "hasSharedVhd": machine.shared_disk,
                "hyperVHostId": machine.host_id.lower(),
            },
        },
    }


def _os_details(machine: VirtualMachineFacts) -> Json | None:
    """Return what the service knows about the operating system, which is nothing for most machines (recorded)."""
    # inferred: only a running Windows with integration services reports it.
    if not machine.running or "windows" not in machine.operating_system.casefold():
        return None
    return {
        "osType": "Windows",
        "productType": "VER_NT_SERVER",
        "osEdition": "Datacenter",
        "oSVersion": "10.0",
        "oSMajorVersion": "10",
        "oSMinorVersion": "0",
    }


def _disk_detail(disk: DiskFacts) -> Json:
    # recorded: the type is Data for every disk, also for the one with the operating system.
    return {"maxSizeMB": disk.size_mb, "vhdType": "Data", "vhdId": disk.id.lower(), "vhdName": disk.name}


def item_document(state: AzureState, vault: Vault, fabric: Fabric, item: ProtectedItem, *, single: bool) -> Json:
    """Return a protected item. `single`: the answer to a GET, which shows more than a list does (recorded)."""
    # recorded: azure-cli-extensions, test_siterecovery_H2A_E2A; Azure PowerShell (managed disks).
    machine, cloud = item.machine, fabric.containers.get(item.container)
    return {
        "id": item_id(vault, fabric, item),
        "name": item.name,
        "type": f"{_ITEMS}/replicationProtectedItems",
        "properties": {
            "friendlyName": machine.name,
            "protectedItemType": "HyperVVirtualMachine",
            "protectableItemId": protectable_id(vault, fabric, machine),
            "recoveryServicesProviderId": _provider_id(vault, fabric),
            "primaryFabricFriendlyName": fabric.server.friendly_name,
            "primaryFabricProvider": "VmmFabric",
            "recoveryFabricFriendlyName": "Microsoft Azure",
            "recoveryFabricId": "Microsoft Azure",
            "primaryProtectionContainerFriendlyName": cloud.name if cloud else "",
            "recoveryProtectionContainerFriendlyName": "Microsoft Azure",
            "protectionState": item.protection_state,
            "protectionStateDescription": _STATES.get(item.protection_state, item.protection_state),
            "activeLocation": item.location,
            "testFailoverState": item.test_state,
            "testFailoverStateDescription": item.test_state,
            "switchProviderState": "None",
            "switchProviderStateDescription": None,
            "allowedOperations": list(item.operations),
            "replicationHealth": "Critical" if item.health_codes else "Normal",
            "failoverHealth": "Warning" if _untested(item) else "Normal",
            "healthErrors": _health_errors(item),
            "policyId": f"{vault.site_id}/replicationPolicies/{item.policy}",
            "policyFriendlyName": item.policy,
            "currentScenario": _scenario(vault, item),
            "failoverRecoveryPointId": item.failover_point,
            "providerSpecificDetails": _details(state, item, single=single),
            "recoveryContainerId": f"{vault.site_id}/replicationFabrics/{_AZURE_FABRIC}"
            f"/replicationProtectionContainers/{_AZURE_CONTAINER}",
            "eventCorrelationId": item.correlation,
        }
        # recorded: the member is missing until a test failover has succeeded (Azure PowerShell, AsrE2ETests).
        | ({"lastSuccessfulTestFailoverTime": stamp(item.last_test)} if item.last_test else {})
        # recorded: the member is there after a failover (Azure PowerShell, AsrE2ETests, TestDisableDR).
        | ({"lastSuccessfulFailoverTime": stamp(item.last_failover)} if item.last_failover else {}),
    }


def _scenario(vault: Vault, item: ProtectedItem) -> Json:
    running = item.scenario
    return {
        "scenarioName": running.name if running else "None",
        "jobId": f"{vault.site_id}/replicationJobs/{running.job if running else 'None'}",
        "startTime": stamp(running.started) if running else NEVER,
    }


def _details(state: AzureState, item: ProtectedItem, *, single: bool) -> Json:
    machine, shown = item.machine, bool(item.adapters)
    received = _last_point(state, item)
    details: Json = {
        "instanceType": "HyperVReplicaAzure",
        "azureVmDiskDetails": [_protected_disk(item, number) for number in range(len(item.disks))],
        "recoveryAzureVmName": item.target["recoveryAzureVmName"],
        "recoveryAzureVMSize": item.target["recoveryAzureVMSize"],
        "recoveryAzureStorageAccount": item.target["recoveryAzureStorageAccount"],
        "recoveryAzureLogStorageAccountId": item.target["recoveryAzureLogStorageAccountId"],
        "lastReplicatedTime": whole_seconds(received) if received else None,
        "rpoInSeconds": 4 if received else None,
        "lastRpoCalculatedTime": stamp(received + timedelta(seconds=4)) if received else None,
        "vmId": machine.id.lower(),
        "vmProtectionState": item.vm_state,
        "vmProtectionStateDescription": _STATES.get(item.vm_state, item.vm_state),
        "initialReplicationDetails": {
            "initialReplicationType": "InitialReplication",
            # recorded: it stays where it last was, also on a machine that is ready.
            "initialReplicationProgressPercentage": str(item.progress),
        },
        "vmNics": item.adapters,
        "selectedRecoveryAzureNetworkId": item.target.get("selectedRecoveryAzureNetworkId") if shown else None,
        "selectedSourceNicId": item.target.get("selectedSourceNicId") if shown else None,
        "encryption": "Disabled",
        "oSDetails": {
            "osType": item.target["osType"],
            "productType": "UNKNOWN",
            "osEdition": "Standard",
            "oSVersion": "1.1.1.1",
            "oSMajorVersion": "0",
            "oSMinorVersion": "0",
        },
        "sourceVmRamSizeInMB": machine.memory_mb,
        "sourceVmCpuCount": machine.processors,
    }
    # recorded: the member is missing until there is a recovery point.
    if received:
        details["lastRecoveryPointReceived"] = stamp(received)
    return details | {name: item.target[name] for name in SETTINGS} | {"protectedManagedDisks": _seeds(item, single)}


#: The settings of the target that an item shows under the name of the record.
SETTINGS = (
    "enableRdpOnTargetOption",
    "recoveryAzureResourceGroupId",
    "recoveryAvailabilitySetId",
    "targetAvailabilityZone",
    "targetProximityPlacementGroupId",
    "useManagedDisks",
    "licenseType",
    "sqlServerLicenseType",
    "targetVmTags",
    "seedManagedDiskTags",
    "targetManagedDiskTags",
    "targetNicTags",
)


def _seeds(item: ProtectedItem, single: bool) -> list[Json]:
    # recorded: the list shows none, and a GET of the same item shows them (Azure PowerShell, one second apart).
    if not single:
        return []
    return [
        {"diskId": disk, "seedManagedDiskId": seed, "replicaDiskType": kind, "diskEncryptionSetId": None}
        for disk, (seed, kind) in item.seeds.items()
    ]


def _protected_disk(item: ProtectedItem, number: int) -> Json:
    disk, name = item.disks[number], item.target["recoveryAzureVmName"]
    boots = disk.id.lower() == item.os_disk.lower()
    unit = disk.place.partition("_")[2] or "0_0"
    # recorded: a managed replica names the disk of the failover, an account does not.
    custom = (f"{name}-OSdisk-00" if boots else f"{name}-DataDisk-{number - 1:02d}") if item.seeds else None
    return {
        "vhdType": "OperatingSystem" if boots else "Data",
        "vhdId": disk.id.lower(),
        "diskId": f"{item.machine.hyperv_id.upper()}_{_CONTROLLER}_{unit}",
        "vhdName": disk.name,
        "maxSizeMB": str(disk.size_mb),
        "targetDiskLocation": None,
        "targetDiskName": None,
        "lunId": str(number),
        "diskEncryptionSetId": None,
        "customTargetDiskName": custom,
    }


def adapter_document(
    item: ProtectedItem, adapter: AdapterFacts, network_name: str | None, target: str | None, subnet: str | None
) -> Json:
    """Return a network adapter of a protected item, which exists there once the first copy has ended."""
    # recorded: azure-cli-extensions, test_siterecovery_H2A_E2A: with VMM, the id is a GUID.
    return {
        "nicId": adapter.id.lower(),
        "replicaNicId": None,
        "sourceNicArmId": None,
        "vMNetworkName": network_name,
        "recoveryVMNetworkId": target,
        "ipConfigs": [
            {
                "name": None,
                "isPrimary": True,
                "subnetName": adapter.subnet,
                "staticIPAddress": adapter.addresses[0] if adapter.addresses else None,
                "ipAddressType": "Dynamic",
                "isSeletedForFailover": True,
                "recoverySubnetName": subnet,
                "recoveryStaticIPAddress": "",
                "recoveryIPAddressType": "Dynamic",
                "recoveryPublicIPAddressId": None,
                "recoveryLBBackendAddressPoolIds": None,
                "tfoSubnetName": None,
                "tfoStaticIPAddress": None,
                "tfoPublicIPAddressId": None,
                "tfoLBBackendAddressPoolIds": None,
            }
        ],
        "selectionType": "SelectedByDefault" if target else "NotSelected",
        "recoveryNetworkSecurityGroupId": None,
        "enableAcceleratedNetworkingOnRecovery": None,
        "tfoVMNetworkId": None,
        "tfoNetworkSecurityGroupId": None,
        "enableAcceleratedNetworkingOnTfo": None,
        "recoveryNicName": None,
        "recoveryNicResourceGroupName": None,
        "reuseExistingNic": False,
        "tfoRecoveryNicName": None,
        "tfoRecoveryNicResourceGroupName": None,
        "tfoReuseExistingNic": False,
        "targetNicName": f"nic-{item.target['recoveryAzureVmName']}-{len(item.adapters):02d}",
    }


# Health --------------------------------------------------------------------------------------------------------------


def _untested(item: ProtectedItem) -> bool:
    # recorded: the warning comes with the state Protected, and not in the seconds in which the item settles.
    return item.protection_state == "Protected" and item.scenario is None and not item.tested


def _health_errors(item: ProtectedItem) -> list[Json]:
    name = item.machine.name
    offset = timezone(timedelta(hours=5, minutes=30))
    errors = [
        # recorded: Azure PowerShell: the dates of health errors have the offset of the server.
        _health_error(code, f"Replication of '{name}' needs attention.", item)
        | {"creationTimeUtc": item.enabled.astimezone(offset).isoformat()}
        for code in item.health_codes
    ]
    if not _untested(item):
        return errors
    missing = "No successful test failover has been done on the virtual machine"
    # recorded: Azure PowerShell, UpdateRPIWithMangedDisksForReplication.
    return [
        *errors,
        {
            **_health_error("161011", f"{missing} '{name}'.", item),
            "errorSource": "ReplicationUnitFailoverValidatorError",
            "errorType": "8010",
            "errorLevel": "Warning",
            "errorCategory": "TestFailover",
            "possibleCauses": f"{missing} after it was replicated.",
            "recommendedAction": "Do a test failover on the virtual machine.",
            "errorId": "6:8010",
        },
    ]


def _health_error(code: str, message: str, item: ProtectedItem) -> Json:
    # documented: HealthError in the API definition.
    return {
        "innerHealthErrors": [],
        "errorSource": "ReplicationProvider",
        "errorType": code,
        "errorLevel": "Error",
        "errorCategory": "Replication",
        "errorCode": code,
        "summaryMessage": "",
        "errorMessage": message,
        "possibleCauses": "",
        "recommendedAction": "",
        "creationTimeUtc": stamp(item.enabled),
        "recoveryProviderErrorMessage": None,
        "entityId": item.machine.id.lower(),
        "errorId": code,
        "customerResolvability": "NotAllowed",
    }


# Recovery points and sizes -------------------------------------------------------------------------------------------

_MOST_POINTS = 24


def recovery_points(state: AzureState, item: ProtectedItem) -> list[tuple[str, datetime]]:
    """Return the ids and times of the recovery points, the newest first. One is added in every copy interval."""
    if item.first_point is None:
        return []
    # inferred: one point for each five minutes of the lab's time.
    step = max(1.0, 300.0 * state.context.clock.scale)
    count = int((state.context.clock.now() - item.first_point).total_seconds() / step) + 1
    numbers = range(max(0, count - _MOST_POINTS), count)
    points = [
        (str(uuid5(NAMESPACE_URL, f"{item.correlation}/{number}")), item.first_point + timedelta(seconds=number * step))
        for number in numbers
    ]
    return points[::-1]


def _last_point(state: AzureState, item: ProtectedItem) -> datetime | None:
    points = recovery_points(state, item)
    return points[0][1] if points else None


def point_document(
    vault: Vault, fabric: Fabric, item: ProtectedItem, point: tuple[str, datetime], newest: bool
) -> Json:
    # documented: RecoveryPoint in the API definition; inferred: the types, because no recording holds this list.
    name, moment = point
    return {
        "id": f"{item_id(vault, fabric, item)}/recoveryPoints/{name}",
        "name": name,
        "type": f"{_ITEMS}/replicationProtectedItems/recoveryPoints",
        "properties": {
            "recoveryPointTime": stamp(moment),
            "recoveryPointType": "CrashConsistent" if newest else "ApplicationConsistent",
            "providerSpecificDetails": None,
        },
    }


# inferred: a few sizes; the list of a real region has several hundred.
_SIZES = (
    ("Standard_B1s", 1, 1.0, 2),
    ("Standard_B2ms", 2, 8.0, 3),
    ("Standard_D2s_v5", 2, 8.0, 2),
    ("Standard_D4s_v5", 4, 16.0, 2),
    ("Standard_D8s_v5", 8, 32.0, 4),
    ("Standard_E4s_v5", 4, 32.0, 2),
)
SIZES = tuple(name for name, _cores, _memory, _adapters in _SIZES)


def size_documents(vault: Vault, fabric: Fabric, item: ProtectedItem) -> list[Json]:
    """Return the sizes that the machine may have in Azure (documented: TargetComputeSize in the API definition)."""
    return [
        {
            "id": f"{item_id(vault, fabric, item)}/targetComputeSizes/{name}",
            "name": name,
            "type": f"{_ITEMS}/replicationProtectedItems/targetComputeSizes",
            "properties": {
                "name": name,
                "friendlyName": name,
                "cpuCoresCount": cores,
                "memoryInGB": memory,
                "maxDataDiskCount": 4 * cores,
                "maxNicsCount": adapters,
                "errors": [],
                "highIopsSupported": "Yes",
                "hyperVGenerations": ["V1", "V2"],
            },
        }
        for name, cores, memory, adapters in _SIZES
    ]


def proposed_size(machine: VirtualMachineFacts) -> str:
    """Return the size that the service proposes (recorded: Standard_B1s for one processor and 1 GB)."""
    for name, cores, memory, _adapters in _SIZES:
        if cores >= machine.processors and memory * 1024 >= machine.memory_mb:
            return name
    return _SIZES[-1][0]
