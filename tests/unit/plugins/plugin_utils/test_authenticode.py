# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The signer that a program names. The signature itself is not verified."""

from __future__ import annotations

import struct
from datetime import datetime, timedelta, timezone

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder
from cryptography.x509.oid import NameOID

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.signer import is_microsoft
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._services.bundle.authenticode import signer_of

MICROSOFT = "CN=Microsoft Corporation, O=Microsoft Corporation, C=US"
KEY = ec.generate_private_key(ec.SECP256R1())


def certificate(common: str, organization: str) -> x509.Certificate:
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "US"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )
    now = datetime.now(timezone.utc)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(KEY.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now)
    return builder.not_valid_after(now + timedelta(days=1)).sign(KEY, SHA256())


def signature(signer: x509.Certificate, *others: x509.Certificate) -> bytes:
    builder = PKCS7SignatureBuilder().set_data(b"hash").add_signer(signer, KEY, SHA256())
    for other in others:
        builder = builder.add_certificate(other)
    return builder.sign(Encoding.DER, [PKCS7Options.Binary])


def program(data: bytes | None, *, magic: int = 0x20B, kind: int = 2) -> bytes:
    """Return a PE file of headers and a certificate table only."""
    directories = {0x10B: 96, 0x20B: 112}[magic]
    optional = struct.pack("<H", magic).ljust(directories, b"\0")
    headers = 0x40 + 24 + directories + 16 * 8
    table = b"" if data is None else struct.pack("<IHH", len(data) + 8, 0x200, kind) + data + b"\0" * (-len(data) % 8)
    entry = struct.pack("<II", headers if table else 0, len(table))
    dos = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x40)
    return dos + b"PE\0\0".ljust(24, b"\0") + optional + b"\0" * 32 + entry + b"\0" * 88 + table


SIGNER, OTHER = certificate("Microsoft Corporation", "Microsoft Corporation"), certificate("Time", 'Stamps, "Inc"')


@pytest.mark.parametrize("magic", [0x10B, 0x20B])
def test_the_signer_is_the_certificate_that_the_signature_names(magic: int) -> None:
    found = signer_of(program(signature(SIGNER, OTHER), magic=magic))
    assert found == MICROSOFT
    assert is_microsoft(found)


def test_special_characters_are_quoted_as_dotnet_does() -> None:
    found = signer_of(program(signature(OTHER, SIGNER)))
    assert found == 'CN=Time, O="Stamps, ""Inc""", C=US'
    assert not is_microsoft(found)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"MZ",
        b"no program" * 100,
        program(None),
        program(signature(SIGNER), kind=1),
        program(b"\x30\x03abc"),
        program(signature(SIGNER))[:-40],
        b"MZ AzureSiteRecoveryProvider.exe".ljust(4096, b"x"),
    ],
)
def test_a_file_without_a_readable_signature_has_no_signer(content: bytes) -> None:
    assert signer_of(content) is None
