# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of the waves, and the reasons to begin no further one."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._report.report import Report
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._report.scope import Group, Scope
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._report.waves import (
    UNKNOWN_CLUSTER,
    Limits,
    WaveState,
    describe_waves,
    plan_waves,
)

from .builders import FAILED, observed, record

NOW = datetime(2026, 12, 5, 4, 0, tzinfo=timezone.utc)
DEFAULT = ("1", "25%", "100%")
ALONE: dict[str, str | None] = {f"hv{number:02}": None for number in range(1, 9)}
LIMITS = Limits(0, 100)


def clustered(**clusters: str | None) -> dict[str, str | None]:
    return dict(clusters)


def test_hosts_without_a_cluster_keep_their_order() -> None:
    assert plan_waves(ALONE, DEFAULT) == (("hv01",), ("hv02", "hv03"), ("hv04", "hv05", "hv06", "hv07", "hv08"))


@pytest.mark.parametrize(
    ("sizes", "lengths"),
    [(("3",), [3, 3, 2]), (("50%",), [4, 4]), (("1%",), [1] * 8), (("20",), [8]), (("1", " 2 "), [1, 2, 2, 2, 1])],
)
def test_the_last_size_applies_to_all_further_waves(sizes: tuple[str, ...], lengths: list[int]) -> None:
    assert [len(wave) for wave in plan_waves(ALONE, sizes)] == lengths


def test_a_wave_has_one_node_of_a_cluster_and_takes_later_hosts_instead() -> None:
    clusters = clustered(a1="A", a2="a", b1="B", c=None, b2="B", a3="A")
    assert plan_waves(clusters, ("1", "100%")) == (("a1",), ("a2", "b1", "c"), ("b2", "a3"))


def test_nodes_whose_cluster_is_unknown_count_as_nodes_of_one_cluster() -> None:
    clusters = clustered(x=UNKNOWN_CLUSTER, y=UNKNOWN_CLUSTER, z=None)
    assert plan_waves(clusters, ("100%",)) == (("x", "z"), ("y",))


def test_no_host_makes_no_wave() -> None:
    assert plan_waves({}, DEFAULT) == ()


@given(
    st.dictionaries(st.text(min_size=1), st.sampled_from([None, "", "A", "b", "B", "C"]), max_size=30),
    st.lists(st.sampled_from(["1", "3", "25%", "100%"]), min_size=1, max_size=4),
)
def test_every_plan_has_each_host_once_and_no_two_nodes_together(
    clusters: dict[str, str | None], sizes: list[str]
) -> None:
    waves = plan_waves(clusters, sizes)
    assert sorted(host for wave in waves for host in wave) == sorted(clusters)
    for wave in waves:
        names = [cluster.lower() for host in wave if (cluster := clusters[host]) is not None]
        assert wave
        assert len(names) == len(set(names))


def test_the_plan_names_hosts_and_counts_many() -> None:
    waves = (("hv01",), tuple(f"hv{number}" for number in range(2, 14)))
    assert describe_waves(waves) == [
        "Wave 1 of 2: hv01",
        "Wave 2 of 2: hv2, hv3, hv4, hv5, hv6, hv7, hv8, hv9 and 4 more",
    ]


def report(**fields: object) -> Report:
    nodes = {"hv01": "C1", "hv02": "C1", "hv03": None, "hv04": "C2"}
    records = tuple(
        observed(name, f"{name}.x.test") if cluster is None else node(name, cluster) for name, cluster in nodes.items()
    )
    group = Group("hyperv_hosts", tuple(nodes), tuple(nodes))
    scope = Scope(("hyperv_hosts",), {"vmm_servers": Group("vmm_servers", (), ()), "hyperv_hosts": group}, True)
    records = (*records[:3], record("hyperv_host", "hv04", FAILED))
    return Report(scope, records, records, **fields)  # type: ignore[arg-type]


def node(name: str, cluster: str) -> object:
    return record("hyperv_host", name, observed={"host": {"fqdn": f"{name}.x.test", "cluster": {"name": cluster}}})


