# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Credentials for tests: certificate files, tokens of another issuer, and a program called az."""

from __future__ import annotations

import base64
import json
import os
import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from ansible_collections.siterecovery.hyperv.plugins.module_utils._azure import login

PASSWORD = "canary~certificate~password"


@cache
def key(name: str = "app") -> rsa.RSAPrivateKey:
    """Generate one key per name and process, because this is slow."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(frozen=True)
class Pair:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey

    @property
    def thumbprint(self) -> str:
        return self.certificate.fingerprint(hashes.SHA1()).hex().upper()

    def pem(self, path: Path, password: str | None = None, *more: x509.Certificate) -> str:
        encryption: KeySerializationEncryption = (
            BestAvailableEncryption(password.encode()) if password else NoEncryption()
        )
        parts = [self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)]
        parts += [entry.public_bytes(Encoding.PEM) for entry in (self.certificate, *more)]
        path.write_bytes(b"".join(parts))
        return str(path)

    def pfx(self, path: Path, password: str | None = None, *more: x509.Certificate) -> str:
        encryption: KeySerializationEncryption = (
            BestAvailableEncryption(password.encode()) if password else NoEncryption()
        )
        path.write_bytes(
            pkcs12.serialize_key_and_certificates(b"app", self.key, self.certificate, list(more), encryption)
        )
        return str(path)


def pair(
    name: str = "app", *, issuer: Pair | None = None, starts: int = -1, ends: int = 30, own_key: str | None = None
) -> Pair:
    """Create a certificate that is valid from `starts` to `ends` days from now; without an issuer it is self-signed."""
    made = key(own_key or name)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(made.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=starts))
        .not_valid_after(now + timedelta(days=ends))
        .sign(issuer.key if issuer else made, hashes.SHA256())
    )
    return Pair(certificate, made)


ISSUER = "https://oidc.cluster.example/"
CLAIMS = {
    "iss": ISSUER,
    "sub": "system:serviceaccount:recovery:ansible",
    "aud": "api://AzureADTokenExchange",
}


def federated_token(signer: rsa.RSAPrivateKey | None = None, **changed: Any) -> str:
    """Sign a token like the one that a Kubernetes cluster projects into a pod."""
    now = int(time.time())
    claims = {**CLAIMS, "iat": now, "nbf": now, "exp": now + 3600, **changed}
    head = ".".join(_part(part) for part in ({"alg": "RS256", "typ": "JWT", "kid": "cluster"}, claims))
    signature = (signer or key("cluster")).sign(head.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{head}.{_text(signature)}"


def _part(document: dict[str, Any]) -> str:
    return _text(json.dumps(document).encode())


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


# Replaces the Azure CLI: it has the one command that the identity library runs, and its error output.
_AZ = """#!/bin/sh
printf '%s\\n' "$*" >> '{folder}/calls'
cat '{folder}/answer'
cat '{folder}/error' >&2
exit $(cat '{folder}/status')
"""


class FakeCli:
    """A program called az. `path` is a search path that contains it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        program = folder / "az"
        program.write_text(_AZ.format(folder=folder))
        program.chmod(0o755)
        self.path = os.pathsep.join((str(folder), "/usr/bin", "/bin"))
        self.print("nothing prepared")

    def answer(self, token: str, seconds: int = 3600) -> None:
        until = int(time.time()) + seconds
        answer = {
            "accessToken": token,
            "expiresOn": f"{datetime.fromtimestamp(until):%Y-%m-%d %H:%M:%S.000000}",
            "expires_on": until,
            "tokenType": "Bearer",
        }
        self._prepare(json.dumps(answer), "", 0)

    def print(self, text: str, status: int = 1) -> None:
        """Print a text that is not a token: to standard error on failure, otherwise to standard output."""
        self._prepare("" if status else text, text if status else "", status)

    def hang(self) -> None:
        (self.folder / "az").write_text("#!/bin/sh\nexec sleep 60\n")

    def _prepare(self, answer: str, error: str, status: int) -> None:
        for name, content in (("answer", answer), ("error", error), ("status", str(status))):
            (self.folder / name).write_text(content)

    @property
    def calls(self) -> list[str]:
        file = self.folder / "calls"
        return file.read_text().splitlines() if file.exists() else []


def no_login(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Remove every variable, profile, CLI and managed identity, as on a machine that never signed in to Azure."""
    names = [name for names in login.VARIABLES.values() for name in names]
    for name in (*names, *login._MANAGED, "AZURE_AUTHORITY_HOST", "AZURE_CONFIG_DIR", "ANSIBLE_AZURE_AUTH_SOURCE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setattr(login, "_ASSET_TAG_FILE", str(home / "no-asset-tag"))
    monkeypatch.setattr(login, "CLI", "az-that-is-not-there")


def profile(home: Path, text: str, mode: int = 0o600) -> Path:
    folder = home / ".azure"
    folder.mkdir(exist_ok=True)
    file = folder / "credentials"
    file.write_text(text)
    file.chmod(mode)
    return file
