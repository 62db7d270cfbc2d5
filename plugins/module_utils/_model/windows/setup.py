# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the common part of the agent's and the Provider's setup."""

from __future__ import annotations

from ..common.plan import UNKNOWN, Change, Plan
from .background_task import BackgroundTask, find_task
from .facts import MachineFacts


def installs(plan: Plan) -> bool:
    """Tell whether setup runs. Other changes only start a service or set an option."""
    return plan.touches("version") or any(
        change.path == "installed" and change.after is True for change in plan.changes
    )


def setup_in_progress(machine: MachineFacts, task: BackgroundTask, *, installed: bool) -> Change | None:
    """Return the planned change of a setup that an earlier run started, or None if there is none.

    Only check mode observes it: every other run first waits until it ends.
    """
    observed = find_task(machine.background_tasks, task)
    if observed is None or not observed.active:
        return None
    return Change("installed", installed, UNKNOWN, "wait for the setup that an earlier run started")


def restart_pending(machine: MachineFacts) -> bool:
    """Tell whether Windows waits for a restart."""
    return bool(machine.host and machine.host.pending_restart)
