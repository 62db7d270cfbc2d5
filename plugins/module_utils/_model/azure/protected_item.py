# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: protected items: the state of the replication of a machine, and the settings of its target.

The order of states is recorded: an item is Protected before it is ready, because the job that finishes the protection
still runs. Unknown states count as in progress.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..common.shown_text import foreign
from .job_remedies import JOB_REMEDIES

#: `enabling`: its job runs. `copying`: the first copy runs, without any job. `finishing`: the last job runs.
Phase = Literal["unprotected", "enabling", "copying", "finishing", "ready", "testing", "failed over", "waiting"]
_NONE = ("", "none")
#: Health errors that are information: no test failover yet, and a machine that is failed over.
_INFORMATION = ("161011", "67506")


@dataclass(frozen=True, slots=True)
class TargetNic:
    """A network adapter of the replica, with the document that an update has to send back."""

    id: str
    vm_network: str
    network_id: str | None
    subnet: str | None
    address: str
    used: bool
    document: Mapping[str, Any]

    @classmethod
    def from_wire(cls, document: Mapping[str, Any]) -> TargetNic:
        configuration = (document.get("ipConfigs") or [{}])[0] or {}
        return cls(
            str(document.get("nicId") or ""),
            str(document.get("vMNetworkName") or ""),
            document.get("recoveryVMNetworkId") or None,
            configuration.get("recoverySubnetName") or None,
            str(configuration.get("recoveryStaticIPAddress") or ""),
            str(document.get("selectionType")).casefold() != "notselected",
            document,
        )

    def to_result(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "vm_network": self.vm_network,
            "network": self.network_id,
            "subnet": self.subnet,
            "address": self.address or None,
            "used": self.used,
        }


@dataclass(frozen=True, slots=True)
class HealthError:
    """A health error of an item, with the remedy of the table of codes."""

    code: str
    message: str

    @property
    def informs(self) -> bool:
        return self.code in _INFORMATION

    def describe(self) -> str:
        remedy = JOB_REMEDIES.get(self.code)
        return f"{self.code}: {self.message}" + (f"; {remedy.fix}" if remedy else "")


@dataclass(frozen=True, slots=True)
class ProtectedItem:
    """A protected item as one reading showed it. `vm_id` is the id of the machine in VMM."""

    id: str
    name: str
    machine: str
    vm_id: str
    policy: str
    protection_state: str
    vm_state: str
    operations: tuple[str, ...]
    location: str
    test_state: str
    scenario: str
    job: str | None
    percent: str | None
    health: str
    health_errors: tuple[HealthError, ...]
    nics: tuple[TargetNic, ...]
    properties: Mapping[str, Any]
    details: Mapping[str, Any]

    @classmethod
    def from_wire(cls, document: Mapping[str, Any]) -> ProtectedItem:
        properties = document.get("properties") or {}
        details = properties.get("providerSpecificDetails") or {}
        scenario = properties.get("currentScenario") or {}
        job = str(scenario.get("jobId") or "").rpartition("/")[2]
        return cls(
            id=str(document.get("id")),
            name=str(document.get("name")),
            machine=str(properties.get("friendlyName") or document.get("name")),
            vm_id=str(details.get("vmId") or str(properties.get("protectableItemId") or "").rpartition("/")[2]),
            policy=str(properties.get("policyFriendlyName") or ""),
            protection_state=str(properties.get("protectionState") or ""),
            vm_state=str(details.get("vmProtectionState") or ""),
            operations=tuple(map(str, properties.get("allowedOperations") or ())),
            location=str(properties.get("activeLocation") or ""),
            test_state=str(properties.get("testFailoverState") or ""),
            scenario=str(scenario.get("scenarioName") or ""),
            job=None if job.casefold() in _NONE else job,
            percent=(details.get("initialReplicationDetails") or {}).get("initialReplicationProgressPercentage"),
            health=str(properties.get("replicationHealth") or ""),
            health_errors=tuple(
                HealthError(str(error.get("errorCode")), foreign(error.get("errorMessage") or ""))
                for error in properties.get("healthErrors") or ()
            ),
            nics=tuple(TargetNic.from_wire(nic) for nic in details.get("vmNics") or ()),
            properties=properties,
            details=details,
        )

    def allows(self, operation: str) -> bool:
        return operation.casefold() in (name.casefold() for name in self.operations)

    @property
    def is_protected(self) -> bool:
        """Tell whether both states are Protected, which comes before the machine is ready."""
        return self.protection_state.casefold() == "protected" and self.vm_state.casefold() == "protected"

    @property
    def phase(self) -> Phase:
        """Return where the item is. Ready needs both states and an allowed test failover (recorded)."""
        if self.is_protected and self.allows("TestFailover"):
            return "ready"
        if self.location.casefold() == "recovery" or "failover" in self.protection_state.casefold():
            return "failed over"
        if self.test_state.casefold() not in (*_NONE, "markedfordeletion"):
            return "testing"
        if self.protection_state.casefold() != "protected":
            return "copying"
        return "finishing" if self.scenario.casefold() not in _NONE or not self.is_protected else "waiting"

    @property
    def has_settings(self) -> bool:
        """Tell whether adapters and network are known: until the item is Protected, both are empty (recorded)."""
        return self.protection_state.casefold() == "protected"

    @property
    def needs_resync(self) -> bool:
        return self.allows("RepairReplication")

    def describe(self) -> str:
        """Return the state in a few words."""
        states = f"{self.protection_state or 'unknown'}, {self.vm_state or 'unknown'}"
        return f"{self.phase} ({states})"

    def problems(self) -> list[str]:
        """Return the health errors that need attention."""
        return [error.describe() for error in self.health_errors if not error.informs]
