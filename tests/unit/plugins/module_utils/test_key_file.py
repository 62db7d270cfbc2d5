# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The key file on disk: its safety, its atomic writes and its removal (S4)."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure import registration_key as model
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.registration_key import (
    StoredKey,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import (
    Refused,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._services.azure.registration_key import KeyFile
from tests.unit.plugins.module_utils.registration_keys import (
    FILE,
    KEY,
    good_pfx,
)

__all__ = ["good_pfx"]


# The file on disk -----------------------------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "vault-dr.VaultCredentials"


def test_a_file_is_private_and_complete(path: Path) -> None:
    old = os.umask(0)
    try:
        KeyFile(str(path)).write(FILE.encode())
    finally:
        os.umask(old)
    assert (stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(path.parent.stat().st_mode)) == (0o600, 0o700)
    stored = KeyFile(str(path)).read()
    assert stored == StoredKey(KEY, None, "0600")
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_a_failed_write_keeps_only_the_old_key(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = KeyFile(str(path))
    file.write(FILE.encode())

    def full(_descriptor: int) -> None:
        # A reader sees the old key until the new one is whole; nobody else can read the new one on the way.
        part = path.parent / f".{path.name}.part"
        assert stat.S_IMODE(part.stat().st_mode) == 0o600
        assert path.read_text() == FILE
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Refused, match=rf"^path: could not write {path} \(No space left on device\); "):
        file.write(b"new")
    assert path.read_text() == FILE
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_the_partial_file_of_a_killed_run_is_found_replaced_and_removed(path: Path) -> None:
    file = KeyFile(str(path))
    path.parent.mkdir()
    part = path.parent / f".{path.name}.part"
    part.write_text("half")
    assert file.has_partial_file()
    file.write(FILE.encode())
    assert not file.has_partial_file()
    part.symlink_to(path)
    file.remove_partial_file()
    assert not part.is_symlink()
    assert path.read_text() == FILE


def test_mode_and_removal(path: Path) -> None:
    file = KeyFile(str(path))
    assert file.read() is None
    file.write(FILE.encode())
    path.chmod(0o644)
    file.restrict()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    file.remove()
    assert not path.exists()


def _link(path: Path) -> None:
    path.symlink_to(path.parent)


def _dangling(path: Path) -> None:
    path.symlink_to(path.parent / "nowhere")


def _folder(path: Path) -> None:
    path.mkdir()


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _foreign(path: Path) -> None:
    path.write_text("somebody's canary")


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (_link, "is a link"),
        (_dangling, "is a link"),
        (_folder, "is not a regular file"),
        (_pipe, "is not a regular file"),
        (_foreign, "does not contain a Site Recovery key"),
    ],
)
def test_anything_but_a_key_is_refused_and_kept(place: Callable[[Path], None], text: str, path: Path) -> None:
    path.parent.mkdir()
    place(path)
    before = os.lstat(path)
    kept = before.st_ino, before.st_mode, before.st_mtime_ns
    with pytest.raises(
        Refused, match=rf"^path: .*{text}.* is not (used|replaced); remove it, or use another path$"
    ) as caught:
        KeyFile(str(path)).read()
    after = os.lstat(path)
    # It may have been read, which changes when it was last read.
    assert (after.st_ino, after.st_mode, after.st_mtime_ns) == kept
    assert "canary" not in str(caught.value)


def _killed_in(path: Path, content: bytes) -> int:
    """How a process ends that writes the key and is killed when all of it is written but has not got its name yet."""
    child = os.fork()
    if child == 0:
        os.fsync = lambda _descriptor: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[assignment]
        try:
            KeyFile(str(path)).write(content)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_killed_write_leaves_one_private_file_that_the_next_run_removes(path: Path) -> None:
    file = KeyFile(str(path))
    file.write(FILE.encode())
    assert _killed_in(path, b"canary") == -signal.SIGKILL
    part = path.parent / f".{path.name}.part"
    assert {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in path.parent.iterdir()} == {
        path.name: 0o600,
        part.name: 0o600,
    }
    assert path.read_text() == FILE
    file.write(FILE.encode())
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_the_mode_does_not_depend_on_the_umask(path: Path) -> None:
    old = os.umask(0o277)
    try:
        KeyFile(str(path)).write(FILE.encode())
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_all_created_folders_are_private(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "vault-dr.VaultCredentials"
    old = os.umask(0)
    try:
        KeyFile(str(path)).write(FILE.encode())
    finally:
        os.umask(old)
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in (path.parent, path.parent.parent)] == [0o700, 0o700]


def test_a_file_of_another_user_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = KeyFile(str(path))
    file.write(FILE.encode())
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    with pytest.raises(Refused, match="a file of another user"):
        file.read()


def test_a_file_that_was_replaced_while_it_was_opened_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = KeyFile(str(path))
    file.write(FILE.encode())
    opened = os.open

    def swapped(*given: Any) -> int:
        os.link(path, path.with_suffix(".copy"))
        return opened(*given)

    monkeypatch.setattr(os, "open", swapped)
    with pytest.raises(Refused, match=r"a file with 2 names \(hard links\)"):
        file.read()


@pytest.mark.parametrize(("mode", "text"), [(0o777, "0777"), (0o702, "0702"), (0o1777, None), (0o775, None)])
def test_a_folder_is_checked_for_users_who_can_replace_the_key(mode: int, text: str | None, tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(mode)
    # A folder that is still to be made is as safe as the one that it comes to lie in.
    for path in (folder / "a.VaultCredentials", folder / "new" / "newer" / "a.VaultCredentials"):
        if text is None:
            KeyFile(str(path)).require_safe_folder()
        else:
            with pytest.raises(Refused, match=rf"folder {folder} is writable by all users \({text}\)"):
                KeyFile(str(path)).require_safe_folder()


def test_a_folder_of_another_user_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = os.stat(path.parent.parent)
    foreign = os.stat_result((*found[:4], 4711, *found[5:]))
    monkeypatch.setattr(os, "stat", lambda *_given, **_more: foreign)
    with pytest.raises(Refused, match="belongs to another user, who could replace the key"):
        KeyFile(str(path)).require_safe_folder()


def test_a_large_file_is_not_read_to_its_end(path: Path) -> None:
    path.parent.mkdir()
    with path.open("wb") as file:
        file.truncate(2**33)
    with pytest.raises(Refused, match="it is too large"):
        KeyFile(str(path)).read()


def test_a_folder_that_is_a_file_is_reported(path: Path) -> None:
    path.parent.write_text("")
    assert KeyFile(str(path)).read() is None
    with pytest.raises(Refused, match=r"^path: could not write .* \(.*\); correct the path"):
        KeyFile(str(path)).write(b"")


def test_the_suffix_is_the_one_that_the_provider_requires() -> None:
    assert model.SUFFIX == ".VaultCredentials"
