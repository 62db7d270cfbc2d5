# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases of the scripts that start, poll and end background tasks, and of set_microsoft_update."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from lab.engines.scripts import SCRIPTS, assembled
from lab.windows import layout
from lab.windows.machine import Machine
from lab.windows.states import (
    STAGING,
    Prepare,
    all_of,
    fault,
    hyperv_host,
    open_folder,
    staged,
    stopped,
    value,
    vmm_server,
)
from lab.windows.tasks import ENDED_BY_SHUTDOWN, HAS_NOT_RUN, IS_RUNNING, READY, RUNNING, ScheduledTask
from tests.lab.emulators.cases.calls import (
    PROVIDER_EXE,
    PROVIDER_PACKAGE,
    PROVIDER_SHA256,
    about_task,
    observe,
    start_task,
)
from tests.lab.emulators.harness import Case

_FOLDER: Final = STAGING + r"\work"


def _script(name: str) -> str:
    """Return the text of a script of the collection that contains the lab."""
    return assembled(SCRIPTS, name)


def background_task(
    name: str = "provider",
    *,
    script: str = "start_service",
    parameters: Mapping[str, Any] | None = None,
    state: str | None = RUNNING,
    code: int = IS_RUNNING,
    answer: str | None = None,
) -> Prepare:
    """Begin a background task: its folder, and its scheduled task in the given state (None: without one)."""

    def prepare(machine: Machine) -> None:
        staged(machine)
        folder = rf"{_FOLDER}\{name}"
        machine.make_folder(folder)
        wanted = {"Name": layout.VMM_SERVICE} if parameters is None else parameters
        machine.write_file(rf"{folder}\script.ps1", (script if "\n" in script else _script(script)).encode())
        machine.write_file(rf"{folder}\parameters.json", json.dumps(wanted).encode())
        if answer is not None:
            machine.write_file(rf"{folder}\result.json", answer.encode())
        if state is not None:
            task = ScheduledTask(f"siterecovery.hyperv-{name}", "CORP\\a", "S4U", "Highest", "p", "a", state, code)
            machine.tasks[task.name.lower()] = task

    return prepare


def _folder_alone(machine: Machine) -> None:
    staged(machine)
    machine.make_folder(_FOLDER)


def _log(place: str, *lines: str) -> Prepare:
    def prepare(machine: Machine) -> None:
        machine.files.folder(place.rsplit("\\", 1)[0], machine.now())
        machine.write_file(place, "\r\n".join(lines).encode())

    return prepare


_poll, _end = about_task("poll_background_task"), about_task("end_background_task")
_ENDED: dict[str, Any] = {"state": READY, "code": 0, "answer": '{"failed":false}'}
_LOG = layout.SETUP_LOGS + r"\DRASetupWizard_1.log"


def _ran(name: str, prepare: Prepare, **more: Any) -> Case:
    parameters = {"Folder": _FOLDER + r"\provider"}
    return Case(f"run_background_task {name}", "run_background_task", vmm_server(), parameters, prepare=prepare, **more)


def _opt(name: str, more: Mapping[str, Any], *, wanted: bool = True, check_mode: bool = False) -> Case:
    machine, parameters = vmm_server(**more), {"OptIn": wanted}
    return Case(f"set_microsoft_update {name}", "set_microsoft_update", machine, parameters, check_mode=check_mode)


