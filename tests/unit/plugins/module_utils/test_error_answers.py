# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every known error response of Azure, with the kind and the message of its translation."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError

from ansible_collections.siterecovery.hyperv.plugins.module_utils._azure.failures import Absent, read, translate
from ansible_collections.siterecovery.hyperv.plugins.module_utils._azure.operations import is_busy
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.denials import role_for
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import RemoteFailure
from tests.unit.plugins.module_utils.refusals import ASSIGNMENT, GROUP, NOT_ABOUT_ROLES
from tests.unit.plugins.module_utils.test_azure import answered

NETWORK = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet"
LOCK = f"{GROUP}/providers/Microsoft.Authorization/locks/keep"
POLICY = (
    'Resource \'st\' was disallowed by policy. Policy identifiers: \'[{"policyAssignment":{"name":"Baseline","id":"'
    + ASSIGNMENT
    + '"},"policyDefinition":{"name":"Allowed locations","id":"/d"}}]\'.'
)
LINKED = (
    "The client 'x' with object id 'y' has permission to perform action 'Microsoft.Storage/storageAccounts/write' on"
    f" scope '{GROUP}'; however, it does not have permission to perform action(s)"
    f" 'Microsoft.Network/virtualNetworks/subnets/joinViaServiceEndpoint/action' on the linked scope(s)"
    f" '{NETWORK}/subnets/a' (respectively) or the linked scope(s) are invalid."
)
LACKS = (
    "The client 'x' with object id 'y' does not have authorization to perform action '{0}' over scope '{1}' or the"
    " scope is invalid. If access was recently granted, please refresh your credentials."
)
CAUSES = {"possibleCauses": "It was removed.", "recommendedAction": "Check the name and try again."}


def arm(code: str, message: str = "Text of the service.", **more: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, **more}}


def failure(status: int, body: Any, pause: str = "") -> HttpResponseError:
    kinds: dict[int, type[HttpResponseError]] = {401: ClientAuthenticationError, 404: ResourceNotFoundError}
    return kinds.get(status, HttpResponseError)(response=answered(status, body, pause))


