# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""playbooks/site.yml over stand-ins: order, keys made late, failures, check mode."""

from __future__ import annotations

import re
from typing import Any

import pytest

from .conftest import UNREACHABLE, Harness

VAULT_ID = (
    "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg-dr"
    "/providers/Microsoft.RecoveryServices/vaults/vault-dr"
)
FINISHED: dict[str, Any] = {
    "vaults": {"vault-dr": "westeurope"},
    "accounts": {"stdr": "ok"},
    "networks": {"vnet-dr": "ok"},
    "providers": {"vmm01": True},
    "registered": {"vmm01": VAULT_ID},
    "clouds": {"Gold": True},
    "agents": {"hv01": True, "hv02": True},
    "proxies": {"hv01": "direct", "hv02": "direct"},
}


def test_site_makes_everything_in_the_order_of_the_setup_guide_and_removes_the_key(harness: Harness) -> None:
    run = harness.play("site.yml")
    assert run.code == 0, run.output
    assert harness.state == FINISHED
    assert harness.journal("write") == [
        "vault vault-dr",
        "storage_account stdr",
        "virtual_network vnet-dr",
        "vault_registration_key make key",
        "provider vmm01",
        "provider_registration vmm01",
        "vmm_cloud_sync Gold",
        "vault_registration_key remove key",
        "mars_agent hv01",
        "mars_proxy hv01",
        "mars_agent hv02",
        "mars_proxy hv02",
    ]
    assert harness.journal("wait") == ["vmm_server_info servers"]
    # The view before the registration and the one after the wait make one row.
    assert re.search(r"P10 +vmm01: not registered +waited +vmm01: registered", run.output)
    assert not harness.key.exists()


def test_a_second_run_changes_nothing_creates_no_key_and_reads_everything_once(harness: Harness) -> None:
    harness.given(FINISHED)
    run = harness.play("site.yml")
    assert run.code == 0, run.output
    assert run.changed == 0, run.output
    assert harness.journal("write") == []
    assert harness.journal("wait") == []
    assert sorted(harness.journal("read")) == [
        "host_info hv01",
        "host_info hv02",
        "host_info vmm01",
        "target_info target",
        "vmm_server_info servers",
    ]
    # The checks of the hosts have found nothing to do, so they are in no wave.
    assert "Ensure the Recovery Services agent is installed" not in run.output
    assert re.search(r"^hv02 +H2 .*\n +H4 +there +nothing to do +there\n +H5 +there", run.output, re.M)


def test_only_hosts_with_something_to_do_are_in_a_wave(harness: Harness) -> None:
    harness.given({**FINISHED, "proxies": {"hv01": "custom", "hv02": "direct"}})
    run = harness.play("hyperv_hosts.yml")
    assert run.code == 0, run.output
    assert harness.journal("write") == ["mars_proxy hv01"]
    assert re.search(r"^Wave 1 of 1: 1 host in \d+ s, 1 changed, 0 failed, 0 left$", run.output, re.M)


def test_check_mode_on_nothing_passes_all_plays_and_touches_nothing(harness: Harness) -> None:
    run = harness.play("site.yml", "--check")
    assert run.code == 0, run.output
    assert harness.state == {}
    assert harness.journal("write") == []
    assert harness.journal("wait") == []
    for step in ("B1", "T4", "T6", "S4", "P1", "P4", "P9", "H4", "H5"):
        assert f" {step} " in run.output
    assert re.search(r"^ +S4 +no key +make a key +known after the run$", run.output, re.M)
    # The report is text and not JSON.
    assert re.search(r"^Check mode: nothing was changed\.$\n^host +step +found +planned +verified$", run.output, re.M)


def test_check_mode_on_a_vault_without_servers_plans_a_key_and_creates_none(harness: Harness) -> None:
    harness.given({"vaults": {"vault-dr": "westeurope"}})
    run = harness.play("site.yml", "--check")
    assert run.code == 0, run.output
    assert harness.journal("planned") == ["vault_registration_key make key"]
    assert harness.journal("wait") == []
    assert not harness.key.exists()


@pytest.mark.parametrize("missing", ["registered", "providers"])
def test_only_what_is_missing_is_made(harness: Harness, missing: str) -> None:
    """Azure does not show a registered server, or a registered server has no Provider."""
    harness.given({**FINISHED, missing: {}})
    run = harness.play("site.yml")
    assert run.code == 0, run.output
    assert harness.state == FINISHED
    assert ("vault_registration_key make key" in harness.journal("write")) == (missing == "registered")
    assert not harness.key.exists()


