# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes of a run that Azure does not show at once, and namespaces that a subscription is not registered for (T1)."""

from __future__ import annotations

from typing import Any

import pytest

from lab.context import Lag
from tests.unit.plugins.modules.conftest import Subscription
from tests.unit.plugins.modules.test_changing import Case, every_case

NAMESPACES = {
    "vault": "Microsoft.RecoveryServices",
    "storage_account": "Microsoft.Storage",
    "virtual_network": "Microsoft.Network",
}


@every_case
def test_a_new_group_and_resource_that_are_visible_late(case: Case, subscription: Subscription) -> None:
    subscription.context.lag = Lag(reads=3, uses=2)
    done = case.run(subscription, resource_group="rg-late", create_resource_group=True)
    assert not done.failed, done.msg
    assert done.result["changed"]
    # The write was refused twice, and accepted once.
    assert subscription.writes[-1] == case.created
    assert len(subscription.writes) == 2


@every_case
def test_a_group_that_another_run_has_just_created(case: Case, subscription: Subscription) -> None:
    """The read of the resource found the group, but its write reaches a replica that does not know it yet."""
    unknown = {"status": 404, "code": "ResourceGroupNotFound", "headers": {"x-ms-request-id": "1"}}
    subscription.fault("PUT", case.place, "fail", times=2, **unknown)
    done = case.run(subscription)
    assert not done.failed, done.msg
    assert subscription.writes == [case.created]


@every_case
def test_a_stale_answer_does_not_remove_the_tags_of_a_group(case: Case, subscription: Subscription) -> None:
    subscription.state.groups["rg-dr"]["tags"] = {"owner": "someone"}
    missing = {"status": 404, "code": "ResourceGroupNotFound", "headers": {"x-ms-request-id": "1"}}
    subscription.fault("GET", case.place, "fail", times=1, **missing)
    done = case.run(subscription, create_resource_group=True)
    assert not done.failed, done.msg
    assert subscription.writes == [case.created]
    assert subscription.state.groups["rg-dr"]["tags"] == {"owner": "someone"}


@every_case
@pytest.mark.parametrize(
    ("options", "kind"),
    [({}, "not_converged"), ({"resource_group": "rg-late", "create_resource_group": True}, "deadline_exceeded")],
)
def test_a_write_that_stays_invisible(
    case: Case, options: dict[str, Any], kind: str, subscription: Subscription
) -> None:
    subscription.context.lag = Lag(reads=9999, uses=0)
    ended = case.run(subscription, wait_timeout=1, **options)
    assert ended.error["kind"] == kind, ended.msg
    assert "last_state" in ended.error


@every_case
@pytest.mark.parametrize("allowed", [True, False])
def test_a_fresh_subscription(case: Case, allowed: bool, subscription: Subscription) -> None:
    subscription.state.unregister_provider(NAMESPACES[case.module])
    done = case.run(subscription, register_resource_provider=allowed)
    if not allowed:
        assert done.error["kind"] == "refused"
        assert f"az provider register --namespace {NAMESPACES[case.module]}" in done.msg
        assert subscription.writes == []
        return
    assert not done.failed, done.msg
    assert [entry.verb for entry in subscription.context.journal.entries] == ["register", "put"]
    assert "resource_provider" in done.paths
    assert not case.run(subscription).result["changed"]
