# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replication policies, and the retired data encryption in them (P7)."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.replication_policy import (
    ReplicationPolicy,
    encrypting,
    encryption_check,
    policies_from_wire,
)

FAST = ReplicationPolicy("fast", 30, encryption=False)
OLD = ReplicationPolicy("old", 300, encryption=True)


def policy(encryption: Any, kind: str = "HyperVReplicaAzure") -> dict[str, Any]:
    details = {"instanceType": kind, "replicationInterval": 300, "encryption": encryption}
    return {"name": "p", "properties": {"providerSpecificDetails": details}}


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        (
            {"instanceType": "HyperVReplicaAzure", "replicationInterval": 30},
            ReplicationPolicy("p", 30, encryption=False),
        ),
        ({"instanceType": "InMageRcm"}, None),
        (None, None),
    ],
)
def test_a_policy_from_the_service(details: Any, expected: ReplicationPolicy | None) -> None:
    document = {"name": "p", "properties": {"providerSpecificDetails": details}}
    assert ReplicationPolicy.from_wire(document) == expected


@pytest.mark.parametrize(
    ("encryption", "expected"),
    [
        ("Enabled", True),
        ("enabled", True),
        ("Enable", True),
        ("On", True),
        ("1", True),
        (True, True),
        ("Disabled", False),
        ("disable", False),
        ("Off", False),
        ("0", False),
        (False, False),
        ("", False),
        (None, False),
    ],
)
def test_encryption_is_evaluated_in_one_way(encryption: Any, expected: bool) -> None:
    (found,) = policies_from_wire([policy(encryption), {"name": "q"}])
    assert found.encryption is expected


def test_a_policy_of_another_scenario_does_not_count() -> None:
    assert policies_from_wire([policy("Enabled", "InMageAzureV2"), policy("Enabled", "A2A")]) == []


def test_the_check_names_all_policies_in_one_line() -> None:
    """P7: the collection has no option for it, because the feature was retired."""
    check = encryption_check([FAST, OLD])
    assert (check.severity, check.status, check.step) == ("error", "fail", "P7")
    assert check.message.startswith("replication policy old uses data encryption, which was retired on 2022-04-30")
    assert "\n" not in check.message
    both = [OLD, ReplicationPolicy("a", 300, encryption=True)]
    assert encrypting(both) == ["a", "old"]
    assert encryption_check(both).message.startswith("replication policies a, old use data encryption")
    assert encryption_check([FAST]).status == encryption_check([]).status == "pass"
    assert encryption_check(None).status == "unknown"
