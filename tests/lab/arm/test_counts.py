# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The counts of the benchmark are those of the real requests."""

from __future__ import annotations

from collections import Counter

from tests.bench.calls import calls

from .conftest import Azure

_METHOD = {"poll": "GET"}


def test_every_call_of_the_sdk_is_counted_once(azure: Azure) -> None:
    azure.state.seed_group("rg", "westeurope")
    azure.state.record_traffic = True
    body = {"location": "westeurope", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
    azure.storage.storage_accounts.begin_create("rg", "account1", body).result()
    azure.storage.storage_accounts.update("rg", "account1", {"tags": {"a": "1"}})
    azure.storage.storage_accounts.list_keys("rg", "account1")
    list(azure.storage.storage_accounts.list())
    azure.storage.storage_accounts.delete("rg", "account1")
    counted = calls(azure.context.journal)
    assert counted.pop("token") == 1
    assert counted["poll"] >= 1
    by_method: Counter[str] = Counter()
    for kind, count in counted.items():
        by_method[_METHOD.get(kind, kind)] += count
    assert by_method == Counter(exchange.method for exchange in azure.server.traffic)
