# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: whether Microsoft still supports a Provider: by the service's own word, else by what was published (N-4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Literal

from .provider_releases import RELEASES
from .versions import numbers

Verdict = Literal["supported", "upgrade_recommended", "unsupported", "unknown"]

# "For Site Recovery components, we support N-4 versions" (What's new in Azure Site Recovery).
SPAN = 4
# An end of support that is this near is told.
_SOON = timedelta(days=90)

# A public guide to replacing 5.24.1025.12, which it calls incorrect for Hyper-V, names the latest version.
NEWEST = "5.1.8116.0"
RECALLED: Mapping[str, str] = {"5.24.1025.12": NEWEST}
#: Newest first, each once: several rollups brought the same.
PUBLISHED: tuple[str, ...] = (NEWEST, *dict.fromkeys(version for _rollup, version in reversed(RELEASES)))

# `providerVersionDetails.status` (AgentVersionStatus of the API) and `providerVersionState`, in lower case.
_WORDS: Mapping[str, Verdict] = {
    "latest": "supported",
    "supported": "supported",
    "updaterequired": "upgrade_recommended",
    "updaterecommended": "upgrade_recommended",
    "securityupdaterequired": "upgrade_recommended",
    "deprecated": "upgrade_recommended",
    "notsupported": "unsupported",
    "expired": "unsupported",
}
_RANK: tuple[Verdict, ...] = ("unknown", "supported", "upgrade_recommended", "unsupported")


@dataclass(frozen=True, slots=True)
class Support:
    """The verdict, why, and whose word it is: the service's, or the table's."""

    verdict: Verdict
    reason: str
    source: Literal["service", "table"]
    expires: str | None = None

    def to_result(self) -> dict[str, Any]:
        return {"verdict": self.verdict, "reason": self.reason, "source": self.source, "expires": self.expires}


def judge(properties: Mapping[str, Any], now: datetime) -> Support:
    """`properties` of a Recovery Services provider. What the service says of it outweighs the table."""
    version = properties.get("providerVersion")
    details = properties.get("providerVersionDetails") or {}
    expires = _when(details.get("expiryDate")) or _when(properties.get("providerVersionExpiryDate"))
    said = [
        *_by_date(expires, now),
        *_by_word(details.get("status")),
        *_by_word(properties.get("providerVersionState")),
    ]
    told = f"{expires:%Y-%m-%d}" if expires else None
    if said and version not in RECALLED:
        verdict, reason = max(said, key=lambda entry: _RANK.index(entry[0]))
        return Support(verdict, reason, "service", told)
    verdict, reason = by_table(version if isinstance(version, str) else None)
    return Support(verdict, reason, "table", told)


def by_table(version: str | None) -> tuple[Verdict, str]:
    """The verdict on a version by the published ones alone."""
    if not version or len(numbers(version)) < 2:
        return "unknown", "the version is not known"
    if version in RECALLED:
        return "unsupported", f"it is not the one for Hyper-V; remove it and install {RECALLED[version]}"
    if numbers(version)[:2] != numbers(NEWEST)[:2]:
        return "unknown", f"no published list has it for Hyper-V; the newest there is {NEWEST}"
    behind = sum(numbers(published) > numbers(version) for published in PUBLISHED)
    where = f"{behind} behind {NEWEST}, the newest one published; {SPAN} are supported"
    if behind == 0:
        return "supported", f"none is published for Hyper-V that is newer than {NEWEST}"
    if behind < SPAN:
        return "supported", where
    return ("upgrade_recommended" if behind == SPAN else "unsupported"), where


def _by_word(word: Any) -> list[tuple[Verdict, str]]:
    verdict = _WORDS.get(str(word).casefold()) if word else None
    return [(verdict, f"the service calls it {word}")] if verdict else []


def _by_date(expires: datetime | None, now: datetime) -> list[tuple[Verdict, str]]:
    if expires is None or expires > now + _SOON:
        return []
    if expires <= now:
        return [("unsupported", f"the service's support of it ended on {expires:%Y-%m-%d}")]
    return [("upgrade_recommended", f"the service's support of it ends on {expires:%Y-%m-%d}")]


def _when(text: Any) -> datetime | None:
    """A moment as the service writes it; .NET's empty date (year 1) is none."""
    found = moment(text)
    return found if found is not None and found.year > 1 else None


def moment(text: Any) -> datetime | None:
    """A date and time of the service, which writes seven digits of seconds; None for what is none."""
    if not isinstance(text, str):
        return None
    shortened = re.sub(r"(\.\d{1,6})\d*", r"\1", text.strip())
    # Before Python 3.11 only three or six digits and no Z are taken.
    padded = re.sub(r"\.(\d+)", lambda found: "." + found.group(1).ljust(6, "0"), shortened.replace("Z", "+00:00"))
    try:
        found = datetime.fromisoformat(padded)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)
