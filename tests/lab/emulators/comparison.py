# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a script in a real PowerShell and as its emulator, on two machines in the same state, and compares.

The comparison covers what the script sets in $Ansible, the message of the error that ended it, the machine's state
afterwards, the journals, and the calls that reached the vault.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any

from lab.engines.cmdlet_server import CmdletServer
from lab.engines.scripts import assembled
from tests.lab.emulators.harness import Case, Harness, Outcome
from tests.lab.emulators.internet import Internet
from tests.lab.emulators.warm import WarmPwsh


class Comparison:
    """Keeps one PowerShell process for many cases."""

    def __init__(self, scripts: Path, directory: Path) -> None:
        self._scripts = scripts
        self._internet = Internet()
        self._real, self._imitated = Harness(self._internet), Harness(self._internet)
        self._loop = asyncio.new_event_loop()
        self._executor = ThreadPoolExecutor(2, "cmdlets")
        self._server = CmdletServer(self._real.machines, self._executor)
        self._thread = threading.Thread(target=self._loop.run_forever, name="cmdlet server", daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._server.start(), self._loop).result(10)
        self._shell = WarmPwsh(directory)

    def __enter__(self) -> Comparison:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._shell.close()
        asyncio.run_coroutine_threadsafe(self._server.stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._internet.close()
        self._thread.join(5)
        self._loop.close()
        self._executor.shutdown()

    def real(self, case: Case) -> Outcome:
        """Run the script itself in PowerShell."""
        machine = self._real.set(case)
        text = assembled(self._scripts, case.script)
        answer = self._shell.run(
            text,
            self._real.parameters(case),
            case.secrets,
            environment=self._server.environment(machine.name),
            check_mode=case.check_mode,
        )
        message = answer.errors[0]["message"] if answer.errors else None
        return self._real.outcome(machine, answer.result, answer.changed, answer.failed, message)

    def differences(self, case: Case) -> list[str]:
        """Return the differences between both, one line each."""
        real, imitated = self.real(case), self._imitated.imitated(case)
        lines = []
        for part in ("result", "changed", "failed", "message", "state", "journal", "azure"):
            if part == "message" and not case.same_message:
                continue
            left, right = getattr(real, part), getattr(imitated, part)
            if left != right:
                lines += [f"{case.name}: {line}" for line in _unlike(part, left, right)]
        return lines


def _unlike(path: str, real: Any, imitated: Any) -> list[str]:
    """Return the innermost places that differ."""
    if isinstance(real, dict) and isinstance(imitated, dict):
        keys = sorted({*real, *imitated})
        missing = "(absent)"
        return [
            line
            for key in keys
            if real.get(key, missing) != imitated.get(key, missing)
            for line in _unlike(f"{path}.{key}", real.get(key, missing), imitated.get(key, missing))
        ]
    if isinstance(real, list) and isinstance(imitated, list) and len(real) == len(imitated):
        pairs = enumerate(zip(real, imitated, strict=True))
        return [line for index, (a, b) in pairs if a != b for line in _unlike(f"{path}[{index}]", a, b)]
    return [f"{path}: PowerShell has {real!r}, the emulator has {imitated!r}"]
