# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: a recovery plan as the service shows it: its groups in their order, their machines and their actions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ..common.names import same_id, same_name
from .jobs import Job, job_of_plan, set_moment
from .protected_item import ProtectedItem

AZURE = "Microsoft Azure"
PROVIDER = "HyperVReplicaAzure"
BOOT = "Boot"
_TEST, _MANUAL = "TestFailover", "manualactiondetails"
_ACTIONS = ("startGroupActions", "endGroupActions")


@dataclass(frozen=True, slots=True)
class PlanGroup:
    """A group of a plan. Groups of the type Boot start one after the other, and the service adds two other groups."""

    type: str
    item_ids: tuple[str, ...]
    #: As it was read. A change sends it again, so that the actions of others stay.
    document: Mapping[str, Any]

    @classmethod
    def from_wire(cls, document: Mapping[str, Any]) -> PlanGroup:
        entries = document.get("replicationProtectedItems") or ()
        return cls(str(document.get("groupType")), tuple(str(entry.get("id")) for entry in entries), document)

    @property
    def is_boot(self) -> bool:
        return self.type.casefold() == BOOT.casefold()

    def holds(self, item_id: str) -> bool:
        return any(same_id(item_id, each) for each in self.item_ids)

    def actions(self) -> Iterator[Mapping[str, Any]]:
        for place in _ACTIONS:
            yield from self.document.get(place) or ()

    def action_names(self) -> list[str]:
        return [str(action.get("actionName")) for action in self.actions()]


@dataclass(frozen=True, slots=True)
class RecoveryPlan:
    """A recovery plan as one reading showed it."""

    id: str
    name: str
    source: str
    server: str
    target: str
    providers: tuple[str, ...]
    operations: tuple[str, ...]
    scenario: str
    job: str | None
    groups: tuple[PlanGroup, ...]
    #: The start of the last test failover, whatever its result was.
    last_test: datetime | None

    @classmethod
    def from_wire(cls, document: Mapping[str, Any]) -> RecoveryPlan:
        properties = document.get("properties") or {}
        # recorded: null while nothing runs.
        scenario = properties.get("currentScenario") or {}
        name, job = str(scenario.get("scenarioName") or ""), str(scenario.get("jobId") or "").rpartition("/")[2]
        return cls(
            str(document.get("id") or ""),
            str(document.get("name") or ""),
            str(properties.get("primaryFabricId") or ""),
            str(properties.get("primaryFabricFriendlyName") or ""),
            str(properties.get("recoveryFabricId") or ""),
            tuple(map(str, properties.get("replicationProviders") or ())),
            tuple(map(str, properties.get("allowedOperations") or ())),
            "" if same_name(name, "None") else name,
            None if job in ("", "None") else job,
            tuple(PlanGroup.from_wire(group) for group in properties.get("groups") or ()),
            set_moment(properties.get("lastTestFailoverTime")),
        )

    def with_job(self, running: Iterable[Job]) -> RecoveryPlan:
        """Return the plan with its job of the running jobs of the vault: a plan shows its job late."""
        job = None if self.job and self.scenario else job_of_plan(running, self.name)
        return self if job is None else replace(self, scenario=job.scenario, job=job.name)

    @property
    def boot_groups(self) -> tuple[PlanGroup, ...]:
        return tuple(group for group in self.groups if group.is_boot)

    @property
    def item_ids(self) -> tuple[str, ...]:
        """Return the ids of the protected items in their order, each of them once."""
        ids = (each for group in self.groups for each in group.item_ids)
        return tuple({each.casefold(): each for each in ids}.values())

    @property
    def fits(self) -> bool:
        """Tell whether the plan is about failovers from VMM to Azure. A plan without machines shows no providers."""
        return same_name(self.target, AZURE) and all(same_name(each, PROVIDER) for each in self.providers)

    def allows(self, operation: str) -> bool:
        return any(same_name(operation, each) for each in self.operations)

    @property
    def has_open_test(self) -> bool:
        return self.allows("TestFailoverCleanup") or same_name(self.scenario, _TEST)

    def group_number(self, item_id: str) -> int | None:
        """Return the number of the group with which a machine starts, beginning with 1."""
        return next((number for number, group in enumerate(self.boot_groups, 1) if group.holds(item_id)), None)

    def describe(self) -> str:
        return f"recovery plan {self.name}: {count_of(len(self.item_ids), len(self.boot_groups))}"


def count_of(machines: int, groups: int) -> str:
    """Return the size of a plan in words."""
    return f"{machines} machine{'' if machines == 1 else 's'} in {groups} group{'' if groups == 1 else 's'}"


def shown_group(group: Mapping[str, Any], machines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a group for a result."""
    start, end = (list(map(_shown_action, group.get(place) or ())) for place in _ACTIONS)
    return {"machines": list(machines), "start_actions": start, "end_actions": end}


def _shown_action(action: Mapping[str, Any]) -> dict[str, Any]:
    kind = str((action.get("customDetails") or {}).get("instanceType") or "")
    known = {_MANUAL: "manual", "scriptactiondetails": "script", "automationrunbookactiondetails": "runbook"}
    return {
        "name": str(action.get("actionName") or ""),
        "kind": known.get(kind.casefold(), kind),
        "operations": [str(each) for each in action.get("failoverTypes") or ()],
        "directions": [str(each) for each in action.get("failoverDirections") or ()],
    }


def shown_machine(item_id: str, items: Sequence[ProtectedItem]) -> dict[str, Any]:
    """Return a machine of a plan for a result. One that is not protected anymore has the name of its item only."""
    item = next((each for each in items if same_id(each.id, item_id)), None)
    if item is None:
        return {"name": item_id.rpartition("/")[2], "id": None, "protected": False}
    return {"name": item.machine, "id": item.vm_id, "protected": True}
