# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labs and controllers for the end-to-end tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab.lab import EngineName, Lab
from tests.conftest import missing
from tests.e2e.cells import Cell
from tests.lab.arm import oracle
from tests.support.playbook import Controller

#: The lab scales real delays down by this factor. Events keep their order.
SCALE = 0.01
MakeLab = Callable[..., Lab]


@pytest.fixture
def make_lab(tmp_path: Path) -> Iterator[MakeLab]:
    """Start labs that end with the test."""
    with Labs(tmp_path) as start:
        yield start


@pytest.fixture
def lab(make_lab: MakeLab) -> Lab:
    """Start the lab `small` before any setup."""
    return make_lab()


@pytest.fixture
def controller(main_cell: Cell, lab: Lab) -> Controller:
    return controller_of(main_cell, lab)


def controller_of(cell: Cell, lab: Lab) -> Controller:
    return Controller(cell, lab.inventory, lab.environment)


class Labs:
    """Start labs, stop them at the end, and check all their requests and responses.

    The API definitions are published elsewhere. Without them, test_traffic.py is reported as not run.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: list[tuple[Lab, Path]] = []

    def __enter__(self) -> MakeLab:
        return self.start

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    def stop(self) -> None:
        for lab, _file in self._started:
            lab.stop()
        # A run that fails early may not have sent a request to Azure.
        files = [file for _lab, file in self._started if file.exists()]
        oracles = () if missing("contracts") else (oracle.validate, oracle.validate_requests)
        problems = [line for file in files for check in oracles for line in check(file)]
        assert problems == []

    def start(self, *, description: str = "small", engine: EngineName = "python", scale: float = SCALE) -> Lab:
        lab = Lab.load(description, engine=engine, time_scale=scale)
        file = self._folder / f"traffic-{len(self._started)}.jsonl"
        lab.context.traffic_file = file
        self._started.append((lab, file))
        lab.start()
        return lab


@pytest.fixture(scope="module")
def make_shared_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeLab]:
    """Start labs that several tests of a module share."""
    with Labs(tmp_path_factory.mktemp("lab")) as start:
        yield start
