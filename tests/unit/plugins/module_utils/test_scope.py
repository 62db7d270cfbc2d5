# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a target lies and what the login may do there (T1)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.deployment_scope import (
    PROVIDERS,
    RIGHTS,
    Lock,
    Permission,
    Permissions,
    ResourceGroup,
    Scope,
    Subscription,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.resource_group import Grouped
from tests.unit.plugins.module_utils.nouns import SUBSCRIPTION

CONTRIBUTOR = Permission(("*",), ("Microsoft.Authorization/*/Write", "Microsoft.Authorization/*/Delete"))
READER = Permission(("*/read",), ())
GOOD = Scope(
    subscription_id=SUBSCRIPTION,
    group_name="rg-dr",
    subscription=Subscription(SUBSCRIPTION, "Production", "Enabled", "11111111-2222-4333-8444-555555555555"),
    group=Grouped(ResourceGroup("rg-dr", "westeurope", "Succeeded")),
    permissions=Permissions((CONTRIBUTOR,)),
    providers=dict.fromkeys(PROVIDERS, "Registered"),
)
RULES = [right.rule for right in RIGHTS]
WRITE = "Microsoft.Storage/storageAccounts/write"


def verdicts(scope: Scope, verdict: str) -> list[str]:
    return [row["rule"] for row in scope.to_result()["rules"] if row["verdict"] == verdict]


@pytest.mark.parametrize(
    ("roles", "action", "allowed"),
    [
        ([CONTRIBUTOR], WRITE, True),
        ([CONTRIBUTOR], "Microsoft.Authorization/roleAssignments/write", False),
        ([READER], WRITE, False),
        ([READER], "Microsoft.Storage/storageAccounts/read", True),
        ([READER], "Microsoft.Storage/storageAccounts/readwrite", False),
        ([Permission(("microsoft.storage/STORAGEACCOUNTS/*",), ())], WRITE, True),
        ([Permission(("Microsoft.Storage/*/write",), ())], WRITE, True),
        ([Permission(("Microsoft.Storage/storageAccounts",), ())], WRITE, False),
        ([Permission(("MicrosoftxStorage/storageAccounts/write",), ())], WRITE, False),
        ([Permission((WRITE,), ("microsoft.storage/*",))], WRITE, False),
        # What one role leaves out another one gives.
        ([Permission(("*",), ("Microsoft.Storage/*",)), Permission((WRITE,), ())], WRITE, True),
        ([], WRITE, False),
    ],
)
def test_what_roles_allow(roles: list[Permission], action: str, allowed: bool) -> None:
    assert Permissions(tuple(roles)).allows(action) is allowed


def test_permissions_from_the_service() -> None:
    found = Permissions.from_wire({"value": [{"actions": ["*/read"], "notActions": [], "dataActions": ["x"]}, {}]})
    assert found == Permissions((READER, Permission((), ())))
    more = Permissions.from_wire({"value": [{"actions": ["*/read"]}], "nextLink": "https://more"})
    assert (more.allows("a/read"), more.allows(WRITE)) == (True, None)


def test_a_good_scope_passes_every_rule() -> None:
    shown = GOOD.to_result()
    assert (shown["verdict"], shown["reasons"]) == ("ok", [])
    assert {row["verdict"] for row in shown["rules"]} == {"pass"}
    assert (shown["subscription_name"], shown["resource_group_exists"], shown["location"]) == (
        "Production",
        True,
        "westeurope",
    )
    assert GOOD.verified() == "nothing speaks against it"
    assert GOOD.summary().startswith(
        "subscription Production (Enabled); resource group rg-dr in westeurope; the login may"
    )


def in_state(state: str) -> Subscription:
    return Subscription(SUBSCRIPTION, "Production", state, None)


ABSENT: Grouped[ResourceGroup] = Grouped(None, group_missing=True)


