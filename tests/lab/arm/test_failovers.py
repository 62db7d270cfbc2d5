# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failover, commit, failback and reversal in the lab: states, jobs, machines on both sides, refusals and failures."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from lab.context import ReplicationRefused
from tests.lab.arm import oracle
from tests.lab.arm.conftest import Azure
from tests.lab.arm.test_drills import VERSION, job, post, properties, run, settle
from tests.lab.arm.test_recordings import shape
from tests.support.estate import Estate
from tests.support.protection import TARGET, Protection, machine, protect

INPUT = {"instanceType": "HyperVReplicaAzure"}
PLANNED = {"properties": {"failoverDirection": "PrimaryToRecovery", "providerSpecificDetails": INPUT}}
UNPLANNED = {"properties": {**PLANNED["properties"], "sourceSiteOperations": "Required"}}
BACK: dict[str, Any] = {
    "properties": {
        "failoverDirection": "RecoveryToPrimary",
        "providerSpecificDetails": {
            "instanceType": "HyperVReplicaAzureFailback",
            "dataSyncOption": "ForSynchronization",
            "recoveryVmCreationOption": "NoAction",
        },
    }
}
SENT: dict[str, Any] = {
    "plannedFailover": PLANNED,
    "unplannedFailover": UNPLANNED,
    "failoverCommit": None,
    "failback": BACK,
    "reProtect": PLANNED,
}


@pytest.fixture
def estate(azure: Azure) -> Estate:
    found = Estate()
    azure.context.fabric = found
    found.add(machine("web01"))
    return found


@pytest.fixture
def protection(azure: Azure, estate: Estate) -> Protection:
    return protect(azure.state, "web01")


def do(azure: Azure, protection: Protection, *steps: str) -> dict[str, Any]:
    """Run steps to their end, and return the last job."""
    found: dict[str, Any] = {}
    for step in steps:
        found = run(azure, protection, "plannedFailover" if step == "failback" else step, SENT[step])
    return found


def seen(azure: Azure, protection: Protection) -> tuple[str, str, list[str]]:
    shown = properties(azure, protection)
    return shown["activeLocation"], shown["protectionState"], shown["allowedOperations"]


def inner(answer: Any) -> str:
    return str(answer.json()["error"]["details"][0]["code"])


@pytest.mark.parametrize("kind", ["Planned", "Unplanned"])
def test_the_whole_way_to_azure_and_back(azure: Azure, protection: Protection, estate: Estate, kind: str) -> None:
    failover = do(azure, protection, f"{kind.lower()}Failover")
    assert failover["properties"]["state"] == "Succeeded"
    location, state, operations = seen(azure, protection)
    assert (location, "Commit" in operations) == ("Recovery", True)
    assert state == {"Planned": "PlannedFailoverCommitRequired"}.get(kind, "UnplannedFailoverCommitPendingStatesBegin")
    assert (estate.runs("web01"), protection.machines()) == (False, ["web01"])
    (item,) = failover["properties"]["customDetails"]["protectedItemDetails"]
    assert properties(azure, protection)["failoverRecoveryPointId"] == item["recoveryPointId"]
    assert do(azure, protection, "failoverCommit")["properties"]["scenarioName"] == "CommitFailover"
    assert seen(azure, protection)[:2] == ("Recovery", f"{kind}FailoverStatesBegin")
    assert "Commit" not in seen(azure, protection)[2]
    assert do(azure, protection, "failback")["properties"]["state"] == "Succeeded"
    # The commit of the failback deletes the machine in Azure, which is shut down by then.
    assert (seen(azure, protection)[0], estate.runs("web01")) == ("Primary", True)
    assert (protection.machines(), len(azure.state.stopped_machines)) == (["web01"], 1)
    assert do(azure, protection, "failoverCommit")["properties"]["scenarioName"] == "FinalizeFailback"
    assert (seen(azure, protection)[2], protection.machines()) == (["ReverseReplicate", "DisableProtection"], [])
    do(azure, protection, "reProtect")
    shown = properties(azure, protection)
    assert (shown["protectionState"], "PlannedFailover" in shown["allowedOperations"]) == ("Protected", True)
    assert shown["lastSuccessfulFailoverTime"]


