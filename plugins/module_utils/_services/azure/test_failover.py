# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: test failovers of machines and recovery plans, with their cleanup and evidence (N4)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from ..._azure import jobs as follower
from ..._azure.clients import Azure
from ..._azure.consistency import DIFFERENT_SECONDS, UNKNOWN_PARENT
from ..._azure.failures import Absent, read, translated
from ..._azure.wire import documents, payload, raw
from ..._model.azure.drill import Decision, DesiredDrill, Subject, decide, plan_drill, require_decidable
from ..._model.azure.drill_evidence import DrillRun
from ..._model.azure.drill_network import FoundNetwork, production_networks, require_isolated
from ..._model.azure.drill_plan import subject_of_machine, subject_of_plan
from ..._model.azure.jobs import Job, JobTarget, failure_of, shown_moment
from ..._model.azure.protected_item import ProtectedItem
from ..._model.azure.recovery_point import OF_PLANS, RecoveryPoint
from ..._model.common.errors import AccessDenied, Refused, RemoteFailure
from ..._model.common.names import region, same_name
from ..._model.common.plan import Plan
from ..._model.common.resource import Applied, ManagedResource
from .manual_actions import cancel_waiting, follow_to_end
from .protected_machines import Address, await_machine, find_machine, get_machine, list_machines
from .recovery_plan import require_plan
from .test_machines import absences, power_states
from .vault import find

_PROVIDER = "HyperVReplicaAzure"
_RESUME = (
    "the jobs continue in Azure: run again with open_test=resume to follow them and clean up, or with"
    " open_test=clean_up to end them; or increase wait_timeout"
)


@dataclass(frozen=True, slots=True)
class Tested:
    """A machine or a plan with the protected machines that belong to it."""

    subject: Subject
    items: tuple[ProtectedItem, ...]
    #: By the ids of the machines in VMM, the numbers of their groups in a plan.
    groups: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DrillState:
    """Everything that the decision about test failovers needs."""

    tested: tuple[Tested, ...]
    network: FoundNetwork | None
    production: tuple[str, ...]
    location: str
    now: datetime


@dataclass(frozen=True, slots=True)
class DrillApplied(Applied):
    """The test failovers of this run."""

    runs: tuple[DrillRun, ...] = ()


