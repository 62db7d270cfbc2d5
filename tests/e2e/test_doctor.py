# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""doctor.yml as a user runs it: a look, a repair with consent, and its undo. Unit tests have a case for each row."""

from __future__ import annotations

import json
import stat
from dataclasses import dataclass

import pytest

from lab.lab import Lab
from lab.windows import layout
from tests.e2e.cells import Cell
from tests.e2e.conftest import MakeLab, controller_of
from tests.support.playbook import Run

DOCTOR = "siterecovery.hyperv.doctor"


@dataclass(frozen=True)
class Doctored:
    """The runs of one lab with a stopped service, and the changes of each."""

    looked: Run
    repaired: Run
    undone: Run
    changes: list[list[str]]
    mode: int
    undo: str


@pytest.fixture(scope="module")
def doctored(main_cell: Cell, make_shared_lab: MakeLab, tmp_path_factory: pytest.TempPathFactory) -> Doctored:
    lab = make_shared_lab()
    azure = lab.document["azure"]
    vault = lab.azure.seed_vault(azure["resource_group"], azure["vault"], azure["location"])
    lab.azure.seed_failed_job(vault, "70094", 31389)
    for host in ("hv01", "hv02"):
        lab.machines[host].stop_service(layout.HYPERV_SERVICE)
    lab.set_reachable("hv02", False)
    controller, folder = controller_of(main_cell, lab), tmp_path_factory.mktemp("doctor")
    file, changes = folder / "undo.json", []

    def run(*arguments: str) -> Run:
        lab.context.journal.clear()
        done = controller.run(DOCTOR, *arguments, folder=folder)
        changes.append(_changes(lab))
        return done

    looked = run()
    lab.set_reachable("hv02", True)
    repaired = run("-e", '{"site_doctor_fix": ["hyperv"]}', "-e", f"site_doctor_undo_file={file}")
    mode, undo = stat.S_IMODE(file.stat().st_mode), file.read_text()
    undone = run("-e", f"site_doctor_undo={file}", "--limit", "localhost,vmm01,hv01")
    return Doctored(looked, repaired, undone, changes, mode, undo)


def _changes(lab: Lab) -> list[str]:
    return sorted(f"{entry.target} {entry.verb}" for entry in lab.context.journal.entries)


def test_a_look_changes_nothing_and_fails_for_a_machine_that_was_not_read(doctored: Doctored) -> None:
    output = doctored.looked.output
    assert doctored.looked.returncode != 0
    assert doctored.changes[0] == []
    # Plain lines, not JSON in quotes.
    assert "\nhv01  H1  hyperv\n" in output
    assert "\n  repair   with the consent site_doctor_fix=hyperv\n" in output
    assert "Azure  N3  job-refused-by-hyperv" in output
    assert "not read: hv02: unreachable" in output
    assert "not everything could be read: " in output


def test_a_repair_starts_only_what_has_consent(doctored: Doctored) -> None:
    assert doctored.repaired.returncode == 0, doctored.repaired.output
    assert doctored.changes[1] == ["hv01 service.start", "hv02 service.start"]
    assert "hv01  H4  agent" in doctored.repaired.output


def test_the_undo_file_is_private_and_has_every_machine(doctored: Doctored) -> None:
    changes = json.loads(doctored.undo)["changes"]
    assert doctored.mode == 0o600
    assert sorted(each["machine"] for each in changes) == ["hv01", "hv02"]


def test_an_undo_puts_back_the_machines_of_its_limit(doctored: Doctored) -> None:
    assert doctored.undone.returncode == 0, doctored.undone.output
    assert doctored.changes[2] == ["hv01 service.stop"]