def test_every_answer_fits_the_contracts(azure: Azure, protection: Protection) -> None:
    do(azure, protection, "plannedFailover", "failoverCommit", "failback", "failoverCommit", "reProtect")
    assert sum(each.method == "POST" for each in azure.server.traffic) >= len(SENT)
    assert oracle.validate(azure.server.traffic) == []


@pytest.mark.parametrize(
    ("before", "step", "code"),
    [
        ([], "failback", "InvalidFailoverDirection"),
        ([], "reProtect", "InvalidFailoverDirection"),
        (["plannedFailover"], "unplannedFailover", None),
        (["plannedFailover"], "failback", None),
        (["plannedFailover", "failoverCommit"], "plannedFailover", "InvalidFailoverDirection"),
        (["plannedFailover", "failoverCommit"], "reProtect", "InvalidFailoverDirection"),
    ],
)
def test_a_step_at_the_wrong_time_is_refused(
    azure: Azure, protection: Protection, before: list[str], step: str, code: str | None
) -> None:
    do(azure, protection, *before)
    answer = post(azure, protection, "plannedFailover" if step == "failback" else step, SENT[step])
    assert answer.status_code == 400
    if code:
        assert inner(answer) == code


@pytest.mark.parametrize(
    ("before", "step", "code"),
    [
        ([], "failoverCommit", "25037"),
        (["plannedFailover"], "reProtect", "25038"),
        (["plannedFailover", "failoverCommit", "failback"], "reProtect", "25038"),
    ],
)
def test_a_step_at_the_wrong_time_fails_its_job(
    azure: Azure, protection: Protection, before: list[str], step: str, code: str
) -> None:
    do(azure, protection, *before)
    expected = seen(azure, protection)
    failed = do(azure, protection, step)
    assert failed["properties"]["errors"][0]["serviceErrorDetails"]["code"] == code
    assert seen(azure, protection) == expected


@pytest.mark.parametrize(
    ("action", "changed"),
    [
        ("plannedFailover", {"providerSpecificDetails": {"instanceType": "Other"}}),
        ("unplannedFailover", {"sourceSiteOperations": "Maybe"}),
        ("unplannedFailover", {"failoverDirection": "RecoveryToPrimary"}),
    ],
)
def test_bodies(azure: Azure, protection: Protection, action: str, changed: dict[str, Any]) -> None:
    sent = {"properties": {**SENT[action]["properties"], **changed}}
    assert post(azure, protection, action, sent).status_code == 400


@pytest.mark.parametrize("task", ["PlannedFailoverPreflightChecksTask", "ShutdownVmOnPrimary", "FailoverTask"])
def test_a_failed_failover_leaves_the_machine_protected(
    azure: Azure, protection: Protection, estate: Estate, task: str
) -> None:
    azure.context.faults.plan(f"job:PlannedFailover:{task}:web01", "fail", code="28031", message="quota")
    assert do(azure, protection, "plannedFailover")["properties"]["state"] == "Failed"
    assert seen(azure, protection)[:2] == ("Primary", "Protected")
    assert (protection.machines(), estate.runs("web01")) == ([], task != "FailoverTask")
    assert do(azure, protection, "plannedFailover")["properties"]["state"] == "Succeeded"


@pytest.mark.parametrize(
    ("action", "state", "location"),
    [
        ("plannedFailover", "Failed", "Primary"),
        ("unplannedFailover", "CompletedWithInformation", "Recovery"),
    ],
)
def test_a_machine_that_does_not_stop(
    azure: Azure, protection: Protection, estate: Estate, action: str, state: str, location: str
) -> None:
    estate.refusals["web01"] = ReplicationRefused("70094", 31389, "It does not stop.")
    assert do(azure, protection, action)["properties"]["state"] == state
    assert (seen(azure, protection)[0], estate.runs("web01")) == (location, True)


