# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The records of a VMM server in a vault, from its registration on."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from azure.core.exceptions import ResourceNotFoundError

from lab.arm.records import Vault
from lab.context import CloudFacts, RegistrationRefused, VmmServerFacts

from .conftest import SERVER, Azure
from .test_vaults import make_key

SILVER = CloudFacts("09ED2D03-38EC-4BDD-9BA1-D7DD5D09FB42", "Silver")
ID = SERVER.vmm_id.lower()


@pytest.fixture
def vault(azure: Azure) -> Vault:
    return azure.state.seed_vault("rg", "vault1", "westeurope")


def register(azure: Azure, vault: Vault, server: VmmServerFacts = SERVER) -> str:
    """Register with a new key and return its thumbprint."""
    thumbprint = str(make_key(azure).thumbprint)
    azure.state.register_vmm_server(thumbprint, str(vault.number), server)
    return thumbprint


def test_every_list_of_a_newcomers_vault_is_empty(azure: Azure, vault: Vault) -> None:
    sites = azure.sites
    for listing in (
        sites.replication_fabrics,
        sites.replication_recovery_services_providers,
        sites.replication_protection_containers,
        sites.replication_networks,
        sites.replication_network_mappings,
        sites.replication_policies,
        sites.replication_protection_container_mappings,
        sites.replication_protected_items,
        sites.replication_jobs,
        sites.replication_vault_setting,
    ):
        assert list(listing.list("rg", "vault1")) == []
    health = sites.replication_vault_health.get("rg", "vault1").properties
    assert health is not None
    assert health.fabrics_health is not None
    assert health.fabrics_health.resource_count == 0


def test_a_registered_server_appears_after_a_while(slow: Azure) -> None:
    vault = slow.state.seed_vault("rg", "vault1", "westeurope")
    register(slow, vault)
    assert list(slow.sites.replication_fabrics.list("rg", "vault1")) == []
    [job] = list(slow.sites.replication_jobs.list("rg", "vault1"))
    assert job.properties is not None
    assert (job.properties.scenario_name, job.properties.state) == ("RegisterDra", "InProgress")
    slow.state.hurry()
    [fabric] = list(slow.sites.replication_fabrics.list("rg", "vault1"))
    assert fabric.properties is not None
    assert fabric.properties.custom_details is not None
    assert len(str(fabric.name)) == 64
    assert (fabric.properties.friendly_name, fabric.properties.custom_details.instance_type) == (
        "vmm01.contoso.example",
        "VMM",
    )
    assert str(fabric.id).startswith("/Subscriptions/")
    found = slow.sites.replication_jobs.get("rg", "vault1", str(job.name)).properties
    assert found is not None
    assert found.state == "Succeeded"


def test_the_provider_is_the_proof_that_the_server_lives(azure: Azure, vault: Vault) -> None:
    register(azure, vault)
    [provider] = list(azure.sites.replication_recovery_services_providers.list("rg", "vault1"))
    properties = provider.properties
    assert properties is not None
    assert (provider.name, properties.connection_status, properties.provider_version) == (ID, "Connected", "5.24.814.1")
    assert properties.last_heart_beat is not None
    assert abs(properties.last_heart_beat - azure.context.clock.now()) < timedelta(seconds=10)
    azure.state.set_connected(SERVER.vmm_id, False)
    [provider] = list(azure.sites.replication_recovery_services_providers.list("rg", "vault1"))
    assert provider.properties is not None
    assert provider.properties.connection_status == "NotConnected"


