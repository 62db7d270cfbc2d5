# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failover and failback of recovery plans: the whole way, manual actions, interrupted runs, failures and refusals."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.failover import CONSENT
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common import waiting
from lab.arm.plan_records import RecoveryPlan
from tests.support.estate import Estate
from tests.support.protection import GROUP, VAULT, Protection, boot_group, machine, protect
from tests.unit.plugins.modules.conftest import Ended, Subscription

GIVEN = {"resource_group": GROUP, "vault_name": VAULT, "recovery_plan": "shop", CONSENT: VAULT}
ASK = {
    "actionName": "Ask",
    "failoverTypes": ["PlannedFailover"],
    "failoverDirections": ["PrimaryToRecovery"],
    "customDetails": {"instanceType": "ManualActionDetails", "description": "Look at it"},
}


@pytest.fixture
def protection(subscription: Subscription, monkeypatch: pytest.MonkeyPatch) -> Protection:
    """Provide a plan that starts sql01 before web01."""
    monkeypatch.setattr(waiting, "_FIRST", 0.05)
    subscription.context.clock.scale = 0.0005
    made = protect(subscription.state, "web01", "sql01")
    estate = Estate()
    estate.add(machine("web01", 1), machine("sql01", 2))
    subscription.context.fabric = estate
    added = [{**boot_group(made), "groupType": kind} for kind in ("Shutdown", "Failover")]
    groups = [*added, boot_group(made, "sql01"), boot_group(made, "web01")]
    made.vault.plans["shop"] = RecoveryPlan("shop", made.fabric.name, groups)
    return made


def failover(subscription: Subscription, state: str, *, check: bool = False, **changed: Any) -> Ended:
    return subscription.run("failover", check=check, **{**GIVEN, "state": state, **changed})


def places(ended: Ended) -> list[str]:
    return [machine["place"] for machine in ended.result["failover"]["machines"]]


def test_an_operator_goes_the_whole_way(subscription: Subscription, protection: Protection) -> None:
    subscription.state.give_role("Site Recovery Operator", only=True)
    subscription.state.failback_waits = True
    sent = []
    for state in ("failed_over", "committed", "failed_back", "committed", "reversed"):
        checked = failover(subscription, state, check=True)
        assert (checked.result["changed"], subscription.writes) == (True, [])
        ended = failover(subscription, state)
        assert not ended.failed, ended.msg
        assert places(checked) == places(ended)
        sent += [write.partition(" ")[0] for write in subscription.writes if "resume" not in write]
        assert ended.result["failover"]["recovery_plan_job"]["state"] == "Succeeded"
        again = failover(subscription, state)
        assert (again.result["changed"], subscription.writes) == (False, [])
    assert sent == ["plannedFailover", "failoverCommit", "plannedFailover", "failoverCommit", "reProtect"]
    assert protection.machines() == []


def test_the_evidence_of_each_machine(subscription: Subscription, protection: Protection) -> None:
    result = failover(subscription, "failed_over", kind="unplanned").result["failover"]
    assert [(each["name"], each["group"]) for each in result["machines"]] == [("sql01", 1), ("web01", 2)]
    assert [(run["name"], run["azure_vm"], run["job"]) for run in result["runs"]] == [
        ("sql01", "sql01", None),
        ("web01", "web01", None),
    ]
    points = {run["recovery_point_id"] for run in result["runs"]}
    assert len(points - {None}) == len(result["runs"])
    assert [task["group"] for task in result["recovery_plan_job"]["tasks"]] == [None, "Failover", "Boot", "Boot"]


@pytest.mark.parametrize(("given", "failed"), [({"wait_timeout": 3}, True), ({"manual_actions": "complete"}, False)])
def test_a_manual_action_waits_for_a_person(
    subscription: Subscription, protection: Protection, given: dict[str, Any], failed: bool
) -> None:
    protection.vault.plans["shop"].groups[2]["endGroupActions"] = [ASK]
    ended = failover(subscription, "failed_over", **given)
    assert ended.failed is failed
    if failed:
        assert "complete its manual action" in ended.msg
        ended = failover(subscription, "failed_over", manual_actions="complete")
        assert (ended.failed, [write.partition(" ")[0] for write in subscription.writes]) == (False, ["resume"])
    assert places(ended) == ["failed_over", "failed_over"]


