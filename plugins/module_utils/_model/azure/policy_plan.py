# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the desired state of a replication policy, its rules, and the plan to reach it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..common.durations import duration
from ..common.errors import InvalidInput, Refused
from ..common.names import parse_resource_id, same_id
from ..common.plan import Change, Plan
from .cloud import Cloud
from .replication_policy import ReplicationPolicy

PROVIDER = "HyperVReplicaAzure"
OPTIONS: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "vault_name": {"type": "str", "required": True},
    "resource_group": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "recovery_point_retention": {"type": "int"},
    "app_consistent_frequency": {"type": "int"},
    "copy_frequency": {"type": "int", "choices": [30, 300, 900]},
    "initial_replication_start": {"type": "str"},
    "storage_account": {"type": "str"},
}
# Documented: at most 24 hours of points. The Terraform provider allows at most 12 hours between snapshots.
_MOST_HOURS, _MOST_BETWEEN = 24, 12
# The values that the portal proposes for a new policy.
_NEW: dict[str, Any] = {"recovery_point_retention": 2, "app_consistent_frequency": 1, "copy_frequency": 300}
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")
_ACCOUNT = "Microsoft.Storage/storageAccounts"
_UNITS = {"recovery_point_retention": 3600, "app_consistent_frequency": 3600, "copy_frequency": 1}


@dataclass(frozen=True, slots=True)
class DesiredPolicy:
    """The options of a policy. None: not set; an empty text removes a value."""

    name: str
    present: bool
    retention: int | None = None
    snapshots: int | None = None
    copies: int | None = None
    start: str | None = None
    account: str | None = None

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> DesiredPolicy:
        """Check the options offline. Raises InvalidInput."""
        require_object_name(options["name"], "name")
        retention, snapshots = options["recovery_point_retention"], options["app_consistent_frequency"]
        if retention is not None:
            _require_range("recovery_point_retention", retention, _MOST_HOURS)
        if snapshots is not None:
            _require_range("app_consistent_frequency", snapshots, _MOST_BETWEEN)
        if retention is not None and snapshots is not None:
            _require_fewer(snapshots, retention)
        if options["storage_account"]:
            parse_resource_id("storage_account", options["storage_account"], _ACCOUNT, "a storage account")
        return cls(
            options["name"],
            options["state"] == "present",
            retention,
            snapshots,
            options["copy_frequency"],
            _start(options["initial_replication_start"]),
            options["storage_account"],
        )

    def wanted(self, policy: ReplicationPolicy | None) -> dict[str, Any]:
        """Return the values of the policy after the run. Values that no option sets stay as they are."""
        given = {
            "recovery_point_retention": self.retention,
            "app_consistent_frequency": self.snapshots,
            "copy_frequency": self.copies,
            "initial_replication_start": self.start,
            "storage_account": self.account,
        }
        actual: dict[str, Any] = (
            values(policy) if policy else {**_NEW, "initial_replication_start": "", "storage_account": ""}
        )
        merged: dict[str, Any] = {name: actual[name] if value is None else value for name, value in given.items()}
        if policy is None and self.snapshots is None:
            # The proposed snapshots do not fit to a shorter retention.
            merged["app_consistent_frequency"] = min(
                merged["app_consistent_frequency"], max(0, merged["recovery_point_retention"] - 1)
            )
        return merged


@dataclass(frozen=True, slots=True)
class PolicyState:
    """A policy as it was read, and the clouds that use it. None: nothing depends on the users, or it is absent."""

    policy: ReplicationPolicy | None
    #: A policy of another scenario has the name.
    foreign: bool = False
    users: tuple[Cloud, ...] = ()


def values(policy: ReplicationPolicy) -> dict[str, Any]:
    """Return the values of a policy under the names of the options."""
    return {
        "recovery_point_retention": policy.retention_hours,
        "app_consistent_frequency": policy.snapshot_hours,
        "copy_frequency": policy.copy_seconds,
        "initial_replication_start": policy.start,
        "storage_account": policy.account,
    }


def differs(policy: ReplicationPolicy, desired: DesiredPolicy) -> bool:
    """Tell whether a policy has to be changed or removed."""
    return not desired.present or bool(_changes(policy, desired.wanted(policy), ()))


