# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables that a run ends with."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.siterecovery.hyperv.plugins.filter.report import (
    FilterModule,
    evidence_table,
    failed_checks,
    verdict_table,
)

ROW = {"step": "B1", "found": "no vault", "done": "create vault vault-dr", "verified": "vault-dr, Succeeded"}
CHECKS = {
    "Azure": [{"step": "T1", "verdict": "pass", "message": "signed in"}],
    "hv01": [
        {"step": "H2", "verdict": "pass", "message": "elevated"},
        {"step": "H2", "verdict": "warn", "message": ".NET 4.7 is old"},
        {"step": "H3", "verdict": "fail", "message": "2 GB free,\n5 GB needed"},
    ],
}


def test_a_host_is_named_once_and_every_step_has_its_row() -> None:
    lines = evidence_table({"Azure": [ROW, {**ROW, "step": "T4"}], "hv01": [{**ROW, "step": "H4"}]})
    assert lines == [
        "host   step  found     done                   verified",
        "-----  ----  --------  ---------------------  -------------------",
        "Azure  B1    no vault  create vault vault-dr  vault-dr, Succeeded",
        "       T4    no vault  create vault vault-dr  vault-dr, Succeeded",
        "hv01   H4    no vault  create vault vault-dr  vault-dr, Succeeded",
    ]


@pytest.mark.parametrize(("planned", "word"), [(True, "planned"), (False, "done")])
def test_the_heading_tells_a_plan_from_a_deed(planned: bool, word: str) -> None:
    assert evidence_table({"Azure": [ROW]}, planned=planned)[0].split() == ["host", "step", "found", word, "verified"]


def test_long_texts_are_wrapped_inside_their_column() -> None:
    lines = evidence_table({"vmm01": [{**ROW, "found": "word " * 40, "done": "nothing to do"}]}, width=80)
    assert max(map(len, lines)) <= 80
    assert " ".join(line[13:].split("  ")[0].strip() for line in lines[2:]).count("word") == 40


def test_what_cannot_be_broken_is_kept_whole() -> None:
    path = "C:" + "x" * 100
    assert any(path in line for line in evidence_table({"hv01": [{**ROW, "found": path}]}, width=60))


def test_a_host_without_records_is_not_hidden() -> None:
    assert evidence_table({"hv01": []})[-1].split("  ")[-1] == "nothing recorded"


def test_no_hosts_give_no_table() -> None:
    assert evidence_table({}) == []


def test_verdicts_are_listed_with_their_messages_on_one_line() -> None:
    assert verdict_table(CHECKS) == [
        "host   step  verdict  message",
        "-----  ----  -------  ----------------------",
        "Azure  T1    pass     signed in",
        "hv01   H2    pass     elevated",
        "       H2    warn     .NET 4.7 is old",
        "       H3    fail     2 GB free, 5 GB needed",
    ]


def test_passed_checks_are_counted_when_only_problems_are_asked_for() -> None:
    assert verdict_table(CHECKS, problems_only=True)[2:] == [
        "Azure        pass     1 check passed",
        "hv01   H2    warn     .NET 4.7 is old",
        "       H3    fail     2 GB free, 5 GB needed",
        "             pass     1 check passed",
    ]


def test_only_failed_checks_are_picked() -> None:
    assert failed_checks(CHECKS) == ["hv01 H3: 2 GB free, 5 GB needed"]


@pytest.mark.parametrize(
    ("records", "message"),
    [
        (["hv01"], "give a dictionary"),
        ({"hv01": "text"}, "hv01: give a list"),
        ({"hv01": [{"step": "H2", "verdict": "pass"}]}, "hv01: a record lacks 'message'"),
        ({"hv01": [{"step": "H2", "verdict": "good", "message": ""}]}, "hv01: verdict 'good' is none of"),
    ],
)
def test_another_shape_is_an_error(records: Any, message: str) -> None:
    with pytest.raises(AnsibleFilterError, match=message):
        failed_checks(records)


def test_the_filters_have_their_documented_names() -> None:
    assert set(FilterModule().filters()) == {"evidence_table", "failed_checks", "verdict_table"}