def test_after_a_failed_server_the_key_is_removed_and_each_server_says_why_it_is_not_set_up(harness: Harness) -> None:
    harness.hosts["vmm_servers"]["vmm02"] = {}
    harness.given({"faults": {"provider_registration:vmm01": "the key belongs to another vault"}})
    run = harness.play("site.yml")
    assert run.code != 0
    assert run.failed == {"vmm01", "vmm02"}
    assert run.reasons == {
        "vmm01": "the key belongs to another vault",
        "vmm02": "not set up, because vmm01 failed before it; run again",
    }
    # The report of the interrupted run has the evidence so far.
    assert re.search(r"^Azure +B1 +not there +make vault-dr", run.output, re.M)
    assert "\nvmm01: the key belongs to another vault\n" in run.output
    assert harness.journal("write")[-1] == "vault_registration_key remove key"
    assert not harness.key.exists()
    assert not {"provider vmm02", "mars_agent hv01"} & set(harness.journal("write"))


def test_the_active_node_is_set_up_first(harness: Harness) -> None:
    harness.hosts["vmm_servers"]["vmm02"] = {}
    harness.given({**FINISHED, "passive": ["vmm01"], "providers": {}, "registered": {"vmm02": VAULT_ID}})
    run = harness.play("vmm_servers.yml", "--check")
    assert run.code == 0, run.output
    order = re.findall(r"included: siterecovery.hyperv.vmm_server for (\S+)$", run.output, re.M)
    # Both are read at once before.
    assert order[-2:] == ["vmm02", "vmm01"]


def test_a_server_whose_connection_is_lost_still_lets_the_key_go(harness: Harness) -> None:
    harness.hosts["vmm_servers"]["vmm01"] = {
        **UNREACHABLE,
        "ansible_connection": "{{ 'ssh' if vmm_server_azure_registration is defined else 'local' }}",
    }
    run = harness.play("site.yml")
    assert run.code != 0
    assert run.failed == {"vmm01"}
    assert "onnect" in run.reasons["vmm01"]
    assert harness.journal("write")[-1] == "vault_registration_key remove key"
    assert not harness.key.exists()


def test_a_wait_that_fails_still_lets_the_key_go(harness: Harness) -> None:
    harness.given({"faults": {"wait": "vmm01 did not appear within 2700 s"}})
    run = harness.play("site.yml")
    assert run.code != 0
    assert run.reasons == {"localhost": "vmm01 did not appear within 2700 s"}
    assert not harness.key.exists()
    assert "mars_agent hv01" not in harness.journal("write")


def test_a_key_that_a_killed_run_left_is_removed_when_none_is_needed(harness: Harness) -> None:
    harness.given(FINISHED)
    harness.key.write_text("left behind")
    run = harness.play("site.yml")
    assert run.code == 0, run.output
    assert harness.journal("write") == ["vault_registration_key remove key"]
    assert not harness.key.exists()


def test_a_failed_host_stops_the_waves_after_its_own(harness: Harness) -> None:
    harness.given({"faults": {"mars_agent:hv01": "setup failed with 1603"}})
    run = harness.play("site.yml")
    assert run.code != 0
    assert run.reasons == {
        "hv01": "setup failed with 1603",
        "hv02": "not set up, because too many hosts of an earlier wave failed: hv01; run again",
    }
    # The report shows what was done before.
    assert re.search(r" P4 +not there +make ", run.output)
    assert "mars_agent hv02" not in harness.journal("write")


@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_failed_hosts_below_the_limit_are_named_by_the_report_and_fail_the_run(harness: Harness, strategy: str) -> None:
    harness.given({"faults": {"mars_agent:hv01": "setup failed with 1603"}})
    run = harness.play(
        "site.yml",
        "-e",
        "site_wave_sizes='100%' site_max_fail_percentage=60",
        environment={"ANSIBLE_STRATEGY": strategy},
    )
    assert run.code != 0
    assert run.failed == {"hv01"}
    assert "\nhv01: setup failed with 1603\n" in run.output
    assert "mars_agent hv02" in harness.journal("write")


