# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs of a VMM server: those of people, and VMM's own refreshers, which run all the time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

_PERSON = "LAB\\anna"
_SERVICE = "LAB\\svc-vmm"


@dataclass(eq=False, slots=True)
class VmmJob:
    """A running job, as Get-SCJob shows it (documented: Name, CmdletName, Owner, ProgressValue, StartTime)."""

    name: str
    command: str
    owner: str
    progress: int
    started: datetime

    @property
    def refreshes(self) -> bool:
        """Tell whether the job only reads: a stop of VMM does not damage it."""
        return self.command.startswith("Read-")

    def to_row(self) -> dict[str, Any]:
        """Return the job as the cmdlet's row."""
        return {
            "Name": self.name,
            "CmdletName": self.command,
            "Owner": self.owner,
            "ProgressValue": self.progress,
            "StartTime": self.started.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "Status": "Running",
        }

    def to_facts(self, now: datetime) -> dict[str, Any]:
        """Return the job as the scripts of a session report it."""
        return {
            "name": self.name,
            "command": self.command,
            "owner": self.owner,
            "progress": self.progress,
            "minutes": max(0, int((now - self.started).total_seconds() // 60)),
        }


def refresher(now: datetime) -> VmmJob:
    """Return a job that VMM runs by itself (VMM engineering blog: the background job "VM Refresher").

    Inferred: its name, and that its command is the cmdlet that refreshes by hand.
    """
    return VmmJob("Refresh virtual machine", "Read-SCVirtualMachine", _SERVICE, 40, _before(now, 0))


def described_job(now: datetime, entry: dict[str, Any]) -> VmmJob:
    """Return the job of a description, which by default is one that creates a virtual machine."""
    return VmmJob(
        str(entry.get("name", "Create virtual machine")),
        str(entry.get("command", "New-SCVirtualMachine")),
        str(entry.get("owner", _PERSON)),
        int(entry.get("progress", 35)),
        _before(now, int(entry.get("minutes", 12))),
    )


def _before(now: datetime, minutes: int) -> datetime:
    # Clocks can cut fractions of a second. Everyone who looks within the next 58 seconds reports the same age.
    return now - timedelta(minutes=minutes, seconds=2)
