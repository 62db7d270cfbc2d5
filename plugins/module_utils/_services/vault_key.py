# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the registration key: asked for in Azure, kept in a file of this machine."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from .._azure.clients import Azure
from .._azure.failures import translated
from .._azure.wire import payload, raw
from .._model.errors import Refused, RemoteFailure
from .._model.lifecycle import Noun
from .._model.plan import Plan
from .._model.vault import Vault
from .._model.vault_key import (
    MODE,
    DesiredKey,
    KeyState,
    NotAKey,
    StoredKey,
    VaultKey,
    certificate_name,
    certificate_of,
    certificate_request,
    key_from_answer,
    makes_key,
    parse,
    plan_key,
    project_key,
    render,
    timestamp,
    unfit,
)
from . import vault as vaults

_FILE_MODE = int(MODE, 8)
_FOLDER_MODE = 0o700


class KeyFile:
    """The file of a key: never followed through a link, never readable for others, never half written."""

    def __init__(self, path: str) -> None:
        self._path = path
        folder, name = os.path.split(path)
        self._folder = folder
        # Always the same name, so that what a killed run left can be found.
        self._part = os.path.join(folder, f".{name}.part")

    def read(self) -> StoredKey | None:
        """Raises Refused for anything there that is not a key."""
        with _io_errors("read", self._path):
            try:
                found = os.lstat(self._path)
            except (FileNotFoundError, NotADirectoryError):
                return None
            if not stat.S_ISREG(found.st_mode):
                kind = "a link" if stat.S_ISLNK(found.st_mode) else "no plain file"
                raise Refused(f"path: {self._path} is {kind}, which is left alone; remove it, or give another path")
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW)
            with open(descriptor, "rb") as file:
                content = file.read()
        try:
            key = parse(content)
        except NotAKey as error:
            raise Refused(
                f"path: {self._path} holds something else than a Site Recovery key ({error}), which is left alone;"
                " remove it, or give another path"
            ) from None
        return StoredKey(key, certificate_of(key), f"{stat.S_IMODE(found.st_mode):04o}")

    def has_leftover(self) -> bool:
        return os.path.lexists(self._part)

    def write(self, content: bytes) -> None:
        """All or nothing, also when the machine stops; secret from the first byte."""
        with _io_errors("write", self._path):
            os.makedirs(self._folder, mode=_FOLDER_MODE, exist_ok=True)
            self.remove_leftover()
            descriptor = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, _FILE_MODE)
            try:
                with open(descriptor, "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                os.rename(self._part, self._path)
            except BaseException:
                self.remove_leftover()
                raise
            self._sync_folder()

    def restrict(self) -> None:
        with _io_errors("restrict", self._path):
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                os.fchmod(descriptor, _FILE_MODE)
            finally:
                os.close(descriptor)

    def remove(self) -> None:
        with _io_errors("remove", self._path):
            os.unlink(self._path)

    def remove_leftover(self) -> None:
        with _io_errors("remove", self._part), contextlib.suppress(FileNotFoundError):
            os.unlink(self._part)

    def _sync_folder(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class VaultKeyNoun(Noun[KeyState]):
    """The key file of a vault: made when there is no good one (S4), or removed, for which no login is needed."""

    steps = ("S4",)

    def __init__(self, azure: Azure | None, desired: DesiredKey, now: Callable[[], datetime] | None = None) -> None:
        self._azure = azure
        self._desired = desired
        self._file = KeyFile(desired.path)
        self._now = now or (lambda: datetime.now(timezone.utc))

    def observe(self) -> KeyState:
        # The file first: a path that must not be touched is refused before any call.
        stored, leftover = self._file.read(), self._file.has_leftover()
        vault = self._find_vault() if self._desired.present else None
        return KeyState(vault, stored, leftover)

    def plan(self, state: KeyState) -> Plan:
        return plan_key(state, self._desired, self._now())

    def apply(self, plan: Plan, state: KeyState) -> None:
        if makes_key(plan):
            self._file.write(render(self._make(state)))
        elif plan.touches("exists"):
            self._file.remove()
        elif plan.touches("mode"):
            self._file.restrict()
        self._file.remove_leftover()

    def project(self, state: KeyState) -> dict[str, Any]:
        return project_key(self._desired.path, state.stored)

    def preview(self, state: KeyState, plan: Plan) -> dict[str, Any]:
        shown = Noun.preview(self, state, plan)
        shown.pop("leftover", None)
        return shown

    def describe(self, state: KeyState) -> str:
        stored = state.stored
        if stored is None:
            return "no key"
        if stored.certificate is None:
            return f"a damaged key for vault {stored.key.vault_name}"
        return f"key for vault {stored.key.vault_name}, valid until {timestamp(stored.certificate.not_after)}"

    def warnings(self, state: KeyState) -> tuple[str, ...]:
        if self._desired.present and state.vault is None:
            return (
                f"vault '{self._desired.vault_name}' does not exist yet; it must be there before its key can be made",
            )
        return ()

    def _find_vault(self) -> Vault | None:
        return vaults.find(self._login(), self._desired.resource_group, self._desired.vault_name).resource

    def _login(self) -> Azure:
        if self._azure is None:
            raise AssertionError("a key that is wanted needs a login")
        return self._azure

    def _make(self, state: KeyState) -> VaultKey:
        azure, desired = self._login(), self._desired
        vault = state.vault or vaults.require(azure, desired.resource_group, desired.vault_name)
        now = self._now()
        with translated(f"make a key for vault {vault.name}"):
            answer: Any = azure.recovery_services.vault_certificates.create(
                vault.resource_group,
                vault.name,
                certificate_name(vault.name, now),
                payload(certificate_request(desired.validity_hours)),
                cls=raw,
            )
        key = key_from_answer(vault, answer)
        self._require_life(key, vault, now)
        return key

    def _require_life(self, key: VaultKey, vault: Vault, now: datetime) -> None:
        """A key that the next run would replace is not worth writing: the clock is wrong, or its life is too short."""
        fresh = StoredKey(key, certificate_of(key), MODE)
        problem = unfit(fresh, vault, now, timedelta(hours=self._desired.renewal_margin_hours))
        if problem:
            raise RemoteFailure(
                f"the service made a key that will not do: {problem}, and it is {timestamp(now)} here;"
                " check this machine's clock and renewal_margin_hours"
            )


def build(options: Mapping[str, Any], azure: Azure) -> VaultKeyNoun:
    """The noun of the module's options; raises InvalidInput."""
    return VaultKeyNoun(azure, DesiredKey.from_options(options))


def build_local(options: Mapping[str, Any]) -> VaultKeyNoun | None:
    """The noun when it needs no login: a key is removed from this machine alone."""
    desired = DesiredKey.from_options(options)
    return None if desired.present else VaultKeyNoun(None, desired)


@contextlib.contextmanager
def _io_errors(verb: str, path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Refused(
            f"path: could not {verb} {path} ({error.strerror}); correct the path, or its owner and mode"
        ) from error
