# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failover and failback: consent, each step, interrupted runs, failures, evidence and the Operator role."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.failover import CONSENT
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common import waiting
from lab.context import ReplicationRefused
from tests.support.estate import Estate
from tests.support.protection import GROUP, VAULT, Protection, machine, protect
from tests.unit.plugins.modules.conftest import Ended, Subscription

GIVEN = {"resource_group": GROUP, "vault_name": VAULT, "machines": ["web01"], CONSENT: VAULT}
OVER, COMMIT, REVERSE = "plannedFailover", "failoverCommit", "reProtect"
WAY = ("failed_over", "committed", "failed_back", "committed", "reversed")


@pytest.fixture
def estate(subscription: Subscription) -> Estate:
    found = Estate()
    subscription.context.fabric = found
    found.add(machine("web01", 1), machine("sql01", 2))
    return found


@pytest.fixture
def protection(subscription: Subscription, estate: Estate, monkeypatch: pytest.MonkeyPatch) -> Protection:
    # The lab's jobs end within a fraction of a second.
    monkeypatch.setattr(waiting, "_FIRST", 0.05)
    subscription.context.clock.scale = 0.0005
    return protect(subscription.state, "web01", "sql01")


def failover(subscription: Subscription, state: str, *, check: bool = False, **changed: Any) -> Ended:
    return subscription.run("failover", check=check, **{**GIVEN, "state": state, **changed})


def verbs(subscription: Subscription) -> list[str]:
    return [write.rpartition(" ")[0] for write in subscription.writes]


def places(ended: Ended) -> list[str]:
    return [machine["place"] for machine in ended.result["failover"]["machines"]]


@pytest.mark.parametrize("given", [None, "", "vault-dr2", "yes"])
def test_nothing_is_called_without_consent(subscription: Subscription, protection: Protection, given: Any) -> None:
    # The consent comes before the login, which is incomplete here.
    ended = failover(subscription, "failed_over", **{CONSENT: given, "secret": None})
    assert (ended.error["kind"], subscription.requests) == ("invalid_input", [])
    assert f"must be '{VAULT}', the name of the vault, for every run" in ended.msg
    assert "\n" not in ended.msg


def test_an_operator_goes_the_whole_way_and_each_second_run_is_unchanged(
    subscription: Subscription, protection: Protection, estate: Estate
) -> None:
    subscription.state.give_role("Site Recovery Operator", only=True)
    sent, runs, seen = [], [], []
    for state in WAY:
        checked = failover(subscription, state, check=True)
        assert (checked.result["changed"], subscription.writes) == (True, [])
        ended = failover(subscription, state)
        assert not ended.failed, ended.msg
        sent += verbs(subscription)
        runs += ended.result["failover"]["runs"]
        seen += places(ended)
        # The preview of check mode and the diff name the place that the run then reaches.
        assert [one["place"] for one in checked.result["diff"]["after"]["machines"]] == places(ended)
        again = failover(subscription, state)
        assert (again.result["changed"], subscription.writes, places(again)) == (False, [], places(ended))
        runs_on_premises = state not in ("failed_over",) and seen[-1] != "failover_committed"
        assert estate.runs("web01") is runs_on_premises
    assert sent == [OVER, COMMIT, OVER, COMMIT, REVERSE]
    assert seen == ["failed_over", "failover_committed", "failed_back", "failback_committed", "protected"]
    assert protection.machines() == []
    assert [run["operation"] for run in runs] == ["failover", "commit", "failback", "commit", "reverse"]
    first = runs[0]
    assert (first["azure_vm"], first["rpo_seconds"], len(first["job"]["tasks"])) == ("web01", 0.0, 5)
    assert first["recovery_point_id"]
    assert all(task["seconds"] is not None for task in first["job"]["tasks"])


@pytest.mark.parametrize(
    ("place", "state", "reason"),
    [
        ("failed_over", "failed_back", "its last failover is not committed; use state=committed first"),
        ("failover_committed", "reversed", "it runs in Azure; use state=failed_back first"),
    ],
)
def test_a_step_out_of_order_is_refused(
    subscription: Subscription, protection: Protection, place: str, state: str, reason: str
) -> None:
    protection.move("web01", place)
    ended = failover(subscription, state)
    assert (ended.failed, subscription.writes) == (True, [])
    assert reason in ended.msg


