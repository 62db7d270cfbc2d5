# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: resource groups in Azure, and reads of the resources in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from ..._azure.clients import Azure
from ..._azure.consistency import wait_until_visible
from ..._azure.failures import Absent, read
from ..._azure.operations import write
from ..._azure.wire import Document, raw
from ..._model.azure.operation_states import is_broken
from ..._model.azure.resource_group import ResourceState
from ..._model.common.errors import AccessDenied, NotConverged, RemoteFailure

Resource = TypeVar("Resource")
_OF_EVERY_RESOURCE = ("id", "name", "location")
#: Why a resource in Azure may not keep what was written.
NOT_KEPT = (
    "an Azure Policy with the effect modify or append usually causes this, or the service ignores the value: look for"
    " the policy in the activity log, then omit the option or ask the policy's owner for an exemption"
)
_UNDER_POLICY = "set the tags that the policy requires with resource_group_tags, or create the group before this run"


def find(action: str, call: Callable[[], Any], convert: Callable[[Document], Resource]) -> ResourceState[Resource]:
    """Read a resource with one GET. The result distinguishes a missing resource from a missing resource group."""
    answer: Document | Absent = read(action, call)
    if isinstance(answer, Absent):
        return ResourceState(None, group_missing=answer.group_missing)
    if not all(isinstance(answer.get(field), str) for field in _OF_EVERY_RESOURCE):
        raise RemoteFailure(
            f"could not {action}: the answer lacks one of {', '.join(_OF_EVERY_RESOURCE)};"
            " check cloud_environment, and that no proxy answers in place of Azure"
        )
    return ResourceState(convert(answer))


def create(azure: Azure, name: str, location: str, timeout: float, tags: Mapping[str, str] | None = None) -> None:
    """Create a resource group with its tags, and wait until it is visible.

    A read can miss an existing group, and the write that creates a group removes the tags of an existing one. So the
    group itself is read before it is written.
    """
    if _exists(azure, name):
        return
    group = azure.resources.resource_groups
    body = {"location": location, **({"tags": dict(tags)} if tags else {})}
    try:
        write(lambda: group.create_or_update(name, body), f"create resource group {name}", timeout)
    except RemoteFailure as error:
        if error.details.get("code") != "RequestDisallowedByPolicy":
            raise
        raise type(error)(f"{error.message}; {_UNDER_POLICY}", **error.details) from error
    # An identity that cannot read groups learns from its next write whether the group is known.
    wait_until_visible(lambda: None if _exists(azure, name) is False else True, f"resource group {name}", timeout)


def _exists(azure: Azure, name: str) -> bool | None:
    """Tell whether a group exists. None: the identity cannot read it."""
    groups = azure.resources.resource_groups
    try:
        return not isinstance(read(f"read resource group {name}", lambda: groups.get(name, cls=raw)), Absent)
    except AccessDenied as error:
        if error.details.get("status") == 403:
            return None
        raise


def require_working(label: str, provisioning_state: str) -> None:
    """Raise NotConverged for a resource that this run wrote and that is in a failed state."""
    if is_broken(provisioning_state):
        raise NotConverged(
            f"{label} is in state {provisioning_state} after it was written, so it cannot be used; find the cause in"
            " its activity log, then run again"
        )