def test_clouds_are_protection_containers_named_by_their_id(azure: Azure, vault: Vault) -> None:
    register(azure, vault)
    [cloud] = list(azure.sites.replication_protection_containers.list("rg", "vault1"))
    assert cloud.properties is not None
    assert (cloud.name, cloud.properties.friendly_name) == (SERVER.clouds[0].id.lower(), "Gold")
    assert cloud.properties.pairing_status == "NotPaired"
    [fabric] = list(azure.sites.replication_fabrics.list("rg", "vault1"))
    containers = azure.sites.replication_protection_containers
    assert containers.get("rg", "vault1", str(fabric.name).upper(), str(cloud.name)).id == cloud.id
    below = (
        azure.sites.replication_protectable_items.list_by_replication_protection_containers,
        azure.sites.replication_protected_items.list_by_replication_protection_containers,
        azure.sites.replication_protection_container_mappings.list_by_replication_protection_containers,
    )
    for listing in below:
        assert list(listing("rg", "vault1", str(fabric.name), str(cloud.name))) == []
    for other in (
        azure.sites.replication_logical_networks.list_by_replication_fabrics,
        azure.sites.replication_networks.list_by_replication_fabrics,
    ):
        assert list(other("rg", "vault1", str(fabric.name))) == []


def names(azure: Azure) -> list[str]:
    found = azure.sites.replication_protection_containers.list("rg", "vault1")
    return sorted(str(cloud.properties.friendly_name) for cloud in found if cloud.properties)


def test_a_cloud_that_is_published_later_appears_later(slow: Azure) -> None:
    vault = slow.state.seed_vault("rg", "vault1", "westeurope")
    register(slow, vault)
    slow.state.hurry()
    slow.state.publish_clouds(SERVER.vmm_id, [SILVER])
    assert names(slow) == ["Gold"]
    slow.state.hurry()
    assert names(slow) == ["Gold", "Silver"]


def test_a_cloud_does_not_appear_before_its_server(slow: Azure) -> None:
    vault = slow.state.seed_vault("rg", "vault1", "westeurope")
    register(slow, vault)
    slow.context.clock.scale = 0.0
    slow.state.publish_clouds(SERVER.vmm_id, [SILVER])
    assert names(slow) == []
    slow.state.hurry()
    assert names(slow) == ["Gold", "Silver"]


def test_a_cloud_that_is_withdrawn_goes_later_and_once(slow: Azure) -> None:
    vault = slow.state.seed_vault("rg", "vault1", "westeurope")
    register(slow, vault)
    slow.state.hurry()
    slow.state.withdraw_clouds(SERVER.vmm_id, SERVER.clouds)
    assert names(slow) == ["Gold"]
    slow.state.hurry()
    assert names(slow) == []
    slow.context.journal.clear()
    slow.state.withdraw_clouds(SERVER.vmm_id, SERVER.clouds)
    slow.state.withdraw_clouds("unknown", SERVER.clouds)
    assert not slow.context.journal.entries


def test_publishing_again_writes_nothing(azure: Azure, vault: Vault) -> None:
    register(azure, vault)
    azure.state.publish_clouds(SERVER.vmm_id, [SILVER])
    azure.context.journal.clear()
    azure.state.publish_clouds(SERVER.vmm_id, [SILVER, SERVER.clouds[0]])
    assert not azure.context.journal.entries


def test_registering_again_in_the_same_vault_keeps_the_fabric(azure: Azure, vault: Vault) -> None:
    register(azure, vault)
    before = azure.state.snapshot()
    register(azure, vault)
    assert azure.state.snapshot() == before
    assert len(list(azure.sites.replication_jobs.list("rg", "vault1"))) == 2


def refusal(azure: Azure, thumbprint: str, number: str) -> str:
    with pytest.raises(RegistrationRefused) as refused:
        azure.state.register_vmm_server(thumbprint, number, SERVER)
    assert not [entry for entry in azure.context.journal.entries if entry.verb == "register server"]
    return refused.value.code


def test_a_registration_needs_a_certificate_that_the_vault_gave_out(azure: Azure, vault: Vault) -> None:
    other = azure.state.seed_vault("rg", "vault2", "westeurope")
    thumbprint = str(make_key(azure).thumbprint)
    assert refusal(azure, "00" * 20, str(vault.number)) == "UnknownCertificate"
    assert refusal(azure, thumbprint, str(other.number)) == "ForeignCertificate"
    azure.context.clock.offset = timedelta(hours=121)
    assert refusal(azure, thumbprint, str(vault.number)) == "CertificateExpired"
    azure.context.clock.offset = timedelta(0)
    del azure.state.vaults[vault.id.casefold()]
    assert refusal(azure, thumbprint, str(vault.number)) == "VaultNotFound"


