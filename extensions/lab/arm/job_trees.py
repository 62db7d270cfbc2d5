# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tasks of each kind of job (recorded: Azure PowerShell and azure-cli-extensions; ids, names, titles and times)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .jobs import Job, JobTask


@dataclass(frozen=True, slots=True)
class Tree:
    """One scenario: its title, and its tasks as id, name, title and seconds."""

    title: str
    tasks: tuple[tuple[str, str, str, float], ...] = ()


_UPDATE = ("UpdateDraStateTask", "UpdateDraState", "Updating the provider states", 6.0)
# An empty id stands for a random one.
TREES: Mapping[str, Tree] = {
    "AddProtectionProfile": Tree(
        "Create replication policy",
        (
            (
                "AddProtectionProfilePreflightsCheckTask",
                "AddProtectionProfilePreflightsCheckTask",
                "Prerequisites check for creating the replication policy",
                0.5,
            ),
            ("AddProtectionProfileTask", "AddProtectionProfileTask", "Creating the replication policy", 0.5),
        ),
    ),
    # inferred: the scenario, its title and its tasks; no change of a policy was recorded with its job.
    "UpdateProtectionProfile": Tree(
        "Update replication policy",
        (("UpdateProtectionProfileTask", "UpdateProtectionProfileTask", "Updating the replication policy", 1.0),),
    ),
    "RemoveProtectionProfile": Tree(
        "Remove the replication policy",
        (
            (
                "RemoveProtectionProfilePreflightsCheckTask",
                "RemoveProtectionProfilePreflightsCheckTask",
                "Checking prerequisites for replication policy removal",
                0.2,
            ),
            ("RemoveProtectionProfileTask", "RemoveProtectionProfileTask", "Removing the replication policy", 0.8),
        ),
    ),
    # The tasks are those of a Hyper-V site, the whole time is that of VMM.
    "AssociateProtectionProfile": Tree(
        "Associate replication policy",
        (
            (
                "CloudPairingWfPreflightChecksTask",
                "CloudPairingPrerequisitesCheck",
                "Check protection prerequisites",
                1,
            ),
            ("CloudPairingWfPrepareSiteTask", "CloudPairingPrepareSite", "Prepare the server", 1),
            (
                "CloudPairingWfPrepareCloudForPairingTask",
                "CloudPairingPrepareCloud",
                "Prepare for configuring protection",
                120,
            ),
            ("CloudPairingWfPairCloudsTask", "CloudPairingPairClouds", "Configure the protection settings", 28),
        ),
    ),
    "DissociateProtectionProfile": Tree(
        "Dissociate replication policy",
        (
            (
                "CloudUnpairingWfPreflightChecksTask",
                "CloudUnpairingPrerequisitesCheck",
                "Prerequisites check for dissociating the replication policy",
                1,
            ),
            (
                "CloudUnpairingWfUnpairCloudsTask",
                "CloudUnpairingUnpairClouds",
                "Remove the protection configuration",
                18,
            ),
            (
                "CloudUnpairingWfCleanupCloudsTask",
                "CloudUnpairingCleanupClouds",
                "Clean up the protection configuration",
                8,
            ),
            ("CloudUnpairingWfCleanupSiteTask", "CloudUnpairingCleanupSite", "Clean up the configuration", 10),
        ),
    ),
    # recorded: title and a time of one second; inferred: its tasks are not shown in a list.
    "PurgeProtectionProfileAssociation": Tree("Purge association between the replication policy and containers"),
    "NetworkPairing": Tree("Map Networks", (("", "ModifyVMNetworksPairingStatusTask", "Map network", 2.2),)),
    "NetworkUnPairing": Tree("Remove map", (("", "ModifyVMNetworksUnPairingStatusTask", "Unmap network", 30),)),
    "EnableDr": Tree(
        "Enable replication",
        (
            (
                "EnableProtectionPreflightChecksTask",
                "EnableProtectionPrerequisitesCheck",
                "Prerequisites check for enabling protection",
                3,
            ),
            ("CreateProtectionTargetTask", "CreateProtectionTarget", "Identifying the replication target", 18),
            ("EnableProtectionTask", "EnableProtection", "Enable replication", 13),
            ("StartInitialReplicationTask", "VmStartInitialReplication", "Starting initial replication", 12),
            ("UpdateDraStateTask", "UpdateDraState", "Updating the provider states", 0.3),
        ),
    ),
    "IrCompletion": Tree(
        "Finalize protection on the virtual machine",
        (
            ("CompleteInitialReplicationTask", "CompleteInitialReplication", "Complete initial replication", 1),
            (
                "ReplicaConfigurationPreflightChecksTask",
                "FailWorkflowOnIRFailureTask",
                "Finalizing initial replication",
                1,
            ),
            (
                "ReplicaConfigurationTask",
                "ReplicaConfiguration",
                "Complete network and post-replication configuration",
                52,
            ),
            _UPDATE,
        ),
    ),
    "UpdateVmProperties": Tree(
        "Update the virtual machine",
        (("", "UpdateVmPropertiesTask", "Update the virtual machine properties", 3.3),),
    ),
    "RepairVMReplication": Tree(
        "Resynchronize the virtual machine",
        (("", "RepairVmReplicationTask", "Starting resynchronization for the virtual machine", 37),),
    ),
    "TestFailover": Tree(
        "Test failover",
        (
            (
                "TestFailoverPreflightChecksTask",
                "VmTfoPrerequisitesCheck",
                "Prerequisites check for test failover",
                2,
            ),
            ("BeginTestFailoverTask", "VmTfoInitiateFailover", "Starting test failover", 130),
            ("PrepareTestProtectedEntitiesTask", "VmTfoPrepareTestVm", "Creating test virtual machine", 140),
            ("BootTestProtectedEntitiesTask", "VmTfoBootTestVm", "Start the virtual machine", 5),
        ),
    ),
    "TestFailoverCleanup": Tree(
        "Test failover cleanup",
        (
            (
                "TestFailoverCleanupPreflightChecksTask",
                "VmTfoCleanupPreflightsCheck",
                "Prerequisites check for test failover cleanup",
                0.3,
            ),
            ("EndTestFailoverTask", "VmTfoEndFailover", "Ending test failover", 0.5),
            ("CleanupTestProtectedEntitiesTask", "VmTfoDeleteTestVm", "Clean up the test virtual machine", 77),
        ),
    ),
    "PlannedFailover": Tree(
        "Planned failover",
        (
            (
                "PlannedFailoverPreflightChecksTask",
                "VmPfoPrerequisitesCheck",
                "Prerequisites check for planned failover",
                2,
            ),
            ("ShutdownVmOnPrimary", "VmShutdownVmOnPrimary", "Shut down the virtual machine", 60),
            ("PrepareForFailoverTask", "VmPrepareForFailover", "Preparing for failover", 120),
            ("FailoverTask", "VmFailover", "Start failover", 300),
            ("StartVmOnSecondary", "VmFoStartVmOnSecondary", "Start the replica virtual machine", 98),
        ),
    ),
    # recorded: the ids; inferred: names and titles that a planned failover does not have.
    "UnplannedFailover": Tree(
        "Failover",
        (
            (
                "UnplannedFailoverPreflightChecksTask",
                "VmUfoPrerequisitesCheck",
                "Prerequisites check for failover",
                2,
            ),
            ("ShutdownVmOnPrimaryForUFO", "VmShutdownVmOnPrimaryForUFO", "Shut down the virtual machine", 60),
            ("PrepareForUnPlannedFailoverTask", "VmPrepareForUnPlannedFailover", "Preparing for failover", 1),
            ("FailoverTask", "VmFailover", "Start failover", 620),
            ("StartVmOnSecondary", "VmFoStartVmOnSecondary", "Start the replica virtual machine", 122),
        ),
    ),
    # recorded: one second; inferred: the tasks of a commit.
    "CommitFailover": Tree("Commit", (("", "CommitFailoverTask", "Commit", 1),)),
    "FinalizeFailback": Tree(
        "Commit",
        (
            (
                "FinalizeRestoreOnRecovery",
                "FinalizeRestoreOnRecovery",
                "Finalizing restore on the recovery virtual machine",
                1,
            ),
            (
                "FinalizeRestoreOnPrimary",
                "FinalizeRestoreOnPrimary",
                "Finalizing restore on the primary virtual machine",
                1,
            ),
        ),
    ),
    "ReprotectReplicationGroup": Tree(
        "Reverse replication",
        (
            ("CreateProtectionTargetTask", "CreateProtectionTarget", "Identifying the replication target", 18),
            ("EnableProtectionTask", "EnableProtection", "Enable replication", 13),
            ("StartInitialReplicationTask", "VmStartInitialReplication", "Starting initial replication", 12),
        ),
    ),
    "DisableDr": Tree(
        "Disable replication",
        (
            (
                "DisableProtectionOnPrimaryTask",
                "DisableProtectionOnPrimary",
                "Disable replication on the source location",
                30,
            ),
            (
                "DisableProtectionOnSecondaryTask",
                "DisableProtectionOnSecondary",
                "Disable replication on the target location",
                24,
            ),
            _UPDATE,
        ),
    ),
    # inferred: title and tasks of a purge; recorded: that it succeeds within a second.
    "PurgeVm": Tree("Purge the virtual machine"),
    "SaveRecoveryPlan": Tree("Save a recovery plan", (("", "SaveRecoveryPlanTask", "Save a recovery plan task", 0.3),)),
    "UpdateRecoveryPlan": Tree(
        "Save a recovery plan", (("", "SaveRecoveryPlanTask", "Save a recovery plan task", 0.3),)
    ),
    "DeleteRecoveryPlan": Tree(
        "Delete a recovery plan", (("", "DeleteRecoveryPlanTask", "Delete a recovery plan task", 0.3),)
    ),
    "RegisterDra": Tree("Register the Azure Site Recovery Provider"),
    "RefreshFabricLayout": Tree(
        "Refresh server details",
        (
            ("RefreshFabricLayoutTask", "RefreshFabricLayoutTask", "Getting details from server", 15),
            ("WaitForLayoutProcessingTask", "WaitForLayoutProcessingTask", "Processing details", 15),
        ),
    ),
    "RefreshVaultHealth": Tree(
        "Refresh vault health",
        (("RefreshFailoverHealthTask", "RefreshFailoverHealthTask", "Refreshing failover health", 1),),
    ),
    "HostOrClusterAddition": Tree("Updating protection configuration"),
    "UnregisterFabric": Tree(
        "Delete server",
        (
            (
                "UnregisterFabricPreflightChecksTask",
                "UnregisterFabricPreflightCheckTask",
                "Prerequisites check for deleting the server",
                0.6,
            ),
            ("CleanupFabricTask", "CleanupFabricTask", "Cleaning up the provider settings", 65),
            ("UnregisterFabricTask", "UnregisterFabricTask", "Deleting the server", 0.1),
        ),
    ),
    "PurgeVMM": Tree(
        "Delete the server",
        (
            (
                "PurgeFabricPreflightChecksTask",
                "PurgeFabricPreflightChecksTask",
                "Prerequisites check for deleting the server",
                3,
            ),
            ("PurgeFabricTask", "PurgeFabricTask", "Deleting the server", 0.1),
        ),
    ),
}


def tasks_of(
    scenario: str,
    work: Mapping[str, Callable[[Job], None]] | None = None,
    seconds: Mapping[str, float] | None = None,
) -> list[JobTask]:
    """Return new tasks of a scenario; `work` and `seconds` belong to the ids of tasks, or to names of random ids."""
    made = [JobTask(*task) for task in TREES[scenario].tasks]
    for task in made:
        task.work = (work or {}).get(task.point)
        task.seconds = (seconds or {}).get(task.point, task.seconds)
    return made
