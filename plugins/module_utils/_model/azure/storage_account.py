# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the storage account that replicas are written to: its table of properties, observed and desired state, plan.

Rules of single properties are in the table; functions below it hold the rules that involve several properties.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..common.errors import InvalidInput, Refused
from ..common.names import ResourceId, region, require_account_name
from ..common.plan import LONGEST_ACCOUNT_TAG_NAME, UNKNOWN, Plan, checked_tags, compare, creation, merged_tags
from .account_shape import require_shape
from .options import GROUP_OPTIONS, REGION_OPTIONS, TAG_OPTIONS
from .properties import (
    Property,
    argument_spec,
    as_fields,
    changes_between,
    check_options,
    merged,
    new_values,
    read_properties,
    sent_values,
    show_values,
    spelled,
    values_of,
    words,
    write_properties,
)
from .regions import require_target_region
from .resource_group import ResourceState, group_change, provider_change, split_surroundings
from .storage_firewall import (
    ACTIONS,
    ALLOW_TRUSTED,
    BYPASSES,
    NEEDS_TRUSTED,
    DesiredAcls,
    NetworkAcls,
    acls_changes,
)
from .target_limits import SUPPORTED_KINDS, SUPPORTED_SKUS, is_premium

PROVIDER = "Microsoft.Storage"
_SKUS = (*SUPPORTED_SKUS, "Standard_ZRS", "Standard_GZRS", "Standard_RAGZRS", "Premium_ZRS")
_KINDS = (*SUPPORTED_KINDS, "BlobStorage", "BlockBlobStorage", "FileStorage")
_LOGS_ARE_STANDARD = "replication logs are written to a standard account"
_IDENTITIES = {
    "none": "none",
    "systemassigned": "system_assigned",
    "userassigned": "user_assigned",
    "systemassigned,userassigned": "system_and_user_assigned",
}
_BOOL = {"type": "bool"}


def _convertible(before: str, after: str) -> bool:
    plain = [sku for sku in SUPPORTED_SKUS if not is_premium(sku)]
    return before in plain and after in plain


def _identity(wire: Any) -> str:
    return _IDENTITIES.get(str(wire).replace(" ", "").casefold(), str(wire))


def _double_encryption(value: bool, _before: Any) -> dict[str, Any] | None:
    """Return the complete encryption settings, because the service does not accept a part of them."""
    if not value:
        return None
    return {
        "keySource": "Microsoft.Storage",
        "services": {name: {"enabled": True, "keyType": "Account"} for name in ("blob", "file")},
        "requireInfrastructureEncryption": True,
    }


