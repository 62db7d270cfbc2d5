# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: recovery points of a machine, and the one that a failover uses.

A call for a single machine takes the id of a point; without one, the service processes and uses the latest data. A call
for a recovery plan takes a kind only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..common.errors import InvalidInput, Refused
from ..common.provider_support import moment
from .jobs import set_moment, shown_moment

KINDS = ("latest", "latest_processed", "latest_application_consistent")
#: The kinds as a recovery plan names them (SDK: HyperVReplicaAzureRpRecoveryPointType).
OF_PLANS = {
    "latest": "Latest",
    "latest_processed": "LatestProcessed",
    "latest_application_consistent": "LatestApplicationConsistent",
}


@dataclass(frozen=True, slots=True)
class RecoveryPoint:
    """One point in time to which a machine can be recovered."""

    id: str
    taken: datetime | None
    kind: str

    @classmethod
    def from_wire(cls, document: Mapping[str, Any]) -> RecoveryPoint:
        properties = document.get("properties") or {}
        return cls(
            str(document.get("id")),
            set_moment(properties.get("recoveryPointTime")),
            str(properties.get("recoveryPointType") or ""),
        )

    @property
    def is_application_consistent(self) -> bool:
        return "application" in self.kind.casefold()


@dataclass(frozen=True, slots=True)
class WantedPoint:
    """The recovery point that a task asks for: a kind, or the newest one up to a time."""

    kind: str = "latest"
    until: datetime | None = None

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> WantedPoint:
        """Return the wanted point. Raises InvalidInput."""
        text = options["recovery_point_time"]
        if text is None:
            return cls(options["recovery_point"])
        until = moment(text)
        if until is None:
            raise InvalidInput(
                "recovery_point_time", f"'{text}' is not a date and time", "write it as 2026-03-01T10:00:00Z"
            )
        return cls("time", until)

    @property
    def is_latest(self) -> bool:
        """Tell whether the service chooses the point, so that none has to be read."""
        return self.kind == "latest"

    def describe(self) -> str:
        if self.until is not None:
            return f"the newest point up to {shown_moment(self.until)}"
        return f"the {self.kind.replace('_', ' ')} point"

    def choose(self, points: Iterable[RecoveryPoint], machine: str) -> RecoveryPoint:
        """Return the newest point that fits. Raises Refused."""
        dated = [(point.taken, point) for point in points if point.taken is not None]
        newest = [point for _taken, point in sorted(dated, key=lambda pair: pair[0], reverse=True)]
        fitting = [point for point in newest if self._fits(point)]
        if fitting:
            return fitting[0]
        known = (
            f"the oldest of {len(newest)} points is of {shown_moment(newest[-1].taken)}" if newest else "it has none"
        )
        raise Refused(f"machine '{machine}' has no recovery point for {self.describe()}: {known}; choose another one")

    def _fits(self, point: RecoveryPoint) -> bool:
        if self.until is not None:
            return point.taken is not None and point.taken <= self.until
        return self.kind != "latest_application_consistent" or point.is_application_consistent
