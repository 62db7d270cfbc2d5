# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of a report."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.check import Check
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.resource import Evidence
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._report.tables import check_table, evidence_table

from .builders import PASSED, ROW, WARNED

EVIDENCE = Evidence(**ROW)
CHECKS = {
    "Azure": [Check.passed("azure-login", "T1", "signed in")],
    "hv01": [
        PASSED,
        WARNED,
        Check.failed("cache", "H3", "2 GB free", "free some"),
        Check.unknown("vms", "H2", "not read"),
    ],
}


def step(name: str) -> Evidence:
    return Evidence(**{**ROW, "step": name})


def lines(evidence: dict[str, list[Evidence]], *, planned: bool = False, width: int = 120) -> list[str]:
    return evidence_table(evidence, planned=planned, width=width)


def test_a_host_is_named_once_and_every_step_has_its_row() -> None:
    assert lines({"Azure": [EVIDENCE, step("T4")], "hv01": [step("H4")]}) == [
        "host   step  found     done                   verified",
        "-----  ----  --------  ---------------------  -------------------",
        "Azure  B1    no vault  create vault vault-dr  vault-dr, Succeeded",
        "       T4    no vault  create vault vault-dr  vault-dr, Succeeded",
        "hv01   H4    no vault  create vault vault-dr  vault-dr, Succeeded",
    ]


@pytest.mark.parametrize(("planned", "word"), [(True, "planned"), (False, "done")])
def test_the_heading_distinguishes_a_plan_from_a_change(planned: bool, word: str) -> None:
    assert lines({"Azure": [EVIDENCE]}, planned=planned)[0].split() == ["host", "step", "found", word, "verified"]


def test_the_rows_of_a_host_are_in_the_order_of_the_steps() -> None:
    """The evidence has the order of the tasks. Rows of one step keep it, and an unknown step comes last."""
    names = ["X3", "H1", "T4", "B1", "S4", "P10", "P6e", "P6c", "T1", "P9"]
    found = [line.split()[0] for line in lines({"": [step(name) for name in names]})[2:]]
    assert found == ["B1", "T1", "T4", "S4", "P6c", "P6e", "P9", "P10", "H1", "X3"]
    twice = [replace(EVIDENCE, found="checked"), step("T4"), replace(EVIDENCE, found="set up")]
    assert [line.split()[1] for line in lines({"": twice})[2:]] == ["checked", "set", "no"]


def test_the_rows_of_a_plan_do_not_repeat_the_heading() -> None:
    row = Evidence.of_plan("B1", "no vault", "create vault vault-dr")
    assert "planned: create" in lines({"Azure": [row]})[-1]
    assert lines({"Azure": [row]}, planned=True)[-1].split("  ")[-2:] == [
        "create vault vault-dr",
        "known after the run",
    ]


def test_long_texts_are_wrapped_inside_their_column() -> None:
    row = Evidence("B1", "word " * 40, "nothing to do", "vault-dr, Succeeded")
    found = lines({"vmm01": [row]}, width=80)
    assert max(map(len, found)) <= 80
    assert " ".join(line[13:].split("  ")[0].strip() for line in found[2:]).count("word") == 40


def test_what_cannot_be_broken_is_kept_whole() -> None:
    path = "C:" + "x" * 100
    assert any(path in line for line in lines({"hv01": [Evidence("H4", path, "", "")]}, width=60))


def test_a_path_keeps_its_backslashes() -> None:
    assert any(r"C:\Program Files" in line for line in lines({"hv01": [Evidence("H4", r"C:\Program Files", "", "")]}))


def test_a_host_without_records_is_not_hidden() -> None:
    assert lines({"hv01": []})[-1].split("  ")[-1] == "nothing recorded"


def test_a_host_without_checks_is_not_hidden() -> None:
    assert check_table({"hv01": []}, problems_only=False, width=120)[-1].split(maxsplit=1) == [
        "hv01",
        "nothing recorded",
    ]


def test_no_hosts_give_no_table() -> None:
    assert lines({}) == []


def test_checks_are_listed_with_message_and_fix_on_one_line() -> None:
    assert check_table(CHECKS, problems_only=False, width=120) == [
        "host   step  check        status   message",
        "-----  ----  -----------  -------  ----------------------------",
        "Azure  T1    azure-login  pass     signed in",
        "hv01   H2    elevated     pass     elevated",
        "       H2    dotnet       warning  .NET 4.7 is old; install 4.8",
        "       H3    cache        error    2 GB free; free some",
        "       H2    vms          warning  not read",
    ]


def test_passed_checks_are_counted_where_only_problems_are_shown() -> None:
    assert check_table(CHECKS, problems_only=True, width=120)[2:] == [
        "Azure                pass     1 check passed",
        "hv01   H2    dotnet  warning  .NET 4.7 is old; install 4.8",
        "       H3    cache   error    2 GB free; free some",
        "       H2    vms     warning  not read",
        "                     pass     1 check passed",
    ]


@pytest.mark.parametrize("problems_only", [False, True])
def test_the_same_problem_of_several_checks_is_shown_once(problems_only: bool) -> None:
    twice = {"hv01": [Check.failed(id, "H6", "the proxy rejects the login") for id in ("connectivity-a", "b")]}
    assert check_table(twice, problems_only=problems_only, width=120)[2:] == [
        "hv01  H6    connectivity-a  error   the proxy rejects the login"
    ]
