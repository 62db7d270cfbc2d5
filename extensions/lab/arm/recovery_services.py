# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft.RecoveryServices: vaults, their certificates, extended information and usages."""

from __future__ import annotations

import base64
import binascii
import copy
import re

from . import keys
from .common import (
    GROUP,
    ROOT,
    keep_location,
    need_group,
    need_location,
    need_operation,
    need_parent,
    not_found,
    page,
    signed,
)
from .documents import as_known, complete_vault, management_endpoint, merge_vault, stamp
from .messages import Answer, ArmError, Call, Json, document, member, string_map
from .records import Operation, Vault, VaultCertificate, guid
from .regions import cloud_of
from .routes import Routes
from .state import AzureState
from .vault_rules import check_settings
from .versions import RECOVERY_SERVICES

ROUTES = Routes(RECOVERY_SERVICES)

TYPE = "Microsoft.RecoveryServices/vaults"
VAULT = GROUP + "/providers/Microsoft.RecoveryServices/vaults/{vault}"

# The tenant and application that vaults name as their own: placeholders for ids of Microsoft's service tenant.
SERVICE_TENANT = "9f0e8d7c-6b5a-4938-8271-60514f3e2d1c"
SERVICE_APPLICATION = "1c2d3e4f-5061-4728-9384-a5b6c7d8e9f0"
SERVICE_PRINCIPAL = "0f1e2d3c-4b5a-4697-8879-6a5b4c3d2e1f"
# documented: naming rules, vaults.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,49}")
# inferred: the validity that the service grants without options is unknown. It is less than the 120 hours that the
# portal requests (documented: "five days"), so that a client notices when its option is lost.
DEFAULT_HOURS = 48
# No longer validity is known to be granted: ten years.
_MOST_HOURS = 10 * 366 * 24


def find_vault(state: AzureState, call: Call) -> Vault | None:
    return state.vaults.get(state.resource_id(call["group"], TYPE, call["vault"]).casefold())


def need_vault(state: AzureState, call: Call) -> Vault:
    vault = find_vault(state, call)
    if vault is None:
        need_group(state, call["group"])
        raise not_found(call["group"], TYPE, call["vault"])
    return vault


# Vault -------------------------------------------------------------------------------------------------------------


@ROUTES.get(VAULT)
def get_vault(state: AzureState, call: Call) -> Answer:
    return Answer(200, as_known(need_vault(state, call).document, call.api_version))


@ROUTES.get(GROUP + "/providers/Microsoft.RecoveryServices/vaults")
def list_vaults(state: AzureState, call: Call) -> Answer:
    group = str(need_group(state, call["group"])["id"]).casefold()
    return page(state, call, [_shown(call, v) for key, v in state.vaults.items() if key.startswith(f"{group}/")])


@ROUTES.get(ROOT + "/providers/Microsoft.RecoveryServices/vaults")
def list_all_vaults(state: AzureState, call: Call) -> Answer:
    return page(state, call, [_shown(call, vault) for vault in state.vaults.values()])


@ROUTES.put(VAULT)
def put_vault(state: AzureState, call: Call) -> Answer:
    """Answer 201 with an Azure-AsyncOperation for a new vault, or 200 for an existing one (both recorded)."""
    body, name, group = document(call), call["vault"], call["group"]
    need_group(state, group)
    location = need_location(body, TYPE, state.cloud.regions)
    string_map(body, "tags")
    existing = find_vault(state, call)
    check_settings(state, call, body, existing, new=True)
    if existing is not None:
        keep_location(existing.document, location, name, group)
        merge_vault(existing.document, {"tags": None} | body, state.context.clock.now())
        # inferred: a PUT provisions a failed vault once more.
        if existing.document["properties"]["provisioningState"] == "Failed":
            existing.document["properties"]["provisioningState"] = "Succeeded"
        return Answer(200, _shown(call, existing))
    _check_new(state, call)
    vault = state.new_vault(group, name, body)

    def finish(done: bool) -> None:
        if done:
            complete_vault(vault.document, state.context.clock.now(), state.soft_delete_of_new_vaults)
        else:
            vault.document["properties"]["provisioningState"] = "Failed"

    operation = state.begin("PUT", vault.id, state.context.delays.vault_create, finish)
    headers = {"Azure-AsyncOperation": _status_link(call, vault, operation), "Retry-After": state.retry_after()}
    return Answer(201, _shown(call, vault), headers)


