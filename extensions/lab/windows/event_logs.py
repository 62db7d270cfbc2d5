# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event logs of a machine, as Get-WinEvent reads them.

Names as in "Troubleshoot Hyper-V to Azure replication and failover". That page prints the names as paths of Event
Viewer. Inferred: the names of the channels, and that a log exists where the product that writes it is installed.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from . import layout
from .errors import MachineError
from .events import Event
from .machine import Machine

VMM_LOG: Final = "Microsoft-VirtualMachineManager-Server/Admin"
HYPERV_LOG: Final = "Microsoft-Windows-Hyper-V-VMMS-Admin"
REPLICATION_LOG: Final = "MicrosoftAzureRecoveryServices-Replication"
#: The ids of the errors of Get-WinEvent (documented in the public source of PowerShell).
NO_LOG: Final = "NoMatchingLogsFound"
NO_EVENTS: Final = "NoMatchingEventsFound"
_DENIED: Final = "System.UnauthorizedAccessException"


class EventsMissing(MachineError):
    """Get-WinEvent found no log or no event; `id` is the id of its error."""

    def __init__(self, id: str) -> None:
        super().__init__("No events were found that match the specified selection criteria.", "System.Exception")
        self.id = id


def described_events(machine: Machine, entries: list[dict[str, Any]]) -> list[Event]:
    """Return the events of a lab's document: log, id, message, level, and an age in hours."""
    return [
        Event(
            str(entry["log"]),
            int(entry["id"]),
            machine.now() - timedelta(hours=float(entry.get("hours", 1))),
            str(entry["message"]),
            int(entry.get("level", 2)),
        )
        for entry in entries
    ]


def logs(machine: Machine) -> list[str]:
    """Return the logs that the products of the machine write."""
    agent = machine.registry.find(layout.AGENT_KEY) is not None
    found = {
        VMM_LOG: machine.vmm is not None,
        HYPERV_LOG: machine.service(layout.HYPERV_SERVICE) is not None,
        REPLICATION_LOG: agent,
    }
    return [name for name, exists in found.items() if exists]


def read(machine: Machine, log: str, levels: list[int], since: datetime, most: int) -> list[Event]:
    """Return the events of a log, newest first. Raises EventsMissing, and MachineError without access."""
    if log.lower() not in {name.lower() for name in logs(machine)}:
        raise EventsMissing(NO_LOG)
    if machine.fault_at(f"read log {log}") is not None:
        raise MachineError("Attempted to perform an unauthorized operation.", _DENIED)
    found = [
        event
        for event in machine.events
        if event.log.lower() == log.lower() and event.level in levels and event.time >= since
    ]
    if not found:
        raise EventsMissing(NO_EVENTS)
    return sorted(found, key=lambda event: event.time, reverse=True)[:most]
