# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two legs of a failover, to Azure and back: the work of their tasks, and the states after them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from ..context import ReplicationRefused
from .documents import stamp
from .job_engine import refused
from .jobs import Job, JobError, TaskFailed
from .messages import Json
from .protection_documents import recovery_points
from .protection_records import READY, ProtectedItem
from .records import guid
from .replication import Place, ask_fabric
from .virtual_machines import NewMachine, machine_id, make_machine, remove_machine

#: The operations after a failover to Azure (recorded: Azure PowerShell, AsrE2ETests).
TO_COMMIT = ("CompleteMigration", "Commit", "DisableProtection", "ChangePit")
#: recorded: the operations after a commit do not name the failback, which is accepted (azure-cli-extensions, B2A).
COMMITTED = ("CompleteMigration", "ReverseReplicate", "DisableProtection")
# inferred: the operations after a failback, and after its commit.
TO_COMMIT_BACK = ("Commit", "DisableProtection")
TO_REVERSE = ("ReverseReplicate", "DisableProtection")
# inferred: the operations on a machine whose failover was canceled.
_UNREPLICATED = ("RepairReplication", "DisableProtection")


class Leg(Protocol):
    """A failover in one direction."""

    place: Place
    item: ProtectedItem

    def end(self, done: bool, *, canceled: bool) -> None: ...

    def document(self) -> Json: ...


@dataclass(slots=True)
class Failover:
    """A failover to Azure. `point`: the recovery point that the request names. `stops`: the source is shut down."""

    place: Place
    item: ProtectedItem
    point: str | None
    planned: bool
    stops: bool = True
    used: tuple[str, str] | None = None
    made: str | None = None
    begun: bool = field(default=False)

    def check(self, _job: Job) -> None:
        points = recovery_points(self.place.state, self.item)
        name = (self.point or (points[0][0] if points else "")).rsplit("/", 1)[-1].lower()
        found = next((point for point in points if point[0] == name), None)
        if found is None:
            # inferred: the code.
            raise TaskFailed(JobError("539", "The recovery point is not available any more."))
        self.used, self.begun = (found[0], stamp(found[1])), True

    def shut_down(self, _job: Job) -> None:
        context = self.place.state.context
        ask_fabric(self.place, lambda server, vm: context.fabric.set_running(server, vm, False), self.item.machine)

    def try_to_shut_down(self, job: Job) -> None:
        """Shut the machine down (documented: an unplanned failover goes on if that fails)."""
        if not self.stops:
            return
        try:
            self.shut_down(job)
        except ReplicationRefused as refusal:
            # inferred: the state of such a job.
            job.note(refused(refusal), self.place.state.context.clock.now(), outcome="CompletedWithInformation")

    def switch(self, job: Job) -> None:
        """Make the virtual machine in Azure."""
        target = self.item.target
        group, name = str(target["recoveryAzureResourceGroupId"]), str(target["recoveryAzureVmName"])
        if machine_id(group, name).casefold() in self.place.state.machines:
            # recorded: the failover succeeds, and the machine has another name.
            name = f"{name}-{guid()}"
            text = f"The virtual machine was created with the name '{name}', because its own name was not available."
            job.note(JobError("28175", text, causes="", action=""), self.place.state.context.clock.now())
        new = NewMachine(
            name,
            self.place.location,
            str(target["recoveryAzureVMSize"]),
            str(target["osType"] or "Windows"),
            self._subnet(),
        )
        if self.planned:
            # documented: the changes up to the shutdown are copied first, so that a planned failover loses nothing.
            self.used = (guid(), stamp(self.place.state.context.clock.now()))
        self.made = make_machine(self.place.state, group, new)

    def _subnet(self) -> str | None:
        used = [nic for nic in self.item.adapters if nic["selectionType"] != "NotSelected"]
        return next((str(nic["ipConfigs"][0]["recoverySubnetName"]) for nic in used), None)

    def end(self, done: bool, *, canceled: bool) -> None:
        item = self.item
        if done and self.used:
            item.location, item.azure_machine, item.operations = "Recovery", self.made, TO_COMMIT
            # recorded: both states of an item are the same then.
            item.protection_state = item.vm_state = (
                "PlannedFailoverCommitRequired" if self.planned else "UnplannedFailoverCommitPendingStatesBegin"
            )
            item.failover_point, item.last_failover = self.used[0], self.place.state.context.clock.now()
            return
        if self.made:
            remove_machine(self.place.state, self.made)
        # documented: a machine whose failover was canceled does not replicate. inferred: how it shows that.
        item.operations = _UNREPLICATED if canceled and self.begun else READY
        if canceled and self.begun:
            item.health_codes.append("67502")

    def document(self) -> Json:
        """Return what the job says about the machine at its end."""
        return _document(self.item, self.used or ("", ""))


@dataclass(slots=True)
class Failback:
    """A planned failover from Azure to the machine on premises.

    `early`: data is copied before it stops in Azure. `creates`: a machine that is gone is created again.
    """

    place: Place
    item: ProtectedItem
    early: bool
    creates: bool = False

    def check(self, _job: Job) -> None:
        """Check the server, which must be connected, and the machine (both documented)."""
        ask_fabric(self.place, self._require_machine, self.item.machine)

    def _require_machine(self, server: str, vm: str) -> None:
        if not self.creates and not self.place.state.context.fabric.knows_machine(server, vm):
            # inferred: the codes and the text, and that the first task checks it.
            raise ReplicationRefused("70094", 31389, f"VMM does not know the machine {vm}.")

    def prepare(self, _job: Job) -> None:
        """Create a machine that is gone (documented: CreateVmIfNotFound)."""
        ask_fabric(self.place, self._create_missing, self.item.machine)

    def _create_missing(self, server: str, vm: str) -> None:
        fabric = self.place.state.context.fabric
        if not fabric.knows_machine(server, vm):
            fabric.create_machine(server, self.item.machine)

    def shut_down(self, _job: Job) -> None:
        self._stop(True)

    def start(self, _job: Job) -> None:
        context = self.place.state.context
        ask_fabric(self.place, lambda server, vm: context.fabric.set_running(server, vm, True), self.item.machine)

    def _stop(self, stopped: bool) -> None:
        found = self.place.state.stopped_machines
        if self.item.azure_machine:
            (found.add if stopped else found.discard)(self.item.azure_machine.casefold())

    def end(self, done: bool, *, canceled: bool) -> None:  # noqa: ARG002
        item = self.item
        if not done:
            # inferred: a failback that failed can be repeated; the machine in Azure is where its job left it.
            item.operations = COMMITTED
            return
        item.location, item.operations = "Primary", TO_COMMIT_BACK
        item.protection_state = item.vm_state = "PlannedFailoverCommitRequired"
        item.last_failover = self.place.state.context.clock.now()

    def document(self) -> Json:
        return _document(self.item, ("", ""))


def _document(item: ProtectedItem, point: tuple[str, str]) -> Json:
    # documented: FailoverReplicationProtectedItemDetails; inferred: which of its members a failover sets.
    return {
        "name": item.machine.id.lower(),
        "friendlyName": item.machine.name,
        "testVmName": None,
        "testVmFriendlyName": None,
        "networkConnectionStatus": None,
        "networkFriendlyName": None,
        "subnet": None,
        "recoveryPointId": point[0] or None,
    } | ({"recoveryPointTime": point[1]} if point[1] else {})
