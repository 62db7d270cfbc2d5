# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the names of the Azure clouds."""

from __future__ import annotations

from urllib.parse import urlsplit

from .errors import InvalidInput

PUBLIC, CHINA, GOVERNMENT = "azurecloud", "azurechinacloud", "azureusgovernment"
#: The well-known clouds by key, as the Azure CLI spells them.
CLOUDS = {PUBLIC: "AzureCloud", CHINA: "AzureChinaCloud", GOVERNMENT: "AzureUSGovernment"}
_ALIASES = {"azure_public_cloud": PUBLIC, "azure_china_cloud": CHINA, "azure_us_gov_cloud": GOVERNMENT}


def cloud_key(name: str) -> str:
    """Return the key of a cloud's name: case does not matter, and older tools have names of their own."""
    return _ALIASES.get(name.lower(), name.lower())


def require_cloud(name: str, option: str = "cloud_environment") -> None:
    """Raise InvalidInput unless it is the name of a well-known cloud or an https address."""
    address = urlsplit(name)
    if cloud_key(name) in CLOUDS or (address.scheme == "https" and address.netloc):
        return
    raise InvalidInput(
        option,
        f"'{name}' is not a known cloud",
        f"use one of {', '.join(CLOUDS.values())}, or the https address of a cloud's metadata",
    )