# The status and body of each response, then the kind, the code and words of the message. The codes are from the
# documents of Resource Manager
# ("Troubleshoot common Azure deployment errors"), of the providers' own references and of public recordings.
ROWS: tuple[tuple[int, Any, str, str | None, str], ...] = (
    # Missing resources.
    (404, arm("ResourceNotFound"), "absent", None, ""),
    (404, arm("ParentResourceNotFound"), "absent", None, ""),
    (404, arm("ResourceGroupNotFound"), "no group", None, ""),
    (404, arm("NotFound", details=[{"code": "ArmResourceDoesNotExist", **CAUSES}]), "absent", None, ""),
    (404, arm("NotFound", details=[{"code": "FabricArmEntityMissing", **CAUSES}]), "absent", None, ""),
    (404, arm("NotFound", "Resource /subscriptions/s/x not found."), "absent", None, ""),
    (404, {"ErrorCode": "ResourceExtendedInfoNotFound", "Message": {"Value": ""}}, "absent", None, ""),
    # Wrong addresses, wrong clouds, and responses of other servers.
    (404, arm("SubscriptionNotFound"), "remote_failure", "SubscriptionNotFound", "check subscription_id"),
    (
        404,
        arm("InvalidResourceType"),
        "remote_failure",
        "InvalidResourceType",
        "check cloud_environment and the region",
    ),
    (404, arm("InvalidResourceNamespace"), "remote_failure", "InvalidResourceNamespace", "does not have that service"),
    (404, arm("NotFound", "No HTTP resource was found that matches the URI"), "remote_failure", "NotFound", "correct"),
    (404, {"Message": "No HTTP resource was found that matches the URI"}, "remote_failure", None, "no proxy answers"),
    (404, {"error": "Not Found", "status": 404, "code": 404}, "remote_failure", None, "no proxy answers"),
    (404, {"error": {"code": 404, "message": "Not Found"}}, "remote_failure", "404", "could not read it: 404"),
    (404, "<html>", "remote_failure", None, "no proxy answers"),
    (404, "", "remote_failure", None, "no proxy answers"),
    (403, "<html>blocked by the firewall", "remote_failure", None, "no proxy answers"),
    (
        400,
        arm("NoRegisteredProviderFound"),
        "remote_failure",
        "NoRegisteredProviderFound",
        "older than the installed SDK",
    ),
    # Permissions.
    (
        403,
        arm("AuthorizationFailed", LACKS.format("Microsoft.RecoveryServices/vaults/read", GROUP)),
        "access_denied",
        "AuthorizationFailed",
        f"the identity lacks Microsoft.RecoveryServices/vaults/read on {GROUP} (request r-1); give it the role"
        " Site Recovery Reader on the vault, wait a few minutes, then run again",
    ),
    (
        403,
        arm("LinkedAuthorizationFailed", LINKED),
        "access_denied",
        "LinkedAuthorizationFailed",
        "the identity lacks Microsoft.Network/virtualNetworks/subnets/joinViaServiceEndpoint/action on the linked scope"
        f" {NETWORK}/subnets/a (linked from {GROUP}) (request r-1); give it the role Network Contributor",
    ),
    (
        403,
        arm("AuthorizationFailed", "Nobody may."),
        "access_denied",
        "AuthorizationFailed",
        "lacks a permission: Nobody may",
    ),
    (
        403,
        arm("RequestDisallowedByPolicy", POLICY),
        "remote_failure",
        "RequestDisallowedByPolicy",
        f"RequestDisallowedByPolicy: Azure Policy forbids it: 'Allowed locations' (assignment {ASSIGNMENT})"
        " (request r-1); choose values that the policy allows",
    ),
    (
        403,
        arm(
            "RequestDisallowedByPolicy",
            additionalInfo=[
                {
                    "type": "PolicyViolation",
                    "info": {"policyDefinitionDisplayName": "No blobs", "policyAssignmentId": "/a"},
                }
            ],
        ),
        "remote_failure",
        "RequestDisallowedByPolicy",
        "forbids it: 'No blobs' (assignment /a)",
    ),
    (
        400,
        arm("ResourceValidationFailed", details=[{"code": "RequestDisallowedByPolicy", "message": POLICY}]),
        "remote_failure",
        "RequestDisallowedByPolicy",
        "'Allowed locations'",
    ),
    (
        403,
        arm("RequestDisallowedByPolicy", "Policy identifiers: '[{broken]'."),
        "remote_failure",
        "RequestDisallowedByPolicy",
        "a policy of the organization",
    ),
    (
        409,
        arm(
            "ScopeLocked",
            f"The scope '{NETWORK}' cannot perform write operation because following scope(s) are locked: '{LOCK}'."
            " Please remove the lock and try again.",
        ),
        "remote_failure",
        "ScopeLocked",
        f"ScopeLocked: the lock 'keep' on {GROUP} forbids it (request r-1); ask its owner",
    ),
    (
        409,
        arm(
            "ScopeLocked",
            f"... because following scope(s) are locked: '{GROUP}'. Please remove the lock and try again.",
        ),
        "remote_failure",
        "ScopeLocked",
        f"the lock on {GROUP} forbids it",
    ),
    # Refusals with status 403 that no role solves.
    *((403, arm(code, message, **more), kind, code, words) for code, message, more, kind, words in NOT_ABOUT_ROLES),
    (409, arm("ReadOnlyDisabledSubscription"), "remote_failure", "ReadOnlyDisabledSubscription", "can only be read"),
    (
        401,
        arm("InvalidAuthenticationTokenTenant"),
        "access_denied",
        "InvalidAuthenticationTokenTenant",
        "another tenant",
    ),
    (401, arm("ExpiredAuthenticationToken"), "access_denied", "ExpiredAuthenticationToken", "this machine's clock"),
    (401, arm("InvalidAuthenticationToken"), "access_denied", "InvalidAuthenticationToken", "client_id and secret"),
    (
        409,
        arm("MissingSubscriptionRegistration"),
        "remote_failure",
        "MissingSubscriptionRegistration",
        "az provider register",
    ),
    # Throttling.
    (
        429,
        arm(
            "ResourceRequestsThrottled",
            "exceeded the limit of '150' for time interval '01:00:00'. Please try again after '324' seconds",
        ),
        "remote_failure",
        "ResourceRequestsThrottled",
        "'324' seconds (request r-1); wait as long as the message says",
    ),
    (429, arm("SubscriptionRequestsThrottled"), "remote_failure", "SubscriptionRequestsThrottled", "wait a minute"),
    (429, arm("TooManyRequests"), "remote_failure", "TooManyRequests", "run again in a few minutes"),
    # Concurrent writes.
    (409, arm("StorageAccountBeingCreated"), "under way", "StorageAccountBeingCreated", ""),
    (409, arm("StorageAccountIsNotProvisioned"), "under way", "StorageAccountIsNotProvisioned", ""),
    (409, arm("StorageAccountOperationInProgress"), "under way", "StorageAccountOperationInProgress", ""),
    (409, arm("AnotherOperationInProgress"), "under way", "AnotherOperationInProgress", ""),
    (429, arm("RetryableError"), "under way", "RetryableError", ""),
    (400, arm("RetryableError"), "under way", "RetryableError", ""),
    (409, arm("Conflict", "Another operation is in progress on the vault."), "under way", "Conflict", ""),
    (
        400,
        arm("NetworkAclsValidationFailure", "SubnetsNotProvisioned: a"),
        "under way",
        "NetworkAclsValidationFailure",
        "",
    ),
    (409, arm("ResourceGroupBeingDeleted"), "remote_failure", "ResourceGroupBeingDeleted", "deleted the group"),
    (409, arm("Conflict"), "remote_failure", "Conflict", "correct the cause"),
    # Invalid requests.
    (409, arm("StorageAccountAlreadyTaken"), "remote_failure", "StorageAccountAlreadyTaken", "choose another name"),
    (
        409,
        arm("StorageAccountInAnotherResourceGroup"),
        "remote_failure",
        "StorageAccountInAnotherResourceGroup",
        "use that group",
    ),
    (400, arm("AccountNameInvalid"), "remote_failure", "AccountNameInvalid", "correct the cause"),
    (400, arm("StorageAccountNameNotValid"), "remote_failure", "StorageAccountNameNotValid", "correct the cause"),
    (
        400,
        arm("InvalidValuesForRequestParameters"),
        "remote_failure",
        "InvalidValuesForRequestParameters",
        "correct the cause",
    ),
    (
        409,
        arm("InvalidResourceLocation"),
        "remote_failure",
        "InvalidResourceLocation",
        "use that region, or another name",
    ),
    (400, arm("AccountPropertyCannotBeUpdated"), "remote_failure", "AccountPropertyCannotBeUpdated", "after creation"),
    (
        400,
        arm("StorageAccountTypeConversionNotAllowed"),
        "remote_failure",
        "StorageAccountTypeConversionNotAllowed",
        "new",
    ),
    (
        400,
        arm("LocationNotAvailableForResourceType"),
        "remote_failure",
        "LocationNotAvailableForResourceType",
        "one of",
    ),
    (400, arm("SkuNotAvailable"), "remote_failure", "SkuNotAvailable", "another redundancy or region"),
    (
        409,
        arm("MaxStorageAccountsCountPerSubscriptionExceeded"),
        "remote_failure",
        "MaxStorageAccountsCountPerSubscriptionExceeded",
        "quota",
    ),
    (400, arm("InvalidAddressPrefixFormat"), "remote_failure", "InvalidAddressPrefixFormat", "correct the cause"),
    (400, arm("NetcfgSubnetRangesOverlap"), "remote_failure", "NetcfgSubnetRangesOverlap", "correct the cause"),
    (
        400,
        arm("NetcfgSubnetRangeOutsideVnet"),
        "remote_failure",
        "NetcfgSubnetRangeOutsideVnet",
        "correct the cause",
    ),
    (400, arm("NetcfgInvalidSubnet"), "remote_failure", "NetcfgInvalidSubnet", "correct the cause"),
    (400, arm("InUseSubnetCannotBeDeleted"), "remote_failure", "InUseSubnetCannotBeDeleted", "the users of the subnet"),
    (
        409,
        arm("ServiceResourceNotEmptyWithContainerDetails"),
        "remote_failure",
        "ServiceResourceNotEmptyWithContainerDetails",
        "",
    ),
    (409, arm("RoleAssignmentExists"), "remote_failure", "RoleAssignmentExists", "already assigned"),
    (
        400,
        arm("BadRequest", details=[{"code": "InvalidFailoverDirection", **CAUSES}]),
        "remote_failure",
        "BadRequest",
        "Check",
    ),
    # Failed operations: documents with status 200.
    (
        200,
        {"status": "Failed", **arm("25038", details=[CAUSES])},
        "remote_failure",
        "25038",
        "Check the name and try again",
    ),
    (
        200,
        {"status": "Failed", **arm("Failed", details=[None, {"code": "NoRoom", "message": "The region is full."}])},
        "remote_failure",
        "Failed",
        "Text of the service (NoRoom: The region is full)",
    ),
    (200, {"status": "Failed", **arm("InternalError")}, "remote_failure", "InternalError", "Text of the service"),
    (
        200,
        {"status": "Canceled"},
        "remote_failure",
        "Canceled",
        "was canceled in Azure (request r-1); check the activity log",
    ),
    (200, {"status": "Failed"}, "remote_failure", "Failed", "failed in Azure without a reason (request r-1); check"),
    (200, {"status": "failed", "error": None}, "remote_failure", "Failed", "failed in Azure without a reason"),
    (200, {"status": "Cancelled", **arm("ByUser")}, "remote_failure", "ByUser", "run again to restart it"),
)


