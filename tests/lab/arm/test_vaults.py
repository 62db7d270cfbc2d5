# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Vaults and the keys inside their certificates."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import trustme
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.mgmt.recoveryservices.models import ResourceCertificateAndAadDetails
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID

from .conftest import SUBSCRIPTION, Azure

BODY: dict[str, Any] = {"location": "westeurope", "sku": {"name": "RS0"}, "properties": {}}
VAULT = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.RecoveryServices/vaults/vault1"
CERTIFICATE = "CN=CB_vault1-11-24-2026-vaultcredentials"


def code_of(error: HttpResponseError) -> str | None:
    return error.error.code if error.error else None


def test_a_vault_is_made_in_the_recorded_steps(slow: Azure) -> None:
    slow.state.seed_group("rg", "westeurope")
    first = slow.send("PUT", VAULT, "2026-11-01", BODY)
    assert (first.status_code, first.json()["properties"]["provisioningState"]) == (201, "Provisioning")
    assert first.headers["Retry-After"] == "15"
    poll = slow.send("GET", first.headers["Azure-AsyncOperation"], None)
    assert (poll.status_code, poll.json()["status"]) == (200, "InProgress")
    assert "/operationResults/" in poll.headers["Location"]
    slow.state.hurry()
    last = slow.send("GET", first.headers["Azure-AsyncOperation"], None)
    assert last.json()["status"] == "Succeeded"
    assert "Azure-AsyncOperation" not in last.headers
    vault = slow.recovery.vaults.get("rg", "vault1")
    assert vault.properties.provisioning_state == "Succeeded"
    assert vault.properties.private_endpoint_state_for_site_recovery == "None"


def test_a_polling_address_without_its_signature_is_not_known(slow: Azure) -> None:
    slow.state.seed_group("rg", "westeurope")
    link = slow.send("PUT", VAULT, "2026-11-01", BODY).headers["Azure-AsyncOperation"]
    assert slow.send("GET", link.split("&t=", maxsplit=1)[0], None).status_code == 404


def test_a_second_put_answers_at_once(azure: Azure) -> None:
    azure.state.seed_vault("rg", "vault1", "westeurope")
    before = azure.state.snapshot()
    answer = azure.send("PUT", VAULT, "2026-11-01", BODY)
    assert answer.status_code == 200
    assert "Azure-AsyncOperation" not in answer.headers
    assert azure.state.snapshot() == before
    assert azure.writes() == [("put", "vault1")]


def test_a_patch_changes_what_it_names(azure: Azure) -> None:
    azure.state.seed_vault("rg", "vault1", "westeurope")
    vault = azure.recovery.vaults.begin_update(
        "rg", "vault1", {"tags": {"a": "1"}, "properties": {"publicNetworkAccess": "Disabled"}}
    ).result()
    assert (vault.tags, vault.properties.public_network_access) == ({"a": "1"}, "Disabled")
    vault = azure.recovery.vaults.begin_update("rg", "vault1", {"tags": {"b": "2"}}).result()
    assert (vault.tags, vault.properties.public_network_access) == ({"b": "2"}, "Disabled")


def test_a_put_without_tags_removes_them(azure: Azure) -> None:
    azure.state.seed_vault("rg", "vault1", "westeurope").document["tags"] = {"a": "1"}
    assert azure.recovery.vaults.begin_create_or_update("rg", "vault1", BODY).result().tags is None


