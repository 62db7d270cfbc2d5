# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failover, commit, failback and reversal of recovery plans in the lab."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import missing
from tests.lab.arm import oracle
from tests.lab.arm.conftest import Azure
from tests.lab.arm.test_recovery_plans import Plans
from tests.support.estate import Estate

FAILOVER = {"instanceType": "HyperVReplicaAzure", "recoveryPointType": "Latest"}
FAILBACK = {
    "instanceType": "HyperVReplicaAzureFailback",
    "dataSyncOption": "ForSynchronization",
    "recoveryVmCreationOption": "NoAction",
}


def body(direction: str, details: dict[str, Any], **more: str) -> dict[str, Any]:
    return {"properties": {"failoverDirection": direction, "providerSpecificDetails": [details], **more}}


PLANNED = body("PrimaryToRecovery", FAILOVER)
UNPLANNED = body("PrimaryToRecovery", FAILOVER, sourceSiteOperations="Required")
BACK = body("RecoveryToPrimary", FAILBACK)


@pytest.fixture
def plans(azure: Azure) -> Iterator[Plans]:
    """Provide a plan with two groups, and a machine that is in none of them."""
    made = Plans(azure)
    estate = Estate()
    estate.add(*(item.machine for item in made.protection.vault.items.values()))
    azure.context.fabric = estate
    made.save(made.group("sql01"), made.group("web01"))
    yield made
    if not missing("contracts"):
        assert oracle.validate(azure.server.traffic) == []


def locations(plans: Plans) -> dict[str, str]:
    return {name: plans.protection.item(name).location for name in ("sql01", "web01", "dc01")}


def runs(plans: Plans, name: str) -> bool:
    estate = plans.azure.context.fabric
    assert isinstance(estate, Estate)
    return estate.runs(name)


@pytest.mark.parametrize(("action", "sent"), [("plannedFailover", PLANNED), ("unplannedFailover", UNPLANNED)])
def test_a_plan_goes_to_azure_and_back(plans: Plans, action: str, sent: dict[str, Any]) -> None:
    job = plans.run("POST", f"/{action}", sent)
    assert job["state"] == "Succeeded"
    assert [task["name"] for task in job["tasks"]][1:] == [
        "RecoveryPlanFailoverGroupTask",
        "RecoveryPlanBootGroupTask",
        "RecoveryPlanBootGroupTask",
    ]
    assert locations(plans) == {"sql01": "Recovery", "web01": "Recovery", "dc01": "Primary"}
    assert (runs(plans, "web01"), runs(plans, "dc01")) == (False, True)
    assert plans.run("POST", "/failoverCommit")["state"] == "Succeeded"
    assert plans.run("POST", "/plannedFailover", BACK)["state"] == "Succeeded"
    assert (locations(plans)["web01"], runs(plans, "web01")) == ("Primary", True)
    assert plans.run("POST", "/failoverCommit")["state"] == "Succeeded"
    assert plans.protection.machines() == []
    assert plans.run("POST", "/reProtect")["state"] == "Succeeded"
    plans.settle()
    assert plans.protection.item("web01").protection_state == "Protected"


def test_one_machine_that_fails_does_not_stop_the_others_of_its_phase(plans: Plans) -> None:
    plans.azure.context.faults.plan("job:PlannedFailover:FailoverTask:web01", "fail", code="28031", message="quota")
    job = plans.run("POST", "/plannedFailover", PLANNED)
    assert job["state"] == "Failed"
    assert job["errors"][0]["serviceErrorDetails"]["code"] == "28031"
    assert locations(plans) == {"sql01": "Recovery", "web01": "Primary", "dc01": "Primary"}
    # The next failover leaves the first machine out.
    assert plans.run("POST", "/plannedFailover", PLANNED)["state"] == "Succeeded"
    assert locations(plans)["web01"] == "Recovery"


def test_a_plan_whose_machines_are_elsewhere_fails(plans: Plans) -> None:
    assert plans.run("POST", "/failoverCommit")["errors"][0]["serviceErrorDetails"]["code"] == "150255"
    assert plans.run("POST", "/reProtect")["state"] == "Failed"


@pytest.mark.parametrize(
    ("action", "sent"),
    [
        ("plannedFailover", body("Elsewhere", FAILOVER)),
        ("plannedFailover", body("RecoveryToPrimary", FAILOVER)),
        ("unplannedFailover", PLANNED),
        ("unplannedFailover", body("PrimaryToRecovery", {"instanceType": "HyperVReplicaAzure"})),
        ("failoverCancel", None),
    ],
)
def test_bodies(azure: Azure, plans: Plans, action: str, sent: dict[str, Any] | None) -> None:
    assert plans.send("POST", f"/{action}", sent).status_code == 400
    # The definitions do not allow such requests.
    azure.server.traffic.clear()
