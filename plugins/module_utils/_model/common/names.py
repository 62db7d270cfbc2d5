# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: names, ids and regions, compared as Azure compares them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import InvalidInput

# Letters and digits of any language, and no period at the end: "." and ".." would change the address of a request.
_GROUP = r"[\w().-]{0,89}[\w()-]"
_GROUP_NAME = re.compile(_GROUP)
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
# A namespace and at least one pair of type and name. Texts are matched in full: `$` would accept a final line break.
_ID = re.compile(
    rf"/subscriptions/(?P<subscription>[^/\n]+)/resourcegroups/(?P<group>{_GROUP})"
    r"/providers/(?P<types>[^/\n]+(/[^/\n]+/[^/\n]+)*/[^/\n]+)/(?P<name>[^/\n]+)/?",
    re.IGNORECASE,
)
_VAULT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,49}")
_ACCOUNT_NAME = re.compile(r"[a-z0-9]{3,24}")
_NETWORK_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}[A-Za-z0-9_]")
_SUBNET_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,78}[A-Za-z0-9_])?")
VAULT_TYPE = "Microsoft.RecoveryServices/vaults"


@dataclass(frozen=True, slots=True)
class ResourceId:
    """The parts of a resource id. Azure changes the case of ids, so they are compared without case."""

    subscription_id: str
    resource_group: str
    provider_type: str
    name: str

    @classmethod
    def parse(cls, text: str) -> ResourceId:
        """Split an id into its parts. Raises ValueError for anything but the id of a resource in a group."""
        found = _ID.fullmatch(text)
        if found is None:
            raise ValueError(f"not a resource id: {text}")
        return cls(found["subscription"], found["group"], found["types"], found["name"])

    def to_text(self) -> str:
        """Return the id as one text."""
        return (
            f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"
            f"/providers/{self.provider_type}/{self.name}"
        )


def parse_resource_id(option: str, text: str, provider_type: str, noun: str) -> ResourceId:
    """Split the id of a resource of one type into its parts. Raises InvalidInput for anything else.

    `noun` is the name of the type in messages, with its article: `a route table`.
    """
    try:
        found = ResourceId.parse(text)
    except ValueError:
        found = None
    if found is None or not same_name(found.provider_type, provider_type):
        raise InvalidInput(
            option,
            f"'{text}' is not the id of {noun}",
            f"give /subscriptions/.../resourceGroups/.../providers/{provider_type}/<name>",
        )
    return found


def parse_vault_id(option: str, text: str) -> ResourceId:
    """Split the id of a Recovery Services vault into its parts. Raises InvalidInput for anything else."""
    return parse_resource_id(option, text, VAULT_TYPE, "a vault")


def vault_id(subscription_id: str, resource_group: str, name: str) -> str:
    """Return the id that a vault has, or will have once it exists."""
    return ResourceId(subscription_id, resource_group, VAULT_TYPE, name).to_text()


def same_id(left: str | None, right: str | None) -> bool:
    """Tell whether two ids name the same resource. Recorded ids differ in case between calls."""
    return left is not None and right is not None and left.strip("/").casefold() == right.strip("/").casefold()


def same_name(left: str | None, right: str | None) -> bool:
    """Tell whether two names are the same for Azure, which ignores case."""
    return left is not None and right is not None and left.casefold() == right.casefold()


def same_login(left: str, right: str) -> bool:
    """Tell whether two Windows logins can be of the same user. A login without a domain matches every domain."""
    domains, users = zip(*(_split_login(login.casefold()) for login in (left, right)), strict=True)
    return users[0] == users[1] and (domains[0] == domains[1] or not all(domains))


def _split_login(login: str) -> tuple[str, str]:
    """Return domain and user of `domain\\user` or `user@domain`, whose domain has another form."""
    domain, _mark, user = login.rpartition("\\")
    return domain, user.partition("@")[0]


def region(name: str) -> str:
    """Return a region as the API writes it: `West Europe` becomes `westeurope`."""
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
        "must have 1 to 90 letters, digits, '_', '-', '.', '(' and ')', and must not end with a period",
    )


def require_vault_name(name: str, option: str = "name") -> None:
    """Raise InvalidInput for a name that breaks the naming rules of Microsoft.RecoveryServices/vaults."""
    _require(_VAULT_NAME, name, option, "must have 2 to 50 letters, digits and hyphens, and start with a letter")


def require_account_name(name: str, option: str = "name") -> None:
    """Raise InvalidInput for a name that breaks the naming rules of Microsoft.Storage/storageAccounts."""
    _require(_ACCOUNT_NAME, name, option, "must have 3 to 24 lowercase letters and digits")


def require_network_name(name: str, option: str = "name") -> None:
    """Raise InvalidInput for a name that breaks the naming rules of Microsoft.Network/virtualNetworks."""
    _require(_NETWORK_NAME, name, option, "must have 2 to 64 letters, digits, '_', '.' and '-'")


def require_subnet_name(name: str, option: str) -> None:
    """Raise InvalidInput for a name that breaks the naming rules of virtualNetworks/subnets."""
    _require(_SUBNET_NAME, name, option, "the name must have 1 to 80 letters, digits, '_', '.' and '-'")


def _require(rule: re.Pattern[str], name: str, option: str, text: str) -> None:
    if not rule.fullmatch(name):
        raise InvalidInput(option, text, f"choose another name than {name!r}")
