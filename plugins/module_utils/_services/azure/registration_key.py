# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the registration key: asked for in Azure, kept in a file of this machine."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any, BinaryIO

from ..._azure.clients import Azure
from ..._azure.failures import Absent, read
from ..._azure.operations import write
from ..._azure.wire import documents, payload, raw
from ..._model.azure.channel_key import ChannelKey, channel_key_from_wire, new_channel_key
from ..._model.azure.hyperv_site import NO_SITE, Site, find_site
from ..._model.azure.key_pair import Pair, make_pair, upload_name, upload_request
from ..._model.azure.registration_key import (
    CLIENT_MADE,
    MODE,
    SITE_KEY,
    DesiredKey,
    KeyState,
    StoredKey,
    certificate_name,
    certificate_request,
    key_from_answer,
    key_result,
    life_note,
    makes_key,
    plan_key,
    require_own,
    unfit,
)
from ..._model.azure.vault import Vault
from ..._model.common.errors import Refused, RemoteFailure
from ..._model.common.key_file import LARGEST_FILE, NotAKey, RegistrationKey, certificate_of, parse, render, timestamp
from ..._model.common.plan import Plan
from ..._model.common.resource import Applied, ManagedResource
from . import vault as vaults

#: How long a request waits for its turn while the vault is being written to.
_TURN_SECONDS = 300
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
        """Raises Refused for anything there that is not a key, or that others have a hand on."""
        with _io_errors("read", self._path):
            found = self._open()
            if found is None:
                return None
            with found as file:
                mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
                content = file.read(LARGEST_FILE + 1)
        try:
            key = parse(content)
        except NotAKey as error:
            raise Refused(
                f"path: {self._path} holds something else than a Site Recovery key ({error}), which is left alone;"
                " remove it, or give another path"
            ) from None
        return StoredKey(key, certificate_of(key), f"{mode:04o}")

    def text(self) -> str | None:
        """The content as it lies there, None without a file."""
        with _io_errors("read", self._path):
            found = self._open()
            if found is None:
                return None
            with found as file:
                return file.read(LARGEST_FILE).decode("utf-8-sig")

    def _open(self) -> BinaryIO | None:
        """The file, if it is a plain one of this user with no other name."""
        try:
            self._require_plain(os.lstat(self._path))
            # Somebody may have put something else there since: what was opened is judged again.
            file = open(os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")  # noqa: SIM115
        except (FileNotFoundError, NotADirectoryError):
            return None
        try:
            self._require_plain(os.fstat(file.fileno()))
        except Refused:
            file.close()
            raise
        return file

    def _require_plain(self, found: os.stat_result) -> None:
        kind = (
            "a link"
            if stat.S_ISLNK(found.st_mode)
            else "no plain file"
            if not stat.S_ISREG(found.st_mode)
            else "a file of another user"
            if found.st_uid != os.geteuid()
            else f"a file with {found.st_nlink} names (hard links)"
            if found.st_nlink > 1
            else None
        )
        if kind:
            raise Refused(f"path: {self._path} is {kind}, which is left alone; remove it, or give another path")

    def require_safe_folder(self) -> None:
        """Nobody else can swap the file. Raises Refused. A folder that will be made is judged by the one above it."""
        with _io_errors("write", self._path):
            folder = self._folder
            while not os.path.lexists(folder) and folder != os.path.dirname(folder):
                folder = os.path.dirname(folder)
            try:
                found = os.stat(folder)
            except (FileNotFoundError, NotADirectoryError):
                # A link to nowhere; writing tells.
                return
        if found.st_uid not in (os.geteuid(), 0):
            raise Refused(f"path: folder {folder} belongs to another user, who could swap the key; give another path")
        # The sticky bit keeps what one user has there from the others, as in /tmp.
        if found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX:
            raise Refused(
                f"path: folder {folder} is writable for everybody ({stat.S_IMODE(found.st_mode):04o}), who could swap"
                " the key; take that right away, or give another path"
            )

    def has_leftover(self) -> bool:
        return os.path.lexists(self._part)

    def prepare(self) -> None:
        """Find out what would keep the file from being written while no key has been made for it."""
        with _io_errors("write", self._path):
            _make_folders(self._folder)
            self.remove_leftover()
            if not os.access(self._folder, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    def write(self, content: bytes) -> None:
        """All or nothing, also when the machine stops; secret from the first byte."""
        self.prepare()
        with _io_errors("write", self._path):
            descriptor = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, _FILE_MODE)
            try:
                with open(descriptor, "wb") as file:
                    # A umask may have taken rights of the owner's away.
                    os.fchmod(file.fileno(), _FILE_MODE)
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
        with _io_errors("remove", self._path), contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)
            self._sync_folder()

    def remove_leftover(self) -> None:
        with _io_errors("remove", self._part), contextlib.suppress(FileNotFoundError):
            os.unlink(self._part)

    def _sync_folder(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class RegistrationKeyResource(ManagedResource[KeyState, Applied]):
    """The key file of a vault: made when there is no good one (S4), or removed, for which no login is needed."""

    steps = ("S4",)

    def __init__(self, azure: Azure | None, desired: DesiredKey, now: Callable[[], datetime] | None = None) -> None:
        self._azure = azure
        # The profile of a login may be what names the subscription.
        self._desired = replace(desired, subscription_id=azure.subscription_id) if azure else desired
        self._file = KeyFile(desired.path)
        self._now = now or (lambda: datetime.now(timezone.utc))

    def observe(self) -> KeyState:
        # The file first: a path that must not be touched is refused before any call.
        desired = self._desired
        stored, leftover = self._file.read(), self._file.has_leftover()
        require_own(stored, desired, desired.path, self._now())
        if not desired.present:
            return KeyState(None, stored, leftover)
        self._file.require_safe_folder()
        vault = self._find_vault()
        return KeyState(vault, stored, leftover, self._find_site(vault), self._find_channel_key(vault))

    def plan(self, state: KeyState) -> Plan:
        return plan_key(state, self._desired, self._now())

    def apply(self, plan: Plan, state: KeyState) -> Applied:
        notes: tuple[str, ...] = ()
        if makes_key(plan):
            vault, site = self._require_all(state)
            self._file.prepare()
            key, notes = self._make(vault, site, state)
            self._file.write(render(key))
        elif plan.touches("exists"):
            self._file.remove()
        elif plan.touches("mode"):
            self._file.restrict()
        self._file.remove_leftover()
        return Applied(notes)

    def to_result(self, state: KeyState) -> dict[str, Any]:
        return key_result(self._desired.path, state.stored)

    def preview(self, state: KeyState, plan: Plan) -> dict[str, Any]:
        shown = ManagedResource.preview(self, state, plan)
        for action in ("leftover", "channel_integrity_key"):
            shown.pop(action, None)
        return shown

    def secret_results(self) -> dict[str, Any]:
        return {"content": self._file.text()} if self._desired.return_content else {}

    def describe(self, state: KeyState) -> str:
        stored = state.stored
        if stored is None:
            return "no key"
        if stored.certificate is None:
            return f"a damaged key for vault {stored.key.vault_name}"
        return f"key for vault {stored.key.vault_name}, valid until {timestamp(stored.certificate.not_after)}"

    def warnings(self, state: KeyState) -> tuple[str, ...]:
        desired = self._desired
        if desired.present and state.vault is None:
            return (f"vault '{desired.vault_name}' does not exist yet; it must be there before its key can be made",)
        if desired.present and state.site is None:
            return (
                f"vault '{desired.vault_name}' has no Hyper-V site '{desired.site}' yet; it must be there before a key"
                " for it can be made",
            )
        return ()

    def _find_vault(self) -> Vault | None:
        return vaults.find(self._login(), self._desired.resource_group, self._desired.vault_name).resource

    def _find_site(self, vault: Vault | None) -> Site | None:
        desired = self._desired
        if desired.kind != SITE_KEY or desired.site is None:
            return NO_SITE
        if vault is None:
            return None
        fabrics = self._login().site_recovery.replication_fabrics
        answer = read(
            f"list the sites of vault {vault.name}",
            lambda: documents(fabrics.list(desired.resource_group, desired.vault_name)),
        )
        return None if isinstance(answer, Absent) else find_site(answer, desired.site)

    def _find_channel_key(self, vault: Vault | None) -> ChannelKey | None:
        if vault is None or not self._desired.channel_integrity_key:
            return None
        information = self._login().recovery_services.vault_extended_info
        answer = read(
            f"read the extended information of vault {vault.name}",
            lambda: information.get(vault.resource_group, vault.name, cls=raw),
        )
        return None if isinstance(answer, Absent) else channel_key_from_wire(answer, vault.name)

    def _login(self) -> Azure:
        if self._azure is None:
            raise AssertionError("a key that is wanted needs a login")
        return self._azure

    def _make(self, vault: Vault, site: Site, state: KeyState) -> tuple[RegistrationKey, tuple[str, ...]]:
        azure, desired = self._login(), self._desired
        channel_key = self._channel_key(vault, state) if desired.channel_integrity_key else None
        now = self._now()
        name, pair, body = self._request(vault, now)
        certificates, content = azure.recovery_services.vault_certificates, payload(body)
        answer: Any = write(
            lambda: certificates.create(vault.resource_group, vault.name, name, content, cls=raw),
            f"make a key for vault {vault.name}",
            _TURN_SECONDS,
        )
        key = key_from_answer(vault, answer, pair=pair, site=site, channel_key=channel_key)
        note = self._require_life(key, vault, site, now)
        return key, (note,) if note else ()

    def _require_all(self, state: KeyState) -> tuple[Vault, Site]:
        """What a key is made for. Raises Refused when it is not there."""
        desired = self._desired
        vault = state.vault or vaults.require(self._login(), desired.resource_group, desired.vault_name)
        if state.site is None:
            raise Refused(
                f"site: vault {vault.name} has no Hyper-V site '{desired.site}'; create it there first, or correct"
                " the name"
            )
        return vault, state.site

    def _request(self, vault: Vault, now: datetime) -> tuple[str, Pair | None, dict[str, Any]]:
        """The name and the body of the request, and the pair if it is made here."""
        hours = self._desired.validity_hours
        if self._desired.certificate != CLIENT_MADE:
            return certificate_name(vault.name, now), None, certificate_request(hours)
        name = upload_name(vault.name, vault.subscription_id, now)
        pair = make_pair(name, now, hours)
        return name, pair, upload_request(pair)

    def _channel_key(self, vault: Vault, state: KeyState) -> ChannelKey:
        """The vault's own, or a new one where a clean 404 said that there is none: registered servers share it."""
        if state.channel_key is not None:
            return state.channel_key
        extended, content = self._login().recovery_services.vault_extended_info, payload(new_channel_key())
        answer: Any = write(
            lambda: extended.create_or_update(vault.resource_group, vault.name, content, cls=raw),
            f"give vault {vault.name} a channel integrity key",
            _TURN_SECONDS,
        )
        return channel_key_from_wire(answer, vault.name)

    def _require_life(self, key: RegistrationKey, vault: Vault, site: Site, now: datetime) -> str | None:
        """A key that the next run would replace is not worth writing: the clock is wrong, or its life is too short."""
        certificate = certificate_of(key)
        fresh = StoredKey(key, certificate, MODE)
        problem = unfit(fresh, vault, now, timedelta(hours=self._desired.renewal_margin_hours), site)
        if problem:
            raise RemoteFailure(
                f"the service made a key that will not do: {problem}, and it is {timestamp(now)} here;"
                " check this machine's clock and renewal_margin_hours"
            )
        return life_note(certificate, self._desired.validity_hours, now) if certificate else None


def build(options: Mapping[str, Any], azure: Azure) -> RegistrationKeyResource:
    """The noun of the module's options; raises InvalidInput."""
    return RegistrationKeyResource(azure, DesiredKey.from_options(options))


def build_local(options: Mapping[str, Any]) -> RegistrationKeyResource | None:
    """The noun when it needs no login: a key is removed from this machine alone."""
    desired = DesiredKey.from_options(options)
    return None if desired.present else RegistrationKeyResource(None, desired)


def _make_folders(folder: str) -> None:
    """The folder and those above it, each for its owner only, whatever the umask."""
    missing = []
    while not os.path.isdir(folder):
        missing.append(folder)
        folder = os.path.dirname(folder)
    for each in reversed(missing):
        try:
            os.mkdir(each, _FOLDER_MODE)
        except FileExistsError:
            # Another run may have been faster; anything else than a folder is an error.
            if not os.path.isdir(each):
                raise


@contextlib.contextmanager
def _io_errors(verb: str, path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Refused(
            f"path: could not {verb} {path} ({error.strerror}); correct the path, or its owner and mode"
        ) from error
