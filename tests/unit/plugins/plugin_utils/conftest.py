# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines of the lab for the Windows nouns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.lab.emulators.internet import Internet
from tests.unit.plugins.plugin_utils.bench import Bench

MakeBench = Callable[..., Bench]


@pytest.fixture(scope="session")
def internet() -> Iterator[Internet]:
    """Public names, and a proxy with one login, as the Provider's program meets it."""
    started = Internet()
    yield started
    started.close()


@pytest.fixture
def bench(internet: Internet) -> MakeBench:
    """A machine from an entry of a lab's document, and what is done to it first."""

    def made(entry: dict[str, Any], prepare: Any = None) -> Bench:
        return Bench(internet, entry, prepare)

    return made
