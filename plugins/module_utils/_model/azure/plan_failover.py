# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: failovers of a recovery plan: one operation for all of its machines, in the order of its groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .failover import Decision, DesiredFailover, Operation, Running, Subject, decide, is_on_premises
from .recovery_plan import PROVIDER, RecoveryPlan
from .recovery_point import OF_PLANS

#: The places of machines at rest that a failover has not reached yet, or has passed.
_OF_FAILOVERS = ("protected", "failed_over")


def decide_plan(plan: RecoveryPlan, subjects: Sequence[Subject], desired: DesiredFailover) -> list[Decision]:
    """Decide what has to be done with each machine of a plan, with one operation of the plan."""
    if plan.job and plan.scenario:
        running = Running(plan.job, plan.scenario)
        about = f"{plan.scenario} of recovery plan {plan.name} is running (job {plan.job})"
        if _operation_of(running, subjects) == desired.operation:
            return [Decision(subject, "follow", f"follow {subject.name}: {about}") for subject in subjects]
        return [_refusal(subject, f"{about}; wait until it has ended") for subject in subjects]
    decisions = [decide(subject, desired) for subject in subjects]
    return [
        _refusal(each.subject, "a job of its own is running; wait until it has ended")
        if each.step == "follow"
        else each
        for each in decisions
    ]


def _refusal(subject: Subject, problem: str) -> Decision:
    return Decision(subject, "refuse", f"machine '{subject.name}' is not changed: {problem}")


def _operation_of(running: Running, subjects: Sequence[Subject]) -> Operation | None:
    """Return the operation of the job of a plan. Its machines change their places one after the other.

    A machine at rest has not been reached, or has arrived. Without one, the place of any machine decides.
    """
    at_rest = [subject for subject in subjects if not subject.running]
    for subject in at_rest or subjects:
        found = running.operation(subject.item)
        if found not in ("failover", "failback"):
            return found
        if at_rest:
            return "failover" if subject.place in _OF_FAILOVERS else "failback"
        return "failover" if is_on_premises(subject.item) else "failback"
    return None


def plan_input(desired: DesiredFailover) -> dict[str, Any]:
    """Return the properties of a failover or failback of a plan."""
    if desired.operation == "failback":
        return {"failoverDirection": "RecoveryToPrimary", "providerSpecificDetails": [desired.failback_input()]}
    details = {"instanceType": PROVIDER, "recoveryPointType": OF_PLANS[desired.point.kind]}
    stops = {} if desired.kind == "planned" else {"sourceSiteOperations": desired.source_operations}
    return {"failoverDirection": "PrimaryToRecovery", **stops, "providerSpecificDetails": [details]}
