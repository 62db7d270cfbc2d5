# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test failovers of single machines, and their cleanup."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from .documents import stamp
from .job_answers import accepted
from .job_trees import tasks_of
from .jobs import Job, JobError, JobTask, TaskFailed
from .messages import Answer, ArmError, Call, Json, document, member
from .protected_items import ITEM, item_job, need_item
from .protection_documents import recovery_points
from .protection_records import READY, ProtectedItem, Scenario
from .protection_rules import refused
from .recovery_services import need_vault
from .replication import Place
from .routes import Routes
from .state import AzureState
from .versions import SITE_RECOVERY
from .virtual_machines import NewMachine, machine_id, make_machine, remove_machine

ROUTES = Routes(SITE_RECOVERY)

# inferred: the operations while a test failover waits for its cleanup; documented: a failover remains possible.
_WAITING = ("PlannedFailover", "UnplannedFailover", "TestFailoverCleanup")
NETWORK_KINDS = ("VmNetworkAsInput", "NoNetworkAttachAsInput")


@dataclass(frozen=True, slots=True)
class DrillNetwork:
    """The network of a test failover, and the subnet of a machine in it."""

    kind: str
    id: str | None
    document: Json | None

    @property
    def name(self) -> str | None:
        return self.id.rstrip("/").rsplit("/", 1)[-1] if self.id else None

    def subnet_for(self, item: ProtectedItem) -> str | None:
        """Return the subnet with the source's name, or the first in alphabetical order (documented)."""
        if self.document is None:
            return None
        names = sorted(str(subnet["name"]) for subnet in self.document["properties"]["subnets"])
        wanted = [adapter.subnet for adapter in item.machine.adapters if adapter.subnet in names]
        return next(iter(wanted or names), None)


def network_of_drill(state: AzureState, call: Call) -> DrillNetwork:
    """Return the network that the body names. Refuse a body that the service cannot read."""
    properties = member(document(call), "properties", dict) or {}
    kind = properties.get("networkType")
    # documented: TestFailoverInputProperties. inferred: the texts of the refusals.
    if properties.get("failoverDirection") != "PrimaryToRecovery":
        raise refused("A test failover has the direction PrimaryToRecovery.")
    if kind not in NETWORK_KINDS:
        raise refused(f"The networkType must be one of: {', '.join(NETWORK_KINDS)}.")
    network = properties.get("networkId")
    if (kind == "VmNetworkAsInput") is not bool(network):
        raise refused("networkId must be given for the networkType VmNetworkAsInput, and for no other.")
    return DrillNetwork(kind, network, state.networks.get(str(network).rstrip("/").casefold()) if network else None)


def require_allowed(operations: tuple[str, ...], name: str, title: str) -> None:
    if name not in operations:
        # inferred: status, code and text.
        raise ArmError(400, "BadRequest", f"The operation {name} is not allowed in the present state of '{title}'.")


@dataclass(slots=True)
class Testing:
    """The test failover of one machine: the work of its tasks."""

    place: Place
    item: ProtectedItem
    network: DrillNetwork
    point: str | None = None
    details: Json = field(default_factory=dict)

    def tasks(self) -> list[JobTask]:
        return tasks_of(
            "TestFailover",
            {
                "TestFailoverPreflightChecksTask": self.check,
                "BeginTestFailoverTask": self.begin,
                "PrepareTestProtectedEntitiesTask": self.prepare,
            },
        )

    def check(self, job: Job) -> None:
        self.item.scenario = Scenario("TestFailover", job.id, self.place.state.context.clock.now())
        self.item.operations = ()
        if self.network.id and self.network.document is None:
            # documented: 28092: the adapter could not be made; inferred: that an absent network ends so.
            raise TaskFailed(JobError("28092", f"The network '{self.network.name}' could not be found."))

    def begin(self, _job: Job) -> None:
        points = recovery_points(self.place.state, self.item)
        name = (self.point or points[0][0]).rsplit("/", 1)[-1].lower()
        found = next((point for point in points if point[0] == name), None)
        if found is None:
            # inferred: the code.
            raise TaskFailed(JobError("539", "The recovery point is not available any more."))
        self.details = {"recoveryPointId": found[0], "recoveryPointTime": stamp(found[1])}
        self.item.test_state = "WaitingForCompletion"

    def prepare(self, _job: Job) -> None:
        item, target = self.item, self.item.target
        subnet, name = self.network.subnet_for(item), test_name(item)
        group = str(target["recoveryAzureResourceGroupId"])
        if machine_id(group, name).casefold() in self.place.state.machines:
            raise TaskFailed(JobError("28031", f"Virtual machine '{name}' could not be created: the name is taken."))
        new = NewMachine(
            name, self.place.location, str(target["recoveryAzureVMSize"]), str(target["osType"] or "Windows"), subnet
        )
        make_machine(self.place.state, group, new)
        # recorded: Azure PowerShell, AsrB2ATests, TestTFO: the members, at the end of the job only.
        self.details = {
            "name": item.machine.id.lower(),
            "friendlyName": item.machine.name,
            "testVmName": name,
            "testVmFriendlyName": name,
            "networkConnectionStatus": "Connected" if subnet else "NotConnected",
            "networkFriendlyName": self.network.name,
            "subnet": subnet,
        } | self.details

    def end(self, done: bool) -> None:
        self.item.scenario = None
        begun = self.item.test_state == "WaitingForCompletion"
        # inferred: a test that failed after its beginning waits for its cleanup like one that succeeded.
        self.item.operations = _WAITING if begun else READY
        # recorded: the warning 161011 disappears with a test that succeeded.
        self.item.tested = self.item.tested or done
        self.item.last_test = self.place.state.context.clock.now() if done else self.item.last_test


