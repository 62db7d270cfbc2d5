# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test failovers in the lab: job, virtual machine, states, cleanup and failures."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.lab.arm.conftest import Azure
from tests.lab.arm.test_recordings import shape
from tests.support.protection import TARGET, Protection, protect

VERSION = "2025-08-01"


@pytest.fixture
def protection(azure: Azure) -> Protection:
    found = protect(azure.state, "web01")
    azure.state.seed_network(
        TARGET, "vnet-test", "westeurope", ["10.9.0.0/16"], {"z": "10.9.2.0/24", "a": "10.9.1.0/24"}
    )
    return found


def body(azure: Azure, **changed: Any) -> dict[str, Any]:
    network = f"{azure.state.group_id(TARGET)}/providers/Microsoft.Network/virtualNetworks/vnet-test"
    properties = {
        "failoverDirection": "PrimaryToRecovery",
        "networkType": "VmNetworkAsInput",
        "networkId": network,
        "providerSpecificDetails": {"instanceType": "HyperVReplicaAzure"},
    }
    return {"properties": {name: value for name, value in {**properties, **changed}.items() if value is not None}}


def post(azure: Azure, protection: Protection, action: str, sent: dict[str, Any]) -> Any:
    return azure.send("POST", f"{protection.path('web01')}/{action}", VERSION, sent)


def run(azure: Azure, protection: Protection, action: str, sent: dict[str, Any]) -> dict[str, Any]:
    """Send a write, let its job end, and return the job."""
    answer = post(azure, protection, action, sent)
    assert answer.status_code == 202, answer.text
    settle(azure)
    return job(azure, protection, answer)


def settle(azure: Azure) -> None:
    """Let every task end, each of which begins the next one."""
    for _ in range(12):
        azure.state.hurry()


def job(azure: Azure, protection: Protection, answer: Any) -> dict[str, Any]:
    name = answer.headers["Azure-AsyncOperation"].partition("?")[0].rpartition("/")[2]
    found: dict[str, Any] = azure.send("GET", f"{protection.vault.site_id}/replicationJobs/{name}", VERSION).json()
    return found


def properties(azure: Azure, protection: Protection) -> dict[str, Any]:
    found: dict[str, Any] = azure.send("GET", protection.path("web01"), VERSION).json()["properties"]
    return found


def codes(shown: dict[str, Any]) -> list[str]:
    return [error["errorCode"] for error in shown["healthErrors"]]


def test_a_test_failover_and_its_cleanup(azure: Azure, protection: Protection) -> None:
    before = properties(azure, protection)
    assert (codes(before), before["testFailoverState"]) == (["161011"], "None")
    tested = run(azure, protection, "testFailover", body(azure))
    (item,) = tested["properties"]["customDetails"]["protectedItemDetails"]
    assert (tested["properties"]["state"], item["testVmName"], item["subnet"]) == ("Succeeded", "web01-test", "a")
    waiting = properties(azure, protection)
    assert (waiting["testFailoverState"], codes(waiting)) == ("WaitingForCompletion", [])
    assert "TestFailoverCleanup" in waiting["allowedOperations"]
    assert "TestFailover" not in waiting["allowedOperations"]
    vm = f"{azure.state.group_id(TARGET)}/providers/Microsoft.Compute/virtualMachines/web01-test"
    shown = azure.send("GET", f"{vm}?$expand=instanceView", "2022-11-01").json()
    assert shown["properties"]["instanceView"]["statuses"][1]["code"] == "PowerState/running"
    assert azure.send("GET", vm, "2022-11-01").json()["name"] == "web01-test"
    cleaned = run(azure, protection, "testFailoverCleanup", {"properties": {"comments": "done"}})
    assert (cleaned["properties"]["state"], cleaned["properties"]["customDetails"]["comments"]) == ("Succeeded", "done")
    assert azure.send("GET", vm, "2022-11-01").status_code == 404
    after = properties(azure, protection)
    # The state stays although the next test failover is allowed.
    assert (after["testFailoverState"], "TestFailover" in after["allowedOperations"]) == ("MarkedForDeletion", True)
    assert (codes(after), "lastSuccessfulTestFailoverTime" in before) == ([], False)
    assert after["lastSuccessfulTestFailoverTime"] >= tested["properties"]["startTime"]


