# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test matrix. A cell is an environment for ansible-playbook; the lab runs in the process of the tests."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.tools import collection, environments

# The release of ansible.windows that each cell installs.
NAMES = {
    "main": collection.NEWEST,
    "newest": collection.NEWEST,
    "azcollection": collection.NEWEST,
    "lowest": collection.LOWEST,
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One combination of Python, ansible-core, SDKs and ansible.windows."""

    name: str
    python: Path
    collections_path: Path

    @property
    def ansible_playbook(self) -> list[str]:
        """Return the command. It names the interpreter, so the environment can be in any folder."""
        return [str(self.python), "-m", "ansible", "playbook"]


def make_cell(name: str) -> Cell:
    """Return the named cell and create its environment. Raise environments.Unavailable without an interpreter."""
    if name == "main":
        return main_cell()
    python = environments.ensure(name)
    here = Path(os.environ["SITERECOVERY_COLLECTIONS"])
    return Cell(name, python, here if NAMES[name] == collection.NEWEST else collection.install(NAMES[name]))


def main_cell() -> Cell:
    """Return the default cell: the interpreter of the tests, or the one that SITERECOVERY_CELL_PYTHON names."""
    python = os.environ.get("SITERECOVERY_CELL_PYTHON") or sys.executable
    return Cell("main", Path(python), Path(os.environ["SITERECOVERY_COLLECTIONS"]))


def cells() -> list[Cell]:
    """Return every cell that this machine can have."""
    found = []
    for name in NAMES:
        try:
            found.append(make_cell(name))
        except environments.Unavailable:
            continue
    return found


@pytest.fixture(scope="session", params=list(NAMES))
def cell(request: pytest.FixtureRequest) -> Cell:
    """Run a test in each cell. A cell without an interpreter is reported as not run."""
    try:
        return make_cell(request.param)
    except environments.Unavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session", name="main_cell")
def _main_cell() -> Cell:
    return main_cell()


class ByModule(LoadScopeScheduling):  # type: ignore[misc]
    """Run the tests of a module in one process per cell, because they share a lab that is expensive to set up."""

    CELL = re.compile(rf"\[({'|'.join(NAMES)})[-\]]")

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        cell = self.CELL.search(nodeid) if module.startswith("tests/e2e/") else None
        return f"{module}@{cell[1]}" if cell else module


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    return ByModule(config, log)
