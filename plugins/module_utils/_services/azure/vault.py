# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: vaults in Azure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..._azure.clients import Azure
from ..._azure.failures import Absent, read, translated
from ..._azure.operations import pending_state, run, settle
from ..._azure.wire import Document, documents, payload, raw
from ..._model.azure.resource_group import Grouped
from ..._model.azure.vault import (
    PROVIDER,
    DesiredVault,
    Sight,
    Vault,
    asks_for_contents,
    creation_body,
    not_registered,
    parse_vault_id,
    plan_vault,
    update_bodies,
)
from ..._model.azure.vault_contents import Contents, DeletedVault
from ..._model.azure.vault_settings import SINCE
from ..._model.common.errors import AccessDenied, InvalidInput, Refused, RemoteFailure
from ..._model.common.names import same_id, same_name
from ..._model.common.plan import Change, Plan
from ..._model.common.resource import Applied, Evidence, ManagedResource
from . import resource_groups as groups
from . import resource_providers as providers


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
    vaults = _by_id(options, azure) if options["id"] else _by_name(options, azure)
    vaults.sort(key=lambda vault: (vault.name.casefold(), vault.id.casefold()))
    told = ", ".join(_words(vault) for vault in vaults) or "no vault"
    return {
        **_integration(options, azure, vaults),
        "vaults": [vault.to_result() for vault in vaults],
        "evidence": [Evidence("B1", told, "nothing to do", told).to_result()],
    }


def _by_id(options: Mapping[str, Any], azure: Azure) -> list[Vault]:
    """The vault of an id, in the id's own subscription, which the same login may see."""
    where = parse_vault_id(options["id"])
    for option in ("name", "resource_group"):
        if options[option]:
            raise InvalidInput(option, "says nothing beside id", "give either")
    place = azure
    if not same_name(where.subscription_id, azure.subscription_id):
        place = azure.of_subscription(where.subscription_id)
    found = find(place, where.resource_group, where.name).resource
    return [found] if found else []


def _by_name(options: Mapping[str, Any], azure: Azure) -> list[Vault]:
    group, name = options["resource_group"], options["name"]
    if group and name:
        found = find(azure, group, name).resource
        return [found] if found else []
    return [vault for vault in list_vaults(azure, group) if name is None or same_name(vault.name, name)]


_BROKEN = ("failed", "canceled", "cancelled")
# A list that some clouds and regions don't have yet.
_NO_SUCH_LIST = ("InvalidResourceType", "NoRegisteredProviderFound")


