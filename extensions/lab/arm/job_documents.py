# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs and the states of their operations as JSON documents."""

from __future__ import annotations

from datetime import datetime

from .documents import stamp
from .jobs import Job, JobTask, NotedError
from .messages import Json

KIND = "Microsoft.RecoveryServices/vaults/replicationJobs"

# recorded: the time of a task that has not begun or ended, without a zone.
_NEVER = "0001-01-01T00:00:00"
# recorded: failed jobs of these scenarios allow nothing.
_NOT_RESTARTED = frozenset(
    {"FinalizeFailback", "PlannedFailover", "RefreshFabricLayout", "TestFailover", "UnplannedFailover"}
)
# recorded: these running jobs do not offer to be canceled.
_NOT_CANCELED = frozenset({"CreateSite", "UpdateVmProperties"})
_STATUS = {
    "Suspended": "InProgress",
    "PartiallySucceeded": "Succeeded",
    "CompletedWithInformation": "Succeeded",
}


def is_old(version: str) -> bool:
    """Tell whether an api-version is of the first generation, in which the polling address is the job itself."""
    # recorded: 2016-08-10 and 2022-08-01; inferred: 2018-01-10 is like the later ones.
    return version < "2018-01-10"


def whole_seconds(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def allowed_actions(job: Job) -> list[str]:
    """Return what a person may do with a job (recorded: all but the state in which a job waits)."""
    if job.state == "Suspended":
        # inferred: the spelling of the action.
        return ["Resume", "Cancel"]
    if job.state == "InProgress":
        return [] if job.scenario in _NOT_CANCELED else ["Cancel"]
    over = job.state in ("Failed", "Cancelled", "PartiallySucceeded")
    return ["Restart"] if over and not job.collided and job.scenario not in _NOT_RESTARTED else []


def status_document(job: Job) -> Json:
    """Return the state of an operation. It shows a partial success as a success (recorded)."""
    return {
        "error": _status_error(job),
        "id": None,
        "name": job.id,
        "properties": None,
        "status": _STATUS.get(job.state, job.state),
        "startTime": stamp(job.started) if job.started else None,
        # recorded: whole seconds, written with seven digits.
        "endTime": stamp(job.ended.replace(microsecond=0)) if job.ended else None,
        "percentComplete": None,
    }


def _status_error(job: Job) -> Json | None:
    if not job.errors:
        return None
    first = job.errors[0].error
    return {"code": first.code, "message": first.message, "details": None}


def job_document(job: Job, version: str, *, single: bool) -> Json:
    """Return a job. An element of a list has no tasks, errors and details (recorded)."""
    queued = job.state == "NotStarted"
    properties: Json = {
        # recorded: a text in a single job, null in a list.
        "activityId": job.activity if single else None,
        "scenarioName": None if queued else job.scenario,
        "friendlyName": None if queued else job.title,
        "state": job.state,
        "stateDescription": "Completed" if job.state == "Succeeded" else job.state,
        "tasks": [_task(job, task) for task in job.tasks] if single and not queued else [],
        "errors": [_error(job, noted) for noted in job.errors] if single else [],
        "startTime": stamp(job.started) if job.started else None,
        "endTime": whole_seconds(job.ended) if job.ended else None,
        "allowedActions": allowed_actions(job),
        "targetObjectId": None if queued else job.target.id,
        "targetObjectName": None if queued else job.target.name,
        # recorded: a job that has not started names this kind, whatever its target is.
        "targetInstanceType": "ProtectionEntity" if queued else job.target.kind,
        "customDetails": _details(job, version) if single else None,
    }
    found: Json = {"id": job.resource_id, "name": job.id, "type": KIND, "properties": properties}
    if is_old(version):
        # recorded: Azure PowerShell, AsrE2ATests: the state of a polling address, and no type.
        del found["type"]
        found |= {"status": _STATUS.get(job.state, job.state), "error": _status_error(job) if single else None}
        found |= {name: properties[name] for name in ("startTime", "endTime")}
    # recorded: both times are missing and not null until they are known.
    for name in ("startTime", "endTime"):
        if properties[name] is None:
            del properties[name]
    return found


def _details(job: Job, version: str) -> Json:
    affected = job.affected
    if is_old(version):
        affected = {name[:1].upper() + name[1:]: value for name, value in affected.items()}
    return {"instanceType": "AsrJobDetails"} | job.details | {"affectedObjectDetails": affected}


def _task(job: Job, task: JobTask) -> Json:
    leaves = list(task.leaves())
    state = _group_state(job, leaves) if task.children is not None else task.state
    begun = min((leaf.started for leaf in leaves if leaf.started), default=None)
    over = state not in ("InProgress", "NotStarted")
    ended = max((leaf.ended for leaf in leaves if leaf.ended), default=None) if over else None
    return {
        "taskId": task.shown_id,
        "name": task.name,
        "startTime": stamp(begun) if begun else _NEVER,
        "endTime": stamp(ended) if ended else _NEVER,
        "allowedActions": [],
        "friendlyName": task.title,
        # recorded: a task that never ran.
        "state": "Other" if state == "Skipped" else state,
        "stateDescription": "Completed" if state == "Succeeded" else state,
        "taskType": task.kind,
        "customDetails": None if task.children is not None else task.details,
        "groupTaskCustomDetails": None
        if task.children is None
        else {**task.group, "childTasks": [_task(job, child) for child in task.children]},
        "errors": [_error(job, noted) for noted in job.errors if noted.task_id == task.shown_id],
    }


def _group_state(job: Job, leaves: list[JobTask]) -> str:
    states = {leaf.state for leaf in leaves}
    if not states:
        return "NotStarted" if job.running else "Skipped"
    if len(states) == 1:
        return states.pop()
    if states & {"InProgress", "NotStarted"}:
        return "InProgress"
    return next(state for state in ("Failed", "Cancelled", "Succeeded") if state in states)


def _error(job: Job, noted: NotedError) -> Json:
    # recorded: Azure PowerShell: members of the errors of a failed job, and null for the text of no Provider error.
    error = noted.error
    return {
        "serviceErrorDetails": {
            "code": error.code,
            "message": error.message,
            "possibleCauses": error.causes,
            "recommendedAction": error.action,
            "activityId": job.activity,
        },
        "providerErrorDetails": {
            "errorCode": error.provider_code,
            "errorMessage": _of_provider(error.provider_message) if error.provider_message else None,
            "errorId": noted.error_id,
            "possibleCauses": _of_provider(error.provider_causes),
            "recommendedAction": _of_provider(error.provider_action),
        },
        "errorLevel": "Error",
        "creationTime": stamp(noted.created),
        "taskId": noted.task_id,
    }


def _of_provider(text: str) -> str:
    """Return a text as Providers write it (recorded: a leading blank, a non-breaking space, CRLF at the end)."""
    return " " + text.replace(" ", "\u00a0", 1) + "\r\n" if text else ""
