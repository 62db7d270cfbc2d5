# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of the Azure CLI and the tasks of azure.azcollection that the bench of clients runs, in their order.

A command succeeds, unless `refused` names the code of the error that Azure would send. `query` is an expression of the
Azure CLI (JMESPath) whose result must be `shows`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Command:
    """One command after `az`."""

    text: str
    query: str = ""
    shows: str = ""
    refused: str = ""


_GROUP = "--resource-group rg-cli"
_VAULT = f"{_GROUP} --name vault-cli"
_ACCOUNT = f"{_GROUP} --name stcli0001"
_OF_ACCOUNT = f"{_GROUP} --account-name stcli0001"
_NET = f"{_GROUP} --vnet-name vnet-cli"
_OF_VAULT = (
    "--url /subscriptions/{subscriptionId}/resourceGroups/rg-cli/providers/Microsoft.RecoveryServices/vaults/vault-cli/"
)
_SITES = f"rest --method get {_OF_VAULT}"
_VERSION = "?api-version=2025-08-01"
_POLICY = f"{_OF_VAULT}replicationPolicies/daily{_VERSION}"
_SETTINGS = {
    "properties": {"providerSpecificInput": {"instanceType": "HyperVReplicaAzure", "replicationInterval": 300}}
}

COMMANDS = (
    Command("account show", "state", "Enabled"),
    Command("account list", "length(@)", "1"),
    Command("account list-locations", "[?name=='westeurope'].displayName", "West Europe"),
    Command("account get-access-token", "tokenType", "Bearer"),
    Command("group create --name rg-cli --location westeurope", "properties.provisioningState", "Succeeded"),
    Command("group exists --name rg-cli", shows="true"),
    Command("group exists --name rg-none", shows="false"),
    Command("group list", "[].name", "rg-cli"),
    Command("group update --name rg-cli --set tags.owner=recovery", "tags.owner", "recovery"),
    Command("group show --name rg-none", refused="ResourceGroupNotFound"),
    Command("provider list", "length(@) > `3`", "true"),
    Command("provider show --namespace Microsoft.RecoveryServices", "registrationState", "Registered"),
    Command("provider register --namespace Microsoft.Storage --wait"),
    Command(f"backup vault create {_VAULT} --location westeurope", "properties.provisioningState", "Succeeded"),
    Command(f"backup vault show {_VAULT}", "properties.publicNetworkAccess", "Enabled"),
    Command(f"backup vault list {_GROUP}", "[].name", "vault-cli"),
    Command(f"backup vault update {_VAULT} --tags a=b", "tags.a", "b"),
    Command(
        f"backup vault update {_VAULT} --immutability-state Unlocked",
        "properties.securitySettings.immutabilitySettings.state",
        "Unlocked",
    ),
    Command(f"backup vault identity assign --system-assigned {_VAULT}", "identity.type", "SystemAssigned"),
    Command(f"backup vault identity show {_VAULT}", "type", "SystemAssigned"),
    Command(f"backup vault backup-properties show {_VAULT}"),
    Command(f"{_SITES}replicationFabrics{_VERSION}", "length(value)", "0"),
    Command(f"{_SITES}replicationFabrics/none{_VERSION}", refused="SubscriptionIdNotRegisteredWithSrs"),
    # The vault's first object of Site Recovery changes the answer for missing ones.
    Command(f"rest --method put {_POLICY} --body '{json.dumps(_SETTINGS)}'"),
    Command(f"{_SITES}replicationFabrics/none{_VERSION}", refused="FabricArmEntityMissing"),
    Command(f"{_SITES}replicationPolicies/none{_VERSION}", refused="ArmResourceDoesNotExist"),
    Command(f"{_SITES}replicationJobs{_VERSION}&$filter=JobStatus%20eq%20%27Failed%27", "length(value)", "0"),
    Command("storage account check-name --name stcli0001", "nameAvailable", "true"),
    Command(
        f"storage account create {_ACCOUNT} --location westeurope --sku Standard_LRS --assign-identity",
        "identity.type",
        "SystemAssigned",
    ),
    Command(f"storage account show {_ACCOUNT}", "encryption.services.blob.keyType", "Account"),
    Command(f"storage account list {_GROUP}", "[].privateEndpointConnections | [0]", ""),
    Command(f"storage account update {_ACCOUNT} --tags a=b --min-tls-version TLS1_2", "minimumTlsVersion", "TLS1_2"),
    Command(f"storage account update {_ACCOUNT} --sku Standard_GRS", "secondaryLocation", "northeurope"),
    Command(f"storage account keys list {_OF_ACCOUNT}", "length(@)", "2"),
    Command(f"storage account keys renew {_OF_ACCOUNT} --key primary", "[0].keyName", "key1"),
    Command(f"storage account show-connection-string {_ACCOUNT}"),
    Command(f"storage account blob-service-properties show {_OF_ACCOUNT}", "deleteRetentionPolicy.enabled", "false"),
    Command(
        f"storage account blob-service-properties update {_OF_ACCOUNT} --enable-delete-retention true"
        " --delete-retention-days 7",
        "deleteRetentionPolicy.days",
        "7",
    ),
    Command(f"storage account network-rule add {_OF_ACCOUNT} --ip-address 203.0.113.7"),
    Command(f"storage account network-rule list {_OF_ACCOUNT}", "length(ipRules)", "1"),
    Command("storage account show-usage --location westeurope", "currentValue", "1"),
    Command("storage sku list", "length(@) > `5`", "true"),
    Command("storage container-rm list --storage-account stcli0001 --resource-group rg-cli", "length(@)", "0"),
    Command(f"storage account management-policy show {_OF_ACCOUNT}"),
    Command(
        f"network vnet create {_GROUP} --name vnet-cli --address-prefixes 10.1.0.0/16 --subnet-name s1",
        "newVNet.provisioningState",
        "Succeeded",
    ),
    Command(
        f"network vnet subnet create {_NET} --name s2 --address-prefixes 10.1.9.0/24", "provisioningState", "Succeeded"
    ),
    Command(
        f"network vnet subnet create {_NET} --name s3 --address-prefixes 10.9.9.0/24",
        refused="NetcfgSubnetRangeOutsideVnet",
    ),
    Command(
        f"network vnet subnet update {_NET} --name s2 --service-endpoints Microsoft.Storage",
        "serviceEndpoints[0].provisioningState",
        "Succeeded",
    ),
    Command(f"network vnet subnet list {_NET}", "length(@)", "2"),
    Command(
        f"network vnet update {_GROUP} --name vnet-cli --dns-servers 10.1.0.4", "dhcpOptions.dnsServers[0]", "10.1.0.4"
    ),
    Command(f"network vnet show {_GROUP} --name vnet-cli", "length(subnets)", "2"),
    Command("network vnet list", "[].name", "vnet-cli"),
    Command(f"network vnet check-ip-address {_GROUP} --name vnet-cli --ip-address 10.1.0.9", "available", "true"),
    Command(f"network vnet subnet delete {_NET} --name s1"),
    Command(f"resource list {_GROUP}", "length(@)", "3"),
    Command(f"resource list {_GROUP} --resource-type Microsoft.RecoveryServices/vaults", "[].name", "vault-cli"),
    Command(
        f"resource show {_GROUP} --resource-type Microsoft.Network/virtualNetworks --name vnet-cli",
        "location",
        "westeurope",
    ),
    Command("tag list"),
    Command(f"lock create --name keep --lock-type CanNotDelete {_GROUP}", "level", "CanNotDelete"),
    Command(f"lock list {_GROUP}", "[].name", "keep"),
    Command(f"network vnet delete {_GROUP} --name vnet-cli", refused="ScopeLocked"),
    Command(f"lock delete --name keep {_GROUP}"),
    Command(
        f"lock create --name vault --lock-type ReadOnly {_GROUP} --resource vault-cli"
        " --resource-type Microsoft.RecoveryServices/vaults",
        "level",
        "ReadOnly",
    ),
    Command(f"backup vault update {_VAULT} --tags a=c", refused="ScopeLocked"),
    Command(
        f"lock delete --name vault {_GROUP} --resource vault-cli --resource-type Microsoft.RecoveryServices/vaults"
    ),
    Command("role assignment list --all"),
    Command(f"network vnet delete {_GROUP} --name vnet-cli"),
    Command(f"storage account delete {_ACCOUNT} --yes"),
    Command(f"rest --method delete {_POLICY}"),
    Command(f"backup vault delete {_VAULT} --yes"),
    Command("group delete --name rg-cli --yes"),
)


