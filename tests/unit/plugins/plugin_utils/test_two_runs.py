# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runs that set up the same machine at the same time both succeed, and setup runs once (X2)."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import NotConverged
from lab.windows import programs
from lab.windows.machine import Machine
from tests.lab.emulators.cases.background_tasks import background_task
from tests.unit.plugins.plugin_utils.background_runs import clock, gone, held, what
from tests.unit.plugins.plugin_utils.conftest import MakeHarness
from tests.unit.plugins.plugin_utils.harness import ScriptHarness, at
from tests.unit.plugins.plugin_utils.setups import OTHER, Installed

__all__ = ["clock", "what"]


def started(found: ScriptHarness) -> int:
    """Return how many scheduled tasks were registered."""
    return sum(entry.verb == "task.register" for entry in found.lab.context.journal.entries)


def race(found: ScriptHarness) -> None:
    """Let another run start the task at the moment when this run wants to."""
    really = found.execute

    def execute(arguments: dict[str, Any], *, check_mode: bool = False) -> Any:
        if "script: start_background_task" in arguments["script"]:
            really(arguments)
            found.executions.pop()
        return really(arguments, check_mode=check_mode)

    found.execute = execute  # type: ignore[method-assign]


def clean_up(found: ScriptHarness) -> None:
    """Remove the task and its folder, as the other run does when it has read the answer."""
    found.machine.tasks.clear()
    found.machine.remove_file(r"C:\ProgramData\siterecovery.hyperv\work", recurse=True)


def test_the_task_of_the_other_run_is_waited_for(harness: MakeHarness, what: Installed) -> None:
    found = harness(what.entry("none"))
    race(found)
    outcome = found.run(what.resource())
    assert (outcome.after["installed"], started(found), gone(found)) == (True, 1, True)
    assert any("was started by another run at the same time" in line for line in found.shown)
    assert not found.run(what.resource()).changed


def test_a_task_that_the_other_run_cleaned_up_is_judged_by_the_machine(harness: MakeHarness, what: Installed) -> None:
    found = harness(what.entry("none"))
    at(found, "poll_background_task", lambda: clean_up(found))
    outcome = found.run(what.resource())
    assert (outcome.after["installed"], started(found)) == (True, 1)
    (warning,) = (line for line in outcome.warnings if "cleaned up after" in line)
    assert "its result was not read" in warning
    assert not found.exists(what.staged)


def test_a_task_that_a_person_removed_does_not_count_as_done(harness: MakeHarness, what: Installed) -> None:
    found = harness(what.entry("none"))
    held(found)
    at(found, "poll_background_task", lambda: clean_up(found))
    with pytest.raises(NotConverged):
        found.run(what.resource())


def test_a_task_of_an_earlier_run_that_ends_elsewhere(harness: MakeHarness, what: Installed) -> None:
    found = harness(what.entry("none"), background_task(what.name))
    at(found, "poll_background_task", lambda: clean_up(found))
    outcome = found.run(what.resource())
    assert outcome.after["installed"]
    assert "cleaned up after" in outcome.warnings[0]


def test_an_installer_that_something_else_removed(
    harness: MakeHarness, what: Installed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other run, an administrator or an antivirus program may remove it while setup runs."""
    found = harness(what.entry("none"))
    really = programs.run

    def run(machine: Machine, path: str, *arguments: Any, **more: Any) -> Any:
        code = really(machine, path, *arguments, **more)
        if path != what.staged or what is OTHER:
            machine.remove_file(what.staged)
        return code

    monkeypatch.setattr(programs, "run", run)
    outcome = found.run(what.resource())
    assert outcome.after["installed"]
    assert not found.exists(what.staged)
