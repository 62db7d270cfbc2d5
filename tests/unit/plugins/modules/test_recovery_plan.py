# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recovery plans: groups in their order, actions of others, machines that cannot be in a plan, and removal (N4)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common import waiting
from lab.arm.plan_records import RecoveryPlan
from lab.arm.protection_records import Scenario
from lab.arm.records import Fabric
from tests.support.protection import GROUP, VAULT, Protection, machine, protect
from tests.unit.plugins.modules.conftest import Ended, Subscription

NAMES: dict[str, Any] = {"name": "shop", "vault_name": VAULT, "resource_group": GROUP}
ASK = {
    "actionName": "Ask",
    "failoverTypes": ["TestFailover"],
    "failoverDirections": ["PrimaryToRecovery"],
    "customDetails": {"instanceType": "ManualActionDetails", "description": "Look at it"},
}
SHOWN = {"name": "Ask", "kind": "manual", "operations": ["TestFailover"], "directions": ["PrimaryToRecovery"]}
TWO = [["sql01"], ["web01"]]


@pytest.fixture
def protection(subscription: Subscription, monkeypatch: pytest.MonkeyPatch) -> Protection:
    monkeypatch.setattr(waiting, "_FIRST", 0.05)
    subscription.context.clock.scale = 0.0005
    return protect(subscription.state, "web01", "sql01", "dc01")


def run(
    subscription: Subscription, groups: list[list[str]] | None = None, *, check: bool = False, **changed: Any
) -> Ended:
    given = None if groups is None else [{"machines": names} for names in groups]
    return subscription.run("recovery_plan", check=check, **{**NAMES, "groups": given, **changed})


def done(ended: Ended) -> Ended:
    assert not ended.failed, ended.result
    return ended


def names(ended: Ended) -> list[list[str]]:
    return [[each["name"] for each in group["machines"]] for group in ended.result["recovery_plan"]["groups"]]


def saved(protection: Protection) -> RecoveryPlan:
    return protection.vault.plans["shop"]


def test_a_plan_from_nothing_to_its_removal(subscription: Subscription, protection: Protection) -> None:
    checked = done(run(subscription, TWO, check=True))
    assert (checked.result["changed"], subscription.writes, protection.vault.plans) == (True, [], {})
    made = done(run(subscription, TWO))
    expected = checked.result["recovery_plan"]
    assert made.result["recovery_plan"] == {**expected, "id": made.result["recovery_plan"]["id"]}
    assert (names(made), subscription.writes) == (TWO, ["put shop"])
    assert made.result["recovery_plan"]["vmm_server"] == "vmm01.contoso.example"
    again = done(run(subscription, TWO))
    assert (again.result["changed"], subscription.writes) == (False, [])
    checked = done(run(subscription, [["sql01", "dc01"], [], ["web01"]], check=True))
    (change,) = checked.result["plan"]
    assert change["reason"] == (
        "recovery plan shop: add dc01 to group 1, move web01 from group 2 to group 3, add group 3"
    )
    changed = done(run(subscription, [["sql01", "dc01"], [], ["web01"]]))
    assert changed.result["recovery_plan"] == checked.result["recovery_plan"]
    assert changed.result["diff"] == checked.result["diff"]
    kept = done(run(subscription))
    assert (kept.result["changed"], names(kept)) == (False, [["sql01", "dc01"], [], ["web01"]])
    checked = done(run(subscription, state="absent", check=True))
    assert (checked.result["changed"], checked.result["recovery_plan"], subscription.writes) == (True, {}, [])
    gone = done(run(subscription, state="absent"))
    assert (gone.result["recovery_plan"], protection.vault.plans) == ({}, {})
    assert done(run(subscription, state="absent")).result["changed"] is False


def test_actions_of_others_stay(subscription: Subscription, protection: Protection) -> None:
    done(run(subscription, TWO))
    groups = saved(protection).groups
    groups[0]["startGroupActions"], groups[3]["endGroupActions"] = [ASK], [ASK]
    ended = done(run(subscription, [["sql01"], ["web01", "dc01"]]))
    after = saved(protection).groups
    assert (after[0]["startGroupActions"], after[3]["endGroupActions"]) == ([ASK], [ASK])
    assert ended.result["recovery_plan"]["groups"][1]["end_actions"] == [SHOWN]
    refused = run(subscription, [["sql01", "web01", "dc01"]])
    assert "group 2 of recovery plan 'shop' has the actions Ask" in refused.msg
    assert subscription.writes == []
    done(run(subscription, [["sql01", "web01", "dc01"], []]))
    assert saved(protection).groups[3]["endGroupActions"] == [ASK]


def test_a_group_without_actions_is_removed(subscription: Subscription, protection: Protection) -> None:
    done(run(subscription, TWO))
    ended = done(run(subscription, [["sql01"]]))
    assert (names(ended), ended.result["plan"][0]["reason"]) == (
        [["sql01"]],
        "recovery plan shop: remove web01 from group 2, remove group 2",
    )


def test_machines_are_named_by_id_too(subscription: Subscription, protection: Protection) -> None:
    ids = [protection.item(name).machine.id for name in ("sql01", "web01")]
    done(run(subscription, [[ids[0]], [ids[1].lower()]]))
    assert done(run(subscription, TWO)).result["changed"] is False


