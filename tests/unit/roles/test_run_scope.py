# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A playbook never succeeds for a machine that it did not handle, with any option of the command line."""

from __future__ import annotations

import re

import pytest

from .conftest import Harness, Run
from .test_site import FINISHED

PLAYBOOKS = ["preflight.yml", "target.yml", "vmm_servers.yml", "hyperv_hosts.yml", "report.yml", "site.yml"]
SITE_LIMIT = "localhost is not within --limit {0}, but this playbook also runs there; use --limit localhost,{0}"


def refused(run: Run, reason: str) -> None:
    assert run.code != 0, run.output
    assert reason in run.reasons.values(), run.output


@pytest.mark.parametrize("playbook", ["preflight.yml", "vmm_servers.yml", "site.yml"])
def test_an_inventory_without_a_vmm_server_is_refused(harness: Harness, playbook: str) -> None:
    harness.hosts["vmm_servers"] = {}
    run = harness.play(playbook)
    reason = "the inventory has no host in 'vmm_servers'; put the VMM servers into the group vmm_servers,"
    refused(run, f"{reason} or name another group in site_vmm_servers")
    assert harness.state == {}


@pytest.mark.parametrize(
    ("playbook", "limit", "reason"),
    [
        ("site.yml", "vmm01", SITE_LIMIT.format("vmm01")),
        ("site.yml", "hv01", SITE_LIMIT.format("hv01")),
        ("preflight.yml", "vmm01,hv01", SITE_LIMIT.format("vmm01,hv01")),
        ("report.yml", "vmm01", SITE_LIMIT.format("vmm01")),
        ("target.yml", "vmm01", SITE_LIMIT.format("vmm01")),
        (
            "vmm_servers.yml",
            "localhost,hv01",
            "--limit localhost,hv01 leaves out every host of 'vmm_servers'; name at least one of them, for example"
            " --limit localhost,vmm01",
        ),
        (
            "hyperv_hosts.yml",
            "localhost",
            "--limit localhost leaves out every host of 'hyperv_hosts'; name at least one of them, for example"
            " --limit hv01",
        ),
        # The inventory does not list localhost, so a limit that only excludes hosts leaves it out as well.
        (
            "site.yml",
            "!hv02",
            "localhost is not within --limit !hv02, but this playbook also runs there; use --limit localhost,all,!hv02",
        ),
    ],
)
def test_a_limit_that_leaves_out_required_hosts_is_refused_in_one_line(
    harness: Harness, playbook: str, limit: str, reason: str
) -> None:
    harness.lists_localhost = limit == "localhost"
    run = harness.play(playbook, "--limit", limit)
    refused(run, reason)
    assert harness.journal("read") + harness.journal("write") == []


@pytest.mark.parametrize(
    ("playbook", "limit", "written"),
    [
        ("hyperv_hosts.yml", "hv01", ["mars_agent hv01", "mars_proxy hv01"]),
        ("site.yml", "localhost,hv01", ["mars_agent hv01", "mars_proxy hv01"]),
        ("site.yml", "localhost,all,!hv02", ["mars_agent hv01", "mars_proxy hv01"]),
        ("site.yml", "localhost", []),
        ("preflight.yml", "hv01", []),
    ],
)
def test_a_single_host_can_be_set_up_and_checked(
    harness: Harness, playbook: str, limit: str, written: list[str]
) -> None:
    harness.lists_localhost = limit == "localhost"
    harness.given({**FINISHED, "agents": {}, "proxies": {}})
    run = harness.play(playbook, "--limit", limit)
    assert run.code == 0, run.output
    assert harness.journal("write") == written


@pytest.mark.parametrize("playbook", ["verify_assumptions.yml", "doctor.yml", "bundle.yml"])
def test_a_run_without_the_host_that_writes_its_files_is_refused(harness: Harness, playbook: str) -> None:
    refused(harness.play(playbook, "--limit", "vmm01"), SITE_LIMIT.format("vmm01"))
    assert harness.journal("read") == []


def test_a_limit_file_is_understood(harness: Harness) -> None:
    harness.given(FINISHED)
    file = harness.folder / "failed.txt"
    file.write_text("hv01\n")
    run = harness.play("site.yml", "--limit", f"@{file}")
    refused(run, SITE_LIMIT.format(f"@{file}"))


SKIPPED = "not checked in this run; run again without {0}"


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_tags_that_no_task_has_fail_the_run(harness: Harness, playbook: str) -> None:
    harness.given(FINISHED)
    run = harness.play(playbook, "--tags", "nothing")
    assert run.code != 0, run.output
    assert run.failed == {"target.yml": {"localhost"}, "hyperv_hosts.yml": {"hv01", "hv02"}}.get(playbook, run.failed)
    assert set(run.reasons.values()) == {SKIPPED.format("--tags nothing")}


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("--skip-tags", "all"), "--skip-tags all"),
        (("--skip-tags", "untagged"), "--skip-tags untagged"),
        (("--tags", "a,b", "--skip-tags", "untagged"), "--tags a,b and --skip-tags untagged"),
    ],
)
def test_a_run_that_skipped_everything_names_the_options(
    harness: Harness, arguments: tuple[str, ...], shown: str
) -> None:
    harness.given(FINISHED)
    run = harness.play("site.yml", *arguments)
    assert run.code != 0, run.output
    assert set(run.reasons.values()) == {SKIPPED.format(shown)}


