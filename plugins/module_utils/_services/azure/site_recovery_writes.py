# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: writes of Site Recovery that wait for their turn."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ..._azure import jobs
from ..._model.azure.jobs import Job
from ..._model.common.waiting import interval


def run(
    vault: jobs.Vault,
    call: Callable[..., Any],
    action: str,
    timeout: float,
    unknown: tuple[str, ...] = (),
    *,
    removes: bool = False,
) -> Job | None:
    """Send a write and follow its job to success, within `timeout` seconds. None: the write has no job.

    `unknown` are codes that contradict what this run read: a part of Azure does not know it yet. With `removes`, the
    absence of the resource completes the write as well.

    The service accepts a write although another operation of its target is running, and fails its job. Such a write
    is sent again.
    """
    started = time.monotonic()
    deadline = started + timeout
    while True:
        name = jobs.start(call, action, max(0.0, deadline - time.monotonic()), unknown, removes=removes)
        if name is None:
            return None
        job = jobs.follow(vault, name, deadline)
        now = time.monotonic()
        if not job.collided or now >= deadline:
            return jobs.require_success(job, action)
        time.sleep(interval(now - started, deadline - now))
