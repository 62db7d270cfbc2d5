# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every engine takes and gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ..windows.machine import Machine


@dataclass(frozen=True, slots=True)
class CommandRequest:
    """One command as WinRM hands it over: the line, its arguments, all of its input, the shell's environment."""

    command_line: str
    arguments: tuple[str, ...] = ()
    stdin: bytes = field(default=b"", repr=False)
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def line(self) -> str:
        return " ".join((self.command_line, *self.arguments))


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command leaves: its output, its error output and its exit code."""

    stdout: bytes = b""
    stderr: bytes = b""
    exit_code: int = 0


class ConnectionDropped(Exception):
    """A planned fault: the machine's end of the connection is gone, no answer is sent."""


class Engine(Protocol):
    """Answers commands. Cancelling `run` ends what it started."""

    name: str

    async def run(self, machine: Machine, request: CommandRequest) -> Answer: ...

    async def close(self) -> None: ...
