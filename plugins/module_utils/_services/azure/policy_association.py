# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: associations of clouds with a replication policy."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

from ..._azure import jobs
from ..._azure.clients import Azure
from ..._azure.consistency import UNKNOWN_PARENT, visibility_limit
from ..._azure.operations import wait_until_settled
from ..._azure.wire import payload
from ..._model.azure.association_plan import (
    REMOVAL,
    CloudState,
    DesiredAssociation,
    Step,
    body_of,
    pending,
    plan_associations,
    steps,
)
from ..._model.azure.cloud import select_clouds
from ..._model.azure.jobs import failure_of
from ..._model.azure.replication_policy import ReplicationPolicy
from ..._model.common.errors import AccessDenied, Refused, RemoteFailure, SiteRecoveryError
from ..._model.common.plan import Plan
from ..._model.common.resource import Applied, ManagedResource
from .replication_policy import read_policy
from .site_recovery_writes import run
from .vault_clouds import list_associations, list_clouds

States: TypeAlias = tuple[CloudState, ...]
_RESUME = "the jobs continue in Azure: run again to resume the wait, or increase wait_timeout"


class PolicyAssociationResource(ManagedResource[States, Applied]):
    """The clouds of one policy (N2)."""

    steps = ("N2",)

    def __init__(self, azure: Azure, desired: DesiredAssociation, options: Mapping[str, Any]) -> None:
        self._azure = azure
        self._desired = desired
        self._where: tuple[str, str] = (options["resource_group"], options["vault_name"])
        self._vault = jobs.Vault(azure, *self._where)
        self._timeout: float = options["wait_timeout"]

    def observe(self) -> States:
        known = list_clouds(self._azure, *self._where)
        clouds = select_clouds(known, self._desired.clouds, self._desired.server)
        return tuple(
            CloudState(cloud, tuple(list_associations(self._azure, *self._where, cloud.fabric, cloud.key)))
            for cloud in clouds
        )

    def wait_until_settled(self, state: States) -> tuple[States, Applied]:
        return wait_until_settled(state, self.observe, pending, self._timeout), Applied()

    def is_settled(self, state: States) -> bool:
        return pending(state) is None

    def visibility_limit(self, state: States) -> float:  # noqa: ARG002
        return visibility_limit(self._timeout, absent=True)

    def plan(self, state: States) -> Plan:
        return plan_associations(state, self._desired)

    def apply(self, plan: Plan, state: States) -> Applied:  # noqa: ARG002
        deadline = time.monotonic() + self._timeout
        wanted = steps(state, self._desired)
        policy_id = self._policy_id() if self._desired.present else ""
        for step in wanted:
            if step.kind != "associate":
                left = max(0.0, deadline - time.monotonic())
                run(self._vault, self._removal(step), step.reason, left, UNKNOWN_PARENT, removes=True)
        self._associate([step for step in wanted if step.kind == "associate"], policy_id, deadline)
        return Applied()

    def _policy_id(self) -> str:
        document = read_policy(self._azure, *self._where, self._desired.policy)
        policy = ReplicationPolicy.from_wire(document) if document else None
        if policy is None:
            raise Refused(
                f"the vault has no policy '{self._desired.policy}' for Hyper-V to Azure; create it with"
                " replication_policy, or correct the name"
            )
        return policy.id

    def _removal(self, step: Step) -> Callable[..., Any]:
        mappings = self._azure.site_recovery.replication_protection_container_mappings
        address = (*self._where, step.cloud.fabric, step.cloud.key, step.name)
        if step.kind == "purge":
            return lambda **how: mappings.begin_purge(*address, **how)
        body = payload(REMOVAL)
        return lambda **how: mappings.begin_delete(*address, body, **how)

    def _associate(self, wanted: Sequence[Step], policy_id: str, deadline: float) -> None:
        """Start all associations, then follow all jobs to their ends. One that fails does not stop the others."""
        mappings = self._azure.site_recovery.replication_protection_container_mappings
        body = payload(body_of(policy_id))
        started: list[tuple[Step, str]] = []
        failures: list[tuple[str, dict[str, Any]]] = []
        for step in wanted:
            address = (*self._where, step.cloud.fabric, step.cloud.key, step.name)
            call = partial(mappings.begin_create, *address, body)
            try:
                name = jobs.start(call, step.reason, max(0.0, deadline - time.monotonic()))
            except AccessDenied:
                # No other cloud escapes it.
                raise
            except SiteRecoveryError as error:
                failures.append((error.message, error.details))
                continue
            if name is not None:
                started.append((step, name))
        # The target of each job is the policy, which the clouds share.
        clouds = {name: f"cloud {step.cloud.name}" for step, name in started}
        ended = jobs.follow_all(self._vault, clouds, deadline, _RESUME, clouds)
        for step, name in started:
            job = ended[name]
            if not job.succeeded:
                failures.append(failure_of(job, step.reason))
        if failures:
            # The details are those of the first failure; the message has all of them.
            raise RemoteFailure(" | ".join(message for message, _details in failures), **failures[0][1])

    def to_result(self, state: States) -> dict[str, Any]:
        return {"policy": self._desired.policy, "clouds": [one.to_result() for one in state]}

    def preview(self, state: States, plan: Plan) -> dict[str, Any]:  # noqa: ARG002
        changed = {step.cloud.key for step in steps(state, self._desired)}
        return {"policy": self._desired.policy, "clouds": [self._expected(one, changed) for one in state]}

    def _expected(self, state: CloudState, changed: set[str]) -> dict[str, Any]:
        shown = state.to_result()
        if state.cloud.key not in changed:
            return shown
        if not self._desired.present:
            return {**shown, "policy": None, "state": "NotPaired", "health": None, "name": None, "id": None}
        return {**shown, "policy": self._desired.policy, "state": "Paired"}

    def describe(self, state: States) -> str:
        return "; ".join(
            f"cloud {one.cloud.name}: {one.shown.state} with {one.shown.policy}"
            if one.shown
            else f"cloud {one.cloud.name}: no policy"
            for one in state
        )

    def warnings(self, state: States) -> tuple[str, ...]:
        return tuple(
            f"cloud {one.cloud.name}: the association with policy {one.shown.policy} has health {one.shown.health}"
            for one in state
            if one.shown and one.shown.paired and one.shown.health.casefold() not in ("", "normal", "none")
        )


def build(options: Mapping[str, Any], azure: Azure) -> PolicyAssociationResource:
    """Build the resource from the options of the module. Raises InvalidInput."""
    return PolicyAssociationResource(azure, DesiredAssociation.from_options(options), options)
