# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading modules: what they show, and what it costs (B1, P10)."""

from __future__ import annotations

from typing import Any

import pytest

from lab.arm.state import Vault
from tests.lab.arm.conftest import SERVER
from tests.unit.plugins.modules.conftest import GROUP, Ended, Subscription
from tests.unit.plugins.modules.test_failing import register

VAULTS = "GET Microsoft.RecoveryServices/vaults"
VAULT = "GET vaults/vault-dr"


@pytest.fixture
def filled(subscription: Subscription) -> Subscription:
    """Vaults in two groups and two regions."""
    state = subscription.state
    for group, name, place in (
        (GROUP, "vault-dr", "westeurope"),
        ("rg-2", "vault-2", "northeurope"),
        (GROUP, "Vault-1", "westeurope"),
    ):
        state.seed_vault(group, name, place)
    return subscription


@pytest.mark.parametrize("page", [1, 2, 100])
@pytest.mark.parametrize(
    ("given", "names", "costs"),
    [
        ({}, ["Vault-1", "vault-2", "vault-dr"], VAULTS),
        ({"name": "VAULT-DR"}, ["vault-dr"], VAULTS),
        ({"resource_group": "RG-DR"}, ["Vault-1", "vault-dr"], VAULTS),
        ({"resource_group": GROUP, "name": "vault-dr"}, ["vault-dr"], VAULT),
        ({"resource_group": GROUP, "name": "vault-9"}, [], "GET vaults/vault-9"),
        ({"resource_group": "rg-none"}, [], VAULTS),
        ({"resource_group": "rg-none", "name": "vault-dr"}, [], VAULT),
    ],
)
def test_vaults(given: dict[str, Any], names: list[str], costs: str, page: int, filled: Subscription) -> None:
    filled.state.page_size = page
    for check in (False, True):
        ended = filled.run("vault_info", check=check, **given)
        assert [vault["name"] for vault in ended.result["vaults"]] == names
        assert ended.result["changed"] is False
        assert set(filled.requests) == {costs}
    if page == 100:
        assert len(filled.requests) == 1
    assert filled.writes == []
    assert ended.result["evidence"][0]["step"] == "B1"


def test_a_vault_looks_the_same_however_it_was_read(filled: Subscription) -> None:
    listed = filled.run("vault_info", resource_group=GROUP).result["vaults"][1]
    single = filled.run("vault_info", resource_group=GROUP, name="vault-dr").result["vaults"][0]
    made = filled.run("vault", name="vault-dr", resource_group=GROUP, location="westeurope").result["vault"]
    assert listed == single == made


def servers(subscription: Subscription, **given: Any) -> Ended:
    return subscription.run("vmm_server_info", **{"vault_name": "vault-dr", "resource_group": GROUP, **given})


@pytest.fixture
def vault(subscription: Subscription) -> Vault:
    found: Vault = subscription.state.seed_vault(GROUP, "vault-dr", "westeurope")
    return found


def test_no_server_costs_two_questions(vault: Vault, subscription: Subscription) -> None:
    ended = servers(subscription)
    assert (ended.result["servers"], ended.result["vault_id"]) == ({}, vault.id)
    assert subscription.requests == [VAULT, "GET vault-dr/replicationFabrics"]


@pytest.mark.parametrize("name", [SERVER.friendly_name, SERVER.friendly_name.upper()])
def test_a_server_with_provider_and_clouds(name: str, vault: Vault, subscription: Subscription) -> None:
    register(subscription, vault)
    ended = servers(subscription, names=[name, "vmm02"], clouds=["gold", "Bronze"])
    assert len(subscription.requests) == 4
    shown = ended.result["servers"][name]
    assert (shown["registered"], shown["connected"], shown["clouds"]) == (True, True, ["Gold"])
    assert shown["provider_version"] == SERVER.provider_version
    assert ended.result["servers"]["vmm02"]["registered"] is False
    assert (ended.result["missing"], ended.result["missing_clouds"]) == (["vmm02"], ["Bronze"])
    assert [row["server"] for row in ended.result["progress"]] == ["vmm02"]
    assert [entry["step"] for entry in ended.result["evidence"]] == ["P10", "P10"]
    assert subscription.writes == []


def test_a_server_that_is_not_heard_of(vault: Vault, subscription: Subscription) -> None:
    register(subscription, vault)
    subscription.state.set_connected(SERVER.vmm_id, False)
    ended = servers(subscription)
    assert ended.result["servers"][SERVER.friendly_name]["connected"] is False
    assert ended.result["progress"][0]["outstanding"] == ["provider heartbeat"]


def test_a_vault_that_is_not_there_has_no_servers(subscription: Subscription) -> None:
    ended = servers(subscription, names=["vmm01"])
    assert (ended.result["vault_id"], ended.result["missing"]) == (None, ["vmm01"])
    assert "does not exist" in ended.result["warnings"][0]
    assert subscription.requests == [VAULT]


def test_names_are_checked_before_any_call(subscription: Subscription) -> None:
    ended = servers(subscription, names=["a", "A"])
    assert (ended.error, subscription.requests) == ({"kind": "invalid_input", "option": "names"}, [])