@pytest.mark.parametrize(
    ("place", "state", "point"),
    [
        (None, "failed_over", "PlannedFailover:FailoverTask"),
        ("failed_over", "committed", "CommitFailover:CommitFailoverTask"),
        ("failover_committed", "failed_back", "PlannedFailover:PrepareForFailoverTask"),
        ("failed_back", "committed", "FinalizeFailback:FinalizeRestoreOnPrimary"),
        ("failback_committed", "reversed", "ReprotectReplicationGroup:EnableProtectionTask"),
    ],
)
def test_an_interrupted_run_follows_its_job(
    subscription: Subscription, protection: Protection, place: str | None, state: str, point: str
) -> None:
    if place:
        protection.move("web01", place)
    subscription.context.faults.plan(f"job:{point}:web01", "delay", seconds=3000)
    late = failover(subscription, state, wait_timeout=0)
    assert (late.error["kind"], len(subscription.writes)) == ("deadline_exceeded", 1)
    assert "run again to resume" in late.msg
    ended = failover(subscription, state)
    assert not ended.failed, ended.msg
    assert (ended.result["changed"], subscription.writes) == (True, [])
    assert ended.result["failover"]["runs"][0]["job"]["state"] == "Succeeded"


def test_a_run_that_waits_for_the_copy_is_resumed(subscription: Subscription, protection: Protection) -> None:
    item = protection.item("web01")
    item.protection_state, item.operations = "InitialReplicationInProgress", ("DisableProtection",)
    late = failover(subscription, "reversed", wait_timeout=0)
    assert late.error["kind"] == "deadline_exceeded"
    assert "copying" in late.msg


def test_a_running_job_of_another_kind_is_not_disturbed(subscription: Subscription, protection: Protection) -> None:
    protection.move("web01", "failover_committed")
    subscription.context.faults.plan("job:PlannedFailover:PrepareForFailoverTask:web01", "hang")
    assert failover(subscription, "failed_back", wait_timeout=0).failed
    ended = failover(subscription, "reversed")
    assert (ended.failed, subscription.writes) == (True, [])
    assert "PlannedFailover is running" in ended.msg


def test_a_failback_that_waits_is_completed(subscription: Subscription, protection: Protection, estate: Estate) -> None:
    subscription.state.failback_waits = True
    protection.move("web01", "failover_committed")
    ended = failover(subscription, "failed_back")
    assert not ended.failed, ended.msg
    assert (verbs(subscription), estate.runs("web01")) == ([OVER, "resume"], True)


@pytest.mark.parametrize(("creates", "runs"), [(False, False), (True, True)])
def test_a_machine_that_is_gone_on_premises(
    subscription: Subscription, protection: Protection, estate: Estate, creates: bool, runs: bool
) -> None:
    protection.move("web01", "failover_committed")
    gone = next(name for name, one in estate.machines.items() if one.name == "web01")
    del estate.machines[gone]
    ended = failover(subscription, "failed_back", create_missing_machines=creates)
    assert (ended.failed, gone in estate.machines) == (not creates, runs)
    if creates:
        assert (estate.runs("web01"), places(ended)) == (True, ["failed_back"])
    else:
        # The machine in Azure was not shut down.
        assert ("VMM does not know the machine" in ended.msg, subscription.state.stopped_machines) == (True, set())


def test_a_failed_machine_does_not_hold_up_the_others(
    subscription: Subscription, protection: Protection, estate: Estate
) -> None:
    subscription.context.faults.plan(
        "job:PlannedFailover:FailoverTask:web01", "fail", code="28031", message="Quota exceeded."
    )
    ended = failover(subscription, "failed_over", machines=["web01", "sql01"])
    assert (ended.failed, ended.result["changed"], protection.machines()) == (True, True, ["sql01"])
    assert "1 of 2 machines failed: web01: could not fail over machine 'web01'" in ended.msg
    assert "28031: Quota exceeded" in ended.msg
    assert "was shut down on premises before that: run again, or start it there" in ended.msg
    assert {run["name"]: run["succeeded"] for run in ended.error["runs"]} == {"web01": False, "sql01": True}
    assert (ended.error["code"], estate.runs("web01")) == ("28031", False)
    # The rest is done by the next run, which leaves the other machine alone.
    again = failover(subscription, "failed_over", machines=["web01", "sql01"])
    assert (again.failed, verbs(subscription), protection.machines()) == (False, [OVER], ["sql01", "web01"])