class VaultResource(ManagedResource[Sight, Applied]):
    """One vault, created, kept as wanted or deleted (B1)."""

    steps = ("B1",)

    def __init__(self, azure: Azure, desired: DesiredVault, wait_timeout: float) -> None:
        self._azure = azure
        self._desired = desired
        self._wait_timeout = wait_timeout

    def observe(self) -> Sight:
        try:
            found = find(self._azure, self._desired.resource_group, self._desired.name)
        except RemoteFailure as error:
            return self._unregistered(error)
        sight = Sight(found.resource, found.group_missing)
        if found.resource is not None:
            if asks_for_contents(found.resource, self._desired):
                return replace(sight, contents=self._contents())
            return sight
        if self._desired.absent or (found.group_missing and not self._desired.undelete):
            return sight
        return replace(sight, deleted=self._deleted())

    def wait_until_settled(self, state: Sight) -> tuple[Sight, Applied]:
        return settle(state, self.observe, _pending, self._wait_timeout), Applied()

    def plan(self, state: Sight) -> Plan:
        return plan_vault(state, self._desired)

    def apply(self, plan: Plan, state: Sight) -> Applied:
        if state.unregistered and not self._desired.absent:
            providers.register(self._azure, PROVIDER, self._wait_timeout)
        if state.group_missing:
            groups.create(self._azure, self._desired.resource_group, self._desired.location, self._wait_timeout)
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

    def to_result(self, state: Sight) -> dict[str, Any]:
        return state.resource.to_result() if state.resource else {}

    def preview(self, state: Sight, plan: Plan) -> dict[str, Any]:
        if self._desired.absent:
            return {}
        return super().preview(state, Plan(tuple(one for one in plan.changes if not _is_aside(one))))

    def describe(self, state: Sight) -> str:
        return _words(state.resource) if state.resource else "no vault"

    def warnings(self, state: Sight) -> tuple[str, ...]:
        vault = state.resource
        if vault is None or vault.provisioning_state.casefold() not in _BROKEN:
            return ()
        return (
            f"vault {vault.name} is in state {vault.provisioning_state}, so it may not work;"
            " look at its activity log, delete it if it was never used, and run again",
        )

    # Looking ---------------------------------------------------------------------------------------------------------

    def _unregistered(self, error: RemoteFailure) -> Sight:
        """A subscription without vaults yet. An answer that the provider's own state does not bear out is raised."""
        if not providers.says_not_registered(error) or providers.registration(self._azure, PROVIDER) == "Registered":
            raise error
        group = self._desired.resource_group
        with translated(f"read resource group {group}"):
            exists = self._azure.resources.resource_groups.check_existence(group)
        return Sight(None, group_missing=not exists, unregistered=True)

    def _contents(self) -> Contents:
        group, name, client = self._desired.resource_group, self._desired.name, self._azure.recovery_services
        sites = self._azure.site_recovery
        return Contents.from_wire(
            _list("usages", lambda: client.usages.list_by_vaults(group, name)),
            _list("replication usages", lambda: client.replication_usages.list(group, name)),
            _list("servers", lambda: sites.replication_fabrics.list(group, name)),
        )

    def _deleted(self) -> DeletedVault | None:
        """The soft-deleted vault of the same name. Who may not see the list, learns of a clash from the creation."""
        client = getattr(self._azure.recovery_services, "deleted_vaults", None)
        if client is None:
            return None
        place = self._desired.location
        try:
            answer = read("list deleted vaults", lambda: documents(client.list_by_subscription_id(place)))
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

    # Changing --------------------------------------------------------------------------------------------------------

    def _change(self, plan: Plan, vault: Vault) -> None:
        vaults, desired = self._azure.recovery_services.vaults, self._desired
        if desired.absent:
            self._run(lambda: vaults.begin_delete(desired.resource_group, desired.name), "delete")
            return
        for body in update_bodies(vault, desired, plan):
            self._patch(payload(body))

    def _patch(self, content: Any) -> None:
        vaults, desired = self._azure.recovery_services.vaults, self._desired
        self._run(lambda: vaults.begin_update(desired.resource_group, desired.name, content), "update")

    def _create(self) -> None:
        vaults, desired = self._azure.recovery_services.vaults, self._desired
        content = payload(creation_body(desired))

        def put() -> None:
            self._run(lambda: vaults.begin_create_or_update(desired.resource_group, desired.name, content), "create")

        try:
            put()
        except RemoteFailure as error:
            if not providers.says_not_registered(error):
                raise
            if not desired.register_resource_provider:
                raise Refused(not_registered(desired.subscription_id)) from error
            providers.register(self._azure, PROVIDER, self._wait_timeout)
            put()

    def _undelete(self, deleted: DeletedVault) -> None:
        client, desired = self._azure.recovery_services.deleted_vaults, self._desired
        content = payload({"properties": {"recoveryResourceGroupId": desired.group_id}})
        self._run(lambda: client.begin_undelete(desired.location, deleted.name, content), "undelete")

    def _complete(self) -> None:
        """What a vault can be given only once it is there."""
        state, _settled = self.wait_until_settled(self.observe())
        if state.resource is not None:
            plan = self.plan(state)
            if plan.changed:
                self._change(plan, state.resource)

    def _run(self, begin: Any, verb: str) -> None:
        action = f"{verb} vault {self._desired.name}"
        run(begin, action, self._wait_timeout)


def build(options: Mapping[str, Any], azure: Azure) -> VaultResource:
    """The noun of the module's options; raises InvalidInput."""
    desired = DesiredVault.from_options(options)
    _require_known(desired)
    return VaultResource(azure, desired, options["wait_timeout"])


def _require_known(desired: DesiredVault) -> None:
    """Older SDKs speak an api-version that drops newer settings in silence."""
    wanted = {option: name for option, name in SINCE.items() if option in desired.settings}
    if desired.undelete:
        wanted["undelete"] = "DeletedVault"
    if not wanted:
        return
    from azure.mgmt.recoveryservices import models

    for option, name in wanted.items():
        if not hasattr(models, name):
            raise InvalidInput(
                option,
                "is not known to the installed azure-mgmt-recoveryservices",
                "install a newer one, or leave the option out",
            )


def _list(what: str, call: Callable[[], Iterable[Any]]) -> list[Document]:
    answer = read(f"list the vault's {what}", lambda: documents(call()))
    # The vault was there a moment ago; one that has just gone has nothing in it.
    return [] if isinstance(answer, Absent) else answer


def _is_aside(change: Change) -> bool:
    """Whether it happens beside the vault, and so is no part of what the vault looks like."""
    return change.path == "resource_provider"


def _words(vault: Vault) -> str:
    return f"vault {vault.name} in {vault.location}, {vault.provisioning_state}"


def _pending(state: Grouped[Vault]) -> str | None:
    vault = state.resource
    return pending_state(f"vault {vault.name}", vault.provisioning_state) if vault else None


# integration: replaced by h-azure (vault_id and exists of a named vault)
def _integration(options: Mapping[str, Any], azure: Azure, vaults: list[Vault]) -> dict[str, Any]:
    if not (options["name"] and options["resource_group"]):
        return {}
    group, kind = options["resource_group"], "providers/Microsoft.RecoveryServices/vaults"
    planned = f"/subscriptions/{azure.subscription_id}/resourceGroups/{group}/{kind}/{options['name']}"
    return {"vault_id": vaults[0].id if vaults else planned, "exists": bool(vaults)}
