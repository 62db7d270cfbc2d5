# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the Recovery Services vault: its observed and desired state, its plan and its request bodies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..common.check import Check
from ..common.errors import InvalidInput, Refused
from ..common.names import VAULT_TYPE, ResourceId, region, require_vault_name, vault_id
from ..common.plan import UNKNOWN, Change, Plan, checked_tags, compare, creation, merged_tags
from .options import GROUP_OPTIONS, TAG_OPTIONS
from .properties import argument_spec, nested, new_values, read_properties, write_properties
from .regions import require_region
from .resource_group import ResourceState, group_change, provider_change
from .vault_contents import Contents, DeletedVault
from .vault_identity import OPTION as IDENTITY_OPTION
from .vault_identity import DesiredIdentity, VaultIdentity, require_identity_id
from .vault_settings import (
    SETTINGS,
    SYSTEM,
    desired_settings,
    require_consent,
    setting_changes,
    unknown_siblings,
    update_steps,
)

PROVIDER = VAULT_TYPE.partition("/")[0]
#: The options that describe a vault; the module adds those that are about the run.
OPTIONS: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "location": {"type": "str"},
    "allow_delete": {"type": "bool", "default": False},
    "allow_irreversible": {"type": "bool", "default": False},
    "undelete": {"type": "bool", "default": False},
    "identity": IDENTITY_OPTION,
    **argument_spec(SETTINGS),
    **GROUP_OPTIONS,
    **TAG_OPTIONS,
}


@dataclass(frozen=True, slots=True)
class Vault:
    """An observed vault. `private_endpoint_state` is the one for Site Recovery: None or Enabled."""

    id: str
    name: str
    resource_group: str
    subscription_id: str
    location: str
    sku: str
    private_endpoint_state: str
    provisioning_state: str
    tags: Mapping[str, str]
    identity: VaultIdentity = field(default_factory=VaultIdentity)
    private_endpoints: tuple[str, ...] = ()
    #: Every setting by its path; None where Azure does not report it.
    settings: Mapping[str, Any] = field(default_factory=dict)
    #: The document of the service. An update sends back the members that no setting describes.
    document: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_wire(cls, document: Mapping[str, Any]) -> Vault:
        """Read the service's JSON. Omitted members have the defaults of the API description."""
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
            identity=VaultIdentity.from_wire(document.get("identity")),
            private_endpoints=_endpoints(properties.get("privateEndpointConnections") or []),
            settings=read_properties(SETTINGS, document),
            document=document,
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
    """Return the names of private endpoints. A connection whose endpoint is not visible has its own name."""
    names = []
    for connection in connections:
        endpoint = ((connection.get("properties") or {}).get("privateEndpoint") or {}).get("id") or ""
        names.append(endpoint.rsplit("/", 1)[-1] or str(connection.get("name") or connection.get("id") or "?"))
    return tuple(sorted(names))


@dataclass(frozen=True, slots=True)
class VaultState(ResourceState[Vault]):
    """The observed state: the vault, and data that only some decisions need."""

    #: A soft-deleted vault of the same name.
    deleted: DeletedVault | None = None
    #: The contents of the vault; None when they were not read.
    contents: Contents | None = None


