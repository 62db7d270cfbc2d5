# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the registration key: requested from Azure, and kept in a file on this machine."""

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
from ..._azure.consistency import UNKNOWN_PARENT, wait_until_visible
from ..._azure.failures import Absent, read
from ..._azure.operations import write
from ..._azure.wire import documents, payload, raw
from ..._model.azure.channel_key import ChannelKey, channel_key_from_wire, new_channel_key
from ..._model.azure.hyperv_site import NO_SITE, HyperVSite, find_site
from ..._model.azure.key_pair import KeyPair, make_pair, upload_name, upload_request
from ..._model.azure.registration_key import (
    CLIENT_MADE,
    MODE,
    SITE_KEY,
    DesiredKey,
    KeyState,
    StoredKey,
    certificate_name,
    certificate_request,
    creates_key,
    key_from_answer,
    key_problem,
    key_result,
    plan_key,
    require_own,
    validity_note,
)
from ..._model.azure.vault import Vault
from ..._model.common.errors import Refused, RemoteFailure
from ..._model.common.file_lock import file_lock
from ..._model.common.key_file import LARGEST_FILE, NotAKey, RegistrationKey, certificate_of, parse, render, timestamp
from ..._model.common.plain_file import open_plain, require_safe_folders
from ..._model.common.plan import Plan
from ..._model.common.resource import Applied, ManagedResource
from . import vault as vaults

#: How long a request waits while another write to the vault is in progress.
_BUSY_SECONDS = 300
_FILE_MODE = int(MODE, 8)
_FOLDER_MODE = 0o700
#: More than a key needs, which has some kilobytes.
_RESERVED = 64 * 1024
_OTHER_RUN = "another run has created the key while this run waited for it"


