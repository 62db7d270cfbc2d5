# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: storage accounts in Azure."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..._azure.clients import Azure
from ..._azure.consistency import visibility_limit
from ..._azure.failures import Absent, read, translated
from ..._azure.operations import create, pending_state, wait_until_settled, write
from ..._azure.wire import documents, payload, raw
from ..._model.azure.candidates import account_checks, own_problems
from ..._model.azure.resource_group import ResourceState, split_surroundings, without_provider
from ..._model.azure.storage_account import (
    PROVIDER,
    DesiredAccount,
    DesiredPair,
    StorageAccount,
    creation_body,
    plan_account,
    plan_pair,
    superseded_kind,
    update_body,
)
from ..._model.azure.target_limits import LOG_ACCOUNT_NEEDED, is_premium
from ..._model.azure.target_rule import RuleContext
from ..._model.common.errors import AccessDenied, Refused, RemoteFailure
from ..._model.common.names import same_name
from ..._model.common.plan import Plan
from ..._model.common.resource import NOTHING_TO_DO, Applied, Evidence, ManagedResource
from ..._model.common.waiting import early_interval
from . import resource_groups as groups
from .resource_providers import ResourceProvider

_LOG = "log_account."


@dataclass(frozen=True, slots=True)
class AccountState(ResourceState[StorageAccount]):
    """The observed account. For an absent one, `name_problem` is the reason why its name is not available.

    `hidden`: the desired account has the name, so it exists although it was not found.
    """

    name_problem: str | None = None
    hidden: bool = False


def list_accounts(azure: Azure, resource_group: str | None) -> list[StorageAccount] | None:
    """List all accounts of a resource group or of the subscription; None when the group does not exist."""
    accounts = azure.storage.storage_accounts
    answer = read(
        "list storage accounts",
        lambda: documents(accounts.list_by_resource_group(resource_group) if resource_group else accounts.list()),
    )
    return None if isinstance(answer, Absent) else [StorageAccount.from_wire(document) for document in answer]


