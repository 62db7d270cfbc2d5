# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way to Azure and back as pure functions: places, the next step, running jobs, the guide's table."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.failover import (
    CONSENT,
    NEXT,
    OPERATION_OF,
    STATES,
    DesiredFailover,
    Place,
    Running,
    Subject,
    decide,
    place_after,
    place_of,
    running_of,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.jobs import Job
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.protected_item import ProtectedItem
from ansible_collections.siterecovery.hyperv.plugins.modules.failover import OPTIONS
from tests.support.guides import console_lines

GUIDE = Path(__file__).parents[5] / "docs" / "failover.md"
READY = ("PlannedFailover", "UnplannedFailover", "DisableProtection", "TestFailover")
PLACES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "protected": ("Primary", "Protected", READY),
    "failed_over": ("Recovery", "PlannedFailoverCommitRequired", ("Commit", "ChangePit")),
    # The service names the reversal and no failback, although only the failback is possible (recorded).
    "failover_committed": ("Recovery", "UnplannedFailoverStatesBegin", ("ReverseReplicate", "DisableProtection")),
    "failed_back": ("Primary", "PlannedFailoverCommitRequired", ("Commit", "DisableProtection")),
    "failback_committed": ("Primary", "PlannedFailoverStatesBegin", ("ReverseReplicate",)),
    "copying": ("Primary", "InitialReplicationInProgress", ("DisableProtection",)),
    "other": ("Recovery", "UnplannedFailoverCompletionFailed", ("DisableProtection",)),
}


def item(place: str = "protected", **changed: Any) -> ProtectedItem:
    location, state, operations = PLACES[place]
    properties = {
        "friendlyName": "web01",
        "activeLocation": location,
        "protectionState": state,
        "allowedOperations": list(operations),
        "providerSpecificDetails": {"vmId": "vm-1", "vmProtectionState": state},
    }
    return ProtectedItem.from_wire({"id": "/items/1", "name": "1", "properties": {**properties, **changed}})


def desired(state: str, **changed: Any) -> DesiredFailover:
    options = {
        "vault_name": "vault-dr",
        CONSENT: "VAULT-DR",
        "machines": ["web01"],
        "vmm_server": None,
        "vmm_cloud": None,
        "state": state,
        "kind": "planned",
        "shut_down": True,
        "recovery_point": "latest",
        "recovery_point_time": None,
        "synchronization": "before_failback",
        "recovery_plan": None,
        "manual_actions": "wait",
        "create_missing_machines": False,
    }
    return DesiredFailover.from_options({**options, **changed})


def job(state: str, scenario: str, target: str) -> Job:
    properties = {"state": state, "scenarioName": scenario, "targetObjectId": target}
    return Job.from_wire({"name": "job-1", "properties": properties})


@pytest.mark.parametrize("place", PLACES)
def test_the_operations_that_are_allowed_tell_the_place(place: str) -> None:
    assert place_of(item(place)) == place


def test_the_table_knows_every_state_and_place() -> None:
    assert set(PLACES) == set(get_args(Place))
    assert set(NEXT) == set(STATES) == set(OPERATION_OF)
    assert all(set(row) == set(get_args(Place)) - {"other"} for row in NEXT.values())


def test_each_place_but_one_has_exactly_one_way_on() -> None:
    """A machine that is protected, failed over or back can take one step; a second one would skip a decision."""
    starts = [place for row in NEXT.values() for place, step in row.items() if step == "start"]
    assert sorted(starts) == sorted(set(get_args(Place)) - {"copying", "other"})


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("place", PLACES)
def test_every_decision(state: str, place: str) -> None:
    decision = decide(Subject(item(place)), desired(state))
    expected = NEXT[desired(state).state].get(place, "")  # type: ignore[call-overload]
    if expected in ("start", "nothing", "wait"):
        assert decision.step == expected
    else:
        assert (decision.step, expected in decision.reason) == ("refuse", True)
        assert decision.reason.startswith("machine 'web01' is not changed: ")


@pytest.mark.parametrize(
    ("place", "scenario", "operation"),
    [
        ("protected", "PlannedFailover", "failover"),
        ("protected", "UnplannedFailover", "failover"),
        ("failover_committed", "PlannedFailover", "failback"),
        ("failed_over", "CommitFailover", "commit"),
        ("failed_back", "FinalizeFailback", "commit"),
        ("failback_committed", "ReverseReplication", "reverse"),
        ("failback_committed", "ReprotectReplicationGroup", "reverse"),
        ("protected", "TestFailover", None),
    ],
)
def test_a_running_job_is_followed_by_the_state_that_it_leads_to(
    place: str, scenario: str, operation: str | None
) -> None:
    running = Running("job-1", scenario)
    assert running.operation(item(place)) == operation
    steps = {state: decide(Subject(item(place), running), desired(state)).step for state in STATES}
    assert steps == {state: "follow" if OPERATION_OF[state] == operation else "refuse" for state in STATES}


@pytest.mark.parametrize(
    ("found", "known"),
    [
        (job("InProgress", "PlannedFailover", "VM-1"), True),
        (job("Suspended", "PlannedFailover", "vm-1"), True),
        (job("Succeeded", "PlannedFailover", "vm-1"), False),
        (job("InProgress", "PlannedFailover", "vm-2"), False),
        (job("InProgress", "UpdateVmProperties", "vm-1"), False),
    ],
)
def test_a_job_that_the_item_does_not_show_yet_is_found(found: Job, known: bool) -> None:
    assert (running_of(item(), [found]) is not None) is known


def test_the_job_of_the_item_comes_first() -> None:
    scenario = {"scenarioName": "TestFailover", "jobId": "/jobs/job-2"}
    found = running_of(item(currentScenario=scenario), [job("InProgress", "PlannedFailover", "vm-1")])
    assert found == Running("job-2", "TestFailover")


@pytest.mark.parametrize("kind", ["planned", "unplanned"])
def test_a_kind_that_the_service_does_not_allow_is_refused(kind: str) -> None:
    other = "UnplannedFailover" if kind == "planned" else "PlannedFailover"
    decision = decide(Subject(item(allowedOperations=[other])), desired("failed_over", kind=kind))
    assert (decision.step, "does not allow this kind" in decision.reason) == ("refuse", True)


def test_the_guide_shows_the_table() -> None:
    rows = [line for line in GUIDE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    shown = {tuple(cell.strip().strip("`") for cell in row.strip("|").split("|"))[:3:2] for row in rows}
    onward = [(place, Subject(item(place)).to_result()["next_state"]) for place in PLACES if place != "other"]
    assert shown >= set(onward)


def test_the_commands_of_the_guide_take_the_steps_in_their_order() -> None:
    emergency, *commands = console_lines(GUIDE)
    steps = [re.findall(r"-e step=(\w+) ", command) for command in commands]
    place, order = place_of(item()), list[list[str]]()
    while not order or place != "protected":
        subject = Subject(item(place))
        order.append([subject.to_result()["next_state"]])
        place = place_after(subject)
    assert steps == order
    assert emergency == commands[0]
    assert all(command.endswith(f" -e {CONSENT}=vault-dr") for command in commands)


def test_the_playbook_of_the_guide_has_options_of_the_module() -> None:
    (text,) = re.findall(r"^```yaml\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    given = yaml.safe_load(text)[0]["tasks"][0]["siterecovery.hyperv.failover"]
    assert set(given) <= set(OPTIONS)
    # A consent that is stored would be one for every run.
    assert given[CONSENT] == "{{ i_know_that_this_stops_production | default(omit) }}"
