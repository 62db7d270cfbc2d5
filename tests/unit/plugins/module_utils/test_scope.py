# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The deployment scope and the permissions of the identity in it (T1)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.deny_assignments import from_list
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.deployment_scope import (
    PROVIDERS,
    RIGHTS,
    Lock,
    ResourceGroup,
    Scope,
    Subscription,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.permissions import (
    Permission,
    Permissions,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.resource_group import ResourceState
from tests.unit.plugins.module_utils.resources import SUBSCRIPTION

CONTRIBUTOR = Permission(("*",), ("Microsoft.Authorization/*/Write", "Microsoft.Authorization/*/Delete"))
READER = Permission(("*/read",), ())
GOOD = Scope(
    subscription_id=SUBSCRIPTION,
    group_name="rg-dr",
    subscription=Subscription(SUBSCRIPTION, "Production", "Enabled", "11111111-2222-4333-8444-555555555555"),
    group=ResourceState(ResourceGroup("rg-dr", "westeurope", "Succeeded")),
    permissions=Permissions((CONTRIBUTOR,)),
    providers=dict.fromkeys(PROVIDERS, "Registered"),
)
RULES = [right.id for right in RIGHTS]
WRITE = "Microsoft.Storage/storageAccounts/write"


def ids(scope: Scope, status: str) -> list[str]:
    return [row["id"] for row in scope.to_result()["checks"] if row["status"] == status]


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
        # Another role allows what this one excludes.
        ([Permission(("*",), ("Microsoft.Storage/*",)), Permission((WRITE,), ())], WRITE, True),
        ([], WRITE, False),
    ],
)
def test_permissions_of_roles(roles: list[Permission], action: str, allowed: bool) -> None:
    assert Permissions(tuple(roles)).allows(action) is allowed


def test_permissions_from_the_service() -> None:
    found = Permissions.from_wire({"value": [{"actions": ["*/read"], "notActions": [], "dataActions": ["x"]}, {}]})
    assert found == Permissions((READER, Permission((), ())))
    more = Permissions.from_wire({"value": [{"actions": ["*/read"]}], "nextLink": "https://more"})
    assert (more.allows("a/read"), more.allows(WRITE)) == (True, None)


def test_a_condition_of_a_role_assignment_leaves_a_permission_open() -> None:
    limited = Permissions.from_wire({"value": [{"actions": [WRITE], "condition": "@Resource[x] StringEquals 'y'"}]})
    assert (limited.allows(WRITE), limited.allows("a/read")) == (None, False)
    assert Permissions((*limited.roles, CONTRIBUTOR)).allows(WRITE) is True
    shown = replace(GOOD, permissions=Permissions((*limited.roles, READER))).checks()
    (found,) = [check for check in shown if check.id == "create-storage"]
    assert found.status == "unknown"
    assert found.message.startswith("a condition of a role assignment decides whether the identity can create storage")


ROOT = f"/subscriptions/{SUBSCRIPTION}"
EVERYONE = "00000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize(
    ("name", "changed", "status", "text"),
    [
        ("subscription", {}, "fail", f"the deny assignment 'stack' at {ROOT} forbids it"),
        ("root", {"scope": "/"}, "fail", "the deny assignment 'stack' at / forbids it"),
        ("the group in other case", {"scope": f"{ROOT}/RESOURCEGROUPS/rg-dr"}, "fail", "forbids it"),
        ("another group", {"scope": f"{ROOT}/resourceGroups/rg-dr-2"}, "pass", "can create storage accounts"),
        ("a resource", {"scope": f"{ROOT}/resourceGroups/rg-dr/providers/a/b/c"}, "pass", "can create"),
        ("not below its scope", {"doNotApplyToChildScopes": True}, "pass", "can create storage accounts"),
        ("other actions", {"permissions": [{"actions": ["*/delete"]}]}, "pass", "can create storage accounts"),
        (
            "excluded action",
            {"permissions": [{"actions": ["*"], "notActions": ["Microsoft.Storage/*"]}]},
            "pass",
            "can create storage accounts",
        ),
        ("exempt identities", {"excludePrincipals": [{"id": "a"}]}, "unknown", "decides whether the identity can"),
        ("named identities", {"principals": [{"id": "a"}]}, "unknown", "decides whether the identity can create"),
    ],
)
def test_a_deny_assignment_takes_precedence_over_a_role(
    name: str, changed: dict[str, Any], status: str, text: str
) -> None:
    properties = {
        "denyAssignmentName": "stack",
        "scope": ROOT,
        "permissions": [{"actions": ["Microsoft.Storage/storageAccounts/write"]}],
        "principals": [{"id": EVERYONE, "type": "SystemDefined"}],
        **changed,
    }
    scope = replace(GOOD, deny_assignments=from_list({"value": [{"name": "1", "properties": properties}]}))
    (found,) = [check for check in scope.checks() if check.id == "create-storage"]
    assert (found.status, text in found.message) == (status, True), found.message
    assert bool(found.fix) == (status == "fail")


def test_deny_assignments_that_cannot_be_read_leave_rights_open() -> None:
    for unread in (None, from_list({"value": [], "nextLink": "https://more"})):
        assert ids(replace(GOOD, deny_assignments=unread), "unknown") == RULES