def test_a_running_test_is_shown_and_holds_the_machine(azure: Azure, protection: Protection) -> None:
    azure.context.faults.plan("job:TestFailover:BeginTestFailoverTask:web01", "hang")
    answer = post(azure, protection, "testFailover", body(azure))
    settle(azure)
    running = job(azure, protection, answer)
    shown = properties(azure, protection)
    assert (running["properties"]["state"], shown["allowedOperations"]) == ("InProgress", [])
    assert running["properties"]["customDetails"]["protectedItemDetails"] == []
    assert shown["currentScenario"]["jobId"].endswith(running["name"])
    second = run(azure, protection, "testFailover", body(azure))
    assert [error["serviceErrorDetails"]["code"] for error in second["properties"]["errors"]] == ["532"]
    # The collision changes nothing of the running test.
    assert properties(azure, protection) == shown


@pytest.mark.parametrize(
    ("task", "waits", "machines"),
    [
        ("TestFailoverPreflightChecksTask", False, []),
        ("BeginTestFailoverTask", False, []),
        ("PrepareTestProtectedEntitiesTask", True, []),
        ("BootTestProtectedEntitiesTask", True, ["web01-test"]),
    ],
)
def test_a_failure_at_any_task(
    azure: Azure, protection: Protection, task: str, waits: bool, machines: list[str]
) -> None:
    azure.context.faults.plan(f"job:TestFailover:{task}:web01", "fail", code="28031", message="quota")
    failed = run(azure, protection, "testFailover", body(azure))
    assert failed["properties"]["state"] == "Failed"
    shown = properties(azure, protection)
    assert ("TestFailoverCleanup" in shown["allowedOperations"], protection.machines()) == (waits, machines)
    assert codes(shown) == ["161011"]
    if waits:
        run(azure, protection, "testFailoverCleanup", {"properties": {"comments": ""}})
        assert protection.machines() == []


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"networkType": "VmNetworkAsInput", "networkId": None}, 400),
        ({"networkType": "Other"}, 400),
        ({"failoverDirection": "RecoveryToPrimary"}, 400),
        ({"networkType": "NoNetworkAttachAsInput", "networkId": None}, 202),
    ],
)
def test_bodies(azure: Azure, protection: Protection, sent: dict[str, Any], status: int) -> None:
    assert post(azure, protection, "testFailover", body(azure, **sent)).status_code == status


def test_an_absent_network_fails_the_job(azure: Azure, protection: Protection) -> None:
    network = f"{azure.state.group_id(TARGET)}/providers/Microsoft.Network/virtualNetworks/none"
    failed = run(azure, protection, "testFailover", body(azure, networkId=network))
    assert failed["properties"]["errors"][0]["serviceErrorDetails"]["code"] == "28092"


def test_a_cleanup_without_a_test_is_refused(azure: Azure, protection: Protection) -> None:
    assert post(azure, protection, "testFailoverCleanup", {"properties": {"comments": ""}}).status_code == 400


@pytest.mark.needs("recordings")
def test_the_job_has_the_recorded_shape(azure: Azure, protection: Protection) -> None:
    folder = Path(os.environ["SITERECOVERY_RECORDINGS"]) / "azure"
    entries = json.loads((folder / "hyperv-site.json").read_text(encoding="utf-8"))["entries"]
    for index, action, sent in (
        (38, "testFailover", body(azure)),
        (43, "testFailoverCleanup", {"properties": {"comments": ""}}),
    ):
        recorded, made = entries[index]["response"]["body"], run(azure, protection, action, sent)
        # The oldest api-version spells the affected objects in Pascal case, and adds the state of the operation.
        for each in (recorded, made):
            each["properties"]["customDetails"]["affectedObjectDetails"] = {}
        for name in ("status", "error", "startTime", "endTime"):
            recorded.pop(name)
        made.pop("type")
        assert shape(made) == shape(recorded)
