# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark prints what the lab received: counts, medians, and the comparison of two labs."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import pytest

from lab.context import Journal
from tests.bench.calls import calls, per_run, shown
from tests.bench.comparison import RESOURCES, Record, Sample, differences, same_result


def journal(**counts: int) -> Journal:
    made = Journal()
    for kind, count in counts.items():
        for _time in range(count):
            made.count(kind.replace("_", ".", 1))
    return made


def test_reads_writes_polls_and_sign_ins_are_counted_separately() -> None:
    one = journal(azure_get=3, azure_poll=2, azure_keys=1, azure_check=1, azure_token=1, storage_blob=1)
    one.count("proxy:connect")
    one.write("azure", "/subscriptions/s/resourceGroups/g", "put", status=201)
    one.write("azure", "/subscriptions/s/providers/p/register", "register", status=200)
    one.write("windows", "hv01", "put")
    found = calls(one)
    assert found == {"GET": 3, "poll": 2, "POST": 3, "token": 1, "blob GET": 1, "PUT": 1}
    assert shown(found) == "GET 3, PUT 1, POST 3, poll 2, blob GET 1, token 1"


def test_a_kind_that_is_missing_in_the_table_is_shown() -> None:
    assert shown(calls(journal(azure_new=2))) == "azure.new 2"


@pytest.mark.parametrize(
    ("total", "runs", "text"), [(6, 3, "GET 2"), (7, 3, "GET 2.3"), (0, 3, "none")], ids=["even", "uneven", "none"]
)
def test_calls_are_of_one_run(total: int, runs: int, text: str) -> None:
    assert shown(per_run(Counter(GET=total), runs)) == text


def test_a_share_of_calls_is_exact() -> None:
    assert per_run({"GET": 1}, 3) == {"GET": Fraction(1, 3)}


def test_seconds_are_medians_and_those_over_a_ping_are_their_difference() -> None:
    samples = [Sample([2.0, 9.0], [0.5, 0.5], Counter(GET=2), 0), Sample([3.0], [0.7], Counter(GET=1), 0)]
    record = Record(samples)
    assert (record.seconds, record.over_ping, record.calls) == (3.0, 2.5, "GET 1")


def test_two_labs_are_compared_value_by_value() -> None:
    same = {"vaults": {"g/v": {"tags": {"a": "1"}}}, "storage_accounts": {}, "virtual_networks": {}}
    other = {**same, "vaults": {"g/v": {"tags": {"a": "2"}, "sku": "RS0"}}}
    assert list(same_result(same, same)) == ["Both labs have the same resources."]
    assert list(differences(same, other)) == ["  /vaults/g/v/sku: None | 'RS0'", "  /vaults/g/v/tags/a: '1' | '2'"]


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.title)
def test_both_collections_create_the_same_resource(resource) -> None:  # type: ignore[no-untyped-def]
    mine, foreign = resource.options(2, own=True), resource.options(2, own=False)
    shared = mine.keys() & foreign.keys()
    assert {"name", "resource_group", "location", "tags"} <= shared
    assert {key: mine[key] for key in shared} == {key: foreign[key] for key in shared}