@ROUTES.patch(VAULT)
def patch_vault(state: AzureState, call: Call) -> Answer:
    """Answer 200 with the vault, or 202 with both links (documented: API definition has both).

    Inferred: changes of identities take time, all others take effect at once.
    """
    vault, body = need_vault(state, call), document(call)
    string_map(body, "tags")
    check_settings(state, call, body, vault, new=False)
    given = body.get("location")
    if isinstance(given, str):
        keep_location(vault.document, need_location(body, TYPE, state.cloud.regions), call["vault"], call["group"])
    if not body.get("identity") and not (body.get("properties") or {}).get("encryption"):
        merge_vault(vault.document, body, state.context.clock.now())
        return Answer(200, _shown(call, vault))

    def finish(done: bool) -> None:
        if done:
            merge_vault(vault.document, body, state.context.clock.now())

    operation = state.begin("PATCH", vault.id, state.context.delays.vault_create / 2, finish)
    return Answer(202, None, _both_links(state, call, vault.id, operation))


@ROUTES.delete(VAULT)
def delete_vault(state: AzureState, call: Call) -> Answer:
    """Answer 202 with both links (recorded: Azure CLI, test_afs_backup_policy), or 204 for a missing vault."""
    vault = find_vault(state, call)
    if vault is None:
        return Answer(204)
    held = _held(vault)
    if held:
        # recorded in public issues: the code; inferred: the names in the text.
        raise ArmError(
            400,
            "ServiceResourceNotEmptyWithContainerDetails",
            "Recovery Services vault cannot be deleted as there are backup items or registered servers in the vault. "
            f"Container details: {', '.join(held)}.",
        )

    def finish(done: bool) -> None:
        if not done:
            return
        if state.soft_deletes_vaults:
            state.bury_vault(vault)
        state.vaults.pop(vault.id.casefold(), None)

    operation = state.begin("DELETE", vault.id, state.context.delays.vault_create / 2, finish)
    return Answer(202, None, _both_links(state, call, vault.id, operation))


def _held(vault: Vault) -> list[str]:
    """List the contents that prevent the deletion of a vault (documented: Delete a Recovery Services vault)."""
    endpoints = vault.document["properties"].get("privateEndpointConnections") or []
    return [
        *sorted(fabric.server.friendly_name for fabric in vault.fabrics.values()),
        *([f"{vault.backup_items} backup items"] if vault.backup_items else []),
        *([f"{vault.backup_servers} backup servers"] if vault.backup_servers else []),
        *(str(entry["name"]) for entry in endpoints),
    ]


def _shown(call: Call, vault: Vault) -> Json:
    return as_known(vault.document, call.api_version)


@ROUTES.poll(VAULT + "/operationStatus/{operation}")
def vault_operation_status(state: AzureState, call: Call) -> Answer:
    """Answer a poll with id, name and status, and with the links while the operation runs (both recorded)."""
    operation = need_operation(state, call, signature=True)
    path = f"{operation.target}/operationStatus/{operation.id}"
    body: Json = {
        "id": path,
        "name": operation.id,
        "status": operation.shown_status,
        "startTime": stamp(operation.started),
    }
    if operation.ended is not None:
        body["endTime"] = stamp(operation.ended)
    if operation.error is not None:
        body["error"] = operation.error
    headers = _both_links(state, call, operation.target, operation) if operation.running else {}
    return Answer(200, body, headers)


@ROUTES.poll(VAULT + "/operationResults/{operation}")
def vault_operation_result(state: AzureState, call: Call) -> Answer:
    # documented: API definition and its example GetOperationResult.
    operation = need_operation(state, call, signature=True)
    if operation.running:
        return Answer(202, None, _both_links(state, call, operation.target, operation))
    vault = state.vaults.get(operation.target.casefold())
    return Answer(200, _shown(call, vault)) if vault else Answer(204)


