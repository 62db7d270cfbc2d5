# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of inferred behavior matches the comments of the lab."""

from __future__ import annotations

import pytest

from tests.tools.inferred import PAGE, collected, inferences, page

MARKED = '''
"""Prices are documented. Colours are inferred from a screenshot. Sizes are documented."""

# inferred: how long
# it takes
DELAY = 3

def check(name):
    # documented: the rule
    if not name:
        # documented: names; inferred: code and text.
        raise ArmError(400, "InvalidName", f"The name '{name}' is wrong.")

class Shop:
    """Open all day (inferred)."""

    open: bool = True  # documented

    # inferred: closed on Sundays
    closed: bool = False
'''


def test_page_is_up_to_date() -> None:
    assert PAGE.read_text() == page(collected()), "make inferred"


def test_every_mark_of_a_file_is_found() -> None:
    assert [(found.place, found.text, found.answer) for found in inferences("arm/shop.py", MARKED)] == [
        ("", "Colours are inferred from a screenshot.", ""),
        ("DELAY", "Inferred: how long it takes.", ""),
        ("check", "Documented: names; inferred: code and text.", "400 `InvalidName` \"The name '…' is wrong.\""),
        ("Shop", "Open all day (inferred).", ""),
        ("Shop.closed", "Inferred: closed on Sundays.", ""),
    ]


@pytest.mark.parametrize("source", ["# documented: all of it\n", '"""- *inferred*: our best judgement."""\n', ""])
def test_what_is_not_inferred_is_left_out(source: str) -> None:
    assert inferences("arm/shop.py", source) == []
