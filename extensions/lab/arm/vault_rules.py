# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules for the settings of a vault: allowed values, and changes that are not reversible."""

from __future__ import annotations

from typing import Any

from .documents import IMMUTABILITY_CONFIGURATION
from .messages import ArmError, Call, Json, canonical_value, member
from .records import Vault
from .state import AzureState

# documented: API definition, SkuName.
_SKUS = ("Standard", "RS0")
_STATES = ("Enabled", "Disabled")
_KEPT = ("Enabled", "Disabled", "AlwaysON")
_SOFT_DELETE = ("securitySettings", "softDeleteSettings")
_SOFT_DELETE_STATES: tuple[tuple[str, ...], ...] = tuple(
    (*_SOFT_DELETE, name) for name in ("softDeleteState", "enhancedSecurityState")
)
_IMMUTABILITY = ("securitySettings", "immutabilitySettings", "state")
_IMMUTABLE_DAYS = range(30, 36136)
_RESTORE = ("restoreSettings", "crossSubscriptionRestoreSettings", "crossSubscriptionRestoreState")
_STORAGE = ("redundancySettings", "standardTierStorageRedundancy")
_OTHER_REGION = ("redundancySettings", "crossRegionRestore")
_KEY = ("encryption", "keyVaultProperties", "keyUri")
_SECOND_ENCRYPTION = ("encryption", "infrastructureEncryption")
# documented: API definition, the enumerations of a vault's settings.
_VALUES: dict[tuple[str, ...], tuple[str, ...]] = {
    ("publicNetworkAccess",): _STATES,
    _IMMUTABILITY: ("Disabled", "Unlocked", "Locked"),
    **dict.fromkeys(_SOFT_DELETE_STATES, _KEPT),
    _RESTORE: ("Enabled", "Disabled", "PermanentlyDisabled"),
    _STORAGE: ("LocallyRedundant", "ZoneRedundant", "GeoRedundant"),
    _OTHER_REGION: _STATES,
    **{
        ("monitoringSettings", "azureMonitorAlertSettings", name): _STATES
        for name in ("alertsForAllJobFailures", "alertsForAllReplicationIssues", "alertsForAllFailoverIssues")
    },
    **{
        ("monitoringSettings", "classicAlertSettings", name): _STATES
        for name in ("alertsForCriticalOperations", "emailNotificationsForSiteRecovery")
    },
    _SECOND_ENCRYPTION: _STATES,
}
# documented: immutable vault, always-on soft delete, cross-region and cross-subscription restore, encryption with
# customer-managed keys: these values are irreversible.
_LASTING: dict[tuple[str, ...], str] = {
    _IMMUTABILITY: "Locked",
    **dict.fromkeys(_SOFT_DELETE_STATES, "AlwaysON"),
    _RESTORE: "PermanentlyDisabled",
    _OTHER_REGION: "Enabled",
}


def check_settings(state: AzureState, call: Call, body: Json, vault: Vault | None, *, new: bool) -> None:
    given = member(body, "properties", dict) or {}
    sku = member(body, "sku", dict)
    if new and (not sku or not sku.get("name")):
        # documented: API definition (sku is needed for a new vault); inferred: code and text.
        raise ArmError(400, "InvalidRequestContent", "The sku of the vault is required: name 'RS0' or 'Standard'.")
    if sku and "name" in sku:
        sku["name"] = canonical_value(sku["name"], _SKUS)
    if sku and sku.get("name") not in _SKUS:
        raise ArmError(400, "InvalidSku", f"The sku '{sku.get('name')}' is not valid for a vault.")
    before = vault.document["properties"] if vault else {}
    for path, values in _VALUES.items():
        value = canonical_value(_at(given, path), values)
        if value is not None:
            _put(given, path, value)
        if value is not None and value not in values:
            # recorded in a public issue (Azure/bicep-registry-modules 5156): the code; inferred: the text.
            name = path[-1]
            raise ArmError(
                400, "InvalidRestApiParameter", f"{name} parameter is invalid. Please provide a valid {name}."
            )
        _check_lasting(path, value, _at(before, path))
    _forget_later_settings(call, given)
    _check_identity(body, vault)
    _check_soft_delete(state, given)
    _check_immutability(call, given, before)
    _check_redundancy(given, vault)
    _check_encryption(body, given, vault)