def test_an_interrupted_run_follows_the_job_of_the_plan(subscription: Subscription, protection: Protection) -> None:
    subscription.context.faults.plan("job:PlannedFailover:FailoverTask:web01", "delay", seconds=3000)
    assert failover(subscription, "failed_over", wait_timeout=0).error["kind"] == "deadline_exceeded"
    refused = failover(subscription, "failed_back")
    assert (refused.failed, subscription.writes) == (True, [])
    assert "PlannedFailover of recovery plan shop is running" in refused.msg
    ended = failover(subscription, "failed_over")
    assert (ended.failed, subscription.writes, places(ended)) == (False, [], ["failed_over", "failed_over"])


@pytest.mark.parametrize("creates", [False, True])
def test_a_machine_that_is_gone_on_premises(subscription: Subscription, protection: Protection, creates: bool) -> None:
    for name in ("web01", "sql01"):
        protection.move(name, "failover_committed")
    fabric = subscription.context.fabric
    assert isinstance(fabric, Estate)
    gone = next(name for name, one in fabric.machines.items() if one.name == "web01")
    del fabric.machines[gone]
    ended = failover(subscription, "failed_back", create_missing_machines=creates)
    assert (ended.failed, gone in fabric.machines) == (not creates, creates)
    if creates:
        assert (places(ended), fabric.runs("web01")) == (["failed_back", "failed_back"], True)
    else:
        assert "VMM does not know the machine" in ended.msg


@pytest.mark.parametrize("kind", ["planned", "unplanned"])
def test_a_job_that_the_plan_does_not_show_yet_is_followed(
    subscription: Subscription, protection: Protection, kind: str
) -> None:
    """A plan shows its job when the first task has ended. Until then only the list of jobs has it."""
    for begun in ("failed_over", "committed"):
        for scenario in ("PlannedFailover", "UnplannedFailover", "CommitFailover"):
            subscription.context.faults.plan(
                f"job:{scenario}:RecoveryPlan{scenario}PreflightChecksTask:shop", "delay", seconds=2400
            )
        late = failover(subscription, begun, kind=kind, wait_timeout=0)
        assert late.error["kind"] == "deadline_exceeded"
        assert protection.vault.plans["shop"].scenario is None
        ended = failover(subscription, begun, kind=kind)
        assert (ended.failed, subscription.writes) == (False, []), ended.result
    jobs = [job for job in protection.vault.jobs.values() if job.target.kind == "RecoveryPlan"]
    assert [job.state for job in jobs] == ["Succeeded", "Succeeded"]


def test_a_failure_says_where_each_machine_is(subscription: Subscription, protection: Protection) -> None:
    subscription.context.faults.plan(
        "job:PlannedFailover:FailoverTask:web01", "fail", code="28031", message="Quota exceeded."
    )
    ended = failover(subscription, "failed_over")
    assert (ended.failed, ended.error["code"]) == (True, "28031")
    assert "sql01 runs in Azure, not committed" in ended.msg
    assert "web01 runs on premises and is protected" in ended.msg
    again = failover(subscription, "failed_over")
    assert (again.failed, places(again)) == (False, ["failed_over", "failed_over"])


def test_a_plan_with_a_machine_in_another_place_is_not_changed(
    subscription: Subscription, protection: Protection
) -> None:
    protection.move("web01", "failed_over")
    ended = failover(subscription, "committed")
    assert (ended.failed, subscription.writes) == (True, [])
    assert "machine 'sql01' is not changed: it is not failed over" in ended.msg


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"recovery_plan": "other"}, "has no recovery plan 'other'"),
        ({"machines": ["web01"]}, "machines is required unless recovery_plan is set"),
        ({"kind": "unplanned", "recovery_point_time": "2026-01-01"}, "does not apply to a recovery plan"),
    ],
)
def test_refusals(subscription: Subscription, protection: Protection, given: dict[str, Any], refusal: str) -> None:
    ended = failover(subscription, "failed_over", **given)
    assert (ended.failed, subscription.writes, protection.machines()) == (True, [], [])
    assert refusal in ended.msg
