# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: failovers to Azure and back: where a machine is, and the one operation that brings it to the desired state.

The order is documented ("Run a failback for Hyper-V VMs"): failover, commit, failback, commit, reversal. A run does one
step of it. The service names no failback among the allowed operations of a machine that runs in Azure (recorded), so
its place decides, and not the operation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..common.errors import InvalidInput, Refused
from ..common.names import same_name
from ..common.plan import Change, Plan
from .jobs import Job, set_moment, shown_moment
from .protected_item import ProtectedItem
from .recovery_point import WantedPoint

State = Literal["failed_over", "committed", "failed_back", "reversed"]
Operation = Literal["failover", "commit", "failback", "reverse"]
#: `follow`: the operation of an earlier run still runs. `wait`: the changes since the failback are being copied.
Step = Literal["start", "follow", "wait", "nothing", "refuse"]
Place = Literal[
    "protected", "failed_over", "failover_committed", "failed_back", "failback_committed", "copying", "other"
]
STATES: tuple[State, ...] = ("failed_over", "committed", "failed_back", "reversed")
KINDS = ("planned", "unplanned")
CONSENT = "i_know_that_this_stops_production"
_FAILBACK = "HyperVReplicaAzureFailback"
#: How a failback copies the data: while the machine runs in Azure, or after it was shut down there.
SYNCHRONIZATIONS = {"before_failback": "ForSynchronization", "during_failback": "ForDownTime"}

OPERATION_OF: Mapping[State, Operation] = {
    "failed_over": "failover",
    "committed": "commit",
    "failed_back": "failback",
    "reversed": "reverse",
}
_COMMIT_FIRST = "its last failover is not committed; use state=committed first"
_FAIL_BACK_FIRST = "it runs in Azure; use state=failed_back first"
_REVERSE_FIRST = "it is not replicated since its failback; use state=reversed first"
_NOT_FAILED_OVER = "it is not failed over; use state=failed_over first"
_COPYING = "its replication is not ready; wait until it is"
#: By the desired state and the place of a machine: the next step. A text is the reason of a refusal.
NEXT: Mapping[State, Mapping[Place, Step | str]] = {
    "failed_over": {
        "protected": "start",
        "failed_over": "nothing",
        "failover_committed": "nothing",
        "failed_back": _COMMIT_FIRST,
        "failback_committed": _REVERSE_FIRST,
        "copying": _COPYING,
    },
    "committed": {
        "protected": _NOT_FAILED_OVER,
        "failed_over": "start",
        "failover_committed": "nothing",
        "failed_back": "start",
        "failback_committed": "nothing",
        "copying": _NOT_FAILED_OVER,
    },
    "failed_back": {
        "protected": "nothing",
        "failed_over": _COMMIT_FIRST,
        "failover_committed": "start",
        "failed_back": "nothing",
        "failback_committed": "nothing",
        "copying": "nothing",
    },
    "reversed": {
        "protected": "nothing",
        "failed_over": _COMMIT_FIRST,
        "failover_committed": _FAIL_BACK_FIRST,
        "failed_back": _COMMIT_FIRST,
        "failback_committed": "start",
        "copying": "wait",
    },
}
#: By the place: the states of the next step on the way to Azure and back.
_ONWARD: Mapping[Place, State] = {
    "protected": "failed_over",
    "failed_over": "committed",
    "failover_committed": "failed_back",
    "failed_back": "committed",
    "failback_committed": "reversed",
    "copying": "reversed",
}
#: By the place in which an operation starts: the place in which it ends.
_AFTER: Mapping[Place, Place] = {
    "protected": "failed_over",
    "failed_over": "failover_committed",
    "failover_committed": "failed_back",
    "failed_back": "failback_committed",
    "failback_committed": "protected",
    "copying": "protected",
}
_WORDS: Mapping[Place, str] = {
    "protected": "runs on premises and is protected",
    "failed_over": "runs in Azure, not committed",
    "failover_committed": "runs in Azure",
    "failed_back": "runs on premises again, not committed",
    "failback_committed": "runs on premises again, not replicated",
    "copying": "runs on premises, replication not ready",
    "other": "is in an unknown state",
}
# The names of running operations: on items and in jobs (recorded: they differ), in lower case without spaces.
_FAILOVERS = ("plannedfailover", "unplannedfailover")
_COMMITS = ("commit", "commitfailover", "finalizefailback")
_REVERSALS = ("reversereplicate", "reversereplication", "reprotect", "reprotectreplicationgroup")


