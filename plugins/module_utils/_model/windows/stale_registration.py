# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the data of a stale registration on a VMM server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..common.names import ResourceId, same_name
from .azure_registration import confirms, why_unproven
from .vmm_facts import RegistrationFacts, VmmFacts


@dataclass(frozen=True, slots=True)
class StaleRegistration:
    """Registry keys and certificates of a stale registration.

    `is_primary` is true for the registration that the server itself uses. `unproven` is the reason why these parts may
    belong to a registration that is in use: then nothing removes them.
    """

    keys: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    is_primary: bool = False
    reason: str = ""
    unproven: str | None = None

    def __bool__(self) -> bool:
        return bool(self.keys or self.certificates)

    def describe(self) -> str:
        """Name the reason and every part."""
        parts = [f"registry key {key}" for key in self.keys]
        parts += [f"certificate {thumbprint}" for thumbprint in self.certificates]
        return f"{self.reason}: {', '.join(parts)}"


def find_stale(
    facts: RegistrationFacts,
    vmm: VmmFacts | None,
    vault: ResourceId,
    vault_id: str,
    azure: Mapping[str, Any] | None,
    *,
    just_registered: bool = False,
) -> StaleRegistration:
    """Find stale parts, as far as the server and its registration in Azure show them.

    `azure` is the registration as Azure shows it, or None if Azure was not asked. It is outdated when this run has
    `just_registered` the server. A part that another vault may still use is not stale. Microsoft's cleanup script
    names only the key below VMM's, so a server that Azure confirms can use that one: only the key of the preview
    release is stale then.
    """
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
    if just_registered or azure is None:
        return StaleRegistration()
    if confirms(azure):
        return StaleRegistration(
            tuple(place.key for place in preview),
            reason="Azure confirms the registration, but the server also has parts of an earlier one",
        )
    if len(own) + len(preview) < len(facts.places):
        return StaleRegistration()
    return StaleRegistration(
        tuple(place.key for place in facts.places),
        facts.thumbprints,
        is_primary=True,
        reason=f"the server is configured for vault {facts.vault_name}, but vault {vault_id} does not show it",
        unproven=why_unproven(azure, vmm, vault, vault_id),
    )
