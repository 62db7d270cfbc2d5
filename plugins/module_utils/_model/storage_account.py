# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the storage account that replicas are written to: what it is, what is wanted, what to change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from . import target
from .errors import InvalidInput, Refused
from .group import Grouped, group_change
from .names import ResourceId, region, require_account_name
from .plan import UNKNOWN, Change, Plan, checked_tags, compare, creation, merged_tags

DEFAULT_SKU = "Standard_LRS"
DEFAULT_KIND = "StorageV2"
_SKUS = (
    *target.SUPPORTED_SKUS,
    "Standard_ZRS",
    "Standard_GZRS",
    "Standard_RAGZRS",
    "Premium_ZRS",
)
_KINDS = (*target.SUPPORTED_KINDS, "BlobStorage", "BlockBlobStorage", "FileStorage")
_TIERS = ("Hot", "Cool", "Cold", "Premium", "Smart")
# New accounts are closed where it costs nothing; shared keys stay on, replication uses them.
_HARDENED: Mapping[str, Any] = {"https_only": True, "minimum_tls_version": "TLS1_2", "allow_blob_public_access": False}
#: The option, and where the service keeps it.
_SWITCHES = {
    "https_only": "supportsHttpsTrafficOnly",
    "minimum_tls_version": "minimumTlsVersion",
    "allow_blob_public_access": "allowBlobPublicAccess",
}
_PROPERTIES = {"access_tier": "accessTier", **_SWITCHES}


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

    @classmethod
    def from_wire(cls, document: Mapping[str, Any]) -> StorageAccount:
        """From the service's JSON; what it leaves out has the meaning that its API description gives."""
        where = ResourceId.parse(document["id"])
        properties = document.get("properties") or {}
        shared_key = properties.get("allowSharedKeyAccess")
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
        )

    def project(self) -> dict[str, Any]:
        return {**asdict(self), "tags": dict(self.tags)}


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
            https_only=options["https_only"],
            minimum_tls_version=options["minimum_tls_version"],
            allow_blob_public_access=options["allow_blob_public_access"],
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

    @property
    def new_sku(self) -> str:
        return self.sku or DEFAULT_SKU

    @property
    def new_kind(self) -> str:
        return self.kind or DEFAULT_KIND

    def written_or_hardened(self, option: str) -> Any:
        """The value of a hardening switch on a new account."""
        value = getattr(self, option)
        return _HARDENED[option] if value is None else value


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
            compare("tags", dict(account.tags), merged_tags(account.tags, desired.tags, desired.append_tags)),
        ]
    )


def creation_body(desired: DesiredAccount) -> dict[str, Any]:
    """The body of the call that makes the account."""
    properties = {_PROPERTIES[option]: desired.written_or_hardened(option) for option in _HARDENED}
    if desired.access_tier:
        properties["accessTier"] = desired.access_tier
    return {
        "location": desired.location,
        "sku": {"name": desired.new_sku},
        "kind": desired.new_kind,
        "properties": properties,
        "tags": dict(desired.tags or {}),
    }


def update_body(plan: Plan) -> dict[str, Any]:
    """The body of the call that changes just what the plan says."""
    after = {change.path: change.after for change in plan.changes}
    body: dict[str, Any] = {name: after[name] for name in ("kind", "tags") if name in after}
    if "sku" in after:
        body["sku"] = {"name": after["sku"]}
    properties = {wire: after[option] for option, wire in _PROPERTIES.items() if option in after}
    return {**body, **({"properties": properties} if properties else {})}


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
            **{option: desired.written_or_hardened(option) for option in _HARDENED},
            "allow_shared_key_access": True,
            "hierarchical_namespace": False,
            "provisioning_state": "Succeeded",
            "tags": dict(desired.tags or {}),
        },
    )


def _known(option: str, value: str | None, known: Iterable[str]) -> str | None:
    """The value as the service spells it; an unknown one is no typing error of ours to guess."""
    if value is None:
        return None
    spelled = {name.casefold(): name for name in known}.get(value.casefold())
    if spelled is None:
        raise InvalidInput(option, f"'{value}' is unknown", f"give one of {', '.join(known)}")
    return spelled
