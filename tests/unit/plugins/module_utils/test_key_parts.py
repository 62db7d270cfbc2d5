# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a key is made of beside its file: a pair of the client, a Hyper-V site, a channel integrity key (S4)."""

from __future__ import annotations

import base64
import json
import os
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from azure.mgmt.recoveryservices import models
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.channel_key import (
    channel_key_from_wire,
    new_channel_key,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.hyperv_site import HyperVSite, find_site
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.key_pair import (
    KeyPair,
    is_echo,
    make_pair,
    upload_name,
    upload_request,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.registration_key import key_from_answer
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import Refused, RemoteFailure
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.key_file import certificate_of
from ansible_collections.siterecovery.hyperv.plugins.modules import vault_registration_key
from tests.support.properties import unaccounted
from tests.unit.plugins.module_utils.registration_keys import KEY, NOW
from tests.unit.plugins.module_utils.vaults import VAULT

FOLDER = "vault-credentials"


def recorded(name: str) -> list[dict[str, Any]]:
    text = Path(os.environ["SITERECOVERY_RECORDINGS"], FOLDER, name).read_text(encoding="utf-8")
    exchanges: list[dict[str, Any]] = json.loads(text)["exchanges"]
    return exchanges


# What the API takes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "options", "left_out"),
    [
        (
            models.CertificateRequest,
            {"properties.authType": "certificate", "properties.certificate": "certificate"},
            {},
        ),
        (
            models.VaultExtendedInfoResource,
            {
                "properties.integrityKey": "channel_integrity_key",
                "properties.algorithm": "channel_integrity_key",
            },
            {
                "etag": "a key is made only where there is none, so no version is replaced",
                "properties.encryptionKey": "belongs to the encryption of data at failover, which ended in 2022",
                "properties.encryptionKeyThumbprint": "the same",
            },
        ),
    ],
)
def test_every_property_that_can_be_sent_is_an_option_or_has_a_reason(
    model: type, options: dict[str, str], left_out: dict[str, str]
) -> None:
    assert unaccounted(model, options, left_out) == []
    assert set(options.values()) <= vault_registration_key.OPTIONS.keys()


# The client's pair ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pair() -> KeyPair:
    return make_pair("vault-dr-name", NOW, 120)


def test_a_pair_has_the_form_that_the_older_cmdlets_give_it(pair: KeyPair) -> None:
    private, certificate, others = pkcs12.load_key_and_certificates(base64.b64decode(pair.pfx), None)
    assert isinstance(private, rsa.RSAPrivateKey)
    assert certificate is not None
    assert (private.key_size, others) == (2048, [])
    assert private.public_key() == certificate.public_key()
    assert certificate == x509.load_der_x509_certificate(base64.b64decode(pair.der))
    assert certificate.subject.rfc4514_string() == certificate.issuer.rfc4514_string() == "CN=Windows Azure Tools"
    assert isinstance(certificate.signature_hash_algorithm, SHA256)
    certificate.verify_directly_issued_by(certificate)
    assert [(list(each.value), each.critical) for each in certificate.extensions] == [
        ([ExtendedKeyUsageOID.CLIENT_AUTH], False)
    ]
    assert certificate.not_valid_before_utc == NOW - timedelta(minutes=10)
    assert certificate.not_valid_after_utc == NOW + timedelta(hours=120)


def test_a_pair_is_written_in_the_form_that_old_servers_read(pair: KeyPair) -> None:
    content = base64.b64decode(pair.pfx)
    # Both bags under SHA-1 and 3DES, the MAC with SHA-1, 2000 rounds each, and nothing of AES, PBES2 or SHA-256.
    assert content.count(bytes.fromhex("060a2a864886f70d010c0103")) == 2
    assert content.count(bytes.fromhex("06052b0e03021a0500")) == 1
    assert content.count(bytes.fromhex("020207d0")) == 3
    assert bytes.fromhex("2a864886f70d01050d") not in content
    assert bytes.fromhex("608648016503040201") not in content
    assert "vault-dr-name".encode("utf-16-be") in content
    assert base64.b64decode(pair.der) not in content
    found = pkcs12.load_pkcs12(content, None)
    assert found.cert is not None
    assert found.additional_certs == []


def test_a_machine_without_3des_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_given: Any) -> None:
        raise UnsupportedAlgorithm("cipher 3DES in CBC mode is not supported")

    monkeypatch.setattr("cryptography.hazmat.primitives.ciphers.Cipher.encryptor", refuse)
    with pytest.raises(Refused, match=r"does not allow it \(FIPS mode\); let the service make the pair"):
        make_pair("vault-dr-name", NOW, 120)


def test_each_pair_is_new_and_not_shown(pair: KeyPair) -> None:
    assert make_pair("vault-dr-name", NOW, 120).der != pair.der
    assert pair.pfx[200:260] not in repr(pair)


