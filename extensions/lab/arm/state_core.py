# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contents of the simulated Azure, its time and its long-running operations."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ..context import LabContext
from .assertions import Application
from .documents import blob_service_document, deleted_vault_document, vault_document
from .messages import Json
from .records import ManagedIdentities, Operation, Policy, Vault, VaultCertificate, guid
from .regions import AzureCloud, cloud_of
from .roles import ROLES
from .views import Views

PROVIDERS: Final = ("Microsoft.Compute", "Microsoft.Network", "Microsoft.RecoveryServices", "Microsoft.Storage")


@dataclass(slots=True)
class _Due:
    """An effect that is due at a moment."""

    at: float
    action: Callable[[], None]
    order: int


class StateCore:
    """Everything that Azure stores. The classes built on it add what the Windows side calls and the seeds of tests."""

    def __init__(self, context: LabContext) -> None:
        self.context = context
        self.lock = threading.RLock()
        self.views = Views(context)
        self.groups: dict[str, Json] = {}
        self.vaults: dict[str, Vault] = {}
        self.accounts: dict[str, Json] = {}
        self.blob_services: dict[str, Json] = {}
        self.account_keys: dict[str, list[Json]] = {}
        self.networks: dict[str, Json] = {}
        self.network_parts: set[str] = set()
        self.deleted_vaults: dict[str, Json] = {}
        # The vaults behind the soft-deleted ones, by the same key, for the case that they are restored.
        self.kept_vaults: dict[str, Vault] = {}
        self.providers = dict.fromkeys((name.casefold() for name in PROVIDERS), "Registered")
        # documented: Enabled, Warned, PastDue, Disabled, Deleted.
        self.subscription_state = "Enabled"
        # Roles of the login: scope, allowed actions, excluded actions.
        self.roles: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = []
        self.give_role("Contributor")
        self.locks: list[Json] = []
        self.deny_assignments: list[Json] = []
        # The condition of the role assignments of the client, which the lab shows and does not evaluate.
        self.role_condition: str | None = None
        self.policies: list[Policy] = []
        # Regions that Azure has closed to the subscription.
        self.closed_regions: set[str] = set()
        self.operations: dict[str, Operation] = {}
        #: Virtual machines that failovers made, by id in lower case.
        self.machines: dict[str, Json] = {}
        #: Those of them that are shut down.
        self.stopped_machines: set[str] = set()
        self.certificates: dict[str, VaultCertificate] = {}
        self.tokens: dict[str, datetime] = {}
        self.application = Application()
        self.machine = ManagedIdentities()
        # Account names that other customers hold: names are unique in the whole cloud (documented).
        self.foreign_accounts: set[str] = set()
        # Settings for tests and trial runs.
        self.token_life = timedelta(seconds=3599)
        self.page_size = 100
        # recorded: since 2024 the links of an accepted write carry signed parts.
        self.signs_links = False
        # recorded: since 2024 the headers show the limits of a region and of the whole subscription.
        self.shows_new_limits = False
        # documented: a failback that synchronizes first waits for a person; recorded: it may also run through.
        self.failback_waits = False
        # Whether hosts that cannot be prepared fail the association of their cloud; else it succeeds partially.
        self.unfit_hosts_fail_pairing = False
        # documented: secure by default with soft delete, in preview in all public regions.
        self.soft_deletes_vaults = True
        # documented: secure by default: regions keep soft delete enabled, and some give new vaults AlwaysON.
        self.secure_by_default = True
        self.soft_delete_of_new_vaults = "Enabled"
        self.record_traffic = False
        self._due: list[_Due] = []
        self._order = 0

    @property
    def cloud(self) -> AzureCloud:
        """Return the cloud of the subscription, which has the region of the lab."""
        return cloud_of(self.context.location)

    def new_token(self) -> str:
        """Issue an access token that is valid from now on."""
        value = secrets.token_urlsafe(48)
        self.tokens[value] = self.context.clock.now() + self.token_life
        return value

    # Time ---------------------------------------------------------------------------------------------------------

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Run `action` after `seconds` of the lab's time."""
        self._order += 1
        self._due.append(_Due(self.context.clock.after(seconds), action, self._order))

    def settle(self) -> None:
        """Run every action that is due, in order; an action may plan further ones."""
        with self.lock:
            while ready := [due for due in self._due if self.context.clock.reached(due.at)]:
                first = min(ready, key=lambda due: (due.at, due.order))
                self._due.remove(first)
                first.action()

    def hurry(self) -> None:
        """Run every planned action now (for tests)."""
        with self.lock:
            for due in self._due:
                due.at = 0.0
            self.settle()

    def retry_after(self, seconds: float | None = None) -> str:
        """Return the whole seconds of a Retry-After header; never 0, which azure-core reads as absent."""
        return str(max(1, round((seconds or self.context.delays.retry_after) * self.context.clock.scale)))

    # Operations ---------------------------------------------------------------------------------------------------

    def begin(self, method: str, target: str, seconds: float, finish: Callable[[bool], None]) -> Operation:
        """Start a long-running operation on `target`; `finish` receives whether it succeeded.

        Faults at `operation:<METHOD>:<target>` change the course: fail (code, message, status: `Failed` or
        `Canceled`), hang (never ends; status: the state that it keeps), delay (seconds).
        """
        operation = Operation(guid(), method, target, self.context.clock.now(), secrets.token_urlsafe(24))
        self.operations[operation.id] = operation
        fault = self.context.faults.hit(f"operation:{method}:{target}")
        if fault is not None and fault.action == "hang":
            operation.stays = fault.detail.get("status")
            return operation
        if fault is not None and fault.action == "delay":
            seconds += float(fault.detail.get("seconds", seconds))
        failure: Json | None = None
        if fault is not None and fault.action == "fail":
            failure = {
                "code": str(fault.detail.get("code", "InternalServerError")),
                "message": str(fault.detail.get("message", "An internal error occurred.")),
            }

        def end() -> None:
            # documented: "Track asynchronous Azure operations", the three final states.
            operation.status = str(fault.detail.get("status", "Failed")) if fault and failure else "Succeeded"
            operation.error = failure
            operation.ended = self.context.clock.now()
            finish(failure is None)

        self.later(seconds, end)
        return operation

    def busy(self, target: str) -> bool:
        """Tell whether an operation is still running on a resource or below it."""
        name = target.casefold()
        return any(
            operation.running
            and (operation.target.casefold() == name or operation.target.casefold().startswith(f"{name}/"))
            for operation in self.operations.values()
        )

    # Resources ----------------------------------------------------------------------------------------------------

    def group_id(self, name: str) -> str:
        """Return the id of a group in the case in which it was first written."""
        group = self.groups.get(name.casefold())
        return (
            str(group["id"]) if group else f"/subscriptions/{self.context.login.subscription_id}/resourceGroups/{name}"
        )

    def resource_id(self, group: str, kind: str, name: str) -> str:
        return f"{self.group_id(group)}/providers/{kind}/{name}"

    def new_vault(self, group: str, name: str, body: Json) -> Vault:
        """Store a new vault.

        Its number has 64 bits and is larger than a float holds exactly (recorded: 6066914184940997397).
        """
        resource_id = self.resource_id(group, "Microsoft.RecoveryServices/vaults", name)
        number = 2**53 + secrets.randbelow(2**63 - 2**53)
        vault = Vault(vault_document(resource_id, name, body, self.context.clock.now()), number)
        self.vaults[resource_id.casefold()] = vault
        return vault

    def blob_service(self, account: Json) -> Json:
        """Return the account's blob service settings, which exist from the beginning."""
        return self.blob_services.setdefault(str(account["id"]).casefold(), blob_service_document(account))

    def bury_vault(self, vault: Vault) -> None:
        """Delete a vault softly: it stays for a while and keeps its name."""
        key = vault.id.casefold()
        self.vaults.pop(key, None)
        self.kept_vaults[key] = vault
        self.deleted_vaults[key] = deleted_vault_document(
            self.context.login.subscription_id, vault.id, str(vault.document["location"]), self.context.clock.now()
        )

    def revive_vault(self, key: str) -> None:
        """Restore a soft-deleted vault as it was."""
        self.deleted_vaults.pop(key, None)
        vault = self.kept_vaults.pop(key, None)
        if vault is not None:
            self.vaults[key] = vault

    def give_role(self, name: str, group: str | None = None, *, only: bool = False) -> None:
        """Give the login a built-in role on the subscription or on a group; `only` removes all other roles first."""
        with self.lock:
            if only:
                self.roles.clear()
            scope = self.group_id(group) if group else f"/subscriptions/{self.context.login.subscription_id}"
            self.roles.append((scope, *ROLES[name]))
