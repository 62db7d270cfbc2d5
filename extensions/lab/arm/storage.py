# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft.Storage: accounts, their keys and blob service settings."""

from __future__ import annotations

import base64
import copy
import re
import secrets

from . import regions
from .common import GROUP, ROOT, keep_location, need_group, need_location, need_operation, not_found, page, signed
from .documents import (
    OF_STORAGE_SERVICE,
    account_document,
    merge_account,
    merge_identity,
    set_secondary,
    stamp,
    tier,
)
from .messages import Answer, ArmError, Call, Json, canonical_value, document, member, string_map
from .routes import Routes
from .state import AzureState
from .storage_rules import check_new_encryption, check_values, not_allowed, refuse_immutable
from .vault_rules import IDENTITIES, identity_type
from .versions import STORAGE

ROUTES = Routes(STORAGE)

TYPE = "Microsoft.Storage/storageAccounts"
ACCOUNTS = GROUP + "/providers/Microsoft.Storage/storageAccounts"
ACCOUNT = ACCOUNTS + "/{account}"
BLOB = ACCOUNT + "/blobServices/default"

# documented: naming rules.
_NAME = re.compile(r"[a-z0-9]{3,24}")

# documented: API definition (SkuName, Kind) and the overview of account types: which kind takes which sku.
_STANDARD = ("Standard_LRS", "Standard_GRS", "Standard_RAGRS", "Standard_ZRS", "Standard_GZRS", "Standard_RAGZRS")
_SKUS = {
    "StorageV2": (*_STANDARD, "Premium_LRS"),
    "Storage": ("Standard_LRS", "Standard_GRS", "Standard_RAGRS", "Standard_ZRS", "Premium_LRS"),
    "BlobStorage": ("Standard_LRS", "Standard_GRS", "Standard_RAGRS"),
    "BlockBlobStorage": ("Premium_LRS", "Premium_ZRS"),
    "FileStorage": ("Premium_LRS", "Premium_ZRS", "StandardV2_LRS", "StandardV2_GRS", "StandardV2_ZRS"),
}
# documented: standard storage account limits.
_MOST_ACCOUNTS = 250


def find_account(state: AzureState, call: Call) -> Json | None:
    return state.accounts.get(state.resource_id(call["group"], TYPE, call["account"]).casefold())


def need_account(state: AzureState, call: Call) -> Json:
    account = find_account(state, call)
    if account is None:
        need_group(state, call["group"])
        raise not_found(call["group"], TYPE, call["account"])
    return account


def need_ready(state: AzureState, call: Call) -> Json:
    """Return a complete account; before that most calls fail (documented: storage provider error codes)."""
    account = need_account(state, call)
    if account["properties"]["provisioningState"] != "Succeeded":
        raise ArmError(
            409,
            "StorageAccountIsNotProvisioned",
            "The storage account provisioning state must be 'Succeeded' before executing the operation.",
        )
    return account


@ROUTES.get(ACCOUNT)
def get_account(state: AzureState, call: Call) -> Answer:
    return Answer(200, need_account(state, call))


@ROUTES.get(ACCOUNTS)
def list_accounts(state: AzureState, call: Call) -> Answer:
    group = str(need_group(state, call["group"])["id"]).casefold()
    return page(state, call, [entry for key, entry in state.accounts.items() if key.startswith(f"{group}/")])


@ROUTES.get(ROOT + "/providers/Microsoft.Storage/storageAccounts")
def list_all_accounts(state: AzureState, call: Call) -> Answer:
    return page(state, call, list(state.accounts.values()))


@ROUTES.put(ACCOUNT)
def put_account(state: AzureState, call: Call) -> Answer:
    """Answer 202 and a Location to poll for a new account, or 200 for an existing one (both recorded: Azure CLI)."""
    body, name, group = document(call), call["account"], call["group"]
    need_group(state, group)
    location = need_location(body, TYPE, state.cloud.regions)
    string_map(body, "tags")
    existing = find_account(state, call)
    if existing is not None:
        keep_location(existing, location, name, group)
        return _put_existing(state, existing, body)
    _check_name(name)
    _check_body(state, body)
    _check_free(state, name)
    _check_room(state, location)
    account = account_document(state.resource_id(group, TYPE, name), name, body, state.context.clock.now())
    given = (body.get("properties") or {}).get("minimumTlsVersion")
    account["properties"]["minimumTlsVersion"] = given or _default_tls_version(call.api_version)
    key = str(account["id"]).casefold()
    state.accounts[key] = account

    def finish(done: bool) -> None:
        if done:
            account["properties"]["provisioningState"] = "Succeeded"
        else:
            state.accounts.pop(key, None)

    operation = state.begin("PUT", str(account["id"]), state.context.delays.storage_create, finish)
    path = (
        f"/subscriptions/{call['subscription']}/providers/Microsoft.Storage/locations/{location}"
        f"/asyncoperations/{operation.id}"
    )
    link = signed(call, path, operation) + "&monitor=true"
    return Answer(202, None, {"Location": link, "Retry-After": state.retry_after(state.context.delays.storage_create)})


