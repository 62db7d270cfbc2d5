# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Odd requests for every route of the simulated Azure: wrong types, wrong names, wrong queries. A seed decides them."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from lab.arm.records import VaultCertificate
from lab.arm.routes import Route
from lab.arm.server import ArmServer
from lab.arm.state import AzureState
from lab.context import CloudFacts, VmmServerFacts, VmNetworkFacts

_CLOUD = CloudFacts("28A7B9EB-C2F9-47E8-91FF-697D0D719963", "Gold")
_NETWORK = VmNetworkFacts("68A19C46-18A9-47EC-9829-E814038FF99D", "corp")
_SERVER = VmmServerFacts(
    "9A54CF2C-9EA0-48CA-82E9-70FBFF7771E7",
    "vmm01.example",
    "vmm01.example",
    "5.1.1.0",
    "3.2.1.0",
    (_CLOUD,),
    (_NETWORK,),
)
# Valid bodies by the type that a path ends with. A request changes one value of them.
_BODIES: dict[str, dict[str, Any]] = {
    "resourcegroups": {"location": "westeurope", "tags": {"a": "b"}},
    "vaults": {
        "location": "westeurope",
        "sku": {"name": "RS0", "tier": "Standard"},
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {"/a": {}}},
        "tags": {"a": "b"},
        "properties": {
            "publicNetworkAccess": "Enabled",
            "monitoringSettings": {"azureMonitorAlertSettings": {"alertsForAllJobFailures": "Enabled"}},
            "securitySettings": {
                "softDeleteSettings": {"softDeleteState": "Enabled", "softDeleteRetentionPeriodInDays": 14},
                "immutabilitySettings": {"state": "Unlocked", "configuration": {"type": "AsPerPolicy"}},
            },
            "redundancySettings": {"standardTierStorageRedundancy": "GeoRedundant", "crossRegionRestore": "Disabled"},
            "encryption": {
                "keyVaultProperties": {"keyUri": "https://kv.vault.azure.net/keys/k"},
                "kekIdentity": {"useSystemAssignedIdentity": False, "userAssignedIdentity": "/a"},
                "infrastructureEncryption": "Enabled",
            },
            "restoreSettings": {"crossSubscriptionRestoreSettings": {"crossSubscriptionRestoreState": "Enabled"}},
        },
    },
    "storageaccounts": {
        "location": "westeurope",
        "sku": {"name": "Standard_LRS"},
        "kind": "StorageV2",
        "tags": {"a": "b"},
        "identity": {"type": "SystemAssigned"},
        "properties": {
            "accessTier": "Hot",
            "minimumTlsVersion": "TLS1_2",
            "supportsHttpsTrafficOnly": True,
            "encryption": {"services": {"blob": {"enabled": True}}, "keySource": "Microsoft.Storage"},
            "networkAcls": {
                "bypass": "None",
                "defaultAction": "Deny",
                "ipRules": [{"value": "203.0.113.7"}],
                "virtualNetworkRules": [{"id": "/subscriptions/x"}],
            },
        },
    },
    "blobservices": {"properties": {"deleteRetentionPolicy": {"enabled": True, "days": 7}, "cors": {"corsRules": []}}},
    "virtualnetworks": {
        "location": "westeurope",
        "tags": {"a": "b"},
        "properties": {
            "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
            "dhcpOptions": {"dnsServers": ["10.0.0.4"]},
            "subnets": [{"name": "a", "properties": {"addressPrefix": "10.0.0.0/24"}}],
            "virtualNetworkPeerings": [],
        },
    },
    "subnets": {
        "properties": {
            "addressPrefix": "10.0.1.0/24",
            "serviceEndpoints": [{"service": "Microsoft.Storage"}],
            "delegations": [{"name": "d", "properties": {"serviceName": "Microsoft.Sql/managedInstances"}}],
            "natGateway": {"id": "/a"},
        }
    },
    "certificates": {
        "properties": {"authType": "AAD", "certificate": "AAAA"},
        "certificateCreateOptions": {"validityInHours": 48},
    },
    "extendedinformation": {"properties": {"integrityKey": "a", "algorithm": "None"}},
    "locks": {"properties": {"level": "ReadOnly", "notes": "a", "owners": [{"applicationId": "a"}]}},
    "deletedvaults": {"properties": {"recoveryResourceGroupId": "/a"}},
    "": {"name": "a", "type": "Microsoft.Storage/storageAccounts", "keyName": "key1", "properties": {"a": "b"}},
}
_VALUES: tuple[Any, ...] = (
    None, [], {}, "", "x" * 300, 0, -1, 10**30, 1.5, float("inf"), float("nan"), True, False, [[]], [None],
    [1, "a", {}], {"a": None}, {"": []},
    "\u0000", "\ud800", "Ünï cödé", "2026-13-45T99:99:99Z", "10.0.0.0/99", "::/0", {"name": {}},
)  # fmt: skip
_WHOLE = (b"", b"null", b"[]", b'"x"', b"3", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 50_000, b"{}", b"NaN")
_NAMES = ("none", "..", "%00", "x" * 300, "a b", "Ünï", "'", "a/b", "*", "{0}", "%s", "CON")
_QUERIES = (
    "$skiptoken=%25", "$skipToken=MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=", "$skiptoken=LTU=", "$filter='", "$filter=a eq 'b'",
    "$filter=atScope()", "$expand=a,,b", "$top=x", "s=1&t=2", "api-version=1", "monitor=true",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Odd:
    """One odd request."""

    method: str
    target: str
    body: bytes | None

    def __str__(self) -> str:
        body = "" if self.body is None else f" {self.body[:300]!r}"
        return f"{self.method} {self.target[:400]}{body}"


def fill(state: AzureState) -> dict[str, str]:
    """Create one resource of each type, and return the names of a path that reads them."""
    with state.lock:
        # First the deletions that are running.
        state.hurry()
        if not all((state.vaults, state.accounts, state.networks, state.groups)):
            state.groups.clear()
            vault = state.seed_vault("rg", "vault1", "westeurope")
            state.seed_policy(vault, "policy1")
            state.seed_site(vault, "site1")
            state.seed_account("rg", "account1", "westeurope")
            state.seed_network("rg", "vnet1", "westeurope", ["10.0.0.0/16"], {"a": "10.0.0.0/24"})
            ends = state.context.clock.now() + timedelta(days=1)
            state.certificates["AA"] = VaultCertificate("AA", vault.id.casefold(), ends)
            state.register_vmm_server("AA", str(vault.number), _SERVER)
            state.hurry()
        state.locks.clear()
        vault = next(iter(state.vaults.values()))
        fabric = next((one.name for one in vault.fabrics.values()), "none")
        operation = next(iter(state.operations), "none")
        job = next(iter(vault.jobs), "none")
    return {
        "subscription": state.context.login.subscription_id,
        "group": "rg", "vault": "vault1", "account": "account1", "network": "vnet1", "subnet": "a", "fabric": fabric,
        "container": _CLOUD.id, "provider": _SERVER.vmm_id, "policy": "policy1", "operation": operation, "job": job,
        "location": "westeurope", "namespace": "Microsoft.RecoveryServices", "kind": "vaults", "lock": "keep",
        "child_kind": "subnets", "child": "a", "certificate": "CN=x",
    }  # fmt: skip


def routes(server: ArmServer) -> list[Route]:
    return [route for same in server._table.values() for route in same]


def odd_requests(server: ArmServer, seed: int, each: int) -> Iterator[Odd]:
    """Yield `each` requests for each route. The state is complete before each of them."""
    dice = random.Random(seed)
    for route in routes(server):
        for _number in range(each):
            yield _odd(dice, route, fill(server.state))


def _odd(dice: random.Random, route: Route, names: dict[str, str]) -> Odd:
    version = route.family.versions[-1]
    # Most requests have right names, so that they reach the code behind them.
    spoiled = dice.choice([segment for segment in route.segments if segment.startswith("{")] or [""])
    parts = []
    for segment in route.segments:
        known = names.get(segment.strip("{}"), "none")
        value = dice.choice(_NAMES) if segment == spoiled and dice.random() < 0.15 else known
        parts.append(quote(value, safe="") if segment.startswith("{") else segment)
    query = f"api-version={version}" + (f"&{dice.choice(_QUERIES)}" if dice.random() < 0.3 else "")
    body = _body(dice, route) if route.method in ("PUT", "PATCH", "POST") else None
    return Odd(route.method, f"/{'/'.join(parts)}?{query}", body)


def _body(dice: random.Random, route: Route) -> bytes:
    if dice.random() < 0.15:
        return dice.choice(_WHOLE)
    kinds = [segment.casefold() for segment in route.segments if segment.casefold() in _BODIES]
    body: Any = copy.deepcopy(_BODIES[kinds[-1] if kinds else ""])
    for _time in range(dice.choice((1, 1, 1, 2, 5))):
        _spoil(dice, body)
    return json.dumps(body).encode()


def _spoil(dice: random.Random, body: Any) -> None:
    """Replace one value at any depth, or add a member."""
    place = body
    while True:
        keys = list(range(len(place))) if isinstance(place, list) else list(place)
        if not keys:
            return
        key = dice.choice(keys)
        inner = place[key]
        if isinstance(inner, (dict, list)) and inner and dice.random() < 0.75:
            place = inner
            continue
        place[key] = copy.deepcopy(dice.choice(_VALUES))
        if isinstance(place, dict) and dice.random() < 0.1:
            place["unknown"] = copy.deepcopy(dice.choice(_VALUES))
        return
