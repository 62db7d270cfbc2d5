# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults at each remote step of a run. The table of faults is generated from a recorded run.

A step is one execution of a script. The recording includes each write of the step on the machine and each program that
it started, so that a fault can happen between two of them.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import SiteRecoveryError
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.resource import Outcome
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._windows.session import ConnectionLost
from lab.context import Entry
from lab.engines.emulators import EMULATORS
from lab.engines.results import error_record, script_result
from lab.engines.scripts import identify
from lab.engines.task_runners import emulator_runner
from lab.windows import layout
from lab.windows.errors import MachineError, MachineRestarted
from lab.windows.layout import RESTART_KEY
from lab.windows.machine import Machine
from lab.windows.programs import PROGRAMS, Program
from lab.windows.programs.commandline import Invocation
from lab.windows.states import STAGING
from lab.windows.tasks import ScheduledTask
from tests.lab.emulators.internet import Internet
from tests.unit.plugins.plugin_utils.harness import Arguments, Build, ScriptHarness

Kind = Literal["error", "hang", "dropped", "reboot", "killed", "lie"]
KINDS: tuple[Kind, ...] = ("error", "hang", "dropped", "reboot", "killed", "lie")
#: Where a fault happens: before the script, after its last line, or (a number) right after that write of the step.
BEFORE, AFTER = "before", "after"
#: Writes that a service reads when it starts.
_READ_AT_START = frozenset(("agent.proxy", "registry.set", "vmm.run_as"))
#: Writes after which VMM continues by itself.
_OF_VMM = ("vmm.cloud",)
_GOOD = (0, 3010)
Value = TypeVar("Value")


class Killed(BaseException):
    """The controller was killed: nothing of this run happens any more, not even its cleanup."""


@dataclass(frozen=True, slots=True)
class Write:
    """One write of a step, by the scheduled task of the step (`task`) or by a program of another vendor (`program`).

    An interrupted setup is rolled back by Windows Installer.
    """

    verb: str
    task: bool
    program: bool


@dataclass(slots=True)
class Step:
    """One execution of the recorded run."""

    script: str
    answer: Mapping[str, Any]
    writes: list[Write] = field(default_factory=list)
    programs: list[str] = field(default_factory=list)
    #: Whether the step left a task, which may run for any time.
    begins: bool = False


@dataclass(frozen=True, slots=True)
class StepFault:
    """A fault: its kind, the number of the step, and the place in the step."""

    kind: Kind
    step: int
    script: str
    where: str | int
    #: A program of the step: its number, its exit code, and whether it does its work.
    program: tuple[int, int | None, bool] | None = None

    def __str__(self) -> str:
        place = f"{self.step} {self.script}: {self.kind} {self.where}"
        return place if self.program is None else f"{place}, program {self.program}"


def step_faults(kind: Kind, steps: Sequence[Step]) -> Iterator[StepFault]:
    """Yield every row of the table for one recorded run."""
    for index, step in enumerate(steps):

        def at(where: str | int, program: tuple[int, int | None, bool] | None = None) -> StepFault:
            return StepFault(kind, index, step.script, where, program)  # noqa: B023

        scripts = [number for number, write in enumerate(step.writes) if not write.program]
        own = [number for number in scripts if not step.writes[number].task]
        programs = range(len(step.programs))
        if kind == "error":
            yield from (at(BEFORE), at(AFTER))
            yield from (at(number) for number in scripts)
            yield from (at("program", (number, 1, False)) for number in programs)
        elif kind == "hang":
            yield at(BEFORE)
            yield from (at("program", (number, None, False)) for number in programs if not step.begins)
        elif kind == "reboot":
            yield from (at(BEFORE), at(AFTER))
            yield from (at(number) for number in scripts)
        elif kind == "lie":
            yield from (at("program", (number, 0, False)) for number in programs)
            yield from (at("program", (number, 1, True)) for number in programs)
            yield from (at("program", (number, 3010, True)) for number in programs)
            if step.writes:
                yield at("answer")
        else:
            yield from (at(BEFORE), at(AFTER))
            # A shell can end together with its client, between two writes. If no run continues after a lost connection,
            # this is the same for the machine.
            if kind == "killed" or step.begins:
                yield from (at(number) for number in own)


