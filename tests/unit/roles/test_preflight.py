# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks of the playbooks over stand-ins: one report for all hosts, and each host fails for its own problems."""

from __future__ import annotations

import re
from typing import Any

import pytest

from .conftest import UNREACHABLE, Harness
from .test_site import FINISHED


@pytest.mark.parametrize(
    ("variables", "host", "reason"),
    [
        ({"azure_target_deployment_model": "classic"}, "localhost", "T2: azure_target_deployment_model: the classic"),
        (
            {"azure_target_storage_accounts": [{"name": "stdr", "location": "northeurope"}]},
            "localhost",
            "T4: azure_target_storage_accounts[0].location: northeurope is not",
        ),
        (
            {"vmm_server_clouds": ["gold", "Bronze"]},
            "vmm01",
            "P9: VMM has no cloud Bronze; its clouds are Gold, Silver",
        ),
        (
            {"vmm_server_data_encryption_certificate": "c.pfx"},
            "vmm01",
            "P7: vmm_server_data_encryption_certificate must not be set: data encryption",
        ),
    ],
)
def test_a_target_that_cannot_work_is_refused_in_one_line_before_anything_is_made(
    harness: Harness, variables: dict[str, Any], host: str, reason: str
) -> None:
    harness.variables |= variables
    run = harness.play("site.yml")
    assert run.code != 0
    assert run.failed == {host}
    assert run.reasons[host].startswith(reason)
    assert harness.state == {}


@pytest.mark.parametrize(
    ("state", "reasons"),
    [
        ({"faults": {"target_info": "sign-in failed: the secret"}}, {"localhost": "T1: sign-in failed: the secret"}),
        ({"faults": {"host_info:hv02": "access denied"}}, {"hv02": "H1: access denied"}),
        ({"status": "error"}, {host: f"S2: .NET on {host}" for host in ("vmm01", "hv01", "hv02")}),
    ],
)
def test_each_host_fails_for_its_own_checks_before_anything_is_made(
    harness: Harness, state: dict[str, Any], reasons: dict[str, str]
) -> None:
    harness.given(state)
    run = harness.play("site.yml")
    assert run.code != 0
    assert run.failed == reasons.keys()
    assert run.reasons == reasons
    assert harness.journal("write") == []


@pytest.mark.parametrize("playbook", ["preflight.yml", "hyperv_hosts.yml"])
def test_an_invalid_storage_account_is_one_line_for_azure_and_none_for_the_hosts(
    harness: Harness, playbook: str
) -> None:
    harness.variables |= {"azure_target_storage_accounts": [{"name": "stdr", "skuu": "Standard_LRS"}]}
    run = harness.play(playbook)
    assert run.reasons.keys() == ({"localhost"} if playbook == "preflight.yml" else set())
    assert "filter plugin" not in run.output
    if playbook == "preflight.yml":
        assert run.reasons["localhost"].startswith("T4: azure_target_storage_accounts[0].skuu must be ")


def test_a_target_that_cannot_be_set_up_as_requested_fails_the_preflight(harness: Harness) -> None:
    harness.given({**FINISHED, "faults": {"vault": "location: vault vault-dr cannot be moved"}})
    run = harness.play("preflight.yml")
    assert run.reasons == {"localhost": "location: vault vault-dr cannot be moved"}
    assert harness.journal("write") == []


def test_a_target_that_differs_passes_the_preflight(harness: Harness) -> None:
    run = harness.play("preflight.yml")
    assert run.code == 0, run.output
    assert harness.journal("write") == []


@pytest.mark.parametrize("answer", ["", " ", None])
def test_blank_answers_of_a_survey_are_like_none(harness: Harness, answer: str | None) -> None:
    names = ("vmm_servers", "hyperv_hosts", "unready_hosts", "uncovered_hosts", "problems_only", "max_fail_percentage")
    harness.given(FINISHED)
    harness.variables |= {f"site_{name}": answer for name in names}
    run = harness.play("site.yml")
    assert run.code == 0, run.output
    assert harness.journal("write") == []


