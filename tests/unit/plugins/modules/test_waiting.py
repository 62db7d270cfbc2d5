# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Long-running creations: failed ones, ones that outlast the deadline, and ones of an earlier run."""

from __future__ import annotations

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common import waiting
from lab.context import NO_LAG, Delays
from tests.unit.plugins.modules.conftest import Subscription
from tests.unit.plugins.modules.test_changing import CASES, Case, every_case

# A creation that outlasts every deadline here, unless the test lets it end.
SLOW = Delays(vault_create=3600.0, storage_create=3600.0, network_create=3600.0, retry_after=1.0)

#: The addresses of operations.
POLLS = ("*/operationstatus/*", "*/asyncoperations/*", "*/operations/*")


@pytest.fixture(autouse=True)
def quick_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_FIRST", 0.05)


def operation(case: Case) -> str:
    return f"operation:put:*/{case.place}".lower()


@every_case
def test_a_creation_that_fails_in_the_end(case: Case, subscription: Subscription) -> None:
    subscription.context.faults.plan(operation(case), "fail", code="RegionIsFull", message="No room is left.")
    ended = case.run(subscription)
    assert (ended.error["kind"], ended.error["code"]) == ("remote_failure", "RegionIsFull")
    assert ended.msg.startswith(f"could not create {case.shown_as} {case.options['name']}: RegionIsFull: ")
    assert "No room is left" in ended.msg
    assert "; " in ended.msg


@every_case
@pytest.mark.parametrize("spelling", ["Canceled", "Cancelled"])
def test_a_creation_that_was_cancelled(case: Case, spelling: str, subscription: Subscription) -> None:
    """The SDK knows one spelling only, and would poll the other one without end."""
    subscription.context.faults.plan(operation(case), "fail", status=spelling, code="Canceled", message="By a user.")
    ended = case.run(subscription, wait_timeout=30)
    assert (ended.error["kind"], ended.error["code"]) == ("remote_failure", "Canceled")
    assert f"(request {ended.error['request_id']})" in ended.msg
    assert ended.msg.endswith("run again to restart it") or "By a user" in ended.msg


@pytest.mark.parametrize("case", [case for case in CASES.values() if not case.place.startswith("storageAccounts")])
@pytest.mark.parametrize(("status", "shown"), [("Cancelled", "Canceled: "), ("Failed", "Failed: ")])
def test_an_operation_that_ends_without_an_error(
    case: Case, status: str, shown: str, subscription: Subscription
) -> None:
    """The SDK does not know the British spelling, and has no words for an error without a code.

    The operations of storage accounts have no document.
    """
    subscription.context.faults.plan(operation(case), "fail", status=status, code="", message="")
    ended = case.run(subscription, wait_timeout=60)
    assert ended.msg.startswith(f"could not create {case.shown_as} {case.options['name']}: {shown}the operation ")
    assert "(request " in ended.msg
    assert "check the activity log for the cause" in ended.msg


@every_case
def test_an_operation_that_azure_has_forgotten(case: Case, subscription: Subscription) -> None:
    """A 404 of a poll is not about the resource."""
    subscription.context.lag = NO_LAG
    subscription.fault(
        "GET", "*operation*", "fail", times=99, status=404, code="ResourceNotFound", message="It is gone."
    )
    ended = case.run(subscription)
    assert ended.msg.startswith(
        f"could not create {case.shown_as} {case.options['name']}: Azure no longer knows the operation (request "
    )
    assert ended.msg.endswith("run again, which reads the state first")
    subscription.context.faults.clear()
    assert not case.run(subscription).failed


@every_case
def test_an_unknown_state_of_an_operation_ends_at_the_deadline(case: Case, subscription: Subscription) -> None:
    """The SDK would poll without end."""
    subscription.context.faults.plan(operation(case), "hang", status="Pondering")
    ended = case.run(subscription, wait_timeout=1)
    assert ended.error["kind"] == "deadline_exceeded"
    assert ended.error["last_state"] in ("Pondering", "InProgress")
    assert f"(request {ended.error['request_id']})" in ended.msg
    assert ended.msg.endswith("run again to resume the wait, or increase wait_timeout")


BUSY = {"status": 409, "code": "AnotherOperationInProgress", "message": "Another operation on it is in progress."}


@every_case
def test_a_creation_waits_for_its_turn(case: Case, subscription: Subscription) -> None:
    subscription.fault("PUT", case.place, "fail", times=3, **BUSY)
    ended = case.run(subscription)
    assert not ended.failed, ended.msg
    assert (ended.result["changed"], subscription.writes) == (True, [case.created])


@every_case
def test_every_change_waits_for_its_turn(case: Case, subscription: Subscription) -> None:
    case.run(subscription)
    for method in ("PUT", "PATCH"):
        subscription.fault(method, case.place, "fail", times=2, **BUSY)
    ended = case.run(subscription, tags={"a": "1"})
    assert not ended.failed, ended.msg
    assert ended.result["changed"]
    assert len(subscription.writes) == 1
    assert not case.run(subscription, tags={"a": "1"}).result["changed"]