def _put_existing(state: AzureState, account: Json, body: Json) -> Answer:
    if account["properties"]["provisioningState"] != "Succeeded":
        # documented: storage provider error codes.
        raise ArmError(409, "StorageAccountBeingCreated", "The storage account is being created.")
    wanted = _sku(body) or account["sku"]["name"]
    if wanted != account["sku"]["name"]:
        # recorded in public threads: code and text.
        raise ArmError(400, "InvalidValuesForRequestParameters", "Values for request parameters are invalid: sku.")
    if _kind(body) not in {None, account["kind"]}:
        raise ArmError(400, "InvalidValuesForRequestParameters", "Values for request parameters are invalid: kind.")
    refuse_immutable(account, member(body, "properties", dict) or {})
    _check_values(state, body)
    # documented: PUT replaces; inferred: writable settings that the body omits return to their defaults.
    full = body | {"sku": {"name": account["sku"]["name"]}, "kind": account["kind"], "location": account["location"]}
    fresh = account_document(str(account["id"]), str(account["name"]), full, state.context.clock.now())
    if not (body.get("properties") or {}).get("minimumTlsVersion"):
        fresh["properties"]["minimumTlsVersion"] = account["properties"]["minimumTlsVersion"]
    names = account["properties"].keys() | fresh["properties"].keys()
    for name in names - OF_STORAGE_SERVICE - {"isHnsEnabled", "isNfsV3Enabled"}:
        account["properties"].pop(name, None)
        if name in fresh["properties"]:
            account["properties"][name] = fresh["properties"][name]
    account["tags"] = fresh["tags"]
    if body.get("identity"):
        merge_identity(account, body["identity"])
    return Answer(200, account)


@ROUTES.patch(ACCOUNT)
def patch_account(state: AzureState, call: Call) -> Answer:
    """Change settings, tags and redundancy, or upgrade Storage to StorageV2 (documented: Storage Accounts - Update)."""
    account, body = need_ready(state, call), document(call)
    string_map(body, "tags")
    properties = member(body, "properties", dict) or {}
    _check_values(state, body)
    refuse_immutable(account, properties)
    sku, kind = _sku(body), _kind(body)
    _check_conversion(account, sku, kind)
    if sku:
        account["sku"] = {"name": sku, "tier": tier(sku)}
        set_secondary(account)
    if kind and kind != account["kind"]:
        account["kind"] = kind
        account["properties"]["accessTier"] = properties.get("accessTier") or "Hot"
    merge_account(account, body)
    return Answer(200, account)


@ROUTES.delete(ACCOUNT)
def delete_account(state: AzureState, call: Call) -> Answer:
    # recorded: Azure CLI: 200; documented: 204 when there is none.
    account = find_account(state, call)
    if account is None:
        return Answer(204)
    key = str(account["id"]).casefold()
    for store in (state.accounts, state.blob_services):
        store.pop(key, None)
    state.account_keys.pop(key, None)
    return Answer(200)


@ROUTES.poll(ROOT + "/providers/Microsoft.Storage/locations/{location}/asyncoperations/{operation}")
def account_operation(state: AzureState, call: Call) -> Answer:
    """Answer 202 without a body while the operation runs, then 200 with the account (recorded: Azure CLI)."""
    operation = need_operation(state, call, signature=True)
    if operation.running:
        link = signed(call, call.path, operation) + "&monitor=true"
        after = state.retry_after(state.context.delays.storage_create)
        return Answer(202, None, {"Location": link, "Retry-After": after})
    if operation.error is not None:
        raise ArmError(409, str(operation.error["code"]), str(operation.error["message"]))
    account = state.accounts.get(operation.target.casefold())
    return Answer(200, account) if account else Answer(204)


@ROUTES.question(ACCOUNT + "/listKeys", counts="azure.keys")
def list_keys(state: AzureState, call: Call) -> Answer:
    return Answer(200, {"keys": _keys(state, need_ready(state, call))})


