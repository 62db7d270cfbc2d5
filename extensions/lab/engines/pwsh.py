# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine that executes what arrived in a real PowerShell, over a module of imitated Windows cmdlets."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING

from ..world import World
from .base import Answer, CommandRequest
from .cmdlet_server import Bridge
from .housekeeping import answer_module, answer_step
from .payload import Encoded, HouseKeeping, ModuleCall, UnknownPayload, peel, recognise
from .results import module_failure
from .scripts import misfortune
from .task_runners import pwsh_runner

if TYPE_CHECKING:
    from ..windows.machine import Machine

MODULES = Path(__file__).with_name("pwsh_modules")
# Sessions at once: each compiles Ansible's C# for seconds of processor time.
SESSIONS = 2
# Modules that only look at, or act on, what a machine imitates: these run for real.
_EXECUTED = ("win_powershell", "win_ping", "ping")
# Variables of the lab's own process that PowerShell may need; nothing else of it is handed on.
_INHERITED = ("LD_LIBRARY_PATH", "DOTNET_ROOT", "LANG", "TZ")


class PwshMissing(Exception):
    """There is no PowerShell on PATH."""


def find_pwsh() -> Path:
    """The real program behind `pwsh` on PATH.

    Raises:
        PwshMissing: there is none.
    """
    found = shutil.which("pwsh")
    if found is None:
        raise PwshMissing("The engine pwsh needs PowerShell 7: put pwsh on PATH, or use the engine twin.")
    return Path(found).resolve()


class PwshHome:
    """A folder that looks like a machine to PowerShell: its links, its home and its temporary files."""

    def __init__(self, directory: Path) -> None:
        self.pwsh = find_pwsh()
        self.directory = directory
        self.links = directory / "bin"
        self.temp = directory / "temp"
        for folder in (directory, self.links, self.temp):
            folder.mkdir(mode=0o700, exist_ok=True)
        # Windows finds "PowerShell" under every spelling; the wrappers of Ansible use these.
        for name in ("powershell", "PowerShell", "pwsh"):
            link = self.links / name
            if not link.is_symlink():
                link.symlink_to(self.pwsh)

    def environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        system_path = os.defpath if sys.platform == "win32" else "/usr/bin:/bin"
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        return {
            **inherited,
            "PATH": f"{self.links}:{system_path}",
            "HOME": str(self.directory),
            "TEMP": str(self.temp),
            "TMP": str(self.temp),
            "TMPDIR": str(self.temp),
            "LC_ALL": "C.UTF-8",
            # PowerShell's own modules come first: a command that it has itself must not load the imitated ones into
            # the session of Ansible's wrapper. A script calls one first that only the imitation has.
            "PSModulePath": f"{self.pwsh.parent / 'Modules'}:{MODULES}",
            "POWERSHELL_TELEMETRY_OPTOUT": "1",
            "POWERSHELL_UPDATECHECK": "Off",
            "NO_COLOR": "1",
            **extra,
        }


class PwshEngine:
    """Starts one PowerShell per command with the innermost encoded command and the input unchanged."""

    name = "pwsh"

    def __init__(self, world: World, executor: Executor, bridge: Bridge, directory: Path) -> None:
        self._world = world
        self._executor = executor
        self._bridge = bridge
        self._home = PwshHome(directory)
        self._sessions = asyncio.Semaphore(SESSIONS)
        self._running: set[asyncio.subprocess.Process] = set()
        self._tasks: set[subprocess.Popen[bytes]] = set()
        for machine in world.machines.values():
            machine.runner = pwsh_runner(self._home, bridge, self._tasks)

    async def close(self) -> None:
        for process in list(self._running):
            _kill(process)
        for task in list(self._tasks):
            task.kill()

    async def run(self, machine: Machine, request: CommandRequest) -> Answer:
        try:
            encoded = peel(request)
            payload = recognise(request)
        except UnknownPayload as exc:
            return Answer(stderr=f"The lab does not know this command: {exc}.\r\n".encode(), exit_code=1)
        assert encoded is not None
        if isinstance(payload, HouseKeeping):
            return await self._in_thread(machine, payload)
        if isinstance(payload, ModuleCall):
            if payload.wrappers:
                return module_failure(f"The lab's pwsh engine does not imitate {', '.join(payload.wrappers)}.")
            if not payload.is_a(*_EXECUTED):
                return await self._in_thread(machine, payload)
            planned = await misfortune(self._world, machine, payload)
            if planned is not None:
                return planned
        async with self._sessions:
            return await self._execute(machine, encoded, request)

    async def _in_thread(self, machine: Machine, payload: HouseKeeping | ModuleCall) -> Answer:
        """Steps that touch the machine's files or facts: they live in the lab, not on this computer."""
        loop = asyncio.get_running_loop()
        if isinstance(payload, ModuleCall):
            return await loop.run_in_executor(self._executor, answer_module, machine, payload)
        return await loop.run_in_executor(self._executor, answer_step, machine, payload)

    async def _execute(self, machine: Machine, encoded: Encoded, request: CommandRequest) -> Answer:
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
        environment = self._home.environment({**request.environment, **self._bridge.environment(machine.name)})
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
        return Answer(stdout, stderr, process.returncode if process.returncode is not None else 1)


def _kill(process: asyncio.subprocess.Process) -> None:
    """End a session with all that it started. The group outlives its first process only when something is left."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
