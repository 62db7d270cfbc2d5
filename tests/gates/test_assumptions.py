# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of assumptions is whole, its page is current, and nothing that is unverified is forgotten."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.gates.conftest import MODULES
from tests.tools.assumptions import LEFT_OUT, PAGE, SETTLED, key_of, page, tables, unassigned
from tests.tools.inferred import Inference, collected
from tests.tools.paths import ROOT

WINDOWS, AZURE = tables()
ALL = [*WINDOWS, *AZURE]
IDS = [each.id for each in ALL]
#: Documentation says of what follows that only a real system can show it.
UNVERIFIED = re.compile(r"[Nn]ot\s+verified\s+on\s+a\s+(?:live|real)|[Oo]nly\s+a\s+real\s+\w+\s+can\s+show")
#: Of notes that several modules share, what settles them.
FRAGMENTS = {"windows": ("A-W-40", "A-W-81", "A-W-84")}
#: Twelve commands that a reviewer would run first on a real VMM server and host, and the assumptions of each.
SEED = {
    1: ("A-W-20", "A-W-70"),
    2: ("A-W-01",),
    3: ("A-W-04", "A-W-05"),
    4: ("A-W-25",),
    5: ("A-W-24",),
    6: ("A-W-30", "A-W-32"),
    7: ("A-W-72",),
    8: ("A-W-11",),
    9: ("A-W-71",),
    10: ("A-W-50", "A-W-53", "A-W-79"),
    11: ("A-W-54",),
    12: ("A-W-07", "A-W-82"),
}


def test_page_is_up_to_date() -> None:
    assert PAGE.read_text() == page(WINDOWS, AZURE, collected()), "make assumptions"


def test_ids_are_unique_and_sorted_in_their_groups() -> None:
    assert len(set(IDS)) == len(IDS)
    assert all(re.fullmatch(r"A-W-\d{2,3}", each.id) for each in WINDOWS)
    assert all(re.fullmatch(r"A-A-\d{2,3}", each.id) for each in AZURE)


@pytest.mark.parametrize("each", ALL, ids=IDS)
def test_a_row_is_whole(each: Any) -> None:
    assert each.statement[0].isupper() or each.statement.startswith("setupdr")
    assert each.statement.endswith(".")
    assert each.source
    assert each.relied_on_by
    assert set(each.relied_on_by) <= set(MODULES)
    assert set(each.sides) <= ({"azure"} if each in AZURE else {"vmm_server", "hyperv_host"})
    assert (each.decide is None) == bool(each.needs) == bool(each.command)


@pytest.mark.parametrize("name", MODULES)
def test_an_unverified_note_of_a_module_has_an_assumption(name: str) -> None:
    text = (ROOT / "plugins" / "modules" / f"{name}.py").read_text()
    if UNVERIFIED.search(text):
        assert any(name in each.relied_on_by for each in ALL)


def test_unverified_notes_are_found() -> None:
    noted = [name for name in MODULES if UNVERIFIED.search((ROOT / "plugins" / "modules" / f"{name}.py").read_text())]
    assert {"host_info", "provider_registration"} <= set(noted)


def test_an_unverified_note_of_a_fragment_has_an_assumption() -> None:
    noted = {
        path.stem for path in (ROOT / "plugins" / "doc_fragments").glob("*.py") if UNVERIFIED.search(path.read_text())
    }
    assert noted <= FRAGMENTS.keys()
    assert {identity for ids in FRAGMENTS.values() for identity in ids} <= set(IDS)


def test_the_twelve_commands_of_the_seed_are_covered() -> None:
    assert sorted(SEED) == list(range(1, 13))
    assert {identity for ids in SEED.values() for identity in ids} <= set(IDS)


# ---- what the lab infers ----


def test_every_inference_is_settled_or_left_out() -> None:
    assert unassigned(collected()) == [], "name it in SETTLED or LEFT_OUT of tests/tools/assumptions.py"


def test_what_is_assigned_exists() -> None:
    known = {key_of(each) for each in collected()}
    left_out = {key for keys in LEFT_OUT.values() for key in keys}
    assert {*SETTLED, *left_out} - known == set()
    assert set(SETTLED) & left_out == set()
    assert {identity for ids in SETTLED.values() for identity in ids} <= set(IDS)


@pytest.mark.parametrize(
    ("inference", "found"),
    [
        (Inference("windows/shop.py", "Shop.open", "Inferred: it opens at nine.", ""), 1),
        (Inference("windows/shop.py", "", "Inferred: it opens at nine.", ""), 1),
        (Inference("arm/shop.py", "check", "Inferred: code and text.", ""), 0),
        (Inference("arm/shop.py", "check", "Inferred: the limit.", "400 `BadRequest`"), 0),
        (Inference("windows/vmm.py", "Vmm.flag_supported", "Inferred for later releases.", ""), 0),
    ],
)
def test_a_new_inference_is_seen(inference: Inference, found: int) -> None:
    assert len(unassigned([inference])) == found
