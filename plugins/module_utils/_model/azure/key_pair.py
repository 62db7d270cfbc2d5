# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: a certificate that the client creates for a registration key, in memory, in the form of the older cmdlets.

Azure PowerShell before 5.5.0 (CertUtils.cs): 2048-bit RSA, self-signed, with client authentication as its only usage.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from .pfx import write_pfx

_BITS = 2048
_SUBJECT = "Windows Azure Tools"
#: The clock of the service can be behind this one.
_HEAD_START = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A key pair in base64: `pfx` has both keys and is a secret, `der` is only the public certificate."""

    pfx: str = field(repr=False)
    der: str


def make_pair(name: str, now: datetime, hours: int) -> KeyPair:
    """Create a pair that is valid for `hours`, with `name` as its friendly name.

    Raises Refused without 3DES (FIPS mode).
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _SUBJECT)])
    begin = now.astimezone(timezone.utc).replace(microsecond=0)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin - _HEAD_START)
        .not_valid_after(begin + timedelta(hours=hours))
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return KeyPair(_text(write_pfx(key, certificate, name)), _text(certificate.public_bytes(Encoding.DER)))


def upload_request(pair: KeyPair) -> dict[str, Any]:
    """Return the body that makes the vault trust the pair. It contains the public certificate."""
    return {"properties": {"authType": "AAD", "certificate": pair.der}}


def upload_name(vault_name: str, subscription_id: str, now: datetime) -> str:
    """Return the name under which the older cmdlets upload a certificate."""
    day = now.astimezone(timezone.utc)
    return f"{vault_name}{subscription_id}-{day.month}-{day.day}-{day.year}-vaultcredentials"


def is_echo(pair: KeyPair, properties: Mapping[str, Any]) -> bool:
    """Tell whether an answer is about this pair: the service repeats the public certificate (recorded)."""
    return "".join(str(properties.get("certificate") or "").split()) == pair.der


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