class TestFailoverResource(ManagedResource[DrillState, DrillApplied]):
    """Machines, or a plan, whose last test failover is recent, and that have no open one (N4)."""

    steps = ("N4",)

    def __init__(self, vault: follower.Vault, desired: DesiredDrill, concurrent: int, wait_timeout: float) -> None:
        self._vault = vault
        self._desired = desired
        self._concurrent = concurrent
        self._wait_timeout = wait_timeout

    # Observe

    def observe(self) -> DrillState:
        vault, desired = self._vault, self._desired
        found = find(vault.azure, vault.resource_group, vault.name).resource
        if found is None:
            raise Refused(f"vault_name: the vault '{vault.name}' does not exist; correct vault_name or resource_group")
        # A plan is isolated from the networks of all machines, wherever they are.
        place = (None, None) if desired.plan else (desired.server, desired.cloud)
        listed = list_machines(vault, *place)
        # Before the machines and the plan, which show their jobs late, so that no job ends in between unseen.
        running = follower.running_jobs(vault)
        tested = (self._plan(running),) if desired.plan else tuple(self._machines(listed, running))
        production = production_networks(item.details for item in listed)
        now = datetime.now(timezone.utc)
        return DrillState(tested, self._network(), production, found.location, now)

    def _machines(self, listed: Sequence[ProtectedItem], running: Sequence[Job]) -> list[Tested]:
        chosen = [get_machine(self._vault, find_machine(listed, name).id) for name in self._desired.machines]
        return [Tested(subject_of_machine(item, running), (item,)) for item in chosen]

    def _plan(self, running: Sequence[Job]) -> Tested:
        vault, name = self._vault, str(self._desired.plan)
        plan = require_plan(vault, name).with_job(running)
        items = tuple(item for each in plan.item_ids if (item := await_machine(vault, each)))
        groups = {item.vm_id.casefold(): plan.group_number(item.id) or 0 for item in items}
        return Tested(subject_of_plan(plan, items, running), items, groups)

    def _network(self) -> FoundNetwork | None:
        wanted = self._desired.network
        place = wanted.place if wanted else None
        if wanted is None or place is None:
            return None
        azure = self._vault.azure.of_subscription(place.subscription_id)
        try:
            answer = read(
                f"read network {place.name}",
                lambda: azure.network.virtual_networks.get(place.resource_group, place.name, cls=raw),
            )
        except AccessDenied:
            return FoundNetwork(place.to_text(), "", (), readable=False)
        if isinstance(answer, Absent):
            raise Refused(f"network: the network '{place.name}' does not exist; create it, or correct network")
        return FoundNetwork.from_wire(answer)

    # Plan

    def plan(self, state: DrillState) -> Plan:
        decisions = self._decisions(state)
        require_decidable(decisions)
        if any(decision.step == "test" or decision.again for decision in decisions):
            self._isolation_note(state)
            network = state.network
            if network and network.readable and region(network.location) != region(state.location):
                raise Refused(
                    f"network: the network is in {network.location}, and the vault in {state.location}; name a network"
                    " in the region of the vault"
                )
        return plan_drill(decisions, self._desired)

    def _decisions(self, state: DrillState) -> list[Decision]:
        return [decide(each.subject, self._desired, state.now) for each in state.tested]

    def _isolation_note(self, state: DrillState) -> str | None:
        wanted = self._desired.network
        return require_isolated(wanted, state.network, state.production) if wanted else None

    # Apply

    def apply(self, plan: Plan, state: DrillState) -> DrillApplied:  # noqa: ARG002
        deadline = time.monotonic() + self._wait_timeout
        runs: list[DrillRun] = []
        pairs = [
            (decision, DrillRun(each.subject, each.items, comments=self._desired.comments, groups=each.groups))
            for decision, each in zip(self._decisions(state), state.tested, strict=True)
            if decision.step != "nothing"
        ]
        size = max(1, self._concurrent)
        for start in range(0, len(pairs), size):
            batch = pairs[start : start + size]
            runs += [run for _decision, run in batch]
            self._clean_up([run for decision, run in batch if decision.step == "clean_up"], deadline)
            self._test(batch, deadline)
        for run in runs:
            run.after = tuple(get_machine(self._vault, item.id) for item in run.before)
        failed = [run for run in runs if not run.succeeded]
        if failed:
            raise RemoteFailure(
                "; ".join(run.describe() for run in failed), runs=[run.to_result() for run in runs], code=_code(failed)
            )
        return DrillApplied(runs=tuple(runs))

    def _test(self, batch: Sequence[tuple[Decision, DrillRun]], deadline: float) -> None:
        """Start the tests of a batch, follow them, and clean up, also after a failure."""
        begun: dict[str, DrillRun] = {}
        for decision, run in batch:
            if run.problems or not (decision.step in ("test", "follow") or decision.again):
                continue
            name = self._begin(decision, run)
            if name is not None:
                begun[name] = run
        ended = follow_to_end(self._vault, begun, deadline, _RESUME, completes=self._desired.completes_actions)
        for name, run in begun.items():
            run.test = ended[name]
            if not run.test.succeeded:
                run.problems.append(failure_of(run.test, f"test the failover of '{run.subject.name}'")[0])
            elif run.left_out():
                run.problems.append(f"{', '.join(run.left_out())} was left out of the test; run again")
            run.power.update(power_states(self._vault, run))
        if self._desired.cleanup:
            tested = [run for decision, run in batch if decision.step == "follow" or run.test is not None]
            self._clean_up([run for run in tested if not (run.test and run.test.collided)], deadline)

    def _begin(self, decision: Decision, run: DrillRun) -> str | None:
        """Return the name of the job to follow. None: there is none, and the run has the reason."""
        if decision.step == "follow":
            return self._open_job(run)
        try:
            action = f"test the failover of '{run.subject.name}'"
            name = follower.start(self._test_call(run), action, self._wait_timeout, UNKNOWN_PARENT)
        except AccessDenied:
            raise
        except (RemoteFailure, Refused) as error:
            run.problems.append(error.message)
            return None
        if name is None:
            run.problems.append("the service started no job")
        return name

    def _test_call(self, run: DrillRun) -> Callable[..., Any]:
        vault, subject, desired = self._vault, run.subject, self._desired
        client = vault.azure.site_recovery
        network = desired.network.to_wire() if desired.network else {}
        details: dict[str, Any] = {"instanceType": _PROVIDER}
        properties: dict[str, Any] = {"failoverDirection": "PrimaryToRecovery", **network}
        if subject.kind == "plan":
            details["recoveryPointType"] = OF_PLANS[desired.point.kind]
            body = payload({"properties": {**properties, "providerSpecificDetails": [details]}})
            return lambda **more: client.replication_recovery_plans.begin_test_failover(
                vault.resource_group, vault.name, subject.name, body, **more
            )
        place = Address.of(subject.id)
        if not desired.point.is_latest:
            details["recoveryPointId"] = self._point(place, subject.name).id
        body = payload({"properties": {**properties, "providerSpecificDetails": details}})
        return lambda **more: client.replication_protected_items.begin_test_failover(
            vault.resource_group, vault.name, place.fabric, place.container, place.item, body, **more
        )

    def _point(self, place: Address, machine: str) -> RecoveryPoint:
        vault = self._vault
        with translated(f"list the recovery points of '{machine}'"):
            listed = documents(
                vault.azure.site_recovery.recovery_points.list_by_replication_protected_items(
                    vault.resource_group, vault.name, place.fabric, place.container, place.item
                )
            )
        return self._desired.point.choose(map(RecoveryPoint.from_wire, listed), machine)

    def _open_job(self, run: DrillRun) -> str | None:
        """Return the job of the test failover that is open: the running one, or the newest of the list."""
        subject, vault = run.subject, self._vault
        if subject.is_testing and subject.job:
            return subject.job
        for job in follower.list_jobs(vault):
            if same_name(job.scenario, "TestFailover") and _is_about(job.target, run):
                return job.name
        run.problems.append("the job of the open test failover is not among the newest jobs, so it has no evidence")
        return None

    def _clean_up(self, runs: Sequence[DrillRun], deadline: float) -> None:
        begun: dict[str, DrillRun] = {}
        running = follower.running_jobs(self._vault) if runs else []
        for run in runs:
            try:
                name = self._begin_cleanup(run, running, deadline)
            except RemoteFailure as error:
                if isinstance(error, AccessDenied) and run.test is None:
                    raise
                run.problems.append(error.message)
                continue
            if name is not None:
                begun[name] = run
        ended = follower.follow_all(self._vault, begun, deadline, _RESUME)
        for name, run in begun.items():
            run.cleanup = ended[name]
            if not run.cleanup.succeeded:
                run.problems.append(failure_of(run.cleanup, f"clean up the test of '{run.subject.name}'")[0])
            run.deleted.update(absences(self._vault, run))

    def _begin_cleanup(self, run: DrillRun, running: Sequence[Job], deadline: float) -> str | None:
        vault, client = self._vault, self._vault.azure.site_recovery
        subject = self._current(run, running)
        if subject.is_cleaning_up:
            return subject.job
        if subject.is_testing and subject.job:
            self._end_test(subject.job, deadline)
            subject = self._current(run, follower.running_jobs(vault))
        if not subject.allows("TestFailoverCleanup"):
            return None
        body, action = payload({"properties": {"comments": self._desired.comments}}), f"clean up '{subject.name}'"
        if subject.kind == "plan":
            return follower.start(
                lambda **more: client.replication_recovery_plans.begin_test_failover_cleanup(
                    vault.resource_group, vault.name, subject.name, body, **more
                ),
                action,
                self._wait_timeout,
                UNKNOWN_PARENT,
            )
        place = Address.of(subject.id)
        return follower.start(
            lambda **more: client.replication_protected_items.begin_test_failover_cleanup(
                vault.resource_group, vault.name, place.fabric, place.container, place.item, body, **more
            ),
            action,
            self._wait_timeout,
            UNKNOWN_PARENT,
        )

    def _end_test(self, name: str, deadline: float) -> None:
        """Wait for the end of a test failover. One that waits for a person is canceled."""
        job = follower.follow_all(self._vault, [name], deadline, _RESUME)[name]
        if job.is_suspended:
            cancel_waiting(self._vault, job, deadline)
            follower.follow_all(self._vault, [name], deadline, _RESUME)

    def _current(self, run: DrillRun, running: Sequence[Job]) -> Subject:
        if run.subject.kind == "plan":
            return self._plan(running).subject
        return subject_of_machine(get_machine(self._vault, run.subject.id), running)

    # Results

    def visibility_limit(self, state: DrillState) -> float:  # noqa: ARG002
        return DIFFERENT_SECONDS

    def remaining(self, state: DrillState, applied: DrillApplied) -> Plan:
        """Plan again without the tests of this run, which `valid_hours` would repeat."""
        names = {run.subject.name for run in applied.runs}
        left = [decision for decision in self._decisions(state) if decision.subject.name not in names]
        open_ones = [each.subject for each in state.tested if each.subject.name in names and each.subject.has_open_test]
        if self._desired.cleanup or not self._desired.tests:
            left += [
                Decision(subject, "clean_up", f"{subject.name} has an open test failover") for subject in open_ones
            ]
        return plan_drill(left, self._desired)

    def to_result(self, state: DrillState) -> dict[str, Any]:
        return {
            "subjects": [
                {
                    "name": each.subject.name,
                    "kind": each.subject.kind,
                    "state": each.subject.state,
                    "open": each.subject.has_open_test,
                    "last_tested": shown_moment(each.subject.tested),
                }
                for each in state.tested
            ],
            "runs": [],
        }

    def preview(self, state: DrillState, plan: Plan) -> dict[str, Any]:  # noqa: ARG002
        return self.to_result(state)

    def final_result(self, state: DrillState, applied: DrillApplied) -> dict[str, Any]:
        return {**self.to_result(state), "runs": [run.to_result() for run in applied.runs]}

    def final_warnings(self, state: DrillState, applied: DrillApplied) -> tuple[str, ...]:
        note = self._isolation_note(state) if any(run.test for run in applied.runs) else None
        return (note,) if note else ()

    def describe(self, state: DrillState) -> str:
        return "; ".join(each.subject.describe() for each in state.tested)


def _is_about(target: JobTarget, run: DrillRun) -> bool:
    """Tell whether a job is about a machine or a plan. A machine can have the name of a plan."""
    if run.subject.kind == "plan":
        return target.is_plan(run.subject.name)
    return any(same_name(target.id, item.vm_id) for item in run.before)


def _code(failed: Sequence[DrillRun]) -> str | None:
    errors = [error for run in failed if run.test for error in run.test.all_errors() if not error.is_harmless]
    return errors[0].code if errors else None


def build(options: Mapping[str, Any], azure: Azure) -> TestFailoverResource:
    """Build the resource from the options of the module. Raises InvalidInput."""
    desired = DesiredDrill.from_options(options, azure.subscription_id)
    vault = follower.Vault(azure, options["resource_group"], options["vault_name"])
    return TestFailoverResource(vault, desired, options["concurrent"], options["wait_timeout"])
