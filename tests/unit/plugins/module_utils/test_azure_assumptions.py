# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every assumption about Azure: what makes it hold, what contradicts it, and what settles nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.assumptions import ASSUMPTIONS
from tests.unit.plugins.module_utils.model.assumption_readings import (
    NO,
    OPEN,
    YES,
    Answers,
    Case,
    decide,
    read,
    refused,
    statuses,
)

GUID = "9a54cf2c-9ea0-48ca-82e9-70fbff7771e7"
FABRIC = {
    "name": "ab" * 32,
    "properties": {
        "friendlyName": "vmm01",
        "internalIdentifier": GUID,
        "customDetails": {"instanceType": "VMM"},
        "encryptionDetails": {"kekState": "Enabled"},
    },
}
SITE = {"name": "site", "properties": {"customDetails": {"instanceType": "HyperVSite"}}}
DENIED = refused(403, "AuthorizationFailed")
ACCOUNT = {
    "kind": "StorageV2",
    "properties": {
        "networkAcls": {},
        "encryption": {"services": {"blob": {"keyType": "Account"}}},
        "supportsHttpsTrafficOnly": True,
        "minimumTlsVersion": "TLS1_2",
        "provisioningState": "Succeeded",
        "privateEndpointConnections": [],
    },
}


def vault(**properties: Any) -> Answers:
    return {"vault": read({"location": "westeurope", "properties": properties})}


def soft_delete(**settings: Any) -> Answers:
    return vault(securitySettings={"softDeleteSettings": settings})


def immutable(**settings: Any) -> Answers:
    return vault(securitySettings={"immutabilitySettings": settings})


def fabrics(*found: Any) -> Answers:
    return {"fabrics": read(list(found))}


def provider(name: str = GUID, **properties: Any) -> Answers:
    moment = {"lastHeartBeat": "2026-03-01T12:00:00.1234567Z", "providerVersionState": "Latest"}
    return {"recovery_providers": read([{"name": name, "properties": {"fabricType": "VMM", **moment, **properties}}])}


def network(*subnets: Any, **more: Any) -> Answers:
    return {"networks": read([{"name": "v", "etag": 'W/"1"', "properties": {"subnets": list(subnets)}, **more}])}


def policy(**details: Any) -> Answers:
    shown = {"instanceType": "HyperVReplicaAzure", **details}
    return {"policies": read([{"properties": {"providerSpecificDetails": shown}}])}


def providers(versions: list[str], state: str = "Registered") -> Answers:
    kinds = [{"resourceType": "storageAccounts", "apiVersions": versions}]
    return {"providers": read({"Microsoft.Storage": {"registrationState": state, "resourceTypes": kinds}})}


def values(name: str, *found: Any) -> Answers:
    return {name: read({"value": list(found)})}


SENT = {"versions": read({"Microsoft.Storage/storageAccounts": "2026-09-01"})}
NO_ONE = {"fabrics": read([SITE])}
SUBSCRIPTION_LOCK = {"id": "/subscriptions/s/providers/Microsoft.Authorization/locks/a"}
GROUP_LOCK = {"id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Authorization/locks/b"}
COUNTS = {"protectedItemCount": 0, "registeredServersCount": 1, "recoveryPlanCount": 0}
USAGES = {"usages": read([{"name": {"value": "ProtectedItemCount"}}])}
ENDED = {"protectedItemCount": 0}

NO_GROUP, NO_VAULT = refused(404, "ResourceGroupNotFound"), refused(404, "ResourceNotFound")