# A new account is hardened where this does not affect replication. Site Recovery uses shared keys, so they stay on.
PROPERTIES = (
    Property(
        "sku",
        "sku.name",
        {"type": "str"},
        unset="",
        new="Standard_LRS",
        send_new=True,
        check=spelled(_SKUS),
        can_change=_convertible,
        fixed="Azure only converts between Standard_LRS, Standard_GRS and Standard_RAGRS",
    ),
    Property(
        "kind",
        "kind",
        {"type": "str"},
        unset="",
        new="StorageV2",
        send_new=True,
        check=spelled(_KINDS),
        # Microsoft upgrades the remaining general-purpose v1 accounts itself.
        merge=lambda before, desired: before if (before, desired) == ("StorageV2", "Storage") else desired,
        can_change=lambda before, after: (before, after) == ("Storage", "StorageV2"),
        fixed="Azure only upgrades Storage to StorageV2",
        reason="upgrade to general-purpose v2, which cannot be undone",
    ),
    Property(
        "access_tier",
        "properties.accessTier",
        {"type": "str"},
        new=UNKNOWN,
        check=spelled(("Hot", "Cool", "Cold", "Premium", "Smart")),
    ),
    Property(
        "https_only", "properties.supportsHttpsTrafficOnly", _BOOL, unset=False, new=True, send_new=True, read=bool
    ),
    Property(
        "minimum_tls_version",
        "properties.minimumTlsVersion",
        {"type": "str", "choices": ["TLS1_2", "TLS1_3"]},
        unset="TLS1_0",
        new="TLS1_2",
        send_new=True,
    ),
    Property(
        "allow_blob_public_access",
        "properties.allowBlobPublicAccess",
        _BOOL,
        unset=False,
        send_new=True,
        read=bool,
    ),
    Property("allow_shared_key_access", "properties.allowSharedKeyAccess", _BOOL, unset=True, read=bool),
    Property("hierarchical_namespace", "properties.isHnsEnabled", unset=False, read=bool),
    Property(
        "allow_cross_tenant_replication",
        "properties.allowCrossTenantReplication",
        _BOOL,
        unset=False,
        send_new=True,
        read=bool,
    ),
    Property(
        "default_to_oauth_authentication", "properties.defaultToOAuthAuthentication", _BOOL, unset=False, read=bool
    ),
    Property(
        "public_network_access",
        "properties.publicNetworkAccess",
        **words({"enabled": "Enabled", "disabled": "Disabled", "secured_by_perimeter": "SecuredByPerimeter"}),
        unset="enabled",
    ),
    Property(
        "network_acls",
        "properties.networkAcls",
        {
            "type": "dict",
            "options": {
                "default_action": {"type": "str", "choices": list(ACTIONS)},
                "bypass": {"type": "list", "elements": "str", "choices": list(BYPASSES)},
                "ip_rules": {"type": "list", "elements": "str"},
                "virtual_network_rules": {"type": "list", "elements": "str"},
            },
        },
        unset=NetworkAcls(),
        read=NetworkAcls.from_wire,
        write=lambda acls, _before: acls.to_wire(),
        check=lambda _option, value: DesiredAcls.from_options(value),
        merge=lambda before, desired: desired.merge_into(before),
        show=NetworkAcls.to_result,
        diff=acls_changes,
    ),
    Property(
        "require_infrastructure_encryption",
        "properties.encryption",
        _BOOL,
        unset=False,
        read=lambda encryption: bool(encryption.get("requireInfrastructureEncryption")),
        write=_double_encryption,
        can_change=lambda _before, _after: False,
        fixed="Azure sets it only when it creates an account",
    ),
    Property("encryption_key_source", "properties.encryption.keySource", unset="Microsoft.Storage"),
    Property("identity", "identity.type", unset="none", read=_identity),
    Property("sftp_enabled", "properties.isSftpEnabled", unset=False, read=bool),
    Property("nfs_v3_enabled", "properties.isNfsV3Enabled", unset=False, read=bool),
    Property("primary_status", "properties.statusOfPrimary", new="available"),
)

#: The options that describe an account; the module adds those that are about the run.
OPTIONS: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    **argument_spec(PROPERTIES),
    "purge_network_rules": {"type": "bool", "default": False},
    "log_account": {"type": "dict", "options": {"name": {"type": "str", "required": True}, "sku": {"type": "str"}}},
    **REGION_OPTIONS,
    **GROUP_OPTIONS,
    **TAG_OPTIONS,
}
_SKU = PROPERTIES[0]
_KIND = PROPERTIES[1]


@dataclass(frozen=True, slots=True)
class StorageAccount:
    """An observed account. Properties that rules read are fields; all others of the table are in `settings`."""

    id: str
    name: str
    resource_group: str
    subscription_id: str
    location: str
    sku: str
    kind: str
    access_tier: str | None
    provisioning_state: str
    tags: Mapping[str, str]
    allow_shared_key_access: bool = True
    hierarchical_namespace: bool = False
    public_network_access: str = "enabled"
    network_acls: NetworkAcls = field(default_factory=NetworkAcls)
    encryption_key_source: str = "Microsoft.Storage"
    sftp_enabled: bool = False
    nfs_v3_enabled: bool = False
    primary_status: str | None = "available"
    settings: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_wire(cls, document: Mapping[str, Any]) -> StorageAccount:
        """Read the service's JSON. Omitted members have the defaults of the API description."""
        where = ResourceId.parse(document["id"])
        return cls(
            id=document["id"],
            name=document["name"],
            resource_group=where.resource_group,
            subscription_id=where.subscription_id,
            location=region(document["location"]),
            provisioning_state=(document.get("properties") or {}).get("provisioningState") or "",
            tags=dict(document.get("tags") or {}),
            **as_fields(cls, read_properties(PROPERTIES, document)),
        )

    @property
    def label(self) -> str:
        return f"storage account {self.name}"

    def values(self) -> dict[str, Any]:
        """Return every property of the table by its path."""
        return values_of(PROPERTIES, self)

    def to_result(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "resource_group": self.resource_group,
            "subscription_id": self.subscription_id,
            "location": self.location,
            **show_values(PROPERTIES, self.values()),
            "provisioning_state": self.provisioning_state,
            "tags": dict(self.tags),
        }


