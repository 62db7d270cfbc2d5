# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: storage accounts in Azure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._azure.clients import Azure
from .._azure.failures import Absent, read, translated
from .._azure.operations import create, pending_state, settle
from .._azure.wire import documents, payload, raw
from .._model import target
from .._model.errors import AccessDenied, Refused
from .._model.group import Grouped
from .._model.lifecycle import Evidence, Noun
from .._model.plan import Plan
from .._model.storage_account import DesiredAccount, StorageAccount, creation_body, plan_account, update_body
from . import groups


@dataclass(frozen=True, slots=True)
class Found(Grouped[StorageAccount]):
    """The account, or its absence and why its name can't be had."""

    name_problem: str | None = None


def list_accounts(azure: Azure, resource_group: str | None) -> list[StorageAccount] | None:
    """All accounts of a group or of the subscription; None when the group does not exist."""
    accounts = azure.storage.storage_accounts
    answer = read(
        "list storage accounts",
        lambda: documents(accounts.list_by_resource_group(resource_group) if resource_group else accounts.list()),
    )
    return None if isinstance(answer, Absent) else [StorageAccount.from_wire(document) for document in answer]


class StorageAccountNoun(Noun[Found]):
    """One account, created hardened or kept as wanted (T4, T5)."""

    steps = ("T4",)

    def __init__(self, azure: Azure, desired: DesiredAccount, vault_location: str | None, wait_timeout: float) -> None:
        self._azure = azure
        self._desired = desired
        self._vault_location = vault_location
        self._wait_timeout = wait_timeout

    def observe(self) -> Found:
        desired = self._desired
        accounts = self._azure.storage.storage_accounts
        found = groups.find(
            f"read storage account {desired.name}",
            lambda: accounts.get_properties(desired.resource_group, desired.name, cls=raw),
            StorageAccount.from_wire,
        )
        problem = self._name_problem() if found.resource is None else None
        return Found(found.resource, found.group_missing, problem)

    def settled(self, state: Found) -> Found:
        return settle(state, self.observe, _pending, self._wait_timeout)

    def plan(self, state: Found) -> Plan:
        plan = plan_account(state, self._desired)
        if state.name_problem:
            raise Refused(
                f"name: '{self._desired.name}' can't be had ({state.name_problem.rstrip('.')}); account names"
                " are unique in all of Azure: choose another one, or name the resource group that has it"
            )
        return plan

    def apply(self, plan: Plan, state: Found) -> None:
        if state.group_missing:
            groups.create(self._azure, self._desired.resource_group, self._desired.location)
        if state.resource is None:
            self._create()
        else:
            self._update(plan)

    def project(self, state: Found) -> dict[str, Any]:
        return state.resource.project() if state.resource else {}

    def describe(self, state: Found) -> str:
        account = state.resource
        if account is None:
            return "no storage account"
        return f"storage account {account.name} ({account.sku}) in {account.location}, {account.provisioning_state}"

    def evidence(self, state: Found, plan: Plan, final: Found | None) -> tuple[Evidence, ...]:
        lines = Noun.evidence(self, state, plan, final)
        if not self._premium(final or state):
            return lines
        return (
            *lines,
            Evidence("T5", "a premium account", "nothing to do", "needs a standard account for replication logs"),
        )

    def warnings(self, state: Found) -> tuple[str, ...]:
        name = self._desired.name
        told = [f"storage account {name}: {target.LOG_ACCOUNT_NOTE}"] if self._premium(state) else []
        for account in [state.resource] if state.resource else []:
            findings = [
                *target.shape_findings(account.sku, account.kind, account.access_tier),
                *target.account_findings(account),
                *target.region_findings(account.location, self._vault_location, allow_other_region=True),
            ]
            told += [f"storage account {name} {finding.message}" for finding in findings if finding.hardness != "note"]
        return tuple(told)

    def _premium(self, state: Found) -> bool:
        return target.is_premium(state.resource.sku if state.resource else self._desired.new_sku)

    def _name_problem(self) -> str | None:
        """Why the name can't be had. A login that must not ask finds out when it creates."""
        body = payload({"name": self._desired.name, "type": "Microsoft.Storage/storageAccounts"})
        try:
            with translated(f"ask for the storage account name {self._desired.name}"):
                answer = self._azure.storage.storage_accounts.check_name_availability(body, cls=raw)
        except AccessDenied as error:
            if error.details.get("status") == 403:
                return None
            raise
        verdict: Mapping[str, Any] = answer
        return None if verdict.get("nameAvailable") else str(verdict.get("message") or verdict.get("reason"))

    def _create(self) -> None:
        desired = self._desired
        accounts = self._azure.storage.storage_accounts
        body = payload(creation_body(desired))
        action = f"create storage account {desired.name}"

        def begin() -> Any:
            return accounts.begin_create(desired.resource_group, desired.name, body)

        create(begin, action, self.observe, _pending, self._wait_timeout)

    def _update(self, plan: Plan) -> None:
        desired = self._desired
        with translated(f"update storage account {desired.name}"):
            self._azure.storage.storage_accounts.update(
                desired.resource_group, desired.name, payload(update_body(plan))
            )


def build(options: Mapping[str, Any], azure: Azure) -> StorageAccountNoun:
    """The noun of the module's options; raises InvalidInput."""
    return StorageAccountNoun(
        azure, DesiredAccount.from_options(options), options["vault_location"], options["wait_timeout"]
    )


def _pending(state: Found) -> str | None:
    account = state.resource
    return pending_state(f"storage account {account.name}", account.provisioning_state) if account else None
