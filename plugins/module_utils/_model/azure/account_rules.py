# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the rules for storage accounts as replication targets.

One row is one rule. Sources, unless a row names another one: support matrix for Hyper-V to Azure; "Prepare Azure for
Hyper-V disaster recovery"; "Replicate Hyper-V VMs in VMM clouds to Azure".
"""

from __future__ import annotations

from .account_shape import KIND_FIX, SKU_FIX, TIER_FIX, kind_problem, sku_problem, tier_problem
from .storage_account import StorageAccount
from .storage_firewall import ALLOW_TRUSTED
from .target_limits import is_premium
from .target_rule import BlobSettings, Rule, RuleContext, RuleResult, fail, not_evaluated

#: "Site Recovery prerequisites" of 2016. No newer document repeats or withdraws this limit.
_NO_PREMIUM_REGIONS = ("centralindia", "southindia")
_FASTEST_COPY_SECONDS = 30
_NEEDS_PAGE_BLOBS = "use an account that supports page blobs"


def _sku(account: StorageAccount, _context: RuleContext) -> RuleResult | None:
    problem = sku_problem(account.sku)
    return fail(f"cannot be used: {problem}", SKU_FIX) if problem else None


def _kind(account: StorageAccount, _context: RuleContext) -> RuleResult | None:
    problem = kind_problem(account.kind)
    return fail(f"cannot be used: {problem}", KIND_FIX) if problem else None


def _old_kind(account: StorageAccount, _context: RuleContext) -> RuleResult | None:
    if account.kind != "Storage":
        return None
    return fail("is a general-purpose v1 account, a kind that is being retired", "upgrade it to StorageV2")


def _tier(account: StorageAccount, _context: RuleContext) -> RuleResult | None:
    problem = tier_problem(account.access_tier)
    return fail(f"cannot be used: {problem}", TIER_FIX) if problem else None


def _primary(account: StorageAccount, _context: RuleContext) -> RuleResult | None:
    if account.primary_status is None:
        return not_evaluated("has a primary whose status the service does not report")
    if account.primary_status.casefold() == "available":
        return None
    return fail(f"has a primary that is {account.primary_status}", "wait until it is available")


def _logs(account: StorageAccount, context: RuleContext) -> RuleResult | None:
    if not is_premium(account.sku):
        return None
    if context.log_accounts is None:
        return not_evaluated("needs a standard account for replication logs; other accounts were not read")
    usable = context.log_accounts.get(account.location) or ()
    if usable:
        return RuleResult("pass", f"can write its replication logs to: {', '.join(usable)}")
    return fail(
        f"is premium, and no standard account in {account.location} can keep its replication logs",
        "create a standard account there (option log_account)",
    )


def _premium_region(account: StorageAccount, _context: RuleContext) -> RuleResult | None:
    if is_premium(account.sku) and account.location in _NO_PREMIUM_REGIONS:
        return fail(
            f"is premium in {account.location}, where Site Recovery did not support premium accounts in 2016",
            "use a standard account, or test this one first",
        )
    return None


def _hierarchical(account: StorageAccount, _context: RuleContext) -> RuleResult | None:
    if not account.hierarchical_namespace:
        return None
    return fail("has a hierarchical namespace, which does not support page blobs", _NEEDS_PAGE_BLOBS)


def _sftp(account: StorageAccount, _context: RuleContext) -> RuleResult | None:
    if not account.sftp_enabled:
        return None
    return fail("has SFTP enabled, which requires a hierarchical namespace", _NEEDS_PAGE_BLOBS)


def _nfs(account: StorageAccount, _context: RuleContext) -> RuleResult | None:
    if not account.nfs_v3_enabled:
        return None
    return fail("has NFS 3.0 enabled, which does not support page blobs", _NEEDS_PAGE_BLOBS)


def _firewall(account: StorageAccount, _context: RuleContext) -> RuleResult | None:
    if not account.network_acls.blocks_replication:
        return None
    return fail("has a firewall without the exception for trusted Microsoft services", ALLOW_TRUSTED)


def _public(account: StorageAccount, _context: RuleContext) -> RuleResult | None:
    if account.public_network_access == "enabled":
        return None
    return fail(
        "does not accept public network access",
        "give it private endpoints, and the vault an identity with roles on it",
    )


def _shared_key(account: StorageAccount, context: RuleContext) -> RuleResult | None:
    if account.allow_shared_key_access:
        return None
    if context.vault_identity is None:
        return not_evaluated("has shared keys disabled, which requires a vault with an identity; no vault was read")
    if context.vault_identity:
        return RuleResult("pass", "has shared keys disabled; the vault's identity needs roles on it")
    return fail(
        "has shared keys disabled, and the vault has no identity",
        "enable shared keys, or give the vault an identity with roles on the account",
    )


def _customer_key(account: StorageAccount, _context: RuleContext) -> RuleResult | None:
    if account.encryption_key_source.casefold() == "microsoft.storage":
        return None
    return fail(
        "is encrypted with a customer-managed key, which only supports failover to managed disks",
        "fail over to managed disks, or use an account with platform-managed keys",
    )


def _blob_settings(account: StorageAccount, context: RuleContext) -> BlobSettings | None:
    return context.blob_settings.get(account.id.casefold())


def _soft_delete(account: StorageAccount, context: RuleContext) -> RuleResult | None:
    settings = _blob_settings(account, context)
    if settings is None:
        return _not_inspected(account)
    if not settings.soft_delete:
        return None
    return fail("has blob soft delete enabled, which the service rejects", "disable blob soft delete")


def _versioning(account: StorageAccount, context: RuleContext) -> RuleResult | None:
    settings = _blob_settings(account, context)
    if settings is None:
        return _not_inspected(account)
    enabled = [
        name
        for name, on in (
            ("versioning", settings.versioning),
            ("change feed", settings.change_feed),
            ("point-in-time restore", settings.point_in_time_restore),
        )
        if on
    ]
    if not enabled:
        return None
    return fail(f"has {' and '.join(enabled)} enabled, whose effect on replicas is not documented", "disable it")


def _not_inspected(account: StorageAccount) -> RuleResult:
    return not_evaluated("has a blob service that was not read", f"name {account.name} in inspect_accounts")


def _copy_frequency(account: StorageAccount, context: RuleContext) -> RuleResult | None:
    if not is_premium(account.sku):
        return None
    if context.policies is None:
        return not_evaluated("is premium, and the policies of the vault are unknown")
    fast = [policy.name for policy in context.policies if policy.copy_seconds == _FASTEST_COPY_SECONDS]
    if not fast:
        return None
    return fail(
        f"is premium and does not support policy {', '.join(fast)}, which copies every 30 s",
        "use a policy that copies every 5 minutes",
    )


ACCOUNT_RULES: tuple[Rule[StorageAccount], ...] = (
    Rule("sku", "error", "has a supported SKU", _sku),
    Rule("kind", "error", "is a general-purpose account", _kind),
    Rule("old-kind", "info", "is not a general-purpose v1 account", _old_kind),
    Rule("access-tier", "error", "has a supported access tier", _tier),
    Rule("primary", "error", "has an available primary", _primary),
    # When only one resource group was read, another one may have a log account.
    Rule(
        "log-account",
        "error",
        "needs no log account",
        _logs,
        lambda context: not context.whole_subscription,
        step="T5",
    ),
    Rule("premium-region", "warning", "is not a premium account in a doubtful region", _premium_region),
    Rule("hierarchical-namespace", "error", "has no hierarchical namespace", _hierarchical),
    Rule("sftp", "error", "has SFTP disabled", _sftp),
    Rule("nfs", "error", "has NFS 3.0 disabled", _nfs),
    # Report in the documentation's issue 85570: "soft delete enabled storage account is not supported".
    Rule(
        "soft-delete",
        "error",
        "has blob soft delete disabled",
        _soft_delete,
        lambda context: context.allow_soft_delete,
    ),
    Rule("versioning", "warning", "has versioning, change feed and point-in-time restore disabled", _versioning),
    Rule("firewall", "error", "admits trusted Microsoft services", _firewall),
    Rule("public-network-access", "warning", "accepts public network access", _public),
    # Site Recovery: "Enable replication for disabled key-based authentication".
    Rule("shared-key", "error", "has shared keys enabled", _shared_key),
    Rule("customer-managed-key", "warning", "is encrypted with platform-managed keys", _customer_key),
    Rule("copy-frequency", "info", "supports every policy of the vault", _copy_frequency),
)
