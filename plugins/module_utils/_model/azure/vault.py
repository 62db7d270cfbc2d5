# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the Recovery Services vault: what it is, what is wanted, what to change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..common.errors import InvalidInput, Refused
from ..common.names import ResourceId, region, require_vault_name
from ..common.plan import UNKNOWN, Change, Plan, checked_tags, compare, creation, merged_tags
from .regions import require_region
from .resource_group import Grouped, group_change
from .vault_contents import Contents, DeletedVault
from .vault_identity import Identity, WantedIdentity, require_identity_id
from .vault_settings import (
    SYSTEM,
    nested,
    read_settings,
    require_consent,
    setting_changes,
    steps_of,
    write_settings,
    written,
)

PROVIDER = "Microsoft.RecoveryServices"
_TYPE = f"{PROVIDER}/vaults"


def parse_vault_id(text: str) -> ResourceId:
    """Raises InvalidInput when it is not the id of a vault."""
    try:
        found = ResourceId.parse(text)
    except ValueError:
        found = None
    if found is None or found.provider_type.casefold() != _TYPE.casefold():
        raise InvalidInput(
            "id",
            f"'{text}' is not the id of a vault",
            f"give /subscriptions/.../resourceGroups/.../providers/{_TYPE}/...",
        )
    return found


@dataclass(frozen=True, slots=True)
class Vault:
    """A vault as Azure shows it. `private_endpoint_state` is the one for Site Recovery: None or Enabled."""

    id: str
    name: str
    resource_group: str
    subscription_id: str
    location: str
    sku: str
    private_endpoint_state: str
    provisioning_state: str
    tags: Mapping[str, str]
    identity: Identity = field(default_factory=Identity)
    private_endpoints: tuple[str, ...] = ()
    #: Every setting by its path, None where Azure does not say.
    settings: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_wire(cls, document: Mapping[str, Any]) -> Vault:
        """From the service's JSON; what it leaves out has the meaning that its API description gives."""
        where = ResourceId.parse(document["id"])
        properties = document.get("properties") or {}
        return cls(
            id=document["id"],
            name=document["name"],
            resource_group=where.resource_group,
            subscription_id=where.subscription_id,
            location=region(document["location"]),
            sku=(document.get("sku") or {}).get("name") or "",
            private_endpoint_state=properties.get("privateEndpointStateForSiteRecovery") or "None",
            provisioning_state=properties.get("provisioningState") or "",
            tags=dict(document.get("tags") or {}),
            identity=Identity.from_wire(document.get("identity")),
            private_endpoints=_endpoints(properties.get("privateEndpointConnections") or []),
            settings=read_settings(properties),
        )

    def to_result(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "resource_group": self.resource_group,
            "subscription_id": self.subscription_id,
            "location": self.location,
            "sku": self.sku,
            "private_endpoint_state": self.private_endpoint_state,
            "private_endpoints": list(self.private_endpoints),
            "provisioning_state": self.provisioning_state,
            "tags": dict(self.tags),
            "identity": self.identity.to_result(),
            **nested(self.settings),
        }


