# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs of Site Recovery: documents, errors, and the wait for their end."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._azure import jobs as follower
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.job_remedies import JOB_REMEDIES
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.jobs import (
    Job,
    JobError,
    failure_of,
    job_name,
    progress_of,
    seconds_between,
    set_moment,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import (
    AccessDenied,
    DeadlineExceeded,
    RemoteFailure,
)

SEEN: list[list[str]] = []
VAULT: Any = SimpleNamespace(azure=SimpleNamespace(report=SEEN.append))
STATUS = "https://management.azure.com/subscriptions/s/resourceGroups/g/providers/Microsoft.RecoveryServices/vaults/v"


def service_error(code: str, message: str = "", provider: str = "", provider_code: int = 0) -> dict[str, Any]:
    return {
        "serviceErrorDetails": {"code": code, "message": message, "possibleCauses": "", "recommendedAction": ""},
        "providerErrorDetails": {"errorCode": provider_code, "errorMessage": provider or None},
        "errorLevel": "Error",
        "taskId": None,
    }


def document(state: str, *errors: dict[str, Any], tasks: tuple[tuple[str, str], ...] = ()) -> dict[str, Any]:
    return {
        "id": "/Subscriptions/s/replicationJobs/j1",
        "name": "j1",
        "properties": {
            "scenarioName": "EnableDr",
            "friendlyName": "Enable replication",
            "state": state,
            "tasks": [
                {"taskId": f"T{number}", "friendlyName": title, "state": task_state, "errors": []}
                for number, (title, task_state) in enumerate(tasks)
            ],
            "errors": list(errors),
            "startTime": "2026-03-01T10:00:00.7Z",
            "targetObjectName": "web01",
        },
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0001-01-01T00:00:00", None),
        ("1601-01-01T00:00:00Z", None),
        ("1753-01-01T01:01:01Z", None),
        (None, None),
        ("2017-09-20T13:15:03.2896486Z", "2017-09-20T13:15:03.289648+00:00"),
        ("2017-09-20T18:45:03+05:30", "2017-09-20T18:45:03+05:30"),
    ],
)
def test_an_unset_date_is_no_date(text: str | None, expected: str | None) -> None:
    found = set_moment(text)
    assert (found and found.isoformat()) == expected


def test_a_job_never_takes_less_than_no_time() -> None:
    # Recorded: the end of a job has whole seconds, its start has fractions.
    assert seconds_between(set_moment("2024-01-01T00:00:00.7Z"), set_moment("2024-01-01T00:00:00Z")) == 0.0


@pytest.mark.parametrize(
    ("state", "final", "succeeded", "suspended"),
    [
        ("NotStarted", False, False, False),
        ("InProgress", False, False, False),
        ("Succeeded", True, True, False),
        ("CompletedWithInformation", True, True, False),
        ("PartiallySucceeded", True, False, False),
        ("Failed", True, False, False),
        ("Cancelled", True, False, False),
        ("Canceled", True, False, False),
        ("Cancelling", False, False, False),
        ("Suspended", False, False, True),
        ("SomethingNew", False, False, False),
        ("", False, False, False),
    ],
)
def test_the_state_of_a_job_decides(state: str, final: bool, succeeded: bool, suspended: bool) -> None:
    job = Job.from_wire(document(state, service_error("28061")))
    assert (job.is_final, job.succeeded, job.is_suspended) == (final, succeeded, suspended)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Azure-AsyncOperation": f"{STATUS}/replicationOperationStatus/j1?api-version=2025-08-01&s=x/y"}, "j1"),
        ({"azure-asyncoperation": f"{STATUS}/replicationJobs/j1?api-version=2016-08-10"}, "j1"),
        ({"Location": f"{STATUS}/replicationFabrics/f/operationresults/j1?t=1"}, "j1"),
        ({"Retry-After": "30"}, None),
        ({}, None),
    ],
)
def test_the_name_of_a_job_is_in_both_links(headers: dict[str, str], expected: str | None) -> None:
    assert job_name(headers) == expected


