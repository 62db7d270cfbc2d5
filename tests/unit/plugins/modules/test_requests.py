# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that modules send is held to the API definitions after each test here; this shows that the judge can say no."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.lab.arm import oracle
from tests.lab.arm.conftest import LOGIN
from tests.unit.plugins.modules.conftest import GROUP, Subscription
from tests.unit.plugins.modules.test_changing import CASES

pytestmark = pytest.mark.needs("contracts")

Change = Callable[[dict[str, Any]], None]


def put(path: str, value: Any) -> Change:
    """Set what stands at a path of a recorded exchange; `...` takes it out."""

    def change(exchange: dict[str, Any]) -> None:
        *way, last = path.split("/")
        place: Any = exchange
        for step in way:
            place = place[int(step) if isinstance(place, list) else step]
        if value is ...:
            del place[last]
        else:
            place[last] = value

    return change


WRONG: tuple[tuple[str, str, Change, str], ...] = (
    ("vault", "PUT", put("request/colour", "red"), "unknown member colour"),
    ("vault", "PUT", put("request/properties/colour", "red"), "properties: unknown member colour"),
    ("vault", "PUT", put("request/location", ...), "required member location is missing"),
    ("vault", "PUT", put("request/location", 7), "location: not a string"),
    ("vault", "PUT", put("request/tags", {"a": 7}), "tags.a: not a string"),
    ("vault", "PUT", put("request/sku/name", "Golden"), "'Golden' is not one of"),
    ("vault", "PUT", put("request/properties/provisioningState", "Succeeded"), "a read-only member is sent"),
    ("vault", "PUT", put("request/id", "/subscriptions/s"), "id: a read-only member is sent"),
    ("vault", "PUT", put("request", None), "the body is missing"),
    ("vault", "PUT", put("query", {}), "query member api-version is missing"),
    ("vault", "PUT", put("query/api-version", "2026-11-01-preview"), "is not a released api-version"),
    ("vault", "PUT", put("query/forceDelete", "true"), "unknown query member forcedelete"),
    ("vault", "PUT", put("method", "POST"), "no definition has this operation"),
    ("vault", "GET", put("request", {"a": 1}), "a body where the definition has none"),
    ("storage_account", "PUT", put("request/properties/minimumTlsVersion", "TLS9"), "'TLS9' is not one of"),
    ("storage_account", "PUT", put("request/properties/supportsHttpsTrafficOnly", "yes"), "not a boolean"),
    (
        "storage_account",
        "PUT",
        put("request/properties/statusOfPrimary", "available"),
        "unknown member statusOfPrimary",
    ),
    ("storage_account", "PUT", put("request/kind", ...), "required member kind is missing"),
    ("virtual_network", "PUT", put("request/properties/subnets", {"a": 1}), "properties.subnets: not a list"),
    ("virtual_network", "PUT", put("request/properties/resourceGuid", "x"), "a read-only member is sent"),
    (
        "virtual_network",
        "PUT",
        put("request/properties/addressSpace/addressPrefixes", "10.0.0.0/8"),
        "addressPrefixes: not a list",
    ),
    # The newest client's models know members that the definitions at hand do not.
    (
        "virtual_network",
        "PUT",
        put("request/properties/addressSpace/ipamPoolPrefixAllocations", 7),
        "not a Optional[list",
    ),
)


def sent_by(subscription: Subscription, module: str) -> list[dict[str, Any]]:
    assert not CASES[module].run(subscription).failed
    return [json.loads(exchange.line()) for exchange in subscription.sent]


@pytest.mark.parametrize(("module", "method", "change", "line"), WRONG)
def test_a_wrong_request_is_seen(
    module: str, method: str, change: Change, line: str, subscription: Subscription
) -> None:
    exchanges = sent_by(subscription, module)
    assert oracle.validate_requests(exchanges) == []
    wrong = [one for one in exchanges if one["method"] == method and one["path"].endswith(CASES[module].place)]
    change(wrong[0])
    found = oracle.validate_requests(exchanges)
    assert any(line in problem for problem in found), found


def test_a_refused_request_is_judged_as_well(subscription: Subscription) -> None:
    exchanges = sent_by(subscription, "vault")
    wrong = next(one for one in exchanges if one["method"] == "PUT")
    wrong.update(status=400, response={"error": {"code": "BadRequest", "message": "x"}})
    wrong["request"]["colour"] = "red"
    assert oracle.validate_requests([wrong]) != []


def test_a_newer_member_needs_the_api_version_that_has_it(subscription: Subscription) -> None:
    exchanges = sent_by(subscription, "virtual_network")
    wrong = next(one for one in exchanges if one["method"] == "PUT")
    wrong["request"]["properties"]["addressSpace"]["ipamPoolPrefixAllocations"] = []
    assert oracle.validate_requests([wrong]) == []
    wrong["query"]["api-version"] = "2024-03-01"
    assert any("newer than the api-version" in line for line in oracle.validate_requests([wrong]))


def test_what_was_read_may_be_written_back_but_not_changed(subscription: Subscription) -> None:
    """Replacing a network means sending all of it, with what only the service writes."""
    exchanges = sent_by(subscription, "virtual_network")
    read = next(one for one in reversed(exchanges) if one["method"] == "GET" and one["status"] == 200)
    written = {**next(one for one in exchanges if one["method"] == "PUT"), "request": read["response"]}
    assert oracle.validate_requests([read, written]) == []
    assert oracle.validate_requests([written]) != []
    changed = json.loads(json.dumps(written))
    changed["request"]["properties"]["provisioningState"] = "Odd"
    assert oracle.validate_requests([read, changed]) != []


def test_the_judge_stands_behind_every_run(subscription: Subscription) -> None:
    """The fixture's own question, asked with a request that no definition has among the module's."""
    CASES["vault"].run(subscription)
    kept = list(subscription.sent)
    strange = {**json.loads(kept[0].line()), "path": f"/subscriptions/{LOGIN.subscription_id}/strange/{GROUP}"}
    assert oracle.validate_requests([*kept, strange]) != []
    assert len(kept) > 2
