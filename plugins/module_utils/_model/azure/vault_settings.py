# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the settings of a vault as a table of properties, and the rules that involve several settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

from ..common.errors import InvalidInput, Refused
from ..common.names import same_id
from ..common.plan import UNKNOWN, Change
from .properties import Property, Values, check_options, words

#: The value of `encryption.identity` for the system-assigned identity of the vault.
SYSTEM = "system"
# Azure gives always-on soft delete to new vaults by itself ("Secure by default with soft delete"). A vault with the
# irreversible value does everything that the reversible one stands for.
_REVERSIBLE = {
    "soft_delete.state": "enabled",
    "soft_delete.hybrid_state": "enabled",
    "cross_subscription_restore": "disabled",
}
# The limits that Microsoft's own client checks (microsoft/mcp, pull request 3430). 0 follows the backup policy.
_IMMUTABLE_DAYS = range(30, 36136)
# Soft delete retention: Azure Backup documentation, "Configure and manage soft delete".
_RETENTION_DAYS = range(14, 181)


def _setting(path: str, wire: str, names: Mapping[str, str], unset: Any = None, final: str | None = None) -> Property:
    """Return a row whose values are a few words. A value that is the reversible form of `final` is met by `final`."""
    weaker = _REVERSIBLE.get(path)
    return Property(
        path,
        f"properties.{wire}",
        **words(names),
        unset=unset,
        new=UNKNOWN,
        final=final,
        merge=lambda before, desired: before if before == final and desired == weaker else desired,
    )


def _read_configuration(wire: Mapping[str, Any]) -> int | None:
    return wire.get("durationInDays") if wire.get("type") == "TimeBased" else 0


def _write_configuration(days: int, _before: Any) -> dict[str, Any]:
    return {"type": "TimeBased", "durationInDays": days} if days else {"type": "AsPerPolicy"}


def _read_key_identity(wire: Mapping[str, Any]) -> str | None:
    return SYSTEM if wire.get("useSystemAssignedIdentity") else wire.get("userAssignedIdentity")


def _write_key_identity(identity: str, _before: Any) -> dict[str, Any]:
    if identity == SYSTEM:
        return {"useSystemAssignedIdentity": True}
    return {"useSystemAssignedIdentity": False, "userAssignedIdentity": identity}


def _retention(option: str, days: int) -> int:
    if days not in _RETENTION_DAYS:
        raise InvalidInput(option, f"must be between {_RETENTION_DAYS[0]} and {_RETENTION_DAYS[-1]}", f"correct {days}")
    return days


def _immutable_days(option: str, days: int) -> int:
    if days and days not in _IMMUTABLE_DAYS:
        raise InvalidInput(
            option,
            f"must be 0, or between {_IMMUTABLE_DAYS[0]} and {_IMMUTABLE_DAYS[-1]}",
            f"correct {days}; 0 follows the backup policy",
        )
    return days


def _key_uri(option: str, uri: str) -> str:
    if not uri.lower().startswith("https://"):
        raise InvalidInput(option, "must be an https address", "copy the key identifier from the key vault")
    return uri


_CONFIGURATION = "properties.securitySettings.immutabilitySettings.configuration"
_SWITCH = {"enabled": "Enabled", "disabled": "Disabled"}
_SOFT = {**_SWITCH, "always_on": "AlwaysON"}
_AZURE_ALERTS = "monitoringSettings.azureMonitorAlertSettings"
_CLASSIC_ALERTS = "monitoringSettings.classicAlertSettings"
_SOFT_DELETE = "securitySettings.softDeleteSettings"

