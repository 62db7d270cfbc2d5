# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The generated pages are up to date, and their input describes every variable completely."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.tools.pages import PLAYBOOKS, VARIABLES, description_of, pages, plain, playbooks_page, roles_page, shown
from tests.tools.paths import ROOT

ENTRIES: list[dict[str, Any]] = yaml.safe_load(VARIABLES.read_text())
BOOKS = sorted(path.stem for path in PLAYBOOKS.glob("*.yml"))


@pytest.mark.parametrize("path", sorted(pages()), ids=lambda path: path.name)
def test_a_page_is_up_to_date(path: Path) -> None:
    assert path.read_text() == pages()[path], "run make pages"


@pytest.mark.parametrize("entry", ENTRIES, ids=[entry["name"] for entry in ENTRIES])
def test_a_playbook_variable_is_described_and_used(entry: dict[str, Any]) -> None:
    assert (
        {"name", "type", "description", "playbooks"}
        <= entry.keys()
        <= {
            "name",
            "type",
            "elements",
            "choices",
            "default",
            "description",
            "playbooks",
        }
    )
    assert entry["name"].startswith("site_")
    assert set(entry["playbooks"]) <= set(BOOKS)
    assert entry["name"] in "".join(path.read_text() for path in PLAYBOOKS.glob("*.yml"))


@pytest.mark.parametrize("name", BOOKS)
def test_a_playbook_describes_itself(name: str) -> None:
    assert description_of((PLAYBOOKS / f"{name}.yml").read_text())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("See O(name) and V(a\\)b).", "See `name` and `a)b`."),
        ("Uses M(siterecovery.hyperv.vault#module).", "Uses `siterecovery.hyperv.vault`."),
        ("Set RV(checks) by\n  C(x).", "Set `checks` by `x`."),
        ("L(Guide, https://example.com) B(now) U(https://a.b)", "[Guide](https://example.com) **now** <https://a.b>"),
    ],
)
def test_markup_becomes_markdown(text: str, expected: str) -> None:
    assert plain(text) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, ""), ("", '`""`'), ("a", "`a`"), (False, "`false`"), ([], "`[]`"), (0, "`0`")],
)
def test_a_default_is_shown_as_in_yaml(value: Any, expected: str) -> None:
    assert shown(value) == expected


def test_the_page_of_playbooks_lists_playbooks_in_their_order() -> None:
    books = {"own": "---\n# Mine.\n", "report": "---\n# Shows\n# it.\n- name: A\n", "site": "---\n# All.\n"}
    entry = {"name": "site_a", "type": "str", "choices": ["x", "y"], "description": "A | B.", "playbooks": ["site"]}
    lines = playbooks_page(books, [entry]).splitlines()
    listed = lines[lines.index("## Playbooks") :]
    assert listed[4:7] == ["| `site` | All. |", "| `report` | Shows it. |", "| `own` | Mine. |"]
    assert listed[-1] == "| `site_a` | str: `x`, `y` | | A \\| B. | `site` |"


def test_the_page_of_roles_lists_suboptions_by_their_path() -> None:
    option = {"type": "list", "elements": "dict", "description": ["One.", "Two."], "options": {"b": {"required": True}}}
    entries = {"wait": {"short_description": "Wait"}, "main": {"short_description": "Do it", "options": {"a": option}}}
    text = roles_page({"role": entries})
    assert text.index("## `role`\n") < text.index("## `role`, entry point `wait`")
    assert "| `a` | list of dict | | One. Two. |\n| `a[].b` | str | required | |" in text
    assert "No variables." in text


def test_the_pages_belong_to_the_documentation() -> None:
    assert {path.relative_to(ROOT).as_posix() for path in pages()} == {"docs/playbooks.md", "docs/roles.md"}
