# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs that a task asks for, and the list that the service cuts."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.job_query import (
    JobQuery,
    cut_warning,
    is_cut,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.jobs import Job
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import InvalidInput

NOW = datetime(2026, 3, 1, 10, 0, 0, 250000, tzinfo=timezone.utc)
NOTHING: dict[str, Any] = dict.fromkeys(("name", "states", "scenarios", "targets", "since", "until"))


def job(number: int, scenario: str = "EnableDr", target: str = "web01") -> Job:
    properties = {
        "scenarioName": scenario,
        "state": "Failed",
        "startTime": f"2026-03-01T{number % 24:02}:00:00Z",
        "targetObjectName": target,
        "targetObjectId": f"id-of-{target}",
    }
    return Job.from_wire({"name": f"j{number}", "properties": properties})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, None),
        ({"targets": ["web01"], "scenarios": ["EnableDr"]}, None),
        ({"states": ["Failed"]}, "( JobStatus eq 'Failed' )"),
        ({"states": ["Failed", "Cancelled"]}, "( JobStatus eq 'Failed' or JobStatus eq 'Cancelled' )"),
        (
            {"since": "2017-08-04T09:28:52Z", "until": "2017-08-10T16:20:50+02:00"},
            "StartTime eq '2017-08-04T09:28:52.0000000Z' and EndTime eq '2017-08-10T14:20:50.0000000Z'",
        ),
        (
            {"since": "2026-02-28", "states": ["Failed"]},
            "StartTime eq '2026-02-28T00:00:00.0000000Z' and EndTime eq '2026-03-01T10:00:00.2500000Z' and"
            " ( JobStatus eq 'Failed' )",
        ),
        (
            {"until": "2017-08-10T14:20:50"},
            "StartTime eq '2015-01-01T00:00:00.0000000Z' and EndTime eq '2017-08-10T14:20:50.0000000Z'",
        ),
    ],
)
def test_the_filter_has_the_recorded_form(given: dict[str, Any], expected: str | None) -> None:
    assert JobQuery.from_options({**NOTHING, **given}).to_filter(NOW) == expected


@pytest.mark.parametrize(
    ("given", "option"),
    [
        ({"since": "yesterday"}, "since"),
        ({"until": "1.3.2026"}, "until"),
        ({"since": "2026-03-02", "until": "2026-03-01"}, "until"),
        ({"name": "j1", "states": ["Failed"]}, "name"),
    ],
)
def test_a_query_that_cannot_be_meant(given: dict[str, Any], option: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        JobQuery.from_options({**NOTHING, **given})
    assert caught.value.option == option


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({}, ["j1", "j2", "j3"]),
        ({"scenarios": ["enabledr"]}, ["j1", "j3"]),
        ({"targets": ["WEB01"]}, ["j1", "j2"]),
        ({"targets": ["ID-OF-SQL01"]}, ["j3"]),
        ({"scenarios": ["EnableDr"], "targets": ["web01", "none"]}, ["j1"]),
    ],
)
def test_the_list_is_filtered_by_target_and_scenario(given: dict[str, Any], names: list[str]) -> None:
    jobs = [job(1), job(2, "TestFailover"), job(3, target="sql01")]
    assert [each.name for each in JobQuery.from_options({**NOTHING, **given}).select(jobs)] == names


@pytest.mark.parametrize(("count", "cut"), [(0, False), (199, False), (200, True)])
def test_a_list_of_200_jobs_may_lack_some(count: int, cut: bool) -> None:
    assert is_cut([job(number) for number in range(count)]) is cut


def test_the_warning_names_the_time_up_to_which_the_list_reaches() -> None:
    assert "200 jobs, back to 2026-03-01T00:00:00.0000000Z" in cut_warning([job(number) for number in range(200)])
