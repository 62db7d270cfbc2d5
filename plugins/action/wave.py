# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Begins and ends a wave of Hyper-V hosts. The action runs on the controller and connects to no host."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..module_utils._model.common.change_window import parse_window_end
from ..module_utils._model.common.errors import InvalidInput
from ..plugin_utils._report.waves import Limits, WaveState


class ActionModule(ActionBase):  # type: ignore[misc]
    """Decide whether a wave may begin, or whether a later one may, and print a line about a finished wave."""

    OPTIONS: ClassVar[dict[str, dict[str, Any]]] = {
        "waves": {"type": "list", "elements": "list", "required": True},
        "hosts": {"type": "list", "elements": "str", "required": True},
        "begun": {"type": "str"},
        "max_fail_percentage": {"type": "int", "default": 0},
        "max_run_fail_percentage": {"type": "int", "default": 100},
        "window_end": {"type": "str"},
    }

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        self._supports_check_mode = True
        result: dict[str, Any] = super().run(tmp, task_vars)
        _result, options = self.validate_argument_spec(argument_spec=self.OPTIONS)
        now = datetime.now(timezone.utc)
        limits = _limits(options)
        state = _state(options, (task_vars or {})["hostvars"])
        result.update(changed=False, number=state.number, begun=options["begun"] or now.isoformat())
        if not options["begun"]:
            return {**result, "stop": state.stop_before(limits, now)}
        line = state.describe(now - datetime.fromisoformat(options["begun"]))
        Display().display(line)
        return {**result, "ended": now.isoformat(), "line": line, "stop": state.stop_after(limits, now)}


def _limits(options: Mapping[str, Any]) -> Limits:
    end = options["window_end"]
    try:
        window_end = parse_window_end("window_end", end) if end else None
    except InvalidInput as error:
        raise AnsibleActionFail(str(error)) from None
    return Limits(options["max_fail_percentage"], options["max_run_fail_percentage"], window_end)


def _state(options: Mapping[str, Any], hostvars: Mapping[str, Any]) -> WaveState:
    """Read the facts of the hosts whose setup has begun, because reading the variables of a host takes time."""
    waves = tuple(tuple(str(host) for host in wave) for wave in options["waves"])
    state = WaveState(waves, tuple(options["hosts"]), frozenset(), frozenset())
    if not options["begun"]:
        return state
    records = {host: hostvars[host] for wave in waves[: state.number] for host in wave}
    return WaveState(
        waves,
        state.hosts,
        failed=frozenset(host for host, facts in records.items() if facts.get("hyperv_host_failure")),
        changed=frozenset(host for host, facts in records.items() if facts.get("hyperv_host_changed")),
    )
