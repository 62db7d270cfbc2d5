# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: how a program on a Windows machine reaches the Internet: direct, system or custom proxy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..common.errors import InvalidInput, Refused
from ..common.plan import HIDDEN, Change
from .facts import ProxyFacts

DIRECT, SYSTEM, CUSTOM = "direct", "system", "custom"
# Matched in full: `$` would let a line break pass.
_ADDRESS = re.compile(r"http://[^\s/:?#@]+/?", re.IGNORECASE)
_MOST_PORT = 65534


@dataclass(frozen=True, slots=True)
class Proxy:
    """The wanted proxy. None and an empty list mean: not written."""

    mode: str
    address: str | None = None
    port: int | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    bypass: tuple[str, ...] | None = None

    @classmethod
    def from_options(cls, options: Mapping[str, Any] | None, option: str = "proxy") -> Proxy | None:
        """Checked offline. Raises InvalidInput with the name that the option has."""
        if options is None:
            return None
        bypass = options.get("bypass")
        proxy = cls(
            mode=options["mode"],
            address=options.get("address"),
            port=options.get("port"),
            username=options.get("username"),
            password=options.get("password"),
            bypass=tuple(bypass) if bypass is not None else None,
        )
        proxy._validate(option)
        return proxy

    @classmethod
    def required(cls, options: Mapping[str, Any] | None) -> Proxy:
        """The same where the option can't be left out. Raises InvalidInput."""
        proxy = cls.from_options(options)
        if proxy is None:
            raise InvalidInput("proxy", "is needed", "give proxy.mode at least")
        return proxy

    @property
    def custom(self) -> bool:
        return self.mode == CUSTOM

    @property
    def credential(self) -> tuple[str, str] | None:
        return (self.username, self.password) if self.username and self.password else None

    def _validate(self, option: str) -> None:
        if not self.custom:
            self._require_nothing_else(option)
            return
        if not self.address:
            raise InvalidInput(f"{option}.address", "is needed for mode custom", "give it as http://name")
        if self.address.lower().startswith("https:"):
            raise InvalidInput(
                f"{option}.address", "Site Recovery supports no HTTPS proxies", "give a proxy that listens on http://"
            )
        if not _ADDRESS.fullmatch(self.address):
            raise InvalidInput(
                f"{option}.address",
                f"'{self.address}' is not of the form http://name",
                f"put the port into {option}.port and leave the rest out",
            )
        if self.port is None:
            raise InvalidInput(f"{option}.port", "is needed for mode custom", f"give a number from 1 to {_MOST_PORT}")
        if not 1 <= self.port <= _MOST_PORT:
            raise InvalidInput(f"{option}.port", f"{self.port} is not from 1 to {_MOST_PORT}", "correct the number")
        if bool(self.username) != bool(self.password):
            raise InvalidInput(f"{option}.username", "user name and password go together", "give both or neither")

    def _require_nothing_else(self, option: str) -> None:
        for name in ("address", "port", "username", "password", "bypass"):
            if getattr(self, name):
                raise InvalidInput(
                    f"{option}.{name}",
                    f"has no meaning in mode {self.mode}",
                    f"set {option}.mode to custom or leave it out",
                )

    @property
    def facts(self) -> ProxyFacts | None:
        """The same as a program would store it."""
        return ProxyFacts(self.address or "", self.port, self.username, self.bypass or ()) if self.custom else None

    def to_result(self) -> dict[str, Any]:
        return to_result(self.facts, self.mode)


def to_result(facts: ProxyFacts | None, mode: str | None = None) -> dict[str, Any]:
    """A stored proxy as the result shows it.

    Without a stored one, direct and system look alike: `mode` says which was asked for.
    """
    if facts is None:
        return {
            "mode": mode if mode in (DIRECT, SYSTEM) else DIRECT,
            "address": None,
            "port": None,
            "username": None,
            "bypass": [],
        }
    return {
        "mode": CUSTOM,
        "address": facts.address.rstrip("/"),
        "port": facts.port,
        "username": facts.username,
        "bypass": list(facts.bypass),
    }


def drift(
    facts: ProxyFacts | None, wanted: Proxy, prefix: str = "", *, always_password: bool = False, update_reason: str = ""
) -> list[Change]:
    """What differs between the stored proxy and the wanted one; an option that was not written is left alone.

    A password can't be read back. It is set together with any other change, because the programs set a proxy as a
    whole, or when `always_password` is set.
    """
    if not wanted.custom:
        if facts is None:
            return []
        return [
            Change(f"{prefix}{name}", value, new, update_reason) for name, value, new in _removals(facts, wanted.mode)
        ]
    before, after = to_result(facts), wanted.to_result()
    written = {
        "mode": True,
        "address": True,
        "port": True,
        "username": bool(wanted.username),
        "bypass": wanted.bypass is not None,
    }
    changes = [
        Change(f"{prefix}{name}", before[name], after[name], update_reason)
        for name, given in written.items()
        if given and not _same(name, before[name], after[name])
    ]
    if changes and facts is not None and facts.username and not wanted.username:
        raise Refused(
            f"proxy.username: the present proxy has the login {facts.username}, whose password can't be read back;"
            " give username and password with the change"
        )
    if wanted.password and (always_password or changes):
        reason = (
            "the password can't be read back, and update_password is always: set again"
            if always_password
            else update_reason
        )
        changes.append(Change(f"{prefix}password", HIDDEN, HIDDEN, reason, secret=True))
    return changes


def describe(facts: ProxyFacts | None, mode: str | None = None) -> str:
    """In a few words."""
    if facts is None:
        return "no proxy of its own (system)" if mode == SYSTEM else "no proxy of its own"
    login = f", login {facts.username}" if facts.username else ""
    return f"proxy {facts.address.rstrip('/')}:{facts.port}{login}"


def _removals(facts: ProxyFacts, mode: str) -> Iterable[tuple[str, Any, Any]]:
    before, after = to_result(facts), to_result(None, mode)
    return [(name, before[name], after[name]) for name in before if before[name] != after[name]]


def _same(name: str, before: Any, after: Any) -> bool:
    if name == "bypass":
        return sorted(map(str.casefold, before)) == sorted(map(str.casefold, after))
    if isinstance(before, str) and isinstance(after, str):
        return before.casefold() == after.casefold()
    return bool(before == after)
