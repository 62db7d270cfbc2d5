# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Large imports are kept from the garbage collector, and nothing else is."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._azure import imports


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    gc.unfreeze()
    gc.enable()


def test_what_is_imported_is_set_aside_and_the_collector_works_again(monkeypatch: pytest.MonkeyPatch) -> None:
    frozen = gc.get_freeze_count()
    with imports.large():
        assert not gc.isenabled()
        monkeypatch.setitem(sys.modules, "an_imported_library", ModuleType("an_imported_library"))
    assert gc.isenabled()
    assert gc.get_freeze_count() > frozen


def test_without_an_import_nothing_is_set_aside() -> None:
    frozen = gc.get_freeze_count()
    with imports.large():
        pass
    assert (gc.isenabled(), gc.get_freeze_count()) == (True, frozen)


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    with imports.large():
        pass
    assert not gc.isenabled()


def test_a_failed_import_leaves_the_collector_on() -> None:
    with pytest.raises(ImportError), imports.large():
        raise ImportError("no such library")
    assert gc.isenabled()
