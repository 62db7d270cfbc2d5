# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock of a key path: two runs, the name of the holder, and locks that interrupted runs left."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common import file_lock as module
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import Refused
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.file_lock import file_lock

# Holds the lock until its input ends, as another process does.
HOLDER = """
import fcntl, os, sys
handle = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o600)
fcntl.flock(handle, fcntl.LOCK_EX)
os.write(handle, f"process {os.getpid()} on elsewhere\\n".encode())
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".key.lock"


def test_the_lock_names_its_holder_and_is_removed(path: Path) -> None:
    with file_lock("path", str(path), 0):
        assert path.read_text().startswith(f"process {os.getpid()} on ")
        with pytest.raises(Refused, match=rf"process {os.getpid()} on .* uses this path"), file_lock("x", str(path), 0):
            pass
    assert not path.exists()
    with pytest.raises(ValueError, match="any"), file_lock("path", str(path), 0):
        raise ValueError("any")
    assert not path.exists()


def test_another_process_is_named_and_waited_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with (
            pytest.raises(Refused, match=f"process {holder.pid} on elsewhere uses this path and holds the lock"),
            file_lock("path", str(path), 0),
        ):
            pass

        def sleep(_seconds: float) -> None:
            # The holder is killed. Its file remains and locks nothing.
            holder.kill()
            holder.wait()

        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: 0.0, sleep=sleep))
        with file_lock("path", str(path), 60):
            assert path.read_text().startswith(f"process {os.getpid()} on ")
    assert not path.exists()


def test_a_file_that_an_interrupted_run_left_locks_nothing(path: Path) -> None:
    path.write_text("process 1 on elsewhere\n")
    with file_lock("path", str(path), 0):
        assert path.read_text().startswith(f"process {os.getpid()} on ")


def test_a_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("kept")
    path.symlink_to(victim)
    with pytest.raises(OSError, match=r"[Ss]ymbolic"), file_lock("path", str(path), 0):
        pass
    assert victim.read_text() == "kept"