def translation_of(status: int, body: Any, pause: str = "") -> tuple[str, str | None, str]:
    """Return kind, code and message. For a missing resource, the kind tells whether its group is missing too."""
    error = failure(status, body, pause)

    def call() -> Any:
        raise error

    if status == 404:
        try:
            found = read("read it", call)
        except RemoteFailure as caught:
            return caught.kind, caught.details.get("code"), caught.message
        return ("no group" if isinstance(found, Absent) and found.group_missing else "absent"), None, ""
    translated = translate(error, "do it")
    assert isinstance(translated, RemoteFailure)
    return ("under way" if is_busy(translated) else translated.kind), translated.details.get("code"), translated.message


@pytest.mark.parametrize(("status", "body", "kind", "code", "words"), ROWS)
def test_every_known_error(status: int, body: Any, kind: str, code: str | None, words: str) -> None:
    found, found_code, message = translation_of(status, body)
    assert (found, found_code) == (kind, code)
    assert words in message
    if message:
        assert "(request r-1)" in message
        assert "; " in message or "sign-in refused" in message
        assert "\n" not in message
        assert len(message) < 1000


def test_the_pause_of_a_poll_is_not_an_advice_after_the_end() -> None:
    _kind, _code, message = translation_of(200, {"status": "Failed", **arm("InternalError")}, pause="15")
    assert "wait 15 s" not in message
    assert "wait 15 s" in translation_of(400, arm("Unknown"), pause="15")[2]


