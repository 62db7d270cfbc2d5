# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The records of recovery plans."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime

from .messages import Json
from .protection_records import Scenario


@dataclass(slots=True)
class RecoveryPlan:
    """A recovery plan. `groups` has the form in which a read shows them, those that the service added included."""

    name: str
    fabric: str
    groups: list[Json]
    #: The id by which jobs name the plan.
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    scenario: Scenario | None = None
    #: The ids of the items, in lower case, whose test failover by the plan waits for its cleanup.
    testing: frozenset[str] = frozenset()
    #: The start of the last test failover.
    last_test: datetime | None = None

    def item_ids(self) -> list[str]:
        """Return the ids of the protected items in their order, in lower case."""
        return [str(entry["id"]).lower() for group in self.groups for entry in group["replicationProtectedItems"]]
