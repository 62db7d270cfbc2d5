# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: resource groups in Azure, and reads of the resources in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ..._azure.clients import Azure
from ..._azure.failures import Absent, read
from ..._azure.operations import write
from ..._azure.wire import Document
from ..._model.azure.resource_group import ResourceState
from ..._model.common.errors import RemoteFailure

Resource = TypeVar("Resource")
_OF_EVERY_RESOURCE = ("id", "name", "location")


def find(action: str, call: Callable[[], Any], convert: Callable[[Document], Resource]) -> ResourceState[Resource]:
    """Read a resource in a resource group with one GET. The result tells its absence from that of the group."""
    answer: Document | Absent = read(action, call)
    if isinstance(answer, Absent):
        return ResourceState(None, group_missing=answer.group_missing)
    if not all(isinstance(answer.get(field), str) for field in _OF_EVERY_RESOURCE):
        raise RemoteFailure(
            f"could not {action}: the answer lacks one of {', '.join(_OF_EVERY_RESOURCE)};"
            " check cloud_environment, and that no proxy answers in place of Azure"
        )
    return ResourceState(convert(answer))


def create(azure: Azure, name: str, location: str, timeout: float) -> None:
    """Create a resource group. Azure accepts this for an existing one as well."""
    group = azure.resources.resource_groups
    write(lambda: group.create_or_update(name, {"location": location}), f"create resource group {name}", timeout)
