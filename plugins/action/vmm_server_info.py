# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module of the same name, again and again when it shall wait, and shows how far the servers are."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..module_utils._model.common.errors import DeadlineExceeded, InvalidInput, Refused
from ..module_utils._model.common.waiting import duration, interval, is_passing, require_timeout
from ..plugin_utils._progress import ProgressLines

_MODULE = "siterecovery.hyperv.vmm_server_info"
_DEFAULT_TIMEOUT = 2700
_RESUME = "run again to go on waiting, or give a longer wait_timeout; look at the Provider's service on the VMM server"
Result = dict[str, Any]


class ActionModule(ActionBase):  # type: ignore[misc]
    """Waiting belongs here: a module can't say anything before it ends."""

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> Result:
        self._supports_check_mode = True
        super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        wait, timeout = _flag(arguments.pop("wait", False)), _seconds(arguments.pop("wait_timeout", _DEFAULT_TIMEOUT))
        # The module never waits, but knows what waiting asks of the other options.
        arguments["wait"] = wait
        if not wait or self._task.check_mode:
            return self._look(arguments, task_vars)
        return self._wait(arguments, timeout, task_vars)

    def _wait(self, arguments: dict[str, Any], timeout: float, task_vars: dict[str, Any] | None) -> Result:
        started = time.monotonic()
        lines = ProgressLines(Display().display, timeout=timeout)
        elapsed = 0.0
        while True:
            # What the module repeats within one look has to end with the wait as well.
            left_now = {"wait_timeout": max(0, int(timeout - elapsed))}
            result = self._look({**arguments, **left_now}, task_vars)
            elapsed = time.monotonic() - started
            state = _state(result)
            if state is None:
                return _ended(result, elapsed)
            lines.show([f"P10 {line}" for line in state], elapsed)
            if elapsed >= timeout:
                raise_ = DeadlineExceeded("VMM servers and clouds in the vault", elapsed, "; ".join(state), _RESUME)
                return {**result, "failed": True, "waited": True, **raise_.to_result()}
            left = timeout - elapsed
            time.sleep(max(interval(elapsed, left), min(left, _asked_pause(result))))

    def _look(self, arguments: dict[str, Any], task_vars: dict[str, Any] | None) -> Result:
        result: Result = self._execute_module(module_name=_MODULE, module_args=arguments, task_vars=task_vars)
        return result


def _state(result: Result) -> list[str] | None:
    """What is still awaited, a line per server; None when the wait is over, well or badly."""
    if result.get("failed"):
        error = result.get("error")
        passing = isinstance(error, Mapping) and is_passing(error)
        return [f"Azure can't be read at the moment: {result.get('msg')}"] if passing else None
    if result.get("vault_id") is None:
        return None
    rows = result.get("progress") or []
    return [f"{row['server']}: {row['reached']}, waiting for {', '.join(row['outstanding'])}" for row in rows] or None


def _asked_pause(result: Result) -> float:
    """The seconds for which a throttling service wants to be left alone."""
    error = result.get("error")
    return float(error.get("retry_after") or 0) if isinstance(error, Mapping) else 0.0


def _ended(result: Result, elapsed: float) -> Result:
    if result.get("failed"):
        return result
    if result.get("vault_id") is None:
        refusal = Refused(
            "vault_name: the vault does not exist, so no server can show up in it; create it, or correct the names"
        )
        return {**result, "failed": True, **refusal.to_result()}
    done = f"waited {duration(elapsed)}"
    return {**result, "waited": True, "evidence": [{**entry, "done": done} for entry in result["evidence"]]}


def _flag(value: Any) -> bool:
    try:
        return bool(boolean(value))
    except TypeError as error:
        raise AnsibleActionFail(f"wait: '{value}' is neither true nor false") from error


def _seconds(value: Any) -> float:
    try:
        seconds = int(value)
    except (TypeError, ValueError) as error:
        raise AnsibleActionFail(f"wait_timeout: '{value}' is no number of seconds") from error
    try:
        require_timeout(seconds)
    except InvalidInput as error:
        raise AnsibleActionFail(error.message) from error
    return seconds
