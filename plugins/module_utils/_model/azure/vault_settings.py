# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the settings of a vault in one table: the option, the place in the service's JSON, the words of both."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..common.errors import InvalidInput, Refused
from ..common.names import same_id
from ..common.plan import Change

#: What `encryption.identity` says for the vault's own identity.
SYSTEM = "system"
# Soft delete retention: Azure Backup documentation, "Configure and manage soft delete".
_RETENTION_DAYS = range(14, 181)


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. `path` is its place in options and result, `wire` the one below the vault's `properties`."""

    path: str
    wire: tuple[str, ...]
    read: Callable[[Any], Any]
    write: Callable[[Any], Any]
    #: What the service means when it leaves the setting out.
    unset: Any = None
    #: The value that can't be left once it is taken.
    final: str | None = None


def _words(path: str, wire: str, words: Mapping[str, str], unset: Any = None, final: str | None = None) -> Setting:
    """A setting of a few words; one that a later version of the service adds is shown as it comes."""
    back = {told.casefold(): word for word, told in words.items()}
    return Setting(
        path,
        tuple(wire.split(".")),
        lambda told: back.get(str(told).casefold(), str(told).lower()),
        words.__getitem__,
        unset,
        final,
    )


def _read_configuration(told: Mapping[str, Any]) -> int | None:
    return told.get("durationInDays") if told.get("type") == "TimeBased" else 0


def _write_configuration(days: int) -> dict[str, Any]:
    return {"type": "TimeBased", "durationInDays": days} if days else {"type": "AsPerPolicy"}


def _read_kek_identity(told: Mapping[str, Any]) -> str | None:
    return SYSTEM if told.get("useSystemAssignedIdentity") else told.get("userAssignedIdentity")


def _write_kek_identity(identity: str) -> dict[str, Any]:
    if identity == SYSTEM:
        return {"useSystemAssignedIdentity": True}
    return {"useSystemAssignedIdentity": False, "userAssignedIdentity": identity}


_SWITCH = {"enabled": "Enabled", "disabled": "Disabled"}
_SOFT = {**_SWITCH, "always_on": "AlwaysON"}
_AZURE_ALERTS = "monitoringSettings.azureMonitorAlertSettings"
_CLASSIC_ALERTS = "monitoringSettings.classicAlertSettings"
_SOFT_DELETE = "securitySettings.softDeleteSettings"

SETTINGS = (
    _words("public_network_access", "publicNetworkAccess", _SWITCH, "enabled"),
    _words(
        "immutability",
        "securitySettings.immutabilitySettings.state",
        {"disabled": "Disabled", "unlocked": "Unlocked", "locked": "Locked"},
        "disabled",
        "locked",
    ),
    Setting(
        "immutability_days",
        ("securitySettings", "immutabilitySettings", "configuration"),
        _read_configuration,
        _write_configuration,
    ),
    _words("soft_delete.state", f"{_SOFT_DELETE}.softDeleteState", _SOFT, None, "always_on"),
    Setting("soft_delete.days", (*_SOFT_DELETE.split("."), "softDeleteRetentionPeriodInDays"), int, int),
    _words("soft_delete.hybrid_state", f"{_SOFT_DELETE}.enhancedSecurityState", _SOFT, None, "always_on"),
    _words(
        "cross_subscription_restore",
        "restoreSettings.crossSubscriptionRestoreSettings.crossSubscriptionRestoreState",
        {**_SWITCH, "permanently_disabled": "PermanentlyDisabled"},
        None,
        "permanently_disabled",
    ),
    _words(
        "redundancy.storage",
        "redundancySettings.standardTierStorageRedundancy",
        {
            "locally_redundant": "LocallyRedundant",
            "zone_redundant": "ZoneRedundant",
            "geo_redundant": "GeoRedundant",
        },
    ),
    _words(
        "redundancy.cross_region_restore",
        "redundancySettings.crossRegionRestore",
        _SWITCH,
        "disabled",
        "enabled",
    ),
    _words("monitoring.job_failures", f"{_AZURE_ALERTS}.alertsForAllJobFailures", _SWITCH),
    _words("monitoring.replication_issues", f"{_AZURE_ALERTS}.alertsForAllReplicationIssues", _SWITCH),
    _words("monitoring.failover_issues", f"{_AZURE_ALERTS}.alertsForAllFailoverIssues", _SWITCH),
    _words("monitoring.classic_critical", f"{_CLASSIC_ALERTS}.alertsForCriticalOperations", _SWITCH),
    _words("monitoring.classic_site_recovery", f"{_CLASSIC_ALERTS}.emailNotificationsForSiteRecovery", _SWITCH),
    Setting("encryption.key_uri", ("encryption", "keyVaultProperties", "keyUri"), str, str),
    Setting("encryption.identity", ("encryption", "kekIdentity"), _read_kek_identity, _write_kek_identity),
    _words("encryption.infrastructure", "encryption.infrastructureEncryption", _SWITCH, None, "enabled"),
)
_BY_PATH = {setting.path: setting for setting in SETTINGS}
#: The class that an SDK has when it knows the setting: older ones speak an api-version that drops it in silence.
SINCE = {"immutability_days": "ImmutabilityConfiguration"}

