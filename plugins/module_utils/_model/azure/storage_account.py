# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the storage account that replicas are written to: what it is, what is wanted, what to change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ..common.errors import InvalidInput, Refused
from ..common.names import ResourceId, region, require_account_name
from ..common.plan import UNKNOWN, Change, Plan, checked_tags, compare, creation, merged_tags
from . import target_rules as target
from .resource_group import Grouped, group_change
from .storage_firewall import ALLOW_TRUSTED, NEEDS_TRUSTED, DesiredAcls, NetworkAcls, acls_changes

DEFAULT_SKU = "Standard_LRS"
DEFAULT_KIND = "StorageV2"
_SKUS = (
    *target.SUPPORTED_SKUS,
    "Standard_ZRS",
    "Standard_GZRS",
    "Standard_RAGZRS",
    "Premium_ZRS",
)
_LOGS_ARE_STANDARD = "replication logs are written to a standard account"
_KINDS = (*target.SUPPORTED_KINDS, "BlobStorage", "BlockBlobStorage", "FileStorage")
_TIERS = ("Hot", "Cool", "Cold", "Premium", "Smart")
# New accounts are closed where it costs nothing; shared keys stay on, replication uses them.
_HARDENED: Mapping[str, Any] = {
    "https_only": True,
    "minimum_tls_version": "TLS1_2",
    "allow_blob_public_access": False,
    "allow_cross_tenant_replication": False,
}
# What a new account is when nobody says otherwise, and what the service means when it says nothing.
_UNSAID: Mapping[str, Any] = {
    "allow_shared_key_access": True,
    "default_to_oauth_authentication": False,
    "public_network_access": "enabled",
}
#: The option, and where the service keeps it.
_SWITCHES = {
    "https_only": "supportsHttpsTrafficOnly",
    "minimum_tls_version": "minimumTlsVersion",
    "allow_blob_public_access": "allowBlobPublicAccess",
    "allow_cross_tenant_replication": "allowCrossTenantReplication",
    "allow_shared_key_access": "allowSharedKeyAccess",
    "default_to_oauth_authentication": "defaultToOAuthAuthentication",
    "public_network_access": "publicNetworkAccess",
}
_PROPERTIES = {"access_tier": "accessTier", **_SWITCHES}
PUBLIC_ACCESS = {"enabled": "Enabled", "disabled": "Disabled", "secured_by_perimeter": "SecuredByPerimeter"}
_IDENTITIES = {
    "none": "none",
    "systemassigned": "system_assigned",
    "userassigned": "user_assigned",
    "systemassigned,userassigned": "system_and_user_assigned",
}


@dataclass(frozen=True, slots=True)
class StorageAccount:
    """An account as Azure shows it."""

    id: str
    name: str
    resource_group: str
    subscription_id: str
    location: str
    sku: str
    kind: str
    access_tier: str | None
    https_only: bool
    minimum_tls_version: str
    allow_blob_public_access: bool
    allow_shared_key_access: bool
    hierarchical_namespace: bool
    provisioning_state: str
    tags: Mapping[str, str]
    allow_cross_tenant_replication: bool = False
    default_to_oauth_authentication: bool = False
    public_network_access: str = "enabled"
    network_acls: NetworkAcls = field(default_factory=NetworkAcls)
    require_infrastructure_encryption: bool = False
    encryption_key_source: str = "Microsoft.Storage"
    identity: str = "none"
    sftp_enabled: bool = False
    nfs_v3_enabled: bool = False
    primary_status: str | None = "available"

    @classmethod
    def from_wire(cls, document: Mapping[str, Any]) -> StorageAccount:
        """From the service's JSON; what it leaves out has the meaning that its API description gives."""
        where = ResourceId.parse(document["id"])
        properties = document.get("properties") or {}
        shared_key = properties.get("allowSharedKeyAccess")
        encryption = properties.get("encryption") or {}
        return cls(
            id=document["id"],
            name=document["name"],
            resource_group=where.resource_group,
            subscription_id=where.subscription_id,
            location=region(document["location"]),
            sku=(document.get("sku") or {}).get("name") or "",
            kind=document.get("kind") or "",
            access_tier=properties.get("accessTier"),
            https_only=bool(properties.get("supportsHttpsTrafficOnly")),
            minimum_tls_version=properties.get("minimumTlsVersion") or "TLS1_0",
            allow_blob_public_access=bool(properties.get("allowBlobPublicAccess")),
            allow_shared_key_access=shared_key is None or bool(shared_key),
            hierarchical_namespace=bool(properties.get("isHnsEnabled")),
            provisioning_state=properties.get("provisioningState") or "",
            tags=dict(document.get("tags") or {}),
            allow_cross_tenant_replication=bool(properties.get("allowCrossTenantReplication")),
            default_to_oauth_authentication=bool(properties.get("defaultToOAuthAuthentication")),
            public_network_access=_public_access(properties.get("publicNetworkAccess")),
            network_acls=NetworkAcls.from_wire(properties.get("networkAcls")),
            require_infrastructure_encryption=bool(encryption.get("requireInfrastructureEncryption")),
            encryption_key_source=encryption.get("keySource") or "Microsoft.Storage",
            identity=_identity((document.get("identity") or {}).get("type")),
            sftp_enabled=bool(properties.get("isSftpEnabled")),
            nfs_v3_enabled=bool(properties.get("isNfsV3Enabled")),
            primary_status=properties.get("statusOfPrimary"),
        )

    def to_result(self) -> dict[str, Any]:
        return {**asdict(self), "tags": dict(self.tags), "network_acls": self.network_acls.to_result()}