class StorageAccountResource(ManagedResource[AccountState, Applied]):
    """One account, created with hardened defaults or updated (T4, T5)."""

    steps = ("T4",)
    not_kept = groups.NOT_KEPT

    def __init__(self, azure: Azure, desired: DesiredAccount, options: Mapping[str, Any]) -> None:
        self._azure = azure
        self._desired = desired
        self._vault_location: str | None = options["vault_location"]
        self._wait_timeout: float = options["wait_timeout"]
        self._return_keys: bool = options["return_keys"]
        self._provider = ResourceProvider(azure, PROVIDER, desired.register_resource_provider, self._wait_timeout)

    def observe(self) -> AccountState:
        state = self.observe_applied()
        if state.resource is not None or state.unregistered:
            return state
        problem, hidden = self._name_problem()
        return replace(state, name_problem=problem, hidden=hidden)

    def observe_applied(self) -> AccountState:
        """Read the account only: after its creation, its own name is not available."""
        desired = self._desired
        accounts = self._azure.storage.storage_accounts
        found = self._provider.find(
            desired.resource_group,
            lambda: groups.find(
                f"read storage account {desired.name}",
                lambda: accounts.get_properties(desired.resource_group, desired.name, cls=raw),
                StorageAccount.from_wire,
            ),
        )
        return AccountState(found.resource, found.group_missing, found.unregistered)

    def visibility_limit(self, state: AccountState) -> float:
        return visibility_limit(self._wait_timeout, absent=state.resource is None)

    def wait_until_settled(self, state: AccountState) -> tuple[AccountState, Applied]:
        return wait_until_settled(self._once_visible(state), self.observe, _pending, self._wait_timeout), Applied()

    def _once_visible(self, state: AccountState) -> AccountState:
        """Wait for an account of the desired name and group that another run has just created."""
        started = time.monotonic()
        while state.hidden:
            elapsed = time.monotonic() - started
            left = self.visibility_limit(state) - elapsed
            if left <= 0:
                break
            time.sleep(early_interval(elapsed, left))
            state = self.observe()
        return state

    def plan(self, state: AccountState) -> Plan:
        plan = plan_account(state, self._desired)
        self.require_name(state)
        return plan

    def require_name(self, state: AccountState) -> None:
        """Raise Refused when the account is absent and its name is not available."""
        if state.name_problem:
            raise Refused(f"name: '{self._desired.name}' is not available: {state.name_problem}")

    def apply(self, plan: Plan, state: AccountState) -> Applied:
        self.prepare(state)
        return self.write(plan, state)

    def prepare(self, state: AccountState) -> None:
        """Create what the account needs: the registration and the resource group."""
        if state.unregistered:
            self._provider.register()
        if state.group_missing:
            desired = self._desired
            groups.create(self._azure, desired.resource_group, desired.location, self._wait_timeout, desired.group_tags)

    def write(self, plan: Plan, state: AccountState) -> Applied:
        """Create or update the account."""
        if state.resource is None:
            self._create()
        else:
            self._update(plan, state.resource)
        return Applied()

    def remaining(self, state: AccountState, applied: Applied) -> Plan:
        self.require_working(state)
        return super().remaining(state, applied)

    def require_working(self, state: AccountState) -> None:
        """Raise NotConverged for an account that was written and is in a failed state."""
        if state.resource is not None:
            groups.require_working(f"storage account {state.resource.name}", state.resource.provisioning_state)

    def to_result(self, state: AccountState) -> dict[str, Any]:
        return state.resource.to_result() if state.resource else {}

    def preview(self, state: AccountState, plan: Plan) -> dict[str, Any]:
        return super().preview(state, without_provider(plan))

    def describe(self, state: AccountState) -> str:
        account = state.resource
        if account is None:
            return "no storage account"
        return f"storage account {account.name} ({account.sku}) in {account.location}, {account.provisioning_state}"

    def evidence(self, state: AccountState, plan: Plan, final: AccountState | None) -> tuple[Evidence, ...]:
        lines = ManagedResource.evidence(self, state, plan, final)
        if not self._premium(final or state):
            return lines
        return (
            *lines,
            Evidence("T5", "a premium account", NOTHING_TO_DO, "needs a standard account for replication logs"),
        )

    def warnings(self, state: AccountState) -> tuple[str, ...]:
        note = f"storage account {self._desired.name}: {LOG_ACCOUNT_NEEDED}; create one as well (option log_account)"
        return (*((note,) if self._premium(state) else ()), *self.problems(state))

    def problems(self, state: AccountState) -> tuple[str, ...]:
        """Describe the problems of the account as a target, except a missing log account."""
        account = state.resource
        if account is None:
            return ()
        found = own_problems(account, account_checks(account, RuleContext()), self._vault_location)
        superseded = superseded_kind(account, self._desired)
        return (
            *(check.describe() for check in found),
            *self._unrequested(account),
            *((superseded,) if superseded else ()),
        )

    def _unrequested(self, account: StorageAccount) -> tuple[str, ...]:
        """Describe disabled shared keys that the task did not request: a policy can disable them at any write."""
        if account.allow_shared_key_access or self._desired.values.get("allow_shared_key_access") is False:
            return ()
        return (
            f"storage account {account.name} has shared keys disabled, although the task does not request this (a"
            " policy can cause it), so only a vault with an identity can use it; give the vault an identity with roles"
            " on the account, or ask for an exemption",
        )

    def _premium(self, state: AccountState) -> bool:
        return is_premium(state.resource.sku if state.resource else self._desired.new_sku)

    def _name_problem(self) -> tuple[str | None, bool]:
        """Return why the name is not available, and whether the desired account has it.

        An identity that cannot ask learns it from the creation.
        """
        body = payload({"name": self._desired.name, "type": "Microsoft.Storage/storageAccounts"})
        try:
            with translated(f"check the storage account name {self._desired.name}"):
                answer = self._azure.storage.storage_accounts.check_name_availability(body, cls=raw)
        except AccessDenied as error:
            if error.details.get("status") == 403:
                return None, False
            raise
        availability: Mapping[str, Any] = answer
        if availability.get("nameAvailable"):
            return None, False
        own = self._own_group() if availability.get("reason") == "AlreadyExists" else None
        if own and same_name(own, self._desired.resource_group):
            return f"resource group {own} has it, but Azure does not show it yet; run again in some minutes", True
        if own:
            return f"resource group {own} of this subscription has it; use that group, or choose another name", False
        reason = str(availability.get("message") or availability.get("reason")).rstrip(".")
        return (
            f"{reason}; account names are unique across Azure: choose another name, or use the group that has it",
            False,
        )

    def _own_group(self) -> str | None:
        """Return the resource group of the subscription that has an account of this name, if it is readable."""
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

        def put(unknown: Collection[str]) -> None:
            create(begin, action, self.observe_applied, _pending, self._wait_timeout, unknown=unknown)

        self._provider.create(put)

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
        """Return the keys of the account; none when it does not exist."""
        desired = self._desired
        accounts = self._azure.storage.storage_accounts
        answer = read(
            f"read the keys of storage account {desired.name}",
            lambda: accounts.list_keys(desired.resource_group, desired.name, cls=raw),
        )
        found = [] if isinstance(answer, Absent) else answer.get("keys")
        if not isinstance(found, list) or not all(key.get("keyName") and key.get("value") for key in found):
            # The message must not contain the answer, which may still have a key.
            raise RemoteFailure(
                f"could not read the keys of storage account {desired.name}: the answer has none;"
                " check cloud_environment, and that no proxy answers in place of Azure"
            )
        return [{"account": desired.name, "name": key["keyName"], "value": key["value"]} for key in found]