def test_the_report_plans_the_hosts_that_the_run_sets_up() -> None:
    planned = report(wave_sizes=("100%",), unready_hosts="skip")
    assert planned.to_result()["waves"] == [["hv01", "hv03"], ["hv02"]]
    assert "Wave 1 of 2: hv01, hv03" in planned.lines("checks", planned=True)
    assert "Wave 1 of 2: hv01, hv03" not in planned.lines("checks")
    assert report().to_result()["waves"] == []


def test_a_host_without_anything_to_do_is_in_no_wave_and_is_set_up() -> None:
    row = {"step": "H4", "found": "agent 2", "done": "nothing to do", "verified": "agent 2"}
    settled = {name: record("hyperv_host", name, settled=rows) for name, rows in {"hv01": [row], "hv02": None}.items()}
    group = Group("hyperv_hosts", tuple(settled), tuple(settled))
    scope = Scope(("hyperv_hosts",), {"vmm_servers": Group("vmm_servers", (), ()), "hyperv_hosts": group}, True)
    records = tuple(settled.values())
    assert Report(scope, records, records, wave_sizes=("100%",)).waves == (("hv02",),)
    end = Report(scope, records, records, stage="setup")
    assert end.unfinished == ["hv02"]
    assert any("nothing to do" in line for line in end.lines("evidence"))
    # The other stages show what the checks read.
    assert not any("nothing to do" in line for line in Report(scope, records, records).lines("evidence"))


def test_a_run_that_stops_at_its_checks_leaves_all_of_its_hosts() -> None:
    assert report().left == ["hv01", "hv02", "hv03", "hv04"]
    # The host that is left out is listed only.
    assert report(unready_hosts="skip").left == []


def test_the_end_of_a_run_leaves_unfinished_hosts() -> None:
    assert report(stage="setup", unready_hosts="skip").left == ["hv01", "hv02", "hv03", "hv04"]


WAVES = (("hv01",), ("hv02", "hv03"), ("hv04",))


def state(*hosts: str, failed: tuple[str, ...] = (), changed: tuple[str, ...] = ()) -> WaveState:
    return WaveState(WAVES, hosts, frozenset(failed), frozenset(changed))


def test_a_finished_wave_is_described_in_one_line() -> None:
    wave = state("hv02", "hv03", failed=("hv03",), changed=("hv01", "hv02"))
    assert wave.describe(timedelta(seconds=75)) == "Wave 2 of 3: 2 hosts in 75 s, 1 changed, 1 failed, 1 left"
    assert state("hv04").describe(timedelta(minutes=12)) == "Wave 3 of 3: 1 host in 12 min, 0 changed, 0 failed, 0 left"


def test_a_share_of_failed_hosts_of_the_wave_stops_the_waves() -> None:
    half = state("hv02", "hv03", failed=("hv03",))
    assert half.stop_after(LIMITS) == "too many hosts of an earlier wave failed: hv03"
    assert half.stop_after(Limits(50, 100)) == ""
    assert state("hv02", "hv03").stop_after(LIMITS) == ""


def test_a_share_of_failed_hosts_of_the_run_stops_the_waves() -> None:
    wave = state("hv02", "hv03", failed=("hv01", "hv02"))
    assert wave.stop_after(Limits(100, 49)) == "too many hosts of the run failed: hv01, hv02"
    assert wave.stop_after(Limits(100, 50)) == ""


@pytest.mark.parametrize(("seconds", "stops"), [(-1, True), (0, True), (1, False)])
def test_no_wave_begins_after_the_change_window(seconds: int, stops: bool) -> None:
    limits = Limits(0, 100, NOW + timedelta(seconds=seconds))
    reason = state("hv02", "hv03").stop_before(limits, NOW)
    assert reason == ("" if not stops else f"the change window ended at {limits.window_end.isoformat(' ', 'minutes')}")  # type: ignore[union-attr]
    assert state("hv02").stop_before(LIMITS, NOW) == ""
