# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: a lock for a file of this machine, whose holder other runs can name."""

from __future__ import annotations

import contextlib
import fcntl
import os
import platform
import time
from collections.abc import Iterator

from .errors import Refused

_PAUSE = 1.0
_LONGEST_NAME = 200


@contextlib.contextmanager
def file_lock(option: str, path: str, timeout: float) -> Iterator[None]:
    """Hold the lock `path` and remove it at the end. Wait at most `timeout` seconds for the run that holds it.

    The kernel releases the lock of a process that has ended, so a file that an interrupted run left locks nothing.
    Raises Refused with the process that holds it, and OSError.
    """
    started = time.monotonic()
    while (handle := take_lock(path)) is None:
        if time.monotonic() - started >= timeout:
            raise Refused(
                f"{option}: {_holder(path)} uses this path and holds the lock {path}; run again when it has ended"
            )
        time.sleep(_PAUSE)
    try:
        os.truncate(handle, 0)
        os.write(handle, f"process {os.getpid()} on {platform.node()}\n".encode())
        yield
    finally:
        # The file is removed before the lock is released, so no other run can have taken it.
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        os.close(handle)


def take_lock(path: str) -> int | None:
    """Take the lock and return its handle. Return None while another run holds it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is_same(handle, path):
            return handle
    except BlockingIOError:
        pass
    except BaseException:
        os.close(handle)
        raise
    # Another run holds the lock, or has removed the file since it was opened.
    os.close(handle)
    return None


def _is_same(handle: int, path: str) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(handle), os.lstat(path))
    return False


def _holder(path: str) -> str:
    """Return the process that holds the lock, as its file names it."""
    with contextlib.suppress(OSError, ValueError), open(path, "rb") as file:
        text = file.read(_LONGEST_NAME).decode("utf-8").strip()
        if text:
            return text
    return "another process"
