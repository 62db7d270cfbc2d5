# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The key pairs of registration keys: created by the service, or read from the certificate of a client."""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .pfx import pfx


@dataclass(frozen=True, slots=True)
class Made:
    """A certificate: `content` is the base64 of the PFX (service-made) or of the DER (client-made)."""

    content: str
    subject: str
    thumbprint: str
    valid_from: datetime
    valid_to: datetime


def make(common_name: str, now: datetime, hours: int) -> Made:
    """Create a self-signed RSA 2048 pair as the service does, in a PFX without a password.

    Field files of 2021: SHA-256, client authentication only, valid from midnight five days back until `hours` from
    now.
    """
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    # Names of long vaults exceed the 64 characters that the library allows.
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name, _validate=False)])
    start = (now - timedelta(days=5)).replace(hour=0, minute=0, second=0, microsecond=0)
    end = (now + timedelta(hours=hours)).replace(microsecond=0)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    content = pfx(key, certificate, f"{{{str(uuid.uuid4()).upper()}}}")
    return _described(certificate, base64.b64encode(content).decode(), f"CN={common_name}")


def read(der: bytes) -> Made:
    """Read the certificate of a client. Raises ValueError when it is not one."""
    certificate = x509.load_der_x509_certificate(der)
    return _described(certificate, base64.b64encode(der).decode(), certificate.subject.rfc4514_string())


def _described(certificate: x509.Certificate, content: str, subject: str) -> Made:
    thumbprint = certificate.fingerprint(hashes.SHA1()).hex().upper()
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return Made(content, subject, thumbprint, start.astimezone(timezone.utc), end.astimezone(timezone.utc))
