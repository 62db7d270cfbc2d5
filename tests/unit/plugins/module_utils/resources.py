# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Helpers for tests of several resources: the options of a module, and plans in short form."""

from __future__ import annotations

import importlib
from typing import Any

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.plan import Plan

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-dr"


def options_of(module: str, **given: Any) -> dict[str, Any]:
    """Return the options of a module with their defaults and the login, overridden by `given`."""
    found = importlib.import_module(f"ansible_collections.siterecovery.hyperv.plugins.modules.{module}")
    defaults = {name: option.get("default") for name, option in found.OPTIONS.items()}
    return {**defaults, "subscription_id": SUBSCRIPTION, "resource_group": "rg-dr", **given}


def short(plan: Plan) -> dict[str, Any]:
    """Return the value after each change by its path."""
    return {change.path: change.after for change in plan.changes}
