# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Vaults: what is compared, what is refused, what is sent (B1)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from azure.mgmt.recoveryservices import models
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.regions import require_region
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.resource_group import Grouped
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.vault import (
    DesiredVault,
    Sight,
    Vault,
    creation_body,
    plan_vault,
    update_bodies,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.vault_contents import (
    Contents,
    DeletedVault,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.vault_settings import (
    SETTINGS,
    read_settings,
    write_settings,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import InvalidInput, Refused
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.plan import UNKNOWN, apply_changes
from tests.support.properties import unaccounted
from tests.unit.plugins.module_utils.nouns import GROUP, SUBSCRIPTION, options_of, short

ID = f"{GROUP}/providers/Microsoft.RecoveryServices/vaults/vault-dr"
USERS = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
ONE, TWO = f"{USERS}/one", f"{USERS}/two"
KEY = "https://keys.vault.azure.net/keys/k/1"


def vault(settings: dict[str, Any] | None = None, **document: Any) -> Vault:
    """A vault as it comes from the wire, with settings by their path."""
    properties = {"provisioningState": "Succeeded", **write_settings(settings or {}), **document.pop("properties", {})}
    return Vault.from_wire(
        {
            "id": ID,
            "name": "vault-dr",
            "location": "westeurope",
            "sku": {"name": "Standard"},
            "tags": {"owner": "it"},
            "properties": properties,
            **document,
        }
    )


VAULT = vault()


def desired(**changed: Any) -> DesiredVault:
    """Options as a module has them; dotted names reach into dictionaries, `yes` consents to what can't be undone."""
    options = options_of("vault", **{"name": "vault-dr", "location": "West Europe"})
    options["allow_irreversible"] = changed.pop("yes", False)
    for path, value in changed.items():
        top, _, leaf = path.partition("__")
        options[top] = (
            {**({"append": True} if top == "identity" else {}), **(options[top] or {}), leaf: value} if leaf else value
        )
    return DesiredVault.from_options(options)


# Offline -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "v", "1vault", "vault_dr", "v" * 51, "vault\n"])
def test_a_name_that_azure_does_not_take(name: str) -> None:
    with pytest.raises(InvalidInput, match=r"^name: .*; .*choose another name$"):
        desired(name=name)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"location": None}, "location: is needed"),
        ({"location": ""}, "location: is needed"),
        ({"location": "west-europe"}, "location: 'west-europe' is no region"),
        ({"location": "Germany Central"}, "location: germanycentral was closed"),
        ({"location": "South Central India"}, "location: Site Recovery is not offered in southcentralindia"),
        ({"location": "North East US 5"}, "location: Site Recovery is not offered in northeastus5"),
        ({"soft_delete__days": 13}, "soft_delete.days: 13 is not between 14 and 180"),
        ({"soft_delete__days": 181}, "soft_delete.days: 181 is not between 14 and 180"),
        ({"immutability_days": -1}, "immutability_days: can't be negative"),
        ({"immutability_days": 7, "immutability": "disabled"}, "immutability_days: means nothing"),
        (
            {"redundancy__storage": "zone_redundant", "redundancy__cross_region_restore": "enabled"},
            "redundancy.cross_region_restore: needs geo-redundant storage, not zone_redundant",
        ),
        ({"encryption__key_uri": "k"}, "encryption.key_uri: is no https address"),
        ({"encryption__identity": "me"}, "encryption.identity: 'me' is not the id"),
        ({"identity__user_assigned": [ID]}, f"identity.user_assigned: '{ID}' is not the id"),
    ],
)
def test_a_wrong_option_is_told_before_any_call(changed: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        desired(**changed)
    assert refused.value.message.startswith(told)
    assert "; " in refused.value.message


@pytest.mark.parametrize(
    ("place", "cloud", "belongs"),
    [
        ("westeurope", "AzureCloud", True),
        ("China North 3", "AzureChinaCloud", True),
        ("usgovvirginia", "azure_us_gov_cloud", True),
        ("usdodeast", "AzureUSGovernment", True),
        ("chinanorth3", "https://arm.local.azurestack.external/metadata", True),
        ("chinanorth3", None, True),
        ("chinanorth3", "AzureCloud", False),
        ("usgovvirginia", "AZURE_PUBLIC_CLOUD", False),
        ("westeurope", "AzureChinaCloud", False),
        ("chinanorth3", "AzureUSGovernment", False),
    ],
)
def test_a_region_belongs_to_one_cloud(place: str, cloud: str | None, belongs: bool) -> None:
    if belongs:
        assert require_region(place, cloud) == place.replace(" ", "").lower()
        return
    with pytest.raises(
        InvalidInput, match=r"^location: .* is a region of Azure\w+, not of Azure\w+; .*cloud_environment"
    ):
        require_region(place, cloud)


# What is changed -----------------------------------------------------------------------------------------------------

GEO = {"redundancy.storage": "geo_redundant"}
KEYED = {"encryption.key_uri": KEY, "encryption.identity": ONE, "encryption.infrastructure": "disabled"}
HAS_ONE = {"identity": {"type": "UserAssigned", "userAssignedIdentities": {ONE.upper(): {}}}}
HAS_BOTH = {"identity": {"type": "SystemAssigned, UserAssigned", "userAssignedIdentities": {ONE: {}, TWO: {}}}}


@pytest.mark.parametrize(
    ("name", "found", "changed", "expected"),
    [
        ("as wanted", VAULT, {}, {}),
        ("as wanted, all written", VAULT, {"public_network_access": "enabled", "tags": {"owner": "it"}}, {}),
        ("location in display form", VAULT, {"location": "westeurope"}, {}),
        ("access", VAULT, {"public_network_access": "disabled"}, {"public_network_access": "disabled"}),
        ("tag added", VAULT, {"tags": {"a": "1"}}, {"tags": {"owner": "it", "a": "1"}}),
        ("tag value", VAULT, {"tags": {"owner": "dr"}}, {"tags": {"owner": "dr"}}),
        ("tags replaced", VAULT, {"tags": {"a": "1"}, "append_tags": False}, {"tags": {"a": "1"}}),
        ("tags removed", VAULT, {"tags": {}, "append_tags": False}, {"tags": {}}),
        ("a tag in other case", VAULT, {"tags": {"OWNER": "it"}}, {}),
        ("not immutable already", VAULT, {"immutability": "disabled"}, {}),
        ("immutable", VAULT, {"immutability": "unlocked"}, {"immutability": "unlocked"}),
        ("locked with consent", VAULT, {"immutability": "locked", "yes": True}, {"immutability": "locked"}),
        ("locked already", vault({"immutability": "locked"}), {"immutability": "locked"}, {}),
        ("days of the policy", VAULT, {"immutability_days": 0}, {"immutability_days": 0}),
        ("days", vault({"immutability_days": 0}), {"immutability_days": 30}, {"immutability_days": 30}),
        ("kept longer", VAULT, {"soft_delete__days": 30}, {"soft_delete.days": 30}),
        ("kept as long", vault({"soft_delete.days": 30}), {"soft_delete__days": 30}, {}),
        ("alert", VAULT, {"monitoring__job_failures": "disabled"}, {"monitoring.job_failures": "disabled"}),
        ("storage", vault(GEO), {"redundancy__storage": "zone_redundant"}, {"redundancy.storage": "zone_redundant"}),
        ("no restore elsewhere", vault(GEO), {"redundancy__cross_region_restore": "disabled"}, {}),
        (
            "system identity",
            VAULT,
            {"identity__system_assigned": True},
            {"identity.system_assigned": True, "identity.principal_id": UNKNOWN},
        ),
        ("user identity in other case", vault(**HAS_ONE), {"identity__user_assigned": [ONE]}, {}),
        (
            "user identity added",
            vault(**HAS_ONE),
            {"identity__user_assigned": [TWO]},
            {"identity.user_assigned": sorted([ONE.upper(), TWO], key=str.casefold)},
        ),
        ("nobody wrote of identities", vault(**HAS_BOTH), {}, {}),
        (
            "user identities replaced",
            vault(**HAS_BOTH),
            {"identity__user_assigned": [TWO], "identity__append": False},
            {"identity.user_assigned": [TWO]},
        ),
        (
            "no identity",
            vault(**HAS_BOTH),
            {"identity__system_assigned": False, "identity__user_assigned": [], "identity__append": False},
            {"identity.system_assigned": False, "identity.user_assigned": [], "identity.principal_id": None},
        ),
        (
            "a new key",
            vault(KEYED, **HAS_ONE),
            {"encryption__key_uri": KEY + "2", "encryption__identity": ONE.upper()},
            {"encryption.key_uri": KEY + "2"},
        ),
    ],
)
def test_plan_of_a_vault_that_is_there(
    name: str, found: Vault, changed: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert short(plan_vault(Grouped(found), desired(**changed))) == expected


BACKUP = Contents(backup=("backup items: 3",))
BURIED = DeletedVault("guid", ID, "2026-11-20T10:00:00Z", "2026-12-04T10:00:00Z")
DELETION = {"state": "absent", "allow_delete": True, "location": None}


@pytest.mark.parametrize(
    ("found", "changed", "told"),
    [
        (Sight(VAULT), {"location": "North Europe"}, "location: vault vault-dr is in westeurope and can't be moved"),
        (Sight(VAULT), {"immutability": "locked"}, "immutability: locked can't be undone; set allow_irreversible"),
        (
            Sight(vault({"immutability": "locked"})),
            {"immutability": "unlocked", "yes": True},
            "immutability: vault vault-dr has locked, which can't be undone",
        ),
        (
            Sight(vault({"soft_delete.state": "always_on"})),
            {"soft_delete__state": "disabled", "yes": True},
            "soft_delete.state: vault vault-dr has always_on, which can't be undone",
        ),
        (Sight(VAULT), {"soft_delete__state": "always_on"}, "soft_delete.state: always_on can't be undone; set allow"),
        (Sight(VAULT), {"soft_delete__hybrid_state": "always_on"}, "soft_delete.hybrid_state: always_on can't"),
        (
            Sight(VAULT),
            {"cross_subscription_restore": "permanently_disabled"},
            "cross_subscription_restore: permanently_disabled can't be undone",
        ),
        (
            Sight(VAULT),
            {"redundancy__cross_region_restore": "enabled"},
            "redundancy.cross_region_restore: enabled can't",
        ),
        (
            Sight(vault({**GEO, "redundancy.cross_region_restore": "enabled"})),
            {"redundancy__cross_region_restore": "disabled", "yes": True},
            "redundancy.cross_region_restore: vault vault-dr has enabled, which can't be undone",
        ),
        (
            Sight(vault({"redundancy.storage": "locally_redundant"})),
            {"redundancy__cross_region_restore": "enabled", "yes": True},
            "redundancy.cross_region_restore: needs geo-redundant storage, vault vault-dr would have locally_redundant",
        ),
        (
            Sight(vault(GEO), contents=BACKUP),
            {"redundancy__storage": "locally_redundant"},
            "redundancy.storage: vault vault-dr holds backup items: 3, and Azure lets its storage change only before",
        ),
        (Sight(VAULT), {"encryption__key_uri": KEY, "yes": True}, "encryption.identity: is needed with a key"),
        (Sight(VAULT), {"encryption__identity": ONE}, "encryption: vault vault-dr has no key of yours"),
        (
            Sight(vault(**HAS_ONE)),
            {"encryption__key_uri": KEY, "encryption__identity": ONE},
            "encryption.key_uri: encryption with a key of yours can't be switched off again; set allow_irreversible",
        ),
        (
            Sight(VAULT),
            {"encryption__key_uri": KEY, "encryption__identity": "system", "yes": True},
            "identity: vault vault-dr opens its key with its system-assigned identity, which it would not have",
        ),
        (
            Sight(vault(KEYED, **HAS_ONE)),
            {"identity__user_assigned": [], "identity__append": False},
            f"identity: vault vault-dr opens its key with {ONE}, which it would not have",
        ),
        (
            Sight(vault(KEYED, **HAS_ONE)),
            {"encryption__infrastructure": "enabled", "yes": True},
            "encryption.infrastructure: vault vault-dr got its key with disabled, and that can't be changed",
        ),
        (Sight(None), {"immutability": "locked"}, "immutability: locked can't be undone"),
        (
            Sight(None),
            {"encryption__key_uri": KEY, "encryption__identity": "system", "yes": True},
            "encryption.identity: vault vault-dr does not exist yet, so its own identity has no right",
        ),
        (Sight(None, group_missing=True), {}, "resource_group: 'rg-dr' does not exist; "),
        (
            Sight(None, deleted=BURIED),
            {"undelete": True, "soft_delete__state": "always_on"},
            "soft_delete.state: always_on can't be undone",
        ),
        (
            Sight(None, unregistered=True),
            {"register_resource_provider": False},
            "resource provider Microsoft.RecoveryServices is not registered on subscription"
            f" {SUBSCRIPTION}; run `az provider register --namespace Microsoft.RecoveryServices",
        ),
        (
            Sight(None, deleted=BURIED),
            {},
            "name: a vault vault-dr of resource group rg-dr was deleted at 2026-11-20T10:00:00Z and Azure keeps it and"
            " its name until 2026-12-04T10:00:00Z; set undelete to true",
        ),
        (Sight(VAULT), {"state": "absent"}, "state: absent would delete vault vault-dr; set allow_delete to true"),
        (
            Sight(VAULT, contents=Contents()),
            {**DELETION, "location": "eastus"},
            "location: vault vault-dr is in westeurope, not in eastus",
        ),
        (
            Sight(
                vault(properties={"privateEndpointConnections": [{"name": "pe-1"}]}),
                contents=Contents(("registered servers: vmm01",), ("backup items: 3",)),
            ),
            DELETION,
            "vault vault-dr is not empty, it still has registered servers: vmm01; backup items: 3; private endpoints:"
            " pe-1; remove them, then delete it",
        ),
    ],
)
def test_a_state_that_must_not_be_touched_is_told_in_one_line(found: Sight, changed: dict[str, Any], told: str) -> None:
    with pytest.raises(Refused) as refused:
        plan_vault(found, desired(**changed))
    assert refused.value.message.startswith(told)
    assert "; " in refused.value.message


def test_plan_of_a_new_vault_says_all_that_will_be() -> None:
    plan = plan_vault(Grouped(None), desired(tags={"cost": 7}, monitoring__job_failures="enabled"))
    shown = apply_changes({}, plan.changes)
    assert shown.keys() == VAULT.to_result().keys()
    assert (shown["id"], shown["tags"], shown["sku"]) == (UNKNOWN, {"cost": "7"}, "Standard")
    assert shown["monitoring"]["job_failures"] == "enabled"
    assert shown["redundancy"] == {"storage": UNKNOWN, "cross_region_restore": UNKNOWN}
    assert {change.reason for change in plan.changes} == {"create vault vault-dr in westeurope"}


@pytest.mark.parametrize(
    ("found", "changed", "path", "reason"),
    [
        (
            Sight(None, group_missing=True),
            {"create_resource_group": True},
            "resource_group",
            "create resource group rg-dr",
        ),
        (
            Sight(None, unregistered=True),
            {},
            "resource_provider",
            "register resource provider Microsoft.RecoveryServices",
        ),
        (
            Sight(None, deleted=BURIED),
            {"undelete": True},
            "id",
            "undelete vault vault-dr, deleted at 2026-11-20T10:00:00Z",
        ),
        (Sight(VAULT, contents=Contents()), DELETION, "state", "delete vault vault-dr"),
        (Sight(VAULT, contents=Contents()), {**DELETION, "location": "westeurope"}, "state", "delete vault vault-dr"),
    ],
)
def test_the_first_change_says_what_is_done(found: Sight, changed: dict[str, Any], path: str, reason: str) -> None:
    first = plan_vault(found, desired(**changed)).changes[0]
    assert (first.path, first.reason) == (path, reason)


@pytest.mark.parametrize("found", [Sight(None), Sight(None, group_missing=True), Sight(None, unregistered=True)])
def test_an_absent_vault_needs_neither_consent_nor_group(found: Sight) -> None:
    assert not plan_vault(found, desired(state="absent", location=None)).changed


@pytest.mark.parametrize(
    ("usages", "replication", "fabrics", "told"),
    [
        ({}, {}, [], ""),
        (
            {"ProtectedItemCount": 2, "IaaSVMProtectedItemCount": 2, "ProtectedItemWarningCount": 1},
            {},
            [],
            "backup items: 2",
        ),
        ({"MABContainersCount": 1, "FailedJobsCount": 4, "GRSStorageUsage": 9}, {}, [], "backup servers: 1"),
        ({"SomethingNewCount": 1}, {}, [], "Something new: 1"),
        ({}, {"registeredServersCount": 2}, [], "registered servers: 2"),
        (
            {},
            {"registeredServersCount": 1, "protectedItemCount": 3, "recoveryPlanCount": 1},
            [{"name": "abc", "properties": {"friendlyName": "vmm01"}}, {"name": "def"}],
            "registered servers: def, vmm01; replicated machines: 3; recovery plans: 1",
        ),
    ],
)
def test_what_a_vault_holds(
    usages: dict[str, int], replication: dict[str, int], fabrics: list[dict[str, Any]], told: str
) -> None:
    documents = [
        {"currentValue": count, "name": {"value": name, "localizedValue": "Something new"}}
        for name, count in usages.items()
    ]
    assert Contents.from_wire(documents, [replication], fabrics).summary() == told


# The wire ------------------------------------------------------------------------------------------------------------


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
            "a word of later",
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
def test_a_vault_from_the_wire(name: str, document: dict[str, Any], expected: dict[str, Any]) -> None:
    shown = Vault.from_wire({"id": ID, "name": "vault-dr", "location": "westeurope", **document}).to_result()
    assert {key: shown[key] for key in expected} == expected
    assert (shown["resource_group"], shown["subscription_id"]) == ("rg-dr", SUBSCRIPTION)


def test_a_change_is_sent_with_what_stands_beside_it() -> None:
    """So the result is the same whether the service merges below a property or replaces it."""
    found = vault({"soft_delete.state": "enabled", "soft_delete.days": 14, "monitoring.job_failures": "enabled"})
    asked = desired(soft_delete__days=30, tags={"a": "1"})
    assert update_bodies(found, asked, plan_vault(Grouped(found), asked)) == [
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


def test_a_lock_takes_two_steps_unless_the_first_is_done() -> None:
    asked = desired(immutability="locked", yes=True, tags={"a": "1"})
    states = []
    for found in (VAULT, vault({"immutability": "unlocked"})):
        bodies = update_bodies(found, asked, plan_vault(Grouped(found), asked))
        assert ["tags" in body for body in bodies] == [True, *[False] * (len(bodies) - 1)]
        states.append([body["properties"]["securitySettings"]["immutabilitySettings"]["state"] for body in bodies])
    assert states == [["Unlocked", "Locked"], ["Locked"]]


@pytest.mark.parametrize(
    ("found", "changed", "identity"),
    [
        (VAULT, {"identity__system_assigned": True}, {"type": "SystemAssigned"}),
        (
            vault(**HAS_ONE),
            {"identity__user_assigned": [TWO], "identity__append": False},
            {"type": "UserAssigned", "userAssignedIdentities": {TWO: {}, ONE.upper(): None}},
        ),
        (
            vault(**HAS_ONE),
            {"identity__system_assigned": True},
            {"type": "SystemAssigned, UserAssigned", "userAssignedIdentities": {ONE.upper(): {}}},
        ),
        (vault(**HAS_ONE), {"identity__user_assigned": [], "identity__append": False}, {"type": "None"}),
    ],
)
def test_identities_on_the_wire(found: Vault, changed: dict[str, Any], identity: dict[str, Any]) -> None:
    asked = desired(**changed)
    assert update_bodies(found, asked, plan_vault(Grouped(found), asked)) == [{"identity": identity}]


def test_a_new_vault_gets_at_once_what_creation_can_do() -> None:
    asked = desired(
        immutability="locked",
        yes=True,
        identity__user_assigned=[ONE],
        encryption__key_uri=KEY,
        encryption__identity=ONE,
    )
    body = creation_body(asked)
    assert body["properties"] == {"securitySettings": {"immutabilitySettings": {"state": "Unlocked"}}}
    assert "identity" not in body
    assert asked.completed_later
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
        "identity__append": st.booleans(),
        "tags": st.dictionaries(st.sampled_from(["owner", "cost"]), st.sampled_from(["it", "dr"])),
        "append_tags": st.booleans(),
    },
)


@given(CHOICES, st.sampled_from([VAULT, vault(GEO, **HAS_BOTH), vault({"soft_delete.days": 30}, **HAS_ONE)]))
def test_the_plan_of_the_vault_after_its_plan_is_empty(changed: dict[str, Any], found: Vault) -> None:
    asked = desired(**changed)
    plan = plan_vault(Grouped(found), asked)
    after = short(plan)
    settings = {path: after.get(path, value) for path, value in found.settings.items()}
    final = replace(
        found, settings=settings, identity=asked.identity.over(found.identity), tags=after.get("tags", found.tags)
    )
    assert not plan_vault(Grouped(final), asked).changed


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
            assert read_settings(write_settings({setting.path: value}))[setting.path] == value


def _takes(setting: Any, word: str) -> bool:
    try:
        setting.write(word)
    except KeyError:
        return False
    return True


OPTIONS = {
    "tags": "tags, append_tags",
    "location": "location",
    "identity.type": "identity.system_assigned, identity.user_assigned",
    "identity.userAssignedIdentities": "identity.user_assigned, identity.append",
    **{f"properties.{'.'.join(setting.wire)}": setting.path for setting in SETTINGS},
}
LEFT_OUT = {
    "etag": "the service's mark of a version; a plan is verified by reading back instead",
    "sku": "one pricing model under two names: new vaults are Standard, what a vault has stays",
    "properties.costManagementSettings": "how backups are billed in cost analysis; replication is not among them",
    "properties.moveDetails": "the service's own account of a move; its members are read-only",
    "properties.upgradeDetails": "the service's own account of an upgrade from an older kind of vault",
    "properties.regionOfChoiceSettings": "where backup sources may lie; the tenant's own machines are not among them",
    "properties.resourceGuardOperationRequests": "approvals of single operations by a resource guard, no state",
    "properties.securitySettings.sourceScanConfiguration": "threat scans of backup sources; replication has none",
}


if hasattr(models, "DeletedVault"):  # Older SDKs describe their models in another way, and an older API.

    @pytest.mark.parametrize("model", [models.Vault, models.PatchVault])
    def test_every_writable_property_is_an_option_or_has_a_reason(model: type) -> None:
        assert unaccounted(model, OPTIONS, LEFT_OUT) == []
        assert all(LEFT_OUT.values())