@dataclass(frozen=True, slots=True)
class Task:
    """One task: a module of azure.azcollection, its options, whether it changes something, and what it returns."""

    module: str
    options: dict[str, Any]
    changed: bool = False
    returns: tuple[tuple[str | int, ...], Any] | None = None
    refused: str = ""


_AT: dict[str, Any] = {"resource_group": "rg-az", "location": "westeurope"}
_IN: dict[str, Any] = {"resource_group": "rg-az"}
_NEW: dict[str, Any] = {**_AT, "name": "staz0001", "account_type": "Standard_LRS", "kind": "StorageV2"}
_SUBNET: dict[str, Any] = {**_IN, "virtual_network_name": "vnet-az", "name": "s1", "address_prefix_cidr": "10.2.1.0/24"}
_SYSTEM = {"identity": {"type": "SystemAssigned"}}


TASKS = (
    Task("azure_rm_resourcegroup", {"name": "rg-az", "location": "westeurope"}, changed=True),
    Task("azure_rm_resourcegroup", {"name": "rg-az", "location": "westeurope"}),
    Task("azure_rm_subscription_info", {}, returns=(("subscriptions", 0, "state"), "Enabled")),
    Task("azure_rm_recoveryservicesvault", {**_AT, "name": "vault-az"}, changed=True),
    Task("azure_rm_recoveryservicesvault", {**_AT, "name": "vault-az"}),
    Task("azure_rm_recoveryservicesvault_info", {**_IN, "name": "vault-az"}),
    Task("azure_rm_storageaccount", _NEW, changed=True),
    Task("azure_rm_storageaccount", _NEW),
    Task(
        "azure_rm_storageaccount",
        {**_NEW, **_SYSTEM},
        changed=True,
        returns=(("state", "identity", "type"), "SystemAssigned"),
    ),
    Task("azure_rm_storageaccount", {**_NEW, **_SYSTEM}),
    Task(
        "azure_rm_storageaccount",
        {**_NEW, "network_acls": {"default_action": "Deny", "ip_rules": [{"value": "203.0.113.7"}]}},
        changed=True,
    ),
    Task(
        "azure_rm_storageaccount_info",
        {**_IN, "name": "staz0001"},
        returns=(("storageaccounts", 0, "kind"), "StorageV2"),
    ),
    Task("azure_rm_virtualnetwork", {**_AT, "name": "vnet-az", "address_prefixes_cidr": ["10.2.0.0/16"]}, changed=True),
    Task("azure_rm_virtualnetwork", {**_AT, "name": "vnet-az", "address_prefixes_cidr": ["10.2.0.0/16"]}),
    Task("azure_rm_subnet", _SUBNET, changed=True),
    Task("azure_rm_subnet", _SUBNET),
    Task("azure_rm_subnet_info", {**_IN, "virtual_network_name": "vnet-az"}, returns=(("subnets", 0, "name"), "s1")),
    Task("azure_rm_virtualnetwork_info", _IN, returns=(("virtualnetworks", 0, "name"), "vnet-az")),
    Task("azure_rm_resourcegroup_info", {"name": "rg-az", "list_resources": True}),
    Task(
        "azure_rm_resource_info",
        {
            **_IN,
            "provider": "RecoveryServices",
            "resource_type": "vaults",
            "resource_name": "vault-az",
            "api_version": "2024-04-01",
        },
        returns=(("response", 0, "name"), "vault-az"),
    ),
    Task("azure_rm_lock", {**_IN, "name": "keep", "level": "can_not_delete"}, changed=True),
    Task("azure_rm_lock", {**_IN, "name": "keep", "level": "can_not_delete"}),
    Task("azure_rm_lock_info", {**_IN, "name": "keep"}, returns=(("locks", 0, "level"), "can_not_delete")),
    Task("azure_rm_virtualnetwork", {**_IN, "name": "vnet-az", "state": "absent"}, refused="ScopeLocked"),
    Task("azure_rm_lock", {**_IN, "name": "keep", "state": "absent"}, changed=True),
    Task("azure_rm_subnet", {**_SUBNET, "state": "absent"}, changed=True),
    Task("azure_rm_virtualnetwork", {**_IN, "name": "vnet-az", "state": "absent"}, changed=True),
    Task("azure_rm_storageaccount", {**_IN, "name": "staz0001", "state": "absent"}, changed=True),
    Task("azure_rm_recoveryservicesvault", {**_AT, "name": "vault-az", "state": "absent"}, changed=True),
    Task("azure_rm_resourcegroup", {"name": "rg-az", "state": "absent"}, changed=True),
)