@pytest.mark.parametrize(
    ("error", "text", "fix"),
    [
        (
            service_error("60007", "Protection couldn't be enabled.\r\n", "\xa0 Access\r\ndenied. ", 4711),
            "4711: Access denied (60007: Protection couldn't be enabled); cause: the owner host could not enable"
            " replication",
            JOB_REMEDIES["60007"].fix,
        ),
        (
            service_error("70094", "See the provider error.", "Failed (0x80004005).", 31389),
            "31389: Failed (0x80004005) (70094: See the provider error); cause: Hyper-V on the owner host refused the"
            " replication",
            JOB_REMEDIES["31389"].fix,
        ),
        (service_error("99999", "A new error."), "99999: A new error", ""),
        ({}, "", ""),
    ],
)
def test_the_text_of_the_provider_is_first(error: dict[str, Any], text: str, fix: str) -> None:
    found = JobError.from_wire(error)
    assert (found.describe(), found.fix) == (text, fix)


def test_a_failure_names_task_code_and_way_out() -> None:
    tasks = (("Check", "Succeeded"), ("Prepare", "Failed"), ("Start", "Other"))
    job = Job.from_wire(document("Failed", service_error("23848", "The machine migrates."), tasks=tasks))
    message, details = failure_of(job, "protect 'web01'")
    assert message == (
        "could not protect 'web01': Failed at 'Prepare' (job j1): 23848: The machine migrates; cause: the machine is"
        " being migrated; wait until the migration has ended, then run again"
    )
    assert (details["code"], details["job"], details["task"]) == ("23848", "j1", "T1")


# --- recordings


def recorded_jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    folder = Path(os.environ["SITERECOVERY_RECORDINGS"]) / "azure"
    for file in sorted(folder.glob("*.json")):
        content = json.loads(file.read_text(encoding="utf-8"))
        for each in content.get("jobs") or ():
            yield file.name, each["job"]
        for entry in content.get("entries") or ():
            body = entry["response"].get("body")
            for item in (body or {}).get("value") or [body]:
                if isinstance(item, dict) and "scenarioName" in (item.get("properties") or {}):
                    yield file.name, item


def recorded_job(name: str) -> Job:
    """Return the last reading of a job. Lists show it without tasks and errors."""
    readings = [Job.from_wire(item) for _file, item in recorded_jobs() if item["name"] == name]
    return [job for job in readings if job.tasks][-1]


@pytest.mark.needs("recordings")
def test_every_recorded_job_is_read() -> None:
    found = [(name, item, Job.from_wire(item)) for name, item in recorded_jobs()]
    assert len(found) > 90
    for name, item, job in found:
        assert job.name == item["name"], name
        assert job.state == item["properties"]["state"], name
        shown = json.dumps({**job.to_result(), "details": None}, ensure_ascii=False)
        assert not [part for part in ("\\r", "\u00a0", "0001-", "1601-", "1753-") if part in shown], name
        if job.is_final and job.ended and job.started:
            assert job.to_result()["seconds"] is not None, name


@pytest.mark.needs("recordings")
@pytest.mark.parametrize(
    ("name", "beginning", "codes", "collided"),
    [
        (
            "fccbe8cc-20e4-4ba5-b1bd-566927b66bce",
            "could not fail over: Failed (job fccbe8cc-20e4-4ba5-b1bd-566927b66bce): 532: The operation couldn't be"
            " completed; cause: An operation VM1 (Planned failover) is in progress; wait until the running job has",
            ["532"],
            True,
        ),
        (
            "bf1fc290-73a4-4dbb-96fd-ed0711dc9568",
            "could not fail over: Failed at 'Creating test virtual machine' (job bf1fc290-73a4-4dbb-96fd-ed0711dc9568):"
            " 28031: Virtual machine 'V2aVm1-test' could not be created",
            ["28031", "539"],
            False,
        ),
        (
            "f1d8e44a-bf43-416b-9255-634c4deb894b",
            "could not fail over: Failed at 'Finalizing restore on the recovery virtual machine'",
            ["25037"],
            False,
        ),
        (
            "0f874065-f74f-436e-ad37-b51a5e673721",
            "could not fail over: Failed at 'Creating the replication policy' (job"
            " 0f874065-f74f-436e-ad37-b51a5e673721 (Site Recovery can restart the job)): 15035: ",
            ["15035"],
            False,
        ),
    ],
)
def test_a_recorded_failure(name: str, beginning: str, codes: list[str], collided: bool) -> None:
    job = recorded_job(name)
    message, details = failure_of(job, "fail over")
    assert message.startswith(beginning)
    assert ([error["code"] for error in details["errors"]], job.collided) == (codes, collided)


