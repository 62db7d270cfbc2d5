# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: storage accounts in Azure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..._azure.clients import Azure
from ..._azure.failures import Absent, read, translated
from ..._azure.operations import create, pending_state, settle, write
from ..._azure.wire import documents, payload, raw
from ..._model.azure import target_rules as target
from ..._model.azure.resource_group import Grouped
from ..._model.azure.storage_account import (
    DesiredAccount,
    DesiredPair,
    StorageAccount,
    creation_body,
    plan_account,
    plan_pair,
    update_body,
)
from ..._model.common.errors import AccessDenied, Refused, RemoteFailure
from ..._model.common.names import same_name
from ..._model.common.plan import Plan
from ..._model.common.resource import Applied, Evidence, ManagedResource
from . import resource_groups as groups

_LOG = "log_account."


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


class StorageAccountResource(ManagedResource[Found, Applied]):
    """One account, created hardened or kept as wanted (T4, T5)."""

    steps = ("T4",)

    def __init__(self, azure: Azure, desired: DesiredAccount, options: Mapping[str, Any]) -> None:
        self._azure = azure
        self._desired = desired
        self._vault_location: str | None = options["vault_location"]
        self._wait_timeout: float = options["wait_timeout"]
        self._return_keys: bool = options["return_keys"]

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

    def wait_until_settled(self, state: Found) -> tuple[Found, Applied]:
        return settle(state, self.observe, _pending, self._wait_timeout), Applied()

    def plan(self, state: Found) -> Plan:
        plan = plan_account(state, self._desired)
        self.require_name(state)
        return plan

    def require_name(self, state: Found) -> None:
        """Raises Refused when the account is absent and its name can't be had."""
        if state.name_problem:
            raise Refused(f"name: '{self._desired.name}' can't be had: {state.name_problem}")

    def apply(self, plan: Plan, state: Found) -> Applied:
        if state.group_missing:
            groups.create(self._azure, self._desired.resource_group, self._desired.location, self._wait_timeout)
        if state.resource is None:
            self._create()
        else:
            self._update(plan, state.resource)
        return Applied()

    def to_result(self, state: Found) -> dict[str, Any]:
        return state.resource.to_result() if state.resource else {}

    def describe(self, state: Found) -> str:
        account = state.resource
        if account is None:
            return "no storage account"
        return f"storage account {account.name} ({account.sku}) in {account.location}, {account.provisioning_state}"

    def evidence(self, state: Found, plan: Plan, final: Found | None) -> tuple[Evidence, ...]:
        lines = ManagedResource.evidence(self, state, plan, final)
        if not self._premium(final or state):
            return lines
        return (
            *lines,
            Evidence("T5", "a premium account", "nothing to do", "needs a standard account for replication logs"),
        )

    def warnings(self, state: Found) -> tuple[str, ...]:
        told = (f"storage account {self._desired.name}: {target.LOG_ACCOUNT_NOTE}",) if self._premium(state) else ()
        return (*told, *self.judged(state))

    def judged(self, state: Found) -> tuple[str, ...]:
        """What speaks against the account as a target, log account apart."""
        account = state.resource
        if account is None:
            return ()
        findings = [
            *target.shape_findings(account.sku, account.kind, account.access_tier),
            *target.account_findings(account),
            *target.region_findings(account.location, self._vault_location, allow_other_region=True),
        ]
        return tuple(
            f"storage account {account.name} {finding.message}" for finding in findings if finding.hardness != "note"
        )

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
        if verdict.get("nameAvailable"):
            return None
        own = self._own_group() if verdict.get("reason") == "AlreadyExists" else None
        if own:
            return f"it is an account of resource group {own} in this subscription; name that group, or another account"
        told = str(verdict.get("message") or verdict.get("reason")).rstrip(".")
        return f"{told}; account names are unique in all of Azure: choose another one, or name the group that has it"

    def _own_group(self) -> str | None:
        """The resource group of the subscription that has an account of the name, as far as the login may see it."""
        try:
            accounts = list_accounts(self._azure, None) or []
        except AccessDenied:
            return None
        return next((one.resource_group for one in accounts if same_name(one.name, self._desired.name)), None)

    def _create(self) -> None:
        desired = self._desired
        accounts = self._azure.storage.storage_accounts
        body = payload(creation_body(desired))
        action = f"create storage account {desired.name}"

        def begin() -> Any:
            return accounts.begin_create(desired.resource_group, desired.name, body)

        create(begin, action, self.observe, _pending, self._wait_timeout)

    def _update(self, plan: Plan, account: StorageAccount) -> None:
        desired = self._desired
        accounts, body = self._azure.storage.storage_accounts, payload(update_body(plan, account, desired))
        write(
            lambda: accounts.update(desired.resource_group, desired.name, body),
            f"update storage account {desired.name}",
            self._wait_timeout,
        )

    def secret_results(self) -> dict[str, Any]:
        return {"keys": self._keys()} if self._return_keys else {}

    def _keys(self) -> list[dict[str, str]]:
        """None of an account that is not there."""
        desired = self._desired
        accounts = self._azure.storage.storage_accounts
        answer = read(
            f"read the keys of storage account {desired.name}",
            lambda: accounts.list_keys(desired.resource_group, desired.name, cls=raw),
        )
        found = [] if isinstance(answer, Absent) else answer.get("keys")
        if not isinstance(found, list) or not all(key.get("keyName") and key.get("value") for key in found):
            # What it says instead may still hold a key.
            raise RemoteFailure(
                f"could not read the keys of storage account {desired.name}: the answer holds none;"
                " check cloud_environment, and that no proxy answers for Azure"
            )
        return [{"account": desired.name, "name": key["keyName"], "value": key["value"]} for key in found]