Values = Mapping[str, Any]


def read_settings(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Every setting by its path; None where the service does not say."""
    return {setting.path: _read(setting, properties) for setting in SETTINGS}


def _read(setting: Setting, properties: Mapping[str, Any]) -> Any:
    found: Any = properties
    for name in setting.wire:
        found = found.get(name) if isinstance(found, Mapping) else None
    return setting.unset if found is None else setting.read(found)


def write_settings(values: Values) -> dict[str, Any]:
    """The JSON of settings, as it stands below the vault's `properties`."""
    properties: dict[str, Any] = {}
    for path, value in values.items():
        *parents, leaf = _BY_PATH[path].wire
        place = properties
        for name in parents:
            place = place.setdefault(name, {})
        place[leaf] = _BY_PATH[path].write(value)
    return properties


def with_siblings(changed: Values, actual: Values) -> dict[str, Any]:
    """The changed settings and what stands beside them: right whether the service merges or replaces."""
    tops = {_BY_PATH[path].wire[0] for path in changed}
    beside = {
        setting.path: actual[setting.path]
        for setting in SETTINGS
        if setting.wire[0] in tops and actual.get(setting.path) not in (None, "invalid")
    }
    return {**beside, **changed}


def nested(values: Values) -> dict[str, Any]:
    """Settings as result and options show them: `soft_delete.state` below `soft_delete`."""
    shown: dict[str, Any] = {}
    for path, value in values.items():
        *parents, leaf = path.split(".")
        place = shown
        for name in parents:
            place = place.setdefault(name, {})
        place[leaf] = value
    return shown


def written(options: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that the options name. Raises InvalidInput."""
    found: dict[str, Any] = {}
    for setting in SETTINGS:
        value: Any = options
        for name in setting.path.split("."):
            value = (value or {}).get(name)
        if value is not None:
            found[setting.path] = value
    _require_sense(found)
    return found


def _require_sense(values: Values) -> None:
    days = values.get("soft_delete.days")
    if days is not None and days not in _RETENTION_DAYS:
        raise InvalidInput("soft_delete.days", f"{days} is not between 14 and 180", "give days in that range")
    if values.get("immutability_days", 0) < 0:
        raise InvalidInput("immutability_days", "can't be negative", "give days, or 0 for what the backup policy says")
    if values.get("immutability_days") is not None and values.get("immutability") == "disabled":
        raise InvalidInput(
            "immutability_days", "means nothing while immutability is disabled", "leave it out, or set immutability"
        )
    storage = values.get("redundancy.storage")
    if values.get("redundancy.cross_region_restore") == "enabled" and storage not in (None, "geo_redundant"):
        raise InvalidInput(
            "redundancy.cross_region_restore",
            f"needs geo-redundant storage, not {storage}",
            "set redundancy.storage to geo_redundant, or leave cross-region restore out",
        )
    key = values.get("encryption.key_uri")
    if key is not None and not str(key).lower().startswith("https://"):
        raise InvalidInput("encryption.key_uri", "is no https address", "take the key identifier from the key vault")


def setting_changes(vault: str, actual: Values, desired: Values, allow_irreversible: bool) -> list[Change]:
    """What to change. Raises Refused for what the service never takes back, and for going there without consent."""
    changes = []
    for path, value in desired.items():
        wanted = _as_spelled(actual.get(path), value) if path == "encryption.identity" else value
        if actual.get(path) == wanted:
            continue
        _refuse_return(vault, _BY_PATH[path], actual, wanted)
        changes.append(Change(path, actual.get(path), wanted))
    _refuse_impossible(vault, actual, {**actual, **desired})
    if not allow_irreversible:
        require_consent(changes)
    return changes


def _as_spelled(actual: Any, wanted: str) -> str:
    """Ids come back in another case."""
    return actual if isinstance(actual, str) and same_id(actual, wanted) else wanted


def _refuse_return(vault: str, setting: Setting, values: Values, wanted: Any) -> None:
    actual = values.get(setting.path)
    if setting.final is not None and actual == setting.final:
        raise Refused(
            f"{setting.path}: vault {vault} has {actual}, which can't be undone, so it can't become {wanted};"
            f" ask for {actual}, or use a new vault"
        )
    if setting.path == "encryption.infrastructure" and values.get("encryption.key_uri"):
        raise Refused(
            f"{setting.path}: vault {vault} got its key with {actual or 'disabled'}, and that can't be changed"
            " afterwards; leave it out, or use a new vault"
        )


def _refuse_impossible(vault: str, actual: Values, after: Values) -> None:
    geo = after.get("redundancy.storage") in (None, "geo_redundant")
    if after.get("redundancy.cross_region_restore") == "enabled" and not geo:
        raise Refused(
            f"redundancy.cross_region_restore: needs geo-redundant storage, vault {vault} would have"
            f" {after['redundancy.storage']}; set redundancy.storage to geo_redundant if nothing is backed up there yet"
        )
    wants_encryption = any(
        after.get(path) != actual.get(path) for path in ("encryption.identity", "encryption.infrastructure")
    )
    if wants_encryption and not after.get("encryption.key_uri"):
        raise Refused(f"encryption: vault {vault} has no key of yours; give encryption.key_uri as well")
    if after.get("encryption.key_uri") and not after.get("encryption.identity"):
        raise Refused("encryption.identity: is needed with a key; give 'system' or the id of a user-assigned identity")


def require_consent(changes: Iterable[Change]) -> None:
    """Raises Refused for what can't be undone."""
    for change in changes:
        if change.path == "encryption.key_uri" and change.before is None:
            told = "encryption with a key of yours can't be switched off again"
        elif change.after is not None and change.after == _BY_PATH[change.path].final:
            told = f"{change.after} can't be undone"
        else:
            continue
        raise Refused(f"{change.path}: {told}; set allow_irreversible to true if that is meant")


def steps_of(changed: Values, actual: Values) -> Iterable[dict[str, Any]]:
    """The changed settings in the calls that they need.

    The service locks only what is unlocked already (terraform-provider-azurerm, recovery_services_vault).
    """
    if changed.get("immutability") == "locked" and actual.get("immutability") != "unlocked":
        yield with_siblings({**changed, "immutability": "unlocked"}, actual)
        yield with_siblings({"immutability": "locked"}, {**actual, **changed})
    else:
        yield with_siblings(changed, actual)
