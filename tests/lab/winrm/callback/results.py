# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One JSON line per task: its name and its result."""

from __future__ import annotations

import json
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: results
type: stdout
short_description: Print one JSON line per task
description: Prints the name and the result of each task as a line of JSON.
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "results"

    def _line(self, outcome: Any, **flags: bool) -> None:
        result = {"failed": False, "unreachable": False, **dict(outcome._result), **flags}
        print(json.dumps({"task": outcome._task.name, "result": result}, default=str))

    def v2_runner_on_ok(self, result: Any) -> None:
        self._line(result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._line(result, failed=True)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._line(result, unreachable=True)