@dataclass(frozen=True, slots=True)
class DesiredAccount:
    """A desired account. `values` has the options that are set; an existing account keeps all other values."""

    name: str
    resource_group: str
    subscription_id: str
    location: str
    create_resource_group: bool = False
    register_resource_provider: bool = True
    #: The tags of a resource group that this run creates.
    group_tags: Mapping[str, str] | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] | None = None
    purge_tags: bool = False

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> DesiredAccount:
        """Check the options offline, including what Site Recovery cannot replicate to. Raises InvalidInput."""
        require_account_name(options["name"])
        if not options["location"]:
            raise InvalidInput("location", "is required", "give the region of the vault")
        require_target_region(options["location"], options["vault_location"], options["allow_other_region"])
        values = check_options(PROPERTIES, options)
        if "network_acls" in values:
            values["network_acls"] = replace(values["network_acls"], purge=options["purge_network_rules"])
        desired = cls(
            name=options["name"],
            resource_group=options["resource_group"],
            subscription_id=options["subscription_id"],
            location=region(options["location"]),
            create_resource_group=options["create_resource_group"],
            register_resource_provider=options["register_resource_provider"],
            group_tags=checked_tags(options.get("resource_group_tags"), "resource_group_tags"),
            values=values,
            tags=checked_tags(options["tags"], longest_name=LONGEST_ACCOUNT_TAG_NAME),
            purge_tags=options["purge_tags"],
        )
        desired.require_usable()
        return desired

    def require_usable(self) -> None:
        """Refuse an account that the vault could not use, or that Azure could not create. Raises InvalidInput."""
        tier = self.values.get("access_tier")
        require_shape(self.new_sku, self.new_kind, tier)
        if tier == "Premium" and not is_premium(self.new_sku):
            raise InvalidInput(
                "access_tier", "'Premium' is the tier of premium accounts", "use Hot, or omit the option"
            )
        if tier and not _has_tier(self.new_kind, self.new_sku):
            raise InvalidInput(
                "access_tier", "only standard general-purpose v2 accounts have an access tier", "omit the option"
            )
        if self.values.get("require_infrastructure_encryption") and self.new_kind == "Storage":
            raise InvalidInput(
                "require_infrastructure_encryption",
                "general-purpose v1 accounts do not support it",
                "use kind StorageV2, or omit the option",
            )

    @property
    def new_sku(self) -> str:
        return str(self.values.get("sku") or _SKU.initial)

    @property
    def new_kind(self) -> str:
        return str(self.values.get("kind") or _KIND.initial)


@dataclass(frozen=True, slots=True)
class DesiredPair:
    """A desired account and, if requested, its standard account for replication logs (T5)."""

    account: DesiredAccount
    log: DesiredAccount | None = None

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> DesiredPair:
        """Check the options offline. The log account has the group, region and settings of the account.

        Raises InvalidInput.
        """
        account = DesiredAccount.from_options(options)
        given = options["log_account"]
        if given is None:
            return cls(account)
        name = given["name"]
        require_account_name(name, "log_account.name")
        if name == account.name:
            raise InvalidInput("log_account.name", f"'{name}' is the account itself", "choose another name")
        others = {path: value for path, value in account.values.items() if path not in ("sku", "kind", "access_tier")}
        values = {**check_options((_SKU,), given, "log_account."), **others}
        log = replace(account, name=name, values=values)
        if is_premium(log.new_sku):
            raise InvalidInput("log_account.sku", f"{log.new_sku}: {_LOGS_ARE_STANDARD}", "use a standard SKU")
        require_shape(log.new_sku, log.new_kind, None, "log_account.")
        return cls(account, log)


def plan_account(state: ResourceState[StorageAccount], desired: DesiredAccount) -> Plan:
    """Plan one account. Raises Refused for a missing resource group and for changes that Azure does not support."""
    account = state.resource
    if account is None:
        provider = provider_change(state, PROVIDER, desired.subscription_id, desired.register_resource_provider)
        group = group_change(state, desired.resource_group, desired.create_resource_group)
        if desired.new_kind == "Storage":
            raise Refused(
                f"kind: storage account {desired.name} does not exist, and Azure has not created general-purpose v1"
                " accounts (Storage) since 3 March 2026; set kind to StorageV2, or omit it"
            )
        reason = f"create storage account {desired.name} ({desired.new_sku}) in {desired.location}"
        return Plan.of([provider, group, *creation(reason, _expected(desired))])
    _refuse_unsupported(account, desired)
    return Plan.of(
        [
            *changes_between(PROPERTIES, account.values(), values_after(account, desired)),
            compare("tags", dict(account.tags), merged_tags(account.tags, desired.tags, desired.purge_tags)),
        ]
    )