CASES: list[Case] = [
    ("A-A-01", {**SENT, **providers(["2026-09-01", "2025-01-01"])}, YES),
    ("A-A-01", {**SENT, **providers(["2025-01-01"])}, NO),
    ("A-A-01", {**SENT, "providers": read(None)}, OPEN),
    ("A-A-01", {**SENT, "providers": read({})}, OPEN),
    ("A-A-02", {"absent_vault": refused(404, "ResourceNotFound")}, YES),
    ("A-A-02", {"absent_vault": refused(404, "NotFound")}, NO),
    ("A-A-02", {"absent_vault": DENIED}, OPEN),
    ("A-A-02", {"absent_vault": NO_GROUP}, OPEN),
    ("A-A-03", {"absent_group": refused(404, "ResourceGroupNotFound")}, YES),
    ("A-A-03", {"absent_group": refused(400, "ResourceGroupNotFound")}, NO),
    ("A-A-03", {"absent_group": DENIED}, OPEN),
    ("A-A-04", {"absent_fabric": refused(404, "NotFound")}, YES),
    ("A-A-04", {"absent_fabric": refused(404, "InvalidResourceType")}, NO),
    ("A-A-04", {"absent_fabric": NO_GROUP}, OPEN),
    ("A-A-04", {"absent_fabric": NO_VAULT, "vault": NO_VAULT}, OPEN),
    ("A-A-04", {}, OPEN),
    ("A-A-25", {"extended": NO_GROUP}, OPEN),
    ("A-A-25", {"extended": NO_VAULT, "vault": NO_VAULT}, OPEN),
    ("A-A-05", {"unknown_operation": refused(404, "OperationNotFound")}, YES),
    ("A-A-05", {"unknown_operation": refused(404, "ResourceNotFound")}, NO),
    ("A-A-05", {"unknown_operation": read({"status": "Succeeded"})}, OPEN),
    ("A-A-06", {**providers([], "NotRegistered"), "accounts": refused(409, "MissingSubscriptionRegistration")}, YES),
    ("A-A-06", {**providers([], "NotRegistered"), "accounts": read([])}, NO),
    ("A-A-06", {**providers([]), "accounts": read([])}, OPEN),
    (
        "A-A-07",
        {**values("locks_subscription", SUBSCRIPTION_LOCK, GROUP_LOCK), **values("locks_group", SUBSCRIPTION_LOCK)},
        YES,
    ),
    ("A-A-07", {**values("locks_subscription", SUBSCRIPTION_LOCK), **values("locks_group", GROUP_LOCK)}, NO),
    ("A-A-07", {**values("locks_subscription", GROUP_LOCK), **values("locks_group", GROUP_LOCK)}, OPEN),
    ("A-A-07", {"locks_subscription": DENIED, **values("locks_group")}, OPEN),
    ("A-A-08", values("permissions", {"actions": ["*"]}), YES),
    ("A-A-08", values("permissions", {"actions": ["*"], "condition": "@Resource[x]"}), NO),
    ("A-A-08", {"permissions": DENIED}, OPEN),
    ("A-A-09", values("deny_assignments"), YES),
    ("A-A-09", values("deny_assignments", {"name": "a"}), NO),
    ("A-A-09", {"deny_assignments": refused(404, "InvalidResourceNamespace")}, OPEN),
    ("A-A-10", values("locations", {"name": "westeurope"}), OPEN),
    ("A-A-20", soft_delete(softDeleteState="AlwaysON", enhancedSecurityState="AlwaysON"), YES),
    ("A-A-20", soft_delete(softDeleteState="SomethingNew"), NO),
    ("A-A-20", vault(), OPEN),
    ("A-A-20", {"vault": refused(404, "ResourceNotFound")}, OPEN),
    ("A-A-21", soft_delete(softDeleteState="AlwaysOn"), YES),
    ("A-A-21", soft_delete(softDeleteState="Enabled"), NO),
    ("A-A-21", vault(), OPEN),
    ("A-A-22", immutable(state="Unlocked", configuration={"type": "AsPerPolicy"}), YES),
    ("A-A-22", immutable(state="Locked"), NO),
    ("A-A-22", immutable(state="Disabled"), OPEN),
    ("A-A-23", vault(restoreSettings={}, securitySettings={}, publicNetworkAccess="Enabled"), YES),
    ("A-A-23", vault(publicNetworkAccess="Enabled"), NO),
    ("A-A-23", {"vault": DENIED}, OPEN),
    ("A-A-24", {**vault(a=1, b=2), "vault_older": read({"properties": {"a": 1}})}, YES),
    ("A-A-24", {**vault(a=1, b=2), "vault_older": read({"properties": {"a": 1, "c": 3}})}, NO),
    ("A-A-24", {**vault(a=1), "vault_older": read({"properties": {"a": 1}})}, OPEN),
    ("A-A-25", {"extended": refused(404, "ResourceExtendedInfoNotFound")}, YES),
    ("A-A-25", {"extended": read({"members": ["algorithm", "integrityKey"], "algorithm": "None"})}, YES),
    ("A-A-25", {"extended": refused(404, "ResourceNotFound")}, NO),
    ("A-A-25", {"extended": DENIED}, OPEN),
    ("A-A-26", {**USAGES, "replication_usages": read([COUNTS])}, YES),
    ("A-A-26", {**USAGES, "replication_usages": read([ENDED])}, NO),
    ("A-A-26", {**USAGES, "replication_usages": read([])}, OPEN),
    ("A-A-27", values("deleted_vaults", {"properties": {"vaultId": "v", "purgeAt": "p"}}), YES),
    ("A-A-27", {"deleted_vaults": refused(404, "InvalidResourceType")}, NO),
    ("A-A-27", {"deleted_vaults": read(None)}, OPEN),
    ("A-A-30", fabrics(FABRIC, SITE), YES),
    ("A-A-30", fabrics({**FABRIC, "name": "vmm01"}), NO),
    ("A-A-30", NO_ONE, OPEN),
    ("A-A-31", {**fabrics(FABRIC), "vmm_ids": read([f"{{{GUID.upper()}}}"])}, YES),
    ("A-A-31", {**fabrics(FABRIC), "vmm_ids": read(["0d3a55a4-9a44-4f2b-8d8a-5d4f3f8f2a11"])}, NO),
    ("A-A-31", {**fabrics(FABRIC), "vmm_ids": read([])}, OPEN),
    ("A-A-31", {**fabrics(FABRIC), "vmm_ids": read(["a", "b"])}, OPEN),
    ("A-A-32", {**fabrics(FABRIC), **provider()}, YES),
    ("A-A-32", {**fabrics(FABRIC), **provider("other")}, NO),
    ("A-A-32", {**fabrics(FABRIC), "recovery_providers": read([])}, OPEN),
    ("A-A-33", provider(providerVersionExpiryDate="2027-03-01T00:00:00Z"), YES),
    ("A-A-33", provider(providerVersionState="Brilliant"), NO),
    ("A-A-33", provider(lastHeartBeat="yesterday"), NO),
    ("A-A-33", {"recovery_providers": read([])}, OPEN),
    (
        "A-A-34",
        {"containers": read([{"name": GUID, "properties": {"fabricType": "VMM"}}]), "vmm_cloud_ids": read([GUID])},
        YES,
    ),
    (
        "A-A-34",
        {"containers": read([{"name": "cloud", "properties": {"fabricType": "VMM"}}]), "vmm_cloud_ids": read([GUID])},
        NO,
    ),
    ("A-A-34", {"containers": read([]), "vmm_cloud_ids": read([GUID])}, OPEN),
    ("A-A-35", {**fabrics(FABRIC), "policies": read([])}, YES),
    (
        "A-A-35",
        {
            **fabrics({**FABRIC, "properties": {**FABRIC["properties"], "encryptionDetails": {"kekState": "None"}}}),  # type: ignore[dict-item]
            "policies": read([]),
        },
        NO,
    ),
    ("A-A-35", {**fabrics(FABRIC), **policy(encryption="Enabled")}, OPEN),
    ("A-A-36", {"fabric_networks": read([{"id": "/A"}]), "vm_networks": read([{"id": "/a"}, {"id": "/b"}])}, YES),
    ("A-A-36", {"fabric_networks": read([{"id": "/A"}]), "vm_networks": read([])}, NO),
    ("A-A-36", {"fabric_networks": read([]), "vm_networks": read([])}, OPEN),
    ("A-A-37", policy(encryption="Disabled"), YES),
    ("A-A-37", policy(), NO),
    ("A-A-37", {"policies": read([])}, OPEN),
    ("A-A-40", network({"etag": 'W/"1"'}), YES),
    ("A-A-40", network({}), NO),
    ("A-A-40", network(etag=None), NO),
    ("A-A-40", {"networks": read([])}, OPEN),
    ("A-A-41", network({"properties": {"defaultOutboundAccess": False}}), YES),
    ("A-A-41", network({"properties": {}}), NO),
    ("A-A-41", network(), OPEN),
    ("A-A-42", {"accounts": read([ACCOUNT])}, YES),
    ("A-A-42", {"accounts": read([ACCOUNT, {"properties": {}}])}, NO),
    ("A-A-42", {"accounts": read([])}, OPEN),
    ("A-A-43", {"accounts": read([ACCOUNT])}, YES),
    ("A-A-43", {"accounts": read([{"kind": "Storage"}])}, NO),
    ("A-A-43", {"accounts": read([])}, OPEN),
]
READABLE = [each.id for each in ASSUMPTIONS if each.decide is not None]


