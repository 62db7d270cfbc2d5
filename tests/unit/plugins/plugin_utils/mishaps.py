# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong at each remote step of a run: the table is made from a run that was recorded, not written by hand.

A step is one execution of a script. The recording knows, too, each write that the step made on the machine and each
program that it started, so that a mishap can happen between two of them.
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
from lab.engines.results import error_record, script_result
from lab.engines.scripts import identify
from lab.windows import layout
from lab.windows.errors import MachineError, MachineRestarted
from lab.windows.layout import RESTART_KEY
from lab.windows.machine import Machine
from lab.windows.programs import PROGRAMS, Program
from lab.windows.programs.commandline import Invocation
from lab.windows.states import STAGING
from lab.windows.tasks import ScheduledTask
from lab.world import Entry
from tests.lab.emulators.internet import Internet
from tests.unit.plugins.plugin_utils.bench import Arguments, Bench, Build

Kind = Literal["error", "hang", "dropped", "reboot", "killed", "lie"]
KINDS: tuple[Kind, ...] = ("error", "hang", "dropped", "reboot", "killed", "lie")
#: Of a step: before its script begins, behind its last line. A number: right after that write of the step.
BEFORE, AFTER = "before", "after"
#: Writes that a service reads when it starts, and what a setup needs it stopped for.
_READ_AT_START = frozenset(("agent.proxy", "registry.set", "vmm.run_as"))
#: What VMM does by itself after this write, it does in any case.
_OF_VMM = ("vmm.cloud",)
_GOOD = (0, 3010)
Value = TypeVar("Value")


class Killed(BaseException):
    """The controller is gone: nothing of this run happens any more, clean-up neither."""


