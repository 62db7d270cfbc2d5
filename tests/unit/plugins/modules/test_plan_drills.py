# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test failovers of recovery plans: evidence, manual actions, failures and interrupted runs (N4)."""

from __future__ import annotations

import time
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._azure import jobs as follower
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common import waiting
from ansible_collections.siterecovery.hyperv.plugins.module_utils._services.azure import manual_actions
from lab.arm.plan_records import RecoveryPlan
from tests.support.protection import GROUP, TARGET, VAULT, Protection, protect
from tests.unit.plugins.modules.conftest import Ended, Subscription

DRILL: dict[str, Any] = {
    "resource_group": GROUP,
    "vault_name": VAULT,
    "recovery_plan": "shop",
    "network": "vnet-test",
    "network_resource_group": TARGET,
}
TESTED, CLEANED = "testFailover", "testFailoverCleanup"
ASK = {
    "actionName": "Ask",
    "failoverTypes": ["TestFailover"],
    "failoverDirections": ["PrimaryToRecovery"],
    "customDetails": {"instanceType": "ManualActionDetails", "description": "Look at it"},
}


@pytest.fixture
def protection(subscription: Subscription, monkeypatch: pytest.MonkeyPatch) -> Protection:
    # The lab's jobs end within a fraction of a second.
    monkeypatch.setattr(waiting, "_FIRST", 0.05)
    state = subscription.state
    subscription.context.clock.scale = 0.0005
    for name in ("vnet-test", "vnet-prod"):
        state.seed_network(TARGET, name, "westeurope", ["10.9.0.0/16"], {"machines": "10.9.1.0/24"})
    production = f"{state.group_id(TARGET)}/providers/Microsoft.Network/virtualNetworks/vnet-prod"
    found = protect(state, "web01", "sql01", "dc01", production=production)
    save(found, [["sql01"], ["web01"]])
    return found


def save(protection: Protection, groups: list[list[str]], **actions: Any) -> RecoveryPlan:
    """Put a plan into the vault. `actions` belong to the first group."""
    documents: list[dict[str, Any]] = [
        {"groupType": kind, "replicationProtectedItems": [], "startGroupActions": [], "endGroupActions": []}
        for kind in ("Shutdown", "Failover", *["Boot"] * len(groups))
    ]
    for document, names in zip(documents[2:], groups, strict=True):
        document["replicationProtectedItems"] = [
            {"id": protection.path(name), "virtualMachineId": protection.item(name).machine.id.lower()}
            for name in names
        ]
    documents[2] |= actions
    plan = RecoveryPlan("shop", protection.fabric.name, documents)
    protection.vault.plans["shop"] = plan
    return plan


def drill(subscription: Subscription, *, check: bool = False, **changed: Any) -> Ended:
    return subscription.run("test_failover", check=check, **{**DRILL, **changed})


def verbs(subscription: Subscription) -> list[str]:
    return [write.rpartition(" ")[0] for write in subscription.writes]


def test_a_drill_of_a_plan_with_its_evidence(subscription: Subscription, protection: Protection) -> None:
    checked = drill(subscription, check=True)
    assert (checked.result["changed"], subscription.writes, protection.machines()) == (True, [], [])
    ended = drill(subscription)
    assert not ended.failed, ended.msg
    assert verbs(subscription) == [TESTED, CLEANED]
    (run,) = ended.result["test_failover"]["runs"]
    assert (run["name"], run["kind"], run["succeeded"]) == ("shop", "plan", True)
    assert [(group["name"], group["type"], group["state"]) for group in run["groups"]] == [
        ("All groups failover", "Failover", "Succeeded"),
        ("Group 1: Start", "Boot", "Succeeded"),
        ("Group 2: Start", "Boot", "Succeeded"),
    ]
    assert all(group["seconds"] >= 0 and group["started"] for group in run["groups"])
    assert [(each["name"], each["group"], each["test_vm"]) for each in run["machines"]] == [
        ("sql01", 1, "sql01-test"),
        ("web01", 2, "web01-test"),
    ]
    for each in run["machines"]:
        assert (each["power_state"], each["deleted"]) == ("running", True)
        assert (each["health_before"]["codes"], each["health_after"]["codes"]) == (["161011"], [])
        assert each["rpo_seconds"] >= 0
        assert 0 <= each["rto_seconds"] <= run["rto_seconds"] + 1
    (failover,) = [task for task in run["job"]["tasks"] if task["group"] == "Failover"]
    assert [(child["title"], child["state"]) for child in failover["tasks"]] == [
        ("sql01", "Succeeded"),
        ("web01", "Succeeded"),
    ]
    assert all(child["job"] in protection.vault.jobs for child in failover["tasks"])
    assert [child["title"] for child in run["cleanup_job"]["tasks"][1]["tasks"]] == ["sql01", "web01"]
    assert protection.machines() == []
    again = drill(subscription)
    assert (again.result["changed"], subscription.writes) == (False, [])