CASES: Final = [
    start_task("in a new folder"),
    start_task("in a folder that is there", staged),
    start_task("in a folder with a blank", parameters={"StagingDir": r"C:\ProgramData\Größe M"}),
    start_task("in an open folder", open_folder),
    start_task("beside other work", background_task("agent")),
    start_task("over work that was not ended", background_task()),
    start_task(
        "over a task without a folder", all_of(background_task(), lambda m: m.remove_file(_FOLDER, recurse=True))
    ),
    start_task("in check mode", check_mode=True),
    start_task("that the scheduler refuses", fault("start task *")),
    start_task("as the system", lambda m: setattr(m, "identity", replace(m.identity, account_user="SYSTEM"))),
    _poll("that runs", background_task()),
    _poll("that runs, with patience", background_task(), parameters={"Seconds": 7}),
    _poll("that has not begun", background_task(state=READY, code=HAS_NOT_RUN), parameters={"Seconds": 7}),
    _poll("that ended", background_task(**_ENDED), parameters={"Seconds": 7}),
    _poll("that ended, its task still there", background_task(answer="{}")),
    _poll("that is lost", background_task(state=READY, code=ENDED_BY_SHUTDOWN)),
    _poll("whose task is gone", background_task(state=None)),
    _poll("that was never begun"),
    _poll("in check mode", background_task(), check_mode=True),
    _poll("with a log", all_of(background_task(), _log(_LOG, "one", "two größer"))),
    _poll("with an empty log", all_of(background_task(), _log(_LOG))),
    _poll("with a log of before", all_of(_log(_LOG, "one"), background_task())),
    _poll("with a folder of logs", all_of(background_task(), lambda m: m.make_folder(layout.SETUP_LOGS))),
    _poll(
        "of an agent",
        all_of(background_task("agent"), _log(layout.AGENT_LOG, "a", "b")),
        machine=hyperv_host(),
        parameters={"Name": "agent"},
    ),
    _poll("of another name", all_of(background_task("updates"), _log(_LOG, "x")), parameters={"Name": "updates"}),
    _end("that ended", background_task(**_ENDED)),
    _end("that ended, its task still there", background_task(answer="{}")),
    _end("that runs", background_task()),
    _end("that is lost", background_task(state=READY, code=ENDED_BY_SHUTDOWN)),
    _end("whose task is gone", background_task(state=None)),
    _end("that was never begun"),
    _end("beside other work", all_of(background_task("agent"), background_task(**_ENDED))),
    _end("in check mode", background_task(**_ENDED), check_mode=True),
    _ran("that does its work", all_of(stopped(layout.VMM_SERVICE), background_task())),
    _ran("with nothing to do", background_task()),
    _ran("that throws", background_task(parameters={"Name": "nothing"})),
    _ran(
        "of a setup",
        all_of(
            background_task(
                script="install_provider",
                parameters={
                    "InstallerPath": PROVIDER_EXE,
                    "InstallerSha256": PROVIDER_SHA256,
                    "ExtractDir": STAGING + r"\p",
                    "RemoveInstaller": True,
                },
            ),
            PROVIDER_PACKAGE,
        ),
    ),
    _ran(
        "without parameters", all_of(background_task(), lambda m: m.remove_file(_FOLDER + r"\provider\parameters.json"))
    ),
    _ran("in check mode", background_task(), check_mode=True),
    _opt("in", {}),
    _opt("in again", {"microsoft_update": True}),
    _opt("out", {"microsoft_update": True}, wanted=False),
    _opt("out again", {}, wanted=False),
    _opt("in, in check mode", {}, check_mode=True),
    observe("Microsoft Update", vmm_server(microsoft_update=True), sections=["updates"]),
    observe("no Microsoft Update", vmm_server(), sections=["updates", "host"]),
    observe("no Visual C++ runtime", vmm_server(visual_cpp=None), sections=["host"]),
    observe("a Visual C++ runtime that went", vmm_server(), value(layout.RUNTIME_KEY, "Installed", 0)),
    observe("work that runs", vmm_server(), background_task()),
    observe("work that ended", vmm_server(), background_task(**_ENDED)),
    observe("work that is lost", vmm_server(), background_task(state=READY, code=ENDED_BY_SHUTDOWN)),
    observe("two kinds of work", vmm_server(), all_of(background_task(), background_task("agent", state=None))),
    observe("an empty folder of work", vmm_server(), _folder_alone),
    observe("work in check mode", vmm_server(), background_task(), check_mode=True),
]
