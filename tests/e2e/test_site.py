# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run site.yml as a user does, from an empty environment to a complete setup, in every cell of the matrix."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest

from lab.context import Entry
from tests.e2e.cells import Cell
from tests.e2e.conftest import MakeLab, controller_of
from tests.support.playbook import SITE, Run

#: The steps for which a full run must return evidence, by host.
STEPS = {
    "localhost": {"B1", "T1", "T3", "T4", "T6", "S4", "P10", "N1", "N2"},
    "vmm01": {"S1", "S2", "S3", "P1", "P3", "P4", "P5", "P6c", "P6d", "P6e", "P8", "P9"},
    "hv01": {"H1", "H2", "H3", "H4", "H5", "H6"},
    "hv02": {"H1", "H2", "H3", "H4", "H5", "H6"},
}
CHANGING = [
    "vault",
    "storage_account",
    "virtual_network",
    "provider",
    "provider_registration",
    "vmm_cloud_sync",
    "mars_agent",
    "mars_proxy",
]


REPLICATED = ["network_mapping", "replication_policy", "policy_association"]
#: The replication follows in the same run. Its networks and clouds are known after the registration.
REPLICATION = {
    "replication_network_mappings": [{"vm_network": "VM Network", "azure_network": "vnet-dr"}],
    "replication_policies": [{"name": "policy-gold", "copy_frequency": 300, "clouds": ["Gold", "Silver"]}],
}


@dataclass(frozen=True)
class Act:
    """One run, with its writes and the state after it."""

    run: Run
    journal: list[Entry]
    counts: Counter[str]
    state: dict[str, Any]


@dataclass(frozen=True)
class Story:
    """A run in check mode, a first run and a second run on one lab."""

    empty: dict[str, Any]
    check: Act
    first: Act
    second: Act


@pytest.fixture(scope="module")
def story(cell: Cell, make_shared_lab: MakeLab) -> Story:
    lab = make_shared_lab()
    controller = controller_of(cell, lab)

    def act(*arguments: str) -> Act:
        lab.context.journal.clear()
        run = controller.run(SITE, "-e", json.dumps(REPLICATION), *arguments)
        return Act(run, list(lab.context.journal.entries), Counter(lab.context.journal.counts), lab.snapshot())

    return Story(lab.snapshot(), act("--check", "--diff"), act("--diff"), act())


def test_check_mode_shows_the_complete_plan(story: Story) -> None:
    assert story.check.run.returncode == 0, story.check.run.output
    for name in CHANGING:
        tasks = story.check.run.of(name)
        assert tasks, f"{name} did not run"
        assert all(task.changed and task.result["plan"] for task in tasks), name


def test_check_mode_writes_nothing(story: Story) -> None:
    assert story.check.journal == []
    assert story.check.state == story.empty


def test_check_mode_creates_no_key_and_shows_unknown_values(story: Story) -> None:
    assert [
        task.result["vault_registration_key"]["expires"]
        for task in story.check.run.of("vault_registration_key")
        if task.changed
    ] == ["(known after apply)"]
    assert "(known after apply)" in story.check.run.output


def test_first_run_sets_everything_up(story: Story) -> None:
    assert story.first.run.returncode == 0, story.first.run.output
    assert story.first.state != story.empty
    for name in CHANGING:
        assert all(task.changed for task in story.first.run.of(name)), name


def test_check_mode_planned_what_the_first_run_did(story: Story) -> None:
    # Compare sets, because in check mode each Azure module plans the resource group that they share.
    def plans(run: Run) -> list[tuple[str, str, list[str]]]:
        return sorted(
            (task.host, task.action, sorted({change["path"] for change in task.result["plan"]}))
            for name in CHANGING
            for task in run.of(name)
        )

    assert plans(story.check.run) == plans(story.first.run)


@pytest.mark.parametrize(("host", "steps"), STEPS.items())
def test_first_run_has_evidence_for_every_step(story: Story, host: str, steps: set[str]) -> None:
    assert steps <= story.first.run.evidence().get(host, set())


def test_replication_is_set_up_once_the_vault_shows_networks_and_clouds(story: Story) -> None:
    planned = [task.result for name in REPLICATED for task in story.check.run.of(name)]
    assert [result.get("error", {}).get("kind") for result in planned] == ["refused", None, "refused"]
    assert [bool(result.get("plan")) for result in planned] == [False, True, False]
    (association,) = story.first.run.of("policy_association")
    assert [cloud["state"] for cloud in association.result["policy_association"]["clouds"]] == ["Paired", "Paired"]
    assert [task.changed for name in REPLICATED for task in story.first.run.of(name)] == [True] * 3


def test_summary_names_every_host_and_step(story: Story) -> None:
    summary = story.first.run.output.rsplit("PLAY RECAP", 1)[0].rsplit("PLAY [Report]", 1)[1]
    for host, steps in STEPS.items():
        assert host in summary
        for step in steps:
            assert step in summary, step
    # The report is plain text, so that users can copy paths.
    assert r"C:\Program Files\Microsoft" in summary


def test_every_difference_is_shown(story: Story) -> None:
    for name in CHANGING:
        for task in story.first.run.of(name):
            diff = task.result["diff"]
            assert diff["before"] != diff["after"], name


def test_one_key_is_created_late_and_removed(story: Story) -> None:
    certificates = [entry for entry in story.first.journal if "/certificates/" in entry.target.lower()]
    assert len(certificates) == 1
    installed = [entry.verb for entry in story.first.journal].index
    assert story.first.journal.index(certificates[0]) > 0
    assert installed is not None
    assert "VaultCredentials" not in json.dumps(story.first.state)


def test_second_run_changes_nothing(story: Story) -> None:
    assert story.second.run.returncode == 0, story.second.run.output
    assert story.second.run.changed == 0
    assert story.second.journal == []
    assert story.second.state == story.first.state


def test_second_run_creates_no_key(story: Story) -> None:
    assert not [task for task in story.second.run.of("vault_registration_key") if task.changed]
    assert story.second.counts["azure.certificate"] == 0


def test_second_run_needs_one_execution_per_module_and_host(story: Story) -> None:
    scripts = {name: count for name, count in story.second.counts.items() if name.startswith("script:")}
    # The WinRM server of the lab counts executions independently of the names of scripts.
    assert story.second.counts["execution"] == sum(scripts.values())
    tasks = [
        task
        for name in ("provider", "provider_registration", "vmm_cloud_sync", "mars_agent", "mars_proxy", "host_info")
        for task in story.second.run.of(name)
    ]
    assert sum(scripts.values()) == len(tasks)
