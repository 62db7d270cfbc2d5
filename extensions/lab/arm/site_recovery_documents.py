# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The resources of Site Recovery as JSON documents."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from uuid import NAMESPACE_URL, uuid5

from ..context import CloudFacts, VmNetworkFacts
from .documents import stamp
from .job_documents import whole_seconds
from .messages import Json
from .records import Fabric, Site, Vault
from .state import AzureState

KIND = "Microsoft.RecoveryServices/vaults"
#: The name of Azure as a fabric and as a cloud.
AZURE = "Microsoft Azure"
# recorded: the id of Azure as a server in jobs.
_AZURE_SERVER = "21a9403c-6ec1-44f2-b744-b4e50b792387"
_ZONE = timezone(timedelta(hours=5, minutes=30))


def fabric_id(vault: Vault, fabric: Fabric) -> str:
    return f"{vault.site_id}/replicationFabrics/{fabric.name}"


def azure_fabric(vault: Vault) -> str:
    """Return the id of Azure as a fabric of the vault, which no list shows."""
    # recorded: the same 64 hex digits in vaults of two subscriptions.
    return f"{vault.site_id}/replicationFabrics/d49858f157601230a6ac5862fbbc6e63bf38d23ecd96cf953767945d457fe9d5"


def sides_of_job(fabric: Fabric) -> Json:
    """Return what a job says about its two sides (recorded)."""
    return {
        "primaryVmmId": fabric.server.vmm_id.lower(),
        "primaryVmmName": fabric.server.friendly_name,
        "recoveryVmmId": _AZURE_SERVER,
        "recoveryVmmName": AZURE,
        "primaryFabricProviderId": "VMM",
        "recoveryFabricProviderId": "Azure",
    }


def fabric_document(vault: Vault, fabric: Fabric) -> Json:
    # recorded: azure-cli-extensions, test_siterecovery_H2A_E2A_scenarios.
    return {
        "name": fabric.name,
        "type": f"{KIND}/replicationFabrics",
        "id": fabric_id(vault, fabric),
        "properties": {
            "friendlyName": fabric.server.friendly_name,
            "encryptionDetails": {
                "kekState": "Enabled",
                "kekCertThumbprint": fabric.name[:40].upper(),
                "kekCertExpiryDate": whole_seconds(fabric.registered + timedelta(days=3 * 365)),
            },
            "rolloverEncryptionDetails": {"kekState": "Enabled", "kekCertThumbprint": None},
            # inferred: the identifier is that of the VMM server; recorded: the provider has the same.
            "internalIdentifier": fabric.server.vmm_id.lower(),
            "bcdrState": "Valid",
            "customDetails": {"instanceType": "VMM"},
            "healthErrorDetails": [_health_error(code, fabric.registered) for code in fabric.health_codes],
            "health": "Critical" if fabric.health_codes else "Normal",
        },
    }


def _health_error(code: str, created: datetime) -> Json:
    # documented: HealthError in the API definition; the texts are the lab's own.
    return {
        "errorSource": "",
        "errorType": "HealthError",
        "errorLevel": "Error",
        "errorCategory": "FabricInfrastructure",
        "errorCode": code,
        "summaryMessage": "A health error.",
        "errorMessage": "A health error.",
        "possibleCauses": "",
        "recommendedAction": "",
        # recorded: Azure PowerShell: some health errors have the offset of a time zone.
        "creationTimeUtc": created.astimezone(_ZONE).isoformat(timespec="microseconds"),
        "errorId": code,
    }


def health_issue(code: str) -> Json:
    # documented: HealthErrorSummary in the API definition; inferred: its code is that of the health error.
    return {
        "summaryCode": code,
        "category": "Replication",
        "severity": "Error",
        "summaryMessage": "A health error.",
        "affectedResourceType": "Microsoft.RecoveryServices/vaults/replicationProtectedItems",
        "affectedResourceSubtype": None,
        "affectedResourceCorrelationIds": [],
    }


