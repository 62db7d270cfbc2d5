# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers to the writes of Site Recovery: 202 with two links, and what each of the links shows."""

from __future__ import annotations

import hashlib

from .job_documents import is_old, status_document
from .jobs import Job
from .messages import Answer, ArmError, Call
from .recovery_services import need_vault
from .routes import Handler, Routes
from .state import AzureState

# recorded: Azure PowerShell, AsrE2ATests: seconds until the next poll.
RETRY_AFTER = 30.0


def accepted(state: AzureState, call: Call, job: Job) -> Answer:
    """Answer 202 with both links; both contain the job's name (recorded: azure-cli-extensions)."""
    kind = "replicationJobs" if is_old(call.api_version) else "replicationOperationStatus"
    signature = _signature(state, job)
    headers = {
        "Azure-AsyncOperation": call.link(f"{job.site_id}/{kind}/{job.id}", **signature),
        "Location": call.link(f"{job.target.resource_id}/operationresults/{job.id}", **signature),
        "Retry-After": state.retry_after(RETRY_AFTER),
        # recorded: the request id of an accepted write is the job.
        "x-ms-request-id": job.resource_id,
    }
    return Answer(202, None, headers)


def operation_status(state: AzureState, call: Call) -> Answer:
    job = _need(state, call)
    # inferred: the polls repeat the Retry-After header.
    headers = {"Retry-After": state.retry_after(RETRY_AFTER)} if job.running else {}
    return Answer(200, status_document(job), headers)


def add_result(routes: Routes, template: str, show: Handler) -> None:
    """Add the address of a resource at which the result of a write on it appears.

    inferred: its answers were never recorded; the SDK accepts 200 with the resource, 202, and 204 for a removed one.
    """

    def result(state: AzureState, call: Call) -> Answer:
        job = _need(state, call)
        if job.running:
            return Answer(202, None, {"Location": _same(call), "Retry-After": state.retry_after(RETRY_AFTER)})
        try:
            return show(state, call)
        except ArmError as error:
            if error.status != 404:
                raise
            return Answer(204)

    routes.poll(template + "/operationresults/{operation}")(result)


def _need(state: AzureState, call: Call) -> Job:
    job = need_vault(state, call).jobs.get(call["operation"].casefold())
    wrong = job is not None and any(call.query.get(name) != text for name, text in _signature(state, job).items())
    if job is None or wrong:
        raise ArmError(404, "OperationNotFound", f"The operation '{call['operation']}' could not be found.")
    return job


def _same(call: Call) -> str:
    return call.link(call.path, **{name: text for name, text in call.query.items() if name in "tcsh"})


def _signature(state: AzureState, job: Job) -> dict[str, str]:
    """Return the signed parts of the links of 2024 (recorded: names, about 6 kB); an older service has none."""
    if not state.signs_links:
        return {}
    seal = hashlib.sha256(job.id.encode()).hexdigest()
    return {"t": "638626105245890000", "c": seal * 90, "s": seal[:43], "h": seal[:43]}