@dataclass(frozen=True, slots=True)
class DesiredFailover:
    """The failover that a task asks for."""

    machines: tuple[str, ...]
    server: str | None
    cloud: str | None
    state: State
    kind: str
    shut_down: bool
    point: WantedPoint
    synchronization: str
    plan: str | None = None
    completes_actions: bool = False
    creates_missing: bool = False

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> DesiredFailover:
        """Return the desired state. Raises InvalidInput, also without consent."""
        require_consent(options[CONSENT], options["vault_name"])
        machines, plan = tuple(dict.fromkeys(options["machines"] or ())), options["recovery_plan"]
        if bool(machines) is bool(plan):
            raise InvalidInput("machines", "is required unless recovery_plan is set", "name machines, or one plan")
        point, kind = WantedPoint.from_options(options), options["kind"]
        if kind == "planned" and not point.is_latest:
            raise InvalidInput(
                "recovery_point",
                "a planned failover copies the last changes and uses them",
                "omit it, or set kind to unplanned",
            )
        if options["create_missing_machines"] and options["state"] != "failed_back":
            raise InvalidInput(
                "create_missing_machines", "applies to a failback only", "omit it, or set state to failed_back"
            )
        if plan and point.until is not None:
            raise InvalidInput(
                "recovery_point_time", "does not apply to a recovery plan", "use recovery_point, or name the machines"
            )
        return cls(
            machines,
            options["vmm_server"],
            options["vmm_cloud"],
            options["state"],
            kind,
            options["shut_down"],
            point,
            options["synchronization"],
            plan,
            options["manual_actions"] == "complete",
            options["create_missing_machines"],
        )

    @property
    def operation(self) -> Operation:
        return OPERATION_OF[self.state]

    @property
    def source_operations(self) -> str:
        return "Required" if self.shut_down else "NotRequired"

    def failback_input(self) -> dict[str, str]:
        """Return what the service needs to know about a failback, as HyperVReplicaAzureFailbackProviderInput."""
        return {
            "instanceType": _FAILBACK,
            "dataSyncOption": SYNCHRONIZATIONS[self.synchronization],
            "recoveryVmCreationOption": "CreateVmIfNotFound" if self.creates_missing else "NoAction",
        }


def require_consent(given: str | None, vault: str) -> None:
    """Accept a run that names its vault. Raises InvalidInput."""
    if given is None or not same_name(given, vault):
        raise InvalidInput(
            CONSENT,
            f"must be '{vault}', the name of the vault, for every run",
            f"pass it on the command line: -e {CONSENT}={vault}",
        )


@dataclass(frozen=True, slots=True)
class Running:
    """A job of a machine that has not ended."""

    name: str
    scenario: str

    def operation(self, item: ProtectedItem) -> Operation | None:
        """Return the operation that the job carries out. None: it is none of a failover."""
        scenario = self.scenario.replace(" ", "").casefold()
        if scenario in _FAILOVERS:
            return "failover" if is_on_premises(item) else "failback"
        return "commit" if scenario in _COMMITS else "reverse" if scenario in _REVERSALS else None


def running_of(item: ProtectedItem, jobs: Iterable[Job]) -> Running | None:
    """Return the running job of a machine: that of the item, or one that the item does not show yet."""
    if item.job and item.scenario.casefold() not in ("", "none"):
        return Running(item.job, item.scenario)
    for job in jobs:
        found = Running(job.name, job.scenario)
        if not job.is_final and same_name(job.target.id, item.vm_id) and found.operation(item):
            return found
    return None


def is_on_premises(item: ProtectedItem) -> bool:
    return item.location.casefold() != "recovery"


def place_of(item: ProtectedItem) -> Place:
    """Return where a machine is on the way to Azure and back. The operations that the service allows decide."""
    if not is_on_premises(item):
        if item.allows("Commit"):
            return "failed_over"
        return "other" if item.protection_state.casefold().endswith("failed") else "failover_committed"
    if item.allows("Commit"):
        return "failed_back"
    if item.allows("ReverseReplicate"):
        return "failback_committed"
    if item.allows("PlannedFailover") or item.allows("UnplannedFailover"):
        return "protected"
    return "copying" if item.phase in ("enabling", "copying", "finishing") else "other"


@dataclass(frozen=True, slots=True)
class Subject:
    """A machine and its running job, as one reading showed it."""

    item: ProtectedItem
    running: Running | None = None

    @property
    def name(self) -> str:
        return self.item.machine

    @property
    def place(self) -> Place:
        return place_of(self.item)

    @property
    def has_open_test(self) -> bool:
        return self.item.allows("TestFailoverCleanup")

    def describe(self) -> str:
        """Return the place in words: one line for the evidence and for messages."""
        if self.running:
            return f"{self.name}: {self.running.scenario} is running (job {self.running.name})"
        return f"{self.name} {_WORDS[self.place]} ({self.item.protection_state or 'unknown'})"

    def to_result(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "vm_id": self.item.vm_id,
            "place": self.place,
            "active_location": self.item.location,
            "protection_state": self.item.protection_state,
            "allowed_operations": list(self.item.operations),
            "running_job": self.running.name if self.running else None,
            "next_state": None if self.running else _ONWARD.get(self.place),
        }


