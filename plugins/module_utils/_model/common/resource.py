# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the life cycle of every managed resource: observe, plan, apply, verify."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from .errors import InvalidInput, NotConverged, Refused, SiteRecoveryError
from .plan import Change, Plan, apply_changes
from .shown_text import one_line
from .waiting import early_interval

State = TypeVar("State")


#: The beginning of the text about changes that were only planned.
PLANNED = "planned: "
#: The text of `done` where nothing had to be changed, and for a state that was only read.
NOTHING_TO_DO = "nothing to do"
CHECKED = "checked"
#: The verified state of a change that was only planned.
_AFTER_RUN = "known after the run"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One line of the report: what a run found for one step, what it did, and what it read back."""

    step: str
    found: str
    done: str
    verified: str

    def __post_init__(self) -> None:
        """Clean the texts, which quote names that others chose."""
        for name in ("found", "done", "verified"):
            object.__setattr__(self, name, one_line(getattr(self, name)))

    @classmethod
    def of_plan(cls, step: str, found: str, changes: str) -> Evidence:
        """Return the line of changes that check mode planned."""
        return cls(step, found, f"{PLANNED}{changes}", _AFTER_RUN)

    @property
    def planned(self) -> bool:
        """Tell whether the line is about changes that were only planned."""
        return self.verified == _AFTER_RUN

    @property
    def outcome(self) -> Literal["unchanged", "changed", "planned", "checked"]:
        """Return what happened to the step, in one word."""
        if self.planned:
            return "planned"
        return "unchanged" if self.done == NOTHING_TO_DO else "checked" if self.done == CHECKED else "changed"

    def to_result(self) -> dict[str, str]:
        return {"step": self.step, "found": self.found, "done": self.done, "verified": self.verified}


@dataclass(frozen=True, slots=True)
class Applied:
    """The changes of a run that the new state does not show by itself.

    `notes` become warnings of the task. `restart_required`: a setup program asked for a restart of the machine.
    A resource whose next plan depends on more derives its own record.
    """

    notes: tuple[str, ...] = ()
    restart_required: bool = False
    #: True if the run has ended an operation of an earlier run by a change of its own.
    acted: bool = False


def merged(records: Iterable[Applied]) -> Applied:
    """Join the records of several operations."""
    joined = tuple(records)
    notes = tuple(note for record in joined for note in record.notes)
    restart = any(record.restart_required for record in joined)
    return Applied(notes, restart, any(record.acted for record in joined))


Record = TypeVar("Record", bound=Applied)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a run over one resource: everything that a front end shows."""

    plan: Plan
    before: dict[str, Any]
    after: dict[str, Any]
    evidence: tuple[Evidence, ...] = ()
    warnings: tuple[str, ...] = ()
    restart_required: bool = False
    #: True if the run has ended an operation of an earlier run by a change of its own.
    acted: bool = False

    def __post_init__(self) -> None:
        """Clean the warnings, which quote names and answers of others."""
        object.__setattr__(self, "warnings", tuple(map(one_line, self.warnings)))

    @property
    def changed(self) -> bool:
        return self.acted or self.plan.changed


class ManagedResource(ABC, Generic[State, Record]):
    """A resource and its desired state.

    `observe` reads once and never writes. `plan` decides and touches nothing. `apply` carries out the plan.
    `to_result` is the one view of a state: the result, the diff and the documented samples show it.
    Where the record of `apply` matters afterwards, a resource overrides `remaining`, `final_result` or
    `final_warnings`.
    """

    #: Ids of the steps that this resource covers.
    steps: tuple[str, ...] = ()
    #: Why a resource may not keep what was written, with the remedy.
    not_kept = "run again, and report a bug if it remains"

    @abstractmethod
    def observe(self) -> State: ...

    def wait_until_settled(self, state: State) -> tuple[State, Applied]:
        """Wait for operations of an earlier run. Return the state after them. Check mode never calls this."""
        return state, Applied()

    def is_settled(self, state: State) -> bool:  # noqa: ARG002
        """Tell whether no operation of an earlier run is left. If it is not, `wait_until_settled` has work to do."""
        return True

    @abstractmethod
    def plan(self, state: State) -> Plan: ...

    @abstractmethod
    def apply(self, plan: Plan, state: State) -> Record: ...

    @abstractmethod
    def to_result(self, state: State) -> dict[str, Any]: ...

    def preview(self, state: State, plan: Plan) -> dict[str, Any]:
        """Return the expected result after the plan. Values that only Azure or Windows knows are marked as unknown."""
        return apply_changes(self.to_result(state), plan.changes)

    @abstractmethod
    def describe(self, state: State) -> str:
        """Describe the state in a few words, for evidence."""

    def summary(self, step: str, state: State) -> str:  # noqa: ARG002
        """Describe what the state means for one step."""
        return self.describe(state)

    def changes_for_step(self, step: str, plan: Plan) -> Plan:  # noqa: ARG002
        """Return the part of the plan that belongs to one step."""
        return plan

    def evidence(self, state: State, plan: Plan, final: State | None) -> tuple[Evidence, ...]:
        """Return one line per step. `final` is the state read back; None when nothing was applied."""
        return tuple(self._line(step, state, self.changes_for_step(step, plan), final) for step in self.steps)

    def _line(self, step: str, state: State, changes: Plan, final: State | None) -> Evidence:
        found = self.summary(step, state)
        if not changes.changed:
            return Evidence(step, found, NOTHING_TO_DO, found if final is None else self.summary(step, final))
        if final is None:
            return Evidence.of_plan(step, found, changes.describe())
        return Evidence(step, found, changes.describe(), self.summary(step, final))

    def secret_results(self) -> dict[str, Any]:
        """Return result keys that hold a requested secret. They never enter a plan, a diff or evidence."""
        return {}

    def warnings(self, state: State) -> tuple[str, ...]:  # noqa: ARG002
        """Return one line for each condition that the user should know about."""
        return ()

    def observe_applied(self) -> State:
        """Read the state back after `apply`. Reads that only prepare a change are omitted where they cost a call."""
        return self.observe()

    def visibility_limit(self, state: State) -> float:  # noqa: ARG002
        """Return the seconds for which the state that is read back may still lack the changes of this run."""
        return 0.0

    def remaining(self, state: State, applied: Record) -> Plan:  # noqa: ARG002
        """Plan again from the state that was read back after `apply`. The plan must be empty."""
        return self.plan(state)

    def final_result(self, state: State, applied: Record) -> dict[str, Any]:  # noqa: ARG002
        """Return the result of the state that was read back after `apply`."""
        return self.to_result(state)

    def final_warnings(self, state: State, applied: Record) -> tuple[str, ...]:  # noqa: ARG002
        """Return the warnings about the state that was read back after `apply`."""
        return self.warnings(state)

    def restart_pending(self, state: State) -> bool:  # noqa: ARG002
        """Tell whether the machine waits for a restart in this state."""
        return False