def _endpoints(connections: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Names of private endpoints; a connection whose endpoint can't be seen goes by its own name."""
    names = []
    for connection in connections:
        endpoint = ((connection.get("properties") or {}).get("privateEndpoint") or {}).get("id") or ""
        names.append(endpoint.rsplit("/", 1)[-1] or str(connection.get("name") or connection.get("id") or "?"))
    return tuple(sorted(names))


@dataclass(frozen=True, slots=True)
class Sight(Grouped[Vault]):
    """What is known before a decision: the vault, and what only some decisions need."""

    #: A soft-deleted vault of the same name.
    deleted: DeletedVault | None = None
    #: What is in the vault; None when nobody asked.
    contents: Contents | None = None
    #: The subscription knows no vaults at all yet.
    unregistered: bool = False


@dataclass(frozen=True, slots=True)
class DesiredVault:
    """A vault as the playbook wants it; None means: not written, leave alone."""

    name: str
    resource_group: str
    subscription_id: str
    location: str
    absent: bool = False
    create_resource_group: bool = False
    register_resource_provider: bool = True
    undelete: bool = False
    allow_delete: bool = False
    allow_irreversible: bool = False
    tags: Mapping[str, str] | None = None
    append_tags: bool = True
    identity: WantedIdentity = field(default_factory=WantedIdentity)
    #: The written settings by their path.
    settings: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> DesiredVault:
        """Checked offline. Raises InvalidInput."""
        require_vault_name(options["name"])
        absent = options["state"] == "absent"
        settings = written(options)
        key_identity = settings.get("encryption.identity")
        if key_identity is not None and key_identity != SYSTEM:
            require_identity_id(key_identity, "encryption.identity")
        return cls(
            name=options["name"],
            resource_group=options["resource_group"],
            subscription_id=options["subscription_id"],
            location=_location(options, absent),
            absent=absent,
            create_resource_group=options["create_resource_group"],
            register_resource_provider=options["register_resource_provider"],
            undelete=options["undelete"],
            allow_delete=options["allow_delete"],
            allow_irreversible=options["allow_irreversible"],
            tags=checked_tags(options["tags"]),
            append_tags=options["append_tags"],
            identity=WantedIdentity.from_options(options["identity"]),
            settings=settings,
        )

    @property
    def vault_id(self) -> str:
        return f"{self.group_id}/providers/{_TYPE}/{self.name}"

    @property
    def group_id(self) -> str:
        return f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"

    @property
    def completed_later(self) -> bool:
        """Whether a new vault needs a second call.

        Creation with user-assigned identities ends badly (azure-rest-api-specs issues 27851 and 27869), a key needs
        an identity that has a right on it, and nothing is locked that was not unlocked.
        """
        return (
            bool(self.identity.user_assigned)
            or self.settings.get("immutability") == "locked"
            or any(path.startswith("encryption.") for path in self.settings)
        )


def _location(options: Mapping[str, Any], absent: bool) -> str:
    given = options["location"]
    if not given:
        if absent:
            return ""
        raise InvalidInput("location", "is needed to have a vault", "give its region")
    return require_region(given, options.get("cloud_environment"))


# Decisions -------------------------------------------------------------------------------------------------------


def asks_for_contents(vault: Vault, desired: DesiredVault) -> bool:
    """Whether the decision depends on what is in the vault."""
    if desired.absent:
        return desired.allow_delete
    storage = desired.settings.get("redundancy.storage")
    return storage is not None and storage != vault.settings.get("redundancy.storage")


def plan_vault(found: Grouped[Vault], desired: DesiredVault) -> Plan:
    """Raises Refused for what can't be done, or not without consent."""
    sight = found if isinstance(found, Sight) else Sight(found.resource, found.group_missing)
    if desired.absent:
        return _deletion(sight, desired)
    if sight.resource is None:
        return _creation(sight, desired)
    vault = sight.resource
    if vault.location != desired.location:
        raise Refused(
            f"location: vault {vault.name} is in {vault.location} and can't be moved to {desired.location};"
            " give its location, or another name for a new vault"
        )
    changes = setting_changes(vault.name, vault.settings, desired.settings, desired.allow_irreversible)
    _refuse_late_storage(sight, changes)
    identity = desired.identity.over(vault.identity)
    _require_key_identity(vault.name, identity, {**vault.settings, **desired.settings})
    return Plan.of([*changes, *_identity_changes(vault.identity, identity), _tags_change(vault, desired)])


def _refuse_late_storage(sight: Sight, changes: Iterable[Change]) -> None:
    storage = next((change for change in changes if change.path == "redundancy.storage"), None)
    if storage is None or sight.resource is None or sight.contents is None or not sight.contents.backup:
        return
    raise Refused(
        f"redundancy.storage: vault {sight.resource.name} holds {'; '.join(sight.contents.backup)}, and Azure lets its"
        f" storage change only before the first backup; keep {storage.before or 'what it has'}, or use a new vault"
    )


def _require_key_identity(vault: str, after: Identity, settings: Mapping[str, Any]) -> None:
    """The identity that opens the key has to stay, or come with it."""
    needed = settings.get("encryption.identity")
    if settings.get("encryption.key_uri") and needed and not after.has(needed):
        shown = "its system-assigned identity" if needed == SYSTEM else needed
        raise Refused(
            f"identity: vault {vault} opens its key with {shown}, which it would not have;"
            " keep or add that identity, or change encryption.identity"
        )


def _identity_changes(actual: Identity, after: Identity) -> list[Change | None]:
    return [
        compare("identity.system_assigned", actual.system_assigned, after.system_assigned),
        compare("identity.user_assigned", list(actual.user_assigned), list(after.user_assigned)),
        Change("identity.principal_id", actual.principal_id, after.principal_id)
        if actual.system_assigned != after.system_assigned
        else None,
    ]


def _tags_change(vault: Vault, desired: DesiredVault) -> Change | None:
    return compare("tags", dict(vault.tags), merged_tags(vault.tags, desired.tags, desired.append_tags))


def _deletion(sight: Sight, desired: DesiredVault) -> Plan:
    vault = sight.resource
    if vault is None:
        return Plan()
    if desired.location and vault.location != desired.location:
        raise Refused(
            f"location: vault {vault.name} is in {vault.location}, not in {desired.location}, so it may not be the one"
            " that is meant; correct location or leave it out"
        )
    if not desired.allow_delete:
        raise Refused(f"state: absent would delete vault {vault.name}; set allow_delete to true if that is meant")
    held = (sight.contents or Contents()).summary(vault.private_endpoints)
    if held:
        raise Refused(f"vault {vault.name} is not empty, it still has {held}; remove them, then delete it")
    return Plan((Change("state", "present", "absent", f"delete vault {vault.name}"),))


def _creation(sight: Sight, desired: DesiredVault) -> Plan:
    provider = _provider_change(sight, desired)
    group = group_change(sight, desired.resource_group, desired.create_resource_group)
    if sight.deleted is not None:
        if not desired.undelete:
            raise Refused(_clash(sight.deleted, desired))
        if not desired.allow_irreversible:
            require_consent(Change(path, UNKNOWN, value) for path, value in desired.settings.items())
        made = _undeletion(sight.deleted, desired)
    else:
        # Consent is asked for as with an existing vault.
        setting_changes(desired.name, {}, desired.settings, desired.allow_irreversible)
        identity = desired.identity.over(Identity())
        if desired.settings.get("encryption.identity") == SYSTEM:
            raise Refused(
                f"encryption.identity: vault {desired.name} does not exist yet, so its own identity has no right on the"
                " key; make the vault first and give its identity a role on the key vault, or use a user-assigned one"
            )
        _require_key_identity(desired.name, identity, desired.settings)
        made = creation(f"create vault {desired.name} in {desired.location}", _expected(desired, identity))
    return Plan.of([provider, group, *made])


def _clash(deleted: DeletedVault, desired: DesiredVault) -> str:
    purged = f" until {deleted.purged_at}" if deleted.purged_at else ""
    return (
        f"name: a vault {desired.name} of resource group {desired.resource_group} was deleted at {deleted.deleted_at}"
        f" and Azure keeps it and its name{purged}; set undelete to true to have it back, wait, or choose another name"
    )


def _undeletion(deleted: DeletedVault, desired: DesiredVault) -> list[Change]:
    reason = f"undelete vault {desired.name}, deleted at {deleted.deleted_at}"
    unknown = {**_expected(desired, Identity()), "sku": UNKNOWN}
    if desired.tags is None or desired.append_tags:
        unknown["tags"] = UNKNOWN
    unknown["identity.system_assigned"] = unknown["identity.user_assigned"] = UNKNOWN
    unknown["identity.principal_id"] = UNKNOWN
    return creation(reason, unknown)


def _expected(desired: DesiredVault, identity: Identity) -> dict[str, Any]:
    """A new vault by the paths of its projection; what nobody wrote is the service's choice."""
    chosen = dict.fromkeys(read_settings({}), UNKNOWN)
    return {
        "id": UNKNOWN,
        "name": desired.name,
        "resource_group": desired.resource_group,
        "subscription_id": desired.subscription_id,
        "location": desired.location,
        "sku": "Standard",
        "private_endpoint_state": "None",
        "private_endpoints": [],
        "provisioning_state": "Succeeded",
        "tags": dict(desired.tags or {}),
        "identity.system_assigned": identity.system_assigned,
        "identity.user_assigned": list(identity.user_assigned),
        "identity.principal_id": identity.principal_id,
        **chosen,
        "public_network_access": "enabled",
        **desired.settings,
    }


def _provider_change(sight: Sight, desired: DesiredVault) -> Change | None:
    if not sight.unregistered:
        return None
    if not desired.register_resource_provider:
        raise Refused(not_registered(desired.subscription_id))
    return Change("resource_provider", "NotRegistered", "Registered", f"register resource provider {PROVIDER}")


def not_registered(subscription_id: str) -> str:
    return (
        f"resource provider {PROVIDER} is not registered on subscription {subscription_id};"
        f" run `az provider register --namespace {PROVIDER} --subscription {subscription_id}`,"
        " or set register_resource_provider to true"
    )


# Bodies ----------------------------------------------------------------------------------------------------------


def creation_body(desired: DesiredVault) -> dict[str, Any]:
    """The PUT of a new vault, without what only a second call can do."""
    settings = {path: value for path, value in desired.settings.items() if not path.startswith("encryption.")}
    if settings.get("immutability") == "locked":
        settings["immutability"] = "unlocked"
    body: dict[str, Any] = {
        "location": desired.location,
        "sku": {"name": "Standard"},
        "properties": write_settings(settings),
        "tags": dict(desired.tags or {}),
    }
    if desired.identity.system_assigned and not desired.identity.user_assigned:
        body["identity"] = {"type": "SystemAssigned"}
    return body


def update_bodies(vault: Vault, desired: DesiredVault, plan: Plan) -> list[dict[str, Any]]:
    """The PATCHes of a plan: one, but for what needs two."""
    after = {change.path: change.after for change in plan.changes}
    first: dict[str, Any] = {}
    if "tags" in after:
        first["tags"] = after["tags"]
    if plan.touches("identity"):
        first["identity"] = _identity_body(vault.identity, desired.identity.over(vault.identity))
    changed = {path: value for path, value in after.items() if path in vault.settings}
    steps = list(steps_of(changed, vault.settings)) if changed else []
    bodies = [{"properties": write_settings(step)} for step in steps] or [{}]
    bodies[0] = {**first, **bodies[0]}
    return bodies


def _identity_body(actual: Identity, after: Identity) -> dict[str, Any]:
    kinds = [
        *(["SystemAssigned"] if after.system_assigned else []),
        *(["UserAssigned"] if after.user_assigned else []),
    ]
    body: dict[str, Any] = {"type": ", ".join(kinds) or "None"}
    if after.user_assigned:
        # A PATCH merges: what is not named stays, what is null goes.
        gone = {one: None for one in actual.user_assigned if one not in after.user_assigned}
        body["userAssignedIdentities"] = {**{one: {} for one in after.user_assigned}, **gone}
    return body
