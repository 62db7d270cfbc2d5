# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recovery plans: documents of other scenarios, the bodies of changes, and when a plan counts as tested."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.drill_plan import subject_of_plan
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.protected_item import ProtectedItem
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.recovery_plan import RecoveryPlan
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.recovery_plan_changes import (
    DesiredPlan,
    PlanState,
    plan_changes,
    update_body,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import Refused

SERVER = "/Subscriptions/s/resourceGroups/rg/providers/Microsoft.RecoveryServices/vaults/v/replicationFabrics/f"
ASK = {"actionName": "Ask", "failoverTypes": [], "failoverDirections": [], "customDetails": {"instanceType": "X"}}
START = datetime(2026, 3, 1, 13, 0, tzinfo=timezone.utc)


def address(name: str) -> str:
    return f"{SERVER}/replicationProtectionContainers/c/replicationProtectedItems/{name}"


def group(kind: str, *names: str, **actions: Any) -> dict[str, Any]:
    items = [{"id": address(name).upper(), "virtualMachineId": f"vm-{name}"} for name in names]
    return {
        "groupType": kind,
        "replicationProtectedItems": items,
        "startGroupActions": [],
        "endGroupActions": [],
        **actions,
    }


def plan(*groups: dict[str, Any], **changed: Any) -> RecoveryPlan:
    properties = {
        "primaryFabricId": SERVER,
        "recoveryFabricId": "Microsoft Azure",
        "replicationProviders": ["HyperVReplicaAzure"],
        "currentScenario": None,
        "groups": list(groups),
        **changed,
    }
    return RecoveryPlan.from_wire({"id": "/x", "name": "shop", "properties": properties})


def item(name: str, tested: datetime | None = None, **changed: Any) -> ProtectedItem:
    properties: dict[str, Any] = {
        "friendlyName": name,
        "protectionState": "Protected",
        "allowedOperations": ["TestFailover"],
        "providerSpecificDetails": {
            "instanceType": "HyperVReplicaAzure",
            "vmId": f"vm-{name}",
            "vmProtectionState": "Protected",
        },
        "lastSuccessfulTestFailoverTime": tested.isoformat() if tested else None,
        **changed,
    }
    return ProtectedItem.from_wire({"id": address(name), "name": name, "properties": properties})


@pytest.mark.parametrize(
    "changed", [{"recoveryFabricId": f"{SERVER}2"}, {"replicationProviders": ["HyperVReplica2012R2"]}]
)
@pytest.mark.parametrize("present", [True, False])
def test_a_plan_of_another_scenario_is_left_alone(changed: dict[str, Any], present: bool) -> None:
    with pytest.raises(Refused, match="for another scenario"):
        plan_changes(PlanState(plan(**changed)), DesiredPlan("shop", present))


def test_a_machine_that_replicates_elsewhere_cannot_be_in_a_plan() -> None:
    other = item("a", providerSpecificDetails={"instanceType": "HyperVReplica2012R2", "vmId": "vm-a"})
    with pytest.raises(Refused, match="a: it does not replicate from Hyper-V to Azure"):
        plan_changes(PlanState(None, (other,)), DesiredPlan("shop", True, (("a",),)))


def test_a_change_sends_the_entries_and_actions_as_they_were_read() -> None:
    start, end = group("Shutdown", startGroupActions=[ASK]), group("Failover")
    known = plan(start, end, group("Boot", "a", endGroupActions=[ASK]), group("Boot", "b"))
    state = PlanState(known, (item("a"), item("b"), item("c")))
    body = update_body(known, state, DesiredPlan("shop", True, (("b", "a"), ("c",))))
    new = {"id": address("c"), "virtualMachineId": "vm-c"}
    assert body["properties"]["groups"] == [
        start,
        end,
        group("Boot", "b", "a", endGroupActions=[ASK]),
        {**group("Boot"), "replicationProtectedItems": [new]},
    ]


def test_the_order_of_machines_in_a_group_has_no_meaning() -> None:
    state = PlanState(plan(group("Boot", "a", "b")), (item("a"), item("b")))
    assert not plan_changes(state, DesiredPlan("shop", True, (("b", "a"),))).changed


@pytest.mark.parametrize(
    ("started", "times", "tested"),
    [
        (None, (1, 2), None),
        (0, (2, 1), 1),
        # A machine without a success since the start of the test: the test of the plan failed.
        (0, (1, -1), None),
        (0, (1, None), None),
    ],
)
def test_when_a_plan_counts_as_tested(started: int | None, times: tuple[int | None, ...], tested: int | None) -> None:
    def at(minutes: int | None) -> datetime | None:
        return None if minutes is None else START + timedelta(minutes=minutes)

    last = at(started)
    found = plan(group("Boot", "a", "b"), lastTestFailoverTime=last.isoformat() if last else None)
    items = [item(name, at(minutes)) for name, minutes in zip("ab", times, strict=True)]
    assert subject_of_plan(found, items, []).tested == at(tested)
