# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: which clouds are associated with a policy, and the plan to change it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..common.errors import InvalidInput, Refused
from ..common.plan import Change, Plan
from .cloud import Association, Cloud
from .policy_plan import PROVIDER, require_object_name

AZURE = "Microsoft Azure"
OPTIONS: dict[str, dict[str, Any]] = {
    "policy": {"type": "str", "required": True},
    "clouds": {"type": "list", "elements": "str", "required": True},
    "vmm_server": {"type": "str"},
    "vault_name": {"type": "str", "required": True},
    "resource_group": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "purge": {"type": "bool", "default": False},
}
_OTHER = re.compile(r"[^A-Za-z0-9-]+")
_LONGEST = 50


@dataclass(frozen=True, slots=True)
class DesiredAssociation:
    """The policy, and the names or ids of its clouds."""

    policy: str
    clouds: tuple[str, ...]
    server: str | None
    present: bool
    purge: bool

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> DesiredAssociation:
        """Check the options offline. Raises InvalidInput."""
        require_object_name(options["policy"], "policy")
        clouds: list[str] = options["clouds"]
        if not clouds or not all(name.strip() for name in clouds):
            raise InvalidInput("clouds", "must list at least one cloud, and no empty name", "give the names")
        folded = [name.casefold() for name in clouds]
        if len(set(folded)) < len(folded):
            raise InvalidInput("clouds", "a name is a duplicate", "list each cloud once")
        present = options["state"] == "present"
        if options["purge"] and present:
            raise InvalidInput("purge", "is only possible with state=absent", "remove it")
        return cls(options["policy"], tuple(clouds), options["vmm_server"], present, options["purge"])


@dataclass(frozen=True, slots=True)
class CloudState:
    """A cloud and all of its associations."""

    cloud: Cloud
    associations: tuple[Association, ...]

    def good(self, policy: str) -> Association | None:
        return next((one for one in self.associations if one.paired and one.of(policy)), None)

    @property
    def shown(self) -> Association | None:
        """Return the association that counts: a good one, else one that is running, else one that failed."""
        order = sorted(self.associations, key=lambda one: (not one.paired, one.failed))
        return order[0] if order else None

    def to_result(self) -> dict[str, Any]:
        association = self.shown
        return {
            "cloud": self.cloud.name,
            "cloud_id": self.cloud.key,
            "vmm_server": self.cloud.server,
            "protected_items": self.cloud.protected_items,
            "policy": association.policy if association else None,
            "state": association.state if association else "NotPaired",
            "health": association.health if association else None,
            "name": association.name if association else None,
            "id": association.id if association else None,
        }


@dataclass(frozen=True, slots=True)
class Step:
    """One write: `kind` is purge, remove or associate."""

    kind: str
    cloud: Cloud
    name: str
    reason: str
    before: str = ""


def steps(states: Sequence[CloudState], desired: DesiredAssociation) -> list[Step]:
    """Return the writes in their order, removals first. Raises Refused."""
    found = [step for state in states for step in (_joined if desired.present else _parted)(state, desired)]
    order = {"purge": 0, "remove": 1, "associate": 2}
    return sorted(found, key=lambda step: order[step.kind])


def plan_associations(states: Sequence[CloudState], desired: DesiredAssociation) -> Plan:
    """Plan the associations: one change for each write. Raises Refused."""
    after = f"associated with {desired.policy}" if desired.present else "not associated"
    return Plan(
        tuple(
            Change(
                f"{step.kind} {step.cloud.name}", step.before, after if step.kind == "associate" else None, step.reason
            )
            for step in steps(states, desired)
        )
    )


def pending(states: Sequence[CloudState]) -> str | None:
    """Describe an association whose job is running; None without one."""
    for state in states:
        for one in state.associations:
            if one.pending:
                return f"cloud {state.cloud.name} is {one.state} with policy {one.policy}"
    return None


def body_of(policy_id: str) -> dict[str, Any]:
    return {
        "properties": {
            "targetProtectionContainerId": AZURE,
            "policyId": policy_id,
            "providerSpecificInput": {"instanceType": PROVIDER},
        }
    }


#: The body of a removal (recorded: Azure PowerShell).
REMOVAL: dict[str, Any] = {"properties": {"providerSpecificInput": {}}}


def _joined(state: CloudState, desired: DesiredAssociation) -> Iterator[Step]:
    cloud, policy = state.cloud, desired.policy
    good = state.good(policy)
    for one in state.associations:
        if one.failed:
            reason = f"remove the failed association of cloud {cloud.name} with policy {one.policy}"
            yield Step("purge", cloud, one.name, reason, one.state)
        elif one.paired and not one.of(policy):
            _require_free(cloud, f"the policy of cloud {cloud.name} cannot be changed from {one.policy} to {policy}")
            reason = f"dissociate cloud {cloud.name} from policy {one.policy}"
            yield Step("remove", cloud, one.name, reason, one.policy)
    # One that is running counts: the run waits for its end before it plans.
    if good is None and not any(one.pending and one.of(policy) for one in state.associations):
        taken = {one.name.casefold() for one in state.associations}
        yield Step(
            "associate", cloud, _new_name(cloud, policy, taken), f"associate cloud {cloud.name} with policy {policy}"
        )


def _parted(state: CloudState, desired: DesiredAssociation) -> Iterator[Step]:
    cloud, policy = state.cloud, desired.policy
    for one in state.associations:
        if not one.of(policy):
            continue
        _require_free(cloud, f"cloud {cloud.name} cannot be dissociated from policy {policy}")
        if desired.purge or one.failed:
            left = "" if one.failed else "; its hosts keep their configuration"
            reason = f"forget the association of cloud {cloud.name} with policy {policy}{left}"
            yield Step("purge", cloud, one.name, reason, one.state)
        else:
            yield Step("remove", cloud, one.name, f"dissociate cloud {cloud.name} from policy {policy}", one.policy)


def _require_free(cloud: Cloud, problem: str) -> None:
    if cloud.protected_items:
        raise Refused(
            f"{problem}, because {cloud.protected_items} of its machines are protected; disable their protection first"
        )


def _new_name(cloud: Cloud, policy: str, taken: set[str]) -> str:
    """Return the name of a new association. The service keeps the name of one that failed."""
    base = _OTHER.sub("-", f"{cloud.name}-{policy}").strip("-")[:_LONGEST] or "cloud"
    names = [base, *(f"{base}-{number}" for number in range(2, len(taken) + 2))]
    return next(name for name in names if name.casefold() not in taken)
