# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: what a stale registration left on a VMM server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..common.names import ResourceId, same_name
from .vmm_facts import RegistrationFacts


@dataclass(frozen=True, slots=True)
class StaleRegistration:
    """Registry keys and certificates of a stale registration.

    `is_primary` tells that it is the registration that the server itself uses.
    """

    keys: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    is_primary: bool = False
    reason: str = ""

    def __bool__(self) -> bool:
        return bool(self.keys or self.certificates)

    def describe(self) -> str:
        """Name the reason and every part."""
        parts = [f"registry key {key}" for key in self.keys]
        parts += [f"certificate {thumbprint}" for thumbprint in self.certificates]
        return f"{self.reason}: {', '.join(parts)}"


def find_stale(
    facts: RegistrationFacts, vault: ResourceId, azure: Mapping[str, Any] | None, *, just_registered: bool = False
) -> StaleRegistration:
    """Find stale parts, as far as the server and its registration in Azure show them.

    `azure` is the registration as Azure shows it, or None if Azure was not asked. It is outdated when this run has
    `just_registered` the server. A part that another vault may still use is not stale.
    """
    confirmed = None if just_registered or azure is None else bool(azure.get("registered"))
    own = [place for place in facts.places if place.vault_name and same_name(place.vault_name, vault.name)]
    preview = [place for place in facts.places if place.vault_name is None]
    if facts.vault_name is None:
        if just_registered:
            return StaleRegistration()
        return StaleRegistration(
            tuple(place.key for place in preview),
            facts.thumbprints,
            reason="the server is not registered, but has parts of an earlier registration",
        )
    if confirmed is False and len(own) + len(preview) == len(facts.places):
        return StaleRegistration(
            tuple(place.key for place in facts.places),
            facts.thumbprints,
            is_primary=True,
            reason=f"the server is configured for vault {facts.vault_name}, but Azure shows no server with its name"
            " there",
        )
    if confirmed:
        return StaleRegistration(
            tuple(place.key for place in facts.places if place.key != facts.hive),
            reason="Azure confirms the registration, but the server also has parts of an earlier one",
        )
    return StaleRegistration()
