# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: reads who signed a Windows program. It reads the certificate only; Windows verifies signature and chain.

Sources: "PE Format" (the certificate table) and "Windows Authenticode Portable Executable Signature Format" (PKCS #7
SignedData of RFC 2315) of Microsoft.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_PE32, _PE32_PLUS = 0x10B, 0x20B
#: The offsets of the data directories in the two optional headers, and the index of the certificate table.
_DIRECTORIES = {_PE32: 96, _PE32_PLUS: 112}
_CERTIFICATE_TABLE = 4
_PKCS_SIGNED_DATA = 2
_SEQUENCE, _SET = 0x30, 0x31
#: The tag [0], which the content of a ContentInfo and the certificates of SignedData have.
_FIRST = 0xA0
_SIGNATURE_HEADER = 8


class _Malformed(Exception):
    """The content does not have the expected form."""


@dataclass(frozen=True, slots=True)
class _Element:
    """An element in DER: its tag, its content, and all of its bytes."""

    tag: int
    content: bytes
    whole: bytes


def signer_of(content: bytes) -> str | None:
    """Return the subject of the certificate that signed a program, or None without a readable signature."""
    try:
        signature = _signature(content)
        return None if signature is None else _subject(signature)
    except (_Malformed, struct.error, ValueError, IndexError):
        return None


def _signature(content: bytes) -> bytes | None:
    """Return the PKCS #7 data of a PE file. Raises struct.error and _Malformed."""
    if content[:2] != b"MZ":
        raise _Malformed
    (header,) = struct.unpack_from("<I", content, 0x3C)
    if content[header : header + 4] != b"PE\0\0":
        raise _Malformed
    optional = header + 24
    (magic,) = struct.unpack_from("<H", content, optional)
    if magic not in _DIRECTORIES:
        raise _Malformed
    position, size = struct.unpack_from("<II", content, optional + _DIRECTORIES[magic] + 8 * _CERTIFICATE_TABLE)
    if not position or size < _SIGNATURE_HEADER:
        return None
    length, _revision, kind = struct.unpack_from("<IHH", content, position)
    return content[position + _SIGNATURE_HEADER : position + length] if kind == _PKCS_SIGNED_DATA else None


def _subject(signature: bytes) -> str | None:
    """Return the subject of the certificate whose issuer and serial number the signature names."""
    from cryptography import x509

    signed_data = _only(_only(_first(signature, _SEQUENCE).content, _FIRST), _SEQUENCE)
    parts = list(_elements(signed_data))
    signers = [part for part in parts if part.tag == _SET][-1]
    issuer_and_serial = list(_elements(_first(signers.content, _SEQUENCE).content))[1]
    issuer, serial = list(_elements(issuer_and_serial.content))[:2]
    number = int.from_bytes(serial.content, "big", signed=True)
    for part in parts:
        for element in _elements(part.content) if part.tag == _FIRST else ():
            certificate = x509.load_der_x509_certificate(element.whole)
            if certificate.serial_number == number and certificate.issuer.public_bytes() == issuer.whole:
                # .NET shows the most specific attribute first, too.
                return ", ".join(
                    f"{each.rfc4514_attribute_name}={_quoted(str(each.value))}"
                    for each in reversed(list(certificate.subject))
                )
    return None


def _quoted(value: str) -> str:
    """Quote a value with special characters as .NET does."""
    return '"' + value.replace('"', '""') + '"' if set(value) & set(',+;="') else value


def _first(content: bytes, tag: int) -> _Element:
    return _require(next(_elements(content), None), tag)


def _only(content: bytes, tag: int) -> bytes:
    return _require(next((element for element in _elements(content) if element.tag == tag), None), tag).content


def _require(element: _Element | None, tag: int) -> _Element:
    if element is None or element.tag != tag:
        raise _Malformed
    return element


def _elements(content: bytes) -> Iterator[_Element]:
    """Yield the elements of a content in DER. Padding at the end of the certificate table is not an element."""
    position = 0
    while position + 2 <= len(content):
        tag, length, start = content[position], content[position + 1], position + 2
        if length & 0x80:
            count = length & 0x7F
            length = int.from_bytes(content[start : start + count], "big")
            start += count
        end = start + length
        if tag == 0 or end > len(content):
            return
        yield _Element(tag, content[start:end], content[position:end])
        position = end
