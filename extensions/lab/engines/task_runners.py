# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the action of a scheduled task, a script with powershell.exe, in each of the two engines."""

from __future__ import annotations

import contextlib
import re
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..windows import layout
from ..windows.machine import Machine, Runner
from ..windows.programs.commandline import split
from ..windows.tasks import ScheduledTask
from .cmdlet_server import CmdletServer
from .emulators import Emulator
from .pwsh_home import PwshHome
from .scripts import UnknownScript, bound, identify

# ERROR_FILE_NOT_FOUND and E_FAIL, as a task reports them.
_NOT_FOUND = 0x80070002
_FAILED = 1
_RUNNER = "run_background_task"
# A text that is read from a file and executed: `& ([scriptblock]::Create((Get-Content -LiteralPath '<path>' ...)))`.
# PowerShell takes the typographic quotes for single quotes too.
_QUOTES = "'\u2018-\u201b"
_QUOTED = f"'((?:[^{_QUOTES}]|[{_QUOTES}]{{2}})*)'"
_TEXT_OF_A_FILE = re.compile(
    rf"& \(\[scriptblock\]::Create\(\(Get-Content -LiteralPath {_QUOTED} -Raw -Encoding UTF8\)\)\)"
    rf"((?: -[A-Za-z]+ {_QUOTED})*)"
)
_PARAMETER = re.compile(rf" (-[A-Za-z]+) {_QUOTED}")


def _plain(quoted: str) -> str:
    return re.sub(f"([{_QUOTES}])[{_QUOTES}]", r"\1", quoted)


@dataclass(frozen=True, slots=True)
class Command:
    """The action `powershell.exe -File <path> -Name value ...`, or `-Command` with the text of a file."""

    path: str
    parameters: tuple[str, ...]
    #: The text after -Command; None for -File.
    text: str | None = None

    @classmethod
    def of(cls, task: ScheduledTask) -> Command | None:
        """Parse the action of a task; None when it is not such a command."""
        words = split(task.arguments)
        lower = [word.lower() for word in words]
        if not task.program.lower().endswith("powershell.exe"):
            return None
        if "-command" in lower[:-1]:
            return cls._of_text(" ".join(words[lower.index("-command") + 1 :]))
        if "-file" not in lower[:-1]:
            return None
        place = lower.index("-file") + 1
        return cls(words[place], tuple(words[place + 1 :]))

    @classmethod
    def _of_text(cls, text: str) -> Command | None:
        found = _TEXT_OF_A_FILE.fullmatch(text)
        if found is None:
            return None
        pairs = _PARAMETER.findall(found[2])
        return cls(_plain(found[1]), tuple(word for name, value in pairs for word in (name, _plain(value))), text)

    def stopped_by_policy(self, machine: Machine) -> bool:
        """Tell whether a policy of the machine stops the script file, whatever -ExecutionPolicy says.

        Documented: a policy outranks the parameter, and an execution policy concerns files, not commands.
        """
        if self.text is not None:
            return False
        enabled = machine.registry.get(layout.SHELL_POLICY_KEY, "EnableScripts")
        chosen = machine.registry.get(layout.SHELL_POLICY_KEY, "ExecutionPolicy")
        return enabled == 0 or chosen in ("AllSigned", "Restricted")

    @property
    def named(self) -> dict[str, str]:
        names, values = self.parameters[::2], self.parameters[1::2]
        return {name.removeprefix("-"): value for name, value in zip(names, values, strict=False)}


def _text(machine: Machine, path: str) -> str | None:
    file = machine.files.find(path)
    return None if file is None else (file.content or b"").decode()


def emulator_runner(emulators: Mapping[str, Emulator], bindings: Mapping[str, str] | None) -> Runner:
    """Return a runner that calls the emulator of the script. With bindings, the script must have a bound text."""

    def run(machine: Machine, task: ScheduledTask) -> int:
        command = Command.of(task)
        text = None if command is None else _text(machine, command.path)
        if command is None or text is None:
            return _NOT_FOUND
        if command.stopped_by_policy(machine):
            return _FAILED
        try:
            return _emulate(machine, text, command.named)
        except UnknownScript:
            return _FAILED

    def _emulate(machine: Machine, text: str, parameters: dict[str, Any]) -> int:
        script = identify(text)
        if bindings is not None:
            script = bound(text, bindings)
            inner = _text(machine, f"{parameters.get('Folder')}\\script.ps1") if script.name == _RUNNER else None
            if inner is not None:
                bound(inner, bindings)
        if script is None or script.name not in emulators:
            return _FAILED
        return _FAILED if emulators[script.name](machine, parameters, False).failed else 0

    return run


def pwsh_runner(home: PwshHome, server: CmdletServer, running: set[subprocess.Popen[bytes]]) -> Runner:
    """Return a runner that executes the text of the script in a PowerShell of its own, without a client."""

    def run(machine: Machine, task: ScheduledTask) -> int:
        command = Command.of(task)
        text = None if command is None else _text(machine, command.path)
        if command is None or text is None:
            return _NOT_FOUND
        if command.stopped_by_policy(machine):
            return _FAILED
        with tempfile.TemporaryDirectory(dir=home.temp, ignore_cleanup_errors=True) as work:
            file = Path(work) / "task.ps1"
            file.write_text(text, encoding="utf-8")
            # Windows has all commands from the start; here the module imitates them.
            inline = ["-Command", f"Import-Module -Name Lab; {command.text}"]
            process = subprocess.Popen(
                [
                    str(home.links / "powershell"),
                    "-NoProfile",
                    "-NonInteractive",
                    *(["-File", str(file), *command.parameters] if command.text is None else inline),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=home.environment({**server.environment(machine.name), "TEMP": work, "TMP": work, "TMPDIR": work}),
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