@pytest.mark.parametrize("fault", ["setup failed with 1603", "unreachable"])
def test_a_wave_that_failed_as_a_whole_stops_the_run_only_below_100_percent(harness: Harness, fault: str) -> None:
    harness.given({"faults": {"mars_agent:hv01": fault}})
    run = harness.play("hyperv_hosts.yml", "-e", "site_wave_sizes=1,1 site_max_fail_percentage=100")
    assert run.code != 0
    assert run.failed == {"hv01"}
    assert fault in run.reasons["hv01"]
    assert "mars_agent hv02" in harness.journal("write")


def test_wave_sizes_can_be_given_as_text(harness: Harness) -> None:
    harness.given({"faults": {"mars_agent:hv02": "setup failed with 1603"}})
    run = harness.play("hyperv_hosts.yml", "-e", "site_wave_sizes=1,100%")
    assert run.code != 0
    assert [line for line in harness.journal("write") if "agent" in line] == ["mars_agent hv01"]


def test_two_nodes_of_a_cluster_are_never_in_one_wave(harness: Harness) -> None:
    harness.hosts["hyperv_hosts"] = {"hv01": {}, "hv02": {}, "hv03": {}}
    harness.given({"clusters": {"hv01": "HVC", "hv02": "hvc"}})
    planned = harness.play("hyperv_hosts.yml", "--check", "-e", "site_wave_sizes=100%")
    assert planned.code == 0, planned.output
    assert "\nWave 1 of 2: hv01, hv03\nWave 2 of 2: hv02\n" in planned.output
    run = harness.play("hyperv_hosts.yml", "-e", "site_wave_sizes=100%", environment={"ANSIBLE_STRATEGY": "free"})
    assert run.code == 0, run.output
    agents = [line for line in harness.journal("write") if "agent" in line]
    assert sorted(agents[:2]) == ["mars_agent hv01", "mars_agent hv03"]
    assert agents[2:] == ["mars_agent hv02"]
    assert re.search(r"^Wave 1 of 2: 2 hosts in \d+ s, 2 changed, 0 failed, 1 left$", run.output, re.M)
    assert re.search(r"^Wave 2 of 2: 1 host in \d+ s, 1 changed, 0 failed, 0 left$", run.output, re.M)


def test_failed_hosts_of_the_whole_run_stop_the_waves(harness: Harness) -> None:
    harness.hosts["hyperv_hosts"] = {f"hv0{number}": {} for number in range(1, 6)}
    harness.given({"faults": {"mars_agent:hv01": "setup failed", "mars_agent:hv03": "setup failed"}})
    limits = "site_wave_sizes=1 site_max_fail_percentage=100 site_max_run_fail_percentage=20"
    run = harness.play("hyperv_hosts.yml", "-e", limits)
    assert run.reasons["hv04"] == "not set up, because too many hosts of the run failed: hv01, hv03; run again"
    assert [line for line in harness.journal("write") if "agent" in line] == ["mars_agent hv02"]


def test_no_wave_begins_after_the_change_window(harness: Harness) -> None:
    run = harness.play("hyperv_hosts.yml", "-e", "site_window_end=2026-01-31T05:00:00Z")
    assert run.code != 0
    assert set(run.reasons) == {"hv01", "hv02"}
    assert run.reasons["hv01"].startswith("not set up, because the change window ended at 2026-01-31 ")
    assert harness.journal("write") == []
    wrong = harness.play("hyperv_hosts.yml", "-e", "site_window_end=tonight")
    assert "site_window_end must be a date and a time in ISO 8601, not 'tonight'" in wrong.output


def test_the_hosts_that_are_left_can_be_the_limit_of_the_next_run(harness: Harness) -> None:
    left = harness.folder / "left.txt"
    options = ("-e", f"site_wave_sizes=1 site_limit_file={left}")
    assert harness.play("site.yml", "--check", *options).code == 0
    assert not left.exists()
    harness.given({"faults": {"mars_agent:hv01": "setup failed"}})
    assert harness.play("site.yml", *options).code != 0
    assert left.read_text() == "localhost\nhv01\nhv02\n"
    harness.given({**harness.state, "faults": {}})
    run = harness.play("site.yml", *options, "--limit", f"@{left}")
    assert run.code == 0, run.output
    assert harness.state["agents"] == {"hv01": True, "hv02": True}
    assert not left.exists()


