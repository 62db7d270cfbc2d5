# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The replication in the playbooks, over stand-ins: order, failures before it, and what a plan cannot know yet."""

from __future__ import annotations

import re
from typing import Any

import pytest

from .conftest import Harness
from .test_site import FINISHED

GIVEN: dict[str, Any] = {
    "replication_network_mappings": [
        {"vm_network": "Production", "azure_network": "vnet-dr"},
        {"vm_network": "Old", "state": "absent"},
    ],
    "replication_policies": [
        {"name": "policy-old", "clouds": ["Silver"], "state": "absent"},
        {"name": "policy-gold", "copy_frequency": 300, "clouds": ["Gold"]},
    ],
}
#: The state that an earlier run has left.
EARLIER = {"mappings": {"Old": "vnet-dr"}, "policies": {"policy-old": True}, "associations": {"Silver": "policy-old"}}
WRITES = [
    "network_mapping Production",
    "network_mapping Old",
    "replication_policy policy-gold",
    # A cloud leaves its old policy before another one joins a new one.
    "policy_association Silver",
    "policy_association Gold",
    "replication_policy policy-old",
]


def test_site_sets_the_replication_up_after_all_hosts_and_changes_nothing_again(harness: Harness) -> None:
    harness.variables |= GIVEN
    harness.given(EARLIER)
    run = harness.play("site.yml")
    assert run.code == 0, run.output
    assert harness.journal("write")[-7:] == ["mars_proxy hv02", *WRITES]
    assert re.search(r" P10 .*\n( .*\n)* +N1 +not there +make Production .*\n( .*\n)* +N2 +not there", run.output)
    # The wait for the servers was also one for the VM networks.
    assert harness.journal("wait") == ["vmm_server_info servers"]
    again = harness.play("site.yml")
    assert again.code == 0, again.output
    assert again.changed == 0, again.output
    assert harness.journal("write") == []


def test_a_failed_host_stops_the_run_before_the_replication(harness: Harness) -> None:
    harness.variables |= {**GIVEN, "site_max_fail_percentage": 100}
    harness.given({"faults": {"mars_agent:hv02": "setup failed with 1603"}})
    run = harness.play("site.yml")
    assert run.reasons == {"hv02": "setup failed with 1603"}
    assert not {name for name in harness.journal("write") if name.startswith(("network", "policy"))}


def test_a_failure_fails_the_run_and_the_report_shows_what_was_done_before(harness: Harness) -> None:
    harness.variables |= GIVEN
    harness.given({**FINISHED, "faults": {"policy_association": "host hv01 has no agent"}})
    run = harness.play("replication.yml")
    assert run.reasons == {"localhost": "host hv01 has no agent; host hv01 has no agent"}
    assert re.search(r" N1 +not there +make Production +Production is there", run.output)


def test_check_mode_before_the_registration_says_what_it_cannot_know(harness: Harness) -> None:
    harness.variables |= GIVEN
    run = harness.play("site.yml", "--check")
    assert run.code == 0, run.output
    assert harness.journal("write") == []
    assert re.search(r" N1 +the vault has no .* +known after the earlier", run.output)
    assert re.search(r" N2 +not there +make policy-gold +known after the run", run.output)


@pytest.mark.parametrize("playbook", ["replication.yml", "preflight.yml"])
def test_a_policy_that_its_clouds_leave_in_the_same_run_is_no_failure_of_a_plan(
    harness: Harness, playbook: str
) -> None:
    harness.variables |= GIVEN
    harness.given({**FINISHED, **EARLIER})
    run = harness.play(playbook, "--check")
    assert run.code == 0, run.output
    assert "known after the earlier" in run.output
    # A cloud that no entry lists keeps its policy, and nothing is planned that would change this.
    harness.variables |= {"replication_policies": [{"name": "policy-old", "state": "absent"}]}
    assert harness.play(playbook, "--check").code != 0


@pytest.mark.parametrize(
    ("state", "reasons", "statuses"),
    [
        ({}, {}, {("N1", "pass"), ("N2", "pass")}),
        # An error is never taken for something that is not known yet.
        (
            {"faults": {"network_mapping": "access denied"}},
            {"localhost": "N1: access denied"},
            {("N1", "error"), ("N2", "pass")},
        ),
    ],
    ids=["nothing", "error"],
)
def test_the_preflight_has_the_checks_of_the_replication(
    harness: Harness, state: dict[str, Any], reasons: dict[str, str], statuses: set[tuple[str, str]]
) -> None:
    harness.variables |= GIVEN
    harness.given(state)
    run = harness.play("preflight.yml")
    assert run.reasons == reasons, run.output
    assert set(re.findall(r"^(?:Azure)? +(N[12]) +(pass|error) ", run.output, re.M)) == statuses
    assert harness.journal("write") == []


def test_invalid_variables_stop_the_site_before_anything_is_made(harness: Harness) -> None:
    """A misspelled name counts as well, because any variable of the role has the role checked."""
    harness.variables |= {
        "replication_network_mapping": [],
        "replication_policies": [{"name": "p", "copy_frequency": 60}],
    }
    run = harness.play("site.yml")
    assert run.reasons == {
        "localhost": "N2: replication_policies[0].copy_frequency must be one of 30, 300, 900, not '60'; choose one of"
        " them; N2: replication_network_mapping must be a variable of this collection; did you mean"
        " replication_network_mappings?"
    }
    assert harness.journal("write") == []


def test_the_report_fails_for_a_replication_that_differs(harness: Harness) -> None:
    harness.variables |= GIVEN
    harness.given({**FINISHED, "mappings": {"Production": "vnet-dr"}})
    run = harness.play("report.yml")
    assert run.code != 0
    assert run.reasons["localhost"].startswith("N2: not there; planned: make policy-gold; run the playbook replication")
    assert re.search(r"^ +N1 +there +nothing to do", run.output, re.M)
