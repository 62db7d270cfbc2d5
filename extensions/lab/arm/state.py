# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of the simulated Azure: groups, vaults, accounts, networks, running operations, issued keys."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .messages import Json
from .records import Vault
from .registrations import Registrations
from .seeds import Seeds


class AzureState(Seeds, Registrations):
    """The Azure side of the lab. Every public method may be called from any thread."""

    def snapshot(self) -> Json:
        """Return all that is stored, without what differs between two equal states (ids, times, etags, keys)."""
        with self.lock:
            self.settle()
            return {
                "groups": {
                    str(group["name"]): {"location": group["location"], "tags": group.get("tags") or {}}
                    for group in _by_id(self.groups.values())
                },
                "providers": {name: self.providers[name] for name in sorted(self.providers)},
                "vaults": {short_id(vault.id): _vault_view(vault) for vault in _by_vault(self.vaults.values())},
                "storage_accounts": {
                    short_id(account["id"]): _normal(account) | {"blob_service": self._blob_view(account)}
                    for account in _by_id(self.accounts.values())
                },
                "virtual_networks": {
                    short_id(network["id"]): _normal(network) for network in _by_id(self.networks.values())
                },
            }

    def _blob_view(self, account: Json) -> Any:
        # A FileStorage account has no blob service. The settings of any other account always exist, so that reading
        # them does not look like a change.
        return None if account["kind"] == "FileStorage" else _normal(self.blob_service(account)["properties"])


_VOLATILE = frozenset(
    {
        "id",
        "etag",
        "resourceGuid",
        "creationTime",
        "keyCreationTime",
        "lastEnabledTime",
        "lastGeoFailoverTime",
        "primaryEndpoints",
        "secondaryEndpoints",
        "ipConfigurations",
    }
)


def short_id(resource_id: str) -> str:
    """Return `group/name` of a top-level resource."""
    parts = resource_id.split("/")
    return f"{parts[4]}/{parts[-1]}"


def _normal(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _normal(item) for key, item in sorted(value.items()) if key not in _VOLATILE}
    if isinstance(value, list):
        return [_normal(item) for item in value]
    return value


def _vault_view(vault: Vault) -> Json:
    view: Json = _normal(vault.document)
    view["extended_information"] = vault.extended is not None
    view["servers"] = {
        fabric.server.friendly_name: {
            "provider_version": fabric.server.provider_version,
            "connected": fabric.connected,
            "visible": fabric.visible,
            "clouds": sorted(cloud.name for cloud in (fabric.containers | fabric.coming).values()),
        }
        for fabric in sorted(vault.fabrics.values(), key=lambda fabric: fabric.server.friendly_name)
    }
    return view


def _by_id(documents: Iterable[Json]) -> list[Json]:
    return sorted(documents, key=lambda document: str(document["id"]).casefold())


def _by_vault(vaults: Iterable[Vault]) -> list[Vault]:
    return sorted(vaults, key=lambda vault: vault.id.casefold())