def _at(holder: Json, path: tuple[str, ...]) -> Any:
    """Return the value at a path of a body; refuse anything but objects on that path."""
    found: Json = holder
    for name in path[:-1]:
        found = member(found, name, dict) or {}
    return found.get(path[-1])


def _put(holder: Json, path: tuple[str, ...], value: Any) -> None:
    for name in path[:-1]:
        holder = holder[name]
    holder[path[-1]] = value


def _check_lasting(path: tuple[str, ...], value: Any, before: Any) -> None:
    if value is not None and before is not None and before == _LASTING.get(path) and value != before:
        # inferred: code and text.
        raise ArmError(
            400, "BMSUserErrorIrreversibleSetting", f"{path[-1]} is {before} and cannot be changed any more."
        )


def _forget_later_settings(call: Call, given: Json) -> None:
    """Drop settings that the api-version does not have yet; inferred: it ignores them without an error."""
    immutability = member(member(given, "securitySettings", dict) or {}, "immutabilitySettings", dict)
    if immutability and call.api_version < IMMUTABILITY_CONFIGURATION:
        immutability.pop("configuration", None)


IDENTITIES = ("None", "SystemAssigned", "UserAssigned", "SystemAssigned, UserAssigned")


def identity_type(identity: Json) -> Any:
    """Return the type of identities as the service writes it: clients vary case and blanks (recorded: Azure CLI)."""
    kind = identity.get("type")
    if not isinstance(kind, str):
        return kind
    return canonical_value(", ".join(part.strip() for part in kind.split(",")), IDENTITIES)


def _check_identity(body: Json, vault: Vault | None) -> None:
    identity = member(body, "identity", dict)
    if not identity:
        return
    kind = identity["type"] = identity_type(identity)
    users = member(identity, "userAssignedIdentities", dict)
    if kind not in IDENTITIES:
        # inferred: code and text; documented: the values.
        raise ArmError(400, "InvalidIdentityType", f"The identity type '{kind}' is not valid.")
    if "UserAssigned" not in str(kind):
        return
    if vault is None:
        # recorded in public issues (Azure/azure-rest-api-specs 27851, 27869): creation with one fails; inferred:
        # that it is refused at once.
        raise ArmError(404, "ResourceNotFound", "The vault with user-assigned identities was not found.")
    for name, value in (users or {}).items():
        if "/userassignedidentities/" not in name.casefold() or not isinstance(value, dict | None):
            # documented: managed identities, LinkedInvalidPropertyId; inferred: the text.
            raise ArmError(400, "LinkedInvalidPropertyId", f"Property id '{name}' at path 'identity' is invalid.")


def _check_soft_delete(state: AzureState, given: Json) -> None:
    if state.secure_by_default and "Disabled" in (_at(given, path) for path in _SOFT_DELETE_STATES):
        # recorded in public (ansible-collections/azure pull request 2290): the code; inferred: the text.
        raise ArmError(
            400,
            "BMSUserErrorDisablingSoftDeleteStateNotAllowed",
            "Soft delete is enabled by default in this region and disabling it is not allowed.",
        )
    days = _at(given, (*_SOFT_DELETE, "softDeleteRetentionPeriodInDays"))
    if days is not None and (not isinstance(days, int) or isinstance(days, bool) or not 14 <= days <= 180):
        # documented: the range; inferred: code and text.
        raise ArmError(400, "InvalidRestApiParameter", "softDeleteRetentionPeriodInDays must be between 14 and 180.")


