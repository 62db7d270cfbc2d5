# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: replication policies for Hyper-V to Azure, and the retired data encryption in them (P7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..common.check import Check

_SCENARIO = "HyperVReplicaAzure"
# The API declares a text. Everything else than one of these counts as encryption that is on.
_OFF = ("", "disabled", "disable", "false", "off", "none", "no", "0")
_CHECK = "data-encryption"


@dataclass(frozen=True, slots=True)
class ReplicationPolicy:
    """A policy of the vault for Hyper-V to Azure."""

    name: str
    copy_seconds: int | None
    encryption: bool
    id: str = ""
    retention_hours: int = 0
    snapshot_hours: int = 0
    start: str = ""
    account: str = ""

    @classmethod
    def from_wire(cls, document: Mapping[str, Any]) -> ReplicationPolicy | None:
        """Read a policy. Return None for the policies of other scenarios."""
        properties = document.get("properties") or {}
        details = properties.get("providerSpecificDetails") or {}
        if str(details.get("instanceType")).casefold() != _SCENARIO.casefold():
            return None
        encryption = details.get("encryption")
        return cls(
            str(properties.get("friendlyName") or document.get("name")),
            details.get("replicationInterval"),
            str("" if encryption is None else encryption).strip().casefold() not in _OFF,
            str(document.get("id") or ""),
            int(details.get("recoveryPointHistoryDurationInHours") or 0),
            int(details.get("applicationConsistentSnapshotFrequencyInHours") or 0),
            str(details.get("onlineReplicationStartTime") or ""),
            str(details.get("activeStorageAccountId") or ""),
        )


def policies_from_wire(documents: Iterable[Mapping[str, Any]]) -> list[ReplicationPolicy]:
    """Read the policies for Hyper-V out of all policies of a vault."""
    return [policy for policy in map(ReplicationPolicy.from_wire, documents) if policy]


def encrypting(policies: Iterable[ReplicationPolicy]) -> list[str]:
    """Return the names of the policies with data encryption, sorted."""
    return sorted(policy.name for policy in policies if policy.encryption)


def encryption_check(policies: Sequence[ReplicationPolicy] | None) -> Check:
    """Check that no policy uses the retired data encryption. None: the identity cannot read the policies.

    Source: "Deprecation of Site Recovery data encryption feature".
    """
    if policies is None:
        return Check.unknown(_CHECK, "P7", "the identity cannot read the replication policies of the vault")
    names = encrypting(policies)
    if not names:
        return Check.passed(_CHECK, "P7", "no replication policy uses data encryption")
    which = f"replication policy {names[0]} uses" if len(names) == 1 else f"replication policies {', '.join(names)} use"
    return Check.failed(
        _CHECK,
        "P7",
        f"{which} data encryption, which was retired on 2022-04-30: the machines of such a policy cannot fail over",
        "disable their replication, and enable it again with a policy without encryption",
    )
