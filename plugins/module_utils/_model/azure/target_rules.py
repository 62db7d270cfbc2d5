# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: what a vault can replicate to: the rules for storage accounts and networks, as tables.

One row is one rule: its name, how hard it is, and the question that it asks. Sources, unless a row says otherwise:
support matrix for Hyper-V to Azure, "Prepare Azure for Hyper-V disaster recovery", and the guide "Replicate Hyper-V VMs
in VMM clouds to Azure".
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeAlias, TypeVar

from ..common.errors import InvalidInput
from ..common.names import region, same_name
from .regions import require_region

if TYPE_CHECKING:
    from .storage_account import StorageAccount
    from .virtual_network import VirtualNetwork

Hardness = Literal["hard", "warn", "note"]
Said = Literal["pass", "fail", "unknown"]

SUPPORTED_SKUS = ("Standard_LRS", "Standard_GRS", "Standard_RAGRS", "Premium_LRS")
SUPPORTED_KINDS = ("StorageV2", "Storage")
#: "Site Recovery prerequisites" of 2016; nothing newer repeats or lifts it.
_NO_PREMIUM_REGIONS = ("centralindia", "southindia")
#: Subnets that Azure keeps for its own appliances.
RESERVED_SUBNETS = (
    "GatewaySubnet",
    "AzureFirewallSubnet",
    "AzureFirewallManagementSubnet",
    "AzureBastionSubnet",
    "RouteServerSubnet",
)
LOG_ACCOUNT_NOTE = (
    "a premium account needs a second, standard account in the same region for the replication logs; have one as well"
)
#: The first four addresses and the last of every subnet are Azure's (Azure Virtual Network FAQ).
_KEPT_ADDRESSES = 5
_FASTEST_COPY_SECONDS = 30
#: The one rule for policies.
POLICY_RULE = "data-encryption"


@dataclass(frozen=True, slots=True)
class Told:
    """An answer with words of its own."""

    verdict: Said
    reason: str


#: What a question is answered with: None is well, a text speaks against, the rest says so itself.
Answer: TypeAlias = "str | Told | None"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule says about one candidate. A hard one that fails rules it out, warnings and notes don't."""

    rule: str
    hardness: Hardness
    message: str
    verdict: Said = "fail"

    def to_result(self) -> dict[str, str]:
        return {"rule": self.rule, "hardness": self.hardness, "verdict": self.verdict, "reason": self.message}


@dataclass(frozen=True, slots=True)
class BlobSettings:
    """Settings of an account's blob service that its own document doesn't show."""

    soft_delete: bool
    versioning: bool
    change_feed: bool
    point_in_time_restore: bool

    @classmethod
    def from_wire(cls, document: Mapping[str, Any]) -> BlobSettings:
        properties = document.get("properties") or {}
        return cls(
            soft_delete=_switched_on(properties, "deleteRetentionPolicy"),
            versioning=bool(properties.get("isVersioningEnabled")),
            change_feed=_switched_on(properties, "changeFeed"),
            point_in_time_restore=_switched_on(properties, "restorePolicy"),
        )


@dataclass(frozen=True, slots=True)
class ReplicationPolicy:
    """A policy of the vault for Hyper-V to Azure."""

    name: str
    copy_seconds: int | None
    encryption: bool

    @classmethod
    def from_wire(cls, document: Mapping[str, Any]) -> ReplicationPolicy | None:
        """None for the policies of other scenarios."""
        properties = document.get("properties") or {}
        details = properties.get("providerSpecificDetails") or {}
        if details.get("instanceType") != "HyperVReplicaAzure":
            return None
        return cls(
            properties.get("friendlyName") or document["name"],
            details.get("replicationInterval"),
            str(details.get("encryption") or "Disabled").casefold() not in ("disabled", "false"),
        )


@dataclass(frozen=True, slots=True)
class Around:
    """What a candidate is judged against; None is not known."""

    vault_location: str | None = None
    vault_subscription: str | None = None
    vault_identity: bool | None = None
    allow_other_region: bool = False
    allow_soft_delete: bool = False
    #: Whether every account of the subscription was looked at.
    whole_subscription: bool = False
    #: Names of standard accounts that can keep logs, by region.
    log_accounts: Mapping[str, Sequence[str]] | None = None
    policies: Sequence[ReplicationPolicy] | None = None
    #: By the account's id in lower case; read for named accounts only.
    blob_settings: Mapping[str, BlobSettings] = field(default_factory=dict)


