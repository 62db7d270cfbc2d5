# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An identity without permissions on the resources of others changes the subnets of a network one by one (T6)."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._services.azure.virtual_network import (
    VirtualNetworkResource,
)
from lab.context import NO_LAG
from tests.unit.plugins.modules.conftest import GROUP, Ended, Subscription
from tests.unit.plugins.modules.test_virtual_network import NEW, PATH, run, stored

OLD = {"name": "old", "address_prefix": "10.20.1.0/24"}
SECOND = {"name": "second", "address_prefix": "10.20.3.0/24"}


@pytest.fixture
def linked(subscription: Subscription) -> dict[str, Any]:
    """Create a network whose subnet `old` has a security group that only others may join."""
    subscription.context.lag = NO_LAG
    state = subscription.state
    found = state.seed_network(
        GROUP, "vnet-dr", "westeurope", ["10.20.0.0/16"], {"old": "10.20.1.0/24", "own": "10.20.9.0/24"}
    )
    state.seed_group("rg-security", "westeurope")
    theirs = state.seed_network_part("rg-security", "networkSecurityGroups", "x")
    found["properties"]["subnets"][0]["properties"]["networkSecurityGroup"] = {"id": theirs}
    state.give_role("Network Contributor", GROUP, only=True)
    return found


def endpoints(subscription: Subscription) -> dict[str, list[str]]:
    subnets = stored(subscription)["properties"]["subnets"]
    return {
        each["name"]: [one["service"] for one in each["properties"].get("serviceEndpoints", [])] for each in subnets
    }


def refused(ended: Ended) -> bool:
    return bool(ended.failed) and "the identity lacks Microsoft.Network/networkSecurityGroups/join/action" in ended.msg


def test_subnets_without_such_a_reference_are_written_alone(subscription: Subscription, linked: dict[str, Any]) -> None:
    asked = {"subnets": [NEW, SECOND, {"name": "own", "service_endpoints": ["Microsoft.Storage"]}]}
    ended = run(subscription, **asked)
    assert not ended.failed, ended.msg
    assert endpoints(subscription) == {"old": [], "own": ["Microsoft.Storage"], "new": [], "second": []}
    assert linked["properties"]["subnets"][0]["properties"]["networkSecurityGroup"]
    assert subscription.writes == ["put own", "put new", "put second"]
    assert not run(subscription, **asked).result["changed"]


def test_a_concurrent_change_is_never_overwritten(
    subscription: Subscription, linked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The write of a subnet is conditional on the etag that it shares with the network."""
    write, theirs = VirtualNetworkResource._write_subnet, [{"service": "Microsoft.Sql"}]

    def late(resource: VirtualNetworkResource, *arguments: Any) -> None:
        if theirs:
            own = linked["properties"]["subnets"][1]
            own["properties"]["serviceEndpoints"] = [theirs.pop()]
            own["etag"] = linked["etag"] = 'W/"theirs"'
        write(resource, *arguments)

    monkeypatch.setattr(VirtualNetworkResource, "_write_subnet", late)
    ended = run(subscription, subnets=[{"name": "own", "delegations": ["Microsoft.Web/serverFarms"]}])
    assert (ended.error["kind"], ended.result["changed"]) == ("refused", False)
    own = stored(subscription)["properties"]["subnets"][1]["properties"]
    assert (own["serviceEndpoints"], own.get("delegations")) == ([{"service": "Microsoft.Sql"}], [])
    assert 412 in [exchange.status for exchange in subscription.azure.server.traffic]


@pytest.mark.parametrize(
    "asked",
    [
        # The subnet itself has the reference.
        {"subnets": [{**OLD, "service_endpoints": ["Microsoft.Storage"]}]},
        # These changes need a write of the whole network.
        {"subnets": [NEW], "dns_servers": ["10.20.1.4"]},
        {"subnets": [OLD], "purge_subnets": True},
    ],
    ids=["its own reference", "the network", "a removal"],
)
def test_any_other_change_is_refused_with_the_missing_permission(
    asked: dict[str, Any], subscription: Subscription, linked: dict[str, Any]
) -> None:
    before = subscription.state.snapshot()
    assert refused(run(subscription, **asked))
    assert subscription.state.snapshot() == before


def test_an_identity_with_all_permissions_writes_the_network_at_once(
    subscription: Subscription, linked: dict[str, Any]
) -> None:
    subscription.state.give_role("Network Contributor", "rg-security")
    assert not run(subscription, subnets=[NEW, SECOND]).failed
    assert subscription.writes == ["put vnet-dr"]


def test_a_concurrent_change_between_two_subnets_ends_the_run(
    subscription: Subscription, linked: dict[str, Any]
) -> None:
    subscription.fault("PUT", f"{PATH}/subnets/second", "fail", times=9, status=412, code="PreconditionFailed")
    ended = run(subscription, subnets=[NEW, SECOND])
    assert (ended.error["kind"], ended.result["changed"]) == ("refused", True)
    assert ended.msg == "network vnet-dr was modified concurrently; 1 of 2 subnets were written; run again"
