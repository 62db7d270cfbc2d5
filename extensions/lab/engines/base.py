# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The interface of an engine: the command that arrives, and the output that it returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ..windows.machine import Machine


@dataclass(frozen=True, slots=True)
class CommandRequest:
    """One command as WinRM receives it: the line, its arguments, its complete input and the shell's environment."""

    command_line: str
    arguments: tuple[str, ...] = ()
    stdin: bytes = field(default=b"", repr=False)
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def line(self) -> str:
        return " ".join((self.command_line, *self.arguments))


@dataclass(frozen=True, slots=True)
class CommandOutput:
    """The result of a command: its output, its error output and its exit code."""

    stdout: bytes = b""
    stderr: bytes = b""
    exit_code: int = 0


class ConnectionDropped(Exception):
    """A planned fault closes the machine's end of the connection, and no answer is sent."""


class Engine(Protocol):
    """Answers commands. Cancelling `run` ends what it started."""

    name: str

    async def run(self, machine: Machine, request: CommandRequest) -> CommandOutput: ...

    async def close(self) -> None: ...
