# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""playbooks/site.yml and playbooks/preflight.yml over stand-ins: order, keys made late, failures, check mode."""

from __future__ import annotations

import re
from typing import Any

import pytest

from .conftest import UNREACHABLE, Rehearsal

FINISHED = {
    "vaults": {"vault-dr": "westeurope"},
    "accounts": {"stdr": "ok"},
    "networks": {"vnet-dr": "ok"},
    "providers": {"vmm01": True},
    "registered": {
        "vmm01": "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg-dr"
        "/providers/Microsoft.RecoveryServices/vaults/vault-dr"
    },
    "clouds": {"Gold": True},
    "agents": {"hv01": True, "hv02": True},
    "proxies": {"hv01": "direct", "hv02": "direct"},
}


def test_site_makes_everything_in_the_order_of_the_walkthrough_and_removes_the_key(rehearsal: Rehearsal) -> None:
    run = rehearsal.play("site.yml")
    assert run.code == 0, run.output
    assert rehearsal.state == FINISHED
    assert rehearsal.journal("write") == [
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
    assert rehearsal.journal("wait") == ["vmm_server_info servers"]
    # The look before the wait and the one after it make one row.
    assert re.search(r"P10 +vmm01: not registered +waited +vmm01: registered", run.output)
    assert not rehearsal.key.exists()


def test_a_second_run_changes_nothing_asks_for_no_key_and_does_not_wait(rehearsal: Rehearsal) -> None:
    rehearsal.world(FINISHED)
    run = rehearsal.play("site.yml")
    assert run.code == 0, run.output
    assert run.changed == 0
    assert rehearsal.journal("write") == []
    assert rehearsal.journal("wait") == []
    # One execution per machine for the checks, and one look at the vault's servers.
    assert sorted(rehearsal.journal("read")) == [
        "host_info hv01",
        "host_info hv02",
        "host_info vmm01",
        "vmm_server_info servers",
    ]


def test_check_mode_on_nothing_goes_through_all_plays_and_touches_nothing(rehearsal: Rehearsal) -> None:
    run = rehearsal.play("site.yml", "--check")
    assert run.code == 0, run.output
    assert rehearsal.state == {}
    assert rehearsal.journal("write") == []
    assert rehearsal.journal("wait") == []
    for step in ("B1", "T4", "T6", "S4", "P1", "P4", "P9", "H4", "H5"):
        assert f" {step} " in run.output
    assert "planned: make a key" in run.output
    assert "What would be done: nothing was changed" in run.output


def test_check_mode_on_a_vault_without_servers_plans_a_key_and_makes_none(rehearsal: Rehearsal) -> None:
    rehearsal.world({"vaults": {"vault-dr": "westeurope"}})
    run = rehearsal.play("site.yml", "--check")
    assert run.code == 0, run.output
    assert rehearsal.journal("planned") == ["vault_registration_key make key"]
    assert rehearsal.journal("wait") == []
    assert not rehearsal.key.exists()


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("Azure does not know a server that says it is registered", {"registered": {}}),
        ("a provider is missing on a registered server", {"providers": {}}),
    ],
)
def test_only_what_is_missing_is_made(rehearsal: Rehearsal, name: str, missing: dict[str, Any]) -> None:
    rehearsal.world({**FINISHED, **missing})
    run = rehearsal.play("site.yml")
    assert run.code == 0, run.output
    assert rehearsal.state == FINISHED
    needs_key = "registered" in missing
    assert ("vault_registration_key make key" in rehearsal.journal("write")) == needs_key
    assert not rehearsal.key.exists()


def test_after_a_failed_server_the_key_goes_the_rest_is_left_alone_and_the_reason_is_the_last_word(
    rehearsal: Rehearsal,
) -> None:
    rehearsal.hosts["vmm_servers"]["vmm02"] = {}
    rehearsal.world({"faults": {"provider_registration:vmm01": "the key belongs to another vault"}})
    run = rehearsal.play("site.yml")
    assert run.code != 0
    assert run.reason == "vmm01: the key belongs to another vault (left alone: vmm02)"
    assert rehearsal.journal("write")[-1] == "vault_registration_key remove key"
    assert not rehearsal.key.exists()
    assert not {"provider vmm02", "mars_agent hv01"} & set(rehearsal.journal("write"))


