# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the state of a resource, and whether its resource group exists and its resource provider is registered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from ..common.errors import Refused
from ..common.plan import Change, Plan

Resource = TypeVar("Resource")
#: The paths of changes that are not about the resource itself. Its result does not contain them.
PROVIDER_PATH, GROUP_PATH = "resource_provider", "resource_group"


@dataclass(frozen=True, slots=True)
class ResourceState(Generic[Resource]):
    """The result of one GET: the resource, or its absence, or the absence of its resource group.

    `unregistered`: the subscription is not registered for the namespace of the resource.
    """

    resource: Resource | None
    group_missing: bool = False
    unregistered: bool = False


def group_change(state: ResourceState[Resource], group: str, create: bool) -> Change | None:
    """Return the change that creates a missing resource group. Raises Refused when creating it is not allowed."""
    if not state.group_missing:
        return None
    if not create:
        raise Refused(
            f"resource_group: '{group}' does not exist;"
            " create it, correct the name, or set create_resource_group to true"
        )
    return Change(GROUP_PATH, None, group, f"create resource group {group}")


def provider_change(
    state: ResourceState[Resource], namespace: str, subscription_id: str, register: bool
) -> Change | None:
    """Return the change that registers a resource provider. Raises Refused when registering it is not allowed."""
    if not state.unregistered:
        return None
    if not register:
        raise Refused(not_registered(namespace, subscription_id))
    return Change(PROVIDER_PATH, "NotRegistered", "Registered", f"register resource provider {namespace}")


def not_registered(namespace: str, subscription_id: str) -> str:
    """Return the message about a subscription that is not registered for a namespace."""
    return (
        f"resource provider {namespace} is not registered on subscription {subscription_id};"
        f" run `az provider register --namespace {namespace} --subscription {subscription_id}`,"
        " or set register_resource_provider to true"
    )


def without_provider(plan: Plan) -> Plan:
    """Return the changes that the result of the resource shows, which are all but the registration."""
    return Plan(tuple(change for change in plan.changes if change.path != PROVIDER_PATH))


def split_surroundings(plan: Plan, state: ResourceState[Resource]) -> tuple[Plan, Plan]:
    """Return the changes of what a resource needs (registration, resource group), and those of the resource."""
    # By position, because a creation also has a change of the path resource_group.
    count = int(state.unregistered) + int(state.group_missing)
    return Plan(plan.changes[:count]), Plan(plan.changes[count:])