@pytest.mark.parametrize(("identity", "answers", "status"), CASES)
def test_decision(identity: str, answers: Answers, status: str) -> None:
    decision = decide(ASSUMPTIONS, identity, answers)
    assert decision.status == status, decision
    assert (decision.reason != "") == (status == OPEN)
    assert json.loads(json.dumps(dict(decision.observed))) == decision.observed


def test_a_region_is_refused_by_the_name_that_azure_has_or_it_is_not() -> None:
    found = {
        name: decide(ASSUMPTIONS, "A-A-10", values("locations", {"name": name})).status
        for name in ("southcentralindia", "indiasouthcentral")
    }
    # One of the two spellings is the one that the collection refuses.
    assert YES in found.values()
    assert set(found.values()) <= {YES, NO}


@pytest.mark.parametrize("identity", [each for each in READABLE if each != "A-A-10"])
def test_every_decision_is_tried(identity: str) -> None:
    assert statuses(CASES).get(identity) == {YES, NO, OPEN}


@pytest.mark.parametrize("identity", READABLE)
def test_a_look_that_brought_nothing_settles_nothing(identity: str) -> None:
    assert decide(ASSUMPTIONS, identity, {}).status == OPEN


@pytest.mark.parametrize("each", [each for each in ASSUMPTIONS if each.decide is None], ids=lambda each: each.id)
def test_what_needs_a_change_is_not_settled(each: Any) -> None:
    decision = decide(ASSUMPTIONS, each.id, {})
    assert (decision.status, decision.reason) == (OPEN, f"a read cannot settle it, {each.needs}")
