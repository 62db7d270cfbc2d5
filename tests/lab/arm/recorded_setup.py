# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policies, mappings, associations and recovery plans that a recorded exchange needs in the lab."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from lab.arm.plan_records import RecoveryPlan
from lab.arm.records import Vault
from lab.context import VmNetworkFacts

from .conftest import Azure
from .replicas import Fabrics

Json = dict[str, Any]
_POLICY = re.compile(r"/replicationPolicies/([^/]+)", re.IGNORECASE)
_NETWORK = re.compile(r"/replicationNetworks/([^/]+)", re.IGNORECASE)
_MAPPING = re.compile(r"/replicationNetworkMappings/([^/]+)", re.IGNORECASE)
_ASSOCIATION = re.compile(
    r"/replicationProtectionContainers/([^/]+)/replicationProtectionContainerMappings/([^/]+)", re.IGNORECASE
)


def set_up_like(azure: Azure, vault: Vault, method: str, path: str, sent: Any, body: Json) -> None:
    """Create what a path and a request name; a PUT makes the object that its own path names."""
    if not hasattr(azure.context, "fabric"):
        azure.context.fabric = Fabrics()
    wanted = ((sent or {}).get("properties") or {}) if isinstance(sent, dict) else {}
    policy = _POLICY.search(path) if method != "PUT" else None
    for name in [policy[1]] if policy else _POLICY.findall(str(wanted.get("policyId") or wanted.get("PolicyId") or "")):
        vault.policies.setdefault(name.casefold(), azure.state.seed_policy(vault, name))
    network = _NETWORK.search(path)
    if network and vault.fabrics:
        (fabric,) = vault.fabrics.values()
        fabric.server = replace(fabric.server, networks=(VmNetworkFacts(network[1], "corp"),))
    mapping = _MAPPING.search(path)
    if network and mapping and method != "PUT":
        vault.network_mappings[network[1].lower(), mapping[1].casefold()] = body or {
            "id": path,
            "properties": {"primaryNetworkId": path.rpartition("/")[0], "recoveryNetworkId": "vnet"},
        }
    association = _ASSOCIATION.search(path)
    if association and method != "PUT":
        vault.associations[association[1].lower(), association[2].casefold()] = body or {
            "id": path,
            "properties": {"policyId": "policy", "state": "Paired"},
        }
    if "/replicationRecoveryPlans" in path:
        _plans(vault, method, path, str(wanted.get("primaryFabricId") or ""), body)


def _plans(vault: Vault, method: str, path: str, source: str, body: Json) -> None:
    if source and vault.fabrics:
        (fabric,) = vault.fabrics.values()
        fabric.name = source.rpartition("/")[2]
        vault.fabrics = {fabric.name: fabric}
    for document in body.get("value", [body]):
        name = document.get("name") or (path.rpartition("/")[2] if method in ("PATCH", "DELETE") else "")
        groups = document.get("properties", {}).get("groups") or []
        if name:
            vault.plans[name.casefold()] = RecoveryPlan(name, next(iter(vault.fabrics), ""), groups)