def _status_link(call: Call, vault: Vault, operation: Operation) -> str:
    return signed(call, f"{vault.id}/operationStatus/{operation.id}", operation)


def _both_links(state: AzureState, call: Call, vault_id: str, operation: Operation) -> dict[str, str]:
    return {
        "Azure-AsyncOperation": signed(call, f"{vault_id}/operationStatus/{operation.id}", operation),
        "Location": signed(call, f"{vault_id}/operationResults/{operation.id}", operation),
        "Retry-After": state.retry_after(),
    }


def _check_new(state: AzureState, call: Call) -> None:
    name = call["vault"]
    if not _NAME.fullmatch(name):
        # documented: naming rules; inferred: code and text.
        raise ArmError(
            400,
            "InvalidResourceName",
            f"The vault name '{name}' is not valid: 2 to 50 characters, first a letter, then letters, digits, hyphens.",
        )
    if state.resource_id(call["group"], TYPE, name).casefold() in state.deleted_vaults:
        # inferred: a soft-deleted vault keeps its name; also code and text.
        raise ArmError(
            409,
            "VaultInSoftDeletedState",
            f"A vault with the name '{name}' is in the soft-deleted state in this resource group. Undelete it, wait "
            "until it is purged, or choose another name.",
        )


# Certificates --------------------------------------------------------------------------------------------------------


@ROUTES.put(VAULT + "/certificates/{certificate}")
def put_certificate(state: AzureState, call: Call) -> Answer:
    """Issue a registration key: created by the service (create options or an empty body) or brought by the client.

    Service-made: Terraform's azurerm provider and the portal send `certificateCreateOptions`; the answer carries a PFX
    without password. Client-made: recorded (Azure PowerShell, TestGetRSVaultSettingsFile); the answer echoes the
    public certificate. Each call creates another valid key.
    """
    vault = find_vault(state, call)
    need_parent(state, call, f"{TYPE}/certificates", f"vaults/{call['vault']}", vault)
    if vault is None:
        raise AssertionError("need_parent refuses a missing vault")
    body = document(call)
    raw = member(body, "properties", dict)
    if raw and raw.get("certificate"):
        made = _read_certificate(raw)
        content = str(raw["certificate"])
    else:
        hours = _validity(member(body, "certificateCreateOptions", dict) or {})
        made = keys.make(_subject(call["certificate"]), state.context.clock.now(), hours)
        content = made.content
    state.certificates[made.thumbprint] = VaultCertificate(made.thumbprint, vault.id.casefold(), made.valid_to)
    vault.certificates += 1
    return Answer(200, _certificate_document(vault, call["certificate"], made, content))


def _certificate_document(vault: Vault, name: str, made: keys.Made, content: str) -> Json:
    place, title = str(vault.document["location"]), str(vault.document["name"])
    return {
        "name": name,
        "type": f"{TYPE}/certificates",
        "id": f"{vault.site_id}/certificates/{name}",
        "properties": {
            "authType": "AzureActiveDirectory",
            "certificate": content,
            "resourceId": vault.number,
            "aadAuthority": cloud_of(place).sign_in,
            "aadTenantId": SERVICE_TENANT,
            "servicePrincipalClientId": SERVICE_APPLICATION,
            "servicePrincipalObjectId": SERVICE_PRINCIPAL,
            "azureManagementEndpointAudience": management_endpoint(place),
            "subject": made.subject,
            "validFrom": stamp(made.valid_from),
            "validTo": stamp(made.valid_to),
            "thumbprint": made.thumbprint,
            "friendlyName": "",
            "issuer": made.subject,
            "aadAudience": f"https://RecoveryServiceVault/{place}/{title}/{vault.number}",
        },
    }