@dataclass(frozen=True, slots=True)
class FoundPair:
    """Both accounts, each as one look showed it."""

    account: Found
    log: Found


class AccountPairResource(ManagedResource[FoundPair, Applied]):
    """An account and the standard one for replication logs beside it, in one run (T4, T5)."""

    steps = ("T4", "T5")

    def __init__(self, azure: Azure, desired: DesiredPair, log: DesiredAccount, options: Mapping[str, Any]) -> None:
        self._desired, self._wanted_log = desired.account, log
        self._account = StorageAccountResource(azure, desired.account, options)
        self._log = StorageAccountResource(azure, log, options)

    def observe(self) -> FoundPair:
        return FoundPair(self._account.observe(), self._log.observe())

    def wait_until_settled(self, state: FoundPair) -> tuple[FoundPair, Applied]:
        account, _settled = self._account.wait_until_settled(state.account)
        log, _settled = self._log.wait_until_settled(state.log)
        return FoundPair(account, log), Applied()

    def plan(self, state: FoundPair) -> Plan:
        """Logs first: a premium account alone is of no use."""
        plan, log = plan_pair(state.account, state.log, self._desired, self._wanted_log)
        for noun, found in ((self._account, state.account), (self._log, state.log)):
            noun.require_name(found)
        first = 1 if state.account.group_missing else 0
        group, rest = plan.changes[:first], plan.changes[first:]
        return Plan((*group, *(replace(change, path=_LOG + change.path) for change in log.changes), *rest))

    def apply(self, plan: Plan, state: FoundPair) -> Applied:
        log, account = self.changes_for_step("T5", plan), self.changes_for_step("T4", plan)
        if log.changed:
            bare = Plan(tuple(replace(change, path=change.path.removeprefix(_LOG)) for change in log.changes))
            self._log.apply(bare, state.log)
        if account.changed:
            self._account.apply(account, replace(state.account, group_missing=False))
        return Applied()

    def to_result(self, state: FoundPair) -> dict[str, Any]:
        shown = self._account.to_result(state.account)
        return {**shown, "log_account": self._log.to_result(state.log) or None} if shown or state.log.resource else {}

    def describe(self, state: FoundPair) -> str:
        return f"{self._account.describe(state.account)}; logs: {self._log.describe(state.log)}"

    def summary(self, step: str, state: FoundPair) -> str:
        return self._log.describe(state.log) if step == "T5" else self._account.describe(state.account)

    def changes_for_step(self, step: str, plan: Plan) -> Plan:
        logs = step == "T5"
        return Plan(tuple(change for change in plan.changes if change.path.startswith(_LOG) is logs))

    def warnings(self, state: FoundPair) -> tuple[str, ...]:
        return (*self._account.judged(state.account), *self._log.judged(state.log))

    def secret_results(self) -> dict[str, Any]:
        both = self._account.secret_results(), self._log.secret_results()
        return {"keys": [key for part in both for key in part["keys"]]} if all(both) else {}


def build(options: Mapping[str, Any], azure: Azure) -> StorageAccountResource | AccountPairResource:
    """The noun of the module's options; raises InvalidInput."""
    desired = DesiredPair.from_options(options)
    if desired.log is None:
        return StorageAccountResource(azure, desired.account, options)
    return AccountPairResource(azure, desired, desired.log, options)


def _pending(state: Found) -> str | None:
    account = state.resource
    return pending_state(f"storage account {account.name}", account.provisioning_state) if account else None
