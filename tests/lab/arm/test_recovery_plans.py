# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recovery plans in the lab: documents, writes, test failovers, their cleanup, collisions and failures."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.conftest import missing
from tests.lab.arm import oracle
from tests.lab.arm.conftest import Azure
from tests.support.protection import TARGET, Protection, protect

VERSION = "2024-04-01"
ADDED = ("Shutdown", "Failover")
ASK = {
    "actionName": "Ask",
    "failoverTypes": ["TestFailover"],
    "failoverDirections": ["PrimaryToRecovery"],
    "customDetails": {"instanceType": "ManualActionDetails", "description": "Look at it"},
}


class Plans:
    """Requests about one plan over three protected machines."""

    def __init__(self, azure: Azure) -> None:
        self.azure = azure
        self.protection: Protection = protect(azure.state, "web01", "sql01", "dc01")
        azure.state.seed_network(TARGET, "vnet-test", "westeurope", ["10.9.0.0/16"], {"a": "10.9.1.0/24"})
        self.path = f"{self.protection.vault.site_id}/replicationRecoveryPlans/plan1"

    def group(self, *names: str, kind: str = "Boot", **actions: Any) -> dict[str, Any]:
        items = [
            {"id": self.protection.path(name), "virtualMachineId": self.protection.item(name).machine.id}
            for name in names
        ]
        return {"groupType": kind, "replicationProtectedItems": items, **actions}

    def body(self, *groups: dict[str, Any], **changed: Any) -> dict[str, Any]:
        fabric = f"{self.protection.vault.site_id}/replicationFabrics/{self.protection.fabric.name}"
        properties = {
            "primaryFabricId": fabric,
            "recoveryFabricId": "Microsoft Azure",
            "failoverDeploymentModel": "ResourceManager",
            "groups": list(groups),
        }
        return {"properties": {name: value for name, value in {**properties, **changed}.items() if value is not None}}

    def save(self, *groups: dict[str, Any], **changed: Any) -> dict[str, Any]:
        return self.run("PUT", "", self.body(*groups, **changed))

    def send(self, method: str, action: str = "", sent: Any = None) -> Any:
        return self.azure.send(method, self.path + action, VERSION, sent)

    def run(self, method: str, action: str = "", sent: Any = None) -> dict[str, Any]:
        """Send a write, let its job end, and return the job."""
        answer = self.send(method, action, sent)
        assert answer.status_code == 202, answer.text
        self.settle()
        return self.job(answer)

    def settle(self) -> None:
        for _ in range(40):
            self.azure.state.hurry()

    def job(self, answer: Any) -> dict[str, Any]:
        name = answer.headers["Azure-AsyncOperation"].partition("?")[0].rpartition("/")[2]
        path = f"{self.protection.vault.site_id}/replicationJobs/{name}"
        return {**self.azure.send("GET", path, VERSION).json()["properties"], "name": name}

    def test(self, **changed: Any) -> dict[str, Any]:
        return self.run("POST", "/testFailover", self.input(**changed))

    def input(self, **changed: Any) -> dict[str, Any]:
        network = f"{self.azure.state.group_id(TARGET)}/providers/Microsoft.Network/virtualNetworks/vnet-test"
        details = {"instanceType": "HyperVReplicaAzure", "recoveryPointType": "Latest"}
        properties = {
            "failoverDirection": "PrimaryToRecovery",
            "networkType": "VmNetworkAsInput",
            "networkId": network,
            "providerSpecificDetails": [details],
        }
        return {"properties": {**properties, **changed}}

    def clean_up(self) -> dict[str, Any]:
        return self.run("POST", "/testFailoverCleanup", {"properties": {"comments": "done"}})

    @property
    def shown(self) -> dict[str, Any]:
        return dict(self.send("GET").json()["properties"])


@pytest.fixture
def plans(azure: Azure) -> Iterator[Plans]:
    yield Plans(azure)
    if not missing("contracts"):
        assert oracle.validate(azure.server.traffic) == []


def kinds(shown: dict[str, Any]) -> list[tuple[str, list[str]]]:
    return [
        (group["groupType"], [item["virtualMachineId"] for item in group["replicationProtectedItems"]])
        for group in shown["groups"]
    ]


def codes(job: dict[str, Any]) -> list[str]:
    return [error["serviceErrorDetails"]["code"] for error in job["errors"]]


