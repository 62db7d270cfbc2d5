# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: a key pair as a PFX without a password, in the form that the vault's service uses.

Without a password, libraries write only a SHA-256 MAC, which Windows Server 2016 and earlier cannot read
(pyca/cryptography #7217, dotnet/runtime #115271). So this module writes both bags with 3DES and the MAC with SHA-1,
with keys derived from an empty password. This encryption protects nothing; the mode of the file protects the secret.

PKCS #12 is RFC 7292; the derivation of keys is its appendix B.2.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING

from ..common.errors import Refused

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.x509 import Certificate

_ROUNDS = 2000
#: The block size of SHA-1, and the purposes of derived keys.
_BLOCK = 64
_FOR_KEY, _FOR_IV, _FOR_MAC = 1, 2, 3

_DATA = "1.2.840.113549.1.7.1"
_ENCRYPTED_DATA = "1.2.840.113549.1.7.6"
_SHA1_AND_3DES = "1.2.840.113549.1.12.1.3"
_KEY_BAG = "1.2.840.113549.1.12.10.1.2"
_CERTIFICATE_BAG = "1.2.840.113549.1.12.10.1.3"
_X509_CERTIFICATE = "1.2.840.113549.1.9.22.1"
_FRIENDLY_NAME = "1.2.840.113549.1.9.20"
_LOCAL_KEY_ID = "1.2.840.113549.1.9.21"
_SHA1 = "1.3.14.3.2.26"
#: The key storage that Windows uses at import, as in the pairs of the service.
_PROVIDER = ("1.3.6.1.4.1.311.17.1", "Microsoft Enhanced Cryptographic Provider v1.0")
_MACHINE_KEYSET = "1.3.6.1.4.1.311.17.2"

_INTEGER, _OCTETS, _NULL, _OBJECT_ID, _BMP, _SEQUENCE, _SET = 0x02, 0x04, 0x05, 0x06, 0x1E, 0x30, 0x31
_EXPLICIT, _IMPLICIT = 0xA0, 0x80


def write_pfx(key: RSAPrivateKey, certificate: Certificate, friendly_name: str) -> bytes:
    """Return the pair as DER, which is a secret. Raises Refused where the library must not use 3DES."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key_id = _attribute(_LOCAL_KEY_ID, _der(_OCTETS, b"\x01\x00\x00\x00"))
    algorithm, content = _encrypted(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    key_bag = _bag(
        _KEY_BAG,
        _sequence(algorithm, _der(_OCTETS, content)),
        key_id,
        _attribute(_FRIENDLY_NAME, _text(friendly_name)),
        _attribute(_PROVIDER[0], _text(_PROVIDER[1])),
        _attribute(_MACHINE_KEYSET),
    )
    public = _der(_EXPLICIT, _der(_OCTETS, certificate.public_bytes(Encoding.DER)))
    certificate_bag = _bag(_CERTIFICATE_BAG, _sequence(_object_id(_X509_CERTIFICATE), public), key_id)
    algorithm, content = _encrypted(_sequence(certificate_bag))
    encrypted = _sequence(_object_id(_DATA), algorithm, _der(_IMPLICIT, content))
    safe = _sequence(
        _data(_sequence(key_bag)),
        _sequence(_object_id(_ENCRYPTED_DATA), _der(_EXPLICIT, _sequence(_integer(0), encrypted))),
    )
    return _sequence(_integer(3), _data(safe), _mac(safe))


def _encrypted(plain: bytes) -> tuple[bytes, bytes]:
    """Return the identifier of the algorithm, and the encrypted content."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.ciphers import Cipher, modes
    from cryptography.hazmat.primitives.padding import PKCS7

    try:
        from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
    except ImportError:  # before cryptography 43
        from cryptography.hazmat.primitives.ciphers.algorithms import TripleDES

    salt = secrets.token_bytes(8)
    padder = PKCS7(64).padder()
    try:
        key, start = TripleDES(_derived(_FOR_KEY, salt, 24)), modes.CBC(_derived(_FOR_IV, salt, 8))
        cipher = Cipher(key, start).encryptor()
        content = cipher.update(padder.update(plain) + padder.finalize()) + cipher.finalize()
    except UnsupportedAlgorithm:
        raise Refused(
            "certificate: a client-made pair needs 3DES, the only form that every Provider reads, and this machine does"
            " not allow it (FIPS mode); let the service make the pair (certificate: service)"
        ) from None
    return _sequence(_object_id(_SHA1_AND_3DES), _sequence(_der(_OCTETS, salt), _integer(_ROUNDS))), content


def _mac(safe: bytes) -> bytes:
    salt = secrets.token_bytes(8)
    digest = hmac.new(_derived(_FOR_MAC, salt, 20), safe, hashlib.sha1).digest()
    algorithm = _sequence(_object_id(_SHA1), _der(_NULL))
    return _sequence(_sequence(algorithm, _der(_OCTETS, digest)), _der(_OCTETS, salt), _integer(_ROUNDS))


def _derived(purpose: int, salt: bytes, length: int) -> bytes:
    """Derive a key, an initialization vector or a MAC key from an empty password and the salt (8 bytes)."""
    modulus = 1 << (8 * _BLOCK)
    state = int.from_bytes(salt * (_BLOCK // len(salt)), "big")
    found = b""
    while len(found) < length:
        digest = bytes([purpose]) * _BLOCK + state.to_bytes(_BLOCK, "big")
        for _round in range(_ROUNDS):
            digest = hashlib.sha1(digest, usedforsecurity=False).digest()
        found += digest
        state = (state + int.from_bytes((digest * 4)[:_BLOCK], "big") + 1) % modulus
    return found[:length]


def _data(content: bytes) -> bytes:
    return _sequence(_object_id(_DATA), _der(_EXPLICIT, _der(_OCTETS, content)))


def _bag(kind: str, value: bytes, *attributes: bytes) -> bytes:
    return _sequence(_object_id(kind), _der(_EXPLICIT, value), _der(_SET, *attributes))


def _attribute(kind: str, *values: bytes) -> bytes:
    return _sequence(_object_id(kind), _der(_SET, *values))


def _text(value: str) -> bytes:
    return _der(_BMP, value.encode("utf-16-be"))


def _integer(value: int) -> bytes:
    return _der(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _object_id(dotted: str) -> bytes:
    first, second, *rest = (int(part) for part in dotted.split("."))
    return _der(_OBJECT_ID, bytes([40 * first + second]), *(_base128(part) for part in rest))


def _base128(number: int) -> bytes:
    """Encode a number with seven bits in each byte; all bytes except the last one have the high bit."""
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.append(number & 0x7F | 0x80)
    return bytes(reversed(digits))


def _sequence(*parts: bytes) -> bytes:
    return _der(_SEQUENCE, *parts)


def _der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content
