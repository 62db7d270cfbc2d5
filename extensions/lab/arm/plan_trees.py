# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tasks of an operation on a recovery plan: its groups in their order, their machines, and their actions.

documented: "About recovery plans": all machines fail over at the same time, then the groups start one after the other.
inferred: the form of the tree. No job of a plan was recorded, so its members are those of the API definition.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .jobs import Job, JobTask
from .messages import Json
from .plan_records import RecoveryPlan
from .protection_records import ProtectedItem

MachineTask = Callable[[ProtectedItem], JobTask]
# inferred: the seconds of an action that is not manual.
_ACTION_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Course:
    """An operation on a plan: its name and direction, and the task of one machine in each phase."""

    operation: str
    direction: str
    fail_over: MachineTask
    start: MachineTask


def plan_tasks(
    plan: RecoveryPlan, items: dict[str, ProtectedItem], course: Course, check: Callable[[Job], None]
) -> list[JobTask]:
    """Return the tasks of an operation. `items` are those of the plan by their ids in lower case."""
    name = f"RecoveryPlan{course.operation}PreflightChecksTask"
    return [JobTask("", name, "Prerequisites check", 2.0, check), *_phases(plan, items, course)]


def _phases(plan: RecoveryPlan, items: dict[str, ProtectedItem], course: Course) -> Iterator[JobTask]:
    number = 0
    for group in plan.groups:
        kind = str(group["groupType"])
        if kind == "Shutdown":
            # inferred: a test failover, which shuts nothing down, leaves the group out.
            continue
        number += kind == "Boot"
        machines = list(items.values()) if kind == "Failover" else _machines_of(group, items)
        title = "All groups failover" if kind == "Failover" else f"Group {number}: Start"
        yield from _actions(group["startGroupActions"], course)
        work = course.fail_over if kind == "Failover" else course.start
        yield machines_task(f"RecoveryPlan{kind}GroupTask", title, kind, [work(item) for item in machines])
        yield from _actions(group["endGroupActions"], course)


def machines_task(name: str, title: str, kind: str, children: list[JobTask]) -> JobTask:
    """Return the task of a group, whose machines are worked on at the same time."""
    details = {
        "instanceType": "RecoveryPlanGroupTaskDetails",
        "name": title,
        "groupId": str(uuid.uuid4()),
        "rpGroupType": kind,
    }
    return JobTask("", name, f"{title} ({len(children)})", children=children, parallel=True, group=details)


def machine_task(name: str, item: ProtectedItem, seconds: float = 1.0) -> JobTask:
    """Return the task of one machine in a group."""
    details: Json = {"instanceType": "FabricReplicationGroupTaskDetails", "skippedReason": None, "jobTask": None}
    return JobTask("", name, item.machine.name, seconds, details=details, about=item.machine.name)


def name_job(task: JobTask, job: Job) -> None:
    """Show the job of a machine in its task (documented: JobEntity)."""
    task.details = task.details | {
        "jobTask": {
            "jobId": job.id,
            "jobFriendlyName": job.title,
            "targetObjectId": job.target.id,
            "targetObjectName": job.target.name,
            "targetInstanceType": job.target.kind,
            "jobScenarioName": job.scenario,
        }
    }


def skip(task: JobTask, reason: str) -> None:
    """Leave a machine out."""
    task.state = "Skipped"
    task.details = task.details | {"skippedReason": reason, "skippedReasonString": reason}


def _machines_of(group: Json, items: dict[str, ProtectedItem]) -> list[ProtectedItem]:
    ids = [str(entry["id"]).lower() for entry in group["replicationProtectedItems"]]
    return [items[each] for each in ids if each in items]


def _actions(actions: list[Json], course: Course) -> Iterator[JobTask]:
    for action in actions:
        if course.operation in action["failoverTypes"] and course.direction in action["failoverDirections"]:
            yield _action(action)


def _action(action: Json) -> JobTask:
    # documented: the details of each kind of task; a manual action waits for a person.
    name, given = str(action["actionName"]), action["customDetails"]
    kind = str(given["instanceType"]).replace("ActionDetails", "")
    if kind == "Manual":
        details = {
            "instanceType": "ManualActionTaskDetails",
            "name": name,
            "instructions": given.get("description"),
            "observation": None,
        }
        return JobTask("", name, name, 1.0, details=details, waits=True)
    common = {"name": name, "isPrimarySideScript": given.get("fabricLocation") == "Primary"}
    if kind == "AutomationRunbook":
        details = {"instanceType": "AutomationRunbookTaskDetails", "runbookId": given.get("runbookId"), **common}
    else:
        details = {"instanceType": "ScriptActionTaskDetails", "path": given.get("path"), "output": None, **common}
    return JobTask("", name, name, _ACTION_SECONDS, details=details)