def test_tests_of_single_machines_do_not_count_for_a_plan(subscription: Subscription, protection: Protection) -> None:
    single: dict[str, Any] = {"recovery_plan": None, "machines": ["web01", "sql01"]}
    assert not drill(subscription, **single).failed
    assert drill(subscription, check=True).result["changed"] is True


def test_an_operator_can_drill_a_plan(subscription: Subscription, protection: Protection) -> None:
    subscription.state.give_role("Site Recovery Operator", only=True)
    ended = drill(subscription)
    assert not ended.failed, ended.msg
    assert {each["power_state"] for each in ended.result["test_failover"]["runs"][0]["machines"]} == {None}
    assert protection.machines() == []


@pytest.mark.parametrize(
    ("task", "cleans", "words"),
    [
        ("RecoveryPlanTestFailoverPreflightChecksTask:shop", False, "at 'Prerequisites check'"),
        ("BeginTestFailoverTask:web01", True, "at 'All groups failover (2)', 'web01'"),
        ("PrepareTestProtectedEntitiesTask:sql01", True, "at 'All groups failover (2)', 'sql01'"),
        ("BootTestProtectedEntitiesTask:web01", True, "at 'Group 2: Start (1)', 'web01'"),
    ],
)
def test_a_failed_test_of_a_plan_is_cleaned_up(
    subscription: Subscription, protection: Protection, task: str, cleans: bool, words: str
) -> None:
    subscription.context.faults.plan(f"job:TestFailover:{task}", "fail", code="28031", message="Quota exceeded.")
    ended = drill(subscription)
    assert ended.error["code"] == "28031"
    assert words in ended.msg
    assert "28031: Quota exceeded" in ended.msg
    assert (verbs(subscription), protection.machines()) == ([TESTED, CLEANED] if cleans else [TESTED], [])
    # It was not tested, so the next run tests again.
    assert drill(subscription).result["changed"] is True


def test_a_failed_cleanup_is_named(subscription: Subscription, protection: Protection) -> None:
    subscription.context.faults.plan(
        "job:TestFailoverCleanup:CleanupTestProtectedEntitiesTask:web01", "fail", code="539", message="Locked."
    )
    ended = drill(subscription)
    assert "539: Locked" in ended.msg
    assert protection.machines() == ["web01-test"]
    cleaned = drill(subscription, state="cleaned_up")
    assert not cleaned.failed, cleaned.msg
    assert protection.machines() == []


def test_a_manual_action_is_completed(subscription: Subscription, protection: Protection) -> None:
    save(protection, [["sql01"], ["web01"]], startGroupActions=[ASK], endGroupActions=[ASK])
    ended = drill(subscription, manual_actions="complete")
    assert not ended.failed, ended.msg
    assert verbs(subscription) == [TESTED, "resume", "resume", CLEANED]
    assert protection.machines() == []


class Hours:
    """A clock in which each pause takes an hour."""

    def __init__(self) -> None:
        self.passed = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.passed

    def sleep(self, _seconds: float) -> None:
        self.passed += 3600


