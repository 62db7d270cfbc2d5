# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine that needs no PowerShell: a Python function per script, over the same machine state."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

from ..windows.errors import MachineRestarted
from ..world import World
from .base import Answer, CommandRequest, ConnectionDropped
from .housekeeping import answer_module, answer_step
from .payload import HouseKeeping, ModuleCall, RawScript, UnknownPayload, recognise
from .results import SKIPPED_IN_CHECK_MODE, error_record, flatten, module_answer, module_failure, script_result
from .scripts import UnknownScript, bound, bound_parameters, load_bindings, misfortune
from .task_runners import twin_runner

if TYPE_CHECKING:
    from ..windows.machine import Machine
    from .emulators import TwinResult

    Twin = Callable[[Machine, dict[str, Any], bool], TwinResult]

_SHOULD_PROCESS = re.compile(
    r"\[CmdletBinding\([^)]*\bSupportsShouldProcess\b(?!\s*=\s*\$false)[^)]*\)\]", re.IGNORECASE
)
# Options of win_powershell that a twin has no way to honour.
_REFUSED_OPTIONS = ("executable", "arguments", "path", "chdir", "creates", "removes")
_DEFAULT_DEPTH = 2


class TwinEngine:
    """Recognises what arrived and answers it; anything it does not know is a loud failure."""

    name = "twin"

    def __init__(
        self,
        world: World,
        executor: Executor,
        *,
        twins: Mapping[str, Twin] | None = None,
        bindings: Mapping[str, str] | None = None,
    ) -> None:
        if twins is None:
            from .emulators import TWINS

            twins = TWINS
        self._world = world
        self._executor = executor
        self._twins = twins
        self._bindings = load_bindings() if bindings is None else bindings
        for machine in world.machines.values():
            machine.runner = twin_runner(self._twins, self._bindings)

    async def close(self) -> None:
        """Nothing of a twin outlives its call."""

    async def run(self, machine: Machine, request: CommandRequest) -> Answer:
        try:
            payload = recognise(request)
        except UnknownPayload as exc:
            return _refusal(f"The lab's twin engine does not know this command: {exc}.")
        if isinstance(payload, ModuleCall):
            return await self._module(machine, payload)
        return await self._in_thread(lambda: self._plain(machine, payload))

    async def _in_thread(self, work: Callable[[], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def _plain(self, machine: Machine, payload: HouseKeeping | RawScript) -> Answer:
        if isinstance(payload, HouseKeeping):
            return answer_step(machine, payload)
        return _refusal(
            "The lab's twin engine does not execute PowerShell. Run the lab with --engine pwsh to execute any script."
        )

    async def _module(self, machine: Machine, call: ModuleCall) -> Answer:
        if call.wrappers:
            return module_failure(f"The lab's twin engine does not imitate {', '.join(call.wrappers)}.")
        if not call.is_a("win_powershell"):
            return await self._in_thread(lambda: answer_module(machine, call))
        planned = await misfortune(self._world, machine, call)
        if planned is not None:
            return planned
        return await self._in_thread(lambda: self._script(machine, call))

    def _script(self, machine: Machine, call: ModuleCall) -> Answer:
        options = call.options
        refused = [name for name in _REFUSED_OPTIONS if options.get(name) is not None]
        if refused:
            return module_failure(f"The lab's twin engine does not imitate win_powershell with {', '.join(refused)}.")
        text = str(options.get("script") or "")
        try:
            script = bound(text, self._bindings)
        except UnknownScript as exc:
            return module_failure(str(exc))
        if call.check_mode and not _SHOULD_PROCESS.search(text):
            return module_answer(script_result(result={}, changed=True, failed=False, message=SKIPPED_IN_CHECK_MODE))
        twin = self._twins.get(script.name)
        if twin is None:
            return module_failure(f"The lab's twin engine has no twin for the script {script.name}.")
        try:
            with machine.process():
                outcome = twin(machine, bound_parameters(options), call.check_mode)
        except MachineRestarted as exc:
            raise ConnectionDropped(machine.name) from exc
        depth = int(options.get("depth", _DEFAULT_DEPTH))
        errors = [item if isinstance(item, Mapping) else error_record(str(item)) for item in outcome.errors]
        return module_answer(
            script_result(
                result=flatten(outcome.result, depth), changed=outcome.changed, failed=outcome.failed, errors=errors
            )
        )


def _refusal(message: str) -> Answer:
    return Answer(stderr=(message + "\r\n").encode(), exit_code=1)