def test_a_taken_name_is_replaced(azure: Azure, protection: Protection) -> None:
    taken = f"{azure.state.group_id(TARGET)}/providers/Microsoft.Compute/virtualMachines/web01"
    azure.state.machines[taken.casefold()] = {"id": taken, "name": "taken"}
    failover = do(azure, protection, "plannedFailover")
    assert failover["properties"]["state"] == "Succeeded"
    assert failover["properties"]["errors"][0]["serviceErrorDetails"]["code"] == "28175"
    assert [name.startswith("web01-") for name in protection.machines()] == [False, True]


def test_a_canceled_failover_leaves_the_machine_without_replication(azure: Azure, protection: Protection) -> None:
    azure.context.faults.plan("job:PlannedFailover:FailoverTask:web01", "hang")
    answer = post(azure, protection, "plannedFailover", PLANNED)
    settle(azure)
    assert seen(azure, protection)[2] == []
    collided = do(azure, protection, "plannedFailover")
    assert collided["properties"]["errors"][0]["serviceErrorDetails"]["code"] == "532"
    name = job(azure, protection, answer)["name"]
    azure.send("POST", f"{protection.vault.site_id}/replicationJobs/{name}/cancel", VERSION)
    assert seen(azure, protection)[2] == ["RepairReplication", "DisableProtection"]


def test_a_failback_that_waits_is_completed(azure: Azure, protection: Protection, estate: Estate) -> None:
    azure.state.failback_waits = True
    do(azure, protection, "plannedFailover", "failoverCommit")
    answer = post(azure, protection, "plannedFailover", BACK)
    settle(azure)
    waiting = job(azure, protection, answer)
    assert (waiting["properties"]["state"], estate.runs("web01"), len(azure.state.stopped_machines)) == (
        "Suspended",
        False,
        0,
    )
    path = f"{protection.vault.site_id}/replicationJobs/{waiting['name']}/resume"
    azure.send("POST", path, VERSION, {"properties": {"comments": "now"}})
    settle(azure)
    assert job(azure, protection, answer)["properties"]["state"] == "Succeeded"
    assert (estate.runs("web01"), len(azure.state.stopped_machines)) == (True, 1)


def test_a_failback_can_synchronize_while_the_machine_is_down(azure: Azure, protection: Protection) -> None:
    azure.state.failback_waits = True
    do(azure, protection, "unplannedFailover", "failoverCommit")
    details = {**BACK["properties"]["providerSpecificDetails"], "dataSyncOption": "ForDownTime"}
    sent = {"properties": {**BACK["properties"], "providerSpecificDetails": details}}
    assert run(azure, protection, "plannedFailover", sent)["properties"]["state"] == "Succeeded"


def test_no_failover_of_this_kind_can_be_canceled_by_its_own_operation(azure: Azure, protection: Protection) -> None:
    assert post(azure, protection, "failoverCancel", None).status_code == 400  # type: ignore[arg-type]


@pytest.mark.needs("recordings")
@pytest.mark.parametrize(("index", "step"), [(20, "plannedFailover"), (27, "failoverCommit")])
def test_the_job_has_the_recorded_shape(azure: Azure, protection: Protection, index: int, step: str) -> None:
    if step == "plannedFailover":
        azure.context.faults.plan("job:PlannedFailover:FailoverTask:web01", "hang")
        do(azure, protection, step)
    recorded = recorded_job("association-jobs", index)
    made = do(azure, protection, step)
    for each in (recorded, made):
        # The recorded machines have another provider, whose jobs name other objects.
        each["properties"].pop("customDetails")
    assert [task["taskId"] for task in made["properties"]["tasks"]] == [
        task["taskId"] for task in recorded["properties"]["tasks"]
    ]
    made.pop("type")
    for name in ("status", "error", "startTime", "endTime"):
        recorded.pop(name)
    assert shape(made) == shape(recorded)


def recorded_job(topic: str, index: int) -> dict[str, Any]:
    file = Path(os.environ["SITERECOVERY_RECORDINGS"]) / "azure" / f"{topic}.json"
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))["entries"][index]["response"]["body"]
    return found