def states(job: dict[str, Any]) -> dict[str, Any]:
    """Return the states of the tasks of a job, and of the machines in its groups."""
    return {
        task["friendlyName"]: {child["friendlyName"]: child["state"] for child in group["childTasks"]}
        if (group := task["groupTaskCustomDetails"])
        else task["state"]
        for task in job["tasks"]
    }


def test_a_plan_from_its_creation_to_its_end(plans: Plans) -> None:
    job = plans.save(plans.group("sql01"), plans.group("web01"))
    assert (job["scenarioName"], job["state"], job["targetObjectName"]) == ("SaveRecoveryPlan", "Succeeded", "plan1")
    shown = plans.shown
    ids = [plans.protection.item(name).machine.id.lower() for name in ("sql01", "web01")]
    assert kinds(shown) == [("Shutdown", []), ("Failover", []), ("Boot", [ids[0]]), ("Boot", [ids[1]])]
    assert (shown["allowedOperations"], shown["currentScenario"]) == (
        ["PlannedFailover", "UnplannedFailover", "TestFailover"],
        None,
    )
    (listed,) = plans.azure.send("GET", plans.path.rpartition("/")[0], VERSION).json()["value"]
    assert listed["properties"] == shown | {"groups": []}
    groups = [*shown["groups"][:3], plans.group("web01", "dc01", endGroupActions=[ASK])]
    assert plans.run("PATCH", "", {"properties": {"groups": groups}})["scenarioName"] == "UpdateRecoveryPlan"
    assert plans.shown["groups"][3]["endGroupActions"] == [ASK]
    named = plans.azure.send(
        "GET",
        f"{plans.protection.vault.site_id}/replicationProtectedItems?$filter=RecoveryPlanName eq 'plan1'",
        VERSION,
    ).json()["value"]
    assert sorted(item["properties"]["friendlyName"] for item in named) == ["dc01", "sql01", "web01"]
    usages = f"{plans.protection.vault.id}/replicationUsages"
    assert plans.azure.send("GET", usages).json()["value"][0]["recoveryPlanCount"] == 1
    assert plans.run("DELETE")["scenarioName"] == "DeleteRecoveryPlan"
    assert (plans.send("GET").status_code, plans.send("DELETE").status_code) == (404, 204)


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"primaryFabricId": "/none"}, 400),
        ({"recoveryFabricId": "/another"}, 501),
        ({"failoverDeploymentModel": "Classic"}, 501),
        ({"failoverDeploymentModel": "Other"}, 400),
        ({"groups": None}, 400),
        ({"groups": [{"groupType": "Other"}]}, 400),
        ({"groups": [{"groupType": "Boot", "startGroupActions": [{"actionName": "a"}]}]}, 400),
    ],
)
def test_bodies_that_are_refused(azure: Azure, changed: dict[str, Any], status: int) -> None:
    plans = Plans(azure)
    assert plans.send("PUT", "", plans.body(**changed)).status_code == status
    assert plans.protection.vault.plans == {}


def test_a_change_names_the_added_groups(azure: Azure) -> None:
    plans = Plans(azure)
    plans.save(plans.group("web01"))
    before = plans.shown
    assert plans.send("PATCH", "", {"properties": {"groups": [plans.group("sql01")]}}).status_code == 400
    assert plans.shown == before


def test_machines_that_do_not_fit(plans: Plans) -> None:
    gone = plans.group("web01")
    gone["replicationProtectedItems"][0]["id"] += "x"
    foreign = plans.group("dc01")
    plans.protection.item("dc01").fabric = "another"
    plans.protection.vault.fabrics["another"] = type(plans.protection.fabric)(
        "another", plans.protection.fabric.server, plans.protection.fabric.registered, visible=True
    )
    foreign["replicationProtectedItems"][0]["id"] = foreign["replicationProtectedItems"][0]["id"].replace(
        plans.protection.fabric.name, "another"
    )
    for groups in ([gone], [foreign], [plans.group("web01"), plans.group("web01")], [plans.group()] * 8):
        job = plans.save(*groups)
        assert (job["state"], codes(job)) == ("Failed", ["150251"])
    assert plans.send("GET").status_code == 404


