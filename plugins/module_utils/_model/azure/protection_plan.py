# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the step for each machine of a task, from the state in which a run finds it.

Every state leads to one step, so a run that was interrupted at any point continues where it stopped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from ..common.candidate import Candidate, DiskFact, Observed
from ..common.check import Check
from ..common.eligibility import checks
from ..common.errors import Refused
from ..common.known_to_vmm import KnownToVmm
from ..common.names import same_name
from ..common.plan import Change, Plan
from .jobs import Job
from .protectable_item import SourceMachine
from .protected_item import Phase, ProtectedItem
from .protection_request import Desired, DesiredMachine, chosen_disks, os_type_of, target_name_of
from .protection_update import conflicts, require_nics, setting_changes, shown_settings

Action = Literal["enable", "update", "resynchronize", "disable", "purge"]
#: Phases in which a machine is on its way, so that a run waits for it.
MOVING: Final[tuple[Phase, ...]] = ("enabling", "copying", "finishing", "waiting")
#: The rest that a purge leaves, with the commands that remove it ("Remove servers and disable protection", 2018-11).
LEFT_BEHIND: Final = (
    "the owner host keeps the replication relationship of machine '{name}', and VMM its mark of disaster recovery: call"
    " RemoveReplicationRelationshipEx of Msvm_ReplicationService (root\\virtualization\\v2) on the owner host, and"
    " Set-SCVirtualMachine -ClearDRProtection on the VMM server, before the machine is protected again"
)


@dataclass(frozen=True, slots=True)
class MachineState:
    """One machine as a run found it. `job` is a running job about it."""

    desired: DesiredMachine
    source: SourceMachine | None
    item: ProtectedItem | None
    job: Job | None = None

    @property
    def name(self) -> str:
        return self.desired.name

    @property
    def phase(self) -> Phase:
        if self.item is not None:
            return self.item.phase
        return "unprotected" if self.job is None else "enabling"

    def describe(self) -> str:
        return f"{self.name}: {self.item.describe() if self.item else self.phase}"

    def to_result(self) -> dict[str, Any]:
        item = self.item
        known: dict[str, Any] = {
            "name": self.name,
            "id": item.vm_id if item else self.source.id if self.source else self.desired.id,
            "phase": self.phase,
            "item_id": item.id if item else None,
        }
        if item is None:
            return known
        return {
            **known,
            "policy": item.policy,
            "protection_state": item.protection_state,
            "allowed_operations": list(item.operations),
            "replication_health": item.health,
            "health_errors": item.problems(),
            **shown_settings(item),
        }


@dataclass(frozen=True, slots=True)
class Step:
    """The step for one machine: nothing, or one action with its changes. `notes` become warnings."""

    machine: MachineState
    action: Action | None = None
    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()


def step_of(desired: Desired, machine: MachineState) -> Step:
    """Return the step for one machine. Raises Refused."""
    return _removal(desired, machine) if desired.absent else _protection(desired, machine)


def _removal(desired: Desired, machine: MachineState) -> Step:
    item = machine.item
    if item is None:
        if machine.job is not None:
            raise Refused(
                f"machine '{machine.name}' is being enabled by the job {machine.job.name}; wait for its end, or cancel"
                " it, then run again"
            )
        return Step(machine)
    if not desired.allow_disable:
        raise Refused(
            f"machine '{machine.name}' is protected, and disabling its replication deletes its replica and recovery"
            " points; set allow_disable: true"
        )
    if item.phase in ("failed over", "testing"):
        remedy = "fail back or commit it" if item.phase == "failed over" else "clean up the test failover"
        raise Refused(f"machine '{machine.name}' is {item.describe()}; {remedy} first, then run again")
    if desired.purge:
        change = _action(
            machine, "protection", item.phase, None, "remove from the vault without any clean-up on premises"
        )
        return Step(machine, "purge", (change,), (LEFT_BEHIND.format(name=machine.name),))
    change = _action(machine, "protection", item.phase, None, "disable the replication")
    return Step(machine, "disable", (change,))


def _protection(desired: Desired, machine: MachineState) -> Step:
    item, source = machine.item, machine.source
    if item is None:
        if machine.job is not None or source is None:
            return Step(machine)
        return _enabling(desired, machine, source)
    if source is not None:
        found = conflicts(machine.desired, source, item, desired.policy)
        if found:
            raise Refused(
                f"machine '{machine.name}' is protected, but {'; '.join(found)}; this cannot be changed while it is"
                " protected: disable its replication and enable it again, or correct the options"
            )
    if item.phase == "failed over":
        return Step(
            machine, notes=(f"machine '{machine.name}' is {item.describe()}, so its settings were not compared",)
        )
    if desired.resynchronize and item.needs_resync:
        change = _action(machine, "replication", item.health, "resynchronized", "resynchronize")
        return Step(machine, "resynchronize", (change,))
    if item.has_settings:
        require_nics(machine.desired, item)
    changes = setting_changes(machine.desired, item)
    if changes and item.phase in MOVING:
        options = ", ".join(change.path for change in changes)
        return Step(machine, notes=(f"machine '{machine.name}' is not ready, so its settings wait: {options}",))
    return Step(machine, "update" if changes else None, tuple(changes))