@dataclass(frozen=True, slots=True)
class DesiredVault:
    """A desired vault. None leaves a part unchanged."""

    name: str
    resource_group: str
    subscription_id: str
    location: str
    absent: bool = False
    create_resource_group: bool = False
    #: The tags of a resource group that this run creates.
    group_tags: Mapping[str, str] | None = None
    register_resource_provider: bool = True
    undelete: bool = False
    allow_delete: bool = False
    allow_irreversible: bool = False
    tags: Mapping[str, str] | None = None
    purge_tags: bool = False
    identity: DesiredIdentity = field(default_factory=DesiredIdentity)
    #: The desired settings by their path.
    settings: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> DesiredVault:
        """Check the options offline. Raises InvalidInput."""
        require_vault_name(options["name"])
        absent = options["state"] == "absent"
        settings = desired_settings(options)
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
            group_tags=checked_tags(options.get("resource_group_tags"), "resource_group_tags"),
            register_resource_provider=options["register_resource_provider"],
            undelete=options["undelete"],
            allow_delete=options["allow_delete"],
            allow_irreversible=options["allow_irreversible"],
            tags=checked_tags(options["tags"]),
            purge_tags=options["purge_tags"],
            identity=DesiredIdentity.from_options(options["identity"]),
            settings=settings,
        )

    @property
    def vault_id(self) -> str:
        """The id that the vault has, or will have once it exists."""
        return vault_id(self.subscription_id, self.resource_group, self.name)

    @property
    def group_id(self) -> str:
        return f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"

    @property
    def completed_later(self) -> bool:
        """Whether a new vault needs a second call.

        Creation with user-assigned identities fails (azure-rest-api-specs issues 27851 and 27869), a key needs an
        identity that already has a role on it, and only an unlocked vault can be locked.
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
        raise InvalidInput("location", "is required unless state is absent", "give the region of the vault")
    return require_region(given, options.get("cloud_environment"))


# Decisions -------------------------------------------------------------------------------------------------------


def needs_contents(vault: Vault, desired: DesiredVault) -> bool:
    """Tell whether the decision depends on the contents of the vault."""
    if desired.absent:
        return desired.allow_delete
    storage = desired.settings.get("redundancy.storage")
    return storage is not None and storage != vault.settings.get("redundancy.storage")


def plan_vault(state: VaultState, desired: DesiredVault) -> Plan:
    """Plan one vault. Raises Refused for impossible changes, and for irreversible ones without consent."""
    if desired.absent:
        return _deletion(state, desired)
    if state.resource is None:
        return _creation(state, desired)
    vault = state.resource
    if vault.location != desired.location:
        raise Refused(
            f"location: vault {vault.name} is in {vault.location} and cannot be moved to {desired.location};"
            " use its location, or choose another name for a new vault"
        )
    changes = setting_changes(vault.name, vault.settings, desired.settings, desired.allow_irreversible)
    _refuse_late_storage(state, changes)
    identity = desired.identity.merge_into(vault.identity)
    _require_key_identity(vault.name, identity, {**vault.settings, **desired.settings})
    return Plan.of([*changes, *_identity_changes(vault.identity, identity), _tags_change(vault, desired)])


def _refuse_late_storage(state: VaultState, changes: Iterable[Change]) -> None:
    storage = next((change for change in changes if change.path == "redundancy.storage"), None)
    if storage is None or state.resource is None or state.contents is None or not state.contents.backup:
        return
    raise Refused(
        f"redundancy.storage: vault {state.resource.name} contains {'; '.join(state.contents.backup)}, and Azure"
        f" changes the storage of a vault only before its first backup; keep {storage.before or 'its storage'}, or"
        " use a new vault"
    )


def _require_key_identity(vault: str, after: VaultIdentity, settings: Mapping[str, Any]) -> None:
    """Raise Refused when the vault would not have the identity that unlocks its key."""
    needed = settings.get("encryption.identity")
    if settings.get("encryption.key_uri") and needed and not after.has(needed):
        shown = "its system-assigned identity" if needed == SYSTEM else needed
        raise Refused(
            f"identity: vault {vault} unlocks its key with {shown}, which it would not have;"
            " keep or add that identity, or change encryption.identity"
        )


def _identity_changes(actual: VaultIdentity, after: VaultIdentity) -> list[Change | None]:
    return [
        compare("identity.system_assigned", actual.system_assigned, after.system_assigned),
        compare("identity.user_assigned", list(actual.user_assigned), list(after.user_assigned)),
        Change("identity.principal_id", actual.principal_id, after.principal_id)
        if actual.system_assigned != after.system_assigned
        else None,
    ]


def _tags_change(vault: Vault, desired: DesiredVault) -> Change | None:
    return compare("tags", dict(vault.tags), merged_tags(vault.tags, desired.tags, desired.purge_tags))


def _deletion(state: VaultState, desired: DesiredVault) -> Plan:
    vault = state.resource
    if vault is None:
        return Plan()
    if desired.location and vault.location != desired.location:
        raise Refused(
            f"location: vault {vault.name} is in {vault.location}, not in {desired.location}, so it may be another"
            " vault than intended; correct location, or omit it"
        )
    if not desired.allow_delete:
        raise Refused(f"state: absent would delete vault {vault.name}; set allow_delete to true to confirm it")
    remaining = (state.contents or Contents()).summary(vault.private_endpoints)
    if remaining:
        raise Refused(f"vault {vault.name} is not empty, it still has {remaining}; remove them, then delete it")
    return Plan((Change("state", "present", "absent", f"delete vault {vault.name}"),))


def _creation(state: VaultState, desired: DesiredVault) -> Plan:
    provider = provider_change(state, PROVIDER, desired.subscription_id, desired.register_resource_provider)
    group = group_change(state, desired.resource_group, desired.create_resource_group)
    if state.deleted is not None:
        if not desired.undelete:
            raise Refused(_clash(state.deleted, desired))
        if not desired.allow_irreversible:
            require_consent(Change(path, UNKNOWN, value) for path, value in desired.settings.items())
        changes = _undeletion(state.deleted, desired)
    else:
        # A new vault needs the same consent as an existing one.
        setting_changes(desired.name, {}, desired.settings, desired.allow_irreversible)
        identity = desired.identity.merge_into(VaultIdentity())
        if desired.settings.get("encryption.identity") == SYSTEM:
            raise Refused(
                f"encryption.identity: vault {desired.name} does not exist yet, so its own identity has no role on the"
                " key; create the vault first and give its identity a role on the key vault, or use a user-assigned"
                " identity"
            )
        _require_key_identity(desired.name, identity, desired.settings)
        changes = creation(f"create vault {desired.name} in {desired.location}", _expected(desired, identity))
    return Plan.of([provider, group, *changes])


def _clash(deleted: DeletedVault, desired: DesiredVault) -> str:
    purged = f" until {deleted.purged_at}" if deleted.purged_at else ""
    return (
        f"name: a vault {desired.name} of resource group {desired.resource_group} was deleted at {deleted.deleted_at},"
        f" and Azure keeps it and its name{purged}; set undelete to true to restore it, wait, or choose another name"
    )


def _undeletion(deleted: DeletedVault, desired: DesiredVault) -> list[Change]:
    reason = f"undelete vault {desired.name}, deleted at {deleted.deleted_at}"
    expected = {**_expected(desired, VaultIdentity()), "sku": UNKNOWN}
    if desired.tags is None or not desired.purge_tags:
        expected["tags"] = UNKNOWN
    expected["identity.system_assigned"] = expected["identity.user_assigned"] = UNKNOWN
    expected["identity.principal_id"] = UNKNOWN
    return creation(reason, expected)


def _expected(desired: DesiredVault, identity: VaultIdentity) -> dict[str, Any]:
    """Return the result of a new vault by path. The service chooses the settings that are not set."""
    return {
        "id": desired.vault_id,
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
        **new_values(SETTINGS, desired.settings),
    }


# Bodies ----------------------------------------------------------------------------------------------------------


def creation_body(desired: DesiredVault) -> dict[str, Any]:
    """Return the body that creates a vault, without the parts that need a second call."""
    settings = {path: value for path, value in desired.settings.items() if not path.startswith("encryption.")}
    if "immutability" not in settings:
        # The days of the policy, which a vault that is not immutable has without a configuration.
        settings.pop("immutability_days", None)
    if settings.get("immutability") == "locked":
        settings["immutability"] = "unlocked"
    body: dict[str, Any] = {
        "location": desired.location,
        "sku": {"name": "Standard"},
        "tags": dict(desired.tags or {}),
        **write_properties(SETTINGS, settings, {"properties": {}}),
    }
    if desired.identity.system_assigned and not desired.identity.user_assigned:
        body["identity"] = {"type": "SystemAssigned"}
    return body


def update_bodies(vault: Vault, desired: DesiredVault, plan: Plan) -> list[dict[str, Any]]:
    """Return the bodies that carry out a plan: one, or two where the service needs two calls."""
    after = {change.path: change.after for change in plan.changes}
    first: dict[str, Any] = {}
    if "tags" in after:
        first["tags"] = after["tags"]
    if plan.touches("identity"):
        first["identity"] = _identity_body(vault.identity, desired.identity.merge_into(vault.identity))
    changed = {path: value for path, value in after.items() if path in vault.settings}
    steps = list(update_steps(changed, vault.settings)) if changed else []
    bodies = [write_properties(SETTINGS, step, unknown_siblings(step, vault.document)) for step in steps] or [{}]
    bodies[0] = {**first, **bodies[0]}
    return bodies


def _identity_body(actual: VaultIdentity, after: VaultIdentity) -> dict[str, Any]:
    kinds = [
        *(["SystemAssigned"] if after.system_assigned else []),
        *(["UserAssigned"] if after.user_assigned else []),
    ]
    body: dict[str, Any] = {"type": ", ".join(kinds) or "None"}
    if after.user_assigned:
        # A PATCH merges: it keeps identities that are not listed and removes those that are null.
        removed = {one: None for one in actual.user_assigned if one not in after.user_assigned}
        body["userAssignedIdentities"] = {**{one: {} for one in after.user_assigned}, **removed}
    return body


def vault_checks(resource_group: str, name: str, location: str | None) -> list[Check]:
    """Return the checks that a successful read of a vault passes. `location` is None if the vault does not exist."""
    return [
        Check.passed(
            "azure-login", "T1", f"the sign-in works, and the vaults of resource group {resource_group} can be read"
        ),
        Check.passed("vault", "B1", describe_location(name, location)),
    ]


def describe_location(name: str, location: str | None) -> str:
    """Describe where a vault is, as one phrase."""
    return f"vault {name} is in {location}" if location else f"vault {name} does not exist yet"