def require_hidden(option: str, *, no_log: bool, in_background: bool = False) -> None:
    """Accept a request for a secret only from a task that hides its result. Raises InvalidInput."""
    if not no_log:
        raise InvalidInput(option, "the task's result would show a secret", "set no_log: true on the task")
    if in_background:
        raise InvalidInput(option, "a task with async keeps its result in a file", "run the task without async")


def converge(resource: ManagedResource[State, Record], *, check_mode: bool) -> Outcome:
    """Bring a resource to its desired state, or in check mode return the plan only.

    Raises NotConverged when the state that is read back still differs from the desired one after the visibility limit.
    """
    state, settled = resource.observe(), Applied()
    if not check_mode:
        state, settled = resource.wait_until_settled(state)
    plan = resource.plan(state)
    before = resource.to_result(state)
    if check_mode or not plan.changed:
        return Outcome(
            plan,
            before,
            resource.preview(state, plan) if plan.changed else before,
            resource.evidence(state, plan, None),
            (*settled.notes, *resource.warnings(state)),
            settled.restart_required or resource.restart_pending(state),
            settled.acted,
        )
    applied = resource.apply(plan, state)
    final = _verified(resource, applied)
    return Outcome(
        plan,
        before,
        resource.final_result(final, applied),
        resource.evidence(state, plan, final),
        (*settled.notes, *applied.notes, *resource.final_warnings(final, applied)),
        settled.restart_required or applied.restart_required or resource.restart_pending(final),
        settled.acted,
    )


def evidence_of_nothing_to_do(resource: ManagedResource[State, Record], state: State) -> tuple[Evidence, ...] | None:
    """Return the evidence of a resource that has nothing to do, to wait for or to warn about. None: `converge` it."""
    if not resource.is_settled(state):
        return None
    try:
        plan = resource.plan(state)
    except SiteRecoveryError:
        # Only `converge` may report it.
        return None
    if plan.changed or resource.warnings(state) or resource.restart_pending(state):
        return None
    return resource.evidence(state, plan, None)


def _verified(resource: ManagedResource[State, Record], applied: Record) -> State:
    """Read the state back until the plan is empty, and return it.

    A service may answer from a replica that does not know the change yet. From such a state a plan can also be
    impossible. After the visibility limit, raises NotConverged or the error of the last plan.
    """
    started = time.monotonic()
    while True:
        state = resource.observe_applied()
        try:
            _require_converged(resource.remaining(state, applied), resource.not_kept, resource.describe(state))
        except (NotConverged, Refused, InvalidInput):
            elapsed = time.monotonic() - started
            left = resource.visibility_limit(state) - elapsed
            if left <= 0:
                raise
            time.sleep(early_interval(elapsed, left))
        else:
            return state


def _require_converged(rest: Plan, not_kept: str, last_state: str) -> None:
    """Raise NotConverged for open changes. A password cannot be read back, so its change proves nothing."""
    left = Plan(tuple(change for change in rest.changes if not change.secret))
    if left.changed:
        raise NotConverged(
            "the changes were applied, but the state that was read back still differs:"
            f" {'; '.join(dict.fromkeys(_difference(change) for change in left.changes))}; {not_kept}",
            plan=left.to_result(),
            last_state=last_state,
        )


def _difference(change: Change) -> str:
    return change.reason or f"{change.path} is {change.before} instead of {change.after}"
