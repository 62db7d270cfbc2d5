# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Vaults: offline checks, plans and refusals (B1)."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.regions import require_region
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.vault import (
    Vault,
    VaultState,
    plan_vault,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.vault_contents import (
    Contents,
    DeletedVault,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import InvalidInput, Refused
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.plan import UNKNOWN, apply_changes
from tests.unit.plugins.module_utils.resources import SUBSCRIPTION, short
from tests.unit.plugins.module_utils.vaults import (
    GEO,
    HAS_BOTH,
    HAS_ONE,
    ID,
    KEY,
    KEYED,
    ONE,
    TWO,
    VAULT,
    desired,
    vault,
)

# Offline -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "v", "1vault", "vault_dr", "v" * 51, "vault\n"])
def test_a_name_that_azure_does_not_accept(name: str) -> None:
    with pytest.raises(InvalidInput, match=r"^name must have .*; choose another name than "):
        desired(name=name)


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"location": None}, "location is required"),
        ({"location": ""}, "location is required"),
        ({"location": "west-europe"}, "location: 'west-europe' is not a region"),
        ({"location": "Germany Central"}, "location: region germanycentral was closed"),
        ({"location": "South Central India"}, "location: Site Recovery is not offered in southcentralindia"),
        ({"location": "India South Central"}, "location: Site Recovery is not offered in indiasouthcentral"),
        ({"location": "North East US 5"}, "location: Site Recovery is not offered in northeastus5"),
        ({"soft_delete__days": 13}, "soft_delete.days must be between 14 and 180; correct 13"),
        ({"soft_delete__days": 181}, "soft_delete.days must be between 14 and 180; correct 181"),
        *(
            ({"immutability_days": days}, f"immutability_days must be 0, or between 30 and 36135; correct {days}")
            for days in (-1, 29, 36136)
        ),
        ({"immutability_days": 30, "immutability": "disabled"}, "immutability_days: it has no effect"),
        (
            {"redundancy__storage": "zone_redundant", "redundancy__cross_region_restore": "enabled"},
            "redundancy.cross_region_restore: it requires geo-redundant storage, not zone_redundant",
        ),
        ({"encryption__key_uri": "k"}, "encryption.key_uri must be an https address"),
        ({"encryption__identity": "me"}, "encryption.identity: 'me' is not the id"),
        ({"identity__user_assigned": [ID]}, f"identity.user_assigned: '{ID}' is not the id"),
    ],
)
def test_a_wrong_option_is_refused_before_any_call(changed: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        desired(**changed)
    assert refused.value.message.startswith(text)
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


# Plans ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "found", "changed", "expected"),
    [
        ("no difference", VAULT, {}, {}),
        ("no difference, all set", VAULT, {"public_network_access": "enabled", "tags": {"owner": "it"}}, {}),
        ("location in display form", VAULT, {"location": "westeurope"}, {}),
        ("access", VAULT, {"public_network_access": "disabled"}, {"public_network_access": "disabled"}),
        ("tag added", VAULT, {"tags": {"a": "1"}}, {"tags": {"owner": "it", "a": "1"}}),
        ("tag value", VAULT, {"tags": {"owner": "dr"}}, {"tags": {"owner": "dr"}}),
        ("tags purged", VAULT, {"tags": {"a": "1"}, "purge_tags": True}, {"tags": {"a": "1"}}),
        ("tags removed", VAULT, {"tags": {}, "purge_tags": True}, {"tags": {}}),
        ("a tag in other case", VAULT, {"tags": {"OWNER": "it"}}, {}),
        ("not immutable already", VAULT, {"immutability": "disabled"}, {}),
        ("immutable", VAULT, {"immutability": "unlocked"}, {"immutability": "unlocked"}),
        ("locked with consent", VAULT, {"immutability": "locked", "yes": True}, {"immutability": "locked"}),
        ("locked already", vault({"immutability": "locked"}), {"immutability": "locked"}, {}),
        ("days of the policy", VAULT, {"immutability_days": 0}, {}),
        (
            "days of the policy again",
            vault({"immutability_days": 30}),
            {"immutability_days": 0},
            {"immutability_days": 0},
        ),
        ("days of no configuration", vault({"immutability": "unlocked"}), {"immutability_days": 0}, {}),
        ("days of a vault that is not immutable", VAULT, {"immutability_days": 0, "immutability": "disabled"}, {}),
        (
            "days",
            vault({"immutability": "unlocked", "immutability_days": 0}),
            {"immutability_days": 30},
            {"immutability_days": 30},
        ),
        *(
            (f"{found}, which includes {asked}", vault({path: found}), {path.replace(".", "__"): asked}, {})
            for path, found, asked in (
                ("soft_delete.state", "always_on", "enabled"),
                ("soft_delete.hybrid_state", "always_on", "enabled"),
                ("cross_subscription_restore", "permanently_disabled", "disabled"),
            )
        ),
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
        ("identities that are not set", vault(**HAS_BOTH), {}, {}),
        (
            "user identities purged",
            vault(**HAS_BOTH),
            {"identity__user_assigned": [TWO], "identity__purge_user_assigned": True},
            {"identity.user_assigned": [TWO]},
        ),
        (
            "no identity",
            vault(**HAS_BOTH),
            {"identity__system_assigned": False, "identity__user_assigned": [], "identity__purge_user_assigned": True},
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
def test_plan_of_an_existing_vault(name: str, found: Vault, changed: dict[str, Any], expected: dict[str, Any]) -> None:
    assert short(plan_vault(VaultState(found), desired(**changed))) == expected


BACKUP = Contents(backup=("backup items: 3",))
BURIED = DeletedVault("guid", ID, "2026-11-20T10:00:00Z", "2026-12-04T10:00:00Z")
DELETION = {"state": "absent", "allow_delete": True, "location": None}


@pytest.mark.parametrize(
    ("found", "changed", "text"),
    [
        (
            VaultState(VAULT),
            {"location": "North Europe"},
            "location: vault vault-dr is in westeurope and cannot be moved",
        ),
        (
            VaultState(VAULT),
            {"immutability": "locked"},
            "immutability: locked cannot be undone; set allow_irreversible",
        ),
        (
            VaultState(vault({"immutability": "locked"})),
            {"immutability": "unlocked", "yes": True},
            "immutability: vault vault-dr has locked, which cannot be undone",
        ),
        (
            VaultState(vault({"soft_delete.state": "always_on"})),
            {"soft_delete__state": "disabled", "yes": True},
            "soft_delete.state: vault vault-dr has always_on, which cannot be undone",
        ),
        (
            VaultState(VAULT),
            {"soft_delete__state": "always_on"},
            "soft_delete.state: always_on cannot be undone; set allow",
        ),
        (VaultState(VAULT), {"soft_delete__hybrid_state": "always_on"}, "soft_delete.hybrid_state: always_on cannot"),
        (
            VaultState(VAULT),
            {"cross_subscription_restore": "permanently_disabled"},
            "cross_subscription_restore: permanently_disabled cannot be undone",
        ),
        (
            VaultState(VAULT),
            {"redundancy__cross_region_restore": "enabled"},
            "redundancy.cross_region_restore: enabled cannot",
        ),
        (
            VaultState(vault({**GEO, "redundancy.cross_region_restore": "enabled"})),
            {"redundancy__cross_region_restore": "disabled", "yes": True},
            "redundancy.cross_region_restore: vault vault-dr has enabled, which cannot be undone",
        ),
        (
            VaultState(vault({"redundancy.storage": "locally_redundant"})),
            {"redundancy__cross_region_restore": "enabled", "yes": True},
            "redundancy.cross_region_restore: it requires geo-redundant storage, but vault vault-dr would have",
        ),
        (
            VaultState(vault(GEO), contents=BACKUP),
            {"redundancy__storage": "locally_redundant"},
            "redundancy.storage: vault vault-dr contains backup items: 3, and Azure changes the storage of a vault",
        ),
        (VaultState(VAULT), {"encryption__key_uri": KEY, "yes": True}, "encryption.identity is required with a key"),
        (VaultState(VAULT), {"encryption__identity": ONE}, "encryption: vault vault-dr has no customer-managed key"),
        (
            VaultState(vault(**HAS_ONE)),
            {"encryption__key_uri": KEY, "encryption__identity": ONE},
            "encryption.key_uri: encryption with a customer-managed key cannot be disabled again; set allow_",
        ),
        (
            VaultState(VAULT),
            {"encryption__key_uri": KEY, "encryption__identity": "system", "yes": True},
            "identity: vault vault-dr unlocks its key with its system-assigned identity, which it would not have",
        ),
        (
            VaultState(vault(KEYED, **HAS_ONE)),
            {"identity__user_assigned": [], "identity__purge_user_assigned": True},
            f"identity: vault vault-dr unlocks its key with {ONE}, which it would not have",
        ),
        (
            VaultState(vault(KEYED, **HAS_ONE)),
            {"encryption__infrastructure": "enabled", "yes": True},
            "encryption.infrastructure: vault vault-dr got its key with disabled, which cannot be changed",
        ),
        (VaultState(None), {"immutability": "locked"}, "immutability: locked cannot be undone"),
        *(
            (
                found,
                {"immutability_days": 30},
                "immutability_days: vault vault-dr is not immutable, so it would have no effect",
            )
            for found in (VaultState(None), VaultState(VAULT))
        ),
        (
            VaultState(None),
            {"encryption__key_uri": KEY, "encryption__identity": "system", "yes": True},
            "encryption.identity: vault vault-dr does not exist yet, so its own identity has no role",
        ),
        (VaultState(None, group_missing=True), {}, "resource_group: 'rg-dr' does not exist; "),
        (
            VaultState(None, deleted=BURIED),
            {"undelete": True, "soft_delete__state": "always_on"},
            "soft_delete.state: always_on cannot be undone",
        ),
        (
            VaultState(None, unregistered=True),
            {"register_resource_provider": False},
            "resource provider Microsoft.RecoveryServices is not registered on subscription"
            f" {SUBSCRIPTION}; run `az provider register --namespace Microsoft.RecoveryServices",
        ),
        (
            VaultState(None, deleted=BURIED),
            {},
            "name: a vault vault-dr of resource group rg-dr was deleted at 2026-11-20T10:00:00Z, and Azure keeps it and"
            " its name until 2026-12-04T10:00:00Z; set undelete to true",
        ),
        (VaultState(VAULT), {"state": "absent"}, "state: absent would delete vault vault-dr; set allow_delete to true"),
        (
            VaultState(VAULT, contents=Contents()),
            {**DELETION, "location": "eastus"},
            "location: vault vault-dr is in westeurope, not in eastus",
        ),
        (
            VaultState(
                vault(properties={"privateEndpointConnections": [{"name": "pe-1"}]}),
                contents=Contents(("registered servers: vmm01",), ("backup items: 3",)),
            ),
            DELETION,
            "vault vault-dr is not empty, it still has registered servers: vmm01; backup items: 3; private endpoints:"
            " pe-1; remove them, then delete it",
        ),
    ],
)
def test_a_refusal_is_one_line(found: VaultState, changed: dict[str, Any], text: str) -> None:
    with pytest.raises(Refused) as refused:
        plan_vault(found, desired(**changed))
    assert refused.value.message.startswith(text)
    assert "; " in refused.value.message


def test_plan_of_a_new_vault_has_its_complete_result() -> None:
    plan = plan_vault(VaultState(None), desired(tags={"cost": 7}, monitoring__job_failures="enabled"))
    shown = apply_changes({}, plan.changes)
    assert shown.keys() == VAULT.to_result().keys()
    assert (shown["id"], shown["tags"], shown["sku"]) == (ID, {"cost": "7"}, "Standard")
    assert shown["monitoring"]["job_failures"] == "enabled"
    assert shown["redundancy"] == {"storage": UNKNOWN, "cross_region_restore": UNKNOWN}
    assert {change.reason for change in plan.changes} == {"create vault vault-dr in westeurope"}


@pytest.mark.parametrize(
    ("found", "changed", "path", "reason"),
    [
        (
            VaultState(None, group_missing=True),
            {"create_resource_group": True},
            "resource_group",
            "create resource group rg-dr",
        ),
        (
            VaultState(None, unregistered=True),
            {},
            "resource_provider",
            "register resource provider Microsoft.RecoveryServices",
        ),
        (
            VaultState(None, deleted=BURIED),
            {"undelete": True},
            "id",
            "undelete vault vault-dr, deleted at 2026-11-20T10:00:00Z",
        ),
        (VaultState(VAULT, contents=Contents()), DELETION, "state", "delete vault vault-dr"),
        (
            VaultState(VAULT, contents=Contents()),
            {**DELETION, "location": "westeurope"},
            "state",
            "delete vault vault-dr",
        ),
    ],
)
def test_the_first_change_has_the_reason(found: VaultState, changed: dict[str, Any], path: str, reason: str) -> None:
    first = plan_vault(found, desired(**changed)).changes[0]
    assert (first.path, first.reason) == (path, reason)


@pytest.mark.parametrize(
    "found", [VaultState(None), VaultState(None, group_missing=True), VaultState(None, unregistered=True)]
)
def test_an_absent_vault_needs_no_consent_and_no_group(found: VaultState) -> None:
    assert not plan_vault(found, desired(state="absent", location=None)).changed


@pytest.mark.parametrize(
    ("usages", "replication", "fabrics", "text"),
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
def test_contents_of_a_vault(
    usages: dict[str, int], replication: dict[str, int], fabrics: list[dict[str, Any]], text: str
) -> None:
    documents = [
        {"currentValue": count, "name": {"value": name, "localizedValue": "Something new"}}
        for name, count in usages.items()
    ]
    assert Contents.from_wire(documents, [replication], fabrics).summary() == text
