# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Vaults: what is compared, what is refused (B1)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.errors import InvalidInput, Refused
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.group import Grouped
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.plan import UNKNOWN, overlaid
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.vault import DesiredVault, Vault, plan_vault
from tests.unit.plugins.module_utils.nouns import GROUP, SUBSCRIPTION, options_of, short

VAULT = Vault(
    id=f"{GROUP}/providers/Microsoft.RecoveryServices/vaults/vault-dr",
    name="vault-dr",
    resource_group="rg-dr",
    subscription_id=SUBSCRIPTION,
    location="westeurope",
    sku="Standard",
    public_network_access="enabled",
    private_endpoint_state="None",
    provisioning_state="Succeeded",
    tags={"owner": "it"},
)
ACCESS = st.sampled_from(["enabled", "disabled"])
TAGS = st.dictionaries(st.sampled_from(["owner", "cost"]), st.sampled_from(["it", "dr"]))


def desired(**given: Any) -> DesiredVault:
    return DesiredVault.from_options(options_of("vault", **{"name": "vault-dr", "location": "West Europe", **given}))


@pytest.mark.parametrize("name", ["", "v", "1vault", "vault_dr", "v" * 51, "vault\n"])
def test_a_name_that_azure_does_not_take(name: str) -> None:
    with pytest.raises(InvalidInput, match=r"^name: .*; .*choose another name$"):
        desired(name=name)


@pytest.mark.parametrize(
    ("name", "vault", "given", "expected"),
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
    ],
)
def test_plan_of_a_vault_that_is_there(
    name: str, vault: Vault, given: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert short(plan_vault(Grouped(vault), desired(**given))) == expected


def test_plan_of_a_new_vault_says_all_that_will_be() -> None:
    plan = plan_vault(Grouped(None), desired(tags={"cost": 7}))
    assert short(plan) == {
        **VAULT.project(),
        "id": UNKNOWN,
        "tags": {"cost": "7"},
    }
    assert {change.reason for change in plan.changes} == {"create vault vault-dr in westeurope"}


def test_a_missing_group_is_made_only_when_allowed() -> None:
    nothing: Grouped[Vault] = Grouped(None, group_missing=True)
    with pytest.raises(Refused, match=r"^resource_group: 'rg-dr' does not exist; .*create_resource_group"):
        plan_vault(nothing, desired())
    first = plan_vault(nothing, desired(create_resource_group=True)).changes[0]
    assert (first.path, first.after, first.reason) == ("resource_group", "rg-dr", "create resource group rg-dr")


def test_a_vault_does_not_move() -> None:
    with pytest.raises(Refused, match=r"^location: vault vault-dr is in westeurope .* northeurope; "):
        plan_vault(Grouped(VAULT), desired(location="North Europe"))


@pytest.mark.parametrize(
    ("name", "document", "expected"),
    [
        ("bare", {}, {"sku": "", "public_network_access": "enabled", "provisioning_state": "", "tags": {}}),
        ("null", {"sku": None, "properties": None, "tags": None}, {"private_endpoint_state": "None", "tags": {}}),
        ("display name", {"location": "West Europe"}, {"location": "westeurope"}),
        (
            "full",
            {
                "sku": {"name": "RS0"},
                "tags": {"a": "1"},
                "properties": {
                    "publicNetworkAccess": "Disabled",
                    "privateEndpointStateForSiteRecovery": "Enabled",
                    "provisioningState": "Succeeded",
                },
            },
            {
                "sku": "RS0",
                "tags": {"a": "1"},
                "public_network_access": "disabled",
                "private_endpoint_state": "Enabled",
                "provisioning_state": "Succeeded",
            },
        ),
    ],
)
def test_a_vault_from_the_wire(name: str, document: dict[str, Any], expected: dict[str, Any]) -> None:
    shown = Vault.from_wire({"id": VAULT.id, "name": "vault-dr", "location": "westeurope", **document}).project()
    assert {key: shown[key] for key in expected} == expected
    assert (shown["resource_group"], shown["subscription_id"]) == ("rg-dr", SUBSCRIPTION)


@given(st.none() | ACCESS, ACCESS, st.none() | TAGS, TAGS, st.booleans(), st.booleans())
def test_the_plan_of_the_vault_after_its_plan_is_empty(
    wanted: str | None, access: str, tags: dict[str, str] | None, actual: dict[str, str], append: bool, new: bool
) -> None:
    asked = desired(public_network_access=wanted, tags=tags, append_tags=append)
    vault = None if new else replace(VAULT, public_network_access=access, tags=actual)
    plan = plan_vault(Grouped(vault), asked)
    after = Vault(**overlaid(vault.project() if vault else {}, plan.changes))
    assert not plan_vault(Grouped(after), asked).changed
