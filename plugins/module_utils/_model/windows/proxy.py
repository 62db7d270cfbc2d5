# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the proxy of a program on a Windows machine: direct, the proxy of Windows, or a custom one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..common.errors import InvalidInput
from ..common.names import same_login
from ..common.plan import HIDDEN, Change
from ..common.shown_text import shown_address
from ..common.text_rules import is_host_name, require_password, require_plain

DIRECT, SYSTEM, CUSTOM = "direct", "system", "custom"
# Matched in full: `$` would accept a final line break.
_ADDRESS = re.compile(r"http://(?P<host>[^\s/:?#@]+)/?", re.IGNORECASE)
_HIGHEST_PORT = 65534


@dataclass(frozen=True, slots=True)
class ProxyFacts:
    """A proxy as a program has stored it. Passwords are never shown; `login_shown` tells whether the user name is."""

    address: str
    port: int | None
    username: str | None
    bypass: tuple[str, ...]
    login_shown: bool = True


@dataclass(frozen=True, slots=True)
class Proxy:
    """The desired proxy. An option that is None was not set."""

    mode: str
    address: str | None = None
    port: int | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    bypass: tuple[str, ...] | None = None

    @classmethod
    def from_options(cls, options: Mapping[str, Any] | None, option: str = "proxy") -> Proxy | None:
        """Build the proxy from the value of `option` and validate it offline. Raises InvalidInput."""
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
        """Build the proxy of a task that cannot do without one. Raises InvalidInput."""
        proxy = cls.from_options(options)
        if proxy is None:
            raise InvalidInput("proxy", "is required", "set at least proxy.mode")
        return proxy

    @property
    def custom(self) -> bool:
        """Tell whether the proxy has an address of its own."""
        return self.mode == CUSTOM

    @property
    def credential(self) -> tuple[str, str] | None:
        """Return user name and password, or None without a login."""
        return (self.username, self.password) if self.username and self.password else None

    def _validate(self, option: str) -> None:
        if not self.custom:
            self._require_mode_only(option)
            return
        if not self.address:
            raise InvalidInput(f"{option}.address", "is required when mode is custom", "set it to http://<name>")
        require_plain(f"{option}.address", self.address)
        if "@" in self.address:
            raise InvalidInput(
                f"{option}.address",
                "must not contain a login",
                f"set the login in {option}.username and {option}.password",
            )
        if self.address.lower().startswith("https:"):
            raise InvalidInput(
                f"{option}.address", "must not be an https address", "Site Recovery supports http:// proxies only"
            )
        found = _ADDRESS.fullmatch(self.address)
        if found is None or not is_host_name(found["host"]):
            raise InvalidInput(
                f"{option}.address",
                f"must have the form http://<name>, not '{shown_address(self.address)}'",
                f"set the port in {option}.port and remove everything else",
            )
        if self.port is None:
            raise InvalidInput(
                f"{option}.port", "is required when mode is custom", f"set it to a number from 1 to {_HIGHEST_PORT}"
            )
        if not 1 <= self.port <= _HIGHEST_PORT:
            raise InvalidInput(
                f"{option}.port", f"must be from 1 to {_HIGHEST_PORT}, not {self.port}", "correct the number"
            )
        if bool(self.username) != bool(self.password):
            raise InvalidInput(
                f"{option}.username", "must be set together with password", "set both options or neither"
            )
        self._validate_login(option)
        for item in self.bypass or ():
            _require_bypass(f"{option}.bypass", item)

    def _validate_login(self, option: str) -> None:
        require_plain(f"{option}.username", self.username)
        if ":" in (self.username or ""):
            # RFC 7617: the first colon separates the user name from the password.
            raise InvalidInput(
                f"{option}.username", "must not contain a colon", "a proxy would read it as the password"
            )
        require_password(f"{option}.password", self.password)

    def _require_mode_only(self, option: str) -> None:
        for name in ("address", "port", "username", "password", "bypass"):
            if getattr(self, name):
                raise InvalidInput(
                    f"{option}.{name}",
                    f"must not be set when mode is {self.mode}",
                    f"set {option}.mode to custom or remove the option",
                )

    @property
    def facts(self) -> ProxyFacts | None:
        """Return the proxy as a program would store it, or None for a mode without an address."""
        return ProxyFacts(self.address or "", self.port, self.username, self.bypass or ()) if self.custom else None

    def to_result(self) -> dict[str, Any]:
        """Return the proxy as results show it."""
        return to_result(self.facts, self.mode)


