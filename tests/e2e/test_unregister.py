# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way back: a whole site with a protected machine is removed step by step, and nothing is left (X1)."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lab.context import Entry
from lab.lab import Lab
from lab.windows import layout
from tests.e2e.cells import Cell
from tests.e2e.conftest import MakeLab, controller_of
from tests.support.guides import console_blocks
from tests.support.playbook import SITE, Run
from tests.support.plays import NAMES, module_task, play, write
from tests.tools.paths import ROOT

GUIDE = ROOT / "docs" / "unregister.md"
STEPS = (
    "recovery_plans",
    "protected_items",
    "network_mappings",
    "policy_associations",
    "replication_policies",
    "servers",
)
PARTS = ("registry", "certificates", "run_as_account", "provider", "agent")
POLICY = "policy-gold"
PROTECT = (
    module_task("replication_policy", {**NAMES, "name": POLICY}),
    module_task("policy_association", {**NAMES, "policy": POLICY, "clouds": ["Gold"]}),
    module_task("network_mapping", {**NAMES, "vm_network": "VM Network", "azure_network": "vnet-dr"}),
    module_task("protected_vm", {**NAMES, "cloud": "Gold", "policy": POLICY, "machines": [{"name": "web01"}]}),
    module_task("recovery_plan", {**NAMES, "name": "shop", "groups": [{"machines": ["web01"]}]}),
)


@dataclass(frozen=True)
class Act:
    """One run, with its writes."""

    run: Run
    journal: list[Entry]

    def rows(self) -> dict[tuple[str, str], str]:
        """Return the removals that the table shows, by place and step."""
        (task,) = self.run.of("removal_report")
        return {(row["place"], row["step"]): row["removal"] for row in task.result["rows"]}


@dataclass(frozen=True)
class Story:
    """The runs in their order on one lab: those of the guide, one that ends early, and one that repeats."""

    lab: Lab
    folder: Path
    check: Act
    azure: Act
    rest: Act
    left: tuple[Any, ...]
    again: Act


def left(lab: Lab) -> tuple[Any, ...]:
    """Return everything that a removal must take."""
    (vault,) = lab.azure.vaults.values()
    server = lab.machines["vmm01"]
    assert server.vmm is not None
    return (
        {
            **vault.plans,
            **vault.items,
            **vault.network_mappings,
            **vault.associations,
            **vault.policies,
            **vault.fabrics,
        },
        server.registry.find(layout.REGISTRATION_KEY),
        [cloud.name for cloud in server.vmm.clouds if cloud.published or cloud.paired],
        [name for name in ("hv01", "hv02") if lab.machines[name].agent is not None],
    )


class Bench:
    """A lab with a complete site and a protected machine, in a folder with the consents of the guide."""

    def __init__(self, lab: Lab, cell: Cell, folder: Path) -> None:
        self.lab, self.folder = lab, folder
        self._controller = controller_of(cell, lab)
        looking, consents, removing, moving = console_blocks(GUIDE)
        subprocess.run(["bash", "-c", consents], cwd=folder, check=True)
        self.look, self.check, self.remove, self.move = (
            line.split()[3:] for line in (looking + removing + moving).splitlines()
        )

    def act(self, playbook: str | Path, *arguments: str) -> Act:
        self.lab.context.journal.clear()
        # The runs share the folder with the export.
        (self.folder / "record.jsonl").unlink(missing_ok=True)
        run = self._controller.run(playbook, *arguments, folder=self.folder)
        return Act(run, list(self.lab.context.journal.entries))


