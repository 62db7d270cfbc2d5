# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: a recovery plan as the subject of a test failover."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from .drill import Subject
from .jobs import Job, job_of_machine, set_moment
from .protected_item import ProtectedItem
from .recovery_plan import RecoveryPlan


def last_test(item: ProtectedItem) -> datetime | None:
    """Return the end of the last test failover of a machine that succeeded."""
    return set_moment(item.properties.get("lastSuccessfulTestFailoverTime"))


def subject_of_machine(item: ProtectedItem, running: Iterable[Job]) -> Subject:
    """Return a machine as a subject. `running` are the jobs of the vault: an item shows its job late."""
    subject = Subject(
        "machine",
        item.machine,
        item.id,
        item.operations,
        item.scenario,
        item.job,
        last_test(item),
        item.describe(),
    )
    return subject.with_job(job_of_machine(running, item.vm_id))


def subject_of_plan(plan: RecoveryPlan, items: Sequence[ProtectedItem], running: Sequence[Job]) -> Subject:
    """Return a plan with its machines as one subject. `items` are those of its machines that are still protected.

    `running` are the jobs of the vault: machines show their jobs late. The plan already has its own one.
    """
    return Subject(
        "plan",
        plan.name,
        plan.id,
        plan.operations,
        plan.scenario,
        plan.job,
        _tested(plan, items),
        f"{plan.scenario} is running" if plan.scenario else "no operation is running",
        tuple(_obstacles(plan, [subject_of_machine(item, running) for item in items])),
    )


def _tested(plan: RecoveryPlan, items: Sequence[ProtectedItem]) -> datetime | None:
    """Return when all machines were tested by the plan. Tests of single machines prove nothing about the boot order."""
    times = [last_test(item) for item in items]
    known = [each for each in times if each]
    if plan.last_test is None or not known or len(known) < len(plan.item_ids):
        return None
    oldest = min(known)
    # An older success of any machine means that the last test of the plan failed.
    return oldest if oldest >= plan.last_test else None


def _obstacles(plan: RecoveryPlan, machines: Sequence[Subject]) -> Iterator[str]:
    lost = len(plan.item_ids) - len(machines)
    if not plan.item_ids:
        yield "it has no machines"
    if lost:
        yield f"{lost} machine{' of it is' if lost == 1 else 's of it are'} not protected anymore"
    for machine in machines:
        if not machine.allows("TestFailover"):
            problem = "it has an open test failover of its own" if machine.has_open_test else machine.state
            yield f"{machine.name}: {problem}"