SETTINGS = (
    replace(_setting("public_network_access", "publicNetworkAccess", _SWITCH, "enabled"), new="enabled"),
    replace(
        _setting(
            "immutability",
            "securitySettings.immutabilitySettings.state",
            {"disabled": "Disabled", "unlocked": "Unlocked", "locked": "Locked"},
            "disabled",
            "locked",
        ),
        # The service requires a configuration with these states (azure-sdk-for-java pull request 50128). The next row
        # replaces it where the days are known.
        also=(_CONFIGURATION, lambda state: None if state == "disabled" else _write_configuration(0, None)),
    ),
    Property(
        "immutability_days",
        _CONFIGURATION,
        {"type": "int"},
        new=UNKNOWN,
        read=_read_configuration,
        write=_write_configuration,
        check=_immutable_days,
    ),
    _setting("soft_delete.state", f"{_SOFT_DELETE}.softDeleteState", _SOFT, None, "always_on"),
    Property(
        "soft_delete.days",
        f"properties.{_SOFT_DELETE}.softDeleteRetentionPeriodInDays",
        {"type": "int"},
        new=UNKNOWN,
        check=_retention,
    ),
    _setting("soft_delete.hybrid_state", f"{_SOFT_DELETE}.enhancedSecurityState", _SOFT, None, "always_on"),
    _setting(
        "cross_subscription_restore",
        "restoreSettings.crossSubscriptionRestoreSettings.crossSubscriptionRestoreState",
        {**_SWITCH, "permanently_disabled": "PermanentlyDisabled"},
        None,
        "permanently_disabled",
    ),
    _setting(
        "redundancy.storage",
        "redundancySettings.standardTierStorageRedundancy",
        {
            "locally_redundant": "LocallyRedundant",
            "zone_redundant": "ZoneRedundant",
            "geo_redundant": "GeoRedundant",
        },
    ),
    _setting(
        "redundancy.cross_region_restore",
        "redundancySettings.crossRegionRestore",
        _SWITCH,
        "disabled",
        "enabled",
    ),
    _setting("monitoring.job_failures", f"{_AZURE_ALERTS}.alertsForAllJobFailures", _SWITCH),
    _setting("monitoring.replication_issues", f"{_AZURE_ALERTS}.alertsForAllReplicationIssues", _SWITCH),
    _setting("monitoring.failover_issues", f"{_AZURE_ALERTS}.alertsForAllFailoverIssues", _SWITCH),
    _setting("monitoring.classic_critical", f"{_CLASSIC_ALERTS}.alertsForCriticalOperations", _SWITCH),
    _setting("monitoring.classic_site_recovery", f"{_CLASSIC_ALERTS}.emailNotificationsForSiteRecovery", _SWITCH),
    Property(
        "encryption.key_uri",
        "properties.encryption.keyVaultProperties.keyUri",
        # The address of a key is not a secret.
        {"type": "str", "no_log": False},
        new=UNKNOWN,
        check=_key_uri,
    ),
    Property(
        "encryption.identity",
        "properties.encryption.kekIdentity",
        {"type": "str"},
        new=UNKNOWN,
        read=_read_key_identity,
        write=_write_key_identity,
        # Azure returns ids in another case.
        merge=lambda before, desired: before if same_id(before, desired) else desired,
    ),
    _setting("encryption.infrastructure", "encryption.infrastructureEncryption", _SWITCH, None, "enabled"),
)
# A vault without a configuration follows the backup policy, too, and the service may not store one with this meaning.
_UNSET_IS_ZERO = ("immutability_days",)
_BY_PATH = {setting.path: setting for setting in SETTINGS}
#: The class that an SDK has when it knows the setting. Older SDKs use an API version that ignores it silently.
SINCE = {"immutability_days": "ImmutabilityConfiguration"}


