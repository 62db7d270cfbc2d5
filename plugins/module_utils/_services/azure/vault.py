# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: vaults in Azure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..._azure.clients import Azure
from ..._azure.consistency import UNKNOWN_PARENT, visibility_limit, wait_until_visible
from ..._azure.failures import Absent, read
from ..._azure.operations import pending_state, run, wait_until_settled
from ..._azure.wire import documents, payload, raw
from ..._model.azure.operation_states import is_broken
from ..._model.azure.resource_group import ResourceState, without_provider
from ..._model.azure.vault import (
    PROVIDER,
    DesiredVault,
    Vault,
    VaultState,
    creation_body,
    needs_contents,
    plan_vault,
    update_bodies,
    vault_checks,
)
from ..._model.azure.vault_contents import Contents, DeletedVault
from ..._model.azure.vault_settings import SINCE, without_configuration
from ..._model.common.check import Check
from ..._model.common.errors import AccessDenied, InvalidInput, Refused, RemoteFailure
from ..._model.common.names import parse_vault_id, require_vault_name, same_id, same_name, vault_id
from ..._model.common.plan import Plan
from ..._model.common.resource import NOTHING_TO_DO, Applied, Evidence, ManagedResource
from . import resource_groups as groups
from .resource_providers import ResourceProvider
from .vault_lists import list_of_vault


def find(azure: Azure, resource_group: str, name: str) -> ResourceState[Vault]:
    """Read a vault with one GET."""
    vaults = azure.recovery_services.vaults
    return groups.find(f"read vault {name}", lambda: vaults.get(resource_group, name, cls=raw), Vault.from_wire)


def require(azure: Azure, resource_group: str, name: str) -> Vault:
    """Read a vault that must exist. Raises Refused, which names what is missing."""
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
    """List all vaults of a resource group or of the subscription. A missing group has none."""
    vaults = azure.recovery_services.vaults
    answer = read(
        "list vaults",
        lambda: documents(
            vaults.list_by_resource_group(resource_group) if resource_group else vaults.list_by_subscription_id()
        ),
    )
    return [] if isinstance(answer, Absent) else [Vault.from_wire(document) for document in answer]


def read_vaults(options: Mapping[str, Any], azure: Azure) -> dict[str, Any]:
    """Return the result keys: one vault, or those of a resource group or of the subscription, ordered by name.

    A request for one vault also returns its id and whether it exists.
    """
    one_id, vaults = _by_id(options, azure) if options["id"] is not None else _by_name(options, azure)
    vaults.sort(key=lambda vault: (vault.name.casefold(), vault.id.casefold()))
    found = ", ".join(describe(vault) for vault in vaults) or "no vault"
    return {
        "vaults": [vault.to_result() for vault in vaults],
        "vault_id": vaults[0].id if one_id and vaults else one_id,
        "exists": bool(vaults) if one_id else None,
        "checks": [check.to_result() for check in _checks(one_id, vaults)],
        "evidence": [Evidence("B1", found, NOTHING_TO_DO, found).to_result()],
    }


def _checks(one_id: str | None, vaults: Sequence[Vault]) -> list[Check]:
    if one_id is None:
        return []
    where = parse_vault_id("id", one_id)
    return vault_checks(where.resource_group, where.name, vaults[0].location if vaults else None)


def _by_id(options: Mapping[str, Any], azure: Azure) -> tuple[str, list[Vault]]:
    """Read the vault of an id, in the subscription of the id, which the same login may be able to read."""
    where = parse_vault_id("id", options["id"])
    for option in ("name", "resource_group"):
        if options[option]:
            raise InvalidInput(option, "must not be combined with id", "set either of them")
    owner = azure
    if not same_name(where.subscription_id, azure.subscription_id):
        owner = azure.of_subscription(where.subscription_id)
    found = find(owner, where.resource_group, where.name).resource
    return where.to_text(), [found] if found else []


def _by_name(options: Mapping[str, Any], azure: Azure) -> tuple[str | None, list[Vault]]:
    group, name = options["resource_group"], options["name"]
    if name is not None:
        require_vault_name(name)
    if group and name:
        found = find(azure, group, name).resource
        return vault_id(azure.subscription_id, group, name), [found] if found else []
    return None, [vault for vault in list_vaults(azure, group) if name is None or same_name(vault.name, name)]


