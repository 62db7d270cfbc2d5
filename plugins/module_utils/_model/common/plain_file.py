# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: opens files with secrets on this machine, and checks that other users cannot replace them."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import stat
import tempfile
from typing import BinaryIO

from .errors import Refused

_ROOT = 0


def open_plain(option: str, path: str, *, shared: bool = False) -> BinaryIO | None:
    """Open a regular file of this user without hard links. Return None without a file. Raises Refused and OSError.

    Links are not followed, and a pipe or a device is never read. With `shared` the file may also belong to root, but
    then no other user may be able to change it.
    """
    try:
        _require_plain(option, path, os.lstat(path), shared)
        # The file may have been replaced since lstat, so the opened file is checked again.
        file = open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")  # noqa: SIM115
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        _require_plain(option, path, os.fstat(file.fileno()), shared)
    except Refused:
        file.close()
        raise
    return file


def replace_file(path: str, text: str) -> None:
    """Replace a file, which only its owner can read. An interrupted run leaves the old one. Raises OSError."""
    # mkstemp creates files that only their owner can read.
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path) or ".", prefix=".new-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def _require_plain(option: str, path: str, found: os.stat_result, shared: bool) -> None:
    owners = (os.geteuid(), _ROOT) if shared else (os.geteuid(),)
    kind = (
        "a link"
        if stat.S_ISLNK(found.st_mode)
        else "not a regular file"
        if not stat.S_ISREG(found.st_mode)
        else "a file of another user"
        if found.st_uid not in owners
        else f"a file with {found.st_nlink} names (hard links)"
        if found.st_nlink > 1
        else f"a file that other users can change ({stat.S_IMODE(found.st_mode):04o})"
        if shared and found.st_mode & stat.S_IWOTH
        else None
    )
    if kind:
        raise Refused(f"{option}: {path} is {kind}, so it is not used; remove it, or use another path")


def require_safe_folders(option: str, folder: str) -> None:
    """Check that other users cannot replace a file in the folder. Raises Refused and OSError.

    A user who can write to a folder can rename every folder in it, so all folders of the path are checked. A folder
    that does not exist yet is as safe as its parent.
    """
    folder = os.path.abspath(folder)
    while True:
        try:
            found = os.stat(folder)
        except (FileNotFoundError, NotADirectoryError):
            # Also a dangling link: the write will fail with the reason.
            pass
        else:
            _require_safe(option, folder, found)
        parent = os.path.dirname(folder)
        if parent == folder:
            return
        folder = parent


def _require_safe(option: str, folder: str, found: os.stat_result) -> None:
    if found.st_uid not in (os.geteuid(), _ROOT):
        raise Refused(f"{option}: folder {folder} belongs to another user, who could replace the key; use another path")
    # The sticky bit protects the files of each user from the others, as in /tmp.
    if found.st_mode & stat.S_ISVTX:
        return
    users = "all users" if found.st_mode & stat.S_IWOTH else None
    if users is None and found.st_mode & stat.S_IWGRP and not _is_private(found.st_gid):
        users = f"the group {_group_name(found.st_gid)}"
    if users:
        raise Refused(
            f"{option}: folder {folder} is writable by {users} ({stat.S_IMODE(found.st_mode):04o}), who could"
            " replace the key; remove that permission, or use another path"
        )


def _is_private(gid: int) -> bool:
    """Tell whether a group consists of this user only, as many systems create one for each user, or is root's."""
    if gid == _ROOT:
        return True
    try:
        group, user = grp.getgrgid(gid), pwd.getpwuid(os.geteuid())
    except KeyError:
        return False
    return group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name}


def _group_name(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