@dataclass(frozen=True, slots=True)
class Decision:
    """The step of a run for a machine, and its reason."""

    subject: Subject
    step: Step
    reason: str

    @property
    def acts(self) -> bool:
        return self.step in ("start", "follow", "wait")


def decide(subject: Subject, desired: DesiredFailover) -> Decision:
    """Decide what has to be done with one machine."""
    if subject.running:
        return _decide_running(subject, subject.running, desired)
    found = NEXT[desired.state].get(subject.place)
    if found in ("nothing", "wait"):
        reason = f"{subject.name} {_WORDS[subject.place]}"
        return Decision(
            subject, "wait" if found == "wait" else "nothing", f"wait until {reason}" if found == "wait" else reason
        )
    problem = _problem(subject, desired) if found == "start" else found
    if found is None:
        allowed = ", ".join(subject.item.operations) or "no operation"
        problem = f"its state is unknown and the service allows {allowed}; look at its job in the portal"
    if problem:
        return Decision(subject, "refuse", f"machine '{subject.name}' is not changed: {problem}")
    return Decision(subject, "start", _reason(subject, desired))


def _decide_running(subject: Subject, running: Running, desired: DesiredFailover) -> Decision:
    if running.operation(subject.item) == desired.operation:
        return Decision(subject, "follow", f"follow {running.scenario} of {subject.name}, which is running")
    return Decision(
        subject,
        "refuse",
        f"machine '{subject.name}' is not changed: {running.scenario} is running (job {running.name}); wait until it"
        " has ended",
    )


def _problem(subject: Subject, desired: DesiredFailover) -> str | None:
    """Return why a failover to Azure cannot start, although the place of the machine allows it."""
    if desired.operation != "failover":
        return None
    if desired.kind == "planned" and subject.has_open_test:
        return "it has an open test failover; clean it up first, or use kind=unplanned"
    if not subject.item.allows("PlannedFailover" if desired.kind == "planned" else "UnplannedFailover"):
        return f"the service does not allow this kind now ({subject.item.describe()}); use the other kind, or wait"
    return None


def _reason(subject: Subject, desired: DesiredFailover) -> str:
    name, back = subject.name, is_on_premises(subject.item)
    if desired.operation == "commit":
        what = "failback" if back else "failover"
        effect = "deletes the machine in Azure and its disks" if back else "drops its recovery points"
        return f"commit the {what} of {name}, which {effect}"
    if desired.operation == "failback":
        when = "then shut it down there" if desired.synchronization == "before_failback" else "after its shutdown there"
        where = " on premises, where it is created if it is missing" if desired.creates_missing else " on premises"
        return f"fail {name} back: copy its data, {when}, and start it{where}"
    if desired.operation == "reverse":
        return f"replicate {name} to Azure again"
    if desired.kind == "planned":
        return f"fail {name} over to Azure: shut it down, copy the last changes, and start it there"
    stop = "try to shut it down" if desired.shut_down else "do not shut it down"
    return f"fail {name} over to Azure without its last changes: {stop}, and start {desired.point.describe()} there"


def refusals(decisions: Iterable[Decision]) -> list[str]:
    return [decision.reason for decision in decisions if decision.step == "refuse"]


def require_some(decisions: Sequence[Decision], *, all_of_them: bool = False) -> None:
    """Raise Refused if machines are refused and no other one can go on, or if `all_of_them` have to."""
    refused = refusals(decisions)
    if refused and (all_of_them or not any(decision.acts for decision in decisions)):
        raise Refused("; ".join(refused))


def plan_failover(decisions: Sequence[Decision]) -> Plan:
    """Return the plan of all machines."""
    return Plan(
        tuple(
            Change(f"{each.subject.name}.place", each.subject.place, place_after(each.subject), each.reason)
            for each in decisions
            if each.acts
        )
    )


def place_after(subject: Subject) -> Place:
    """Return the place of a machine when its next operation has ended."""
    return _AFTER.get(subject.place, subject.place)


def loss_warning(subject: Subject, desired: DesiredFailover) -> str | None:
    """Return what a failover without a shutdown can lose, and what disturbs it."""
    if desired.operation != "failover" or desired.kind == "planned":
        return None
    point = shown_moment(set_moment(subject.item.details.get("lastRecoveryPointReceived")))
    test = "; it has an open test failover, whose addresses can collide" if subject.has_open_test else ""
    return f"machine '{subject.name}': changes after its recovery point are lost; the last one is of {point}{test}"
