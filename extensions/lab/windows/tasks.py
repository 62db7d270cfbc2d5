# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scheduled tasks of a machine, with the result of their last run.

Values as in the reference of the Task Scheduler ("Task Scheduler error and success constants") and of the module
ScheduledTasks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

READY: Final = "Ready"
RUNNING: Final = "Running"
#: SCHED_S_TASK_RUNNING and SCHED_S_TASK_HAS_NOT_RUN.
IS_RUNNING: Final = 0x41301
HAS_NOT_RUN: Final = 0x41303
#: "System Error Codes": ERROR_LOGON_FAILURE, ERROR_LOGON_TYPE_NOT_GRANTED and ERROR_NO_SUCH_LOGON_SESSION.
WRONG_PASSWORD: Final = 0x8007052E
NO_BATCH_LOGON: Final = 0x80070569
NO_STORED_PASSWORDS: Final = 0x80070520
#: Types of logon. Documented (TASK_LOGON_TYPE): a task with S4U has no access to the network.
S4U: Final = "S4U"
PASSWORD: Final = "Password"
#: The exit code of a process that a shutdown ended (DBG_TERMINATE_PROCESS); inferred.
ENDED_BY_SHUTDOWN: Final = 0x40010004


@dataclass(slots=True)
class ScheduledTask:
    """A task without a trigger: it runs only on demand."""

    name: str
    user: str
    logon_type: str
    run_level: str
    program: str
    arguments: str
    state: str = READY
    last_result: int = HAS_NOT_RUN
