# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scheduled task of a machine runs: a script with powershell.exe, taken apart for both engines."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..windows.programs.commandline import split
from .scripts import UnknownScript, bound

if TYPE_CHECKING:
    from ..windows.machine import Machine
    from ..windows.tasks import Runner, ScheduledTask
    from .cmdlet_server import Bridge
    from .pwsh import PwshHome
    from .python import Twin

# ERROR_FILE_NOT_FOUND and E_FAIL, as a task reports them.
_NOT_FOUND = 0x80070002
_FAILED = 1
_WORK = "run_background_task"


@dataclass(frozen=True, slots=True)
class Command:
    """`powershell.exe -File <path> -Name value ...`"""

    path: str
    parameters: tuple[str, ...]

    @classmethod
    def of(cls, task: ScheduledTask) -> Command | None:
        """None when it is no such command, or one whose script has switches."""
        words = split(task.arguments)
        lower = [word.lower() for word in words]
        if not task.program.lower().endswith("powershell.exe") or "-file" not in lower[:-1]:
            return None
        place = lower.index("-file") + 1
        return cls(words[place], tuple(words[place + 1 :]))

    @property
    def named(self) -> dict[str, str]:
        names, values = self.parameters[::2], self.parameters[1::2]
        return {name.removeprefix("-"): value for name, value in zip(names, values, strict=False)}


def _text(machine: Machine, path: str) -> str | None:
    file = machine.files.find(path)
    return None if file is None else (file.content or b"").decode()


def twin_runner(twins: Mapping[str, Twin], bindings: Mapping[str, str] | None) -> Runner:
    """Runs the twin of the script that the action names. With bindings, only of texts that twins were compared with."""

    def run(machine: Machine, task: ScheduledTask) -> int:
        command = Command.of(task)
        text = None if command is None else _text(machine, command.path)
        if command is None or text is None:
            return _NOT_FOUND
        try:
            return _twin(machine, text, command.named)
        except UnknownScript:
            return _FAILED

    def _twin(machine: Machine, text: str, parameters: dict[str, Any]) -> int:
        from .scripts import identify

        script = identify(text)
        if bindings is not None:
            script = bound(text, bindings)
            inner = _text(machine, f"{parameters.get('Folder')}\\script.ps1") if script.name == _WORK else None
            if inner is not None:
                bound(inner, bindings)
        if script is None or script.name not in twins:
            return _FAILED
        return _FAILED if twins[script.name](machine, parameters, False).failed else 0

    return run


def pwsh_runner(home: PwshHome, bridge: Bridge, running: set[subprocess.Popen[bytes]]) -> Runner:
    """Runs the text of that script in a PowerShell of its own, which nobody is connected to."""

    def run(machine: Machine, task: ScheduledTask) -> int:
        command = Command.of(task)
        text = None if command is None else _text(machine, command.path)
        if command is None or text is None:
            return _NOT_FOUND
        with tempfile.TemporaryDirectory(dir=home.temp, ignore_cleanup_errors=True) as work:
            file = Path(work) / "task.ps1"
            file.write_text(text, encoding="utf-8")
            process = subprocess.Popen(
                [
                    str(home.links / "powershell"),
                    "-NoProfile",
                    "-NonInteractive",
                    "-File",
                    str(file),
                    *command.parameters,
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=home.environment({**bridge.environment(machine.name), "TEMP": work, "TMP": work, "TMPDIR": work}),
                cwd=work,
                start_new_session=True,
            )
            running.add(process)

            def end() -> None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()

            machine.at_restart.append(end)
            try:
                return process.wait()
            finally:
                machine.at_restart.remove(end)
                running.discard(process)

    return run
