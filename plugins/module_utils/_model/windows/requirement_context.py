# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the context in which a requirement is evaluated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .expectation import VMM_SERVER, Expectation
from .facts import MachineFacts
from .operations import Operations


@dataclass(frozen=True, slots=True)
class Context:
    """A machine, its desired state and the operations that are due there.

    `now` is the time of the controller. It is None where the clock is not checked.
    """

    kind: str
    machine: MachineFacts
    expected: Expectation
    operations: Operations
    now: datetime | None = None

    @property
    def machine_step(self) -> str:
        """Return the step of the setup guide that covers Windows itself."""
        return "S2" if self.kind == VMM_SERVER else "H2"
