# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the evidence of a test failover, for people and for auditors.

RTO: from the start to the end of the job, or in a recovery plan to the end of the task that started the machine's
group. RPO: from the time of the recovery point to the start of the job. The time of the last replication is not used,
because recorded ones are hours off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..common.names import same_name
from .drill import Subject
from .jobs import Job, JobTask, seconds_between, set_moment, shown_moment, shown_seconds
from .protected_item import ProtectedItem
from .recovery_plan import BOOT


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
    #: By the ids of the machines in VMM, the numbers of their groups in the plan.
    groups: Mapping[str, int] = field(default_factory=dict)

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
            "groups": [_group(task) for task in self._group_tasks()],
            "machines": self._machines(),
            "job": self.test.to_result() if self.test else None,
            "cleanup_job": self.cleanup.to_result() if self.cleanup else None,
            "cleanup_comments": self.comments or None,
        }

    def left_out(self) -> list[str]:
        """Return the machines that a test failover of the plan was about, and that its job does not name."""
        tested = [machine.vm_id.casefold() for machine in drill_machines(self.test)]
        return [item.machine for item in self.before if item.vm_id.casefold() not in tested]

    def _group_tasks(self) -> list[JobTask]:
        return [task for task in self.test.tasks if task.group] if self.test else []

    def _start_of_group(self, number: int | None) -> JobTask | None:
        """Return the task that started the machines of a group."""
        starts = [task for task in self._group_tasks() if same_name(task.group, BOOT)]
        return starts[number - 1] if number is not None and number <= len(starts) else None

    def _machines(self) -> list[dict[str, Any]]:
        return [self._machine(machine) for machine in drill_machines(self.test)]

    def _machine(self, machine: DrillMachine) -> dict[str, Any]:
        started = self.test.started if self.test else None
        before, after = _of(self.before, machine), _of(self.after, machine)
        number = self.groups.get(machine.vm_id.casefold())
        start = self._start_of_group(number)
        return {
            "name": machine.machine,
            "vm_id": machine.vm_id,
            "test_vm": machine.name,
            "group": number,
            "rto_seconds": seconds_between(started, start.ended) if start else self._rto(),
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


def _group(task: JobTask) -> dict[str, Any]:
    return {
        "name": task.group_name,
        "type": task.group,
        "state": task.shown_state,
        "started": shown_moment(task.started),
        "ended": shown_moment(task.ended),
        "seconds": seconds_between(task.started, task.ended),
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
