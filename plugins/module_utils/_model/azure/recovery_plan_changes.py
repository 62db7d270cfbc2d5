# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the desired state of a recovery plan, its rules, and the plan of changes to reach it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..common.errors import InvalidInput, Refused
from ..common.names import same_id, same_name
from ..common.plan import Change, Plan, creation
from .protected_item import ProtectedItem
from .recovery_plan import (
    AZURE,
    BOOT,
    PROVIDER,
    PlanGroup,
    RecoveryPlan,
    count_of,
    shown_group,
    shown_machine,
)

OPTIONS: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "vault_name": {"type": "str", "required": True},
    "resource_group": {"type": "str", "required": True},
    "groups": {
        "type": "list",
        "elements": "dict",
        "options": {"machines": {"type": "list", "elements": "str", "required": True}},
    },
    "vmm_server": {"type": "str"},
    "vmm_cloud": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}
# Documentation of azurerm_site_recovery_replication_recovery_plan.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]")
# "About recovery plans": 100 protected instances. "Add groups to a recovery plan": seven groups.
_MOST_MACHINES, _MOST_GROUPS = 100, 7
_COPYING = ("unprotected", "enabling", "copying")
_EMPTY = {"groupType": BOOT, "replicationProtectedItems": [], "startGroupActions": [], "endGroupActions": []}


@dataclass(frozen=True, slots=True)
class DesiredPlan:
    """The machines of each group by names or ids, in the order in which the groups start. None: not set."""

    name: str
    present: bool
    groups: tuple[tuple[str, ...], ...] | None = None

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> DesiredPlan:
        """Check the options offline. Raises InvalidInput."""
        name, present = options["name"], options["state"] == "present"
        if not _NAME.fullmatch(name):
            raise InvalidInput(
                "name",
                "must have 2 to 63 letters, digits and hyphens, begin with a letter, and not end with a hyphen",
                f"choose another name than {name!r}",
            )
        if options["groups"] is None or not present:
            return cls(name, present)
        groups = tuple(tuple(group["machines"]) for group in options["groups"])
        _require_groups(groups)
        return cls(name, present, groups)


def _require_groups(groups: Sequence[Sequence[str]]) -> None:
    machines = [name for group in groups for name in group]
    if not machines or not all(name.strip() for name in machines):
        raise InvalidInput("groups", "must have at least one machine, and no empty name", "name the machines")
    if len(groups) > _MOST_GROUPS:
        raise InvalidInput("groups", f"must have at most {_MOST_GROUPS} entries, not {len(groups)}", "join groups")
    if len(machines) > _MOST_MACHINES:
        raise InvalidInput(
            "groups", f"must have at most {_MOST_MACHINES} machines, not {len(machines)}", "make several plans"
        )
    folded = [name.casefold() for name in machines]
    twice = sorted({name for name in machines if folded.count(name.casefold()) > 1})
    if twice:
        raise InvalidInput("groups", f"'{twice[0]}' is a duplicate", "put each machine into one group")


@dataclass(frozen=True, slots=True)
class PlanState:
    """A recovery plan as it was read, and the protected machines. None: it is absent."""

    plan: RecoveryPlan | None
    items: tuple[ProtectedItem, ...] = ()

    def to_result(self) -> dict[str, Any]:
        plan = self.plan
        if plan is None:
            return {}
        groups = [(group.document, group.item_ids) for group in plan.boot_groups]
        return {"id": plan.id, "name": plan.name, "vmm_server": plan.server, "groups": _shown(groups, self.items)}


def fabric_of(item_id: str) -> str:
    """Return the name of the server of an item in the vault."""
    parts = item_id.strip("/").split("/")
    names = [part.casefold() for part in parts]
    place = names.index("replicationfabrics") + 1 if "replicationfabrics" in names else len(parts)
    return parts[place] if place < len(parts) else ""


# Plan ----------------------------------------------------------------------------------------------------------------


