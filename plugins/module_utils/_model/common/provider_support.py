# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: whether Microsoft supports a version of the Provider. The service's statement precedes the table (N-4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Literal

from .check import Check
from .provider_releases import RELEASES
from .versions import numbers

SupportState = Literal["supported", "upgrade_recommended", "unsupported", "unknown"]

# "For Site Recovery components, we support N-4 versions" (What's new in Azure Site Recovery).
SPAN = 4
# An end of support within this time is reported.
_SOON = timedelta(days=90)

# A public guide to replacing 5.24.1025.12, which it calls incorrect for Hyper-V, names the latest version.
NEWEST = "5.1.8116.0"
RECALLED: Mapping[str, str] = {"5.24.1025.12": NEWEST}
#: Newest first, without duplicates: several rollups contain the same version.
PUBLISHED: tuple[str, ...] = (NEWEST, *dict.fromkeys(version for _rollup, version in reversed(RELEASES)))

# `providerVersionDetails.status` (AgentVersionStatus of the API) and `providerVersionState`, in lowercase.
_STATUSES: Mapping[str, SupportState] = {
    "latest": "supported",
    "supported": "supported",
    "updaterequired": "upgrade_recommended",
    "updaterecommended": "upgrade_recommended",
    "securityupdaterequired": "upgrade_recommended",
    "deprecated": "upgrade_recommended",
    "notsupported": "unsupported",
    "expired": "unsupported",
}
_RANK: tuple[SupportState, ...] = ("unknown", "supported", "upgrade_recommended", "unsupported")


@dataclass(frozen=True, slots=True)
class ProviderSupport:
    """The support state of a Provider and its explanation. `source` is the service, or the table of versions."""

    state: SupportState
    message: str
    source: Literal["service", "table"]
    expires: str | None = None

    def to_result(self) -> dict[str, Any]:
        return {"state": self.state, "message": self.message, "source": self.source, "expires": self.expires}

    def check(self, provider: str) -> Check:
        """Return the check of one Provider. Support that has ended blocks nothing that runs today, so it only warns."""
        name = "provider-support"
        if self.state == "supported":
            return Check.passed(name, "P10", f"{provider} is supported: {self.message}")
        if self.state == "unknown":
            return Check.unknown(
                name, "P10", f"the support state of {provider} is unknown: {self.message}", severity="info"
            )
        problem = "is not supported anymore" if self.state == "unsupported" else "should be upgraded"
        return Check.warning(name, "P10", f"{provider} {problem}: {self.message}", "upgrade the Provider")


def evaluate_support(properties: Mapping[str, Any], now: datetime) -> ProviderSupport:
    """Return the support state of a Recovery Services provider from its `properties`.

    Statements of the service outweigh the table of published versions.
    """
    version = properties.get("providerVersion")
    details = properties.get("providerVersionDetails") or {}
    expires = _date(details.get("expiryDate")) or _date(properties.get("providerVersionExpiryDate"))
    statements = [
        *_by_date(expires, now),
        *_by_status(details.get("status")),
        *_by_status(properties.get("providerVersionState")),
    ]
    shown = f"{expires:%Y-%m-%d}" if expires else None
    if statements and version not in RECALLED:
        state, message = max(statements, key=lambda entry: _RANK.index(entry[0]))
        return ProviderSupport(state, message, "service", shown)
    state, message = by_table(version if isinstance(version, str) else None)
    return ProviderSupport(state, message, "table", shown)


def by_table(version: str | None) -> tuple[SupportState, str]:
    """Return the support state of a version and its reason, from the published versions only."""
    if not version or len(numbers(version)) < 2:
        return "unknown", "the version is not known"
    if version in RECALLED:
        return "unsupported", f"this version is not for Hyper-V; remove it and install {RECALLED[version]}"
    if numbers(version)[:2] != numbers(NEWEST)[:2]:
        return "unknown", f"no published list has this version for Hyper-V; the newest published one is {NEWEST}"
    behind = sum(numbers(published) > numbers(version) for published in PUBLISHED)
    distance = f"{behind} releases behind {NEWEST}, the newest published one; at most {SPAN} are supported"
    if behind == 0:
        return "supported", f"no newer version than {NEWEST} is published for Hyper-V"
    if behind < SPAN:
        return "supported", distance
    return ("upgrade_recommended" if behind == SPAN else "unsupported"), distance


def _by_status(status: Any) -> list[tuple[SupportState, str]]:
    state = _STATUSES.get(str(status).casefold()) if status else None
    return [(state, f"the service reports status {status}")] if state else []


def _by_date(expires: datetime | None, now: datetime) -> list[tuple[SupportState, str]]:
    if expires is None or expires > now + _SOON:
        return []
    if expires <= now:
        return [("unsupported", f"the service ended support on {expires:%Y-%m-%d}")]
    return [("upgrade_recommended", f"the service ends support on {expires:%Y-%m-%d}")]


def _date(text: Any) -> datetime | None:
    """Parse a date of the service. The empty date of .NET (year 1) counts as no date."""
    found = moment(text)
    return found if found is not None and found.year > 1 else None


def moment(text: Any) -> datetime | None:
    """Parse a date and time of the service, which writes seven digits of seconds. Return None for anything else."""
    if not isinstance(text, str):
        return None
    shortened = re.sub(r"(\.\d{1,6})\d*", r"\1", text.strip())
    # Before Python 3.11, fromisoformat accepts only three or six digits and no Z.
    padded = re.sub(r"\.(\d+)", lambda found: "." + found.group(1).ljust(6, "0"), shortened.replace("Z", "+00:00"))
    try:
        found = datetime.fromisoformat(padded)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)
