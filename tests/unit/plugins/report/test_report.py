# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The problems of a run at each stage, and the hosts that fail because of them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._report.records import Record
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._report.report import Report, Stage
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._report.scope import PARTS, Group, Scope

from .builders import FAILED, PASSED, ROW, WARNED, machine, observed, record, server

GROUPS = {part: Group(part, ("x",), ("x",)) for part in ("vmm_servers", "hyperv_hosts")}
DONE = {"evidence": [ROW]}
#: Rows of a plan: one requires a change, and one does not.
PLANNED = {
    "step": "T4",
    "found": "no storage account",
    "done": "planned: create stdr",
    "verified": "known after the run",
}
KEPT = {"step": "B1", "found": "vault vault-dr", "done": "nothing to do", "verified": "vault vault-dr"}
LATE = {"server": "vmm01", "reached": "fabric registered", "outstanding": ["provider heartbeat"]}
NOT_READ = "not read in this run; see the errors above, then run again"
AZURE = record("azure_target", "localhost", PASSED, facts={**DONE, "plan": [KEPT]})
READY = record("hyperv_host", "hv01", PASSED, facts=DONE)


def report(*records: Record, stage: Stage = "setup", machines: tuple[Record, ...] = (), **more: Any) -> Report:
    scope = Scope(more.pop("parts", PARTS), {**GROUPS, **more.pop("groups", {})}, localhost=True)
    return Report(scope, records, machines, stage, **more)


def test_a_run_that_did_everything_has_no_problem() -> None:
    found = report(AZURE, READY)
    assert (found.status, found.failures, found.unfinished) == ("pass", {}, [])


@pytest.mark.parametrize(
    ("stage", "record", "line"),
    [
        (
            "checks",
            Record("hyperv_host", "hv01"),
            "not checked in this run; see the errors above, then run again",
        ),
        ("checks", record("hyperv_host", "hv01", FAILED), "H3: 2 GB free, 5 GB needed; free some"),
        (
            "setup",
            record("hyperv_host", "hv01", PASSED),
            "not set up in this run; see the errors above, then run again",
        ),
        (
            "setup",
            Record("hyperv_host", "hv01"),
            "not checked in this run; see the errors above, then run again",
        ),
        ("setup", record("hyperv_host", "hv01", facts={**DONE, "failure": "setup failed"}), "setup failed"),
        (
            "setup",
            record("azure_target", "localhost", PASSED),
            "not set up in this run; see the errors above, then run again",
        ),
        ("state", observed("hv01", "hv01.x.test"), "no Recovery Services agent; run the playbook hyperv_hosts"),
        ("state", server({}), "not registered with a Site Recovery Provider; run the playbook vmm_servers"),
        (
            "state",
            record("azure_target", "localhost", PASSED, facts={"plan": [PLANNED, KEPT]}),
            "T4: no storage account; planned: create stdr; run the playbook target",
        ),
        ("state", record("azure_target", "localhost", PASSED), NOT_READ),
        ("state", record("hyperv_host", "hv01", PASSED), NOT_READ),
        ("state", record("hyperv_host", "hv01", FAILED), "H3: 2 GB free, 5 GB needed; free some"),
        ("state", record("azure_target", "localhost", facts={"failure": "no such group"}), "no such group"),
        (
            "state",
            record("azure_target", "localhost", facts={"plan": [KEPT], "progress": [LATE]}),
            "P10: vmm01: fabric registered; outstanding: provider heartbeat; run the playbook vmm_servers, which waits"
            " for the vault",
        ),
    ],
)
def test_a_problem_fails_its_own_host(stage: Stage, record: Record, line: str) -> None:
    found = report(AZURE, record, stage=stage) if record.role != "azure_target" else report(record, stage=stage)
    assert found.failures == {record.host: [line]}
    assert found.status == "error"


@pytest.mark.parametrize("stage", ["checks", "state"])
def test_a_missing_setup_is_not_a_problem_before_or_without_a_setup(stage: Stage) -> None:
    agent = record("hyperv_host", "hv01", PASSED, observed={"agent": {"version": "2"}})
    assert (
        report(record("azure_target", "localhost", PASSED, facts={"plan": [KEPT]}), agent, stage=stage).failures == {}
    )


def test_a_server_that_is_not_set_up_explains_why_the_vault_does_not_show_it() -> None:
    late = record("azure_target", "localhost", facts={"plan": [KEPT], "progress": [LATE]})
    assert list(report(late, server({}), stage="state").failures) == ["vmm01"]
    registered = {"provider": {"version": "5"}, "registration": {"vault_name": "vault-dr"}}
    ready = record("vmm_server", "vmm01", PASSED, observed=registered)
    assert list(report(late, ready, stage="state").failures) == ["localhost"]


@pytest.mark.parametrize(("check", "status"), [(PASSED, "pass"), (WARNED, "warning"), (FAILED, "error")])
def test_the_status_is_that_of_the_worst_check(check: Any, status: str) -> None:
    assert report(AZURE, record("hyperv_host", "hv01", check, facts=DONE)).status == status


@pytest.mark.parametrize("stage", ["checks", "setup", "state"])
def test_a_skipped_host_names_the_options_that_skipped_it(stage: Stage) -> None:
    skipped = report(Record("hyperv_host", "hv01"), stage=stage, task_options="--tags x and --skip-tags all")
    advice = "run again without --tags x and --skip-tags all"
    assert skipped.failures == {"hv01": [f"not checked in this run; {advice}"]}
    checked = report(record("hyperv_host", "hv01", PASSED), stage="setup", task_options="--tags x")
    assert checked.failures["hv01"] == ["not set up in this run; run again without --tags x"]