def test_only_authorization_codes_speak_of_roles() -> None:
    for code, message, more, _kind, _words in NOT_ABOUT_ROLES:
        _found, _code, text = translation_of(403, arm(code, message, **more))
        assert "role" not in text or "MUA" in text, text
        assert "lacks" not in text, text


def test_the_refusal_of_a_disabled_soft_delete_explains_that_the_vault_may_exist() -> None:
    _kind, _code, text = translation_of(400, arm("BMSUserErrorDisablingSoftDeleteStateNotAllowed"))
    assert "omit soft_delete" in text
    assert "the vault may exist now" in text


@pytest.mark.parametrize("body", [arm("ResourceNotFound"), arm("ResourceGroupNotFound"), arm("NotFound")])
def test_a_404_without_the_headers_of_azure_is_not_absence(body: Any) -> None:
    error = failure(404, body)
    error.response.headers.clear()  # type: ignore[union-attr]

    def call() -> Any:
        raise error

    with pytest.raises(RemoteFailure):
        read("read it", call)


# Each error body of the recordings, by file and number, with its kind and code.
RECORDED = {
    ("azure/association-jobs.json", 20): ("remote_failure", "532"),
    ("azure/association-jobs.json", 23): ("remote_failure", "28031"),
    ("azure/association-jobs.json", 27): ("remote_failure", "25037"),
    ("azure/association-jobs.json", 30): ("remote_failure", "15035"),
    ("azure/failures.json", 0): ("absent", None),
    ("azure/protected-items.json", 2): ("remote_failure", "28061"),
    ("azure/resource-group-and-roles.json", 1): ("no group", None),
    ("azure/resource-group-and-roles.json", 4): ("remote_failure", "RoleAssignmentExists"),
    ("azure/vault.json", 0): ("absent", None),
    ("azure/virtual-network.json", 9): ("remote_failure", "InvalidAddressPrefixFormat"),
    ("azure/virtual-network.json", 12): ("absent", None),
    ("azure/virtual-network.json", 13): ("absent", None),
    ("azure/virtual-network.json", 14): ("remote_failure", "InUseSubnetCannotBeDeleted"),
    ("vault-credentials/extended-info-create-2017.json", 0): ("absent", None),
    ("vault-credentials/vault-get-and-extended-info-create-2022.json", 1): ("absent", None),
}
# An operation that is running or has succeeded may contain an error. Only its status decides.
NO_FAILURES = {
    ("azure/association-jobs.json", 6): "InProgress",
    ("azure/association-jobs.json", 29): "InProgress",
    ("azure/hyperv-site.json", 28): "Succeeded",
}


