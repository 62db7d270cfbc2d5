# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the contents of a vault, and the soft-deleted vault of the same name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

# Backup counts that describe health, jobs or space of items that another count contains.
_DERIVED = ("CriticalCount", "WarningCount", "JobsCount", "Usage", "UsedDiskSize", "ManagedInstances")
_WHOLE = "ProtectedItemCount"


@dataclass(frozen=True, slots=True)
class Contents:
    """The contents of a vault from its usage counts and lists, as texts such as `backup items: 2`."""

    protection: tuple[str, ...] = ()
    backup: tuple[str, ...] = ()

    @classmethod
    def from_wire(
        cls,
        usages: Iterable[Mapping[str, Any]],
        replication: Iterable[Mapping[str, Any]],
        fabrics: Iterable[Mapping[str, Any]],
    ) -> Contents:
        return cls(tuple(_protection(list(replication), list(fabrics))), tuple(_backup(usages)))

    def summary(self, private_endpoints: tuple[str, ...] = ()) -> str:
        """Describe the contents in one line; an empty text for an empty vault."""
        endpoints = [f"private endpoints: {', '.join(private_endpoints)}"] if private_endpoints else []
        return "; ".join([*self.protection, *self.backup, *endpoints])


def _protection(replication: list[Mapping[str, Any]], fabrics: list[Mapping[str, Any]]) -> Iterable[str]:
    names = sorted(
        str((fabric.get("properties") or {}).get("friendlyName") or fabric.get("name") or "?") for fabric in fabrics
    )
    if names:
        yield f"registered servers: {', '.join(names)}"
    else:
        yield from _counted(replication, "registeredServersCount", "registered servers")
    yield from _counted(replication, "protectedItemCount", "replicated machines")
    yield from _counted(replication, "recoveryPlanCount", "recovery plans")


def _counted(replication: list[Mapping[str, Any]], name: str, words: str) -> Iterable[str]:
    total = sum(int(entry.get(name) or 0) for entry in replication)
    if total:
        yield f"{words}: {total}"


def _backup(usages: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    for usage in usages:
        name = usage.get("name") or {}
        key, count = str(name.get("value") or ""), int(usage.get("currentValue") or 0)
        part = key.endswith(_WHOLE) and key != _WHOLE
        if count and not part and not key.endswith(_DERIVED):
            words = {_WHOLE: "backup items", "MABContainersCount": "backup servers"}.get(key)
            yield f"{words or name.get('localizedValue') or key}: {count}"


@dataclass(frozen=True, slots=True)
class DeletedVault:
    """A vault in the soft-deleted state."""

    name: str
    vault_id: str
    deleted_at: str
    purged_at: str | None

    @classmethod
    def from_wire(cls, document: Mapping[str, Any]) -> DeletedVault:
        properties = document.get("properties") or {}
        return cls(
            str(document.get("name") or ""),
            str(properties.get("vaultId") or ""),
            str(properties.get("vaultDeletionTime") or "an unknown time"),
            properties.get("purgeAt"),
        )