def test_an_unreachable_machine_is_reported_with_the_checks_of_all_others(harness: Harness) -> None:
    harness.hosts["vmm_servers"]["vmm01"] = UNREACHABLE
    run = harness.play("preflight.yml")
    assert run.code != 0
    assert run.failed == {"vmm01"}
    assert run.reasons["vmm01"].startswith("S1: not reachable: ")
    assert "ansible_password for a rejected login, ansible_winrm_ca_trust_path or" in run.reasons["vmm01"]
    assert ".NET on hv02" in run.output
    assert harness.state == {}


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"vmm_server_proxy": {"mode": "direct", "adress": "http://x"}}, "vmm_server_proxy.adress"),
        ({"vmm_server_proxy": "direct"}, "vmm_server_proxy"),
        ({"vmm_server_provider_checksum": "{{ vault_nowhere }}"}, "vault_nowhere"),
        ({"ansible_password": "{{ vault_nowhere }}"}, "vault_nowhere"),
    ],
    ids=["unknown key", "wrong type", "undefined variable", "undefined password"],
)
def test_a_wrong_variable_of_one_machine_does_not_end_the_run_without_the_report(
    harness: Harness, variables: dict[str, Any], words: str
) -> None:
    harness.hosts["vmm_servers"]["vmm01"] = variables
    run = harness.play("preflight.yml")
    assert run.code != 0
    assert run.failed == {"vmm01"}
    assert words in run.reasons["vmm01"]
    assert ".NET on hv02" in run.output
    assert "\nvmm01" in run.output


def test_the_preflight_lists_every_check_and_warns_without_failing(harness: Harness) -> None:
    row = {"id": "target-scope", "step": "T1", "severity": "warning", "status": "fail", "fix": "grant it"}
    harness.given({**FINISHED, "status": "warning", "target_checks": [{**row, "message": "may not create networks"}]})
    run = harness.play("preflight.yml")
    assert run.code == 0, run.output
    assert re.search(r"T1 +target-scope +warning +may not create networks; grant it", run.output)
    assert "warning  .NET on hv01" in run.output
    assert "pass     runs as an administrator" in run.output
    assert harness.journal("write") == []


def test_a_target_where_nothing_can_be_made_is_reported_before_there_is_a_vault(harness: Harness) -> None:
    row = {"id": "target-scope", "step": "T1", "severity": "error", "status": "fail", "fix": ""}
    harness.given({"target_checks": [{**row, "message": "subscription Prod is Disabled"}]})
    run = harness.play("preflight.yml")
    assert run.code != 0
    assert run.reasons == {"localhost": "T1: subscription Prod is Disabled"}


def test_clouds_that_could_not_be_read_are_not_called_unknown(harness: Harness) -> None:
    harness.given({"vmm_stopped": True})
    run = harness.play("preflight.yml")
    assert run.code == 0, run.output
    assert "has no cloud" not in run.output


def test_the_same_machine_under_two_names_is_named_before_anything_is_made(harness: Harness) -> None:
    harness.given({"names": {"hv01": "hv01.x.test", "hv02": "HV01.x.test"}})
    run = harness.play("site.yml")
    assert run.code != 0
    line = "hv01 and hv02 are the same machine, hv01.x.test; remove all names but one from the inventory"
    assert run.reasons == {"hv01": line, "hv02": line}
    assert harness.journal("write") == []


CHINA, GOVERNMENT = "AzureChinaCloud", "AzureUSGovernment"


@pytest.mark.parametrize(
    ("variables", "environment", "cloud"),
    [
        ({"azure_target_cloud_environment": CHINA, "azure_target_location": "chinaeast2"}, {}, CHINA),
        ({}, {"AZURE_CLOUD_ENVIRONMENT": CHINA}, CHINA),
        ({"azure_target_profile": "east"}, {}, CHINA),
        ({}, {"AZURE_PROFILE": "east"}, CHINA),
        ({"azure_target_profile": "{{ 'ea' ~ 'st' }}", "azure_target_secret": ""}, {}, CHINA),
        ({}, {}, GOVERNMENT),
        ({}, {"ANSIBLE_AZURE_AUTH_SOURCE": "env"}, "AzureCloud"),
        # The default profile is not read for a login from elsewhere.
        ({"azure_target_client_id": "c"}, {}, "AzureCloud"),
        ({"azure_target_client_id": "c"}, {"AZURE_AUTHORITY_HOST": "https://login.chinacloudapi.cn"}, CHINA),
    ],
)
@pytest.mark.parametrize("playbook", ["preflight.yml", "hyperv_hosts.yml"])
def test_machines_are_checked_against_the_cloud_of_the_login(
    harness: Harness, playbook: str, variables: dict[str, str], environment: dict[str, str], cloud: str
) -> None:
    profiles = harness.folder / ".azure" / "credentials"
    profiles.parent.mkdir()
    profiles.write_text(f"[default]\ncloud_environment = {GOVERNMENT}\n[east]\ncloud_environment = {CHINA}\n")
    profiles.chmod(0o600)
    harness.variables |= variables
    harness.given(FINISHED)
    run = harness.play(playbook, environment=environment)
    assert run.code == 0, run.output
    assert set(harness.clouds().values()) == {cloud}
    assert len(harness.clouds()) == {"preflight.yml": 3}.get(playbook, 2)