def test_a_vault_made_again_does_not_know_the_old_key(azure: Azure, vault: Vault) -> None:
    thumbprint = str(make_key(azure).thumbprint)
    again = azure.state.seed_vault("rg", "vault1", "westeurope")
    assert refusal(azure, thumbprint, str(vault.number)) == "ForeignCertificate"
    assert again.number != vault.number


def test_a_server_of_another_vault_is_refused(azure: Azure, vault: Vault) -> None:
    register(azure, vault)
    azure.context.journal.clear()
    other = azure.state.seed_vault("rg", "vault2", "westeurope")
    answer = azure.recovery.vault_certificates.create("rg", "vault2", "CN=x", {})
    assert answer.properties is not None
    assert refusal(azure, str(answer.properties.thumbprint), str(other.number)) == "ServerRegisteredInAnotherVault"


def test_publishing_needs_a_registration(azure: Azure, vault: Vault) -> None:
    with pytest.raises(RegistrationRefused):
        azure.state.publish_clouds(SERVER.vmm_id, [SILVER])


def test_an_unregistered_server_is_gone(azure: Azure, vault: Vault) -> None:
    register(azure, vault)
    azure.state.unregister(SERVER.vmm_id)
    assert list(azure.sites.replication_fabrics.list("rg", "vault1")) == []


def test_an_absent_fabric_has_site_recoverys_form(azure: Azure, vault: Vault) -> None:
    register(azure, vault)
    with pytest.raises(ResourceNotFoundError) as absent:
        azure.sites.replication_fabrics.get("rg", "vault1", "none")
    assert absent.value.response is not None
    error = absent.value.response.json()["error"]  # type: ignore[attr-defined]
    assert (error["code"], error["details"][0]["code"]) == ("NotFound", "FabricArmEntityMissing")
    assert error["details"][0]["recommendedAction"]


def test_a_refresh_is_a_job_behind_both_links(azure: Azure, vault: Vault) -> None:
    register(azure, vault)
    azure.context.clock.scale = 0.0
    [fabric] = list(azure.sites.replication_fabrics.list("rg", "vault1"))
    provider = azure.sites.replication_recovery_services_providers.begin_refresh_provider(
        "rg", "vault1", str(fabric.name), ID
    ).result()
    assert provider is not None
    assert provider.name == ID
    scenarios = [
        job.properties.scenario_name for job in azure.sites.replication_jobs.list("rg", "vault1") if job.properties
    ]
    assert sorted(map(str, scenarios)) == ["RefreshFabricLayout", "RegisterDra"]


def test_health_can_be_refreshed(azure: Azure, vault: Vault) -> None:
    azure.context.clock.scale = 0.0
    health = azure.sites.replication_vault_health.begin_refresh("rg", "vault1").result()
    assert health is not None
    assert health.name == "Default"


def test_a_failed_job_ends_the_poller_with_its_code(azure: Azure, vault: Vault) -> None:
    azure.context.clock.scale = 0.0
    azure.context.faults.plan("job:RefreshVaultHealth:*", "fail", code="25038", message="not today")
    with pytest.raises(Exception, match="not today"):
        azure.sites.replication_vault_health.begin_refresh("rg", "vault1").result()


def test_a_hyper_v_site_stands_in_the_list_beside_servers(azure: Azure, vault: Vault) -> None:
    register(azure, vault)
    site = azure.state.seed_site(vault, "branch", "Branch office")
    fabrics = {str(fabric.name): fabric for fabric in azure.sites.replication_fabrics.list("rg", "vault1")}
    found = fabrics["branch"].properties
    assert len(fabrics) == 2
    assert found is not None
    assert found.custom_details is not None
    assert found.custom_details.instance_type == "HyperVSite"
    assert (found.friendly_name, found.internal_identifier) == ("Branch office", site.identifier)
    assert uuid.UUID(site.identifier).version == 5
    assert azure.sites.replication_fabrics.get("rg", "vault1", "BRANCH").name == "branch"
    # It has no server of its own.
    assert len(list(azure.sites.replication_recovery_services_providers.list("rg", "vault1"))) == 1