@pytest.mark.needs("recordings")
def test_a_recorded_group_of_tasks() -> None:
    name = "0ca22e36-d5b4-420f-bd00-1d11963520e8"
    job = recorded_job(name)
    group = job.to_result()["tasks"][1]
    assert (group["title"], [child["title"] for child in group["tasks"]]) == ("Attach network (1)", ["VM1"])


# --- the follower


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the pauses of the follower, which pass at once."""
    pauses: list[float] = []
    monkeypatch.setattr(time, "monotonic", lambda: 100.0 + sum(pauses))
    monkeypatch.setattr(time, "sleep", pauses.append)
    return pauses


def answers(monkeypatch: pytest.MonkeyPatch, *readings: Any) -> None:
    left = list(readings)

    def get(_vault: Any, _name: str) -> Job | None:
        reading = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(reading, Exception):
            raise reading
        return None if reading is None else Job.from_wire(reading)

    monkeypatch.setattr(follower, "get", get)


@pytest.mark.parametrize(
    ("readings", "state"),
    [
        ([document("NotStarted"), document("InProgress", service_error("28061")), document("Succeeded")], "Succeeded"),
        ([None, document("Failed", service_error("23848"))], "Failed"),
        ([RemoteFailure("busy", status=503), document("Succeeded")], "Succeeded"),
        ([document("SomethingNew"), document("Suspended")], "Suspended"),
    ],
)
def test_a_job_is_followed_to_its_end(
    monkeypatch: pytest.MonkeyPatch, clock: list[float], readings: list[Any], state: str
) -> None:
    answers(monkeypatch, *readings)
    job = follower.follow(VAULT, "j1", 5000.0)
    assert (job.state, len(clock)) == (state, len(readings) - 1)


def test_a_deadline_names_the_last_state_and_how_to_resume(monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> None:
    answers(monkeypatch, document("InProgress", tasks=(("Check", "Succeeded"), ("Copy", "InProgress"))))
    with pytest.raises(DeadlineExceeded) as caught:
        follower.follow(VAULT, "j1", 160.0)
    assert "last state: Enable replication of 'web01': InProgress at 'Copy' (job j1)" in caught.value.message
    assert "the job j1 continues in Azure: run again to resume the wait" in caught.value.message
    assert sum(clock) == pytest.approx(60.0)
    assert SEEN[-1] == ["Enable replication of 'web01': Copy (2 of 2)"]


def test_many_jobs_are_counted_by_their_tasks() -> None:
    tasks = (("Check", "Succeeded"), ("Copy", "InProgress"))
    many = [document("InProgress", tasks=tasks)] * 6 + [document("NotStarted"), document("Succeeded")]
    assert progress_of(map(Job.from_wire, many)) == ["1 ended, 6 at Copy (2 of 2), 1 at NotStarted"]
    assert progress_of([Job.from_wire(document("Succeeded"))]) == []


@pytest.mark.parametrize(
    ("reading", "error"), [(AccessDenied("no role", status=403), AccessDenied), (None, RemoteFailure)]
)
def test_a_job_that_cannot_be_read_ends_the_wait(
    monkeypatch: pytest.MonkeyPatch, clock: list[float], reading: Any, error: type[Exception]
) -> None:
    answers(monkeypatch, reading)
    with pytest.raises(error):
        follower.follow(VAULT, "j1", 5000.0)
    assert sum(clock) < 120.0


def test_only_a_success_is_success() -> None:
    assert follower.require_success(Job.from_wire(document("Succeeded", service_error("45031"))), "x").state
    with pytest.raises(RemoteFailure):
        follower.require_success(Job.from_wire(document("PartiallySucceeded")), "x")


def test_a_job_that_has_not_started_is_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until its start it shows neither its scenario nor its target (recorded)."""
    unstarted = {"name": "j1", "properties": {"state": "NotStarted", "scenarioName": None, "targetObjectId": None}}
    answers = iter([[unstarted], [unstarted], [document("InProgress"), document("Succeeded")]])
    monkeypatch.setattr(follower, "list_jobs", lambda _vault: [Job.from_wire(each) for each in next(answers)])
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    assert [job.scenario for job in follower.running_jobs(VAULT)] == ["EnableDr"]
