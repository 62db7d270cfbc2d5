# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: names, ids and regions as Azure compares them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import InvalidInput

# Letters and digits of any language, and no period at the end: "." and ".." would change the address of a request.
_GROUP = r"[\w().-]{0,89}[\w()-]"
_GROUP_NAME = re.compile(_GROUP)
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
# A namespace and at least one pair of type and name; all are matched in full, `$` would let a line break pass.
_ID = re.compile(
    rf"/subscriptions/(?P<subscription>[^/\n]+)/resourcegroups/(?P<group>{_GROUP})"
    r"/providers/(?P<types>[^/\n]+(/[^/\n]+/[^/\n]+)*/[^/\n]+)/(?P<name>[^/\n]+)/?",
    re.IGNORECASE,
)
_VAULT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,49}")
_ACCOUNT_NAME = re.compile(r"[a-z0-9]{3,24}")
_NETWORK_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}[A-Za-z0-9_]")
_SUBNET_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,78}[A-Za-z0-9_])?")


@dataclass(frozen=True, slots=True)
class ResourceId:
    """A resource id taken apart. Azure changes the case of its parts, so ids are compared without it."""

    subscription_id: str
    resource_group: str
    provider_type: str
    name: str

    @classmethod
    def parse(cls, text: str) -> ResourceId:
        """Raises ValueError when the text is not the id of a resource in a group."""
        found = _ID.fullmatch(text)
        if found is None:
            raise ValueError(f"not a resource id: {text}")
        return cls(found["subscription"], found["group"], found["types"], found["name"])


def same_id(left: str | None, right: str | None) -> bool:
    """Whether two ids name the same resource (recorded ids differ in case between calls)."""
    return left is not None and right is not None and left.strip("/").casefold() == right.strip("/").casefold()


def same_name(left: str | None, right: str | None) -> bool:
    return left is not None and right is not None and left.casefold() == right.casefold()


def region(name: str) -> str:
    """A region as the API names it: `West Europe` and `westeurope` are one."""
    return name.replace(" ", "").lower()


def is_guid(text: str) -> bool:
    """Tell whether a text is the id of a subscription, tenant or application."""
    return _GUID.fullmatch(text) is not None


def require_group_name(name: str, option: str = "resource_group") -> None:
    """Raise InvalidInput for a name that no resource group has.

    Rule: naming rules of Azure resources, Microsoft.Resources/resourcegroups.
    """
    _require(
        _GROUP_NAME,
        name,
        option,
        "a resource group name has 1 to 90 letters, digits, '_', '-', '.', '(' and ')' and does not end with a period",
    )


def require_vault_name(name: str, option: str = "name") -> None:
    """Rule: naming rules of Azure resources, Microsoft.RecoveryServices/vaults."""
    _require(_VAULT_NAME, name, option, "a vault name has 2 to 50 letters, digits and hyphens and starts with a letter")


def require_account_name(name: str, option: str = "name") -> None:
    """Rule: naming rules of Azure resources, Microsoft.Storage/storageAccounts."""
    _require(_ACCOUNT_NAME, name, option, "a storage account name has 3 to 24 lower-case letters and digits")


def require_network_name(name: str, option: str = "name") -> None:
    """Rule: naming rules of Azure resources, Microsoft.Network/virtualNetworks."""
    _require(_NETWORK_NAME, name, option, "a network name has 2 to 64 letters, digits, '_', '.' and '-'")


def require_subnet_name(name: str, option: str) -> None:
    """Rule: naming rules of Azure resources, virtualNetworks/subnets."""
    _require(_SUBNET_NAME, name, option, "a subnet name has 1 to 80 letters, digits, '_', '.' and '-'")


def _require(rule: re.Pattern[str], name: str, option: str, text: str) -> None:
    if not rule.fullmatch(name):
        raise InvalidInput(option, text, f"{name!r} does not fit, choose another name")