def desired_settings(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that the options set, by their path. Raises InvalidInput."""
    values = check_options(SETTINGS, options)
    if values.get("immutability") == "disabled" and not values.get("immutability_days"):
        values.pop("immutability_days", None)
    if values.get("immutability_days") is not None and values.get("immutability") == "disabled":
        raise InvalidInput(
            "immutability_days", "it has no effect while immutability is disabled", "omit it, or set immutability"
        )
    storage = values.get("redundancy.storage")
    if values.get("redundancy.cross_region_restore") == "enabled" and storage not in (None, "geo_redundant"):
        raise InvalidInput(
            "redundancy.cross_region_restore",
            f"it requires geo-redundant storage, not {storage}",
            "set redundancy.storage to geo_redundant, or omit cross-region restore",
        )
    return values


def without_configuration(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body without the configuration of immutability, which the API version of an older SDK does not have."""
    settings = ((body.get("properties") or {}).get("securitySettings") or {}).get("immutabilitySettings")
    if settings:
        settings.pop(_CONFIGURATION.rpartition(".")[2], None)
    return body


def with_siblings(changed: Values, actual: Values) -> dict[str, Any]:
    """Return the changed settings together with their siblings in the document.

    The result is the same whether the service merges an object of the document or replaces it.
    """
    groups = {_group(_BY_PATH[path]) for path in changed}
    siblings = {
        setting.path: actual[setting.path]
        for setting in SETTINGS
        if _group(setting) in groups and actual.get(setting.path) not in (None, "invalid")
    }
    return {**siblings, **changed}


def unknown_siblings(changed: Values, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of touched objects that no setting describes, as the service showed them.

    The result is the start of a request: a service that replaces an object would remove them, such as
    `sourceScanConfiguration` of `securitySettings`.
    """
    groups = {_group(_BY_PATH[path]) for path in changed}
    properties = document.get("properties") or {}
    found = {name: deepcopy(properties[name]) for name in groups if isinstance(properties.get(name), dict)}
    for setting in SETTINGS:
        *parents, leaf = setting.wire.split(".")[1:]
        place: Any = found
        for name in parents:
            place = place.get(name) if isinstance(place, dict) else None
        if isinstance(place, dict):
            place.pop(leaf, None)
    kept = {name: _pruned(value) for name, value in found.items() if _pruned(value)}
    return {"properties": kept} if kept else {}


def _pruned(value: Any) -> Any:
    """Return an object without the objects that are empty, and without unset members."""
    if not isinstance(value, dict):
        return value
    return {name: _pruned(each) for name, each in value.items() if each is not None and _pruned(each) != {}}


def _group(setting: Property) -> str:
    return setting.wire.split(".")[1]


def setting_changes(vault: str, actual: Values, desired: Values, allow_irreversible: bool) -> list[Change]:
    """Return the changes of settings. Raises Refused for changes that Azure does not support or cannot undo.

    The latter are only refused without consent.
    """
    changes = []
    for path, value in desired.items():
        after = _BY_PATH[path].merge(actual.get(path), value)
        if actual.get(path) == after or (path in _UNSET_IS_ZERO and actual and not actual.get(path) and not after):
            continue
        _refuse_return(vault, _BY_PATH[path], actual, after)
        changes.append(Change(path, actual.get(path), after))
    _refuse_impossible(vault, actual, {**actual, **desired})
    if not allow_irreversible:
        require_consent(changes)
    return changes


def _refuse_return(vault: str, setting: Property, values: Values, after: Any) -> None:
    actual = values.get(setting.path)
    if setting.final is not None and actual == setting.final:
        raise Refused(
            f"{setting.path}: vault {vault} has {actual}, which cannot be undone, so it cannot become {after};"
            f" set it to {actual}, or use a new vault"
        )
    if setting.path == "encryption.infrastructure" and values.get("encryption.key_uri"):
        raise Refused(
            f"{setting.path}: vault {vault} got its key with {actual or 'disabled'}, which cannot be changed"
            " afterwards; omit it, or use a new vault"
        )


def _refuse_impossible(vault: str, actual: Values, after: Values) -> None:
    geo = after.get("redundancy.storage") in (None, "geo_redundant")
    if after.get("redundancy.cross_region_restore") == "enabled" and not geo:
        raise Refused(
            f"redundancy.cross_region_restore: it requires geo-redundant storage, but vault {vault} would have"
            f" {after['redundancy.storage']}; set redundancy.storage to geo_redundant if the vault has no backup yet"
        )
    days = after.get("immutability_days")
    if days and days != actual.get("immutability_days") and after.get("immutability") in (None, "disabled"):
        raise Refused(
            f"immutability_days: vault {vault} is not immutable, so it would have no effect; set immutability to"
            " unlocked, or omit the days"
        )
    changes_encryption = any(
        after.get(path) != actual.get(path) for path in ("encryption.identity", "encryption.infrastructure")
    )
    if changes_encryption and not after.get("encryption.key_uri"):
        raise Refused(f"encryption: vault {vault} has no customer-managed key; set encryption.key_uri as well")
    if after.get("encryption.key_uri") and not after.get("encryption.identity"):
        raise Refused(
            "encryption.identity is required with a key; set it to 'system' or the id of a user-assigned identity"
        )


def require_consent(changes: Iterable[Change]) -> None:
    """Raise Refused for the first change that cannot be undone."""
    for change in changes:
        if change.path == "encryption.key_uri" and change.before is None:
            problem = "encryption with a customer-managed key cannot be disabled again"
        elif change.after is not None and change.after == _BY_PATH[change.path].final:
            problem = f"{change.after} cannot be undone"
        else:
            continue
        raise Refused(f"{change.path}: {problem}; set allow_irreversible to true to confirm it")


def update_steps(changed: Values, actual: Values) -> Iterable[dict[str, Any]]:
    """Return the changed settings, one entry for each call that they need.

    The service locks immutability only when it is unlocked already (terraform-provider-azurerm,
    recovery_services_vault).
    """
    if changed.get("immutability") == "locked" and actual.get("immutability") != "unlocked":
        yield with_siblings({**changed, "immutability": "unlocked"}, actual)
        yield with_siblings({"immutability": "locked"}, {**actual, **changed})
    else:
        yield with_siblings(changed, actual)
