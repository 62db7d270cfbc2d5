# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the common part of removing what a setup or a registration left on a machine."""

from __future__ import annotations

from ..common.errors import Refused
from ..common.plan import UNKNOWN, Change, Plan
from .background_task import BackgroundTask, find_task
from .facts import MachineFacts

#: The step of all removals: it is not part of the setup guide.
STEP = "X1"
#: Removes what only VMM's database holds. The collection never starts it.
CLEANUP_SCRIPT = "Microsoft's cleanup script (https://aka.ms/asr-cleanup-script-vmm)"
#: Results of Windows Installer ("Windows Installer error messages").
INSTALLER_CODES = {
    1602: "the removal was canceled",
    1603: "a fatal error occurred; the event log Application has the events of MsiInstaller",
    1605: "Windows Installer does not know the product",
    1612: "the cached package of the installed version is missing; copy it from another server, then run again",
    1618: "another installation is running; wait for its end, then run again",
    1639: "Windows Installer did not understand its command line; report this as a bug",
}


def removal_in_progress(machine: MachineFacts, task: BackgroundTask) -> Plan | None:
    """Return the plan while a removal runs that an earlier run started, or None if there is none.

    Only check mode observes it: every other run first waits until it ends.
    """
    observed = find_task(machine.background_tasks, task)
    if observed is None or not observed.active:
        return None
    return Plan((Change("installed", True, UNKNOWN, "wait for the removal that an earlier run started"),))


def refuse(reason: str, fix: str) -> Refused:
    """Return the error of a removal that something blocks."""
    return Refused(f"{reason}; {fix}", blocked_by=reason)
