# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: reads the deployment scope (T1): subscription, resource group, permissions, locks, resource providers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ..._azure.clients import Azure
from ..._azure.failures import Absent, read
from ..._azure.wire import Document, raw
from ..._model.azure.deny_assignments import from_list
from ..._model.azure.deployment_scope import PROVIDERS, Lock, ResourceGroup, Scope, Subscription
from ..._model.azure.permissions import Permissions
from ..._model.azure.resource_group import ResourceState
from ..._model.common.errors import AccessDenied
from . import resource_groups as groups

Answer = TypeVar("Answer")

# The latest API version that all generations of the subscription client in azure-mgmt-resource support.
_SUBSCRIPTIONS = "2022-12-01"
# REST reference, Permissions - List For Resource Group. The answer for a subscription has the same form.
_PERMISSIONS = "2022-04-01"
# REST reference, Management Locks - List At Resource Group Level.
_LOCKS = "2020-05-01"
# REST reference, Deny Assignments - List For Resource Group.
_DENY_ASSIGNMENTS = "2022-04-01"


def read_scope(azure: Azure, group_name: str) -> Scope:
    """Read the scope. Data that the identity cannot read is None; every other failure is raised."""
    group = if_allowed(lambda: _group(azure, group_name))
    missing = group is not None and group.group_missing
    root = f"/subscriptions/{azure.subscription_id}"
    scope = root if missing else f"{root}/resourceGroups/{group_name}"
    return Scope(
        subscription_id=azure.subscription_id,
        group_name=group_name,
        subscription=_document(azure, root, _SUBSCRIPTIONS, "read the subscription", Subscription.from_wire),
        group=group,
        permissions=_document(
            azure,
            f"{scope}/providers/Microsoft.Authorization/permissions",
            _PERMISSIONS,
            "read the permissions of the identity",
            Permissions.from_wire,
        ),
        locks=_document(
            azure,
            f"{scope}/providers/Microsoft.Authorization/locks",
            _LOCKS,
            "read the locks",
            lambda found: tuple(Lock.from_wire(lock) for lock in found.get("value") or ()),
        ),
        deny_assignments=_document(
            azure,
            f"{scope}/providers/Microsoft.Authorization/denyAssignments",
            _DENY_ASSIGNMENTS,
            "read the deny assignments",
            from_list,
        ),
        providers={name: _registration(azure, name) for name in PROVIDERS},
    )


def if_allowed(call: Callable[[], Answer]) -> Answer | None:
    """Return None when the identity has no permission for the call. A refused sign-in is raised."""
    try:
        return call()
    except AccessDenied as error:
        if error.details.get("status") == 403:
            return None
        raise


def _group(azure: Azure, name: str) -> ResourceState[ResourceGroup]:
    return groups.find(
        f"read resource group {name}",
        lambda: azure.resources.resource_groups.get(name, cls=raw),
        ResourceGroup.from_wire,
    )


def _document(
    azure: Azure, path: str, version: str, action: str, convert: Callable[[Document], Answer]
) -> Answer | None:
    """Read a document for which the clients have no call of their own."""
    resources: Any = azure.resources.resources
    answer: Document | Absent | None = if_allowed(
        lambda: read(action, lambda: resources.get_by_id(path, api_version=version, cls=raw))
    )
    return None if answer is None or isinstance(answer, Absent) else convert(answer)


def _registration(azure: Azure, name: str) -> str | None:
    providers: Any = azure.resources.providers
    answer: Document | Absent | None = if_allowed(
        lambda: read(f"read resource provider {name}", lambda: providers.get(name, cls=raw))
    )
    return None if answer is None or isinstance(answer, Absent) else str(answer.get("registrationState") or "unknown")