def plan_changes(state: PlanState, desired: DesiredPlan) -> Plan:
    """Plan the recovery plan. Raises Refused."""
    plan = state.plan
    if plan is not None and not plan.fits:
        raise Refused(
            f"recovery plan '{plan.name}' exists for another scenario than Hyper-V to Azure; choose another name"
        )
    if not desired.present:
        return _removal(plan)
    if desired.groups is None:
        if plan is None:
            raise Refused(f"recovery plan '{desired.name}' does not exist; set groups to create it")
        return Plan()
    chosen = chosen_items(state, desired.groups)
    if plan is None:
        return Plan.of(_creation(state, desired, chosen))
    steps = list(_steps(plan, chosen, state.items))
    if not steps:
        return Plan()
    _require_idle(plan, "changed")
    before, after = state.to_result()["groups"], _shown(_wanted_groups(plan, chosen), state.items)
    return Plan((Change("groups", before, after, f"recovery plan {plan.name}: {', '.join(steps)}"),))


def _creation(state: PlanState, desired: DesiredPlan, chosen: Sequence[Sequence[ProtectedItem]]) -> list[Change]:
    size = count_of(sum(map(len, chosen)), len(chosen))
    values = {
        "name": desired.name,
        "vmm_server": _server_name(chosen),
        "groups": _shown([(_EMPTY, [item.id for item in group]) for group in chosen], state.items),
    }
    return creation(f"create recovery plan {desired.name} with {size}", values)


def _removal(plan: RecoveryPlan | None) -> Plan:
    if plan is None:
        return Plan()
    _require_idle(plan, "deleted")
    actions = [name for group in plan.groups for name in group.action_names()]
    also = f" and the actions {', '.join(actions)}" if actions else ""
    size = count_of(len(plan.item_ids), len(plan.boot_groups))
    reason = f"delete recovery plan {plan.name} with {size}{also}"
    return Plan((Change("state", "present", "absent", reason),))


def _require_idle(plan: RecoveryPlan, verb: str) -> None:
    if plan.has_open_test:
        raise Refused(
            f"recovery plan '{plan.name}' has an open test failover, and is not {verb} before its end; clean it up with"
            " test_failover and state=cleaned_up"
        )
    if plan.scenario:
        raise Refused(
            f"recovery plan '{plan.name}' is not {verb} while {plan.scenario} is running (job {plan.job}); run again"
            " when the job has ended"
        )


# Machines ------------------------------------------------------------------------------------------------------------


def chosen_items(state: PlanState, groups: Sequence[Sequence[str]]) -> list[list[ProtectedItem]]:
    """Return the protected machines of each group. Raises Refused with all that cannot be in the plan."""
    plan, problems = state.plan, list[str]()
    chosen: list[list[ProtectedItem]] = []
    for group in groups:
        found = [(name, _named(state.items, name)) for name in group]
        problems += [f"{name}: {_why_not(items)}" for name, items in found if len(items) != 1]
        chosen.append([items[0] for _name, items in found if len(items) == 1])
    known = [item for group in chosen for item in group]
    problems += [f"{item.machine}: {text}" for item in known for text in _unfit(item, known, plan)]
    if problems:
        raise Refused(f"groups: these machines cannot be in the recovery plan: {'; '.join(dict.fromkeys(problems))}")
    return chosen


def _named(items: Sequence[ProtectedItem], name: str) -> list[ProtectedItem]:
    return [item for item in items if same_name(item.vm_id, name)] or [
        item for item in items if same_name(item.machine, name)
    ]


def _why_not(items: Sequence[ProtectedItem]) -> str:
    if not items:
        return "it is not protected; protect it with protected_vm, or correct the name"
    ids = ", ".join(sorted(item.vm_id for item in items))
    return f"several machines have this name ({ids}); give the id, or set vmm_server or vmm_cloud"


def _unfit(item: ProtectedItem, chosen: Sequence[ProtectedItem], plan: RecoveryPlan | None) -> Iterator[str]:
    """Yield why a protected machine cannot be in the plan."""
    if sum(each is item for each in chosen) > 1:
        yield "it is listed by its name and by its id; list it once"
    if not same_name(str(item.details.get("instanceType")), PROVIDER):
        yield "it does not replicate from Hyper-V to Azure; leave it out"
    elif item.phase in _COPYING and not (plan and any(same_id(item.id, each) for each in plan.item_ids)):
        # The portal offers only machines whose initial replication has ended.
        yield f"its initial replication has not ended ({item.describe()}); wait until it is ready"
    source = fabric_of(plan.source + "/") if plan else fabric_of(chosen[0].id)
    if not same_name(fabric_of(item.id), source):
        owner = plan.server if plan else _server_of(chosen[0])
        yield f"it belongs to the VMM server {_server_of(item)}, and the plan to {owner}; make a plan for each server"


