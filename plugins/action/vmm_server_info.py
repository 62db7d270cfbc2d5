# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the module of the same name, repeatedly when it waits, and show the progress of the servers."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..module_utils._model.common.durations import duration
from ..module_utils._model.common.errors import DeadlineExceeded, InvalidInput, Refused
from ..module_utils._model.common.waiting import interval, is_passing, require_timeout
from ..plugin_utils._progress import ProgressLines

_MODULE = "siterecovery.hyperv.vmm_server_info"
_DEFAULT_TIMEOUT = 2700
_RESUME = "run again to continue waiting, or increase wait_timeout; check the Provider's service on the VMM server"
Result = dict[str, Any]


class ActionModule(ActionBase):  # type: ignore[misc]
    """Waits here, because a module cannot show progress before it ends."""

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> Result:
        self._supports_check_mode = True
        super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        wait, timeout = _flag(arguments.pop("wait", False)), _seconds(arguments.pop("wait_timeout", _DEFAULT_TIMEOUT))
        # The module never waits, but it checks the options that waiting requires.
        arguments["wait"] = wait
        if not wait or self._task.check_mode:
            return self._read(arguments, task_vars)
        return self._wait(arguments, timeout, task_vars)

    def _wait(self, arguments: dict[str, Any], timeout: float, task_vars: dict[str, Any] | None) -> Result:
        started = time.monotonic()
        lines = ProgressLines(Display().display, timeout=timeout)
        elapsed = 0.0
        while True:
            # Repeated calls inside the module must end with the wait.
            left_now = {"wait_timeout": max(0, int(timeout - elapsed))}
            result = self._read({**arguments, **left_now}, task_vars)
            elapsed = time.monotonic() - started
            state = _state(result)
            if state is None:
                return _ended(result, elapsed)
            lines.show([f"P10 {line}" for line in state], elapsed)
            if elapsed >= timeout:
                late = DeadlineExceeded("VMM servers and clouds in the vault", elapsed, "; ".join(state), _RESUME)
                return {**result, "failed": True, "waited": True, **late.to_result()}
            left = timeout - elapsed
            time.sleep(max(interval(elapsed, left), min(left, _requested_pause(result))))

    def _read(self, arguments: dict[str, Any], task_vars: dict[str, Any] | None) -> Result:
        result: Result = self._execute_module(module_name=_MODULE, module_args=arguments, task_vars=task_vars)
        return result


def _state(result: Result) -> list[str] | None:
    """Return the outstanding parts, one line for each server; None when the wait is over."""
    if result.get("failed"):
        error = result.get("error")
        passing = isinstance(error, Mapping) and is_passing(error)
        return [f"Azure is not readable at the moment: {result.get('msg')}"] if passing else None
    if not result.get("exists"):
        return None
    rows = result.get("progress") or []
    return [f"{row['server']}: {row['reached']}, waiting for {', '.join(row['outstanding'])}" for row in rows] or None


def _requested_pause(result: Result) -> float:
    """Return the pause in seconds that a throttling service requests."""
    error = result.get("error")
    return float(error.get("retry_after") or 0) if isinstance(error, Mapping) else 0.0


def _ended(result: Result, elapsed: float) -> Result:
    if result.get("failed"):
        return result
    if not result.get("exists"):
        refusal = Refused("vault_name: the vault does not exist, so it has no servers; create it, or correct the names")
        return {**result, "failed": True, **refusal.to_result()}
    done = f"waited {duration(elapsed)}"
    return {**result, "waited": True, "evidence": [{**entry, "done": done} for entry in result["evidence"]]}


def _flag(value: Any) -> bool:
    try:
        return bool(boolean(value))
    except TypeError as error:
        raise AnsibleActionFail(f"wait must be true or false; correct '{value}'") from error


def _seconds(value: Any) -> float:
    try:
        seconds = int(value)
    except (TypeError, ValueError) as error:
        raise AnsibleActionFail(f"wait_timeout must be a number of seconds; correct '{value}'") from error
    try:
        require_timeout(seconds)
    except InvalidInput as error:
        raise AnsibleActionFail(error.message) from error
    return seconds