def recorded_errors() -> Iterator[tuple[tuple[str, int], int, Any]]:
    folder = Path(os.environ["SITERECOVERY_RECORDINGS"])
    for file in sorted(folder.rglob("*.json")):
        document = json.loads(file.read_text(encoding="utf-8"))
        entries = document.get("entries") or document.get("exchanges") if isinstance(document, dict) else None
        for number, entry in enumerate(entries or []):
            response = entry["response"]
            body = response.get("body")
            if response["status"] >= 400 or (isinstance(body, dict) and body.get("error")):
                yield (str(file.relative_to(folder)), number), response["status"], body


@pytest.mark.needs("recordings")
def test_every_recorded_error_is_known() -> None:
    """Report errors that no table lists. They do not fail the test, because the folder of recordings grows."""
    found = {key: (status, body) for key, status, body in recorded_errors()}
    assert {key: translation_of(*found[key])[:2] for key in RECORDED} == RECORDED
    states = {
        key: body.get("status") or body["properties"]["state"]
        for key, (_status, body) in found.items()
        if key in NO_FAILURES
    }
    assert states == NO_FAILURES
    unknown = sorted(found.keys() - RECORDED.keys() - NO_FAILURES.keys())
    if unknown:
        warnings.warn(f"recorded errors without a row in RECORDED: {unknown}", stacklevel=1)


@pytest.mark.parametrize(
    ("action", "role"),
    [
        ("Microsoft.RecoveryServices/vaults/write", "Contributor on the resource group"),
        ("Microsoft.RecoveryServices/vaults/delete", "Contributor on the resource group"),
        ("Microsoft.RecoveryServices/vaults/certificates/write", "Site Recovery Contributor on the vault"),
        ("Microsoft.RecoveryServices/vaults/replicationFabrics/read", "Site Recovery Reader on the vault"),
        ("Microsoft.RecoveryServices/vaults/replicationPolicies/write", "Site Recovery Contributor on the vault"),
        (
            "Microsoft.RecoveryServices/vaults/replicationFabrics/replicationProtectionContainers/"
            "replicationProtectedItems/testFailover/action",
            "Site Recovery Operator on the vault",
        ),
        ("microsoft.recoveryservices/register/action", "Contributor on the subscription"),
        ("Microsoft.Storage/storageAccounts/listKeys/action", "Storage Account Contributor on the resource group"),
        ("Microsoft.Storage/storageAccounts/read", "Reader on the resource group"),
        ("Microsoft.Network/virtualNetworks/subnets/join/action", "Network Contributor on the network"),
        ("Microsoft.Network/networkSecurityGroups/join/action", "Network Contributor on that resource"),
        ("Microsoft.Network/virtualNetworks/read", "Reader on the resource group"),
        ("Microsoft.Compute/virtualMachines/write", "Virtual Machine Contributor on the resource group"),
        ("Microsoft.ManagedIdentity/userAssignedIdentities/assign/action", "Managed Identity Operator on the identity"),
        ("Microsoft.Resources/subscriptions/resourceGroups/read", "Reader on the subscription"),
        ("Microsoft.Resources/subscriptions/resourceGroups/write", "Contributor on the subscription"),
        ("Microsoft.Authorization/roleAssignments/write", "User Access Administrator there"),
        ("Microsoft.Else/things/write", ""),
    ],
)
def test_the_least_role_for_an_action(action: str, role: str) -> None:
    assert role_for(action) == role
