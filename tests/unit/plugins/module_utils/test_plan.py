# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan: differences, descriptions, and the state after it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import InvalidInput
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.plan import (
    HIDDEN,
    Change,
    Plan,
    apply_changes,
    checked_tags,
    compare,
    creation,
    merged_tags,
)

VALUES = st.none() | st.booleans() | st.integers() | st.text()
NAMES = st.text(st.characters(exclude_characters="."), min_size=1, max_size=8)
STATES = st.dictionaries(NAMES, VALUES, max_size=6)
# Names that differ only in case are refused earlier.
TAGS = st.dictionaries(st.text("abcä", max_size=6), st.text(max_size=6), max_size=5)


@pytest.mark.parametrize(
    ("name", "actual", "desired", "differs"),
    [
        ("not set", "a", None, False),
        ("equal", "a", "a", False),
        ("another value", "a", "b", True),
        ("false is a value", True, False, True),
        ("an empty list is a value", ["a"], [], True),
        ("not there yet", None, "a", True),
    ],
)
def test_compare(name: str, actual: Any, desired: Any, differs: bool) -> None:
    expected = Change("tier", actual, desired, "why") if differs else None
    assert compare("tier", actual, desired, "why") == expected


@given(STATES, STATES)
def test_the_plan_of_the_state_after_a_plan_is_empty(actual: dict[str, Any], desired: dict[str, Any]) -> None:
    def plan(state: dict[str, Any]) -> Plan:
        return Plan.of(compare(name, state.get(name), value) for name, value in desired.items())

    first = plan(actual)
    assert not plan(apply_changes(actual, first.changes)).changed
    assert first.changed == any(value not in (None, actual.get(name)) for name, value in desired.items())


def test_changes_are_applied_to_a_copy_without_secrets() -> None:
    before = {"tags": {"owner": "it"}, "mode": "0644", "list": [1]}
    changes = [
        Change("tags.owner", "it", "dr"),
        Change("proxy.port", None, 8080),
        Change("mode.inner", None, 1),
        Change("password", "old", "new", secret=True),
    ]
    after = {"tags": {"owner": "dr"}, "proxy": {"port": 8080}, "mode": {"inner": 1}, "list": [1]}
    assert apply_changes(before, changes) == after
    assert before == {"tags": {"owner": "it"}, "mode": "0644", "list": [1]}


@pytest.mark.parametrize(
    ("name", "actual", "desired", "purge", "expected"),
    [
        ("not set: kept", {"a": "1"}, None, False, {"a": "1"}),
        ("not set: kept also with purge", {"a": "1"}, None, True, {"a": "1"}),
        ("added", {"a": "1"}, {"b": "2"}, False, {"a": "1", "b": "2"}),
        ("overwritten", {"a": "1"}, {"a": "2"}, False, {"a": "2"}),
        ("purged", {"a": "1"}, {"b": "2"}, True, {"b": "2"}),
        ("all purged", {"a": "1"}, {}, True, {}),
        ("an empty dictionary adds nothing", {"a": "1"}, {}, False, {"a": "1"}),
        ("a name that differs in case is the same tag", {"Owner": "it"}, {"owner": "dr"}, False, {"Owner": "dr"}),
        ("the same with purge", {"Owner": "it", "b": "2"}, {"owner": "it"}, True, {"Owner": "it"}),
    ],
)
def test_merged_tags(
    name: str, actual: dict[str, str], desired: dict[str, str] | None, purge: bool, expected: dict[str, str]
) -> None:
    assert merged_tags(actual, desired, purge) == expected


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (None, None),
        ({}, {}),
        ({"cost": 7, "on": True, 1: "x", "empty": None}, {"cost": "7", "on": "True", "1": "x", "empty": ""}),
    ],
)
def test_tags_become_text(tags: dict[Any, Any] | None, expected: dict[str, str] | None) -> None:
    assert checked_tags(tags) == expected


@pytest.mark.parametrize(
    "tags", [{"Owner": "a", "owner": "b"}, {"1": "a", 1: "b"}, {"": "a"}, {"a/b": ""}, {"a%": ""}, {None: "a"}]
)
def test_tags_that_azure_does_not_accept(tags: dict[Any, Any]) -> None:
    with pytest.raises(InvalidInput, match=r"^tags: '.*'.*; (rename|remove)"):
        checked_tags(tags)


@given(TAGS, TAGS | st.none(), st.booleans())
def test_merging_tags_twice_changes_nothing_more(
    actual: dict[str, str], desired: dict[str, str] | None, purge: bool
) -> None:
    once = merged_tags(actual, desired, purge)
    assert merged_tags(once, desired, purge) == once


def test_a_plan_describes_each_reason_once_and_no_secret() -> None:
    plan = Plan.of(
        [
            *creation("create vault v", {"id": 1, "name": "v"}),
            None,
            Change("password", "old", "new", secret=True, reason="set password"),
            Change("sku", "A", "B"),
        ]
    )
    assert plan.describe() == "create vault v; set password; sku: A -> B"
    shown = plan.to_result()
    assert shown[0] == {"path": "id", "before": None, "after": 1, "reason": "create vault v"}
    assert shown[2] == {"path": "password", "before": HIDDEN, "after": HIDDEN, "reason": "set password"}


@pytest.mark.parametrize(
    ("path", "touched"), [("tags", True), ("tags.owner", True), ("tag", False), ("tags.own", False), ("sku", False)]
)
def test_touches(path: str, touched: bool) -> None:
    assert Plan((Change("tags.owner", 1, 2),)).touches(path) is touched
    assert not Plan().changed
