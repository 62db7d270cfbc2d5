# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the evidence of one operation of a failover: its job with all tasks, the recovery point, a failure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..common.names import same_name
from .failover import Decision, Operation, is_on_premises
from .jobs import Job, seconds_between, set_moment, shown_moment
from .protected_item import ProtectedItem

#: The beginning of the id of the task that shuts the machine down at its source.
_SHUTDOWN = "shutdown"


@dataclass(frozen=True, slots=True)
class FailoverRun:
    """One operation of this run. `after` is the machine as it was read when all had ended."""

    decision: Decision
    operation: Operation
    job: Job | None = None
    problem: str | None = None
    after: ProtectedItem | None = None
    #: Whether the job is that of a recovery plan, which is shown once for all of its machines.
    of_plan: bool = False

    @property
    def name(self) -> str:
        return self.decision.subject.name

    def describe_problem(self) -> str:
        """Return the failure in one line, with the machine's state and what a person may have to do at once."""
        return f"{self.name}: {self.problem}{self._stopped()}"

    def _stopped(self) -> str:
        """Return a sentence about a machine that a failed job has shut down, because the service does not start it."""
        was_down = self.job is not None and any(
            task.id.casefold().startswith(_SHUTDOWN) and task.state.casefold() == "succeeded" for task in self.job.tasks
        )
        if not was_down or self.operation not in ("failover", "failback"):
            return ""
        where = "on premises" if self.operation == "failover" else "in Azure"
        return f". The machine was shut down {where} before that: run again, or start it there"

    def to_result(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "vm_id": self.decision.subject.item.vm_id,
            "operation": self.operation,
            "succeeded": self.problem is None,
            "problem": self.problem,
            "seconds": seconds_between(self.job.started, self.job.ended) if self.job and not self.of_plan else None,
            "azure_vm": self._azure_machine(),
            **self._point(),
            "job": self.job.to_result() if self.job and not self.of_plan else None,
        }

    def _azure_machine(self) -> str | None:
        """Return the name of the machine in Azure. The service may have chosen another one, which a warning says."""
        item = self.after or self.decision.subject.item
        return None if is_on_premises(item) else item.details.get("recoveryAzureVmName")

    def _point(self) -> dict[str, Any]:
        details = self._details() if self.operation == "failover" else {}
        taken = set_moment(details.get("recoveryPointTime"))
        return {
            "recovery_point_id": details.get("recoveryPointId") or None,
            "recovery_point_time": shown_moment(taken),
            "rpo_seconds": seconds_between(taken, self.job.started) if self.job else None,
        }

    def _details(self) -> Mapping[str, Any]:
        """Return what the job says about the machine, which it does when it has ended."""
        listed = (self.job.details.get("protectedItemDetails") if self.job else None) or ()
        own = (each for each in listed if same_name(str(each.get("name")), self.decision.subject.item.vm_id))
        found: Mapping[str, Any] = next(own, {})
        return found