def test_a_server_that_is_lost_on_the_way_still_lets_the_key_go(rehearsal: Rehearsal) -> None:
    rehearsal.hosts["vmm_servers"]["vmm01"] = {
        **UNREACHABLE,
        "ansible_connection": "{{ 'ssh' if vmm_server_vault_id is defined else 'local' }}",
    }
    run = rehearsal.play("site.yml")
    assert run.code != 0
    assert run.reason.startswith("vmm01: ")
    assert "onnect" in run.reason
    assert rehearsal.journal("write")[-1] == "vault_registration_key remove key"
    assert not rehearsal.key.exists()


def test_a_wait_that_fails_still_lets_the_key_go(rehearsal: Rehearsal) -> None:
    rehearsal.world({"faults": {"wait": "vmm01 did not show up within 2700 s"}})
    run = rehearsal.play("site.yml")
    assert run.code != 0
    assert run.reason == "vmm01 did not show up within 2700 s"
    assert not rehearsal.key.exists()
    assert "mars_agent hv01" not in rehearsal.journal("write")


def test_a_key_that_a_killed_run_left_is_removed_when_none_is_needed(rehearsal: Rehearsal) -> None:
    rehearsal.world(FINISHED)
    rehearsal.key.write_text("left over")
    run = rehearsal.play("site.yml")
    assert run.code == 0, run.output
    assert rehearsal.journal("write") == ["vault_registration_key remove key"]
    assert not rehearsal.key.exists()


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"azure_target_deployment_model": "classic"}, "Azure T2: azure_target_deployment_model: the classic model"),
        ({"azure_target_storage_accounts": [{"name": "stdr", "location": "northeurope"}]}, "Azure T4: storage account"),
        ({"vmm_server_clouds": ["gold", "Bronze"]}, "vmm01 P9: VMM knows no cloud Bronze; its clouds are Gold, Silver"),
        ({"vmm_server_data_encryption_certificate": "c.pfx"}, "vmm01 P7: vmm_server_data_encryption_certificate: data"),
    ],
)
def test_a_wish_that_cannot_work_is_refused_in_one_line_before_anything_is_made(
    rehearsal: Rehearsal, variables: dict[str, Any], reason: str
) -> None:
    rehearsal.variables |= variables
    run = rehearsal.play("site.yml")
    assert run.code != 0
    assert run.reason.startswith(reason)
    assert rehearsal.state == {}


def scope_row(hardness: str, reason: str) -> dict[str, str]:
    """A rule about the scope that fails."""
    return {"rule": "r", "hardness": hardness, "verdict": "fail", "reason": reason}


@pytest.mark.parametrize(
    ("world", "reason"),
    [
        ({"faults": {"vault_info": "sign-in failed: the client secret is wrong"}}, "Azure T1: sign-in failed: the cl"),
        ({"faults": {"host_info:hv02": "access denied"}}, "hv02 H1: access denied"),
        ({"verdict": "fail"}, "vmm01 S2: .NET on vmm01; hv01 S2: .NET on hv01; hv02 S2: .NET on hv02"),
    ],
)
def test_a_failed_check_stops_in_one_line_before_anything_is_made(
    rehearsal: Rehearsal, world: dict[str, Any], reason: str
) -> None:
    rehearsal.world(world)
    run = rehearsal.play("site.yml")
    assert run.code != 0
    assert run.reason.startswith(reason)
    assert rehearsal.journal("write") == []


def test_an_unreachable_machine_is_named_with_all_other_verdicts(rehearsal: Rehearsal) -> None:
    rehearsal.hosts["vmm_servers"]["vmm01"] = UNREACHABLE
    run = rehearsal.play("preflight.yml")
    assert run.code != 0
    assert run.reason.startswith("vmm01 S1: not reachable: ")
    assert ".NET on hv02" in run.output
    assert rehearsal.state == {}


def test_the_preflight_alone_lists_every_check_and_shows_warnings_without_failing(rehearsal: Rehearsal) -> None:
    rehearsal.world(
        {
            "verdict": "warn",
            "vaults": {"vault-dr": "westeurope"},
            "accounts": {"old": "refused"},
            "scope": [scope_row("warn", "may not create networks")],
        }
    )
    run = rehearsal.play("preflight.yml")
    assert run.code == 0, run.output
    assert "T1    warn     may not create networks" in run.output
    assert "warn     .NET on hv01" in run.output
    assert "pass     runs as an administrator" in run.output
    assert "T3    warn     0 storage accounts and 0 networks can be used; old refused" in run.output
    assert rehearsal.journal("write") == []


def test_a_target_where_nothing_can_be_made_is_seen_before_there_is_a_vault(rehearsal: Rehearsal) -> None:
    rehearsal.world({"scope": [scope_row("hard", "subscription Prod is Disabled")]})
    run = rehearsal.play("preflight.yml")
    assert run.code != 0
    assert run.reason.startswith("Azure T1: subscription Prod is Disabled")


