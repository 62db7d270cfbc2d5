# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run every playbook with every kind of limit. It succeeds only for machines that it handled; no refusal writes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from lab.lab import Lab
from tests.e2e.cells import Cell
from tests.e2e.conftest import MakeLab, controller_of
from tests.support.playbook import PREFLIGHT, SITE, Controller, Run

#: The inventory of the lab lists localhost, so a limit that only excludes hosts includes it.
LIMITS = {"server": "vmm01", "host": "hv01", "all but one": "!hv02", "localhost": "localhost"}

# The reasons for refusing a run before it reads anything.
NO_LOCALHOST = "localhost is not within --limit {0}, but this playbook also runs there; use --limit localhost,{0}"
NO_SERVER = (
    "--limit {0} leaves out every host of 'vmm_servers'; name at least one of them, for example --limit localhost,"
)
NO_HOST = "--limit {0} leaves out every host of 'hyperv_hosts'; name at least one of them, for example --limit hv01"
#: The result of each playbook under each limit, in their order: a refusal, or the machines that the run handles.
TABLE: dict[str, tuple[str | set[str], ...]] = {
    "preflight": (NO_LOCALHOST, {"hv01"}, {"localhost", "vmm", "hv01"}, {"localhost"}),
    "target": (NO_LOCALHOST, NO_LOCALHOST, {"localhost"}, {"localhost"}),
    "vmm_servers": (NO_LOCALHOST, NO_SERVER, {"localhost", "vmm"}, NO_SERVER),
    "hyperv_hosts": (NO_HOST, {"hv01"}, {"hv01"}, NO_HOST),
    "report": (NO_LOCALHOST, {"hv01"}, {"localhost", "vmm", "hv01"}, {"localhost"}),
    "site": (NO_LOCALHOST, NO_LOCALHOST, {"localhost", "vmm", "hv01"}, {"localhost"}),
}
CELLS = [(name, *cell) for name, row in TABLE.items() for cell in zip(LIMITS, row, strict=True)]
HANDLED = [cell for cell in CELLS if isinstance(cell[2], set)]
REFUSED = [cell for cell in CELLS if isinstance(cell[2], str)]


@dataclass(frozen=True)
class SharedLab:
    """A lab that all runs of a table share, because none of them writes."""

    lab: Lab
    controller: Controller

    def run(self, playbook: str, *arguments: str) -> Run:
        """Run a playbook. It must not write."""
        self.lab.journal.clear()
        run = self.controller.run(f"siterecovery.hyperv.{playbook}", *arguments)
        assert self.lab.journal.entries == []
        assert "Traceback" not in run.output
        return run


@pytest.fixture(scope="module")
def healthy(main_cell: Cell, make_shared_lab: MakeLab) -> SharedLab:
    """Start a lab and set up all its machines."""
    lab = make_shared_lab()
    controller = controller_of(main_cell, lab)
    first = controller.run(SITE)
    assert first.returncode == 0, first.output
    return SharedLab(lab, controller)


@pytest.fixture(scope="module")
def broken(main_cell: Cell, make_shared_lab: MakeLab) -> SharedLab:
    """Start a lab in which checks fail on every machine."""
    lab = make_shared_lab(description="broken")
    return SharedLab(lab, controller_of(main_cell, lab))


def failed(run: Run) -> dict[str, str]:
    """Return the last failure of each host that the recap shows as failed."""
    shown = {host for host, counts in run.recap.items() if counts["failures"] or counts["unreachable"]}
    return {task.host: str(task.result["msg"]) for task in run.failures() if task.host in shown}


@pytest.mark.parametrize(("playbook", "limit", "reason"), REFUSED)
def test_a_limit_that_leaves_out_required_hosts_is_refused(
    healthy: SharedLab, playbook: str, limit: str, reason: str
) -> None:
    run = healthy.run(playbook, "--limit", LIMITS[limit])
    assert run.returncode != 0
    assert [message.startswith(reason.format(LIMITS[limit])) for message in failed(run).values()] == [True]
    # The run did not read anything.
    assert not healthy.lab.journal.counts


@pytest.mark.parametrize(("playbook", "limit", "machines"), HANDLED)
def test_a_complete_setup_succeeds(healthy: SharedLab, playbook: str, limit: str, machines: set[str]) -> None:
    run = healthy.run(playbook, "--limit", LIMITS[limit])
    assert run.returncode == 0, run.output
    assert run.changed == 0
    report = run.output.rsplit("PLAY RECAP", 1)[0].rsplit("TASK [Print the report]", 1)[1]
    shown = {{"Azure": "localhost", "vmm01": "vmm"}.get(name, name) for name in _first_words(report)}
    assert shown == machines


def _first_words(report: str) -> set[str]:
    return {line.split()[0] for line in report.splitlines() if line[:1].isalnum()} & {"Azure", "vmm01", "hv01", "hv02"}


@pytest.mark.parametrize(("playbook", "limit", "machines"), HANDLED)
def test_each_broken_machine_fails_for_its_own_checks(
    broken: SharedLab, playbook: str, limit: str, machines: set[str]
) -> None:
    run = broken.run(playbook, "--limit", LIMITS[limit], "-e", "azure_target_secret=wrong")
    assert run.returncode != 0
    reasons = failed(run)
    servers = {"vmm01", "vmm02"} if "vmm" in machines else set()
    assert reasons.keys() == (machines - {"vmm"}) | servers
    steps = {"localhost": "T1: ", "vmm01": "S1: ", "vmm02": "", "hv01": "H"}
    assert all(reason.startswith(steps[host]) for host, reason in reasons.items()), reasons
    assert all("\n" not in reason for reason in reasons.values())


def test_a_machine_with_two_names_is_reported(healthy: SharedLab, tmp_path: Path) -> None:
    more = tmp_path / "more.yml"
    port = healthy.lab.servers["hv01"].port
    more.write_text(yaml.safe_dump({"hyperv_hosts": {"hosts": {"berlin-1": {"ansible_port": port}}}}))
    run = healthy.run(PREFLIGHT.rpartition(".")[2], "-i", str(more), "--limit", "localhost,hv01,berlin-1")
    assert run.returncode != 0
    line = "hv01 and berlin-1 are the same machine, hv01.lab.example; remove all names but one from the inventory"
    assert failed(run) == {"hv01": line, "berlin-1": line}