# Error codes of clouds and regions that do not have this list yet.
_NO_SUCH_LIST = ("InvalidResourceType", "NoRegisteredProviderFound")


class VaultResource(ManagedResource[VaultState, Applied]):
    """One vault that is created, updated or deleted (B1)."""

    steps = ("B1",)
    not_kept = groups.NOT_KEPT

    def __init__(self, azure: Azure, desired: DesiredVault, wait_timeout: float) -> None:
        self._azure = azure
        self._desired = desired
        self._wait_timeout = wait_timeout
        self._provider = ResourceProvider(azure, PROVIDER, desired.register_resource_provider, wait_timeout)

    def observe(self) -> VaultState:
        state = self.observe_applied()
        if state.resource is not None:
            if needs_contents(state.resource, self._desired):
                return replace(state, contents=self._contents())
            return state
        if state.unregistered or self._desired.absent or (state.group_missing and not self._desired.undelete):
            return state
        return replace(state, deleted=self._deleted())

    def observe_applied(self) -> VaultState:
        desired = self._desired
        found = self._provider.find(
            desired.resource_group, lambda: find(self._azure, desired.resource_group, desired.name)
        )
        return VaultState(found.resource, found.group_missing, found.unregistered)

    def visibility_limit(self, state: VaultState) -> float:
        return visibility_limit(self._wait_timeout, absent=state.resource is None)

    def wait_until_settled(self, state: VaultState) -> tuple[VaultState, Applied]:
        return wait_until_settled(state, self.observe, _pending, self._wait_timeout), Applied()

    def plan(self, state: VaultState) -> Plan:
        return plan_vault(state, self._desired)

    def apply(self, plan: Plan, state: VaultState) -> Applied:
        if state.unregistered and not self._desired.absent:
            self._provider.register()
        if state.group_missing:
            desired = self._desired
            groups.create(self._azure, desired.resource_group, desired.location, self._wait_timeout, desired.group_tags)
        if state.resource is not None:
            self._change(plan, state.resource)
        elif state.deleted is not None:
            self._undelete(state.deleted)
            self._complete()
        else:
            self._create()
            if self._desired.completed_later:
                self._complete()
        return Applied()

    def remaining(self, state: VaultState, applied: Applied) -> Plan:
        if state.resource is not None and not self._desired.absent:
            groups.require_working(f"vault {state.resource.name}", state.resource.provisioning_state)
        return super().remaining(state, applied)

    def to_result(self, state: VaultState) -> dict[str, Any]:
        return state.resource.to_result() if state.resource else {}

    def preview(self, state: VaultState, plan: Plan) -> dict[str, Any]:
        if self._desired.absent:
            return {}
        return super().preview(state, without_provider(plan))

    def describe(self, state: VaultState) -> str:
        return describe(state.resource) if state.resource else "no vault"

    def warnings(self, state: VaultState) -> tuple[str, ...]:
        vault = state.resource
        if vault is None or not is_broken(vault.provisioning_state):
            return ()
        return (
            f"vault {vault.name} is in state {vault.provisioning_state}, so it may not work;"
            " check its activity log, delete it if it was never used, then run again",
        )

    # Observe ---------------------------------------------------------------------------------------------------------

    def _contents(self) -> Contents:
        group, name, client = self._desired.resource_group, self._desired.name, self._azure.recovery_services
        sites = self._azure.site_recovery
        return Contents.from_wire(
            list_of_vault("usages", lambda: client.usages.list_by_vaults(group, name)),
            list_of_vault("replication usages", lambda: client.replication_usages.list(group, name)),
            list_of_vault("servers", lambda: sites.replication_fabrics.list(group, name)),
        )

    def _deleted(self) -> DeletedVault | None:
        """Return the soft-deleted vault of the same name.

        An identity that cannot read the list learns of a name conflict from the creation.
        """
        client = getattr(self._azure.recovery_services, "deleted_vaults", None)
        if client is None:
            return None
        location = self._desired.location
        try:
            answer = read("list deleted vaults", lambda: documents(client.list_by_subscription_id(location)))
        except AccessDenied:
            if self._desired.undelete:
                raise
            return None
        except RemoteFailure as error:
            if self._desired.undelete or error.details.get("code") not in _NO_SUCH_LIST:
                raise
            return None
        found = [] if isinstance(answer, Absent) else [DeletedVault.from_wire(entry) for entry in answer]
        return next((one for one in found if same_id(one.vault_id, self._desired.vault_id)), None)

    # Apply ----------------------------------------------------------------------------------------------------------

    def _change(self, plan: Plan, vault: Vault, unknown: Collection[str] = ()) -> None:
        vaults, desired = self._azure.recovery_services.vaults, self._desired
        if desired.absent:
            self._run(lambda: vaults.begin_delete(desired.resource_group, desired.name), "delete")
            return
        for body in update_bodies(vault, desired, plan):
            self._patch(_content(body), unknown)

    def _patch(self, content: Any, unknown: Collection[str]) -> None:
        vaults, desired = self._azure.recovery_services.vaults, self._desired
        self._run(lambda: vaults.begin_update(desired.resource_group, desired.name, content), "update", unknown)

    def _create(self) -> None:
        vaults, desired = self._azure.recovery_services.vaults, self._desired
        content = _content(creation_body(desired))

        def put(unknown: Collection[str]) -> None:
            self._run(
                lambda: vaults.begin_create_or_update(desired.resource_group, desired.name, content), "create", unknown
            )

        self._provider.create(put)

    def _undelete(self, deleted: DeletedVault) -> None:
        client, desired = self._azure.recovery_services.deleted_vaults, self._desired
        content = payload({"properties": {"recoveryResourceGroupId": desired.group_id}})
        self._run(lambda: client.begin_undelete(desired.location, deleted.name, content), "undelete")

    def _complete(self) -> None:
        """Make the changes that need an existing vault. It was created in this run, so a 404 is an old answer."""
        found = wait_until_visible(self._visible, f"vault {self._desired.name}", self._wait_timeout)
        state, _settled = self.wait_until_settled(found)
        if state.resource is not None:
            plan = self.plan(state)
            if plan.changed:
                self._change(plan, state.resource, (*UNKNOWN_PARENT, "ResourceNotFound"))

    def _visible(self) -> VaultState | None:
        state = self.observe_applied()
        return state if state.resource is not None else None

    def _run(self, begin: Any, verb: str, unknown: Collection[str] = ()) -> None:
        run(begin, f"{verb} vault {self._desired.name}", self._wait_timeout, unknown)


