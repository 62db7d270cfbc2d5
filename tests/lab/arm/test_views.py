# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes that Azure shows late: the lab is not faster than the service unless a test asks for it."""

from __future__ import annotations

from typing import Any

import pytest

from lab.context import Lag
from lab.lab import LABS, Lab

from .conftest import SUBSCRIPTION, Azure

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourcegroups/rg-new"
RESOURCES: list[tuple[str, str, dict[str, Any]]] = [
    ("Microsoft.RecoveryServices/vaults/v-late", "2024-04-01", {"sku": {"name": "RS0", "tier": "Standard"}}),
    ("Microsoft.Storage/storageAccounts/stlate", "2024-01-01", {"sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}),
    (
        "Microsoft.Network/virtualNetworks/n",
        "2024-05-01",
        {"properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}},
    ),
]


def read(azure: Azure, path: str, version: str) -> list[int]:
    return [azure.send("GET", path, version).status_code for _ in range(3)]


@pytest.mark.parametrize("name", sorted(path.stem for path in LABS.glob("*.yml")))
def test_every_lab_shows_writes_late(name: str) -> None:
    assert Lab.load(name).context.lag == Lag(reads=2, uses=1)


@pytest.mark.parametrize(("kind", "version", "body"), RESOURCES)
def test_a_new_group_and_resource_are_known_late(azure: Azure, kind: str, version: str, body: dict[str, Any]) -> None:
    azure.context.lag = Lag()
    assert azure.send("PUT", GROUP, "2025-04-01", {"location": "westeurope"}).status_code == 201
    assert read(azure, GROUP, "2025-04-01") == [404, 404, 200]
    path, wanted = f"{GROUP}/providers/{kind}", {"location": "westeurope", **body}
    early = azure.send("PUT", path, version, wanted)
    assert (early.status_code, early.json()["error"]["code"]) == (404, "ResourceGroupNotFound")
    assert azure.send("PUT", path, version, wanted).ok
    assert read(azure, path, version) == [404, 404, 200]


@pytest.mark.parametrize(("kind", "version", "body"), RESOURCES)
def test_a_new_registration_is_known_late(azure: Azure, kind: str, version: str, body: dict[str, Any]) -> None:
    namespace = kind.partition("/")[0]
    azure.state.seed_group("rg-new", "westeurope")
    azure.state.unregister_provider(namespace)
    azure.context.lag = Lag()
    azure.resources.providers.register(namespace)
    assert azure.resources.providers.get(namespace).registration_state == "Registered"
    path, wanted = f"{GROUP}/providers/{kind}", {"location": "westeurope", **body}
    early = azure.send("PUT", path, version, wanted)
    assert (early.status_code, early.json()["error"]["code"]) == (409, "MissingSubscriptionRegistration")
    assert azure.send("PUT", path, version, wanted).ok
