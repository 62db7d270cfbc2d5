# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the replication of machines to Azure: enabled for many at once, followed, updated and disabled."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..._azure import consistency, jobs
from ..._azure.clients import Azure
from ..._model.azure.candidates import evaluate_accounts, evaluate_networks
from ..._model.azure.jobs import Job, failure_of
from ..._model.azure.protectable_item import SourceMachine, find_machine
from ..._model.azure.protected_item import ProtectedItem
from ..._model.azure.protection_plan import (
    MOVING,
    MachineState,
    Step,
    expected,
    plan_of,
    progress,
    steps_of,
    unconnected,
)
from ..._model.azure.protection_request import (
    Desired,
    DesiredMachine,
    creation_body,
    desired_from_options,
    group_id,
)
from ..._model.azure.protection_update import update_body
from ..._model.azure.target_limits import is_premium
from ..._model.azure.target_rule import RuleContext
from ..._model.common.errors import DeadlineExceeded, InvalidInput, Refused, RemoteFailure
from ..._model.common.names import ResourceId, same_id, same_name
from ..._model.common.plan import Plan
from ..._model.common.resource import Applied, Evidence, ManagedResource
from ..._model.common.waiting import interval, is_passing
from .cloud_machines import Cloud, find_cloud
from .item_jobs import Operation, Results, codes_of, run_all
from .storage_account import list_accounts
from .vault import require
from .virtual_network import list_networks

_RUNNING = ("enabledr",)
_REMOVING = ("disabledr", "purgevm")


@dataclass(frozen=True, slots=True)
class ProtectionState:
    """The machines of a task, and the account for the logs of those that will be enabled."""

    cloud: Cloud
    machines: tuple[MachineState, ...]
    log_account: str | None = None
    #: The running jobs that remove machines already.
    removing: tuple[str, ...] = ()