class KeyFile:
    """The file of a key. It never follows links, is never readable by others, and is never written partially."""

    def __init__(self, path: str) -> None:
        self._path = path
        folder, name = os.path.split(path)
        self._folder = folder
        # The fixed name lets a later run find the partial file of an interrupted one.
        self._partial = os.path.join(folder, f".{name}.part")
        self._lock = os.path.join(folder, f".{name}.lock")

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock of the path. Raises Refused, which names the process that holds it."""
        with contextlib.ExitStack() as stack:
            with _io_errors("lock", self._path):
                _make_folders(self._folder)
                stack.enter_context(file_lock("path", self._lock, _BUSY_SECONDS))
            yield

    def read(self) -> StoredKey | None:
        """Read the key. Raises Refused for any other content, and for a file that other users can modify."""
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
                f"path: {self._path} does not contain a Site Recovery key ({error}), so it is not replaced;"
                " remove it, or use another path"
            ) from None
        return StoredKey(key, certificate_of(key), f"{mode:04o}")

    def text(self) -> str | None:
        """Return the content of the file; None without a file."""
        with _io_errors("read", self._path):
            found = self._open()
            if found is None:
                return None
            with found as file:
                return file.read(LARGEST_FILE).decode("utf-8-sig")

    def _open(self) -> BinaryIO | None:
        return open_plain("path", self._path)

    def require_safe_folder(self) -> None:
        """Check that other users cannot replace the file, in any folder of its path. Raises Refused."""
        with _io_errors("write", self._path):
            require_safe_folders("path", self._folder)

    def has_partial_file(self) -> bool:
        return os.path.lexists(self._partial)

    def require_writable(self) -> None:
        """Check without a change that the file can be written. Raises Refused."""
        with _io_errors("write", self._path):
            folder = self._folder
            while not os.path.lexists(folder):
                folder = os.path.dirname(folder)
            if not os.path.isdir(folder):
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
            if os.statvfs(folder).f_flag & os.ST_RDONLY:
                raise OSError(errno.EROFS, os.strerror(errno.EROFS))
            if not os.access(folder, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    @contextlib.contextmanager
    def reserved(self) -> Iterator[Callable[[bytes], None]]:
        """Reserve room for the file before a key is requested, because a key that cannot be stored is lost.

        Yield a function that writes the file atomically, also when the machine stops. It is never readable by others.
        Raises Refused.
        """
        with _io_errors("write", self._path):
            self.remove_partial_file()
            descriptor = os.open(self._partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, _FILE_MODE)
        try:
            with _io_errors("write", self._path):
                # The umask may have removed permissions of the owner.
                os.fchmod(descriptor, _FILE_MODE)
                _write_all(descriptor, bytes(_RESERVED))
            yield lambda content: self._replace(descriptor, content)
        finally:
            os.close(descriptor)
            self.remove_partial_file()

    def write(self, content: bytes) -> None:
        """Write the file atomically. Raises Refused."""
        with _io_errors("write", self._path):
            _make_folders(self._folder)
        with self.reserved() as write_file:
            write_file(content)

    def _replace(self, descriptor: int, content: bytes) -> None:
        with _io_errors("write", self._path):
            os.lseek(descriptor, 0, os.SEEK_SET)
            _write_all(descriptor, content)
            os.ftruncate(descriptor, len(content))
            os.fsync(descriptor)
            os.rename(self._partial, self._path)
            self._sync_folder()

    def restrict(self) -> None:
        """Make the file readable only by its owner."""
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

    def remove_partial_file(self) -> None:
        with _io_errors("remove", self._partial), contextlib.suppress(FileNotFoundError):
            os.unlink(self._partial)

    def _sync_folder(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class RegistrationKeyResource(ManagedResource[KeyState, Applied]):
    """The key file of a vault: created when there is no usable one (S4), or removed, which needs no login."""

    steps = ("S4",)

    def __init__(self, azure: Azure | None, desired: DesiredKey, now: Callable[[], datetime] | None = None) -> None:
        self._azure = azure
        # Only the login knows a subscription that comes from a profile or the environment.
        self._desired = replace(desired, subscription_id=azure.subscription_id) if azure else desired
        self._file = KeyFile(desired.path)
        self._now = now or (lambda: datetime.now(timezone.utc))

    def observe(self) -> KeyState:
        # Read the file first, so that a path that must not be used is refused before any call.
        desired = self._desired
        stored, partial = self._file.read(), self._file.has_partial_file()
        require_own(stored, desired, desired.path, self._now())
        if not desired.present:
            return KeyState(None, stored, partial)
        self._file.require_safe_folder()
        vault = self._find_vault()
        return KeyState(vault, stored, partial, self._find_site(vault), self._find_channel_key(vault))

    def plan(self, state: KeyState) -> Plan:
        plan = plan_key(state, self._desired, self._now())
        if creates_key(plan):
            self._file.require_writable()
        return plan

    def apply(self, plan: Plan, state: KeyState) -> Applied:
        """Change the file. Another run may have done so since the observation: then its key is used."""
        if plan.touches("mode") and not (creates_key(plan) or plan.touches("partial_file")):
            return self._apply(plan, state)
        with self._file.locked():
            stored, partial = self._file.read(), self._file.has_partial_file()
            require_own(stored, self._desired, self._desired.path, self._now())
            state = replace(state, stored=stored, partial_file=partial)
            current = self.plan(state)
            applied = self._apply(current, state)
        return applied if creates_key(current) or not creates_key(plan) else Applied((_OTHER_RUN,))

    def _apply(self, plan: Plan, state: KeyState) -> Applied:
        notes: tuple[str, ...] = ()
        if creates_key(plan):
            vault, site = self._require_all(state)
            with self._file.reserved() as write_file:
                key, notes = self._create(vault, site, state)
                write_file(render(key))
        elif plan.touches("exists"):
            self._file.remove()
        elif plan.touches("mode"):
            self._file.restrict()
        if plan.touches("partial_file"):
            self._file.remove_partial_file()
        return Applied(notes)

    def to_result(self, state: KeyState) -> dict[str, Any]:
        return key_result(self._desired.path, state.stored)

    def preview(self, state: KeyState, plan: Plan) -> dict[str, Any]:
        shown = ManagedResource.preview(self, state, plan)
        for action in ("partial_file", "channel_integrity_key"):
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
            return (f"vault '{desired.vault_name}' does not exist yet; it must exist before its key is created",)
        if desired.present and state.site is None:
            return (
                f"vault '{desired.vault_name}' has no Hyper-V site '{desired.site}' yet;"
                " it must exist before its key is created",
            )
        return ()

    def _find_vault(self) -> Vault | None:
        return vaults.find(self._login(), self._desired.resource_group, self._desired.vault_name).resource

    def _find_site(self, vault: Vault | None) -> HyperVSite | None:
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
            raise AssertionError("a key that is to be present needs a login")
        return self._azure

    def _create(self, vault: Vault, site: HyperVSite, state: KeyState) -> tuple[RegistrationKey, tuple[str, ...]]:
        azure, desired = self._login(), self._desired
        channel_key = self._channel_key(vault, state) if desired.channel_integrity_key else None
        now = self._now()
        name, pair, body = self._request(vault, now)
        certificates, content = azure.recovery_services.vault_certificates, payload(body)
        answer: Any = write(
            lambda: certificates.create(vault.resource_group, vault.name, name, content, cls=raw),
            f"create a key for vault {vault.name}",
            _BUSY_SECONDS,
            UNKNOWN_PARENT,
        )
        key = key_from_answer(vault, answer, pair=pair, site=site, channel_key=channel_key)
        note = self._require_validity(key, vault, site, now)
        return key, (note,) if note else ()

    def _require_all(self, state: KeyState) -> tuple[Vault, HyperVSite]:
        """Return the vault and the site of a key. Raises Refused when one does not exist."""
        desired = self._desired
        vault = state.vault or vaults.require(self._login(), desired.resource_group, desired.vault_name)
        if state.site is None:
            raise Refused(
                f"site: vault {vault.name} has no Hyper-V site '{desired.site}'; create it first, or correct the name"
            )
        return vault, state.site

    def _request(self, vault: Vault, now: datetime) -> tuple[str, KeyPair | None, dict[str, Any]]:
        """Return the name and the body of the request, and a client-made pair."""
        hours = self._desired.validity_hours
        if self._desired.certificate != CLIENT_MADE:
            return certificate_name(vault.name, now), None, certificate_request(hours)
        name = upload_name(vault.name, vault.subscription_id, now)
        pair = make_pair(name, now, hours)
        return name, pair, upload_request(pair)

    def _channel_key(self, vault: Vault, state: KeyState) -> ChannelKey:
        """Return the key of the vault. Create one only after a 404 for it, because registered servers share it."""
        if state.channel_key is not None:
            return state.channel_key
        extended, content = self._login().recovery_services.vault_extended_info, payload(new_channel_key())
        answer: Any = write(
            lambda: extended.create_or_update(vault.resource_group, vault.name, content, cls=raw),
            f"create a channel integrity key for vault {vault.name}",
            _BUSY_SECONDS,
            UNKNOWN_PARENT,
        )
        # A next run that does not see this key yet would make another registration key.
        wait_until_visible(lambda: self._find_channel_key(vault), "the channel integrity key", _BUSY_SECONDS)
        return channel_key_from_wire(answer, vault.name)

    def _require_validity(self, key: RegistrationKey, vault: Vault, site: HyperVSite, now: datetime) -> str | None:
        """Refuse a key that the next run would replace: the clock is wrong, or the key expires too soon.

        Return a warning about its validity, or None. Raises RemoteFailure.
        """
        certificate = certificate_of(key)
        created = StoredKey(key, certificate, MODE)
        problem = key_problem(created, vault, now, timedelta(hours=self._desired.renewal_margin_hours), site)
        if problem:
            raise RemoteFailure(
                f"the service created a key that cannot be used: {problem}, and the local time is {timestamp(now)};"
                " check this machine's clock and renewal_margin_hours"
            )
        return validity_note(certificate, self._desired.validity_hours, now) if certificate else None


def build(options: Mapping[str, Any], azure: Azure) -> RegistrationKeyResource:
    """Build the resource from the options of the module. Raises InvalidInput."""
    return RegistrationKeyResource(azure, DesiredKey.from_options(options))


def build_local(options: Mapping[str, Any]) -> RegistrationKeyResource | None:
    """Build the resource without a login, to remove a key from this machine. Return None for a key to be present."""
    desired = DesiredKey.from_options(options)
    return None if desired.present else RegistrationKeyResource(None, desired)


def _write_all(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]


def _make_folders(folder: str) -> None:
    """Create the folder and its parents with access for the owner only, regardless of the umask."""
    missing = []
    while not os.path.isdir(folder):
        missing.append(folder)
        folder = os.path.dirname(folder)
    for each in reversed(missing):
        try:
            os.mkdir(each, _FOLDER_MODE)
        except FileExistsError:
            # Another run may have created it. Anything but a folder is an error.
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
