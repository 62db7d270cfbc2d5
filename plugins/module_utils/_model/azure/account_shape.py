# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: SKU, kind and access tier of a storage account, and which of them Site Recovery can replicate to.

The same functions serve an account that exists and one that is only desired. Sources: support matrix for Hyper-V to
Azure; "Prepare Azure for Hyper-V disaster recovery".
"""

from __future__ import annotations

from ..common.errors import InvalidInput
from .target_limits import SUPPORTED_KINDS, SUPPORTED_SKUS


def sku_problem(sku: str) -> str | None:
    """Return why Site Recovery cannot replicate to an account with this SKU, or None."""
    if sku in SUPPORTED_SKUS:
        return None
    if "ZRS" in sku.upper():
        return f"{sku} is zone-redundant, and Site Recovery does not support zone-redundant targets"
    return f"{sku} is not a supported SKU"


def kind_problem(kind: str) -> str | None:
    """Return why Site Recovery cannot replicate to an account of this kind, or None."""
    if kind in SUPPORTED_KINDS:
        return None
    return f"{kind} accounts do not support page blobs, which replicas require"


def tier_problem(access_tier: str | None) -> str | None:
    """Return why Site Recovery cannot replicate to an account with this access tier, or None."""
    if access_tier in (None, "Hot", "Premium"):
        return None
    return f"access tier {access_tier} is not supported for replication"


SKU_FIX = f"use one of {', '.join(SUPPORTED_SKUS)}"
KIND_FIX = "use a general-purpose account (StorageV2)"
TIER_FIX = "use access tier Hot"


def require_shape(sku: str, kind: str, access_tier: str | None, prefix: str = "") -> None:
    """Raise InvalidInput for an account that Site Recovery cannot replicate to. `prefix` precedes the option."""
    for option, problem, fix in (
        ("sku", sku_problem(sku), SKU_FIX),
        ("kind", kind_problem(kind), KIND_FIX),
        ("access_tier", tier_problem(access_tier), f"{TIER_FIX}, or omit the option"),
    ):
        if problem:
            raise InvalidInput(f"{prefix}{option}", problem, fix)