@pytest.mark.parametrize(
    ("name", "body", "status", "code"),
    [
        ("vault1", {"sku": {"name": "RS0"}}, 400, "LocationRequired"),
        ("vault1", BODY | {"location": "atlantis"}, 400, "LocationNotAvailableForResourceType"),
        ("vault1", {"location": "westeurope"}, 400, "InvalidRequestContent"),
        ("vault1", BODY | {"sku": {"name": "Gold"}}, 400, "InvalidSku"),
        ("vault1", BODY | {"properties": {"publicNetworkAccess": "Maybe"}}, 400, "InvalidRestApiParameter"),
        ("vault1", BODY | {"properties": "none"}, 400, "InvalidRequestContent"),
        ("1vault", BODY, 400, "InvalidResourceName"),
        ("gone", BODY, 409, "VaultInSoftDeletedState"),
        ("taken", BODY, 409, "InvalidResourceLocation"),
    ],
)
def test_a_bad_vault_is_refused(azure: Azure, name: str, body: dict[str, Any], status: int, code: str) -> None:
    azure.state.seed_group("rg", "westeurope")
    azure.state.seed_deleted_vault("rg", "gone", "westeurope")
    azure.state.seed_vault("rg", "taken", "eastus")
    answer = azure.send("PUT", VAULT.replace("vault1", name), "2026-11-01", body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert not azure.context.journal.entries


USER = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/one"


def security(**settings: Any) -> dict[str, Any]:
    return {"properties": {"securitySettings": settings}}


def redundancy(storage: str | None = None, elsewhere: str | None = None) -> dict[str, Any]:
    given = {"standardTierStorageRedundancy": storage, "crossRegionRestore": elsewhere}
    return {"properties": {"redundancySettings": {name: value for name, value in given.items() if value}}}


def immutable(state: str, **more: Any) -> dict[str, Any]:
    return security(immutabilitySettings={"state": state, "configuration": {"type": "AsPerPolicy"}, **more})


def soft(**settings: Any) -> dict[str, Any]:
    return security(softDeleteSettings=settings)


def encryption(second: str | None = None, **kek: Any) -> dict[str, Any]:
    key = {"keyVaultProperties": {"keyUri": "https://k"}, "kekIdentity": kek}
    more = {"infrastructureEncryption": second} if second else {}
    return {"properties": {"encryption": {**key, **more}}}


def restore(state: str) -> dict[str, Any]:
    return {
        "properties": {
            "restoreSettings": {"crossSubscriptionRestoreSettings": {"crossSubscriptionRestoreState": state}}
        }
    }


OWN = {"identity": {"type": "SystemAssigned"}}


@pytest.mark.parametrize(
    ("before", "body", "code"),
    [
        ([], immutable("Locked"), "UserErrorUnsupportedVaultImmutabilityStateChange"),
        ([], security(immutabilitySettings={"state": "Unlocked"}), "InvalidRestApiParameter"),
        (
            [],
            immutable("Unlocked", configuration={"type": "TimeBased", "durationInDays": 29}),
            "InvalidRestApiParameter",
        ),
        ([], soft(softDeleteState="Disabled"), "BMSUserErrorDisablingSoftDeleteStateNotAllowed"),
        ([], soft(enhancedSecurityState="disabled"), "BMSUserErrorDisablingSoftDeleteStateNotAllowed"),
        ([immutable("Unlocked"), immutable("Locked")], immutable("Unlocked"), "BMSUserErrorIrreversibleSetting"),
        ([], immutable("Unlocked", configuration={"type": "TimeBased"}), "InvalidRestApiParameter"),
        ([], immutable("Sometimes"), "InvalidRestApiParameter"),
        ([], soft(softDeleteRetentionPeriodInDays=13), "InvalidRestApiParameter"),
        ([soft(softDeleteState="AlwaysON")], soft(softDeleteState="Enabled"), "BMSUserErrorIrreversibleSetting"),
        ([restore("PermanentlyDisabled")], restore("Enabled"), "BMSUserErrorIrreversibleSetting"),
        ([redundancy("LocallyRedundant")], redundancy(None, "Enabled"), "BMSUserErrorCrossRegionRestoreNotSupported"),
        ([redundancy(None, "Enabled")], redundancy("ZoneRedundant"), "BMSUserErrorCrossRegionRestoreNotSupported"),
        ([redundancy("GeoRedundant", "Enabled")], redundancy(None, "Disabled"), "BMSUserErrorIrreversibleSetting"),
        ([], {"identity": {"type": "Some"}}, "InvalidIdentityType"),
        ([], {"identity": {"type": "UserAssigned", "userAssignedIdentities": {"me": {}}}}, "LinkedInvalidPropertyId"),
        ([], encryption(useSystemAssignedIdentity=True), "UserErrorEncryptionIdentityNotFound"),
        ([OWN], encryption(userAssignedIdentity=USER), "UserErrorEncryptionIdentityNotFound"),
        (
            [OWN, encryption(useSystemAssignedIdentity=True)],
            encryption("Enabled", useSystemAssignedIdentity=True),
            "UserErrorInfrastructureEncryptionFixed",
        ),
    ],
)
def test_a_setting_that_a_vault_cannot_take(
    before: list[dict[str, Any]], body: dict[str, Any], code: str, azure: Azure
) -> None:
    azure.state.seed_vault("rg", "vault1", "westeurope")
    for earlier in before:
        assert azure.send("PATCH", VAULT, "2026-11-01", earlier).status_code in (200, 202)
        azure.state.hurry()
    kept = azure.state.snapshot()
    answer = azure.send("PATCH", VAULT, "2026-11-01", body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    assert azure.state.snapshot() == kept


def test_storage_is_fixed_by_the_first_backup(azure: Azure) -> None:
    vault = azure.state.seed_vault("rg", "vault1", "westeurope")
    assert azure.send("PATCH", VAULT, "2026-11-01", redundancy("ZoneRedundant")).status_code == 200
    vault.backup_items = 1
    assert azure.send("PATCH", VAULT, "2026-11-01", redundancy("ZoneRedundant")).status_code == 200
    answer = azure.send("PATCH", VAULT, "2026-11-01", redundancy("GeoRedundant"))
    assert answer.json()["error"]["code"] == "BMSUserErrorStorageTypeCannotBeChanged"


def test_what_stands_beside_a_patched_setting_stays(azure: Azure) -> None:
    azure.state.seed_vault("rg", "vault1", "westeurope")
    azure.send("PATCH", VAULT, "2026-11-01", soft(softDeleteRetentionPeriodInDays=30))
    azure.send("PATCH", VAULT, "2026-11-01", immutable("Unlocked"))
    shown = azure.send("GET", VAULT, "2026-11-01").json()["properties"]["securitySettings"]
    assert shown["softDeleteSettings"] == {"softDeleteState": "Enabled", "softDeleteRetentionPeriodInDays": 30}
    assert shown["immutabilitySettings"] == {"state": "Unlocked", "configuration": {"type": "AsPerPolicy"}}


def identity_after(azure: Azure, body: dict[str, Any]) -> dict[str, Any]:
    first = azure.send("PATCH", VAULT, "2026-11-01", body)
    assert (first.status_code, first.content) == (202, b"")
    assert azure.send("GET", first.headers["Azure-AsyncOperation"], None).json()["status"] == "Succeeded"
    assert azure.send("GET", first.headers["Location"], None).status_code == 200
    found: dict[str, Any] = azure.send("GET", VAULT, "2026-11-01").json()["identity"]
    return found


def test_identities_are_merged_and_null_takes_one_away(azure: Azure) -> None:
    azure.state.seed_vault("rg", "vault1", "westeurope")
    both = "SystemAssigned, UserAssigned"
    for users, left in (
        ({USER: {}}, [USER]),
        ({f"{USER}2": {}}, [USER, f"{USER}2"]),
        ({USER.upper(): None}, [f"{USER}2"]),
    ):
        body: dict[str, Any] = {"identity": {"type": both, "userAssignedIdentities": users}}
        found = identity_after(azure, body)
        assert sorted(found["userAssignedIdentities"]) == left
        assert found["principalId"]
    assert identity_after(azure, {"identity": {"type": "None"}}) == {"type": "None"}


def test_an_older_version_neither_takes_nor_shows_a_later_setting(azure: Azure) -> None:
    azure.state.seed_vault("rg", "vault1", "westeurope")
    later = immutable("Unlocked", configuration={"type": "TimeBased", "durationInDays": 30})
    shown = {}
    for taken in ("2024-04-01", "2026-11-01"):
        azure.send("PATCH", VAULT, taken, later)
        for version in ("2024-04-01", "2026-11-01"):
            answer = azure.send("GET", VAULT, version).json()
            shown[taken, version] = "configuration" in answer["properties"]["securitySettings"]["immutabilitySettings"]
    assert [pair for pair, there in shown.items() if there] == [("2026-11-01", "2026-11-01")]


def test_a_deleted_vault_comes_back_as_it_was(slow: Azure) -> None:
    vault = slow.state.seed_vault("rg", "vault1", "westeurope")
    slow.recovery.vaults.begin_delete("rg", "vault1", polling=False)
    slow.state.hurry()
    [deleted] = list(slow.recovery.deleted_vaults.list_by_subscription_id("westeurope"))
    assert deleted.properties is not None
    assert deleted.properties.purge_at
    name, root = str(deleted.name), f"/subscriptions/{SUBSCRIPTION}/resourceGroups"
    for place, group, status in (("eastus", "rg", 404), ("westeurope", "other", 400)):
        with pytest.raises(HttpResponseError) as refused:
            slow.recovery.deleted_vaults.begin_undelete(
                place, name, {"properties": {"recoveryResourceGroupId": f"{root}/{group}"}}
            )
        assert refused.value.status_code == status
    path = (
        f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.RecoveryServices/locations/westeurope/deletedVaults/{name}"
    )
    body = {"properties": {"recoveryResourceGroupId": f"{root}/rg"}}
    answer = slow.send("POST", f"{path}/undelete", "2026-11-01", body)
    assert answer.status_code == 202
    assert slow.send("GET", answer.headers["Azure-AsyncOperation"], None).json()["status"] == "InProgress"
    slow.state.hurry()
    assert slow.send("GET", answer.headers["Azure-AsyncOperation"], None).json()["status"] == "Succeeded"
    assert slow.state.vaults == {vault.id.casefold(): vault}
    assert not slow.state.deleted_vaults


def test_a_vault_may_go_for_good(azure: Azure) -> None:
    azure.state.soft_deletes_vaults = False
    azure.state.seed_vault("rg", "vault1", "westeurope")
    azure.recovery.vaults.begin_delete("rg", "vault1").result()
    assert (azure.state.vaults, azure.state.deleted_vaults) == ({}, {})


def test_an_absent_vault_and_an_absent_group_differ(azure: Azure) -> None:
    with pytest.raises(ResourceNotFoundError) as absent:
        azure.recovery.vaults.get("rg", "vault1")
    assert code_of(absent.value) == "ResourceGroupNotFound"
    azure.state.seed_group("rg", "westeurope")
    with pytest.raises(ResourceNotFoundError) as absent:
        azure.recovery.vaults.get("rg", "vault1")
    assert code_of(absent.value) == "ResourceNotFound"


def test_lists_show_one_group_or_the_subscription(azure: Azure) -> None:
    azure.state.seed_vault("rg", "vault1", "westeurope")
    azure.state.seed_vault("rg2", "vault2", "eastus")
    assert [vault.name for vault in azure.recovery.vaults.list_by_resource_group("rg")] == ["vault1"]
    assert [vault.name for vault in azure.recovery.vaults.list_by_subscription_id()] == ["vault1", "vault2"]


def test_a_vault_is_deleted_in_steps_and_an_absent_one_is_204(azure: Azure) -> None:
    azure.state.seed_vault("rg", "vault1", "westeurope")
    azure.recovery.vaults.begin_delete("rg", "vault1").result()
    assert not azure.state.vaults
    assert azure.send("DELETE", VAULT).status_code == 204


def test_a_failed_creation_ends_the_poller(slow: Azure) -> None:
    slow.state.seed_group("rg", "westeurope")
    slow.context.clock.scale = 0.0
    slow.context.faults.plan("operation:PUT:*/vaults/vault1", "fail", code="CloudInternalError", message="no luck")
    with pytest.raises(HttpResponseError, match="no luck") as failed:
        slow.recovery.vaults.begin_create_or_update("rg", "vault1", BODY).result()
    assert code_of(failed.value) == "CloudInternalError"


def test_a_creation_may_never_end(slow: Azure) -> None:
    slow.state.seed_group("rg", "westeurope")
    slow.context.clock.scale = 0.0
    slow.context.faults.plan("operation:PUT:*/vaults/vault1", "hang")
    poller = slow.recovery.vaults.begin_create_or_update("rg", "vault1", BODY)
    poller.wait(1.5)
    assert not poller.done()
    next(iter(slow.state.operations.values())).status = "Canceled"
    with pytest.raises(HttpResponseError, match="Canceled"):
        poller.wait(5)


@pytest.mark.parametrize(
    ("name", "available", "reason"),
    [
        ("new", True, None),
        ("vault1", False, "AlreadyExists"),
        ("gone", False, "AlreadyExists"),
        ("-", False, "Invalid"),
    ],
)
def test_a_name_can_be_checked(azure: Azure, name: str, available: bool, reason: str | None) -> None:
    azure.state.seed_vault("rg", "vault1", "westeurope")
    azure.state.seed_deleted_vault("rg", "gone", "westeurope")
    answer = azure.recovery.recovery_services.check_name_availability(
        "rg", "westeurope", {"name": name, "type": "Microsoft.RecoveryServices/Vaults"}
    )
    assert (answer.name_available, answer.reason) == (available, reason)
    assert not azure.context.journal.entries
    assert azure.context.journal.counts["azure.check"] == 1


def test_usages_and_deleted_vaults_are_listed(azure: Azure) -> None:
    azure.state.seed_vault("rg", "vault1", "westeurope")
    azure.state.seed_deleted_vault("rg", "gone", "westeurope")
    assert [usage.current_value for usage in azure.recovery.usages.list_by_vaults("rg", "vault1")] == [0, 0, 0, 0]
    [replication] = list(azure.recovery.replication_usages.list("rg", "vault1"))
    assert replication.registered_servers_count == 0
    [deleted] = list(azure.recovery.deleted_vaults.list_by_subscription_id("westeurope"))
    assert str(deleted.properties.vault_id).endswith("/vaults/gone")
    assert azure.recovery.deleted_vaults.get("westeurope", str(deleted.name)).name == deleted.name
    assert list(azure.recovery.deleted_vaults.list_by_subscription_id("eastus")) == []


def test_extended_information_is_absent_in_a_form_of_its_own(azure: Azure) -> None:
    azure.state.seed_vault("rg", "vault1", "westeurope")
    with pytest.raises(ResourceNotFoundError) as absent:
        azure.recovery.vault_extended_info.get("rg", "vault1")
    assert absent.value.response is not None
    assert absent.value.response.json()["ErrorCode"] == "ResourceExtendedInfoNotFound"  # type: ignore[attr-defined]
    made = azure.recovery.vault_extended_info.create_or_update(
        "rg", "vault1", {"properties": {"integrityKey": "AAECAwQFBgcICQoLDA0ODw==", "algorithm": "None"}}
    )
    assert made.properties is not None
    assert made.properties.algorithm == "None"
    assert azure.recovery.vault_extended_info.get("rg", "vault1").etag == made.etag
    assert "AAECAw" not in "".join(exchange.line() for exchange in azure.server.traffic)


# Certificates ---------------------------------------------------------------------------------------------------------


def make_key(azure: Azure, hours: int = 120, name: str = CERTIFICATE) -> ResourceCertificateAndAadDetails:
    answer = azure.recovery.vault_certificates.create(
        "rg", "vault1", name, {"certificateCreateOptions": {"validityInHours": hours}}
    )
    assert isinstance(answer.properties, ResourceCertificateAndAadDetails)
    return answer.properties


def test_the_service_makes_a_real_key_pair(azure: Azure) -> None:
    vault = azure.state.seed_vault("rg", "vault1", "westeurope")
    details = make_key(azure)
    assert isinstance(details.certificate, bytes)
    key, certificate, others = pkcs12.load_key_and_certificates(details.certificate, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    assert certificate is not None
    assert (key.key_size, others) == (2048, [])
    assert key.public_key() == certificate.public_key()
    assert certificate.subject == certificate.issuer
    assert details.subject == details.issuer == certificate.subject.rfc4514_string() == CERTIFICATE
    assert details.thumbprint == certificate.fingerprint(SHA1()).hex().upper()
    # Its form is that of field files: 3DES and SHA-1 under no password, of which nothing is readable as it stands.
    assert details.certificate.count(bytes.fromhex("2a864886f70d010c0103")) == 2
    assert details.certificate.count(bytes.fromhex("06052b0e03021a0500")) == 1
    assert certificate.public_bytes(Encoding.DER) not in details.certificate
    assert "Microsoft Enhanced Cryptographic Provider v1.0".encode("utf-16-be") in details.certificate
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    left = certificate.not_valid_after_utc - datetime.now(timezone.utc)
    assert timedelta(hours=119, minutes=59) < left <= timedelta(hours=120)
    assert details.resource_id == vault.number > 2**53
    assert details.aad_audience == f"https://RecoveryServiceVault/westeurope/vault1/{vault.number}"
    assert details.azure_management_endpoint_audience == "https://pod01-id1.we.backup.windowsazure.com/restapi/"


def test_each_request_makes_another_key_and_is_a_write(azure: Azure) -> None:
    azure.state.seed_vault("rg", "vault1", "westeurope")
    assert make_key(azure).thumbprint != make_key(azure).thumbprint
    assert azure.writes() == [("put", CERTIFICATE), ("put", CERTIFICATE)]
    assert len(azure.state.certificates) == 2


def test_keys_stay_out_of_traffic_and_journal(azure: Azure) -> None:
    azure.state.seed_vault("rg", "vault1", "westeurope")
    content = make_key(azure).certificate
    assert isinstance(content, bytes)
    text = base64.b64encode(content).decode()[200:260]
    assert text not in "".join(exchange.line() for exchange in azure.server.traffic)
    assert text not in repr(azure.context.journal.entries)
    assert text not in repr(azure.state.snapshot())


def test_an_empty_request_makes_a_shorter_key(azure: Azure) -> None:
    azure.state.seed_vault("rg", "vault1", "westeurope")
    answer = azure.send("PUT", f"{VAULT}/certificates/{CERTIFICATE}", "2026-11-01", {}).json()
    expires = next(iter(azure.state.certificates.values())).expires
    assert expires - azure.context.clock.now() <= timedelta(hours=48)
    assert answer["properties"]["validTo"].startswith(f"{expires:%Y-%m-%dT%H:%M:%S}")


def test_a_long_vault_name_does_not_matter(azure: Azure) -> None:
    azure.state.seed_vault("rg", "vault1", "westeurope")
    name = "CN=CB_" + "v" * 50 + "-11-24-2026-vaultcredentials"
    assert make_key(azure, name=name).subject == name


def test_a_certificate_of_the_client_is_echoed(azure: Azure) -> None:
    azure.state.seed_vault("rg", "vault1", "westeurope")
    pem = trustme.CA(organization_name="Windows Azure Tools").cert_pem.bytes()
    der = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    answer = azure.recovery.vault_certificates.create(
        "rg", "vault1", "vault1-any-name", {"properties": {"authType": "AAD", "certificate": der}}
    )
    assert answer.properties is not None
    assert (answer.properties.auth_type, answer.properties.certificate) == ("AzureActiveDirectory", der)


@pytest.mark.parametrize(
    ("name", "body", "code"),
    [
        ("plain-name", {"certificateCreateOptions": {"validityInHours": 1}}, "InvalidCertificateName"),
        (CERTIFICATE, {"certificateCreateOptions": {"validityInHours": 0}}, "BadRequest"),
        (CERTIFICATE, {"certificateCreateOptions": {"validityInHours": "long"}}, "BadRequest"),
        (CERTIFICATE, {"properties": {"authType": "AAD", "certificate": "AAAA"}}, "InvalidCertificate"),
        (CERTIFICATE, {"properties": {"authType": "ACS", "certificate": "AAAA"}}, "BadRequest"),
    ],
)
def test_a_bad_certificate_request_is_refused(azure: Azure, name: str, body: dict[str, Any], code: str) -> None:
    azure.state.seed_vault("rg", "vault1", "westeurope")
    answer = azure.send("PUT", f"{VAULT}/certificates/{name}", "2026-11-01", body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    assert not azure.state.certificates


def test_a_certificate_of_an_absent_vault_is_refused(azure: Azure) -> None:
    azure.state.seed_group("rg", "westeurope")
    with pytest.raises(ResourceNotFoundError) as absent:
        make_key(azure)
    assert code_of(absent.value) == "ParentResourceNotFound"


def test_a_vault_with_servers_is_not_deleted(azure: Azure) -> None:
    from .conftest import SERVER

    vault = azure.state.seed_vault("rg", "vault1", "westeurope")
    azure.state.register_vmm_server(str(make_key(azure).thumbprint), str(vault.number), SERVER)
    with pytest.raises(HttpResponseError) as refused:
        azure.recovery.vaults.begin_delete("rg", "vault1")
    assert code_of(refused.value) == "ServiceResourceNotEmptyWithContainerDetails"
    assert not isinstance(refused.value, ResourceExistsError)
