# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The built-in roles of Site Recovery (documented: Azure built-in roles; recorded: the list of role definitions)."""

from __future__ import annotations

_VAULT = "Microsoft.RecoveryServices/vaults/"
_ITEMS = "replicationFabrics/replicationProtectionContainers/replicationProtectedItems/"
# Reads of all three roles, below the vault.
_READS = (
    "extendedInformation/read",
    "monitoringConfigurations/notificationConfiguration/read",
    "read",
    "refreshContainers/read",
    "registeredIdentities/operationResults/read",
    "registeredIdentities/read",
    "replicationAlertSettings/read",
    "replicationEvents/read",
    "replicationFabrics/read",
    "replicationFabrics/replicationNetworks/read",
    "replicationFabrics/replicationNetworks/replicationNetworkMappings/read",
    "replicationFabrics/replicationProtectionContainers/read",
    "replicationFabrics/replicationProtectionContainers/replicationProtectableItems/read",
    f"{_ITEMS}read",
    f"{_ITEMS}recoveryPoints/read",
    "replicationFabrics/replicationProtectionContainers/replicationProtectionContainerMappings/read",
    "replicationFabrics/replicationRecoveryServicesProviders/read",
    "replicationFabrics/replicationStorageClassifications/read",
    "replicationFabrics/replicationStorageClassifications/replicationStorageClassificationMappings/read",
    "replicationFabrics/replicationvCenters/read",
    "replicationJobs/read",
    "replicationPolicies/read",
    "replicationRecoveryPlans/read",
    "replicationVaultSettings/read",
    "storageConfig/read",
    "tokenInfo/read",
    "usages/read",
    "vaultTokens/read",
)
_OPERATIONS = (
    "monitoringAlerts/*",
    "replicationFabrics/checkConsistency/action",
    "replicationFabrics/reassociateGateway/action",
    "replicationFabrics/renewcertificate/action",
    *(
        f"{_ITEMS}{name}/action"
        for name in (
            "applyRecoveryPoint",
            "failoverCommit",
            "plannedFailover",
            "repairReplication",
            "reProtect",
            "testFailover",
            "testFailoverCleanup",
            "unplannedFailover",
            "updateMobilityService",
        )
    ),
    "replicationFabrics/replicationProtectionContainers/switchprotection/action",
    "replicationFabrics/replicationRecoveryServicesProviders/refreshProvider/action",
    "replicationJobs/*",
    *(
        f"replicationRecoveryPlans/{name}/action"
        for name in (
            "failoverCommit",
            "plannedFailover",
            "reProtect",
            "testFailover",
            "testFailoverCleanup",
            "unplannedFailover",
        )
    ),
)
_MANAGEMENT = (
    "certificates/write",
    "extendedInformation/*",
    "monitoringAlerts/*",
    "monitoringConfigurations/notificationConfiguration/read",
    "read",
    "refreshContainers/read",
    "registeredIdentities/*",
    "replicationAlertSettings/*",
    "replicationEvents/read",
    "replicationFabrics/*",
    "replicationJobs/*",
    "replicationOperationStatus/read",
    "replicationPolicies/*",
    "replicationRecoveryPlans/*",
    "replicationVaultSettings/*",
    "storageConfig/*",
    "tokenInfo/read",
    "usages/read",
    "vaultTokens/read",
)
_EVERYONE = (
    "Microsoft.Authorization/*/read",
    "Microsoft.RecoveryServices/locations/allocatedStamp/read",
    "Microsoft.Support/*",
)
_AROUND = (
    *_EVERYONE,
    "Microsoft.Insights/alertRules/*",
    "Microsoft.Network/virtualNetworks/read",
    "Microsoft.RecoveryServices/locations/allocateStamp/action",
    "Microsoft.ResourceHealth/availabilityStatuses/read",
    "Microsoft.Resources/deployments/*",
    "Microsoft.Resources/subscriptions/resourceGroups/read",
    "Microsoft.Storage/storageAccounts/read",
)


def _below(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{_VAULT}{name}" for name in names)


#: No role but the Contributor may follow a write through `replicationOperationStatus`.
SITE_RECOVERY_ROLES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "Site Recovery Contributor": ((*_AROUND, *_below(_MANAGEMENT)), ()),
    "Site Recovery Operator": ((*_AROUND, *_below(_READS), *_below(_OPERATIONS)), ()),
    "Site Recovery Reader": ((*_EVERYONE, *_below(_READS), *_below(("monitoringAlerts/read",))), ()),
}
