# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One machine of the lab, and sessions whose scripts its emulators answer: no network, no PowerShell."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.resource import (
    ManagedResource,
    Outcome,
    converge,
)
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._windows.session import Session
from lab.context import Fault
from lab.engines.emulators import EMULATORS, Emulator
from lab.engines.emulators.base import EmulatorResult
from lab.engines.emulators.run_background_task import background_task_runner
from lab.engines.results import SKIPPED_IN_CHECK_MODE, error_record, flatten, script_result
from lab.engines.scripts import bound_parameters, identify
from lab.engines.task_runners import emulator_runner
from lab.windows.languages import speaking
from lab.windows.machine import Machine
from tests.lab.emulators.harness import Case, Harness
from tests.lab.emulators.internet import Internet

State = TypeVar("State")
#: The scripts of background tasks whose calls are recorded, and their secret parameters.
INNER = ("register_vmm_server", "configure_provider")
SECRETS = ("KeyContent", "ProxyCredential")
Arguments = dict[str, Any]
#: Builds a resource with a session.
Build = Callable[[Session], ManagedResource[State, Any]]


def detached(script: str) -> list[str]:
    """Return the names of the scripts that run when a background task runs this one."""
    return ["start_background_task", script, "poll_background_task", "end_background_task"]


class ScriptHarness:
    """Respond like win_powershell, record every execution, and fail or return prepared objects on request."""

    def __init__(
        self, internet: Internet, entry: Mapping[str, Any], prepare: Callable[[Machine], object] | None = None
    ):
        self.lab = Harness(internet)
        self.machine = self.lab.set(Case("", "", entry, prepare=prepare))
        #: The arguments of every execution of the last run.
        self.executions: list[Arguments] = []
        #: Scripts that return this object and do nothing.
        self.lies: dict[str, Any] = {}
        #: The progress lines, and how often the connection was opened again.
        self.shown: list[str] = []
        self.reconnected = 0
        #: The session of the last run.
        self.session = Session(self.execute)
        # A scheduled task has ended when its start returns, unless a test holds it.
        recorded = {**EMULATORS, **{name: self._inner(name) for name in INNER}}
        runner = background_task_runner(recorded)
        self.machine.runner = emulator_runner({**EMULATORS, "run_background_task": runner}, None)
        self.machine.in_background = False

    def execute(self, arguments: Arguments, *, check_mode: bool = False) -> Mapping[str, Any]:
        """Run one execution of win_powershell. Everything passes through JSON, as on a connection."""
        sent = json.loads(json.dumps(arguments))
        self.executions.append(sent)
        called = identify(sent["script"])
        assert called is not None, "a script without its first line"
        fault = self.lab.context.faults.hit(f"windows:{self.machine.name}:{called.name}")
        if fault is not None:
            message = str(fault.detail.get("message", f"planned fault in {called.name}"))
            failed = script_result(result={}, changed=True, failed=True, errors=[error_record(message)])
            return _through_json(failed)
        if called.name in self.lies:
            return _through_json(script_result(result=self.lies[called.name], changed=True, failed=False))
        if check_mode and "SupportsShouldProcess" not in sent["script"]:
            return script_result(result={}, changed=True, failed=False, message=SKIPPED_IN_CHECK_MODE)
        with speaking(self.machine.identity.language):
            answer = EMULATORS[called.name](self.machine, bound_parameters(sent), check_mode)
        return _through_json(
            script_result(
                result=flatten(answer.result, sent["depth"]),
                changed=answer.changed,
                failed=answer.failed,
                errors=[error_record(message) for message in answer.errors],
            )
        )

    def _inner(self, name: str) -> Emulator:
        """Return an emulator of a script that a background task runs. Its call is an execution like the others."""

        def run(_machine: Machine, parameters: Mapping[str, Any], _check_mode: bool) -> EmulatorResult:
            plain = {key: value for key, value in parameters.items() if key not in SECRETS}
            secret = [
                {"name": key, "value": value}
                if isinstance(value, str)
                else {"name": key, "username": value[0], "password": value[1]}
                for key, value in parameters.items()
                if key in SECRETS
            ]
            script = f"# siterecovery.hyperv script: {name}\n"
            answer = self.execute(
                {"script": script, "parameters": plain, "sensitive_parameters": secret, "depth": 6, "inner": True}
            )
            errors = [record["exception"]["message"] for record in answer.get("error") or []]
            return EmulatorResult(answer["result"], answer["changed"], answer["failed"], errors)

        return run

    def run(self, build: Build[State], *, check: bool = False) -> Outcome:
        """Bring a resource to its desired state, and forget earlier executions."""
        self.executions.clear()
        self.shown.clear()
        self.reconnected = 0
        self.session = Session(
            lambda arguments: self.execute(arguments, check_mode=check),
            check_mode=check,
            show=self.shown.append,
            reconnect=self._reconnect,
        )
        return converge(build(self.session), check_mode=check)

    def _reconnect(self) -> None:
        self.reconnected += 1

    def fail(self, point: str, action: Any = "fail", **detail: Any) -> Fault:
        """Make a script, a program or the start of a service fail."""
        return self.lab.context.faults.plan(f"windows:{self.machine.name}:{point}", action, **detail)

    @property
    def scripts(self) -> list[str]:
        """Return the names of the scripts that ran."""
        names = []
        for sent in self.executions:
            called = identify(sent["script"])
            assert called is not None
            names.append(called.name)
        return names

    def sent(self, script: str) -> Arguments:
        """Return the arguments of the only execution of a script."""
        (found,) = (sent for sent, name in zip(self.executions, self.scripts, strict=True) if name == script)
        return found

    @property
    def plain(self) -> str:
        """Return all arguments that were sent, without the secrets."""
        return json.dumps([{**sent, "sensitive_parameters": None} for sent in self.executions])

    def exists(self, path: str) -> bool:
        return self.machine.exists(path)


def _through_json(answer: Mapping[str, Any]) -> dict[str, Any]:
    through: dict[str, Any] = json.loads(json.dumps(answer))
    return through


def at(found: ScriptHarness, script: str, *happens: Callable[[], object] | Exception | None) -> None:
    """Run one event before each execution of a script. An exception replaces the answer."""
    really, left = found.execute, list(happens)

    def execute(arguments: dict[str, Any], *, check_mode: bool = False) -> Mapping[str, Any]:
        called = identify(arguments["script"])
        assert called is not None
        if called.name == script and left:
            event = left.pop(0)
            if isinstance(event, Exception):
                raise event
            if event is not None:
                event()
        return really(arguments, check_mode=check_mode)

    found.execute = execute  # type: ignore[method-assign]