def plan_policy(state: PolicyState, desired: DesiredPolicy) -> Plan:
    """Plan the policy. Raises Refused and InvalidInput."""
    if state.foreign:
        raise Refused(f"policy '{desired.name}' exists for another scenario than Hyper-V to Azure; choose another name")
    if not desired.present:
        return _removal(state, desired)
    wanted = desired.wanted(state.policy)
    _require_fewer(wanted["app_consistent_frequency"], wanted["recovery_point_retention"])
    if state.policy is None:
        shown = ", ".join(_shown(name, value) for name, value in wanted.items() if value not in ("", None))
        reason = f"create replication policy {desired.name} ({shown})"
        return Plan.of(Change(name, None, value, reason) for name, value in {"name": desired.name, **wanted}.items())
    return Plan.of(_changes(state.policy, wanted, state.users))


def creation_body(wanted: Mapping[str, Any]) -> dict[str, Any]:
    return {"properties": {"providerSpecificInput": _settings(wanted)}}


def update_body(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a change. It repeats all values, because no source tells whether others are kept."""
    return {"properties": {"replicationProviderSettings": _settings(wanted)}}


def require_object_name(name: str, option: str) -> None:
    """Check the name of an object in a vault. Raises InvalidInput."""
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            option,
            f"'{name}' must begin with a letter or digit, and have only letters, digits, '.', '_' and '-'",
            "correct the name",
        )


def _settings(wanted: Mapping[str, Any]) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "instanceType": PROVIDER,
        "recoveryPointHistoryDuration": wanted["recovery_point_retention"],
        "applicationConsistentSnapshotFrequencyInHours": wanted["app_consistent_frequency"],
        "replicationInterval": wanted["copy_frequency"],
        "storageAccounts": [wanted["storage_account"]] if wanted["storage_account"] else [],
    }
    if wanted["initial_replication_start"]:
        settings["onlineReplicationStartTime"] = wanted["initial_replication_start"]
    return settings


def _changes(policy: ReplicationPolicy, wanted: Mapping[str, Any], users: Sequence[Cloud]) -> list[Change]:
    found = []
    for name, before in values(policy).items():
        after = wanted[name]
        if before == after or (name == "storage_account" and same_id(before, after)):
            continue
        reason = f"policy {policy.name}: {_shown(name, before)} -> {_shown(name, after)}{_used_by(users)}"
        found.append(Change(name, before, after, reason))
    return found


def _used_by(users: Sequence[Cloud]) -> str:
    if not users:
        return ""
    return f" (also for the replicating machines of the clouds {', '.join(cloud.describe() for cloud in users)})"


def _removal(state: PolicyState, desired: DesiredPolicy) -> Plan:
    if state.policy is None:
        return Plan()
    if state.users:
        clouds = ", ".join(cloud.describe() for cloud in state.users)
        raise Refused(
            f"policy {desired.name} is associated with the clouds {clouds}; remove the associations first, with"
            " policy_association and state=absent"
        )
    return Plan((Change("state", "present", "absent", f"delete replication policy {desired.name}"),))


def _shown(name: str, value: Any) -> str:
    label = name.replace("_", " ")
    if name in _UNITS and value is not None:
        return f"{label} {duration(value * _UNITS[name]) if value else 'off'}"
    return f"{label} {value or 'none'}"


def _require_range(option: str, value: int, most: int) -> None:
    if not 0 <= value <= most:
        raise InvalidInput(option, f"must be between 0 and {most} hours, not {value}", "correct the number")


def _require_fewer(snapshots: int, retention: int) -> None:
    if snapshots and snapshots >= retention:
        raise InvalidInput(
            "app_consistent_frequency",
            f"must be lower than recovery_point_retention ({retention}), not {snapshots}",
            "lower it, keep more hours of recovery points, or set it to 0, which takes no app-consistent snapshots",
        )


def _start(text: str | None) -> str | None:
    if not text:
        return text
    if not _TIME.fullmatch(text):
        raise InvalidInput(
            "initial_replication_start", f"'{text}' is not a time of day", "give HH:MM, in quotation marks"
        )
    return text if text.count(":") == 2 else f"{text}:00"
