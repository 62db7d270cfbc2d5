# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the table of error codes of Azure, with the remedy for each of them.

Only the codes of AUTHORIZATION are about roles. Any other refusal keeps the words of the service.
Sources: "Troubleshoot common Azure deployment errors" and the error codes of the storage, network and vault providers.
"""

from __future__ import annotations

import re

#: A 403 with one of these codes is solved by a role.
AUTHORIZATION = (
    "AuthorizationFailed",
    "AuthorizationPermissionMismatch",
    "LinkedAccessCheckFailed",
    "LinkedAuthorizationFailed",
)
#: Azure closes regions to some subscriptions by a policy of its own (azure-cli issue 32913).
REGION_CLOSED = "RequestDisallowedByAzure"
#: "Multi-user authorization using Resource Guard": the request needs a second person.
RESOURCE_GUARD = (
    "have the owner of the Resource Guard make this change, or grant the identity the role Backup MUA Operator on the"
    " Resource Guard for a limited time and make the change in the portal"
)
_NO_AUTHORIZATION = re.compile(r"does not have (?:authorization|permission) to perform action", re.IGNORECASE)

ADVICE: dict[str, str] = {
    "MissingSubscriptionRegistration": (
        "register the resource provider on the subscription (az provider register, or ask its owner)"
    ),
    "InvalidResourceLocation": "it already exists in another region: use that region, or another name",
    "StorageAccountAlreadyTaken": "another customer has this name: choose another name",
    "StorageAccountInAnotherResourceGroup": "the account exists in another resource group: use that group",
    "ResourceRequestsThrottled": "wait as long as the message says, then run again",
    "SubscriptionRequestsThrottled": "wait a minute, then run again",
    "SubscriptionNotFound": "check subscription_id, and that the identity has a role on it",
    "InvalidResourceType": "this cloud does not have that service: check cloud_environment and the region",
    "InvalidResourceNamespace": "this cloud does not have that service: check cloud_environment and the region",
    "NoRegisteredProviderFound": "this cloud is older than the installed SDK: install an older release of it",
    "ResourceGroupNotFound": "create the group first, or correct its name",
    "ResourceNotFound": "create it first, or correct the names",
    "ParentResourceNotFound": "create its parent first, or correct the names",
    "ResourceGroupBeingDeleted": "wait until Azure has deleted the group, then run again",
    "RoleAssignmentExists": "nothing to do: the role is already assigned",
    "SkuNotAvailable": "choose another redundancy or region",
    "LocationNotAvailableForResourceType": "choose one of the regions that the message lists",
    "AccountPropertyCannotBeUpdated": "it cannot be changed after creation: create a new account, or omit the option",
    "StorageAccountTypeConversionNotAllowed": "it cannot be changed after creation: create a new account",
    "MaxStorageAccountsCountPerSubscriptionExceeded": "delete an account there, or request a higher quota",
    REGION_CLOSED: (
        "choose another region for the vault, the accounts and the networks together, or ask Azure support to open this"
        " region for the subscription"
    ),
    "DenyAssignmentAuthorizationFailed": (
        "no permission overrules a deny assignment: change its source (a deployment stack, a managed application or a"
        " blueprint), or have its owner exclude the identity"
    ),
    # "Manage secure by default with soft delete": new vaults have it, and it cannot be disabled anymore.
    "BMSUserErrorDisablingSoftDeleteStateNotAllowed": (
        "omit soft_delete, or set it to enabled; the vault may exist now, with soft delete enabled"
    ),
    "AuthorizationFailure": "a firewall of the resource refused the request: allow this controller's address",
    "PublicAccessNotPermitted": "the resource accepts private endpoints only: run from a network with access to one",
    "NetworkSecurityPerimeterTrafficDenied": "a network security perimeter refused the request: ask its owner",
    "InUseSubnetCannotBeDeleted": "remove the users of the subnet first",
}


def is_authorization(code: str, message: str) -> bool:
    """Tell whether a refusal is about a role. Some services use codes of their own with Resource Manager's text."""
    return code in AUTHORIZATION or _NO_AUTHORIZATION.search(message) is not None


def is_resource_guard(code: str) -> bool:
    """Tell whether a Resource Guard protects the operation (multi-user authorization)."""
    return "resourceguard" in code.casefold()
