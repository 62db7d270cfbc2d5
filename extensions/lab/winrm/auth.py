# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logins at the WinRM service: Basic on every request, NTLM once per TCP connection."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import spnego
import spnego.channel_bindings
import spnego.exceptions

if TYPE_CHECKING:
    import asyncio

# pyspnego's acceptor reads its accounts from the file in this variable, which is set only during a step.
_ACCOUNTS_VARIABLE = "NTLM_USER_FILE"
_ACCOUNTS_LOCK = threading.Lock()


@dataclass(frozen=True, slots=True)
class Account:
    """The one Windows account of the lab's machines."""

    user: str
    password: str

    def store(self, path: Path) -> None:
        """Write the account in the format of pyspnego's acceptor, readable only for the owner."""
        domain, _backslash, user = self.user.rpartition("\\")
        if ":" in self.user + self.password:
            raise ValueError(
                "The Windows account of a lab must not contain a colon, which the accounts file cannot represent."
            )
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(f"{domain}:{user}:{self.password}\n")


@dataclass(frozen=True, slots=True)
class LoginResult:
    """The result of a login: a principal, or the headers with which the client must continue."""

    principal: str | None = None
    challenges: tuple[str, ...] = ()
    # Sent with a success when the mechanism ends with a token.
    final_token: str | None = None


class Authenticator:
    """Checks the logins of one machine's service."""

    def __init__(self, account: Account, accounts_file: Path, certificate: bytes, *, basic: bool = True) -> None:
        self._account = account
        self._accounts_file = accounts_file
        self._bindings = spnego.channel_bindings.GssChannelBindings(
            application_data=b"tls-server-end-point:" + hashlib.sha256(certificate).digest()
        )
        self._basic = basic
        self._principals: WeakKeyDictionary[asyncio.BaseTransport, str] = WeakKeyDictionary()
        self._contexts: WeakKeyDictionary[asyncio.BaseTransport, spnego.ContextProxy] = WeakKeyDictionary()

    @property
    def offers(self) -> tuple[str, ...]:
        return ("Negotiate", "NTLM", 'Basic realm="WSMAN"') if self._basic else ("Negotiate", "NTLM")

    def check(self, connection: asyncio.BaseTransport, authorization: str | None) -> LoginResult:
        """Check a request by its Authorization header, or by an earlier login on its connection."""
        if authorization is None:
            principal = self._principals.get(connection)
            return LoginResult(principal) if principal else LoginResult(challenges=self.offers)
        self._principals.pop(connection, None)
        scheme, _space, token = authorization.partition(" ")
        if scheme.lower() == "basic" and self._basic:
            return self._check_basic(token)
        if scheme.lower() in {"ntlm", "negotiate"}:
            return self._step(connection, scheme, token)
        return LoginResult(challenges=self.offers)

    def _check_basic(self, token: str) -> LoginResult:
        try:
            user, _colon, password = _text(base64.b64decode(token, validate=True)).partition(":")
        except binascii.Error:
            return LoginResult(challenges=self.offers)
        same_user = hmac.compare_digest(user.lower().encode(), self._account.user.lower().encode())
        same_password = hmac.compare_digest(password.encode(), self._account.password.encode())
        return LoginResult(self._account.user) if same_user and same_password else LoginResult(challenges=self.offers)

    def _step(self, connection: asyncio.BaseTransport, scheme: str, token: str) -> LoginResult:
        try:
            incoming = base64.b64decode(token, validate=True)
            with _ACCOUNTS_LOCK:
                answer = self._context_step(connection, scheme, incoming)
        except (binascii.Error, spnego.exceptions.SpnegoError):
            self._contexts.pop(connection, None)
            return LoginResult(challenges=self.offers)
        encoded = base64.b64encode(answer).decode() if answer else None
        context = self._contexts[connection]
        if not context.complete:
            return LoginResult(challenges=(f"{scheme} {encoded}",))
        del self._contexts[connection]
        self._principals[connection] = context.client_principal or self._account.user
        return LoginResult(self._principals[connection], final_token=f"{scheme} {encoded}" if encoded else None)

    def _context_step(self, connection: asyncio.BaseTransport, scheme: str, incoming: bytes) -> bytes | None:
        """Take one step of the handshake; a type 1 message, or the first message, begins a new one."""
        before = os.environ.get(_ACCOUNTS_VARIABLE)
        os.environ[_ACCOUNTS_VARIABLE] = str(self._accounts_file)
        try:
            context = self._contexts.get(connection)
            if context is None or incoming.startswith(b"NTLMSSP\x00\x01"):
                context = spnego.server(protocol=scheme.lower(), channel_bindings=self._bindings)
                self._contexts[connection] = context
            return context.step(incoming)
        finally:
            if before is None:
                del os.environ[_ACCOUNTS_VARIABLE]
            else:
                os.environ[_ACCOUNTS_VARIABLE] = before


def _text(data: bytes) -> str:
    """Decode a Basic login: requests encodes it as Latin-1 where possible, other clients as UTF-8."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")