@ROUTES.action(ACCOUNT + "/regenerateKey")
def renew_key(state: AzureState, call: Call) -> Answer:
    # documented: REST reference, Storage Accounts - Regenerate Key: the answer has all keys.
    account, name = need_ready(state, call), document(call).get("keyName")
    keys = _keys(state, account)
    found = [key for key in keys if str(key["keyName"]) == name]
    if not found:
        # inferred: code and text.
        raise ArmError(400, "InvalidValuesForRequestParameters", "Values for request parameters are invalid: keyName.")
    time = stamp(state.context.clock.now())
    found[0] |= {"value": _new_key(), "creationTime": time}
    account["properties"]["keyCreationTime"][str(name)] = time
    return Answer(200, {"keys": keys})


def _keys(state: AzureState, account: Json) -> list[Json]:
    return state.account_keys.setdefault(
        str(account["id"]).casefold(),
        [
            {
                "creationTime": account["properties"]["keyCreationTime"][name],
                "keyName": name,
                "value": _new_key(),
                "permissions": "FULL",
            }
            for name in ("key1", "key2")
        ],
    )


def _new_key() -> str:
    return base64.b64encode(secrets.token_bytes(64)).decode()


@ROUTES.question(ROOT + "/providers/Microsoft.Storage/checkNameAvailability", counts="azure.check")
def check_name(state: AzureState, call: Call) -> Answer:
    """Answer 200 in every case (recorded: Azure CLI); an account of this subscription also counts as taken."""
    body = document(call)
    name = body.get("name")
    if not isinstance(name, str):
        raise ArmError(400, "InvalidRequestContent", "The request content was invalid: the member 'name' is required.")
    if not _NAME.fullmatch(name):
        return Answer(200, {"nameAvailable": False, "reason": "AccountNameInvalid", "message": _invalid_name(name)})
    if _taken(state, name):
        message = f"The storage account named {name} is already taken."
        return Answer(200, {"nameAvailable": False, "reason": "AlreadyExists", "message": message})
    return Answer(200, {"nameAvailable": True})


@ROUTES.get(BLOB)
def get_blob_service(state: AzureState, call: Call) -> Answer:
    account = need_ready(state, call)
    if account["kind"] == "FileStorage":
        # documented: storage provider error codes.
        raise ArmError(400, "FeatureNotSupportedForAccount", "Blob is not supported for the account.")
    return Answer(200, state.blob_service(account))


@ROUTES.get(BLOB + "/containers")
def list_containers(state: AzureState, call: Call) -> Answer:
    # documented: REST reference, Blob Containers - List; no operation of the lab creates a container.
    need_ready(state, call)
    return Answer(200, {"value": []})


@ROUTES.put(BLOB)
def put_blob_service(state: AzureState, call: Call) -> Answer:
    account, body = need_ready(state, call), document(call)
    properties = member(body, "properties", dict) or {}
    service = state.blob_service(account)
    for name, value in properties.items():
        service["properties"][name] = copy.deepcopy(value)
    return Answer(200, service)


@ROUTES.get(ROOT + "/providers/Microsoft.Storage/skus")
def list_skus(state: AzureState, _call: Call) -> Answer:
    # documented: REST reference, Skus - List; without capabilities and restrictions.
    items: list[Json] = [
        {
            "name": sku,
            "tier": tier(sku),
            "resourceType": "storageAccounts",
            "kind": kind,
            "locations": list(state.cloud.regions),
            "capabilities": [],
            "restrictions": [],
        }
        for kind, skus in _SKUS.items()
        for sku in skus
    ]
    return Answer(200, {"value": items})


@ROUTES.get(ROOT + "/providers/Microsoft.Storage/locations/{location}/usages")
def list_usages(state: AzureState, call: Call) -> Answer:
    # documented: REST reference, Usages - List By Location; 250 accounts per region and subscription.
    place = regions.canonical(call["location"])
    used = sum(account["location"] == place for account in state.accounts.values())
    name = {"value": "StorageAccounts", "localizedValue": "Storage Accounts"}
    return Answer(200, {"value": [{"unit": "Count", "currentValue": used, "limit": _MOST_ACCOUNTS, "name": name}]})


def _kind(body: Json) -> str | None:
    kind: str | None = canonical_value(member(body, "kind", str), _SKUS)
    if kind:
        body["kind"] = kind
    return kind


