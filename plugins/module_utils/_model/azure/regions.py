# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: regions that cannot be used, as far as this is known without asking Azure."""

from __future__ import annotations

import re

from ..common.cloud_names import CHINA, CLOUDS, GOVERNMENT, PUBLIC, cloud_key
from ..common.errors import InvalidInput
from ..common.names import region

_NAME = re.compile(r"[a-z]+[a-z0-9]*")
# Azure Germany was closed on 29 October 2021 (Azure Germany documentation). No other region has these names.
_CLOSED = ("germanycentral", "germanynortheast")
# Azure Site Recovery documentation, supported regions (May 2026).
# Resource Manager's name of "India South Central" puts the country first.
_NOT_OFFERED = ("indiasouthcentral", "southcentralindia", "northeastus5")
# National clouds pages: a region belongs to one cloud.
_NATIONAL = {CHINA: ("china",), GOVERNMENT: ("usgov", "usdod")}


def require_region(
    name: str,
    cloud_environment: str | None = None,
    option: str = "location",
    cloud_option: str = "cloud_environment",
) -> str:
    """Return the region in the API's spelling. Raises InvalidInput for a region that cannot be used.

    The error names `option` and `cloud_option`, which are the names that the user wrote.
    `cloud_environment` may be the address of a private cloud, whose regions are unknown here.
    """
    location = region(name)
    if not _NAME.fullmatch(location):
        raise InvalidInput(option, f"{name!r} is not a region", "give a name such as westeurope or 'West Europe'")
    if location in _CLOSED:
        raise InvalidInput(option, f"region {location} was closed in October 2021", "choose another region")
    if location in _NOT_OFFERED:
        raise InvalidInput(option, f"Site Recovery is not offered in {location}", "choose another region")
    cloud = cloud_key(cloud_environment or "")
    home = next((known for known, prefixes in _NATIONAL.items() if location.startswith(prefixes)), PUBLIC)
    if cloud in CLOUDS and cloud != home:
        raise InvalidInput(
            option,
            f"{location} is a region of {CLOUDS[home]}, not of {CLOUDS[cloud]}",
            f"choose a region of your cloud, or correct {cloud_option}",
        )
    return location


def require_target_region(location: str, vault_location: str | None, allow_other_region: bool) -> None:
    """Check offline that a target is in a region of Site Recovery, and in the vault's region unless others are allowed.

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
