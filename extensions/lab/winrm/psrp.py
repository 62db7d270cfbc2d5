# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PowerShell remoting (MS-PSRP) over the same service: runspace pools, and pipelines that an engine answers.

psrpcore handles the messages; where it is not installed, the service does not have this resource. The script and the
input of a pipeline become the command that the same script is over WinRM, so engines do not depend on this protocol.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psrpcore
import psrpcore.types

from ..engines.base import CommandOutput, CommandRequest, Engine
from . import soap
from .shells import MAX_INPUT, RECEIVE_SLICE, Shell, Shells, outcome
from .soap import StreamChunk, WsmanFault

if TYPE_CHECKING:
    from ..context import LabContext
    from ..windows.machine import Machine

Operations = dict[str, Callable[[soap.Envelope, str], Awaitable[bytes]]]
#: The signal with which a client stops a pipeline.
STOP = "powershell/signal/ctrl_c"
# psrpcore logs every message at debug level, and Ansible's payloads contain secrets.
logging.getLogger("psrpcore").setLevel(logging.INFO)


@dataclass
class Pipeline:
    """A pipeline of a pool: its script, its input so far, and its output until the client fetches it."""

    id: str
    core: psrpcore.ServerPipeline
    input: list[str] = field(default_factory=list, repr=False)
    size: int = 0
    task: asyncio.Task[CommandOutput] | None = None
    finished: bool = False
    output: deque[bytes] = field(default_factory=deque, repr=False)

    def feed(self, value: Any) -> None:
        for item in _strings(value):
            self.size += len(item)
            if self.size > MAX_INPUT:
                raise soap.invalid_request(f"The input of a pipeline is limited to {MAX_INPUT} characters.")
            self.input.append(item)

    def request(self) -> CommandRequest:
        """Return the command that the pipeline is over WinRM: its script encoded, its input as lines."""
        metadata = self.core.metadata
        if not isinstance(metadata, psrpcore.PowerShell) or len(metadata.commands) != 1:
            raise soap.invalid_request("Only a pipeline of one script is answered here.")
        script = base64.b64encode(metadata.commands[0].command_text.encode("utf-16-le")).decode()
        lines = "\n".join(self.input).encode("utf-8", "surrogatepass")
        self.input.clear()
        return CommandRequest("PowerShell", ("-EncodedCommand", script), lines)

    def end(self) -> None:
        if self.task is not None:
            self.task.cancel()


class Pool(Shell):
    """A runspace pool is a shell whose commands are pipelines."""

    def __init__(self, shell_id: str, principal: str) -> None:
        super().__init__(shell_id, principal, {})
        self.core = psrpcore.ServerRunspacePool()
        self.pipelines: dict[str, Pipeline] = {}
        self.output: deque[bytes] = deque()

    def end(self) -> None:
        for pipeline in self.pipelines.values():
            pipeline.end()
        self.pipelines.clear()

    def take_in(self, data: bytes, pipeline_id: uuid.UUID | None = None) -> Iterator[psrpcore.PSRPEvent[Any, Any]]:
        """Read fragments, and return an event for every message that they complete."""
        payload = psrpcore.PSRPPayload(data, psrpcore.StreamType.default, pipeline_id)
        try:
            self.core.receive_data(payload)
            while (event := self.core.next_event()) is not None:
                yield event
        except (psrpcore.PSRPCoreError, ValueError, SyntaxError) as exc:
            raise soap.invalid_request(f"The message is none of PowerShell remoting: {type(exc).__name__}.") from exc
        self.drain()

    def drain(self) -> None:
        """Store outgoing messages where their receiver fetches them."""
        while (payload := self.core.data_to_send(RECEIVE_SLICE)) is not None:
            pipeline = self.pipelines.get(str(payload.pipeline_id).upper())
            (self.output if pipeline is None else pipeline.output).append(payload.data)