def test_other_groups_can_be_named(harness: Harness) -> None:
    harness.hosts = {"servers_berlin": {"vmm01": {}}, "hosts_berlin": {"hv01": {}}, "hyperv_hosts": {"hv02": {}}}
    run = harness.play("site.yml", "-e", "site_vmm_servers=servers_berlin site_hyperv_hosts=hosts_berlin")
    assert run.code == 0, run.output
    assert harness.state["agents"] == {"hv01": True}


def test_one_machine_can_be_vmm_server_and_hyperv_host(harness: Harness) -> None:
    harness.hosts["hyperv_hosts"] = {"vmm01": {}}
    harness.given({**FINISHED, "agents": {}})
    run = harness.play("site.yml")
    assert run.code == 0, run.output
    assert harness.state["agents"] == {"vmm01": True}
    assert "vault_registration_key make key" not in harness.journal("write")
    for step in ("P4", "H4"):
        assert f" {step} " in run.output


def test_a_host_of_a_chosen_cloud_that_the_inventory_lacks_fails_the_run_at_its_end(harness: Harness) -> None:
    harness.given({**FINISHED, "of_gold": ["hv01", "HV02", "hv03"]})
    run = harness.play("site.yml")
    assert run.code != 0
    left_out = "hv03.x.test (cloud Gold) is not in the group hyperv_hosts; add it to the inventory and run again"
    assert run.reasons == {"localhost": f"H1: {left_out}"}
    assert re.search(r"Azure +.*H1 +uncovered +warning +hv03.x.test \(cloud Gold\)", run.output, re.DOTALL)
    accepted = harness.play("site.yml", "-e", "site_uncovered_hosts=warn", "--limit", "localhost,vmm01,hv01")
    assert accepted.code == 0, accepted.output
    assert left_out in accepted.output
    assert "hv02" not in accepted.output.lower()


def test_a_run_without_any_host_stops_before_it_changes_anything_when_the_clouds_have_some(harness: Harness) -> None:
    harness.hosts["hyperv_hosts"] = {}
    harness.given({"of_gold": ["hv01"]})
    run = harness.play("site.yml")
    assert run.code != 0
    assert run.reasons["localhost"].startswith("H1: the inventory has no host in 'hyperv_hosts', but the chosen clouds")
    assert harness.journal("write") == []


UNREADY = {"faults": {"host_info:hv02": "access denied"}}


def test_a_host_that_is_not_ready_stops_the_run_by_default(harness: Harness) -> None:
    harness.given(UNREADY)
    run = harness.play("site.yml")
    assert run.reasons == {"hv02": "H1: access denied"}
    assert harness.journal("write") == []


def test_a_host_that_is_not_ready_can_be_skipped_and_fails_the_run_at_its_end(harness: Harness) -> None:
    harness.given(UNREADY)
    run = harness.play("site.yml", "-e", "site_unready_hosts=skip")
    assert run.code != 0
    assert run.reasons == {"hv02": "left out, because its checks failed: H1: access denied"}
    assert "left out: hv02 H1: access denied" in run.output
    assert harness.state["agents"] == {"hv01": True}


def test_a_host_that_is_not_ready_can_be_accepted(harness: Harness) -> None:
    harness.given(UNREADY)
    run = harness.play("hyperv_hosts.yml", "-e", "site_unready_hosts=accept")
    assert run.code == 0, run.output
    assert run.output.count("left out: hv02 H1: access denied") == 2
    assert harness.state["agents"] == {"hv01": True}


def test_the_preflight_fails_for_a_skipped_host(harness: Harness) -> None:
    harness.given(UNREADY)
    assert harness.play("preflight.yml", "-e", "site_unready_hosts=skip").reasons == {"hv02": "H1: access denied"}
    assert harness.play("preflight.yml", "-e", "site_unready_hosts=accept").code == 0


@pytest.mark.parametrize("choice", ["skip", "accept"])
def test_a_run_without_a_ready_host_stops(harness: Harness, choice: str) -> None:
    harness.given({"faults": {"host_info:hv01": "access denied", "host_info:hv02": "access denied"}})
    run = harness.play("site.yml", "-e", f"site_unready_hosts={choice}")
    assert set(run.reasons) == {"hv01", "hv02"}
    assert harness.journal("write") == []
