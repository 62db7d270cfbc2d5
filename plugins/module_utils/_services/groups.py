# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: resource groups in Azure."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from .._azure.clients import Azure
from .._azure.failures import Absent, read, translated
from .._model.group import Grouped

Raw = TypeVar("Raw")
Resource = TypeVar("Resource")


def find(action: str, call: Callable[[], Raw], convert: Callable[[Raw], Resource]) -> Grouped[Resource]:
    """One GET of a resource in a group, with the two kinds of absence told apart."""
    answer = read(action, call)
    if isinstance(answer, Absent):
        return Grouped(None, group_missing=answer.group_missing)
    return Grouped(convert(answer))


def create(azure: Azure, name: str, location: str) -> None:
    """Make a group; Azure answers the same for one that exists."""
    with translated(f"create resource group {name}"):
        azure.resources.resource_groups.create_or_update(name, {"location": location})