class ProtectedMachines(ManagedResource[ProtectionState, Applied]):
    """The protection of the machines of one task."""

    steps = ("N3",)

    def __init__(self, options: Mapping[str, Any], azure: Azure) -> None:
        self.options = options
        self.azure = azure
        self.desired: Desired = desired_from_options(options, azure.subscription_id)
        self.vault = jobs.Vault(azure, options["resource_group"], options["vault_name"])
        self.timeout = float(options["wait_timeout"])
        self.deadline = time.monotonic() + self.timeout
        self._found: Cloud | None = None
        self._sources: list[SourceMachine] | None = None
        #: Machines that this run has enabled: a list that does not show them yet is outdated.
        self._enabled: set[str] = set()

    # Observe ----------------------------------------------------------------------------------------------------------

    def observe(self) -> ProtectionState:
        cloud = self._cloud()
        machines = self._machines(cloud)
        missing = [machine for machine in machines if machine.item is None and machine.job is None]
        if self.desired.absent:
            return ProtectionState(cloud, machines, removing=self._removing(machines))
        return ProtectionState(cloud, machines, self._require_target(cloud, missing) if missing else None)

    def _removing(self, machines: Iterable[MachineState]) -> tuple[str, ...]:
        """Return the jobs of an earlier run, or of others, that remove machines of this task."""
        ids = {machine.item.vm_id.casefold() for machine in machines if machine.item is not None}
        running = jobs.list_jobs(self.vault, jobs.RUNNING) if ids else []
        return tuple(
            job.name
            for job in running
            if job.scenario.casefold() in _REMOVING and str(job.target.id or "").casefold() in ids
        )

    def _cloud(self) -> Cloud:
        if self._found is None:
            self._found = find_cloud(self.vault, self.options["vmm_server"], self.desired.cloud)
        return self._found

    def _machines(self, cloud: Cloud) -> tuple[MachineState, ...]:
        items = cloud.items()
        if self._sources is None:
            self._sources = [] if self.desired.absent else cloud.machines()
        sources = {
            one.name: None if self.desired.absent else find_machine(self._sources, one.name, one.id, cloud.name)
            for one in self.desired.machines
        }
        found = {one.name: _item_of(one, sources[one.name], items) for one in self.desired.machines}
        running: list[Job] = []
        if None in found.values():
            # A job that enables a machine is the only sign of it until it ends. It can end between two lists, so the
            # items are read once more.
            running = [job for job in jobs.list_jobs(self.vault) if not job.is_final]
            items = cloud.items()
            found = {one.name: _item_of(one, sources[one.name], items) for one in self.desired.machines}
        return tuple(
            MachineState(one, sources[one.name], found[one.name], _job_of(one, sources[one.name], running))
            for one in self.desired.machines
        )

    def _require_target(self, cloud: Cloud, machines: Sequence[MachineState]) -> str:
        """Check policy, networks and account of machines to be enabled. Return the id of the account for logs."""
        if self.desired.policy is None:
            raise InvalidInput("policy", "is required for machines that are not protected yet", "name the policy")
        self._require_policy(cloud, self.desired.policy)
        vault = require(self.azure, self.vault.resource_group, self.vault.name)
        context = RuleContext(vault_location=vault.location, vault_subscription=vault.subscription_id)
        for network in {machine.desired.network for machine in machines} - {None}:
            self._require_network(str(network), context, machines)
        return self._log_account(context)

    def _require_policy(self, cloud: Cloud, policy: str) -> None:
        names = cloud.policies()
        if not any(same_name(policy, name) for name in names):
            raise Refused(
                f"policy: cloud '{cloud.name}' is not associated with policy '{policy}'; associate them with"
                f" policy_association, or choose one of its policies: {', '.join(names) or 'none'}"
            )

    def _require_network(self, network: str, context: RuleContext, machines: Sequence[MachineState]) -> None:
        where = ResourceId.parse(network)
        networks = [one for one in list_networks(self.azure, where.resource_group) or [] if same_id(one.id, network)]
        if not networks:
            raise Refused(f"network: the virtual network '{network}' does not exist; correct the name or the id")
        [candidate] = evaluate_networks(networks, context)
        for check in candidate.checks:
            if check.blocks:
                raise Refused(f"network: '{where.name}' {check.describe()}")
        subnets = [subnet.name for subnet in networks[0].subnets]
        for machine in machines:
            wanted = machine.desired.subnet
            if wanted and same_id(machine.desired.network, network) and not _among(wanted, subnets):
                raise Refused(
                    f"subnet: network '{where.name}' has no subnet '{wanted}'; choose one of: {', '.join(subnets)}"
                )

    def _log_account(self, context: RuleContext) -> str:
        """Return the account for replication logs: the desired one, or the only one that can be used."""
        wanted = self.desired.log_account
        group = self.options["target_resource_group"] or self.vault.resource_group
        where = ResourceId.parse(wanted).resource_group if wanted else group
        accounts = [one for one in list_accounts(self.azure, where) or [] if not is_premium(one.sku)]
        candidates = evaluate_accounts(accounts, context)
        if wanted:
            for one in candidates:
                if same_id(one.id, wanted):
                    problems = [check.describe() for check in one.checks if check.blocks]
                    if problems:
                        raise Refused(f"log_account: '{one.name}' cannot keep replication logs: {'; '.join(problems)}")
                    return one.id
            raise Refused(f"log_account: there is no standard account '{wanted}'; correct the name or the id")
        usable = [one for one in candidates if one.status != "error"]
        if len(usable) == 1:
            return usable[0].id
        names = ", ".join(sorted(one.name for one in usable)) or "none"
        raise Refused(
            f"log_account: resource group '{group}' has no single account for replication logs; choose: {names}"
        )

    # Plan -------------------------------------------------------------------------------------------------------------

    def _steps(self, state: ProtectionState) -> list[Step]:
        return steps_of(self.desired, state.machines)

    def plan(self, state: ProtectionState) -> Plan:
        return plan_of(self._steps(state))

    def preview(self, state: ProtectionState, plan: Plan) -> dict[str, Any]:  # noqa: ARG002
        steps = self._steps(state)
        return {**self.to_result(state), "machines": [expected(step) for step in steps]}

    def to_result(self, state: ProtectionState) -> dict[str, Any]:
        return {
            "cloud": state.cloud.name,
            "progress": progress(state.machines, {}),
            "machines": [machine.to_result() for machine in state.machines],
        }

    def describe(self, state: ProtectionState) -> str:
        return progress(state.machines, {})

    def warnings(self, state: ProtectionState) -> tuple[str, ...]:
        notes = [note for step in self._steps(state) for note in step.notes]
        health = [
            f"machine '{machine.name}': {problem}"
            for machine in state.machines
            if machine.item
            for problem in machine.item.problems()
        ]
        return (*notes, *health, *(note for machine in state.machines for note in unconnected(machine)))

    # Apply ------------------------------------------------------------------------------------------------------------

    def is_settled(self, state: ProtectionState) -> bool:
        return not (state.removing if self.desired.absent else self._moving(state.machines))

    def wait_until_settled(self, state: ProtectionState) -> tuple[ProtectionState, Applied]:
        """Wait for machines that an earlier run has enabled, unless others wait to be enabled first.

        Jobs that remove machines already are followed to their ends.
        """
        if self.desired.absent:
            return self._wait_for_removals(state)
        if not self._moving(state.machines):
            return state, Applied()
        if any(step.action == "enable" for step in self._steps(state)):
            return state, Applied()
        results = Results()
        self._wait(state.cloud, results)
        self._require_success(state.cloud, results)
        return self.observe(), Applied(tuple(results.notes))

    def _wait_for_removals(self, state: ProtectionState) -> tuple[ProtectionState, Applied]:
        if not state.removing:
            return state, Applied()
        resume = "the jobs continue in Azure: run again to resume the wait, or increase wait_timeout"
        ended = jobs.follow_all(self.vault, state.removing, self.deadline, resume)
        return self.observe(), Applied(tuple(job.describe() for job in ended.values()), acted=True)

    def _moving(self, machines: Iterable[MachineState]) -> list[MachineState]:
        """Return the machines that have not reached the phase for which this task waits."""
        phases = MOVING if self.options["wait"] == "ready" else ("enabling",)
        return [
            machine
            for machine in machines
            if machine.phase in phases or (machine.phase == "unprotected" and machine.name in self._enabled)
        ]

    def apply(self, plan: Plan, state: ProtectionState) -> Applied:  # noqa: ARG002
        results, cloud = Results(), state.cloud
        steps = self._steps(state)
        notes = [note for step in steps if step.action == "purge" for note in step.notes]
        self._run([self._operation(state, step) for step in steps if step.action], results)
        if not self.desired.absent:
            self._enabled = {step.machine.name for step in steps if step.action == "enable"}
            self._wait(cloud, results)
            self._update_new(state, results)
        self._require_success(cloud, results)
        return Applied((*notes, *results.notes))

    def _run(self, operations: list[Operation], results: Results) -> None:
        run_all(self.vault, operations, self.options["parallel"], self.deadline, results)

    def _update_new(self, state: ProtectionState, results: Results) -> None:
        """Set what only a ready machine has: its network adapters, and settings that waited."""
        found = [machine for machine in self._machines(state.cloud) if machine.name not in results.failures]
        steps = [step for step in steps_of(self.desired, found) if step.action == "update"]
        self._run([self._operation(state, step) for step in steps], results)

    def _operation(self, state: ProtectionState, step: Step) -> Operation:
        cloud, machine, left = state.cloud, step.machine, max(0.0, self.deadline - time.monotonic())
        action = f"{step.action} the replication of machine '{machine.name}'"

        def start() -> str | None:
            if step.action == "enable" and machine.source is not None:
                return cloud.enable(machine.source.id, self._body(state, machine, machine.source), action, left)
            if machine.item is None:
                return None
            name = machine.item.name
            if step.action == "update":
                # Of what an update sends back, a list shows everything that a single read does (recorded).
                return cloud.update(name, update_body(machine.desired, machine.item), action, left)
            if step.action == "purge":
                return cloud.purge(name, action, left)
            if step.action == "disable":
                return cloud.disable(name, action, left)
            return cloud.resynchronize(name, action, left)

        return Operation(machine.name, action, start)

    def _body(self, state: ProtectionState, machine: MachineState, source: SourceMachine) -> dict[str, Any]:
        vault = f"/subscriptions/{self.azure.subscription_id}/resourceGroups/{self.vault.resource_group}"
        policies = f"{vault}/providers/Microsoft.RecoveryServices/vaults/{self.vault.name}/replicationPolicies"
        return creation_body(
            machine.desired,
            source,
            policy_id=f"{policies}/{self.desired.policy}",
            group=group_id(self.azure.subscription_id, self.vault.resource_group),
            log_account=str(state.log_account),
        )

    def visibility_limit(self, state: ProtectionState) -> float:  # noqa: ARG002
        return consistency.visibility_limit(self.timeout, absent=False)

    # Wait -------------------------------------------------------------------------------------------------------------

    def _wait(self, cloud: Cloud, results: Results) -> None:
        """Wait until all machines but the failed ones have arrived: one list of items and one of jobs per interval."""
        started = time.monotonic()
        while True:
            machines = self._look(cloud, results)
            if machines is not None:
                self.azure.report([progress(machines, codes_of(results.failures))])
            moving = [one for one in self._moving(machines or ()) if one.name not in results.failures]
            if machines is not None and not moving:
                return
            now = time.monotonic()
            if now >= self.deadline:
                raise DeadlineExceeded(
                    f"{len(moving)} machines to be {self.options['wait']}",
                    now - started,
                    "; ".join(machine.describe() for machine in moving) or "the list of items could not be read",
                    "the replication continues in Azure: run again to resume the wait, or increase wait_timeout",
                )
            time.sleep(interval(now - started, self.deadline - now))

    def _look(self, cloud: Cloud, results: Results) -> tuple[MachineState, ...] | None:
        try:
            machines = self._machines(cloud)
            pending = [one for one in self._moving(machines) if one.name not in results.failures]
            if any(one.item is not None for one in pending):
                self._note_failed_completion(pending, results)
        except RemoteFailure as error:
            if not is_passing(error.to_result()["error"]):
                raise
            return None
        return machines

    def _note_failed_completion(self, pending: Sequence[MachineState], results: Results) -> None:
        """Note the failure of the job that finishes a protection, which no request started."""
        listed = jobs.list_jobs(self.vault)
        for machine in pending:
            own = [job for job in listed if machine.item and same_name(job.target.id, machine.item.vm_id)]
            if own and own[0].scenario.casefold() == "ircompletion" and own[0].is_final and not own[0].succeeded:
                job = jobs.get(self.vault, own[0].name) or own[0]
                message, details = failure_of(job, f"finish the protection of machine '{machine.name}'")
                results.fail(machine.name, RemoteFailure(message, **details))

    def _require_success(self, cloud: Cloud, results: Results) -> None:
        """Raise RemoteFailure if machines failed, after all others have arrived."""
        if not results.failures:
            return
        machines = self._machines(cloud)
        line = progress(machines, codes_of(results.failures))
        texts = ". ".join(f"{name}: {error.message}" for name, error in results.failures.items())
        failed = len(results.failures)
        raise RemoteFailure(
            f"{failed} of {len(machines)} machines failed: {texts}. All machines: {line}",
            progress=line,
            failures=[
                {"machine": name, "message": error.message, **error.details} for name, error in results.failures.items()
            ],
            machines=[machine.to_result() for machine in machines],
        )

    def evidence(self, state: ProtectionState, plan: Plan, final: ProtectionState | None) -> tuple[Evidence, ...]:
        return tuple(self._line(step, state, plan, final) for step in self.steps)


def _item_of(
    desired: DesiredMachine, source: SourceMachine | None, items: Sequence[ProtectedItem]
) -> ProtectedItem | None:
    """Return the item of a machine, whatever its name is. Raises Refused for several of one name."""
    wanted = source.id if source else desired.id
    found = [one for one in items if (same_name(one.vm_id, wanted) if wanted else same_name(one.machine, desired.name))]
    if len(found) > 1:
        ids = ", ".join(sorted(one.vm_id for one in found))
        raise Refused(f"several protected machines are named '{desired.name}': {ids}; give the id of the one you mean")
    return found[0] if found else None


def _job_of(desired: DesiredMachine, source: SourceMachine | None, running: Sequence[Job]) -> Job | None:
    """Return the running job that enables a machine."""
    for job in running:
        known = same_name(job.target.id, source.id) if source else same_name(job.target.name, desired.name)
        if known and job.scenario.casefold() in _RUNNING:
            return job
    return None


def _among(name: str, names: Iterable[str]) -> bool:
    return any(same_name(name, one) for one in names)


def build(options: Mapping[str, Any], azure: Azure) -> ProtectedMachines:
    """Return the resource. Raises InvalidInput."""
    return ProtectedMachines(options, azure)