@every_case
def test_a_turn_that_never_comes(case: Case, subscription: Subscription) -> None:
    for method in ("PUT", "PATCH"):
        subscription.fault(method, case.place, "fail", times=999, **BUSY)
    ended = case.run(subscription, wait_timeout=1)
    assert (ended.error["kind"], ended.error["code"]) == ("deadline_exceeded", "AnotherOperationInProgress")
    assert "AnotherOperationInProgress" in ended.msg
    assert f"(request {ended.error['request_id']})" in ended.msg
    assert ended.msg.endswith("run again when it has ended, or increase wait_timeout")
    assert subscription.writes == []


@every_case
def test_a_run_after_a_failed_creation_reports_the_state(case: Case, subscription: Subscription) -> None:
    """The run repairs the resource of the failed creation or warns about it. It never looks like a success."""
    subscription.context.faults.plan(operation(case), "fail")
    case.run(subscription)
    again = case.run(subscription)
    assert not again.failed
    state = case.shown(again)["provisioning_state"]
    warned = any(f"is in state {state}" in warning for warning in again.result["warnings"])
    assert warned or (again.result["changed"] and state == "Succeeded")


@every_case
def test_the_timeout_reports_the_last_state_and_the_next_run_continues(case: Case, subscription: Subscription) -> None:
    subscription.context.delays, subscription.context.lag = SLOW, NO_LAG
    ended = case.run(subscription, wait_timeout=1)
    assert (ended.error["kind"], subscription.writes) == ("deadline_exceeded", [case.created])
    assert ended.error["last_state"] in ended.msg
    assert f"the end of the operation 'create {case.shown_as} {case.options['name']}'; last state: " in ended.msg
    assert ended.msg.endswith("run again to resume the wait, or increase wait_timeout")
    # The next run finds the creation in progress, and waits for it without a write.
    waited = case.run(subscription, wait_timeout=0)
    assert (waited.error["kind"], subscription.writes) == ("deadline_exceeded", [])
    assert case.options["name"] in waited.error["last_state"]
    checked = case.run(subscription, check=True)
    assert (checked.failed, subscription.writes, subscription.requests) == (False, [], [case.read])
    subscription.state.hurry()
    done = case.run(subscription)
    assert (done.result["changed"], subscription.writes) == (False, [])
    assert case.shown(done)["provisioning_state"] == "Succeeded"


@every_case
def test_the_module_waits_for_the_creation_of_another_run(case: Case, subscription: Subscription) -> None:
    subscription.context.delays = Delays(vault_create=0.6, storage_create=0.6, network_create=0.6, retry_after=1.0)
    subscription.context.lag = NO_LAG
    case.run(subscription, wait_timeout=0)
    done = case.run(subscription)
    assert (done.failed, done.result["changed"], subscription.writes) == (False, False, [])
    assert case.shown(done)["provisioning_state"] == "Succeeded"


@every_case
def test_a_lost_response_to_a_slow_creation(case: Case, subscription: Subscription) -> None:
    """The repeated write finds the resource of the first one, while its creation is in progress."""
    subscription.context.delays = Delays(vault_create=0.6, storage_create=0.6, network_create=0.6, retry_after=1.0)
    subscription.fault("PUT", case.place, "drop", times=1, when="after")
    ended = case.run(subscription)
    assert not ended.failed, ended.msg
    assert case.shown(ended)["provisioning_state"] == "Succeeded"
    assert not case.run(subscription).result["changed"]


@every_case
def test_polling_survives_temporary_faults(case: Case, subscription: Subscription) -> None:
    subscription.context.delays = Delays(vault_create=0.3, storage_create=0.3, network_create=0.3, retry_after=1.0)
    for path in POLLS:
        subscription.context.faults.plan(f"arm:get:{path}", "drop", times=1)
    ended = case.run(subscription)
    assert not ended.failed, ended.msg


@every_case
def test_a_refused_poll_is_reported(case: Case, subscription: Subscription) -> None:
    for path in POLLS:
        subscription.context.faults.plan(f"arm:get:{path}", "fail", times=9, status=403, code="AuthorizationFailed")
    assert case.run(subscription).error["kind"] == "access_denied"


@every_case
def test_a_token_that_ends_during_the_wait_is_about_the_sign_in(case: Case, subscription: Subscription) -> None:
    for path in POLLS:
        subscription.context.faults.plan(
            f"arm:get:{path}", "fail", times=9, status=401, code="ExpiredAuthenticationToken"
        )
    ended = case.run(subscription)
    assert ended.error["kind"] == "access_denied"
    assert "the token has expired: check this machine's clock, then run again" in ended.msg


def test_the_module_waits_for_the_end_of_an_unknown_state(subscription: Subscription) -> None:
    vault = subscription.state.seed_vault("rg-dr", "vault-dr", "westeurope")
    vault.document["properties"]["provisioningState"] = "Migrating"
    ended = CASES["vault"].run(subscription, wait_timeout=0)
    assert ended.error["last_state"] == "vault vault-dr is Migrating"
