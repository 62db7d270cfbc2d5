# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The staging folder: closed from its first moment, checked again before the installer runs, and shared with users."""

from __future__ import annotations

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import Refused, RemoteFailure
from lab.context import Entry
from lab.windows.filesystem import File
from lab.windows.machine import Machine
from lab.windows.states import STAGING, Prepare, all_of, fetched, linked, planted, staged
from tests.unit.plugins.plugin_utils.conftest import MakeHarness
from tests.unit.plugins.plugin_utils.harness import ScriptHarness, at
from tests.unit.plugins.plugin_utils.setups import BOTH, Installed

CLOSED = "O:BAG:BAD:PAI(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)"
PLANTED = STAGING + r"\version.dll"
OWN = r"C:\Installers"


@pytest.fixture(params=BOTH, ids=lambda what: what.name)
def what(request: pytest.FixtureRequest) -> Installed:
    found: Installed = request.param
    return found


def own_folder(machine: Machine) -> None:
    """Create the administrators' own folder of installers."""
    machine.make_folder(OWN, CLOSED)
    machine.write_file(OWN + r"\notes.txt", b"ours")


def entries_of(found: ScriptHarness, verb: str) -> list[Entry]:
    return [entry for entry in found.lab.context.journal.entries if entry.verb == verb]


def need(found: ScriptHarness, path: str) -> File:
    return found.machine.files.need(path)


def test_the_folder_is_closed_from_its_first_moment(harness: MakeHarness, what: Installed) -> None:
    found = harness(what.entry("none"))
    found.run(what.resource())
    entries = [entry.detail for entry in entries_of(found, "folder.create")]
    assert [entry for entry in entries if entry["path"] == STAGING] == [{"path": STAGING, "sddl": CLOSED}]
    assert entries_of(found, "file.access") == []


def test_a_folder_beside_it_does_not_matter(harness: MakeHarness, what: Installed) -> None:
    """An earlier form of the collection stopped at a foreign file in such a folder."""
    beside = f"{STAGING}.siterecovery.hyperv-new"

    def squatted(machine: Machine) -> None:
        machine.make_folder(beside)
        machine.write_file(beside + r"\x", b"x")

    found = harness(what.entry("none"), squatted)
    assert found.run(what.resource()).changed
    assert found.exists(beside + r"\x")


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (planted(PLANTED), r"version\.dll' belongs to another user"),
        (all_of(staged, linked(STAGING)), "is a link or a mount point"),
        (all_of(staged, linked(r"C:\ProgramData")), r"'C:\\ProgramData' is a link or a mount point"),
        (
            all_of(staged, lambda machine: machine.set_access(r"C:\ProgramData", "O:BAG:SYD:(A;OICI;0x1301bf;;;AU)")),
            r"'C:\\ProgramData' lets users rename or replace",
        ),
    ],
    ids=["a file of another user", "a link", "below a link", "a folder that can be renamed"],
)
def test_a_folder_that_others_can_change_is_refused(
    harness: MakeHarness, what: Installed, prepare: Prepare, message: str
) -> None:
    found = harness(what.entry("none"), prepare)
    with pytest.raises(RemoteFailure, match=message):
        found.run(what.resource())
    assert "start_background_task" not in found.scripts
    assert not found.session.changed


def test_a_file_that_is_replaced_before_it_runs_is_not_started(harness: MakeHarness, what: Installed) -> None:
    found = harness(what.entry("none"))
    at(found, "start_background_task", lambda: found.machine.append_file(what.staged, b"evil"))
    with pytest.raises(RemoteFailure, match=r"was replaced after it was verified, and was not started"):
        found.run(what.resource())
    assert entries_of(found, "process.start") == []


def test_an_installer_that_was_removed_is_named(harness: MakeHarness, what: Installed) -> None:
    found = harness(what.entry("none"))
    at(found, "start_background_task", lambda: found.machine.remove_file(what.staged))
    with pytest.raises(RemoteFailure, match=rf"The installer '.*\\{what.program}' is missing"):
        found.run(what.resource())


def test_the_users_installer_in_the_folder_stays(harness: MakeHarness, what: Installed) -> None:
    """A file of the same name is neither overwritten nor removed, whether the run succeeds or not."""
    mine = f"{OWN}\\{what.program}"
    found = harness(what.entry("none"), all_of(fetched(what.program, what.staged, what.older), own_folder))
    found.machine.write_file(mine, b"older, ours")
    with pytest.raises(Refused, match=r"^checksum: "):
        found.run(what.resource(staging_dir=OWN, checksum="0" * 64))
    assert found.run(what.resource(staging_dir=OWN)).changed
    assert need(found, mine).content == b"older, ours"
    assert {file.name for file in found.machine.files.listing(OWN)} == {
        what.program,
        "notes.txt",
        "siterecovery.hyperv",
    }
    assert found.machine.files.listing(OWN + r"\siterecovery.hyperv") == []


def test_a_source_in_the_folder_is_copied(harness: MakeHarness, what: Installed) -> None:
    mine = f"{OWN}\\{what.program}"
    found = harness(what.entry("none"), own_folder)
    found.machine.write_file(mine, what.package.content, like=None)
    found.machine.recognize(need(found, mine))
    assert found.run(what.resource(staging_dir=OWN, source=mine)).changed
    assert need(found, mine).content == what.package.content


def test_a_folder_named_work_stays(harness: MakeHarness, what: Installed) -> None:
    found = harness(what.entry("none"), own_folder)
    found.machine.make_folder(OWN + r"\work\project")
    assert found.run(what.resource(staging_dir=OWN)).changed
    assert found.exists(OWN + r"\work\project")