@pytest.fixture(scope="module")
def bench(main_cell: Cell, make_shared_lab: MakeLab, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    made = Bench(make_shared_lab(), main_cell, tmp_path_factory.mktemp("unregister"))
    for playbook in (SITE, write(made.folder, play("localhost", *PROTECT))):
        ready = made.act(playbook).run
        assert ready.returncode == 0, ready.output
    return made


@pytest.fixture(scope="module")
def story(bench: Bench) -> Story:
    steps = [word for step in STEPS for word in ("-e", f"site_unregister_{step}=vault-dr")]
    return Story(
        bench.lab,
        bench.folder,
        bench.act(*bench.check),
        # A run with the consents for Azure ends after its last step there, as an interrupted one does.
        bench.act(bench.remove[0], *steps),
        bench.act(*bench.remove),
        left(bench.lab),
        bench.act(*bench.remove),
    )


def test_without_consent_everything_is_shown_and_stays(bench: Bench) -> None:
    look = bench.act(*bench.look)
    assert (look.run.returncode, look.journal) == (0, []), look.run.output
    rows = look.rows()
    assert {step for _place, step in rows} == {*STEPS, *PARTS, "vault"}
    assert {removal for (_place, step), removal in rows.items() if step != "vault"} == {"stays: no consent"}


def test_check_mode_shows_everything_with_its_blocks_and_writes_nothing(story: Story) -> None:
    assert story.check.run.returncode == 0, story.check.run.output
    assert story.check.journal == []
    rows = story.check.rows()
    assert rows["Azure", "protected_items"] == "goes"
    assert rows["Azure", "policy_associations"] == "goes after: protected items of its cloud: web01"
    assert rows["vmm01", "provider"] == rows["hv01", "agent"] == "goes after the steps in Azure"
    # The modules plan what can begin now.
    assert next(task.result["plan"] for task in story.check.run.of("protected_vm"))
    assert not (story.folder / "unregister.json.lock").exists()


def test_everything_is_exported_before_it_goes_and_without_secrets(story: Story) -> None:
    text = (story.folder / "unregister.json").read_text()
    first, second = json.loads(text)["exports"]
    assert first["azure"]["protected_items"][0]["properties"]["friendlyName"] == "web01"
    assert first["azure"]["replication_policies"][0]["name"] == POLICY
    assert first["machines"]["vmm01"]["registration"]["thumbprints"]
    assert second["machines"]["hv01"]["agent"]["version"]
    assert not second["azure"]["protected_items"]
    context = story.lab.context
    for secret in (context.login.secret, context.login.windows_password, context.proxy.password):
        assert secret not in text


def test_the_steps_in_azure_are_done_in_their_order(story: Story) -> None:
    assert story.azure.run.returncode == 0, story.azure.run.output
    modules = [task.action.rpartition(".")[2] for task in story.azure.run.tasks if task.changed]
    assert [name for name in modules if name != "removal_report"] == [
        "recovery_plan",
        "protected_vm",
        "network_mapping",
        "policy_association",
        "replication_policy",
        "vmm_server",
    ]
    assert "agent" in {step for (_place, step), removal in story.azure.rows().items() if "no consent" in removal}


def test_the_next_run_continues_with_the_machines(story: Story) -> None:
    assert story.rest.run.returncode == 0, story.rest.run.output
    for name in ("registration_removal", "provider_removal", "mars_agent_removal"):
        assert all(task.changed for task in story.rest.run.of(name)), name


def test_nothing_is_left(story: Story) -> None:
    assert story.left == ({}, None, [], [])


def test_another_run_changes_nothing(story: Story) -> None:
    assert story.again.run.returncode == 0, story.again.run.output
    assert (story.again.run.changed, story.again.journal) == (0, [])
    assert len(json.loads((story.folder / "unregister.json").read_text())["exports"]) == 2


def test_the_server_is_registered_in_another_vault(bench: Bench, story: Story) -> None:
    other = bench.act(*bench.move)
    assert other.run.returncode == 0, other.run.output
    vaults = {
        vault.document["name"]: [fabric.server.fqdn for fabric in vault.fabrics.values()]
        for vault in story.lab.azure.vaults.values()
    }
    assert vaults == {"vault-dr": [], "vault-new": ["vmm01.lab.example"]}