def test_a_refused_machine_does_not_hold_up_the_others(subscription: Subscription, protection: Protection) -> None:
    protection.move("web01", "failed_over")
    ended = failover(subscription, "committed", machines=["web01", "sql01"])
    assert (ended.failed, verbs(subscription)) == (True, [COMMIT])
    assert "machine 'sql01' is not changed: it is not failed over" in ended.msg
    checked = failover(subscription, "failed_back", machines=["web01", "sql01"], check=True)
    assert not checked.failed


@pytest.mark.parametrize(
    ("given", "failed", "running"),
    [
        ({}, True, True),
        ({"kind": "unplanned"}, False, True),
        ({"kind": "unplanned", "shut_down": False}, False, True),
        ({"kind": "unplanned", "recovery_point": "latest_processed"}, False, True),
    ],
)
def test_a_machine_that_does_not_stop(
    subscription: Subscription,
    protection: Protection,
    estate: Estate,
    given: dict[str, Any],
    failed: bool,
    running: bool,
) -> None:
    estate.refusals["web01"] = ReplicationRefused("70094", 31389, "It does not stop.")
    ended = failover(subscription, "failed_over", **given)
    assert (ended.failed, estate.runs("web01")) == (failed, running)
    if failed:
        assert "It does not stop" in ended.msg
        assert "was shut down" not in ended.msg
    else:
        assert any("changes after its recovery point are lost" in text for text in ended.result["warnings"])
        assert ended.result["failover"]["runs"][0]["recovery_point_id"]


def test_a_renamed_machine_is_reported(subscription: Subscription, protection: Protection) -> None:
    taken = f"{subscription.state.group_id('rg-target')}/providers/Microsoft.Compute/virtualMachines/web01"
    subscription.state.machines[taken.casefold()] = {"id": taken, "name": "web01"}
    ended = failover(subscription, "failed_over")
    assert not ended.failed
    assert any("28175" in text for text in ended.result["warnings"])


def test_an_open_test_failover_blocks_a_planned_failover_only(
    subscription: Subscription, protection: Protection
) -> None:
    item = protection.item("web01")
    item.operations = ("PlannedFailover", "UnplannedFailover", "TestFailoverCleanup")
    assert "it has an open test failover" in failover(subscription, "failed_over").msg
    ended = failover(subscription, "failed_over", kind="unplanned")
    assert any("open test failover" in text for text in ended.result["warnings"])
    assert protection.machines() == ["web01"]


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"machines": ["other"]}, "is not protected in these clouds"),
        ({"machines": []}, "machines is required unless recovery_plan is set"),
        ({"vault_name": "vault-9", CONSENT: "vault-9"}, "does not exist"),
        ({"create_missing_machines": True}, "create_missing_machines: applies to a failback only"),
        ({"recovery_point": "latest_processed"}, "a planned failover copies the last changes"),
        ({"kind": "unplanned", "recovery_point_time": "2001-01-01"}, "has no recovery point"),
    ],
)
def test_refusals(subscription: Subscription, protection: Protection, given: dict[str, Any], refusal: str) -> None:
    ended = failover(subscription, "failed_over", **given)
    assert (ended.failed, subscription.writes, protection.machines()) == (True, [], [])
    assert refusal in ended.msg


def test_a_replica_that_does_not_know_the_machine_yet_is_asked_again(
    subscription: Subscription, protection: Protection
) -> None:
    name = f"replicationProtectedItems/{protection.item('web01').name}"
    absent = subscription.fault("GET", name, "fail", status=404, code="ResourceNotFound")
    unknown = subscription.fault("POST", f"{name}/{OVER}", "fail", status=404, code="ParentResourceNotFound")
    ended = failover(subscription, "failed_over")
    assert not ended.failed, ended.msg
    assert (absent.times, unknown.times) == (0, 0)
