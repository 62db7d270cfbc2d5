# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the resource group around a resource."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from ..common.errors import Refused
from ..common.plan import Change

Resource = TypeVar("Resource")


@dataclass(frozen=True, slots=True)
class Grouped(Generic[Resource]):
    """What one GET told: the resource, or that it is absent, or that even its group is."""

    resource: Resource | None
    group_missing: bool = False


def group_change(found: Grouped[Resource], group: str, create: bool) -> Change | None:
    """The change that makes a missing group. Raises Refused when nobody allowed to make it."""
    if not found.group_missing:
        return None
    if not create:
        raise Refused(
            f"resource_group: '{group}' does not exist;"
            " create it, correct the name, or set create_resource_group to true"
        )
    return Change("resource_group", None, group, f"create resource group {group}")
