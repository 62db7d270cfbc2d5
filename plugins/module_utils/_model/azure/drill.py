# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: test failovers: the desired state, and what has to be done with each machine or plan.

A machine is in the desired state when its last successful test failover is recent and none is open. The operations
that the service allows decide. The state of the last test does not, because it stays after the cleanup (recorded).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from ..common.errors import InvalidInput, Refused
from ..common.plan import UNKNOWN, Change, Plan
from .drill_network import WantedNetwork
from .jobs import Job, shown_moment
from .recovery_point import WantedPoint

Kind = Literal["machine", "plan"]
#: `follow`: a job of an earlier run still runs, or its test is open. `refuse`: the subject cannot be tested.
Step = Literal["test", "follow", "clean_up", "nothing", "refuse"]
OPEN_CHOICES = ("refuse", "resume", "clean_up")
_TEST, _CLEANUP = "testfailover", "testfailovercleanup"


@dataclass(frozen=True, slots=True)
class DesiredDrill:
    """The test failovers that a task asks for."""

    machines: tuple[str, ...]
    plan: str | None
    server: str | None
    cloud: str | None
    network: WantedNetwork | None
    point: WantedPoint
    state: str
    cleanup: bool
    comments: str
    open_test: str
    valid_hours: int
    completes_actions: bool = False

    @classmethod
    def from_options(cls, options: Mapping[str, Any], subscription_id: str) -> DesiredDrill:
        """Return the desired state. Raises InvalidInput."""
        machines, plan = tuple(dict.fromkeys(options["machines"] or ())), options["recovery_plan"]
        if bool(machines) is bool(plan):
            raise InvalidInput("machines", "is required unless recovery_plan is set", "name machines, or one plan")
        tests = options["state"] == "tested"
        point = WantedPoint.from_options(options)
        if plan and point.until is not None:
            raise InvalidInput(
                "recovery_point_time", "does not apply to a recovery plan", "use recovery_point, or name the machines"
            )
        if options["valid_hours"] < 0:
            raise InvalidInput("valid_hours", "must not be negative", "give a number of hours, or 0 to test every time")
        return cls(
            machines,
            plan,
            options["vmm_server"],
            options["vmm_cloud"],
            WantedNetwork.from_options(options, subscription_id) if tests else None,
            point,
            options["state"],
            options["cleanup"],
            options["comments"],
            options["open_test"],
            options["valid_hours"],
            options["manual_actions"] == "complete",
        )

    @property
    def tests(self) -> bool:
        return self.state == "tested"


@dataclass(frozen=True, slots=True)
class Subject:
    """A machine or a plan that can be tested, as one reading showed it."""

    kind: Kind
    name: str
    id: str
    operations: tuple[str, ...]
    #: The running operation of the service, and its job.
    scenario: str
    job: str | None
    #: The end of the last test failover that succeeded; of a plan, the oldest one among its machines.
    tested: datetime | None
    state: str
    #: Why the service would not test all machines of a plan.
    obstacles: tuple[str, ...] = ()

    def with_job(self, job: Job | None) -> Subject:
        """Return the subject with a job that runs on it, unless it shows one already."""
        if job is None or self.job:
            return self
        return replace(
            self,
            operations=tuple(each for each in self.operations if each.casefold() != _TEST),
            scenario=job.scenario,
            job=job.name,
            state=f"{job.scenario} is running (job {job.name})",
        )

    def allows(self, operation: str) -> bool:
        return operation.casefold() in (each.casefold() for each in self.operations)

    @property
    def is_testing(self) -> bool:
        """Tell whether the job of a test failover runs."""
        return self.scenario.casefold() == _TEST

    @property
    def is_cleaning_up(self) -> bool:
        return self.scenario.casefold() == _CLEANUP

    @property
    def has_open_test(self) -> bool:
        return self.allows("TestFailoverCleanup") or self.is_testing

    def describe(self) -> str:
        if self.is_testing or self.is_cleaning_up:
            found = f"{self.scenario} is running (job {self.job})"
        elif self.has_open_test:
            found = "a test failover is open"
        elif self.tested:
            found = f"last tested at {shown_moment(self.tested)}"
        else:
            found = "never tested"
        return f"{self.kind} {self.name}: {found}"