def test_a_test_failover_has_a_task_for_each_group_and_machine(plans: Plans) -> None:
    plans.save(plans.group("sql01"), plans.group("web01", "dc01"))
    job = plans.test()
    assert states(job) == {
        "Prerequisites check": "Succeeded",
        "All groups failover (3)": dict.fromkeys(("sql01", "web01", "dc01"), "Succeeded"),
        "Group 1: Start (1)": {"sql01": "Succeeded"},
        "Group 2: Start (2)": {"web01": "Succeeded", "dc01": "Succeeded"},
    }
    groups = [task["groupTaskCustomDetails"] for task in job["tasks"][1:]]
    assert [group["rpGroupType"] for group in groups] == ["Failover", "Boot", "Boot"]
    child = groups[0]["childTasks"][0]["customDetails"]["jobTask"]
    own = f"{plans.protection.vault.site_id}/replicationJobs/{child['jobId']}"
    assert plans.azure.send("GET", own, VERSION).json()["properties"]["targetObjectName"] == "sql01"
    tested = [item["testVmName"] for item in job["customDetails"]["protectedItemDetails"]]
    assert tested == ["sql01-test", "web01-test", "dc01-test"]
    shown = plans.shown
    assert "TestFailoverCleanup" in shown["allowedOperations"]
    assert shown["lastTestFailoverTime"] >= job["startTime"]
    assert plans.protection.machines() == sorted(tested)
    # While the test waits for its cleanup, the plan stays as it is.
    for method, sent in (("DELETE", None), ("PUT", plans.body(plans.group("web01")))):
        refused = plans.run(method, "", sent)
        assert (refused["state"], codes(refused)) == ("Failed", ["150252"])
    assert plans.send("POST", "/testFailover", plans.input()).status_code == 400
    cleaned = plans.clean_up()
    assert states(cleaned)["Clean up (3)"] == dict.fromkeys(("sql01", "web01", "dc01"), "Succeeded")
    assert plans.protection.machines() == []
    assert "TestFailover" in plans.shown["allowedOperations"]
    assert plans.send("POST", "/testFailoverCleanup", {"properties": {"comments": ""}}).status_code == 400


@pytest.mark.parametrize(
    ("task", "tree", "machines"),
    [
        ("RecoveryPlanTestFailoverPreflightChecksTask:plan1", {}, []),
        ("TestFailoverPreflightChecksTask:web01", {"All groups failover (2)": "Failed"}, ["sql01-test"]),
        ("PrepareTestProtectedEntitiesTask:web01", {"All groups failover (2)": "Failed"}, ["sql01-test"]),
        (
            "BootTestProtectedEntitiesTask:sql01",
            {"Group 1: Start (1)": "Failed", "Group 2: Start (1)": "Other"},
            ["sql01-test", "web01-test"],
        ),
        ("Ask:plan1", {"Ask": "Failed", "Group 2: Start (1)": "Other"}, ["sql01-test", "web01-test"]),
    ],
)
def test_a_failure_at_any_task(plans: Plans, task: str, tree: dict[str, str], machines: list[str]) -> None:
    plans.save(plans.group("sql01", endGroupActions=[ASK]), plans.group("web01"))
    plans.azure.context.faults.plan(f"job:TestFailover:{task}", "fail", code="28031", message="quota")
    job = plans.test()
    assert (job["state"], codes(job), plans.protection.machines()) == ("Failed", ["28031"], machines)
    assert {name: state for name, state in groups_of(job).items() if name in tree} == tree
    if machines:
        plans.clean_up()
        assert plans.protection.machines() == []
    assert "TestFailover" in plans.shown["allowedOperations"]


def groups_of(job: dict[str, Any]) -> dict[str, str]:
    return {task["friendlyName"]: task["state"] for task in job["tasks"]}


