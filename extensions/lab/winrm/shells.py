# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shells and their commands: the state of one machine's WinRM service between two requests."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..engines.base import CommandOutput, CommandRequest, ConnectionDropped, Engine
from .soap import StreamChunk, WsmanFault, busy, invalid_request, unknown_shell

if TYPE_CHECKING:
    from ..windows.machine import Machine

LOG = logging.getLogger("lab.winrm")

# More than the largest payload of Ansible; the service rejects more input.
MAX_INPUT = 64 * 1024 * 1024
# Raw bytes of one Receive answer: base64 and envelope stay below the 512 KB of a default MaxEnvelopeSizekb.
RECEIVE_SLICE = 192 * 1024


def new_id() -> str:
    return str(uuid.uuid4()).upper()


@dataclass
class Command:
    """A command of a shell: it collects input until its end, runs, and keeps its output until the client fetches it."""

    id: str
    request: CommandRequest
    expects_input: bool
    input: bytearray = field(default_factory=bytearray, repr=False)
    task: asyncio.Task[CommandOutput] | None = None
    output: list[StreamChunk] | None = None

    def feed(self, chunk: StreamChunk) -> None:
        if self.task is not None or not self.expects_input:
            raise invalid_request("The command takes no more input.")
        if len(self.input) + len(chunk.data) > MAX_INPUT:
            raise invalid_request(f"The input of a command is limited to {MAX_INPUT} bytes.")
        self.input += chunk.data

    def start(self, machine: Machine, engine: Engine) -> None:
        request = CommandRequest(
            self.request.command_line, self.request.arguments, bytes(self.input), self.request.environment
        )
        self.input.clear()
        self.task = asyncio.get_running_loop().create_task(engine.run(machine, request), name=f"command {self.id}")

    async def wait(self, timeout: float) -> bool:
        """Wait for the end of the command for a limited time, and tell whether it has ended."""
        if self.task is None:
            await asyncio.sleep(timeout)
            return False
        done, _pending = await asyncio.wait({self.task}, timeout=timeout)
        return bool(done)

    def take(self) -> tuple[list[StreamChunk], int | None]:
        """Return the next piece of output, with the exit code when it is the last."""
        assert self.task is not None
        answer = outcome(self.task)
        if self.output is None:
            self.output = [*_slices("stdout", answer.stdout), *_slices("stderr", answer.stderr)]
        chunk = self.output.pop(0)
        if not self.output:
            # A client that repeats its request after the end receives the end again.
            self.output = [StreamChunk("stdout", b"", end=True)]
            return [chunk], answer.exit_code
        return [chunk], None

    def end(self) -> None:
        if self.task is not None:
            self.task.cancel()


def outcome(task: asyncio.Task[CommandOutput]) -> CommandOutput:
    """Return the output of a command that has ended, or raise a planned drop of the connection."""
    if task.cancelled():
        # The code of a process that was ended from outside, as Windows reports it: STATUS_CONTROL_C_EXIT.
        return CommandOutput(exit_code=-1073741510)
    problem = task.exception()
    if isinstance(problem, ConnectionDropped):
        raise problem
    if problem is not None:
        LOG.error("the lab failed to answer a command", exc_info=problem)
        text = f"The lab itself failed to answer this command: {type(problem).__name__}: {problem}\r\n"
        return CommandOutput(stderr=text.encode(), exit_code=1)
    return task.result()


def _slices(name: str, data: bytes) -> list[StreamChunk]:
    pieces = [data[start : start + RECEIVE_SLICE] for start in range(0, len(data), RECEIVE_SLICE)] or [b""]
    return [StreamChunk(name, piece, end=index == len(pieces) - 1) for index, piece in enumerate(pieces)]


@dataclass
class Shell:
    """A shell of one principal, with its environment and its commands."""

    id: str
    principal: str
    environment: Mapping[str, str]
    used: float = field(default_factory=time.monotonic)
    commands: dict[str, Command] = field(default_factory=dict)

    def touch(self) -> None:
        self.used = time.monotonic()

    def end(self) -> None:
        for command in self.commands.values():
            command.end()
        self.commands.clear()


class Shells:
    """Every shell of one machine."""

    def __init__(self, machine: Machine, engine: Engine, *, limit: int = 100) -> None:
        self._machine = machine
        self._engine = engine
        self._limit = limit
        self._shells: dict[str, Shell] = {}

    def __len__(self) -> int:
        return len(self._shells)

    def create(self, principal: str, environment: Mapping[str, str]) -> Shell:
        shell = Shell(new_id(), principal, environment)
        self.admit(shell)
        return shell

    def admit(self, shell: Shell) -> None:
        """Add a shell, unless there are too many."""
        if len(self._shells) >= self._limit:
            reason = (
                f"This user is allowed a maximum number of {self._limit} concurrent shells, which has been exceeded."
            )
            raise WsmanFault(reason, subcode="w:QuotaLimit")
        self._shells[shell.id] = shell

    def get(self, shell_id: str | None, principal: str) -> Shell:
        """Return a shell; a shell of another principal counts as unknown."""
        shell = self._shells.get((shell_id or "").upper())
        if shell is None or shell.principal != principal:
            raise unknown_shell(shell_id)
        shell.touch()
        return shell

    def delete(self, shell_id: str | None, principal: str) -> None:
        shell = self.get(shell_id, principal)
        del self._shells[shell.id]
        shell.end()

    def begin(self, shell: Shell, request: CommandRequest, *, expects_input: bool) -> Command:
        command = Command(new_id(), request, expects_input)
        shell.commands[command.id] = command
        if not expects_input:
            command.start(self._machine, self._engine)
        return command

    def send(self, command: Command, chunks: list[StreamChunk]) -> None:
        if command.task is not None and not command.task.done():
            raise busy()
        for chunk in chunks:
            command.feed(chunk)
        if any(chunk.end for chunk in chunks):
            command.start(self._machine, self._engine)

    @staticmethod
    def command(shell: Shell, command_id: str) -> Command:
        command = shell.commands.get(command_id.upper())
        if command is None:
            reason = f"The WS-Management service cannot process the request: the shell has no command {command_id}."
            raise WsmanFault(reason, subcode="w:InvalidSelectors")
        return command

    def reap(self, idle: float) -> int:
        """End the shells that were idle for too long, and return their number."""
        limit = time.monotonic() - idle
        stale = [shell for shell in self._shells.values() if shell.used < limit]
        for shell in stale:
            del self._shells[shell.id]
            shell.end()
        return len(stale)

    def end(self) -> None:
        self.reap(idle=float("-inf"))