def plan_pair(
    state: ResourceState[StorageAccount],
    log_state: ResourceState[StorageAccount],
    desired: DesiredAccount,
    desired_log: DesiredAccount,
) -> tuple[Plan, Plan]:
    """Plan an account and its log account. The first plan contains the registration and the resource group of both.

    Both accounts have the same resource group.
    """
    plan, log_plan = plan_account(state, desired), plan_account(log_state, desired_log)
    log = log_state.resource
    if log is not None and is_premium(log.sku):
        raise Refused(
            f"log_account: storage account {log.name} is {log.sku}, but {_LOGS_ARE_STANDARD};"
            " name a standard account, or choose another name for a new one"
        )
    return plan, split_surroundings(log_plan, log_state)[1]


def values_after(account: StorageAccount, desired: DesiredAccount) -> dict[str, Any]:
    """Return the properties of an existing account after the change."""
    values = dict(desired.values)
    upgraded = values.get("kind") not in (None, account.kind) and _has_tier(values["kind"], account.sku)
    if upgraded:
        # The service requires a tier when it upgrades an account.
        values.setdefault("access_tier", "Hot")
    return merged(PROPERTIES, account.values(), values)


def creation_body(desired: DesiredAccount) -> dict[str, Any]:
    """Return the body that creates the account: the desired values and the hardening defaults."""
    body = {"location": desired.location, "tags": dict(desired.tags or {})}
    return write_properties(PROPERTIES, sent_values(PROPERTIES, desired.values), body)


def update_body(plan: Plan, account: StorageAccount, desired: DesiredAccount) -> dict[str, Any]:
    """Return the body that makes the changes of the plan and no others."""
    after = {path: value for path, value in values_after(account, desired).items() if plan.touches(path)}
    tags = [change.after for change in plan.changes if change.path == "tags"]
    return write_properties(PROPERTIES, after, {"tags": tags[0]} if tags else {})


def _expected(desired: DesiredAccount) -> dict[str, Any]:
    """Return the result that a new account will have."""
    values = new_values(PROPERTIES, desired.values)
    if "access_tier" not in desired.values and _has_tier(desired.new_kind, desired.new_sku):
        values["access_tier"] = "Hot"
    return {
        "id": UNKNOWN,
        "name": desired.name,
        "resource_group": desired.resource_group,
        "subscription_id": desired.subscription_id,
        "location": desired.location,
        **show_values(PROPERTIES, values),
        "provisioning_state": "Succeeded",
        "tags": dict(desired.tags or {}),
    }


def _refuse_unsupported(account: StorageAccount, desired: DesiredAccount) -> None:
    """Raise Refused for changes that Azure does not support, and for a firewall that would block replication."""
    if account.location != desired.location:
        raise Refused(
            f"location: storage account {account.name} is in {account.location} and cannot be moved to"
            f" {desired.location}; use its location, or choose another name for a new account"
        )
    before = account.values()
    for row in PROPERTIES:
        if not row.fixed or desired.values.get(row.path) is None:
            continue
        old, new = before[row.path], row.merge(before[row.path], desired.values[row.path])
        if new != old and not row.can_change(old, new):
            raise Refused(
                f"{row.path}: storage account {account.name} has the value {_shown(old)}, which cannot be changed to"
                f" {_shown(new)}: {row.fixed}; omit {row.path}, or choose another name for a new account"
            )
    if desired.values.get("access_tier") and not _has_tier(desired.values.get("kind") or account.kind, account.sku):
        raise Refused(
            f"access_tier: storage account {account.name} is {account.sku} of kind {account.kind} and has no access"
            " tier; omit access_tier, or upgrade an account of kind Storage with kind: StorageV2"
        )
    acls = desired.values.get("network_acls")
    if acls and acls.sets_default_access and acls.merge_into(account.network_acls).blocks_replication:
        raise Refused(f"network_acls: storage account {account.name}: {NEEDS_TRUSTED}; {ALLOW_TRUSTED}")


def superseded_kind(account: StorageAccount, desired: DesiredAccount) -> str | None:
    """Describe a request for general-purpose v1 that a general-purpose v2 account meets."""
    if (account.kind, desired.values.get("kind")) != ("StorageV2", "Storage"):
        return None
    return (
        f"storage account {account.name} is StorageV2 and meets the request for kind Storage, which Azure retired on"
        " 13 October 2026; set kind to StorageV2, or omit it"
    )


def _has_tier(kind: str, sku: str) -> bool:
    return kind != "Storage" and not is_premium(sku)


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
