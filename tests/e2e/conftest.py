# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Estates and controllers for the end-to-end tests."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab.estate import Estate
from tests.e2e.cells import Cell
from tests.support.playbook import Controller

#: Real delays are scaled down to this; everything keeps its order.
SCALE = 0.01
MakeEstate = Callable[..., Estate]


@pytest.fixture
def make_estate(tmp_path: Path) -> Iterator[MakeEstate]:
    """Starts estates that end with the test."""
    with _estates(tmp_path) as start:
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


class _estates:
    """Context manager over every estate started through it; their traffic is kept for the oracle."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: list[Estate] = []

    def __enter__(self) -> MakeEstate:
        return self._start

    def __exit__(self, *_: object) -> None:
        for estate in self._started:
            estate.stop()

    def _start(self, *, engine: str = "twin", scale: float = SCALE) -> Estate:
        estate = Estate.load("small", engine=engine, time_scale=scale)
        traffic = os.environ.get("SITERECOVERY_TRAFFIC")
        if traffic:
            estate.world.traffic_file = str(Path(traffic) / f"{os.getpid()}.jsonl")
        estate.start()
        self._started.append(estate)
        return estate


@pytest.fixture(scope="module")
def make_shared_estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeEstate]:
    """The same for stories that several tests of a module look at."""
    with _estates(tmp_path_factory.mktemp("estate")) as start:
        yield start