@pytest.mark.parametrize("playbook", ["site.yml", "preflight.yml"])
def test_an_inventory_without_a_vmm_server_is_refused(rehearsal: Rehearsal, playbook: str) -> None:
    rehearsal.hosts["vmm_servers"] = {}
    run = rehearsal.play(playbook)
    assert run.code != 0
    assert run.reason.startswith("The inventory has no host in 'vmm_servers'; put the VMM servers into the group")
    assert rehearsal.state == {}


def test_a_failed_host_stops_the_waves_after_its_own(rehearsal: Rehearsal) -> None:
    rehearsal.world({"faults": {"mars_agent:hv01": "setup failed with 1603"}})
    run = rehearsal.play("site.yml")
    assert run.code != 0
    assert "setup failed with 1603" in run.output
    assert "mars_agent hv02" not in rehearsal.journal("write")


def test_failed_hosts_below_the_limit_are_named_by_the_summary_and_make_the_run_red(rehearsal: Rehearsal) -> None:
    rehearsal.world({"faults": {"mars_agent:hv01": "setup failed with 1603"}})
    run = rehearsal.play("site.yml", "-e", "{hyperv_host_waves: ['100%'], hyperv_host_max_fail_percentage: 60}")
    assert run.code != 0
    assert run.reason == "not finished: hv01; see their errors above, then run again"
    assert "mars_agent hv02" in rehearsal.journal("write")


def test_without_the_checks_the_servers_are_read_before_a_key_is_asked_for(rehearsal: Rehearsal) -> None:
    rehearsal.world(FINISHED)
    run = rehearsal.play("site.yml", "--skip-tags", "preflight")
    assert run.code == 0, run.output
    assert rehearsal.journal("write") == []
    assert rehearsal.journal("read") == ["host_info vmm01", "vmm_server_info servers"]


def test_a_limited_run_asks_nothing_of_machines_outside_the_limit(rehearsal: Rehearsal) -> None:
    rehearsal.hosts["hyperv_hosts"]["hv02"] = UNREACHABLE
    run = rehearsal.play("site.yml", "--limit", "localhost,vmm01,hv01")
    assert run.code == 0, run.output
    assert "hv02" not in run.output


def test_other_groups_can_be_named(rehearsal: Rehearsal) -> None:
    rehearsal.hosts = {"servers_berlin": {"vmm01": {}}, "hosts_berlin": {"hv01": {}}, "hyperv_hosts": {"hv02": {}}}
    run = rehearsal.play("site.yml", "-e", "vmm_servers=servers_berlin hyperv_hosts=hosts_berlin")
    assert run.code == 0, run.output
    assert rehearsal.state["agents"] == {"hv01": True}


def test_one_machine_can_be_vmm_server_and_hyperv_host(rehearsal: Rehearsal) -> None:
    rehearsal.hosts["hyperv_hosts"] = {"vmm01": {}}
    rehearsal.world({**FINISHED, "agents": {}})
    run = rehearsal.play("site.yml")
    assert run.code == 0, run.output
    assert rehearsal.state["agents"] == {"vmm01": True}
    assert "vault_registration_key make key" not in rehearsal.journal("write")
    for step in ("P4", "H4"):
        assert f" {step} " in run.output


def test_a_host_of_a_chosen_cloud_that_nobody_set_up_makes_the_run_red_at_its_end(rehearsal: Rehearsal) -> None:
    rehearsal.world({**FINISHED, "of_gold": ["hv01", "HV02", "hv03"]})
    run = rehearsal.play("site.yml")
    assert run.code != 0
    left_out = "hv03.x.test (cloud Gold) is not in the group hyperv_hosts: add it to the inventory and run again"
    assert run.reason == left_out
    assert re.search(r"Azure +.*H1 +warn +hv03.x.test \(cloud Gold\)", run.output, re.DOTALL)
    accepted = rehearsal.play("site.yml", "-e", "hyperv_hosts_uncovered=warn", "--limit", "localhost,vmm01,hv01")
    assert accepted.code == 0, accepted.output
    assert left_out in accepted.output
    assert "hv02" not in accepted.output.lower()


def test_clouds_that_could_not_be_read_are_not_called_unknown(rehearsal: Rehearsal) -> None:
    rehearsal.world({"vmm_stopped": True})
    run = rehearsal.play("preflight.yml")
    assert run.code == 0, run.output
    assert "knows no cloud" not in run.output
