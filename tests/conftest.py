# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the tests against the built and installed collection, and list the tests that did not run."""

from __future__ import annotations

import os
import shutil
import sys
from collections import Counter
from collections.abc import Generator
from pathlib import Path

import pytest
import tomllib

from tests.tools import collection
from tests.tools.paths import ROOT
from tests.tools.run import extensions, surroundings

# A run that requires all tests: a test that cannot run fails.
REQUIRE_ALL = bool(os.environ.get("SITERECOVERY_REQUIRE_ALL"))

pytest_plugins = ["tests.e2e.cells"]


def _find_collection() -> Path:
    """Return the collections folder from `make test`, or build and install first. Workers inherit it."""
    named = os.environ.get("SITERECOVERY_COLLECTIONS")
    collections = Path(named) if named else collection.install()
    os.environ.update(surroundings(collections))
    sys.path[:0] = [str(collections), str(extensions(collections))]
    return collections


COLLECTIONS = _find_collection()


@pytest.fixture(scope="session")
def collections_path() -> Path:
    """Return the folder with the collection under test and ansible.windows."""
    return COLLECTIONS


@pytest.fixture(scope="session")
def collection_root() -> Path:
    """Return the installed collection under test."""
    return collection.inside(COLLECTIONS)


def missing(part: str) -> str | None:
    """Return why the machine lacks a part that a test needs, or None."""
    if part == "pwsh":
        return None if shutil.which("pwsh") else "pwsh is not on PATH"
    variable = {"contracts": "SITERECOVERY_CONTRACTS", "recordings": "SITERECOVERY_RECORDINGS"}[part]
    folder = os.environ.get(variable)
    if not folder:
        return f"{variable} is not set"
    return None if Path(folder).is_dir() else f"{variable} names no folder"


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("needs"):
        for part in marker.args:
            reason = missing(part)
            if reason:
                pytest.skip(reason)


class Ledger:
    """Passed tests and tests that did not run, over all processes of a run."""

    def __init__(self) -> None:
        self.passed: Counter[str] = Counter()
        self.not_run: Counter[str] = Counter()
        self.cell_seconds: dict[str, float] = {}


LEDGER = pytest.StashKey[Ledger]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[LEDGER] = Ledger()
    config.pluginmanager.register(Accountant(config.stash[LEDGER]), "accountant")


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ").strip()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    cell = item.callspec.params.get("cell") if isinstance(item, pytest.Function) and hasattr(item, "callspec") else None
    if cell:
        report.user_properties.append(("cell", str(cell)))
    _red_when_skipped(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _red_when_skipped(report)
    return report


def _red_when_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    if REQUIRE_ALL and report.outcome == "skipped" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"could not run, but this run requires all tests: {_reason(report)}"


class Accountant:
    """Counts in the controlling process, which receives the reports of all workers."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for name, value in report.user_properties:
            if name == "cell":
                seconds = self.ledger.cell_seconds.get(str(value), 0.0)
                self.ledger.cell_seconds[str(value)] = seconds + report.duration
        if report.skipped and not hasattr(report, "wasxfail"):
            self.ledger.not_run[_reason(report)] += 1
        if report.when == "call" and report.passed:
            self.ledger.passed[report.nodeid.partition("::")[0]] += 1

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self.ledger.not_run[_reason(report)] += 1


# Two rules against a suite that is silently no longer collected: every test file has a passed test, and the number of
# passed tests below each folder reaches the minimum in pyproject.toml.
def test_files() -> set[str]:
    return {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("test_*.py")}


def minimums() -> dict[str, int]:
    """Return the minimum number of passed tests below each folder, from pyproject.toml."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    table: dict[str, int] = settings["tool"]["siterecovery"]["minimum-tests"]
    return table


def too_few(passed: Counter[str]) -> list[str]:
    """Return a line for each file without a passed test, and for each folder below its minimum."""
    lines = [f"{path}: no test passed" for path in sorted(test_files() - passed.keys())]
    for folder, minimum in minimums().items():
        count = sum(number for path, number in passed.items() if path.startswith(f"{folder}/"))
        if count < minimum:
            lines.append(f"{folder}: {count} passed, at least {minimum} expected")
    return lines


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail a run in which a suite was silently not collected."""
    whole = REQUIRE_ALL and exitstatus == 0 and not hasattr(session.config, "workerinput")
    if whole and too_few(session.config.stash[LEDGER].passed):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> Generator[None, None, None]:
    """Print the parts that did not run and the seconds of each cell after the summary of pytest."""
    yield
    ledger = config.stash[LEDGER]
    for cell, seconds in ledger.cell_seconds.items():
        terminalreporter.write_line(f"cell {cell}: {seconds:.1f} s")
    if REQUIRE_ALL:
        for line in too_few(ledger.passed):
            terminalreporter.write_line(line, red=True)
    reasons = "; ".join(sorted(ledger.not_run))
    terminalreporter.write_line(f"not run: {ledger.not_run.total()}" + (f" ({reasons})" if reasons else ""))
