# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Removals that the service did although their answer was lost: the repeated request finds nothing to remove."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common import waiting
from lab.context import CloudFacts
from tests.lab.arm.replicas import Site, machine, make_site

from .conftest import GROUP, Ended, Subscription

PLACE: dict[str, Any] = {"vault_name": "vault-dr", "resource_group": GROUP}
SILVER = CloudFacts("09ED2D03-38EC-4BDD-9BA1-D7DD5D09FB42", "Silver")
Play = Callable[[Subscription, str], Ended]


@pytest.fixture
def site(subscription: Subscription, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setattr(waiting, "_FIRST", 0.05)
    subscription.context.clock.scale = 0.0005
    made = make_site(subscription.azure, machine(1, "web01"), group=GROUP, vault="vault-dr")
    made.fabric.containers[SILVER.id.lower()] = SILVER
    return made


def plan(subscription: Subscription, state: str) -> Ended:
    if state == "present":
        protected = machine_of_cloud(subscription, state)
        assert not protected.failed, protected.msg
    groups = [{"machines": ["web01"]}] if state == "present" else None
    return subscription.run("recovery_plan", name="shop", groups=groups, state=state, **PLACE)


def policy(subscription: Subscription, state: str) -> Ended:
    return subscription.run("replication_policy", name="silver", state=state, **PLACE)


def mapping(subscription: Subscription, state: str) -> Ended:
    target: dict[str, Any] = {"azure_network": "vnet-dr"} if state == "present" else {}
    return subscription.run("network_mapping", vm_network="corp", state=state, **target, **PLACE)


def association(subscription: Subscription, state: str) -> Ended:
    return subscription.run("policy_association", policy="hourly", clouds=["Silver"], state=state, **PLACE)


def machine_of_cloud(subscription: Subscription, state: str) -> Ended:
    how: dict[str, Any] = {"allow_disable": True}
    if state == "present":
        how = {"policy": "hourly", "network": "vnet-dr"}
    return subscription.run("protected_vm", cloud="gold", machines=[{"name": "web01"}], state=state, **how, **PLACE)


#: The modules and the requests that remove. The SDK sends a DELETE again, and leaves a POST to the next run.
REMOVALS: dict[str, tuple[Play, str]] = {
    "plan": (plan, "DELETE:*/replicationRecoveryPlans/shop"),
    "policy": (policy, "DELETE:*/replicationPolicies/silver"),
    "mapping": (mapping, "DELETE:*/replicationNetworkMappings/*"),
    "association": (association, "POST:*/replicationProtectionContainerMappings/*/remove"),
    "machine": (machine_of_cloud, "POST:*/replicationProtectedItems/*/remove"),
}


@pytest.mark.parametrize("case", REMOVALS)
def test_a_removal_with_a_lost_answer_is_continued(subscription: Subscription, site: Site, case: str) -> None:
    play, place = REMOVALS[case]
    made = play(subscription, "present")
    assert not made.failed, made.msg
    subscription.context.faults.plan(f"arm:{place}".lower(), "drop", times=1, when="after")
    ended = play(subscription, "absent")
    if place.startswith("POST"):
        assert "no answer from Azure" in ended.msg
        ended = play(subscription, "absent")
    else:
        assert ended.result["changed"]
    assert not ended.failed, ended.msg
    assert not play(subscription, "absent").result["changed"]
