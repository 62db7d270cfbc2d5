# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests that did not run are listed, and fail where all tests are required."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests import conftest
from tests.e2e.cells import ByStory
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
def test_a_skip_fails_where_all_tests_are_required(source: str, tmp_path: Path) -> None:
    done = run(tmp_path, source, SITERECOVERY_REQUIRE_ALL="1")
    assert done.returncode not in (0, 5)
    assert "this run requires all tests" in done.stdout


def test_too_few_passed_tests_fail_where_all_tests_are_required(tmp_path: Path) -> None:
    done = run(tmp_path, "def test_passes(): pass", SITERECOVERY_REQUIRE_ALL="1")
    assert done.returncode == 1
    assert "tests/gates: 0 passed, at least" in done.stdout


def enough() -> Counter[str]:
    deep = {f"{folder}/deeper/test_one.py": minimum for folder, minimum in conftest.minimums().items()}
    return Counter(dict.fromkeys(conftest.test_files(), 1)) + Counter(deep)


def test_minimum_counts_everything_below_a_folder() -> None:
    assert conftest.too_few(enough()) == []
    assert len(conftest.too_few(Counter(dict.fromkeys(conftest.test_files(), 1)))) == len(conftest.minimums())


def test_a_file_of_which_no_test_passed_is_named() -> None:
    passed = enough()
    del passed["tests/gates/test_rings.py"]
    assert conftest.too_few(passed) == ["tests/gates/test_rings.py: no test passed"]


@pytest.mark.parametrize(
    ("test", "scope"),
    [
        ("tests/e2e/test_site.py::test_one[newest-vmm01]", "tests/e2e/test_site.py@newest"),
        ("tests/e2e/test_site.py::test_two[main]", "tests/e2e/test_site.py@main"),
        ("tests/e2e/test_refusals.py::test_bad[unknown cloud]", "tests/e2e/test_refusals.py"),
        ("tests/unit/test_names.py::test_name[main-x]", "tests/unit/test_names.py"),
    ],
)
def test_tests_that_share_a_set_up_run_in_one_process(test: str, scope: str) -> None:
    assert ByStory._split_scope(object.__new__(ByStory), test) == scope


def test_every_folder_of_tests_has_a_minimum() -> None:
    folders = {path.relative_to(ROOT).parts[1] for path in (ROOT / "tests").rglob("test_*.py")}
    assert {f"tests/{folder}" for folder in folders} == set(conftest.minimums())