@dataclass(frozen=True, slots=True)
class Decision:
    """The step of a run for a subject, and its reason. `again`: after the cleanup, a new test follows."""

    subject: Subject
    step: Step
    reason: str
    again: bool = False


def decide(subject: Subject, desired: DesiredDrill, now: datetime) -> Decision:
    """Decide what has to be done with one subject."""
    if not desired.tests:
        return _decide_cleanup(subject)
    if subject.is_cleaning_up:
        return Decision(
            subject, "clean_up", f"wait for the cleanup of {subject.name}", again=_due(subject, desired, now)
        )
    if subject.has_open_test:
        return _decide_open(subject, desired, now)
    if not _due(subject, desired, now):
        return Decision(subject, "nothing", f"{subject.name} was tested at {shown_moment(subject.tested)}")
    if subject.obstacles:
        reasons = ", ".join(subject.obstacles)
        return Decision(
            subject,
            "refuse",
            f"{subject.kind} '{subject.name}' cannot be tested: {reasons}; correct this, or change its machines",
        )
    if subject.allows("TestFailover"):
        return Decision(subject, "test", f"test the failover of {subject.name}")
    return Decision(
        subject,
        "refuse",
        f"{subject.kind} '{subject.name}' does not allow a test failover ({subject.state}); wait until its replication"
        " is ready, or end the operation that runs on it",
    )


def _decide_cleanup(subject: Subject) -> Decision:
    if subject.has_open_test or subject.is_cleaning_up:
        return Decision(subject, "clean_up", f"clean up the test failover of {subject.name}")
    return Decision(subject, "nothing", f"{subject.name} has no open test failover")


def _decide_open(subject: Subject, desired: DesiredDrill, now: datetime) -> Decision:
    if desired.open_test == "resume":
        return Decision(subject, "follow", f"resume the open test failover of {subject.name}")
    if desired.open_test == "clean_up":
        # The test that is cleaned up may itself be recent.
        again = _due(subject, desired, now)
        return Decision(subject, "clean_up", f"clean up the open test failover of {subject.name}", again=again)
    return Decision(
        subject,
        "refuse",
        f"{subject.kind} '{subject.name}' has an open test failover, of an interrupted run or of another user; set"
        " open_test to resume to use it as the result of this run, or to clean_up to end it first",
    )


def _due(subject: Subject, desired: DesiredDrill, now: datetime) -> bool:
    if desired.valid_hours == 0 or subject.tested is None:
        return True
    return now - subject.tested > timedelta(hours=desired.valid_hours)


def require_decidable(decisions: Sequence[Decision]) -> None:
    """Raise Refused for the subjects that cannot be tested, before anything is changed."""
    refused = [decision.reason for decision in decisions if decision.step == "refuse"]
    if refused:
        raise Refused("; ".join(refused))


def plan_drill(decisions: Sequence[Decision], desired: DesiredDrill) -> Plan:
    """Return the plan of all subjects."""
    changes: list[Change] = []
    for decision in decisions:
        subject = decision.subject
        if decision.step in ("clean_up", "follow"):
            ends = decision.step == "clean_up" or desired.cleanup
            changes.append(Change(f"{subject.name}.open", True, not ends, decision.reason))
        if decision.step == "test" or decision.again:
            changes.append(
                Change(f"{subject.name}.last_tested", shown_moment(subject.tested), UNKNOWN, _test_of(subject, desired))
            )
    return Plan(tuple(changes))


def _test_of(subject: Subject, desired: DesiredDrill) -> str:
    network = desired.network.name if desired.network else "none"
    end = "clean up" if desired.cleanup else "leave it open"
    return f"test the failover of {subject.name} in network {network} with {desired.point.describe()}, then {end}"
