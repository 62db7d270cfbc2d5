# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real registration keys: what the collection itself writes, with a certificate of any kind inside."""

from __future__ import annotations

import base64
import functools
from datetime import datetime, timedelta, timezone

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import NoEncryption, pkcs12
from cryptography.x509.oid import NameOID

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.key_file import RegistrationKey, render

SUBSCRIPTION = "00000000-1111-2222-3333-444444444444"
VAULT_ID = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-asr/providers/Microsoft.RecoveryServices/vaults/vault-asr"
#: What the vault's service tells vaults apart by.
VAULT_NUMBER = "6066914184940990001"


@functools.cache
def _pair() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pfx(start: datetime, end: datetime, *, private: bool = True) -> bytes:
    """A PFX without a password, with or without the private key."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CB_vault-asr-vaultcredentials")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(_pair().public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(end)
        .sign(_pair(), hashes.SHA256())
    )
    own = _pair() if private else None
    return pkcs12.serialize_key_and_certificates(b"x", own, certificate, None, NoEncryption())


def key_file(
    *,
    hours: float = 120,
    begins: float = -1,
    certificate: str | None = None,
    private: bool = True,
    vault: str = "vault-asr",
    group: str = "rg-asr",
    subscription: str = SUBSCRIPTION,
    site: str = "",
    now: datetime | None = None,
) -> bytes:
    """The content of a key file that is valid from `begins` to `hours` from now."""
    moment = now or datetime.now(timezone.utc)
    start, end = (moment + timedelta(hours=value) for value in (begins, hours))
    made = base64.b64encode(pfx(min(start, end - timedelta(hours=1)), end, private=private)).decode()
    return render(
        RegistrationKey(
            subscription_id=subscription,
            resource_group=group,
            vault_name=vault,
            resource_id=VAULT_NUMBER,
            location="westeurope",
            management_cert=made if certificate is None else certificate,
            aad_authority="https://login.windows.net",
            aad_tenant_id="99999999-0000-0000-0000-000000000001",
            service_principal_client_id="99999999-0000-0000-0000-000000000002",
            aad_vault_audience=f"https://RecoveryServiceVault/westeurope/{vault}/{VAULT_NUMBER}",
            arm_management_endpoint="https://pod01-id1.weu.backup.windowsazure.com/restapi/",
            private_endpoint_state="None",
            site_id=site,
            site_name=site,
        )
    )
