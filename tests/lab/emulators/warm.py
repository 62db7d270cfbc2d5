# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One long-lived PowerShell that runs many scripts, each in a new runspace: milliseconds instead of seconds.

It serves tables of machine states. It imitates what `ansible.windows.win_powershell` offers a script ($Ansible, the
parameters' types, check mode); the engine `pwsh` runs scripts through Ansible's own wrapper.
"""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from lab.engines.pwsh_home import PwshHome

DRIVER = Path(__file__).with_name("warm_driver.ps1")


class WarmPwshFailed(Exception):
    """The process has ended or does not answer."""


@dataclass(frozen=True, slots=True)
class WarmResult:
    """The result of a script, with the same rules for depth and types as win_powershell."""

    result: Any
    changed: bool
    failed: bool
    errors: list[dict[str, Any]] = field(default_factory=list)
    output: list[Any] = field(default_factory=list)


class WarmPwsh:
    """Runs scripts one after the other; several threads may call it."""

    def __init__(self, directory: Path, environment: Mapping[str, str] | None = None) -> None:
        home = PwshHome(directory)
        self._lock = threading.Lock()
        self._number = 0
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._errors = (directory / "warm.stderr").open("w+b")
        self._process = subprocess.Popen(
            [str(home.links / "pwsh"), "-NoProfile", "-NonInteractive", "-File", str(DRIVER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=home.environment(environment or {}),
            cwd=home.temp,
            encoding="utf-8",
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, name="warm pwsh reader", daemon=True)
        self._reader.start()

    def __enter__(self) -> WarmPwsh:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process: it exits at the end of its input, or is killed."""
        if self._process.stdin is not None:
            # A process that has ended no longer reads its input.
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(5)
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._errors.close()

    def run(
        self,
        script: str,
        parameters: Mapping[str, Any] | None = None,
        secrets: Mapping[str, str | tuple[str, str]] | None = None,
        *,
        environment: Mapping[str, str] | None = None,
        check_mode: bool = False,
        depth: int = 6,
        timeout: float = 60.0,
    ) -> WarmResult:
        """Run one script. A secret is text (SecureString) or (user, password) (PSCredential).

        Raises:
            WarmPwshFailed: no answer in time, or the process ended.
        """
        with self._lock:
            self._number += 1
            request = {
                "id": self._number,
                "script": script,
                "parameters": dict(parameters or {}),
                "secrets": [_secret(name, value) for name, value in (secrets or {}).items()],
                "environment": dict(environment or {}),
                "check_mode": check_mode,
                "depth": depth,
            }
            answer = self._exchange(request, timeout)
        return WarmResult(
            answer["result"], answer["changed"], answer["failed"], list(answer["errors"]), list(answer["output"])
        )

    def _exchange(self, request: Mapping[str, Any], timeout: float) -> dict[str, Any]:
        stream = self._stream(self._process.stdin)
        try:
            stream.write(json.dumps(request) + "\n")
            stream.flush()
            line = self._lines.get(timeout=timeout)
        except (BrokenPipeError, queue.Empty) as exc:
            self._process.kill()
            raise WarmPwshFailed(f"PowerShell did not answer within {timeout} s: {self._complaint()}") from exc
        if line is None:
            raise WarmPwshFailed(f"PowerShell ended: {self._complaint()}")
        answer = json.loads(line)
        if not isinstance(answer, dict) or answer.get("id") != request["id"]:
            raise WarmPwshFailed("PowerShell answered another request")
        return answer

    def _complaint(self) -> str:
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace").strip()[-2000:]

    def _read(self) -> None:
        for line in self._stream(self._process.stdout):
            self._lines.put(line)
        self._lines.put(None)

    @staticmethod
    def _stream(stream: Any) -> TextIO:
        assert stream is not None
        return stream  # type: ignore[no-any-return]


def _secret(name: str, value: str | tuple[str, str]) -> dict[str, str]:
    if isinstance(value, str):
        return {"name": name, "value": value}
    return {"name": name, "username": value[0], "password": value[1]}
