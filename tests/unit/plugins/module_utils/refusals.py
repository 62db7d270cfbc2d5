# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refusals of Azure with status 403 that no role solves, as public reports show them."""

from __future__ import annotations

from typing import Any

GROUP = "/subscriptions/s/resourceGroups/rg-dr"
ASSIGNMENT = "/subscriptions/s/providers/Microsoft.Authorization/policyAssignments/a1"
STACK = "/subscriptions/s/resourceGroups/rg-dr/providers/Microsoft.Resources/deploymentStacks/landing-zone"
DENIED = (
    "The client 'x' with object id 'y' has permission to perform action 'Microsoft.RecoveryServices/vaults/write' on"
    f" scope '{GROUP}/providers/Microsoft.RecoveryServices/vaults/v'; however, the access is denied because of the deny"
    f" assignment with name 'Deny assignment '7' created by Deployment Stack '{STACK}'.' and Id '10e24e' at scope"
    f" '{GROUP}'."
)
CLOSED = (
    "Resource 'v' was disallowed by Azure: This policy maintains a set of best available regions where your"
    " subscription can deploy resources."
)
TAGS_REASON = (
    "Resource 'rg' was disallowed by policy. Reasons: 'Mandatory tags must be applied to resources and resource groups:"
    " CostCenter, Owner.'. See error details for policy resource IDs."
)
LOCATION_VIOLATION = [
    {
        "type": "PolicyViolation",
        "info": {
            "policyDefinitionDisplayName": "Allowed locations",
            "policyAssignmentId": ASSIGNMENT,
            "evaluationDetails": {
                "evaluatedExpressions": [
                    {
                        "result": "True",
                        "expressionKind": "Field",
                        "path": "type",
                        "expressionValue": "Microsoft.Storage/storageAccounts",
                        "targetValue": "Microsoft.Storage/storageAccounts",
                        "operator": "Equals",
                    },
                    {
                        "result": "True",
                        "expressionKind": "Field",
                        "path": "location",
                        "expressionValue": "westeurope",
                        "targetValue": ["northeurope", "swedencentral"],
                        "operator": "NotIn",
                    },
                ]
            },
        },
    }
]
MFA = "Resource 'v' was disallowed by policy. Reasons: Users must authenticate with MFA to create or update resources."
TAG_VIOLATION = [{"type": "PolicyViolation", "info": {"policyDefinitionDisplayName": "Require a tag"}}]
# Code, message and additional information of each refusal, then the kind and words of the message.
NOT_ABOUT_ROLES: tuple[tuple[str, str, dict[str, Any], str, str], ...] = (
    ("RequestDisallowedByAzure", CLOSED, {}, "remote_failure", "choose another region for the vault, the accounts"),
    (
        "DenyAssignmentAuthorizationFailed",
        DENIED,
        {},
        "access_denied",
        f"DenyAssignmentAuthorizationFailed: the deny assignment 'Deny assignment '7' created by Deployment Stack"
        f" '{STACK}'.' at {GROUP} forbids Microsoft.RecoveryServices/vaults/write on {GROUP}/providers/"
        "Microsoft.RecoveryServices/vaults/v (id 10e24e) (request r-1); no permission overrules a deny assignment",
    ),
    ("DenyAssignmentAuthorizationFailed", "Denied.", {}, "access_denied", "a deny assignment forbids it: Denied ("),
    (
        "UserErrorResourceGuardOperationNotPermitted",
        "The operation is protected by the Resource Guard 'guard'.",
        {},
        "access_denied",
        "protected by the Resource Guard 'guard' (request r-1); have the owner of the Resource Guard make this change",
    ),
    (
        "RequestDisallowedByPolicy",
        "Resource 'st' was disallowed by policy.",
        {"additionalInfo": LOCATION_VIOLATION},
        "remote_failure",
        f"forbids it: 'Allowed locations' (assignment {ASSIGNMENT}); it rejects location westeurope (NotIn"
        ' ["northeurope", "swedencentral"])',
    ),
    (
        "RequestDisallowedByPolicy",
        TAGS_REASON,
        {"additionalInfo": TAG_VIOLATION},
        "remote_failure",
        "'Require a tag': Mandatory tags must be applied to resources and resource groups: CostCenter, Owner (request",
    ),
    (
        "RequestDisallowedByPolicy",
        MFA,
        {},
        "remote_failure",
        "a policy of the organization: Users must authenticate with MFA to create or update resources (request r-1);"
        " sign in with multifactor authentication",
    ),
    (
        "RequestDisallowedByPolicy",
        "You must authenticate with MFA.",
        {},
        "remote_failure",
        "a policy of the organization: You must authenticate with MFA (request",
    ),
    ("AuthorizationFailure", "The request is not allowed.", {}, "remote_failure", "a firewall of the resource refused"),
    ("SomethingNew", "The service has a reason.", {}, "remote_failure", "SomethingNew: The service has a reason ("),
)