def _require_bypass(option: str, item: str) -> None:
    """Raise InvalidInput for an item that a program would store as another one, or as two."""
    require_plain(option, item)
    if not item.strip() or item != item.strip() or ";" in item:
        raise InvalidInput(
            option,
            "must be host names, each without blanks around it and without semicolons",
            "write one host name per item of the list",
        )


def to_result(facts: ProxyFacts | None, mode: str | None = None) -> dict[str, Any]:
    """Return a stored proxy as results show it.

    Programs store nothing for direct and system, so `mode` distinguishes them.
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
        "address": shown_address(facts.address).rstrip("/"),
        "port": facts.port,
        "username": facts.username,
        "bypass": list(facts.bypass),
    }


def diff(
    facts: ProxyFacts | None,
    desired: Proxy,
    prefix: str = "",
    *,
    always_password: bool = False,
    update_reason: str = "",
) -> list[Change]:
    """Compare the stored proxy with the desired one. An option that is not set is not compared.

    A password cannot be read back. It is set together with any other change, because the programs replace the whole
    proxy, or when `always_password` is set.
    """
    if not desired.custom:
        if facts is None:
            return []
        return [
            Change(f"{prefix}{name}", value, new, update_reason) for name, value, new in _removals(facts, desired.mode)
        ]
    changes = [Change(f"{prefix}{name}", old, new, update_reason) for name, old, new in _differences(facts, desired)]
    if desired.password and (always_password or changes):
        reason = "set the password: it cannot be read back, and update_password is always"
        changes.append(
            Change(f"{prefix}password", HIDDEN, HIDDEN, reason if always_password else update_reason, secret=True)
        )
    return changes


def loses_login(facts: ProxyFacts | None, desired: Proxy) -> bool:
    """Tell whether a change would remove the stored login although the desired proxy does not mention a login.

    The programs replace the whole proxy, and the stored password cannot be read back.
    """
    stored = facts is not None and bool(facts.username)
    return desired.custom and stored and not desired.username and any(_differences(facts, desired))


def describe_login(username: str, desired: Proxy) -> str:
    """Describe what becomes of a stored login that a change does not lose."""
    if not desired.custom:
        return f"the proxy login of {username} is removed with the proxy"
    if desired.username and not same_login(desired.username, username):
        return f"the proxy login of {username} is replaced with that of {desired.username}"
    return f"the proxy login of {username} is kept"


def describe(facts: ProxyFacts | None, mode: str | None = None) -> str:
    """Describe a stored proxy in a few words."""
    if facts is None:
        return "no custom proxy (system)" if mode == SYSTEM else "no custom proxy"
    login = f", user {facts.username}" if facts.username else ""
    return f"proxy {shown_address(facts.address).rstrip('/')}:{facts.port}{login}"


def _differences(facts: ProxyFacts | None, desired: Proxy) -> Iterable[tuple[str, Any, Any]]:
    """Yield name, stored and desired value of every set option that differs. Passwords are not compared."""
    before, after = to_result(facts), desired.to_result()
    options = {
        "mode": True,
        "address": True,
        "port": True,
        "username": bool(desired.username),
        "bypass": desired.bypass is not None,
    }
    for name, is_set in options.items():
        if is_set and not _same(name, before[name], after[name]):
            yield name, before[name], after[name]


def _removals(facts: ProxyFacts, mode: str) -> Iterable[tuple[str, Any, Any]]:
    before, after = to_result(facts), to_result(None, mode)
    return [(name, before[name], after[name]) for name in before if before[name] != after[name]]


def _same(name: str, before: Any, after: Any) -> bool:
    if name == "bypass":
        return sorted(map(str.casefold, before)) == sorted(map(str.casefold, after))
    if isinstance(before, str) and isinstance(after, str):
        return before.casefold() == after.casefold()
    return bool(before == after)
