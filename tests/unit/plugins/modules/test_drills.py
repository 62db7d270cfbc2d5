# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test failovers: evidence, cleanup, isolation, failures, interrupted runs and the Operator role (N4)."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common import waiting
from lab.arm.plan_records import RecoveryPlan
from lab.arm.protected_items import item_job
from lab.arm.replication import Place
from tests.support.protection import GROUP, TARGET, VAULT, Protection, boot_group, protect
from tests.unit.plugins.modules.conftest import Ended, Subscription

DRILL = {"resource_group": GROUP, "vault_name": VAULT, "network": "vnet-test", "network_resource_group": TARGET}
TESTED, CLEANED = "testFailover", "testFailoverCleanup"


@pytest.fixture
def protection(subscription: Subscription, monkeypatch: pytest.MonkeyPatch) -> Protection:
    # The lab's jobs end within a fraction of a second.
    monkeypatch.setattr(waiting, "_FIRST", 0.05)
    state, context = subscription.state, subscription.context
    context.clock.scale = 0.0005
    for name in ("vnet-test", "vnet-prod"):
        state.seed_network(TARGET, name, "westeurope", ["10.9.0.0/16"], {"machines": "10.9.1.0/24"})
    production = f"{state.group_id(TARGET)}/providers/Microsoft.Network/virtualNetworks/vnet-prod"
    return protect(state, "web01", "sql01", production=production)


def drill(subscription: Subscription, *, check: bool = False, **changed: Any) -> Ended:
    return subscription.run("test_failover", check=check, **{**DRILL, "machines": ["web01"], **changed})


def verbs(subscription: Subscription) -> list[str]:
    return [write.rpartition(" ")[0] for write in subscription.writes]


def test_a_drill_with_its_evidence(subscription: Subscription, protection: Protection) -> None:
    checked = drill(subscription, check=True)
    assert (checked.result["changed"], subscription.writes, protection.machines()) == (True, [], [])
    ended = drill(subscription)
    assert not ended.failed, ended.msg
    assert verbs(subscription) == [TESTED, CLEANED]
    (run,) = ended.result["test_failover"]["runs"]
    (machine,) = run["machines"]
    assert (run["succeeded"], machine["test_vm"], machine["power_state"], machine["deleted"]) == (
        True,
        "web01-test",
        "running",
        True,
    )
    assert (machine["health_before"]["codes"], machine["health_after"]["codes"]) == (["161011"], [])
    assert machine["rpo_seconds"] >= 0
    assert run["rto_seconds"] >= 0
    assert [task["state"] for task in run["job"]["tasks"]] == ["Succeeded"] * 4
    assert run["cleanup_job"]["state"] == "Succeeded"
    assert protection.machines() == []
    again = drill(subscription)
    assert (again.result["changed"], subscription.writes) == (False, [])


def test_an_operator_can_drill(subscription: Subscription, protection: Protection) -> None:
    subscription.state.give_role("Site Recovery Operator", only=True)
    ended = drill(subscription)
    assert not ended.failed, ended.msg
    (machine,) = ended.result["test_failover"]["runs"][0]["machines"]
    assert (machine["power_state"], machine["deleted"], protection.machines()) == (None, None, [])


@pytest.mark.parametrize(
    ("task", "verbs_sent"),
    [
        ("TestFailoverPreflightChecksTask", [TESTED]),
        ("PrepareTestProtectedEntitiesTask", [TESTED, CLEANED]),
        ("BootTestProtectedEntitiesTask", [TESTED, CLEANED]),
    ],
)
def test_a_failed_test_is_cleaned_up(
    subscription: Subscription, protection: Protection, task: str, verbs_sent: list[str]
) -> None:
    subscription.context.faults.plan(f"job:TestFailover:{task}:web01", "fail", code="28031", message="Quota exceeded.")
    ended = drill(subscription)
    assert ended.failed
    assert "28031: Quota exceeded" in ended.msg
    assert ended.error["code"] == "28031"
    assert (verbs(subscription), protection.machines()) == (verbs_sent, [])


