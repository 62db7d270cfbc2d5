# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the target of a registration key: VMM servers, or the hosts of one Hyper-V site."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..common.errors import Refused, RemoteFailure
from ..common.names import same_name

_KIND = "HyperVSite"


@dataclass(frozen=True, slots=True)
class HyperVSite:
    """A Hyper-V site as a key file names it: the internal identifier of its fabric, and its name."""

    id: str
    name: str

    def is_same(self, site_id: str, name: str) -> bool:
        """Tell whether id and name belong to this site."""
        return same_name(self.id, site_id) and same_name(self.name, name)


#: A VMM server becomes a fabric of its own, so its key names no site.
NO_SITE = HyperVSite("", "")


def find_site(fabrics: Iterable[Mapping[str, Any]], wanted: str) -> HyperVSite | None:
    """Return the site with that resource name, or else with that friendly name. Raises Refused, RemoteFailure.

    A site that was created through the API has the same name for both. Two sites can share a friendly name.
    """
    named = [fabric for fabric in fabrics if wanted.casefold() in _names(fabric)]
    sites = [fabric for fabric in named if _kind(fabric) == _KIND]
    exact = [fabric for fabric in sites if same_name(fabric.get("name"), wanted)]
    found = exact or sites
    if len(found) > 1:
        names = ", ".join(sorted(str(fabric.get("name")) for fabric in found))
        raise Refused(f"site: {len(found)} sites are named {wanted} ({names}); use one of these resource names")
    if not found:
        _refuse_others(named, wanted)
        return None
    properties = found[0].get("properties") or {}
    lacking = [
        label
        for label, value in (
            ("name", found[0].get("name")),
            ("properties.internalIdentifier", properties.get("internalIdentifier")),
        )
        if not (isinstance(value, str) and value)
    ]
    if lacking:
        raise RemoteFailure(
            f"the service's answer about Hyper-V site {wanted} lacks {', '.join(lacking)};"
            " run again, and report a bug if it persists"
        )
    return HyperVSite(properties["internalIdentifier"], found[0]["name"])


def _refuse_others(named: list[Mapping[str, Any]], wanted: str) -> None:
    for fabric in named:
        raise Refused(
            f"site: {wanted} is not a Hyper-V site, its type is {_kind(fabric) or 'unknown'};"
            " give the name of a site, or use kind vmm for VMM servers"
        )


def _names(fabric: Mapping[str, Any]) -> set[str]:
    properties = fabric.get("properties") or {}
    return {str(name).casefold() for name in (fabric.get("name"), properties.get("friendlyName")) if name}


def _kind(fabric: Mapping[str, Any]) -> str | None:
    kind = ((fabric.get("properties") or {}).get("customDetails") or {}).get("instanceType")
    return str(kind) if kind else None
