# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs of failover, failback, commit and reversal of one machine, also as parts of the job of a recovery plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from .failover_records import COMMITTED, TO_COMMIT, TO_COMMIT_BACK, TO_REVERSE, Failback, Failover, Leg
from .job_trees import tasks_of
from .jobs import Job, JobError, JobTask, TaskFailed
from .messages import Json
from .protected_items import item_job
from .protection_records import READY, ProtectedItem, Scenario
from .replication import Place, ask_fabric
from .virtual_machines import remove_machine

Work = Callable[[Job], None]
# inferred: the seconds in which the changes since the failback are copied again.
_DELTA_SECONDS: Final = 120.0


def _start(
    place: Place,
    item: ProtectedItem,
    scenario: str,
    tasks: list[JobTask],
    *,
    end: Callable[[Job, bool], None],
    parent: Job | None,
    details: Json | None = None,
) -> Job:
    def finish(done: bool) -> None:
        if not job.collided:
            item.scenario = None
            end(job, done)

    job = item_job(place, item, scenario, finish=finish, tasks=tasks, details=details, parent=parent)
    return job


def _showing(place: Place, item: ProtectedItem, scenario: str, work: Work) -> Work:
    """Return the work of a first task: the item shows the job, and allows nothing while it runs."""

    def show(job: Job) -> None:
        item.scenario = Scenario(scenario, job.id, place.state.context.clock.now())
        item.operations = ()
        work(job)

    return show


# Failover and failback -----------------------------------------------------------------------------------------------


def fail_over(work: Failover, parent: Job | None = None) -> Job:
    """Start the failover of a machine. In a recovery plan, the start of the machine belongs to its group."""
    scenario = "PlannedFailover" if work.planned else "UnplannedFailover"
    steps: dict[str, Work] = {
        f"{scenario}PreflightChecksTask": _showing(work.place, work.item, scenario, work.check),
        "ShutdownVmOnPrimary": work.shut_down,
        "ShutdownVmOnPrimaryForUFO": work.try_to_shut_down,
        "FailoverTask": work.switch,
    }
    tasks = tasks_of(scenario, steps)
    return _run(work, scenario, tasks[:-1] if parent else tasks, parent)


def fail_back(work: Failback, parent: Job | None = None) -> Job:
    """Start the failback of a machine. In a recovery plan, the start of the machine belongs to its group."""
    steps: dict[str, Work] = {
        "PlannedFailoverPreflightChecksTask": _showing(work.place, work.item, "PlannedFailover", work.check),
        "PrepareForFailoverTask": work.prepare,
        "ShutdownVmOnPrimary": work.shut_down,
        "StartVmOnSecondary": work.start,
    }
    tasks = tasks_of("PlannedFailover", steps)
    if work.early:
        # documented: the data is copied while the machine runs in Azure, and the job then waits for "Complete
        # Failover"; recorded: it may also run through. inferred: the order of the tasks.
        tasks[1], tasks[2] = tasks[2], tasks[1]
        tasks[1].waits = work.place.state.failback_waits
    return _run(work, "PlannedFailover", tasks[:-1] if parent else tasks, parent)


def _run(work: Leg, scenario: str, tasks: list[JobTask], parent: Job | None) -> Job:
    details: Json = {"instanceType": "FailoverJobDetails", "protectedItemDetails": []}

    def end(job: Job, done: bool) -> None:
        work.end(done, canceled=job.state == "Cancelled")
        if done:
            details["protectedItemDetails"] = [work.document()]

    return _start(work.place, work.item, scenario, tasks, end=end, parent=parent, details=details)


# Commit and reversal -------------------------------------------------------------------------------------------------


def commit_machine(place: Place, item: ProtectedItem, parent: Job | None = None) -> Job:
    """Start the commit of the last failover of a machine."""
    back, ready = item.location == "Primary", "Commit" in item.operations
    scenario = "FinalizeFailback" if back else "CommitFailover"

    def check(_job: Job) -> None:
        if not ready:
            # recorded: Azure PowerShell, V2ATestJob: accepted, and the first task fails.
            text = f"The virtual machine '{item.machine.name}' isn't ready for committing failback."
            raise TaskFailed(JobError("25037", text))

    def end(_job: Job, done: bool) -> None:
        if not done:
            # inferred: a commit that failed can be repeated.
            item.operations = (TO_COMMIT_BACK if back else TO_COMMIT) if ready else item.operations
            return
        kind = "Unplanned" if item.protection_state.startswith("Unplanned") else "Planned"
        # recorded: UnplannedFailoverStatesBegin is "Failover committed"; inferred: that the planned one is alike.
        item.protection_state = item.vm_state = f"{kind}FailoverStatesBegin"
        item.operations = TO_REVERSE if back else COMMITTED
        # documented: the commit drops all recovery points.
        item.first_point = None
        if back and item.azure_machine:
            # documented: the commit of a failback deletes the virtual machine in Azure and its disks.
            remove_machine(place.state, item.azure_machine)
            item.azure_machine = None

    tasks = tasks_of(scenario)
    tasks[0].work = _showing(place, item, "Commit", check) if ready else check
    return _start(place, item, scenario, tasks, end=end, parent=parent)


def reverse_machine(place: Place, item: ProtectedItem, parent: Job | None = None) -> Job:
    """Start the replication to Azure after a failback."""
    committed = "ReverseReplicate" in item.operations

    def check(_job: Job) -> None:
        if not committed:
            # recorded: Azure PowerShell, AsrB2ATests, TestReprotect: it fails within a second.
            raise TaskFailed(JobError("25038", f"The failover of '{item.machine.name}' has not been committed."))
        # documented: the owner host replicates again, so that its server must be connected.
        ask_fabric(place, lambda _server, _machine: None, item.machine)

    def end(_job: Job, done: bool) -> None:
        if done:
            _copy_changes(place, item)
        elif committed:
            item.operations = TO_REVERSE

    work: Mapping[str, Work] = {
        "CreateProtectionTargetTask": _showing(place, item, "ReverseReplication", check) if committed else check
    }
    seconds = {} if committed else {"CreateProtectionTargetTask": 1.0}
    tasks = tasks_of("ReprotectReplicationGroup", work, seconds)
    return _start(place, item, "ReprotectReplicationGroup", tasks, end=end, parent=parent)


def _copy_changes(place: Place, item: ProtectedItem) -> None:
    """Show the item as copying until the changes are in Azure. inferred: the states, and that no job announces it."""
    item.protection_state, item.vm_state = "InitialReplicationInProgress", "UnprotectedStatesBegin"
    item.operations = ("DisableProtection",)

    def protected() -> None:
        if place.holds(item):
            item.protection_state = item.vm_state = "Protected"
            item.operations, item.first_point = READY, place.state.context.clock.now()

    place.state.later(_DELTA_SECONDS, protected)
