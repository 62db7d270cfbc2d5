# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: observe, plan, apply, verify. The one way in which every noun changes the world."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from .errors import InvalidInput, NotConverged
from .plan import Plan, overlaid

State = TypeVar("State")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a run can say about one step of the walkthrough: what it found, did, and saw afterwards."""

    step: str
    found: str
    done: str
    verified: str

    def to_result(self) -> dict[str, str]:
        return {"step": self.step, "found": self.found, "done": self.done, "verified": self.verified}


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a run over one noun; everything a front end shows."""

    plan: Plan
    before: dict[str, Any]
    after: dict[str, Any]
    evidence: tuple[Evidence, ...] = ()
    warnings: tuple[str, ...] = field(default=())

    @property
    def changed(self) -> bool:
        return self.plan.changed


class Noun(ABC, Generic[State]):
    """One object of the world, wanted in some state.

    `observe` reads once and never writes. `settled` waits for what is under way. `plan` decides and touches nothing.
    `apply` does what the plan says.
    `project` is the one view of a state that feeds the result, the diff and the documentation's samples.
    """

    #: Steps of the walkthrough that this noun answers for.
    steps: tuple[str, ...] = ()

    @abstractmethod
    def observe(self) -> State: ...

    def settled(self, state: State) -> State:
        """The state once what was under way before this run has ended. It waits, so check mode never calls it."""
        return state

    @abstractmethod
    def plan(self, state: State) -> Plan: ...

    @abstractmethod
    def apply(self, plan: Plan, state: State) -> None: ...

    @abstractmethod
    def project(self, state: State) -> dict[str, Any]: ...

    def preview(self, state: State, plan: Plan) -> dict[str, Any]:
        """What `project` is expected to give after the plan; unknown values are shown as such."""
        return overlaid(self.project(state), plan.changes)

    @abstractmethod
    def describe(self, state: State) -> str:
        """The state in a few words, for evidence."""

    def told(self, step: str, state: State) -> str:  # noqa: ARG002
        """What the state says about one step; nouns whose steps tell different things override it."""
        return self.describe(state)

    def part(self, step: str, plan: Plan) -> Plan:  # noqa: ARG002
        """The changes that belong to one step."""
        return plan

    def evidence(self, state: State, plan: Plan, final: State | None) -> tuple[Evidence, ...]:
        """One line per step."""
        return tuple(self._line(step, state, self.part(step, plan), final) for step in self.steps)

    def _line(self, step: str, state: State, part: Plan, final: State | None) -> Evidence:
        found = self.told(step, state)
        if not part.changed:
            return Evidence(step, found, "nothing to do", found if final is None else self.told(step, final))
        if final is None:
            return Evidence(step, found, f"planned: {part.describe()}", "after apply")
        return Evidence(step, found, part.describe(), self.told(step, final))

    def revealed(self) -> dict[str, Any]:
        """More keys of the result, which hold a secret that was asked for: never part of a plan, a diff or evidence."""
        return {}

    def warnings(self, state: State) -> tuple[str, ...]:  # noqa: ARG002
        return ()

    @property
    def restart_wanted(self) -> bool:
        """Whether the machine waits for a restart, as far as this run has seen."""
        return False


def require_hidden(option: str, *, no_log: bool, in_background: bool = False) -> None:
    """A secret is returned only to a task whose result nobody is shown. Raises InvalidInput."""
    if not no_log:
        raise InvalidInput(option, "the task's result would show a secret", "set no_log: true on the task")
    if in_background:
        raise InvalidInput(option, "a task with async keeps its result in a file", "run the task without async")


def converge(noun: Noun[State], *, check_mode: bool) -> Outcome:
    """Bring a noun to its wanted state, or say what would be done.

    Raises NotConverged when the state read back after applying still differs from what was asked for.
    """
    state = noun.observe()
    if not check_mode:
        state = noun.settled(state)
    plan = noun.plan(state)
    before = noun.project(state)
    if not plan.changed:
        return Outcome(plan, before, before, noun.evidence(state, plan, None), noun.warnings(state))
    if check_mode:
        return Outcome(plan, before, noun.preview(state, plan), noun.evidence(state, plan, None), noun.warnings(state))
    noun.apply(plan, state)
    final = noun.observe()
    rest = noun.plan(final)
    # A password can't be read back: planning it again is no sign of failure.
    open_changes = [change for change in rest.changes if not change.secret]
    if open_changes:
        left = Plan(tuple(open_changes)).describe()
        raise NotConverged(
            f"applied, but read back differently: {left}; run again, and report it if it stays",
            plan=[change.to_result() for change in open_changes],
        )
    return Outcome(plan, before, noun.project(final), noun.evidence(state, plan, final), noun.warnings(final))
