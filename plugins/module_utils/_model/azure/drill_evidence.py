# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the evidence of a test failover, for people and for auditors.

RTO: from the start to the end of the job. RPO: from the time of the recovery point to the start of the job. The time
of the last replication is not used, because recorded ones are hours off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .drill import Subject
from .jobs import Job, seconds_between, set_moment, shown_moment, shown_seconds
from .protected_item import ProtectedItem


@dataclass(frozen=True, slots=True)
class DrillMachine:
    """A machine that a test failover made, as the details of its job name it."""

    machine: str
    vm_id: str
    name: str
    connection: str
    subnet: str | None
    point_id: str
    point_time: Any

    @classmethod
    def from_wire(cls, document: Mapping[str, Any]) -> DrillMachine:
        return cls(
            str(document.get("friendlyName") or ""),
            str(document.get("name") or ""),
            str(document.get("testVmName") or ""),
            str(document.get("networkConnectionStatus") or ""),
            document.get("subnet") or None,
            str(document.get("recoveryPointId") or ""),
            set_moment(document.get("recoveryPointTime")),
        )


def drill_machines(job: Job | None) -> tuple[DrillMachine, ...]:
    """Return the machines of a job, which the service names when the job has ended."""
    found = (job.details.get("protectedItemDetails") or () if job else ()) or ()
    return tuple(machine for machine in map(DrillMachine.from_wire, found) if machine.name)


@dataclass(slots=True)
class DrillRun:
    """One test failover of this run, from its start to the end of its cleanup."""

    subject: Subject
    before: tuple[ProtectedItem, ...]
    after: tuple[ProtectedItem, ...] = ()
    test: Job | None = None
    cleanup: Job | None = None
    #: Power states by name of the machine in Azure; None: not readable.
    power: dict[str, str | None] = field(default_factory=dict)
    #: Whether the machine is gone after the cleanup; None: not readable.
    deleted: dict[str, bool | None] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    comments: str = ""

    @property
    def succeeded(self) -> bool:
        return not self.problems

    def describe(self) -> str:
        """Return the result in one line."""
        if self.problems:
            return f"{self.subject.name}: {'; '.join(self.problems)}"
        if self.test is None:
            return f"{self.subject.name}: cleaned up"
        rpo = max((machine["rpo_seconds"] or 0 for machine in self._machines()), default=None)
        end = "cleaned up" if self.cleanup else "left open"
        return (
            f"{self.subject.name}: tested, RTO {shown_seconds(self._rto())}, RPO {shown_seconds(rpo)}, {end}"
            f" (job {self.test.name})"
        )

    def _rto(self) -> float | None:
        return seconds_between(self.test.started, self.test.ended) if self.test else None

    def to_result(self) -> dict[str, Any]:
        return {
            "name": self.subject.name,
            "kind": self.subject.kind,
            "succeeded": self.succeeded,
            "problems": list(self.problems),
            "rto_seconds": self._rto(),
            "machines": self._machines(),
            "job": self.test.to_result() if self.test else None,
            "cleanup_job": self.cleanup.to_result() if self.cleanup else None,
            "cleanup_comments": self.comments or None,
        }

    def _machines(self) -> list[dict[str, Any]]:
        return [self._machine(machine) for machine in drill_machines(self.test)]

    def _machine(self, machine: DrillMachine) -> dict[str, Any]:
        started = self.test.started if self.test else None
        before, after = _of(self.before, machine), _of(self.after, machine)
        return {
            "name": machine.machine,
            "vm_id": machine.vm_id,
            "test_vm": machine.name,
            "power_state": self.power.get(machine.name),
            "deleted": self.deleted.get(machine.name),
            "network_connection": machine.connection,
            "subnet": machine.subnet,
            "recovery_point_id": machine.point_id,
            "recovery_point_time": shown_moment(machine.point_time),
            "rpo_seconds": seconds_between(machine.point_time, started),
            "policy": before.policy if before else None,
            "replication": _replication(before),
            "health_before": _health(before),
            "health_after": _health(after),
        }


def _of(items: Sequence[ProtectedItem], machine: DrillMachine) -> ProtectedItem | None:
    return next((item for item in items if item.vm_id.casefold() == machine.vm_id.casefold()), None)


def _replication(item: ProtectedItem | None) -> dict[str, Any] | None:
    if item is None:
        return None
    details = item.details
    return {
        "rpo_seconds": details.get("rpoInSeconds"),
        "rpo_calculated": shown_moment(set_moment(details.get("lastRpoCalculatedTime"))),
        "last_recovery_point": shown_moment(set_moment(details.get("lastRecoveryPointReceived"))),
    }


def _health(item: ProtectedItem | None) -> dict[str, Any] | None:
    if item is None:
        return None
    return {
        "replication": item.health,
        "failover": item.properties.get("failoverHealth"),
        "codes": [error.code for error in item.health_errors],
    }
