# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run removes all its files. A killed run leaves a protected key file on the controller only."""

from __future__ import annotations

import json
import re
import stat
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from lab.context import Entry
from lab.lab import Lab
from lab.windows.machine import Machine
from lab.windows.programs import PROGRAMS
from lab.windows.programs.commandline import Invocation
from tests.e2e.cells import Cell
from tests.e2e.conftest import controller_of
from tests.support.fleet import Fleets, hyperv_host, vmm_server
from tests.support.playbook import SITE, Controller, Run, kill
from tests.support.plays import ENSURE_KEY, ENSURE_VAULT, KEY_PATH, VAULT_ID, module_task, play, write

_DEADLINE = 600.0
STAGING_DIR = r"C:\ProgramData\siterecovery.hyperv"
#: Only administrators and the system have access, without inheritance.
CLOSED_FOLDER = "O:BAG:BAD:PAI(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)"
CLOSED_FILE = "O:BAG:BAD:PAI(A;;FA;;;BA)(A;;FA;;;SY)"
OPEN_FOLDER = CLOSED_FOLDER + "(A;OICI;0x1200a9;;;BU)"
_KEY = re.compile(r"<ManagementCert>([^<]+)</ManagementCert>")
PROVIDER = module_task(
    "provider",
    {"source": "{{ vmm_server_provider_source }}", "checksum": "{{ vmm_server_provider_checksum }}"},
)
AGENT = module_task(
    "mars_agent", {"source": "{{ hyperv_host_agent_source }}", "checksum": "{{ hyperv_host_agent_checksum }}"}
)
REGISTRATION = module_task(
    "provider_registration", {"vault_id": VAULT_ID, "key_path": KEY_PATH, "proxy": "{{ vmm_server_proxy }}"}
)


def files(machine: Machine) -> dict[str, str]:
    """Return the paths and access rights of the staging folder and all files in it."""
    return {
        file.path: file.sddl
        for file in machine.files
        if f"{file.path}\\".lower().startswith(f"{STAGING_DIR}\\".lower())
    }


# ---- a killed controller ----


class PowerCut:
    """Replace DRConfigurator. It runs until the controller is dead, and then fails."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.end = threading.Event()
        #: The files in the staging folder while the program ran.
        self.files: dict[str, str] = {}

    def __call__(self, machine: Machine, invocation: Invocation) -> int:
        self.files = files(machine)
        self.began.set()
        self.end.wait(_DEADLINE)
        return 1


@dataclass(frozen=True)
class Killed:
    """A run of site.yml that was killed during the registration, and the next run."""

    configured: Path
    # The path and mode of every key file on the controller after the kill.
    modes: Mapping[str, int]
    # The server's staging folder while DRConfigurator ran, after the kill, and after the next run.
    during: Mapping[str, str]
    left: Mapping[str, str]
    after: Mapping[str, str]
    rerun: Run
    journal: list[Entry]
    # Every place with a piece of the key after the kill, and after the next run.
    places: list[str]
    final_places: list[str]


@pytest.fixture(scope="module")
def killed(main_cell: Cell, tmp_path_factory: pytest.TempPathFactory) -> Killed:
    folder = tmp_path_factory.mktemp("killed")
    arguments = ("-e", json.dumps({"vmm_server_clouds": ["all"]}))
    with Fleets(folder) as make_fleet:
        lab = make_fleet(machines=[vmm_server("vmm01"), hyperv_host("hv01")])
        # These tests do not cover the wait.
        lab.context.delays = replace(lab.context.delays, fabric_appears=1.0)
        machine, controller = lab.machines["vmm01"], controller_of(main_cell, lab)
        cut = PowerCut()
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(PROGRAMS, "DRConfigurator.exe", cut)
            kill_when(cut.began, controller, folder, *arguments)
            cut.end.set()
            wait_until(lambda: machine.exists(ANSWER))
        left = files(machine)
        keys = [path for path in lab.directory.rglob("*") if "VaultCredentials" in path.name]
        modes = {str(path): stat.S_IMODE(path.stat().st_mode) for path in keys}
        (key,) = _KEY.findall(keys[0].read_text(encoding="utf-8"))
        places = places_of(lab, folder, key)
        lab.journal.clear()
        rerun = controller.run(SITE, *arguments, folder=folder)
        return Killed(
            lab.directory / "keys" / "vault-dr.VaultCredentials",
            modes,
            cut.files,
            left,
            files(machine),
            rerun,
            list(lab.journal.entries),
            places,
            places_of(lab, folder, key, rerun),
        )


def kill_when(began: threading.Event, controller: Controller, folder: Path, *arguments: str) -> None:
    """Run site.yml until the event, then kill the controller with all its workers."""
    process = controller.start(SITE, folder, *arguments)
    try:
        assert began.wait(_DEADLINE), (folder / "output.txt").read_text(encoding="utf-8")
    finally:
        # The controller may have ended by itself; the assertion detects that.
        kill(process)


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds, or fail at the deadline."""
    end = time.monotonic() + _DEADLINE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def places_of(lab: Lab, folder: Path, key: str, run: Run | None = None) -> list[str]:
    """Return the places that contain a piece of the key, or a file with its name."""
    # All keys begin with the same text.
    piece = key[200:280]
    texts = {"journal": journal_of(lab)}
    if run is not None:
        texts |= {"output": run.output, "results": run.record}
    texts |= {
        str(path): path.read_text(encoding="utf-8", errors="replace")
        for place in (lab.directory, folder)
        for path in place.rglob("*")
        if path.is_file()
    }
    texts |= {
        f"{machine.name} {file.path}": (file.content or b"").decode(errors="replace")
        for machine in lab.machines.values()
        for file in machine.files
    }
    return [place for place, text in texts.items() if piece in text or "VaultCredentials" in place]


