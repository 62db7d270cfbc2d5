# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading modules: what they show, and what it costs (B1, P10)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lab.arm.records import Vault
from lab.context import NO_LAG, VmNetworkFacts
from tests.lab.arm.conftest import SERVER
from tests.unit.plugins.modules.conftest import GROUP, Ended, Subscription
from tests.unit.plugins.modules.test_failing import register

VAULTS = "GET Microsoft.RecoveryServices/vaults"
VAULT = "GET vaults/vault-dr"


@pytest.fixture(autouse=True)
def _visible_at_once(subscription: Subscription) -> None:
    """Show a registered server completely. Other tests cover the wait for its Provider."""
    subscription.context.lag = NO_LAG


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
    ended = servers(subscription, names=[name, "vmm02"], vmm_clouds=["gold", "Bronze"])
    assert subscription.requests == [
        VAULT,
        "GET vault-dr/replicationFabrics",
        "GET vault-dr/replicationRecoveryServicesProviders",
        "GET vault-dr/replicationProtectionContainers",
        "GET vault-dr/replicationNetworks",
        "GET vault-dr/replicationPolicies",
        # The server that is missing may be registered in a vault of the same name.
        VAULTS,
    ]
    shown = ended.result["servers"][name]
    assert (shown["registered"], shown["connected"], shown["clouds"]) == (True, True, ["Gold"])
    assert shown["provider_version"] == SERVER.provider_version
    assert ended.result["servers"]["vmm02"]["registered"] is False
    assert (ended.result["missing"], ended.result["missing_clouds"]) == (["vmm02"], ["Bronze"])
    assert [row["server"] for row in ended.result["progress"]] == ["vmm02"]
    assert [entry["step"] for entry in ended.result["evidence"]] == ["P10", "P10"]
    assert subscription.writes == []


def test_the_result_of_a_server(vault: Vault, subscription: Subscription) -> None:
    corp = VmNetworkFacts("68A19C46-18A9-47EC-9829-E814038FF99D", "corp", "VLANNetwork", (("sub", "192.168.1.0/24"),))
    register(subscription, vault, replace(SERVER, networks=(corp, replace(corp, id="5D", name="dmz"))))
    subscription.state.seed_site(vault, "branch")
    ended = servers(subscription, networks=["CORP", "lan"])
    assert (ended.result["missing_networks"], list(ended.result["servers"])) == (["lan"], [SERVER.friendly_name])
    shown = ended.result["servers"][SERVER.friendly_name]
    assert [(entry["name"], entry["type"]) for entry in shown["networks"]] == [
        ("corp", "VLANNetwork"),
        ("dmz", "VLANNetwork"),
    ]
    assert shown["networks"][0]["subnets"] == [{"name": "sub", "address_prefixes": ["192.168.1.0/24"]}]
    assert shown["provider_support"] == {
        "state": "supported",
        "message": "the service reports status Latest",
        "source": "service",
        "expires": None,
    }
    assert 0 <= shown["heartbeat_age"] < 60
    assert shown["key_encryption"]["state"] == "Enabled"
    assert ended.result["warnings"] == []
    assert ended.result["progress"][0]["outstanding"] == ["VM network lan"]


def test_hyperv_sites_are_not_vmm_servers(vault: Vault, subscription: Subscription) -> None:
    subscription.state.seed_site(vault, "branch")
    assert servers(subscription).result["servers"] == {}
    assert subscription.requests == [VAULT, "GET vault-dr/replicationFabrics"]


def test_two_networks_of_one_name_are_refused_when_requested(vault: Vault, subscription: Subscription) -> None:
    twins = (VmNetworkFacts("5c", "corp"), VmNetworkFacts("5d", "corp"))
    register(subscription, vault, replace(SERVER, networks=twins))
    ended = servers(subscription, networks=["corp"])
    assert ended.error["kind"] == "refused"
    assert "replicationNetworks/5c" in ended.msg
    assert "replicationNetworks/5d" in ended.msg
    assert servers(subscription).result["warnings"] == [
        f"VMM server {SERVER.friendly_name} has 2 VM networks named 'corp'; rename one of them in VMM"
    ]


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ({}, "unsupported"),
        ({"providerVersionState": "Latest", "providerVersionExpiryDate": "2020-01-01T00:00:00Z"}, "unsupported"),
        ({"providerVersionDetails": {"status": "UpdateRequired"}}, "upgrade_recommended"),
    ],
)
def test_a_provider_near_or_past_its_end_of_support_is_a_warning(
    facts: dict[str, Any], state: str, vault: Vault, subscription: Subscription
) -> None:
    register(subscription, vault, replace(SERVER, provider_version="5.1.2300.0"))
    next(iter(vault.fabrics.values())).version_facts = facts
    ended = servers(subscription)
    assert ended.result["servers"][SERVER.friendly_name]["provider_support"]["state"] == state
    (warning,) = ended.result["warnings"]
    assert warning.startswith(f"VMM server {SERVER.friendly_name}: Provider 5.1.2300.0 ")


def test_a_policy_with_data_encryption_is_one_line(vault: Vault, subscription: Subscription) -> None:
    register(subscription, vault)
    subscription.state.seed_policy(vault, "old", encryption="Enabled")
    subscription.state.seed_policy(vault, "new")
    ended = servers(subscription)
    assert ended.result["encrypting_policies"] == ["old"]
    (warning,) = ended.result["warnings"]
    assert warning.startswith("replication policy old uses data encryption, which was retired on 2022-04-30")
    check = ended.result["checks"][-1]
    assert (check["id"], check["step"], check["status"]) == ("data-encryption", "P7", "fail")


def test_a_server_without_a_heartbeat(vault: Vault, subscription: Subscription) -> None:
    register(subscription, vault)
    subscription.state.set_connected(SERVER.vmm_id, False)
    ended = servers(subscription)
    assert ended.result["servers"][SERVER.friendly_name]["connected"] is False
    assert ended.result["progress"][0]["outstanding"] == ["provider heartbeat"]


def test_a_vault_that_does_not_exist_has_no_servers(subscription: Subscription) -> None:
    ended = servers(subscription, names=["vmm01"])
    assert (ended.result["exists"], ended.result["missing"]) == (False, ["vmm01"])
    assert ended.result["vault_id"].endswith("/vaults/vault-dr")
    assert "does not exist" in ended.result["warnings"][0]
    assert subscription.requests == [VAULT, VAULTS]


def test_names_are_checked_before_any_call(subscription: Subscription) -> None:
    ended = servers(subscription, names=["a", "A"])
    assert (ended.error, subscription.requests) == ({"kind": "invalid_input", "option": "names"}, [])


@pytest.mark.parametrize("given", [{}, {"states": ["Failed"]}, {"name": "00000000-0000-0000-0000-00000000000a"}])
def test_a_vault_without_jobs(given: dict[str, Any], subscription: Subscription) -> None:
    subscription.state.seed_vault(GROUP, "vault-dr", "westeurope")
    ended = subscription.run("job_info", vault_name="vault-dr", resource_group=GROUP, **given)
    assert (ended.result["jobs"], ended.result["complete"], ended.result["warnings"]) == ([], True, [])


@pytest.mark.parametrize("given", [{}, {"name": "00000000-0000-0000-0000-00000000000a"}])
def test_the_jobs_of_no_vault_are_an_error(given: dict[str, Any], subscription: Subscription) -> None:
    ended = subscription.run("job_info", vault_name="vault-9", resource_group=GROUP, **given)
    assert ended.failed