@dataclass(frozen=True, slots=True)
class DesiredAccount:
    """An account as the playbook wants it; None means: not written, leave alone (or safe default when created)."""

    name: str
    resource_group: str
    subscription_id: str
    location: str
    create_resource_group: bool = False
    sku: str | None = None
    kind: str | None = None
    access_tier: str | None = None
    https_only: bool | None = None
    minimum_tls_version: str | None = None
    allow_blob_public_access: bool | None = None
    allow_cross_tenant_replication: bool | None = None
    allow_shared_key_access: bool | None = None
    default_to_oauth_authentication: bool | None = None
    public_network_access: str | None = None
    network_acls: DesiredAcls | None = None
    require_infrastructure_encryption: bool | None = None
    tags: Mapping[str, str] | None = None
    append_tags: bool = True

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> DesiredAccount:
        """Checked offline: names, region, and what Site Recovery can't replicate to. Raises InvalidInput."""
        require_account_name(options["name"])
        target.require_same_region(options["location"], options["vault_location"], options["allow_other_region"])
        desired = cls(
            name=options["name"],
            resource_group=options["resource_group"],
            subscription_id=options["subscription_id"],
            location=region(options["location"]),
            create_resource_group=options["create_resource_group"],
            sku=_known("sku", options["sku"], _SKUS),
            kind=_known("kind", options["kind"], _KINDS),
            access_tier=_known("access_tier", options["access_tier"], _TIERS),
            **{option: options[option] for option in _SWITCHES},
            network_acls=DesiredAcls.from_options(options["network_acls"], options["append_network_rules"]),
            require_infrastructure_encryption=options["require_infrastructure_encryption"],
            tags=checked_tags(options["tags"]),
            append_tags=options["append_tags"],
        )
        desired.require_usable()
        return desired

    def require_usable(self) -> None:
        """Refuse what the vault could not use. Raises InvalidInput."""
        options = {"sku": "sku", "kind": "kind", "access-tier": "access_tier"}
        for finding in target.shape_findings(self.new_sku, self.new_kind, self.access_tier):
            if finding.hardness == "hard":
                raise InvalidInput(options[finding.rule], finding.message, "give a supported value, or leave it out")
        if self.access_tier == "Premium" and not target.is_premium(self.new_sku):
            raise InvalidInput("access_tier", "'Premium' is the tier of premium accounts", "give Hot, or leave it out")
        if self.access_tier and (self.kind == "Storage" or target.is_premium(self.new_sku)):
            raise InvalidInput("access_tier", "standard general-purpose v2 accounts alone have one", "leave it out")
        if self.require_infrastructure_encryption and self.kind == "Storage":
            raise InvalidInput(
                "require_infrastructure_encryption", "general-purpose v1 accounts have none", "give kind StorageV2"
            )

    @property
    def new_sku(self) -> str:
        return self.sku or DEFAULT_SKU

    @property
    def new_kind(self) -> str:
        return self.kind or DEFAULT_KIND

    def new_switches(self) -> dict[str, Any]:
        """The switches that a new account is made with: the hardening ones, and what is written."""
        written = {option: getattr(self, option) for option in _SWITCHES}
        return {**_HARDENED, **{option: value for option, value in written.items() if value is not None}}

    @property
    def new_acls(self) -> NetworkAcls:
        return self.network_acls.over(NetworkAcls()) if self.network_acls else NetworkAcls()


