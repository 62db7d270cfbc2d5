# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine `pwsh`: executes every command in a real PowerShell, over a module of imitated Windows cmdlets."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from concurrent.futures import Executor
from pathlib import Path

from ..windows.machine import Machine
from .base import CommandOutput, CommandRequest
from .cmdlet_server import CmdletServer
from .housekeeping import answer_module, answer_step
from .payload import Encoded, HouseKeeping, ModuleCall, UnknownPayload, peel, recognize
from .pwsh_home import PwshHome
from .results import module_failure
from .scripts import planned_output
from .task_runners import pwsh_runner

# Sessions at once: each of them compiles Ansible's C# for several seconds of processor time.
SESSIONS = 2
# Modules that use only what the machine imitates; PowerShell executes them.
_EXECUTED = ("win_powershell", "win_ping", "ping")


class PwshEngine:
    """Starts one PowerShell per command, with the innermost encoded command and the unchanged input."""

    name = "pwsh"

    def __init__(
        self, machines: Mapping[str, Machine], executor: Executor, server: CmdletServer, directory: Path
    ) -> None:
        self._executor = executor
        self._server = server
        self._home = PwshHome(directory)
        self._sessions = asyncio.Semaphore(SESSIONS)
        self._running: set[asyncio.subprocess.Process] = set()
        self._tasks: set[subprocess.Popen[bytes]] = set()
        for machine in machines.values():
            machine.runner = pwsh_runner(self._home, server, self._tasks)

    async def close(self) -> None:
        for process in list(self._running):
            _kill(process)
        for task in list(self._tasks):
            task.kill()

    async def run(self, machine: Machine, request: CommandRequest) -> CommandOutput:
        try:
            encoded = peel(request)
            payload = recognize(request)
        except UnknownPayload as exc:
            return CommandOutput(stderr=f"The lab does not know this command: {exc}.\r\n".encode(), exit_code=1)
        assert encoded is not None
        if isinstance(payload, HouseKeeping):
            return await self._in_thread(machine, payload)
        if isinstance(payload, ModuleCall):
            if payload.wrappers:
                return module_failure(f"The lab's pwsh engine does not imitate {', '.join(payload.wrappers)}.")
            if not payload.is_a(*_EXECUTED):
                return await self._in_thread(machine, payload)
            planned = await planned_output(machine, payload)
            if planned is not None:
                return planned
        async with self._sessions:
            return await self._execute(machine, encoded, request)

    async def _in_thread(self, machine: Machine, payload: HouseKeeping | ModuleCall) -> CommandOutput:
        """Answer a step that touches the machine's files or facts, which exist in the lab and not on this computer."""
        loop = asyncio.get_running_loop()
        if isinstance(payload, ModuleCall):
            return await loop.run_in_executor(self._executor, answer_module, machine, payload)
        return await loop.run_in_executor(self._executor, answer_step, machine, payload)

    async def _execute(self, machine: Machine, encoded: Encoded, request: CommandRequest) -> CommandOutput:
        arguments = [
            "-NoProfile",
            "-NonInteractive",
            "-ExecutionPolicy",
            "Unrestricted",
            "-EncodedCommand",
            encoded.encoded,
        ]
        if encoded.encoded_arguments is not None:
            arguments += ["-EncodedArguments", encoded.encoded_arguments]
        environment = self._home.environment({**request.environment, **self._server.environment(machine.name)})
        with tempfile.TemporaryDirectory(dir=self._home.temp) as work:
            process = await asyncio.create_subprocess_exec(
                str(self._home.links / "powershell"),
                *arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={**environment, "TEMP": work, "TMP": work, "TMPDIR": work},
                cwd=work,
                start_new_session=True,
            )
            self._running.add(process)
            try:
                stdout, stderr = await process.communicate(request.stdin)
            finally:
                self._running.discard(process)
                _kill(process)
                await process.wait()
        return CommandOutput(stdout, stderr, process.returncode if process.returncode is not None else 1)


def _kill(process: asyncio.subprocess.Process) -> None:
    """End a session with every process that it started: the process group still exists while one of them runs."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
