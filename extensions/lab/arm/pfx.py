# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a PFX in the form in which the service issues key pairs (field files of 2021).

3DES encrypts both bags and SHA-1 authenticates the file, with keys derived from an empty password. That protects
nothing; it is only the form. PKCS #12 is RFC 7292, the derivation of keys its appendix B.

The lab needs a writer of its own: it must not import the collection, and `cryptography` cannot write this form, because
it requires a password of at least one byte. Its loader reads the result, which the tests check.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

try:
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
except ImportError:  # before cryptography 43
    from cryptography.hazmat.primitives.ciphers.algorithms import TripleDES

#: recorded: both counts.
_ROUNDS: Final = 2000
_BLOCK: Final = 64
_INTEGER, _OCTETS, _NULL, _OID, _BMP, _SEQUENCE, _SET, _INSIDE, _INSIDE_TEXT = (
    0x02,
    0x04,
    0x05,
    0x06,
    0x1E,
    0x30,
    0x31,
    0xA0,
    0x80,
)
_KEY, _IV, _MAC = 1, 2, 3

_DATA = "1.2.840.113549.1.7.1"
_ENCRYPTED_DATA = "1.2.840.113549.1.7.6"
_SHA1_3DES = "1.2.840.113549.1.12.1.3"
_KEY_BAG = "1.2.840.113549.1.12.10.1.2"
_CERTIFICATE_BAG = "1.2.840.113549.1.12.10.1.3"
_X509 = "1.2.840.113549.1.9.22.1"
_FRIENDLY_NAME = "1.2.840.113549.1.9.20"
_LOCAL_KEY_ID = "1.2.840.113549.1.9.21"
_PROVIDER = "1.3.6.1.4.1.311.17.1"
_MACHINE_KEYSET = "1.3.6.1.4.1.311.17.2"
_SHA1 = "1.3.14.3.2.26"


def pfx(key: rsa.RSAPrivateKey, certificate: x509.Certificate, friendly_name: str) -> bytes:
    """Return the pair as DER."""
    # recorded: the attributes of the key's bag.
    key_id = _attribute(_LOCAL_KEY_ID, _der(_OCTETS, b"\x01\x00\x00\x00"))
    attributes = [
        key_id,
        _attribute(_FRIENDLY_NAME, _text(friendly_name)),
        _attribute(_PROVIDER, _text("Microsoft Enhanced Cryptographic Provider v1.0")),
        _attribute(_MACHINE_KEYSET),
    ]
    plain = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    algorithm, content = _encrypted(plain)
    key_bag = _bag(_KEY_BAG, _sequence(algorithm, _der(_OCTETS, content)), *attributes)
    der = certificate.public_bytes(Encoding.DER)
    certificate_bag = _bag(_CERTIFICATE_BAG, _sequence(_oid(_X509), _der(_INSIDE, _der(_OCTETS, der))), key_id)
    algorithm, content = _encrypted(_sequence(certificate_bag))
    safe = _sequence(
        _data(_sequence(key_bag)),
        _sequence(
            _oid(_ENCRYPTED_DATA),
            _der(
                _INSIDE,
                _sequence(_integer(0), _sequence(_oid(_DATA), algorithm, _der(_INSIDE_TEXT, content))),
            ),
        ),
    )
    return _sequence(_integer(3), _data(safe), _mac(safe))


def _encrypted(plain: bytes) -> tuple[bytes, bytes]:
    """Return the algorithm's identifier and the ciphertext."""
    salt = os.urandom(8)
    padder = PKCS7(64).padder()
    cipher = Cipher(TripleDES(_derived(_KEY, salt, 24)), modes.CBC(_derived(_IV, salt, 8))).encryptor()
    content = cipher.update(padder.update(plain) + padder.finalize()) + cipher.finalize()
    return _sequence(_oid(_SHA1_3DES), _sequence(_der(_OCTETS, salt), _integer(_ROUNDS))), content


def _mac(safe: bytes) -> bytes:
    salt = os.urandom(8)
    digest = hmac.new(_derived(_MAC, salt, 20), safe, hashlib.sha1).digest()
    algorithm = _sequence(_oid(_SHA1), _der(_NULL))
    return _sequence(_sequence(algorithm, _der(_OCTETS, digest)), _der(_OCTETS, salt), _integer(_ROUNDS))


def _derived(purpose: int, salt: bytes, length: int) -> bytes:
    """Derive a key by RFC 7292, appendix B.2, with SHA-1 and an empty password."""
    block = bytearray((salt * _BLOCK)[:_BLOCK])
    found = b""
    while len(found) < length:
        digest = bytes([purpose]) * _BLOCK + bytes(block)
        for _round in range(_ROUNDS):
            digest = hashlib.sha1(digest, usedforsecurity=False).digest()
        found += digest
        spread = int.from_bytes((digest * 4)[:_BLOCK], "big")
        block = bytearray(((int.from_bytes(block, "big") + spread + 1) % (1 << (8 * _BLOCK))).to_bytes(_BLOCK, "big"))
    return found[:length]


def _data(content: bytes) -> bytes:
    return _sequence(_oid(_DATA), _der(_INSIDE, _der(_OCTETS, content)))


def _bag(kind: str, value: bytes, *attributes: bytes) -> bytes:
    return _sequence(_oid(kind), _der(_INSIDE, value), _der(_SET, *attributes))


def _attribute(kind: str, *values: bytes) -> bytes:
    return _sequence(_oid(kind), _der(_SET, *values))


def _text(value: str) -> bytes:
    return _der(_BMP, value.encode("utf-16-be"))


def _integer(value: int) -> bytes:
    return _der(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _oid(dotted: str) -> bytes:
    first, second, *rest = (int(part) for part in dotted.split("."))
    content = bytearray([40 * first + second])
    for part in rest:
        digits = [part & 0x7F]
        while part := part >> 7:
            digits.append(part & 0x7F | 0x80)
        content += bytes(reversed(digits))
    return _der(_OID, bytes(content))


def _sequence(*parts: bytes) -> bytes:
    return _der(_SEQUENCE, *parts)


def _der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content
