# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write one JSON line for each finished task to the file that RECORD_FILE names, with the results that users see."""

from __future__ import annotations

DOCUMENTATION = r"""
name: record
type: notification
short_description: Record one JSON line per finished task
description:
  - This plugin is for tests. The environment variable E(RECORD_FILE) names the file.
"""

import json
import os
import time
from typing import Any

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """Record all results and the recap."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "record"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._file = open(os.environ["RECORD_FILE"], "a", encoding="utf-8")  # noqa: SIM115
        self._play = ""
        self._started: dict[tuple[str, str], float] = {}

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._play = play.get_name()

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        self._started[(host.get_name(), task._uuid)] = time.monotonic()

    def v2_runner_on_ok(self, result: Any) -> None:
        self._write("ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._write("ignored" if ignore_errors else "failed", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._write("unreachable", result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._write("skipped", result)

    # Each iteration of a loop counts. `_write` omits the result of the entire loop.
    v2_runner_item_on_ok = v2_runner_on_ok
    v2_runner_item_on_failed = v2_runner_on_failed
    v2_runner_item_on_skipped = v2_runner_on_skipped

    def v2_playbook_on_stats(self, stats: Any) -> None:
        recap = {host: stats.summarize(host) for host in stats.processed}
        self._line({"recap": recap})

    def _write(self, status: str, result: Any) -> None:
        # ansible-core 2.19 made these attributes public; older releases have only the underscored names.
        host, task = getattr(result, "host", None) or result._host, getattr(result, "task", None) or result._task
        content = result.result if hasattr(result, "result") else result._result
        name = host.get_name()
        if "results" in content and task.loop is not None:
            return
        self._line(
            {
                "status": status,
                "play": self._play,
                "host": name,
                "task": task.get_name(),
                "action": task.action,
                "seconds": time.monotonic() - self._started.get((name, task._uuid), time.monotonic()),
                "result": content,
            }
        )

    def _line(self, entry: dict[str, Any]) -> None:
        self._file.write(json.dumps(entry, default=str) + "\n")
        self._file.flush()
