# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter of the playbook drill, which reminds of test failovers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..module_utils._model.common.check import Check
from ..module_utils._model.common.resource import Evidence


def drill_due(evidence: Sequence[Mapping[str, Any]], reminds: bool = True) -> list[dict[str, str]]:
    """Return a failed check for each planned test failover. Without `reminds`, return no check."""
    planned = [row for row in (Evidence(**each) for each in evidence) if row.planned] if reminds else []
    return [
        Check.failed(
            "drill-due", row.step, f"a test failover is due: {row.found}", "run the playbook drill"
        ).to_result()
        for row in planned
    ]


class FilterModule:
    """The filters of this file by their names."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"drill_due": drill_due}
