# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks assertions that replace a secret, signed with a certificate of the application or by an issuer that it trusts.

Shapes and refusals: certificate credentials and workload identity federation of the Microsoft identity platform, and
its list of error codes (all documented).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

KIND = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_SKEW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Federated:
    """A federated credential: the issuer whose tokens the application trusts. `key` is the key that it publishes."""

    issuer: str
    subject: str
    audience: str
    key: RSAPublicKey


@dataclass(frozen=True, slots=True)
class TrustedName:
    """A certificate that subject and issuer identify, whatever its thumbprint; the client must send the chain."""

    subject: x509.Name
    issuer: x509.Certificate


@dataclass(slots=True)
class Application:
    """The credentials of the login's application in addition to its secret."""

    certificates: list[x509.Certificate] = field(default_factory=list)
    names: list[TrustedName] = field(default_factory=list)
    federated: list[Federated] = field(default_factory=list)


class Refusal(Exception):
    """The reason for rejecting an assertion: number and text of the directory's error."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


@dataclass(frozen=True, slots=True)
class _Token:
    header: dict[str, Any]
    claims: dict[str, Any]
    signed: bytes
    signature: bytes


def check(application: Application, client: str, assertion: str, audiences: Collection[str], now: datetime) -> None:
    """Raise Refusal unless the assertion proves the client."""
    token = _read(assertion)
    if str(token.claims.get("iss", "")).casefold() == client.casefold():
        _check_certificate(application, client, token, audiences, now)
    else:
        _check_federated(application, token, now)


def _read(assertion: str) -> _Token:
    try:
        head, body, signature = assertion.split(".")
        header, claims = json.loads(_bytes(head)), json.loads(_bytes(body))
        token = _Token(dict(header), dict(claims), f"{head}.{body}".encode("ascii"), _bytes(signature))
    except (ValueError, TypeError):
        raise Refusal(50027, "JWT token is invalid or malformed.") from None
    if token.header.get("alg") not in ("RS256", "PS256"):
        raise Refusal(50027, "JWT token is invalid or malformed.")
    return token


def _check_certificate(
    application: Application, client: str, token: _Token, audiences: Collection[str], now: datetime
) -> None:
    if str(token.claims.get("sub", "")).casefold() != client.casefold():
        raise Refusal(700021, "Client assertion application identifier doesn't match 'client_id' parameter.")
    certificate = _known(application, token)
    if certificate is None:
        raise _bad_signature("The key was not found.", _shown(token))
    if certificate.not_valid_after_utc <= now:
        raise _bad_signature("The key used is expired.", _shown(token))
    if not _signed_by(certificate.public_key(), token):
        raise _bad_signature("The provided signature value did not match the expected signature value.", _shown(token))
    if token.claims.get("aud") not in audiences:
        raise Refusal(700023, "Client assertion audience claim does not match Realm issuer.")
    _check_time(token, now)


def _known(application: Application, token: _Token) -> x509.Certificate | None:
    for certificate in application.certificates:
        if token.header.get("x5t#S256") == _text(certificate.fingerprint(hashes.SHA256())):
            return certificate
        # The name of a certificate in the first generation, which libraries still send.
        if "x5t#S256" not in token.header and token.header.get("x5t") == _text(certificate.fingerprint(hashes.SHA1())):
            return certificate
    sent = _chain(token)
    for name in application.names:
        if sent and sent[0].subject == name.subject and _issued(sent[0], name.issuer):
            return sent[0]
    return None


def _chain(token: _Token) -> list[x509.Certificate]:
    given = token.header.get("x5c") or []
    try:
        return [x509.load_der_x509_certificate(base64.b64decode(text)) for text in given]
    except (ValueError, TypeError):
        raise Refusal(50027, "JWT token is invalid or malformed.") from None


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _check_federated(application: Application, token: _Token, now: datetime) -> None:
    left = application.federated
    for code, claim, name in ((700211, "iss", "issuer"), (700213, "sub", "subject"), (700212, "aud", "audience")):
        left = [entry for entry in left if getattr(entry, name) == token.claims.get(claim)]
        if not left:
            raise Refusal(
                code,
                f"No matching federated identity record found for presented assertion {name} "
                f"'{token.claims.get(claim)}'. Please check your federated identity credential Subject, Audience and "
                "Issuer against the presented assertion.",
            )
    if not any(_signed_by(entry.key, token) for entry in left):
        raise Refusal(50013, "Assertion failed signature validation. [Reason - The key was not found.]")
    _check_time(token, now)


def _check_time(token: _Token, now: datetime) -> None:
    start = datetime.fromtimestamp(float(token.claims.get("nbf", 0)), now.tzinfo)
    end = datetime.fromtimestamp(float(token.claims.get("exp", 0)), now.tzinfo)
    if not start - _SKEW <= now < end + _SKEW:
        form = "%Y-%m-%dT%H:%M:%S.%fZ"
        raise Refusal(
            700024,
            f"Client assertion is not within its valid time range. Current time: {now:{form}}, assertion valid from "
            f"{start:{form}}, expiry time of assertion {end:{form}}.",
        )


def _signed_by(key: Any, token: _Token) -> bool:
    pad: padding.AsymmetricPadding = padding.PKCS1v15()
    if token.header["alg"] == "PS256":
        pad = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    try:
        key.verify(token.signature, token.signed, pad, hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _bad_signature(reason: str, thumbprint: str) -> Refusal:
    return Refusal(
        700027,
        f"Client assertion contains an invalid signature. [Reason - {reason}, Thumbprint of key used by client: "
        f"'{thumbprint}'.]",
    )


def _shown(token: _Token) -> str:
    given = str(token.header.get("x5t#S256") or token.header.get("x5t") or "")
    try:
        return _bytes(given).hex().upper()
    except ValueError:
        return given


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _text(content: bytes) -> str:
    """Encode a thumbprint as the libraries do; readers of JSON Web Tokens accept it with and without padding."""
    return base64.urlsafe_b64encode(content).decode()
