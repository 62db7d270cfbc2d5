# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machines and protected items that a recorded exchange is about."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from lab.arm.protection_documents import adapter_document
from lab.arm.protection_records import READY, ProtectedItem, Scenario
from lab.arm.protection_rules import target_of
from lab.arm.records import Fabric, Vault
from lab.context import DiskFacts, VirtualMachineFacts

from .conftest import Azure
from .replicas import Fabrics, machine

Json = dict[str, Any]
_PATH = re.compile(r"/replicationProtectionContainers/([^/]+)/replicationProtect(able|ed)Items(?:/([^/]+))?", re.I)


def replicate_like(azure: Azure, vault: Vault, path: str, sent: Json | None, body: Json) -> None:
    """Create what the exchange needs: the machines that it shows or names, and their items."""
    found = _PATH.search(path)
    if found is None:
        return
    cloud, kind, name = found[1].lower(), found[2].lower(), found[3] or ""
    fabrics = Fabrics()
    azure.context.fabric = fabrics
    fabric = next(iter(vault.fabrics.values()), None)
    if fabric is None:
        return
    if kind == "able":
        for one in (one for one in body.get("value") or [body] if "properties" in one):
            fabrics.add(made := _machine(one, cloud))
            if one["properties"]["protectionStatus"] == "Protected":
                _item(vault, fabric, made, made.id, {})
        return
    for source in _sources(name, sent, body):
        made = machine(1, source.get("friendlyName", "vm"), id=source["id"], hyperv_id="a" * 8, cloud_id=cloud)
        # recorded: a VM network without subnets.
        adapters = tuple(replace(adapter, subnet=None) for adapter in made.adapters)
        made = replace(made, disks=tuple(_disks(source)), adapters=adapters)
        fabrics.add(made)
        if sent is None or "protectableItemId" not in sent.get("properties", {}):
            _item(vault, fabric, made, str(source.get("name") or name), source)
    policy = str((sent or {}).get("properties", {}).get("policyId") or "").rsplit("/", 1)[-1]
    if policy:
        azure.state.seed_policy(vault, policy)
        vault.associations[(cloud, policy)] = {"properties": {"state": "Paired", "policyId": policy}}


def _machine(document: Json, cloud: str) -> VirtualMachineFacts:
    properties = document["properties"]
    details = properties["customDetails"]
    disks = tuple(DiskFacts(one["vhdId"], one["vhdName"], one["maxSizeMB"]) for one in details["diskDetails"])
    known = details["osDetails"] is not None
    return replace(
        machine(1, properties["friendlyName"]),
        id=document["name"],
        cloud_id=cloud,
        disks=disks,
        operating_system="Windows" if known else "",
    )


def _sources(name: str, sent: Json | None, body: Json) -> Iterator[Json]:
    given = (sent or {}).get("properties") or {}
    if "protectableItemId" in given:
        details = given["providerSpecificDetails"]
        disks = details.get("disksToInclude") or ([details["vhdId"]] if details.get("vhdId") else [])
        yield {"id": given["protectableItemId"].rsplit("/", 1)[-1], "disks": disks}
    elif sent is not None or not body:
        yield {"id": name, "allowedOperations": [*READY, "RepairReplication", "TestFailoverCleanup"]}
    else:
        for one in body.get("value") or [body]:
            properties = one.get("properties") or {}
            yield {"id": properties["protectableItemId"].rsplit("/", 1)[-1], **properties, "name": one["name"]}


def _disks(source: Json) -> Iterator[DiskFacts]:
    for disk in source.get("disks") or ["2f32c91d-22df-4054-80bc-1fde2c405612"]:
        yield DiskFacts(disk, "disk", 40960)


def _item(vault: Vault, fabric: Fabric, made: VirtualMachineFacts, name: str, shown: Json) -> None:
    details = shown.get("providerSpecificDetails") or {}
    target = target_of({}, made, made.name)
    item = ProtectedItem(
        name, fabric.name, made.cloud_id, made, "policy", fabric.registered, "id", made.disks, made.disks[0].id, target
    )
    item.target |= {member: details[member] for member in item.target if member in details}
    item.protection_state = shown.get("protectionState", "Protected")
    item.vm_state = details.get("vmProtectionState", "Protected")
    item.operations = tuple(shown.get("allowedOperations", READY))
    running = shown.get("currentScenario") or {"scenarioName": "None"}
    if running["scenarioName"] != "None":
        item.scenario = Scenario(running["scenarioName"], "job", fabric.registered)
    if details.get("vmNics", True):
        item.adapters = [adapter_document(item, made.adapters[0], "corp", "/network", "subnet")]
        item.target |= {"selectedRecoveryAzureNetworkId": "/network", "selectedSourceNicId": "nic", "targetNicTags": {}}
        item.first_point = fabric.registered
    vault.items[item.key] = item
