# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replication policies: requests, plans of changes, and refusals."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lab.arm.replicas import CLOUD, associate, machine, make_site
from tests.unit.plugins.modules.conftest import GROUP, Ended, Subscription

NAMES: dict[str, Any] = {"name": "gold", "vault_name": "vault-dr", "resource_group": GROUP}
ACCOUNT = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/stdr"


@pytest.fixture
def vault(subscription: Subscription) -> Any:
    """Create a vault that was never used."""
    subscription.context.clock.scale = 0.0
    return subscription.state.seed_vault(GROUP, "vault-dr", "westeurope")


def run(subscription: Subscription, *, check: bool = False, **options: Any) -> Ended:
    ended = subscription.run("replication_policy", check=check, **{**NAMES, **options})
    assert not ended.failed, ended.result
    return ended


def refused(subscription: Subscription, **options: Any) -> Ended:
    ended = subscription.run("replication_policy", **{**NAMES, **options})
    assert ended.failed
    assert subscription.writes == []
    return ended


def stored(vault: Any) -> dict[str, Any]:
    found: dict[str, Any] = vault.policies["gold"]["properties"]["providerSpecificDetails"]
    return found


def test_a_policy_is_created_changed_kept_and_deleted(subscription: Subscription, vault: Any) -> None:
    planned = run(subscription, check=True, recovery_point_retention=24)
    assert (planned.result["changed"], subscription.writes) == (True, [])
    made = run(subscription, recovery_point_retention=24)
    assert made.result["plan"] == planned.result["plan"]
    assert subscription.writes == ["put gold"]
    shown = made.result["replication_policy"]
    names = ("recovery_point_retention", "app_consistent_frequency", "copy_frequency")
    assert [shown[name] for name in names] == [24, 1, 300]
    again = run(subscription, recovery_point_retention=24)
    assert (again.result["changed"], subscription.writes) == (False, [])
    assert len(subscription.requests) == 1
    changed = run(subscription, copy_frequency=30, initial_replication_start="22:00", storage_account=ACCOUNT)
    assert changed.paths == ["copy_frequency", "initial_replication_start", "storage_account"]
    assert subscription.writes == ["patch gold"]
    # Values that no option names are kept, although the service resets what a change leaves out.
    assert stored(vault)["recoveryPointHistoryDurationInHours"] == 24
    assert stored(vault)["onlineReplicationStartTime"] == "22:00:00"
    kept = run(subscription, app_consistent_frequency=2)
    assert kept.paths == ["app_consistent_frequency"]
    assert stored(vault)["activeStorageAccountId"] == ACCOUNT
    assert not run(subscription, initial_replication_start="22:00:00").result["changed"]
    run(subscription, storage_account="", initial_replication_start="")
    assert stored(vault)["activeStorageAccountId"] is None
    gone = run(subscription, state="absent")
    assert (gone.result["replication_policy"], subscription.writes) == ({}, ["delete gold"])
    assert not run(subscription, state="absent").result["changed"]


OFFLINE: list[tuple[dict[str, Any], str]] = [
    ({"recovery_point_retention": 25}, "must be between 0 and 24 hours"),
    ({"app_consistent_frequency": 13}, "must be between 0 and 12 hours"),
    ({"recovery_point_retention": 1, "app_consistent_frequency": 1}, "must be lower than recovery_point_retention"),
    ({"initial_replication_start": "1320"}, "is not a time of day"),
    ({"initial_replication_start": "24:00"}, "is not a time of day"),
    ({"storage_account": "stdr"}, "is not the id of a storage account"),
    ({"name": "a/b"}, "must begin with a letter or digit"),
]


@pytest.mark.parametrize(("options", "words"), OFFLINE)
def test_a_value_that_the_service_refuses_is_refused_before_any_call(
    subscription: Subscription, options: dict[str, Any], words: str
) -> None:
    assert words in refused(subscription, **options).msg
    assert subscription.requests == []


NEW: list[tuple[dict[str, Any], list[int]]] = [
    ({}, [2, 1, 300]),
    ({"recovery_point_retention": 1}, [1, 0, 300]),
    ({"recovery_point_retention": 0}, [0, 0, 300]),
    ({"app_consistent_frequency": 0, "copy_frequency": 30}, [2, 0, 30]),
]


@pytest.mark.parametrize(("options", "numbers"), NEW)
def test_a_new_policy_gets_values_that_fit(
    subscription: Subscription, vault: Any, options: dict[str, Any], numbers: list[int]
) -> None:
    shown = run(subscription, **options).result["replication_policy"]
    found = [shown[name] for name in ("recovery_point_retention", "app_consistent_frequency", "copy_frequency")]
    assert found == numbers


def test_a_change_is_checked_together_with_the_values_that_stay(subscription: Subscription, vault: Any) -> None:
    run(subscription)
    assert "must be lower than recovery_point_retention (2)" in refused(subscription, app_consistent_frequency=3).msg


def test_a_policy_of_another_scenario_is_left_alone(subscription: Subscription, vault: Any) -> None:
    document = subscription.state.seed_policy(vault, "gold")
    document["properties"]["providerSpecificDetails"]["instanceType"] = "InMageRcm"
    for state in ("present", "absent"):
        assert "another scenario" in refused(subscription, state=state).msg


def test_the_plan_of_a_policy_in_use_names_its_clouds(subscription: Subscription) -> None:
    subscription.context.clock.scale = 0.0
    site = make_site(subscription.azure, machine(1, "web"), group=GROUP, vault="vault-dr")
    subscription.state.seed_policy(site.vault, "gold")
    associate(site.vault, policy="gold")
    planned = run(subscription, check=True, copy_frequency=30)
    (change,) = planned.result["plan"]
    assert f"replicating machines of the clouds {CLOUD.name} of vmm01.contoso.example" in change["reason"]
    assert "associated with the clouds Gold" in refused(subscription, state="absent").msg
    run(subscription, copy_frequency=30)
    assert len(subscription.writes) == 1


def test_the_errors_of_the_job_are_the_message(subscription: Subscription, vault: Any) -> None:
    subscription.context.faults.plan(
        "job:AddProtectionProfile:AddProtectionProfileTask:gold", "fail", code="15035", message="It could not be added."
    )
    ended = subscription.run("replication_policy", **NAMES)
    assert ended.failed
    assert "15035: It could not be added" in ended.msg
    assert ended.error["task"] == "AddProtectionProfileTask"


def test_a_collision_is_waited_for(subscription: Subscription, vault: Any) -> None:
    subscription.context.faults.plan("job:AddProtectionProfile:*:gold", "fail", code="532", message="In progress.")
    assert run(subscription).result["changed"]
    assert subscription.writes == ["put gold", "put gold"]


def test_the_list_tells_whether_a_policy_exists_that_cannot_be_read(subscription: Subscription, vault: Any) -> None:
    assert run(subscription, check=True).result["changed"]
    subscription.state.seed_policy(vault, "gold")
    subscription.fault("GET", "replicationpolicies/gold", "fail", status=400, code="BadRequest", times=9)
    assert not run(subscription).result["changed"]
    subscription.fault("GET", "replicationpolicies", "fail", status=400, code="BadRequest", times=9)
    assert "BadRequest" in refused(subscription).msg
