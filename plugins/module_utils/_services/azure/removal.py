# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: reads everything that the removal of a vault, or of one server of it, concerns.

All lists but those of plans, policies and servers are read below each server, because the role Site Recovery
Contributor cannot read the lists of the whole vault.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

from ..._azure.clients import Azure
from ..._azure.failures import Absent, read
from ..._azure.wire import Document, raw
from ..._model.azure import removal as model
from ..._model.azure import removal_plan
from ..._model.azure.removal import Contents
from ..._model.azure.removal_plan import Selection
from ..._model.azure.vault_contents import Contents as VaultContents
from ..._model.azure.vmm_server import VmmServer, is_vmm, servers_from_wire
from ..._model.common.names import vault_id
from ..._model.common.resource import NOTHING_TO_DO, Evidence
from .vault import find
from .vault_lists import list_of_vault

STEP = "X1"


class Reader:
    """Reads the lists of one vault."""

    def __init__(self, azure: Azure, resource_group: str, vault_name: str) -> None:
        self._client = azure.site_recovery
        self._vault = (resource_group, vault_name)

    def fabrics(self) -> list[Document]:
        """Return the VMM servers of the vault. A vault that does not exist has none."""
        found = list_of_vault("servers", lambda: self._client.replication_fabrics.list(*self._vault))
        return [each for each in found if is_vmm(each)]

    def server(self, fabric: Document) -> tuple[VmmServer, dict[str, list[Document]]]:
        """Return a server, and the objects below it that its removal concerns."""
        client, place = self._client, (*self._vault, str(fabric["name"]))
        providers = self._list(
            "providers", lambda: client.replication_recovery_services_providers.list_by_replication_fabrics(*place)
        )
        clouds = self._list(
            "clouds", lambda: client.replication_protection_containers.list_by_replication_fabrics(*place)
        )
        networks = self._list("VM networks", lambda: client.replication_networks.list_by_replication_fabrics(*place))
        [server] = servers_from_wire([fabric], providers, clouds, networks, datetime.now(timezone.utc))
        found: dict[str, list[Document]] = {model.ITEMS: [], model.ASSOCIATIONS: [], model.MAPPINGS: []}
        for cloud in clouds:
            found[model.ITEMS] += self._items((*place, str(cloud["name"])))
            found[model.ASSOCIATIONS] += self._associations((*place, str(cloud["name"])))
        for network in networks:
            found[model.MAPPINGS] += self._mappings((*place, str(network["name"])))
        return server, found

    def _items(self, place: tuple[str, ...]) -> list[Document]:
        call = self._client.replication_protected_items.list_by_replication_protection_containers
        return self._list("protected items", lambda: call(*place))

    def _associations(self, place: tuple[str, ...]) -> list[Document]:
        call = self._client.replication_protection_container_mappings.list_by_replication_protection_containers
        return self._list("associations", lambda: call(*place))

    def _mappings(self, place: tuple[str, ...]) -> list[Document]:
        call = self._client.replication_network_mappings.list_by_replication_networks
        return self._list("network mappings", lambda: call(*place))

    def whole(self) -> Contents:
        """Return everything that is in the vault."""
        documents: dict[str, list[Document]] = {name: [] for name in model.ORDER[:5]}
        servers = []
        for fabric in self.fabrics():
            server, found = self.server(fabric)
            servers.append(server)
            for kind, each in found.items():
                documents[kind] += each
        documents[model.PLANS] = self._list("plans", lambda: self._client.replication_recovery_plans.list(*self._vault))
        documents[model.POLICIES] = self._list("policies", lambda: self._client.replication_policies.list(*self._vault))
        return Contents(documents, tuple(servers))

    def with_details(self, contents: Contents) -> dict[str, list[model.Document]]:
        """Return all documents for an export. Lists of plans and items lack a part, so each of these is read."""
        shown = {kind: list(documents) for kind, documents in contents.documents.items()}
        shown[model.PLANS] = [self._one(each, self._plan) for each in shown[model.PLANS]]
        shown[model.ITEMS] = [self._one(each, self._item) for each in shown[model.ITEMS]]
        return shown

    def _plan(self, document: model.Document) -> model.Document:
        found: Any = self._client.replication_recovery_plans.get(*self._vault, str(document["name"]), cls=raw)
        shown: model.Document = found
        return shown

    def _item(self, document: model.Document) -> model.Document:
        kinds = ("replicationFabrics", "replicationProtectionContainers", "replicationProtectedItems")
        place = [model.id_part(document, kind) for kind in kinds]
        found: Any = self._client.replication_protected_items.get(*self._vault, *place, cls=raw)
        shown: model.Document = found
        return shown

    @staticmethod
    def _one(document: model.Document, get: Callable[[model.Document], model.Document]) -> model.Document:
        """Return the whole object. One that was removed meanwhile stays as the list showed it."""
        found = read(f"read {document.get('name')}", lambda: get(document))
        return document if isinstance(found, Absent) else found

    @staticmethod
    def _list(noun: str, call: Callable[[], Iterable[Any]]) -> list[Document]:
        return list_of_vault(noun, call)


def read_removal(options: Mapping[str, Any], azure: Azure) -> dict[str, Any]:
    """Return the result keys: the steps in their order, what goes of them, and the documents for an export."""
    group, name = options["resource_group"], options["vault_name"]
    own_id = vault_id(azure.subscription_id, group, name)
    vault = find(azure, group, name).resource
    if vault is None:
        steps = tuple(model.Step(each, ()) for each in model.ORDER)
        return {**_result(own_id, False, steps, None), **_planned(steps, Contents(), options)}
    reader = Reader(azure, group, name)
    contents = reader.whole()
    others = VaultContents.from_wire(_backup(azure, group, name), [], []).summary(vault.private_endpoints)
    steps = model.removal_steps(contents, model.vault_entry(name, vault.id, contents, others))
    export = None
    if options["details"]:
        export = {**reader.with_details(contents), model.SERVERS: [each.to_result() for each in contents.servers]}
    return {**_result(own_id, True, steps, export), **_planned(steps, contents, options)}


def _planned(steps: tuple[model.Step, ...], contents: Contents, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the result keys with the decision on each object; none of them without `remove`."""
    if options["remove"] is None:
        return {"removal": None, "problems": None}
    expected = options["servers"]
    chosen = None if expected is None else removal_plan.chosen_servers(contents.servers, expected)
    decided = removal_plan.decide(steps, Selection(frozenset(options["remove"]), chosen, options["purge"]))
    return {
        "steps": [
            {"step": step.name, "objects": [each.to_result() for each in decided if each.step == step.name]}
            for step in steps
        ],
        "removal": removal_plan.calls(decided, options["vault_name"]),
        "problems": removal_plan.problems(decided),
    }


def _backup(azure: Azure, group: str, name: str) -> list[Document]:
    return list_of_vault("usages", lambda: azure.recovery_services.usages.list_by_vaults(group, name))


def _result(
    own_id: str, exists: bool, steps: tuple[model.Step, ...], export: Mapping[str, Any] | None
) -> dict[str, Any]:
    lines = [step.describe() for step in steps if step.entries] or ["nothing to remove"]
    return {
        "vault_id": own_id,
        "exists": exists,
        "steps": [step.to_result() for step in steps],
        "documents": export,
        "evidence": [Evidence(STEP, line, NOTHING_TO_DO, line).to_result() for line in lines],
    }