@dataclass(frozen=True, slots=True)
class PairState:
    """The observed state of both accounts."""

    account: AccountState
    log: AccountState


class AccountPairResource(ManagedResource[PairState, Applied]):
    """An account and its standard account for replication logs, in one run (T4, T5)."""

    steps = ("T4", "T5")
    not_kept = groups.NOT_KEPT

    def __init__(self, azure: Azure, desired: DesiredPair, log: DesiredAccount, options: Mapping[str, Any]) -> None:
        self._desired, self._desired_log = desired.account, log
        self._account = StorageAccountResource(azure, desired.account, options)
        self._log = StorageAccountResource(azure, log, options)

    def observe(self) -> PairState:
        return PairState(self._account.observe(), self._log.observe())

    def observe_applied(self) -> PairState:
        return PairState(self._account.observe_applied(), self._log.observe_applied())

    def visibility_limit(self, state: PairState) -> float:
        return max(self._account.visibility_limit(state.account), self._log.visibility_limit(state.log))

    def wait_until_settled(self, state: PairState) -> tuple[PairState, Applied]:
        account, _settled = self._account.wait_until_settled(state.account)
        log, _settled = self._log.wait_until_settled(state.log)
        return PairState(account, log), Applied()

    def plan(self, state: PairState) -> Plan:
        """Plan both accounts, the log account first: without it a premium account cannot be used."""
        plan, log = plan_pair(state.account, state.log, self._desired, self._desired_log)
        for account, observed in ((self._account, state.account), (self._log, state.log)):
            account.require_name(observed)
        around, rest = split_surroundings(plan, state.account)
        logs = (replace(change, path=_LOG + change.path) for change in log.changes)
        return Plan((*around.changes, *logs, *rest.changes))

    def apply(self, plan: Plan, state: PairState) -> Applied:
        log, account = self.changes_for_step("T5", plan), self.changes_for_step("T4", plan)
        self._account.prepare(state.account)
        if log.changed:
            bare = Plan(tuple(replace(change, path=change.path.removeprefix(_LOG)) for change in log.changes))
            self._log.write(bare, state.log)
        if split_surroundings(account, state.account)[1].changed:
            self._account.write(account, state.account)
        return Applied()

    def preview(self, state: PairState, plan: Plan) -> dict[str, Any]:
        return super().preview(state, without_provider(plan))

    def remaining(self, state: PairState, applied: Applied) -> Plan:
        for account, observed in ((self._account, state.account), (self._log, state.log)):
            account.require_working(observed)
        return super().remaining(state, applied)

    def to_result(self, state: PairState) -> dict[str, Any]:
        shown = self._account.to_result(state.account)
        return {**shown, "log_account": self._log.to_result(state.log) or None} if shown or state.log.resource else {}

    def describe(self, state: PairState) -> str:
        return f"{self._account.describe(state.account)}; logs: {self._log.describe(state.log)}"

    def summary(self, step: str, state: PairState) -> str:
        return self._log.describe(state.log) if step == "T5" else self._account.describe(state.account)

    def changes_for_step(self, step: str, plan: Plan) -> Plan:
        logs = step == "T5"
        return Plan(tuple(change for change in plan.changes if change.path.startswith(_LOG) is logs))

    def warnings(self, state: PairState) -> tuple[str, ...]:
        return (*self._account.problems(state.account), *self._log.problems(state.log))

    def secret_results(self) -> dict[str, Any]:
        both = self._account.secret_results(), self._log.secret_results()
        return {"keys": [key for part in both for key in part["keys"]]} if all(both) else {}


def build(options: Mapping[str, Any], azure: Azure) -> StorageAccountResource | AccountPairResource:
    """Build the resource from the options of the module. Raises InvalidInput."""
    desired = DesiredPair.from_options({**options, "subscription_id": azure.subscription_id})
    if desired.log is None:
        return StorageAccountResource(azure, desired.account, options)
    return AccountPairResource(azure, desired, desired.log, options)


def _pending(state: AccountState) -> str | None:
    account = state.resource
    return pending_state(f"storage account {account.name}", account.provisioning_state) if account else None
