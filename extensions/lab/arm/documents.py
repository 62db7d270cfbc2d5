# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The resources as JSON documents, built from the body of a PUT: pure functions without checks and state."""

from __future__ import annotations

import copy
import uuid
from datetime import datetime, timedelta
from typing import Any

from .messages import Json
from .regions import canonical, cloud_of, code, pair


def stamp(moment: datetime) -> str:
    """Format a time as .NET services write it: seven digits of a second, UTC."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"


def etag() -> str:
    return f'W/"{uuid.uuid4()}"'


def group_document(subscription: str, name: str, location: str, tags: dict[str, str] | None) -> Json:
    # recorded: azure-cli-extensions, test_siterecovery_H2A_E2A_scenarios (group GET).
    group: Json = {
        "id": f"/subscriptions/{subscription}/resourceGroups/{name}",
        "name": name,
        "type": "Microsoft.Resources/resourceGroups",
        "location": canonical(location),
        "properties": {"provisioningState": "Succeeded"},
    }
    if tags:
        group["tags"] = dict(tags)
    return group


def keep_members(document: Json, body: Json) -> None:
    """Keep members next to `properties` that the lab does not know, so that no client loses one unnoticed (inferred).

    Only the service writes the others, which a body may repeat (documented: API definitions, read-only).
    """
    for name in sorted(body.keys() - _OWN_MEMBERS - document.keys()):
        if body[name] is not None:
            document[name] = copy.deepcopy(body[name])


_OWN_MEMBERS = {"id", "name", "type", "etag", "systemData", "properties", "tags", "identity"}


# Vault -------------------------------------------------------------------------------------------------------------


def vault_etag(now: datetime) -> str:
    # recorded: azure-cli-extensions, test_siterecovery_vault_scenarios.
    return f"W/\"datetime'{stamp(now).replace(':', '%3A')}'\""


def vault_document(resource_id: str, name: str, body: Json, now: datetime) -> Json:
    """Build a vault with its defaults (recorded: azure-cli-extensions, test_siterecovery_vault_scenarios)."""
    given = body.get("properties") or {}
    document: Json = {
        "location": canonical(str(body["location"])),
        "name": name,
        "etag": vault_etag(now),
        "properties": {
            "provisioningState": "Provisioning",
            "privateEndpointStateForBackup": "None",
            "privateEndpointStateForSiteRecovery": given.get("privateEndpointStateForSiteRecovery", "None"),
            "publicNetworkAccess": given.get("publicNetworkAccess", "Enabled"),
            "restoreSettings": {"crossSubscriptionRestoreSettings": {"crossSubscriptionRestoreState": "Enabled"}},
        },
        "id": resource_id,
        "type": "Microsoft.RecoveryServices/vaults",
        "sku": copy.deepcopy(body.get("sku") or {"name": "RS0"}),
    }
    merge_vault(document, body, now)
    return document


def complete_vault(document: Json, now: datetime, soft_delete: str = "Enabled") -> None:
    """Add the properties that a vault has after its creation (recorded in the GET after the last poll).

    `soft_delete`: the state that the region gives to new vaults. AlwaysON overrides the value of the request (recorded
    in public: terraform-provider-azurerm pull request 31163).
    """
    document["etag"] = vault_etag(now)
    properties = document["properties"]
    properties["provisioningState"] = "Succeeded"
    properties.setdefault("backupStorageVersion", "Unassigned")
    security: Json = {
        "immutabilitySettings": None,
        "softDeleteSettings": {"softDeleteRetentionPeriodInDays": 14, "softDeleteState": "Enabled"},
        "multiUserAuthorization": "Disabled",
    }
    _overlay(security, properties.get("securitySettings") or {})
    if soft_delete == "AlwaysON":
        security["softDeleteSettings"]["softDeleteState"] = soft_delete
    properties["securitySettings"] = security


# Properties that only the service writes (documented: API definition, read-only); a body may repeat them.
_OF_VAULT_SERVICE = frozenset(
    {
        "provisioningState",
        "upgradeDetails",
        "privateEndpointConnections",
        "privateEndpointStateForBackup",
        "privateEndpointStateForSiteRecovery",
        "moveDetails",
        "moveState",
        "backupStorageVersion",
        "bcdrSecurityLevel",
        "secureScore",
    }
)


def merge_vault(document: Json, body: Json, now: datetime) -> None:
    """Apply a PATCH (or the rest of a PUT) to a vault: it replaces all tags, and single settings.

    Inferred: settings that the body does not name stay (the Azure CLI sends single settings).
    """
    document["etag"] = vault_etag(now)
    if "tags" in body:
        document["tags"] = dict(body["tags"] or {})
        if not document["tags"]:
            del document["tags"]
    if body.get("sku"):
        document["sku"] = copy.deepcopy(body["sku"])
    keep_members(document, body)
    if body.get("identity"):
        merge_identity(document, body["identity"])
    given = body.get("properties") or {}
    # inferred: settings that the lab does not know are kept as given, so that no client loses one unnoticed.
    _overlay(document["properties"], {name: given[name] for name in given.keys() - _OF_VAULT_SERVICE})


def _overlay(place: Json, given: Json) -> None:
    for name, value in given.items():
        if isinstance(value, dict):
            # A choice of one of two members, and a choice that may have one more: the body replaces all of it.
            whole = name in ("kekIdentity", "configuration")
            if whole or not isinstance(place.get(name), dict):
                place[name] = {}
            _overlay(place[name], value)
        elif value is not None:
            place[name] = copy.deepcopy(value)


def merge_identity(document: Json, given: Json) -> None:
    """Apply the identities of a body: null removes one (documented: managed identities in templates and REST)."""
    kind = str(given.get("type") or "None")
    before = document.get("identity") or {}
    made: Json = {"type": kind}
    if "SystemAssigned" in kind:
        made["principalId"] = before.get("principalId") or str(uuid.uuid4())
        made["tenantId"] = before.get("tenantId") or str(uuid.uuid4())
    if "UserAssigned" in kind:
        users = dict(before.get("userAssignedIdentities") or {})
        for name, value in (given.get("userAssignedIdentities") or {}).items():
            known = next((key for key in users if key.casefold() == name.casefold()), name)
            if value is None:
                users.pop(known, None)
            else:
                users.setdefault(known, {"principalId": str(uuid.uuid4()), "clientId": str(uuid.uuid4())})
        made["userAssignedIdentities"] = users
    document["identity"] = made


def as_known(document: Json, version: str) -> Json:
    """Return a vault as an api-version shows it, without later settings (documented: API definitions)."""
    shown = copy.deepcopy(document)
    if version < IMMUTABILITY_CONFIGURATION:
        immutability = (shown["properties"].get("securitySettings") or {}).get("immutabilitySettings")
        if immutability:
            immutability.pop("configuration", None)
    return shown


# The first api-version with this setting: azure-mgmt-recoveryservices 4.1.0 has it, 4.0.1 (2025-08-01) not.
IMMUTABILITY_CONFIGURATION = "2026-05-01"


# documented: secure by default with soft delete: 14 days by default.
VAULT_KEPT_DAYS = 14


def deleted_vault_document(subscription: str, resource_id: str, location: str, now: datetime) -> Json:
    # documented: API definition of deletedVaults (2024-09-30-preview and later).
    deleted_name = str(uuid.uuid4())
    return {
        "id": (
            f"/subscriptions/{subscription}/providers/Microsoft.RecoveryServices/locations/{canonical(location)}"
            f"/deletedVaults/{deleted_name}"
        ),
        "name": deleted_name,
        "type": "Microsoft.RecoveryServices/locations/deletedVaults",
        "properties": {
            "vaultId": resource_id,
            "vaultDeletionTime": stamp(now),
            "purgeAt": stamp(now + timedelta(days=VAULT_KEPT_DAYS)),
        },
    }


def management_endpoint(location: str) -> str:
    # recorded: `https://pod01-id1.wus.backup.windowsazure.com/restapi/` (Azure PowerShell, 2017).
    return f"https://pod01-id1.{code(location)}.{cloud_of(location).backup}/restapi/"


# Storage account ----------------------------------------------------------------------------------------------------

_ENDPOINTS = {
    "Storage": ("blob", "queue", "table", "file"),
    "StorageV2": ("dfs", "web", "blob", "queue", "table", "file"),
    "BlobStorage": ("dfs", "blob", "table"),
    "BlockBlobStorage": ("dfs", "web", "blob"),
    "FileStorage": ("file",),
}
# recorded: a premium account of a general kind only has these.
_PREMIUM_ENDPOINTS = ("web", "blob")

# Properties that only the service writes (documented: API definition, read-only); a body may repeat them. Encryption is
# merged on its own.
OF_STORAGE_SERVICE = frozenset(
    {
        "accountMigrationInProgress",
        "blobRestoreStatus",
        "creationTime",
        "encryption",
        "failoverInProgress",
        "geoReplicationStats",
        "isSkuConversionBlocked",
        "keyCreationTime",
        "lastGeoFailoverTime",
        "primaryEndpoints",
        "primaryLocation",
        "privateEndpointConnections",
        "provisioningState",
        "secondaryEndpoints",
        "secondaryLocation",
        "statusOfPrimary",
        "statusOfSecondary",
        "storageAccountSkuConversionStatus",
    }
)


def endpoints(name: str, kind: str, sku: str, location: str, *, secondary: bool = False) -> dict[str, str]:
    suffix = "-secondary" if secondary else ""
    offered = _PREMIUM_ENDPOINTS if kind == "StorageV2" and sku.startswith("Premium") else _ENDPOINTS[kind]
    services = [service for service in offered if not (secondary and service == "file")]
    domain = cloud_of(location).storage
    return {service: f"https://{name}{suffix}.{service}.{domain}/" for service in services}


def account_document(resource_id: str, name: str, body: Json, now: datetime) -> Json:
    """Build a storage account with its defaults (documented: API definition and its examples)."""
    location, kind, sku = canonical(str(body["location"])), str(body["kind"]), str(body["sku"]["name"])
    time = stamp(now)
    properties: Json = {
        "keyCreationTime": {"key1": time, "key2": time},
        "minimumTlsVersion": "TLS1_2",
        "allowBlobPublicAccess": False,
        "allowCrossTenantReplication": False,
        # recorded: empty lists in all accounts of 2023 and later.
        "privateEndpointConnections": [],
        "networkAcls": {
            "ipv6Rules": [],
            "bypass": "AzureServices",
            "virtualNetworkRules": [],
            "ipRules": [],
            "defaultAction": "Allow",
        },
        "supportsHttpsTrafficOnly": True,
        "encryption": {
            "services": {
                "file": {"keyType": "Account", "enabled": True, "lastEnabledTime": time},
                "blob": {"keyType": "Account", "enabled": True, "lastEnabledTime": time},
            },
            "keySource": "Microsoft.Storage",
        },
        "provisioningState": "Creating",
        "creationTime": time,
        "primaryEndpoints": endpoints(name, kind, sku, location),
        "primaryLocation": location,
        "statusOfPrimary": "available",
    }
    if kind in {"StorageV2", "BlobStorage"}:
        properties["accessTier"] = "Hot"
    document: Json = {
        "sku": {"name": sku, "tier": tier(sku)},
        "kind": kind,
        "id": resource_id,
        "name": name,
        "type": "Microsoft.Storage/storageAccounts",
        "location": location,
        "tags": dict(body.get("tags") or {}),
        "properties": properties,
    }
    keep_members(document, body)
    set_secondary(document)
    merge_account(document, body)
    return document


def tier(sku: str) -> str:
    return "Premium" if sku.startswith("Premium") else "Standard"


def set_secondary(account: Json) -> None:
    """Set the second region of a geo-redundant account (documented: API definition)."""
    sku, properties = str(account["sku"]["name"]), account["properties"]
    for name in ("secondaryLocation", "statusOfSecondary", "secondaryEndpoints"):
        properties.pop(name, None)
    other = pair(str(account["location"]))
    if ("GRS" not in sku and "GZRS" not in sku) or other is None:
        return
    properties["secondaryLocation"], properties["statusOfSecondary"] = other, "available"
    if "RA" in sku:
        properties["secondaryEndpoints"] = endpoints(
            str(account["name"]), str(account["kind"]), sku, str(account["location"]), secondary=True
        )


def merge_account(account: Json, body: Json) -> None:
    """Apply the settings of a body; its tags, if any, replace all tags."""
    if "tags" in body:
        account["tags"] = dict(body["tags"] or {})
    if body.get("identity"):
        merge_identity(account, body["identity"])
    given = body.get("properties") or {}
    # inferred: settings that the lab does not know are kept as given, so that no client loses one unnoticed.
    for name in sorted(given.keys() - OF_STORAGE_SERVICE):
        if given[name] is None:
            continue
        if name == "networkAcls":
            account["properties"]["networkAcls"] = _firewall(account["properties"]["networkAcls"], given[name])
        else:
            account["properties"][name] = copy.deepcopy(given[name])
    _merge_encryption(account["properties"]["encryption"], given.get("encryption") or {})


def _firewall(acls: Json, given: Json) -> Json:
    """Return rules as the service shows them (documented: API definition, example StorageAccountListByResourceGroup).

    inferred: lists that the body omits stay.
    """
    changed = {**acls, **{name: copy.deepcopy(value) for name, value in given.items() if value is not None}}
    for name, shown in (("ipRules", {}), ("virtualNetworkRules", {"state": "Succeeded"})):
        changed[name] = [{**rule, "action": "Allow", **shown} for rule in changed[name]]
    return changed


def _merge_encryption(encryption: Json, given: Json) -> None:
    for name, value in given.items():
        if name == "services":
            time = encryption["services"]["blob"]["lastEnabledTime"]
            for service, settings in value.items():
                # recorded: the Azure CLI names a service with an empty object.
                shown = {"keyType": "Account", "enabled": True, **copy.deepcopy(settings or {})}
                encryption["services"][service] = {**shown, "lastEnabledTime": time}
        elif value is not None:
            encryption[name] = copy.deepcopy(value)


def blob_service_document(account: Json) -> Json:
    # documented: API definition, example BlobServicesGet; soft delete is off for an account made through ARM.
    return {
        "sku": copy.deepcopy(account["sku"]),
        "id": f"{account['id']}/blobServices/default",
        "name": "default",
        "type": "Microsoft.Storage/storageAccounts/blobServices",
        "properties": {
            "cors": {"corsRules": []},
            "deleteRetentionPolicy": {"allowPermanentDelete": False, "enabled": False},
        },
    }


# Virtual network ----------------------------------------------------------------------------------------------------


#: The users of a subnet as the service lists them; clients never write these properties.
USERS = ("ipConfigurations", "privateEndpoints", "serviceAssociationLinks", "resourceNavigationLinks")


def subnet_document(network_id: str, name: str, properties: Json, mark: str, previous: Json | None) -> Json:
    """Build a subnet inside its network (recorded: Azure CLI, test_network_subnet_set)."""
    kept = (previous or {}).get("properties", {})
    made: Json = {"provisioningState": "Updating"}
    for key in ("addressPrefix", "addressPrefixes"):
        if properties.get(key):
            made[key] = copy.deepcopy(properties[key])
    for key in USERS:
        if kept.get(key):
            made[key] = kept[key]
    made["delegations"] = [
        _delegation(f"{network_id}/subnets/{name}", entry, mark) for entry in properties.get("delegations") or []
    ]
    made["privateEndpointNetworkPolicies"] = properties.get("privateEndpointNetworkPolicies") or "Disabled"
    made["privateLinkServiceNetworkPolicies"] = properties.get("privateLinkServiceNetworkPolicies") or "Enabled"
    for key, value in properties.items():
        # All other properties are kept as given, including those that a later version adds.
        if key not in made and key not in (*USERS, "addressPrefix", "addressPrefixes") and value not in (None, []):
            made[key] = copy.deepcopy(value)
    for endpoint in made.get("serviceEndpoints", []):
        # documented: examples of the definition; the service adds regions and a state.
        endpoint.setdefault("locations", ["*"])
        endpoint["provisioningState"] = "Succeeded"
    return {
        "name": name,
        "id": f"{network_id}/subnets/{name}",
        "etag": mark,
        "properties": made,
        "type": "Microsoft.Network/virtualNetworks/subnets",
    }


def _delegation(subnet_id: str, entry: Json, mark: str) -> Json:
    return {
        "name": entry.get("name"),
        "id": f"{subnet_id}/delegations/{entry.get('name')}",
        "etag": mark,
        "properties": {
            "provisioningState": "Succeeded",
            "serviceName": (entry.get("properties") or {}).get("serviceName"),
            "actions": [],
        },
        "type": "Microsoft.Network/virtualNetworks/subnets/delegations",
    }


def network_document(resource_id: str, name: str, body: Json, previous: Json | None) -> Json:
    """Build a network from a PUT: with the subnets of the body and no others (documented: PUT replaces)."""
    given = body.get("properties") or {}
    mark = etag()
    old = {subnet["name"].casefold(): subnet for subnet in (previous or {}).get("properties", {}).get("subnets", [])}
    properties: Json = {
        "provisioningState": "Updating",
        "resourceGuid": previous["properties"]["resourceGuid"] if previous else str(uuid.uuid4()),
        "addressSpace": {"addressPrefixes": list((given.get("addressSpace") or {}).get("addressPrefixes") or [])},
        "privateEndpointVNetPolicies": given.get("privateEndpointVNetPolicies") or "Disabled",
    }
    if given.get("dhcpOptions"):
        properties["dhcpOptions"] = copy.deepcopy(given["dhcpOptions"])
    properties["subnets"] = [
        subnet_document(
            resource_id, entry["name"], entry.get("properties") or {}, mark, old.get(entry["name"].casefold())
        )
        for entry in given.get("subnets") or []
    ]
    properties["virtualNetworkPeerings"] = copy.deepcopy(given.get("virtualNetworkPeerings") or [])
    properties["enableDdosProtection"] = bool(given.get("enableDdosProtection", False))
    for key, value in given.items():
        # recorded (Azure CLI, networks): enableVmProtection is hidden while it is off.
        hidden = key == "dhcpOptions" or (key == "enableVmProtection" and not value)
        if key not in properties and not hidden and value is not None:
            properties[key] = copy.deepcopy(value)
    if previous and properties["addressSpace"] != previous["properties"]["addressSpace"]:
        for peering in properties["virtualNetworkPeerings"]:
            # documented: ranges of a peered network can change, and the peering is synchronized afterwards.
            peering.setdefault("properties", {})["peeringSyncLevel"] = "LocalNotInSync"
    document: Json = {
        "name": name,
        "id": resource_id,
        "etag": mark,
        "type": "Microsoft.Network/virtualNetworks",
        "location": canonical(str(body["location"])),
        "properties": properties,
    }
    if body.get("tags"):
        document["tags"] = dict(body["tags"])
    keep_members(document, body)
    return document


def set_network_state(network: Json, state: str) -> None:
    network["properties"]["provisioningState"] = state
    for subnet in network["properties"]["subnets"]:
        subnet["properties"]["provisioningState"] = state


def same_network(one: Json, other: Json) -> bool:
    """Tell whether two networks are equal apart from etags and provisioning states."""
    return bool(_bare(one) == _bare(other))


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _bare(item) for key, item in value.items() if key not in {"etag", "provisioningState"}}
    if isinstance(value, list):
        return [_bare(item) for item in value]
    return value
