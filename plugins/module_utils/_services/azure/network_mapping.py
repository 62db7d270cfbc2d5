# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: mappings of VM networks to networks of Azure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from ..._azure import jobs
from ..._azure.clients import Azure
from ..._azure.consistency import UNKNOWN_PARENT, visibility_limit
from ..._azure.failures import Absent, read
from ..._azure.wire import Document, payload, raw
from ..._model.azure.network_mapping import (
    AzureNetwork,
    DesiredMapping,
    MappingState,
    NetworkMapping,
    VmNetwork,
    body_of,
    machines_in,
    needs_change,
    new_name,
    plan_mapping,
    select_network,
)
from ..._model.common.names import ResourceId
from ..._model.common.plan import Plan
from ..._model.common.resource import Applied, ManagedResource
from .site_recovery_writes import run
from .vault import require
from .vault_clouds import list_clouds, vmm_fabrics
from .vault_lists import list_of_vault


class NetworkMappingResource(ManagedResource[MappingState, Applied]):
    """The mapping of one VM network (N1)."""

    steps = ("N1",)

    def __init__(self, azure: Azure, desired: DesiredMapping, options: Mapping[str, Any]) -> None:
        self._azure = azure
        self._desired = desired
        self._where: tuple[str, str] = (options["resource_group"], options["vault_name"])
        self._timeout: float = options["wait_timeout"]

    def observe(self) -> MappingState:
        network = select_network(self._networks(), self._desired)
        mappings = self._azure.site_recovery.replication_network_mappings
        listed = list_of_vault(
            "network mappings",
            lambda: mappings.list_by_replication_networks(*self._where, network.fabric, network.key),
        )
        # A VM network has one mapping (documented).
        mapping = NetworkMapping.from_wire(listed[0]) if listed else None
        if not needs_change(mapping, self._desired):
            return MappingState(network, mapping)
        target = self._target(self._desired.target) if self._desired.target else None
        return MappingState(network, mapping, target, self._machines(network))

    def _networks(self) -> list[VmNetwork]:
        networks = self._azure.site_recovery.replication_networks
        return [
            VmNetwork.from_wire(fabric, document)
            for fabric in vmm_fabrics(self._azure, *self._where)
            for document in list_of_vault(
                "VM networks", partial(networks.list_by_replication_fabrics, *self._where, str(fabric["name"]))
            )
        ]

    def _target(self, id: str) -> AzureNetwork | None:
        where = ResourceId.parse(id)
        networks = self._azure.of_subscription(where.subscription_id).network.virtual_networks

        def get() -> Document:
            found: Any = networks.get(where.resource_group, where.name, cls=raw)
            return dict(found)

        found = read(f"read network {where.name}", get)
        if isinstance(found, Absent):
            return None
        vault = require(self._azure, *self._where)
        return AzureNetwork(id, str(found.get("location") or ""), vault.location)

    def _machines(self, network: VmNetwork) -> tuple[str, ...]:
        """Return the protected machines with an adapter in the VM network, from one list for each cloud."""
        items = self._azure.site_recovery.replication_protected_items
        found: list[Document] = []
        for cloud in list_clouds(self._azure, *self._where):
            if cloud.fabric == network.fabric and cloud.protected_items:
                listing = partial(
                    items.list_by_replication_protection_containers, *self._where, cloud.fabric, cloud.key
                )
                found += list_of_vault("protected machines", listing)
        return machines_in(network, found)

    def visibility_limit(self, state: MappingState) -> float:
        return visibility_limit(self._timeout, absent=state.mapping is None)

    def plan(self, state: MappingState) -> Plan:
        return plan_mapping(state, self._desired)

    def apply(self, plan: Plan, state: MappingState) -> Applied:
        mappings, network, target = (
            self._azure.site_recovery.replication_network_mappings,
            state.network,
            self._desired.target,
        )
        name = state.mapping.name if state.mapping else new_name(network, target or "")
        address = (*self._where, network.fabric, network.key, name)
        if target is None:
            call: Any = partial(mappings.begin_delete, *address)
        elif state.mapping is None:
            call = partial(mappings.begin_create, *address, payload(body_of(target)))
        else:
            call = partial(mappings.begin_update, *address, payload(body_of(target)))
        vault = jobs.Vault(self._azure, *self._where)
        run(vault, call, plan.describe(), self._timeout, UNKNOWN_PARENT, removes=target is None)
        return Applied()

    def to_result(self, state: MappingState) -> dict[str, Any]:
        mapping = state.mapping
        return {
            "vm_network": state.network.name,
            "vm_network_id": state.network.key,
            "vmm_server": state.network.server,
            "azure_network_id": mapping.target if mapping else None,
            "state": mapping.state if mapping else None,
            "name": mapping.name if mapping else None,
            "id": mapping.id if mapping else None,
        }

    def preview(self, state: MappingState, plan: Plan) -> dict[str, Any]:
        shown = super().preview(state, plan)
        return {**shown, "state": None, "name": None, "id": None} if self._desired.target is None else shown

    def describe(self, state: MappingState) -> str:
        mapping = state.mapping
        if mapping is None:
            return f"VM network {state.network.name}: not mapped"
        return f"VM network {state.network.name}: mapped to {mapping.target.rpartition('/')[2]}, {mapping.state}"


def build(options: Mapping[str, Any], azure: Azure) -> NetworkMappingResource:
    """Build the resource from the options of the module. Raises InvalidInput."""
    return NetworkMappingResource(azure, DesiredMapping.from_options(options, azure.subscription_id), options)