def test_servers_after_a_failed_one_name_it() -> None:
    failed = record("vmm_server", "vmm01", PASSED, facts={"failure": "the key is of another vault"})
    found = report(AZURE, failed, record("vmm_server", "vmm02", PASSED))
    assert found.failures == {
        "vmm01": ["the key is of another vault"],
        "vmm02": ["not set up, because vmm01 failed before it; run again"],
    }
    assert found.unfinished == ["vmm01", "vmm02"]
    *_table, empty, first, second, names = found.lines("evidence")
    assert [empty, first, second] == [
        "",
        "vmm01: the key is of another vault",
        "vmm02: not set up, because vmm01 failed before it; run again",
    ]
    assert names.endswith("running_jobs is vmm_server_running_jobs.")


GOLD = server({"Gold": ["hv03.x.test"]})
LINE = "H1: hv03.x.test (cloud Gold) is not in the group hyperv_hosts; add it to the inventory and run again"


def test_an_uncovered_host_is_a_warning_before_the_setup_and_fails_localhost_after_it() -> None:
    before = report(AZURE, GOLD, stage="checks", machines=(machine("hv01"),))
    assert (before.failures, before.status) == ({}, "warning")
    assert any("warning  hv03.x.test (cloud Gold) is not in the group" in line for line in before.lines("checks"))
    after = report(AZURE, record("vmm_server", "x", facts=DONE), GOLD, machines=(machine("hv01"),))
    assert after.failures["localhost"] == [LINE]
    assert after.to_result()["uncovered"] == [{"host": "hv03.x.test", "vmm_clouds": ["Gold"], "reason": "missing"}]


def test_the_state_of_a_host_is_a_problem_although_the_setup_may_leave_it_out() -> None:
    ready, failed = record("hyperv_host", "hv02", PASSED), record("hyperv_host", "hv01", FAILED)
    for action in ("skip", "accept"):
        found = report(AZURE, ready, failed, stage="state", unready_hosts=action)
        assert found.failures["hv01"] == ["H3: 2 GB free, 5 GB needed; free some"]
    assert report(AZURE, ready, failed, stage="checks", unready_hosts="accept").failures == {}


def test_an_uncovered_host_can_be_accepted() -> None:
    found = report(AZURE, GOLD, stage="checks", machines=(machine("hv01"),), accept_uncovered=True)
    assert found.failures == {}
    assert found.lines("checks")[-1] == f"left out: {LINE.removeprefix('H1: ')}"


def test_an_inventory_without_hosts_stops_a_run_whose_clouds_have_some() -> None:
    empty = {"hyperv_hosts": Group("hyperv_hots", (), ())}
    (line,) = report(AZURE, GOLD, stage="checks", groups=empty).failures["localhost"]
    assert line.startswith(
        "H1: the inventory has no host in 'hyperv_hots', but the chosen clouds have hv03.x.test; add"
    )


def test_a_run_without_the_part_of_the_hosts_leaves_out_none() -> None:
    found = report(AZURE, GOLD, parts=("azure", "vmm_servers"))
    assert found.uncovered == []
    assert "localhost" not in found.failures


def test_both_names_of_one_machine_fail() -> None:
    found = report(AZURE, observed("hv01", "hv01.x.test"), observed("berlin-1", "hv01.x.test"), stage="checks")
    assert set(found.failures) == {"hv01", "berlin-1"}
    assert found.to_result()["duplicates"] == [{"machine": "hv01.x.test", "hosts": ["hv01", "berlin-1"]}]


def test_a_machine_of_both_kinds_is_shown_once() -> None:
    both = [record(role, "vmm01", PASSED, facts=DONE) for role in ("vmm_server", "hyperv_host")]
    assert [line.split()[0] for line in report(AZURE, *both).lines("evidence")[2:]] == ["Azure", "vmm01", "B1"]


def test_readings_of_the_target_are_shown_only_where_it_was_not_set_up() -> None:
    reading = {**ROW, "step": "T3"}
    read = record("azure_target", "localhost", PASSED, evidence=[reading])
    made = record("azure_target", "localhost", PASSED, facts=DONE, evidence=[reading])
    assert [report(each).lines("evidence")[2].split()[1] for each in (read, made)] == ["T3", "B1"]


def test_check_mode_reports_that_the_run_changed_nothing() -> None:
    assert report(AZURE).lines("evidence", planned=True)[0] == "Check mode: nothing was changed."


def test_no_table_prints_nothing() -> None:
    assert report(AZURE, Record("hyperv_host", "hv01")).lines("none") == []


SKIP = "To set up the other Hyper-V hosts first, set site_unready_hosts to skip."
DOWN = record("hyperv_host", "hv02", FAILED)


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        (report(AZURE, READY, DOWN, stage="checks"), True),
        (report(AZURE, READY, stage="checks"), False),
        (report(AZURE, DOWN, stage="checks"), False),
        (report(AZURE, record("vmm_server", "vmm01", FAILED), READY, DOWN, stage="checks"), False),
        (report(AZURE, READY, DOWN, stage="checks", unready_hosts="skip"), False),
        (report(AZURE, READY, DOWN, stage="state"), False),
    ],
)
def test_a_run_that_only_hosts_stop_names_the_variable_that_leaves_them_out(found: Report, shown: bool) -> None:
    assert (SKIP in found.lines("problems")) is shown


def test_the_same_problem_of_several_checks_fails_a_host_once() -> None:
    assert report(AZURE, record("hyperv_host", "hv02", FAILED, FAILED), stage="checks").failures == {
        "hv02": ["H3: 2 GB free, 5 GB needed; free some"]
    }