class Disturbed(ScriptHarness):
    """A harness that records each step, and injects one fault into the next run."""

    def __init__(
        self, internet: Internet, entry: Mapping[str, Any], prepare: Callable[[Machine], object] | None = None
    ) -> None:
        super().__init__(internet, entry, prepare)
        # The work of a background task belongs to the step that starts it: no session can lose it.
        self.machine.runner = emulator_runner(EMULATORS, None)
        self.steps: list[Step] = []
        #: Programs that did their work and succeeded.
        self.completed: Counter[str] = Counter()
        self._fault: StepFault | None = None
        self._happened = False
        self._dead = False
        self._in_task = self._in_program = False
        self._calm: Sequence[Step] = ()
        self._later: list[Callable[[], object]] = []
        self._note, self._emulator_runner, self._do_later = self.machine.note, self.machine.runner, self.machine.later
        self.machine.note = self._noted  # type: ignore[method-assign]
        self.machine.later = lambda seconds, effect: self._do_later(seconds, lambda: self._inside(effect))  # type: ignore[method-assign]
        self.machine.runner = self._run_task

    # ---- runs ----

    def disturbed(
        self, build: Build[Any], fault: StepFault | None, calm: Sequence[Step] = ()
    ) -> Outcome | BaseException:
        """Run once with a fault, and return what ended the run. Then let hanging operations on the machine finish."""
        self.steps.clear()
        self._fault, self._happened, self._dead, self._calm = fault, False, False, calm
        try:
            return self.run(build)
        except (SiteRecoveryError, ConnectionLost, Killed) as error:
            return error
        finally:
            self._fault = None
            self.machine.runner = self._run_task
            for late in self._later:
                late()
            self._later.clear()

    def execute(self, arguments: Arguments, *, check_mode: bool = False) -> Mapping[str, Any]:
        if self._dead:
            raise Killed
        called = identify(arguments["script"])
        assert called is not None
        step = Step(called.name, {})
        self.steps.append(step)
        here = self._here()
        if here is not None and here.where == BEFORE:
            return self._before(here, arguments, check_mode)
        if here is not None and here.where == "answer":
            self._happened = True
            return self._calm[here.step].answer
        if here is not None and here.program is not None and here.program[1] is None:
            self.fail(self._calm[here.step].programs[here.program[0]], "hang", seconds=0.0)
        try:
            with self.machine.process():
                step.answer = super().execute(arguments, check_mode=check_mode)
                self.machine.settle()
        except MachineRestarted:
            return self._broken(here)
        step.begins = called.name == "start_background_task"
        if here is not None and here.where == AFTER:
            self._happened = True
            if here.kind == "error":
                return _failed(step.script)
            if here.kind == "reboot":
                self.machine.restart()
            return self._broken(here)
        return step.answer

    def _here(self) -> StepFault | None:
        """Return the fault if it belongs to the current step."""
        found = self._fault
        return found if found is not None and not self._happened and found.step == len(self.steps) - 1 else None

    def _before(self, fault: StepFault, arguments: Arguments, check_mode: bool) -> Mapping[str, Any]:
        self._happened = True
        if fault.kind == "error":
            return _failed(fault.script)
        if fault.kind == "reboot":
            self.machine.restart()
        if fault.kind == "hang":
            if fault.script == "start_background_task":
                # The session gets its answer. The task hangs.
                self.machine.runner = None
                self._later.append(self._finish_tasks)
                self._happened = True
                return super().execute(arguments, check_mode=check_mode)
            really = super().execute
            self._later.append(lambda: really(arguments, check_mode=check_mode))
        return self._broken(fault)

    def _finish_tasks(self) -> None:
        for task in list(self.machine.tasks.values()):
            if task.state == "Running":
                self.machine._run_task(task, self._run_task)

    def _broken(self, fault: StepFault | None) -> Mapping[str, Any]:
        if fault is not None and fault.kind == "killed":
            self._dead = True
            raise Killed
        raise ConnectionLost("the connection was lost while a script ran on the machine; run again when it answers")

    # ---- on the machine ----

    def _noted(self, verb: str, **detail: Any) -> None:
        self._note(verb, **detail)
        if verb == "machine.restart" or not self.steps:
            return
        step = self.steps[-1]
        step.writes.append(Write(verb, self._in_task, self._in_program or verb in _OF_VMM))
        here = self._here()
        if here is None or here.where != len(step.writes) - 1:
            return
        self._happened = True
        if here.kind == "error":
            raise MachineError("The disk is broken.", "System.IO.IOException")
        if here.kind == "reboot":
            self.machine.restart()
        else:
            # Only the operations of this step end: they belong to an earlier start of the machine.
            self.machine._starts += 1
        self.machine.check_process()

    def _run_task(self, machine: Machine, task: ScheduledTask) -> int:
        assert self._emulator_runner is not None
        self._in_task = True
        try:
            return self._emulator_runner(machine, task)
        finally:
            self._in_task = False

    def _inside(self, operation: Callable[[], Value]) -> Value:
        """Run an operation of a program, also in the background."""
        self._in_program = True
        try:
            return operation()
        finally:
            self._in_program = False

    def program(self, name: str, real: Program, machine: Machine, invocation: Invocation) -> int:
        """Run a program, or inject the fault."""
        step = self.steps[-1]
        step.programs.append(name)
        here = self._here()
        if here is None or here.program is None or here.program[0] != len(step.programs) - 1:
            return self._complete(name, self._inside(lambda: real(machine, invocation)))
        self._happened = True
        _, code, works = here.program
        if works:
            self._complete(name, self._inside(lambda: real(machine, invocation)))
        return 1 if code is None else code

    def _complete(self, name: str, code: int) -> int:
        if code in _GOOD:
            self.completed[name] += 1
        return code