@dataclass(frozen=True, slots=True)
class DesiredPair:
    """The account, and if wanted the standard one for replication logs beside it (T5)."""

    account: DesiredAccount
    log: DesiredAccount | None = None

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> DesiredPair:
        """Checked offline. The log account is in the same group and region and set up alike. Raises InvalidInput."""
        account = DesiredAccount.from_options(options)
        given = options["log_account"]
        if given is None:
            return cls(account)
        name, sku = given["name"], given.get("sku")
        require_account_name(name, "log_account.name")
        if name == account.name:
            raise InvalidInput("log_account.name", f"'{name}' is the account itself", "give another name")
        sku = _known("log_account.sku", sku, _SKUS)
        if sku and target.is_premium(sku):
            raise InvalidInput("log_account.sku", f"{sku}: {_LOGS_ARE_STANDARD}", "give a standard sku")
        for finding in target.shape_findings(sku or DEFAULT_SKU, DEFAULT_KIND, None):
            raise InvalidInput("log_account.sku", finding.message, "give a supported value, or leave it out")
        return cls(account, replace(account, name=name, sku=sku, kind=None, access_tier=None))


def plan_account(found: Grouped[StorageAccount], desired: DesiredAccount) -> Plan:
    """Raises Refused for a missing group and for changes that Azure can't make."""
    account = found.resource
    if account is None:
        return Plan.of(
            [group_change(found, desired.resource_group, desired.create_resource_group), *_creation(desired)]
        )
    _refuse_impossible(account, desired)
    return Plan.of(
        [
            compare("sku", account.sku, desired.sku),
            compare("kind", account.kind, desired.kind, "upgrade to general-purpose v2, which can't be undone"),
            _tier_change(account, desired),
            *(compare(option, getattr(account, option), getattr(desired, option)) for option in _SWITCHES),
            *_firewall_changes(account, desired),
            compare("tags", dict(account.tags), merged_tags(account.tags, desired.tags, desired.append_tags)),
        ]
    )


def plan_pair(
    found: Grouped[StorageAccount], log: Grouped[StorageAccount], desired: DesiredAccount, wanted_log: DesiredAccount
) -> tuple[Plan, Plan]:
    """The plan of the account and the one of its log account, which comes first. The group is in the first alone."""
    plan, log_plan = plan_account(found, desired), plan_account(log, wanted_log)
    if log.resource is not None and target.is_premium(log.resource.sku):
        raise Refused(
            f"log_account: storage account {log.resource.name} is {log.resource.sku}, but {_LOGS_ARE_STANDARD};"
            " name a standard account, or another name for a new one"
        )
    return plan, Plan(log_plan.changes[1:]) if log.group_missing else log_plan


def creation_body(desired: DesiredAccount) -> dict[str, Any]:
    """The body of the call that makes the account. What nobody wrote and hardening does not need is not sent."""
    properties = _switches_to_wire(desired.new_switches())
    if desired.access_tier:
        properties["accessTier"] = desired.access_tier
    if desired.network_acls:
        properties["networkAcls"] = desired.new_acls.to_wire()
    if desired.require_infrastructure_encryption:
        # The service wants to be told of all of the encryption at once.
        properties["encryption"] = {
            "keySource": "Microsoft.Storage",
            "services": {name: {"enabled": True, "keyType": "Account"} for name in ("blob", "file")},
            "requireInfrastructureEncryption": True,
        }
    return {
        "location": desired.location,
        "sku": {"name": desired.new_sku},
        "kind": desired.new_kind,
        "properties": properties,
        "tags": dict(desired.tags or {}),
    }


def update_body(plan: Plan, account: StorageAccount, desired: DesiredAccount) -> dict[str, Any]:
    """The body of the call that changes just what the plan says."""
    after = {change.path: change.after for change in plan.changes}
    body: dict[str, Any] = {name: after[name] for name in ("kind", "tags") if name in after}
    if "sku" in after:
        body["sku"] = {"name": after["sku"]}
    properties = _switches_to_wire({option: after[option] for option in _PROPERTIES if option in after})
    if desired.network_acls and plan.touches("network_acls"):
        properties["networkAcls"] = desired.network_acls.over(account.network_acls).to_wire()
    return {**body, **({"properties": properties} if properties else {})}


def _switches_to_wire(options: Mapping[str, Any]) -> dict[str, Any]:
    return {
        _PROPERTIES[option]: PUBLIC_ACCESS[value] if option == "public_network_access" else value
        for option, value in options.items()
    }