def test_a_manual_action_waits_for_a_person(
    subscription: Subscription, protection: Protection, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(protection, [["sql01"], ["web01"]], endGroupActions=[ASK])
    for open_test, verb in (("resume", "resume"), ("clean_up", "cancel")):
        with monkeypatch.context() as patch:
            patch.setattr(manual_actions, "time", Hours())
            late = drill(subscription, wait_timeout=600, valid_hours=0)
        assert late.error["kind"] == "deadline_exceeded"
        assert "the manual action 'Ask' (Look at it)" in late.msg
        assert "manual_actions=complete" in late.msg
        assert "has an open test failover" in drill(subscription).msg
        ended = drill(subscription, open_test=open_test, manual_actions="complete")
        assert not ended.failed, ended.msg
        assert verb in verbs(subscription)
        assert protection.machines() == []


class Killed(BaseException):
    """The controller ends at this point."""


@pytest.mark.parametrize(("function", "number"), [("follow_all", 1), ("start", 2), ("follow_all", 2)])
def test_a_killed_run_is_resumed(
    subscription: Subscription, protection: Protection, monkeypatch: pytest.MonkeyPatch, function: str, number: int
) -> None:
    """The controller ends while the test runs, before its cleanup, and while the cleanup runs."""
    real, calls = getattr(follower, function), iter(range(1, 100))

    def kill(*given: Any, **more: Any) -> Any:
        if next(calls) == number:
            raise Killed
        return real(*given, **more)

    with monkeypatch.context() as patch:
        patch.setattr(follower, function, kill)
        with pytest.raises(Killed):
            drill(subscription)
    ended = drill(subscription, open_test="resume")
    assert not ended.failed, ended.msg
    assert protection.machines() == []
    assert drill(subscription).result["changed"] is False


@pytest.mark.parametrize(
    ("scenario", "given", "sent"),
    [
        ("TestFailover", {"open_test": "resume"}, [CLEANED]),
        ("TestFailover", {"open_test": "clean_up"}, [CLEANED, TESTED, CLEANED]),
        ("TestFailover", {"state": "cleaned_up"}, [CLEANED]),
        ("TestFailoverCleanup", {"state": "cleaned_up"}, []),
    ],
)
def test_a_job_that_the_plan_does_not_show_yet_is_found(
    subscription: Subscription, protection: Protection, scenario: str, given: dict[str, Any], sent: list[str]
) -> None:
    """A plan shows its job when the first task has ended. Until then only the list of jobs has it."""
    if scenario == "TestFailoverCleanup":
        assert not drill(subscription, cleanup=False).failed
    subscription.context.faults.plan(
        f"job:{scenario}:RecoveryPlan{scenario}PreflightChecksTask:shop", "delay", seconds=2400
    )
    killed: dict[str, Any] = {"state": "cleaned_up"} if scenario == "TestFailoverCleanup" else {}
    assert drill(subscription, wait_timeout=0, **killed).error["kind"] == "deadline_exceeded"
    assert protection.vault.plans["shop"].scenario is None
    ended = drill(subscription, **given)
    assert (ended.failed, verbs(subscription)) == (False, sent), ended.result
    jobs = [job for job in protection.vault.jobs.values() if job.target.kind == "RecoveryPlan"]
    assert [job.state for job in jobs] == ["Succeeded"] * max(2, len(sent) + 1)
    assert protection.machines() == []


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ("none", "the vault has no recovery plan 'none'"),
        ("network", "machines join at a real failover"),
        ("copying", "sql01: copying"),
        ("open", "web01: it has an open test failover of its own"),
        ("gone", "1 machine of it is not protected anymore"),
        ("empty", "it has no machines"),
    ],
)
def test_what_stops_a_drill_of_a_plan(
    subscription: Subscription, protection: Protection, given: str, refusal: str
) -> None:
    changed: dict[str, Any] = {}
    if given == "none":
        changed["recovery_plan"] = "none"
    elif given == "network":
        changed["network"] = "vnet-prod"
    elif given == "copying":
        item = protection.item("sql01")
        item.protection_state, item.operations = "InitialReplicationInProgress", ()
    elif given == "open":
        assert not drill(subscription, recovery_plan=None, machines=["web01"], cleanup=False).failed
    elif given == "gone":
        del protection.vault.items[protection.item("sql01").key]
    else:
        save(protection, [[]])
    before = protection.machines()
    ended = drill(subscription, **changed)
    assert (ended.failed, subscription.writes, protection.machines()) == (True, [], before)
    assert refusal in ended.msg


def test_a_machine_that_the_service_leaves_out_is_named(
    subscription: Subscription, protection: Protection, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = protection.item("web01")
    real = follower.start

    def start(*given: Any, **more: Any) -> Any:
        # Another user begins a test of the machine between the reading and the request.
        if item.test_state == "None":
            item.test_state = "WaitingForCompletion"
        return real(*given, **more)

    monkeypatch.setattr(follower, "start", start)
    ended = drill(subscription)
    assert "web01 was left out" in ended.msg
    (run,) = ended.error["runs"]
    assert [each["name"] for each in run["machines"]] == ["sql01"]
