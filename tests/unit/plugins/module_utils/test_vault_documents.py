# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Vaults: documents of the service and request bodies (B1)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from azure.mgmt.recoveryservices import models
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.properties import (
    read_properties,
    write_properties,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.vault import (
    Vault,
    VaultState,
    creation_body,
    plan_vault,
    update_bodies,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.vault_settings import (
    SETTINGS,
    without_configuration,
)
from tests.support.properties import unaccounted
from tests.unit.plugins.module_utils.resources import SUBSCRIPTION, short
from tests.unit.plugins.module_utils.vaults import (
    GEO,
    HAS_BOTH,
    HAS_ONE,
    ID,
    KEY,
    ONE,
    TWO,
    VAULT,
    desired,
    vault,
)

# Documents ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "document", "expected"),
    [
        ("bare", {"sku": None, "tags": None, "properties": None}, {"sku": "", "provisioning_state": "", "tags": {}}),
        ("access", {"properties": None}, {"public_network_access": "enabled", "private_endpoint_state": "None"}),
        (
            "no immutability",
            {"properties": {"securitySettings": {"immutabilitySettings": None}}},
            {"immutability": "disabled"},
        ),
        ("display name", {"location": "West Europe"}, {"location": "westeurope"}),
        (
            "a value of a newer service",
            {"properties": {"redundancySettings": {"standardTierStorageRedundancy": "Quantum"}}},
            {"redundancy": {"storage": "quantum", "cross_region_restore": "disabled"}},
        ),
        (
            "identity",
            {
                "identity": {
                    "type": "SystemAssigned, UserAssigned",
                    "principalId": "p",
                    "userAssignedIdentities": {ONE: {}},
                }
            },
            {"identity": {"system_assigned": True, "user_assigned": [ONE], "principal_id": "p"}},
        ),
        (
            "only user",
            HAS_ONE,
            {"identity": {"system_assigned": False, "user_assigned": [ONE.upper()], "principal_id": None}},
        ),
        (
            "endpoints",
            {
                "properties": {
                    "privateEndpointConnections": [{"properties": {"privateEndpoint": {"id": "/x/pe"}}}, {"id": "i"}]
                }
            },
            {"private_endpoints": ["i", "pe"]},
        ),
        (
            "own key",
            {
                "properties": {
                    "encryption": {
                        "keyVaultProperties": {"keyUri": KEY},
                        "kekIdentity": {"useSystemAssignedIdentity": True},
                    }
                }
            },
            {"encryption": {"key_uri": KEY, "identity": "system", "infrastructure": None}},
        ),
    ],
)
def test_a_vault_from_the_service(name: str, document: dict[str, Any], expected: dict[str, Any]) -> None:
    shown = Vault.from_wire({"id": ID, "name": "vault-dr", "location": "westeurope", **document}).to_result()
    assert {key: shown[key] for key in expected} == expected
    assert (shown["resource_group"], shown["subscription_id"]) == ("rg-dr", SUBSCRIPTION)


def test_a_change_is_sent_with_its_siblings() -> None:
    """The result is the same whether the service merges an object or replaces it."""
    found = vault({"soft_delete.state": "enabled", "soft_delete.days": 14, "monitoring.job_failures": "enabled"})
    requested = desired(soft_delete__days=30, tags={"a": "1"})
    assert update_bodies(found, requested, plan_vault(VaultState(found), requested)) == [
        {
            "tags": {"owner": "it", "a": "1"},
            "properties": {
                "securitySettings": {
                    "softDeleteSettings": {"softDeleteState": "Enabled", "softDeleteRetentionPeriodInDays": 30},
                    "immutabilitySettings": {"state": "Disabled"},
                }
            },
        }
    ]


def test_a_change_is_sent_with_members_that_no_option_describes() -> None:
    """A service that replaces an object would remove them."""
    scan = {"state": "Enabled", "sourceScanIdentity": {"operationIdentityType": "SystemAssigned"}}
    properties: dict[str, Any] = {
        "provisioningState": "Succeeded",
        "publicNetworkAccess": "Enabled",
        "securitySettings": {
            "softDeleteSettings": {"softDeleteState": "Invalid", "later": 7},
            "immutabilitySettings": {"state": "Disabled"},
            "sourceScanConfiguration": scan,
            "unset": None,
        },
        "monitoringSettings": {"later": {"state": "Enabled"}},
    }
    found = Vault.from_wire({"id": ID, "name": "vault-dr", "location": "westeurope", "properties": properties})
    requested = desired(soft_delete__days=30)
    assert update_bodies(found, requested, plan_vault(VaultState(found), requested)) == [
        {
            "properties": {
                "securitySettings": {
                    "softDeleteSettings": {"later": 7, "softDeleteRetentionPeriodInDays": 30},
                    "immutabilitySettings": {"state": "Disabled"},
                    "sourceScanConfiguration": scan,
                }
            }
        }
    ]
    # The observed document is not changed.
    assert properties["securitySettings"]["immutabilitySettings"] == {"state": "Disabled"}
    tags = desired(tags={"a": "1"})
    assert "properties" not in update_bodies(found, tags, plan_vault(VaultState(found), tags))[0]


def test_locking_takes_two_steps_unless_the_vault_is_unlocked() -> None:
    requested = desired(immutability="locked", yes=True, tags={"a": "1"})
    states = []
    for found in (VAULT, vault({"immutability": "unlocked"})):
        bodies = update_bodies(found, requested, plan_vault(VaultState(found), requested))
        assert ["tags" in body for body in bodies] == [True, *[False] * (len(bodies) - 1)]
        states.append([body["properties"]["securitySettings"]["immutabilitySettings"]["state"] for body in bodies])
    assert states == [["Unlocked", "Locked"], ["Locked"]]


@pytest.mark.parametrize(
    ("days", "kind"), [(None, {"type": "AsPerPolicy"}), (30, {"type": "TimeBased", "durationInDays": 30})]
)
def test_an_immutable_state_is_always_sent_with_a_configuration(days: int | None, kind: dict[str, Any]) -> None:
    """The service refuses a state without one, and another setting must not replace the observed one."""
    more = {} if days is None else {"immutability_days": days}
    requested = desired(immutability="unlocked", **more)
    bodies = [creation_body(requested), *update_bodies(VAULT, requested, plan_vault(VaultState(VAULT), requested))]
    found, later = vault({"immutability": "unlocked", "immutability_days": days}), desired(soft_delete__days=30)
    bodies += update_bodies(found, later, plan_vault(VaultState(found), later))
    sent = [body["properties"]["securitySettings"]["immutabilitySettings"] for body in bodies]
    assert sent == [{"state": "Unlocked", "configuration": kind}] * 3
    assert without_configuration(bodies[0])["properties"]["securitySettings"]["immutabilitySettings"] == {
        "state": "Unlocked"
    }
    assert without_configuration({"tags": {}}) == {"tags": {}}


@pytest.mark.parametrize("changed", [{}, {"immutability": "disabled"}])
def test_a_vault_that_is_not_immutable_has_no_configuration(changed: dict[str, Any]) -> None:
    body = creation_body(desired(immutability_days=0, **changed))
    assert "configuration" not in str(body)


@pytest.mark.parametrize(
    ("found", "changed", "identity"),
    [
        (VAULT, {"identity__system_assigned": True}, {"type": "SystemAssigned"}),
        (
            vault(**HAS_ONE),
            {"identity__user_assigned": [TWO], "identity__purge_user_assigned": True},
            {"type": "UserAssigned", "userAssignedIdentities": {TWO: {}, ONE.upper(): None}},
        ),
        (
            vault(**HAS_ONE),
            {"identity__system_assigned": True},
            {"type": "SystemAssigned, UserAssigned", "userAssignedIdentities": {ONE.upper(): {}}},
        ),
        (vault(**HAS_ONE), {"identity__user_assigned": [], "identity__purge_user_assigned": True}, {"type": "None"}),
    ],
)
def test_bodies_of_identities(found: Vault, changed: dict[str, Any], identity: dict[str, Any]) -> None:
    requested = desired(**changed)
    assert update_bodies(found, requested, plan_vault(VaultState(found), requested)) == [{"identity": identity}]


def test_the_creation_body_has_no_parts_that_need_a_second_call() -> None:
    requested = desired(
        immutability="locked",
        yes=True,
        identity__user_assigned=[ONE],
        encryption__key_uri=KEY,
        encryption__identity=ONE,
    )
    body = creation_body(requested)
    assert body["properties"] == {
        "securitySettings": {"immutabilitySettings": {"state": "Unlocked", "configuration": {"type": "AsPerPolicy"}}}
    }
    assert "identity" not in body
    assert requested.completed_later
    plain = desired(identity__system_assigned=True)
    assert creation_body(plain)["identity"] == {"type": "SystemAssigned"}
    assert not plain.completed_later


CHOICES = st.fixed_dictionaries(
    {},
    optional={
        "public_network_access": st.sampled_from(["enabled", "disabled"]),
        "immutability": st.sampled_from(["disabled", "unlocked"]),
        "soft_delete__days": st.integers(14, 180),
        "monitoring__job_failures": st.sampled_from(["enabled", "disabled"]),
        "redundancy__storage": st.sampled_from(["locally_redundant", "zone_redundant", "geo_redundant"]),
        "identity__system_assigned": st.booleans(),
        "identity__user_assigned": st.lists(st.sampled_from([ONE, TWO, ONE.upper()]), max_size=2),
        "identity__purge_user_assigned": st.booleans(),
        "tags": st.dictionaries(st.sampled_from(["owner", "cost"]), st.sampled_from(["it", "dr"])),
        "purge_tags": st.booleans(),
    },
)


@given(CHOICES, st.sampled_from([VAULT, vault(GEO, **HAS_BOTH), vault({"soft_delete.days": 30}, **HAS_ONE)]))
def test_the_plan_of_the_vault_after_its_plan_is_empty(changed: dict[str, Any], found: Vault) -> None:
    requested = desired(**changed)
    plan = plan_vault(VaultState(found), requested)
    after = short(plan)
    settings = {path: after.get(path, value) for path, value in found.settings.items()}
    final = replace(
        found,
        settings=settings,
        identity=requested.identity.merge_into(found.identity),
        tags=after.get("tags", found.tags),
    )
    assert not plan_vault(VaultState(final), requested).changed


def test_each_setting_reads_what_it_writes() -> None:
    values: dict[str, list[Any]] = {
        "immutability_days": [0, 30],
        "soft_delete.days": [14],
        "encryption.key_uri": [KEY],
        "encryption.identity": ["system", ONE],
    }
    for setting in SETTINGS:
        words = values.get(setting.path) or [
            word for word in ("enabled", "disabled", "locked") if _takes(setting, word)
        ]
        for value in words or ["geo_redundant"]:
            document = write_properties(SETTINGS, {setting.path: value})
            assert read_properties(SETTINGS, document)[setting.path] == value


def _takes(setting: Any, word: str) -> bool:
    try:
        setting.write(word, None)
    except KeyError:
        return False
    return True


OPTIONS = {
    "tags": "tags, purge_tags",
    "location": "location",
    "identity.type": "identity.system_assigned, identity.user_assigned",
    "identity.userAssignedIdentities": "identity.user_assigned, identity.purge_user_assigned",
    **{setting.wire: setting.path for setting in SETTINGS},
}
LEFT_OUT = {
    "etag": "the version of the document; a plan is verified by reading back instead",
    "sku": "one pricing model with two names: new vaults are Standard, existing vaults keep theirs",
    "properties.costManagementSettings": "the billing of backups in cost analysis, which does not include replication",
    "properties.moveDetails": "the service's record of a move; its members are read-only",
    "properties.upgradeDetails": "the service's record of an upgrade from an older type of vault",
    "properties.regionOfChoiceSettings": "regions of backup sources, which do not include the tenant's own machines",
    "properties.resourceGuardOperationRequests": "approvals of operations by a resource guard, which are not state",
    "properties.securitySettings.sourceScanConfiguration": "scans of backup sources; replication has none",
}


if hasattr(models, "DeletedVault"):  # Older SDKs describe their models differently, and support an older API.

    @pytest.mark.parametrize("model", [models.Vault, models.PatchVault])
    def test_every_writable_property_is_an_option_or_has_a_reason(model: type) -> None:
        assert unaccounted(model, OPTIONS, LEFT_OUT) == []
        assert all(LEFT_OUT.values())
