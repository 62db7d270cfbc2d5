# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Vaults for tests."""

from __future__ import annotations

from typing import Any

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.properties import (
    write_properties,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.vault import (
    DesiredVault,
    Vault,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.vault_settings import SETTINGS
from tests.unit.plugins.module_utils.resources import GROUP, options_of

ID = f"{GROUP}/providers/Microsoft.RecoveryServices/vaults/vault-dr"
USERS = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
ONE, TWO = f"{USERS}/one", f"{USERS}/two"
KEY = "https://keys.vault.azure.net/keys/k/1"


def vault(settings: dict[str, Any] | None = None, **document: Any) -> Vault:
    """Return a vault from the service's JSON, with settings by their path."""
    stored = write_properties(SETTINGS, settings or {}).get("properties", {})
    properties = {"provisioningState": "Succeeded", **stored, **document.pop("properties", {})}
    return Vault.from_wire(
        {
            "id": ID,
            "name": "vault-dr",
            "location": "westeurope",
            "sku": {"name": "Standard"},
            "tags": {"owner": "it"},
            "properties": properties,
            **document,
        }
    )


VAULT = vault()


def desired(**changed: Any) -> DesiredVault:
    """Return desired options: `__` reaches into dictionaries, and `yes` allows irreversible changes."""
    options = options_of("vault", **{"name": "vault-dr", "location": "West Europe"})
    options["allow_irreversible"] = changed.pop("yes", False)
    for path, value in changed.items():
        top, _, leaf = path.partition("__")
        options[top] = {**(options[top] or {}), leaf: value} if leaf else value
    return DesiredVault.from_options(options)


GEO = {"redundancy.storage": "geo_redundant"}
KEYED = {"encryption.key_uri": KEY, "encryption.identity": ONE, "encryption.infrastructure": "disabled"}
HAS_ONE = {"identity": {"type": "UserAssigned", "userAssignedIdentities": {ONE.upper(): {}}}}
HAS_BOTH = {"identity": {"type": "SystemAssigned, UserAssigned", "userAssignedIdentities": {ONE: {}, TWO: {}}}}
