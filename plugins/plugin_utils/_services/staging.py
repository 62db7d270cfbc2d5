# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: brings an installer to the machine, and takes it away again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ...module_utils._model.errors import Refused
from ...module_utils._model.installer import Installer, require_genuine
from .._windows.session import Session


@contextmanager
def staged(session: Session, installer: Installer) -> Iterator[str]:
    """The path of the checked installer on the machine, for as long as it is needed.

    One that an earlier run left is used again when its checksum fits. When its user fails it stays for the next run;
    one that is not what was asked for does not. Raises Refused then.
    """
    path = installer.staged_path
    there = installer.checksum is not None and installer.fits(session.run("inspect_file", {"Path": path})["sha256"])
    # A file that was there is fetched from itself: that checks the folder, and nobody holds the copy open.
    facts = session.run("fetch_file", {"Source": path if there else installer.source, "Destination": path})
    try:
        require_genuine(facts, installer)
    except Refused:
        _remove(session, installer)
        raise
    yield path
    _remove(session, installer)


def _remove(session: Session, installer: Installer) -> None:
    if not installer.in_place:
        session.run("remove_file", {"Paths": [installer.staged_path]})
