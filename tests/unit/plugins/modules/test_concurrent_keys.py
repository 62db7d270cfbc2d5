# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runs that create a key at one path, and places where a key cannot be stored. No unusable key is created."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common import file_lock
from ansible_collections.siterecovery.hyperv.plugins.module_utils._services.azure import registration_key
from tests.unit.plugins.modules.registration_keys import Keys, keys

__all__ = ["keys"]


@pytest.fixture
def held(keys: Keys) -> Iterator[int]:
    """Hold the lock of the path, as another run does."""
    keys.path.parent.mkdir(parents=True, mode=0o700)
    handle = os.open(keys.path.parent / f".{keys.path.name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX)
    os.write(handle, b"process 77 on controller2\n")
    yield handle
    os.close(handle)


def test_the_key_of_another_run_is_used(keys: Keys, held: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other run ends while this one waits; only one key is created."""
    made: list[Any] = []

    def sleep(_seconds: float) -> None:
        fcntl.flock(held, fcntl.LOCK_UN)
        if not made:
            made.append(None)
            made.append(keys.run())

    monkeypatch.setattr(file_lock, "time", SimpleNamespace(monotonic=lambda: 0.0, sleep=sleep))
    keys.run()
    assert len(made) == 2
    assert made[1].result["changed"]
    # The requests of the outer run include those of the inner one.
    found = keys.path.read_bytes()
    again = keys.run()
    assert (again.result["changed"], keys.path.read_bytes()) == (False, found)
    names = [name for name in os.listdir(keys.path.parent) if name.startswith(".")]
    assert names == []


def test_a_run_that_keeps_the_path_is_named(keys: Keys, held: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registration_key, "_BUSY_SECONDS", 0)
    ended = keys.run()
    assert (keys.writes, keys.path.exists()) == ([], False)
    assert ended.result["msg"].startswith("path: process 77 on controller2 uses this path and holds the lock ")


def test_no_key_is_created_on_a_full_disk(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int, _content: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(registration_key, "_write_all", full)
    ended = keys.run()
    assert (keys.writes, os.listdir(keys.path.parent)) == ([], [])
    assert "No space left on device" in ended.result["msg"]


@pytest.mark.parametrize("place", ["file", "denied", "read-only"])
def test_check_mode_refuses_a_place_that_cannot_be_written(
    keys: Keys, place: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if place == "file":
        keys.path.parent.parent.mkdir(parents=True, exist_ok=True)
        keys.path.parent.write_text("a file")
    elif place == "denied":
        monkeypatch.setattr(os, "access", lambda *_more: False)
    else:
        monkeypatch.setattr(os, "statvfs", lambda _path: SimpleNamespace(f_flag=os.ST_RDONLY))
    ended = keys.run(check=True)
    assert ended.result["failed"] is True
    assert ended.result["msg"].startswith(f"path: could not write {keys.path} (")