def journal_of(lab: Lab) -> str:
    return json.dumps([[entry.target, entry.verb, entry.detail] for entry in lab.journal.entries], default=str)


WORK = STAGING_DIR + r"\work"
ANSWER = WORK + r"\registration\result.json"
KEY_FILE = STAGING_DIR + r"\siterecovery.hyperv-vault-dr.VaultCredentials"


def without_task(found: Mapping[str, str]) -> dict[str, str]:
    """Return the files that do not belong to the background task."""
    return {path: access for path, access in found.items() if path != WORK and not path.startswith(WORK + "\\")}


def test_a_killed_run_leaves_one_key_file_that_only_its_owner_can_read(killed: Killed) -> None:
    assert killed.modes == {str(killed.configured): 0o600}


def test_only_administrators_can_read_the_key_on_the_server_during_its_use(killed: Killed) -> None:
    assert without_task(killed.during) == {STAGING_DIR: CLOSED_FOLDER, KEY_FILE: CLOSED_FILE}
    assert not [path for path in killed.during if path.endswith("secrets.txt")]


def test_the_registration_removes_its_key_without_the_controller(killed: Killed) -> None:
    assert without_task(killed.left) == {STAGING_DIR: CLOSED_FOLDER}
    assert ANSWER in killed.left


def test_the_next_run_reads_the_outcome_before_it_registers(killed: Killed) -> None:
    assert killed.rerun.returncode == 0, killed.rerun.output
    verbs = [entry.verb for entry in killed.journal if entry.target == "vmm01"]
    assert verbs[0] == "task.unregister"
    assert verbs.count("process.start") == 1
    (task,) = killed.rerun.of("provider_registration")
    assert task.result["registration"]["registered"] is True
    assert task.result["registration"]["orphaned_key_files"] == []
    assert "the registration of the VMM server, which an earlier run started, failed: " in task.result["warnings"][0]


def test_the_next_run_uses_the_key_of_the_killed_run(killed: Killed) -> None:
    assert not [entry for entry in killed.journal if "/certificates/" in entry.target.lower()]


def test_no_piece_of_the_key_stays(killed: Killed) -> None:
    # After the kill, the search finds the key in exactly the expected places.
    assert killed.places == [str(killed.configured)]
    assert killed.final_places == []
    assert killed.after == {STAGING_DIR: CLOSED_FOLDER}


# ---- runs that end ----


@dataclass(frozen=True)
class TwoRuns:
    """Two runs. Between them, the test restricts the open folders and puts a stale key on a registered server."""

    first: Run
    first_journal: list[Entry]
    first_staging: Mapping[str, dict[str, str]]
    second: Run
    second_journal: list[Entry]
    second_staging: Mapping[str, dict[str, str]]


