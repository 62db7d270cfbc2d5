# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of the waves, and the reasons to begin no further one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._report.report import Report
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._report.scope import Group, Scope
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._report.waves import (
    DEFAULT_SIZES,
    UNKNOWN_CLUSTER,
    Candidate,
    Limits,
    WaveState,
    describe_waves,
    plan_waves,
)
from tests.tools.paths import ROOT

from .builders import FAILED, observed, record

NOW = datetime(2026, 12, 5, 4, 0, tzinfo=timezone.utc)
DEFAULT = DEFAULT_SIZES
ALONE = [Candidate(f"hv{number:02}") for number in range(1, 9)]
LIMITS = Limits(0, 100)


def clustered(**clusters: str | None) -> list[Candidate]:
    return [Candidate(host, cluster) for host, cluster in clusters.items()]


def test_hosts_without_a_cluster_keep_their_order() -> None:
    assert plan_waves(ALONE, DEFAULT) == (("hv01",), ("hv02", "hv03"), ("hv04", "hv05", "hv06", "hv07", "hv08"))


@pytest.mark.parametrize(
    ("sizes", "lengths"),
    [(("3",), [3, 3, 2]), (("50%",), [4, 4]), (("1%",), [1] * 8), (("20",), [8]), (("1", " 2 "), [1, 2, 2, 2, 1])],
)
def test_the_last_size_applies_to_all_further_waves(sizes: tuple[str, ...], lengths: list[int]) -> None:
    assert [len(wave) for wave in plan_waves(ALONE, sizes)] == lengths


def test_a_wave_has_one_node_of_a_cluster_and_takes_later_hosts_instead() -> None:
    nodes = clustered(a1="A", a2="a", b1="B", c=None, b2="B", a3="A")
    assert plan_waves(nodes, ("1", "100%")) == (("a1",), ("a2", "b1", "c"), ("b2", "a3"))


def test_a_node_whose_cluster_is_unknown_shares_no_wave_with_another_node() -> None:
    nodes = clustered(x=UNKNOWN_CLUSTER, y=UNKNOWN_CLUSTER, z=None)
    assert plan_waves(nodes, ("100%",)) == (("x", "z"), ("y",))
    assert plan_waves(clustered(a1="A", x=UNKNOWN_CLUSTER, z=None, b1="B"), ("100%",)) == (("a1", "z", "b1"), ("x",))
    assert plan_waves(clustered(x=UNKNOWN_CLUSTER, a1="A", b1="B"), ("100%",)) == (("x",), ("a1", "b1"))


def test_the_specification_names_the_default_sizes() -> None:
    specification = yaml.safe_load((ROOT / "playbooks/site.meta.yml").read_text(encoding="utf-8"))
    assert specification["argument_specs"]["site"]["options"]["site_wave_sizes"]["default"] == list(DEFAULT_SIZES)


def test_no_host_makes_no_wave() -> None:
    assert plan_waves([], DEFAULT) == ()


def test_the_guide_shows_the_plan_of_its_example() -> None:
    numbers = {"A": range(1, 5), "B": range(5, 9), "C": range(9, 11), "D": range(11, 13), None: range(13, 17)}
    hosts = [Candidate(f"hv{number:02}", cluster) for cluster, members in numbers.items() for number in members]
    lines = "\n".join(describe_waves(plan_waves(hosts, DEFAULT)))
    assert f"```text\n{lines}\n```" in (ROOT / "docs/fleet.md").read_text(encoding="utf-8")


def test_a_wave_of_clusters_has_a_node_of_each_cluster_that_was_not_begun() -> None:
    nodes = clustered(a1="A", a2="A", b1="B", c1=None, b2="b", d1="D")
    assert plan_waves(nodes, ("1", "one_per_cluster", "100%")) == (("a1",), ("b1", "d1"), ("a2", "c1", "b2"))
    assert plan_waves(ALONE, ("7", "one_per_cluster", "100%")) == plan_waves(ALONE, ("7", "100%"))


def test_lower_rings_come_first_and_share_no_wave() -> None:
    rings = [Candidate("late", ring=2), Candidate("one"), Candidate("canary", ring=0), Candidate("two")]
    assert plan_waves(rings, ("100%",)) == (("canary",), ("one", "two"), ("late",))


CANDIDATE = st.tuples(st.sampled_from([None, "", "A", "b", "B", "C"]), st.integers(0, 2))


@given(
    st.dictionaries(st.text(min_size=1), CANDIDATE, max_size=30),
    st.lists(st.sampled_from(["1", "3", "one_per_cluster", "25%", "100%"]), max_size=4),
    st.sampled_from(["1", "100%"]),
)
def test_every_plan_has_each_host_once_and_no_two_nodes_or_rings_together(
    facts: dict[str, tuple[str | None, int]], sizes: list[str], last: str
) -> None:
    known = {host: Candidate(host, *values) for host, values in facts.items()}
    waves = plan_waves(known.values(), [*sizes, last])
    assert sorted(host for wave in waves for host in wave) == sorted(known)
    for wave in waves:
        names = [key for host in wave if (key := known[host].cluster_key) is not None]
        assert wave
        assert len(names) == len(set(names))
        assert len(names) < 2 or UNKNOWN_CLUSTER not in names
        assert len({known[host].ring for host in wave}) == 1


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
    assert report(wave_sizes=(), unready_hosts="skip").waves == (("hv01",), ("hv02",), ("hv03",))


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
    assert half.stop_after(LIMITS, NOW) == "too many hosts of an earlier wave failed: hv03"
    assert half.stop_after(Limits(50, 100), NOW) == ""
    assert state("hv02", "hv03").stop_after(LIMITS, NOW) == ""


def test_a_share_of_failed_hosts_of_the_run_stops_the_waves() -> None:
    wave = state("hv02", "hv03", failed=("hv01", "hv02"))
    assert wave.stop_after(Limits(100, 49), NOW) == "too many hosts of the run failed: hv01, hv02"
    assert wave.stop_after(Limits(100, 50), NOW) == ""


@pytest.mark.parametrize(("seconds", "stops"), [(-1, True), (0, True), (1, False)])
def test_no_wave_begins_after_the_change_window(seconds: int, stops: bool) -> None:
    limits = Limits(0, 100, NOW + timedelta(seconds=seconds))
    reason = state("hv02", "hv03").stop_before(limits, NOW)
    assert reason == ("" if not stops else f"the change window ended at {limits.window_end.isoformat(' ', 'minutes')}")  # type: ignore[union-attr]
    # A host that did not begin in the window counts as failed.
    assert state("hv02", failed=("hv02",)).stop_after(replace(limits, wave_percentage=100), NOW) == reason
    assert state("hv02").stop_before(LIMITS, NOW) == ""
