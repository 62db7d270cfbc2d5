# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The generated pages are up to date, and their input describes every variable completely."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.tools.pages import (
    COMMON,
    ROLES,
    books,
    description_of,
    pages,
    plain,
    playbook_options,
    playbooks_page,
    roles_page,
    shown,
    variable_readers,
)
from tests.tools.paths import ROOT

OPTIONS = playbook_options()


@pytest.mark.parametrize("path", sorted(pages()), ids=lambda path: path.name)
def test_a_page_is_up_to_date(path: Path) -> None:
    assert path.read_text() == pages()[path], "run make pages"


@pytest.mark.parametrize("name", OPTIONS)
def test_a_playbook_variable_is_described_and_read_by_a_playbook(name: str) -> None:
    keys = OPTIONS[name].keys()
    assert {"type", "description"} <= keys <= {"type", "elements", "choices", "default", "description"}
    assert name.startswith("site_")
    assert [reader for reader, variables in variable_readers().items() if name in variables]


def test_only_playbooks_read_variables() -> None:
    assert variable_readers().keys() == books().keys()


@pytest.mark.parametrize("name", books())
def test_a_playbook_describes_itself(name: str) -> None:
    assert description_of(books()[name])


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
    texts = {"own": "---\n# Mine.\n", "report": "---\n# Shows\n# it.\n- name: A\n", "site": "---\n# All.\n"}
    option = {"type": "str", "choices": ["x", "y"], "description": "A | B."}
    lines = playbooks_page(texts, {"site_a": option}, {"own": [], "site": ["site_a"]}).splitlines()
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


@pytest.mark.parametrize("role", COMMON)
def test_the_common_variables_are_those_of_the_role(role: str) -> None:
    """A renamed variable must not stay in the list of variables that most sites set."""
    entries = yaml.safe_load((ROLES / role / "meta" / "argument_specs.yml").read_text())["argument_specs"]
    known = {name for entry in entries.values() for name in entry.get("options", {})}
    assert {f"{role}_{name}" for name in COMMON[role].split()} <= known


def test_every_entry_of_the_contents_has_its_section() -> None:
    text = (ROOT / "docs" / "roles.md").read_text()
    headings = [re.sub(r"[`,]", "", line[3:]).replace(" ", "-") for line in text.splitlines() if line.startswith("## ")]
    links = re.findall(r"\]\(#([^)]+)\)", text)
    assert links
    assert set(links) <= set(headings)
