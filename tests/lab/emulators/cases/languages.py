# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases on machines that use another language than English."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from lab.engines.emulators.protected_folder import PROTECTED_FOLDER
from lab.windows.states import (
    NATIVE,
    THROTTLED,
    Prepare,
    agent_throttle,
    all_of,
    fetched,
    native_host,
    native_server,
    registered,
)
from tests.lab.emulators.cases.calls import (
    fetch,
    install_agent,
    observe,
    start_task,
)
from tests.lab.emulators.harness import Case

LANGUAGES: Final = tuple(NATIVE)
# Windows itself words the error of these cases.
_WORDED = {
    "start_service that is disabled",
    "fetch_file of a file that is not on the machine",
    "fetch_file from a closed share",
    "append_file a piece onto a full disk",
    "install_provider without the package",
    "run_background_task without parameters",
}


def abroad(case: Case, language: str) -> Case:
    """Return a case on a machine with another language: its errors, service names and number formats differ."""
    os = {**(case.machine.get("os") or {}), "language": language}
    return replace(case, name=f"{case.name}, in {language}", machine={**case.machine, "os": os})


def of(language: str, english: Iterable[Case]) -> list[Case]:
    """Return the cases of a language: machines with native names, and those cases whose error Windows words."""
    folder = NATIVE[language]["folder"]
    installer = folder + r"\MARSAgentInstaller.exe"
    bare = native_host(language, agent=None)
    cases = [
        observe("its own names", native_server(language), registered(NATIVE[language]["group"])),
        observe("its own folders", native_host(language), agent_throttle(THROTTLED)),
        fetch("into its own folder", machine=bare, parameters={"Destination": installer}),
        Case("remove_file in its own folder", "remove_file", bare, {"Paths": [installer]}, prepare=_written(installer)),
        Case("inspect_file in its own folder", "inspect_file", bare, {"Path": installer}, prepare=_written(installer)),
        install_agent(
            "from and into its own folder",
            all_of(
                lambda m: m.make_folder(folder, PROTECTED_FOLDER),
                fetched("MARSAgentInstaller.exe", installer, "2.0.9260.0"),
            ),
            machine=bare,
            parameters={"InstallerPath": installer, "InstallPath": folder + r"\a", "CachePath": folder + r"\c"},
        ),
        start_task("in its own folder", parameters={"StagingDir": folder}),
    ]
    worded = [abroad(case, language) for case in english if case.name in _WORDED]
    return [*(replace(case, name=f"{case.name}, in {language}") for case in cases), *worded]


def _written(path: str) -> Prepare:
    return all_of(
        lambda machine: machine.make_folder(path.rpartition("\\")[0]), lambda machine: machine.write_file(path, b"MZ")
    )