Thing_contra = TypeVar("Thing_contra", contravariant=True)


def _never(_around: Around) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Rule(Generic[Thing_contra]):
    """One row of the tables."""

    name: str
    hardness: Hardness
    well: str
    question: Callable[[Thing_contra, Around], Answer]
    #: When a hard rule only warns.
    relaxed: Callable[[Around], bool] = _never

    def judge(self, thing: Thing_contra, around: Around) -> Finding:
        answer = self.question(thing, around)
        told = answer if isinstance(answer, Told) else Told("fail", answer) if answer else Told("pass", self.well)
        hardness: Hardness = "warn" if self.hardness == "hard" and self.relaxed(around) else self.hardness
        return Finding(self.name, hardness, told.reason, told.verdict)


class Shaped(Protocol):
    """What an account has whether it exists or is only wanted."""

    @property
    def sku(self) -> str: ...

    @property
    def kind(self) -> str: ...

    @property
    def access_tier(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of an account that is only wanted."""

    sku: str
    kind: str
    access_tier: str | None


class Placed(Protocol):
    """What accounts and networks have in common."""

    @property
    def id(self) -> str: ...

    @property
    def location(self) -> str: ...

    @property
    def subscription_id(self) -> str: ...

    @property
    def provisioning_state(self) -> str: ...


def is_premium(sku: str) -> bool:
    return sku.casefold().startswith("premium")


def is_reserved(subnet: str) -> bool:
    return subnet.casefold() in {name.casefold() for name in RESERVED_SUBNETS}


def subnet_problem(name: str, prefixes: Sequence[str], delegations: Sequence[str] = ()) -> str | None:
    """Why a subnet can't take failed-over machines, or None."""
    if is_reserved(name):
        return "is reserved for Azure's own use"
    if delegations:
        return f"is delegated to {', '.join(delegations)}"
    if not any(":" not in prefix for prefix in prefixes):
        return "has no IPv4 range"
    return None


# Both kinds of candidates ---------------------------------------------------------------------------------------------


def _region(thing: Placed, around: Around) -> Answer:
    if not around.vault_location:
        return Told("unknown", "there is no vault to compare with")
    if thing.location == region(around.vault_location):
        return None
    return f"is in {thing.location}, the vault in {region(around.vault_location)}"


def _offered(thing: Placed, _around: Around) -> Answer:
    try:
        require_region(thing.location)
    except InvalidInput as error:
        return f"is in a region that can't be used: {error.message.partition(': ')[2].partition(';')[0]}"
    return None


def _subscription(thing: Placed, around: Around) -> Answer:
    if around.vault_subscription is None:
        return Told("unknown", "there is no vault to compare with")
    if same_name(thing.subscription_id, around.vault_subscription):
        return None
    return f"is in subscription {thing.subscription_id}, the vault in {around.vault_subscription}"


def _model(thing: Placed, _around: Around) -> Answer:
    if "/providers/microsoft.classic" in thing.id.casefold():
        return "is of the classic deployment model, which is retired"
    return None


def _state(thing: Placed, _around: Around) -> Answer:
    if thing.provisioning_state == "Succeeded":
        return None
    return f"is in state {thing.provisioning_state or 'unknown'}"


PLACE_RULES: tuple[Rule[Placed], ...] = (
    Rule("region", "hard", "is in the vault's region", _region, lambda around: around.allow_other_region),
    Rule("target-region", "hard", "is in a region that Site Recovery offers", _offered),
    Rule("subscription", "warn", "is in the vault's subscription", _subscription),
    Rule("deployment-model", "hard", "is of the model Resource Manager", _model),
    Rule("state", "hard", "is in state Succeeded", _state),
)


# The shape of an account ----------------------------------------------------------------------------------------------


def _sku(account: Shaped, _around: Around) -> Answer:
    if account.sku in SUPPORTED_SKUS:
        return None
    if "ZRS" in account.sku.upper():
        return f"{account.sku} replicates over zones, which Site Recovery does not support as a target"
    return f"{account.sku} is not among the supported ones, {', '.join(SUPPORTED_SKUS)}"


def _kind(account: Shaped, _around: Around) -> Answer:
    if account.kind in SUPPORTED_KINDS:
        return None
    return f"{account.kind} accounts offer no page blobs; a general-purpose account (StorageV2) is needed"


def _old_kind(account: Shaped, _around: Around) -> Answer:
    return "is a general-purpose v1 account, a kind that is being retired" if account.kind == "Storage" else None


def _tier(account: Shaped, _around: Around) -> Answer:
    if account.access_tier in (None, "Hot", "Premium"):
        return None
    return f"access tier {account.access_tier} is not supported for replication, only Hot"


SHAPE_RULES: tuple[Rule[Shaped], ...] = (
    Rule("sku", "hard", "has a supported sku", _sku),
    Rule("kind", "hard", "is a general-purpose account", _kind),
    Rule("old-kind", "note", "is no general-purpose v1 account", _old_kind),
    Rule("access-tier", "hard", "has no access tier that stands in the way", _tier),
)


# What only an existing account shows ----------------------------------------------------------------------------------


def _logs(account: StorageAccount, around: Around) -> Answer:
    if not is_premium(account.sku):
        return None
    if around.log_accounts is None:
        return Told("unknown", "other accounts were not looked at")
    able = around.log_accounts.get(account.location) or ()
    if able:
        return Told("pass", f"standard accounts that can keep its replication logs: {', '.join(able)}")
    return f"is premium, and no standard account in {account.location} can keep its replication logs; have one as well"


def _premium_region(account: StorageAccount, _around: Around) -> Answer:
    if is_premium(account.sku) and account.location in _NO_PREMIUM_REGIONS:
        return f"is premium in {account.location}, where Site Recovery once did not support it"
    return None


def _hierarchical(account: StorageAccount, _around: Around) -> Answer:
    return "has a hierarchical namespace, which offers no page blobs" if account.hierarchical_namespace else None


def _sftp(account: StorageAccount, _around: Around) -> Answer:
    return "has SFTP switched on, which goes with a hierarchical namespace only" if account.sftp_enabled else None


def _nfs(account: StorageAccount, _around: Around) -> Answer:
    return "has NFS 3.0 switched on, which offers no page blobs" if account.nfs_v3_enabled else None


def _firewall(account: StorageAccount, _around: Around) -> Answer:
    if account.network_acls.shuts_out_replication:
        return "has a firewall without the exception for trusted Microsoft services"
    return None


def _public(account: StorageAccount, _around: Around) -> Answer:
    if account.public_network_access == "enabled":
        return None
    return (
        "has public network access off: it needs private endpoints, and a vault with an identity that has roles on it"
    )


def _shared_key(account: StorageAccount, around: Around) -> Answer:
    if account.allow_shared_key_access:
        return None
    if around.vault_identity is None:
        return Told(
            "unknown", "has shared keys off, which only a vault with an identity copes with; none was looked at"
        )
    if around.vault_identity:
        return Told("pass", "has shared keys off; the vault's identity needs roles on it")
    return "has shared keys off, and the vault has no identity that could do without"


def _customer_key(account: StorageAccount, _around: Around) -> Answer:
    if account.encryption_key_source.casefold() == "microsoft.storage":
        return None
    return "is encrypted with a customer-managed key, which works for failover to managed disks only"


def _settings(account: StorageAccount, around: Around) -> BlobSettings | None:
    return around.blob_settings.get(account.id.casefold())


def _soft_delete(account: StorageAccount, around: Around) -> Answer:
    settings = _settings(account, around)
    if settings is None:
        return _not_asked(account)
    return "has blob soft delete on, which the service refuses" if settings.soft_delete else None


def _versioning(account: StorageAccount, around: Around) -> Answer:
    settings = _settings(account, around)
    if settings is None:
        return _not_asked(account)
    found = [
        told
        for told, on in (
            ("versioning", settings.versioning),
            ("change feed", settings.change_feed),
            ("point-in-time restore", settings.point_in_time_restore),
        )
        if on
    ]
    return f"has {' and '.join(found)} on, of which nothing is documented" if found else None


def _not_asked(account: StorageAccount) -> Told:
    return Told("unknown", f"needs a question to its blob service: name {account.name} in inspect_accounts")


def _copy_frequency(account: StorageAccount, around: Around) -> Answer:
    if not is_premium(account.sku):
        return None
    if around.policies is None:
        return Told("unknown", "the vault's policies are not known")
    fast = [policy.name for policy in around.policies if policy.copy_seconds == _FASTEST_COPY_SECONDS]
    return f"is premium and can't be used with policy {', '.join(fast)}, which copies every 30 s" if fast else None


def _primary(account: StorageAccount, _around: Around) -> Answer:
    if account.primary_status is None:
        return Told("unknown", "the service does not say whether its primary is available")
    if account.primary_status.casefold() == "available":
        return None
    return f"has a primary that is {account.primary_status}"


ACCOUNT_RULES: tuple[Rule[StorageAccount], ...] = (
    Rule("primary", "hard", "has an available primary", _primary),
    # Other groups may hold one when only some were looked at.
    Rule("log-account", "hard", "needs no second account", _logs, lambda around: not around.whole_subscription),
    Rule("premium-region", "warn", "is not premium in a doubtful region", _premium_region),
    Rule("hierarchical-namespace", "hard", "has no hierarchical namespace", _hierarchical),
    Rule("sftp", "hard", "has SFTP off", _sftp),
    Rule("nfs", "hard", "has NFS 3.0 off", _nfs),
    # Report in the documentation's issue 85570: "soft delete enabled storage account is not supported".
    Rule("soft-delete", "hard", "has blob soft delete off", _soft_delete, lambda around: around.allow_soft_delete),
    Rule("versioning", "warn", "has versioning, change feed and point-in-time restore off", _versioning),
    Rule("firewall", "hard", "lets trusted Microsoft services in", _firewall),
    Rule("public-network-access", "warn", "has public network access on", _public),
    # Site Recovery: "Enable replication for disabled key-based authentication".
    Rule("shared-key", "hard", "has shared keys on", _shared_key),
    Rule("customer-managed-key", "warn", "is encrypted with the platform's key", _customer_key),
    Rule("copy-frequency", "note", "goes with every policy of the vault", _copy_frequency),
)


# Networks -------------------------------------------------------------------------------------------------------------


def _problems(network: VirtualNetwork) -> dict[str, str | None]:
    return {subnet.name: subnet_problem(subnet.name, subnet.prefixes, subnet.delegations) for subnet in network.subnets}


def _subnet(network: VirtualNetwork, _around: Around) -> Answer:
    problems = _problems(network)
    if not problems:
        return "has no subnet"
    if all(problems.values()):
        return f"has no usable subnet: {', '.join(f'{name} {problem}' for name, problem in problems.items())}"
    return None


def _first_subnet(network: VirtualNetwork, _around: Around) -> Answer:
    """A mapping takes the subnet with the source's name, else the first."""
    problems = _problems(network)
    if not problems or all(problems.values()):
        return Told("unknown", "has no usable subnet to choose")
    first, problem = next(iter(problems.items()))
    if problem is None:
        return Told("pass", f"machines land in {first} unless a subnet has the name of theirs")
    return f"has a first subnet, {first}, that {problem}; machines land there unless a subnet has the name of theirs"


def _free(network: VirtualNetwork, _around: Around) -> Answer:
    problems = _problems(network)
    usable = [subnet for subnet in network.subnets if problems[subnet.name] is None]
    if not usable:
        return Told("unknown", "has no usable subnet to count in")
    used = {
        str(entry.get("name")): len((entry.get("properties") or {}).get("ipConfigurations") or ())
        for entry in (network.document.get("properties") or {}).get("subnets") or ()
    }
    free = {subnet.name: _size(subnet.prefixes) - used.get(subnet.name, 0) for subnet in usable}
    if max(free.values()) < 1:
        return f"has no free address in {', '.join(free)}"
    return Told("pass", ", ".join(f"{name} has {max(count, 0)} free addresses" for name, count in free.items()))


def _size(prefixes: Sequence[str]) -> int:
    return sum(
        max(ipaddress.ip_network(prefix, strict=False).num_addresses - _KEPT_ADDRESSES, 0)
        for prefix in prefixes
        if ":" not in prefix
    )


NETWORK_RULES: tuple[Rule[VirtualNetwork], ...] = (
    Rule("subnet", "hard", "has a subnet for machines: not reserved, not delegated, with IPv4", _subnet),
    # "Prepare network mapping for Hyper-V VM disaster recovery to Azure".
    Rule("subnet-choice", "warn", "has a usable first subnet", _first_subnet),
    Rule("free-addresses", "warn", "has free addresses", _free),
)


# What no candidate shows by itself ------------------------------------------------------------------------------------

_GENERAL: tuple[tuple[str, Hardness, str], ...] = (
    ("tenant", "note", "vault, accounts and networks belong to one tenant"),
    ("moving", "note", "a vault, account or network in use can't be moved to another group or subscription"),
    ("target-account", "note", "the account of a protected machine can't be changed"),
    ("secure-transfer", "note", "accounts may insist on https"),
    ("platform-encryption", "note", "encryption at rest with the platform's keys is supported"),
    (
        "immutability",
        "warn",
        "immutable policies and legal holds of containers are not read; replication rewrites blobs",
    ),
    ("import-export", "note", "the Import/Export service is not supported"),
    (
        "large-disks",
        "warn",
        "disks over 4,095 GiB replicate to managed disks only, with a Provider newer than 2.0.9214.0; an OS disk"
        " has at most 2 TB (generation 1) or 4,095 GiB (generation 2), a machine at most 64 disks",
    ),
    ("mapping", "warn", "a machine on a network without a mapping is not connected after failover"),
    ("mapping-change", "note", "a new or changed mapping applies to replicas that exist already"),
    ("many-to-one", "note", "several VM networks may map to one Azure network"),
    ("overlap", "warn", "a range that overlaps with on-premises matters when both must be reached at once"),
    ("test-network", "note", "test failovers want a network of their own, not connected to production"),
    ("target-address", "note", "a machine gets an address by DHCP unless it was given a free one"),
    ("accelerated-networking", "note", "accelerated networking is not supported"),
    ("network-cards", "note", "cards beyond the machine size's limit are dropped; all join one network"),
    ("service-endpoints", "note", "service endpoints are supported, together with storage firewalls they are not"),
)
#: Rules that are about machines, mappings or later changes: told once, not for each candidate.
GENERAL = tuple(Finding(name, hardness, text, "unknown") for name, hardness, text in _GENERAL)


# Asked from elsewhere ------------------------------------------------------------------------------------------------


def require_same_region(location: str, vault_location: str | None, allow_other_region: bool) -> None:
    """Offline: a target lies in a region that Site Recovery offers, the vault's unless somebody says otherwise.

    Steps T4 and T6. Raises InvalidInput.
    """
    if location:
        require_region(location)
    if vault_location and not allow_other_region and region(location) != region(vault_location):
        raise InvalidInput(
            "location",
            f"{region(location)} is not the vault's region, {region(vault_location)}",
            "use the vault's region, or set allow_other_region to true",
        )


def failed(findings: Iterable[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.verdict == "fail"]


def region_findings(location: str, vault_location: str | None, allow_other_region: bool = False) -> list[Finding]:
    """What speaks against the place of something that has this location."""
    around = Around(vault_location=vault_location, allow_other_region=allow_other_region)
    rule = next(rule for rule in PLACE_RULES if rule.name == "region")
    return failed([rule.judge(_Place(location=region(location)), around)])


def shape_findings(sku: str, kind: str, access_tier: str | None) -> list[Finding]:
    """What speaks against an account of this kind, whether it exists or is only wanted."""
    shape = Shape(sku, kind, access_tier)
    return failed(rule.judge(shape, Around()) for rule in SHAPE_RULES)


def account_findings(account: StorageAccount) -> list[Finding]:
    """What only an existing account shows, and nothing around it decides."""
    return failed(_own_findings(account, Around()))


def network_findings(network: VirtualNetwork) -> list[Finding]:
    """A failed-over machine needs a subnet that takes machines and has IPv4 addresses."""
    return failed(
        [
            *(rule.judge(network, Around()) for rule in PLACE_RULES),
            *(rule.judge(network, Around()) for rule in NETWORK_RULES),
        ]
    )


def policy_findings(policies: Iterable[ReplicationPolicy]) -> list[Finding]:
    """Policies that can't be used any more (P7)."""
    return [
        Finding(
            POLICY_RULE,
            "hard",
            f"policy {policy.name} encrypts data itself, a feature that ended on 2022-04-30: its machines can't fail"
            " over; disable their replication, and enable it again with a policy without encryption",
        )
        for policy in policies
        if policy.encryption
    ]


def _own_findings(account: StorageAccount, around: Around) -> list[Finding]:
    return [
        *(rule.judge(account, around) for rule in PLACE_RULES),
        *(rule.judge(account, around) for rule in ACCOUNT_RULES),
    ]


@dataclass(frozen=True, slots=True)
class _Place:
    """A location alone."""

    location: str
    id: str = ""
    subscription_id: str = ""
    provisioning_state: str = "Succeeded"


def _switched_on(properties: Mapping[str, Any], name: str) -> bool:
    return bool((properties.get(name) or {}).get("enabled"))
