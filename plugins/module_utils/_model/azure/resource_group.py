# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the state of a resource, including whether its resource group exists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from ..common.errors import Refused
from ..common.plan import Change

Resource = TypeVar("Resource")


@dataclass(frozen=True, slots=True)
class ResourceState(Generic[Resource]):
    """The result of one GET: the resource, or its absence, or the absence of its resource group."""

    resource: Resource | None
    group_missing: bool = False


def group_change(state: ResourceState[Resource], group: str, create: bool) -> Change | None:
    """Return the change that creates a missing resource group. Raises Refused when creating it is not allowed."""
    if not state.group_missing:
        return None
    if not create:
        raise Refused(
            f"resource_group: '{group}' does not exist;"
            " create it, correct the name, or set create_resource_group to true"
        )
    return Change("resource_group", None, group, f"create resource group {group}")