def _default_tls_version(api_version: str) -> str:
    """Return the version that a new account gets from a body without one.

    documented: API definitions up to 2023-05-01: "The default interpretation is TLS 1.0"; recorded: accounts that
    clients made with these versions show it. inferred: the first api-version with the default of the documents.
    """
    return "TLS1_0" if api_version < "2024-01-01" else "TLS1_2"


def _sku(body: Json) -> str | None:
    sku = member(body, "sku", dict) or {}
    name: str | None = canonical_value(member(sku, "name", str), {one for skus in _SKUS.values() for one in skus})
    if name:
        sku["name"] = name
    return name


def _invalid_name(name: str) -> str:
    # recorded: Azure CLI.
    return (
        f"{name} is not a valid storage account name. Storage account name must be between 3 and 24 characters in "
        "length and use numbers and lower-case letters only."
    )


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ArmError(400, "AccountNameInvalid", _invalid_name(name))


def _own(state: AzureState, name: str) -> bool:
    return any(str(account["name"]).casefold() == name.casefold() for account in state.accounts.values())


def _taken(state: AzureState, name: str) -> bool:
    return name.casefold() in state.foreign_accounts or _own(state, name)


def _check_free(state: AzureState, name: str) -> None:
    # documented: storage provider error codes.
    if name.casefold() in state.foreign_accounts:
        raise ArmError(409, "StorageAccountAlreadyTaken", f"The storage account named {name} is already taken.")
    if _own(state, name):
        raise ArmError(
            409,
            "StorageAccountInAnotherResourceGroup",
            f"The account {name} is already in another resource group in this subscription.",
        )


def _check_room(state: AzureState, location: str) -> None:
    if sum(account["location"] == location for account in state.accounts.values()) >= _MOST_ACCOUNTS:
        # documented: storage provider error codes; inferred: text.
        raise ArmError(
            409,
            "MaxStorageAccountsCountPerSubscriptionExceeded",
            f"Subscription already contains {_MOST_ACCOUNTS} storage accounts in location {location} and the maximum"
            f" allowed is {_MOST_ACCOUNTS}.",
        )


def _check_values(state: AzureState, body: Json) -> None:
    identity = member(body, "identity", dict)
    if identity:
        identity["type"] = identity_type(identity)
        if identity["type"] not in IDENTITIES:
            raise not_allowed("identity.type", identity["type"])
        member(identity, "userAssignedIdentities", dict)
    check_values(member(body, "properties", dict) or {}, state.networks, state.context.login.subscription_id)


def _check_body(state: AzureState, body: Json) -> None:
    sku, kind = _sku(body), _kind(body)
    for name, value in (("sku", sku), ("kind", kind)):
        if not value:
            # documented: both are required; inferred: code and text.
            raise ArmError(400, "InvalidRequestContent", f"The request content was invalid: '{name}' is required.")
    if kind not in _SKUS:
        raise not_allowed("kind", kind)
    if kind == "Storage":
        # documented: retirement of general-purpose v1: creation is blocked since 2026-03-03, so only seeds have this
        # kind; inferred: code and text.
        raise ArmError(400, "AccountKindNotSupported", "General-purpose v1 storage accounts can no longer be created.")
    if not any(sku in skus for skus in _SKUS.values()):
        raise not_allowed("sku.name", sku)
    if sku not in _SKUS[str(kind)]:
        # documented: account types; inferred: the code.
        raise ArmError(
            400,
            "InvalidValuesForRequestParameters",
            "Values for request parameters are invalid: sku, kind.",
        )
    check_new_encryption(member(body, "properties", dict) or {}, str(kind))
    _check_values(state, body)


def _check_conversion(account: Json, sku: str | None, kind: str | None) -> None:
    if kind not in {None, account["kind"]} and (account["kind"], kind) != ("Storage", "StorageV2"):
        # documented: storage provider error codes.
        raise ArmError(400, "StorageAccountTypeConversionNotAllowed", "The kind of the account cannot be changed.")
    if not sku or sku == account["sku"]["name"]:
        return
    if not any(sku in skus for skus in _SKUS.values()):
        raise not_allowed("sku.name", sku)
    plain = {"Standard_LRS", "Standard_GRS", "Standard_RAGRS"}
    if sku not in plain or account["sku"]["name"] not in plain:
        raise ArmError(
            400,
            "StorageAccountTypeConversionNotAllowed",
            f"Storage account type conversion from {account['sku']['name']} to {sku} is not allowed.",
        )