def test_a_manual_action_waits_for_a_person(plans: Plans) -> None:
    other = ASK | {"actionName": "Not now", "failoverTypes": ["PlannedFailover"]}
    script = {"instanceType": "ScriptActionDetails", "path": "a.ps1", "fabricLocation": "Recovery"}
    runbook = {"instanceType": "AutomationRunbookActionDetails", "runbookId": "/r", "fabricLocation": "Recovery"}
    scripts = [
        ASK | {"actionName": f"Run {number}", "customDetails": each} for number, each in enumerate((script, runbook))
    ]
    plans.save(plans.group("sql01", startGroupActions=[other, *scripts], endGroupActions=[ASK]), plans.group("web01"))
    answer = plans.send("POST", "/testFailover", plans.input())
    plans.settle()
    job = plans.job(answer)
    assert (job["state"], plans.shown["currentScenario"]["scenarioName"]) == ("Suspended", "TestFailover")
    assert list(groups_of(job)) == [
        "Prerequisites check",
        "All groups failover (2)",
        "Run 0",
        "Run 1",
        "Group 1: Start (1)",
        "Ask",
        "Group 2: Start (1)",
    ]
    assert job["tasks"][5]["customDetails"]["instructions"] == "Look at it"
    resumed = f"{plans.protection.vault.site_id}/replicationJobs/{job['name']}/resume"
    assert plans.azure.send("POST", resumed, VERSION, {"properties": {"comments": "ok"}}).status_code == 202
    plans.settle()
    assert plans.job(answer)["state"] == "Succeeded"


def test_collisions(plans: Plans) -> None:
    plans.save(plans.group("web01"))
    plans.azure.context.faults.plan("job:TestFailover:BeginTestFailoverTask:web01", "hang")
    answer = plans.send("POST", "/testFailover", plans.input())
    plans.settle()
    running = plans.job(answer)
    assert (running["state"], plans.shown["allowedOperations"]) == ("InProgress", [])
    # The plan holds itself and its machines.
    for path, sent in (
        (plans.path + "/testFailover", plans.input()),
        (plans.protection.path("web01") + "/testFailover", item_input(plans)),
    ):
        second = plans.azure.send("POST", path, VERSION, sent)
        plans.settle()
        assert codes(plans.job(second)) == ["532"]
    assert plans.job(answer) == running


def item_input(plans: Plans) -> dict[str, Any]:
    return plans.input(providerSpecificDetails={"instanceType": "HyperVReplicaAzure"})


def test_a_machine_whose_own_test_is_open_is_left_out(plans: Plans) -> None:
    plans.save(plans.group("web01", "sql01"))
    plans.azure.send("POST", plans.protection.path("web01") + "/testFailover", VERSION, item_input(plans))
    plans.settle()
    job = plans.test()
    assert job["state"] == "Succeeded"
    assert [item["friendlyName"] for item in job["customDetails"]["protectedItemDetails"]] == ["sql01"]
    assert states(job)["Group 1: Start (2)"] == {"web01": "Other", "sql01": "Succeeded"}
    plans.clean_up()
    assert plans.protection.machines() == ["web01-test"]


@pytest.mark.parametrize(("given", "code"), [("copying", "150254"), ("gone", "150253"), ("network", "28092")])
def test_what_stops_a_test_at_its_beginning(plans: Plans, given: str, code: str) -> None:
    plans.save(plans.group("web01", "sql01"))
    item = plans.protection.item("sql01")
    if given == "copying":
        item.operations = ()
    if given == "gone":
        del plans.protection.vault.items[item.key]
    wanted = plans.input()["properties"]["networkId"]
    job = plans.test(networkId=wanted + "x" if given == "network" else wanted)
    assert (job["state"], codes(job), plans.protection.machines()) == ("Failed", [code], [])


def test_kinds_of_recovery_points(plans: Plans) -> None:
    plans.save(plans.group("web01"))
    item = plans.protection.item("web01")
    item.first_point = item.enabled - timedelta(minutes=20)
    kind = {"instanceType": "HyperVReplicaAzure", "recoveryPointType": "LatestApplicationConsistent"}
    (shown,) = plans.test(providerSpecificDetails=[kind])["customDetails"]["protectedItemDetails"]
    points = plans.azure.send("GET", plans.protection.path("web01") + "/recoveryPoints", VERSION).json()["value"]
    chosen = next(point for point in points if point["name"] == shown["recoveryPointId"])
    assert chosen["properties"]["recoveryPointType"] == "ApplicationConsistent"


def test_an_unknown_kind_of_recovery_point_is_refused(azure: Azure) -> None:
    plans = Plans(azure)
    plans.save(plans.group("web01"))
    wrong = plans.input(providerSpecificDetails=[{"instanceType": "HyperVReplicaAzure", "recoveryPointType": "Other"}])
    assert plans.send("POST", "/testFailover", wrong).status_code == 400
