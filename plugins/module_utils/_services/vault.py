# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: vaults in Azure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._azure.clients import Azure
from .._azure.failures import Absent, read
from .._azure.operations import finish, pending_state, settle, start
from .._azure.wire import documents, payload, raw
from .._model.errors import Refused
from .._model.group import Grouped
from .._model.lifecycle import Evidence, Noun
from .._model.names import same_name
from .._model.plan import Plan
from .._model.vault import DesiredVault, Vault, plan_vault
from . import groups


def find(azure: Azure, resource_group: str, name: str) -> Grouped[Vault]:
    vaults = azure.recovery_services.vaults
    return groups.find(f"read vault {name}", lambda: vaults.get(resource_group, name, cls=raw), Vault.from_wire)


def require(azure: Azure, resource_group: str, name: str) -> Vault:
    """The vault, or a refusal that says what is missing."""
    found = find(azure, resource_group, name)
    if found.resource is None:
        missing = (
            f"resource group '{resource_group}'"
            if found.group_missing
            else f"vault '{name}' in resource group '{resource_group}'"
        )
        raise Refused(
            f"{missing} does not exist in subscription {azure.subscription_id};"
            " create the vault first, or correct the names"
        )
    return found.resource


def list_vaults(azure: Azure, resource_group: str | None) -> list[Vault]:
    """All vaults of a group or of the subscription; a missing group has none."""
    vaults = azure.recovery_services.vaults
    answer = read(
        "list vaults",
        lambda: documents(
            vaults.list_by_resource_group(resource_group) if resource_group else vaults.list_by_subscription_id()
        ),
    )
    return [] if isinstance(answer, Absent) else [Vault.from_wire(document) for document in answer]


def read_vaults(options: Mapping[str, Any], azure: Azure) -> dict[str, Any]:
    """The result's keys: one vault, or those of a group or of the subscription, ordered by name."""
    group, name = options["resource_group"], options["name"]
    if group and name:
        found = find(azure, group, name).resource
        vaults = [found] if found else []
    else:
        vaults = [vault for vault in list_vaults(azure, group) if name is None or same_name(vault.name, name)]
    vaults.sort(key=lambda vault: (vault.name.casefold(), vault.id.casefold()))
    told = ", ".join(_words(vault) for vault in vaults) or "no vault"
    return {
        "vaults": [vault.project() for vault in vaults],
        "evidence": [Evidence("B1", told, "nothing to do", told).to_result()],
    }


_BROKEN = ("failed", "canceled", "cancelled")


class VaultNoun(Noun[Grouped[Vault]]):
    """One vault, created or kept as wanted (B1)."""

    steps = ("B1",)

    def __init__(self, azure: Azure, desired: DesiredVault, wait_timeout: float) -> None:
        self._azure = azure
        self._desired = desired
        self._wait_timeout = wait_timeout

    def observe(self) -> Grouped[Vault]:
        return find(self._azure, self._desired.resource_group, self._desired.name)

    def settled(self, state: Grouped[Vault]) -> Grouped[Vault]:
        return settle(state, self.observe, _pending, self._wait_timeout)

    def plan(self, state: Grouped[Vault]) -> Plan:
        return plan_vault(state, self._desired)

    def apply(self, plan: Plan, state: Grouped[Vault]) -> None:
        if state.group_missing:
            groups.create(self._azure, self._desired.resource_group, self._desired.location)
        if state.resource is None:
            self._create()
        else:
            self._update(plan)

    def project(self, state: Grouped[Vault]) -> dict[str, Any]:
        return state.resource.project() if state.resource else {}

    def describe(self, state: Grouped[Vault]) -> str:
        return _words(state.resource) if state.resource else "no vault"

    def warnings(self, state: Grouped[Vault]) -> tuple[str, ...]:
        vault = state.resource
        if vault is None or vault.provisioning_state.casefold() not in _BROKEN:
            return ()
        return (
            f"vault {vault.name} is in state {vault.provisioning_state}, so it may not work;"
            " look at its activity log, delete it if it was never used, and run again",
        )

    def _create(self) -> None:
        desired = self._desired
        properties: dict[str, Any] = {}
        if desired.public_network_access:
            properties["publicNetworkAccess"] = desired.public_network_access.capitalize()
        body = {
            "location": desired.location,
            "sku": {"name": "Standard"},
            "properties": properties,
            "tags": dict(desired.tags or {}),
        }
        vaults = self._azure.recovery_services.vaults
        content = payload(body)
        self._run(lambda: vaults.begin_create_or_update(desired.resource_group, desired.name, content), "create")

    def _update(self, plan: Plan) -> None:
        after = {change.path: change.after for change in plan.changes}
        body: dict[str, Any] = {}
        if "tags" in after:
            body["tags"] = after["tags"]
        if "public_network_access" in after:
            body["properties"] = {"publicNetworkAccess": after["public_network_access"].capitalize()}
        desired = self._desired
        vaults = self._azure.recovery_services.vaults
        content = payload(body)
        self._run(lambda: vaults.begin_update(desired.resource_group, desired.name, content), "update")

    def _run(self, begin: Any, verb: str) -> None:
        action = f"{verb} vault {self._desired.name}"
        finish(start(begin, action), action, self._wait_timeout)


def build(options: Mapping[str, Any], azure: Azure) -> VaultNoun:
    """The noun of the module's options; raises InvalidInput."""
    return VaultNoun(azure, DesiredVault.from_options(options), options["wait_timeout"])


def _words(vault: Vault) -> str:
    return f"vault {vault.name} in {vault.location}, {vault.provisioning_state}"


def _pending(state: Grouped[Vault]) -> str | None:
    vault = state.resource
    return pending_state(f"vault {vault.name}", vault.provisioning_state) if vault else None
