# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: rules of a login that need neither the environment nor Azure."""

from __future__ import annotations

import re

from ..common.errors import InvalidInput
from ..common.names import is_guid

_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")


def require_subscription_id(text: str, option: str = "subscription_id") -> None:
    """Raise InvalidInput for anything but the id of a subscription."""
    if not is_guid(text):
        raise InvalidInput(option, "must be a GUID", "copy it from the subscription's overview page")


def require_tenant(text: str | None, option: str = "tenant") -> None:
    """Raise InvalidInput for what is neither the id nor a domain of a directory."""
    if not _TENANT.fullmatch(text or ""):
        raise InvalidInput(option, "must be an id or a domain name", "copy it from the directory's overview page")
