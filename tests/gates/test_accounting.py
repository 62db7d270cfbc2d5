# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What did not run is said, and is red where nothing may be left out."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests import conftest
from tests.tools.paths import ROOT

CASES = """
import pytest

@pytest.mark.needs("recordings")
def test_needs(): pass

def test_skips(): pytest.skip("the moon is down")

def test_passes(): pass
"""


def run(folder: Path, source: str, **more: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_cases.py").write_text(source)
    dropped = ("SITERECOVERY_REQUIRE_ALL", "SITERECOVERY_RECORDINGS", "PYTEST_ADDOPTS")
    environment = {name: value for name, value in os.environ.items() if name not in dropped}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-c", "pyproject.toml", "-p", "tests.conftest", "-p", "no:xdist", str(folder)],
        cwd=ROOT,
        env={**environment, **more},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_was_skipped_is_counted_in_the_last_lines(tmp_path: Path) -> None:
    done = run(tmp_path, CASES)
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-2] == "not run: 2 (SITERECOVERY_RECORDINGS is not set; the moon is down)"


def test_nothing_skipped_says_so(tmp_path: Path) -> None:
    done = run(tmp_path, "def test_passes(): pass")
    assert done.stdout.splitlines()[-2] == "not run: 0"


@pytest.mark.parametrize("source", [CASES, "import pytest\npytest.skip('all', allow_module_level=True)"])
def test_a_skip_is_red_where_nothing_may_be_left_out(source: str, tmp_path: Path) -> None:
    done = run(tmp_path, source, SITERECOVERY_REQUIRE_ALL="1")
    assert done.returncode not in (0, 5)
    assert "nothing may be left out" in done.stdout


def test_too_few_passed_tests_are_red_where_nothing_may_be_left_out(tmp_path: Path) -> None:
    done = run(tmp_path, "def test_passes(): pass", SITERECOVERY_REQUIRE_ALL="1")
    assert done.returncode == 1
    assert "tests/gates: 0 passed, at least" in done.stdout


def test_minimum_counts_everything_below_a_folder() -> None:
    enough = Counter({f"{folder}/deeper": minimum for folder, minimum in conftest.minimums().items()})
    assert conftest.too_few(enough) == []
    assert len(conftest.too_few(Counter())) == len(conftest.minimums())


def test_every_folder_of_tests_has_a_minimum() -> None:
    folders = {path.relative_to(ROOT).parts[1] for path in (ROOT / "tests").rglob("test_*.py")}
    assert {f"tests/{folder}" for folder in folders} == set(conftest.minimums())
