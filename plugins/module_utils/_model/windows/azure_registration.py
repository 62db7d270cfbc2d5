# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the registration of a VMM server as Azure shows it, and whether its absence there is proven."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..common.errors import InvalidInput
from ..common.names import ResourceId, same_name
from .vmm_facts import VmmFacts

_LOOK_UP = "read it with option servers of siterecovery.hyperv.vmm_server_info, and set azure_registration"


def checked_azure_registration(azure: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return the entry of a server if it tells whether the server is registered. Raises InvalidInput.

    A missing answer must never count as "not registered".
    """
    if azure is not None and not isinstance(azure.get("registered"), bool):
        raise InvalidInput(
            "azure_registration", "must have the key 'registered', which is true or false", f"{_LOOK_UP} to its entry"
        )
    return azure


def confirms(azure: Mapping[str, Any] | None) -> bool:
    """Tell whether Azure shows the registration."""
    return azure is not None and bool(azure.get("registered"))


def namesakes(azure: Mapping[str, Any] | None) -> list[str]:
    """Return the other vaults with the name of the vault, as far as they were looked for."""
    lookup = (azure or {}).get("lookup")
    found = lookup.get("same_named_vaults") if isinstance(lookup, Mapping) else None
    return [str(each) for each in found or ()]


def name_in_azure(azure: Mapping[str, Any] | None, vmm: VmmFacts | None) -> str | None:
    """Return the name under which Azure shows this server, if its id proves that it is this one."""
    if azure is None or not confirms(azure) or vmm is None or not vmm.vmm_id:
        return None
    name = azure.get("name")
    return str(name) if name and same_name(str(azure.get("vmm_id") or ""), vmm.vmm_id) else None


def why_unproven(azure: Mapping[str, Any], vmm: VmmFacts | None, vault: ResourceId, vault_id: str) -> str | None:
    """Return why the absence of a server in Azure does not prove that its registration is stale, or None if it does.

    A server stores only the name of its vault, and a vault shows a server under the name of its first registration.
    Therefore the vault must have been searched by its resource id for the id of the server, no server of the vault may
    be unaccounted for, and no other vault may have the same name.
    """
    lookup = azure.get("lookup")
    lookup = lookup if isinstance(lookup, Mapping) else {}
    if not same_name(str(lookup.get("vault_id") or ""), vault_id):
        return f"azure_registration does not show that vault {vault_id} was read; {_LOOK_UP}"
    vmm_id = vmm.vmm_id if vmm is not None else None
    if not vmm_id or not same_name(str(lookup.get("vmm_id") or ""), vmm_id):
        return f"the vault was not searched for the server's VMM id {vmm_id or '(not known)'}; {_LOOK_UP}"
    if others := [str(name) for name in lookup.get("other_servers") or ()]:
        return (
            f"the vault has VMM servers that no name of this run claims ({', '.join(others)}), and one of them can be"
            " this server; add them to the inventory, or remove them from the vault"
        )
    namesakes = lookup.get("same_named_vaults")
    if namesakes is None:
        return (
            f"other vaults named {vault.name} were not looked for; let the login list the vaults of the subscription,"
            " which the role Reader allows"
        )
    if namesakes:
        return (
            f"other vaults are also named {vault.name} ({', '.join(str(each) for each in namesakes)}), and the server"
            " can be registered there; unregister it there, or use that vault"
        )
    return None
