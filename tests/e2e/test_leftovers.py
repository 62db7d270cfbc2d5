# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run leaves behind: nothing when it ends, a closed file when it is killed, and then nothing after the next."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import stat
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from lab.lab import Lab
from lab.windows.machine import Machine
from lab.windows.programs import PROGRAMS
from lab.windows.programs.commandline import Invocation
from lab.world import Entry
from tests.e2e.cells import Cell
from tests.e2e.conftest import controller_of
from tests.support.fleet import Fleets, hyperv_host, vmm_server
from tests.support.playbook import SITE, Controller, Run
from tests.support.plays import HAVE_KEY, HAVE_VAULT, KEY_PATH, VAULT_ID, noun, play, write

_DEADLINE = 120.0
STAGING_DIR = r"C:\ProgramData\siterecovery.hyperv"
#: Access for administrators and the system alone, nothing inherited.
CLOSED_FOLDER = "O:BAG:BAD:PAI(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)"
CLOSED_FILE = "O:BAG:BAD:PAI(A;;FA;;;BA)(A;;FA;;;SY)"
OPEN_FOLDER = CLOSED_FOLDER + "(A;OICI;0x1200a9;;;BU)"
_KEY = re.compile(r"<ManagementCert>([^<]+)</ManagementCert>")
PROVIDER = noun(
    "provider",
    {"source": "{{ vmm_server_provider_source }}", "checksum": "{{ vmm_server_provider_checksum }}"},
)
AGENT = noun("mars_agent", {"source": "{{ hyperv_host_agent_source }}", "checksum": "{{ hyperv_host_agent_checksum }}"})
REGISTRATION = noun(
    "provider_registration", {"vault_id": VAULT_ID, "key_path": KEY_PATH, "proxy": "{{ vmm_server_proxy }}"}
)


def files(machine: Machine) -> dict[str, str]:
    """Path and access of all that lies in the staging folder, itself included."""
    return {
        file.path: file.sddl
        for file in machine.files
        if f"{file.path}\\".lower().startswith(f"{STAGING_DIR}\\".lower())
    }


# ---- a killed controller ----


class PowerCut:
    """Stands for DRConfigurator: it does not end before the controller is dead, and nothing is cleaned up after it."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.end = threading.Event()
        self.over = threading.Event()
        #: What lay in the staging folder while the program ran.
        self.seen: dict[str, str] = {}

    def __call__(self, machine: Machine, invocation: Invocation) -> int:
        self.seen = files(machine)
        self.began.set()
        self.end.wait(_DEADLINE)
        return 1

    def skip(self, path: str, *, recurse: bool = False) -> None:
        """In place of removing a file: what a killed shell's script would still do does not happen."""
        self.over.set()


@dataclass(frozen=True)
class Killed:
    """A site run whose controller was killed while the server registered, and the site run after it."""

    configured: Path
    # On the controller after the kill: path and mode of every key file.
    modes: Mapping[str, int]
    # In the server's staging folder while DRConfigurator ran, after the kill, and after the next run.
    during: Mapping[str, str]
    left: Mapping[str, str]
    after: Mapping[str, str]
    rerun: Run
    journal: list[Entry]
    # Every place that has something of the key after the kill, and after the next run.
    places: list[str]
    remains: list[str]


@pytest.fixture(scope="module")
def killed(main_cell: Cell, tmp_path_factory: pytest.TempPathFactory) -> Killed:
    folder = tmp_path_factory.mktemp("killed")
    arguments = ("-e", json.dumps({"vmm_server_clouds": ["all"]}))
    with Fleets(folder) as make_fleet:
        lab = make_fleet(machines=[vmm_server("vmm01"), hyperv_host("hv01")])
        # Nobody looks at the wait here.
        lab.world.delays = replace(lab.world.delays, fabric_appears=1.0)
        machine, controller = lab.machines["vmm01"], controller_of(main_cell, lab)
        cut = PowerCut()
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(PROGRAMS, "DRConfigurator.exe", cut)
            kill_when(cut.began, controller, folder, *arguments)
            patch.setattr(machine, "remove_file", cut.skip)
            cut.end.set()
            assert cut.over.wait(_DEADLINE)
        left = files(machine)
        keys = [path for path in lab.directory.rglob("*") if "VaultCredentials" in path.name]
        modes = {str(path): stat.S_IMODE(path.stat().st_mode) for path in keys}
        (key,) = _KEY.findall(keys[0].read_text(encoding="utf-8"))
        places = remains(lab, folder, key)
        lab.journal.clear()
        rerun = controller.run(SITE, *arguments, folder=folder)
        return Killed(
            lab.directory / "keys" / "vault-dr.VaultCredentials",
            modes,
            cut.seen,
            left,
            files(machine),
            rerun,
            list(lab.journal.entries),
            places,
            remains(lab, folder, key, rerun),
        )


def kill_when(moment: threading.Event, controller: Controller, folder: Path, *arguments: str) -> None:
    """Run the site until the moment has come, and kill the controller with all of its workers."""
    process = controller.start(SITE, folder, *arguments)
    try:
        assert moment.wait(_DEADLINE), (folder / "output.txt").read_text(encoding="utf-8")
    finally:
        # It may have ended by itself: the assertion tells.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def remains(lab: Lab, folder: Path, key: str, run: Run | None = None) -> list[str]:
    """Places that have a piece of the key, or a file with its name."""
    # The beginning is the same in every key.
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


