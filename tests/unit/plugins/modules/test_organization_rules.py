# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies, deny assignments, closed regions and failed operations: messages name them, and writes count as changes."""

from __future__ import annotations

from typing import Any

from lab.arm.records import Policy
from lab.context import NO_LAG
from tests.unit.plugins.modules.conftest import GROUP, Subscription

ACCOUNT: dict[str, Any] = {"name": "stdr", "resource_group": GROUP, "location": "westeurope"}
STORAGE = "microsoft.storage/storageaccounts"
GROUPS = "microsoft.resources/subscriptions/resourcegroups"
TAGS = "Mandatory tags must be applied: CostCenter."


def test_a_policy_that_rewrites_a_value_is_named_and_the_account_counts_as_changed(subscription: Subscription) -> None:
    subscription.state.assign_policy(
        Policy("No public", "modify", STORAGE, "properties.publicNetworkAccess", value="Disabled")
    )
    ended = subscription.run("storage_account", **ACCOUNT, public_network_access="enabled")
    assert ended.error["kind"] == "not_converged"
    assert "public_network_access is disabled instead of enabled; an Azure Policy with the effect modify" in ended.msg
    assert ended.result["changed"]


def test_shared_keys_that_a_policy_disables_are_a_warning(subscription: Subscription) -> None:
    subscription.state.assign_policy(
        Policy("No keys", "modify", STORAGE, "properties.allowSharedKeyAccess", value=False)
    )
    ended = subscription.run("storage_account", **ACCOUNT)
    assert any("has shared keys disabled, although the task" in text for text in ended.result["warnings"])


def test_a_closed_region_is_not_about_a_role(subscription: Subscription) -> None:
    subscription.state.close_region("westeurope")
    ended = subscription.run("storage_account", **ACCOUNT)
    assert ended.error["code"] == "RequestDisallowedByAzure"
    assert "choose another region" in ended.msg
    assert not ended.result["changed"]


def test_a_group_gets_the_tags_that_a_policy_requires(subscription: Subscription) -> None:
    subscription.state.assign_policy(Policy("Require a tag", "deny", GROUPS, "tags.CostCenter", reason=TAGS))
    new: dict[str, Any] = {**ACCOUNT, "resource_group": "rg-new", "create_resource_group": True}
    refused = subscription.run("storage_account", **new)
    assert "Mandatory tags must be applied: CostCenter" in refused.msg
    assert "resource_group_tags" in refused.msg.rpartition(";")[2]
    assert not subscription.run("storage_account", **new, resource_group_tags={"CostCenter": "42"}).failed
    assert subscription.state.groups["rg-new"]["tags"] == {"CostCenter": "42"}


def test_a_group_that_was_created_counts_as_changed_when_the_account_is_refused(subscription: Subscription) -> None:
    subscription.state.assign_policy(Policy("Locations", "deny", STORAGE, "location", allowed=("northeurope",)))
    ended = subscription.run(
        "storage_account", **{**ACCOUNT, "resource_group": "rg-new", "create_resource_group": True}
    )
    assert "it rejects location westeurope (NotIn" in ended.msg
    assert ended.result["changed"]


def test_a_deny_assignment_is_named(subscription: Subscription) -> None:
    subscription.state.seed_deny_assignment("Stack landing-zone", ["Microsoft.Storage/*/write"], GROUP)
    ended = subscription.run("storage_account", **ACCOUNT)
    assert "the deny assignment 'Stack landing-zone' at" in ended.msg
    assert "role" not in ended.msg


def test_a_network_in_state_failed_is_written_once_more(subscription: Subscription) -> None:
    subscription.context.lag = NO_LAG
    subscription.state.seed_network(GROUP, "vnet-dr", "westeurope", ["10.3.0.0/16"], {"a": "10.3.1.0/24"})
    desired: dict[str, Any] = {
        "name": "vnet-dr",
        "resource_group": GROUP,
        "location": "westeurope",
        "subnets": [{"name": "e", "address_prefix": "10.3.5.0/24"}],
    }
    subscription.context.faults.plan(
        "operation:PUT:*virtualnetworks*", "fail", code="SomethingElse", message="It failed."
    )
    first = subscription.run("virtual_network", **desired)
    assert first.failed
    assert first.result["changed"]
    second = subscription.run("virtual_network", **desired)
    assert (second.failed, second.paths) == (False, ["provisioning_state"])
    assert not subscription.run("virtual_network", **desired).result["changed"]


def test_an_operation_that_ends_with_a_retryable_error_is_repeated(subscription: Subscription) -> None:
    """The network is in state Failed between the two writes (terraform-provider-azurerm issue 30197)."""
    subscription.context.lag = NO_LAG
    subscription.state.seed_network(GROUP, "vnet-dr", "westeurope", ["10.3.0.0/16"], {"a": "10.3.1.0/24"})
    desired: dict[str, Any] = {
        "name": "vnet-dr",
        "resource_group": GROUP,
        "location": "westeurope",
        "subnets": [{"name": "e", "address_prefix": "10.3.5.0/24"}],
    }
    subscription.context.faults.plan(
        "operation:PUT:*virtualnetworks*", "fail", times=1, code="RetryableError", message="A retryable error occurred."
    )
    first = subscription.run("virtual_network", **desired)
    assert not first.failed, first.msg
    assert subscription.writes == ["put vnet-dr", "put vnet-dr"]
    (network,) = subscription.state.networks.values()
    assert network["properties"]["provisioningState"] == "Succeeded"
    assert not subscription.run("virtual_network", **desired).result["changed"]