def test_a_failure_of_one_machine_does_not_end_the_others(subscription: Subscription, protection: Protection) -> None:
    subscription.context.faults.plan("job:TestFailover:BootTestProtectedEntitiesTask:web01", "fail", code="28031")
    ended = drill(subscription, machines=["web01", "sql01"])
    assert {run["name"]: run["succeeded"] for run in ended.error["runs"]} == {"web01": False, "sql01": True}
    assert protection.machines() == []


@pytest.mark.parametrize(
    ("open_test", "verbs_sent", "runs"),
    [("refuse", [], None), ("resume", [CLEANED], 1), ("clean_up", [CLEANED], 1)],
)
def test_an_open_test_is_offered(
    subscription: Subscription, protection: Protection, open_test: str, verbs_sent: list[str], runs: int | None
) -> None:
    assert not drill(subscription, cleanup=False).failed
    assert protection.machines() == ["web01-test"]
    ended = drill(subscription, open_test=open_test)
    assert (verbs(subscription), ended.failed) == (verbs_sent, runs is None)
    if runs is None:
        assert "set open_test to resume" in ended.msg
    else:
        assert len(ended.result["test_failover"]["runs"]) == runs
        assert protection.machines() == []


def test_an_interrupted_run_is_resumed(subscription: Subscription, protection: Protection) -> None:
    subscription.context.faults.plan("job:TestFailover:BeginTestFailoverTask:web01", "delay", seconds=6000)
    late = drill(subscription, wait_timeout=0)
    assert late.error["kind"] == "deadline_exceeded"
    assert "open_test=resume" in late.msg
    ended = drill(subscription, open_test="resume")
    assert not ended.failed, ended.msg
    assert (verbs(subscription), protection.machines()) == ([CLEANED], [])
    assert ended.result["test_failover"]["runs"][0]["job"]["state"] == "Succeeded"


@pytest.mark.parametrize(
    ("given", "refusal", "sent"),
    [
        ({}, "has an open test failover", []),
        ({"open_test": "resume"}, None, [CLEANED]),
        ({"open_test": "clean_up"}, None, [CLEANED, TESTED, CLEANED]),
        ({"state": "cleaned_up"}, None, [CLEANED]),
    ],
)
def test_a_test_that_the_machine_does_not_show_yet_is_found(
    subscription: Subscription, protection: Protection, given: dict[str, Any], refusal: str | None, sent: list[str]
) -> None:
    """A machine shows its job when the first task has ended. Until then only the list of jobs has it."""
    subscription.context.faults.plan("job:TestFailover:TestFailoverPreflightChecksTask:web01", "delay", seconds=2400)
    assert drill(subscription, wait_timeout=0).error["kind"] == "deadline_exceeded"
    assert protection.item("web01").scenario is None
    ended = drill(subscription, **given)
    assert (ended.failed, verbs(subscription)) == (refusal is not None, sent), ended.result
    assert (refusal or "") in ended.result.get("msg", "")
    jobs = [(job.scenario, job.collided) for job in protection.vault.jobs.values()]
    assert jobs == [("TestFailover", False), *((verb[0].upper() + verb[1:], False) for verb in sent)]


@pytest.mark.parametrize("given", [{"state": "cleaned_up"}, {"valid_hours": 0}])
def test_a_cleanup_that_the_machine_does_not_show_yet_is_followed(
    subscription: Subscription, protection: Protection, given: dict[str, Any]
) -> None:
    assert not drill(subscription, cleanup=False).failed
    subscription.context.faults.plan(
        "job:TestFailoverCleanup:TestFailoverCleanupPreflightChecksTask:web01", "delay", seconds=2400
    )
    assert drill(subscription, state="cleaned_up", wait_timeout=0).error["kind"] == "deadline_exceeded"
    ended = drill(subscription, **given)
    assert not ended.failed, ended.msg
    assert verbs(subscription) == ([] if "state" in given else [TESTED, CLEANED])
    assert protection.machines() == []


