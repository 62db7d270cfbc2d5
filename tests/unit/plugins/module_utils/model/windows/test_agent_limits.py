# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's network limits, and the limitations of its builds: options, differences and upgrades (H4, H5, X2)."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import InvalidInput
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.versions import numbers
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows import agent_builds as builds
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows import agent_limits as model
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.agent_facts import AgentFacts
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.agent_limits import Limits
from tests.unit.plugins.module_utils.model.windows import observations as seen

UNWRITTEN: dict[str, Any] = dict.fromkeys(
    ("work_days", "work_hours_start", "work_hours_end", "work_hour_bandwidth", "non_work_hour_bandwidth")
)
HOURS: dict[str, Any] = {
    "enabled": True,
    "work_days": ["friday", "monday"],
    "work_hours_start": "09:00",
    "work_hours_end": "18:00",
    "work_hour_bandwidth": 512,
    "non_work_hour_bandwidth": 2048,
}
#: The values that count as not set.
NOTHING: dict[str, list[Any]] = {name: [None, []] if name == "work_days" else [None] for name in UNWRITTEN}
OFF: dict[str, Any] = {**UNWRITTEN, "enabled": False}
#: The example of the command's reference, as the agent shows it.
SEEN = {
    "enabled": True,
    "work_days": [5, 1],
    "start": "09:00:00",
    "end": "18:00:00",
    "work_bandwidth": 512 * 1024,
    "non_work_bandwidth": 2048 * 1024,
}


def limits(**options: Any) -> Limits:
    return Limits.from_options(options)


def facts(**changed: Any) -> AgentFacts:
    return AgentFacts.from_observation(seen.agent(**changed))


