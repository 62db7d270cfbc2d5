# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Estates and controllers for the end-to-end tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab.estate import EngineName, Estate
from tests.conftest import missing
from tests.e2e.cells import Cell
from tests.lab.arm import oracle
from tests.support.playbook import Controller

#: Real delays are scaled down to this; everything keeps its order.
SCALE = 0.01
MakeEstate = Callable[..., Estate]


@pytest.fixture
def make_estate(tmp_path: Path) -> Iterator[MakeEstate]:
    """Starts estates that end with the test."""
    with Estates(tmp_path) as start:
        yield start


@pytest.fixture
def estate(make_estate: MakeEstate) -> Estate:
    """A new estate `small` in which nothing is set up."""
    return make_estate()


@pytest.fixture
def controller(main_cell: Cell, estate: Estate) -> Controller:
    return controller_of(main_cell, estate)


def controller_of(cell: Cell, estate: Estate) -> Controller:
    return Controller(cell, estate.inventory, estate.environment)


class Estates:
    """Context manager over the estates started through it: in the end all that was asked and answered is judged.

    The definitions are published elsewhere; where they are not at hand, test_traffic.py is reported as not run.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: list[tuple[Estate, Path]] = []

    def __enter__(self) -> MakeEstate:
        return self.start

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    def stop(self) -> None:
        for estate, _file in self._started:
            estate.stop()
        # A run that fails early may never have talked to Azure.
        files = [file for _estate, file in self._started if file.exists()]
        judges = () if missing("contracts") else (oracle.validate, oracle.validate_requests)
        problems = [line for file in files for judge in judges for line in judge(file)]
        assert problems == []

    def start(self, *, engine: EngineName = "twin", scale: float = SCALE) -> Estate:
        estate = Estate.load("small", engine=engine, time_scale=scale)
        file = self._folder / f"traffic-{len(self._started)}.jsonl"
        estate.world.traffic_file = file
        self._started.append((estate, file))
        estate.start()
        return estate


@pytest.fixture(scope="module")
def make_shared_estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeEstate]:
    """The same for stories that several tests of a module look at."""
    with Estates(tmp_path_factory.mktemp("estate")) as start:
        yield start
