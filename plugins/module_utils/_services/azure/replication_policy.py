# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: replication policies of a vault."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from ..._azure import jobs
from ..._azure.clients import Azure
from ..._azure.consistency import visibility_limit
from ..._azure.failures import Absent, read
from ..._azure.wire import Document, payload, raw
from ..._model.azure.policy_plan import (
    DesiredPolicy,
    PolicyState,
    creation_body,
    differs,
    plan_policy,
    update_body,
    values,
)
from ..._model.azure.replication_policy import ReplicationPolicy
from ..._model.common.errors import RemoteFailure
from ..._model.common.names import same_name
from ..._model.common.plan import Plan
from ..._model.common.resource import Applied, ManagedResource
from .site_recovery_writes import run
from .vault_clouds import list_associations, list_clouds
from .vault_lists import list_of_vault

# The outer code of the error.
_UNUSED = "BadRequest"


def read_policy(azure: Azure, resource_group: str, vault_name: str, name: str) -> Document | None:
    """Read a policy. None: the vault has no such policy.

    A vault that was never used answers with an error instead (seen by the Terraform provider). Then the list, which is
    never refused, tells whether the policy exists. Its elements are complete (recorded).
    """
    policies = azure.site_recovery.replication_policies
    try:
        found = read(f"read replication policy {name}", partial(_get, azure, resource_group, vault_name, name))
    except RemoteFailure as error:
        if error.details.get("code") != _UNUSED:
            raise
        listed = list_of_vault("policies", lambda: policies.list(resource_group, vault_name))
        return next((one for one in listed if same_name(str(one.get("name")), name)), None)
    return None if isinstance(found, Absent) else _whole(found, name)


def _whole(document: Document, name: str) -> Document:
    if not all(isinstance(document.get(field), str) for field in ("id", "name")):
        raise RemoteFailure(
            f"could not read replication policy {name}: the answer lacks id or name;"
            " check cloud_environment, and that no proxy answers in place of Azure"
        )
    return document


def _get(azure: Azure, resource_group: str, vault_name: str, name: str) -> Document:
    found: Any = azure.site_recovery.replication_policies.get(resource_group, vault_name, name, cls=raw)
    return dict(found)


class ReplicationPolicyResource(ManagedResource[PolicyState, Applied]):
    """One policy that is created, changed or deleted (N2)."""

    steps = ("N2",)

    def __init__(self, azure: Azure, desired: DesiredPolicy, options: Mapping[str, Any]) -> None:
        self._azure = azure
        self._desired = desired
        self._group: str = options["resource_group"]
        self._vault: str = options["vault_name"]
        self._timeout: float = options["wait_timeout"]

    def observe(self) -> PolicyState:
        document = read_policy(self._azure, self._group, self._vault, self._desired.name)
        if document is None:
            return PolicyState(None)
        policy = ReplicationPolicy.from_wire(document)
        if policy is None:
            return PolicyState(None, foreign=True)
        # The users cost a list for each cloud, so they are read only for a change.
        return PolicyState(policy, users=self._users() if differs(policy, self._desired) else ())

    def _users(self) -> tuple[Any, ...]:
        where = (self._azure, self._group, self._vault)
        return tuple(
            cloud
            for cloud in list_clouds(*where)
            if any(
                association.of(self._desired.name) for association in list_associations(*where, cloud.fabric, cloud.key)
            )
        )

    def visibility_limit(self, state: PolicyState) -> float:
        return visibility_limit(self._timeout, absent=state.policy is None)

    def plan(self, state: PolicyState) -> Plan:
        return plan_policy(state, self._desired)

    def apply(self, plan: Plan, state: PolicyState) -> Applied:  # noqa: ARG002
        policies, name = self._azure.site_recovery.replication_policies, self._desired.name
        where = (self._group, self._vault, name)
        if not self._desired.present:
            self._write(lambda **how: policies.begin_delete(*where, **how), f"delete replication policy {name}")
            return Applied()
        wanted = self._desired.wanted(state.policy)
        if state.policy is None:
            body = payload(creation_body(wanted))
            self._write(lambda **how: policies.begin_create(*where, body, **how), f"create replication policy {name}")
        else:
            body = payload(update_body(wanted))
            self._write(lambda **how: policies.begin_update(*where, body, **how), f"change replication policy {name}")
        return Applied()

    def _write(self, call: Any, action: str) -> None:
        vault = jobs.Vault(self._azure, self._group, self._vault)
        run(vault, call, action, self._timeout, removes=not self._desired.present)

    def to_result(self, state: PolicyState) -> dict[str, Any]:
        policy = state.policy
        if policy is None:
            return {}
        return {
            "id": policy.id,
            "name": policy.name,
            **values(policy),
            "encryption": policy.encryption,
        }

    def preview(self, state: PolicyState, plan: Plan) -> dict[str, Any]:
        return super().preview(state, plan) if self._desired.present else {}

    def describe(self, state: PolicyState) -> str:
        policy = state.policy
        if policy is None:
            return "no policy"
        return (
            f"policy {policy.name}: {policy.retention_hours} h of recovery points, snapshots every"
            f" {policy.snapshot_hours} h, copies every {policy.copy_seconds} s"
        )

    def warnings(self, state: PolicyState) -> tuple[str, ...]:
        if state.policy is None or not state.policy.encryption or not self._desired.present:
            return ()
        return (f"policy {state.policy.name} uses data encryption, which was retired: its machines cannot fail over",)


def build(options: Mapping[str, Any], azure: Azure) -> ReplicationPolicyResource:
    """Build the resource from the options of the module. Raises InvalidInput."""
    return ReplicationPolicyResource(azure, DesiredPolicy.from_options(options), options)
