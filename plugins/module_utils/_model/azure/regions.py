# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: which regions can't be used at all, as far as that is known without asking Azure."""

from __future__ import annotations

import re

from ..common.errors import InvalidInput
from ..common.names import region
from .sign_in import CHINA, CLOUDS, GOVERNMENT, PUBLIC, cloud_key

_NAME = re.compile(r"[a-z]+[a-z0-9]*")
# Azure Germany was closed on 29 October 2021 (Azure Germany documentation); its regions are no names of others.
_CLOSED = ("germanycentral", "germanynortheast")
# Azure Site Recovery documentation, supported regions (May 2026).
_NOT_OFFERED = ("southcentralindia", "northeastus5")
# National clouds pages: a region belongs to one cloud.
_NATIONAL = {CHINA: ("china",), GOVERNMENT: ("usgov", "usdod")}


def require_region(name: str, cloud_environment: str | None = None, option: str = "location") -> str:
    """The region in the API's spelling. Raises InvalidInput for one that can't work.

    `cloud_environment` may be the address of a private cloud, whose regions nobody knows here.
    """
    place = region(name)
    if not _NAME.fullmatch(place):
        raise InvalidInput(option, f"{name!r} is no region", "give a name such as westeurope or 'West Europe'")
    if place in _CLOSED:
        raise InvalidInput(option, f"{place} was closed in October 2021", "choose another region")
    if place in _NOT_OFFERED:
        raise InvalidInput(option, f"Site Recovery is not offered in {place}", "choose another region")
    cloud = cloud_key(cloud_environment or "")
    home = next((known for known, starts in _NATIONAL.items() if place.startswith(starts)), PUBLIC)
    if cloud in CLOUDS and cloud != home:
        raise InvalidInput(
            option,
            f"{place} is a region of {CLOUDS[home]}, not of {CLOUDS[cloud]}",
            "choose a region of your cloud, or correct cloud_environment",
        )
    return place