def test_a_good_scope_passes_every_rule() -> None:
    shown = GOOD.to_result()
    assert shown["status"] == "pass"
    assert {row["status"] for row in shown["checks"]} == {"pass"}
    assert (shown["subscription_name"], shown["resource_group_exists"], shown["location"]) == (
        "Production",
        True,
        "westeurope",
    )
    assert GOOD.verified() == "no problem found"
    assert GOOD.summary().startswith(
        "subscription Production (Enabled); resource group rg-dr in westeurope; the identity has"
    )


def in_state(state: str) -> Subscription:
    return Subscription(SUBSCRIPTION, "Production", state, None)


ABSENT: ResourceState[ResourceGroup] = ResourceState(None, group_missing=True)


@pytest.mark.parametrize(
    ("rule", "status", "text", "changed"),
    [
        ("subscription-state", "error", "is in state Disabled", {"subscription": in_state("Disabled")}),
        ("subscription-state", "error", "is in state Deleted", {"subscription": in_state("Deleted")}),
        ("subscription-state", "warning", "pay the open invoice", {"subscription": in_state("PastDue")}),
        ("subscription-state", "warning", "pay the open invoice", {"subscription": in_state("Warned")}),
        ("resource-group", "warning", "create it, or set create_resource_group to true", {"group": ABSENT}),
        (
            "resource-group",
            "error",
            "is in state Deleting",
            {"group": ResourceState(ResourceGroup("rg-dr", "westeurope", "Deleting"))},
        ),
        *(
            (
                f"provider-{name.split('.')[1].lower()}",
                "warning",
                f"az provider register --namespace {name}",
                {"providers": {**GOOD.providers, name: "NotRegistered"}},
            )
            for name in PROVIDERS
        ),
        *(
            (
                right.id,
                "warning",
                f"cannot {right.task} in resource group rg-dr: it lacks {action}; give it the role {right.role} th",
                {"permissions": Permissions((Permission(("*",), (action,)),))},
            )
            for right in RIGHTS
            for action in right.actions
        ),
    ],
)
def test_one_rule_is_broken(rule: str, status: str, text: str, changed: dict[str, Any]) -> None:
    scope = replace(GOOD, **changed)
    assert ids(scope, "fail") == [rule]
    shown = scope.to_result()
    assert shown["status"] == status
    assert text in scope.verified()
    assert scope.verified() == next(check.describe() for check in scope.checks() if check.id == rule)


def test_a_reader_cannot_create_anything() -> None:
    scope = replace(GOOD, permissions=Permissions((READER,)))
    assert ids(scope, "fail") == RULES
    assert "the identity cannot create machines, connect machines to networks, create networks" in scope.summary()


def test_data_that_the_identity_cannot_read_is_unknown_and_not_a_failure() -> None:
    blind = replace(
        GOOD, subscription=None, group=None, permissions=None, providers=dict.fromkeys(PROVIDERS, None), locks=None
    )
    shown = blind.to_result()
    assert (shown["status"], ids(blind, "fail"), shown["resource_group_exists"]) == ("warning", [], None)
    assert {row["status"] for row in shown["checks"]} == {"unknown"}
    assert "the permissions of the identity are unknown" in blind.summary()
    assert all(blind.registered(name) for name in PROVIDERS)
    halved = replace(GOOD, permissions=Permissions((READER,), complete=False))
    assert (ids(halved, "fail"), ids(halved, "unknown")) == ([], RULES)
    assert "the permissions of the identity are not completely known" in halved.summary()


def test_a_missing_group_has_the_permissions_of_its_subscription() -> None:
    scope = replace(GOOD, group=ABSENT, permissions=Permissions((READER,)))
    assert scope.place == f"subscription {SUBSCRIPTION}"
    assert "have an identity with the role Contributor on the subscription create it" in scope.verified()


def test_a_lock_on_another_group_does_not_affect_a_group_that_will_be_created() -> None:
    """The list of a subscription, which is read before the group exists, has the locks of all groups."""
    root = f"/subscriptions/{GOOD.subscription_id}"
    scopes = (root, f"{root}/resourceGroups/another", f"{root}/resourceGroups/{GOOD.group_name}-2", GOOD.id)
    found = [ids(replace(GOOD, locks=(Lock.from_wire(_lock(scope)),)), "fail") == ["locks"] for scope in scopes]
    assert found == [True, False, False, True]


def _lock(scope: str) -> dict[str, Any]:
    return {"id": f"{scope}/providers/Microsoft.Authorization/locks/l", "properties": {"level": "ReadOnly"}}


def test_a_lock_on_one_resource_does_not_affect_the_scope() -> None:
    inside = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-dr/providers/Microsoft.Storage/storageAccounts/a"
    locks = [
        Lock.from_wire(
            {"id": f"{scope}/providers/Microsoft.Authorization/locks/l", "properties": {"level": "ReadOnly"}}
        )
        for scope in (inside, inside.partition("/providers/")[0])
    ]
    assert ids(replace(GOOD, locks=(locks[0],)), "fail") == []
    assert ids(replace(GOOD, locks=tuple(locks)), "fail") == ["locks"]


def test_a_provider_that_is_being_registered_passes() -> None:
    scope = replace(GOOD, providers={**GOOD.providers, "Microsoft.Compute": "Registering"})
    assert ids(scope, "fail") == []
    assert "Compute Registering" in scope.summary()
