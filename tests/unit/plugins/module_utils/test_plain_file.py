# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Key files are opened without following links, and only where other users cannot replace them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common import plain_file
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import Refused
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.plain_file import (
    open_plain,
    require_safe_folders,
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "a.VaultCredentials"
    made.write_bytes(b"content")
    made.chmod(0o600)
    return made


def test_a_file_is_opened_and_a_missing_one_is_none(file: Path) -> None:
    for shared in (True, False):
        opened = open_plain("key_path", str(file), shared=shared)
        assert opened is not None
        with opened:
            assert opened.read() == b"content"
    assert open_plain("key_path", str(file.parent / "none")) is None


def test_links_pipes_and_devices_are_refused(file: Path) -> None:
    link, pipe = file.parent / "link", file.parent / "pipe"
    link.symlink_to(file)
    os.mkfifo(pipe)
    for path, kind in ((link, "a link"), (pipe, "not a regular file"), (Path("/dev/zero"), "not a regular file")):
        with pytest.raises(Refused, match=f"key_path: {path} is {kind}, so it is not used"):
            open_plain("key_path", str(path), shared=True)


def test_a_shared_file_must_not_be_writable_by_all_users(file: Path) -> None:
    file.chmod(0o666)
    with pytest.raises(Refused, match=r"a file that other users can change \(0666\)"):
        open_plain("key_path", str(file), shared=True)


def test_a_shared_file_may_belong_to_root_but_not_to_another_user(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = file.stat().st_uid
    monkeypatch.setattr(plain_file, "_ROOT", owner)
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    opened = open_plain("key_path", str(file), shared=True)
    assert opened is not None
    opened.close()
    monkeypatch.setattr(plain_file, "_ROOT", owner + 2)
    with pytest.raises(Refused, match="a file of another user"):
        open_plain("key_path", str(file), shared=True)


@pytest.mark.parametrize(("mode", "users"), [(0o777, "all users"), (0o770, "the group")])
def test_every_folder_of_the_path_is_checked(
    mode: int, users: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outer, own = tmp_path / "outer", tmp_path / "outer" / "own"
    own.mkdir(parents=True)
    own.chmod(0o700)
    outer.chmod(mode)
    monkeypatch.setattr(plain_file, "_is_private", lambda _gid: False)
    with pytest.raises(Refused, match=f"folder {outer} is writable by {users}.*; remove that permission"):
        require_safe_folders("key_path", str(own / "new"))


def test_the_private_group_of_the_user_may_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    folder.chmod(0o775)
    monkeypatch.setattr(plain_file, "_is_private", lambda _gid: True)
    require_safe_folders("key_path", str(folder))