@pytest.mark.parametrize(
    ("options", "line"),
    [
        *(
            ({"throttle": {**HOURS, name: value}}, f"throttle.{name} is required; set it: the agent takes hours and")
            for name in UNWRITTEN
            for value in NOTHING[name]
        ),
        *(
            (
                {"throttle": {**HOURS, name: time}},
                f"throttle.{name} must be a time like 09:00, not '{time}'; put it in quotes",
            )
            for name in ("work_hours_start", "work_hours_end")
            for time in ("9:00", "24:00", "540", "09:00:00", "09:60")
        ),
        *(
            (
                {"throttle": {**HOURS, "work_hours_end": end}},
                "throttle.work_hours_end must be later than work_hours_start",
            )
            for end in ("09:00", "06:00")
        ),
        *(
            (
                {"throttle": {**HOURS, name: rate}},
                f"throttle.{name} must be from 512 to 1047552, not {rate}; set it in kbit/s",
            )
            for name in ("work_hour_bandwidth", "non_work_hour_bandwidth")
            for rate in (511, 1047553, -1)
        ),
        *(
            (
                {"throttle": {**OFF, name: HOURS[name]}},
                f"throttle.{name} must not be set when throttling is disabled; remove",
            )
            for name in UNWRITTEN
        ),
        *(
            ({name: count}, f"{name} must be from 1 to 32, not {count}; correct the number")
            for name in ("upload_threads", "download_threads")
            for count in (0, 33, -1)
        ),
    ],
)
def test_an_invalid_option_is_rejected_in_one_line(options: dict[str, Any], line: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        limits(**options)
    assert refused.value.message.startswith(line)


DIFFERENCES: list[tuple[str, AgentFacts | None, dict[str, Any], list[str]]] = [
    ("nothing set", facts(throttle=SEEN, upload_threads=9), {}, []),
    ("throttled as desired", facts(throttle=SEEN), {"throttle": HOURS}, []),
    ("throttled, another rate", facts(throttle={**SEEN, "work_bandwidth": 1}), {"throttle": HOURS}, ["throttle"]),
    ("throttled, another day", facts(throttle={**SEEN, "work_days": [1]}), {"throttle": HOURS}, ["throttle"]),
    ("throttled, other hours", facts(throttle={**SEEN, "end": "18:00:01"}), {"throttle": HOURS}, ["throttle"]),
    ("throttled, not desired", facts(throttle=SEEN), {"throttle": OFF}, ["throttle"]),
    ("not throttled as desired", facts(), {"throttle": OFF}, []),
    ("not throttled, desired", facts(), {"throttle": HOURS}, ["throttle"]),
    ("not shown", facts(throttle=None), {"throttle": OFF}, ["throttle"]),
    ("unknown while it is stopped", facts(proxy=None, throttle=None), {"throttle": OFF}, ["throttle"]),
    ("no agent", None, {"throttle": HOURS, "upload_threads": 8}, ["throttle", "upload_threads"]),
    ("no agent, the defaults", None, {"throttle": OFF, "upload_threads": 4}, []),
    ("default threads", facts(), {"upload_threads": 4, "download_threads": 4}, []),
    ("desired threads", facts(upload_threads=8), {"upload_threads": 8}, []),
    ("other threads", facts(upload_threads=8), {"upload_threads": 4, "download_threads": 32},
     ["upload_threads", "download_threads"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("agent", "options", "paths"), [row[1:] for row in DIFFERENCES], ids=[row[0] for row in DIFFERENCES]
)
def test_diff(agent: AgentFacts | None, options: dict[str, Any], paths: list[str]) -> None:
    assert [change.path for change in limits(**options).diff(agent)] == paths


def test_hidden_throttling_is_set_again() -> None:
    (change,) = limits(throttle=HOURS).diff(facts(throttle=None))
    assert change.secret
    assert change.reason == "set the throttling again, because this build of the agent does not show it"


def test_reasons() -> None:
    assert [change.reason for change in limits(throttle=HOURS, upload_threads=8).diff(facts())] == [
        "throttle the agent to 512 kbit/s from 09:00 to 18:00 (monday, friday), and to 2048 kbit/s at other times",
        "set upload_threads of the agent to 8 and restart its service",
    ]
    (change,) = limits(throttle=OFF).diff(facts(throttle=SEEN))
    assert change.reason == "disable throttling of the agent"


@pytest.mark.parametrize(
    ("options", "touched", "parameters"),
    [
        ({"throttle": HOURS, "upload_threads": 8}, {"upload_threads"}, {"Throttle": "keep", "UploadThreads": 8}),
        ({"throttle": OFF}, {"throttle"}, {"Throttle": "none"}),
        (
            {"throttle": HOURS, "download_threads": 2},
            {"throttle"},
            {
                "Throttle": "limit",
                "WorkDays": [1, 5],
                "StartWorkHour": "09:00:00",
                "EndWorkHour": "18:00:00",
                "WorkHourBandwidth": 512 * 1024,
                "NonWorkHourBandwidth": 2048 * 1024,
            },
        ),
    ],
)
def test_parameters_of_the_script(options: dict[str, Any], touched: set[str], parameters: dict[str, Any]) -> None:
    sent = limits(**options).parameters(frozenset(touched))
    assert {name: value for name, value in sent.items() if value is not None} == parameters


@pytest.mark.parametrize(
    ("agent", "shown"),
    [
        (None, {"throttle": OFF, "upload_threads": None}),
        (facts(throttle=None, upload_threads=7), {"throttle": None, "upload_threads": 7}),
        (facts(throttle=SEEN), {"throttle": {**HOURS, "work_days": ["monday", "friday"]}, "upload_threads": None}),
    ],
)
def test_only_limits_that_are_set_are_shown(agent: AgentFacts | None, shown: dict[str, Any]) -> None:
    assert model.to_result(agent, limits(throttle=HOURS, upload_threads=8)) == shown
    assert model.to_result(agent, Limits()) == {}


# ---- builds ----


def test_builds_are_in_order() -> None:
    assert sorted(builds.BUILDS, key=lambda build: numbers(build.version)) == list(builds.BUILDS)
    assert sorted(build.rollup for build in builds.BUILDS) == [build.rollup for build in builds.BUILDS]


@pytest.mark.parametrize(
    ("version", "words"),
    [
        (None, None),
        ("2.0.9214.0", None),
        ("2.0.9213.9", "supports neither failback from managed disks nor disks larger than 4 TB"),
        ("2.0.9083.0", "supports neither failback"),
        ("2.0.9082.0", "agent 2.0.9082.0 cannot sign in to Azure, which requires 2.0.9083.0 or newer"),
    ],
)
def test_limitations_of_old_builds(version: str | None, words: str | None) -> None:
    found = builds.limitation(version)
    assert found is None if words is None else found is not None and words in found


@pytest.mark.parametrize(
    ("version", "desired", "step"),
    [
        ("2.0.9000.0", "2.0.9260.0", None),
        ("2.0.9260.0", "2.0.9938.0", None),
        ("2.0.9260.0", "2.0.9999.0", None),
        ("2.0.9000.0", "2.0.9917.0", ("2.0.9249.0", 63)),
        ("2.0.9259.0", "2.0.9938.0", ("2.0.9260.0", 66)),
        ("2.0.9258.0", "2.0.9940.0", ("2.0.9260.0", 66)),
    ],
)
def test_an_upgrade_spans_four_builds_at_most(version: str, desired: str, step: tuple[str, int] | None) -> None:
    assert builds.intermediate_build(version, desired) == (None if step is None else builds.Build(*step))