def _enabling(desired: Desired, machine: MachineState, source: SourceMachine) -> Step:
    known = desired.vmm.get(source.id.casefold()) if desired.vmm is not None else None
    wanted = completed(machine.desired, source, known)
    stops = ineligible(wanted, source, known)
    if desired.vmm is not None and known is None:
        stops.append("vmm_machines does not have it; read its cloud again with vm_info")
    if stops and desired.skip_ineligible:
        return Step(machine, notes=tuple(f"machine '{machine.name}' was left out: {text}" for text in stops))
    if stops:
        raise Refused(f"machine '{machine.name}' cannot be protected: {'; '.join(stops)}")
    disks = ", ".join(disk.name for disk in chosen_disks(wanted, source))
    text = f"enable the replication as {target_name_of(wanted, source)} ({disks})"
    return Step(replace(machine, desired=wanted), "enable", (_action(machine, "protection", None, "enabled", text),))


def _action(machine: MachineState, path: str, before: Any, after: Any, text: str) -> Change:
    return Change(path, before, after, f"{machine.name}: {text}")


# Eligibility ---------------------------------------------------------------------------------------------------------


def completed(desired: DesiredMachine, source: SourceMachine, known: KnownToVmm | None) -> DesiredMachine:
    """Return the desired machine with what Azure does not know, as VMM knows it. Options take precedence."""
    if known is None:
        return desired
    names = [disk.name for disk in source.disks if known.system_disk and same_name(disk.name, known.system_disk)]
    found = names[0] if len(names) == 1 and len(source.disks) > 1 else None
    system = None if source.os_type else known.os_type
    return replace(desired, os_type=desired.os_type or system, os_disk=desired.os_disk or found)


def ineligible(desired: DesiredMachine, source: SourceMachine, known: KnownToVmm | None = None) -> list[str]:
    """Return why a machine cannot be protected, with the fix for each reason.

    A rule that VMM or the host has decided is not decided again by Azure's copy.
    """
    decided = {check.id: check for check in known.checks} if known else {}
    own = [check for check in eligibility(desired, source) if check.id not in decided]
    found = [check.describe() for check in (*own, *decided.values()) if check.blocks]
    if not source.replicates_to_azure:
        found.append("Azure does not offer the replication to Azure for it; check the policy of its cloud")
    found += [f"Azure reports: {error}" for error in source.readiness_errors]
    for ask in (chosen_disks, os_type_of, target_name_of):
        try:
            ask(desired, source)
        except Refused as refusal:
            found.append(refusal.message)
    return found


def eligibility(desired: DesiredMachine, source: SourceMachine) -> list[Check]:
    """Return the checks of a machine, by the facts that Azure has."""
    disks = tuple(
        DiskFact(disk.name, None if disk.size_mb is None else disk.size_mb * 1024 * 1024) for disk in source.disks
    )
    observed = Observed(
        generation=source.generation,
        disks=disks,
        os_type=desired.os_type or source.os_type,
        shared_disk=_present(source.shared_disk),
        physical_disk=_present(source.physical_disk),
        fibre_channel=_present(source.fibre_channel),
    )
    name = desired.target_name or source.name
    return checks(Candidate(source.id, source.hyperv_id, source.name, observed={"azure": observed}, target_name=name))


def _present(value: str) -> bool | None:
    return {"Present": True, "NotPresent": False}.get(value)


# All machines --------------------------------------------------------------------------------------------------------


def steps_of(desired: Desired, machines: Sequence[MachineState]) -> list[Step]:
    """Return the steps of all machines. Raises Refused, which names every machine that stops the task."""
    steps, refusals = [], []
    for machine in machines:
        try:
            steps.append(step_of(desired, machine))
        except Refused as refusal:
            refusals.append(refusal.message)
    if refusals:
        raise Refused(". ".join(refusals), refusals=refusals)
    return steps


def plan_of(steps: Iterable[Step]) -> Plan:
    return Plan(tuple(change for step in steps for change in step.changes))


def expected(step: Step) -> dict[str, Any]:
    """Return the result of a machine after its step, as far as it is known before."""
    shown = step.machine.to_result()
    if step.action in ("disable", "purge"):
        return {**{name: shown[name] for name in ("name", "id")}, "phase": "unprotected", "item_id": None}
    if step.action == "enable":
        return {**shown, "phase": "enabling"}
    return {**shown, **{change.path: change.after for change in step.changes if change.path in shown}}


def progress(machines: Iterable[MachineState], failures: Mapping[str, str]) -> str:
    """Return the numbers of machines by phase in one line: `37 ready, 8 copying, 2 failed: web07 (...)`."""
    counts = Counter("failed" if machine.name in failures else machine.phase for machine in machines)
    order = ("ready", "finishing", "copying", "enabling", "testing", "failed over", "waiting", "unprotected", "failed")
    return counted({name: counts[name] for name in order if name != "failed"}, failures) or "no machine"


def counted(counts: Mapping[str, int], failures: Mapping[str, str]) -> str:
    """Return numbers by name in one line, without zeros, and the failures by machine at its end."""
    line = ", ".join(f"{number} {name}" for name, number in {**counts, "failed": len(failures)}.items() if number)
    reasons = "; ".join(f"{name} ({reason})" for name, reason in failures.items())
    return f"{line}: {reasons}" if reasons else line


def unconnected(machine: MachineState) -> list[str]:
    """Return a note about a ready machine without any network in Azure: it would start without a connection."""
    item = machine.item
    if item is None or item.phase != "ready" or any(nic.used and nic.network_id for nic in item.nics):
        return []
    return [
        f"machine '{machine.name}' has no adapter in a network in Azure; set network, or map its VM network to one"
        " before its replication is enabled"
    ]
