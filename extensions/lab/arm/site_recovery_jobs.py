# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Site Recovery: jobs, what a person does with them, and the states of operations."""

from __future__ import annotations

from .common import page
from .filters import Matcher, Value, filtered, honors_filter
from .job_answers import RETRY_AFTER, accepted, operation_status
from .job_documents import allowed_actions, job_document
from .job_engine import cancel_job, restart_job, resume_job
from .jobs import Job
from .messages import Answer, Call, Json, document, member
from .recovery_services import VAULT, need_vault
from .routes import Routes
from .site_recovery import SiteRecoveryError, missing
from .state import AzureState
from .versions import SITE_RECOVERY

ROUTES = Routes(SITE_RECOVERY)
JOBS = VAULT + "/replicationJobs"
JOB = JOBS + "/{job}"

# recorded: a list has the newest jobs, and no link to the others.
_SHOWN = 200


def _since(job: Json, moment: str) -> bool:
    return str(job["properties"].get("startTime") or "") >= moment


def _until(job: Json, moment: str) -> bool:
    # inferred: a running job, which has no end, is in no period.
    return bool(job["properties"].get("endTime")) and str(job["properties"]["endTime"]) <= moment


# documented: JobQueryParameter. recorded: the times are limits, although the filter says `eq`.
_FILTERS: dict[str, Value | Matcher] = {
    "JobStatus": lambda job: str(job["properties"]["state"]),
    "JobName": lambda job: str(job["properties"]["scenarioName"]),
    "AffectedObjectTypes": lambda job: str(job["properties"]["targetInstanceType"]),
    "StartTime": Matcher(_since),
    "EndTime": Matcher(_until),
}


@ROUTES.get(JOBS)
@honors_filter
def list_jobs(state: AzureState, call: Call) -> Answer:
    vault = need_vault(state, call)
    jobs = [job_document(job, call.api_version, single=False) for job in reversed(vault.jobs.values())]
    # inferred: the cut comes after the filter.
    return page(state, call, filtered(call, jobs, _FILTERS)[:_SHOWN], whole=True)


@ROUTES.get(JOB)
def get_job(state: AzureState, call: Call) -> Answer:
    return Answer(200, job_document(_need_job(state, call), call.api_version, single=True))


def _need_job(state: AzureState, call: Call) -> Job:
    job = need_vault(state, call).jobs.get(call["job"].casefold())
    if job is None:
        raise missing(call, "job")
    return job


@ROUTES.action(JOB + "/cancel")
def cancel(state: AzureState, call: Call) -> Answer:
    # documented: "any running job can be canceled", also one that does not offer it.
    job = _need_job(state, call)
    if not job.running:
        raise _not_allowed(call, job)
    cancel_job(state, job)
    return _done(state, call, job)


@ROUTES.action(JOB + "/restart")
def restart(state: AzureState, call: Call) -> Answer:
    job = _need_job(state, call)
    if "Restart" not in allowed_actions(job):
        raise _not_allowed(call, job)
    restart_job(state, job)
    return _done(state, call, job)


@ROUTES.action(JOB + "/resume")
def resume(state: AzureState, call: Call) -> Answer:
    job = _need_job(state, call)
    member(member(document(call), "properties", dict) or {}, "comments", str)
    if job.state != "Suspended":
        raise _not_allowed(call, job)
    resume_job(state, job)
    return _done(state, call, job)


def _not_allowed(call: Call, job: Job) -> SiteRecoveryError:
    # inferred: status, code and text.
    return SiteRecoveryError(
        call, 400, "BadRequest", "JobActionNotAllowed", f"The job '{job.title}' in state {job.state} does not allow it."
    )


def _done(state: AzureState, call: Call, job: Job) -> Answer:
    """Answer 202. documented: all three actions do; inferred: only the location says more, and it shows the job."""
    location = accepted(state, call, job).headers["Location"].replace(job.target.resource_id, job.resource_id)
    return Answer(202, None, {"Location": location, "Retry-After": state.retry_after(RETRY_AFTER)})


@ROUTES.poll(JOB + "/operationresults/{operation}")
def action_result(state: AzureState, call: Call) -> Answer:
    # inferred: the action is over at once; the job that it began again is not.
    return get_job(state, call)


ROUTES.poll(VAULT + "/replicationOperationStatus/{operation}")(operation_status)
