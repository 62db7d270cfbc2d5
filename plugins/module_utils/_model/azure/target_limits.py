# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the limits of a replication target, which both the resources and the rules need.

Sources: support matrix for Hyper-V to Azure; Azure Virtual Network FAQ.
"""

from __future__ import annotations

from collections.abc import Sequence

SUPPORTED_SKUS = ("Standard_LRS", "Standard_GRS", "Standard_RAGRS", "Premium_LRS")
SUPPORTED_KINDS = ("StorageV2", "Storage")
#: Subnets that Azure reserves for its own appliances.
RESERVED_SUBNETS = (
    "GatewaySubnet",
    "AzureFirewallSubnet",
    "AzureFirewallManagementSubnet",
    "AzureBastionSubnet",
    "RouteServerSubnet",
)
LOG_ACCOUNT_NEEDED = "a premium account needs a standard account in the same region for replication logs"


def is_premium(sku: str) -> bool:
    """Tell whether a SKU is premium."""
    return sku.casefold().startswith("premium")


def is_reserved(subnet: str) -> bool:
    """Tell whether Azure reserves a subnet name for its own use."""
    return subnet.casefold() in {name.casefold() for name in RESERVED_SUBNETS}


def subnet_problem(name: str, prefixes: Sequence[str], delegations: Sequence[str] = ()) -> str | None:
    """Return why a subnet cannot take failed-over machines, or None."""
    if is_reserved(name):
        return "is reserved for Azure's own use"
    if delegations:
        return f"is delegated to {', '.join(delegations)}"
    if not any(":" not in prefix for prefix in prefixes):
        return "has no IPv4 range"
    return None
