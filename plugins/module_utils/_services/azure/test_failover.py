# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: test failovers of machines and recovery plans, with their cleanup and evidence (N4)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from ..._azure import jobs as follower
from ..._azure.clients import Azure
from ..._azure.consistency import DIFFERENT_SECONDS
from ..._azure.failures import Absent, read, translated
from ..._azure.wire import documents, payload, raw
from ..._model.azure.drill import Decision, DesiredDrill, Subject, decide, plan_drill, require_decidable
from ..._model.azure.drill_evidence import DrillRun, drill_machines
from ..._model.azure.drill_network import FoundNetwork, production_networks, require_isolated
from ..._model.azure.jobs import failure_of, set_moment, shown_moment
from ..._model.azure.protected_item import ProtectedItem
from ..._model.azure.recovery_point import OF_PLANS, RecoveryPoint
from ..._model.common.errors import AccessDenied, Refused, RemoteFailure
from ..._model.common.names import region, same_id, same_name
from ..._model.common.plan import Plan
from ..._model.common.resource import Applied, ManagedResource
from .protected_machines import Address, find_machine, get_machine, list_machines
from .vault import find

_PROVIDER = "HyperVReplicaAzure"
# documented: Virtual Machines - Get, with $expand=instanceView.
_COMPUTE_VERSION = "2022-11-01"
_RESUME = (
    "the jobs continue in Azure: run again with open_test=resume to follow them and clean up, or with"
    " open_test=clean_up to end them; or increase wait_timeout"
)


