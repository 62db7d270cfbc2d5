# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the length of files. A long file has more than one subject: cut it by meaning, not by lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

LONGEST = 500
#: Files that no person writes or reads from top to bottom, as paths below the root. A pattern ends in a star.
EXCEPTIONS = {
    "LICENSE": "the text of the license",
    "CHANGELOG.md": "made by antsibull-changelog",
    "changelogs/changelog.yaml": "made by antsibull-changelog",
    "docs/assumptions.md": "made by `make assumptions`",
    "docs/inferred.md": "made by `make inferred`",
    "docs/playbooks.md": "made by `make pages`",
    "docs/roles.md": "made by `make pages`",
    "extensions/lab/arm/index.json": "made by `make index`",
    "extensions/patterns/*": "made by `make pages`",
    "tests/environments/*": "lock files, made by `make lock`",
}


def excepted(name: str) -> bool:
    """Tell whether a file may be of any length."""
    return any(name == path or (path.endswith("*") and name.startswith(path[:-1])) for path in EXCEPTIONS)


def too_long(root: Path, paths: Iterable[Path]) -> Iterator[str]:
    """Yield one line for each text file that is too long."""
    for path in paths:
        name = path.relative_to(root).as_posix()
        content = path.read_bytes()
        lines = content.count(b"\n") + (not content.endswith(b"\n") if content else 0)
        if lines > LONGEST and b"\0" not in content and not excepted(name):
            yield f"{name}: {lines} lines, but {LONGEST} are the limit; cut it by meaning"
