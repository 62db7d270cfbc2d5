# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No file is too long to be read in one sitting."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gates.lengths import EXCEPTIONS, LONGEST, excepted, too_long
from tests.tools import collection
from tests.tools.gates import DEVELOPMENT
from tests.tools.paths import ROOT

FILES = list(collection.sources(also=DEVELOPMENT))


def test_no_file_is_too_long() -> None:
    assert list(too_long(ROOT, FILES)) == []


def test_every_exception_is_needed_or_generated() -> None:
    """An exception for a file that does not exist hides a typing error. The changelog appears with a release."""
    names = {path.relative_to(ROOT).as_posix() for path in FILES}
    unknown = [
        path for path in EXCEPTIONS if path != "CHANGELOG.md" and not any(name.startswith(path[:-1]) for name in names)
    ]
    assert unknown == []


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("line\n" * LONGEST, []),
        ("line\n" * LONGEST + "rest", ["a.py: 501 lines, but 500 are the limit; cut it by meaning"]),
        ("line\n" * (LONGEST + 1), ["a.py: 501 lines, but 500 are the limit; cut it by meaning"]),
        ("\0" + "\n" * 600, []),
    ],
    ids=["at the limit", "unfinished line", "one too many", "binary"],
)
def test_a_long_file_is_found(content: str, expected: list[str], tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text(content)
    assert list(too_long(tmp_path, [path])) == expected


def test_exceptions_cover_only_what_they_name() -> None:
    assert excepted("LICENSE")
    assert excepted("tests/environments/main.txt")
    assert not excepted("plugins/LICENSE")
    assert not excepted("tests/gates/lengths.py")