def site_document(vault: Vault, site: Site) -> Json:
    # recorded: Azure PowerShell, AsrE2ATests, FabricTests.
    return {
        "name": site.name,
        "type": f"{KIND}/replicationFabrics",
        "id": f"{vault.site_id}/replicationFabrics/{site.name}",
        "properties": {
            "friendlyName": site.friendly_name,
            "encryptionDetails": {"kekState": "None", "kekCertThumbprint": None},
            "rolloverEncryptionDetails": {"kekState": "None", "kekCertThumbprint": None},
            "internalIdentifier": site.identifier,
            "bcdrState": "Valid",
            "customDetails": {"instanceType": "HyperVSite"},
            "healthErrorDetails": [],
            "health": "Normal",
        },
    }


def network_document(vault: Vault, fabric: Fabric, network: VmNetworkFacts) -> Json:
    # recorded: Azure PowerShell, AsrE2ATests, TestMapNetwork: the range has a suffix.
    return {
        "type": f"{KIND}/replicationFabrics/replicationNetworks",
        "id": f"{fabric_id(vault, fabric)}/replicationNetworks/{network.id.lower()}",
        "name": network.id.lower(),
        "properties": {
            "fabricType": "VMM",
            "subnets": [
                {
                    "name": str(uuid5(NAMESPACE_URL, f"{network.id}/{name}".casefold())),
                    "friendlyName": name,
                    "addressList": [f"{addresses}-0 0"],
                }
                for name, addresses in network.subnets
            ],
            "friendlyName": network.name,
            "networkType": network.kind,
        },
    }


def provider_document(state: AzureState, vault: Vault, fabric: Fabric) -> Json:
    # recorded: Azure PowerShell, NewModelE2ETest.
    heartbeat = fabric.last_heartbeat if fabric.connected else fabric.last_heartbeat or fabric.registered
    name = fabric.server.vmm_id.lower()
    return {
        "id": f"{fabric_id(vault, fabric)}/replicationRecoveryServicesProviders/{name}",
        "type": f"{KIND}/replicationFabrics/replicationRecoveryServicesProviders",
        "name": name,
        "properties": {
            "fabricType": "VMM",
            "friendlyName": fabric.server.friendly_name,
            "providerVersion": fabric.server.provider_version,
            "serverVersion": fabric.server.server_version,
            **fabric.version_facts,
            "fabricFriendlyName": fabric.server.friendly_name,
            "lastHeartBeat": stamp(state.context.clock.now() if fabric.connected else heartbeat or fabric.registered),
            "connectionStatus": "Connected" if fabric.connected else "NotConnected",
            "protectedItemCount": sum(item.fabric == fabric.name for item in vault.items.values()),
            "allowedScenarios": ["Refresh", "Purge"],
            "healthErrorDetails": [],
        },
    }


def container_document(vault: Vault, fabric: Fabric, cloud: CloudFacts) -> Json:
    # recorded: azure-cli-extensions, test_siterecovery_H2A_E2A_scenarios.
    paired = any(
        id == cloud.id.lower() and one["properties"]["state"] == "Paired"
        for (id, _name), one in vault.associations.items()
    )
    items = sum(item.container == cloud.id.lower() for item in vault.items.values())
    return {
        "id": f"{fabric_id(vault, fabric)}/replicationProtectionContainers/{cloud.id.lower()}",
        "name": cloud.id.lower(),
        "type": f"{KIND}/replicationFabrics/replicationProtectionContainers",
        "properties": {
            "fabricFriendlyName": fabric.server.friendly_name,
            "friendlyName": cloud.name,
            "fabricType": "VMM",
            "protectedItemCount": items,
            "pairingStatus": "Paired" if paired else "NotPaired",
            # recorded: a paired cloud of a VMM server is the primary one.
            "role": "Primary" if paired else "",
            "fabricSpecificDetails": None,
        },
    }
