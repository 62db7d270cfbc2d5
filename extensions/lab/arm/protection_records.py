# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The records of protected items: what a vault stores about the replication of one virtual machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from ..context import DiskFacts, VirtualMachineFacts
from .messages import Json

#: The operations on an item that is ready (recorded: azure-cli-extensions, test_siterecovery_H2A_B2A).
READY = ("PlannedFailover", "UnplannedFailover", "DisableProtection", "TestFailover")
#: The operations while the first copy runs (recorded: test_siterecovery_H2A_E2A).
COPYING = ("DisableProtection",)


@dataclass(frozen=True, slots=True)
class Scenario:
    """The job that an item shows as running: the only reference to a job that no request started."""

    name: str
    job: str
    started: datetime


@dataclass(slots=True)
class ProtectedItem:
    """The replication of one virtual machine. `container` is the id of its cloud in lower case."""

    name: str
    fabric: str
    container: str
    machine: VirtualMachineFacts
    policy: str
    enabled: datetime
    correlation: str
    disks: tuple[DiskFacts, ...]
    os_disk: str
    #: The settings of the target, in the form in which the item shows them.
    target: Json
    #: The place of the target while the adapters are not shown yet: network and subnet of the request.
    network: str | None = None
    subnet: str | None = None
    #: Managed disks that the service created for the replica, by the id of the disk: resource id and type.
    seeds: dict[str, tuple[str, str]] = field(default_factory=dict)
    protection_state: str = "InitialReplicationInProgress"
    vm_state: str = "UnprotectedStatesBegin"
    location: str = "Primary"
    test_state: str = "None"
    progress: int = 0
    operations: tuple[str, ...] = COPYING
    scenario: Scenario | None = None
    adapters: list[Json] = field(default_factory=list)
    #: The time of the first recovery point; None before the first copy ended.
    first_point: datetime | None = None
    #: Whether a test failover has succeeded, and when the last one did.
    tested: bool = False
    last_test: datetime | None = None
    #: The virtual machine in Azure that a failover made, and the recovery point and the time of the last failover.
    azure_machine: str | None = None
    failover_point: str | None = None
    last_failover: datetime | None = None
    #: Codes of health errors in addition to the one about the missing test failover.
    health_codes: list[str] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, str, str]:
        """Return what distinguishes the item in its vault."""
        return self.fabric.lower(), self.container, self.name.lower()