def _server_of(item: ProtectedItem) -> str:
    return str(item.properties.get("primaryFabricFriendlyName") or "")


def _server_name(chosen: Sequence[Sequence[ProtectedItem]]) -> str:
    return next((_server_of(item) for group in chosen for item in group), "")


# Groups --------------------------------------------------------------------------------------------------------------


def _steps(
    plan: RecoveryPlan, chosen: Sequence[Sequence[ProtectedItem]], items: Sequence[ProtectedItem]
) -> Iterator[str]:
    """Yield the differences in words. Machines of a group start together, so their order has no meaning."""
    kept: set[str] = set()
    for number, group in enumerate(chosen, 1):
        for item in group:
            kept.add(item.id.casefold())
            before = plan.group_number(item.id)
            if before is None:
                yield f"add {item.machine} to group {number}"
            elif before != number:
                yield f"move {item.machine} from group {before} to group {number}"
    for number, old in enumerate(plan.boot_groups, 1):
        for each in old.item_ids:
            if each.casefold() not in kept:
                yield f"remove {shown_machine(each, items)['name']} from group {number}"
    known, wanted = plan.boot_groups, len(chosen)
    for number in range(len(known), wanted):
        yield f"add group {number + 1}"
    for number, old in enumerate(known[wanted:], wanted + 1):
        _require_no_actions(plan, number, old)
        yield f"remove group {number}"


def _require_no_actions(plan: RecoveryPlan, number: int, group: PlanGroup) -> None:
    actions = ", ".join(group.action_names())
    if actions:
        raise Refused(
            f"groups: group {number} of recovery plan '{plan.name}' has the actions {actions}, which would go with it;"
            " keep the group, with an empty list of machines if it has none, or delete its actions first"
        )


def _wanted_groups(
    plan: RecoveryPlan, chosen: Sequence[Sequence[ProtectedItem]]
) -> list[tuple[Mapping[str, Any], list[str]]]:
    """Return the documents of the groups that start, and the ids of their machines."""
    known = [group.document for group in plan.boot_groups]
    documents = [*known, *[_EMPTY] * len(chosen)][: len(chosen)]
    return [(document, [item.id for item in group]) for document, group in zip(documents, chosen, strict=True)]


def _shown(
    groups: Sequence[tuple[Mapping[str, Any], Sequence[str]]], items: Sequence[ProtectedItem]
) -> list[dict[str, Any]]:
    return [shown_group(document, [shown_machine(each, items) for each in ids]) for document, ids in groups]


# Bodies --------------------------------------------------------------------------------------------------------------


def creation_body(state: PlanState, desired: DesiredPlan) -> dict[str, Any]:
    chosen = chosen_items(state, desired.groups or ())
    first = next(item for group in chosen for item in group)
    return {
        "properties": {
            "primaryFabricId": first.id.rpartition("/replicationProtectionContainers/")[0],
            "recoveryFabricId": AZURE,
            "failoverDeploymentModel": "ResourceManager",
            "groups": [{**_EMPTY, "replicationProtectedItems": list(map(_entry, group))} for group in chosen],
        }
    }


def update_body(plan: RecoveryPlan, state: PlanState, desired: DesiredPlan) -> dict[str, Any]:
    """Return the body of a change: all groups, the added ones included, with the actions that they have (recorded)."""
    chosen = chosen_items(state, desired.groups or ())
    others = [dict(group.document) for group in plan.groups if not group.is_boot]
    documents = [document for document, _ids in _wanted_groups(plan, chosen)]
    entries = {
        str(entry.get("id")).casefold(): entry
        for group in plan.groups
        for entry in group.document.get("replicationProtectedItems") or ()
    }
    boot = [
        {**document, "replicationProtectedItems": [entries.get(item.id.casefold(), _entry(item)) for item in group]}
        for document, group in zip(documents, chosen, strict=True)
    ]
    return {"properties": {"groups": [*others, *boot]}}


def _entry(item: ProtectedItem) -> dict[str, str]:
    return {"id": item.id, "virtualMachineId": item.vm_id}