KEY_FILE = STAGING_DIR + r"\vault-dr.VaultCredentials"


def test_a_killed_run_leaves_the_key_at_its_place_and_for_its_owner_only(killed: Killed) -> None:
    assert killed.modes == {str(killed.configured): 0o600}


def test_the_key_on_the_server_is_closed_to_others_while_it_is_used(killed: Killed) -> None:
    assert killed.during == {STAGING_DIR: CLOSED_FOLDER, KEY_FILE: CLOSED_FILE}


def test_the_next_run_removes_a_key_that_was_left_on_the_server_first_of_all(killed: Killed) -> None:
    assert killed.left == killed.during
    assert killed.rerun.returncode == 0, killed.rerun.output
    done = [(entry.verb, entry.detail.get("path")) for entry in killed.journal if entry.target == "vmm01"]
    assert done[0] == ("file.remove", KEY_FILE)
    verbs = [verb for verb, _path in done]
    assert verbs.index("process.start") > 0
    (task,) = killed.rerun.of("provider_registration")
    assert task.result["plan"][0] == {
        "path": "key_leftovers",
        "before": [KEY_FILE],
        "after": [],
        "reason": "remove a key file that an interrupted run left on the server",
    }
    assert task.result["registration"]["registered"] is True
    assert task.result["registration"]["key_leftovers"] == []


def test_the_key_of_the_killed_run_is_used_and_no_other_is_made(killed: Killed) -> None:
    assert not [entry for entry in killed.journal if "/certificates/" in entry.target.lower()]


def test_nothing_of_the_key_remains(killed: Killed) -> None:
    # After the kill it is where it has to be and nowhere else, and the same hunt finds it there.
    assert killed.places == [str(killed.configured), f"vmm01 {KEY_FILE}"]
    assert killed.remains == []
    assert killed.after == {STAGING_DIR: CLOSED_FOLDER}


# ---- runs that end ----


@dataclass(frozen=True)
class Tidy:
    """Two runs over machines; between them the open folders are closed and a key is left on a registered server."""

    first: Run
    first_journal: list[Entry]
    first_staging: Mapping[str, dict[str, str]]
    second: Run
    second_journal: list[Entry]
    second_staging: Mapping[str, dict[str, str]]


#: Machines whose staging folder somebody made before, for all to read: what is refused there.
OPEN = {"open-setup": "provider", "open-key": "provider_registration", "open-host": "mars_agent"}
REGISTERED = "registered"


@pytest.fixture(scope="module")
def tidy(main_cell: Cell, tmp_path_factory: pytest.TempPathFactory) -> Tidy:
    folder = tmp_path_factory.mktemp("tidy")
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
            play("localhost", HAVE_VAULT, HAVE_KEY),
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
        return Tidy(*first, *act())


@pytest.mark.parametrize("name", ["fresh", REGISTERED, "fresh-host"])
def test_only_a_closed_folder_stays(tidy: Tidy, name: str) -> None:
    assert tidy.first_staging[name] == {STAGING_DIR: CLOSED_FOLDER}
    # Something was there in between.
    assert [entry for entry in tidy.first_journal if entry.target == name and entry.verb == "file.remove"]


@pytest.mark.parametrize("name", OPEN)
def test_a_folder_that_others_can_read_is_refused(tidy: Tidy, name: str) -> None:
    (task,) = (task for task in tidy.first.failures() if task.host == name)
    assert task.action == f"siterecovery.hyperv.{OPEN[name]}"
    message = task.result["msg"]
    assert f"'{STAGING_DIR}' is open to others than administrators" in message
    assert "restrict it to Administrators and SYSTEM" in message
    assert "\n" not in message
    assert not task.changed
    # Its access is not changed, nothing comes to lie in it, and nothing is run.
    assert tidy.first_staging[name] == {STAGING_DIR: OPEN_FOLDER}
    assert not [entry for entry in tidy.first_journal if entry.target == name]


def test_nothing_but_open_folders_is_refused(tidy: Tidy) -> None:
    assert {task.host for task in tidy.first.failures()} == set(OPEN)
    assert "Traceback" not in tidy.first.output


@pytest.mark.parametrize("name", OPEN)
def test_a_folder_that_was_closed_is_used(tidy: Tidy, name: str) -> None:
    assert tidy.second.returncode == 0, tidy.second.output
    changed = {task.action for task in tidy.second.tasks if task.host == name and task.changed}
    assert f"siterecovery.hyperv.{OPEN[name]}" in changed
    assert tidy.second_staging[name] == {STAGING_DIR: CLOSED_FOLDER}


def test_a_key_on_a_registered_server_is_removed_and_nothing_else_done(tidy: Tidy) -> None:
    (task,) = (task for task in tidy.second.of("provider_registration") if task.host == REGISTERED)
    assert [change["path"] for change in task.result["plan"]] == ["key_leftovers"]
    done = [(entry.verb, entry.detail["path"]) for entry in tidy.second_journal if entry.target == REGISTERED]
    assert done == [("file.remove", KEY_FILE)]
    assert tidy.second_staging[REGISTERED] == {STAGING_DIR: CLOSED_FOLDER}
