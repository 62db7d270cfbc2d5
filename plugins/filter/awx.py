# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the playbook awx."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils._controller.objects import controller_objects
from ..plugin_utils._controller.references import ready_objects


def awx_ready(objects: dict[str, Any], existing: dict[str, Any], removal: bool = False) -> dict[str, Any]:
    """Return the objects whose references exist already."""
    return ready_objects(objects, existing, removal=removal)


class FilterModule:
    """The filters of this file by their names."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"awx_objects": controller_objects, "awx_ready": awx_ready}
