# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The resources of Site Recovery as JSON documents."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

from ..context import CloudFacts, VmNetworkFacts
from .documents import stamp
from .messages import Json
from .records import Fabric, Job, Site, Vault
from .state import AzureState

KIND = "Microsoft.RecoveryServices/vaults"


def fabric_id(vault: Vault, fabric: Fabric) -> str:
    return f"{vault.site_id}/replicationFabrics/{fabric.name}"


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
        "creationTimeUtc": stamp(created),
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


def _job_error(job: Job, code: str, provider: int) -> Json:
    # recorded: Azure PowerShell, AsrE2ATests: members of the errors of a failed job.
    return {
        "serviceErrorDetails": {
            "code": code,
            "message": "The operation failed.",
            "possibleCauses": "See the error of the Provider.",
            "recommendedAction": "",
            "activityId": job.id,
        },
        "providerErrorDetails": {
            "errorCode": provider,
            "errorMessage": "",
            "errorId": "",
            "possibleCauses": "",
            "recommendedAction": "",
        },
        "errorLevel": "Error",
        "creationTime": stamp(job.started),
        "taskId": "",
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
            "protectedItemCount": 0,
            "allowedScenarios": ["Refresh", "Purge"],
            "healthErrorDetails": [],
        },
    }


def container_document(vault: Vault, fabric: Fabric, cloud: CloudFacts) -> Json:
    # recorded: azure-cli-extensions, test_siterecovery_H2A_E2A_scenarios.
    return {
        "id": f"{fabric_id(vault, fabric)}/replicationProtectionContainers/{cloud.id.lower()}",
        "name": cloud.id.lower(),
        "type": f"{KIND}/replicationFabrics/replicationProtectionContainers",
        "properties": {
            "fabricFriendlyName": fabric.server.friendly_name,
            "friendlyName": cloud.name,
            "fabricType": "VMM",
            "protectedItemCount": 0,
            "pairingStatus": "NotPaired",
            "role": "",
            "fabricSpecificDetails": None,
        },
    }


def is_old(version: str) -> bool:
    """Tell whether an api-version is of the first generation, in which the polling address is the job itself."""
    # recorded: 2016-08-10 and 2022-08-01; inferred: 2018-01-10 is like the later ones.
    return version < "2018-01-10"


def job_document(vault: Vault, job: Job, version: str) -> Json:
    # recorded: azure-cli-extensions, test_siterecovery_vault_scenarios; Azure PowerShell (RegisterDra).
    document = _job(vault, job)
    properties = document["properties"]
    if is_old(version):
        # recorded: Azure PowerShell, AsrE2ATests: the state of a polling address, and no type.
        del document["type"]
        document |= {"status": job.state, "error": None}
        document |= {name: properties[name] for name in ("startTime", "endTime")}
    # recorded: both times are missing and not null until they are known.
    for name in ("startTime", "endTime"):
        if properties[name] is None:
            del properties[name]
    return document


def _job(vault: Vault, job: Job) -> Json:
    return {
        "id": f"{vault.site_id}/replicationJobs/{job.id}",
        "name": job.id,
        "type": f"{KIND}/replicationJobs",
        "properties": {
            "activityId": None,
            "scenarioName": job.scenario,
            "friendlyName": job.title,
            "state": job.state,
            "stateDescription": {"Succeeded": "Completed", "InProgress": "InProgress"}.get(job.state, job.state),
            "tasks": [],
            "errors": [_job_error(job, *each) for each in job.errors],
            "startTime": None if job.state == "NotStarted" else stamp(job.started),
            "endTime": whole_seconds(job.ended) if job.ended else None,
            # recorded: most running jobs of an older api-version allow it.
            "allowedActions": ["Cancel"] if job.state == "InProgress" else [],
            "targetObjectId": job.target_id,
            "targetObjectName": job.target_name,
            "targetInstanceType": job.target_kind,
            "customDetails": None,
        },
    }


def whole_seconds(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