@pytest.mark.parametrize(
    "arguments",
    [
        ("--start-at-task", "Fail each host that has a problem"),
        ("--start-at-task", "no such task"),
        ("--skip-tags", "always"),
        ("--skip-tags", "tagged"),
        ("--tags", "nothing", "--skip-tags", "always"),
    ],
    ids=" ".join,
)
def test_options_that_would_bypass_the_gates_are_refused(harness: Harness, arguments: tuple[str, ...]) -> None:
    run = harness.play("site.yml", *arguments)
    assert run.code != 0
    word = "--start-at-task would skip checks" if arguments[0] == "--start-at-task" else "would skip the gates"
    assert word in run.output
    assert harness.journal("read") + harness.journal("write") == []


@pytest.mark.parametrize("strategy", ["free", "host_pinned"])
@pytest.mark.parametrize("playbook", ["preflight.yml", "site.yml"])
def test_another_strategy_does_not_bypass_the_gates(harness: Harness, playbook: str, strategy: str) -> None:
    harness.given({**FINISHED, "agents": {}, "faults": {"host_info:hv02": "access denied"}})
    run = harness.play(playbook, environment={"ANSIBLE_STRATEGY": strategy})
    assert run.code != 0
    assert run.reasons == {"hv02": "H1: access denied"}
    assert run.failed == {"hv02"}
    assert harness.journal("write") == []


@pytest.mark.parametrize("playbook", ["preflight.yml", "target.yml", "vmm_servers.yml", "report.yml", "site.yml"])
def test_an_unreachable_localhost_is_reported(harness: Harness, playbook: str) -> None:
    """The connection of localhost is set for the plays, so only an extra variable can break it."""
    harness.given(FINISHED)
    run = harness.play(playbook, "-e", '{"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}')
    assert run.code != 0
    assert run.failed >= {"localhost"}
    assert run.reasons["localhost"].startswith("T1: the host that calls Azure is not reachable: ")
    assert "\nAzure T1: the host that calls Azure is not reachable: " in run.output
    assert harness.journal("write") == []


def test_variables_of_windows_in_the_group_all_do_not_reach_localhost(harness: Harness) -> None:
    harness.given(FINISHED)
    harness.variables |= {"ansible_become": True, "ansible_become_method": "runas", "ansible_connection": "winrm"}
    for host in ("vmm01", "hv01", "hv02"):
        for group in harness.hosts.values():
            if host in group:
                group[host] = {"ansible_become": False}
    run = harness.play("site.yml")
    assert run.code == 0, run.output


def test_the_report_playbook_fails_for_machines_that_are_not_set_up(harness: Harness) -> None:
    harness.given({**FINISHED, "agents": {"hv01": True}, "registered": {}})
    run = harness.play("report.yml")
    assert run.code != 0
    assert run.reasons == {
        "vmm01": "not registered with a Site Recovery Provider; run the playbook vmm_servers",
        "hv02": "no Recovery Services agent; run the playbook hyperv_hosts",
    }
    assert harness.journal("write") == []


@pytest.mark.parametrize("limit", [(), ("--limit", "localhost")], ids=["all", "localhost"])
def test_the_report_playbook_fails_for_a_target_that_is_not_set_up(harness: Harness, limit: tuple[str, ...]) -> None:
    harness.lists_localhost = True
    harness.given({**FINISHED, "accounts": {}})
    run = harness.play("report.yml", *limit)
    assert run.code != 0
    assert run.reasons == {"localhost": "T4: not there; planned: make stdr; run the playbook target"}
    assert (run.changed, harness.journal("write")) == (0, [])


def test_the_report_playbook_fails_for_a_target_that_cannot_be_planned(harness: Harness) -> None:
    harness.given({**FINISHED, "faults": {"storage_account": "resource group rg-dr does not exist"}})
    run = harness.play("report.yml")
    assert run.reasons["localhost"] == "resource group rg-dr does not exist"


def test_the_report_playbook_fails_for_a_registration_that_the_vault_does_not_show(harness: Harness) -> None:
    harness.given({**FINISHED, "clouds": {}})
    run = harness.play("report.yml")
    assert run.code != 0
    assert run.reasons["localhost"].startswith("P10: Gold: ")


def test_the_report_playbook_shows_the_setup(harness: Harness) -> None:
    harness.given(FINISHED)
    run = harness.play("report.yml")
    assert run.code == 0, run.output
    assert re.search(r"P10 +vmm01: registered", run.output)
    assert harness.journal("write") == []


def test_servers_without_a_vault_are_refused_with_the_playbook_to_run(harness: Harness) -> None:
    reason = "vault vault-dr does not exist in resource group rg-dr; create it with the playbook target, or correct the"
    refused(harness.play("vmm_servers.yml"), f"{reason} names")
    assert harness.journal("write") == []
