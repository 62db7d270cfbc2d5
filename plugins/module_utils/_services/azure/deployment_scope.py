# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: where a target lies, read from Azure (T1): subscription, group, permissions, resource providers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ..._azure.clients import Azure
from ..._azure.failures import Absent, read
from ..._azure.wire import Document, raw
from ..._model.azure.deployment_scope import PROVIDERS, Lock, Permissions, ResourceGroup, Scope, Subscription
from ..._model.azure.resource_group import Grouped
from ..._model.common.errors import AccessDenied
from . import resource_groups as groups

Answer = TypeVar("Answer")

# The last version of azure-mgmt-resource's subscription client that all its generations have.
_SUBSCRIPTIONS = "2022-12-01"
# REST reference, Permissions - List For Resource Group; the service answers at a subscription in the same form.
_PERMISSIONS = "2022-04-01"
# REST reference, Management Locks - List At Resource Group Level.
_LOCKS = "2020-05-01"


def read_scope(azure: Azure, group_name: str) -> Scope:
    """What the login may not read is None in the answer; every other failure is raised."""
    group = if_allowed(lambda: _group(azure, group_name))
    missing = group is not None and group.group_missing
    root = f"/subscriptions/{azure.subscription_id}"
    place = root if missing else f"{root}/resourceGroups/{group_name}"
    return Scope(
        subscription_id=azure.subscription_id,
        group_name=group_name,
        subscription=_document(azure, root, _SUBSCRIPTIONS, "read the subscription", Subscription.from_wire),
        group=group,
        permissions=_document(
            azure,
            f"{place}/providers/Microsoft.Authorization/permissions",
            _PERMISSIONS,
            "read the login's permissions",
            Permissions.from_wire,
        ),
        locks=_document(
            azure,
            f"{place}/providers/Microsoft.Authorization/locks",
            _LOCKS,
            "read the locks",
            lambda found: tuple(Lock.from_wire(lock) for lock in found.get("value") or ()),
        ),
        providers={name: _registration(azure, name) for name in PROVIDERS},
    )


def if_allowed(ask: Callable[[], Answer]) -> Answer | None:
    """None when the login may not ask. A refused sign-in is raised: then nothing is known."""
    try:
        return ask()
    except AccessDenied as error:
        if error.details.get("status") == 403:
            return None
        raise


def _group(azure: Azure, name: str) -> Grouped[ResourceGroup]:
    return groups.find(
        f"read resource group {name}",
        lambda: azure.resources.resource_groups.get(name, cls=raw),
        ResourceGroup.from_wire,
    )


def _document(
    azure: Azure, path: str, version: str, action: str, convert: Callable[[Document], Answer]
) -> Answer | None:
    """A document that none of the clients has a call for."""
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
