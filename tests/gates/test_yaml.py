# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML composes, Python decides: expressions in roles and playbooks stay short, and nothing hides its scope."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2 import Environment, nodes

from tests.tools.paths import ROOT

MOST_CHARACTERS = 100
MOST_FILTERS = 3
FILES = sorted(
    path
    for pattern in ("playbooks/**/*.yml", "roles/*/tasks/*.yml", "roles/*/vars/*.yml", "roles/*/defaults/*.yml")
    for path in ROOT.glob(pattern)
)
#: Values of these keywords are expressions without braces.
BARE = ("when", "that", "until", "failed_when", "changed_when")
IMPERATIVE = re.compile(
    r"(Ensure|Record|Read|Check|Print|Fail|Stop|Refuse|Set up|Set|Install|Remove|Wait|Report|Begin|Prepare|Sign in"
    r"|Validate|Examine|Show|Write|Compare|Plan|Finish|Repair)\b"
)


def expressions(text: str) -> Iterator[str]:
    """Yield the Jinja expressions of a YAML document: templates, and keywords that take an expression."""
    return _within(yaml.safe_load(text), bare=False)


def _within(value: Any, *, bare: bool) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _within(inner, bare=name in BARE)
    elif isinstance(value, list):
        for inner in value:
            yield from _within(inner, bare=bare)
    elif isinstance(value, str):
        found = re.findall(r"\{\{(.*?)\}\}", value, re.DOTALL)
        yield from (" ".join(each.split()) for each in ([value] if bare and not found else found))


def filters(expression: str) -> int:
    """Count the filters of an expression, those inside of its arguments included."""
    try:
        tree = Environment().parse("{{ " + expression + " }}")
    except Exception:
        # A filter or test of a collection has dots in its name, which only Ansible's own parser accepts.
        return len(re.findall(r"(?<!\|)\|(?!\|)", expression))
    return sum(1 for _each in tree.find_all(nodes.Filter))


def problems(text: str) -> list[str]:
    """Return a line for each expression that is too long, and for each anchor or alias."""
    found = [
        f"{len(each)} characters, {filters(each)} filters: {each}"
        for each in expressions(text)
        if len(each) > MOST_CHARACTERS or filters(each) > MOST_FILTERS
    ]
    tokens = (yaml.AnchorToken, yaml.AliasToken)
    return found + [f"anchor or alias {each.value}" for each in yaml.scan(text) if isinstance(each, tokens)]


def names(text: str) -> Iterator[str]:
    """Yield the names of plays, blocks and tasks."""

    def walk(value: Any) -> Iterator[str]:
        for entry in value if isinstance(value, list) else []:
            if isinstance(entry, dict):
                yield str(entry.get("name", "(no name)"))
                for part in ("tasks", "pre_tasks", "block", "rescue", "always"):
                    yield from walk(entry.get(part))

    yield from walk(yaml.safe_load(text))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_expressions_are_short_and_nothing_is_anchored(path: Path) -> None:
    assert problems(path.read_text()) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_names_are_imperative(path: Path) -> None:
    if path.parent.name not in ("vars", "defaults"):
        assert [name for name in names(path.read_text()) if not IMPERATIVE.match(name)] == []


@pytest.mark.parametrize(
    "text",
    [
        "a: '{{ b | c | d | e | f }}'",
        "a: '{{ b | map(attribute=(c | d)) | e | f }}'",
        "a: '{{ b | x.y.z(1) | d | e | f }}'",
        f"when: {'a' * (MOST_CHARACTERS + 1)}",
        f"that: [{'a' * (MOST_CHARACTERS + 1)}]",
        f"a: >-\n  {{{{ {'a' * MOST_CHARACTERS}\n  + b }}}}",
        "a: &b {c: 1}\nd: {<<: *b}",
    ],
)
def test_a_long_expression_or_an_anchor_is_found(text: str) -> None:
    assert problems(text)


@pytest.mark.parametrize("text", ["a: '{{ b | c | d | e }}'", "when: a or b", f"a: {'text ' * 40}", "a: 'x|y|z|v|w'"])
def test_a_short_expression_and_plain_text_pass(text: str) -> None:
    assert problems(text) == []


def test_a_name_that_is_no_imperative_is_found() -> None:
    found = list(names("- name: Have it\n  block: [{name: Ensure it}, {debug: }]"))
    assert [name for name in found if not IMPERATIVE.match(name)] == ["Have it", "(no name)"]


def keys_below(value: Any, keyword: str) -> Iterator[str]:
    """Yield the names of the dictionaries below a keyword, and the names that a text gives, such as `register`."""
    if isinstance(value, list):
        for each in value:
            yield from keys_below(each, keyword)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name == keyword:
                yield from (inner if isinstance(inner, dict) else [inner])
            yield from keys_below(inner, keyword)


def hidden(texts: Mapping[str, str]) -> set[tuple[str, str, str]]:
    """Return each variable of a file that a fact or a result of another file outranks, so that it has no effect."""
    parsed = {name: yaml.safe_load(text) for name, text in texts.items()}
    given = {name: set(keys_below(value, "vars")) for name, value in parsed.items()}
    return {
        (variable, recording, setting)
        for recording, value in parsed.items()
        for keyword in ("ansible.builtin.set_fact", "register")
        for variable in keys_below(value, keyword)
        for setting, variables in given.items()
        if variable.startswith("__") and variable in variables and setting != recording
    }


def test_no_fact_hides_a_variable_of_another_file() -> None:
    assert hidden({path.relative_to(ROOT).as_posix(): path.read_text() for path in FILES}) == set()


def test_a_hidden_variable_is_found() -> None:
    close = "[{tasks: [{ansible.builtin.set_fact: {__site_failures: 1}}, {register: __site_read}]}]"
    servers = "[{vars: {__site_failures: 2, __site_own: 3}}, {vars: {__site_read: 4}}]"
    assert hidden({"close": close, "servers": servers}) == {
        ("__site_failures", "close", "servers"),
        ("__site_read", "close", "servers"),
    }