def _read_certificate(raw: Json) -> keys.Made:
    if raw.get("authType") not in ("AAD", "AzureActiveDirectory"):
        # inferred: the other value names an older service, which was retired.
        raise ArmError(400, "BadRequest", f"The authType '{raw.get('authType')}' is not supported.")
    try:
        return keys.read(base64.b64decode(str(raw["certificate"]), validate=True))
    except (binascii.Error, ValueError):
        # inferred: code and text.
        raise ArmError(400, "InvalidCertificate", "The certificate of the request cannot be read.") from None


def _validity(options: Json) -> int:
    hours = options.get("validityInHours", DEFAULT_HOURS)
    if not isinstance(hours, int) or isinstance(hours, bool) or not 1 <= hours <= _MOST_HOURS:
        # inferred: both bounds, code and text.
        raise ArmError(400, "BadRequest", f"The value '{hours}' of validityInHours is not valid.")
    return hours


def _subject(name: str) -> str:
    # The name becomes the subject of the certificate (field files of 2021); inferred: refusal of anything else.
    if not name.casefold().startswith("cn=") or len(name) <= len("cn="):
        raise ArmError(400, "InvalidCertificateName", f"The certificate name '{name}' is not an X.500 name (CN=...).")
    return name[len("cn=") :]


# Extended information ------------------------------------------------------------------------------------------------

EXTENDED = VAULT + "/extendedInformation/vaultExtendedInfo"


@ROUTES.get(EXTENDED)
def get_extended(state: AzureState, call: Call) -> Answer:
    vault = need_vault(state, call)
    if vault.extended is None:
        # recorded: Azure PowerShell, A2ANewAsrFabric: 404 in a form of its own.
        missing = {"ErrorCode": "ResourceExtendedInfoNotFound", "Message": {"Language": "en-US", "Value": ""}}
        return Answer(404, missing)
    return Answer(200, vault.extended)


@ROUTES.put(EXTENDED)
def put_extended(state: AzureState, call: Call) -> Answer:
    vault, body = need_vault(state, call), document(call)
    properties = member(body, "properties", dict) or {}
    vault.extended = {
        "name": "vaultExtendedInfo",
        "etag": guid(),
        "properties": {key: properties[key] for key in ("integrityKey", "algorithm") if properties.get(key)},
        # recorded: the returned id lacks a slash.
        "id": f"{vault.id}extendedInformation/vaultExtendedInfo",
        "type": f"{TYPE}/extendedInformation",
    }
    return Answer(200, vault.extended)


@ROUTES.patch(EXTENDED)
def patch_extended(state: AzureState, call: Call) -> Answer:
    return put_extended(state, call)


# Names, usages, deleted vaults ---------------------------------------------------------------------------------------


@ROUTES.question(
    GROUP + "/providers/Microsoft.RecoveryServices/locations/{location}/checkNameAvailability", counts="azure.check"
)
def check_name(state: AzureState, call: Call) -> Answer:
    # documented: API definition and its examples; the scope is the resource group.
    name = str(document(call).get("name") or "")
    if not _NAME.fullmatch(name):
        message = "The vault name is not valid: 2 to 50 characters, first a letter, then letters, digits, hyphens."
        return Answer(200, {"nameAvailable": False, "reason": "Invalid", "message": message})
    key = state.resource_id(call["group"], TYPE, name).casefold()
    if key in state.vaults or key in state.deleted_vaults:
        message = "Resource already exists with the same name."
        return Answer(200, {"nameAvailable": False, "reason": "AlreadyExists", "message": message})
    return Answer(200, {"nameAvailable": True})


@ROUTES.get(VAULT + "/usages")
def list_usages(state: AzureState, call: Call) -> Answer:
    # documented: example ListUsages of the API definition; a vault without backup has zeros.
    vault = need_vault(state, call)
    names = {
        "MABContainersCount": ("Backup management servers", vault.backup_servers),
        "ProtectedItemCount": ("Backup items", vault.backup_items),
        "ProtectedItemCriticalCount": ("Critical", 0),
        "ProtectedItemWarningCount": ("Warning", 0),
    }
    items = [
        {"unit": "Count", "currentValue": count, "limit": -1, "name": {"value": name, "localizedValue": label}}
        for name, (label, count) in names.items()
    ]
    return Answer(200, {"value": items})


