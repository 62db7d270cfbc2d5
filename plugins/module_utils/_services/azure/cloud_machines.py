# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: reads the machines of a VMM cloud in Azure, protected and unprotected.

Only lists below a server are used: no role of Site Recovery may read those of the whole vault.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..._azure import jobs
from ..._azure.consistency import UNKNOWN_PARENT
from ..._azure.wire import payload
from ..._model.azure.protectable_item import SourceMachine
from ..._model.azure.protected_item import ProtectedItem
from ..._model.common.errors import Refused
from ..._model.common.names import same_name
from .vault_clouds import list_associations, vmm_fabrics
from .vault_lists import list_of_vault


@dataclass(frozen=True, slots=True)
class Cloud:
    """A cloud of a VMM server, as a vault names it."""

    vault: jobs.Vault
    fabric: str
    container: str
    name: str

    @property
    def _place(self) -> tuple[str, str, str, str]:
        return self.vault.resource_group, self.vault.name, self.fabric, self.container

    @property
    def _items(self) -> Any:
        return self.vault.azure.site_recovery.replication_protected_items

    def machines(self) -> list[SourceMachine]:
        """Return all machines of the cloud that Azure knows."""
        items = self.vault.azure.site_recovery.replication_protectable_items
        found = list_of_vault("machines", lambda: items.list_by_replication_protection_containers(*self._place))
        return [SourceMachine.from_wire(document) for document in found]

    def items(self) -> list[ProtectedItem]:
        """Return the protected items of the cloud. A list does not show the managed disks of the replica (recorded)."""
        found = list_of_vault(
            "protected items", lambda: self._items.list_by_replication_protection_containers(*self._place)
        )
        return [ProtectedItem.from_wire(document) for document in found]

    def policies(self) -> list[str]:
        """Return the names of the policies with which the cloud is associated."""
        return sorted({one.policy for one in list_associations(self.vault.azure, *self._place) if one.paired})

    # Each write returns the name of its job.

    def enable(self, name: str, body: Mapping[str, Any], action: str, timeout: float) -> str | None:
        return jobs.start(
            lambda **more: self._items.begin_create(*self._place, name, payload(body), **more),
            action,
            timeout,
            UNKNOWN_PARENT,
        )

    def update(self, name: str, body: Mapping[str, Any], action: str, timeout: float) -> str | None:
        return jobs.start(
            lambda **more: self._items.begin_update(*self._place, name, payload(body), **more),
            action,
            timeout,
            UNKNOWN_PARENT,
        )

    def disable(self, name: str, action: str, timeout: float) -> str | None:
        body: dict[str, Any] = {"properties": {}}
        return jobs.start(
            lambda **more: self._items.begin_delete(*self._place, name, payload(body), **more),
            action,
            timeout,
            UNKNOWN_PARENT,
            removes=True,
        )

    def purge(self, name: str, action: str, timeout: float) -> str | None:
        return jobs.start(
            lambda **more: self._items.begin_purge(*self._place, name, **more),
            action,
            timeout,
            UNKNOWN_PARENT,
            removes=True,
        )

    def resynchronize(self, name: str, action: str, timeout: float) -> str | None:
        return jobs.start(
            lambda **more: self._items.begin_repair_replication(*self._place, name, **more),
            action,
            timeout,
            UNKNOWN_PARENT,
        )


def find_cloud(vault: jobs.Vault, server: str | None, cloud: str) -> Cloud:
    """Find a cloud by the names of its server and its own. Raises Refused, which names what there is."""
    client, place = vault.azure.site_recovery, (vault.resource_group, vault.name)
    fabrics = vmm_fabrics(vault.azure, *place)
    chosen = [one for one in fabrics if server is None or same_name(_friendly(one), server)]
    if len(chosen) != 1:
        names = ", ".join(sorted(_friendly(one) for one in fabrics)) or "none"
        problem = "several VMM servers" if chosen else f"no VMM server '{server}'" if server else "no VMM server"
        raise Refused(f"vault '{vault.name}' has {problem}; set vmm_server to one of its servers: {names}")
    fabric = str(chosen[0]["name"])
    containers = list_of_vault(
        "clouds",
        lambda: client.replication_protection_containers.list_by_replication_fabrics(*place, fabric),
    )
    found = [one for one in containers if same_name(_friendly(one), cloud)]
    if len(found) != 1:
        names = ", ".join(sorted(_friendly(one) for one in containers)) or "none"
        problem = "several clouds" if found else "no cloud"
        raise Refused(
            f"server '{_friendly(chosen[0])}' has {problem} '{cloud}' in Azure; set cloud to one of its clouds: {names}"
        )
    return Cloud(vault, fabric, str(found[0]["name"]), cloud)


def _friendly(document: Mapping[str, Any]) -> str:
    return str((document.get("properties") or {}).get("friendlyName") or document.get("name"))