def build(options: Mapping[str, Any], azure: Azure) -> VaultResource:
    """Build the resource from the options of the module. Raises InvalidInput."""
    desired = DesiredVault.from_options({**options, "subscription_id": azure.subscription_id})
    _require_supported(desired)
    return VaultResource(azure, desired, options["wait_timeout"])


def _require_supported(desired: DesiredVault) -> None:
    """Raise InvalidInput for settings that the installed SDK is too old for: its API version ignores them silently."""
    required = {option: name for option, name in SINCE.items() if option in desired.settings}
    if desired.undelete:
        required["undelete"] = "DeletedVault"
    if not required:
        return
    from azure.mgmt.recoveryservices import models

    for option, name in required.items():
        if not hasattr(models, name):
            raise InvalidInput(
                option,
                "the installed azure-mgmt-recoveryservices does not support it",
                "install a newer release, or omit the option",
            )


def _content(body: dict[str, Any]) -> Any:
    """Return a request body that the installed SDK's API version supports."""
    from azure.mgmt.recoveryservices import models

    return payload(body if hasattr(models, SINCE["immutability_days"]) else without_configuration(body))


def describe(vault: Vault) -> str:
    """Describe a vault with its region and state, as one phrase."""
    return f"vault {vault.name} in {vault.location}, {vault.provisioning_state}"


def _pending(state: VaultState) -> str | None:
    vault = state.resource
    return pending_state(f"vault {vault.name}", vault.provisioning_state) if vault else None