@pytest.mark.parametrize(
    ("rule", "verdict", "told", "changed"),
    [
        ("subscription-state", "refused", "is in state Disabled", {"subscription": in_state("Disabled")}),
        ("subscription-state", "refused", "is in state Deleted", {"subscription": in_state("Deleted")}),
        ("subscription-state", "warn", "settle what is owed", {"subscription": in_state("PastDue")}),
        ("subscription-state", "warn", "settle what is owed", {"subscription": in_state("Warned")}),
        ("resource-group", "warn", "create it, or set create_resource_group to true", {"group": ABSENT}),
        (
            "resource-group",
            "refused",
            "is in state Deleting",
            {"group": Grouped(ResourceGroup("rg-dr", "westeurope", "Deleting"))},
        ),
        *(
            (
                f"provider-{name.split('.')[1].lower()}",
                "warn",
                f"az provider register --namespace {name}",
                {"providers": {**GOOD.providers, name: "NotRegistered"}},
            )
            for name in PROVIDERS
        ),
        *(
            (
                right.rule,
                "warn",
                f"may not {right.words} in resource group rg-dr: it lacks {action}; give it the role {right.role} th",
                {"permissions": Permissions((Permission(("*",), (action,)),))},
            )
            for right in RIGHTS
            for action in right.actions
        ),
    ],
)
def test_one_rule_broken(rule: str, verdict: str, told: str, changed: dict[str, Any]) -> None:
    scope = replace(GOOD, **changed)
    assert verdicts(scope, "fail") == [rule]
    shown = scope.to_result()
    assert shown["verdict"] == verdict
    assert told in shown["reasons"][0]
    assert scope.verified() == shown["reasons"][0]


def test_a_reader_may_create_nothing() -> None:
    scope = replace(GOOD, permissions=Permissions((READER,)))
    assert verdicts(scope, "fail") == RULES
    assert "the login may not create machines, put machines in networks, create networks" in scope.summary()


def test_what_can_t_be_read_is_not_known_and_never_a_no() -> None:
    blind = replace(
        GOOD, subscription=None, group=None, permissions=None, providers=dict.fromkeys(PROVIDERS, None), locks=None
    )
    shown = blind.to_result()
    assert (shown["verdict"], shown["reasons"], shown["resource_group_exists"]) == ("ok", [], None)
    assert {row["verdict"] for row in shown["rules"]} == {"unknown"}
    assert "what the login may do there is not known" in blind.summary()
    assert all(blind.registered(name) for name in PROVIDERS)
    halved = replace(GOOD, permissions=Permissions((READER,), whole=False))
    assert (verdicts(halved, "fail"), verdicts(halved, "unknown")) == ([], RULES)
    assert "what the login may do there is not all known" in halved.summary()


def test_a_missing_group_has_the_permissions_of_its_subscription() -> None:
    scope = replace(GOOD, group=ABSENT, permissions=Permissions((READER,)))
    assert scope.place == f"subscription {SUBSCRIPTION}"
    assert "let somebody with the role Contributor on the subscription create it" in scope.to_result()["reasons"][0]


def test_a_lock_on_one_resource_is_no_matter_of_the_scope() -> None:
    inside = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-dr/providers/Microsoft.Storage/storageAccounts/a"
    locks = [
        Lock.from_wire(
            {"id": f"{scope}/providers/Microsoft.Authorization/locks/l", "properties": {"level": "ReadOnly"}}
        )
        for scope in (inside, inside.partition("/providers/")[0])
    ]
    assert verdicts(replace(GOOD, locks=(locks[0],)), "fail") == []
    assert verdicts(replace(GOOD, locks=tuple(locks)), "fail") == ["locks"]


def test_a_provider_that_is_being_registered_is_well() -> None:
    scope = replace(GOOD, providers={**GOOD.providers, "Microsoft.Compute": "Registering"})
    assert verdicts(scope, "fail") == []
    assert "Compute Registering" in scope.summary()