def test_name(item: ProtectedItem) -> str:
    # recorded: Azure PowerShell, AsrB2ATests, TestTFO.
    return f"{item.target['recoveryAzureVmName']}-test"


def test_details(network: DrillNetwork) -> Json:
    """Return what a job says about a test failover (recorded: Azure PowerShell, AsrB2ATests, TestTFO)."""
    return {
        "instanceType": "TestFailoverJobDetails",
        "testFailoverStatus": "Active",
        "comments": None,
        "networkName": network.name,
        "networkFriendlyName": network.name,
        "networkType": network.kind,
        "protectedItemDetails": [],
    }


def cleanup_details(comments: str) -> Json:
    """Return what a job says about a cleanup (recorded: Azure PowerShell, AsrB2ATests, TestTFO)."""
    return {
        "instanceType": "TestFailoverJobDetails",
        "testFailoverStatus": None,
        "comments": comments,
        "networkName": None,
        "networkFriendlyName": None,
        "networkType": None,
        "protectedItemDetails": [],
    }


@ROUTES.action(ITEM + "/testFailover")
def test_failover(state: AzureState, call: Call) -> Answer:
    vault = need_vault(state, call)
    fabric, item = need_item(vault, call)
    network = network_of_drill(state, call)
    provider = member(member(document(call), "properties", dict) or {}, "providerSpecificDetails", dict) or {}
    place = Place(state, vault, fabric)
    if item.scenario is None:
        require_allowed(item.operations, "TestFailover", item.machine.name)
    testing = Testing(place, item, network, provider.get("recoveryPointId"))
    job = start_drill(testing, "TestFailover", test_details(network), tasks=testing.tasks(), end=testing.end)
    return accepted(state, call, job)


def start_drill(
    testing: Testing,
    scenario: str,
    details: Json,
    *,
    tasks: list[JobTask],
    end: Callable[[bool], None] | None,
    parent: Job | None = None,
) -> Job:
    """Start a job about a test failover of one machine. `parent`: the job of the recovery plan that needs it."""
    place, item = testing.place, testing.item

    def finish(done: bool) -> None:
        if job.collided:
            return
        if end is not None:
            end(done)
        if testing.details.get("name"):
            details["protectedItemDetails"] = [testing.details]

    job = item_job(place, item, scenario, finish=finish, tasks=tasks, details=details, parent=parent)
    return job


@dataclass(frozen=True, slots=True)
class CleaningUp:
    """The end of a test failover of one machine: the work of its tasks."""

    place: Place
    item: ProtectedItem

    def tasks(self) -> list[JobTask]:
        return tasks_of(
            "TestFailoverCleanup",
            {"TestFailoverCleanupPreflightChecksTask": self.check, "CleanupTestProtectedEntitiesTask": self.remove},
        )

    def check(self, job: Job) -> None:
        self.item.scenario = Scenario("TestFailoverCleanup", job.id, self.place.state.context.clock.now())
        self.item.operations = ()

    def remove(self, _job: Job) -> None:
        group = str(self.item.target["recoveryAzureResourceGroupId"])
        remove_machine(self.place.state, machine_id(group, test_name(self.item)))
        # recorded: the state stays after the end of the cleanup (Azure PowerShell, AsrE2ETests, TestEditRP).
        self.item.test_state = "MarkedForDeletion"

    def end(self, done: bool) -> None:
        self.item.scenario = None
        self.item.operations = READY if done else _WAITING


@ROUTES.action(ITEM + "/testFailoverCleanup")
def clean_up(state: AzureState, call: Call) -> Answer:
    vault = need_vault(state, call)
    fabric, item = need_item(vault, call)
    properties = member(document(call), "properties", dict) or {}
    comments = member(properties, "comments", str) or ""
    place = Place(state, vault, fabric)
    if item.scenario is None:
        require_allowed(item.operations, "TestFailoverCleanup", item.machine.name)
    work, testing = CleaningUp(place, item), Testing(place, item, DrillNetwork("", None, None))
    job = start_drill(testing, "TestFailoverCleanup", cleanup_details(comments), tasks=work.tasks(), end=work.end)
    return accepted(state, call, job)