@pytest.mark.parametrize("plan", [False, True])
def test_a_failover_that_the_machine_does_not_show_yet_is_named(
    subscription: Subscription, protection: Protection, plan: bool
) -> None:
    """The module begins no test of a machine that another person fails over now."""
    groups = [{**boot_group(protection), "groupType": kind} for kind in ("Shutdown", "Failover")]
    protection.vault.plans["shop"] = RecoveryPlan(
        "shop", protection.fabric.name, [*groups, boot_group(protection, "web01")]
    )
    subscription.context.faults.plan(
        "job:PlannedFailover:PlannedFailoverPreflightChecksTask:web01", "delay", seconds=2400
    )
    place = Place(protection.state, protection.vault, protection.fabric)
    item_job(place, protection.item("web01"), "PlannedFailover")
    given: dict[str, Any] = {"machines": None, "recovery_plan": "shop"} if plan else {}
    ended = drill(subscription, **given)
    assert (ended.failed, subscription.writes) == (True, [])
    assert "PlannedFailover is running (job" in ended.msg


def peer(subscription: Subscription, one: str, other: str) -> None:
    group = subscription.state.group_id(TARGET)
    network = subscription.state.networks[f"{group}/providers/Microsoft.Network/virtualNetworks/{one}".casefold()]
    remote = f"{group}/providers/Microsoft.Network/virtualNetworks/{other}"
    network["properties"]["virtualNetworkPeerings"] = [
        {"name": "p", "properties": {"remoteVirtualNetwork": {"id": remote}}}
    ]


@pytest.mark.parametrize(
    ("given", "peered", "refusal"),
    [
        ({"network": "vnet-prod"}, False, "machines join at a real failover"),
        ({}, True, "is peered with 'vnet-prod'"),
        ({"i_know_that_this_network_is_not_isolated": "vnet-prod"}, True, "is peered with 'vnet-prod'"),
        ({"i_know_that_this_network_is_not_isolated": "vnet-test"}, True, None),
        ({"network": None, "without_network": True}, True, None),
        ({"network": "vnet-none"}, False, "does not exist"),
    ],
)
def test_the_network_is_isolated(
    subscription: Subscription, protection: Protection, given: dict[str, Any], peered: bool, refusal: str | None
) -> None:
    if peered:
        peer(subscription, "vnet-test", "vnet-prod")
    ended = drill(subscription, check=True, **given)
    assert ended.failed is (refusal is not None), ended.result
    if refusal is not None:
        assert refusal in ended.msg
    assert subscription.writes == []
    assert protection.machines() == []


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"machines": None}, "machines is required"),
        ({"recovery_plan": "all"}, "machines is required"),
        ({"network": None}, "network is required"),
        ({"network_resource_group": None}, "network_resource_group is required"),
        ({"recovery_point_time": "yesterday"}, "is not a date and time"),
        ({"machines": None, "recovery_plan": "all", "recovery_point_time": "2026-01-01"}, "does not apply"),
        ({"valid_hours": -1}, "must not be negative"),
        ({"machines": ["other"]}, "is not protected in these clouds"),
        ({"vmm_server": "vmm09"}, "has no server"),
        ({"vault_name": "vault-9"}, "does not exist"),
        ({"recovery_point_time": "2001-01-01"}, "has no recovery point"),
    ],
)
def test_refusals(subscription: Subscription, protection: Protection, given: dict[str, Any], refusal: str) -> None:
    ended = drill(subscription, **given)
    assert (ended.failed, subscription.writes, protection.machines()) == (True, [], [])
    assert refusal in ended.msg


def test_a_recovery_point_is_chosen(subscription: Subscription, protection: Protection) -> None:
    ended = drill(subscription, recovery_point="latest_processed")
    assert not ended.failed, ended.msg
    sent = next(each for each in subscription.azure.server.traffic if each.path.endswith("/testFailover"))
    assert "/recoveryPoints/" in str(sent)
    assert protection.machines() == []
