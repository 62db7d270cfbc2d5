# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: whether a virtual machine can be protected: the table of rules, and their results as checks.

A rule reads the facts of a candidate and calls nothing. `vm_info` reports all rules, and the module that protects a
machine requires them. A rule that only the guest could answer is a question for its owner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from . import eligibility_rules as judge
from .candidate import Candidate, Where
from .check import Check, Severity
from .eligibility_rules import Verdict

STEP: Final = "N3"
_MATRIX: Final = "Support matrix for Hyper-V, 2026-09"
_PLANNER: Final = "Deployment planner for Hyper-V, 2023"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `judge` is None for a question to the owner of the guest, and for what is decided elsewhere."""

    number: int
    id: str
    severity: Severity
    title: str
    source: str
    judge: Callable[[Candidate], Verdict] | None = None
    #: The question to the owner where only the guest knows the answer.
    question: str = ""

    def to_result(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "id": self.id,
            "severity": self.severity,
            "title": self.title,
            "source": self.source,
            "question": self.question,
        }


@dataclass(frozen=True, slots=True)
class Result:
    """The check of a rule, with where the deciding fact was read."""

    rule: Rule
    check: Check
    read_from: Where | None

    def to_result(self) -> dict[str, Any]:
        return {**self.check.to_result(), "read_from": self.read_from, "source": self.rule.source}


RULES: Final[tuple[Rule, ...]] = (
    Rule(1, "vm-system-disk", "error", "Size of the disk of the operating system", _MATRIX, judge.system_disk),
    Rule(
        2,
        "vm-one-system-disk",
        "error",
        "One disk of the operating system",
        _MATRIX,
        question="Does only one disk hold an operating system?",
    ),
    Rule(3, "vm-disk-count", "error", "Number of disks", _MATRIX, judge.disk_count),
    Rule(4, "vm-data-disks", "error", "Sizes of data disks", _MATRIX, judge.data_disks),
    Rule(5, "vm-azure-name", "warning", "Name in Azure", "Naming rules of Azure resources", judge.azure_name),
    Rule(6, "vm-planner-name", "warning", "Name for the planner", _PLANNER, judge.planner_name),
    Rule(7, "vm-shared-disk", "error", "Shared virtual disks", _MATRIX, judge.shared_disk),
    Rule(8, "vm-physical-disk", "error", "Physical disks", _MATRIX, judge.physical_disk),
    Rule(9, "vm-fibre-channel", "error", "Virtual Fibre Channel", _MATRIX, judge.fibre_channel),
    Rule(10, "vm-bitlocker", "error", "BitLocker in the guest", _MATRIX, question="Is BitLocker off in the guest?"),
    Rule(11, "vm-shielded", "error", "Shielding and virtual TPM", _MATRIX, judge.protected_keys),
    Rule(12, "vm-secure-boot", "error", "Secure Boot", _MATRIX, judge.secure_boot),
    Rule(13, "vm-generation", "warning", "Generation", _MATRIX, judge.generation),
    Rule(
        14,
        "vm-linux-generation",
        "warning",
        "Linux on generation 2",
        "Support matrix for Hyper-V, 2018; Azure Local, 2025-04",
        judge.linux_generation,
    ),
    Rule(15, "vm-operating-system", "error", "Operating system of the guest", _MATRIX, judge.operating_system),
    Rule(16, "vm-freebsd", "warning", "FreeBSD", "No page names FreeBSD", judge.freebsd),
    Rule(
        17,
        "vm-dynamic-disks",
        "warning",
        "Dynamic disks and striped volumes",
        _MATRIX,
        question="Is the disk of the operating system a basic disk, and does no volume span excluded disks?",
    ),
    Rule(
        18,
        "vm-storage-spaces",
        "error",
        "Storage Spaces in the guest",
        _MATRIX,
        question="Does the guest work without Storage Spaces and Storage Spaces Direct?",
    ),
    Rule(19, "vm-lvm", "warning", "LVM", _MATRIX, question="Are LVM volumes on data disks only?"),
    Rule(20, "vm-native-sectors", "error", "Disks with sectors of 4096 bytes", _MATRIX, judge.native_sectors),
    Rule(
        21, "vm-network-shares", "error", "SMB 3 and NFS", _MATRIX, question="Does the guest have no SMB 3 or NFS disk?"
    ),
    Rule(22, "vm-iscsi", "warning", "iSCSI in the guest", _MATRIX, question="Does the guest have no iSCSI disk?"),
    Rule(23, "vm-host-storage", "info", "CSV, SMB 3, SAN and MPIO of the host are supported", _MATRIX),
    Rule(24, "vm-disks-in-azure", "warning", "Disks that changed", _MATRIX, judge.disks_in_azure),
    Rule(25, "vm-excluded-disks", "info", "Disks are excluded only at the start of protection", _MATRIX),
    Rule(26, "vm-adapter-count", "warning", "Number of network adapters", _MATRIX, judge.adapter_count),
    Rule(27, "vm-ipv6", "warning", "IPv6", _MATRIX, judge.ipv6),
    Rule(28, "vm-apipa", "warning", "Addresses of APIPA", _MATRIX, judge.apipa),
    Rule(29, "vm-checkpoints", "warning", "Checkpoints", "Failback for Hyper-V, 2019-12", judge.checkpoints),
    Rule(30, "vm-replication", "error", "Replication by Hyper-V", "Common questions for Hyper-V", judge.replication),
    Rule(31, "vm-host-backup", "error", "Azure Backup on the host", "azure-docs issue 112808, 2023", judge.host_backup),
    Rule(
        32,
        "vm-high-availability",
        "error",
        "Machine of a cluster",
        f"{_PLANNER}; Azure Local, 2025-04",
        judge.availability,
    ),
    Rule(33, "vm-replica-broker", "warning", "Replica Broker of the cluster", _PLANNER, judge.replica_broker),
    Rule(
        34, "vm-migration", "warning", "Live migration", "Monitor and troubleshoot protection: 23848", judge.migration
    ),
    Rule(
        35,
        "vm-storage-migration",
        "info",
        "Storage migration changes paths, which needs at least a resynchronization",
        "Inferred: no page names it",
    ),
    Rule(
        36,
        "vm-churn",
        "warning",
        "Changes per second",
        _MATRIX,
        question="Does the machine write less than 54 MB/s, and less than its target disks can take?",
    ),
    Rule(37, "vm-log-space", "warning", "Free space for replication logs", _PLANNER, judge.log_space),
    Rule(
        38, "vm-integration-services", "warning", "Integration services", "KB on 0x80070032", judge.integration_services
    ),
    Rule(39, "vm-zones", "info", "Availability zones are not supported as target", _MATRIX),
    Rule(
        40,
        "vm-special-software",
        "warning",
        "Docker disks and software that is bound to a MAC address",
        "Common questions for Hyper-V",
        question="Does the guest work with another MAC address, and without Docker or ephemeral disks?",
    ),
    Rule(
        41,
        "vm-guest-preparation",
        "warning",
        "Preparation of the guest",
        "Prepare machines for Azure, 2022-07",
        question="Is Remote Desktop on, is the SAN policy OnlineAll, and does the guest have no pending updates, static"
        " routes and WinHTTP proxy?",
    ),
    Rule(42, "vm-switch-names", "error", "Names of switches and VM networks", "KB3060975, 2024-04", judge.switch_names),
)
#: Rules that a check decides, and questions to the owner of the guest.
CHECKED: Final = tuple(rule for rule in RULES if rule.judge is not None)
QUESTIONS: Final = tuple(rule for rule in RULES if rule.question)


def assess(candidate: Candidate) -> list[Result]:
    """Return the result of every rule that can be read, in the order of the table."""
    return [_result(rule, rule.judge(candidate)) for rule in CHECKED if rule.judge is not None]


def checks(candidate: Candidate) -> list[Check]:
    """Return the checks of a machine, for `require` and `worst`."""
    return [result.check for result in assess(candidate)]


def counted(results: Iterable[Iterable[Result]]) -> Mapping[str, int]:
    """Return how many machines each rule stops, by id. Rules that stop none are left out."""
    found: dict[str, int] = {}
    for machine in results:
        for result in machine:
            if result.check.blocks:
                found[result.rule.id] = found.get(result.rule.id, 0) + 1
    return found


def _result(rule: Rule, verdict: Verdict) -> Result:
    severity: Severity = verdict.severity or rule.severity
    # As every other check, a passed one is for the record, and an unknown one does not block.
    severity = "info" if verdict.status == "pass" else severity
    if verdict.status == "unknown" and severity == "error":
        severity = "warning"
    check = Check(rule.id, STEP, severity, verdict.status, verdict.message, verdict.fix)
    return Result(rule, check, verdict.where)
