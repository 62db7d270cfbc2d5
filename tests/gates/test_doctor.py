# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of symptoms is whole, and its page is current."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.tools.doctor import PAGE, page, tables

WINDOWS, AZURE = tables()
ALL = [*WINDOWS, *AZURE]
STEP = re.compile(r"[BTSPHN]\d{1,2}[a-z]?")


def test_page_is_up_to_date() -> None:
    assert PAGE.read_text() == page(WINDOWS, AZURE), "make doctor"


def test_ids_are_unique() -> None:
    assert len({row.id for row in ALL}) == len(ALL)


@pytest.mark.parametrize("row", ALL, ids=[row.id for row in ALL])
def test_a_row_is_whole(row: Any) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", row.id)
    assert STEP.fullmatch(row.step)
    assert row.sign
    assert row.cause
    assert row.source
    assert bool(row.fix) == (row.place != "check"), "a check has its own fix"
    assert row.keys or row.place == "vault"
    assert set(row.sides) <= ({"azure"} if row in AZURE else {"vmm_server", "hyperv_host"})
    assert not row.repair or row in WINDOWS


@pytest.mark.parametrize("place", sorted({row.place for row in ALL}))
def test_a_key_belongs_to_one_row_of_a_side(place: str) -> None:
    keys = [(side, key) for row in ALL if row.place == place for side in row.sides for key in row.keys]
    assert len(set(keys)) == len(keys)
