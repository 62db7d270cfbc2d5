# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the table of error codes of Site Recovery jobs, with the cause and the remedy for each of them.

Sources: "Troubleshoot Hyper-V to Azure replication and failover", "Troubleshoot errors when failing over to Azure",
"Monitor and troubleshoot protection for virtual machines and physical servers" (2016), the issues 68695 and 6131 of
azure-docs, and the texts of recorded jobs.
"""

from __future__ import annotations

from dataclasses import dataclass

#: The machine is protected already, so nothing was changed.
ALREADY_PROTECTED = "45031"
#: The name of the virtual machine in Azure is taken: a warning when protection is enabled.
NAME_TAKEN = "28061"
#: The failover succeeded under another name, because the name was taken.
RENAMED = "28175"
#: Another operation of the machine is running.
COLLISIONS = ("532", "505", "514")
#: Errors that a job may hold although nothing is wrong.
HARMLESS = (ALREADY_PROTECTED, NAME_TAKEN, RENAMED)


@dataclass(frozen=True, slots=True)
class JobRemedy:
    """The meaning of an error code of a job, and its remedy."""

    cause: str
    fix: str


_SEE_PROVIDER = JobRemedy(
    "the owner host could not enable replication", "correct the cause in the Provider's error, then run again"
)
_HYPER_V = JobRemedy(
    "Hyper-V on the owner host refused the replication",
    "read the event logs Microsoft-Windows-Hyper-V-VMMS/Admin and MicrosoftAzureRecoveryServices on the owner host,"
    " remove a replication relationship that is left from another vault, restart vmms and obengine, then run again",
)
_COLLISION = JobRemedy(
    "another operation of the machine is running", "wait until the running job has ended, or cancel it, then run again"
)
_NOT_CONNECTED = JobRemedy(
    "a host or the Provider is not connected to the service",
    "start SCVMMService on the server and obengine on its hosts, run the playbook preflight, then run again",
)

JOB_REMEDIES: dict[str, JobRemedy] = {
    "70094": _HYPER_V,
    "31389": _HYPER_V,
    "60007": _SEE_PROVIDER,
    "40003": _SEE_PROVIDER,
    "23848": JobRemedy("the machine is being migrated", "wait until the migration has ended, then run again"),
    "25018": JobRemedy(
        "the server has no connection to the service",
        "run the playbook preflight, which checks its proxy and addresses",
    ),
    "31218": JobRemedy(
        "VMM cannot set permissions on the folder of the offline initial replication",
        "grant the service account of VMM the right to change permissions on the share and its folder, then run again",
    ),
    ALREADY_PROTECTED: JobRemedy("the machine is protected already", "do nothing"),
    NAME_TAKEN: JobRemedy(
        "the name of the machine in Azure is taken", "choose another target name; otherwise the failover renames it"
    ),
    RENAMED: JobRemedy(
        "the name of the machine in Azure was taken, so the failover renamed it", "use the new name, or rename it"
    ),
    "25037": JobRemedy(
        "the failback is not ready to be committed", "wait until the failback has ended, then run again"
    ),
    "25038": JobRemedy("the failover is not committed yet", "commit the failover first, then run again"),
    **dict.fromkeys(COLLISIONS, _COLLISION),
    "28031": JobRemedy(
        "Azure did not create the virtual machine",
        "correct the cause in Azure's message (quota of cores, size not available, availability set, policy),"
        " clean up the test failover, then run again",
    ),
    "28092": JobRemedy(
        "Azure did not create the network interface",
        "check network, subnet and addresses of the machine, then run again",
    ),
    "70038": JobRemedy("the target is classic, which was retired", "choose a resource group as the target"),
    "170010": JobRemedy(
        "the disks could not be prepared for Azure",
        "prepare the guest as the guide for Azure says, allow the helper machine outbound access to storage,"
        " then run again",
    ),
    "539": JobRemedy("the Provider could not carry out the action", "correct the cause in the other errors of the job"),
    **dict.fromkeys(("581", "708", "813", "SRSDRAHeartbeatMissing"), _NOT_CONNECTED),
    "67501": JobRemedy("replication does not work", "read the health errors of the machine, then resynchronize it"),
    "67502": JobRemedy("replication is paused", "resume replication on the owner host"),
    "67506": JobRemedy("the machine is failed over", "commit the failover, or fail back"),
    "67512": JobRemedy("the last replication is more than 10 minutes old", "check the host's connection and bandwidth"),
    "67518": JobRemedy(
        "more than a fifth of the replication cycles were missed",
        "compare the machine's rate of changes with the bandwidth and the throttling of the agent",
    ),
    "161011": JobRemedy("no test failover has succeeded yet", "run a test failover"),
}
