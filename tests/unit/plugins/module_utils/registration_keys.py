# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Registration keys for tests."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, NoEncryption, pkcs12
from cryptography.x509.oid import NameOID

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.registration_key import (
    DesiredKey,
    StoredKey,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.key_file import (
    KeyCertificate,
    RegistrationKey,
)
from tests.unit.plugins.module_utils.resources import SUBSCRIPTION, options_of

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)
PATH = "/home/ansible/vault-dr.VaultCredentials"
NAMESPACE = "http://schemas.datacontract.org/2004/07/Microsoft.Azure.Portal.RecoveryServices.Models.Common"
# The portal's file for VMM, with the order and names of elements that its reader requires.
FILE = f"""<?xml version="1.0" encoding="utf-8"?>
<RSVaultAsrCreds xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns="{NAMESPACE}">
  <VaultDetails>
    <SubscriptionId>{SUBSCRIPTION}</SubscriptionId>
    <ResourceGroup>rg-dr</ResourceGroup>
    <ResourceName>vault-dr</ResourceName>
    <ResourceId>6066914184940990001</ResourceId>
    <Location>westeurope</Location>
    <ResourceType>Vaults</ResourceType>
    <ProviderNamespace>Microsoft.RecoveryServices</ProviderNamespace>
  </VaultDetails>
  <ManagementCert>BASE64-OF-PFX</ManagementCert>
  <Version>2.0</Version>
  <AadDetails>
    <AadAuthority>https://login.windows.net</AadAuthority>
    <AadTenantId>99999999-0000-0000-0000-000000000001</AadTenantId>
    <ServicePrincipalClientId>99999999-0000-0000-0000-000000000002</ServicePrincipalClientId>
    <AadVaultAudience>https://RecoveryServiceVault/westeurope/vault-dr/6066914184940990001</AadVaultAudience>
    <ArmManagementEndpoint>https://pod01-id1.weu.backup.windowsazure.com/restapi/</ArmManagementEndpoint>
  </AadDetails>
  <ChannelIntegrityKey></ChannelIntegrityKey>
  <SiteId></SiteId>
  <SiteName></SiteName>
  <PrivateEndpointStateForSiteRecovery>None</PrivateEndpointStateForSiteRecovery>
</RSVaultAsrCreds>
"""
KEY = RegistrationKey(
    subscription_id=SUBSCRIPTION,
    resource_group="rg-dr",
    vault_name="vault-dr",
    resource_id="6066914184940990001",
    location="westeurope",
    management_cert="BASE64-OF-PFX",
    aad_authority="https://login.windows.net",
    aad_tenant_id="99999999-0000-0000-0000-000000000001",
    service_principal_client_id="99999999-0000-0000-0000-000000000002",
    aad_vault_audience="https://RecoveryServiceVault/westeurope/vault-dr/6066914184940990001",
    arm_management_endpoint="https://pod01-id1.weu.backup.windowsazure.com/restapi/",
)
GOOD = StoredKey(KEY, KeyCertificate(NOW - 100 * HOUR, NOW + 100 * HOUR), "0600")


def desired(**given: Any) -> DesiredKey:
    return DesiredKey.from_options(
        options_of("vault_registration_key", **{"vault_name": "vault-dr", "path": PATH, **given})
    )


def make_pfx(password: str | None = None, with_key: bool = True, with_certificate: bool = True) -> str:
    """A PKCS #12 file in base64, valid for 120 hours from NOW."""
    pair = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "vault-dr")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(pair.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + 120 * HOUR)
        .sign(pair, SHA256())
    )
    content = pkcs12.serialize_key_and_certificates(
        None,
        pair if with_key else None,
        certificate if with_certificate else None,
        None,
        BestAvailableEncryption(password.encode()) if password else NoEncryption(),
    )
    return base64.b64encode(content).decode()


@pytest.fixture(scope="module")
def good_pfx() -> str:
    return make_pfx()
