# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows services as Win32_Service shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["Running", "Stopped", "Start Pending", "Stop Pending", "Paused"]
StartMode = Literal["Auto", "Manual", "Disabled"]


@dataclass(slots=True)
class Service:
    name: str
    display_name: str
    status: Status = "Running"
    start_mode: StartMode = "Auto"
    account: str = "LocalSystem"
    owner_sid: str = "S-1-5-18"
    # Seconds from start to running in a real lab.
    start_seconds: float = 0.0
    process_id: int = 0
    # The moment (lab clock) at which a start that is under way is done.
    ready_at: float | None = None


class Services:
    def __init__(self) -> None:
        self._services: dict[str, Service] = {}
        self._next_process = 1200

    def add(self, service: Service) -> Service:
        self._services[service.name.lower()] = service
        if service.status == "Running":
            service.process_id = self.new_process()
        return service

    def remove(self, name: str) -> None:
        self._services.pop(name.lower(), None)

    def find(self, name: str) -> Service | None:
        return self._services.get(name.lower())

    def all(self) -> list[Service]:
        return [self._services[name] for name in sorted(self._services)]

    def new_process(self) -> int:
        self._next_process += 4
        return self._next_process
