# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: offline checks of a file with the certificate that an application signs in with."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any

from .._model.common.errors import InvalidInput

_PATH = "x509_certificate_path"
_PASSWORD = "x509_certificate_password"


def check(path: str, password: str | None, thumbprint: str | None = None) -> None:
    """Check a PEM or PFX file with an RSA key and its certificate, which must be valid now. Raises InvalidInput."""
    content = _content(path)
    key, certificate = _pem(path, content, password) if b"-----BEGIN" in content else _pfx(path, content, password)
    _check_pair(path, key, certificate)
    _check_days(path, certificate)
    if thumbprint:
        _check_thumbprint(path, certificate, thumbprint)


def _content(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        reason = error.strerror or "no file"
        raise InvalidInput(
            _PATH, f"'{path}' is not readable ({reason})", "give the path of a PEM or PFX file"
        ) from error


def _pem(path: str, content: bytes, password: str | None) -> tuple[Any, Any]:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    if b"PRIVATE KEY-----" not in content:
        raise InvalidInput(_PATH, f"'{path}' contains no private key", "add the key to the file with the certificate")
    try:
        key = load_pem_private_key(content, password.encode() if password else None)
    except TypeError:
        if password:
            raise InvalidInput(_PASSWORD, f"the key in '{path}' is not encrypted", "omit the password") from None
        raise InvalidInput(_PASSWORD, f"the key in '{path}' is encrypted", "give its password") from None
    except ValueError:
        if password:
            raise InvalidInput(_PASSWORD, f"it does not decrypt the key in '{path}'", "correct the password") from None
        raise InvalidInput(_PATH, f"the key in '{path}' is not readable", "export key and certificate again") from None
    try:
        return key, x509.load_pem_x509_certificate(content)
    except ValueError:
        raise InvalidInput(
            _PATH, f"'{path}' contains no certificate", "add the certificate to the file with the key"
        ) from None


def _pfx(path: str, content: bytes, password: str | None) -> tuple[Any, Any]:
    from cryptography.hazmat.primitives.serialization import pkcs12

    try:
        key, certificate, _chain = pkcs12.load_key_and_certificates(content, password.encode() if password else None)
    except ValueError:
        if password:
            raise InvalidInput(_PASSWORD, f"it does not decrypt '{path}'", "correct the password of the file") from None
        raise InvalidInput(
            _PATH, f"'{path}' is neither PEM nor a PFX without a password", f"set the password in {_PASSWORD}"
        ) from None
    if key is None or certificate is None:
        missing = "private key" if key is None else "certificate"
        raise InvalidInput(_PATH, f"'{path}' contains no {missing}", "export key and certificate together")
    return key, certificate


def _check_pair(path: str, key: Any, certificate: Any) -> None:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    if not isinstance(key, RSAPrivateKey):
        raise InvalidInput(_PATH, f"the key in '{path}' is not an RSA key", "create a certificate with an RSA key")
    ours, theirs = (
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        for public in (key.public_key(), certificate.public_key())
    )
    if ours != theirs:
        raise InvalidInput(
            _PATH,
            f"the first certificate in '{path}' does not belong to the key",
            "put the key's own certificate first",
        )


def _check_days(path: str, certificate: Any) -> None:
    now = datetime.now(timezone.utc)
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if end <= now:
        raise InvalidInput(
            _PATH, f"the certificate in '{path}' expired on {end:%Y-%m-%d}", "renew the certificate of the application"
        )
    if start > now:
        raise InvalidInput(
            _PATH,
            f"the certificate in '{path}' is not valid before {start:%Y-%m-%d %H:%M} UTC",
            "check the local clock",
        )


def _check_thumbprint(path: str, certificate: Any, thumbprint: str) -> None:
    from cryptography.hazmat.primitives.hashes import SHA1

    # SHA-1 protects nothing here; the portal uses it as the name of a certificate.
    found = certificate.fingerprint(SHA1()).hex()
    if re.sub(r"[^0-9a-z]", "", thumbprint.lower()) != found:
        raise InvalidInput(
            "thumbprint", f"the certificate in '{path}' has the thumbprint {found.upper()}", "correct one of the two"
        )