def _check_immutability(call: Call, given: Json, before: Json) -> None:
    # recorded in public code (terraform-provider-azurerm, recovery services vault): Locked <- Unlocked <-> Disabled,
    # also at creation; inferred: code and text.
    wanted, now = _at(given, _IMMUTABILITY), _at(before, _IMMUTABILITY) or "Disabled"
    if wanted == "Locked" and now == "Disabled":
        # recorded in a public issue (azure-cli 27785): the code; inferred: the text.
        raise ArmError(
            400,
            "UserErrorUnsupportedVaultImmutabilityStateChange",
            "immutabilitySettings can become Locked only from Unlocked.",
        )
    configuration = _at(given, (*_IMMUTABILITY[:-1], "configuration"))
    if configuration is None:
        if wanted in ("Unlocked", "Locked") and call.api_version >= IMMUTABILITY_CONFIGURATION:
            # recorded in public code (azure-sdk-for-java pull request 50128, azure-cli 2.91): the service requires a
            # configuration with these states; inferred: code and text, and that older api-versions do without.
            raise ArmError(
                400, "InvalidRestApiParameter", f"immutabilitySettings.configuration is required when {wanted}."
            )
        return
    member({"configuration": configuration}, "configuration", dict)
    days = configuration.get("durationInDays")
    timed = configuration.get("type") == "TimeBased"
    if configuration.get("type") not in ("AsPerPolicy", "TimeBased") or timed != isinstance(days, int):
        # documented: SDK's description of the type (required when TimeBased, omitted when AsPerPolicy); inferred: code.
        raise ArmError(400, "InvalidRestApiParameter", "immutabilitySettings.configuration is invalid.")
    if timed and days not in _IMMUTABLE_DAYS:
        # recorded in public code (microsoft/mcp pull request 3430): the range; inferred: code and text.
        raise ArmError(400, "InvalidRestApiParameter", "durationInDays must be between 30 and 36135.")


def _check_redundancy(given: Json, vault: Vault | None) -> None:
    before = vault.document["properties"] if vault else {}
    now = _at(before, _STORAGE) or "GeoRedundant"
    after = _at(given, _STORAGE) or now
    if after != now and vault is not None and (vault.backup_items or vault.backup_servers):
        # documented: Create a Recovery Services vault, storage redundancy; inferred: code and text.
        raise ArmError(
            400,
            "BMSUserErrorStorageTypeCannotBeChanged",
            "The storage replication type cannot be changed after items have been protected in the vault.",
        )
    if (_at(given, _OTHER_REGION) or _at(before, _OTHER_REGION)) == "Enabled" and after != "GeoRedundant":
        # documented: cross-region restore needs geo-redundant storage; inferred: code and text.
        raise ArmError(
            400, "BMSUserErrorCrossRegionRestoreNotSupported", "Cross Region Restore needs GeoRedundant storage."
        )


def _check_encryption(body: Json, given: Json, vault: Vault | None) -> None:
    encryption = member(given, "encryption", dict)
    if not encryption:
        return
    before = vault.document["properties"] if vault else {}
    identity: Json = (vault.document.get("identity") if vault else None) or {}
    if body.get("identity"):
        identity = body["identity"]
    kek = member(encryption, "kekIdentity", dict) or {}
    member(kek, "userAssignedIdentity", str)
    users = [
        name.casefold() for name, value in (identity.get("userAssignedIdentities") or {}).items() if value is not None
    ]
    known = "SystemAssigned" in str(identity.get("type"))
    if kek.get("userAssignedIdentity"):
        known = str(kek["userAssignedIdentity"]).casefold() in users
    if not isinstance(_at(given, _KEY), str) or not known:
        # documented: encryption with customer-managed keys: an identity of the vault, and a key; inferred: code, text.
        raise ArmError(
            400,
            "UserErrorEncryptionIdentityNotFound",
            "The encryption needs a key and an identity of the vault.",
        )
    second, was = _at(given, _SECOND_ENCRYPTION), _at(before, _SECOND_ENCRYPTION)
    if _at(before, _KEY) and second is not None and second != (was or "Disabled"):
        # documented: infrastructure encryption is chosen with the first key; inferred: code and text.
        raise ArmError(
            400, "UserErrorInfrastructureEncryptionFixed", "infrastructureEncryption cannot be changed any more."
        )
