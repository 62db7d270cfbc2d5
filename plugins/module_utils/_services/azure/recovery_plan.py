# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: recovery plans of a vault."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from ..._azure import jobs
from ..._azure.clients import Azure
from ..._azure.consistency import UNKNOWN_PARENT, visibility_limit
from ..._azure.failures import Absent, read
from ..._azure.wire import payload, raw
from ..._model.azure.protected_item import ProtectedItem
from ..._model.azure.recovery_plan import RecoveryPlan
from ..._model.azure.recovery_plan_changes import (
    DesiredPlan,
    PlanState,
    creation_body,
    plan_changes,
    update_body,
)
from ..._model.common.errors import Refused
from ..._model.common.plan import Plan
from ..._model.common.resource import Applied, ManagedResource
from .protected_machines import list_machines
from .site_recovery_writes import run


def read_plan(vault: jobs.Vault, name: str) -> RecoveryPlan | None:
    """Read a recovery plan with its groups, which a list lacks. None: the vault has no such plan."""
    plans = vault.azure.site_recovery.replication_recovery_plans
    answer = read(
        f"read the recovery plan '{name}'",
        lambda: plans.get(vault.resource_group, vault.name, name, cls=raw),
    )
    return None if isinstance(answer, Absent) else RecoveryPlan.from_wire(answer)


def require_plan(vault: jobs.Vault, name: str) -> RecoveryPlan:
    """Read the recovery plan that the option of a task names. Raises Refused if there is none."""
    plan = read_plan(vault, name)
    if plan is None:
        raise Refused(f"recovery_plan: the vault has no recovery plan '{name}'; correct it, or create the plan")
    return plan


class RecoveryPlanResource(ManagedResource[PlanState, Applied]):
    """One recovery plan that is created, changed or deleted (N4)."""

    steps = ("N4",)

    def __init__(self, vault: jobs.Vault, desired: DesiredPlan, options: Mapping[str, Any]) -> None:
        self._vault = vault
        self._desired = desired
        self._place: tuple[str | None, str | None] = (options["vmm_server"], options["vmm_cloud"])
        self._timeout: float = options["wait_timeout"]
        #: The machines that the change was planned with.
        self._items: tuple[ProtectedItem, ...] = ()

    def observe(self) -> PlanState:
        plan = read_plan(self._vault, self._desired.name)
        if not self._desired.present:
            return PlanState(plan)
        return PlanState(plan, tuple(list_machines(self._vault, *self._place)))

    def observe_applied(self) -> PlanState:
        return PlanState(read_plan(self._vault, self._desired.name), self._items)

    def visibility_limit(self, state: PlanState) -> float:
        return visibility_limit(self._timeout, absent=state.plan is None)

    def plan(self, state: PlanState) -> Plan:
        return plan_changes(state, self._desired)

    def apply(self, plan: Plan, state: PlanState) -> Applied:
        vault, desired, self._items = self._vault, self._desired, state.items
        plans = vault.azure.site_recovery.replication_recovery_plans
        where = (vault.resource_group, vault.name, desired.name)
        if not desired.present:
            call: Any = partial(plans.begin_delete, *where)
        elif state.plan is None:
            call = partial(plans.begin_create, *where, payload(creation_body(state, desired)))
        else:
            call = partial(plans.begin_update, *where, payload(update_body(state.plan, state, desired)))
        run(vault, call, plan.describe(), self._timeout, UNKNOWN_PARENT, removes=not desired.present)
        return Applied()

    def to_result(self, state: PlanState) -> dict[str, Any]:
        return state.to_result()

    def preview(self, state: PlanState, plan: Plan) -> dict[str, Any]:
        return super().preview(state, plan) if self._desired.present else {}

    def describe(self, state: PlanState) -> str:
        return state.plan.describe() if state.plan else "no recovery plan"

    def warnings(self, state: PlanState) -> tuple[str, ...]:
        if state.plan is None or self._place != (None, None) or not self._desired.present:
            return ()
        known = {item.id.casefold() for item in state.items}
        lost = [each.rpartition("/")[2] for each in state.plan.item_ids if each.casefold() not in known]
        if not lost:
            return ()
        names = ", ".join(lost)
        return (f"recovery plan {state.plan.name} has machines that are not protected anymore: {names}; set groups",)


def build(options: Mapping[str, Any], azure: Azure) -> RecoveryPlanResource:
    """Build the resource from the options of the module. Raises InvalidInput."""
    vault = jobs.Vault(azure, options["resource_group"], options["vault_name"])
    return RecoveryPlanResource(vault, DesiredPlan.from_options(options), options)