def _failed(script: str) -> Mapping[str, Any]:
    message = f"planned failure of {script}"
    return script_result(result={}, changed=True, failed=True, errors=[error_record(message)])


_current = threading.local()


@contextmanager
def watched_programs() -> Iterator[Callable[[Disturbed], Disturbed]]:
    """Let the programs report their runs to the harness that was used last."""

    def watched(name: str, real: Program) -> Program:
        return lambda machine, invocation: _current.harness.program(name, real, machine, invocation)

    def use(harness: Disturbed) -> Disturbed:
        _current.harness = harness
        return harness

    with pytest.MonkeyPatch.context() as patch:
        for name, real in list(PROGRAMS.items()):
            patch.setitem(PROGRAMS, name, watched(name, real))
        yield use


# ---- conditions after the runs ----


def end_of(harness: Disturbed) -> dict[str, Any]:
    """Return the final state of the machine and of Azure, without logs."""
    state = harness.machine.snapshot()
    _drop_read_marks(harness, state)
    state["files"] = {path: file for path, file in state["files"].items() if not _may_stay(path)}
    return {**state, "azure": sorted({repr(call) for call in harness.lab.azure.calls})}


def _drop_read_marks(harness: Disturbed, state: dict[str, Any]) -> None:
    """Drop marks of processes that have ended, which have no meaning and are not removed."""
    for key in [key for key in state["registry"] if key.endswith(RESTART_KEY)]:
        marks = {name: harness.machine.registry.get(key, name) for name in state["registry"][key]}
        living = {service.name: service.process_id for service in harness.machine.services.all()}
        state["registry"][key] = {name: mark for name, mark in marks.items() if living.get(name) == mark}


def _may_stay(path: str) -> bool:
    """Tell whether a path may stay: logs, exports, and the empty folder of background tasks."""
    return path in (layout.SETUP_LOGS, STAGING + r"\work") or path.endswith((".reg", ".cer"))


def count(entries: Sequence[Entry], verb: str) -> Counter[str]:
    return Counter(str(entry.detail.get("service")) for entry in entries if entry.verb == verb)


def not_in_force(calm: Sequence[Entry], disturbed: Sequence[Entry]) -> list[str]:
    """Return settings that were written after the start of their service, unlike in the calm run."""
    found = []
    starts = {name: at for at, entry in enumerate(calm) for name in [_started(entry)] if name}
    for name, started in starts.items():
        for mark in {_mark(entry) for entry in calm[:started]} - {None}:
            last = max((at for at, entry in enumerate(disturbed) if _mark(entry) == mark), default=None)
            later = disturbed[last:] if last is not None else []
            if later and not any(_started(entry) == name or entry.verb == "machine.restart" for entry in later):
                found.append(f"{mark} is not in force: {name} was not started after it")
    return found


def _started(entry: Entry) -> str | None:
    return str(entry.detail["service"]) if entry.verb == "service.start" else None


def _mark(entry: Entry) -> tuple[str, ...] | None:
    if entry.verb not in _READ_AT_START:
        return None
    return (entry.verb, str(entry.detail.get("key", "")), str(entry.detail.get("name", "")))