def test_only_the_public_certificate_is_uploaded(pair: KeyPair) -> None:
    assert upload_request(pair) == {"properties": {"authType": "AAD", "certificate": pair.der}}
    assert pair.pfx not in json.dumps(upload_request(pair))


@pytest.mark.parametrize(
    ("now", "day"),
    [(NOW, "3-1-2026"), (datetime(2026, 12, 31, 23, 30, tzinfo=timezone(-timedelta(hours=1))), "1-1-2027")],
)
def test_the_upload_is_named_by_vault_subscription_and_day(now: datetime, day: str) -> None:
    assert upload_name("vault-dr", "s-1", now) == f"vault-drs-1-{day}-vaultcredentials"


def test_the_key_contains_the_clients_pair_and_not_the_echo(pair: KeyPair) -> None:
    properties = {
        "authType": "AzureActiveDirectory",
        "certificate": pair.der,
        "resourceId": int(KEY.resource_id),
        "aadAuthority": KEY.aad_authority,
        "aadTenantId": KEY.aad_tenant_id,
        "servicePrincipalClientId": KEY.service_principal_client_id,
        "azureManagementEndpointAudience": KEY.arm_management_endpoint,
    }
    key = key_from_answer(VAULT, {"properties": properties}, pair=pair)
    assert key.management_cert == pair.pfx
    assert certificate_of(key) is not None
    with pytest.raises(RemoteFailure, match="is a public certificate instead of a PFX with a private key") as caught:
        key_from_answer(VAULT, {"properties": properties})
    assert pair.der[:60] not in caught.value.message
    other = make_pair("vault-dr-name", NOW, 120)
    with pytest.raises(RemoteFailure, match="with another certificate"):
        key_from_answer(VAULT, {"properties": properties}, pair=other)


@pytest.mark.needs("recordings")
@pytest.mark.parametrize(
    "name", ["certificates-put-aad-client-made-2017-06.json", "certificates-put-aad-client-made-2017-11.json"]
)
def test_a_recorded_upload_has_our_form_and_its_answer_makes_a_key(name: str) -> None:
    (exchange,) = recorded(name)
    sent, answer = exchange["request"]["body"], exchange["response"]["body"]
    public = x509.load_der_x509_certificate(base64.b64decode(sent["properties"]["certificate"]))
    # What stands for our own private half is not in a recording: only that the rest is taken over is seen here.
    pair = KeyPair(make_pair("x", NOW, 1).pfx, sent["properties"]["certificate"])
    assert upload_request(pair) == sent
    assert is_echo(pair, answer["properties"])
    assert public.subject.rfc4514_string() == "CN=Windows Azure Tools"
    key = key_from_answer(VAULT, answer, pair=pair)
    given = answer["properties"]
    assert (key.resource_id, key.aad_tenant_id) == (str(given["resourceId"]), given["aadTenantId"])
    # No audience came with that version of the API.
    assert key.aad_vault_audience == f"https://RecoveryServiceVault/westeurope/vault-dr/{given['resourceId']}"
    path = exchange["request"]["path"].split("/")
    year, month, day = (int(part) for part in given["validFrom"][:10].split("-"))
    assert answer["name"] == upload_name(path[8], path[2], datetime(year, month, day, tzinfo=timezone.utc))


@pytest.mark.needs("recordings")
def test_the_audience_of_the_answer_is_passed_on_in_any_form(pair: KeyPair) -> None:
    (exchange,) = recorded("certificates-put-aad-spec-example-2024-04-01.json")
    properties = {**exchange["response"]["body"]["properties"], "certificate": pair.der}
    key = key_from_answer(VAULT, {"properties": properties}, pair=pair)
    assert key.aad_vault_audience == properties["aadAudience"]
    assert key.aad_vault_audience.startswith("api://")


# Answers --------------------------------------------------------------------------------------------------------------


