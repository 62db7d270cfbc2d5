# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that selects the checks that block a change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..module_utils._model.common.check import blocks


def blocking(checks: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the checks, as modules return them, while which nothing must be changed."""
    return [check for check in checks if blocks(check["severity"], check["status"])]


class FilterModule:
    """The filters of this file by their names."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"blocking": blocking}