@dataclass(frozen=True, slots=True)
class Write:
    """One write of a step; `task`: made by the scheduled task that the step started; `program`: by a program of others.

    What becomes of a setup that is cut short is its own affair: Windows Installer takes back what it began.
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
    #: Whether the step left a task, which may go on for as long as it likes.
    begins: bool = False


@dataclass(frozen=True, slots=True)
class Mishap:
    """What goes wrong, at which step (by its place in the run), and where in it."""

    kind: Kind
    step: int
    script: str
    where: str | int
    #: What a program of the step does: its place among them, its exit code, and whether it does its work.
    program: tuple[int, int | None, bool] | None = None

    def __str__(self) -> str:
        place = f"{self.step} {self.script}: {self.kind} {self.where}"
        return place if self.program is None else f"{place}, program {self.program}"


def mishaps(kind: Kind, steps: Sequence[Step]) -> Iterator[Mishap]:
    """Every row of the table for one recorded run."""
    for index, step in enumerate(steps):

        def at(where: str | int, program: tuple[int, int | None, bool] | None = None) -> Mishap:
            return Mishap(kind, index, step.script, where, program)  # noqa: B023

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
            # A shell may end with its client: what runs in it then ends between two writes. Where no run goes on after
            # a lost connection, that is the same for the machine.
            if kind == "killed" or step.begins:
                yield from (at(number) for number in own)


class Disturbed(Bench):
    """A bench that keeps what each step did, and lets one thing go wrong in the next run."""

    def __init__(
        self, internet: Internet, entry: Mapping[str, Any], prepare: Callable[[Machine], object] | None = None
    ) -> None:
        super().__init__(internet, entry, prepare)
        self.steps: list[Step] = []
        #: Programs that came to a good end and had done their work.
        self.completed: Counter[str] = Counter()
        self._mishap: Mishap | None = None
        self._happened = False
        self._dead = False
        self._in_task = self._in_program = False
        self._calm: Sequence[Step] = ()
        self._later: list[Callable[[], object]] = []
        self._note, self._twin_runner, self._do_later = self.machine.note, self.machine.runner, self.machine.later
        self.machine.note = self._noted  # type: ignore[method-assign]
        self.machine.later = lambda seconds, effect: self._do_later(seconds, lambda: self._inside(effect))  # type: ignore[method-assign]
        self.machine.runner = self._run_task

    # ---- runs ----

    def disturbed(self, build: Build[Any], mishap: Mishap | None, calm: Sequence[Step] = ()) -> Outcome | BaseException:
        """One run with a mishap; what ended it. Then what still hung on the machine goes on to its end."""
        self.steps.clear()
        self._mishap, self._happened, self._dead, self._calm = mishap, False, False, calm
        try:
            return self.run(build)
        except (SiteRecoveryError, ConnectionLost, Killed) as error:
            return error
        finally:
            self._mishap = None
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

    def _here(self) -> Mishap | None:
        """The mishap when it belongs to the step that runs now."""
        found = self._mishap
        return found if found is not None and not self._happened and found.step == len(self.steps) - 1 else None

    def _before(self, mishap: Mishap, arguments: Arguments, check_mode: bool) -> Mapping[str, Any]:
        self._happened = True
        if mishap.kind == "error":
            return _failed(mishap.script)
        if mishap.kind == "reboot":
            self.machine.restart()
        if mishap.kind == "hang":
            if mishap.script == "start_background_task":
                # The session gets its answer; it is the task that hangs.
                self.machine.runner = None
                self._later.append(self._tasks_go_on)
                self._happened = True
                return super().execute(arguments, check_mode=check_mode)
            really = super().execute
            self._later.append(lambda: really(arguments, check_mode=check_mode))
        return self._broken(mishap)

    def _tasks_go_on(self) -> None:
        for task in list(self.machine.tasks.values()):
            if task.state == "Running":
                self.machine._run_task(task, self._run_task)

    def _broken(self, mishap: Mishap | None) -> Mapping[str, Any]:
        if mishap is not None and mishap.kind == "killed":
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
            # Only what this step runs is gone: it belongs to a start of the machine that is over.
            self.machine._starts += 1
        self.machine.check_process()

    def _run_task(self, machine: Machine, task: ScheduledTask) -> int:
        assert self._twin_runner is not None
        self._in_task = True
        try:
            return self._twin_runner(machine, task)
        finally:
            self._in_task = False

    def _inside(self, work: Callable[[], Value]) -> Value:
        """What a program does, also in the background."""
        self._in_program = True
        try:
            return work()
        finally:
            self._in_program = False

    def program(self, name: str, real: Program, machine: Machine, invocation: Invocation) -> int:
        """What a program does when it is started."""
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
    """Programs of the bench that was named last tell it when they run."""

    def watched(name: str, real: Program) -> Program:
        return lambda machine, invocation: _current.bench.program(name, real, machine, invocation)

    def use(bench: Disturbed) -> Disturbed:
        _current.bench = bench
        return bench

    with pytest.MonkeyPatch.context() as patch:
        for name, real in list(PROGRAMS.items()):
            patch.setitem(PROGRAMS, name, watched(name, real))
        yield use


# ---- what must hold afterwards ----


def end_of(bench: Disturbed) -> dict[str, Any]:
    """All that is left on the machine and in Azure. The folder of logs comes with the first that is written."""
    state = bench.machine.snapshot()
    _drop_read_marks(bench, state)
    state["files"] = {path: file for path, file in state["files"].items() if not _may_stay(path)}
    return {**state, "azure": sorted({repr(told) for told in bench.stage.azure.calls})}


def _drop_read_marks(bench: Disturbed, state: dict[str, Any]) -> None:
    """A note of a process that is gone says nothing any more, and nobody looks for it to remove it."""
    for key in [key for key in state["registry"] if key.endswith(RESTART_KEY)]:
        marks = {name: bench.machine.registry.get(key, name) for name in state["registry"][key]}
        living = {service.name: service.process_id for service in bench.machine.services.all()}
        state["registry"][key] = {name: mark for name, mark in marks.items() if living.get(name) == mark}


def _may_stay(path: str) -> bool:
    """Logs; what was exported before it was cleaned up, as often as it was; the empty folder of works."""
    return path in (layout.SETUP_LOGS, STAGING + r"\work") or path.endswith(".reg")


def count(entries: Sequence[Entry], verb: str) -> Counter[str]:
    return Counter(str(entry.detail.get("service")) for entry in entries if entry.verb == verb)


def not_in_force(calm: Sequence[Entry], disturbed: Sequence[Entry]) -> list[str]:
    """Settings that were written after their service began, while the calm run let it begin after them."""
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