def good(pair: KeyPair, **changed: Any) -> dict[str, Any]:
    properties = {
        "authType": "AzureActiveDirectory",
        "certificate": pair.pfx,
        "resourceId": int(KEY.resource_id),
        "aadAuthority": KEY.aad_authority,
        "aadTenantId": KEY.aad_tenant_id,
        "servicePrincipalClientId": KEY.service_principal_client_id,
        "azureManagementEndpointAudience": KEY.arm_management_endpoint,
    }
    return {"properties": {**properties, **changed}}


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"authType": None}, r"lacks properties.authType \(authType not given\)"),
        ({"authType": "AccessControlService", "globalAcsHostName": "canary"}, "the retired Access Control Service"),
        ({"authType": "SomethingNew"}, r"unknown sign-in \(authType SomethingNew, expected AzureActiveDirectory\)"),
        ({"authType": "AAD"}, r"unknown sign-in \(authType AAD, "),
        ({"authType": "canary " * 20}, "authType unreadable"),
        ({"authType": ["canary"]}, r"lacks properties.authType \(authType unreadable\)"),
        ({"resourceId": 6.1e18}, "lacks properties.resourceId "),
        ({"resourceId": True}, "lacks properties.resourceId "),
        ({"resourceId": "canary"}, "lacks properties.resourceId "),
        ({"aadTenantId": ["canary"], "aadAuthority": " "}, "lacks properties.aadAuthority, properties.aadTenantId "),
        ({"aadAudience": {"canary": 1}}, "properties.aadAudience that is not text"),
        ({"aadTenantId": "canary\x00"}, "a value that a key file cannot contain"),
        ({"certificate": "Y2FuYXJ5"}, "is not a PFX with a private key"),
    ],
)
def test_an_incomplete_or_unknown_answer(changed: dict[str, Any], text: str, pair: KeyPair) -> None:
    with pytest.raises(RemoteFailure, match=text) as caught:
        key_from_answer(VAULT, good(pair, **changed))
    assert not {"canary", "Y2FuYXJ5"} & set(caught.value.message.replace("(", " ").split())
    assert pair.pfx[:60] not in caught.value.message
    assert "\n" not in caught.value.message


def test_a_number_beyond_a_float_stays_exact(pair: KeyPair) -> None:
    for number in (6066914184940997397, "6066914184940997397"):
        assert key_from_answer(VAULT, good(pair, resourceId=number)).resource_id == "6066914184940997397"


# Hyper-V sites --------------------------------------------------------------------------------------------------------


def fabric(name: str, friendly: str | None = None, kind: str = "HyperVSite", **changed: Any) -> dict[str, Any]:
    properties = {
        "friendlyName": friendly or name,
        "internalIdentifier": f"id-of-{name}",
        "customDetails": {"instanceType": kind},
    }
    return {"name": name, "properties": {**properties, **changed}}


FABRICS = [
    fabric("branch", "Branch"),
    fabric("a1", "twin"),
    fabric("a2", "Twin"),
    fabric("twin2", "branch"),
    fabric("f" * 64, "vmm01.contoso.example", "VMM"),
    fabric("lacking", internalIdentifier=None),
    {"name": "bare"},
]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("branch", HyperVSite("id-of-branch", "branch")),
        ("BRANCH", HyperVSite("id-of-branch", "branch")),
        ("A1", HyperVSite("id-of-a1", "a1")),
        ("twin2", HyperVSite("id-of-twin2", "twin2")),
        ("nowhere", None),
    ],
)
def test_a_site_is_found_by_its_name_before_its_friendly_name(wanted: str, found: HyperVSite | None) -> None:
    assert find_site(FABRICS, wanted) == found


@pytest.mark.parametrize(
    ("wanted", "error", "text"),
    [
        ("twin", Refused, r"site: 2 sites are named twin \(a1, a2\); use one"),
        ("VMM01.contoso.example", Refused, "is not a Hyper-V site, its type is VMM;"),
        ("bare", Refused, "its type is unknown;"),
        ("lacking", RemoteFailure, r"about Hyper-V site lacking lacks properties.internalIdentifier;"),
    ],
)
def test_a_site_that_cannot_have_a_key(wanted: str, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        find_site(FABRICS, wanted)


# Channel integrity keys -----------------------------------------------------------------------------------------------


def test_a_new_channel_key_is_sixteen_random_bytes() -> None:
    body, other = new_channel_key(), new_channel_key()
    assert body["properties"].keys() == {"integrityKey", "algorithm"}
    assert body["properties"]["algorithm"] == "None"
    assert len(base64.b64decode(body["properties"]["integrityKey"], validate=True)) == 16
    assert body != other


@pytest.mark.needs("recordings")
@pytest.mark.parametrize("name", ["extended-info-create-2017.json", "vault-get-and-extended-info-create-2022.json"])
def test_recorded_extended_information_is_sent_and_read(name: str) -> None:
    (exchange,) = (each for each in recorded(name) if each["request"]["method"] == "PUT")
    assert exchange["request"]["body"]["properties"].keys() == new_channel_key()["properties"].keys()
    found = channel_key_from_wire(exchange["response"]["body"], "vault-dr")
    assert found.text == exchange["request"]["body"]["properties"]["integrityKey"]
    assert found.text not in repr(found)


@pytest.mark.parametrize(
    ("document", "error", "text"),
    [
        ({}, RemoteFailure, "lacks properties.integrityKey"),
        ({"properties": "canary"}, RemoteFailure, "lacks properties.integrityKey"),
        ({"properties": {"integrityKey": " "}}, RemoteFailure, "lacks properties.integrityKey"),
        ({"properties": {"integrityKey": "canary", "algorithm": "RSA"}}, Refused, "an older portal wrapped"),
    ],
)
def test_an_unusable_channel_key(document: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        channel_key_from_wire(document, "vault-dr")
    assert "canary" not in str(caught.value)