@dataclass(frozen=True, slots=True)
class Tested:
    """A machine or a plan with the protected machines that belong to it."""

    subject: Subject
    items: tuple[ProtectedItem, ...]


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
        listed = list_machines(vault, desired.server, desired.cloud)
        tested = (self._plan_subject(listed),) if desired.plan else tuple(self._machines(listed))
        production = production_networks(item.details for item in listed)
        now = datetime.now(timezone.utc)
        return DrillState(tested, self._network(), production, found.location, now)

    def _machines(self, listed: Sequence[ProtectedItem]) -> list[Tested]:
        chosen = [get_machine(self._vault, find_machine(listed, name).id) for name in self._desired.machines]
        return [Tested(_subject_of(item), (item,)) for item in chosen]

    def _plan_subject(self, listed: Sequence[ProtectedItem]) -> Tested:
        vault, name = self._vault, str(self._desired.plan)
        answer = read(
            f"read the recovery plan '{name}'",
            lambda: vault.azure.site_recovery.replication_recovery_plans.get(
                vault.resource_group, vault.name, name, cls=raw
            ),
        )
        if isinstance(answer, Absent):
            raise Refused(f"recovery_plan: the vault has no recovery plan '{name}'; correct it, or create the plan")
        properties = answer.get("properties") or {}
        groups = properties.get("groups") or ()
        ids = [str(entry.get("id")) for group in groups for entry in group.get("replicationProtectedItems") or ()]
        items = tuple(get_machine(vault, item.id) for item in listed if any(same_id(item.id, each) for each in ids))
        times = [_last_test(item) for item in items]
        oldest = min((each for each in times if each), default=None) if all(times) else None
        scenario = properties.get("currentScenario") or {}
        subject = Subject(
            "plan",
            str(answer.get("name")),
            str(answer.get("id")),
            tuple(map(str, properties.get("allowedOperations") or ())),
            str(scenario.get("scenarioName") or ""),
            str(scenario.get("jobId") or "").rpartition("/")[2] or None,
            oldest,
            str(properties.get("currentScenarioStatus") or "no operation is running"),
        )
        return Tested(subject, items)

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
            (decision, DrillRun(each.subject, each.items, comments=self._desired.comments))
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
        ended = follower.follow_all(self._vault, begun, deadline, _RESUME)
        for name, run in begun.items():
            run.test = ended[name]
            if not run.test.succeeded:
                run.problems.append(failure_of(run.test, f"test the failover of '{run.subject.name}'")[0])
            run.power.update(self._look(run))
        if self._desired.cleanup:
            tested = [run for decision, run in batch if decision.step == "follow" or run.test is not None]
            self._clean_up([run for run in tested if not (run.test and run.test.collided)], deadline)

    def _begin(self, decision: Decision, run: DrillRun) -> str | None:
        """Return the name of the job to follow. None: there is none, and the run has the reason."""
        if decision.step == "follow":
            return self._open_job(run)
        try:
            name = follower.start(
                self._test_call(run), f"test the failover of '{run.subject.name}'", self._wait_timeout
            )
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
        ids = {item.vm_id for item in run.before} if subject.kind == "machine" else {subject.name}
        for job in follower.list_jobs(vault):
            about = (job.target.id, job.target.name)
            if same_name(job.scenario, "TestFailover") and any(same_name(one, each) for one in ids for each in about):
                return job.name
        run.problems.append("the job of the open test failover is not among the newest jobs, so it has no evidence")
        return None

    def _clean_up(self, runs: Sequence[DrillRun], deadline: float) -> None:
        begun: dict[str, DrillRun] = {}
        for run in runs:
            try:
                name = self._begin_cleanup(run)
            except RemoteFailure as error:
                run.problems.append(error.message)
                continue
            if name is not None:
                begun[name] = run
        ended = follower.follow_all(self._vault, begun, deadline, _RESUME)
        for name, run in begun.items():
            run.cleanup = ended[name]
            if not run.cleanup.succeeded:
                run.problems.append(failure_of(run.cleanup, f"clean up the test of '{run.subject.name}'")[0])
            run.deleted.update({name: _is_gone(power) for name, power in self._look(run).items()})

    def _begin_cleanup(self, run: DrillRun) -> str | None:
        vault, client = self._vault, self._vault.azure.site_recovery
        subject = self._current(run)
        if subject.is_cleaning_up:
            return subject.job
        if subject.is_testing and subject.job:
            follower.follow_all(vault, [subject.job], time.monotonic() + self._wait_timeout, _RESUME)
            subject = self._current(run)
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
            )
        place = Address.of(subject.id)
        return follower.start(
            lambda **more: client.replication_protected_items.begin_test_failover_cleanup(
                vault.resource_group, vault.name, place.fabric, place.container, place.item, body, **more
            ),
            action,
            self._wait_timeout,
        )

    def _current(self, run: DrillRun) -> Subject:
        if run.subject.kind == "plan":
            return self._plan_subject(run.before).subject
        return _subject_of(get_machine(self._vault, run.subject.id))

    def _look(self, run: DrillRun) -> dict[str, str | None]:
        """Return the power states of the machines in Azure, as far as the identity may read them."""
        found: dict[str, str | None] = {}
        for machine in drill_machines(run.test):
            item = next((each for each in run.before if same_name(each.vm_id, machine.vm_id)), None)
            group = item.details.get("recoveryAzureResourceGroupId") if item else None
            if group:
                found[machine.name] = self._power(f"{group}/providers/Microsoft.Compute/virtualMachines/{machine.name}")
        return found

    def _power(self, machine_id: str) -> str | None:
        resources = self._vault.azure.resources.resources
        try:
            answer = read(
                "read the power state of a machine",
                lambda: resources.get_by_id(
                    machine_id, api_version=_COMPUTE_VERSION, params={"$expand": "instanceView"}, cls=raw
                ),
            )
        except RemoteFailure:
            # Evidence only: the role Site Recovery Operator does not allow to read machines.
            return None
        if isinstance(answer, Absent):
            return _ABSENT
        view = (answer.get("properties") or {}).get("instanceView") or {}
        codes = [str(status.get("code")) for status in view.get("statuses") or ()]
        return next((code.partition("/")[2] for code in codes if code.startswith("PowerState/")), None)

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


#: The power state of a machine that does not exist.
_ABSENT = "absent"


def _is_gone(power: str | None) -> bool | None:
    return None if power is None else power == _ABSENT


def _last_test(item: ProtectedItem) -> datetime | None:
    return set_moment(item.properties.get("lastSuccessfulTestFailoverTime"))


def _subject_of(item: ProtectedItem) -> Subject:
    return Subject(
        "machine",
        item.machine,
        item.id,
        item.operations,
        item.scenario,
        item.job,
        _last_test(item),
        item.describe(),
    )


def _code(failed: Sequence[DrillRun]) -> str | None:
    errors = [error for run in failed if run.test for error in run.test.all_errors() if not error.is_harmless]
    return errors[0].code if errors else None


def build(options: Mapping[str, Any], azure: Azure) -> TestFailoverResource:
    """Build the resource from the options of the module. Raises InvalidInput."""
    desired = DesiredDrill.from_options(options, azure.subscription_id)
    vault = follower.Vault(azure, options["resource_group"], options["vault_name"])
    return TestFailoverResource(vault, desired, options["concurrent"], options["wait_timeout"])
