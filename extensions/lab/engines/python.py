# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine `python`: answers every script with its emulator, a Python function, and needs no PowerShell."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from concurrent.futures import Executor

from ..windows.errors import MachineRestarted
from ..windows.machine import Machine
from .base import CommandOutput, CommandRequest, ConnectionDropped
from .emulators import EMULATORS, Emulator
from .housekeeping import answer_module, answer_step
from .payload import HouseKeeping, ModuleCall, RawScript, UnknownPayload, recognize
from .results import SKIPPED_IN_CHECK_MODE, error_record, flatten, module_answer, module_failure, script_result
from .scripts import UnknownScript, bound, bound_parameters, load_bindings, planned_output
from .task_runners import emulator_runner

_SHOULD_PROCESS = re.compile(
    r"\[CmdletBinding\([^)]*\bSupportsShouldProcess\b(?!\s*=\s*\$false)[^)]*\)\]", re.IGNORECASE
)
# Options of win_powershell that an emulator cannot honor.
_REFUSED_OPTIONS = ("executable", "arguments", "path", "chdir", "creates", "removes")
_DEFAULT_DEPTH = 2


class PythonEngine:
    """Recognizes a command and answers it; an unknown command is an error."""

    name = "python"

    def __init__(
        self,
        machines: Mapping[str, Machine],
        executor: Executor,
        *,
        emulators: Mapping[str, Emulator] | None = None,
        bindings: Mapping[str, str] | None = None,
    ) -> None:
        self._executor = executor
        self._emulators = EMULATORS if emulators is None else emulators
        self._bindings = load_bindings() if bindings is None else bindings
        for machine in machines.values():
            machine.runner = emulator_runner(self._emulators, self._bindings)

    async def close(self) -> None:
        """Do nothing: an emulator ends with its call."""

    async def run(self, machine: Machine, request: CommandRequest) -> CommandOutput:
        try:
            payload = recognize(request)
        except UnknownPayload as exc:
            return _refusal(f"The lab's python engine does not know this command: {exc}.")
        if isinstance(payload, ModuleCall):
            return await self._module(machine, payload)
        return await self._in_thread(lambda: self._plain(machine, payload))

    async def _in_thread(self, work: Callable[[], CommandOutput]) -> CommandOutput:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def _plain(self, machine: Machine, payload: HouseKeeping | RawScript) -> CommandOutput:
        if isinstance(payload, HouseKeeping):
            return answer_step(machine, payload)
        return _refusal(
            "The lab's python engine does not execute PowerShell. Run the lab with --engine pwsh to execute any script."
        )

    async def _module(self, machine: Machine, call: ModuleCall) -> CommandOutput:
        if call.wrappers:
            return module_failure(f"The lab's python engine does not imitate {', '.join(call.wrappers)}.")
        if not call.is_a("win_powershell"):
            return await self._in_thread(lambda: answer_module(machine, call))
        planned = await planned_output(machine, call)
        if planned is not None:
            return planned
        return await self._in_thread(lambda: self._script(machine, call))

    def _script(self, machine: Machine, call: ModuleCall) -> CommandOutput:
        options = call.options
        refused = [name for name in _REFUSED_OPTIONS if options.get(name) is not None]
        if refused:
            return module_failure(f"The lab's python engine does not imitate win_powershell with {', '.join(refused)}.")
        text = str(options.get("script") or "")
        try:
            script = bound(text, self._bindings)
        except UnknownScript as exc:
            return module_failure(str(exc))
        if call.check_mode and not _SHOULD_PROCESS.search(text):
            return module_answer(script_result(result={}, changed=True, failed=False, message=SKIPPED_IN_CHECK_MODE))
        emulator = self._emulators.get(script.name)
        if emulator is None:
            return module_failure(f"The lab's python engine has no emulator for the script {script.name}.")
        try:
            with machine.process():
                outcome = emulator(machine, bound_parameters(options), call.check_mode)
        except MachineRestarted as exc:
            raise ConnectionDropped(machine.name) from exc
        depth = int(options.get("depth", _DEFAULT_DEPTH))
        errors = [item if isinstance(item, Mapping) else error_record(str(item)) for item in outcome.errors]
        return module_answer(
            script_result(
                result=flatten(outcome.result, depth), changed=outcome.changed, failed=outcome.failed, errors=errors
            )
        )


def _refusal(message: str) -> CommandOutput:
    return CommandOutput(stderr=(message + "\r\n").encode(), exit_code=1)