@pytest.mark.parametrize(
    ("options", "option", "text"),
    [
        ({"name": "1shop"}, "name", "must have 2 to 63 letters"),
        ({"name": "shop-"}, "name", "must have 2 to 63 letters"),
        ({"groups": []}, "groups", "at least one machine"),
        ({"groups": [[]]}, "groups", "at least one machine"),
        ({"groups": [["web01", " "]]}, "groups", "no empty name"),
        ({"groups": [["web01"], ["WEB01"]]}, "groups", "'WEB01' is a duplicate"),
        ({"groups": [[f"m{number}"] for number in range(8)]}, "groups", "at most 7 entries, not 8"),
        ({"groups": [[f"m{number}" for number in range(101)]]}, "groups", "at most 100 machines, not 101"),
    ],
)
def test_options_that_are_refused_offline(
    subscription: Subscription, options: dict[str, Any], option: str, text: str
) -> None:
    ended = run(subscription, **options)
    assert ended.error == {"kind": "invalid_input", "option": option}
    assert text in ended.msg
    assert subscription.requests == []


def test_every_machine_that_cannot_be_in_the_plan_is_named(subscription: Subscription, protection: Protection) -> None:
    copying, twin = protection.item("dc01"), protection.item("sql01")
    copying.protection_state, copying.operations = "InitialReplicationInProgress", ()
    twin.machine = replace(twin.machine, name="web01")
    ended = run(subscription, [["none", "dc01"], ["web01"]])
    assert (ended.error["kind"], subscription.writes) == ("refused", [])
    for text in (
        "none: it is not protected",
        "dc01: its initial replication has not ended (copying",
        "web01: several machines have this name",
    ):
        assert text in ended.msg


def test_a_machine_by_its_name_and_its_id_is_one_machine(subscription: Subscription, protection: Protection) -> None:
    ended = run(subscription, [["web01"], [protection.item("web01").machine.id]])
    assert "it is listed by its name and by its id" in ended.msg


def test_a_plan_has_one_vmm_server(subscription: Subscription, protection: Protection) -> None:
    done(run(subscription, [["web01"]]))
    server = replace(protection.fabric.server, vmm_id=machine("x", 9).id, friendly_name="vmm02.contoso.example")
    other = Fabric("b" * 64, server, protection.fabric.registered, visible=True)
    other.containers.update(protection.fabric.containers)
    protection.vault.fabrics[other.name] = other
    moved = protection.vault.items.pop(protection.item("sql01").key)
    moved.fabric = other.name
    protection.vault.items[moved.key] = moved
    for name, text in (("shop", "the plan to vmm01"), ("another", "the plan to vmm01")):
        ended = run(subscription, [["web01"], ["sql01"]], name=name)
        assert "sql01: it belongs to the VMM server vmm02.contoso.example" in ended.msg
        assert text in ended.msg
    # The name is searched on one server only.
    ended = run(subscription, [["web01"]], name="another", vmm_server="vmm02.contoso.example")
    assert "web01: it is not protected" in ended.msg


@pytest.mark.parametrize(("state", "verb"), [("absent", "deleted"), ("present", "changed")])
def test_an_open_test_failover_or_a_running_job_stops_a_change(
    subscription: Subscription, protection: Protection, state: str, verb: str
) -> None:
    done(run(subscription, [["web01"]]))
    plan = saved(protection)
    for testing, scenario, text in (
        (frozenset({"x"}), None, f"has an open test failover, and is not {verb} before its end"),
        (frozenset(), "TestFailover", "has an open test failover"),
        (frozenset(), "PlannedFailover", f"is not {verb} while PlannedFailover is running (job 7)"),
    ):
        plan.testing = testing
        plan.scenario = Scenario(scenario, "7", protection.state.context.clock.now()) if scenario else None
        for check in (True, False):
            ended = run(subscription, TWO, state=state, check=check)
            assert (ended.error["kind"], subscription.writes) == ("refused", [])
            assert text in ended.msg


@pytest.mark.parametrize(
    ("scenario", "task", "groups", "state"),
    [
        ("SaveRecoveryPlan", "SaveRecoveryPlanTask", [["web01"]], "present"),
        ("UpdateRecoveryPlan", "SaveRecoveryPlanTask", [["sql01"]], "present"),
        ("DeleteRecoveryPlan", "DeleteRecoveryPlanTask", None, "absent"),
    ],
)
def test_a_job_that_fails_is_reported(
    subscription: Subscription,
    protection: Protection,
    scenario: str,
    task: str,
    groups: list[list[str]] | None,
    state: str,
) -> None:
    if scenario != "SaveRecoveryPlan":
        done(run(subscription, [["web01"]]))
    subscription.context.faults.plan(f"job:{scenario}:{task}:shop", "fail", code="539", message="No.")
    ended = run(subscription, groups, state=state)
    assert (ended.error["code"], ended.error["kind"]) == ("539", "remote_failure")
    assert done(run(subscription, groups, state=state)).result["changed"] is True


def test_what_the_module_does_not_know(subscription: Subscription, protection: Protection) -> None:
    assert "set groups to create it" in run(subscription).msg
    done(run(subscription, TWO))
    del protection.vault.items[protection.item("sql01").key]
    ended = done(run(subscription))
    assert "has machines that are not protected anymore" in ended.result["warnings"][0]
    assert ended.result["recovery_plan"]["groups"][0]["machines"][0]["protected"] is False
    assert names(done(run(subscription, [["web01"]]))) == [["web01"]]