class RunspacePools:
    """Serves the requests for the PowerShell resource of one machine."""

    def __init__(self, machine: Machine, engine: Engine, shells: Shells, context: LabContext) -> None:
        self._machine = machine
        self._engine = engine
        self._shells = shells
        self._context = context
        self.operations: Operations = {
            soap.CREATE: self._create,
            soap.COMMAND: self._command,
            soap.SEND: self._send,
            soap.RECEIVE: self._receive,
            soap.SIGNAL: self._signal,
            soap.DELETE: self._delete,
        }

    async def _create(self, envelope: soap.Envelope, principal: str) -> bytes:
        shell_id, fragments = soap.pool_creation(envelope)
        pool = Pool(shell_id, principal)
        self._shells.admit(pool)
        self._take_in(pool, fragments)
        self._context.journal.count("shell")
        return soap.created(envelope.message_id, pool.id, envelope.resource_uri)

    async def _command(self, envelope: soap.Envelope, principal: str) -> bytes:
        pool = self._pool(envelope, principal)
        command_id, fragments = soap.pipeline_creation(envelope)
        try:
            number = uuid.UUID(command_id)
        except ValueError as exc:
            raise soap.invalid_request("The pipeline's id is not a UUID.") from exc
        # The pool must contain the pipeline before its first message is read.
        pool.pipelines[command_id] = Pipeline(command_id, psrpcore.ServerPipeline(pool.core, number))
        self._take_in(pool, fragments)
        self._context.journal.count("execution")
        return soap.command_started(envelope.message_id, command_id)

    async def _send(self, envelope: soap.Envelope, principal: str) -> bytes:
        pool = self._pool(envelope, principal)
        _command_id, chunks = soap.sent_streams(envelope)
        for chunk in chunks:
            self._take_in(pool, chunk.data)
        return soap.sent(envelope.message_id)

    def _take_in(self, pool: Pool, data: bytes) -> None:
        for event in pool.take_in(data):
            pipeline = pool.pipelines.get(str(event.pipeline_id).upper())
            if pipeline is None:
                continue
            if isinstance(event, psrpcore.PipelineInputEvent):
                pipeline.feed(event.data)
            elif isinstance(event, psrpcore.EndOfPipelineInputEvent) or (
                isinstance(event, psrpcore.CreatePipelineEvent) and event.pipeline.no_input
            ):
                self._start(pipeline)

    def _start(self, pipeline: Pipeline) -> None:
        work = self._engine.run(self._machine, pipeline.request())
        pipeline.task = asyncio.get_running_loop().create_task(work, name=f"pipeline {pipeline.id}")

    async def _receive(self, envelope: soap.Envelope, principal: str) -> bytes:
        pool = self._pool(envelope, principal)
        command_id = soap.desired_command(envelope).upper()
        if not command_id:
            return await self._receive_for_pool(envelope, pool)
        pipeline = self._pipeline(pool, command_id)
        if not pipeline.finished:
            if not await _done(pipeline.task, envelope.operation_timeout):
                raise soap.operation_timed_out()
            self._finish(pool, pipeline)
        pool.touch()
        piece = pipeline.output.popleft() if pipeline.output else b""
        exit_code = None if pipeline.output else 0
        return soap.received(envelope.message_id, command_id, [StreamChunk("stdout", piece)], exit_code)

    async def _receive_for_pool(self, envelope: soap.Envelope, pool: Pool) -> bytes:
        if not pool.output:
            await asyncio.sleep(envelope.operation_timeout)
            raise soap.operation_timed_out()
        chunks = [StreamChunk("stdout", piece) for piece in pool.output]
        pool.output.clear()
        return soap.received(envelope.message_id, "", chunks, None)

    @staticmethod
    def _finish(pool: Pool, pipeline: Pipeline) -> None:
        """Write the output as PowerShell does: lines as objects, error output as records, the exit code to the host."""
        assert pipeline.task is not None
        answer = outcome(pipeline.task)
        core = pipeline.core
        # Sent only now, together with the output, because a client that polls once expects output.
        core.start()
        for line in _lines(answer.stdout):
            core.write_output(line)
        for line in _lines(answer.stderr):
            core.write_error(
                psrpcore.types.NETException(Message=line),
                fully_qualified_error_id="Microsoft.PowerShell.Commands.WriteErrorException",
            )
        if answer.exit_code:
            core.host_call(psrpcore.types.HostMethodIdentifier.SetShouldExit, [answer.exit_code])
        core.complete()
        pipeline.finished = True
        pool.drain()

    async def _signal(self, envelope: soap.Envelope, principal: str) -> bytes:
        pool = self._pool(envelope, principal)
        command_id, code = soap.signal(envelope)
        if code not in {STOP, soap.TERMINATE, soap.CTRL_C}:
            raise soap.invalid_request(f"The signal {code} is not supported.")
        pipeline = self._pipeline(pool, command_id.upper())
        pipeline.end()
        del pool.pipelines[pipeline.id]
        return soap.signalled(envelope.message_id)

    async def _delete(self, envelope: soap.Envelope, principal: str) -> bytes:
        self._shells.delete(envelope.shell_id, principal)
        return soap.deleted(envelope.message_id)

    def _pool(self, envelope: soap.Envelope, principal: str) -> Pool:
        shell = self._shells.get(envelope.shell_id, principal)
        if not isinstance(shell, Pool):
            raise soap.unknown_shell(envelope.shell_id)
        return shell

    @staticmethod
    def _pipeline(pool: Pool, command_id: str) -> Pipeline:
        pipeline = pool.pipelines.get(command_id)
        if pipeline is None:
            reason = f"The WS-Management service cannot process the request: the shell has no command {command_id}."
            raise WsmanFault(reason, subcode="w:InvalidSelectors")
        return pipeline


async def _done(task: asyncio.Task[CommandOutput] | None, timeout: float) -> bool:
    if task is None:
        await asyncio.sleep(timeout)
        return False
    done, _pending = await asyncio.wait({task}, timeout=timeout)
    return bool(done)


def _strings(value: Any) -> Iterator[str]:
    """Return input as a pipeline receives it: the objects of a list one after the other."""
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _strings(item)
    elif value is not None:
        yield str(value)


def _lines(data: bytes) -> list[str]:
    text = data.decode("utf-8", "replace").removesuffix("\n").removesuffix("\r")
    return text.split("\r\n") if text else []