def _firewall_changes(account: StorageAccount, desired: DesiredAccount) -> list[Change | None]:
    """Raises Refused when the written part leaves replication shut out. Who is out already is told by a warning."""
    if desired.network_acls is None:
        return []
    wanted = desired.network_acls.over(account.network_acls)
    if wanted.shuts_out_replication and desired.network_acls.opens_or_shuts():
        raise Refused(f"network_acls: storage account {account.name}: {NEEDS_TRUSTED}; {ALLOW_TRUSTED}")
    return acls_changes(account.network_acls, wanted)


def _refuse_impossible(account: StorageAccount, desired: DesiredAccount) -> None:
    if account.location != desired.location:
        raise Refused(
            f"location: storage account {account.name} is in {account.location} and can't be moved to"
            f" {desired.location}; give its location, or another name for a new account"
        )
    if desired.sku and desired.sku != account.sku and not _convertible(account.sku, desired.sku):
        raise Refused(
            f"sku: storage account {account.name} is {account.sku} and can't be changed to {desired.sku} in place;"
            " leave sku out, or give another name for a new account"
        )
    if desired.kind and desired.kind != account.kind and (account.kind, desired.kind) != ("Storage", "StorageV2"):
        raise Refused(
            f"kind: storage account {account.name} is {account.kind} and can't become {desired.kind};"
            " leave kind out, or give another name for a new account"
        )
    if desired.require_infrastructure_encryption not in (None, account.require_infrastructure_encryption):
        raise Refused(
            f"require_infrastructure_encryption: storage account {account.name} was made"
            f" {'with' if account.require_infrastructure_encryption else 'without'} it, which is for ever;"
            " leave it out, or give another name for a new account"
        )
    if desired.access_tier and not _has_tier(desired.kind or account.kind, account.sku):
        raise Refused(
            f"access_tier: storage account {account.name} is {account.sku} of kind {account.kind}, which has no access"
            " tier to choose; leave access_tier out, or upgrade the account with kind: StorageV2 if it is Storage"
        )


def _has_tier(kind: str, sku: str) -> bool:
    return kind != "Storage" and not target.is_premium(sku)


def _tier_change(account: StorageAccount, desired: DesiredAccount) -> Change | None:
    """The service asks for a tier when it upgrades an account."""
    upgraded = desired.kind not in (None, account.kind) and _has_tier(desired.kind or "", account.sku)
    return compare("access_tier", account.access_tier, desired.access_tier or ("Hot" if upgraded else None))


def _convertible(actual: str, wanted: str) -> bool:
    """Only the redundancy of standard accounts without zones changes by a simple update."""
    plain = [sku for sku in target.SUPPORTED_SKUS if not target.is_premium(sku)]
    return actual in plain and wanted in plain


def _creation(desired: DesiredAccount) -> list[Change]:
    return creation(
        f"create storage account {desired.name} ({desired.new_sku}) in {desired.location}",
        {
            "id": UNKNOWN,
            "name": desired.name,
            "resource_group": desired.resource_group,
            "subscription_id": desired.subscription_id,
            "location": desired.location,
            "sku": desired.new_sku,
            "kind": desired.new_kind,
            "access_tier": desired.access_tier or ("Hot" if _has_tier(desired.new_kind, desired.new_sku) else UNKNOWN),
            **_UNSAID,
            **desired.new_switches(),
            "network_acls": desired.new_acls.to_result(),
            "require_infrastructure_encryption": bool(desired.require_infrastructure_encryption),
            "encryption_key_source": "Microsoft.Storage",
            "identity": "none",
            "hierarchical_namespace": False,
            "sftp_enabled": False,
            "nfs_v3_enabled": False,
            "primary_status": "available",
            "provisioning_state": "Succeeded",
            "tags": dict(desired.tags or {}),
        },
    )


def _public_access(wire: Any) -> str:
    """The option's word for it; one that a newer service has is shown as it came."""
    known = {text.casefold(): name for name, text in PUBLIC_ACCESS.items()}
    return known.get(str(wire or "Enabled").casefold(), str(wire))


def _identity(wire: Any) -> str:
    text = str(wire or "None")
    return _IDENTITIES.get(text.replace(" ", "").casefold(), text)


def _known(option: str, value: str | None, known: Iterable[str]) -> str | None:
    """The value as the service spells it; an unknown one is no typing error of ours to guess."""
    if value is None:
        return None
    spelled = {name.casefold(): name for name in known}.get(value.casefold())
    if spelled is None:
        raise InvalidInput(option, f"'{value}' is unknown", f"give one of {', '.join(known)}")
    return spelled