@ROUTES.get(VAULT + "/replicationUsages")
def list_replication_usages(state: AzureState, call: Call) -> Answer:
    # documented: example ListReplicationUsages of the API definition.
    vault = need_vault(state, call)
    visible = [fabric for fabric in vault.fabrics.values() if fabric.visible]
    return Answer(
        200,
        {
            "value": [
                {
                    "monitoringSummary": {
                        "unHealthyVmCount": 0,
                        "unHealthyProviderCount": sum(not fabric.connected for fabric in visible),
                        "eventsCount": 0,
                        "deprecatedProviderCount": 0,
                        "supportedProviderCount": len(visible),
                        "unsupportedProviderCount": 0,
                    },
                    "jobsSummary": {"failedJobs": 0, "suspendedJobs": 0, "inProgressJobs": 0},
                    "protectedItemCount": 0,
                    "registeredServersCount": len(visible),
                    "recoveryPlanCount": len(vault.plans),
                }
            ]
        },
    )


@ROUTES.get(ROOT + "/providers/Microsoft.RecoveryServices/locations/{location}/deletedVaults")
def list_deleted(state: AzureState, call: Call) -> Answer:
    place = f"/locations/{call['location'].casefold()}/"
    return page(state, call, [entry for entry in state.deleted_vaults.values() if place in entry["id"].casefold()])


@ROUTES.get(ROOT + "/providers/Microsoft.RecoveryServices/locations/{location}/deletedVaults/{name}")
def get_deleted(state: AzureState, call: Call) -> Answer:
    for entry in state.deleted_vaults.values():
        if entry["name"].casefold() == call["name"].casefold():
            return Answer(200, copy.deepcopy(entry))
    raise ArmError(404, "ResourceNotFound", f"The deleted vault '{call['name']}' was not found.")


DELETED = ROOT + "/providers/Microsoft.RecoveryServices/locations/{location}/deletedVaults/{name}"


@ROUTES.action(DELETED + "/undelete")
def undelete(state: AzureState, call: Call) -> Answer:
    """Answer 202 and restore the vault (documented: SDK of the API; inferred: the links of the answer)."""
    body = document(call)
    group = str((member(body, "properties", dict) or {}).get("recoveryResourceGroupId") or "")
    found = next((key for key, one in state.deleted_vaults.items() if _is_deleted(one, call)), None)
    if found is None:
        raise ArmError(404, "ResourceNotFound", f"The deleted vault '{call['name']}' was not found.")
    target = str(state.deleted_vaults[found]["properties"]["vaultId"])
    if group.casefold() != target.partition("/providers/")[0].casefold():
        # inferred: a vault can only be restored into the group from which it was deleted.
        raise ArmError(
            400, "BadRequest", f"The recoveryResourceGroupId '{group}' is not the group of the deleted vault."
        )
    need_group(state, group.rsplit("/", 1)[-1])

    def finish(done: bool) -> None:
        if done:
            state.revive_vault(found)

    operation = state.begin("POST", target, state.context.delays.vault_create, finish)
    status = f"{state.deleted_vaults[found]['id']}/operations/{operation.id}"
    links = {"Azure-AsyncOperation": signed(call, status, operation), "Retry-After": state.retry_after()}
    return Answer(202, None, links)


@ROUTES.poll(DELETED + "/operations/{operation}")
def undelete_status(state: AzureState, call: Call) -> Answer:
    # documented: SDK, deleted_vaults.get_operation_status.
    operation = need_operation(state, call, signature=True)
    body: Json = {
        "id": call.path,
        "name": operation.id,
        "status": operation.status,
        "startTime": stamp(operation.started),
    }
    if operation.error is not None:
        body["error"] = operation.error
    return Answer(200, body, {"Retry-After": state.retry_after()} if operation.running else {})


def _is_deleted(entry: Json, call: Call) -> bool:
    place = f"/locations/{call['location']}/".casefold()
    return str(entry["name"]).casefold() == call["name"].casefold() and place in str(entry["id"]).casefold()