#: Machines with an existing staging folder that all users can read, and the module that refuses it.
OPEN = {"open-setup": "provider", "open-key": "provider_registration", "open-host": "mars_agent"}
REGISTERED = "registered"


@pytest.fixture(scope="module")
def two_runs(main_cell: Cell, tmp_path_factory: pytest.TempPathFactory) -> TwoRuns:
    folder = tmp_path_factory.mktemp("two_runs")
    machines = [
        vmm_server("fresh", provider=False),
        vmm_server(REGISTERED),
        vmm_server("open-setup", provider=False),
        vmm_server("open-key"),
        hyperv_host("fresh-host", agent=False),
        hyperv_host("open-host", agent=False),
    ]
    with Fleets(folder) as make_fleet:
        lab = make_fleet(machines=machines)
        for name in OPEN:
            lab.machines[name].make_folder(STAGING_DIR)
            lab.machines[name].set_access(STAGING_DIR, OPEN_FOLDER)
        controller = controller_of(main_cell, lab)
        book = write(
            folder,
            play("localhost", ENSURE_VAULT, ENSURE_KEY),
            play("vmm_servers", PROVIDER, REGISTRATION),
            play("hyperv_hosts", AGENT),
        )

        def act() -> tuple[Run, list[Entry], dict[str, dict[str, str]]]:
            lab.journal.clear()
            run = controller.run(book)
            return run, list(lab.journal.entries), {name: files(each) for name, each in lab.machines.items()}

        first = act()
        for name in OPEN:
            lab.machines[name].set_access(STAGING_DIR, CLOSED_FOLDER)
        server = lab.machines[REGISTERED]
        server.write_file(KEY_FILE, b"<RSVaultAsrCreds/>")
        return TwoRuns(*first, *act())


@pytest.mark.parametrize("name", ["fresh", REGISTERED, "fresh-host"])
def test_only_the_restricted_folder_stays(two_runs: TwoRuns, name: str) -> None:
    assert two_runs.first_staging[name] == {STAGING_DIR: CLOSED_FOLDER}
    # The run removed at least one file.
    assert [entry for entry in two_runs.first_journal if entry.target == name and entry.verb == "file.remove"]


@pytest.mark.parametrize("name", OPEN)
def test_a_folder_that_others_can_read_is_refused(two_runs: TwoRuns, name: str) -> None:
    (task,) = (task for task in two_runs.first.failures() if task.host == name)
    assert task.action == f"siterecovery.hyperv.{OPEN[name]}"
    message = task.result["msg"]
    assert f"'{STAGING_DIR}' is open to others than administrators" in message
    assert "restrict it to Administrators and SYSTEM" in message
    assert "\n" not in message
    assert not task.changed
    # The run does not change its access, does not write to it, and does not start a program.
    assert two_runs.first_staging[name] == {STAGING_DIR: OPEN_FOLDER}
    assert not [entry for entry in two_runs.first_journal if entry.target == name]


def test_only_open_folders_are_refused(two_runs: TwoRuns) -> None:
    assert {task.host for task in two_runs.first.failures()} == set(OPEN)
    assert "Traceback" not in two_runs.first.output


@pytest.mark.parametrize("name", OPEN)
def test_a_folder_is_used_after_its_access_was_restricted(two_runs: TwoRuns, name: str) -> None:
    assert two_runs.second.returncode == 0, two_runs.second.output
    changed = {task.action for task in two_runs.second.tasks if task.host == name and task.changed}
    assert f"siterecovery.hyperv.{OPEN[name]}" in changed
    assert two_runs.second_staging[name] == {STAGING_DIR: CLOSED_FOLDER}


def test_a_stale_key_on_a_registered_server_is_only_removed(two_runs: TwoRuns) -> None:
    (task,) = (task for task in two_runs.second.of("provider_registration") if task.host == REGISTERED)
    assert [change["path"] for change in task.result["plan"]] == ["orphaned_key_files"]
    done = [(entry.verb, entry.detail["path"]) for entry in two_runs.second_journal if entry.target == REGISTERED]
    assert done == [("file.remove", KEY_FILE)]
    assert two_runs.second_staging[REGISTERED] == {STAGING_DIR: CLOSED_FOLDER}
