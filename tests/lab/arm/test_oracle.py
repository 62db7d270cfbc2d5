# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The traffic of a complete setup follows the API definitions, and the oracle finds every violation."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab.arm.virtual_machines import NewMachine, make_machine

from . import oracle
from .conftest import SERVER, SUBSCRIPTION, Azure
from .test_vaults import make_key

pytestmark = pytest.mark.needs("contracts")

VNET: dict[str, Any] = {
    "location": "westeurope",
    "tags": {"a": "1"},
    "properties": {
        "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
        "subnets": [{"name": "default", "properties": {"addressPrefix": "10.0.0.0/24"}}],
        "dhcpOptions": {"dnsServers": ["10.0.0.4"]},
    },
}
ACCOUNT: dict[str, Any] = {"location": "westeurope", "sku": {"name": "Standard_GRS"}, "kind": "StorageV2"}


def set_up(azure: Azure) -> None:
    """Send all requests of a setup, including those that fail."""
    azure.resources.resource_groups.check_existence("rg")
    azure.resources.resource_groups.create_or_update("rg", {"location": "westeurope", "tags": {"a": "1"}})
    azure.resources.resource_groups.get("rg")
    list(azure.resources.resource_groups.list())
    azure.send("GET", f"/subscriptions/{SUBSCRIPTION}", "2022-12-01")
    azure.send("GET", f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/permissions", "2022-04-01")
    azure.resources.providers.get("Microsoft.RecoveryServices")
    azure.resources.providers.register("Microsoft.Storage")
    _vault(azure)
    _targets(azure)
    _sites(azure)
    machine = NewMachine("web01", "westeurope", "Standard_B1s", "Windows", None)
    azure.send("GET", make_machine(azure.state, azure.state.group_id("rg"), machine), "2024-07-01")
    _remove(azure)


def _vault(azure: Azure) -> None:
    vaults = azure.recovery.vaults
    azure.recovery.recovery_services.check_name_availability(
        "rg", "westeurope", {"name": "vault1", "type": "Microsoft.RecoveryServices/Vaults"}
    )
    vaults.begin_create_or_update(
        "rg", "vault1", {"location": "westeurope", "sku": {"name": "RS0", "tier": "Standard"}, "properties": {}}
    ).result()
    vaults.begin_update("rg", "vault1", {"tags": {"a": "1"}}).result()
    immutability = {"state": "Unlocked", "configuration": {"type": "TimeBased", "durationInDays": 30}}
    vaults.begin_update(
        "rg", "vault1", {"properties": {"securitySettings": {"immutabilitySettings": immutability}}}
    ).result()
    list(azure.recovery.deleted_vaults.list_by_subscription_id("westeurope"))
    list(vaults.list_by_resource_group("rg"))
    list(vaults.list_by_subscription_id())
    list(azure.recovery.usages.list_by_vaults("rg", "vault1"))
    list(azure.recovery.replication_usages.list("rg", "vault1"))
    path = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.RecoveryServices/vaults/vault1"
    azure.send("GET", f"{path}/extendedInformation/vaultExtendedInfo")
    azure.recovery.vault_extended_info.create_or_update(
        "rg", "vault1", {"properties": {"integrityKey": "AAECAwQFBgcICQoLDA0ODw==", "algorithm": "None"}}
    )
    azure.recovery.vault_extended_info.get("rg", "vault1")


def _targets(azure: Azure) -> None:
    accounts, networks = azure.storage.storage_accounts, azure.network.virtual_networks
    accounts.check_name_availability({"name": "account1", "type": "Microsoft.Storage/storageAccounts"})
    accounts.begin_create("rg", "account1", ACCOUNT).result()
    accounts.check_name_availability({"name": "account1", "type": "Microsoft.Storage/storageAccounts"})
    accounts.update("rg", "account1", {"tags": {"a": "1"}, "properties": {"accessTier": "Cool"}})
    accounts.update(
        "rg",
        "account1",
        {"properties": {"networkAcls": {"defaultAction": "Deny", "bypass": "Logging, AzureServices"}}},
    )
    accounts.get_properties("rg", "account1")
    list(accounts.list())
    list(accounts.list_by_resource_group("rg"))
    accounts.list_keys("rg", "account1")
    azure.storage.blob_services.get_service_properties("rg", "account1")
    list(azure.storage.skus.list())
    list(azure.storage.usages.list_by_location("westeurope"))
    networks.begin_create_or_update("rg", "net1", VNET).result()
    networks.begin_create_or_update("rg", "net1", VNET).result()
    networks.update_tags("rg", "net1", {"tags": {"b": "2"}})
    list(networks.list("rg"))
    list(networks.list_all())
    list(networks.list_usage("rg", "net1"))
    networks.check_ip_address_availability("rg", "net1", ip_address="10.0.0.9")
    azure.network.subnets.begin_create_or_update(
        "rg", "net1", "two", {"properties": {"addressPrefix": "10.0.2.0/24", "delegations": []}}
    ).result()
    azure.network.subnets.get("rg", "net1", "two")
    list(azure.network.subnets.list("rg", "net1"))


def _sites(azure: Azure) -> None:
    azure.context.clock.scale = 0.0
    key = make_key(azure)
    azure.state.register_vmm_server(str(key.thumbprint), str(key.resource_id), SERVER)
    sites = azure.sites
    [fabric] = list(sites.replication_fabrics.list("rg", "vault1"))
    name, cloud, provider = str(fabric.name), SERVER.clouds[0].id, SERVER.vmm_id
    sites.replication_fabrics.get("rg", "vault1", name)
    for listing in (
        sites.replication_recovery_services_providers,
        sites.replication_protection_containers,
        sites.replication_networks,
        sites.replication_network_mappings,
        sites.replication_policies,
        sites.replication_protection_container_mappings,
        sites.replication_protected_items,
        sites.replication_vault_setting,
        sites.replication_jobs,
    ):
        list(listing.list("rg", "vault1"))
    sites.replication_recovery_services_providers.get("rg", "vault1", name, provider)
    list(sites.replication_recovery_services_providers.list_by_replication_fabrics("rg", "vault1", name))
    sites.replication_protection_containers.get("rg", "vault1", name, cloud)
    list(sites.replication_protection_containers.list_by_replication_fabrics("rg", "vault1", name))
    list(sites.replication_logical_networks.list_by_replication_fabrics("rg", "vault1", name))
    list(sites.replication_protectable_items.list_by_replication_protection_containers("rg", "vault1", name, cloud))
    sites.replication_recovery_services_providers.begin_refresh_provider("rg", "vault1", name, provider).result()
    sites.replication_vault_health.begin_refresh("rg", "vault1").result()
    sites.replication_vault_health.get("rg", "vault1")
    for job in sites.replication_jobs.list("rg", "vault1"):
        sites.replication_jobs.get("rg", "vault1", str(job.name))


def _remove(azure: Azure) -> None:
    azure.state.unregister(SERVER.vmm_id)
    azure.network.subnets.begin_delete("rg", "net1", "two").result()
    azure.network.virtual_networks.begin_delete("rg", "net1").result()
    azure.storage.storage_accounts.delete("rg", "account1")
    azure.recovery.vaults.begin_delete("rg", "vault1").result()
    root = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers"
    for kind in ("Microsoft.Network/virtualNetworks/x", "Microsoft.Storage/storageAccounts/xyz"):
        azure.send("GET", f"{root}/{kind}", "2024-03-01" if "Network" in kind else "2023-05-01")
        azure.send("PUT", f"{root}/{kind}", "2024-03-01" if "Network" in kind else "2023-05-01", {})
    azure.resources.resource_groups.begin_delete("rg").result()


def test_a_whole_set_up_keeps_to_the_definitions(azure: Azure) -> None:
    set_up(azure)
    assert len(azure.server.traffic) > 80
    assert oracle.validate(azure.server.traffic) == []


def test_a_traffic_file_is_judged_like_the_log(azure: Azure, tmp_path: Path) -> None:
    azure.context.traffic_file = tmp_path / "traffic.jsonl"
    set_up(azure)
    assert [entry["path"] for entry in oracle.read(tmp_path / "traffic.jsonl")] == [
        exchange.path for exchange in azure.server.traffic
    ]
    assert oracle.validate(tmp_path / "traffic.jsonl") == []
    assert oracle.main([str(tmp_path / "traffic.jsonl")]) == 0


def test_a_traffic_file_without_traffic_is_no_success(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        oracle.validate(tmp_path / "none.jsonl")
    (tmp_path / "empty.jsonl").touch()
    with pytest.raises(ValueError, match="holds no traffic"):
        oracle.validate(str(tmp_path / "empty.jsonl"))


@pytest.mark.parametrize(
    ("sku", "tier", "lines"),
    [
        # modelAsString: later versions may add values, and the installed client knows this one.
        ("StandardV2_LRS", "Standard", []),
        ("Standart_LRS", "Standard", ["value[0].name: 'Standart_LRS' is not one of Standard_LRS, Standard_GRS"]),
        # The tier is an enumeration of the closed kind.
        ("StandardV2_LRS", "Cheap", ["value[0].tier: 'Cheap' is not one of Standard, Premium"]),
    ],
)
def test_an_enumeration_grows_only_where_its_definition_lets_it(
    azure: Azure, sku: str, tier: str, lines: list[str]
) -> None:
    list(azure.storage.skus.list())
    exchange = json.loads(azure.server.traffic[-1].line())
    exchange["response"]["value"] = [{**exchange["response"]["value"][0], "name": sku, "tier": tier}]
    found = oracle.validate([exchange])
    assert len(found) == len(lines)
    assert all(line in problem for line, problem in zip(lines, found, strict=True))


def _exchange(azure: Azure, name: str) -> dict[str, Any]:
    azure.state.seed_vault("rg", "vault1", "westeurope")
    azure.recovery.vaults.begin_create_or_update(
        "rg", "vault1", {"location": "westeurope", "sku": {"name": "RS0"}, "properties": {}}
    ).result()
    make_key(azure)
    azure.recovery.vaults.begin_delete("rg", "vault1").result()
    found = next(one for one in azure.server.traffic if f"{one.method} {one.path.rsplit('/', 1)[-1]}" == name)
    return dict(json.loads(found.line()))


def _set(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(exchange: dict[str, Any]) -> None:
        *way, last = path.split("/")
        for step in way:
            exchange = exchange[step]
        if value is None:
            del exchange[last]
        else:
            exchange[last] = value

    return change


CN = "CN=CB_vault1-11-24-2026-vaultcredentials"


@pytest.mark.parametrize(
    ("name", "change", "line"),
    [
        ("PUT vault1", _set("status", 204), "no such status"),
        ("PUT vault1", _set("response/colour", "red"), "unknown member colour"),
        ("PUT vault1", _set("response/location", None), "required member location is missing"),
        ("PUT vault1", _set("response/tags", {"a": 1}), "tags.a: not a string"),
        ("PUT vault1", _set("response/properties/publicNetworkAccess", "Maybe"), "is not one of Enabled, Disabled"),
        ("PUT vault1", _set("request/properties", []), "request: properties: not an object"),
        (f"PUT {CN}", _set("response/properties/validTo", "soon"), "validTo: not a date-time"),
        (f"PUT {CN}", _set("response/properties/certificate", "%"), "certificate: not base64"),
        (f"PUT {CN}", _set("response/properties/resourceId", "7"), "resourceId: not a integer"),
        ("DELETE vault1", _set("status", 200), "no such status"),
        ("DELETE vault1", _set("headers", {}), "no link to the running operation"),
        ("DELETE vault1", _set("headers/Location", "/relative"), "a link is not absolute"),
        ("DELETE vault1", _set("headers/Retry-After", "0"), "Retry-After is not a positive whole number"),
        ("DELETE vault1", _set("path", "/subscriptions/x/nothing"), "no definition has this operation"),
    ],
)
def test_the_judge_sees_what_is_wrong(
    azure: Azure, name: str, change: Callable[[dict[str, Any]], None], line: str
) -> None:
    exchange = _exchange(azure, name)
    assert oracle.validate([exchange]) == []
    change(exchange)
    assert any(line in problem for problem in oracle.validate([exchange])), oracle.validate([exchange])


def test_each_accepted_difference_is_needed_and_has_a_reason(azure: Azure) -> None:
    set_up(azure)
    lines = oracle.differences(azure.server.traffic)
    for accepted in oracle.ACCEPTED:
        assert accepted.reason
        assert any(accepted.line.search(line) for line in lines), accepted.line.pattern
